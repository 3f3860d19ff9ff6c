//! The command line.

use std::{num::NonZeroUsize, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use winterlane_air::presets::{PresetName, SecurityLevel};
use winterlane_ledger::{BatchNumber, Domain, Root};
use winterlane_prover::Engine;

use crate::{
    args_balance::BalanceCommand,
    args_credential::CredentialCommand,
    args_numbers,
    args_private::PrivateCommand,
    commands::{FetchArgs, WalletArgs, exit::ExitArgs},
    threads::MAX_THREADS,
};

/// Proves batches of signed payments and verifies the proofs.
///
/// Without a command it runs the demo: a piece of real Ethereum transfers is signed, proven in two
/// batches and verified.
#[derive(Debug, Parser)]
#[command(name = "winterlane", version = env!("WINTERLANE_VERSION"), args_conflicts_with_subcommands = true)]
#[command(
    after_help = "Exit status: 0 proven or valid, 1 invalid, 2 unusable input or interrupted."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) proving: ProvingArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Prove the transfers of a CSV file, batch after batch.
    Prove(ProveArgs),
    /// Verify all batches in a directory, and that each follows the one before.
    Verify(VerifyArgs),
    /// Print what a proof or a public file says, without verifying it.
    Inspect(InspectArgs),
    /// Print the opening root and the account ids of a CSV file, without proving.
    Open(OpenArgs),
    /// Keys and payments of an account, at a node.
    Wallet(WalletArgs),
    /// Prove that an account of the rollup holds at least so much, without showing which, or how much.
    #[command(subcommand)]
    Balance(BalanceCommand),
    /// Fetch the proven batches of a node as files, and verify them.
    Fetch(FetchArgs),
    /// Take money out of a rollup without its operator: force orders, freeze, leave.
    Exit(ExitArgs),
    /// Pay without showing from where: notes of a shielded pool.
    #[command(subcommand)]
    Private(PrivateCommand),
    /// Prove a property without the value: credentials of issuers, their holders and verifiers.
    #[command(subcommand)]
    Credential(CredentialCommand),
    /// Print the completions of a shell.
    Completions {
        /// Which shell.
        shell: Shell,
    },
    /// Print the manual page (troff), of a command or of all.
    Man {
        /// Which command.
        command: Option<String>,
    },
}

/// What the demo and `prove` have in common.
#[derive(Debug, Clone, Args)]
pub(crate) struct ProvingArgs {
    /// Trade of speed against proof size: blowup 2, 4, 8 or 16.
    #[arg(long, value_enum, default_value_t = Profile::Fast)]
    pub(crate) profile: Profile,
    /// Provable bits of security.
    #[arg(long, value_enum, default_value_t = Security::Bits128)]
    pub(crate) security: Security,
    /// Threads to use; all cores if not given.
    #[arg(long, value_name = "N", value_parser = threads)]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Who makes the proof: the vector engine, or stock winterfell to compare with.
    #[arg(long, value_enum, default_value_t = EngineName::Simd)]
    pub(crate) engine: EngineName,
    /// Memory that proving may take, in MiB; what the system has left if not given.
    #[arg(long, value_name = "MIB")]
    pub(crate) max_memory: Option<u64>,
    /// Print one JSON object on standard output instead of a table, and nothing on the way.
    #[arg(long)]
    pub(crate) json: bool,
}

impl ProvingArgs {
    /// Bytes that proving may take, if there is a limit.
    pub(crate) fn memory_limit(&self) -> Option<u64> {
        self.max_memory
            .map(|mebibytes| mebibytes.saturating_mul(1 << 20))
    }
}

/// Which transfers, and what is made of them.
#[derive(Debug, Clone, Args)]
pub(crate) struct ReplayArgs {
    /// CSV file with the columns `from_address`, `to_address`, `value_wei` and `fee_wei`; `-` is
    /// standard input.
    #[arg(long, value_name = "FILE.csv")]
    pub(crate) transfers: PathBuf,
    /// Take only the first N transfers.
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    /// Operation slots of a batch: a power of two, 2 to 8192. One is for the fee collection.
    #[arg(long, value_name = "N", default_value_t = 1024)]
    pub(crate) batch_size: usize,
    /// Height of the largest key: a sender with more than 2^H operations changes keys.
    #[arg(long, value_name = "H", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10))]
    pub(crate) key_height: u32,
}

#[derive(Debug, Args)]
pub(crate) struct ProveArgs {
    #[command(flatten)]
    pub(crate) replay: ReplayArgs,
    /// Directory for `batch-NNNN.proof` and `batch-NNNN.public.json`; made if missing.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Put the batches in the place of those that are in the directory already.
    #[arg(long)]
    pub(crate) replace: bool,
    #[command(flatten)]
    pub(crate) proving: ProvingArgs,
}

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// Directory with `batch-NNNN.proof` and `batch-NNNN.public.json`.
    #[arg(value_name = "DIR")]
    pub(crate) directory: PathBuf,
    /// Least provable bits to accept.
    #[arg(long, value_enum, default_value_t = Security::Bits128)]
    pub(crate) security: Security,
    /// The domain the batches must be of: which rollup on which chain (64 hexadecimal digits).
    #[arg(long, value_name = "DIGEST")]
    pub(crate) domain: Option<Domain>,
    /// Number of the first batch.
    #[arg(long, value_name = "N", default_value_t, value_parser = args_numbers::batch())]
    pub(crate) first_batch: BatchNumber,
    /// How many batches there must be.
    #[arg(long, value_name = "N")]
    pub(crate) batches: Option<u64>,
    /// The root the first batch must start from (64 hexadecimal digits).
    #[arg(long, value_name = "ROOT")]
    pub(crate) old_root: Option<Root>,
    /// The root the last batch must end with (64 hexadecimal digits).
    #[arg(long, value_name = "ROOT")]
    pub(crate) new_root: Option<Root>,
    /// Threads to use; all cores if not given.
    #[arg(long, value_name = "N", value_parser = threads)]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Print one JSON object on standard output, for an invalid chain too.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// A `.proof` or a `.public.json` file.
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// List the records of a public file.
    #[arg(long)]
    pub(crate) records: bool,
    /// Print one JSON object on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct OpenArgs {
    #[command(flatten)]
    pub(crate) replay: ReplayArgs,
    /// Threads to use; all cores if not given.
    #[arg(long, value_name = "N", value_parser = threads)]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Print one JSON object on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

/// A number of threads.
fn threads(text: &str) -> Result<NonZeroUsize, String> {
    let said =
        || format!("a number of threads is 1 to {MAX_THREADS}; leave the option out for all cores");
    let count: NonZeroUsize = text.parse().map_err(|_| said())?;
    if count.get() > MAX_THREADS {
        return Err(said());
    }
    Ok(count)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Profile {
    /// Blowup 2: fastest proving, largest proofs.
    Fast,
    /// Blowup 4.
    Balanced,
    /// Blowup 8: small proofs.
    Compact,
    /// Blowup 16: the smallest proofs, with twice the memory of `compact`.
    Smallest,
}

impl Profile {
    /// The preset's name.
    pub(crate) const fn name(self) -> PresetName {
        match self {
            Self::Fast => PresetName::Fast,
            Self::Balanced => PresetName::Balanced,
            Self::Compact => PresetName::Compact,
            Self::Smallest => PresetName::Smallest,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Security {
    /// At least 100 provable bits.
    #[value(name = "100")]
    Bits100,
    /// At least 128 provable bits.
    #[value(name = "128")]
    Bits128,
}

impl Security {
    /// The preset's level.
    pub(crate) const fn level(self) -> SecurityLevel {
        match self {
            Self::Bits100 => SecurityLevel::Bits100,
            Self::Bits128 => SecurityLevel::Bits128,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EngineName {
    /// Stock winterfell.
    Stock,
    /// Winterlane's own pipeline on vector units.
    Simd,
}

impl EngineName {
    /// The library's engine.
    pub(crate) const fn engine(self) -> Engine {
        match self {
            Self::Stock => Engine::Stock,
            Self::Simd => Engine::Simd,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn no_argument_is_the_demo_and_prove_takes_the_documented_options() {
        let demo = Cli::parse_from(["winterlane"]);
        assert!(demo.command.is_none() && demo.proving.security == Security::Bits128);
        let line = "winterlane prove --transfers f.csv --out d --limit 5 --batch-size 64 \
                    --profile compact --security 100 --threads 1 --engine stock --json";
        let Some(Command::Prove(args)) = Cli::parse_from(line.split_whitespace()).command else {
            panic!("not the prove command");
        };
        assert_eq!((args.replay.limit, args.replay.batch_size), (Some(5), 64));
        assert_eq!(args.proving.profile, Profile::Compact);
        assert_eq!(args.proving.security, Security::Bits100);
        assert_eq!(args.proving.engine, EngineName::Stock);
        assert!(args.proving.json);
    }
}
