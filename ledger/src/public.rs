//! The public inputs of a batch's proof.

use alloc::{vec, vec::Vec};

use winter_math::{ToElements, fields::f64::BaseElement};

use crate::{BatchNumber, Digest, Domain, Root};

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
    pub domain: Domain,
    /// The number of the batch, below 2^62.
    pub batch_number: BatchNumber,
    /// Root of the account tree before the batch.
    pub old_root: Root,
    /// Root of the account tree after it.
    pub new_root: Root,
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
            BaseElement::new(self.batch_number.get() & u64::from(u32::MAX)),
            BaseElement::new(self.batch_number.get() >> 32),
        ];
        for digest in [
            &self.domain.0,
            &self.old_root.0,
            &self.new_root.0,
            &self.operations_digest,
        ] {
            elements.extend_from_slice(&digest.0);
        }
        elements
    }
}

#[cfg(test)]
mod tests {
    use winter_math::FieldElement;

    use super::*;

    fn sample() -> PublicInputs {
        let digest = |n: u32| Digest([n, n + 1, n + 2, n + 3].map(BaseElement::from));
        PublicInputs {
            domain: Domain(digest(1)),
            batch_number: BatchNumber::new(5),
            old_root: Root(digest(11)),
            new_root: Root(digest(21)),
            operations_digest: digest(31),
            num_operations: 16,
        }
    }

    #[test]
    fn every_field_reaches_the_elements() {
        let changes: [fn(&mut PublicInputs); 8] = [
            |p| p.domain.0.0[0] += BaseElement::ONE,
            |p| p.old_root.0.0[1] += BaseElement::ONE,
            |p| p.new_root.0.0[2] += BaseElement::ONE,
            |p| p.operations_digest.0[3] += BaseElement::ONE,
            |p| p.batch_number.0 += 1,
            |p| p.batch_number.0 += 1 << 32,
            // The modulus: in a single element it would be zero again.
            |p| p.batch_number.0 += 0xffff_ffff_0000_0001,
            |p| p.num_operations *= 2,
        ];
        for change in changes {
            let mut changed = sample();
            change(&mut changed);
            assert_ne!(changed.to_elements(), sample().to_elements());
        }
        assert_eq!(sample().to_elements().len(), 19);
    }

    #[cfg(feature = "serde")]
    #[test]
    fn json_round_trip_and_strictness() {
        use alloc::string::ToString;

        let json = serde_json::to_string(&sample()).unwrap();
        assert!(json.contains(&sample().old_root.to_string()));
        assert_eq!(
            serde_json::from_str::<PublicInputs>(&json).unwrap(),
            sample()
        );
        assert!(serde_json::from_str::<PublicInputs>(&json.replace("domain", "realm")).is_err());
        let extra = json.replacen('{', "{\"more\":1,", 1);
        assert!(serde_json::from_str::<PublicInputs>(&extra).is_err());
        assert!(serde_json::from_str::<PublicInputs>(&json.replace("0100", "zz00")).is_err());
    }
}
