//! Operations that spend notes: everything but the proof.

use std::fmt;

use thiserror::Error;
use winterlane_ledger::{
    Amount, AssetId, BatchNumber, Digest,
    pool::{Shield, ciphertexts_digest},
    private::{Fee, NOTE_TREE_DEPTH, Note, NotePath, NoteTree, TransferInputs, WithdrawalInputs},
};

use super::{
    AssociationSet, Found, NoteBook, NoteSecret, PaymentAddress, SelectError, State,
    keys::random_digest, select,
};
use crate::WalletError;

/// A note that is spent, and where it is.
#[derive(Clone, Copy)]
pub struct Input {
    /// The note.
    pub note: Note,
    /// Its path at the anchor; `None` for a dummy of value 0, which is in no tree.
    pub path: Option<NotePath>,
    /// The siblings of its position in the association set, if there is one.
    pub association: Option<[Digest; NOTE_TREE_DEPTH]>,
}

// The place of a note says which one is spent.
impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Input(..)")
    }
}

/// A private withdrawal before it is proven.
#[derive(Clone, Debug)]
pub struct Withdrawal {
    /// The note that is spent.
    pub input: Input,
    /// The new note with what is left.
    pub change: Note,
    /// The public inputs.
    pub inputs: WithdrawalInputs,
}

/// A private transfer before it is proven.
#[derive(Clone, Debug)]
pub struct Transfer {
    /// The notes that are spent.
    pub spent: [Input; 2],
    /// The new notes, in the order of their commitments.
    pub made: [Note; 2],
    /// The new notes, encrypted.
    pub sealed: Vec<Vec<u8>>,
    /// The public inputs.
    pub inputs: TransferInputs,
}

/// What an operation is made for.
#[derive(Clone, Copy)]
pub struct Terms<'a> {
    /// The asset.
    pub asset: AssetId,
    /// What the receiver gets.
    pub amount: Amount,
    /// What the node gets.
    pub fee: Amount,
    /// The number of the pool's next batch.
    pub batch_number: BatchNumber,
    /// The last batch in which the operation may run.
    pub valid_until: BatchNumber,
    /// The set that the spent notes are to be shown in, or not in: only notes that it admits are chosen.
    pub association: Option<&'a AssociationSet>,
}

// Of a transfer, asset and amount are nobody else's to know.
impl fmt::Debug for Terms<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Terms(..)")
    }
}

/// Expiries of operations are multiples of this.
pub const EXPIRY_STEP: u64 = 32;

/// The last batch of an operation that is to have `lifetime` batches' time from `batch_number` on, and up to
/// [`EXPIRY_STEP`] more.
///
/// The expiry is published. A round one does not say in which batch the operation was made, nor does a lifetime
/// of one's own stand out.
///
/// ```
/// use winterlane_ledger::BatchNumber;
/// use winterlane_wallet::notes::expiry_after;
/// assert_eq!(expiry_after(BatchNumber::new(1), 100), expiry_after(BatchNumber::new(28), 100));
/// assert_eq!(expiry_after(BatchNumber::new(u64::MAX - 1), 100), BatchNumber::MAX);
/// ```
#[must_use]
pub const fn expiry_after(batch_number: BatchNumber, lifetime: u64) -> BatchNumber {
    let least = batch_number.saturating_add(lifetime);
    match least.get().checked_next_multiple_of(EXPIRY_STEP) {
        Some(expiry) => BatchNumber::new(expiry),
        None => BatchNumber::MAX,
    }
}

/// Why an operation cannot be made.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SpendError {
    /// The notes do not suffice.
    #[error(transparent)]
    Select(#[from] SelectError),
    /// The tree is not that of the book.
    #[error("the note tree has {tree} notes and the account has scanned {scanned}: scan again")]
    Tree {
        /// Notes of the tree.
        tree: u64,
        /// Notes that were scanned.
        scanned: u64,
    },
    /// There is enough, and not in notes that the association set admits.
    #[error(
        "it takes {need} of asset {asset}: the account has {have}, of which {admitted} in notes that the association set \
         admits; pay less, or get a set that admits the others"
    )]
    NotAdmitted {
        /// The asset.
        asset: AssetId,
        /// Amount and fee.
        need: Amount,
        /// What can be spent.
        have: Amount,
        /// What can be spent in notes that the set admits.
        admitted: Amount,
    },
    /// No randomness, and other trouble of the wallet.
    #[error(transparent)]
    Wallet(#[from] WalletError),
}

impl NoteBook {
    /// Makes a withdrawal to `recipient` from one note.
    ///
    /// # Errors
    /// [`SpendError`].
    pub fn withdrawal(
        &self,
        secret: &NoteSecret,
        tree: &NoteTree,
        terms: &Terms<'_>,
        recipient: [u8; 20],
    ) -> Result<Withdrawal, SpendError> {
        let chosen = self.choose(tree, terms, 1)?;
        let [found] = chosen[..] else {
            return Err(self.scan_again(tree));
        };
        let input = self.input(tree, terms, found)?;
        let key = secret.viewing_key();
        let change = Note {
            value: Amount::new(found.note.value.get() - terms.amount.get() - terms.fee.get()),
            rho: key.change_rho(&found.nullifier),
            ..found.note
        };
        let inputs = WithdrawalInputs {
            anchor: tree.root(),
            nullifier: found.nullifier,
            change: change.commitment(),
            recipient,
            amount: terms.amount,
            fee: terms.fee,
            asset: terms.asset,
            domain: self.domain,
            valid_until: terms.valid_until,
            ciphertexts: [0; 32],
            association: terms.association.map(AssociationSet::association),
        };
        Ok(Withdrawal {
            input,
            change,
            inputs,
        })
    }

    /// Makes a transfer to an address, from one or two notes.
    ///
    /// Which of the two new notes is the payment and which the change is drawn by lot, and both are encrypted:
    /// nobody but the two owners can tell.
    ///
    /// # Errors
    /// [`SpendError`].
    pub fn transfer(
        &self,
        secret: &NoteSecret,
        tree: &NoteTree,
        terms: &Terms<'_>,
        to: &PaymentAddress,
    ) -> Result<Transfer, SpendError> {
        let chosen = self.choose(tree, terms, 2)?;
        let mine = secret.payment_address();
        let (mut spent, mut nullifiers, mut value) = (Vec::new(), Vec::new(), 0);
        for found in chosen {
            spent.push(self.input(tree, terms, found)?);
            nullifiers.push(found.nullifier);
            value += found.note.value.get();
        }
        while spent.len() < 2 {
            let note = mine.note(terms.asset, Amount::ZERO)?;
            // A dummy is nowhere; its nullifier is that of a fresh note at position 0.
            nullifiers.push(note.nullifier(&secret.keys().nullifier, 0));
            spent.push(Input {
                note,
                path: None,
                association: None,
            });
        }
        let payment = to.note(terms.asset, terms.amount)?;
        let change = mine.note(
            terms.asset,
            Amount::new(value - terms.amount.get() - terms.fee.get()),
        )?;
        let mut made = [(payment, to.seal(&payment)?), (change, mine.seal(&change)?)];
        let [draw, ..] = random_digest()?.to_bytes();
        if draw & 1 == 1 {
            made.swap(0, 1);
        }
        if draw & 2 == 2 {
            spent.swap(0, 1);
            nullifiers.swap(0, 1);
        }
        let ([first, second], [one, two]) = (&spent[..], &nullifiers[..]) else {
            return Err(self.scan_again(tree));
        };
        let [(note0, sealed0), (note1, sealed1)] = made;
        let sealed = vec![sealed0, sealed1];
        let inputs = TransferInputs {
            anchor: tree.root(),
            nullifiers: [*one, *two],
            commitments: [note0.commitment(), note1.commitment()],
            fee: (terms.fee > Amount::ZERO).then_some(Fee {
                amount: terms.fee,
                asset: terms.asset,
            }),
            domain: self.domain,
            valid_until: terms.valid_until,
            ciphertexts: ciphertexts_digest(&sealed),
            association: terms.association.map(AssociationSet::association),
        };
        Ok(Transfer {
            spent: [*first, *second],
            made: [note0, note1],
            sealed,
            inputs,
        })
    }

    /// The nullifiers of the account's notes that are pending at that batch.
    fn pending(&self, terms: &Terms<'_>) -> Amount {
        let pending = self.notes.iter().filter(|found| {
            let waits = matches!(found.state, State::Pending { valid_until } if valid_until >= terms.batch_number);
            waits && found.note.asset == terms.asset
        });
        pending.fold(Amount::ZERO, |sum: Amount, found| {
            sum.saturating_add(found.note.value)
        })
    }

    fn choose(
        &self,
        tree: &NoteTree,
        terms: &Terms<'_>,
        most: usize,
    ) -> Result<Vec<&Found>, SpendError> {
        if tree.count() != self.position {
            return Err(self.scan_again(tree));
        }
        let need = terms.amount.checked_add(terms.fee);
        let need = need.ok_or(SelectError::Overflow)?;
        let (asset, pending) = (terms.asset, self.pending(terms));
        let notes = || self.spendable(terms.batch_number);
        let Some(set) = terms.association else {
            return Ok(select(notes(), (asset, need), most, pending)?);
        };
        let admitted = || notes().filter(move |found| set.admits(found.position));
        select(admitted(), (asset, need), most, pending).map_err(|error| {
            // Whether the set or the account is in the way.
            if select(notes(), (asset, need), most, pending).is_err() {
                return SpendError::from(error);
            }
            SpendError::NotAdmitted {
                asset,
                need,
                have: worth(notes(), asset),
                admitted: worth(admitted(), asset),
            }
        })
    }

    fn input(
        &self,
        tree: &NoteTree,
        terms: &Terms<'_>,
        found: &Found,
    ) -> Result<Input, SpendError> {
        let path = tree.path(found.position);
        let path = path.filter(|path| path.root(&found.note.commitment()) == tree.root());
        Ok(Input {
            note: found.note,
            path: Some(path.ok_or_else(|| self.scan_again(tree))?),
            association: terms.association.map(|set| set.siblings(found.position)),
        })
    }

    fn scan_again(&self, tree: &NoteTree) -> SpendError {
        SpendError::Tree {
            tree: tree.count(),
            scanned: self.position,
        }
    }
}

/// What notes are worth, of one asset.
fn worth<'a>(notes: impl Iterator<Item = &'a Found>, asset: AssetId) -> Amount {
    let notes = notes.filter(|found| found.note.asset == asset);
    notes.fold(Amount::ZERO, |sum, found| {
        sum.saturating_add(found.note.value)
    })
}

/// A note for an address, to be shielded: what is published, and its note.
///
/// # Errors
/// [`WalletError::NoRandomness`].
pub fn shield(
    to: &PaymentAddress,
    asset: AssetId,
    amount: Amount,
) -> Result<(Shield, Note), WalletError> {
    let note = to.note(asset, amount)?;
    let shield = Shield {
        blinded: to.owner().blinded(&note.rho),
        asset,
        amount,
        sealed: to.seal(&note)?,
    };
    Ok((shield, note))
}
