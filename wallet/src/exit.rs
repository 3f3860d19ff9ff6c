//! Leaving a frozen rollup: the one signature that is about no order.

use winterlane_ledger::{
    Account, Compressor, Domain, KeyUse, ScalarCompressor, SlotIndex,
    exit::{Exit, SignedExit},
    private::RESERVED_KEY_INDEX,
    signature::{Claim, KeyError, recover_root},
};

use crate::{Signed, Wallet, WalletError, journal::Claimed};

impl<C: Compressor> Wallet<C> {
    /// Signs that an account leaves a frozen rollup, with the key in a slot of it. `account` is what its leaf holds at
    /// the frozen root.
    ///
    /// It takes the first one-time key that neither the rollup nor this wallet has seen in use: what was signed and is
    /// in no batch, such as a forced order that was not taken, has used its own. The same exit again is the same
    /// signature.
    ///
    /// # Errors
    /// [`WalletError`], as [`Wallet::sign_many`].
    pub fn sign_exit(
        &mut self,
        account: &Account,
        slot: SlotIndex,
        exit: Exit,
        exit_domain: &Domain,
    ) -> Result<SignedExit, WalletError> {
        let held = account.slots[slot.index()];
        let (root, nonce) = (held.root, account.nonce);
        let key = self.key(&root).ok_or(WalletError::UnknownKey { root })?;
        let capacity = key.capacity().min(RESERVED_KEY_INDEX);
        let claim = |index: u32| {
            let index_of_key = u16::try_from(index).unwrap_or(u16::MAX >> 1);
            let index_of_key = KeyUse {
                slot,
                index: index_of_key,
            };
            Claimed {
                root,
                index,
                nonce,
                bound: exit.message(exit_domain, index_of_key),
            }
        };
        let next = self.journal().next_index(&root).max(held.next_index.into());
        // asked again, because the answer was lost: one of those that were signed is this one
        let mut before = (u32::from(held.next_index)..next).rev().map(claim);
        let known =
            before.find_map(|claim| Some((claim, self.journal().randomizer(&claim).ok()??)));
        let (claimed, known) = match known {
            Some((claim, rho)) => (claim, Some(rho)),
            None => (claim(next), None),
        };
        let Claimed { index, bound, .. } = claimed;
        if index >= capacity {
            return Err(KeyError::Exhausted { index, capacity }.into());
        }
        let signature = match known {
            Some(rho) => self.sign_message_again(&root, index, &bound, nonce, &rho)?,
            None => self.sign_message(&root, index, &bound, nonce)?,
        };
        let claim = Claim {
            bound,
            nonce,
            signature: &signature,
        };
        // by the scalar hash, whatever made it
        if recover_root(claim, &ScalarCompressor) != Ok(root) {
            return Err(WalletError::Fault { root, index });
        }
        let signed = Signed {
            root,
            index,
            nonce,
            bound,
            rho: signature.rho,
        };
        self.reserve(&[signed])?;
        Ok(SignedExit {
            exit,
            slot,
            signature,
        })
    }
}

#[cfg(test)]
mod tests {
    use winterlane_ledger::{
        AccountId, Amount, BatchNumber, KeySlot, Nonce, Order, Scope, Withdraw, exit::exit_domain,
    };

    use super::*;

    #[test]
    fn an_exit_takes_a_one_time_key_of_its_own() {
        let place = tempfile::tempdir().unwrap();
        let mut wallet = Wallet::create(place.path()).unwrap();
        let root = wallet.add_key(0, 3).unwrap();
        let slot = KeySlot {
            root,
            next_index: 1,
            scope: Scope::BOTH,
        };
        let account = Account {
            balance: Amount::new(9),
            nonce: Nonce::new(4),
            slots: [slot, KeySlot::default()],
            ..Account::default()
        };
        // a forced order that no batch took has used index 1
        let withdraw = Withdraw {
            from: AccountId::new(3),
            amount: Amount::new(9),
            fee: Amount::ZERO,
            recipient: [1; 20],
            valid_until: BatchNumber::new(99),
        };
        let request = wallet.request(&account, SlotIndex::Zero, Order::Withdraw(withdraw));
        let order = wallet.sign(&request, &Domain::ZERO).unwrap();
        assert_eq!(order.key().index, 1);
        let exit = Exit {
            account: AccountId::new(3),
            recipient: [1; 20],
        };
        let domain = exit_domain(&Domain::ZERO, &root);
        let sign =
            |wallet: &mut Wallet, exit| wallet.sign_exit(&account, SlotIndex::Zero, exit, &domain);
        let signed = sign(&mut wallet, exit).unwrap();
        assert_eq!(signed.key().index, 2);
        assert_eq!(signed.check(&account, &domain, &ScalarCompressor), Ok(()));
        // the same again, also after a restart; to somebody else by another one-time key
        assert_eq!(sign(&mut wallet, exit).unwrap(), signed);
        drop(wallet);
        let mut wallet = Wallet::open(place.path()).unwrap();
        assert!(matches!(
            sign(&mut wallet, exit),
            Err(WalletError::UnknownKey { .. })
        ));
        wallet.add_key(0, 3).unwrap();
        assert_eq!(sign(&mut wallet, exit).unwrap(), signed);
        let elsewhere = Exit {
            recipient: [2; 20],
            ..exit
        };
        assert_eq!(sign(&mut wallet, elsewhere).unwrap().key().index, 3);
        // what was signed before another exit, too: else a wallet of several accounts would use up its keys by asking again
        assert_eq!(sign(&mut wallet, exit).unwrap(), signed);
        assert_eq!(sign(&mut wallet, elsewhere).unwrap().key().index, 3);
        // and orders go on after them
        let request = wallet.request(&account, SlotIndex::Zero, Order::Withdraw(withdraw));
        assert_eq!(request.index, 4);
    }

    #[test]
    fn a_key_that_is_used_up_signs_no_exit() {
        let place = tempfile::tempdir().unwrap();
        let mut wallet = Wallet::create(place.path()).unwrap();
        let root = wallet.add_key(0, 1).unwrap();
        let slot = KeySlot {
            root,
            next_index: 2,
            scope: Scope::BOTH,
        };
        let account = Account {
            slots: [slot, KeySlot::default()],
            ..Account::default()
        };
        let exit = Exit {
            account: AccountId::new(3),
            recipient: [1; 20],
        };
        let refused = wallet.sign_exit(&account, SlotIndex::Zero, exit, &Domain::ZERO);
        assert!(matches!(refused, Err(WalletError::Key(_))), "{refused:?}");
    }
}
