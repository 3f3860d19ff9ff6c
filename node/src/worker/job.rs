//! One job, from the claim to whatever end.

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    time::Instant,
};

use winterlane_ledger::{BatchNumber, SealedBatch, codec::decode_batch};
use winterlane_prover::{BatchError, ProverError};

use super::{
    Stop, Worker, backoff,
    heart::Heart,
    metrics::{self, Counted},
};
use crate::{
    blob::{BlobError, Kind, Name},
    queue::{
        QueueError,
        postgres::claims::{Claim, Claims, Waiting},
    },
    run::prover::prove_witness,
};

/// How often in a row the object store or the queue may fail while a job is held: about six seconds. Then others may have it.
const TRIES: u32 = 6;
/// Presets that are remembered as unknown. Whoever may write to the queue can make up more.
const PRESETS: usize = 64;

/// What came of an attempt.
enum Made {
    Proof {
        bytes: Vec<u8>,
        millis: u64,
    },
    /// The job's failure, or the prover's.
    Failed(String),
    /// It takes so many bytes, which are not there.
    Memory(u64),
    /// This version does not know the preset.
    Unknown,
    /// What is wrong is this worker's, or its object store's: others may be able to do it.
    Unable(String),
    /// The job is over, or the worker stops.
    GivenUp,
}

/// Why a witness was not read.
#[derive(Debug)]
pub(super) enum Missing {
    /// There is no such object.
    None { batch: BatchNumber },
    /// What the object store said.
    Store(BlobError),
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None { batch } => write!(
                f,
                "the witness of batch {batch} is not in the object store; do node and worker use the same one \
                 (--objects)?"
            ),
            Self::Store(error) => error.fmt(f),
        }
    }
}

impl Worker<'_> {
    /// Does one job, to whatever end.
    pub(super) fn work(&mut self, claim: &Claim) {
        let Claim {
            batch,
            attempt,
            memory,
            ..
        } = *claim;
        tracing::info!(
            batch = batch.get(),
            attempt,
            memory,
            fence = claim.fence(),
            "claimed"
        );
        metrics::busy(true);
        let counted = match Heart::start(self.options, &self.id, claim) {
            Ok(heart) => self.work_with(claim, heart),
            Err(error) => self.unable(claim, &format!("no thread for heartbeats: {error}")),
        };
        metrics::count(counted);
        metrics::busy(false);
    }

    fn work_with(&mut self, claim: &Claim, heart: Heart) -> Counted {
        let Claim { batch, memory, .. } = *claim;
        match self.attempt(claim, &heart) {
            Made::Proof { bytes, millis } => self.hand_in(claim, &heart, &bytes, millis),
            Made::Failed(reason) => {
                tracing::warn!(batch = batch.get(), %reason, "not proven");
                drop(heart);
                self.end(|queue| queue.fail(claim, &reason));
                // others first
                self.rests += 1;
                self.stop.sleep(backoff(self.rests));
                Counted::Failed
            }
            Made::Memory(needed) => {
                tracing::warn!(
                    batch = batch.get(),
                    needed,
                    "too large for this worker: given back"
                );
                self.too_large = Some((needed.min(memory), Instant::now()));
                drop(heart);
                let complaint = format!(
                    "a proof of {} MiB is too large for its memory",
                    needed.div_ceil(1 << 20)
                );
                self.end(|queue| queue.decline(claim, &complaint));
                Counted::TooLarge
            }
            Made::Unknown => {
                let preset = &claim.preset_name;
                tracing::error!(
                    preset,
                    "this version does not know the preset: upgrade the worker; no jobs with it are taken"
                );
                if self.unknown.len() == PRESETS {
                    self.unknown.clear();
                }
                self.unknown.push(preset.clone());
                drop(heart);
                let complaint =
                    format!("this version does not know the preset {preset}: upgrade the worker");
                self.end(|queue| queue.decline(claim, &complaint));
                Counted::Unable
            }
            Made::Unable(reason) => {
                drop(heart);
                self.unable(claim, &reason)
            }
            Made::GivenUp => {
                let over = heart.lost();
                tracing::info!(batch = batch.get(), over, "given up");
                drop(heart);
                if !over {
                    self.end(|queue| queue.release(claim));
                }
                Counted::GivenUp
            }
        }
    }

    fn attempt(&self, claim: &Claim, heart: &Heart) -> Made {
        let Some(preset) = claim.preset else {
            return Made::Unknown;
        };
        let batch = match self.witness(claim, heart) {
            Ok(batch) => batch,
            Err(made) => return made,
        };
        let start = Instant::now();
        let stopped = || self.stop.now() || heart.lost();
        // a panic is a failure of this proof, not of the worker
        let proof = catch_unwind(AssertUnwindSafe(|| {
            self.pool.install(|| {
                let memory = self.options.memory;
                prove_witness(&batch, preset, claim.stock, memory, &stopped)
            })
        }));
        let seconds = start.elapsed();
        match proof {
            Ok(Ok(bytes)) => {
                metrics::proved(seconds);
                Made::Proof {
                    bytes,
                    millis: u64::try_from(seconds.as_millis()).unwrap_or(u64::MAX),
                }
            }
            Ok(Err(_)) if stopped() => Made::GivenUp,
            Ok(Err(BatchError::Engine(ProverError::Memory { needed, .. }))) => Made::Memory(needed),
            Ok(Err(error)) => Made::Failed(error.to_string()),
            Err(_) => Made::Failed("the prover panicked".into()),
        }
    }

    /// The bytes of the witness of a job, as they are in the object store now.
    pub(super) fn look(&self, job: &Waiting) -> Result<Vec<u8>, Missing> {
        let name = name((job.rollup, job.batch), Kind::Witness, job.witness);
        match self.objects.get(&name) {
            Ok(Some(bytes)) => Ok(bytes),
            Ok(None) => Err(Missing::None { batch: job.batch }),
            Err(error) => {
                if !error.is_of_the_object() {
                    metrics::object_store_failed();
                }
                Err(Missing::Store(error))
            }
        }
    }

    /// The witness of a job, if it is the one that the job is about.
    fn witness(&self, claim: &Claim, heart: &Heart) -> Result<SealedBatch, Made> {
        let job = Waiting {
            rollup: claim.rollup,
            batch: claim.batch,
            witness: claim.witness,
        };
        let mut failures = 0;
        let bytes = loop {
            match self.look(&job) {
                Ok(bytes) => break bytes,
                Err(Missing::Store(error)) if !error.is_of_the_object() => {
                    failures += 1;
                    if failures == 1 {
                        tracing::warn!(%error, "the object store cannot be used; it is asked again");
                    }
                    if failures == TRIES {
                        return Err(Made::Unable(error.to_string()));
                    }
                    self.stop.sleep(backoff(failures));
                    if self.stop.now() || heart.lost() {
                        return Err(Made::GivenUp);
                    }
                }
                // to ask again helps nobody; the node writes it again when it hears of it
                Err(missing) => return Err(Made::Unable(missing.to_string())),
            }
        };
        let batch = decode_batch(&bytes);
        let batch = batch.map_err(|error| Made::Failed(format!("the witness: {error}")))?;
        if claim.statement != Some(batch.public_inputs) {
            // somebody has changed the row: the node writes it again
            let reason = "the witness is of another batch than the queue says";
            return Err(Made::Unable(reason.into()));
        }
        Ok(batch)
    }

    /// Gives a job back that this worker cannot do, and rests.
    fn unable(&mut self, claim: &Claim, reason: &str) -> Counted {
        if self.end(|queue| queue.decline(claim, reason)) == Some(false) {
            // the job is over, or another's: its witness may be gone for that reason
            tracing::info!(batch = claim.batch.get(), reason, "given up");
            return Counted::GivenUp;
        }
        tracing::error!(
            batch = claim.batch.get(),
            reason,
            "this worker cannot do its work: the job is given back, and no other is taken until the object store has what \
             the next one needs"
        );
        self.rests += 1;
        self.resting = true;
        metrics::resting(true);
        Counted::Unable
    }

    /// Hands a proof in. Any valid one is taken, also when the claim has been lost meanwhile. A worker that cannot hand its proof in
    /// could not hand in another: it takes no other job before.
    fn hand_in(&mut self, claim: &Claim, heart: &Heart, proof: &[u8], millis: u64) -> Counted {
        let hash = *blake3::hash(proof).as_bytes();
        let name = name((claim.rollup, claim.batch), Kind::Proof, hash);
        let batch = claim.batch;
        let (mut failures, mut stored, mut given_back) = (0, false, false);
        let counted = loop {
            let tried = if stored {
                Ok(())
            } else {
                self.objects.put(&name, proof)
            };
            let reason = match tried {
                Ok(()) => {
                    stored = true;
                    match self.with(Stop::now, |queue| queue.finish(claim, &hash, millis)) {
                        Ok(true) => {
                            self.rests = 0;
                            tracing::info!(
                                batch = batch.get(),
                                millis,
                                bytes = proof.len(),
                                "proven"
                            );
                            break Counted::Proven;
                        }
                        Ok(false) => {
                            // the node has another; this one nobody will ask for
                            let _ = self.objects.remove(&name);
                            tracing::info!(batch = batch.get(), "proven, and no longer needed");
                            break Counted::Late;
                        }
                        Err(error) => {
                            self.unreachable(&error);
                            error.to_string()
                        }
                    }
                }
                Err(error) => {
                    metrics::object_store_failed();
                    if failures == 0 {
                        tracing::warn!(%error, "the object store cannot be used; it is asked again");
                    }
                    error.to_string()
                }
            };
            failures += 1;
            if self.stop.now() {
                tracing::warn!(batch = batch.get(), "proven, and not handed in");
                if !given_back && !heart.lost() {
                    self.end(|queue| queue.release(claim));
                }
                break Counted::GivenUp;
            }
            if failures >= TRIES && !given_back {
                let complaint = format!("its proof cannot be handed in: {reason}");
                // a queue that cannot be reached has nobody to give it to
                let declined = self.with(Stop::now, |queue| queue.decline(claim, &complaint));
                given_back = declined.is_ok();
                if given_back {
                    metrics::resting(true);
                    tracing::error!(
                        batch = batch.get(),
                        %reason,
                        "this worker cannot hand its proof in: the job is given back, the proof kept, and no other job taken \
                         before"
                    );
                }
            }
            self.stop.sleep(backoff(failures));
        };
        metrics::resting(false);
        counted
    }

    /// Ends a claim, however long it takes to reach the queue, unless the worker is to stop at once. The lease
    /// ends what this cannot.
    fn end(
        &mut self,
        mut act: impl FnMut(&mut Claims) -> Result<bool, QueueError>,
    ) -> Option<bool> {
        let mut failures = 0;
        loop {
            match self.with(Stop::now, &mut act) {
                Ok(ended) => return Some(ended),
                Err(error) => {
                    failures += 1;
                    self.unreachable(&error);
                    if self.stop.now() {
                        return None;
                    }
                    self.stop.sleep(backoff(failures));
                }
            }
        }
    }
}

const fn name((rollup, batch): ([u8; 32], BatchNumber), kind: Kind, hash: [u8; 32]) -> Name {
    Name {
        rollup,
        batch,
        kind,
        hash,
    }
}
