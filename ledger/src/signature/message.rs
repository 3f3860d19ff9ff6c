//! From a record to the digits that a one-time key signs.

use alloc::vec::Vec;

use thiserror::Error;
use winter_math::{FieldElement, fields::f64::BaseElement};

use super::{CHAINS, TARGET_SUM};
use crate::{
    Digest, Domain, Nonce,
    hash::{self, Compressor, Input, tag},
    record::RecordDigest,
};

/// The digits of a message: one per chain, each 0 to 3, their sum the target.
pub type Digits = [u8; CHAINS];

/// Why a message digest cannot be signed, or was not signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DigitError {
    /// A half of the digest is 2^64 - 2^32, the one element whose high word is all ones. The AIR
    /// refuses such words: it is how it splits an element into bits in one way only.
    #[error("word {word} of the message digest has a high half of all ones")]
    HighWord {
        /// 0 or 1.
        word: usize,
    },
    /// The digits do not add up to the target.
    #[error("the digits of the message add up to {sum}, not {TARGET_SUM}")]
    Sum {
        /// What they add up to.
        sum: u32,
    },
}

/// `M1`: what is signed, without randomiser and nonce: a record's digest bound to a domain.
///
/// ```
/// use winterlane_ledger::{ChainId, Record, RollupId, hash::domain_digest, signature::bound_message};
/// let record = Record::Noop.digest();
/// let here = bound_message(&record, &domain_digest(ChainId::new(1), RollupId::new(1)));
/// assert_ne!(here, bound_message(&record, &domain_digest(ChainId::new(2), RollupId::new(1))), "no replay on another chain");
/// ```
#[must_use]
pub fn bound_message(record: &RecordDigest, domain: &Domain) -> Digest {
    hash::compress_input(&bound_input(record, domain))
}

/// [`bound_message`] of many records.
pub(crate) fn bound_messages<C: Compressor + ?Sized>(
    records: &[RecordDigest],
    domain: &Domain,
    compressor: &C,
) -> Vec<Digest> {
    let inputs: Vec<Input> = records
        .iter()
        .map(|record| bound_input(record, domain))
        .collect();
    let mut messages = alloc::vec![Digest::ZERO; inputs.len()];
    compressor.compress_many(&inputs, &mut messages);
    messages
}

fn bound_input(record: &RecordDigest, domain: &Domain) -> Input {
    hash::input(tag::DOMAIN, &record.0.0, &domain.0.0)
}

/// The input that compresses to `M`, the digest whose digits are signed.
#[must_use]
pub fn message_input(bound: &Digest, rho: &[BaseElement; 2], nonce: Nonce) -> Input {
    let tail = [
        rho[0],
        rho[1],
        BaseElement::from(nonce.get()),
        BaseElement::ZERO,
    ];
    hash::input(tag::SIGN, &bound.0, &tail)
}

/// The digits of a message digest: digit c is bit c of its first word plus twice that of the second.
///
/// # Errors
/// [`DigitError`] when a word has a high half of all ones or the digits miss the target sum.
pub fn digits(message: &Digest) -> Result<Digits, DigitError> {
    let words = [message.0[0].as_int(), message.0[1].as_int()];
    if let Some(word) = words
        .iter()
        .position(|word| word >> 32 == u64::from(u32::MAX))
    {
        return Err(DigitError::HighWord { word });
    }
    let sum = words[0].count_ones() + 2 * words[1].count_ones();
    if sum != TARGET_SUM {
        return Err(DigitError::Sum { sum });
    }
    Ok(core::array::from_fn(|c| {
        (words[0] >> c & 1) as u8 | ((words[1] >> c & 1) as u8) << 1
    }))
}

/// Randomisers tried per call of the compressor.
const TRIES_AT_ONCE: u32 = 128;
/// Tries after which the search stops. One try in about 1,500 succeeds: this bound is never met.
const MAX_TRIES: u32 = 1 << 20;

/// The first randomiser `[base0, base1 + i]`, i = 0, 1, 2, ... whose message has the target sum.
///
/// `None` after 2^20 tries, which happens with probability e^-700.
#[must_use]
pub fn find_randomizer<C: Compressor + ?Sized>(
    bound: &Digest,
    nonce: Nonce,
    base: &[BaseElement; 2],
    compressor: &C,
) -> Option<([BaseElement; 2], Digits)> {
    let rho = |i: u32| [base[0], base[1] + BaseElement::from(i)];
    let mut out = [Digest::ZERO; TRIES_AT_ONCE as usize];
    (0..MAX_TRIES / TRIES_AT_ONCE).find_map(|round| {
        let first = round * TRIES_AT_ONCE;
        let tries = first..first + TRIES_AT_ONCE;
        let inputs: Vec<Input> = tries
            .clone()
            .map(|i| message_input(bound, &rho(i), nonce))
            .collect();
        compressor.compress_many(&inputs, &mut out);
        tries
            .zip(&out)
            .find_map(|(i, digest)| digits(digest).ok().map(|found| (rho(i), found)))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A digest with these two first words.
    fn digest(words: [u64; 2]) -> Digest {
        Digest([words[0], words[1], 5, 6].map(BaseElement::new))
    }

    #[test]
    fn digits_are_read_bit_by_bit() {
        // 64 low bits cannot all be set (that is no element): 46 ones below, 38 twos above.
        let words = [(1 << 46) - 1, (1 << 38) - 1];
        let found = digits(&digest(words)).unwrap();
        assert_eq!(found.iter().map(|&d| u32::from(d)).sum::<u32>(), TARGET_SUM);
        assert!(found[..38].iter().all(|&d| d == 3));
        assert!(found[38..46].iter().all(|&d| d == 1));
        assert!(found[46..].iter().all(|&d| d == 0));
    }

    #[test]
    fn off_by_one_sums_are_refused() {
        let sum = |words| digits(&digest(words)).unwrap_err();
        assert_eq!(
            sum([(1 << 45) - 1, (1 << 38) - 1]),
            DigitError::Sum {
                sum: TARGET_SUM - 1
            }
        );
        assert_eq!(
            sum([(1 << 47) - 1, (1 << 38) - 1]),
            DigitError::Sum {
                sum: TARGET_SUM + 1
            }
        );
    }

    #[test]
    fn a_high_half_of_all_ones_is_refused() {
        let top = u64::from(u32::MAX) << 32;
        // Sum of the digits: 32 + 2 * 45 = 122, so only the high half is at fault.
        let other = (1 << 45) - 1;
        assert_eq!(
            digits(&digest([top, other])),
            Err(DigitError::HighWord { word: 0 })
        );
        let other = (1 << 58) - 1;
        assert_eq!(
            digits(&digest([other, top])),
            Err(DigitError::HighWord { word: 1 })
        );
        let other = ((1 << 31) - 1) << 33 | ((1 << 27) - 1);
        assert_eq!(
            digits(&digest([other, (1 << 32) - 1])).map(|d| d[63]),
            Ok(1)
        );
    }

    #[test]
    fn the_first_randomizer_is_taken() {
        let (bound, base) = (digest([3, 7]), [11, 13].map(BaseElement::new));
        let first = (0..).find_map(|i: u32| {
            let rho = [base[0], base[1] + BaseElement::from(i)];
            let message = hash::compress_input(&message_input(&bound, &rho, Nonce::new(9)));
            digits(&message).ok().map(|found| (rho, found))
        });
        assert_ne!(first.map(|(rho, _)| rho), Some(base), "no search");
        let found = find_randomizer(&bound, Nonce::new(9), &base, &crate::ScalarCompressor);
        assert_eq!(found, first);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]
        #[test]
        fn a_randomizer_is_found_and_reaches_the_target(seed: u64, nonce: u32) {
            let bound = digest([seed >> 1, 7]);
            let nonce = Nonce::new(nonce);
            let base = [BaseElement::new(seed >> 2), BaseElement::new(seed >> 3)];
            let (rho, found) =
                find_randomizer(&bound, nonce, &base, &crate::ScalarCompressor).unwrap();
            let message = hash::compress_input(&message_input(&bound, &rho, nonce));
            prop_assert_eq!(digits(&message), Ok(found));
            prop_assert_eq!(found.iter().map(|&d| u32::from(d)).sum::<u32>(), TARGET_SUM);
        }
    }
}
