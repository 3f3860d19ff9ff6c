//! How proofs of private operations were verified, counted.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
};

use winterlane_ledger::{
    pool::{ProofRefusal, VerifyPrivate},
    private::PrivateInputs,
};

use super::PrivateChecks;
use crate::run::verify::Judge;

/// [`PrivateChecks`], as they are counted.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(super) by_node: AtomicU64,
    pub(super) by_workers: AtomicU64,
    pub(super) sampled: AtomicU64,
    pub(super) disagreed: AtomicU64,
    pub(super) overdue: AtomicU64,
    pub(super) ignored: AtomicU64,
    pub(super) false_verdicts: AtomicU64,
    pub(super) waiting: AtomicU64,
    pub(super) workers: AtomicU64,
    pub(super) doubt: AtomicBool,
}

impl Counts {
    pub(crate) fn view(&self) -> PrivateChecks {
        let of = |count: &AtomicU64| count.load(Relaxed);
        PrivateChecks {
            by_node: of(&self.by_node),
            by_workers: of(&self.by_workers),
            sampled: of(&self.sampled),
            disagreed: of(&self.disagreed),
            overdue: of(&self.overdue),
            ignored: of(&self.ignored),
            false_verdicts: of(&self.false_verdicts),
            waiting: of(&self.waiting),
            workers: of(&self.workers),
            doubt: self.doubt.load(Relaxed),
        }
    }

    pub(crate) fn in_doubt(&self, doubt: bool) {
        self.doubt.store(doubt, Relaxed);
    }
}

pub(super) fn one(count: &AtomicU64) {
    count.fetch_add(1, Relaxed);
}

/// A verifier whose work is counted.
struct Counted {
    judge: Judge,
    counts: Arc<Counts>,
}

impl VerifyPrivate for Counted {
    fn verify(&self, inputs: &PrivateInputs, proof: &[u8]) -> Result<(), Box<ProofRefusal>> {
        one(&self.counts.by_node);
        self.judge.verify(inputs, proof)
    }
}

/// The node's own verifier, its work counted.
pub(crate) fn counted(judge: Judge, counts: &Arc<Counts>) -> Judge {
    let counts = Arc::clone(counts);
    Arc::new(Counted { judge, counts })
}
