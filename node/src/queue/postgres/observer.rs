//! The node's side: jobs in, proofs and failures out.

use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant},
};

use postgres::{Client, Row};
use winterlane_air::presets::Preset;
use winterlane_ledger::{BatchNumber, Domain, codec::CanonicalBytes as _};

use super::{
    ATTEMPTS, Address, FORMAT, NEWS, depth, hash_of, make_tables,
    news::News,
    reading::{Found, Key, PROOFS, Reading, Rows, Said, said},
    signed,
    supply::Supply,
    unsigned,
};
use crate::{
    blob::{BlobError, Blobs, Kind, Name},
    queue::{Depth, ProofQueue, QueueError, Report, dispatch::Wake},
    run::prover::{self, Outcome, ProofJob},
    witness::{Unread, Witnesses},
};

/// How long to wait before a connection is tried again.
const RETRY: Duration = Duration::from_millis(500);
/// How long a batch that workers complain of is left alone after it was offered again.
const PATIENCE: Duration = Duration::from_secs(5);
/// Objects that are removed at once.
const REMOVED: usize = 16;

/// The queue as a node has it.
pub(crate) struct Observer {
    address: Address,
    blobs: Box<dyn Blobs>,
    witnesses: Witnesses,
    rollup: [u8; 32],
    preset: Preset,
    priority: i32,
    client: Option<Client>,
    tried: Option<Instant>,
    /// Jobs that were offered and not closed, with the hashes of their witnesses.
    offered: BTreeMap<BatchNumber, [u8; 32]>,
    /// Of how many failures of each job it was told. The table knows it, too, but only this says what was heard: an answer
    /// of the database may be lost.
    told: BTreeMap<BatchNumber, i32>,
    /// Complaints of workers about each job that were reported, and when.
    complaints: BTreeMap<BatchNumber, (i32, Instant)>,
    /// Whether the object store has their witnesses.
    supply: Supply,
    /// Which proofs were reported, and which cannot be read now.
    reading: Reading,
    /// Objects that nobody needs. They are removed when the object store lets them.
    garbage: VecDeque<Name>,
    /// What is to be reported, and not in the database.
    reports: Vec<(BatchNumber, Report)>,
    _news: News,
}

/// What an observer is made of.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) address: Address,
    pub(crate) blobs: Box<dyn Blobs>,
    pub(crate) witnesses: Witnesses,
    pub(crate) domain: Domain,
    pub(crate) preset: Preset,
    pub(crate) priority: i32,
}

impl Observer {
    /// Connects when it is first used.
    pub(crate) fn new(parts: Parts, wake: Wake) -> Result<Self, QueueError> {
        let Parts {
            address,
            blobs,
            witnesses,
            domain,
            preset,
            priority,
        } = parts;
        let news = News::on(&address, NEWS, move || wake.wake())?;
        Ok(Self {
            address,
            blobs,
            witnesses,
            rollup: domain.to_bytes(),
            preset,
            priority,
            client: None,
            tried: None,
            offered: BTreeMap::new(),
            told: BTreeMap::new(),
            complaints: BTreeMap::new(),
            supply: Supply::default(),
            reading: Reading::default(),
            garbage: VecDeque::new(),
            reports: Vec::new(),
            _news: news,
        })
    }

    fn name(&self, batch: BatchNumber, kind: Kind, hash: [u8; 32]) -> Name {
        Name {
            rollup: self.rollup,
            batch,
            kind,
            hash,
        }
    }

    /// Does something with the connection. One that fails is given up: the next is a new one.
    fn with<T>(
        &mut self,
        act: impl FnOnce(&mut Client) -> Result<T, QueueError>,
    ) -> Result<T, QueueError> {
        let client = match &mut self.client {
            Some(client) if !client.is_closed() => client,
            _ => {
                if let Some(tried) = self.tried {
                    std::thread::sleep(RETRY.saturating_sub(tried.elapsed()));
                }
                self.tried = Some(Instant::now());
                let mut client = self.address.connect()?;
                make_tables(&mut client)?;
                self.client.insert(client)
            }
        };
        let result = act(client);
        if result.is_err() {
            self.client = None;
        }
        result
    }

    /// Strikes a proof out, so that the batch is proven again.
    fn strike(&mut self, batch: BatchNumber, hash: [u8; 32]) -> Result<(), QueueError> {
        let rollup = self.rollup;
        self.with(|client| {
            let mut transaction = client.transaction()?;
            let key: [&(dyn postgres::types::ToSql + Sync); 2] = [&&rollup[..], &signed(batch.get())];
            transaction.execute(
                "SELECT 1 FROM winterlane_jobs WHERE rollup = $1 AND batch = $2 FOR UPDATE",
                &key,
            )?;
            transaction.execute(
                "DELETE FROM winterlane_proofs WHERE rollup = $1 AND batch = $2 AND hash = $3",
                &[key[0], key[1], &&hash[..]],
            )?;
            transaction.execute(
                "UPDATE winterlane_jobs AS job SET proven = false, lease = NULL, worker = NULL, fence = NULL
                  WHERE rollup = $1 AND batch = $2 AND proven AND NOT EXISTS (SELECT FROM winterlane_proofs AS proof
                        WHERE proof.rollup = job.rollup AND proof.batch = job.batch)",
                &key,
            )?;
            Ok(transaction.commit()?)
        })?;
        self.garbage.push_back(self.name(batch, Kind::Proof, hash));
        Ok(())
    }

    /// A complaint that was not reported yet. Whoever complains all the time is heard now and then.
    fn complained(&mut self, job: Heard) -> Option<Report> {
        // a row that was made anew has none
        if job.complaints <= 0 {
            self.complaints.remove(&job.batch);
            return None;
        }
        let now = Instant::now();
        match self.complaints.get(&job.batch) {
            Some((known, _)) if *known == job.complaints => return None,
            Some((_, when)) if now.duration_since(*when) < PATIENCE => return None,
            _ => {}
        }
        self.complaints.insert(job.batch, (job.complaints, now));
        self.supply.doubt(job.batch);
        Some(Report::Trouble(job.complaint))
    }

    /// Removes what nobody needs, as far as the object store lets it.
    fn sweep(&mut self) {
        for _ in 0..self.garbage.len().min(REMOVED) {
            let Some(name) = self.garbage.pop_front() else {
                return;
            };
            if let Err(error) = self.blobs.remove(&name) {
                tracing::debug!(%error, "an object is removed later");
                // one that cannot be removed keeps no other there
                self.garbage.push_back(name);
                if matches!(error, BlobError::Unreachable { .. }) {
                    return;
                }
            }
        }
    }
}

/// What the table says of a job.
struct Heard {
    batch: BatchNumber,
    /// How often it failed, and of how many times somebody was told.
    failed: i32,
    told: i32,
    /// Why it failed the last time.
    reason: String,
    /// How often workers could not do it for a reason of their own, and what the last one said.
    complaints: i32,
    complaint: String,
    /// Its format and its preset are those of this node.
    as_offered: bool,
}

fn heard(row: &Row) -> Result<Heard, QueueError> {
    Ok(Heard {
        batch: BatchNumber::new(unsigned(row.try_get(0)?)),
        failed: row.try_get(1)?,
        told: row.try_get(2)?,
        reason: row.try_get(3)?,
        complaints: row.try_get(4)?,
        complaint: row.try_get(5)?,
        as_offered: row.try_get(6)?,
    })
}

impl Rows for Observer {
    fn page(&mut self, after: Option<Key>) -> Result<Vec<Said>, QueueError> {
        let rollup = self.rollup;
        // no hash is before the empty one
        let (batch, hash): (i64, &[u8]) = match &after {
            Some((batch, hash)) => (signed(batch.get()), &hash[..]),
            None => (0, &[]),
        };
        let most = PROOFS as i64;
        self.with(|client| {
            // a hash that is none was written since they were deleted
            let rows = client.query(
                "SELECT batch, hash, millis, left(worker, 100) FROM winterlane_proofs
                  WHERE rollup = $1 AND (batch, hash) > ($2, $3) AND length(hash) = 32
                  ORDER BY batch, hash LIMIT $4",
                &[&&rollup[..], &batch, &hash, &most],
            )?;
            rows.iter().map(said).collect()
        })
    }

    fn object(&mut self, (batch, hash): Key) -> Result<Found, QueueError> {
        let reason = match self.blobs.get(&self.name(batch, Kind::Proof, hash)) {
            Ok(Some(proof)) => return Ok(Found::Proof(proof)),
            Ok(None) => {
                "its proof is not in the object store; do node and worker use the same one?"
                    .to_owned()
            }
            Err(error) if error.is_of_the_object() => error.to_string(),
            Err(error) => return Err(error.into()),
        };
        self.strike(batch, hash)?;
        Ok(Found::Struck(reason))
    }
}

impl ProofQueue for Observer {
    fn offer(&mut self, job: &ProofJob) -> Result<(), QueueError> {
        let bytes = match self.witnesses.bytes(job.batch, &job.witness) {
            Ok(bytes) => bytes,
            Err(Unread::Damaged(reason)) => {
                let report = Report::Outcome(Outcome::Failed(reason));
                self.reports.push((job.batch, report));
                return Ok(());
            }
            // offered later
            Err(Unread::Medium { path, source }) => {
                return Err(QueueError::Witness { path, source });
            }
        };
        let name = self.name(job.batch, Kind::Witness, job.witness);
        let (of, now) = ((&name, job.failures), Instant::now());
        self.supply.supply(&*self.blobs, of, &bytes, now)?;
        let (rollup, preset, priority) = (self.rollup, self.preset.to_string(), self.priority);
        let memory = prover::memory(job.public_inputs.num_operations, self.preset);
        let failures = i32::try_from(job.failures).unwrap_or(i32::MAX);
        // what a process before this one was told, and did not store, does not count
        let first = self.offered.get(&job.batch) != Some(&job.witness);
        let told: i32 = self.with(|client| {
            // a witness that is another one makes another job; else the present claim goes on
            let row = client.query_one(
                "WITH job AS (
                    INSERT INTO winterlane_jobs AS job
                        (rollup, batch, format, witness, statement, preset, memory, priority, attempt)
                    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                    ON CONFLICT (rollup, batch) DO UPDATE SET
                        format = $3, witness = $4, statement = $5, preset = $6, memory = $7, priority = $8,
                        attempt = CASE WHEN $10 OR $9 = 0 THEN $9 + coalesce(job.worker IS NOT NULL AND job.lease >= now() AND job.witness = $4, false)::integer
                                       ELSE greatest(job.attempt, $9 + coalesce(job.worker IS NOT NULL AND job.lease >= now() AND job.witness = $4, false)::integer) END,
                        lease = CASE WHEN job.witness = $4 AND job.worker IS NOT NULL THEN job.lease END,
                        worker = CASE WHEN job.witness = $4 THEN job.worker END,
                        fence = CASE WHEN job.witness = $4 THEN job.fence END,
                        proven = job.proven AND job.witness = $4
                    RETURNING job.told)
                 SELECT told, pg_notify('winterlane_jobs', '') FROM job",
                &[
                    &&rollup[..],
                    &signed(job.batch.get()),
                    &FORMAT,
                    &&job.witness[..],
                    &job.public_inputs.to_bytes(),
                    &preset,
                    &signed(memory),
                    &priority,
                    &failures,
                    &first,
                ],
            )?;
            Ok(row.try_get(0)?)
        })?;
        self.told.entry(job.batch).or_insert(told);
        self.offered.insert(job.batch, job.witness);
        Ok(())
    }

    fn reports(&mut self) -> Result<Vec<(BatchNumber, Report)>, QueueError> {
        let (rollup, preset) = (self.rollup, self.preset.to_string());
        let jobs = self.with(|client| {
            let key = &&rollup[..];
            // Workers may write into these tables whatever they like: what no worker of ours writes is put right, and no more
            // is read of it than there can be.
            client.execute(
                "DELETE FROM winterlane_proofs WHERE rollup = $1 AND length(hash) <> 32",
                &[key],
            )?;
            // The server's clock has jumped back: who died before that would be waited for until the clock is there again.
            client.execute(
                "UPDATE winterlane_jobs SET lease = now() + make_interval(secs => lease_seconds)
                  WHERE rollup = $1 AND worker IS NOT NULL AND lease_seconds BETWEEN 0 AND 86400
                    AND lease > now() + make_interval(secs => lease_seconds)",
                &[key],
            )?;
            // A claim without end, or the last claim there may be: nobody comes after it and finds that it has run out.
            // Proven without a proof, a job would wait for one for ever.
            client.execute(
                "UPDATE winterlane_jobs AS job SET failed = least(failed, 2147483646) + 1, lease = NULL, worker = NULL,
                        fence = NULL, proven = false,
                        reason = 'worker ' || coalesce(left(worker, 100), '?') || ' was not heard of for the time of its lease'
                  WHERE rollup = $1 AND CASE WHEN proven
                        THEN NOT EXISTS (SELECT FROM winterlane_proofs AS proof
                                          WHERE proof.rollup = job.rollup AND proof.batch = job.batch)
                        ELSE worker IS NOT NULL AND lease < now() AND attempt >= $2
                             OR lease > now() + interval '1 day' END",
                &[key, &ATTEMPTS],
            )?;
            let jobs = client.query(
                "SELECT batch, failed, told, left(reason, 500), complaints, left(complaint, 500),
                        format = $2 AND preset = $3
                   FROM winterlane_jobs WHERE rollup = $1",
                &[key, &FORMAT, &preset],
            )?;
            let jobs = jobs.iter().map(heard).collect::<Result<Vec<_>, _>>()?;
            // for a process after this one
            client.execute(
                "UPDATE winterlane_jobs SET told = failed WHERE rollup = $1 AND failed > told",
                &[key],
            )?;
            Ok(jobs)
        })?;
        self.sweep();
        let mut reports = std::mem::take(&mut self.reports);
        let mut missing = std::mem::take(&mut self.offered);
        let before = std::mem::take(&mut self.told);
        self.complaints
            .retain(|batch, _| missing.contains_key(batch));
        for job in jobs {
            let batch = job.batch;
            let told = before.get(&batch).copied().unwrap_or(job.told);
            self.told.insert(batch, job.failed);
            for _ in 0..job.failed.saturating_sub(told).min(ATTEMPTS) {
                let failed = Outcome::Failed(job.reason.clone());
                reports.push((batch, Report::Outcome(failed)));
            }
            if let Some(witness) = missing.remove(&batch) {
                self.offered.insert(batch, witness);
                if !job.as_offered {
                    reports.push((batch, Report::Lost));
                }
            } else {
                // left by a process before this one: the dispatcher knows whether anybody needs it
                self.offered.insert(batch, [0; 32]);
                reports.push((batch, Report::Lost));
            }
            reports.extend(self.complained(job).map(|report| (batch, report)));
        }
        reports.extend(missing.into_keys().map(|batch| (batch, Report::Lost)));
        let mut reading = std::mem::take(&mut self.reading);
        let read = reading.turn(self, Instant::now(), &mut reports);
        self.reading = reading;
        match read {
            Ok(()) => Ok(reports),
            // what was taken out of the database is reported the next time
            Err(error) => {
                self.reports = reports;
                Err(error)
            }
        }
    }

    fn refuse(&mut self, batch: BatchNumber, proof: &[u8]) -> Result<(), QueueError> {
        let hash = *blake3::hash(proof).as_bytes();
        // if this fails it is reported, and refused, again
        self.reading.refused((batch, hash));
        self.strike(batch, hash)
    }

    fn close(&mut self, batch: BatchNumber) -> Result<(), QueueError> {
        let rollup = self.rollup;
        let (jobs, proofs) = self.with(|client| {
            let key: [&(dyn postgres::types::ToSql + Sync); 2] =
                [&&rollup[..], &signed(batch.get())];
            let proofs = client.query(
                "SELECT hash FROM winterlane_proofs WHERE rollup = $1 AND batch = $2",
                &key,
            )?;
            let jobs = client.query(
                "DELETE FROM winterlane_jobs WHERE rollup = $1 AND batch = $2 RETURNING witness",
                &key,
            )?;
            Ok((jobs, proofs))
        })?;
        self.offered.remove(&batch);
        self.supply.forget(batch);
        self.reading.close(batch);
        let witnesses = jobs.iter().map(|row| (Kind::Witness, row));
        let proofs = proofs.iter().map(|row| (Kind::Proof, row));
        for (kind, row) in witnesses.chain(proofs) {
            // what a worker wrote in its place names no object
            let Ok(hash) = hash_of(row.try_get(0)?) else {
                continue;
            };
            self.garbage.push_back(self.name(batch, kind, hash));
        }
        self.sweep();
        Ok(())
    }

    fn depth(&mut self) -> Result<Vec<Depth>, QueueError> {
        let rollup = self.rollup;
        self.with(|client| depth(client, Some(&rollup)))
    }
}
