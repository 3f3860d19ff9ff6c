//! For tests, of this crate and of others (feature `testing`): what every [`crate::State`] must pass, states that
//! fail, and small keys. Nothing here is for a real rollup.

extern crate std;

mod failing;
mod keys;
pub mod state;

pub use failing::{Failing, Failure};
pub use keys::{Key, Toy};

/// Numbers that look random, and are the same for one seed everywhere (SplitMix64).
#[derive(Clone, Debug)]
pub struct Numbers(pub u64);

impl Numbers {
    /// The next one.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// The next one, below `bound`.
    ///
    /// # Panics
    /// When `bound` is 0.
    pub const fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}
