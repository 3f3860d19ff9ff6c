//! BLAKE3 over many rows at once, and the Merkle trees above them.
//!
//! A commitment hashes millions of messages of one length. Here each vector lane takes one
//! message, so that 16 (AVX-512), 8 (AVX2) or 4 (NEON, portable) rows cost what one costs word by
//! word. All lanes share the length and with it the shape of BLAKE3's chunk tree, so rows of any
//! width, short blocks and rows of several chunks included, stay in the lanes to the end. Rows
//! are read from the row-major matrix directly; their transposition and the way out of Montgomery
//! form happen in registers.
//!
//! Digests equal those of `winter_crypto`'s [`Blake3_256`] (32 bytes) and [`Blake3_192`]
//! (24 bytes, the same hash truncated): `hash_elements` for rows, `merge` for nodes.
//!
//! ```
//! use winter_crypto::{ElementHasher, MerkleTree, hashers::Blake3_256};
//! use winter_math::fields::f64::BaseElement;
//! use winterlane_field_simd::hashing;
//!
//! // 8 rows of 5 elements.
//! let matrix: Vec<BaseElement> = (0..40u64).map(BaseElement::new).collect();
//! let rows = hashing::Rows::new(&matrix, 5, 5)?;
//! let tree = hashing::commit_rows::<32>(rows)?;
//!
//! type Hash = Blake3_256<BaseElement>;
//! let leaves = matrix.chunks(5).map(Hash::hash_elements).collect();
//! let stock = MerkleTree::<Hash>::new(leaves)?;
//! let ours = MerkleTree::<Hash>::from_raw_parts(
//!     hashing::to_digests::<Hash>(tree.nodes),
//!     hashing::to_digests::<Hash>(tree.leaves),
//! )?;
//! assert_eq!(stock.root(), ours.root());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Blake3_256`]: winter_crypto::hashers::Blake3_256
//! [`Blake3_192`]: winter_crypto::hashers::Blake3_192

mod compress;
mod digests;
mod grind;
mod rows;
#[cfg(all(test, feature = "parallel"))]
mod tests;
mod tree;
pub(crate) mod words;

#[cfg(feature = "parallel")]
use rayon::prelude::*;
use thiserror::Error;
use winter_crypto::{
    ElementHasher,
    hashers::{Blake3_192, Blake3_256},
};
use winter_math::{FieldElement, fields::f64::BaseElement};

pub use digests::Digests;
pub use grind::{grind, grind_range};
#[cfg(feature = "parallel")]
pub use grind::{par_first, par_grind};
pub use tree::{Tree, commit_rows, merge_level, merkle_nodes};
#[cfg(feature = "parallel")]
pub use tree::{par_commit_rows, par_merkle_nodes, par_merkle_nodes_into};

use self::rows::{Digest, Messages};
use crate::{Backend, Kernel, Vector, convert::bytes, dispatch};

// Elements are hashed as their bytes in memory, which must be those of the wire.
const _: () = assert!(
    cfg!(target_endian = "little"),
    "winterfell's byte order is little-endian"
);

/// Rows a task of the parallel functions hashes: enough to outweigh its start, few enough for
/// their digests to stay in L1.
const TASK: usize = 512;

/// Why rows or digests do not fit each other.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum HashError {
    /// The matrix is not a whole number of rows, or rows overlap.
    #[error("{len} elements are not whole rows of {width} elements, {stride} apart")]
    Shape {
        /// Elements in the matrix.
        len: usize,
        /// Elements of a row.
        width: usize,
        /// Elements from one row to the next.
        stride: usize,
    },
    /// The columns asked for are not within the rows.
    #[error("columns {from} to {to} of rows of {width} elements")]
    Columns {
        /// First column asked for.
        from: usize,
        /// One past the last.
        to: usize,
        /// Elements of a row.
        width: usize,
    },
    /// The output has not one digest for each row or pair.
    #[error("{expected} digests expected, got {got}")]
    Digests {
        /// Digests that the input makes.
        expected: usize,
        /// Digests that the output holds.
        got: usize,
    },
    /// A Merkle tree needs a power of two of leaves, at least two.
    #[error("{got} leaves, not a power of two from 2 up")]
    Leaves {
        /// Leaves given.
        got: usize,
    },
}

/// Rows of a row-major matrix, as `hash_elements` would see each.
///
/// Row i is `width` base elements from `i * stride`; elements of an extension count with their
/// degree. Elements are in Montgomery form, any `u64` of a residue class: what is hashed is the
/// canonical little-endian integer.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a>(Messages<'a>);

impl<'a> Rows<'a> {
    /// Rows of field elements, as winterfell keeps them: in Montgomery form.
    ///
    /// # Errors
    /// [`HashError::Shape`] if `elements` is not a whole number of strides, or `width` is over
    /// `stride`, or `stride` is 0.
    pub fn new(
        elements: &'a [BaseElement],
        width: usize,
        stride: usize,
    ) -> Result<Self, HashError> {
        Self::checked(
            BaseElement::elements_as_bytes(elements),
            width,
            stride,
            true,
        )
    }

    /// Rows whose words are canonical integers already, in [0, p), which spares the conversion.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn from_canonical(
        integers: &'a [u64],
        width: usize,
        stride: usize,
    ) -> Result<Self, HashError> {
        Self::checked(bytes(integers), width, stride, false)
    }

    fn checked(
        bytes: &'a [u8],
        width: usize,
        stride: usize,
        montgomery: bool,
    ) -> Result<Self, HashError> {
        let len = bytes.len() / 8;
        if stride == 0 || width > stride || !len.is_multiple_of(stride) {
            return Err(HashError::Shape { len, width, stride });
        }
        let count = len / stride;
        Ok(Self(Messages {
            bytes,
            size: 8 * width,
            stride: 8 * stride,
            count,
            montgomery,
        }))
    }

    /// Columns `from..to` of every row, to hash a row in parts as partitioned commitments do.
    ///
    /// # Errors
    /// [`HashError::Columns`] if there are no such columns.
    pub fn columns(self, from: usize, to: usize) -> Result<Self, HashError> {
        let width = self.0.size / 8;
        if from > to || to > width {
            return Err(HashError::Columns { from, to, width });
        }
        let bytes = if self.0.count == 0 {
            self.0.bytes
        } else {
            &self.0.bytes[8 * from..]
        };
        Ok(Self(Messages {
            bytes,
            size: 8 * (to - from),
            ..self.0
        }))
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.0.count
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.0.count == 0
    }
}

/// Hashes each row to the digest of its index, as `Blake3_256::hash_elements` (`N` = 32) or
/// `Blake3_192::hash_elements` (`N` = 24) would; on this thread, on [`Backend::current`].
///
/// # Errors
/// [`HashError::Digests`] if there is not one digest a row.
pub fn hash_rows<const N: usize>(rows: Rows<'_>, digests: &mut [[u8; N]]) -> Result<(), HashError> {
    check_len(rows.len(), digests.len())?;
    hash_messages(Backend::current(), rows.0, digests);
    Ok(())
}

/// [`hash_rows`] on the threads of the current rayon pool.
///
/// # Errors
/// As [`hash_rows`].
#[cfg(feature = "parallel")]
pub fn par_hash_rows<const N: usize>(
    rows: Rows<'_>,
    digests: &mut [[u8; N]],
) -> Result<(), HashError> {
    check_len(rows.len(), digests.len())?;
    let backend = Backend::current();
    digests
        .par_chunks_mut(TASK)
        .enumerate()
        .for_each(|(task, digests)| {
            hash_messages(backend, rows.0.slice(task * TASK, digests.len()), digests);
        });
    Ok(())
}

/// The BLAKE3 hashers of winter-crypto, whose digests are those of this module. Sealed.
pub trait BlakeHasher: ElementHasher<BaseField = BaseElement> + sealed::Sealed {
    /// The bytes of a digest: `[u8; 32]` or `[u8; 24]`.
    type Bytes;
    /// The digest of these bytes.
    fn digest(bytes: Self::Bytes) -> Self::Digest;
}

impl BlakeHasher for Blake3_256<BaseElement> {
    type Bytes = [u8; 32];
    fn digest(bytes: [u8; 32]) -> Self::Digest {
        Self::Digest::new(bytes)
    }
}

impl BlakeHasher for Blake3_192<BaseElement> {
    type Bytes = [u8; 24];
    fn digest(bytes: [u8; 24]) -> Self::Digest {
        Self::Digest::new(bytes)
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Blake3_256<super::BaseElement> {}
    impl Sealed for super::Blake3_192<super::BaseElement> {}
}

/// The same bytes as winter-crypto's digests. The allocation is reused.
pub fn to_digests<H: BlakeHasher>(digests: Vec<H::Bytes>) -> Vec<H::Digest> {
    digests.into_iter().map(H::digest).collect()
}

fn check_len(expected: usize, got: usize) -> Result<(), HashError> {
    if expected == got {
        Ok(())
    } else {
        Err(HashError::Digests { expected, got })
    }
}

/// Stops the compiler at digests of another size.
const fn assert_digest_size<const N: usize>() {
    const {
        assert!(
            N == 24 || N == 32,
            "BLAKE3 digests here have 24 or 32 bytes"
        );
    };
}

/// Hashes messages to digests of 32 or 24 bytes; the lengths agree.
fn hash_messages<const N: usize>(
    backend: Backend,
    messages: Messages<'_>,
    digests: &mut [[u8; N]],
) {
    assert_digest_size::<N>();
    if N == 32 {
        let (digests, _) = digests.as_flattened_mut().as_chunks_mut();
        return hash_full(backend, messages, digests);
    }
    let mut full = [[0; 32]; 64];
    for (i, digests) in digests.chunks_mut(full.len()).enumerate() {
        let full = &mut full[..digests.len()];
        hash_full(backend, messages.slice(i * 64, digests.len()), full);
        for (short, full) in digests.iter_mut().zip(full) {
            short.copy_from_slice(&full[..N]);
        }
    }
}

/// The one instance of the kernels: not generic, so that it is compiled here and only once.
fn hash_full(backend: Backend, messages: Messages<'_>, digests: &mut [Digest]) {
    dispatch(backend, HashJob { messages, digests });
}

struct HashJob<'a> {
    messages: Messages<'a>,
    digests: &'a mut [Digest],
}

impl Kernel for HashJob<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self, w: V::Token) {
        rows::hash(w, self.messages, self.digests);
    }
}
