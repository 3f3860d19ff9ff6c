//! `private`: notes of a shielded pool that lies in files.

mod demo;
mod known;
mod policy;
mod spend;
mod store;

use std::path::Path;

use indicatif::MultiProgress;
use serde::Serialize;
use winterlane_ledger::{AssetId, Domain, pool::PoolOperation};
use winterlane_wallet::{
    Wallet, WalletError,
    notes::{NoteBook, PaymentAddress, State, ViewingKey, shield},
};

pub(super) use demo::demo;
use known::Found;
use store::{Appended, PoolStore};

use super::{
    passphrase::{self, UnlockError},
    seed::read_seed,
    spinner,
};
use crate::{
    Failure,
    args_passphrase::UnlockArgs,
    args_private::{DiscloseArgs, KeyArgs, PrivateCommand, ScanArgs, ShieldArgs},
    files::{self, Access},
    show::{self, Lines, counted, grouped},
    threads,
};

/// Runs a command of `private`.
pub(super) fn private(command: &PrivateCommand, screen: &MultiProgress) -> Result<String, Failure> {
    threads::start(None)?;
    match command {
        PrivateCommand::Key(args) => key(args),
        PrivateCommand::Shield(args) => shield_note(args, screen),
        PrivateCommand::Send(args) => spend::send(args, screen),
        PrivateCommand::Withdraw(args) => spend::withdraw(args, screen),
        PrivateCommand::Scan(args) => scan(args, screen),
        PrivateCommand::Disclose(args) => disclose(args),
        PrivateCommand::Policy(args) => policy::policy(args),
        PrivateCommand::Passphrase(args) => {
            passphrase::change(&args.wallet, &args.unlock, &args.change)
        }
    }
}

/// Opens a wallet, and says how to make one.
pub(super) fn open_wallet(directory: &Path, unlock: &UnlockArgs) -> Result<Wallet, Failure> {
    passphrase::open(directory, unlock).map_err(|error| match error {
        UnlockError::Wallet(error @ WalletError::Missing { .. }) => Failure::Unusable(format!(
            "{error}; `winterlane private key --wallet {}` makes one",
            directory.display()
        )),
        error => error.into(),
    })
}

/// Reads the address in a file.
pub(super) fn address(path: &Path) -> Result<PaymentAddress, Failure> {
    let text = files::read_text(path).map_err(Failure::unusable)?;
    let read = text.parse();
    read.map_err(|error| Failure::Unusable(format!("{}: no address: {error}", path.display())))
}

#[derive(Serialize)]
struct KeyMade {
    made: bool,
    encrypted: bool,
    account: u32,
    address: String,
}

fn key(args: &KeyArgs) -> Result<String, Failure> {
    let (directory, unlock) = (&args.wallet.wallet, &args.wallet.unlock);
    // Before a wallet is made for them.
    if let Some(path) = &args.backup {
        files::check_new(path).map_err(Failure::unusable)?;
    }
    if let Some(path) = &args.out {
        files::check_place(path).map_err(Failure::unusable)?;
    }
    let (wallet, made) = match &args.restore {
        None => passphrase::open_or_make(directory, unlock, &args.encrypting)?,
        Some(path) => {
            files::check_for_wallet(directory).map_err(Failure::unusable)?;
            let seed = read_seed(path)?;
            let passphrase = passphrase::of_new(unlock, &args.encrypting)?;
            let wallet = Wallet::import_with(directory, seed, passphrase.as_ref());
            (wallet.map_err(Failure::unusable)?, true)
        }
    };
    let encrypted = wallet.is_encrypted().map_err(Failure::unusable)?;
    if let Some(path) = &args.backup {
        let text = wallet.backup_text();
        let mut bytes = zeroize::Zeroizing::new(text.as_bytes().to_vec());
        bytes.push(b'\n');
        files::write_new(path, &bytes, Access::Owner).map_err(Failure::unusable)?;
    }
    let address = wallet.note_secret(args.wallet.account).payment_address();
    let account = args.wallet.account;
    let text = address.to_string();
    if let Some(out) = &args.out {
        files::write_same(out, format!("{text}\n").as_bytes(), Access::Published)
            .map_err(Failure::unusable)?;
    }
    if args.json {
        return show::json(&KeyMade {
            made,
            encrypted,
            account,
            address: text,
        });
    }
    let mut lines = Lines::default();
    lines.add(
        "wallet",
        format_args!(
            "{} ({})",
            directory.display(),
            if made { "made" } else { "opened" }
        ),
    );
    lines.add("seed", passphrase::said(encrypted));
    lines.add("account", account);
    match &args.out {
        Some(out) => lines.add("address", format_args!("in {}", out.display())),
        None => lines.add("address", text),
    }
    Ok(lines.0)
}

fn shield_note(args: &ShieldArgs, screen: &MultiProgress) -> Result<String, Failure> {
    let to = address(&args.to)?;
    let progress = spinner(screen, args.json);
    let mut store = PoolStore::open_to_append(&args.pool, true, &progress)?;
    let (published, _) = shield(&to, args.asset, args.amount).map_err(Failure::unusable)?;
    let recipient = published.recipient();
    let checked = store.check(store.shielding(published))?;
    let appended = store.append(checked)?;
    progress.finish_and_clear();
    if args.json {
        return show::json(&appended);
    }
    let mut lines = Lines::default();
    lines.add(
        "shielded",
        format_args!("{} of asset {}", args.amount, args.asset),
    );
    say_appended(&mut lines, &appended);
    let hex: String = recipient.iter().map(|byte| format!("{byte:02x}")).collect();
    lines.add(
        "paid by",
        format_args!("a withdrawal from the rollup to 0x{hex}"),
    );
    Ok(lines.0)
}

/// The lines that every operation ends with.
fn say_appended(lines: &mut Lines, appended: &Appended) {
    lines.add("operation", appended.operation);
    let positions: Vec<_> = appended.positions.iter().map(ToString::to_string).collect();
    lines.add("notes at positions", positions.join(", "));
    lines.add("published bytes", grouped(appended.published_bytes));
    if appended.proof_bytes > 0 {
        lines.add("proof bytes", grouped(appended.proof_bytes));
    }
}

#[derive(Serialize)]
struct Scanned {
    domain: Domain,
    operations: u64,
    notes_in_the_pool: u64,
    balances: Vec<Balance>,
    notes: Vec<Shown>,
    /// What the reader did not say: whoever made the files chose it, and what was found holds if it is right.
    taken_as_found: Vec<Found>,
}

/// Amounts are text: they may be beyond what programs take for a number.
#[derive(Serialize)]
struct Balance {
    asset: AssetId,
    amount: String,
}

#[derive(Serialize)]
struct Shown {
    position: u32,
    asset: AssetId,
    value: String,
    made_by: u64,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    spent_by: Option<u64>,
}

impl Scanned {
    fn of(book: &NoteBook, domain: Domain, taken_as_found: Vec<Found>) -> Self {
        let balances = book.balances().into_iter().map(|(asset, amount)| Balance {
            asset,
            amount: amount.to_string(),
        });
        let notes = book.notes().iter().map(|found| Shown {
            position: found.position,
            asset: found.note.asset,
            value: found.note.value.to_string(),
            made_by: found.made,
            state: match found.state {
                State::Unspent => "unspent",
                State::Pending { .. } => "pending",
                State::Spent { .. } => "spent",
            },
            spent_by: match found.state {
                State::Spent { by } => Some(by),
                _ => None,
            },
        });
        Self {
            domain,
            operations: book.operations(),
            notes_in_the_pool: book.position(),
            balances: balances.collect(),
            notes: notes.collect(),
            taken_as_found,
        }
    }

    fn text(&self) -> String {
        let mut lines = Lines::default();
        let operations = counted(
            usize::try_from(self.operations).unwrap_or(usize::MAX),
            "operation",
        );
        lines.add("verified", operations);
        lines.add("domain", self.domain);
        lines.add("notes in the pool", self.notes_in_the_pool);
        for balance in &self.balances {
            lines.add(
                &format!("balance, asset {}", balance.asset),
                &balance.amount,
            );
        }
        if self.balances.is_empty() {
            lines.add("balance", "nothing");
        }
        for note in &self.notes {
            let spent = note
                .spent_by
                .map_or(String::new(), |by| format!(" by operation {by}"));
            let said = format!(
                "{} of asset {} from operation {}, {}{spent}",
                note.value, note.asset, note.made_by, note.state
            );
            lines.add(&format!("note {}", note.position), said);
        }
        known::add_found(&mut lines, &self.taken_as_found);
        lines.0
    }
}

fn scan(args: &ScanArgs, screen: &MultiProgress) -> Result<String, Failure> {
    store::check_there(&args.pool)?;
    let policy = args.policy.as_deref().map(policy::read).transpose()?;
    let reader = Reader::of(args)?;
    let progress = spinner(screen, args.json);
    let store = PoolStore::open(&args.pool, &progress)?;
    let found = known::compare(&store, args)?;
    if let Some(policy) = &policy {
        store.check_policy(policy)?;
    }
    progress.set_message(format!(
        "scanning {}",
        counted(store.operations.len(), "operation")
    ));
    let scanned = match &reader {
        Reader::Viewing(key) => {
            let mut book = NoteBook::new(*store.domain());
            book.scan(key, &store.operations);
            Scanned::of(&book, *store.domain(), found)
        }
        Reader::Owner(wallet) => {
            let mut notes = if args.rescan {
                wallet.notes_anew(args.account, store.domain())
            } else {
                wallet
                    .notes(args.account, store.domain())
                    .map_err(Failure::unusable)?
            };
            let new = store.new_for(notes.book())?;
            notes.scan(new).map_err(Failure::unusable)?;
            Scanned::of(notes.book(), *store.domain(), found)
        }
    };
    progress.finish_and_clear();
    if args.json {
        return show::json(&scanned);
    }
    Ok(scanned.text())
}

/// Who reads a pool.
enum Reader {
    /// Whoever has a viewing key.
    Viewing(Box<ViewingKey>),
    /// The owner of a wallet.
    Owner(Box<Wallet>),
}

impl Reader {
    /// Opens what is read with. Before anything that takes long: the terminal may be asked for a passphrase.
    fn of(args: &ScanArgs) -> Result<Self, Failure> {
        let Some(path) = &args.viewing_key else {
            let directory = args.wallet.as_deref().unwrap_or(Path::new("."));
            return Ok(Self::Owner(Box::new(open_wallet(directory, &args.unlock)?)));
        };
        let text = zeroize::Zeroizing::new(files::read_text(path).map_err(Failure::unusable)?);
        let key: Result<ViewingKey, _> = text.parse();
        let key = key.map_err(|error| {
            Failure::Unusable(format!("{}: no viewing key: {error}", path.display()))
        })?;
        Ok(Self::Viewing(Box::new(key)))
    }
}

impl PoolStore {
    /// The operations that a book has not scanned.
    pub(crate) fn new_for(&self, book: &NoteBook) -> Result<&[PoolOperation], Failure> {
        let scanned = usize::try_from(book.operations()).unwrap_or(usize::MAX);
        self.operations.get(scanned..).ok_or_else(|| {
            Failure::Unusable(format!(
                "the pool has {}, and the wallet has scanned {scanned}: the pool's files were taken back; if that is \
                 meant, `winterlane private scan --rescan`",
                counted(self.operations.len(), "operation")
            ))
        })
    }
}

/// Where the viewing key is; never the key itself.
#[derive(Serialize)]
struct Disclosed {
    account: u32,
    viewing_key_in: String,
}

fn disclose(args: &DiscloseArgs) -> Result<String, Failure> {
    let wallet = open_wallet(&args.wallet.wallet, &args.wallet.unlock)?;
    let key = wallet.note_secret(args.wallet.account).viewing_key();
    let text = key.to_text();
    let mut bytes = zeroize::Zeroizing::new(text.as_bytes().to_vec());
    bytes.push(b'\n');
    files::write_new(&args.out, &bytes, Access::Owner).map_err(Failure::unusable)?;
    if args.json {
        return show::json(&Disclosed {
            account: args.wallet.account,
            viewing_key_in: args.out.display().to_string(),
        });
    }
    let mut lines = Lines::default();
    lines.add("viewing key", format_args!("in {}", args.out.display()));
    lines.add(
        "it shows",
        "all notes of the account, past and to come; it spends none",
    );
    Ok(lines.0)
}
