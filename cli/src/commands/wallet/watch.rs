//! `wallet watch`: looks at the account again and again, until a person has to.

use std::{
    fs::{self, File},
    io::Read as _,
    path::Path,
    thread,
    time::Duration,
};

use winterlane_wallet::{
    Passphrase, WalletError,
    account::{AccountError, Terms},
};

use super::{args::WatchArgs, client, failure, open_again, show, told};
use crate::{
    Failure,
    commands::{named, passphrase::UnlockError, session::now},
    files::{self, Access},
    show as screen,
};

/// The longest pause after looks that came to nothing, unless looks are further apart.
const LONGEST: Duration = Duration::from_secs(600);

/// Why there was nothing to see.
enum Unseen {
    /// The next look may see something.
    Passing(Failure),
    /// None will, unless somebody does something; or somebody has to look.
    Final(Failure),
}

impl From<Failure> for Unseen {
    fn from(failure: Failure) -> Self {
        Self::Final(failure)
    }
}

impl From<AccountError> for Unseen {
    fn from(error: AccountError) -> Self {
        match error.passes() {
            true => Self::Passing(failure(error)),
            false => Self::Final(failure(error)),
        }
    }
}

impl From<UnlockError> for Unseen {
    fn from(error: UnlockError) -> Self {
        match error {
            UnlockError::Wallet(WalletError::Locked { .. }) => Self::Passing(error.into()),
            error => Self::Final(error.into()),
        }
    }
}

/// How long to wait after so many looks in a row that came to nothing: longer and longer.
fn pause(every: Duration, failed: u32) -> Duration {
    let longer = every.saturating_mul(2_u32.saturating_pow(failed.saturating_sub(1)));
    longer.min(LONGEST.max(every))
}

/// Looks at the account now and then. Ends with 1 as soon as a person has to look, and with 2 when nobody will see anything
/// until somebody does something. A node that is away is neither: it is told once, and asked again.
pub(super) fn watch(args: &WatchArgs) -> Result<String, Failure> {
    let every = Duration::from_secs(args.every);
    let mut passphrase = None;
    let mut failed = 0;
    loop {
        match look(args, &mut passphrase) {
            Ok(seen) if args.once => return Ok(seen),
            Ok(_) => {
                if failed > 0 {
                    screen::say("the account can be looked at again");
                }
                failed = 0;
            }
            Err(Unseen::Passing(failure)) if !args.once => {
                if failed == 0 {
                    let (Failure::Invalid(why) | Failure::Unusable(why)) = failure;
                    screen::say(format_args!(
                        "the account cannot be looked at: {why}; it is tried again, later and later"
                    ));
                }
                failed += 1;
            }
            Err(Unseen::Passing(failure) | Unseen::Final(failure)) => return Err(failure),
        }
        // An interrupt ends the process from here, too.
        thread::sleep(pause(every, failed));
    }
}

/// One look; what is to be printed if it is the only one.
fn look(args: &WatchArgs, passphrase: &mut Option<Passphrase>) -> Result<String, Unseen> {
    // Opened anew each time: between two looks other commands may use it.
    let mut wallet = open_again(&args.place, passphrase)?;
    let node = client(&args.asked, &wallet)?;
    if args.rotate {
        if let Some(resumed) = wallet.resume(&node)? {
            screen::say(told(&resumed));
        }
        let terms = Terms {
            root: args.asked.root,
            ..Terms::default()
        };
        for sent in wallet.keep_keys(&node, terms)? {
            screen::say(format_args!("{}: in batch {}", sent.what, sent.batch));
        }
    }
    let seen = wallet.look(&node, args.asked.root)?;
    let health = wallet.health(&seen);
    drop(wallet);
    if let Some(path) = &args.metrics {
        // A file that stays as it was says that nobody sees anything any more.
        let looked = format!(
            "# HELP winterlane_wallet_looked_seconds When the account was looked at, in seconds since 1970.\n\
             # TYPE winterlane_wallet_looked_seconds gauge\n\
             winterlane_wallet_looked_seconds{{account=\"{}\"}} {}\n",
            health.account,
            now()
        );
        write_metrics(path, &(health.metrics() + &looked))?;
    }
    let findings = health.findings();
    if args.json {
        screen::print(&show::health_json(&health)?)?;
    }
    if !findings.is_empty() {
        let findings: Vec<_> = findings.iter().map(ToString::to_string).collect();
        let account = health.account;
        return Err(Failure::Invalid(format!("account {account}: {}", findings.join("; "))).into());
    }
    Ok(match args.json {
        true => String::new(),
        false => show::health(&health),
    })
}

/// How every file of metrics of a wallet begins.
const METRICS: &[u8] = b"# HELP winterlane_wallet_";

/// Writes metrics for a collector, in the place of those of the last look; and of nothing else, since a name that was
/// mistyped may be that of a seed.
fn write_metrics(path: &Path, text: &str) -> Result<(), Failure> {
    let mut start = Vec::new();
    let found = match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => File::open(path)
            .and_then(|file| file.take(METRICS.len() as u64).read_to_end(&mut start))
            .map(|_| !start.is_empty() && start != METRICS),
        // What is no regular file is refused where it would be replaced.
        _ => Ok(false),
    };
    match found {
        Ok(false) => {
            files::write_over(path, text.as_bytes(), Access::Open).map_err(Failure::unusable)
        }
        Ok(true) => Err(Failure::Unusable(format!(
            "--metrics: {} is there, and has no metrics of a wallet; it was not written over: name another file",
            path.display()
        ))),
        Err(error) => Err(named(path, error)),
    }
}

#[cfg(test)]
mod tests {
    use winterlane_ledger::AccountId;
    use winterlane_wallet::client::ClientError;

    use super::*;

    /// A mistyped name may be that of anything.
    #[test]
    fn metrics_take_the_place_of_metrics_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let metrics = "# HELP winterlane_wallet_balance what there is\n";
        write_metrics(&path("new"), metrics).unwrap();
        write_metrics(&path("new"), &format!("{metrics}more\n")).unwrap();
        assert!(fs::read_to_string(path("new")).unwrap().ends_with("more\n"));
        fs::write(path("seed"), "a seed").unwrap();
        fs::write(path("empty"), "").unwrap();
        write_metrics(&path("empty"), metrics).unwrap();
        let mut others = vec!["seed", "."];
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("new", path("link")).unwrap();
            others.push("link");
        }
        for name in others {
            assert!(matches!(
                write_metrics(&path(name), metrics),
                Err(Failure::Unusable(_))
            ));
        }
        assert_eq!(fs::read_to_string(path("seed")).unwrap(), "a seed");
        assert!(fs::read_to_string(path("new")).unwrap().ends_with("more\n"));
    }

    #[test]
    fn pauses_grow_to_an_end() {
        let every = Duration::from_secs(60);
        let pauses = [0, 1, 2, 3, 4, 5, 40, u32::MAX].map(|failed| pause(every, failed).as_secs());
        assert_eq!(pauses, [60, 60, 120, 240, 480, 600, 600, 600]);
        let day = Duration::from_secs(86_400);
        assert_eq!(pause(day, 7), day);
    }

    #[test]
    fn what_passes_is_tried_again_and_what_does_not_ends() {
        let away = ClientError::NoAnswer {
            address: "here".into(),
            source: "nobody".into(),
        };
        let locked = || WalletError::Locked {
            path: "wallet".into(),
        };
        for passing in [
            Unseen::from(AccountError::Node(away)),
            AccountError::Wallet(locked()).into(),
            UnlockError::Wallet(locked()).into(),
        ] {
            assert!(matches!(passing, Unseen::Passing(_)));
        }
        let address = ClientError::Address {
            address: "nowhere".into(),
        };
        for lasting in [
            Unseen::from(AccountError::Node(address)),
            AccountError::NoAccount {
                account: AccountId::new(7),
            }
            .into(),
            Failure::Unusable("a passphrase that is none".into()).into(),
        ] {
            assert!(matches!(lasting, Unseen::Final(_)));
        }
    }
}
