//! `wallet`: the account of a person, at a node.

mod args;
mod show;
mod watch;

use std::path::Path;

use args::{AdoptArgs, ExportArgs, NewArgs, OrderArgs, RestoreArgs, Waiting, WalletTask};
pub(crate) use args::{Asked, Place, WalletArgs};
use indicatif::MultiProgress;
use winterlane_prover::SimdCompressor;
use winterlane_wallet::{
    Passphrase, Wallet as SigningWallet,
    account::{
        AccountError, AccountWallet, COLD, HOT, Intent, NewAccount, Restore, Resumed, Sent, Terms,
    },
    client::{ClientConfig, NodeClient},
};

use super::{
    passphrase::{self as secret, UnlockError},
    seed::read_seed,
    spinner,
};
use crate::{
    Failure,
    files::{self, Access},
    interrupt, show as screen, threads,
};

pub(super) type Wallet = AccountWallet<SimdCompressor>;

/// Runs `wallet`.
pub(super) fn wallet(args: &WalletArgs, screen: &MultiProgress) -> Result<String, Failure> {
    threads::start(None)?;
    match &args.task {
        WalletTask::New(args) => new(args),
        WalletTask::Restore(args) => restore(args, screen),
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
            order(&args.order, Intent::Pay { to, amount }, None, screen)
        }
        WalletTask::Withdraw(args) => {
            let (recipient, amount) = (args.recipient, args.amount);
            let intent = Intent::Withdraw { recipient, amount };
            order(&args.order, intent, None, screen)
        }
        WalletTask::Rotate(args) => {
            let slot = args.slot.slot();
            order(&args.order, Intent::Rotate { slot }, args.height, screen)
        }
        WalletTask::Watch(args) => watch::watch(args),
        WalletTask::Passphrase(args) => {
            secret::change(&args.place.wallet, &args.place.unlock, &args.change)
        }
        WalletTask::Adopt(args) => adopt(args),
        WalletTask::Export(args) => export(args),
    }
}

/// Whose fault it is: what is false or refused is invalid, what is missing or in the way is unusable.
pub(super) fn failure(error: AccountError) -> Failure {
    match error {
        AccountError::OtherRollup { .. }
        | AccountError::OtherRoot { .. }
        | AccountError::FalseProof(_)
        | AccountError::Older { .. }
        | AccountError::ForeignKey { .. }
        | AccountError::NonceBehind { .. }
        | AccountError::OtherBalance { .. }
        | AccountError::HighFee { .. }
        | AccountError::Refused { .. }
        | AccountError::Held { .. } => Failure::invalid(error),
        error => Failure::unusable(error),
    }
}

pub(super) fn open(place: &Place) -> Result<Wallet, Failure> {
    Ok(open_again(place, &mut None)?)
}

/// Opens a wallet by a passphrase that may be known already, and else is from then on.
fn open_again(place: &Place, passphrase: &mut Option<Passphrase>) -> Result<Wallet, UnlockError> {
    let directory = &place.wallet;
    let open = |passphrase: Option<&Passphrase>| match AccountWallet::open_with(
        directory,
        passphrase,
        SimdCompressor,
    ) {
        Err(AccountError::Wallet(error)) => Err(error),
        opened => Ok(opened),
    };
    let file = place.unlock.passphrase_file.as_deref();
    let opened = secret::unlocked(passphrase, file, directory, open)?;
    opened.map_err(|error| UnlockError::Asked(failure(error)))
}

/// The node that was asked for, or else the one that the wallet was made with.
pub(super) fn client(asked: &Asked, wallet: &Wallet) -> Result<NodeClient, Failure> {
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

fn adopt(args: &AdoptArgs) -> Result<String, Failure> {
    let directory = &args.place.wallet;
    if !args.nothing_signed_since {
        return Err(Failure::Unusable(format!(
            "{}: a copy does not know what the original has signed since: say --nothing-signed-since if that is nothing, and the \
             original is gone. Otherwise `winterlane wallet restore` makes a wallet that takes new keys",
            directory.display()
        )));
    }
    let open = |passphrase: Option<&Passphrase>| SigningWallet::adopt_with(directory, passphrase);
    let file = args.place.unlock.passphrase_file.as_deref();
    let wallet = secret::unlocked(&mut None, file, directory, open)?;
    let signed = wallet.journal().len();
    if args.json {
        return screen::json(&serde_json::json!({ "adopted": true, "signatures": signed }));
    }
    let mut lines = screen::Lines::default();
    lines.add("adopted", directory.display());
    lines.add("has signed", screen::counted(signed, "message"));
    Ok(lines.0)
}

fn new(args: &NewArgs) -> Result<String, Failure> {
    // What is wrong is told before anything is made.
    connect(&args.node, None)?;
    if let Some(path) = &args.public {
        files::check_new(path).map_err(Failure::unusable)?;
    }
    let new = NewAccount {
        account: args.account,
        asset: args.asset,
        node: args.node.clone(),
        hot_height: args.heights.height,
        cold_height: args.heights.cold_height,
    };
    let directory = &args.place.wallet;
    files::check_for_wallet(directory).map_err(Failure::unusable)?;
    let passphrase = secret::of_new(&args.place.unlock, &args.encrypting)?;
    let wallet = AccountWallet::create_with(directory, &new, passphrase.as_ref(), SimdCompressor)
        .map_err(failure)?;
    if let Some(path) = &args.public {
        let text = wallet.public().to_toml();
        files::write_new(path, text.as_bytes(), Access::Open).map_err(|error| {
            Failure::Unusable(format!(
                "the wallet in {} is made, and {error}; `winterlane wallet export --public` prints the same",
                directory.display()
            ))
        })?;
    }
    let encrypted = wallet.is_encrypted().map_err(failure)?;
    if args.json {
        return show::made_json(&wallet, encrypted);
    }
    Ok(show::made(&wallet, directory, encrypted))
}

fn restore(args: &RestoreArgs, screen: &MultiProgress) -> Result<String, Failure> {
    let node = connect(&args.node, args.certificate.as_deref())?;
    let seed = read_seed(&args.seed)?;
    let from = Restore {
        account: args.account,
        node: args.node.clone(),
        root: args.root,
        attempt: args.attempt,
        hot_height: args.heights.height,
        cold_height: args.heights.cold_height,
    };
    let directory = &args.place.wallet;
    files::check_for_wallet(directory).map_err(Failure::unusable)?;
    let passphrase = secret::of_new(&args.place.unlock, &args.encrypting)?;
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
    let place = wait(&wallet, &node, &sent, &args.waiting, (screen, args.json))?;
    if args.json {
        return show::sent_json(&[sent], place.as_ref());
    }
    Ok(show::sent(&[sent], place.as_ref()))
}

/// Gives an order. Keys that are three quarters used are replaced first. `height` is that of the key which a rotation
/// installs, where it is not to be as that of the present one.
fn order(
    args: &OrderArgs,
    intent: Intent,
    height: Option<u32>,
    screen: &MultiProgress,
) -> Result<String, Failure> {
    if let (Intent::Rotate { slot: COLD }, Some(..5)) = (intent, height) {
        return Err(Failure::Unusable(
            "a key that replaces keys has 2^5 one-time keys at least: take a --height of 5 to 10"
                .into(),
        ));
    }
    let mut wallet = open(&args.place)?;
    let node = client(&args.asked, &wallet)?;
    if let Some(resumed) = wallet.resume(&node).map_err(failure)? {
        return Err(Failure::Unusable(told(&resumed)));
    }
    if let (Intent::Rotate { slot }, Some(height)) = (intent, height) {
        wallet.prepare_key(slot, height).map_err(failure)?;
    }
    let terms = args.terms();
    let mut sent = match intent {
        // It replaces a key itself.
        Intent::Rotate { .. } => Vec::new(),
        _ => wallet.keep_keys(&node, terms).map_err(failure)?,
    };
    sent.push(wallet.order(&node, intent, terms).map_err(failure)?);
    let place = match sent.last() {
        Some(last) => wait(&wallet, &node, last, &args.waiting, (screen, args.json))?,
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
    (screen, quiet): (&MultiProgress, bool),
) -> Result<Option<winterlane_wallet::client::OrderPlace>, Failure> {
    let Some(wanted) = waiting.wait else {
        return Ok(None);
    };
    let _done = interrupt::say_done(
        "the node has the order: `winterlane wallet show` says what became of it",
    );
    let progress = spinner(screen, quiet);
    progress.set_message(format!(
        "waiting until batch {} is {}, for {} s at most",
        sent.batch,
        wanted.stage().name(),
        waiting.timeout
    ));
    let place = wallet.wait(node, sent, wanted.stage(), waiting.patience());
    progress.finish_and_clear();
    place.map(Some).map_err(failure)
}

fn export(args: &ExportArgs) -> Result<String, Failure> {
    let wallet = open(&args.place)?;
    if args.public {
        let public = wallet.public();
        return match args.json {
            true => screen::json(&public),
            false => Ok(public.to_toml()),
        };
    }
    screen::say(
        "the seed is every key of the wallet: who has it can pay. It does not say what the keys have signed: \
         make a wallet from it by `winterlane wallet restore` alone, and never use it in two places",
    );
    let text = wallet.backup_text();
    match args.json {
        true => screen::json(&serde_json::json!({ "seed": *text })),
        false => Ok(format!("{}\n", *text)),
    }
}
