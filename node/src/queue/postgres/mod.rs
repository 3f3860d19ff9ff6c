//! The queue in PostgreSQL 15 or newer.
//!
//! A *claim* gives a job to one worker for the time of a *lease*, which heartbeats renew. A lease that runs out is a
//! failure of its claim, and found by whoever claims next: there is no sweeper. Every claim has a *fence*, a number
//! that grows: a worker that was stopped for longer than its lease can neither renew, fail nor release the claim
//! that has come after its own. A proof is another matter: it is verified by the node, so that any valid one is taken,
//! from whomever and however late.
//!
//! Times are the server's: the clocks of nodes and workers do not matter.
//!
//! | module | what it holds |
//! |---|---|
//! | `observer` | the node's side |
//! | [`claims`] | the workers' side |

pub mod claims;
pub(crate) mod observer;

use std::{error::Error as _, time::Duration};

use postgres::{
    Client, Config, NoTls,
    config::{Host, SslMode},
    error::SqlState,
};

use super::{Depth, QueueError};

/// The format of jobs that this version makes and takes.
pub(crate) const FORMAT: i32 = 1;

/// Claims of a job that may fail. The last is proven by winterfell's own prover.
pub(crate) const ATTEMPTS: i32 = crate::run::writer::FAILURES as i32 + 1;

/// Told when there may be a job to claim.
const JOBS: &str = "winterlane_jobs";
/// Told when there is news for the node.
const NEWS: &str = "winterlane_news";

/// How long to wait for a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a connection may be silent before it is given up.
const SILENCE: Duration = Duration::from_secs(10);

/// Where a queue is, and with which password. It is never shown.
#[derive(Clone)]
pub struct Address(Config);

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Address").field(&self.0.get_hosts()).finish()
    }
}

impl std::str::FromStr for Address {
    type Err = QueueError;

    /// Reads `postgres://USER:PASSWORD@HOST:PORT/DATABASE`; a socket is `postgres:///DATABASE?host=/FOLDER&user=USER`.
    /// A password that is not in the address is read from `PGPASSWORD`.
    fn from_str(address: &str) -> Result<Self, QueueError> {
        let wrong = |reason: &str| QueueError::Address(reason.to_owned());
        if !address.starts_with("postgres://") && !address.starts_with("postgresql://") {
            return Err(wrong("it does not begin with postgres://"));
        }
        // what the parser says may hold the address, and so the password
        let mut config: Config = address
            .parse()
            .map_err(|_| wrong("it cannot be read; special characters are percent-encoded"))?;
        if config.get_hosts().is_empty() {
            return Err(wrong("it has no host"));
        }
        if config.get_ssl_mode() == SslMode::Require {
            return Err(wrong(
                "sslmode=require: TLS to PostgreSQL is left to what stands between: a socket, a private \
                 network, or a proxy such as pgbouncer or stunnel on this machine",
            ));
        }
        if config.get_password().is_none()
            && let Ok(password) = std::env::var("PGPASSWORD")
        {
            config.password(password);
        }
        if config.get_application_name().is_none() {
            config.application_name("winterlane");
        }
        if config.get_options().is_none() {
            config.options("-c statement_timeout=10000 -c lock_timeout=5000");
        }
        config
            .connect_timeout(CONNECT)
            .tcp_user_timeout(SILENCE)
            .keepalives_idle(SILENCE);
        Ok(Self(config))
    }
}

impl Address {
    /// Connects, to a server that is new enough.
    pub(crate) fn connect(&self) -> Result<Client, QueueError> {
        let mut client = self.0.connect(NoTls)?;
        let version: String = client.query_one("SHOW server_version_num", &[])?.get(0);
        if version
            .parse::<u32>()
            .is_ok_and(|version| version < 150_000)
        {
            return Err(QueueError::Server(format!(
                "the server's version is {version}; 15 (150000) or newer is needed"
            )));
        }
        Ok(client)
    }

    /// The host, for messages.
    #[must_use]
    pub fn host(&self) -> String {
        match self.0.get_hosts().first() {
            Some(Host::Tcp(host)) => host.clone(),
            #[cfg(unix)]
            Some(Host::Unix(path)) => path.display().to_string(),
            _ => String::new(),
        }
    }
}

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
        return said;
    }
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// How much waits, by size.
fn depth(client: &mut Client, rollup: Option<&[u8]>) -> Result<Vec<Depth>, QueueError> {
    let rows = client.query(
        "SELECT memory,
                count(*) FILTER (WHERE NOT proven AND NOT claimed AND attempt < $2),
                count(*) FILTER (WHERE NOT proven AND claimed),
                count(*) FILTER (WHERE proven),
                count(*) FILTER (WHERE NOT proven AND NOT claimed AND attempt >= $2),
                coalesce(extract(epoch FROM now() - min(offered)
                    FILTER (WHERE NOT proven AND (claimed OR attempt < $2))), 0)::float8
           FROM (SELECT *, worker IS NOT NULL AND lease >= now() AS claimed FROM winterlane_jobs) AS jobs
          WHERE format > 0 AND ($1::bytea IS NULL OR rollup = $1)
          GROUP BY memory ORDER BY memory",
        &[&rollup, &ATTEMPTS],
    )?;
    let depth = |row: postgres::Row| Depth {
        memory: unsigned(row.get(0)),
        pending: unsigned(row.get(1)),
        claimed: unsigned(row.get(2)),
        proven: unsigned(row.get(3)),
        exhausted: unsigned(row.get(4)),
        oldest_seconds: row.get(5),
    };
    Ok(rows.into_iter().map(depth).collect())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_keep_their_secrets() {
        let address: Address = "postgres://me:hush@db.example/proofs".parse().unwrap();
        assert_eq!(address.host(), "db.example");
        assert!(!format!("{address:?}").contains("hush"));
        let address: Address = "postgres:///proofs?host=/run/pg&user=me".parse().unwrap();
        assert_eq!(address.host(), "/run/pg");
        for (address, reason) in [
            ("mysql://me@db/x", "postgres://"),
            ("postgres:///x", "no host"),
            ("postgres://me:hush@db/x?port=y", "cannot be read"),
            ("postgres://me:hush@db/x?sslmode=require", "sslmode"),
        ] {
            let said = address.parse::<Address>().unwrap_err().to_string();
            assert!(said.contains(reason) && !said.contains("hush"), "{said}");
        }
    }
}
