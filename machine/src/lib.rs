//! What the programs of Winterlane do alike on the machine that they run on: whose folder it is, what is safe on a
//! terminal, what is shown of an address, how much of a file is read, and what a process sets before it does anything.
//!
//! It knows nothing of payments or proofs; programs, the wallet and settlement use it.

#![forbid(unsafe_code)]

pub mod address;
pub mod folder;
#[cfg(feature = "process")]
pub mod process;
pub mod small;
pub mod text;

pub use folder::{FolderError, Keeper};
pub use text::Escaped;
