//! The verifier's front door: honest proofs pass, and false ones that winterfell accepts do not.

mod complete;
mod doubling;
mod remainder;
