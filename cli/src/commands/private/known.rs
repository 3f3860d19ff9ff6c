//! What a reader knows of a pool beforehand, and what only its files say.

use serde::Serialize;

use super::store::PoolStore;
use crate::{
    Failure,
    args_private::ScanArgs,
    show::{Lines, counted},
};

/// What nobody said beforehand, so that it was taken as it was found. JSON has the names, as the browser's verifier does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Found {
    /// Which rollup on which chain: anybody can make a pool of any.
    Domain,
    /// Whether there are operations after the last: they may spend the notes that seem to be unspent.
    End,
    /// Whether somebody paid for what was shielded. That is in the rollup's records, which are not among the files of a pool.
    Payments,
}

impl Found {
    /// In words, with the option of `scan` that says it.
    const fn words(self) -> &'static str {
        match self {
            Self::Domain => "which rollup (--domain)",
            Self::End => "where it ends (--operations)",
            Self::Payments => "whether somebody paid for what was shielded",
        }
    }
}

/// A line for what was taken as found.
pub(super) fn add_found(lines: &mut Lines, found: &[Found]) {
    let words: Vec<_> = found.iter().map(|found| found.words()).collect();
    lines.add("taken as found", words.join(", "));
}

/// Compares a pool with what its reader knows; what the reader did not say.
pub(super) fn compare(store: &PoolStore, args: &ScanArgs) -> Result<Vec<Found>, Failure> {
    let (domain, operations) = (*store.domain(), store.operations.len());
    if let Some(expected) = args.domain.filter(|expected| *expected != domain) {
        return Err(Failure::Invalid(format!(
            "--domain: the pool is of {domain}, not of {expected}"
        )));
    }
    let other = |expected: &u64| *expected != operations as u64;
    if let Some(expected) = args.operations.filter(other) {
        return Err(Failure::Invalid(format!(
            "--operations: the pool has {}, not {expected}",
            counted(operations, "operation")
        )));
    }
    let open = [
        (Found::Domain, args.domain.is_none()),
        (Found::End, args.operations.is_none()),
        (Found::Payments, true),
    ];
    let open = open
        .into_iter()
        .filter_map(|(found, open)| open.then_some(found));
    Ok(open.collect())
}
