//! Where the randomness of hiding proofs comes from, and nowhere else.
//!
//! ```text
//! system, at each proof ─┐
//! state of the generator ┼─ BLAKE3 ─┬─ key of the proof ─ ChaCha20, one stream a column ─ field elements
//! hash of the witness ───┘          └─ next state of the generator
//! ```
//!
//! The hash of main trace, public inputs, options and the prover's type is a hedge: if the system's randomness
//! fails, or a virtual machine is copied, proofs of different main traces still have different keys. Two proofs of
//! different witnesses with one key would tell both. An auxiliary segment is expected to follow from the main one.

use blake3::Hasher;
use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng, SeedableRng};
use winter_math::{StarkField, fields::f64::BaseElement};
use zeroize::{Zeroize, Zeroizing};

use crate::engine::ProverError;

/// The domain of the hash that makes the key of a proof.
const KEY_CONTEXT: &str = "winterlane 2026-11 hiding proof key";

/// The domain of the hash that makes the generator's next state.
const STATE_CONTEXT: &str = "winterlane 2026-11 hiding generator state";

/// Bytes drawn from the cipher at a time: a short tail is some hundred bytes a column, and what is drawn for more is
/// thrown away. The stream is the same for any number.
const BUFFER: usize = 512;

/// The randomness of hiding proofs: a cryptographic generator that is seeded by the system, and again at
/// each proof.
///
/// There is no constructor from a seed, so that none is passed by accident; tests of hiding have one behind
/// the feature `test-randomness`. States and keys are wiped from memory when they are dropped.
pub struct HidingRng {
    state: Zeroizing<[u8; 32]>,
    /// Whether the system is asked at each proof.
    fresh: bool,
}

impl HidingRng {
    /// A generator seeded by the system.
    ///
    /// # Errors
    /// [`ProverError::Randomness`] if the system has no randomness to give.
    pub fn from_system() -> Result<Self, ProverError> {
        Ok(Self {
            state: system_bytes()?,
            fresh: true,
        })
    }

    /// A generator whose every draw follows from `seed`, the witness and the statement: for tests alone.
    #[cfg(any(test, feature = "test-randomness"))]
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self {
            state: Zeroizing::new(seed),
            fresh: false,
        }
    }

    /// The key of one proof, hedged with `hash` of witness and statement. Every call gives another one.
    pub(super) fn proof_key(&mut self, hash: &[u8; 32]) -> Result<ProofKey, ProverError> {
        let fresh = if self.fresh {
            system_bytes()?
        } else {
            Zeroizing::default()
        };
        let derive = |context| {
            let mut hasher = Hasher::new_derive_key(context);
            hasher.update(&*self.state).update(&*fresh).update(hash);
            let mut bytes = Zeroizing::new([0; 32]);
            hasher.finalize_xof().fill(&mut *bytes);
            hasher.zeroize();
            bytes
        };
        let (key, next) = (derive(KEY_CONTEXT), derive(STATE_CONTEXT));
        self.state = next;
        Ok(ProofKey(key))
    }
}

impl core::fmt::Debug for HidingRng {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("HidingRng").finish_non_exhaustive()
    }
}

fn system_bytes() -> Result<Zeroizing<[u8; 32]>, ProverError> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *bytes).map_err(ProverError::Randomness)?;
    Ok(bytes)
}

/// What a stream of randomness fills.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    /// A column of the main segment.
    Main = 1,
    /// A column of the inner AIR's auxiliary segment.
    Auxiliary = 2,
    /// A column of the veil.
    Veil = 3,
}

/// The key of one proof's randomness.
pub(super) struct ProofKey(Zeroizing<[u8; 32]>);

impl ProofKey {
    /// The stream for one column. The same call gives the same stream.
    pub(super) fn stream(&self, purpose: Purpose, column: usize) -> Stream {
        let mut rng = ChaCha20Rng::from_seed(*self.0);
        rng.set_stream((purpose as u64) << 32 | column as u64);
        Stream {
            rng,
            buffer: Zeroizing::new([0; BUFFER]),
            used: BUFFER,
        }
    }
}

/// Uniform field elements.
pub(super) struct Stream {
    rng: ChaCha20Rng,
    buffer: Zeroizing<[u8; BUFFER]>,
    used: usize,
}

impl Stream {
    /// Fills cells with uniform elements.
    pub(super) fn fill(&mut self, cells: &mut [BaseElement]) {
        for cell in cells {
            *cell = self.element();
        }
    }

    /// Fills the rows from `first` on of a column, given by its coordinates, with uniform elements, row by
    /// row.
    pub(super) fn fill_coordinates(
        &mut self,
        coordinates: &mut [&mut [BaseElement]],
        first: usize,
    ) {
        let rows = coordinates.first().map_or(0, |cells| cells.len());
        for row in first..rows {
            for cells in coordinates.iter_mut() {
                cells[row] = self.element();
            }
        }
    }

    /// Words from the modulus on are rejected, one in 2^32: reduced, they would make small elements twice
    /// as likely. Any representation of uniform words below the modulus is uniform, Montgomery's too.
    fn element(&mut self) -> BaseElement {
        loop {
            let word = self.word();
            if word < BaseElement::MODULUS {
                return BaseElement::from_mont(word);
            }
        }
    }

    fn word(&mut self) -> u64 {
        if self.used == BUFFER {
            self.rng.fill_bytes(&mut *self.buffer);
            self.used = 0;
        }
        let mut word = [0; 8];
        word.copy_from_slice(&self.buffer[self.used..][..8]);
        self.used += 8;
        u64::from_le_bytes(word)
    }
}

#[cfg(test)]
mod tests {
    use winter_math::FieldElement;

    use super::*;

    fn first(key: &ProofKey, purpose: Purpose, column: usize) -> Vec<u64> {
        let mut drawn = [BaseElement::ZERO; 1000];
        key.stream(purpose, column).fill(&mut drawn);
        drawn.iter().map(BaseElement::inner).collect()
    }

    #[test]
    fn every_column_and_every_proof_has_its_own_stream() {
        let mut rng = HidingRng::from_seed([7; 32]);
        let one = rng.proof_key(&[0; 32]).unwrap();
        let two = rng.proof_key(&[0; 32]).unwrap();
        let other = HidingRng::from_seed([7; 32]).proof_key(&[1; 32]).unwrap();
        let streams = [
            first(&one, Purpose::Main, 0),
            first(&one, Purpose::Main, 1),
            first(&one, Purpose::Auxiliary, 0),
            first(&one, Purpose::Veil, 0),
            first(&two, Purpose::Main, 0),
            first(&other, Purpose::Main, 0),
        ];
        for (i, a) in streams.iter().enumerate() {
            for b in &streams[i + 1..] {
                assert!(a.iter().zip(b).all(|(a, b)| a != b));
            }
        }
        let again = HidingRng::from_seed([7; 32]).proof_key(&[0; 32]).unwrap();
        assert_eq!(first(&again, Purpose::Main, 0), streams[0]);
    }

    #[test]
    fn the_system_is_asked_at_each_proof() {
        // As if a virtual machine had been copied: two generators in one state.
        let state = Zeroizing::new([9; 32]);
        let copies = [state.clone(), state].map(|state| HidingRng { state, fresh: true });
        let keys = copies.map(|mut rng| rng.proof_key(&[0; 32]).unwrap());
        assert_ne!(*keys[0].0, *keys[1].0);
    }

    // One word in 2^32 is rejected: none of them is met by chance.
    #[test]
    fn words_from_the_modulus_on_are_rejected() {
        let key = ProofKey(Zeroizing::new([3; 32]));
        let mut stream = key.stream(Purpose::Veil, 0);
        stream.buffer.fill(0xff);
        let kept = BaseElement::MODULUS - 1;
        stream.buffer[8..16].copy_from_slice(&BaseElement::MODULUS.to_le_bytes());
        stream.buffer[16..24].copy_from_slice(&kept.to_le_bytes());
        stream.used = 0;
        assert_eq!(stream.element().inner(), kept);
        assert_eq!(stream.used, 24);
    }

    #[test]
    fn elements_are_uniform_bit_by_bit() {
        let key = HidingRng::from_system()
            .unwrap()
            .proof_key(&[0; 32])
            .unwrap();
        let mut drawn = vec![BaseElement::ZERO; 1 << 16];
        key.stream(Purpose::Main, 3).fill(&mut drawn);
        for bit in 0..64 {
            let ones = drawn.iter().filter(|e| e.inner() >> bit & 1 == 1).count();
            // Six standard deviations of 128.
            assert!(ones.abs_diff(1 << 15) < 6 * 128, "bit {bit}: {ones}");
        }
    }
}
