//! `verify`: every proof, its published records, and the links between batches.

use std::time::Instant;

use serde::Serialize;
use winter_air::Air;
use winter_crypto::{DefaultRandomCoin, MerkleTree, hashers::Blake3_256};
use winterlane_air::{
    BaseElement, BatchAir, Digest, PublicInputs, Record, ScalarCompressor,
    presets::{Preset, SecurityLevel},
    public::MAX_OPERATIONS,
    wire,
};
use winterlane_verifier::{AirPolicy, TraceShape};

use crate::{
    Failure,
    args::VerifyArgs,
    files::{self, BatchFiles},
    report::grouped,
};

type Hash = Blake3_256<BaseElement>;

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
        counted(accepted.transfers, "transfer", "transfers"),
        counted(accepted.batches, "batch", "batches"),
        accepted.security_bits,
        grouped(accepted.proof_bytes as u64),
        accepted.verify_seconds,
        accepted.old_root,
        accepted.new_root,
    ))
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!(
        "{} {}",
        grouped(count as u64),
        if count == 1 { one } else { many }
    )
}

/// Verifies that the batches are proven at `level` or above and follow one another.
pub(crate) fn verify_batches(
    batches: &[BatchFiles],
    level: SecurityLevel,
) -> Result<Accepted, Failure> {
    let start = Instant::now();
    let (Some(first), Some(last)) = (batches.first(), batches.last()) else {
        return Err(Failure::Unusable("no batches".into()));
    };
    let (mut security_bits, mut transfers, mut proof_bytes) = (u32::MAX, 0, 0);
    let mut before: Option<&PublicInputs> = None;
    for batch in batches {
        let inputs = &batch.public.public_inputs;
        let number = inputs.batch_number;
        let invalid = |error: String| Failure::Invalid(format!("batch {number}: {error}"));
        if let Some(before) = before {
            check_link(before, inputs).map_err(|error| invalid(error.into()))?;
        }
        before = Some(inputs);
        let bits = verify_proof(&batch.proof, inputs, level).map_err(invalid)?;
        let records = wire::decode_published(&batch.public.records, inputs, &ScalarCompressor)
            .map_err(|error| invalid(error.to_string()))?;
        let is_transfer = |record: &&Record| matches!(record, Record::Transfer(_));
        security_bits = security_bits.min(bits);
        transfers += records.iter().filter(is_transfer).count();
        proof_bytes += batch.proof.len();
    }
    Ok(Accepted {
        valid: true,
        batches: batches.len(),
        transfers,
        security_bits,
        proof_bytes,
        old_root: first.public.public_inputs.old_root,
        new_root: last.public.public_inputs.new_root,
        verify_seconds: start.elapsed().as_secs_f64(),
    })
}

fn check_link(before: &PublicInputs, inputs: &PublicInputs) -> Result<(), &'static str> {
    if inputs.domain != before.domain {
        Err("of another domain than the batch before it")
    } else if Some(inputs.batch_number) != before.batch_number.checked_add(1) {
        Err("its number does not follow that of the batch before it")
    } else if inputs.old_root != before.new_root {
        Err("does not start from the root that the batch before it ended with")
    } else {
        Ok(())
    }
}

/// Verifies one proof; returns its provable bits.
fn verify_proof(proof: &[u8], inputs: &PublicInputs, level: SecurityLevel) -> Result<u32, String> {
    let operations = inputs.num_operations;
    if !operations.is_power_of_two() || operations > MAX_OPERATIONS {
        return Err(format!("{operations} operation slots"));
    }
    let info = BatchAir::trace_info(inputs);
    let accepted = Preset::ALL
        .into_iter()
        .filter(|preset| preset.level >= level);
    let mut options = accepted.filter_map(|preset| preset.options(info.length()));
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let Some(first) = options.next() else {
        return Err(format!("no preset for {} rows", info.length()));
    };
    let air = BatchAir::new(info.clone(), *inputs, first.clone());
    let constraints = air.context().num_transition_constraints() + air.context().num_assertions();
    let log2_length = info.length().ilog2();
    let shape = TraceShape::new(info.width(), constraints, log2_length..=log2_length)
        .map_err(|error| text(&error))?;
    let policy = options
        .try_fold(
            AirPolicy::<Hash>::new(shape, level.bits())
                .accept(first)
                .map_err(|error| text(&error))?,
            AirPolicy::accept,
        )
        .map_err(|error| text(&error))?;
    winterlane_verifier::verify::<BatchAir, Hash, DefaultRandomCoin<Hash>, MerkleTree<Hash>>(
        proof, *inputs, &policy,
    )
    .map(|verified| verified.bits)
    .map_err(|error| text(&error))
}
