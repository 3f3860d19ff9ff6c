//! Programs as other people have them: assertions by the hundred, hash functions of their own, and constraint
//! functions with habits.
//!
//! Stock winterfell is compiled for one AIR and one hash function (`docs/compile-time.md`).

mod assertions;
mod habits;
mod hashing;
mod program;

use winterlane_prover::EngineOptions;

/// The options go where the proof is made.
#[test]
fn options_can_be_sent() {
    fn sent<T: Send + Sync>(_: &T) {}
    sent(&EngineOptions::default());
}
