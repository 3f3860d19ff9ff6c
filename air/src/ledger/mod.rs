//! The state machine, native: accounts and their tree, batches, and the witness of each operation.

mod witness;

pub use witness::{OperationWitness, ReceiverWitness, SealedBatch, SignerWitness};
