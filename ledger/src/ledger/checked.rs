//! Signature checks apart from the state, so that they can run many at once and in any order.

use alloc::vec::Vec;

use crate::{
    Domain, Root, SignedOrder,
    hash::Compressor,
    record::record_digests,
    signature::{Claim, SignatureError, bound_messages, recover_roots},
};

/// A signed order with the key root that its signature proves.
///
/// [`check_orders`] makes these, and [`CheckedOrder::assume`] for a program that reads its own log. A check does not look at any account: whether that root is in
/// the signer's slot, and this one-time key not used up, is found when the order is applied to a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedOrder {
    signed: SignedOrder,
    root: Root,
    domain: Domain,
}

impl CheckedOrder {
    /// The order and its signature.
    #[must_use]
    pub const fn signed(&self) -> &SignedOrder {
        &self.signed
    }

    /// The root of the key tree that signed.
    #[must_use]
    pub const fn root(&self) -> &Root {
        &self.root
    }

    /// The domain it was checked for.
    #[must_use]
    pub const fn domain(&self) -> &Domain {
        &self.domain
    }

    /// An order that the caller has checked before and kept where nobody else writes, such as the log of a sequencer,
    /// with the root that its signature proved then.
    ///
    /// *Nothing is checked here.* Who uses this checks the signature again before the batch is sealed: a batch with a
    /// signature that does not hold cannot be proven. What it saves is time at a start, when orders are to be known at
    /// once and sealed later.
    #[must_use]
    pub const fn assume(signed: SignedOrder, root: Root, domain: Domain) -> Self {
        Self {
            signed,
            root,
            domain,
        }
    }

    pub(super) fn into_signed(self) -> SignedOrder {
        self.signed
    }
}

/// Checks the signatures of many orders: about 117 compressions each, in calls of many.
///
/// It needs no ledger and changes nothing; chunks may be checked in parallel, in any order.
///
/// # Errors
/// Per order: [`SignatureError`] when its signature leads to no root at all.
#[must_use]
pub fn check_orders<C: Compressor + ?Sized>(
    orders: impl IntoIterator<Item = SignedOrder>,
    domain: &Domain,
    compressor: &C,
) -> Vec<Result<CheckedOrder, SignatureError>> {
    let orders: Vec<SignedOrder> = orders.into_iter().collect();
    let records: Vec<_> = orders.iter().map(SignedOrder::record).collect();
    let digests = record_digests(&records, compressor);
    let claims: Vec<Claim<'_>> = orders
        .iter()
        .zip(bound_messages(&digests, domain, compressor))
        .map(|(signed, bound)| Claim {
            bound,
            nonce: signed.nonce,
            signature: &signed.signature,
        })
        .collect();
    let roots = recover_roots(&claims, compressor);
    drop(claims);
    let checked = |signed, root| CheckedOrder {
        signed,
        root,
        domain: *domain,
    };
    orders
        .into_iter()
        .zip(roots)
        .map(|(signed, root)| root.map(|root| checked(signed, root)))
        .collect()
}

/// Checks the signature of one order ([`check_orders`]).
///
/// # Errors
/// [`SignatureError`] when its signature leads to no root at all.
pub fn check_order<C: Compressor + ?Sized>(
    order: SignedOrder,
    domain: &Domain,
    compressor: &C,
) -> Result<CheckedOrder, SignatureError> {
    check_orders([order], domain, compressor).swap_remove(0)
}
