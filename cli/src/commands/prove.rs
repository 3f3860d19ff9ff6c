//! The demo and `prove`: from transfers to verified proofs, and what it took.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use indicatif::MultiProgress;
use winterlane::replay::{DEMO_TRANSFERS, Plan, PlanOptions, Replay, ReplayKeys, read_transfers};
use winterlane_air::presets::Preset;
use winterlane_field_simd::Backend;
use winterlane_ledger::{Compressor, SealedBatch, hash::domain_digest, wire};
use winterlane_prover::{
    BatchProof, Engine, EngineOptions, SimdCompressor, check_memory, prove_batch,
};

use super::{CHAIN_ID, ROLLUP_ID, plan, publish_verified, transfers, verify};
use crate::{
    Failure,
    args::{ProveArgs, ProvingArgs},
    files::{BatchFiles, PublicFile, Staging, proof_path, public_path},
    memory,
    progress::Progress,
    report::Report,
    show::{self, Escaped, counted},
    threads,
};

/// Two batches of 128 slots; keys of 32, so that the busiest sender changes keys on the way.
const DEMO: PlanOptions = PlanOptions {
    batch_size: 128,
    key_height: 5,
};

/// Runs the demo.
pub(super) fn demo(
    args: &ProvingArgs,
    backend: Backend,
    screen: &MultiProgress,
) -> Result<String, Failure> {
    let rows = read_transfers(DEMO_TRANSFERS.as_bytes(), None).map_err(Failure::unusable)?;
    let plan = Plan::new(&rows, DEMO).map_err(Failure::unusable)?;
    let text = replay(plan, args, backend, None, screen)?;
    // The object of `--json` is that of `prove`.
    if args.json {
        return Ok(text);
    }
    Ok([text, super::private::demo()?, super::credential::demo()?].join("\n"))
}

/// Runs `prove`. Nothing is written before the whole file is read and planned.
pub(super) fn prove(
    args: &ProveArgs,
    backend: Backend,
    screen: &MultiProgress,
) -> Result<String, Failure> {
    let rows = transfers(&args.replay)?;
    let plan = plan(&args.replay, &rows)?;
    threads::start(args.proving.threads)?;
    let out = Some((args.out.as_path(), args.replace));
    replay(plan, &args.proving, backend, out, screen)
}

/// Signs, proves, verifies, and writes if there is a directory for it.
fn replay(
    plan: Plan,
    args: &ProvingArgs,
    backend: Backend,
    out: Option<(&Path, bool)>,
    screen: &MultiProgress,
) -> Result<String, Failure> {
    let preset = Preset::new(args.profile.name(), args.security.level());
    let largest = plan.batches.iter().map(|batch| batch.slots).max();
    let limit = memory_limit(args.memory_limit());
    // Of what the system has left the engine knows by itself; a limit on the address space aborts.
    for limit in [args.memory_limit(), limit] {
        check_memory(largest.unwrap_or(0), preset, limit).map_err(Failure::unproven)?;
    }
    let staging = match out {
        Some((directory, replace)) => {
            Some(Staging::new(directory, replace).map_err(Failure::unusable)?)
        }
        None => None,
    };
    let engine = args.engine.engine();
    let mut report = planned(&plan, preset, engine, backend);
    let progress = Progress::new(screen, plan.batches.len(), args.json);
    let mut replay = open(plan, &mut report, &progress)?;

    // This process only proves: what one batch took the next one takes again.
    winterlane_prover::memory::keep_what_there_is();
    // Kept in memory only if there is no place for them.
    let mut kept = Vec::new();
    let mut index = 0;
    while let Some(sealed) = next_batch(&mut replay, index, &mut report, &progress)? {
        let proof = {
            let watch = progress.batch(index, sealed.operations.len());
            let mut options = EngineOptions::default().with_observer(&watch);
            options.memory_limit = args.memory_limit();
            let proof = prove_batch(&sealed, preset, engine, &options);
            report.add_phases(&watch.finish());
            proof.map_err(Failure::unproven)?
        };
        report.add(&proof);
        let batch = publish(&sealed, proof, preset)?;
        report.public_bytes += batch.public.records.len();
        match &staging {
            Some(staging) => staging.write(&batch).map_err(Failure::unusable)?,
            None => kept.push(batch),
        }
        progress.batch_done(index);
        index += 1;
    }

    progress.say("verifying all of it");
    let level = args.security.level();
    let (verified, time) = timed(|| match &staging {
        Some(staging) => verify::verify_written(staging.path(), level),
        None => verify::verify_batches(&kept, level),
    });
    let verified = verified?;
    drop(progress);
    report.verify_seconds = time.as_secs_f64();
    report.accept(&verified);
    if let Some(staging) = staging {
        publish_verified(staging)?;
    }
    report.finish();
    if args.json {
        return show::json(&report);
    }
    let next = next_steps(out.map(|(directory, _)| directory), &verified);
    Ok(format!("{}\n{next}", report.table()))
}

/// The lower of the limit that was asked for and that of the address space.
fn memory_limit(asked: Option<u64>) -> Option<u64> {
    let left = memory::address_space_left(rayon::current_num_threads());
    asked.into_iter().chain(left).min()
}

/// Makes the keys and opens the state.
fn open(
    plan: Plan,
    report: &mut Report,
    progress: &Progress,
) -> Result<Replay<SimdCompressor>, Failure> {
    let compressor = SimdCompressor;
    let all = plan.one_time_keys();
    let accounts = counted(plan.accounts.len(), "account");
    progress.say(format!(
        "making {} for {accounts}",
        counted(all, "one-time key")
    ));
    let made = |count| progress.keys_made(count, all);
    let (keys, time) = timed(|| ReplayKeys::generate_watched(&plan, &compressor, made));
    report.keygen_seconds = time.as_secs_f64();
    progress.say("opening the state");
    let domain = domain_digest(CHAIN_ID, ROLLUP_ID);
    let keys = keys.map_err(Failure::invalid)?;
    let (replay, time) = timed(|| Replay::open(plan, keys, domain, compressor));
    report.genesis_seconds = time.as_secs_f64();
    replay.map_err(Failure::invalid)
}

/// What was shown, where it is, and what to do with it.
fn next_steps(out: Option<&Path>, verified: &verify::Accepted) -> String {
    let said = format!(
        "verified: {} in {}, {} provable bits\n",
        counted(verified.transfers, "transfer"),
        counted(verified.batches, "batch"),
        verified.security_bits,
    );
    let Some(out) = out else {
        return said
            + "files     none were written; for your own transfers:\n\
               next      winterlane prove --transfers FILE.csv --out DIR\n";
    };
    let first = proof_path(out, verified.first_batch);
    let last = public_path(out, verified.last_batch);
    let directory = out.display();
    let (first, last) = (Escaped(first.display()), Escaped(last.display()));
    said + &format!(
        "files     {first} to {last}\n\
         next      winterlane verify {} --batches {} --old-root {}\n",
        Escaped(directory),
        verified.batches,
        verified.old_root,
    )
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
    index: usize,
    report: &mut Report,
    progress: &Progress,
) -> Result<Option<SealedBatch>, Failure> {
    progress.batch_step(index, "signing");
    let (orders, time) = timed(|| replay.sign());
    report.sign_seconds += time.as_secs_f64();
    let Some(orders) = orders.map_err(Failure::invalid)? else {
        return Ok(None);
    };
    progress.batch_step(index, "checking operations");
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
