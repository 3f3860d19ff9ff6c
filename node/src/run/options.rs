//! What a node is started with.

use std::path::PathBuf;

use winterlane_ledger::pool::PoolPolicy;

use super::{Proving, verify::PrivateVerifying};
use crate::{FeeSchedule, Genesis, Limits, settlement::Settlement};

/// What a node is started with.
pub struct NodeOptions {
    /// The folder of the store; it is made if it does not exist.
    pub folder: PathBuf,
    /// The state that the rollup begins with. A store that exists must be of the same domain.
    pub genesis: Genesis,
    /// How much is taken, and how batches are cut.
    pub limits: Limits,
    /// Which fees are taken.
    pub fees: FeeSchedule,
    /// What is asked of private operations besides.
    pub policy: PoolPolicy,
    /// How batches are proven; `None` proves nothing, for tests and for measuring the rest.
    pub proving: Option<Proving>,
    /// Where batches wait for workers on other machines; `None`: this process proves them.
    pub shared_queue: Option<SharedQueue>,
    /// Batches that may wait for their proofs before no more are sealed. Orders are taken meanwhile, up to
    /// the limit of what may be pending.
    pub max_unproven: u64,
    /// Where proven batches are published; `None` publishes nothing.
    pub settlement: Option<Box<dyn Settlement>>,
    /// Bytes of the store that are kept in memory.
    pub cache_bytes: usize,
    /// Bytes that must be left on the disk; below it the node only answers questions.
    pub disk_reserve: u64,
    /// How proofs of private operations are verified.
    pub private: PrivateVerifying,
    /// Orders that may wait for their signatures to be checked, before [`crate::SubmitError::Busy`] is the answer.
    pub queue: usize,
}

impl NodeOptions {
    /// A node in `folder`, with the defaults of everything else; nothing is proven or published.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>, genesis: Genesis) -> Self {
        Self {
            folder: folder.into(),
            genesis,
            limits: Limits::default(),
            fees: FeeSchedule::free(),
            policy: PoolPolicy::open(),
            proving: None,
            shared_queue: None,
            max_unproven: 8,
            settlement: None,
            cache_bytes: 256 << 20,
            disk_reserve: 1 << 30,
            private: PrivateVerifying::default(),
            queue: 8192,
        }
    }
}

impl std::fmt::Debug for NodeOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodeOptions")
            .field("folder", &self.folder)
            .field("limits", &self.limits)
            .field("fees", &self.fees)
            .field("proving", &self.proving)
            .finish_non_exhaustive()
    }
}

/// A queue that other machines take jobs from.
#[derive(Clone, Debug)]
pub struct SharedQueue {
    /// The database.
    pub address: crate::queue::postgres::Address,
    /// The object store ([`crate::blob::open`]).
    pub objects: String,
    /// Which of several rollups comes first: the one with the smaller number.
    pub priority: i32,
}
