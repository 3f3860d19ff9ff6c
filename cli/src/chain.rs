//! `verify`: every proof, its published records, and the links between batches.

use std::time::Instant;

use rayon::prelude::*;
use serde::Serialize;
use winterlane_air::presets::{Preset, SecurityLevel};
use winterlane_ledger::{Digest, Order, Record, wire};
use winterlane_prover::SimdCompressor;
use winterlane_verifier::{Batch, Policy, verify_chain};

use crate::{
    Failure,
    args::VerifyArgs,
    files::{self, BatchFiles},
    report::{counted, grouped},
};

/// What was accepted.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Accepted {
    /// Always true: what is invalid ends with an error.
    valid: bool,
    batches: usize,
    transfers: usize,
    /// Provable bits, the least of all batches.
    pub(crate) security_bits: u32,
    proof_bytes: usize,
    old_root: Digest,
    new_root: Digest,
    verify_seconds: f64,
}

/// Runs `verify`.
pub(crate) fn verify(args: &VerifyArgs) -> Result<String, Failure> {
    let old_root: Option<Digest> = match &args.old_root {
        Some(text) => Some(
            text.parse()
                .map_err(|error| Failure::Unusable(format!("--old-root: {error}")))?,
        ),
        None => None,
    };
    let batches = files::read_all(&args.directory).map_err(Failure::unusable)?;
    let accepted = verify_batches(&batches, args.security.level())?;
    match old_root {
        Some(expected) if expected != accepted.old_root => {
            let found = accepted.old_root;
            return Err(Failure::Invalid(format!(
                "the chain starts from {found}, not {expected}"
            )));
        }
        _ => {}
    }
    if args.json {
        return serde_json::to_string(&accepted)
            .map(|json| json + "\n")
            .map_err(Failure::unusable);
    }
    Ok(format!(
        "valid: {} in {}, {} provable bits, {} bytes of proofs, {:.3} s\nfrom {}\nto   {}\n",
        counted(accepted.transfers, "transfer"),
        counted(accepted.batches, "batch"),
        accepted.security_bits,
        grouped(accepted.proof_bytes),
        accepted.verify_seconds,
        accepted.old_root,
        accepted.new_root,
    ))
}

/// What to accept: every preset with at least these bits.
fn policy(level: SecurityLevel) -> Policy {
    let accepted = Preset::ALL
        .into_iter()
        .filter(|preset| preset.level >= level);
    accepted.fold(Policy::default(), Policy::and)
}

/// Verifies that the batches are proven at `level` or above, follow one another, and are published
/// with the records that they were proven with.
pub(crate) fn verify_batches(
    batches: &[BatchFiles],
    level: SecurityLevel,
) -> Result<Accepted, Failure> {
    let start = Instant::now();
    let chain: Vec<_> = batches
        .iter()
        .map(|batch| Batch {
            inputs: batch.public.public_inputs,
            proof: &batch.proof,
        })
        .collect();
    let verified = verify_chain(&chain, &policy(level)).map_err(Failure::invalid)?;
    for (batch, accepted) in batches.iter().zip(&verified.batches) {
        let (said, number) = (
            &batch.public.preset,
            batch.public.public_inputs.batch_number,
        );
        if accepted
            .preset
            .is_none_or(|preset| preset.to_string() != *said)
        {
            let error = format!("batch {number}: the proof is not of the preset {said:?}");
            return Err(Failure::Invalid(error));
        }
    }
    let transfers: Vec<usize> = batches
        .par_iter()
        .map(count_transfers)
        .collect::<Result<_, _>>()?;
    Ok(Accepted {
        valid: true,
        batches: batches.len(),
        transfers: transfers.iter().sum(),
        // A chain that was verified is not empty.
        security_bits: verified
            .batches
            .iter()
            .map(|batch| batch.bits)
            .min()
            .unwrap_or(0),
        proof_bytes: batches.iter().map(|batch| batch.proof.len()).sum(),
        old_root: verified.old_root,
        new_root: verified.new_root,
        verify_seconds: start.elapsed().as_secs_f64(),
    })
}

/// Checks that the published records are those of the public inputs, and counts the transfers.
fn count_transfers(batch: &BatchFiles) -> Result<usize, Failure> {
    let inputs = &batch.public.public_inputs;
    let records = wire::decode_published(&batch.public.records, inputs, &SimdCompressor)
        .map_err(|error| Failure::Invalid(format!("batch {}: {error}", inputs.batch_number)))?;
    let is_transfer = |record: &&Record| matches!(record, Record::Signed(Order::Transfer(_), _));
    Ok(records.iter().filter(is_transfer).count())
}
