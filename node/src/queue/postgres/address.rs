//! Where the database is, with which password, and whether the connection has TLS.

use std::{fmt, str::FromStr, time::Duration};

use postgres::{
    Client, Config, NoTls,
    config::{Host, SslMode},
};
use rustls::ClientConfig;
use tokio_postgres_rustls::MakeRustlsConnect;
use winterlane_machine::small;

use crate::{
    queue::QueueError,
    tls::{MAX_PEM_BYTES, trusting},
};

/// How long to wait for a connection.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a connection may be silent before it is given up.
const SILENCE: Duration = Duration::from_secs(10);

/// Where a queue is, and with which password. It is never shown.
///
/// | parameter | meaning |
/// |---|---|
/// | `sslmode=disable` | no TLS; so it is without the parameter |
/// | `sslmode=require` | TLS, and the server's certificate and name are verified. So it is with `verify-full`; in other programs `require` alone believes every certificate |
/// | `sslrootcert=FILE` | who may sign the server's certificate (PEM); without it, the public authorities |
#[derive(Clone)]
pub struct Address {
    config: Config,
    tls: Option<ClientConfig>,
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Address")
            .field("hosts", &self.config.get_hosts())
            .field("tls", &self.tls.is_some())
            .finish_non_exhaustive()
    }
}

fn wrong(reason: impl Into<String>) -> QueueError {
    QueueError::Address(reason.into())
}

/// The address without what its driver does not know, and whether there is to be TLS, by whose certificates.
fn take_tls(address: &str) -> Result<(String, Option<ClientConfig>), QueueError> {
    let (place, parameters) = address.split_once('?').unwrap_or((address, ""));
    let (mut wanted, mut roots) = (false, None);
    let mut others = Vec::new();
    for parameter in parameters.split('&').filter(|one| !one.is_empty()) {
        match parameter.split_once('=') {
            Some(("sslmode", "disable")) => wanted = false,
            Some(("sslmode", "require" | "verify-full")) => wanted = true,
            Some(("sslmode", _)) => {
                return Err(wrong(
                    "sslmode is disable or require: what lies between is TLS only as long as nobody minds, and its \
                     certificates are not verified",
                ));
            }
            Some(("sslrootcert", file)) => roots = Some(file),
            _ => others.push(parameter),
        }
    }
    let tls = match (wanted, roots) {
        (false, None) => None,
        (false, Some(_)) => return Err(wrong("sslrootcert without sslmode=require")),
        (true, None) => Some(trusting(None).map_err(wrong)?),
        (true, Some(file)) => {
            let pem = small::read(file.as_ref(), MAX_PEM_BYTES)
                .map_err(|error| wrong(format!("sslrootcert={file}: {error}")));
            let config = trusting(Some(&pem?));
            Some(config.map_err(|error| wrong(format!("sslrootcert={file}: {error}")))?)
        }
    };
    if others.is_empty() {
        return Ok((place.to_owned(), tls));
    }
    Ok((format!("{place}?{}", others.join("&")), tls))
}

impl FromStr for Address {
    type Err = QueueError;

    /// Reads `postgres://USER:PASSWORD@HOST:PORT/DATABASE`; a socket is `postgres:///DATABASE?host=/FOLDER&user=USER`.
    /// A password that is not in the address is read from `PGPASSWORD`.
    fn from_str(address: &str) -> Result<Self, QueueError> {
        if !address.starts_with("postgres://") && !address.starts_with("postgresql://") {
            return Err(wrong("it does not begin with postgres://"));
        }
        let (address, tls) = take_tls(address)?;
        // what the parser says may hold the address, and so the password
        let mut config: Config = address
            .parse()
            .map_err(|_| wrong("it cannot be read; special characters are percent-encoded"))?;
        if config.get_hosts().is_empty() {
            return Err(wrong("it has no host"));
        }
        #[cfg(unix)]
        if tls.is_some() && matches!(config.get_hosts(), [Host::Unix(_), ..]) {
            return Err(wrong("a socket of this machine has no TLS, and needs none"));
        }
        config.ssl_mode(match &tls {
            Some(_) => SslMode::Require,
            None => SslMode::Disable,
        });
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
        Ok(Self { config, tls })
    }
}

impl Address {
    /// Connects, to a server that is new enough.
    pub(crate) fn connect(&self) -> Result<Client, QueueError> {
        let mut client = match &self.tls {
            None => self.config.connect(NoTls)?,
            Some(tls) => self.config.connect(MakeRustlsConnect::new(tls.clone()))?,
        };
        let version = client.query_one("SHOW server_version_num", &[])?;
        let version: String = version.try_get(0)?;
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
        match self.config.get_hosts().first() {
            Some(Host::Tcp(host)) => host.clone(),
            #[cfg(unix)]
            Some(Host::Unix(path)) => path.display().to_string(),
            _ => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_keep_their_secrets() {
        let address: Address = "postgres://me:hush@db.example/proofs".parse().unwrap();
        assert_eq!(address.host(), "db.example");
        assert!(!format!("{address:?}").contains("hush") && address.tls.is_none());
        let address: Address = "postgres:///proofs?host=/run/pg&user=me".parse().unwrap();
        assert_eq!(address.host(), "/run/pg");
        for secure in ["require", "verify-full"] {
            let address = format!(
                "postgres://me:hush@db.example/proofs?sslmode={secure}&application_name=me"
            );
            let address: Address = address.parse().unwrap();
            assert!(address.tls.is_some() && address.config.get_application_name() == Some("me"));
        }
        let address: Address = "postgres://me@db/x?sslmode=disable".parse().unwrap();
        assert!(address.tls.is_none());
        let folder = tempfile::tempdir().unwrap();
        let none = folder.path().join("none.pem");
        std::fs::write(&none, "nothing").unwrap();
        let none = format!(
            "postgres://me:hush@db/x?sslmode=require&sslrootcert={}",
            none.display()
        );
        for (address, reason) in [
            ("mysql://me@db/x", "postgres://"),
            ("postgres:///x", "no host"),
            ("postgres://me:hush@db/x?port=y", "cannot be read"),
            ("postgres://me:hush@db/x?sslmode=prefer", "sslmode"),
            ("postgres://me:hush@db/x?sslmode=verify-ca", "sslmode"),
            ("postgres://me:hush@db/x?sslrootcert=/x", "without sslmode"),
            (
                "postgres://me:hush@db/x?sslmode=require&sslrootcert=/nowhere",
                "/nowhere",
            ),
            ("postgres:///x?host=/run/pg&sslmode=require", "socket"),
            (&none, "no certificate"),
        ] {
            let said = address.parse::<Address>().unwrap_err().to_string();
            assert!(said.contains(reason) && !said.contains("hush"), "{said}");
        }
    }
}
