//! The sealed trait of 32-bit lanes that the BLAKE3 kernels are written in.
//!
//! One lane is one message. The lanes are those of an instruction set's token, whose existence proves that
//! the CPU has the instructions, so the methods need no `unsafe` on the caller's side.

/// The largest number of lanes of any backend.
pub(crate) const MAX_LANES: usize = 16;

/// Bytes of a BLAKE3 block.
pub(crate) const BLOCK: usize = 64;

/// Vectors of [`LANES`](Self::LANES) 32-bit words, one word of each of as many messages.
///
/// All methods are `#[inline(always)]`: they must land inside an entry point that enables the
/// instructions, or each would be a call.
pub trait Words: Copy {
    /// A vector of words.
    type V: Copy;
    /// One truth value a lane.
    type Mask: Copy;
    /// Messages hashed at once; a power of two, at most [`MAX_LANES`].
    const LANES: usize;

    /// The same word in every lane.
    fn splat(self, word: u32) -> Self::V;
    /// Lane `i` is `words[i]`; words past the last lane are ignored.
    fn load(self, words: &[u32; MAX_LANES]) -> Self::V;
    /// The inverse of [`load`](Self::load); words past the last lane are left as they are.
    fn store(self, v: Self::V, words: &mut [u32; MAX_LANES]);
    /// Sum modulo 2^32.
    fn add(self, a: Self::V, b: Self::V) -> Self::V;
    /// Exclusive or.
    fn xor(self, a: Self::V, b: Self::V) -> Self::V;
    /// Rotation right by 16 bits.
    fn ror16(self, a: Self::V) -> Self::V;
    /// Rotation right by 12 bits.
    fn ror12(self, a: Self::V) -> Self::V;
    /// Rotation right by 8 bits.
    fn ror8(self, a: Self::V) -> Self::V;
    /// Rotation right by 7 bits.
    fn ror7(self, a: Self::V) -> Self::V;
    /// Unsigned `a < b`.
    fn lt(self, a: Self::V, b: Self::V) -> Self::Mask;
    /// `a == b`.
    fn eq(self, a: Self::V, b: Self::V) -> Self::Mask;
    /// `a + 1` where the mask holds, otherwise `a`.
    fn inc_if(self, mask: Self::Mask, a: Self::V) -> Self::V;
    /// `a` where the mask holds, otherwise `b`.
    fn select(self, mask: Self::Mask, a: Self::V, b: Self::V) -> Self::V;

    /// Word `j` of the block at `bytes[i * stride..]`, for every lane `i`, in vector `j`.
    ///
    /// # Panics
    /// Panics if a block reaches past the end of `bytes`.
    fn load_block(self, bytes: &[u8], stride: usize) -> [Self::V; 16];

    /// As [`load_block`](Self::load_block) for blocks of only `words` 64-bit words, at most 8,
    /// padded with zeros.
    ///
    /// # Panics
    /// Panics if a block reaches past the end of `bytes`.
    #[inline(always)]
    fn load_short(self, bytes: &[u8], stride: usize, words: usize) -> [Self::V; 16] {
        let mut padded = [0; BLOCK * MAX_LANES];
        for (i, block) in padded.chunks_exact_mut(BLOCK).take(Self::LANES).enumerate() {
            let row = &bytes[i * stride..][..8 * words];
            for (to, from) in block.chunks_exact_mut(8).zip(row.chunks_exact(8)) {
                to.copy_from_slice(from);
            }
        }
        self.load_block(&padded, BLOCK)
    }

    /// Asks for the cache line at `at`. A hint: any address will do.
    #[inline(always)]
    fn prefetch(self, _at: *const u8) {}

    /// Writes the eight words of lane `i` to `digests[i]`, little-endian, for every lane.
    ///
    /// # Panics
    /// Panics if there are fewer digests than lanes.
    fn store_digests(self, v: [Self::V; 8], digests: &mut [[u8; 32]]);
}

/// The bound behind every unchecked block load: the last lane's last byte lies within `bytes`.
#[inline(always)]
pub(crate) fn check_reach(bytes: &[u8], stride: usize, lanes: usize, len: usize) {
    let reach = stride
        .checked_mul(lanes - 1)
        .and_then(|last| last.checked_add(len));
    assert!(
        reach.is_some_and(|reach| reach <= bytes.len()),
        "a block reaches past the rows"
    );
}
