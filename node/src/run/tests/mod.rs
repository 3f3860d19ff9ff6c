//! The node as a whole, in this process and in others.

mod ahead;
mod endless;
mod faults;
#[cfg(unix)]
mod kill;
mod life;
pub(super) mod medium;
mod obliged;
mod panel;
mod pool;
mod proofs;
mod sealing;
mod settled;
mod watched;

use std::path::Path;

use winterlane_ledger::BatchNumber;

use super::{
    NodeOptions, Running, StartError,
    prover::{Outcome, ProofJob, Prove},
    stand::Stand,
    start::start,
};
use crate::{
    BatchStage, FeeSchedule, Genesis, Limits, Node, OrderState,
    testing::{Payer, domain, until},
};

/// Payers with the ids from 1 on, and what each begins with.
const BALANCE: u128 = 1_000_000;

pub(super) fn payers(count: u32, height: u32) -> Vec<Payer> {
    (1..=count).map(|id| Payer::new(id, height)).collect()
}

/// A node of small batches that nobody proves, in this folder.
pub(super) fn options(folder: &Path, payers: &[Payer]) -> NodeOptions {
    let accounts = payers
        .iter()
        .map(|payer| (payer.id, payer.account(BALANCE)));
    let genesis = Genesis {
        accounts: accounts.collect(),
        ..Genesis::empty(domain())
    };
    NodeOptions {
        limits: Limits {
            slots: 4,
            max_age: std::time::Duration::from_millis(20),
            ..Limits::default()
        },
        fees: FeeSchedule::free(),
        cache_bytes: 1 << 20,
        disk_reserve: 0,
        ..NodeOptions::new(folder, genesis)
    }
}

/// Says that everything is proven.
pub(super) struct Willing;

impl Prove for Willing {
    fn prove(&mut self, job: &ProofJob) -> Outcome {
        Outcome::Proven {
            proof: format!("proof of batch {}", job.batch).into_bytes(),
            millis: 1,
        }
    }
}

/// With a prover that is willing, and settlement beside the store: in `settlement` with money and rules if it is there,
/// else in the folder `settled`.
pub(super) fn start_willing(
    folder: &Path,
    payers: &[Payer],
) -> Result<(Node, Running), StartError> {
    let mut options = options(folder, payers);
    options.settlement = Some(settled::of(folder));
    let stand = Stand {
        prover: Some(Box::new(|_| Box::new(Willing))),
        judge: Some(std::sync::Arc::new(crate::testing::Word)),
        ..Stand::default()
    };
    start(options, stand)
}

/// Waits until an order is as far as `stage`; says in which batch it is, and where.
pub(super) fn included(node: &Node, id: &crate::OrderId, stage: BatchStage) -> (BatchNumber, u32) {
    until(|| match node.order_status(id).unwrap() {
        Some(OrderState::Included {
            batch,
            position,
            stage: found,
            ..
        }) if found >= stage => Some((batch, position)),
        _ => None,
    })
}
