//! Questions that are answered once, and until a time.

use std::{
    path::Path,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use winterlane_ledger::private::{PrivateInputs, Question};
use winterlane_verifier::{PRIVATE_PRESETS, PrivateVerifyError, verify_answer};

use super::named;
use crate::{
    Failure,
    files::{self, Access, FilesError},
};

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

/// An answer that was verified.
pub(super) struct Answer {
    pub(super) inputs: PrivateInputs,
    /// Provable bits of the proof.
    pub(super) bits: u32,
    /// Bytes of the proof.
    pub(super) bytes: usize,
    /// How long verifying took.
    pub(super) time: Duration,
}

/// Verifies the proof in a file as the answer to a question. It is to be marked as answered then ([`mark_answered`]).
pub(super) fn verified(proof: &Path, question: &Question) -> Result<Answer, Failure> {
    let bytes = files::read_proof(proof).map_err(Failure::unusable)?;
    let start = Instant::now();
    let answer = verify_answer(&bytes, question, now(), &PRIVATE_PRESETS);
    let (inputs, verified) = answer.map_err(|error| match error {
        PrivateVerifyError::Bytes(_) => named(proof, error),
        error => Failure::invalid(error),
    })?;
    Ok(Answer {
        inputs,
        bits: verified.bits,
        bytes: bytes.len(),
        time: start.elapsed(),
    })
}

/// Notes beside the challenge that it was answered. Once: a proof that somebody else overheard answers nothing
/// any more.
pub(super) fn mark_answered(challenge: &Path) -> Result<(), Failure> {
    let mut answered = challenge.to_owned().into_os_string();
    answered.push(".answered");
    let marked = files::write_new(Path::new(&answered), b"", Access::Owner);
    marked.map_err(|error| match error {
        FilesError::Exists(path) => Failure::Invalid(format!(
            "the challenge was answered before ({} is there): make a new one",
            path.display()
        )),
        error => Failure::unusable(error),
    })
}
