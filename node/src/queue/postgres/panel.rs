//! Private proofs that workers verify: the node's side, and the workers'.
//!
//! The rows here live for some milliseconds, and nobody misses them after a crash of the server: the tables are *unlogged*,
//! and nothing waits for a disk. A node that lost its connection has verified everything itself meanwhile, and begins with
//! none.

use std::{sync::mpsc::Sender, time::Duration};

use postgres::{Client, Row, Statement};
use winterlane_ledger::Domain;

use super::{
    Address, hash_of, make_tables,
    news::{News, wait},
};
use crate::{
    OrderId,
    keys::{PublicKey, SignatureBytes},
    panel::{Ask, Case, MAX_REASON, Message, PanelQueue, SignedVerdict, Verdict, policy},
    queue::QueueError,
};

/// Told when there are cases to judge.
const CASES: &str = "winterlane_cases";
/// Told when there are verdicts.
const VERDICTS: &str = "winterlane_verdicts";
/// A worker that was not heard of for so many seconds is not present.
const PRESENT: f64 = 6.0;

/// Workers that are read at once, and verdicts. Workers may write as many rows as they like, and as long ones: no more of them
/// is read than there is use for.
const WORKERS: i64 = 1024;
const SAID: i64 = 4096;

/// What is lost with the server is asked again by nobody: no commit waits for its disk.
const QUICK: &str = "SET synchronous_commit = off";

/// The cases as a node has them.
#[derive(Debug)]
pub(crate) struct PostgresPanel {
    address: Address,
    rollup: [u8; 32],
    policy: [u8; 32],
    client: Option<Connection>,
    _news: News,
}

struct Connection {
    client: Client,
    present: Statement,
    ask: Statement,
    verdicts: Statement,
    close: Statement,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

const ASK: &str = "
WITH cases AS (
    INSERT INTO winterlane_cases (challenge, rollup, policy, operation)
    SELECT asked.challenge, $1::bytea, $2::bytea, asked.operation FROM unnest($3::bytea[], $4::bytea[]) AS asked (challenge, operation)),
     seats AS (
    INSERT INTO winterlane_seats (challenge, verifier)
    SELECT asked.challenge, asked.verifier FROM unnest($5::bytea[], $6::bytea[]) AS asked (challenge, verifier))
SELECT pg_notify('winterlane_cases', '')";

/// A column that is longer than it can be is cut off where it is still too long.
const VERDICTS_OF: &str = "
DELETE FROM winterlane_verdicts
 WHERE ctid = ANY (ARRAY(SELECT ctid FROM winterlane_verdicts WHERE rollup = $1 LIMIT $3))
RETURNING substring(challenge FROM 1 FOR 33), substring(verifier FROM 1 FOR 33), holds, left(reason, $2),
          substring(signature FROM 1 FOR 65)";

const CLOSE: &str = "
WITH seats AS (DELETE FROM winterlane_seats WHERE challenge = ANY ($1))
DELETE FROM winterlane_cases WHERE challenge = ANY ($1)";

/// What a node before this connection has left.
const EMPTY: &str = "
WITH seats AS (DELETE FROM winterlane_seats AS seat USING winterlane_cases AS one
                WHERE seat.challenge = one.challenge AND one.rollup = $1),
     verdicts AS (DELETE FROM winterlane_verdicts WHERE rollup = $1)
DELETE FROM winterlane_cases WHERE rollup = $1";

impl PostgresPanel {
    /// Connects when it is first used, and tells `wake` of verdicts.
    pub(crate) fn new(
        address: Address,
        domain: Domain,
        wake: Sender<Message>,
    ) -> Result<Self, QueueError> {
        let news = News::on(&address, VERDICTS, move || {
            // a chair that is gone has ended
            let _ = wake.send(Message::Wake);
        })?;
        Ok(Self {
            address,
            rollup: domain.to_bytes(),
            policy: policy(),
            client: None,
            _news: news,
        })
    }

    /// Does something with the connection. One that fails is given up: the next is a new one, and empties the tables of what
    /// this rollup has in them.
    fn with<T>(
        &mut self,
        act: impl FnOnce(&mut Connection, &[u8], &[u8]) -> Result<T, QueueError>,
    ) -> Result<T, QueueError> {
        let (rollup, policy) = (&self.rollup[..], &self.policy[..]);
        let connection = match &mut self.client {
            Some(connection) if !connection.client.is_closed() => connection,
            _ => {
                let mut client = self.address.connect()?;
                make_tables(&mut client)?;
                client.batch_execute(QUICK)?;
                client.execute(EMPTY, &[&rollup])?;
                self.client.insert(Connection {
                    present: client.prepare(
                        "SELECT verifier FROM winterlane_verifiers
                          WHERE policy = $1 AND length(verifier) = 32
                            AND seen BETWEEN now() - make_interval(secs => $2) AND now() + make_interval(secs => $2)
                          LIMIT $3",
                    )?,
                    ask: client.prepare(ASK)?,
                    verdicts: client.prepare(VERDICTS_OF)?,
                    close: client.prepare(CLOSE)?,
                    client,
                })
            }
        };
        let result = act(connection, rollup, policy);
        if result.is_err() {
            self.client = None;
        }
        result
    }
}

impl PanelQueue for PostgresPanel {
    fn present(&mut self) -> Result<Vec<PublicKey>, QueueError> {
        self.with(|connection, _, policy| {
            let rows = connection
                .client
                .query(&connection.present, &[&policy, &PRESENT, &WORKERS])?;
            // whoever can write there can write anything: what is no key is nobody
            let keys = rows.iter().filter_map(|row| key_of(row.get(0)));
            Ok(keys.collect())
        })
    }

    fn ask(&mut self, cases: &[Ask]) -> Result<(), QueueError> {
        self.with(|connection, rollup, policy| {
            let challenges: Vec<&[u8]> = cases.iter().map(|ask| &ask.challenge[..]).collect();
            let operations: Vec<&[u8]> = cases.iter().map(|ask| &*ask.operation).collect();
            let seats = || {
                cases
                    .iter()
                    .flat_map(|ask| ask.seats.iter().map(move |key| (ask, key)))
            };
            let asked: Vec<&[u8]> = seats().map(|(ask, _)| &ask.challenge[..]).collect();
            let keys: Vec<&[u8]> = seats().map(|(_, key)| &key.as_bytes()[..]).collect();
            connection.client.execute(
                &connection.ask,
                &[&rollup, &policy, &challenges, &operations, &asked, &keys],
            )?;
            Ok(())
        })
    }

    fn verdicts(&mut self) -> Result<Vec<SignedVerdict>, QueueError> {
        self.with(|connection, rollup, _| {
            // a reason that is cut off is signed by nobody
            let longest = i32::try_from(MAX_REASON + 1).unwrap_or(i32::MAX);
            let rows = connection
                .client
                .query(&connection.verdicts, &[&rollup, &longest, &SAID])?;
            Ok(rows.iter().filter_map(verdict_of).collect())
        })
    }

    fn close(&mut self, challenges: &[[u8; 32]]) -> Result<(), QueueError> {
        self.with(|connection, _, _| {
            let challenges: Vec<&[u8]> = challenges.iter().map(|one| &one[..]).collect();
            connection
                .client
                .execute(&connection.close, &[&challenges])?;
            Ok(())
        })
    }
}

fn key_of(bytes: &[u8]) -> Option<PublicKey> {
    bytes.try_into().ok().map(PublicKey::from_bytes)
}

/// A verdict as it was written; nothing, if it was written by nobody who knows the form.
fn verdict_of(row: &Row) -> Option<SignedVerdict> {
    let signature: &[u8] = row.get(4);
    Some(SignedVerdict {
        challenge: hash_of(row.get(0)).ok()?,
        key: key_of(row.get(1))?,
        verdict: if row.get(2) {
            Verdict::Holds
        } else {
            Verdict::Refused(row.get(3))
        },
        signature: SignatureBytes::from_bytes(signature.try_into().ok()?),
    })
}

/// A case that this worker was drawn for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assigned {
    /// What is signed with the verdict.
    pub case: Case,
    /// The operation in the bytes in which it is sent ([`crate::private::encode`]).
    pub operation: Vec<u8>,
}

/// One worker's connection to the cases that its key is drawn for.
pub struct Assignments {
    client: Client,
    key: PublicKey,
    take: Statement,
    answer: Statement,
}

impl std::fmt::Debug for Assignments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Assignments")
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// Processes with one key share its cases. One that dies with a case leaves it to the node.
const TAKE: &str = "
WITH next AS (
    SELECT challenge, verifier FROM winterlane_seats WHERE verifier = $1 AND NOT taken
     LIMIT $2 FOR UPDATE SKIP LOCKED),
     taken AS (
    UPDATE winterlane_seats AS seat SET taken = true FROM next
     WHERE seat.challenge = next.challenge AND seat.verifier = next.verifier RETURNING seat.challenge)
SELECT one.challenge, one.rollup, one.policy, one.operation FROM taken JOIN winterlane_cases AS one USING (challenge)";

const ANSWER: &str = "
WITH said AS (
    INSERT INTO winterlane_verdicts (rollup, challenge, verifier, holds, reason, signature) VALUES ($1, $2, $3, $4, $5, $6))
SELECT pg_notify('winterlane_verdicts', '')";

impl Assignments {
    /// Connects as who has this key.
    ///
    /// # Errors
    /// [`QueueError`]; there are no cases before a node has made their tables.
    pub fn connect(address: &Address, key: PublicKey) -> Result<Self, QueueError> {
        let mut client = address.connect()?;
        client.batch_execute(QUICK)?;
        client.batch_execute(&format!("LISTEN {CASES}"))?;
        Ok(Self {
            take: client.prepare(TAKE)?,
            answer: client.prepare(ANSWER)?,
            client,
            key,
        })
    }

    /// Says that this worker is present, with its verifier's policy. It is present for some seconds.
    ///
    /// # Errors
    /// [`QueueError`].
    pub fn appear(&mut self, worker: &str, policy: &[u8; 32]) -> Result<(), QueueError> {
        self.client.execute(
            "INSERT INTO winterlane_verifiers AS known (verifier, worker, policy, seen) VALUES ($1, $2, $3, now())
             ON CONFLICT (verifier) DO UPDATE SET worker = $2, policy = $3, seen = now()",
            &[&&self.key.as_bytes()[..], &worker, &&policy[..]],
        )?;
        Ok(())
    }

    /// Takes cases that this key was drawn for and nobody has taken, at most so many.
    ///
    /// # Errors
    /// [`QueueError`].
    pub fn take(&mut self, most: u32) -> Result<Vec<Assigned>, QueueError> {
        let rows = self
            .client
            .query(&self.take, &[&&self.key.as_bytes()[..], &i64::from(most)])?;
        let assigned = rows.iter().map(|row| {
            let operation: Vec<u8> = row.get(3);
            Ok(Assigned {
                case: Case {
                    challenge: hash_of(row.get(0))?,
                    rollup: hash_of(row.get(1))?,
                    policy: hash_of(row.get(2))?,
                    operation: OrderId::of_private(&operation),
                },
                operation,
            })
        });
        assigned.collect()
    }

    /// Hands a verdict in.
    ///
    /// # Errors
    /// [`QueueError`].
    pub fn answer(&mut self, rollup: &[u8; 32], said: &SignedVerdict) -> Result<(), QueueError> {
        let (holds, reason) = match &said.verdict {
            Verdict::Holds => (true, ""),
            Verdict::Refused(reason) => (false, reason.as_str()),
        };
        self.client.execute(
            &self.answer,
            &[
                &&rollup[..],
                &&said.challenge[..],
                &&said.key.as_bytes()[..],
                &holds,
                &reason,
                &&said.signature.as_bytes()[..],
            ],
        )?;
        Ok(())
    }

    /// Waits until there may be a case, for so long at most; says whether there was news.
    ///
    /// # Errors
    /// [`QueueError`].
    pub fn wait(&mut self, patience: Duration) -> Result<bool, QueueError> {
        wait(&mut self.client, patience)
    }
}
