//! The ten bytes with which a proof says its options, and what they mean to a policy.

use core::fmt;

use winter_crypto::Hasher;
use winter_utils::Serializable;
use winterlane_air::presets::Preset;

use crate::{AirPolicy, VerifyError};

/// Bytes of the options in a proof.
pub(crate) const ENCODED_LEN: usize = 10;

/// The options of a proof as its bytes spell them: nothing is checked, every field has any value.
///
/// They are for a message to a person. Options that a policy accepts are
/// [`ProofOptions`](winter_air::ProofOptions).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct FoundOptions {
    /// FRI queries, 1 to 255.
    pub queries: u8,
    /// Size of the LDE domain over that of the trace, a power of two from 2 to 128.
    pub blowup: u8,
    /// Bits of proof of work, up to 32.
    pub grinding: u8,
    /// Degree of the extension field of the challenges, 1 to 3.
    pub extension_degree: u8,
    /// How many evaluations FRI folds into one: 2, 4, 8 or 16.
    pub folding: u8,
    /// Largest degree of the FRI remainder polynomial, one less than a power of two.
    pub remainder_max_degree: u8,
    /// How constraints and columns are combined: 0 with independent coefficients, which is what
    /// every preset does, 1 and 2 with powers of one.
    pub batching: [u8; 2],
    /// Number of partitions of a row that are hashed apart, and the hash rate: 1 and 1 unless set.
    pub partitions: [u8; 2],
}

impl FoundOptions {
    /// The meaning of the ten bytes, in the order in which winterfell writes them.
    pub(crate) const fn decode(bytes: [u8; ENCODED_LEN]) -> Self {
        let [
            queries,
            blowup,
            grinding,
            extension_degree,
            folding,
            remainder_max_degree,
            constraints,
            columns,
            partitions,
            hash_rate,
        ] = bytes;
        Self {
            queries,
            blowup,
            grinding,
            extension_degree,
            folding,
            remainder_max_degree,
            batching: [constraints, columns],
            partitions: [partitions, hash_rate],
        }
    }
}

impl fmt::Display for FoundOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} queries, blowup {}, {} bits of grinding, extension of degree {}, folding by {}, \
             remainder up to degree {}",
            self.queries,
            self.blowup,
            self.grinding,
            self.extension_degree,
            self.folding,
            self.remainder_max_degree
        )?;
        if self.batching != [0, 0] {
            let [constraints, columns] = self.batching;
            write!(f, ", batching methods {constraints} and {columns}")?;
        }
        if self.partitions != [1, 1] {
            let [number, hash_rate] = self.partitions;
            write!(f, ", {number} partitions of hash rate {hash_rate}")?;
        }
        Ok(())
    }
}

/// Why `policy` does not accept the options that a proof of 2^`log2_length` rows spells with these
/// bytes: a person wants to hear of bits and presets, not of bytes.
pub(crate) fn refusal<H: Hasher>(
    policy: &AirPolicy<H>,
    log2_length: u32,
    bytes: [u8; ENCODED_LEN],
) -> VerifyError {
    let length = 1_usize.checked_shl(log2_length).unwrap_or(0);
    let preset = Preset::ALL.into_iter().find(|preset| {
        preset
            .options(length)
            .is_some_and(|options| options.to_bytes() == bytes)
    });
    let Some(preset) = preset else {
        return VerifyError::OptionsNotAccepted {
            found: FoundOptions::decode(bytes),
            log2_length,
        };
    };
    // Bits of a preset hold for every AIR, up to the collision resistance of the hash function.
    let bits = preset
        .parameters(length)
        .map_or(0, |parameters| parameters.bits.min(H::COLLISION_RESISTANCE));
    let accepted = policy.entries().iter();
    let least = accepted
        .filter(|entry| entry.log2_length == log2_length)
        .map(|entry| entry.bits)
        .min();
    let required = least.unwrap_or(0).max(policy.min_bits());
    if bits < required {
        VerifyError::TooFewBits {
            preset,
            bits,
            required,
        }
    } else {
        VerifyError::PresetNotAccepted { preset, bits }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use winter_air::{BatchingMethod, FieldExtension, ProofOptions};
    use winter_utils::Serializable;

    use super::FoundOptions;

    /// Every field stands where winterfell writes it.
    #[test]
    fn the_bytes_mean_what_winterfell_wrote() {
        let options = ProofOptions::new(
            80,
            8,
            16,
            FieldExtension::Quadratic,
            4,
            31,
            BatchingMethod::Linear,
            BatchingMethod::Linear,
        );
        let found = |options: &ProofOptions| {
            FoundOptions::decode(options.to_bytes().try_into().unwrap()).to_string()
        };
        let plain = "80 queries, blowup 8, 16 bits of grinding, extension of degree 2, folding by 4, \
                     remainder up to degree 31";
        assert_eq!(found(&options), plain);
        let algebraic = BatchingMethod::Algebraic;
        let options = ProofOptions::new(
            80,
            8,
            16,
            FieldExtension::Quadratic,
            4,
            31,
            algebraic,
            BatchingMethod::Horner,
        )
        .with_partitions(4, 8);
        let more = ", batching methods 1 and 2, 4 partitions of hash rate 8";
        assert_eq!(found(&options), [plain, more].concat());
    }
}
