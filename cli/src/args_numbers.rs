//! Numbers with a meaning of their own on the command line: read, and refused, as the integers that they are.

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
