//! The command line of `winterlane wallet`.

use std::{path::PathBuf, time::Duration};

use clap::{Args, Subcommand, ValueEnum};
use winterlane_ledger::{AccountId, Amount, AssetId, Root, SlotIndex};
use winterlane_wallet::{
    account::{COLD, HOT, Terms},
    client::Stage,
};

use crate::args_numbers;
use crate::args_passphrase::{ChangeArgs, EncryptArgs, UnlockArgs};

/// Where a node is, unless somebody says otherwise.
const NODE: &str = "http://127.0.0.1:8650";

#[derive(Debug, Args)]
pub(crate) struct WalletArgs {
    #[command(subcommand)]
    pub(super) task: WalletTask,
}

#[derive(Debug, Subcommand)]
pub(super) enum WalletTask {
    /// Make a wallet: a seed, and the first keys of an account.
    New(NewArgs),
    /// Make a wallet from the seed of one that was lost, and give the account a new key.
    Restore(RestoreArgs),
    /// Show the account, with its Merkle proof verified, and what is left of the keys.
    Show(ShowArgs),
    /// Pay another account.
    Send(SendArgs),
    /// Pay out of the rollup.
    Withdraw(WithdrawArgs),
    /// Put the next key into a slot of the account.
    Rotate(RotateArgs),
    /// Look after an account: metrics, and a failing exit status when somebody has to look.
    Watch(WatchArgs),
    /// Encrypt the seed by another passphrase, or by none; of any wallet, with an account or without.
    Passphrase(PassphraseArgs),
    /// Use a wallet's copy from now on, of which nothing was signed since it was made; of any wallet, with an account or without.
    Adopt(AdoptArgs),
    /// Print the public half of the keys, or the seed for a backup on paper.
    Export(ExportArgs),
}

/// Which wallet.
#[derive(Debug, Clone, Args)]
pub(crate) struct Place {
    /// Directory of the wallet.
    #[arg(long, value_name = "DIR", default_value = "wallet")]
    pub(crate) wallet: PathBuf,
    #[command(flatten)]
    pub(crate) unlock: UnlockArgs,
}

/// Which node, and what is known of its state.
#[derive(Debug, Clone, Args)]
pub(crate) struct Asked {
    /// Where the node is: http://HOST:PORT or https://HOST:PORT; what the wallet was made with if not given.
    #[arg(long, value_name = "URL")]
    pub(crate) node: Option<String>,
    /// Certificates (PEM) that the node's must lead to, in place of the public authorities'.
    #[arg(long, value_name = "FILE")]
    pub(crate) certificate: Option<PathBuf>,
    /// The root that the node's last sealed state must have, as settlement or a verified batch says.
    #[arg(long, value_name = "ROOT")]
    pub(crate) root: Option<Root>,
}

/// How large keys are.
#[derive(Debug, Clone, Args)]
pub(super) struct Heights {
    /// Keys that pay have 2^H one-time keys: one an order.
    #[arg(long, value_name = "H", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=10))]
    pub(super) height: u32,
    /// The key that replaces keys has 2^H one-time keys.
    #[arg(long, value_name = "H", default_value_t = 7, value_parser = clap::value_parser!(u32).range(5..=10))]
    pub(super) cold_height: u32,
}

#[derive(Debug, Args)]
pub(super) struct NewArgs {
    #[command(flatten)]
    pub(super) place: Place,
    /// The account: the number of its leaf.
    #[arg(long, value_name = "N", value_parser = args_numbers::account())]
    pub(super) account: AccountId,
    /// The asset that it holds.
    #[arg(long, value_name = "N", default_value_t, value_parser = args_numbers::asset())]
    pub(super) asset: AssetId,
    /// Where its node is.
    #[arg(long, value_name = "URL", default_value = NODE)]
    pub(super) node: String,
    /// Write what `export --public` prints to this file too.
    #[arg(long, value_name = "FILE")]
    pub(super) public: Option<PathBuf>,
    #[command(flatten)]
    pub(super) encrypting: EncryptArgs,
    #[command(flatten)]
    pub(super) heights: Heights,
    /// Print one JSON object on standard output.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct RestoreArgs {
    #[command(flatten)]
    pub(super) place: Place,
    /// The account.
    #[arg(long, value_name = "N", value_parser = args_numbers::account())]
    pub(super) account: AccountId,
    /// Where its node is.
    #[arg(long, value_name = "URL", default_value = NODE)]
    pub(super) node: String,
    /// Certificates (PEM) that the node's must lead to, in place of the public authorities'.
    #[arg(long, value_name = "FILE")]
    pub(super) certificate: Option<PathBuf>,
    /// The root of the last settled state. One that is older than what the lost wallet saw may make a key sign twice.
    #[arg(long, value_name = "ROOT", required_unless_present = "trust_node")]
    pub(super) root: Option<Root>,
    /// Take the node's word for the root.
    #[arg(long, conflicts_with = "root")]
    pub(super) trust_node: bool,
    /// How often this seed was restored before without that the new key was sealed.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) attempt: u16,
    /// File with the seed as `export --seed` prints it; `-` is standard input.
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub(super) seed: PathBuf,
    #[command(flatten)]
    pub(super) encrypting: EncryptArgs,
    #[command(flatten)]
    pub(super) heights: Heights,
    #[command(flatten)]
    pub(super) waiting: Waiting,
    /// Print one JSON object on standard output.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    #[command(flatten)]
    pub(super) place: Place,
    #[command(flatten)]
    pub(super) asked: Asked,
    /// Print one JSON object on standard output.
    #[arg(long)]
    pub(super) json: bool,
}

/// On what terms an order is given, and what is waited for.
#[derive(Debug, Clone, Args)]
pub(super) struct OrderArgs {
    #[command(flatten)]
    pub(super) place: Place,
    #[command(flatten)]
    pub(super) asked: Asked,
    /// The fee, in the asset's smallest unit; the node's least if not given.
    #[arg(long, value_name = "N")]
    pub(super) fee: Option<Amount>,
    /// For how many batches the order is valid; a little more than the node's least if not given.
    #[arg(long, value_name = "BATCHES")]
    pub(super) valid_for: Option<u64>,
    #[command(flatten)]
    pub(super) waiting: Waiting,
    /// Print one JSON object on standard output.
    #[arg(long)]
    pub(super) json: bool,
}

/// What is waited for.
#[derive(Debug, Clone, Args)]
pub(super) struct Waiting {
    /// Wait until the order's batch is so far; without it, until the node has the order on its disk.
    #[arg(long, value_enum, value_name = "STAGE")]
    pub(super) wait: Option<StageName>,
    /// How many seconds to wait at most.
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub(super) timeout: u64,
}

impl Waiting {
    pub(super) const fn patience(&self) -> Duration {
        Duration::from_secs(self.timeout)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum StageName {
    /// Its records and root are fixed.
    Sealed,
    /// It has a proof.
    Proven,
    /// Settlement has it.
    Published,
}

impl StageName {
    pub(super) const fn stage(self) -> Stage {
        match self {
            Self::Sealed => Stage::Sealed,
            Self::Proven => Stage::Proven,
            Self::Published => Stage::Published,
        }
    }
}

impl OrderArgs {
    pub(super) const fn terms(&self) -> Terms {
        Terms {
            fee: self.fee,
            lifetime: self.valid_for,
            root: self.asked.root,
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct SendArgs {
    /// The account that receives.
    #[arg(long, value_name = "ACCOUNT", value_parser = args_numbers::account())]
    pub(super) to: AccountId,
    /// How much, in the asset's smallest unit.
    #[arg(long, value_name = "N")]
    pub(super) amount: Amount,
    #[command(flatten)]
    pub(super) order: OrderArgs,
}

#[derive(Debug, Args)]
pub(super) struct WithdrawArgs {
    /// The address that receives on the settlement layer: 40 hexadecimal digits after 0x.
    #[arg(long, value_name = "0xADDRESS", value_parser = recipient)]
    pub(super) recipient: [u8; 20],
    /// How much, in the asset's smallest unit.
    #[arg(long, value_name = "N")]
    pub(super) amount: Amount,
    #[command(flatten)]
    pub(super) order: OrderArgs,
}

#[derive(Debug, Args)]
pub(super) struct RotateArgs {
    /// Which key: the one that pays, or the one that replaces keys.
    #[arg(long, value_enum, default_value_t = SlotName::Hot)]
    pub(super) slot: SlotName,
    /// The next key has 2^H one-time keys; as many as the present one if not given. A proof of a balance takes a hot key of
    /// 2^10.
    #[arg(long, value_name = "H", value_parser = clap::value_parser!(u32).range(1..=10))]
    pub(super) height: Option<u32>,
    #[command(flatten)]
    pub(super) order: OrderArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SlotName {
    /// The key that pays, in slot 0.
    Hot,
    /// The key that replaces keys, in slot 1.
    Cold,
}

impl SlotName {
    pub(super) const fn slot(self) -> SlotIndex {
        match self {
            Self::Hot => HOT,
            Self::Cold => COLD,
        }
    }
}

#[derive(Debug, Args)]
pub(super) struct WatchArgs {
    #[command(flatten)]
    pub(super) place: Place,
    #[command(flatten)]
    pub(super) asked: Asked,
    /// Look once, and end.
    #[arg(long)]
    pub(super) once: bool,
    /// Seconds between two looks.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub(super) every: u64,
    /// Write metrics to this file, as a whole, at each look: for the textfile collector of Prometheus' node exporter.
    #[arg(long, value_name = "FILE")]
    pub(super) metrics: Option<PathBuf>,
    /// Put the next key into a slot whose key is three quarters used, and send an order again that had no answer.
    #[arg(long)]
    pub(super) rotate: bool,
    /// Print one JSON object at each look, on a line of its own, also where somebody has to look.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct PassphraseArgs {
    #[command(flatten)]
    pub(super) place: Place,
    #[command(flatten)]
    pub(super) change: ChangeArgs,
}

#[derive(Debug, Args)]
pub(super) struct AdoptArgs {
    #[command(flatten)]
    pub(super) place: Place,
    /// Say that the original has signed nothing since the copy was made, and never will again. Nobody can check it, and if
    /// it is not so, one-time keys sign twice: whoever sees that can sign in your name.
    #[arg(long)]
    pub(super) nothing_signed_since: bool,
    /// Print one JSON object on standard output.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Debug, Args)]
pub(super) struct ExportArgs {
    #[command(flatten)]
    pub(super) place: Place,
    /// Print account, asset and the roots of the keys (TOML): what a node's owner is given. Nothing of it is secret.
    #[arg(long, required_unless_present = "seed", conflicts_with = "seed")]
    pub(super) public: bool,
    /// Print the seed. It restores keys, and not what they have signed: see `restore`.
    #[arg(long)]
    pub(super) seed: bool,
    /// Print one JSON object in place of TOML or of groups of digits.
    #[arg(long)]
    pub(super) json: bool,
}

fn recipient(text: &str) -> Result<[u8; 20], String> {
    let wrong = || "an address is 40 hexadecimal digits after 0x".to_owned();
    let digits = text.strip_prefix("0x").ok_or_else(wrong)?;
    let mut address = [0; 20];
    if digits.len() != 40 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(wrong());
    }
    for (byte, place) in address.iter_mut().zip((0..40).step_by(2)) {
        *byte = u8::from_str_radix(&digits[place..place + 2], 16).map_err(|_| wrong())?;
    }
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        let address = recipient("0x00000000000000000000000000000000000000Ff").unwrap();
        assert_eq!(address[18..], [0, 255]);
        for wrong in [
            "",
            "0x",
            "00000000000000000000000000000000000000ff",
            "0x+0000000000000000000000000000000000000ff",
        ] {
            assert!(recipient(wrong).is_err(), "{wrong}");
        }
    }
}
