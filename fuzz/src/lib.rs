//! What the targets share: a real batch, and what they hold its verifier to.

#![forbid(unsafe_code)]

use winterlane_air::presets::Preset;
use winterlane_ledger::{BatchNumber, Digest, Domain, PublicInputs, Root};
use winterlane_tests::hostile::{Statement, small_statements};
use winterlane_verifier::{Policy, verify_batch};

/// Bytes of public inputs in a target's input.
pub const INPUTS_BYTES: usize = 4 * 32 + 8 + 4;

/// The one input of `door` that it must accept, for each small AIR: which one, then its proof.
pub const VALID_CASES: [&[u8]; 7] = [
    include_bytes!("../seeds/door/fibonacci"),
    include_bytes!("../seeds/door/no-FRI-layer"),
    include_bytes!("../seeds/door/periodic--192-bit-hash"),
    include_bytes!("../seeds/door/auxiliary-segment--metadata"),
    include_bytes!("../seeds/door/sequences--algebraic-hash"),
    include_bytes!("../seeds/door/partitioned-rows"),
    include_bytes!("../seeds/door/no-Merkle-tree"),
];

/// Public inputs as bytes, then the proof: the one input that `batch` must accept.
pub const VALID_BATCH: &[u8] = include_bytes!("../seeds/batch/valid");

/// Public inputs and what comes after them; `None` if a digest is not canonical or bytes are missing.
#[must_use]
pub fn inputs_from_bytes(bytes: &[u8]) -> Option<(PublicInputs, &[u8])> {
    let mut rest = bytes;
    let mut digest = || {
        let (head, tail) = rest.split_first_chunk::<32>()?;
        rest = tail;
        Digest::from_bytes(head).ok()
    };
    let [domain, old_root, new_root, operations_digest] =
        [digest()?, digest()?, digest()?, digest()?];
    let (number, rest) = rest.split_first_chunk()?;
    let (operations, rest) = rest.split_first_chunk()?;
    let inputs = PublicInputs {
        domain: Domain(domain),
        batch_number: BatchNumber::new(u64::from_le_bytes(*number)),
        old_root: Root(old_root),
        new_root: Root(new_root),
        operations_digest,
        num_operations: u32::from_le_bytes(*operations),
    };
    Some((inputs, rest))
}

/// The policy that accepts every preset.
#[must_use]
pub fn any_preset() -> Policy {
    Preset::ALL
        .into_iter()
        .fold(Policy::default(), |policy, preset| policy.and(preset))
}

/// A small AIR with its valid proof.
pub struct Case {
    statement: Statement,
    /// The valid proof.
    pub proof: &'static [u8],
}

/// The small AIRs, in the order of [`VALID_CASES`].
#[must_use]
pub fn small_cases() -> Vec<Case> {
    let statements = small_statements();
    assert_eq!(statements.len(), VALID_CASES.len());
    statements
        .into_iter()
        .zip(VALID_CASES)
        .map(|(statement, input)| Case {
            statement,
            proof: &input[1..],
        })
        .collect()
}

impl Case {
    /// Verifies bytes as the proof of this AIR and panics unless they are accepted exactly if they are
    /// the valid proof. Another nonce may do as well (the last eight bytes): these proofs are small
    /// enough that a fuzzer finds one that leads to the same queries.
    ///
    /// # Panics
    /// On a finding.
    pub fn check(&self, proof: &[u8]) {
        let accepted = (self.statement.verify)(proof).is_ok();
        let nonce = self.proof.len() - 8;
        let other_nonce = proof.len() == self.proof.len() && proof[..nonce] == self.proof[..nonce];
        assert!(
            accepted || proof != self.proof,
            "{} refused",
            self.statement.name
        );
        assert!(!accepted || other_nonce, "{} forged", self.statement.name);
    }
}

/// Verifies the proof of a batch and panics unless it is accepted exactly if it is the valid one of
/// the valid statement.
///
/// # Panics
/// On a finding.
pub fn check_batch(inputs: &PublicInputs, proof: &[u8], policy: &Policy) {
    let accepted = verify_batch(proof, inputs, policy).is_ok();
    let is_valid = inputs_from_bytes(VALID_BATCH) == Some((*inputs, proof));
    assert_eq!(accepted, is_valid, "{inputs:?}");
}
