//! The workers' side: claim, heartbeat, and one of finish, fail and release.

use std::time::Duration;

use postgres::{Client, Row, Statement};
use winterlane_air::presets::Preset;
use winterlane_ledger::{BatchNumber, PublicInputs, codec::CanonicalBytes as _};

use super::{ATTEMPTS, Address, FORMAT, JOBS, NEWS, depth, hash_of, news::wait, signed, unsigned};
use crate::queue::{Depth, QueueError};

/// A job that this worker has until its lease ends.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Which rollup.
    pub rollup: [u8; 32],
    /// The batch.
    pub batch: BatchNumber,
    /// The BLAKE3 hash of the witness.
    pub witness: [u8; 32],
    /// What is to be proven; `None` when this version cannot read it.
    pub statement: Option<PublicInputs>,
    /// With which options; `None` when this version does not know them.
    pub preset: Option<Preset>,
    /// These options in words.
    pub(crate) preset_name: String,
    /// Bytes that the proof takes.
    pub memory: u64,
    /// By winterfell's own prover.
    pub stock: bool,
    /// Which attempt this is, from 1.
    pub attempt: u32,
    /// The fence.
    fence: i64,
}

impl Claim {
    /// The fence: a number that grows with every claim.
    #[must_use]
    pub const fn fence(&self) -> i64 {
        self.fence
    }
}

/// A job that this worker could take, and has not.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) rollup: [u8; 32],
    pub(crate) batch: BatchNumber,
    /// The BLAKE3 hash of the witness.
    pub(crate) witness: [u8; 32],
}

/// Which jobs a worker takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish<'a> {
    /// Of this format.
    pub(crate) format: i32,
    /// Of this rollup; by default of any.
    pub(crate) rollup: Option<&'a [u8]>,
    /// That take at most so many bytes.
    pub(crate) memory: u64,
    /// With no preset of these names, which this version does not know.
    pub(crate) unknown: &'a [String],
    /// Of none of these rollups.
    pub(crate) avoided: &'a [Vec<u8>],
}

impl Wish<'_> {
    /// Jobs of this version that take at most so many bytes.
    pub(crate) const fn within(memory: u64) -> Self {
        Self {
            format: FORMAT,
            rollup: None,
            memory,
            unknown: &[],
            avoided: &[],
        }
    }
}

/// One worker's connection.
pub struct Claims {
    client: Client,
    /// Who claims: no two processes say the same.
    worker: String,
    claim: Statement,
    next: Statement,
    heartbeat: Statement,
    finish: Statement,
}

impl std::fmt::Debug for Claims {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Claims")
            .field("worker", &self.worker)
            .finish_non_exhaustive()
    }
}

/// The first job that a worker may take.
const NEXT: &str = "
    SELECT rollup, batch, witness FROM winterlane_jobs
     WHERE NOT proven AND (lease IS NULL OR lease < now()) AND attempt < $1 AND memory <= $2
       AND format = $3 AND ($4::bytea IS NULL OR rollup = $4) AND preset <> ALL($5::text[])
       AND rollup <> ALL($6::bytea[])
     ORDER BY priority, batch LIMIT 1";

/// Takes the job that is locked as `next`. An expired lease is the failure of the claim that had it; one without a
/// worker only says when a job that failed may be tried again.
const TAKE: &str = "
UPDATE winterlane_jobs AS job
   SET failed = least(job.failed, 2147483646) + (job.worker IS NOT NULL)::integer,
       reason = CASE WHEN job.worker IS NULL THEN job.reason
                     ELSE 'worker ' || left(job.worker, 100) || ' was not heard of for the time of its lease' END,
       fence = nextval('winterlane_fence'), worker = $7,
       lease = now() + make_interval(secs => $8), lease_seconds = $8, attempt = job.attempt + 1
  FROM next WHERE job.rollup = next.rollup AND job.batch = next.batch
RETURNING job.rollup, job.batch, job.witness, job.statement, job.preset, job.memory, job.attempt, job.fence";

/// Counts a complaint, which follows.
const COMPLAIN: &str = "complaints = greatest(least(complaints, 2147483646), 0) + 1, complaint =";

const HEARTBEAT: &str = "
UPDATE winterlane_jobs SET lease = now() + make_interval(secs => $5), lease_seconds = $5
 WHERE rollup = $1 AND batch = $2 AND fence = $3 AND worker = $4 AND NOT proven";

/// Notes a proof, whoever has the claim by now; only the present one's ends the search for another.
const FINISH: &str = "
WITH job AS (SELECT rollup, batch FROM winterlane_jobs
              WHERE rollup = $1 AND batch = $2 AND witness = $7 FOR UPDATE),
     noted AS (INSERT INTO winterlane_proofs (rollup, batch, hash, worker, fence, millis)
               SELECT rollup, batch, $5, $4, $3, $6 FROM job ON CONFLICT DO NOTHING),
     ended AS (UPDATE winterlane_jobs AS held SET proven = true, lease = NULL FROM job
                WHERE held.rollup = job.rollup AND held.batch = job.batch AND held.fence = $3 AND held.worker = $4)
SELECT pg_notify('winterlane_news', '') FROM job";

impl Claims {
    /// Connects as `worker`, a name that no other process has.
    ///
    /// # Errors
    /// [`QueueError`]; there is no queue before a node has made it.
    pub fn connect(address: &Address, worker: &str) -> Result<Self, QueueError> {
        let mut client = address.connect()?;
        client.batch_execute(&format!("LISTEN {JOBS}"))?;
        Ok(Self {
            claim: client.prepare(&format!(
                "WITH next AS ({NEXT} FOR UPDATE SKIP LOCKED) {TAKE}"
            ))?,
            next: client.prepare(NEXT)?,
            heartbeat: client.prepare(HEARTBEAT)?,
            finish: client.prepare(FINISH)?,
            worker: worker.to_owned(),
            client,
        })
    }

    /// Takes the first job that takes at most so many bytes; `None` if there is none.
    ///
    /// # Errors
    /// [`QueueError`].
    pub fn claim(&mut self, memory: u64, lease: Duration) -> Result<Option<Claim>, QueueError> {
        self.claim_as(&Wish::within(memory), lease)
    }

    /// As [`claim`](Self::claim), of what is wished for.
    pub(crate) fn claim_as(
        &mut self,
        wish: &Wish<'_>,
        lease: Duration,
    ) -> Result<Option<Claim>, QueueError> {
        let row = self.client.query_opt(
            &self.claim,
            &[
                &ATTEMPTS,
                &signed(wish.memory),
                &wish.format,
                &wish.rollup,
                &wish.unknown,
                &wish.avoided,
                &self.worker,
                &lease.as_secs_f64(),
            ],
        )?;
        row.map(|row| claimed(&row)).transpose()
    }

    /// The job that a claim would take now.
    pub(crate) fn next(&mut self, wish: &Wish<'_>) -> Result<Option<Waiting>, QueueError> {
        let row = self.client.query_opt(
            &self.next,
            &[
                &ATTEMPTS,
                &signed(wish.memory),
                &wish.format,
                &wish.rollup,
                &wish.unknown,
                &wish.avoided,
            ],
        )?;
        let waiting = |row: Row| {
            Ok(Waiting {
                rollup: hash_of(row.try_get(0)?)?,
                batch: BatchNumber::new(unsigned(row.try_get(1)?)),
                witness: hash_of(row.try_get(2)?)?,
            })
        };
        row.map(waiting).transpose()
    }

    /// Renews the lease. `false`: the job is over, or another's; give it up.
    ///
    /// # Errors
    /// [`QueueError`]; the claim may still stand.
    pub fn heartbeat(&mut self, claim: &Claim, lease: Duration) -> Result<bool, QueueError> {
        let batch = signed(claim.batch.get());
        let changed = self.client.execute(
            &self.heartbeat,
            &[
                &&claim.rollup[..],
                &batch,
                &claim.fence,
                &self.worker,
                &lease.as_secs_f64(),
            ],
        )?;
        Ok(changed > 0)
    }

    /// Notes that the object store has a proof of this hash. `false`: nobody needs one any more.
    ///
    /// # Errors
    /// [`QueueError`].
    pub fn finish(
        &mut self,
        claim: &Claim,
        hash: &[u8; 32],
        millis: u64,
    ) -> Result<bool, QueueError> {
        let noted = self.client.query(
            &self.finish,
            &[
                &&claim.rollup[..],
                &signed(claim.batch.get()),
                &claim.fence,
                &self.worker,
                &&hash[..],
                &signed(millis),
                &&claim.witness[..],
            ],
        )?;
        Ok(!noted.is_empty())
    }

    /// Ends the claim as a failure. Others may try when the node has heard of it, or after a while. `false`: it has
    /// ended before.
    ///
    /// # Errors
    /// [`QueueError`].
    pub fn fail(&mut self, claim: &Claim, reason: &str) -> Result<bool, QueueError> {
        let change = "failed = least(failed, 2147483646) + 1, lease = now() + attempt * interval '5 s', reason = $5";
        self.end(claim, change, NEWS, reason)
    }

    /// Gives the job back as if it had not been claimed. `false`: the claim has ended before.
    ///
    /// # Errors
    /// [`QueueError`].
    pub fn release(&mut self, claim: &Claim) -> Result<bool, QueueError> {
        let change = "attempt = greatest(attempt - 1, 0), lease = NULL, reason = coalesce(nullif($5, ''), reason)";
        self.end(claim, change, JOBS, "")
    }

    /// Gives the job back as if it had not been claimed, and says what keeps *this worker* from it. The node hears of it: it
    /// puts right what it can, and tells people. `false`: the claim has ended before.
    ///
    /// # Errors
    /// [`QueueError`].
    pub fn decline(&mut self, claim: &Claim, complaint: &str) -> Result<bool, QueueError> {
        let change = format!("attempt = greatest(attempt - 1, 0), lease = NULL, {COMPLAIN} $5");
        self.end(claim, &change, NEWS, complaint)
    }

    fn end(
        &mut self,
        claim: &Claim,
        change: &str,
        channel: &str,
        said: &str,
    ) -> Result<bool, QueueError> {
        let ended = self.client.query(
            &format!(
                "WITH ended AS (UPDATE winterlane_jobs SET worker = NULL, fence = NULL, lease_seconds = NULL, {change}
                  WHERE rollup = $1 AND batch = $2 AND fence = $3 AND worker = $4 AND NOT proven RETURNING 1)
                 SELECT pg_notify('{channel}', '') FROM ended"
            ),
            &[
                &&claim.rollup[..],
                &signed(claim.batch.get()),
                &claim.fence,
                &self.worker,
                &self.says(said),
            ],
        )?;
        Ok(!ended.is_empty())
    }

    /// Says again what keeps this worker from a job that waits.
    pub(crate) fn complain(&mut self, job: &Waiting, complaint: &str) -> Result<(), QueueError> {
        self.client.query(
            &format!(
                "WITH job AS (UPDATE winterlane_jobs SET {COMPLAIN} $4
                  WHERE rollup = $1 AND batch = $2 AND witness = $3 AND NOT proven RETURNING 1)
                 SELECT pg_notify('{NEWS}', '') FROM job"
            ),
            &[
                &&job.rollup[..],
                &signed(job.batch.get()),
                &&job.witness[..],
                &self.says(complaint),
            ],
        )?;
        Ok(())
    }

    /// What the node shows of a worker's words.
    fn says(&self, said: &str) -> String {
        if said.is_empty() {
            return String::new();
        }
        format!("worker {}: {said}", self.worker)
    }

    /// Waits until there may be a job, for so long at most; says whether there was news.
    ///
    /// # Errors
    /// [`QueueError`].
    pub fn wait(&mut self, patience: Duration) -> Result<bool, QueueError> {
        wait(&mut self.client, patience)
    }

    /// How much waits in the whole queue, by size.
    ///
    /// # Errors
    /// [`QueueError`].
    pub fn depth(&mut self) -> Result<Vec<Depth>, QueueError> {
        depth(&mut self.client, None)
    }
}

fn claimed(row: &Row) -> Result<Claim, QueueError> {
    let statement: &[u8] = row.try_get(3)?;
    let preset: &str = row.try_get(4)?;
    let attempt: i32 = row.try_get(6)?;
    Ok(Claim {
        rollup: hash_of(row.try_get(0)?)?,
        batch: BatchNumber::new(unsigned(row.try_get(1)?)),
        witness: hash_of(row.try_get(2)?)?,
        statement: PublicInputs::from_bytes(statement).ok(),
        preset: Preset::ALL
            .into_iter()
            .find(|known| known.to_string() == preset),
        preset_name: preset.to_owned(),
        memory: unsigned(row.try_get(5)?),
        stock: attempt >= ATTEMPTS,
        attempt: u32::try_from(attempt).unwrap_or(0),
        fence: row.try_get(7)?,
    })
}
