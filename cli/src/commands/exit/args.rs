//! The command line of `exit`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use winterlane_settlement::Party;

use winterlane_ledger::{AccountId, Amount, AssetId};

use crate::args_numbers;

/// Where settlement is.
#[derive(Debug, Args)]
pub(crate) struct Place {
    /// Settlement's address.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:7440")]
    pub(super) settlement: String,
    /// The file of the caller's secret. Without it nobody calls, which is enough for all but `collect`.
    #[arg(long, value_name = "FILE")]
    pub(super) secret: Option<PathBuf>,
    /// Print one JSON object on standard output.
    #[arg(long)]
    pub(super) json: bool,
}

/// Which keys of which wallet.
#[derive(Debug, Args)]
pub(crate) struct Keys {
    /// The wallet's directory.
    #[arg(long, value_name = "DIR")]
    pub(super) wallet: PathBuf,
    /// File with the passphrase that the wallet's seed is encrypted by; the terminal is asked if it is needed and not given.
    #[arg(long, value_name = "FILE")]
    pub(super) passphrase_file: Option<PathBuf>,
    /// Numbers of the wallet's keys, separated by commas. If not given: those that the wallet of an account
    /// (`winterlane wallet`) has written down; 0 in any other wallet.
    #[arg(long, value_name = "N", value_delimiter = ',')]
    pub(super) key: Vec<u64>,
    /// The height of keys that are named by number: a key of height H has 2^H one-time keys.
    #[arg(long, value_name = "H", default_value_t = 10, value_parser = clap::value_parser!(u32).range(0..=10))]
    pub(super) key_height: u32,
}

/// Who is paid by a forced order.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Payee {
    /// Somebody outside: 0x and 40 hexadecimal digits.
    #[arg(long, value_name = "ADDRESS")]
    pub(super) to: Option<Party>,
    /// An account of the rollup.
    #[arg(long, value_name = "ID", value_parser = args_numbers::account())]
    pub(super) to_account: Option<AccountId>,
    /// A note that `exit note` has made.
    #[arg(long, value_name = "FILE.json")]
    pub(super) note: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ExitArgs {
    #[command(subcommand)]
    pub(super) task: Task,
}

#[derive(Debug, Subcommand)]
pub(super) enum Task {
    /// Print where settlement is, what is due, and whether the rollup is frozen.
    Status {
        #[command(flatten)]
        place: Place,
    },
    /// Rebuild accounts and notes from the published batches alone, and list the accounts.
    Accounts {
        #[command(flatten)]
        place: Place,
    },
    /// Make the operator take a withdrawal or a payment of an account, or be frozen.
    Force {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        keys: Keys,
        /// The account.
        #[arg(long, value_name = "ID", value_parser = args_numbers::account())]
        account: AccountId,
        /// How much; all of it if not given, or what the note is worth.
        #[arg(long, value_name = "AMOUNT")]
        amount: Option<Amount>,
        #[command(flatten)]
        payee: Payee,
    },
    /// Make the operator take private withdrawals of a wallet's notes, each as a whole, or be frozen.
    ForceNotes {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        keys: Keys,
        /// The number of the wallet's account of notes.
        #[arg(long, value_name = "N", default_value_t = 0)]
        notes: u32,
        /// Who is paid outside: 0x and 40 hexadecimal digits.
        #[arg(long, value_name = "ADDRESS")]
        to: Party,
    },
    /// Make a note that a withdrawal is to pay for, in a file.
    Note {
        /// File with the address that gets the note (`winterlane private key --out`).
        #[arg(long, value_name = "FILE")]
        to: PathBuf,
        /// How much, in the asset's smallest unit.
        #[arg(long, value_name = "N")]
        amount: Amount,
        /// The asset.
        #[arg(long, value_name = "N", value_parser = args_numbers::asset())]
        asset: AssetId,
        /// The file of the note; none may be there.
        #[arg(long, value_name = "FILE.json")]
        out: PathBuf,
        /// Print one JSON object on standard output.
        #[arg(long)]
        json: bool,
    },
    /// Make the operator put a note into the pool that a settled withdrawal has paid for; or, where it cannot be put in any
    /// more, return its money to the account.
    ForceShield {
        #[command(flatten)]
        place: Place,
        /// The file of the note.
        #[arg(long, value_name = "FILE.json")]
        note: PathBuf,
    },
    /// End the rollup, because the operator has not done in time what was due.
    Freeze {
        #[command(flatten)]
        place: Place,
    },
    /// Leave a frozen rollup, with all accounts and notes of a wallet. What is refused keeps nothing else back.
    Leave {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        keys: Keys,
        /// The accounts that leave, separated by commas; without it all that have these keys. Each takes a one-time key, and
        /// anybody can make an account with somebody else's key.
        #[arg(long, value_name = "ID", value_delimiter = ',', value_parser = args_numbers::account())]
        account: Vec<AccountId>,
        /// The number of the wallet's account of notes.
        #[arg(long, value_name = "N", default_value_t = 0)]
        notes: u32,
        /// Who is paid outside: 0x and 40 hexadecimal digits.
        #[arg(long, value_name = "ADDRESS")]
        to: Party,
    },
    /// Return all deposits that no batch took, each to who made it.
    Deposits {
        #[command(flatten)]
        place: Place,
    },
    /// Collect everything that is owed to the caller: withdrawals, payouts, fees.
    Collect {
        #[command(flatten)]
        place: Place,
    },
    /// List what was paid out.
    Payments {
        #[command(flatten)]
        place: Place,
    },
}

impl Task {
    /// Whether one JSON object is asked for.
    pub(super) const fn json(&self) -> bool {
        match self {
            Self::Status { place }
            | Self::Accounts { place }
            | Self::Force { place, .. }
            | Self::ForceNotes { place, .. }
            | Self::ForceShield { place, .. }
            | Self::Freeze { place }
            | Self::Leave { place, .. }
            | Self::Deposits { place }
            | Self::Collect { place }
            | Self::Payments { place } => place.json,
            Self::Note { json, .. } => *json,
        }
    }
}
