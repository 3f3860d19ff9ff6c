//! Proofs about single accounts: that one is in the tree with this root, or that a leaf is empty.

use thiserror::Error;

use crate::{
    Account, AccountId, Digest, Root,
    tree::{Siblings, root_of_path},
};

/// What a leaf of an account tree holds, with the path that proves it.
///
/// It takes the root alone to check: a wallet need not trust whoever it asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct AccountProof {
    /// The account's id: the index of the leaf.
    pub id: AccountId,
    /// The account; `None` when the leaf is empty.
    pub account: Option<Account>,
    /// The siblings of the leaf, leaf level first.
    pub siblings: Siblings,
}

/// A proof about another tree, or a false one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the proof of account {id} leads to root {found}, not to {root}")]
pub struct AccountProofError {
    /// The account.
    pub id: AccountId,
    /// The root that was asked for.
    pub root: Root,
    /// The root that the proof leads to.
    pub found: Root,
}

impl AccountProof {
    /// The root of the tree that the proof is about: 32 compressions, and three for the account.
    #[must_use]
    pub fn root(&self) -> Root {
        let leaf = self
            .account
            .map_or(Digest::ZERO, |account| account.leaf_digest());
        root_of_path(self.id.get(), &leaf, &self.siblings)
    }

    /// The account in the tree with this root; `None` when the leaf is proven empty.
    ///
    /// ```
    /// use winterlane_ledger::{Account, AccountId, Amount, BatchNumber, Domain, Ledger, Root};
    /// let account = Account { balance: Amount::new(5), ..Account::default() };
    /// let ledger = Ledger::genesis(Domain::ZERO, BatchNumber::ZERO, [(AccountId::new(3), account)])?;
    /// assert_eq!(ledger.prove(AccountId::new(3)).verify(&ledger.root())?, Some(account));
    /// assert_eq!(ledger.prove(AccountId::new(4)).verify(&ledger.root())?, None);
    /// assert!(ledger.prove(AccountId::new(3)).verify(&Root::ZERO).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`AccountProofError`] when the proof is not about that tree.
    pub fn verify(&self, root: &Root) -> Result<Option<Account>, AccountProofError> {
        let found = self.root();
        if found == *root {
            Ok(self.account)
        } else {
            Err(AccountProofError {
                id: self.id,
                root: *root,
                found,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use winter_math::{FieldElement, fields::f64::BaseElement};

    use super::*;
    use crate::{Amount, BatchNumber, Domain, Ledger};

    fn ledger() -> Ledger {
        let account = |balance| Account {
            balance,
            ..Account::default()
        };
        let accounts = [
            (AccountId::ZERO, account(Amount::new(1))),
            (AccountId::new(3), account(Amount::new(2))),
            (AccountId::MAX, account(Amount::new(3))),
        ];
        Ledger::genesis(Domain::ZERO, BatchNumber::ZERO, accounts).unwrap()
    }

    #[test]
    fn accounts_and_empty_leaves_are_proven() {
        let ledger = ledger();
        for id in [0, 1, 2, 3, 4, 1 << 31, u32::MAX - 1, u32::MAX] {
            let proof = ledger.prove(AccountId::new(id));
            assert_eq!(
                proof.verify(&ledger.root()),
                Ok(ledger.account(AccountId::new(id)).copied())
            );
        }
    }

    #[test]
    fn false_proofs_lead_elsewhere() {
        let ledger = ledger();
        let root = ledger.root();
        let honest = ledger.prove(AccountId::new(3));
        let lies: [fn(&mut AccountProof); 6] = [
            |proof| proof.id = AccountId::new(2),
            |proof| proof.id.0 |= 1 << 31,
            |proof| proof.account = None,
            |proof| proof.account.as_mut().unwrap().balance.0 += 1,
            |proof| proof.siblings[0].0[0] += BaseElement::ONE,
            |proof| proof.siblings[31].0[3] += BaseElement::ONE,
        ];
        for lie in lies {
            let mut proof = honest;
            lie(&mut proof);
            let found = proof.root();
            let id = proof.id;
            assert_eq!(
                proof.verify(&root),
                Err(AccountProofError { id, root, found })
            );
        }
        // An empty leaf is not an account of zeros.
        let mut proof = ledger.prove(AccountId::new(4));
        proof.account = Some(Account::default());
        assert!(proof.verify(&root).is_err());
    }
}
