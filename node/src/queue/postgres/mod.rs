//! The queue in PostgreSQL 15 or newer.
//!
//! A *claim* gives a job to one worker for the time of a *lease*, which heartbeats renew. A lease that runs out is a
//! failure of its claim, and found by whoever claims next: there is no sweeper. Every claim has a *fence*, a number
//! that grows: a worker that was stopped for longer than its lease can neither renew, fail nor release the claim
//! that has come after its own. A proof is another matter: it is verified by the node, so that any valid one is taken,
//! from whomever and however late.
//!
//! Times are the server's: the clocks of nodes and workers do not matter. When the server's clock jumps forward, claims run out
//! that are at work: their batches are proven twice at worst. When it jumps back, the node cuts leases to the length that they
//! have, so that nobody who is dead is waited for longer than that.
//!
//! | module | what it holds |
//! |---|---|
//! | `address` | where the database is, and TLS to it |
//! | `observer` | the node's side |
//! | `reading` | which proofs the node reads, and which it leaves alone for a while |
//! | `supply` | that the object store has the witnesses |
//! | [`claims`] | the workers' side |
//! | [`panel`] | private proofs that workers verify: both sides |
//! | `news` | hearing that something has changed |

mod address;
pub mod claims;
mod news;
pub(crate) mod observer;
pub mod panel;
mod reading;
mod supply;

use std::error::Error as _;

pub use address::Address;
use postgres::{Client, error::SqlState};

use super::{Depth, QueueError};

/// The format of jobs that this version makes and takes.
pub(crate) const FORMAT: i32 = 1;

/// Claims of a job that may fail. The last is proven by winterfell's own prover.
pub(crate) const ATTEMPTS: i32 = crate::run::writer::FAILURES as i32 + 1;

/// Told when there may be a job to claim.
const JOBS: &str = "winterlane_jobs";
/// Told when there is news for the node.
const NEWS: &str = "winterlane_news";

/// Makes the tables, if they are not there.
pub(crate) fn make_tables(client: &mut Client) -> Result<(), QueueError> {
    let mut transaction = client.transaction()?;
    // two nodes at once would both find nothing, and one would fail
    transaction.batch_execute("SELECT pg_advisory_xact_lock(7308613709768942)")?;
    transaction.batch_execute(include_str!("schema.sql"))?;
    Ok(transaction.commit()?)
}

/// What the server, or the system, said: without the address.
pub(crate) fn words(error: &postgres::Error) -> String {
    if let Some(database) = error.as_db_error() {
        let mut said = database.message().to_owned();
        if database.code() == &SqlState::UNDEFINED_TABLE {
            said.push_str("; the node makes the tables when it starts with this queue");
        }
        if database.code() == &SqlState::UNDEFINED_COLUMN {
            said.push_str(
                "; the tables are those of an older version: upgrade the node before its workers",
            );
        }
        if said.contains("pg_hba.conf") && said.contains("no encryption") {
            said.push_str("; with sslmode=require in the address the connection has TLS");
        }
        return said;
    }
    let mut said = match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    };
    // what rustls and the driver say, and what helps
    if said.contains("does not support TLS") {
        said.push_str("; the address asks for it by sslmode: set `ssl = on` at the server");
    } else if said.contains("UnknownIssuer") {
        said.push_str("; sslrootcert=FILE in the address names who signs the server's certificate");
    } else if said.contains("not valid for name") || said.contains("NotValidForName") {
        said.push_str("; the server's certificate must name the host of the address");
    }
    said
}

/// How much waits, by size. Ages are by the clock of the moment of counting: `now()` is when the transaction began, and a job that
/// was offered between that and its snapshot would have a negative one.
fn depth(client: &mut Client, rollup: Option<&[u8]>) -> Result<Vec<Depth>, QueueError> {
    let rows = client.query(
        "SELECT memory,
                count(*) FILTER (WHERE NOT proven AND NOT claimed AND attempt < $2),
                count(*) FILTER (WHERE NOT proven AND claimed),
                count(*) FILTER (WHERE proven),
                count(*) FILTER (WHERE NOT proven AND NOT claimed AND attempt >= $2),
                greatest(coalesce(extract(epoch FROM clock_timestamp() - min(offered)
                    FILTER (WHERE NOT proven AND (claimed OR attempt < $2))), 0), 0)::float8
           FROM (SELECT *, worker IS NOT NULL AND lease >= now() AS claimed FROM winterlane_jobs) AS jobs
          WHERE format > 0 AND ($1::bytea IS NULL OR rollup = $1)
          GROUP BY memory ORDER BY memory",
        &[&rollup, &ATTEMPTS],
    )?;
    let depth = |row: postgres::Row| {
        Ok(Depth {
            memory: unsigned(row.try_get(0)?),
            pending: unsigned(row.try_get(1)?),
            claimed: unsigned(row.try_get(2)?),
            proven: unsigned(row.try_get(3)?),
            exhausted: unsigned(row.try_get(4)?),
            oldest_seconds: row.try_get(5)?,
        })
    };
    rows.into_iter().map(depth).collect()
}

/// A number that was not negative when it was written.
fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// A number as PostgreSQL has it. The numbers of batches are below 2^63.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// 32 bytes, if that is what they are.
fn hash_of(bytes: &[u8]) -> Result<[u8; 32], QueueError> {
    let bytes = bytes.try_into();
    bytes.map_err(|_| QueueError::Server("a hash in the queue is not 32 bytes".into()))
}
