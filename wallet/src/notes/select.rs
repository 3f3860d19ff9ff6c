//! Coin selection: which notes pay.

use thiserror::Error;
use winterlane_ledger::{Amount, AssetId};

use super::Found;

/// Why no notes were chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SelectError {
    /// There is less than that.
    #[error("there are {have} of asset {asset}, and it takes {need}{}", waiting(*.pending))]
    NotEnough {
        /// The asset.
        asset: AssetId,
        /// What can be spent.
        have: Amount,
        /// Amount and fee.
        need: Amount,
        /// What is on its way, and comes back if its operation does not run.
        pending: Amount,
    },
    /// There is enough, in more notes than one operation spends.
    #[error(
        "it takes {need} of asset {asset} from {most} note(s), and the largest together have {largest}: first merge \
         notes by sending {largest} to yourself"
    )]
    TooManyNotes {
        /// The asset.
        asset: AssetId,
        /// Amount and fee.
        need: Amount,
        /// How many notes an operation spends.
        most: usize,
        /// What the two largest notes have together.
        largest: Amount,
    },
    /// Amount and fee together are 2^128 or more.
    #[error("amount and fee together are 2^128 or more")]
    Overflow,
}

fn waiting(pending: Amount) -> String {
    match pending {
        Amount(0) => String::new(),
        pending => format!(" ({pending} more are waiting for an operation to run or to expire)"),
    }
}

/// Chooses one or two notes of an asset that are worth `need`.
///
/// One note if one is enough, the smallest such, so that large ones stay whole; else the two that leave
/// least over. `most` is 1 for a withdrawal, 2 for a transfer. A transfer shows two nullifiers either way, so
/// that the choice tells nobody anything.
///
/// # Errors
/// [`SelectError`].
pub fn select<'a>(
    notes: impl IntoIterator<Item = &'a Found>,
    (asset, need): (AssetId, Amount),
    most: usize,
    pending: Amount,
) -> Result<Vec<&'a Found>, SelectError> {
    let mut notes: Vec<_> = notes
        .into_iter()
        .filter(|found| found.note.asset == asset)
        .collect();
    notes.sort_by_key(|found| (found.note.value, found.position));
    let have = notes.iter().fold(0u128, |sum, found| {
        sum.saturating_add(found.note.value.get())
    });
    if have < need.get() || notes.is_empty() {
        return Err(SelectError::NotEnough {
            asset,
            have: Amount::new(have),
            need,
            pending,
        });
    }
    if let Some(one) = notes.iter().find(|found| found.note.value >= need) {
        return Ok(vec![one]);
    }
    let pair = |low: usize, high: usize| {
        let [low, high] =
            [low, high].map(|index| notes.get(index).map_or(0, |n| n.note.value.get()));
        low.saturating_add(high)
    };
    let last = notes.len() - 1;
    let largest = if last > 0 {
        pair(last - 1, last)
    } else {
        pair(last, last)
    };
    if most < 2 || largest < need.get() {
        return Err(SelectError::TooManyNotes {
            asset,
            need,
            most,
            largest: Amount::new(largest),
        });
    }
    // The smaller from below, the larger from above: every best pair is met.
    let (mut low, mut high) = (0, last);
    let mut best = (last - 1, last);
    while low < high {
        let sum = pair(low, high);
        if sum < need.get() {
            low += 1;
        } else {
            if sum < pair(best.0, best.1) {
                best = (low, high);
            }
            high -= 1;
        }
    }
    Ok(vec![notes[best.0], notes[best.1]])
}
