//! Digests in the memory of the pool.

use core::ops::{Deref, DerefMut};

#[cfg(doc)]
use crate::AllocationError;
use crate::{
    HugeBuffer,
    convert::{bytes, bytes_mut},
};

/// Digests of `N` bytes, one after the other, in a buffer from the pool: the leaves of a tree, or its nodes.
///
/// ```
/// use winterlane_field_simd::hashing::Digests;
///
/// let mut digests = Digests::<24>::unspecified(3);
/// digests.fill([7; 24]);
/// assert_eq!(digests.to_vec(), vec![[7; 24]; 3]);
/// ```
#[derive(Debug)]
pub struct Digests<const N: usize> {
    words: HugeBuffer,
    len: usize,
}

impl<const N: usize> Digests<N> {
    /// `len` digests of any bytes, to be written to: zeros, or what an earlier buffer held.
    ///
    /// # Panics
    /// Panics with an [`AllocationError`] if there is no memory for so many.
    #[must_use]
    pub fn unspecified(len: usize) -> Self {
        // What does not fit into a usize does not fit into memory either.
        let words = len.saturating_mul(N).div_ceil(size_of::<u64>());
        Self {
            words: HugeBuffer::new(words),
            len,
        }
    }
}

impl<const N: usize> Deref for Digests<N> {
    type Target = [[u8; N]];

    fn deref(&self) -> &[[u8; N]] {
        &bytes(&self.words).as_chunks().0[..self.len]
    }
}

impl<const N: usize> DerefMut for Digests<N> {
    fn deref_mut(&mut self) -> &mut [[u8; N]] {
        &mut bytes_mut(&mut self.words).as_chunks_mut().0[..self.len]
    }
}
