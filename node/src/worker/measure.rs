//! Figures of a queue: how many jobs a second it hands out, and what it adds to a batch.

use std::{
    io,
    path::PathBuf,
    sync::{Barrier, mpsc::channel},
    time::{Duration, Instant},
};

use winterlane_air::presets::{Preset, PresetName, SecurityLevel};
use winterlane_ledger::{BatchNumber, Digest, Domain, PublicInputs, Root};

use crate::{
    blob::{self, Kind, Name},
    queue::{
        ProofQueue as _, QueueError, Report,
        dispatch::Wake,
        postgres::{
            Address, FORMAT,
            claims::{Claims, Wish},
            make_tables,
            observer::{Observer, Parts},
        },
    },
    run::prover::{Outcome, ProofJob},
    witness::Witnesses,
};

/// Long enough for anything that is measured.
const LEASE: Duration = Duration::from_secs(600);
/// The format of jobs that are not real: no worker takes them.
const NONE: i32 = 0;

/// Jobs of one format and one rollup, however large.
const fn wish(format: i32, rollup: &[u8]) -> Wish<'_> {
    Wish {
        format,
        rollup: Some(rollup),
        ..Wish::within(u64::MAX)
    }
}

/// How fast a queue hands out jobs.
#[derive(Clone, Copy, Debug)]
pub struct HandOut {
    /// Workers, each with a connection.
    pub workers: usize,
    /// Jobs that were claimed, renewed once and finished.
    pub jobs: usize,
    /// From the first claim to the last finish.
    pub seconds: f64,
    /// Half of the claims took less.
    pub claim_median: Duration,
    /// 99 of 100 claims took less.
    pub claim_99: Duration,
}

/// Hands out jobs that are not real to workers that do not prove.
///
/// # Errors
/// [`QueueError`].
pub fn hand_out(address: &Address, workers: usize, jobs: usize) -> Result<HandOut, QueueError> {
    let mut admin = address.connect()?;
    make_tables(&mut admin)?;
    let rollup = random()?;
    let count = i64::try_from(jobs).unwrap_or(i64::MAX);
    admin.execute(
        "INSERT INTO winterlane_jobs (rollup, batch, format, witness, statement, preset, memory, priority)
         SELECT $1, number, 0, $2, '', '', 0, 0 FROM generate_series(1, $3::bigint) AS number",
        &[&&rollup[..], &&rollup[..], &count],
    )?;
    let start = Barrier::new(workers + 1);
    let (times, began, ended) = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..workers)
            .map(|worker| {
                let (start, rollup) = (&start, &rollup);
                scope.spawn(move || {
                    let queue = Claims::connect(address, &format!("measure-{worker}"));
                    start.wait();
                    let mut queue = queue?;
                    let mut times = Vec::new();
                    loop {
                        let before = Instant::now();
                        let claim = queue.claim_as(&wish(NONE, rollup), LEASE)?;
                        let Some(claim) = claim else {
                            return Ok::<_, QueueError>(times);
                        };
                        times.push(before.elapsed());
                        queue.heartbeat(&claim, LEASE)?;
                        queue.finish(&claim, rollup, 0)?;
                    }
                })
            })
            .collect();
        start.wait();
        let began = Instant::now();
        let mut times = Vec::new();
        for thread in threads {
            match thread.join() {
                Ok(taken) => times.extend(taken?),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok::<_, QueueError>((times, began, Instant::now()))
    })?;
    admin.execute(
        "DELETE FROM winterlane_jobs WHERE rollup = $1",
        &[&&rollup[..]],
    )?;
    let mut sorted = times;
    sorted.sort_unstable();
    Ok(HandOut {
        workers,
        jobs: sorted.len(),
        seconds: (ended - began).as_secs_f64(),
        claim_median: percentile(&sorted, 50),
        claim_99: percentile(&sorted, 99),
    })
}

/// What a queue adds to a batch: everything but proving and verifying.
#[derive(Clone, Copy, Debug)]
pub struct Added {
    /// Batches.
    pub rounds: usize,
    /// Half of them took less.
    pub median: Duration,
    /// Nine of ten took less.
    pub nine_of_ten: Duration,
}

/// Sends batches of bytes of these sizes the whole way, one after another: the node offers, a worker claims and
/// reads the witness, hands in a proof, and the node reads it and closes the job. The queue should have nothing else
/// to do.
///
/// # Errors
/// [`QueueError`].
pub fn added(
    address: &Address,
    objects: &str,
    witness_bytes: usize,
    proof_bytes: usize,
    rounds: usize,
) -> Result<Added, QueueError> {
    let rollup = random()?;
    let blobs = blob::open(objects)?;
    let folder = Temporary::new(&rollup)?;
    let witnesses = Witnesses::open(&folder.0)
        .map_err(|error| QueueError::Thread(io::Error::other(error.to_string())))?;
    // a field element has less than 64 bits: small ones are all valid
    let domain = {
        let mut bytes = [0; 32];
        bytes[0] = rollup[0];
        bytes[8] = rollup[1];
        bytes[16] = rollup[2];
        bytes[24] = rollup[3];
        Domain::from_bytes(&bytes).unwrap_or(Domain::ZERO)
    };
    let (say, news) = channel();
    let parts = Parts {
        address: address.clone(),
        blobs: blob::open(objects)?,
        witnesses: witnesses.clone(),
        domain,
        preset: Preset::new(PresetName::Fast, SecurityLevel::Bits128),
        priority: i32::MAX,
    };
    let mut observer = Observer::new(parts, Wake::new(say))?;
    observer.depth()?;
    let mut worker = Claims::connect(address, "measure")?;
    let mut times = Vec::new();
    for round in 0..rounds {
        let batch = BatchNumber::new(round as u64);
        let bytes = stretch(&rollup, batch.get(), witness_bytes);
        let witness = *blake3::hash(&bytes).as_bytes();
        witnesses
            .keep_bytes(batch, &bytes)
            .map_err(|error| QueueError::Thread(io::Error::other(error.to_string())))?;
        let proof = stretch(&rollup, batch.get() | 1 << 63, proof_bytes);
        let job = ProofJob {
            batch,
            public_inputs: PublicInputs {
                domain,
                batch_number: batch,
                old_root: Root::ZERO,
                new_root: Root::ZERO,
                operations_digest: Digest::ZERO,
                num_operations: 1024,
            },
            witness,
            stock: false,
            failures: 0,
            held: false,
        };
        while news.try_recv().is_ok() {}
        let before = Instant::now();
        observer.offer(&job)?;
        let rollup = domain.to_bytes();
        let claim = worker.claim_as(&wish(FORMAT, &rollup), LEASE)?;
        let claim = claim.ok_or_else(|| {
            QueueError::Server("another worker took the job: measure without workers".into())
        })?;
        let object = |kind, hash| Name {
            rollup,
            batch,
            kind,
            hash,
        };
        blobs.get(&object(Kind::Witness, claim.witness))?;
        let hash = *blake3::hash(&proof).as_bytes();
        blobs.put(&object(Kind::Proof, hash), &proof)?;
        worker.finish(&claim, &hash, 0)?;
        // as a node: woken by the news, or asking now and then
        let reported = loop {
            let _ = news.recv_timeout(Duration::from_millis(250));
            let reports = observer.reports()?;
            let ours = reports.into_iter().find(|(number, _)| *number == batch);
            if let Some((_, Report::Outcome(outcome))) = ours {
                break outcome;
            }
        };
        times.push(before.elapsed());
        if !matches!(reported, Outcome::Proven { .. }) {
            return Err(QueueError::Server("the bytes did not come back".into()));
        }
        observer.close(batch)?;
        witnesses.remove(batch);
    }
    times.sort_unstable();
    Ok(Added {
        rounds,
        median: percentile(&times, 50),
        nine_of_ten: percentile(&times, 90),
    })
}

/// Operations a second that so many workers prove: each `operations` in `proving` seconds and what the queue adds;
/// all of them no more than the queue hands out.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "an estimate")]
pub fn throughput(
    workers: usize,
    operations: usize,
    proving: f64,
    added: f64,
    handed_out: f64,
) -> f64 {
    let batches = workers as f64 / (proving + added);
    operations as f64 * batches.min(handed_out)
}

/// A folder that is removed in the end.
struct Temporary(PathBuf);

impl Temporary {
    fn new(random: &[u8; 32]) -> Result<Self, QueueError> {
        let name = blake3::Hash::from_bytes(*random).to_hex();
        let path = std::env::temp_dir().join(format!("winterlane-measure-{}", &name[..16]));
        crate::disk::private_folder(&path).map_err(QueueError::Thread)?;
        Ok(Self(path))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn random() -> Result<[u8; 32], QueueError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| QueueError::Thread(io::Error::other(error.to_string())))?;
    Ok(bytes)
}

/// Bytes that no file system compresses.
fn stretch(seed: &[u8; 32], number: u64, length: usize) -> Vec<u8> {
    let mut hasher = blake3::Hasher::new_keyed(seed);
    hasher.update(&number.to_le_bytes());
    let mut bytes = vec![0; length];
    hasher.finalize_xof().fill(&mut bytes);
    bytes
}

fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(place).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workers_add_up_until_the_queue_is_the_limit() {
        let of = |workers| throughput(workers, 1000, 1.9, 0.1, 8.0);
        assert!((of(1) - 500.0).abs() < 1e-9);
        assert!((of(2) - 1000.0).abs() < 1e-9);
        assert!((of(100) - 8000.0).abs() < 1e-9);
        let times: Vec<_> = (1..=100).map(Duration::from_millis).collect();
        assert_eq!(percentile(&times, 50), Duration::from_millis(50));
        assert_eq!(percentile(&times, 99), Duration::from_millis(99));
        assert_eq!(percentile(&[], 99), Duration::ZERO);
    }
}
