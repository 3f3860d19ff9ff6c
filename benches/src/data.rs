//! The data that everyone works on: canonical integers of the field, from a position.

use rayon::prelude::*;
use winter_math::fields::f64::BaseElement;

/// The field's modulus.
pub const MODULUS: u64 = 0xffff_ffff_0000_0001;

/// A canonical integer, well spread (SplitMix64).
#[must_use]
pub const fn value(position: u64) -> u64 {
    let mut z = position.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31)) % MODULUS
}

/// A matrix, row after row: the cell of row `r` and column `c` is `value(r columns + c)`.
#[must_use]
pub fn rows(rows: usize, columns: usize) -> Vec<BaseElement> {
    (0..(rows * columns) as u64)
        .into_par_iter()
        .map(|position| BaseElement::new(value(position)))
        .collect()
}

/// The same matrix, column after column.
#[must_use]
pub fn columns(rows: usize, columns: usize) -> Vec<Vec<BaseElement>> {
    (0..columns)
        .into_par_iter()
        .map(|c| {
            (0..rows)
                .map(|r| BaseElement::new(value((r * columns + c) as u64)))
                .collect()
        })
        .collect()
}

/// A digest of canonical integers, to compare outputs that are too large to send.
#[must_use]
pub fn digest(values: impl IntoIterator<Item = u64>) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut buffer = Vec::with_capacity(8192);
    for value in values {
        buffer.extend_from_slice(&value.to_le_bytes());
        if buffer.len() == 8192 {
            hasher.update(&buffer);
            buffer.clear();
        }
    }
    hasher.update(&buffer);
    hasher.finalize().to_hex().to_string()
}
