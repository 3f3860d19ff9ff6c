//! Starting a node again that has many orders pending.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use winterlane_ledger::{Digest, hash::domain_digest};

use super::{BenchError, Place, Report, millis, payers, rate};
use crate::{
    FeeSchedule, Genesis, Limits, Node, NodeOptions, Running,
    run::{Outcome, ProofJob, Prove, Stand, start},
};

/// What is pending.
#[derive(Clone, Debug, clap::Args)]
pub struct Settings {
    /// Orders that are pending when the node is started.
    #[arg(long, default_value_t = 100_000)]
    pub pending: u32,
    /// Accounts that ordered.
    #[arg(long, default_value_t = 1_600)]
    pub accounts: u32,
    /// Where the node's folder is made, in place of the system's folder for temporary files.
    #[arg(long)]
    pub folder: Option<PathBuf>,
}

/// Proves nothing, so that after the first batch none is sealed.
struct Never;

impl Prove for Never {
    fn prove(&mut self, _: &ProofJob) -> Outcome {
        Outcome::Cancelled
    }
}

/// Slots of a batch: as many as a batch may have.
const SLOTS: u32 = winterlane_ledger::MAX_OPERATIONS;

fn begin(
    folder: &Path,
    domain: Digest,
    payers: &[payers::Payer],
) -> Result<(Node, Running), BenchError> {
    let genesis = Genesis {
        accounts: payers.iter().map(payers::Payer::account).collect(),
        ..Genesis::empty(domain)
    };
    let mut options = NodeOptions::new(folder, genesis);
    options.limits = Limits {
        slots: SLOTS,
        max_age: Duration::from_secs(86_400),
        max_per_account: u32::MAX,
        max_pending: u64::MAX,
        ..Limits::default()
    };
    options.fees = FeeSchedule::free();
    options.disk_reserve = 0;
    // the first batch waits for its proof, which never comes, so that no other is sealed
    options.max_unproven = 1;
    let stand = Stand {
        prover: Some(Box::new(|_| Box::new(Never))),
        ..Stand::default()
    };
    Ok(start(options, stand)?)
}

/// Lets a node take orders, stops it, and measures how long it takes to start again.
///
/// # Errors
/// [`BenchError`].
pub fn measure(settings: &Settings) -> Result<Report, BenchError> {
    let Settings {
        pending, accounts, ..
    } = *settings;
    // one batch is sealed meanwhile, if it is full
    let sealed = if pending >= SLOTS { SLOTS } else { 0 };
    let each = (pending + sealed).div_ceil(accounts.max(1)).max(1);
    if accounts == 0 || each > winterlane_ledger::signature::KEY_CAPACITY {
        return Err(BenchError::Setting {
            setting: "accounts",
            what: "so many that none has more than 1024 orders",
        });
    }
    let domain = domain_digest(1, 1);
    let payers = payers::Payer::many(accounts, each)?;
    let signed = payers::sign_all(&payers, each, &domain)?;
    let place = Place::new(settings.folder.as_deref())?;
    let broken = |error: &dyn std::fmt::Display| BenchError::Broken(error.to_string());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(|error| broken(&error))?;

    let (node, running) = begin(place.path(), domain, &payers)?;
    let began = Instant::now();
    let mut taken = 0;
    for turn in 0..each as usize {
        let orders = signed.iter().map(|orders| orders[turn].clone());
        for result in runtime.block_on(node.submit_many(orders.collect())) {
            result.map_err(|error| BenchError::Refused(error.to_string()))?;
            taken += 1;
        }
    }
    let taking = began.elapsed();
    running.stop();
    running.wait()?;
    drop(node);

    let began = Instant::now();
    let (node, running) = begin(place.path(), domain, &[])?;
    let took = began.elapsed();
    let status = node.status().map_err(|error| broken(&error))?;
    running.stop();
    running.wait()?;
    if status.pending < u64::from(pending) {
        let what = format!("{} orders are pending after the restart", status.pending);
        return Err(BenchError::Broken(what));
    }
    Ok(Report {
        title: "starting a node again that has orders pending",
        settings: vec![
            ("orders", taken.to_string()),
            ("accounts", accounts.to_string()),
            ("slots", SLOTS.to_string()),
            ("folder", place.path().display().to_string()),
        ],
        figures: vec![
            ("pending", status.pending.to_string()),
            ("started again in", millis(took)),
            (
                "signatures checked and orders tried",
                rate(status.pending, took),
            ),
            ("taking them beforehand", rate(taken, taking)),
        ],
    })
}
