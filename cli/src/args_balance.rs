//! The command line of `balance`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use winterlane_ledger::{Amount, AssetId, BatchNumber, Domain, Root};

use crate::{
    args_numbers,
    args_private::ProofSize,
    commands::{Asked, Place},
};

#[derive(Debug, Subcommand)]
pub(crate) enum BalanceCommand {
    /// Ask: how much an account is to hold, to whom that is shown and until when.
    Challenge(ChallengeArgs),
    /// Answer a challenge with a proof about the wallet's account.
    Prove(ProveArgs),
    /// Check that a proof answers a challenge.
    Verify(CheckArgs),
}

/// Batches of the rollup as files, and what is known of them beforehand.
#[derive(Debug, Args)]
pub(crate) struct BatchesArgs {
    /// Directory with batches of the rollup, as `winterlane fetch` brings them: they are verified, and say the domain.
    #[arg(long, value_name = "DIR")]
    pub(crate) batches: Option<PathBuf>,
    /// Number of the first of these batches.
    #[arg(long, value_name = "N", default_value_t, value_parser = args_numbers::batch(), requires = "batches")]
    pub(crate) first_batch: BatchNumber,
    /// The root the first of these batches must start from (64 hexadecimal digits): without it, batches from a state of their
    /// maker's own count, too.
    #[arg(long, value_name = "ROOT", requires = "batches")]
    pub(crate) old_root: Option<Root>,
}

#[derive(Debug, Args)]
pub(crate) struct ChallengeArgs {
    /// Name of who asks.
    #[arg(long, value_name = "NAME", value_parser = args_numbers::name)]
    pub(crate) verifier: String,
    /// The domain: which rollup on which chain (64 hexadecimal digits), as `winterlane verify` prints it.
    #[arg(long, value_name = "DIGEST", required_unless_present = "batches")]
    pub(crate) domain: Option<Domain>,
    #[command(flatten)]
    pub(crate) chain: BatchesArgs,
    /// The asset.
    #[arg(long, value_name = "N", default_value_t, value_parser = args_numbers::asset())]
    pub(crate) asset: AssetId,
    /// What the account holds at least, in the asset's smallest unit.
    #[arg(long, value_name = "N")]
    pub(crate) at_least: Amount,
    /// What it holds at most; not asked if not given.
    #[arg(long, value_name = "N")]
    pub(crate) at_most: Option<Amount>,
    /// A root of the rollup's state that counts; may be given several times, and to `verify` too, since the state goes on.
    #[arg(long, value_name = "ROOT")]
    pub(crate) root: Vec<Root>,
    /// For how many minutes an answer counts.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=525_600))]
    pub(crate) minutes: u32,
    /// File for the challenge.
    #[arg(long, value_name = "FILE.json")]
    pub(crate) out: PathBuf,
    /// Print one JSON object on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ProveArgs {
    #[command(flatten)]
    pub(crate) place: Place,
    #[command(flatten)]
    pub(crate) asked: Asked,
    /// The verifier's challenge.
    #[arg(long, value_name = "FILE.json")]
    pub(crate) challenge: PathBuf,
    /// How small the proof is to be.
    #[arg(long, value_enum, default_value_t = ProofSize::Smallest)]
    pub(crate) proof_size: ProofSize,
    /// File for the proof.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Print one JSON object on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The challenge, from the verifier's own files.
    #[arg(long, value_name = "FILE.json")]
    pub(crate) challenge: PathBuf,
    /// The proof.
    #[arg(long, value_name = "FILE")]
    pub(crate) proof: PathBuf,
    /// A root of the rollup's state that counts, beside those of the challenge: from settlement, or from batches that were
    /// verified. May be given several times.
    #[arg(long, value_name = "ROOT")]
    pub(crate) root: Vec<Root>,
    /// The domain: which rollup on which chain (64 hexadecimal digits). It must be that of the challenge, which may have it from
    /// batches: without it, batches of a domain of their maker's own count, too.
    #[arg(long, value_name = "DIGEST")]
    pub(crate) domain: Option<Domain>,
    #[command(flatten)]
    pub(crate) chain: BatchesArgs,
    /// After how many of the last --batches the state counts: an account that held so much once may hold less by now.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) recent: u16,
    /// Print one JSON object on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}
