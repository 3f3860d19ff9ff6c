//! The shielded pool: private money beside the accounts, and what a node keeps of it.
//!
//! A *note* is money of the pool that only its owner can find and spend ([`crate::private`]). Three
//! operations move money:
//!
//! | operation | in the open | hidden |
//! |---|---|---|
//! | [`Shield`]: from an account into the pool | the account, asset, amount | whose note it is |
//! | transfer: two notes become two others | nullifiers, commitments, the fee | which notes, amounts, asset (unless a fee shows it), owners |
//! | withdrawal: a note pays somebody outside | recipient, asset, amount, fee, nullifier, the change's commitment | which note, and its value |
//!
//! The last two carry a proof that hides the rest. The ledger knows no AIR: whoever applies operations gives it
//! a [`VerifyPrivate`].
//!
//! *Settlement needs no constraint of its own.* To shield is to withdraw from the rollup to the recipient
//! [`Shield::recipient`], which names the note; the pool takes notes in the order of those withdrawals, each
//! once ([`Payment`]). To withdraw from the pool is to be paid by a deposit: to the
//! account that the recipient names ([`account_recipient`]), or outside.
//!
//! *What a node keeps* ([`Pool`]): the frontier of the note tree (32 digests), the last 1,024 roots, every
//! nullifier (32 bytes each), and per asset how much the pool holds. A note is never marked as spent; nobody
//! but its owner could say which one was.
//!
//! *What a node asks for besides* is its [`PoolPolicy`]: a least fee, and which association sets count.
//!
//! *The supply is conserved whatever a proof says*: no more of an asset leaves the pool than went in. Should a
//! forged proof ever verify, it takes from the pool's other owners and creates nothing outside of it.
//!
//! ```
//! use winterlane_ledger::{Amount, AssetId, BatchNumber, Digest, Domain, private::Commitment, pool::{Payment, Pool, Shield}};
//! let mut pool = Pool::new(Domain::ZERO);
//! let mut batch = pool.open_batch();
//! let shield = Shield { blinded: Digest::ZERO, asset: AssetId::new(7), amount: Amount::new(100), sealed: Vec::new() };
//! batch.shield(&shield, Payment { batch: BatchNumber::ZERO, record: 3 })?;
//! let sealed = batch.seal();
//! assert_eq!(sealed.commitments, [Commitment::new(&shield.blinded, AssetId::new(7), Amount::new(100))]);
//! assert_eq!(pool.held(AssetId::new(7)), Amount::new(100));
//! assert!(pool.is_anchor(&sealed.anchor));
//! # Ok::<(), winterlane_ledger::pool::PoolError>(())
//! ```

mod error;
mod operation;
mod policy;
mod state;
#[cfg(test)]
mod tests;
mod wire;

pub use error::{PoolError, ProofRefusal};
pub use operation::{
    Payment, Payout, PoolOperation, PrivateOperation, Shield, account_recipient, ciphertexts_digest,
};
pub use policy::{PolicyRefusal, PoolPolicy};
pub use state::{ANCHORS, Pool, PoolBatch, PoolDraft, PoolParts, PoolPartsError, SealedPool};
pub use wire::{MAX_SEALED_BYTES, decode_operation, encode_operation, proof_digest};

use alloc::boxed::Box;

use crate::private::PrivateInputs;

/// Verifies private proofs: what the ledger asks of a proof system.
pub trait VerifyPrivate {
    /// Whether `proof` is one of this statement.
    ///
    /// # Errors
    /// Why it is not.
    fn verify(&self, inputs: &PrivateInputs, proof: &[u8]) -> Result<(), Box<ProofRefusal>>;
}

impl<V: VerifyPrivate + ?Sized> VerifyPrivate for &V {
    fn verify(&self, inputs: &PrivateInputs, proof: &[u8]) -> Result<(), Box<ProofRefusal>> {
        (**self).verify(inputs, proof)
    }
}
