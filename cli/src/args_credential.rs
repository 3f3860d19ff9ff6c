//! The command line of `credential`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use winterlane_wallet::credentials::Day;

use crate::{
    args_numbers,
    args_passphrase::{ChangeArgs, EncryptArgs, UnlockArgs},
    args_private::ProofSize,
};

#[derive(Debug, Subcommand)]
pub(crate) enum CredentialCommand {
    /// Make an issuer, or another key for it, and publish its keys and schema.
    Issuer(IssuerArgs),
    /// Print the holder key of a wallet, which an issuer signs.
    Holder(HolderArgs),
    /// Sign attributes for a holder.
    Issue(IssueArgs),
    /// Revoke a credential.
    Revoke(RevokeArgs),
    /// Ask: what is to be proven, to whom and until when.
    Challenge(ChallengeArgs),
    /// Answer a challenge with a proof.
    Prove(AnswerArgs),
    /// Check that a proof answers a challenge.
    Verify(CheckArgs),
    /// Encrypt the seed of an issuer or of a holder by another passphrase, or by none.
    Passphrase(PassphraseArgs),
}

#[derive(Debug, Args)]
pub(crate) struct IssuerArgs {
    /// Directory of the issuer: its secret keys, and `issuer.json` to publish.
    #[arg(long, value_name = "DIR")]
    pub(crate) issuer: PathBuf,
    /// Name of the issuer, for people.
    #[arg(long, value_name = "NAME", required_unless_present = "new_key", value_parser = args_numbers::name)]
    pub(crate) name: Option<String>,
    /// JSON file with the attributes and their kinds.
    #[arg(long, value_name = "FILE.json", required_unless_present = "new_key")]
    pub(crate) schema: Option<PathBuf>,
    /// Height of a key: it signs 2^H credentials, of height 10 one less.
    #[arg(long, value_name = "H", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=10))]
    pub(crate) height: u32,
    /// Make another key, when the last has signed all it can.
    #[arg(long, conflicts_with_all = ["name", "schema"])]
    pub(crate) new_key: bool,
    #[command(flatten)]
    pub(crate) unlock: UnlockArgs,
    #[command(flatten)]
    pub(crate) encrypting: EncryptArgs,
    /// Print one JSON object on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct HolderArgs {
    /// Directory of the wallet; made if missing.
    #[arg(long, value_name = "DIR")]
    pub(crate) wallet: PathBuf,
    /// Number of the holder key.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) number: u32,
    /// File for the holder key.
    #[arg(long, value_name = "FILE.json")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) unlock: UnlockArgs,
    #[command(flatten)]
    pub(crate) encrypting: EncryptArgs,
    /// Print one JSON object on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct IssueArgs {
    /// Directory of the issuer.
    #[arg(long, value_name = "DIR")]
    pub(crate) issuer: PathBuf,
    /// The holder key that the holder sent.
    #[arg(long, value_name = "FILE.json")]
    pub(crate) holder: PathBuf,
    /// JSON file with the values of the attributes.
    #[arg(long, value_name = "FILE.json")]
    pub(crate) attributes: PathBuf,
    /// The last day on which the credential is valid.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) valid_until: Day,
    /// File for the credential, which goes to the holder.
    #[arg(long, value_name = "FILE.json")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) unlock: UnlockArgs,
    /// Print one JSON object on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RevokeArgs {
    /// Directory of the issuer.
    #[arg(long, value_name = "DIR")]
    pub(crate) issuer: PathBuf,
    /// Number of the credential, which the issuer noted when it was issued.
    #[arg(long, value_name = "N")]
    pub(crate) number: u32,
    #[command(flatten)]
    pub(crate) unlock: UnlockArgs,
    /// Print one JSON object on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ChallengeArgs {
    /// What the issuer published.
    #[arg(long, value_name = "issuer.json")]
    pub(crate) issuer: PathBuf,
    /// What is to hold, as in `birth_date <= 2008-11-28 and country in eu.json`.
    #[arg(long, value_name = "PREDICATE")]
    pub(crate) predicate: String,
    /// Directory of the files that the predicate names.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) sets: PathBuf,
    /// Name of who asks.
    #[arg(long, value_name = "NAME", value_parser = args_numbers::name)]
    pub(crate) verifier: String,
    /// For how many minutes an answer counts.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=525_600))]
    pub(crate) minutes: u32,
    /// The day for which the credential must be valid; today (in Greenwich) if not given.
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) today: Option<Day>,
    /// Ask for a pseudonym: the same each time for this verifier, another for every other.
    #[arg(long)]
    pub(crate) pseudonym: bool,
    /// File for the challenge.
    #[arg(long, value_name = "FILE.json")]
    pub(crate) out: PathBuf,
    /// Show the challenge as a QR code too.
    #[arg(long, conflicts_with = "json")]
    pub(crate) qr: bool,
    /// Print one JSON object on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct AnswerArgs {
    /// Directory of the holder's wallet.
    #[arg(long, value_name = "DIR")]
    pub(crate) wallet: PathBuf,
    /// Number of the holder key that the credential was issued for.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) number: u32,
    /// What the issuer published, got from the issuer: a challenge that names other revoked credentials is refused.
    #[arg(long, value_name = "issuer.json")]
    pub(crate) issuer: PathBuf,
    /// The credential.
    #[arg(long, value_name = "FILE.json")]
    pub(crate) credential: PathBuf,
    /// The verifier's challenge.
    #[arg(long, value_name = "FILE.json")]
    pub(crate) challenge: PathBuf,
    /// How small the proof is to be.
    #[arg(long, value_enum, default_value_t = ProofSize::Smallest)]
    pub(crate) proof_size: ProofSize,
    /// File for the proof.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    #[command(flatten)]
    pub(crate) unlock: UnlockArgs,
    /// Print one JSON object on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The challenge, from the verifier's own files.
    #[arg(long, value_name = "FILE.json")]
    pub(crate) challenge: PathBuf,
    /// The holder's proof.
    #[arg(long, value_name = "FILE")]
    pub(crate) proof: PathBuf,
    /// Print one JSON object on standard output.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PassphraseArgs {
    /// Directory of the holder's wallet.
    #[arg(long, value_name = "DIR", required_unless_present = "issuer")]
    pub(crate) wallet: Option<PathBuf>,
    /// Directory of the issuer.
    #[arg(long, value_name = "DIR", conflicts_with = "wallet")]
    pub(crate) issuer: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) unlock: UnlockArgs,
    #[command(flatten)]
    pub(crate) change: ChangeArgs,
}
