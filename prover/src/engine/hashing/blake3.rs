//! BLAKE3 under any name.

use core::marker::PhantomData;
use core::ops::Range;

use winter_crypto::{Digest, ElementHasher};
use winter_math::fields::f64::BaseElement;
use winter_utils::Deserializable;
use winterlane_field_simd::hashing::{self, Rows};

use super::{BulkHasher, DigestOf, HashRows, OneByOne};

/// Digests that are computed before they are given the caller's type.
const BLOCK: usize = 64;

/// Hashes many messages at once for a hash function that is BLAKE3, whatever the name of its type.
///
/// That is: it hashes elements as the little-endian bytes of their canonical integers, coordinate after
/// coordinate, digests as their bytes, one after the other, and a nonce as its eight bytes after those of the
/// seed; and its digest, in its serialized form, is the `N` bytes that BLAKE3's output begins with, 32 or 24.
/// So winter-crypto's `Blake3_256` and `Blake3_192` do, and wrappers of them.
///
/// ```
/// # use winter_crypto::hashers::Blake3_256;
/// # use winter_math::fields::f64::BaseElement;
/// # type TheirBlake3 = Blake3_256<BaseElement>;
/// use winterlane_prover::{EngineOptions, hashing::Blake3};
///
/// let hashing = Blake3::<TheirBlake3>::new();
/// let options = EngineOptions::default().with_hashing(&hashing);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Blake3<H, const N: usize = 32>(PhantomData<fn() -> H>);

impl<H, const N: usize> Blake3<H, N> {
    /// For hash function `H`.
    #[must_use]
    pub const fn new() -> Self {
        const { assert!(N == 24 || N == 32, "digests of 24 or of 32 bytes") };
        Self(PhantomData)
    }
}

/// Writes digests with these bytes; one that its type does not read stays as it was.
fn write<D: Deserializable, const N: usize>(bytes: &[[u8; N]], digests: &mut [D]) {
    for (digest, bytes) in digests.iter_mut().zip(bytes) {
        if let Ok(read) = D::read_from_bytes(bytes) {
            *digest = read;
        }
    }
}

/// The `N` bytes of a digest.
fn bytes_of<D: Digest, const N: usize>(digest: &D) -> [u8; N] {
    digest.as_bytes().first_chunk().copied().unwrap_or([0; N])
}

impl<H, const N: usize> BulkHasher for Blake3<H, N>
where
    H: ElementHasher<BaseField = BaseElement>,
{
    type Hasher = H;

    fn task(&self) -> usize {
        512
    }

    fn hash_rows(&self, rows: HashRows<'_>, digests: &mut [DigestOf<H>]) {
        let (width, stride) = (rows.width(), rows.stride());
        let mut hashed = [[0; N]; BLOCK];
        for (block, digests) in digests.chunks_mut(BLOCK).enumerate() {
            let hashed = &mut hashed[..digests.len()];
            let first = block * BLOCK;
            // Rows that do not end with a stride are hashed one by one, the last of a part of a matrix.
            let elements = &rows.elements()[first * stride..];
            let whole = (elements.len() / stride).min(digests.len());
            let done = Rows::new(&elements[..whole * stride], width, stride)
                .and_then(|rows| hashing::hash_rows(rows, &mut hashed[..whole]))
                .is_ok();
            write(hashed, digests);
            let one_by_one = if done { whole } else { 0 };
            for (i, digest) in digests.iter_mut().enumerate().skip(one_by_one) {
                *digest = super::hash_elements::<H>(rows.row(first + i), rows.degree());
            }
        }
    }

    fn merge_pairs(&self, children: &[DigestOf<H>], parents: &mut [DigestOf<H>]) {
        let mut hashed = [[0; N]; BLOCK];
        let blocks = children.chunks(2 * BLOCK).zip(parents.chunks_mut(BLOCK));
        for (children, parents) in blocks {
            let hashed = &mut hashed[..parents.len()];
            let bytes: Vec<[u8; N]> = children.iter().map(bytes_of).collect();
            match hashing::merge_level(&bytes, hashed) {
                Ok(()) => write(hashed, parents),
                Err(_) => OneByOne::<H>::new().merge_pairs(children, parents),
            }
        }
    }

    fn first_nonce(&self, seed: DigestOf<H>, zeros: u32, nonces: Range<u64>) -> Option<u64> {
        hashing::grind_range(&bytes_of::<_, N>(&seed), zeros, nonces)
    }
}
