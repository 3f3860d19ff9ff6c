//! Numbers and names with a meaning of their own on the command line: numbers are read, and refused, as the integers that
//! they are.

use clap::builder::TypedValueParser;
use winterlane_ledger::{AccountId, AssetId, BatchNumber};

/// The number of an account.
pub(crate) fn account() -> impl TypedValueParser<Value = AccountId> {
    clap::value_parser!(u32).map(AccountId::new)
}

/// The number of an asset.
pub(crate) fn asset() -> impl TypedValueParser<Value = AssetId> {
    clap::value_parser!(u32).map(AssetId::new)
}

/// The number of a batch.
pub(crate) fn batch() -> impl TypedValueParser<Value = BatchNumber> {
    clap::value_parser!(u64).map(BatchNumber::new)
}

/// A name for people, of an issuer or a verifier: they decide by it whom they trust, so that there has to be one.
pub(crate) fn name(text: &str) -> Result<String, String> {
    /// What fits on a line or two of a screen.
    const LONGEST: usize = 256;
    if text.trim().is_empty() {
        return Err("it is empty: people are shown this name".into());
    }
    if text.len() > LONGEST {
        return Err(format!(
            "{} bytes, and a name has {LONGEST} at most",
            text.len()
        ));
    }
    Ok(text.to_owned())
}
