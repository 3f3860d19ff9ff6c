//! The public inputs of a batch's proof.

use alloc::{vec, vec::Vec};

use winter_math::{ToElements, fields::f64::BaseElement};

use crate::Digest;

/// Most operation slots of a batch: 2^13, a trace of 2^21 rows.
pub const MAX_OPERATIONS: u32 = 1 << 13;

/// Batch numbers and `valid_until - batch_number` are below 2^62.
pub const BATCH_NUMBER_BITS: u32 = 62;

/// What a proof says about one batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
pub struct PublicInputs {
    /// Which rollup on which chain ([`crate::hash::domain_digest`]).
    pub domain: Digest,
    /// The number of the batch, below 2^62.
    pub batch_number: u64,
    /// Root of the account tree before the batch.
    pub old_root: Digest,
    /// Root of the account tree after it.
    pub new_root: Digest,
    /// The chain of record digests ([`crate::record::operations_digest`]).
    pub operations_digest: Digest,
    /// Operation slots: a power of two, at most [`MAX_OPERATIONS`].
    pub num_operations: u32,
}

impl ToElements<BaseElement> for PublicInputs {
    /// Nineteen elements; no two different public inputs have the same ones, whatever their range.
    fn to_elements(&self) -> Vec<BaseElement> {
        let mut elements = vec![
            BaseElement::from(self.num_operations),
            BaseElement::new(self.batch_number & u64::from(u32::MAX)),
            BaseElement::new(self.batch_number >> 32),
        ];
        for digest in [
            &self.domain,
            &self.old_root,
            &self.new_root,
            &self.operations_digest,
        ] {
            elements.extend_from_slice(&digest.0);
        }
        elements
    }
}
