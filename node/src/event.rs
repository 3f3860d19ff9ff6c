//! What the node tells of its own accord.

use serde::Serialize;
use winterlane_ledger::{AccountId, BatchNumber, Root};

use crate::OrderId;

/// Something that happened. Events are told after they are durable.
///
/// Who listens too slowly misses some, and is told how many; the store has everything they say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Event {
    /// Orders were acknowledged.
    Accepted {
        /// How many, in one commit of the log.
        orders: u32,
        /// The number in the log after the last of them.
        next_sequence: u64,
    },
    /// A batch is sealed.
    Sealed {
        /// Its number.
        batch: BatchNumber,
        /// Operations in it, padding not counted.
        operations: u32,
        /// The root after it.
        root: Root,
    },
    /// A batch is proven, and the proof verified.
    Proven {
        /// Its number.
        batch: BatchNumber,
        /// Bytes of the proof.
        proof_bytes: u64,
        /// Milliseconds that it took.
        millis: u64,
    },
    /// Settlement has a batch.
    Published {
        /// Its number.
        batch: BatchNumber,
    },
    /// An operator paused the node.
    Paused,
    /// An operator resumed it.
    Resumed,
    /// The disk is too full to take orders, or no longer so.
    ReadOnly {
        /// Whether orders are refused now.
        read_only: bool,
    },
    /// Somebody has to look.
    Alarm(Alarm),
}

/// Why somebody has to look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "alarm", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Alarm {
    /// A one-time key signed two messages. It is given away: whoever saw both can forge a third. The
    /// account's owner must rotate the slot. Told once of each key while the process lives, however often it comes.
    KeyReuse {
        /// The signer.
        account: AccountId,
        /// The slot of the key, 0 or 1.
        slot: u8,
        /// The number of the one-time key.
        index: u16,
        /// The order that the node had first.
        first: OrderId,
        /// The order that came after it, and was refused.
        second: OrderId,
    },
    /// Proving a batch failed every time, the last one with winterfell's own prover. It stays held until
    /// an operator requeues it; batches after it are proven, and not published.
    ProofHeld {
        /// The batch.
        batch: BatchNumber,
        /// What failed.
        reason: String,
    },
    /// A proof was not accepted by this node's own verifier.
    ProofRejected {
        /// The batch.
        batch: BatchNumber,
        /// What the verifier said.
        reason: String,
    },
    /// The queue of proofs cannot be used: told once, until it has worked again. Or one of those that prove cannot, and is
    /// named: told once an hour. It is tried again, and nothing is lost; no batch has failed by it.
    Queue {
        /// What it said.
        reason: String,
    },
    /// A worker said something false of the proof of a private operation. No worker is asked any more, until an operator has
    /// looked ([`crate::panel`]).
    FalseVerdict {
        /// Whose worker.
        client: String,
        /// The public half of the key that signed it.
        key: String,
        /// The operation.
        operation: String,
        /// What was said.
        said: String,
        /// What the node's own verifier says.
        found: String,
    },
    /// Settlement refused a batch, or has another state than this node. The batch is held: it is offered again, and those
    /// after it wait.
    Settlement {
        /// The batch.
        batch: BatchNumber,
        /// What it said.
        reason: String,
    },
    /// The operator is obliged to something at settlement that this node cannot do, or cannot hear of it. When its day is
    /// over anybody ends the rollup.
    Obligation {
        /// Its number at settlement, unless it is about all of them.
        number: Option<u64>,
        /// What stands in the way.
        reason: String,
    },
}
