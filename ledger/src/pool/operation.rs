//! Operations of the pool.

use alloc::vec::Vec;

use winter_crypto::{Digest as _, Hasher, hashers::Blake3_256};
use winter_math::fields::f64::BaseElement;

use super::{MAX_SEALED_BYTES, PoolError};
use crate::{
    AccountId, Amount, Anchor, AssetId, BatchNumber, Deposit, Digest, Domain, Withdraw,
    private::{Association, Commitment, Nullifier, PrivateInputs},
};

/// What the hash begins with that names a note among recipients.
const SHIELD_TAG: &[u8; 16] = b"winterlane note\0";

/// Which withdrawal from the rollup paid for a note: the record's place among all batches.
///
/// The pool takes notes in the order of their payments, each payment once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Payment {
    /// The number of the rollup's batch.
    pub batch: BatchNumber,
    /// The place of the withdrawal's record in the batch.
    pub record: u32,
}

/// Money of an account becomes a note.
///
/// It takes no proof: asset and amount are in the open, and the node computes the commitment from them. The
/// owner is hidden in `blinded`, which is a digest of address and randomness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shield {
    /// The blinded owner ([`crate::private::Address::blinded`]).
    pub blinded: Digest,
    /// The asset.
    pub asset: AssetId,
    /// How much.
    pub amount: Amount,
    /// The note, encrypted to its owner; empty when the owner knows it already.
    pub sealed: Vec<u8>,
}

impl Shield {
    /// The new note's commitment.
    #[must_use]
    pub fn commitment(&self) -> Commitment {
        Commitment::new(&self.blinded, self.asset, self.amount)
    }

    /// The recipient of the withdrawal that pays for this note: the first 20 bytes of BLAKE3 of a tag, `blinded`
    /// and the encrypted note.
    ///
    /// Who is to be paid must be bound to the note, or the node could put another note in its place, or take
    /// a payment to an address for one. It must be a hash: of a part of `blinded` anybody could make another
    /// `blinded` for it, which nobody can spend. A second note for a recipient takes 2^160 hashes. Whoever
    /// makes both an address of their own and a note for it (2^80 hashes) is paid once: a withdrawal that paid
    /// for a note has been paid out.
    #[must_use]
    pub fn recipient(&self) -> [u8; 20] {
        let mut bytes = SHIELD_TAG.to_vec();
        bytes.extend_from_slice(&self.blinded.to_bytes());
        bytes.extend_from_slice(&self.sealed);
        let hash = Blake3_256::<BaseElement>::hash(&bytes).as_bytes();
        let mut recipient = [0; 20];
        recipient.copy_from_slice(&hash[..20]);
        recipient
    }

    /// Whether a withdrawal from the rollup, of an account with that asset, pays for this note.
    ///
    /// # Errors
    /// [`PoolError::NotPaid`].
    pub fn check_paid_by(&self, withdraw: &Withdraw, asset: AssetId) -> Result<(), PoolError> {
        let what = if withdraw.recipient != self.recipient() {
            "the recipient"
        } else if withdraw.amount != self.amount {
            "the amount"
        } else if asset != self.asset {
            "the asset"
        } else {
            return Ok(());
        };
        Err(PoolError::NotPaid { what })
    }
}

/// A transfer or a withdrawal, with its proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PrivateOperation {
    /// What is proven.
    pub inputs: PrivateInputs,
    /// The new notes, encrypted to their owners: two of a transfer, at most one of a withdrawal.
    pub sealed: Vec<Vec<u8>>,
    /// The proof.
    pub proof: Vec<u8>,
}

/// What is published and applied.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(
    clippy::large_enum_variant,
    reason = "most operations are private ones, and their bytes are on the heap"
)]
pub enum PoolOperation {
    /// Into the pool, with the withdrawal from the rollup that paid for it.
    Shield(Shield, Payment),
    /// Inside the pool, or out of it.
    Private(PrivateOperation),
}

/// Money that leaves the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payout {
    /// What names this payout among all: the (first) nullifier of the operation, which there is once. Whoever
    /// pays remembers it, so that a payout that is seen again is not paid again.
    pub id: Nullifier,
    /// The asset.
    pub asset: AssetId,
    /// To whom; `None` when only a fee leaves.
    pub recipient: Option<[u8; 20]>,
    /// What the recipient gets.
    pub amount: Amount,
    /// What the node gets.
    pub fee: Amount,
}

/// What names an account of the rollup among recipients: this and its id.
const ACCOUNT_PREFIX: &[u8; 16] = b"winterlane acct\0";

/// The recipient that stands for an account of the rollup.
///
/// Addresses outside are hashes: one that begins with these 16 bytes takes 2^128 tries.
#[must_use]
pub fn account_recipient(account: AccountId) -> [u8; 20] {
    let mut recipient = [0; 20];
    let (prefix, id) = recipient.split_at_mut(16);
    prefix.copy_from_slice(ACCOUNT_PREFIX);
    id.copy_from_slice(&account.get().to_be_bytes());
    recipient
}

impl Payout {
    /// The deposit that pays the recipient, when the recipient is an account of the rollup and gets something.
    ///
    /// Whoever pays nothing to an account asks nothing of it, not even that it is there. A node and settlement must be of
    /// one mind about that: a batch that the one makes and the other refuses ends the rollup.
    ///
    /// ```
    /// use winterlane_ledger::{AccountId, Amount, AssetId, Deposit, Digest, pool::{Payout, account_recipient}, private::Nullifier};
    /// let (recipient, id) = (Some(account_recipient(AccountId::new(9))), Nullifier(Digest::ZERO));
    /// let payout = Payout { id, asset: AssetId::new(7), recipient, amount: Amount::new(5), fee: Amount::new(1) };
    /// assert_eq!(payout.deposit(), Some(Deposit { to: AccountId::new(9), asset: AssetId::new(7), amount: Amount::new(5), keys: None }));
    /// assert_eq!(Payout { recipient: Some([1; 20]), ..payout }.deposit(), None);
    /// assert_eq!(Payout { amount: Amount::ZERO, ..payout }.deposit(), None);
    /// ```
    #[must_use]
    pub fn deposit(&self) -> Option<Deposit> {
        let recipient = self.recipient?;
        let (id, prefix) = recipient
            .split_last_chunk::<4>()
            .map(|(prefix, id)| (id, prefix))?;
        (prefix == ACCOUNT_PREFIX && self.amount > Amount::ZERO).then(|| Deposit {
            to: AccountId::new(u32::from_be_bytes(*id)),
            asset: self.asset,
            amount: self.amount,
            keys: None,
        })
    }
}

/// The hash of encrypted notes that a statement is bound to: zeros when there is none, else BLAKE3 of their
/// lengths and bytes.
#[must_use]
pub fn ciphertexts_digest<S: AsRef<[u8]>>(sealed: &[S]) -> [u8; 32] {
    if sealed.is_empty() {
        return [0; 32];
    }
    let mut bytes = Vec::new();
    for one in sealed {
        let one = one.as_ref();
        bytes.extend_from_slice(&(one.len() as u64).to_le_bytes());
        bytes.extend_from_slice(one);
    }
    Blake3_256::<BaseElement>::hash(&bytes).as_bytes()
}

/// What the pool looks at in a private operation.
pub(super) struct View<'a> {
    pub(super) anchor: &'a Anchor,
    pub(super) domain: &'a Domain,
    pub(super) valid_until: BatchNumber,
    pub(super) ciphertexts: &'a [u8; 32],
    pub(super) nullifiers: &'a [Nullifier],
    pub(super) commitments: &'a [Commitment],
    pub(super) payout: Option<Payout>,
    pub(super) association: Option<&'a Association>,
}

impl PrivateOperation {
    /// The nullifiers, the new notes' commitments and what leaves; empty for a statement that is not of the
    /// pool.
    #[must_use]
    pub fn nullifiers(&self) -> &[Nullifier] {
        self.view().map_or(&[], |view| view.nullifiers)
    }

    /// The commitments of the new notes, in the order in which they enter the note tree.
    #[must_use]
    pub fn commitments(&self) -> &[Commitment] {
        self.view().map_or(&[], |view| view.commitments)
    }

    /// What leaves the pool, if anything does.
    #[must_use]
    pub fn payout(&self) -> Option<Payout> {
        self.view().ok()?.payout
    }

    pub(super) fn view(&self) -> Result<View<'_>, PoolError> {
        match &self.inputs {
            PrivateInputs::Withdrawal(inputs) => Ok(View {
                anchor: &inputs.anchor,
                domain: &inputs.domain,
                valid_until: inputs.valid_until,
                ciphertexts: &inputs.ciphertexts,
                nullifiers: core::slice::from_ref(&inputs.nullifier),
                commitments: core::slice::from_ref(&inputs.change),
                payout: Some(Payout {
                    id: inputs.nullifier,
                    asset: inputs.asset,
                    recipient: Some(inputs.recipient),
                    amount: inputs.amount,
                    fee: inputs.fee,
                }),
                association: inputs.association.as_ref(),
            }),
            PrivateInputs::Transfer(inputs) => Ok(View {
                anchor: &inputs.anchor,
                domain: &inputs.domain,
                valid_until: inputs.valid_until,
                ciphertexts: &inputs.ciphertexts,
                nullifiers: &inputs.nullifiers,
                commitments: &inputs.commitments,
                payout: inputs.fee.map(|fee| Payout {
                    id: inputs.nullifiers[0],
                    asset: fee.asset,
                    recipient: None,
                    amount: Amount::ZERO,
                    fee: fee.amount,
                }),
                association: inputs.association.as_ref(),
            }),
            _ => Err(PoolError::NotOfThePool),
        }
    }
}

/// Whether there are as many encrypted notes as may be, and none is too long.
pub(super) fn check_sealed<S: AsRef<[u8]>>(sealed: &[S], most: usize) -> Result<(), PoolError> {
    let bytes = MAX_SEALED_BYTES;
    if sealed.len() > most || sealed.iter().any(|one| one.as_ref().len() > bytes) {
        return Err(PoolError::Sealed { most, bytes });
    }
    Ok(())
}
