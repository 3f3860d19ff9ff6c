//! What the ledger hands to the prover: for each operation, everything its trace is filled from.

use alloc::vec::Vec;

use crate::{
    Account, AccountId, Amount, AssetId, BatchNumber, Digest, KeySlot, Nonce, Order, PublicInputs,
    Record, signature::Signature, tree::TREE_DEPTH,
};

/// The witness of one operation slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationWitness {
    /// The public record.
    pub record: Record,
    /// The number of the batch.
    pub batch_number: BatchNumber,
    /// The asset of the fee pool while this operation runs.
    pub pool_asset: AssetId,
    /// Present exactly for signed kinds.
    pub signer: Option<SignerWitness>,
    /// Present exactly for kinds with a receiver.
    pub receiver: Option<ReceiverWitness>,
}

/// The signer's side of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignerWitness {
    /// The account's id.
    pub index: AccountId,
    /// The account before the operation.
    pub account: Account,
    /// The siblings of its leaf, leaf level first, before the operation.
    pub siblings: [Digest; TREE_DEPTH],
    /// The signature.
    pub signature: Signature,
}

/// The receiver's side of an operation. It is opened after the signer's leaf was closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiverWitness {
    /// The account's id.
    pub index: AccountId,
    /// The account as found (in a transfer to oneself: as the signer's side left it); `None` when
    /// the leaf is empty.
    pub account: Option<Account>,
    /// The account put on an empty leaf, balance included; `None` when the leaf is not empty.
    pub created: Option<Account>,
    /// The siblings of its leaf, leaf level first, as found.
    pub siblings: [Digest; TREE_DEPTH],
}

impl SignerWitness {
    /// The account after the signer's side of `record`: balance, nonce, the next index of the slot
    /// that signed, and for a rotation the slot. Arithmetic wraps, so that a false witness can be spelled out too; on a witness that
    /// the ledger made it never does.
    #[must_use]
    pub fn account_after(&self, record: &Record) -> Account {
        let mut account = self.account;
        let spent = record.amount().get().wrapping_add(record.fee().get());
        account.balance = Amount::new(account.balance.get().wrapping_sub(spent));
        account.nonce = Nonce::new(account.nonce.get().wrapping_add(1));
        let Record::Signed(order, key) = record else {
            return account;
        };
        account.slots[key.slot.index()].next_index = key.index.wrapping_add(1);
        if let Order::RotateKey(rotate) = order {
            account.slots[rotate.slot.index()] = KeySlot {
                root: rotate.new_root,
                next_index: 0,
                scope: rotate.scope,
            };
        }
        account
    }
}

impl ReceiverWitness {
    /// The account after the receiver's side: created, or credited with `amount` (wrapping, as in
    /// [`SignerWitness::account_after`]).
    #[must_use]
    pub fn account_after(&self, amount: Amount) -> Account {
        self.created.unwrap_or_else(|| {
            let mut account = self.account.unwrap_or_default();
            account.balance = Amount::new(account.balance.get().wrapping_add(amount.get()));
            account
        })
    }
}

/// A finished batch: what is published, and what its proof is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedBatch {
    /// What the proof is about.
    pub public_inputs: PublicInputs,
    /// The records to publish, padding included.
    pub records: Vec<Record>,
    /// A witness per record.
    pub operations: Vec<OperationWitness>,
}
