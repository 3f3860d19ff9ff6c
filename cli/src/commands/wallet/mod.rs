//! `wallet`: the account of a person, at a node.

mod args;
mod show;

use std::{fs, io, io::Read as _, path::Path, time::Duration};

pub(crate) use args::WalletArgs;
use args::{
    Asked, Encrypting, ExportArgs, NewArgs, OrderArgs, PassphraseArgs, Place, RestoreArgs, Waiting,
    WalletTask, WatchArgs,
};
use winterlane_prover::SimdCompressor;
use winterlane_wallet::{
    MasterSeed, Passphrase,
    account::{
        AccountError, AccountWallet, HOT, Intent, NewAccount, Restore, Resumed, Sent, Terms,
    },
    client::{ClientConfig, NodeClient},
};
use zeroize::Zeroizing;

use super::passphrase as secret;
use crate::{Failure, show as screen, threads};

type Wallet = AccountWallet<SimdCompressor>;

/// The longest text of a seed that is read.
const MAX_SEED: u64 = 4096;

/// Runs `wallet`.
pub(super) fn wallet(args: &WalletArgs) -> Result<String, Failure> {
    threads::start(None)?;
    match &args.task {
        WalletTask::New(args) => new(args),
        WalletTask::Restore(args) => restore(args),
        WalletTask::Show(args) => {
            let mut wallet = open(&args.place)?;
            let node = client(&args.asked, &wallet)?;
            let seen = wallet.look(&node, args.asked.root).map_err(failure)?;
            show::account(
                &wallet,
                &seen,
                node.address(),
                args.asked.root.is_some(),
                args.json,
            )
        }
        WalletTask::Send(args) => {
            let (to, amount) = (args.to, args.amount);
            order(&args.order, Intent::Pay { to, amount })
        }
        WalletTask::Withdraw(args) => {
            let (recipient, amount) = (args.recipient, args.amount);
            order(&args.order, Intent::Withdraw { recipient, amount })
        }
        WalletTask::Rotate(args) => order(
            &args.order,
            Intent::Rotate {
                slot: args.slot.slot(),
            },
        ),
        WalletTask::Watch(args) => watch(args),
        WalletTask::Passphrase(args) => passphrase(args),
        WalletTask::Export(args) => export(args),
    }
}

/// Whose fault it is: what is false or refused is invalid, what is missing or in the way is unusable.
fn failure(error: AccountError) -> Failure {
    match error {
        AccountError::OtherRollup { .. }
        | AccountError::OtherRoot { .. }
        | AccountError::FalseProof(_)
        | AccountError::Older { .. }
        | AccountError::ForeignKey { .. }
        | AccountError::NonceBehind { .. }
        | AccountError::Refused { .. }
        | AccountError::Held { .. } => Failure::invalid(error),
        error => Failure::unusable(error),
    }
}

fn open(place: &Place) -> Result<Wallet, Failure> {
    open_again(place, &mut None)
}

/// Opens a wallet by a passphrase that may be known already, and else is from then on.
fn open_again(place: &Place, passphrase: &mut Option<Passphrase>) -> Result<Wallet, Failure> {
    let directory = &place.wallet;
    let open = |passphrase: Option<&Passphrase>| match AccountWallet::open_with(
        directory,
        passphrase,
        SimdCompressor,
    ) {
        Err(AccountError::Wallet(error)) => Err(error),
        opened => Ok(opened),
    };
    let file = place.passphrase_file.as_deref();
    let opened = secret::unlocked(passphrase, file, directory, open)?;
    opened.map_err(failure)
}

/// The passphrase that a new wallet's seed is encrypted by, if it is to be.
fn new_passphrase(place: &Place, encrypting: &Encrypting) -> Result<Option<Passphrase>, Failure> {
    let file = place.passphrase_file.as_deref();
    let wanted = encrypting.encrypt || file.is_some();
    wanted.then(|| secret::chosen(file)).transpose()
}

fn passphrase(args: &PassphraseArgs) -> Result<String, Failure> {
    let wallet = open(&args.place)?;
    let new = match args.none {
        true => None,
        false => Some(secret::chosen(args.new_passphrase_file.as_deref())?),
    };
    wallet.encrypt(new.as_ref()).map_err(failure)?;
    let directory = args.place.wallet.display();
    Ok(match new {
        Some(_) => {
            format!("the seed of the wallet in {directory} is encrypted by the new passphrase\n")
        }
        None => format!("the seed of the wallet in {directory} is not encrypted\n"),
    })
}

/// The node that was asked for, or else the one that the wallet was made with.
fn client(asked: &Asked, wallet: &Wallet) -> Result<NodeClient, Failure> {
    let node = asked.node.as_deref().unwrap_or(wallet.node());
    connect(node, asked.certificate.as_deref())
}

pub(super) fn connect(node: &str, certificate: Option<&Path>) -> Result<NodeClient, Failure> {
    // A node that is just started is waited for: some seconds in all.
    let config = ClientConfig {
        attempts: 8,
        ..ClientConfig::default()
    };
    NodeClient::new(node, certificate, config).map_err(Failure::unusable)
}

fn new(args: &NewArgs) -> Result<String, Failure> {
    // A wrong address is told before anything is made.
    connect(&args.node, None)?;
    let new = NewAccount {
        account: args.account,
        asset: args.asset,
        node: args.node.clone(),
        hot_height: args.heights.height,
        cold_height: args.heights.cold_height,
    };
    let directory = &args.place.wallet;
    let passphrase = new_passphrase(&args.place, &args.encrypting)?;
    let wallet = AccountWallet::create_with(directory, &new, passphrase.as_ref(), SimdCompressor)
        .map_err(failure)?;
    if let Some(path) = &args.public {
        write_whole(path, &wallet.public().to_toml())?;
    }
    Ok(show::made(&wallet, directory))
}

fn restore(args: &RestoreArgs) -> Result<String, Failure> {
    let node = connect(&args.node, args.certificate.as_deref())?;
    let seed = seed(&args.seed)?;
    let from = Restore {
        account: args.account,
        node: args.node.clone(),
        root: args.root,
        attempt: args.attempt,
        hot_height: args.heights.height,
        cold_height: args.heights.cold_height,
    };
    let directory = &args.place.wallet;
    let passphrase = new_passphrase(&args.place, &args.encrypting)?;
    let seed = (seed, passphrase.as_ref());
    let mut wallet = AccountWallet::restore_with(directory, seed, &from, &node, SimdCompressor)
        .map_err(failure)?;
    let terms = Terms {
        root: args.root,
        ..Terms::default()
    };
    let sent = wallet
        .order(&node, Intent::Rotate { slot: HOT }, terms)
        .map_err(|error| match failure(error) {
            Failure::Invalid(reason) | Failure::Unusable(reason) => Failure::Unusable(format!(
                "the wallet in {} is made, and its key is not the account's yet: {reason}; go on with `winterlane wallet rotate`",
                directory.display()
            )),
        })?;
    let place = wait(&wallet, &node, &sent, &args.waiting)?;
    Ok(show::sent(&[sent], place.as_ref()))
}

fn seed(path: &Path) -> Result<MasterSeed, Failure> {
    let mut text = Zeroizing::new(String::new());
    let read = if path.as_os_str() == "-" {
        io::stdin().lock().take(MAX_SEED).read_to_string(&mut text)
    } else {
        fs::File::open(path).and_then(|file| file.take(MAX_SEED).read_to_string(&mut text))
    };
    read.map_err(|error| super::named(path, error))?;
    MasterSeed::parse_backup(&text).map_err(|error| super::named(path, error))
}

/// Gives an order. Keys that are three quarters used are replaced first.
fn order(args: &OrderArgs, intent: Intent) -> Result<String, Failure> {
    let mut wallet = open(&args.place)?;
    let node = client(&args.asked, &wallet)?;
    if let Some(resumed) = wallet.resume(&node).map_err(failure)? {
        return Err(Failure::Unusable(told(&resumed)));
    }
    let terms = args.terms();
    let mut sent = match intent {
        // It replaces a key itself.
        Intent::Rotate { .. } => Vec::new(),
        _ => wallet.keep_keys(&node, terms).map_err(failure)?,
    };
    sent.push(wallet.order(&node, intent, terms).map_err(failure)?);
    let place = match sent.last() {
        Some(last) => wait(&wallet, &node, last, &args.waiting)?,
        None => None,
    };
    if args.json {
        return show::sent_json(&sent, place.as_ref());
    }
    Ok(show::sent(&sent, place.as_ref()))
}

fn told(resumed: &Resumed) -> String {
    match resumed {
        Resumed::Sent(Sent { what, batch, .. }) => format!(
            "an earlier order ({what}) had no answer; it was sent again, and the node has it for batch {batch}. Nothing else was \
             ordered: run the command again if you want that too"
        ),
        Resumed::Dropped { what, reason } => format!(
            "an earlier order ({what}) had no answer; it was sent again, and the node refused it: {reason}. Nothing else was \
             ordered: look at the account with `winterlane wallet show`, and run the command again"
        ),
    }
}

fn wait(
    wallet: &Wallet,
    node: &NodeClient,
    sent: &Sent,
    waiting: &Waiting,
) -> Result<Option<winterlane_wallet::client::OrderPlace>, Failure> {
    let Some(wanted) = waiting.wait else {
        return Ok(None);
    };
    let place = wallet.wait(node, sent, wanted.stage(), waiting.patience());
    place.map(Some).map_err(failure)
}

/// Looks at the account now and then. Ends with 1 as soon as a person has to look.
fn watch(args: &WatchArgs) -> Result<String, Failure> {
    let mut passphrase = None;
    loop {
        // Opened anew each time: between two looks other commands may use it.
        let mut wallet = open_again(&args.place, &mut passphrase)?;
        let node = client(&args.asked, &wallet)?;
        if args.rotate {
            if let Some(resumed) = wallet.resume(&node).map_err(failure)? {
                screen::say(told(&resumed));
            }
            let terms = Terms {
                root: args.asked.root,
                ..Terms::default()
            };
            for sent in wallet.keep_keys(&node, terms).map_err(failure)? {
                screen::say(format_args!("{}: in batch {}", sent.what, sent.batch));
            }
        }
        let seen = wallet.look(&node, args.asked.root).map_err(failure)?;
        let health = wallet.health(&seen);
        drop(wallet);
        if let Some(path) = &args.metrics {
            write_whole(path, &health.metrics())?;
        }
        let findings = health.findings();
        if !findings.is_empty() {
            let findings: Vec<_> = findings.iter().map(ToString::to_string).collect();
            let account = health.account;
            return Err(Failure::Invalid(format!(
                "account {account}: {}",
                findings.join("; ")
            )));
        }
        if args.once {
            return Ok(show::health(&health));
        }
        std::thread::sleep(Duration::from_secs(args.every));
    }
}

/// Writes a file beside its place and renames it, so that nobody reads half of it.
fn write_whole(path: &Path, text: &str) -> Result<(), Failure> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let written =
        tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).and_then(|mut file| {
            io::Write::write_all(&mut file, text.as_bytes())?;
            // Another user's collector reads it.
            #[cfg(unix)]
            fs::set_permissions(
                file.path(),
                std::os::unix::fs::PermissionsExt::from_mode(0o644),
            )?;
            file.persist(path).map_err(|error| error.error)
        });
    written.map(drop).map_err(|error| super::named(path, error))
}

fn export(args: &ExportArgs) -> Result<String, Failure> {
    let wallet = open(&args.place)?;
    if args.public {
        return Ok(wallet.public().to_toml());
    }
    screen::say(
        "the seed is every key of the wallet: who has it can pay. It does not say what the keys have signed: \
         make a wallet from it by `winterlane wallet restore` alone, and never use it in two places",
    );
    Ok(format!("{}\n", *wallet.backup_text()))
}
