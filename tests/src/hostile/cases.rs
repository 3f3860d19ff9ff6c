//! Small valid proofs of several AIRs, hash functions, extensions and vector commitments.

use super::statements::{Statement, Stock, Verify, small_statements};

/// A valid proof, one of another statement of the same shape, and both verifiers for the first.
pub struct Case {
    /// The name to report.
    pub name: &'static str,
    /// The valid proof.
    pub proof: Vec<u8>,
    /// A valid proof of the same AIR with the same options and other public inputs.
    pub other: Vec<u8>,
    /// Whether the commitments are Merkle trees.
    pub merkle: bool,
    /// Bytes of a digest.
    pub digest_bytes: usize,
    /// This crate's verifier, for the statement of `proof`.
    pub verify: Verify,
    /// Winterfell's own, for the statement of `proof`: whether it reads and accepts the bytes. It
    /// may panic, or ask for more memory than there is.
    pub stock: Stock,
}

/// The small statements, proven.
///
/// # Panics
/// When one of the provers fails.
#[must_use]
pub fn small_cases() -> Vec<Case> {
    small_statements().into_iter().map(Case::from).collect()
}

impl From<Statement> for Case {
    fn from(statement: Statement) -> Self {
        let Statement {
            name,
            merkle,
            digest_bytes,
            verify,
            stock,
            prove,
        } = statement;
        Self {
            name,
            proof: prove(1),
            other: prove(2),
            merkle,
            digest_bytes,
            verify,
            stock,
        }
    }
}
