//! Starting a node again that has many orders pending.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use winterlane_ledger::{Account, AccountId};

use super::{
    BenchError, Place, Report, millis,
    payers::{Signed, domain},
    rate,
};
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
    /// Slots of a batch.
    #[arg(long, default_value_t = 1024)]
    pub slots: u32,
    /// Orders that `bench sign` has written, in place of signing them now; its accounts count.
    #[arg(long, value_name = "FILE")]
    pub signed: Option<PathBuf>,
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

fn begin(
    folder: &Path,
    slots: u32,
    accounts: Vec<(AccountId, Account)>,
) -> Result<(Node, Running), BenchError> {
    let genesis = Genesis {
        accounts,
        ..Genesis::empty(domain())
    };
    let mut options = NodeOptions::new(folder, genesis);
    options.limits = Limits {
        slots,
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
        pending,
        accounts,
        slots,
        ..
    } = *settings;
    // one batch is sealed meanwhile, if it is full
    let sealed = if pending >= slots { slots } else { 0 };
    let signed = Signed::at_hand(
        settings.signed.as_deref(),
        accounts,
        pending.saturating_add(sealed),
    )?;
    let payers = signed.accounts.len();
    let each = signed.orders.first().map_or(0, Vec::len);
    let place = Place::new(settings.folder.as_deref())?;
    let broken = |error: &dyn std::fmt::Display| BenchError::Broken(error.to_string());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .map_err(|error| broken(&error))?;

    let (node, running) = begin(place.path(), slots, signed.accounts)?;
    let began = Instant::now();
    let mut taken = 0;
    for turn in 0..each {
        let orders = signed.orders.iter().map(|orders| orders[turn].clone());
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
    let (node, running) = begin(place.path(), slots, Vec::new())?;
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
            ("accounts", payers.to_string()),
            ("slots", slots.to_string()),
            ("folder", place.path().display().to_string()),
        ],
        figures: vec![
            ("pending", status.pending.to_string()),
            ("started again in", millis(took)),
            ("orders read and tried again", rate(status.pending, took)),
            ("taking them beforehand", rate(taken, taking)),
        ],
    })
}
