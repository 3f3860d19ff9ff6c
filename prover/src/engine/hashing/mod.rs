//! Many messages hashed at once: what makes trees of any hash function fast.
//!
//! A proof hashes the rows of matrices, pairs of digests for the trees above them, and nonces in its search
//! for the *proof of work*: millions of messages that do not depend on one another. winterfell's trait
//! `ElementHasher` hashes one at a time. A vector unit has room for several messages side by side, and many
//! hash functions take a fraction of the time that way.
//!
//! # Which hash functions are fast
//!
//! | hash function | what it takes |
//! |---|---|
//! | winter-crypto's `Blake3_256`, `Blake3_192`, `Rp64_256`, `RpJive64_256` | nothing: they are recognised |
//! | BLAKE3 under another name | [`Blake3`], given to [`EngineOptions::with_hashing`](super::EngineOptions::with_hashing) |
//! | any that you have code for | an implementation of [`BulkHasher`], given likewise |
//! | winter-crypto's `Sha3_256`, and any other | nothing: one message at a time, on all threads, and so are its Merkle trees |
//!
//! (For SHA3 we found no kept crate that hashes several messages of it at once on a stable compiler and finds the CPU's
//! instructions by itself: `keccak` 0.2 has that behind a nightly compiler, `libcrux-sha3` for SHAKE alone.)
//!
//! The proof is the same, byte for byte. `examples/foreign_hash.rs` has a hash function that the engine has
//! never seen.
//!
//! # Why it is an option, and not a bound
//!
//! `prove` takes *any* `winterfell::Prover`. A bound on its hash function would refuse those whose hash
//! function does not implement the trait, and Rust has no specialisation: a generic function cannot ask a type
//! whether it implements one. It can ask whether two types are the same (`typeid`), which is how
//! winter-crypto's are recognised. All others are named by a value, whose type says what it hashes for; it is an
//! error if that is another hash function than the prover's. The value need not be of the crate that has the
//! hash function: you may write one for a hash function of a crate that has never heard of this one.
//!
//! Behind that option is a trait object with one call for each matrix. What hashes is compiled once for each
//! hash function, where the value is made, and not again for each AIR (`docs/compile-time.md`).

mod blake3;
mod bulk;
mod known;
mod rows;
mod tasks;

use core::ops::Range;

use winter_crypto::{Digest, ElementHasher, Hasher};
use winter_math::FieldElement;
use winter_math::fields::{CubeExtension, QuadExtension, f64::BaseElement};

pub use self::blake3::Blake3;
pub(super) use self::bulk::{
    Bulk, Leaves, OneByOne, Tree, layer_digests, merkle_tree, row_digests,
};
pub(super) use self::known::known;
pub use self::rows::HashRows;

/// The digest type of a hash function.
pub type DigestOf<H> = <H as Hasher>::Digest;

/// Hashes many messages at once, as [`Hasher`](Self::Hasher) hashes each.
///
/// All functions have defaults, which hash one message after the other: implement those for which you have
/// better code. The engine calls them on all threads, each call with so many messages as [`task`](Self::task)
/// says.
///
/// Digests must be those of the hash function; the engine compares some of each commitment, and refuses to go on
/// if they differ.
///
/// ```
/// use winter_crypto::{ElementHasher, Hasher, hashers::Sha3_256};
/// use winter_math::fields::f64::BaseElement;
/// use winterlane_prover::hashing::{BulkHasher, DigestOf, HashRows};
///
/// /// SHA3, by the code of somebody who is quick at it.
/// struct Quick;
///
/// impl BulkHasher for Quick {
///     type Hasher = Sha3_256<BaseElement>;
///
///     fn hash_rows(&self, rows: HashRows<'_>, digests: &mut [DigestOf<Self::Hasher>]) {
///         // Sixteen at a time, say.
///         for (row, digest) in rows.iter().zip(digests) {
///             *digest = Sha3_256::hash_elements(row);
///         }
///     }
/// }
///
/// let options = winterlane_prover::EngineOptions::default().with_hashing(&Quick);
/// ```
pub trait BulkHasher: Sync {
    /// The hash function of the prover's type `HashFn`.
    type Hasher: ElementHasher<BaseField = BaseElement>;

    /// Messages that one call gets at most: enough to be worth a call, and so few that all threads have some
    /// to hash.
    fn task(&self) -> usize {
        64
    }

    /// Hashes row i to digest i, as `hash_elements`. There is a digest for each row.
    fn hash_rows(&self, rows: HashRows<'_>, digests: &mut [DigestOf<Self::Hasher>]) {
        for (row, digest) in rows.iter().zip(digests) {
            *digest = hash_elements::<Self::Hasher>(row, rows.degree());
        }
    }

    /// Hashes children 2i and 2i + 1 to parent i, as `merge`. There are two children for each parent.
    fn merge_pairs(
        &self,
        children: &[DigestOf<Self::Hasher>],
        parents: &mut [DigestOf<Self::Hasher>],
    ) {
        for (pair, parent) in children.as_chunks::<2>().0.iter().zip(parents) {
            *parent = Self::Hasher::merge(pair);
        }
    }

    /// The first of `nonces` for which the first eight bytes of `merge_with_int(seed, nonce)`, as a
    /// little-endian integer, end in `zeros` zero bits at least: what winter-crypto's `DefaultRandomCoin` asks of
    /// a nonce. For other coins it is not called.
    fn first_nonce(
        &self,
        seed: DigestOf<Self::Hasher>,
        zeros: u32,
        mut nonces: Range<u64>,
    ) -> Option<u64> {
        nonces.find(|&nonce| {
            let digest = Self::Hasher::merge_with_int(seed, nonce).as_bytes();
            let head = digest
                .first_chunk()
                .map_or(0, |head| u64::from_le_bytes(*head));
            head.trailing_zeros() >= zeros
        })
    }
}

/// The digest of elements of degree `degree`, given as their base elements.
pub(super) fn hash_elements<H>(elements: &[BaseElement], degree: usize) -> DigestOf<H>
where
    H: ElementHasher<BaseField = BaseElement>,
{
    match degree {
        1 => H::hash_elements(elements),
        2 => H::hash_elements(QuadExtension::slice_from_base_elements(elements)),
        _ => H::hash_elements(CubeExtension::slice_from_base_elements(elements)),
    }
}
