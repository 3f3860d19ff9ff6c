//! The demo and `prove`: from transfers to verified proofs, and what it took.

use std::{
    fs::File,
    path::Path,
    time::{Duration, Instant},
};

use indicatif::MultiProgress;
use winterlane::replay::{
    DEMO_TRANSFERS, Plan, PlanOptions, Replay, ReplayKeys, TransferRow, read_transfers,
};
use winterlane_air::presets::Preset;
use winterlane_field_simd::Backend;
use winterlane_ledger::{Compressor, SealedBatch, hash::domain_digest, wire};
use winterlane_prover::{
    BatchProof, Engine, EngineOptions, SimdCompressor, check_memory, prove_batch,
};

use crate::{
    Failure,
    args::{ProveArgs, ProvingArgs},
    chain::verify_batches,
    files::{BatchFiles, PublicFile, Staging},
    progress::Progress,
    report::Report,
};

/// The rollup of all replays: Ethereum's chain id, and a number of its own.
const CHAIN_ID: u64 = 1;
const ROLLUP_ID: u64 = 1;

/// Two batches of 128 slots; keys of 32, so that the busiest sender changes keys on the way.
const DEMO: PlanOptions = PlanOptions {
    batch_size: 128,
    key_height: 5,
};

/// Runs the demo.
pub(crate) fn demo(args: &ProvingArgs, screen: &MultiProgress) -> Result<String, Failure> {
    let rows = read_transfers(DEMO_TRANSFERS.as_bytes(), None).map_err(Failure::unusable)?;
    replay(&rows, DEMO, args, None, screen)
}

/// Runs `prove`. Nothing is written before the whole file is read and planned.
pub(crate) fn prove(args: &ProveArgs, screen: &MultiProgress) -> Result<String, Failure> {
    let path = &args.transfers;
    let named =
        |error: &dyn std::fmt::Display| Failure::Unusable(format!("{}: {error}", path.display()));
    let file = File::open(path).map_err(|error| named(&error))?;
    let rows = read_transfers(file, args.limit).map_err(|error| named(&error))?;
    let options = PlanOptions {
        batch_size: args.batch_size,
        key_height: args.key_height,
    };
    replay(
        &rows,
        options,
        &args.proving,
        Some((&args.out, args.replace)),
        screen,
    )
}

/// Plans, signs, proves, verifies, and writes if there is a directory for it.
fn replay(
    rows: &[TransferRow],
    options: PlanOptions,
    args: &ProvingArgs,
    out: Option<(&Path, bool)>,
    screen: &MultiProgress,
) -> Result<String, Failure> {
    let plan = Plan::new(rows, options).map_err(Failure::unusable)?;
    let backend = Backend::from_env().map_err(Failure::unusable)?;
    if let Some(threads) = args.threads {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads.get());
        pool.build_global().map_err(Failure::unusable)?;
    }
    let preset = Preset::new(args.profile.name(), args.security.level());
    let largest = plan.batches.iter().map(|batch| batch.slots).max();
    check_memory(largest.unwrap_or(0), preset, args.memory_limit()).map_err(Failure::unproven)?;
    let staging = match out {
        Some((directory, replace)) => {
            Some(Staging::new(directory, replace).map_err(Failure::unusable)?)
        }
        None => None,
    };
    let engine = args.engine.engine();
    let compressor = SimdCompressor;
    let mut report = planned(&plan, preset, engine, backend);
    let progress = Progress::new(screen, plan.batches.len());

    progress.say("keys");
    let (keys, time) = timed(|| ReplayKeys::generate(&plan, &compressor));
    report.keygen_seconds = time.as_secs_f64();
    progress.say("opening state");
    let domain = domain_digest(CHAIN_ID, ROLLUP_ID);
    let keys = keys.map_err(Failure::invalid)?;
    let (replay, time) = timed(|| Replay::open(plan, keys, domain, compressor));
    report.genesis_seconds = time.as_secs_f64();
    let mut replay = replay.map_err(Failure::invalid)?;

    let mut published = Vec::new();
    while let Some(sealed) = next_batch(&mut replay, &mut report, &progress)? {
        let index = published.len();
        let proof = {
            progress.say(format!("batch {index}: trace"));
            let watch = progress.batch(index);
            let mut options = EngineOptions::default().with_observer(&watch);
            options.memory_limit = args.memory_limit();
            let proof = prove_batch(&sealed, preset, engine, &options);
            report.add_phases(&watch.finish());
            proof.map_err(Failure::unproven)?
        };
        report.add(&proof);
        let batch = publish(&sealed, proof, preset)?;
        report.public_bytes += batch.public.records.len();
        if let Some(staging) = &staging {
            staging.write(&batch).map_err(Failure::unusable)?;
        }
        published.push(batch);
        progress.batch_done(index);
    }

    progress.say("verifying");
    let (verified, time) = timed(|| verify_batches(&published, args.security.level()));
    report.verify_seconds = time.as_secs_f64();
    report.security_bits = verified?.security_bits;
    if let Some(staging) = staging {
        staging.publish().map_err(Failure::unusable)?;
    }
    report.finish();
    if args.json {
        report.json().map_err(Failure::unusable)
    } else {
        Ok(report.table())
    }
}

/// What goes to files of a proven batch.
fn publish(sealed: &SealedBatch, proof: BatchProof, preset: Preset) -> Result<BatchFiles, Failure> {
    let inputs = proof.public_inputs;
    let records = wire::encode(&sealed.records, inputs.batch_number).map_err(Failure::invalid)?;
    let public = PublicFile::new(&preset.to_string(), inputs, records);
    Ok(BatchFiles {
        public,
        proof: proof.proof,
    })
}

/// Signs and seals the next batch, and counts the time of both.
fn next_batch<C: Compressor + Clone>(
    replay: &mut Replay<C>,
    report: &mut Report,
    progress: &Progress,
) -> Result<Option<SealedBatch>, Failure> {
    progress.say("signing");
    let (orders, time) = timed(|| replay.sign());
    report.sign_seconds += time.as_secs_f64();
    let Some(orders) = orders.map_err(Failure::invalid)? else {
        return Ok(None);
    };
    progress.say("checking operations");
    let (sealed, time) = timed(|| replay.seal(orders));
    report.trace_seconds += time.as_secs_f64();
    sealed.map(Some).map_err(Failure::invalid)
}

/// What is already known when the plan is.
fn planned(plan: &Plan, preset: Preset, engine: Engine, backend: Backend) -> Report {
    Report {
        transfers: plan.transfers,
        rotations: plan.rotations(),
        operations: plan.operations.len() + plan.batches.len(),
        slots: plan.slots(),
        batches: plan.batches.len(),
        accounts: plan.accounts.len(),
        preset: preset.to_string(),
        backend: backend.to_string(),
        engine: engine.as_str().into(),
        threads: rayon::current_num_threads(),
        ..Report::default()
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}
