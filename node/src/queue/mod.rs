//! The queue of proofs: what the node hands out, what provers take, and what the node judges.
//!
//! ```text
//!  writer ─► dispatch ─► ProofQueue ─► embedded: a thread of this process (default)
//!    ▲          │                  └─► postgres: rows ─► winterlane-worker x N
//!    └─ verdict ┘                               blobs: witnesses, proofs
//! ```
//!
//! The queue is a *cache of work*: which batches are to be proven, their witnesses and their proofs are the
//! store's. A queue that is wiped, or an object store that is emptied, is filled again and loses nothing but the
//! work that was under way.
//!
//! | module | what it holds |
//! |---|---|
//! | `dispatch` | the node's side above the trait: offers jobs, verifies proofs, tells the writer |
//! | `embedded` | the queue inside the node, with one prover |
//! | [`postgres`] | the queue in PostgreSQL: the node's side, and the workers' |
//! | `turn` | what the threads beside a queue have in common |

pub(crate) mod dispatch;
pub(crate) mod embedded;
pub mod postgres;
pub(crate) mod turn;

use thiserror::Error;

use winterlane_ledger::BatchNumber;

use crate::{
    blob::BlobError,
    run::prover::{Outcome, ProofJob},
};

/// What a queue has to say of a batch.
#[derive(Debug)]
pub(crate) enum Report {
    /// Somebody came to an end with it. A proof is what its maker says; nobody has verified it.
    Outcome(Outcome),
    /// The queue does not have the job any more, or not as it was offered: it is to be offered again.
    Lost,
    /// Who took the job cannot do it, for a reason of their own: no failure of the job. It is to be offered again, since
    /// its witness may be what is missing.
    Trouble(String),
    /// A proof that somebody says there is cannot be read now. It is tried again.
    Unread(String),
}

/// Where jobs of proving wait, and are done by somebody.
///
/// The node's side: jobs are offered, reports come back, and the node closes what is settled. Nothing that a
/// queue says is believed; a proof counts once the node has verified it.
pub(crate) trait ProofQueue: Send + 'static {
    /// Makes a job known, or what is known of it new. Repeating that is harmless.
    fn offer(&mut self, job: &ProofJob) -> Result<(), QueueError>;

    /// What has come of jobs: each thing once, and a proof again if refusing it failed.
    fn reports(&mut self) -> Result<Vec<(BatchNumber, Report)>, QueueError>;

    /// The node does not accept this proof: others may prove the batch, and it is not reported again.
    fn refuse(&mut self, batch: BatchNumber, proof: &[u8]) -> Result<(), QueueError>;

    /// Nobody needs a proof of this batch any more. Who is still at it is told so.
    fn close(&mut self, batch: BatchNumber) -> Result<(), QueueError>;

    /// How much waits, for those who start and stop machines.
    fn depth(&mut self) -> Result<Vec<Depth>, QueueError>;
}

/// Jobs of one size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Depth {
    /// Bytes that proving one takes at its peak.
    pub memory: u64,
    /// Jobs that wait for a worker.
    pub pending: u64,
    /// Jobs that a worker has, and is heard of.
    pub claimed: u64,
    /// Jobs whose proof waits for the node.
    pub proven: u64,
    /// Jobs that nobody may take any more: they failed too often.
    pub exhausted: u64,
    /// Seconds since the oldest of those that wait, or that a worker has, was offered.
    pub oldest_seconds: f64,
}

impl Depth {
    /// Nothing of this size.
    #[must_use]
    pub const fn none(memory: u64) -> Self {
        Self {
            memory,
            pending: 0,
            claimed: 0,
            proven: 0,
            exhausted: 0,
            oldest_seconds: 0.0,
        }
    }
}

/// A queue that cannot be used now. What is in the node's store is not touched by that.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum QueueError {
    /// The address of the queue is none.
    #[error("the queue's address: {0}; it is like postgres://USER@HOST/DATABASE")]
    Address(String),
    /// PostgreSQL cannot be reached, or refused.
    #[error("PostgreSQL: {}", postgres::words(.0))]
    Postgres(#[from] ::postgres::Error),
    /// The server cannot be used.
    #[error("PostgreSQL: {0}")]
    Server(String),
    /// A witness cannot be read now.
    #[error("{path}: {source}", path = path.display())]
    Witness {
        /// The file.
        path: std::path::PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The object store failed.
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The system gives no thread.
    #[error("a thread of the queue: {0}")]
    Thread(#[source] std::io::Error),
}
