//! The oracle: one lane in plain integers.

use super::ScalarToken;
use crate::hashing::words::{BLOCK, MAX_LANES, Words};

impl Words for ScalarToken {
    type V = u32;
    type Mask = bool;
    const LANES: usize = 1;

    #[inline(always)]
    fn splat(self, word: u32) -> u32 {
        word
    }

    #[inline(always)]
    fn load(self, words: &[u32; MAX_LANES]) -> u32 {
        words[0]
    }

    #[inline(always)]
    fn store(self, v: u32, words: &mut [u32; MAX_LANES]) {
        words[0] = v;
    }

    #[inline(always)]
    fn add(self, a: u32, b: u32) -> u32 {
        a.wrapping_add(b)
    }

    #[inline(always)]
    fn xor(self, a: u32, b: u32) -> u32 {
        a ^ b
    }

    #[inline(always)]
    fn ror16(self, a: u32) -> u32 {
        a.rotate_right(16)
    }

    #[inline(always)]
    fn ror12(self, a: u32) -> u32 {
        a.rotate_right(12)
    }

    #[inline(always)]
    fn ror8(self, a: u32) -> u32 {
        a.rotate_right(8)
    }

    #[inline(always)]
    fn ror7(self, a: u32) -> u32 {
        a.rotate_right(7)
    }

    #[inline(always)]
    fn lt(self, a: u32, b: u32) -> bool {
        a < b
    }

    #[inline(always)]
    fn eq(self, a: u32, b: u32) -> bool {
        a == b
    }

    #[inline(always)]
    fn inc_if(self, mask: bool, a: u32) -> u32 {
        a.wrapping_add(u32::from(mask))
    }

    #[inline(always)]
    fn select(self, mask: bool, a: u32, b: u32) -> u32 {
        if mask { a } else { b }
    }

    #[inline(always)]
    fn load_block(self, bytes: &[u8], _stride: usize) -> [u32; 16] {
        let mut words = [0; 16];
        for (word, from) in words.iter_mut().zip(bytes[..BLOCK].as_chunks().0) {
            *word = u32::from_le_bytes(*from);
        }
        words
    }

    #[inline(always)]
    fn store_digests(self, v: [u32; 8], digests: &mut [[u8; 32]]) {
        for (to, word) in digests[0].as_chunks_mut().0.iter_mut().zip(v) {
            *to = word.to_le_bytes();
        }
    }
}
