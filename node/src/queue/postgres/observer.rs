//! The node's side: jobs in, proofs and failures out.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use postgres::Client;
use winterlane_air::presets::Preset;
use winterlane_ledger::{Domain, codec::CanonicalBytes as _};

use super::{
    ATTEMPTS, Address, FORMAT, NEWS, depth, hash_of, make_tables, news::News, signed, unsigned,
};
use crate::{
    blob::{Blobs, Kind, Name},
    queue::{Depth, ProofQueue, QueueError, Report, dispatch::Wake},
    run::prover::{self, Outcome, ProofJob},
    witness::Witnesses,
};

/// How long to wait before a connection is tried again.
const RETRY: Duration = Duration::from_millis(500);

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
    offered: BTreeMap<u64, [u8; 32]>,
    /// Proofs that were reported.
    delivered: BTreeSet<(u64, [u8; 32])>,
    /// Objects that nobody needs. They are removed when the object store lets them.
    garbage: Vec<Name>,
    /// What is to be reported, and not in the database.
    reports: Vec<(u64, Report)>,
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
            delivered: BTreeSet::new(),
            garbage: Vec::new(),
            reports: Vec::new(),
            _news: news,
        })
    }

    fn name(&self, batch: u64, kind: Kind, hash: [u8; 32]) -> Name {
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

    /// The proof that somebody says there is.
    fn proof(&mut self, batch: u64, hash: [u8; 32]) -> Result<Result<Vec<u8>, String>, QueueError> {
        use crate::blob::BlobError;
        match self.blobs.get(&self.name(batch, Kind::Proof, hash)) {
            Ok(Some(proof)) => Ok(Ok(proof)),
            Ok(None) => Ok(Err("the proof is not in the object store".into())),
            Err(error @ BlobError::Damaged { .. }) => Ok(Err(error.to_string())),
            Err(error) => Err(error.into()),
        }
    }

    /// Strikes a proof out, so that the batch is proven again.
    fn strike(&mut self, batch: u64, hash: [u8; 32]) -> Result<(), QueueError> {
        let rollup = self.rollup;
        self.with(|client| {
            let mut transaction = client.transaction()?;
            let key: [&(dyn postgres::types::ToSql + Sync); 2] = [&&rollup[..], &signed(batch)];
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
        self.garbage.push(self.name(batch, Kind::Proof, hash));
        Ok(())
    }

    /// What was taken out of the database is reported the next time.
    fn later<T>(
        &mut self,
        reports: Vec<(u64, Report)>,
        error: QueueError,
    ) -> Result<T, QueueError> {
        self.reports = reports;
        Err(error)
    }

    /// Removes what nobody needs, as far as the object store lets it.
    fn sweep(&mut self) {
        while let Some(name) = self.garbage.last() {
            if let Err(error) = self.blobs.remove(name) {
                tracing::debug!(%error, "an object is removed later");
                return;
            }
            self.garbage.pop();
        }
    }
}

impl ProofQueue for Observer {
    fn offer(&mut self, job: &ProofJob) -> Result<(), QueueError> {
        let Some(bytes) = self.witnesses.bytes(job.batch, &job.witness) else {
            let reason = "the witness is not the file that was written".into();
            let report = Report::Outcome(Outcome::Failed(reason));
            self.reports.push((job.batch, report));
            return Ok(());
        };
        let name = self.name(job.batch, Kind::Witness, job.witness);
        if !self.blobs.has(&name)? {
            self.blobs.put(&name, &bytes)?;
        }
        let (rollup, preset, priority) = (self.rollup, self.preset.to_string(), self.priority);
        let memory = prover::memory(job.public_inputs.num_operations, self.preset);
        let failures = i32::try_from(job.failures).unwrap_or(i32::MAX);
        // what a process before this one was told, and did not store, does not count
        let first = self.offered.get(&job.batch) != Some(&job.witness);
        self.with(|client| {
            // a witness that is another one makes another job; else the present claim goes on
            client.execute(
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
                    RETURNING 1)
                 SELECT pg_notify('winterlane_jobs', '') FROM job",
                &[
                    &&rollup[..],
                    &signed(job.batch),
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
            Ok(())
        })?;
        self.offered.insert(job.batch, job.witness);
        Ok(())
    }

    fn reports(&mut self) -> Result<Vec<(u64, Report)>, QueueError> {
        let rollup = self.rollup;
        let (present, failures, proofs) = self.with(|client| {
            let key = &&rollup[..];
            // the last claim there may be: nobody comes after it and finds that it has run out
            client.execute(
                "UPDATE winterlane_jobs SET failed = failed + 1, lease = NULL, worker = NULL, fence = NULL,
                        reason = 'worker ' || worker || ' was not heard of for the time of its lease'
                  WHERE rollup = $1 AND NOT proven AND worker IS NOT NULL AND lease < now() AND attempt >= $2",
                &[key, &ATTEMPTS],
            )?;
            let present = client.query(
                "SELECT batch FROM winterlane_jobs WHERE rollup = $1",
                &[key],
            )?;
            let failures = client.query(
                "WITH news AS (SELECT rollup, batch, failed - told AS count FROM winterlane_jobs
                                WHERE rollup = $1 AND failed > told FOR UPDATE)
                 UPDATE winterlane_jobs AS job SET told = job.failed FROM news
                  WHERE job.rollup = news.rollup AND job.batch = news.batch
                 RETURNING job.batch, news.count, job.reason",
                &[key],
            )?;
            let proofs = client.query(
                "SELECT batch, hash, millis FROM winterlane_proofs WHERE rollup = $1 ORDER BY batch, made",
                &[key],
            )?;
            Ok((present, failures, proofs))
        })?;
        self.sweep();
        let mut reports = std::mem::take(&mut self.reports);
        for row in failures {
            let count: i32 = row.get(1);
            for _ in 0..count {
                let failed = Outcome::Failed(row.get(2));
                reports.push((unsigned(row.get(0)), Report::Outcome(failed)));
            }
        }
        let mut missing = std::mem::take(&mut self.offered);
        for row in present {
            let batch = unsigned(row.get(0));
            if let Some(witness) = missing.remove(&batch) {
                self.offered.insert(batch, witness);
            } else {
                // left by a process before this one: the dispatcher knows whether anybody needs it
                self.offered.insert(batch, [0; 32]);
                reports.push((batch, Report::Lost));
            }
        }
        reports.extend(missing.into_keys().map(|batch| (batch, Report::Lost)));
        for row in proofs {
            let (batch, hash) = (unsigned(row.get(0)), hash_of(row.get(1))?);
            if self.delivered.contains(&(batch, hash)) {
                continue;
            }
            let outcome = match self.proof(batch, hash) {
                Ok(Ok(proof)) => {
                    self.delivered.insert((batch, hash));
                    Outcome::Proven {
                        proof,
                        millis: unsigned(row.get(2)),
                    }
                }
                Ok(Err(reason)) => match self.strike(batch, hash) {
                    Ok(()) => Outcome::Failed(reason),
                    Err(error) => return self.later(reports, error),
                },
                Err(error) => return self.later(reports, error),
            };
            reports.push((batch, Report::Outcome(outcome)));
        }
        Ok(reports)
    }

    fn refuse(&mut self, batch: u64, proof: &[u8]) -> Result<(), QueueError> {
        let hash = *blake3::hash(proof).as_bytes();
        // if this fails it is reported, and refused, again
        self.delivered.remove(&(batch, hash));
        self.strike(batch, hash)
    }

    fn close(&mut self, batch: u64) -> Result<(), QueueError> {
        let rollup = self.rollup;
        let (jobs, proofs) = self.with(|client| {
            let key: [&(dyn postgres::types::ToSql + Sync); 2] = [&&rollup[..], &signed(batch)];
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
        let witnesses = jobs.iter().map(|row| (Kind::Witness, row));
        let proofs = proofs.iter().map(|row| (Kind::Proof, row));
        for (kind, row) in witnesses.chain(proofs) {
            let hash = hash_of(row.get(0))?;
            self.delivered.remove(&(batch, hash));
            self.garbage.push(self.name(batch, kind, hash));
        }
        self.sweep();
        Ok(())
    }

    fn depth(&mut self) -> Result<Vec<Depth>, QueueError> {
        let rollup = self.rollup;
        self.with(|client| depth(client, Some(&rollup)))
    }
}
