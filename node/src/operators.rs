//! The commands of operators: the audit log, and keys that are made on the machine itself.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use clap::{Args, Subcommand};
use winterlane_node::{
    audit::{self, AuditError, Head, Link, LinkError},
    clock::{Clock as _, SystemClock},
    keys::{
        ClientName, Environment, Keys, KeysConfig, KeysError, NewKey, NewVerifier, Outcome,
        PrivateKey, PublicKey, Role, SignatureBytes,
    },
};

/// The audit log.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditTask {
    /// Verifies a log: every hash, every number, and that the events follow from one another. Ends with 1 if they
    /// do not.
    Check {
        /// The log: `keys/audit.log` in the folder of the store, or a copy.
        file: PathBuf,
        /// A head that was noted earlier and must be in the log.
        #[arg(long, value_name = "LENGTH:HASH", value_parser = head)]
        head: Vec<Head>,
    },
}

/// Operators' keys.
#[derive(Debug, Subcommand)]
pub(crate) enum KeysTask {
    /// Makes a private key in a file, and prints what the node is given: the public half and the proof of possession.
    Generate {
        /// Whose key it is.
        #[arg(long)]
        client: ClientName,
        /// The environment of the node.
        #[arg(long)]
        environment: Environment,
        /// Where the private key goes. An existing file is not replaced.
        #[arg(long)]
        out: PathBuf,
    },
    /// Makes a key by the word of the machine's owner: the first ones, and after all were revoked. The node must not run.
    Bootstrap(Bootstrap),
}

#[derive(Debug, Args)]
pub(crate) struct Bootstrap {
    /// Whose key it is.
    #[arg(long)]
    client: ClientName,
    /// What it may do.
    #[arg(long, value_enum, default_value = "keymaster")]
    role: Role,
    /// The public half.
    #[arg(long)]
    public: PublicKey,
    /// The proof of possession.
    #[arg(long)]
    proof: SignatureBytes,
    /// How many days it lasts.
    #[arg(long, default_value_t = 90)]
    days: u32,
}

fn head(text: &str) -> Result<Head, String> {
    let (length, link) = text.split_once(':').ok_or("expected LENGTH:HASH")?;
    let length = length.parse().map_err(|_| "LENGTH is a number")?;
    let link: Link = link.parse().map_err(|error: LinkError| error.to_string())?;
    Ok(Head { length, link })
}

/// Whether the error says that a log is not in order, not that it could not be looked at.
pub(crate) fn is_finding(error: &KeysError) -> bool {
    match error {
        KeysError::Contradiction { .. } => true,
        KeysError::Audit(error) => {
            !matches!(error, AuditError::Io { .. } | AuditError::Locked { .. })
        }
        _ => false,
    }
}

/// Carries it out; the result is what to print.
pub(crate) fn audit(task: &AuditTask) -> Result<String, KeysError> {
    let AuditTask::Check { file, head } = task;
    Ok(audit::check(file, head)?.words(SystemClock.now()))
}

/// Verifies the audit log in the node's folder, if there is one; the result is what to print.
pub(crate) fn look(data: &Path, environment: &Environment) -> Result<String, KeysError> {
    let config = KeysConfig::new(data.join("keys"), environment.clone());
    Ok(match Keys::check(&config)? {
        Some(report) => format!("the audit log: {}", report.words(SystemClock.now())),
        None => "there is no audit log yet\n".to_owned(),
    })
}

/// Carries it out; the result is what to print.
pub(crate) fn keys(
    task: &KeysTask,
    data: &Path,
    environment: &Environment,
) -> Result<String, KeysError> {
    match task {
        KeysTask::Generate {
            client,
            environment,
            out,
        } => {
            let key = PrivateKey::random()?;
            key.save(out)?;
            Ok(format!(
                "--public {} --proof {}\n",
                key.public(),
                key.prove_possession(client, environment)
            ))
        }
        KeysTask::Bootstrap(new) => {
            let config = KeysConfig::new(data.join("keys"), environment.clone());
            let outcome = Keys::open(config, Arc::new(SystemClock))?.bootstrap(NewKey {
                client: new.client.clone(),
                scopes: new.role.scopes(),
                verifier: NewVerifier::Ed25519 {
                    public: new.public,
                    proof: new.proof,
                },
                lifetime: Duration::from_secs(24 * 60 * 60).saturating_mul(new.days),
            })?;
            Ok(match outcome {
                Outcome::Done { key: Some(key), .. } => {
                    format!(
                        "key {} of {}, version {}\n",
                        key.id, key.client, key.version
                    )
                }
                _ => String::new(),
            })
        }
    }
}
