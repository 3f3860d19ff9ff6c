//! The command line of `private`, and what it shares with `credential`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use winterlane_air::presets::{HidingPreset, HidingPresetName, SecurityLevel};
use winterlane_ledger::{AccountId, Amount, AssetId, Domain, Root, private::AssociationMode};

use crate::args_numbers;
use crate::args_passphrase::{ChangeArgs, EncryptArgs, UnlockArgs};

/// How small a proof is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProofSize {
    /// Blowup 8: quickest.
    Compact,
    /// Blowup 16: smaller.
    Smallest,
    /// Blowup 64: smallest, in more time.
    Tiny,
}

impl ProofSize {
    /// The preset, at 128 provable bits.
    pub(crate) const fn preset(self) -> HidingPreset {
        let name = match self {
            Self::Compact => HidingPresetName::Compact,
            Self::Smallest => HidingPresetName::Smallest,
            Self::Tiny => HidingPresetName::Tiny,
        };
        HidingPreset::new(name, SecurityLevel::Bits128)
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum PrivateCommand {
    /// Make a wallet, or open it, and print the address that notes are sent to.
    Key(KeyArgs),
    /// Put money of an account into the pool, as a note for an address.
    Shield(ShieldArgs),
    /// Pay an address inside the pool, privately.
    Send(SendArgs),
    /// Pay somebody outside the pool, without showing from which note.
    Withdraw(WithdrawArgs),
    /// Verify a pool, and print what a wallet or a viewing key finds in it.
    Scan(ScanArgs),
    /// Write the viewing key of an account: it reads everything and spends nothing.
    Disclose(DiscloseArgs),
    /// Say what a pool asks of those who spend: a least fee, and which association sets count.
    Policy(PolicyArgs),
    /// Encrypt the seed by another passphrase, or by none.
    Passphrase(PassphraseArgs),
}

#[derive(Debug, Args)]
pub(crate) struct WalletArgs {
    /// Directory of the wallet.
    #[arg(long, value_name = "DIR")]
    pub(crate) wallet: PathBuf,
    /// Number of the account: each has keys and notes of its own.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) account: u32,
    #[command(flatten)]
    pub(crate) unlock: UnlockArgs,
}

#[derive(Debug, Args)]
pub(crate) struct KeyArgs {
    #[command(flatten)]
    pub(crate) wallet: WalletArgs,
    /// Write the address to a file.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Make the wallet from the seed in a backup (80 hexadecimal digits in a file; `-` is standard input).
    #[arg(long, value_name = "FILE")]
    pub(crate) restore: Option<PathBuf>,
    /// Write the seed's backup to a file: whoever has it has everything.
    #[arg(long, value_name = "FILE")]
    pub(crate) backup: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) encrypting: EncryptArgs,
    /// Print one JSON object on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ShieldArgs {
    /// Directory of the pool; made if missing.
    #[arg(long, value_name = "DIR")]
    pub(crate) pool: PathBuf,
    /// File with the address that gets the note.
    #[arg(long, value_name = "FILE")]
    pub(crate) to: PathBuf,
    /// How much, in the asset's smallest unit.
    #[arg(long, value_name = "N")]
    pub(crate) amount: Amount,
    /// The asset.
    #[arg(long, value_name = "N", default_value_t, value_parser = args_numbers::asset())]
    pub(crate) asset: AssetId,
    /// Print one JSON object on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What both operations that spend have in common.
#[derive(Debug, Args)]
pub(crate) struct SpendArgs {
    /// Directory of the pool.
    #[arg(long, value_name = "DIR")]
    pub(crate) pool: PathBuf,
    #[command(flatten)]
    pub(crate) wallet: WalletArgs,
    /// What the receiver gets, in the asset's smallest unit.
    #[arg(long, value_name = "N")]
    pub(crate) amount: Amount,
    /// What the node gets besides.
    #[arg(long, value_name = "N", default_value_t)]
    pub(crate) fee: Amount,
    /// The asset.
    #[arg(long, value_name = "N", default_value_t, value_parser = args_numbers::asset())]
    pub(crate) asset: AssetId,
    /// File with an association set: show that the notes which are spent are in it, or not in it where it is a set of
    /// refused notes. Notes that do not fit are left alone.
    #[arg(long, value_name = "FILE")]
    pub(crate) association: Option<PathBuf>,
    /// For how many batches the operation may still run.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) lifetime: u64,
    /// How small the proof is to be.
    #[arg(long, value_enum, default_value_t = ProofSize::Compact)]
    pub(crate) proof_size: ProofSize,
    /// Write the proof with all that it says to a file too, for whoever checks it without the pool.
    #[arg(long, value_name = "FILE")]
    pub(crate) statement: Option<PathBuf>,
    /// Print one JSON object on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SendArgs {
    #[command(flatten)]
    pub(crate) spend: SpendArgs,
    /// File with the address that is paid.
    #[arg(long, value_name = "FILE")]
    pub(crate) to: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct WithdrawArgs {
    #[command(flatten)]
    pub(crate) spend: SpendArgs,
    /// Who is paid: an address of 20 bytes (0x and 40 hexadecimal digits).
    #[arg(long, value_name = "0xADDRESS", value_parser = recipient, required_unless_present = "to_account")]
    pub(crate) recipient: Option<[u8; 20]>,
    /// Who is paid: an account of the rollup.
    #[arg(long, value_name = "N", conflicts_with = "recipient", value_parser = args_numbers::account())]
    pub(crate) to_account: Option<AccountId>,
    /// Withdraw even what a shield of the very same amount would be linked with.
    #[arg(long)]
    pub(crate) linkable: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ScanArgs {
    /// Directory of the pool.
    #[arg(long, value_name = "DIR")]
    pub(crate) pool: PathBuf,
    /// Directory of the wallet.
    #[arg(long, value_name = "DIR", required_unless_present = "viewing_key")]
    pub(crate) wallet: Option<PathBuf>,
    /// Number of the wallet's account.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) account: u32,
    /// File with a viewing key.
    #[arg(long, value_name = "FILE", conflicts_with = "wallet")]
    pub(crate) viewing_key: Option<PathBuf>,
    /// Forget what the wallet found and scan from the beginning: when the pool was replaced, or when an operation
    /// that notes wait for is in nobody's hands.
    #[arg(long, conflicts_with = "viewing_key")]
    pub(crate) rescan: bool,
    /// File with a policy, as the `policy.json` of a pool: refuse a pool with an operation that does not keep it.
    #[arg(long, value_name = "FILE.json")]
    pub(crate) policy: Option<PathBuf>,
    /// The domain that the pool must be of: which rollup on which chain (64 hexadecimal digits).
    #[arg(long, value_name = "DIGEST")]
    pub(crate) domain: Option<Domain>,
    /// How many operations the pool must have: later ones may have been left out.
    #[arg(long, value_name = "N")]
    pub(crate) operations: Option<u64>,
    #[command(flatten)]
    pub(crate) unlock: UnlockArgs,
    /// Print one JSON object on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct DiscloseArgs {
    #[command(flatten)]
    pub(crate) wallet: WalletArgs,
    /// File for the viewing key. Whoever reads it sees all notes of the account, for ever.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Print one JSON object on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PolicyArgs {
    /// Directory of the pool. Without one nothing is written, and what the other options say is printed, with the roots of
    /// the sets: for the configuration of a node.
    #[arg(long, value_name = "DIR")]
    pub(crate) pool: Option<PathBuf>,
    /// Private operations pay at least that much of that asset; may be given for several. Replaces the fees of before.
    #[arg(long, value_name = "ASSET=LEAST", value_parser = fee, conflicts_with = "open")]
    pub(crate) fee: Vec<(AssetId, Amount)>,
    /// File with an association set that counts from now on, beside those of before; may be given several times.
    #[arg(long, value_name = "FILE", conflicts_with = "open")]
    pub(crate) association: Vec<PathBuf>,
    /// An association set that counts no more, by its mode and root: approved:ROOT, not-refused:ROOT. The root alone does where
    /// one set of it counts.
    #[arg(long, value_name = "[MODE:]ROOT", value_parser = named_set, conflicts_with = "open", requires = "pool")]
    pub(crate) forget: Vec<NamedSet>,
    /// Ask for nothing.
    #[arg(long)]
    pub(crate) open: bool,
    /// Print one JSON object on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PassphraseArgs {
    /// Directory of the wallet.
    #[arg(long, value_name = "DIR")]
    pub(crate) wallet: PathBuf,
    #[command(flatten)]
    pub(crate) unlock: UnlockArgs,
    #[command(flatten)]
    pub(crate) change: ChangeArgs,
}

/// An association set as people name it. An approved and a refused set of the same notes have one root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NamedSet {
    /// Nothing where the root was given alone.
    pub(crate) mode: Option<AssociationMode>,
    pub(crate) root: Root,
}

/// An association set by its mode and root, or by its root.
fn named_set(text: &str) -> Result<NamedSet, String> {
    let (mode, root) = match text.split_once(':') {
        None => (None, text),
        Some(("approved", root)) => (Some(AssociationMode::Approved), root),
        Some(("not-refused", root)) => (Some(AssociationMode::NotRefused), root),
        Some(_) => {
            let said = "a set is approved:ROOT, not-refused:ROOT, or its root alone";
            return Err(said.to_owned());
        }
    };
    let root = root.parse::<Root>().map_err(|error| error.to_string())?;
    Ok(NamedSet { mode, root })
}

/// An asset and the least fee in it.
fn fee(text: &str) -> Result<(AssetId, Amount), String> {
    let said = || "a least fee is ASSET=LEAST, two whole numbers, as 0=10".to_owned();
    let (asset, least) = text.split_once('=').ok_or_else(said)?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(asset) || !digits(least) {
        return Err(said());
    }
    let (asset, least) = (asset.parse(), least.parse());
    Ok((asset.map_err(|_| said())?, least.map_err(|_| said())?))
}

/// A recipient of 20 bytes.
fn recipient(text: &str) -> Result<[u8; 20], String> {
    let said = || "an address is 0x and 40 hexadecimal digits".to_owned();
    let digits = text.strip_prefix("0x").ok_or_else(said)?;
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    if pairs.len() != 20 || !rest.is_empty() {
        return Err(said());
    }
    let mut recipient = [0; 20];
    for (byte, pair) in recipient.iter_mut().zip(pairs) {
        let [high, low] = pair.map(|digit| char::from(digit).to_digit(16));
        let (high, low) = high.zip(low).ok_or_else(said)?;
        // Two digits below 16.
        *byte = (high << 4 | low) as u8;
    }
    Ok(recipient)
}
