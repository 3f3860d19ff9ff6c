//! What a proof takes that the account holds so much. Nothing of it leaves the machine of its owner but the proof.

use std::fmt;

use winterlane_ledger::{
    Account, AccountId, Amount, BatchNumber, Compressor, Domain, Root, SlotIndex,
    private::RESERVED_KEY_INDEX, tree::Siblings,
};

use super::{AccountError, AccountWallet, HOT};
use crate::{Control, client::Ask};

/// The account in the last sealed state, with what shows that it is there and ours.
/// Printing it shows nothing: the proof hides which account it is.
#[derive(Clone)]
pub struct HeldBalance {
    /// The rollup on its chain.
    pub domain: Domain,
    /// The root of the last sealed state.
    pub root: Root,
    /// The batch that it is the state after; `None` for the opening state.
    pub batch: Option<BatchNumber>,
    /// The account's number.
    pub id: AccountId,
    /// The account.
    pub account: Account,
    /// The siblings of its leaf, which lead to the root.
    pub siblings: Siblings,
    /// The slot of the key that pays.
    pub slot: SlotIndex,
    /// What shows that the key is ours.
    pub control: Control,
}

impl fmt::Debug for HeldBalance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HeldBalance(..)")
    }
}

impl<C: Compressor> AccountWallet<C> {
    /// What a proof takes that the account holds at least so much, and at most, if that is asked: the account by the node's
    /// verified Merkle path ([`AccountWallet::look`]), and the hot key's reserved one-time key.
    ///
    /// # Errors
    /// [`AccountError::OtherBalance`] when the account holds less or more, so that there is no proof;
    /// [`AccountError::SmallKey`] when its hot key has no reserved one-time key; what [`AccountWallet::look`] says.
    pub fn held_balance(
        &mut self,
        node: &impl Ask,
        root: Option<Root>,
        (at_least, at_most): (Amount, Option<Amount>),
    ) -> Result<HeldBalance, AccountError> {
        let seen = self.look(node, root)?;
        let id = self.profile.account;
        let account = seen.proven.ok_or(AccountError::NoAccount { account: id })?;
        let holds = account.balance;
        if holds < at_least || at_most.is_some_and(|at_most| holds > at_most) {
            return Err(AccountError::OtherBalance { holds });
        }
        let held = account.slots[HOT.index()];
        let key = self.held(HOT, &held.root)?;
        if 1_u32 << key.height <= RESERVED_KEY_INDEX {
            let height = key.height;
            return Err(AccountError::SmallKey { height });
        }
        self.load(key)?;
        Ok(HeldBalance {
            domain: seen.status.domain,
            root: seen.root,
            batch: seen.batch,
            id,
            account,
            siblings: seen.siblings,
            slot: HOT,
            control: self.wallet.control(&held.root)?,
        })
    }
}
