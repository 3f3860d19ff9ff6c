//! Leaving a rollup that settlement has frozen: what an account signs to be paid out.
//!
//! Once a rollup is frozen at a root, nothing changes its accounts any more. An account leaves by an opening of
//! its leaf at that root ([`crate::AccountProof`]) and a signature by one of its keys that may spend, which
//! names who is paid.
//!
//! *An exit is no order*, and nothing else that is signed: the message of an order is a digest under
//! [`tag::DOMAIN`], that of an exit one under [`tag::EXIT`], and a digest under both is a collision of the hash.
//! *Nor is it an exit of another rollup*, or of the same one at another root: both are part of the
//! [exit domain](exit_domain).
//!
//! An exit takes a one-time key, as an order does: one that has signed nothing. Settlement refuses those below
//! the account's next index. A wallet knows more, since it has signed what no batch shows.

use thiserror::Error;
use winter_math::fields::f64::BaseElement;

use crate::{
    Account, AccountId, Digest, Domain, KeyUse, Root, Scope, Signature, SlotIndex,
    hash::{Compressor, compress, tag},
    signature::{Claim, SignatureError, recover_root},
};

/// The domain of everything that leaves a rollup frozen at this root.
///
/// ```
/// use winterlane_ledger::{ChainId, RollupId, Root, exit::exit_domain, hash::domain_digest};
/// let [one, two] = [1, 2].map(|rollup| exit_domain(&domain_digest(ChainId::new(1), RollupId::new(rollup)), &Root::ZERO));
/// assert_ne!(one, two);
/// ```
#[must_use]
pub fn exit_domain(domain: &Domain, frozen_root: &Root) -> Domain {
    Domain(compress(tag::FROZEN, &domain.0, &frozen_root.0))
}

/// An account leaves, with all that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct Exit {
    /// Which account.
    pub account: AccountId,
    /// Who is paid on the settlement layer.
    #[cfg_attr(feature = "serde", serde(with = "crate::text::recipient"))]
    pub recipient: [u8; 20],
}

/// An exit, and the signature of one of the account's keys.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct SignedExit {
    /// What was signed.
    pub exit: Exit,
    /// The slot of the account that holds the key.
    pub slot: SlotIndex,
    /// By which one-time key, and the proof of it.
    pub signature: Signature,
}

/// Why a signature does not let an account leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ExitError {
    /// The signature cannot be one.
    #[error("bad signature: {0}")]
    BadSignature(#[from] SignatureError),
    /// The signature does not lead to the key in the slot.
    #[error(
        "bad signature: not by the key in slot {slot:?}, or not for this account, recipient and frozen root"
    )]
    UnknownKey {
        /// The slot.
        slot: SlotIndex,
    },
    /// The key may not spend.
    #[error("key slot {slot:?} has scope {held:?}: leaving takes a key that may spend")]
    WrongScope {
        /// The slot.
        slot: SlotIndex,
        /// What its key may sign.
        held: Scope,
    },
    /// The one-time key has signed already, or a later one has.
    #[error("one-time key {used} of slot {slot:?} is used up; {next_index} is next")]
    UsedOneTimeKey {
        /// The slot.
        slot: SlotIndex,
        /// The one-time key.
        used: u32,
        /// The first that may still sign.
        next_index: u16,
    },
}

impl Exit {
    /// The message that a one-time key signs ([`Claim::bound`]), together with the account's nonce.
    #[must_use]
    pub fn message(&self, exit_domain: &Domain, key: KeyUse) -> Digest {
        let (lanes, _) = self.recipient.as_chunks::<5>();
        let mut numbers = [0u64; 4];
        for (number, [a, b, c, d, e]) in numbers.iter_mut().zip(lanes) {
            *number = u64::from_le_bytes([*a, *b, *c, *d, *e, 0, 0, 0]);
        }
        // 40 bits of a lane are the recipient's. The last lane takes nothing more: a tag is added to it.
        numbers[0] |= u64::from(u16::from(key.slot as u8) | key.index << 1) << 40;
        numbers[1] |= u64::from(self.account.get() & 0xffff) << 40;
        numbers[2] |= u64::from(self.account.get() >> 16) << 40;
        let numbers = Digest(numbers.map(BaseElement::new));
        compress(tag::EXIT, &exit_domain.0, &numbers)
    }
}

impl SignedExit {
    /// The one-time key that signs. An index that does not fit becomes one that no key has either.
    #[must_use]
    pub fn key(&self) -> KeyUse {
        let index = u16::try_from(self.signature.key_index).unwrap_or(u16::MAX >> 1);
        KeyUse {
            slot: self.slot,
            index,
        }
    }

    /// Whether this lets the account leave that the leaf of [`Exit::account`] holds at the frozen root.
    ///
    /// # Errors
    /// [`ExitError`].
    pub fn check<C: Compressor + ?Sized>(
        &self,
        account: &Account,
        exit_domain: &Domain,
        compressor: &C,
    ) -> Result<(), ExitError> {
        let slot = self.slot;
        let held = account.slots[slot.index()];
        let claim = Claim {
            bound: self.exit.message(exit_domain, self.key()),
            nonce: account.nonce,
            signature: &self.signature,
        };
        let root = recover_root(claim, compressor)?;
        let used = self.signature.key_index;
        if root != held.root {
            Err(ExitError::UnknownKey { slot })
        } else if !held.scope.allows(Scope::SPEND) {
            let held = held.scope;
            Err(ExitError::WrongScope { slot, held })
        } else if used < u32::from(held.next_index) {
            let next_index = held.next_index;
            Err(ExitError::UsedOneTimeKey {
                slot,
                used,
                next_index,
            })
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Amount, BatchNumber, ChainId, Nonce, Order, RollupId, ScalarCompressor, Withdraw,
        codec::CanonicalBytes, hash::domain_digest, testing::Key,
    };

    const EXIT: Exit = Exit {
        account: AccountId::new(0x0001_0002),
        recipient: [7; 20],
    };

    fn account(key: &Key, scope: Scope, next_index: u16) -> Account {
        Account {
            balance: Amount::new(5),
            nonce: Nonce::new(3),
            slots: [key.slot(scope, next_index), Default::default()],
            ..Account::default()
        }
    }

    fn sign(key: &Key, exit: Exit, domain: &Domain, index: u16) -> SignedExit {
        let slot = SlotIndex::Zero;
        let bound = exit.message(domain, KeyUse { slot, index });
        let signature = key.tree.sign(
            &key.secrets,
            index.into(),
            &bound,
            Nonce::new(3),
            &ScalarCompressor,
        );
        SignedExit {
            exit,
            slot,
            signature: signature.unwrap(),
        }
    }

    #[test]
    fn the_key_of_the_account_lets_it_leave_and_nothing_else_does() {
        let key = Key::new(1);
        let domain = exit_domain(
            &domain_digest(ChainId::new(1), RollupId::new(1)),
            &Root::ZERO,
        );
        let here = account(&key, Scope::SPEND, 1);
        let signed = sign(&key, EXIT, &domain, 1);
        let check = |signed: &SignedExit, account: &Account, domain: &Domain| {
            signed.check(account, domain, &ScalarCompressor)
        };
        assert_eq!(check(&signed, &here, &domain), Ok(()));
        // an altered message leads to digits of another sum, or to another root
        let refused = |result: Result<(), ExitError>| {
            assert!(
                matches!(
                    result,
                    Err(ExitError::UnknownKey { .. } | ExitError::BadSignature(_))
                ),
                "{result:?}"
            );
        };
        for change in [
            |s: &mut SignedExit| s.exit.account.0 ^= 1,
            |s: &mut SignedExit| s.exit.account.0 ^= 1 << 16,
            |s: &mut SignedExit| s.exit.recipient[0] ^= 1,
            |s: &mut SignedExit| s.exit.recipient[19] ^= 0x80,
            |s: &mut SignedExit| s.signature.key_index = 2,
            |s: &mut SignedExit| s.slot = SlotIndex::One,
        ] {
            let mut other = signed.clone();
            change(&mut other);
            refused(check(&other, &here, &domain));
        }
        let other_root = Root(EXIT.message(&domain, signed.key()));
        let elsewhere = exit_domain(
            &domain_digest(ChainId::new(1), RollupId::new(1)),
            &other_root,
        );
        refused(check(&signed, &here, &elsewhere));
        refused(check(
            &signed,
            &Account {
                nonce: Nonce::new(4),
                ..here
            },
            &domain,
        ));
        refused(check(
            &signed,
            &account(&Key::new(2), Scope::SPEND, 1),
            &domain,
        ));
        let slot = SlotIndex::Zero;
        assert_eq!(
            check(&signed, &account(&key, Scope::ROTATE, 1), &domain),
            Err(ExitError::WrongScope {
                slot,
                held: Scope::ROTATE
            })
        );
        assert_eq!(
            check(&signed, &account(&key, Scope::SPEND, 2), &domain),
            Err(ExitError::UsedOneTimeKey {
                slot,
                used: 1,
                next_index: 2
            })
        );
    }

    /// Neither is an exit an order, nor an order an exit, whatever is made of its fields.
    #[test]
    fn an_order_is_no_exit() {
        let key = Key::new(1);
        let domain = domain_digest(ChainId::new(1), RollupId::new(1));
        let withdraw = Withdraw {
            from: EXIT.account,
            amount: Amount::new(5),
            fee: Amount::ZERO,
            recipient: EXIT.recipient,
            valid_until: BatchNumber::new(9),
        };
        let order = key.sign(
            Order::Withdraw(withdraw),
            &domain,
            Nonce::new(3),
            SlotIndex::Zero,
            1,
        );
        let here = account(&key, Scope::BOTH, 0);
        let exit = SignedExit {
            exit: EXIT,
            slot: order.slot,
            signature: order.signature,
        };
        for domain in [domain, exit_domain(&domain, &Root::ZERO)] {
            assert!(exit.check(&here, &domain, &ScalarCompressor).is_err());
        }
    }

    #[test]
    fn an_exit_has_one_form() {
        let key = Key::new(1);
        let signed = sign(&key, EXIT, &Domain::ZERO, 3);
        let bytes = signed.to_bytes();
        assert_eq!(SignedExit::from_bytes(&bytes), Ok(signed));
        for end in 0..bytes.len() {
            assert!(SignedExit::from_bytes(&bytes[..end]).is_err());
        }
        assert!(SignedExit::from_bytes(&[&bytes[..], &[0]].concat()).is_err());
    }
}
