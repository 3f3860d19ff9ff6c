//! What a node asks of private operations besides their proof.

use alloc::{collections::BTreeMap, vec::Vec};

use thiserror::Error;

use super::{PoolError, PrivateOperation};
use crate::{
    Amount, AssetId,
    private::{Association, AssociationMode},
};

/// What is asked of private transfers and withdrawals before a batch takes them: fees, and association sets.
///
/// A policy is of whoever makes batches. It is no rule of the pool: nothing in a proof enforces it, and a batch that
/// was made under another policy is as good as one that was made under this. A batch is under a policy from
/// [`PoolBatch::under`](super::PoolBatch::under) on.
///
/// - *Fees.* A private operation takes a proof's verification, and leaves nullifiers and notes that every node keeps
///   for good. Without a fee that costs its sender nothing. Whoever asks for a fee in one asset asks for one from
///   everybody: the asset of a transfer without a fee is hidden, and could be any.
/// - *Association sets.* An operation may show that the notes which it spends are in a set of approved notes, or
///   outside of a set of refused ones ([`Association`]). Who asks for that says which sets count, by their roots.
///   Sets grow: a policy names the roots of the last ones, so that a wallet has time between looking and paying.
///
/// ```
/// use winterlane_ledger::{Amount, AssetId, Root, pool::PoolPolicy, private::{Association, AssociationMode}};
/// let approved = Association { mode: AssociationMode::Approved, root: Root::ZERO };
/// let policy = PoolPolicy::open().with_minimum_fee(AssetId::new(7), Amount::new(10)).with_association_sets([approved]);
/// assert_eq!(policy.minimum_fees().collect::<Vec<_>>(), [(AssetId::new(7), Amount::new(10))]);
/// assert_ne!(policy, PoolPolicy::open());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PoolPolicy {
    /// By asset, the least fee; nothing is asked for when there is none.
    fees: BTreeMap<AssetId, Amount>,
    /// The sets that count; `None` when none is asked for.
    sets: Option<Vec<Association>>,
}

/// What of a policy a private operation does not keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PolicyRefusal {
    /// A transfer without a fee, where every operation must pay one.
    #[error("no private operation is taken without a fee: pay one in the open")]
    NoFee,
    /// No fees are taken in this asset.
    #[error("private operations do not pay their fees in asset {asset}")]
    FeeAsset {
        /// The asset.
        asset: AssetId,
    },
    /// Less than the least fee.
    #[error("a private operation pays at least {least} of asset {asset}, and this one pays {fee}")]
    FeeTooLow {
        /// The asset.
        asset: AssetId,
        /// What it pays.
        fee: Amount,
        /// What it must pay.
        least: Amount,
    },
    /// Without an association set, where one is asked for.
    #[error(
        "no private operation is taken without an association set: show that the notes are approved, or not refused"
    )]
    NoAssociation,
    /// With an association set that does not count.
    #[error(
        "the set of {} notes with root {} does not count: take a set that is published, and its newest root",
        mode_name(.0.mode), .0.root
    )]
    UnknownSet(Association),
}

const fn mode_name(mode: AssociationMode) -> &'static str {
    match mode {
        AssociationMode::Approved => "approved",
        AssociationMode::NotRefused => "refused",
    }
}

impl PoolPolicy {
    /// A policy that asks for nothing.
    #[must_use]
    pub const fn open() -> Self {
        Self {
            fees: BTreeMap::new(),
            sets: None,
        }
    }

    /// Private operations pay at least this, in the asset's smallest unit. With one such asset, no operation is
    /// taken that pays in none of them.
    #[must_use]
    pub fn with_minimum_fee(mut self, asset: AssetId, least: Amount) -> Self {
        self.fees.insert(asset, least);
        self
    }

    /// Private operations show that their notes are approved by one of these sets, or not refused by one: by the
    /// very one that they name. With no set at all, nothing is taken.
    #[must_use]
    pub fn with_association_sets(mut self, sets: impl IntoIterator<Item = Association>) -> Self {
        self.sets = Some(sets.into_iter().collect());
        self
    }

    /// The least fee of each asset in which fees are taken, by ascending asset; none when nothing is asked for.
    pub fn minimum_fees(&self) -> impl Iterator<Item = (AssetId, Amount)> + '_ {
        self.fees.iter().map(|(&asset, &least)| (asset, least))
    }

    /// The association sets that count; `None` when none is asked for.
    #[must_use]
    pub fn association_sets(&self) -> Option<&[Association]> {
        self.sets.as_deref()
    }

    /// Whether an operation keeps the policy. Its proof is not looked at.
    ///
    /// # Errors
    /// [`PoolError::Policy`], and [`PoolError::NotOfThePool`] for a statement that is none of the pool.
    pub fn check(&self, operation: &PrivateOperation) -> Result<(), PoolError> {
        let view = operation.view()?;
        if !self.fees.is_empty() {
            let payout = view.payout.ok_or(PolicyRefusal::NoFee)?;
            let (asset, fee) = (payout.asset, payout.fee);
            let least = self.fees.get(&asset).copied();
            let least = least.ok_or(PolicyRefusal::FeeAsset { asset })?;
            if fee < least {
                return Err(PolicyRefusal::FeeTooLow { asset, fee, least }.into());
            }
        }
        if let Some(sets) = &self.sets {
            let named = view.association.ok_or(PolicyRefusal::NoAssociation)?;
            if !sets.contains(named) {
                return Err(PolicyRefusal::UnknownSet(*named).into());
            }
        }
        Ok(())
    }
}
