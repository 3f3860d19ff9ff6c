//! The statement's hash on vector units: what keys, signatures, trees and records hash in bulk with.

use rayon::prelude::*;
use winterlane_field_simd::{
    Backend,
    rescue::{self, Compression},
};
use winterlane_ledger::{BaseElement, Compressor, Digest, hash::Input};

/// Compressions that one call of the kernel takes: many groups of the widest backend, and a buffer
/// that stays in the first-level cache.
const CHUNK: usize = 128;

/// Calls of this many compressions and more, about half a millisecond, are shared between threads.
const SHARED: usize = 2 * CHUNK;

/// Compresses with the vector kernels of [`winterlane_field_simd::rescue`], on the backend in force
/// on the calling thread; large calls on the threads of its rayon pool. Equal to
/// [`winterlane_ledger::ScalarCompressor`] in every digest.
///
/// ```
/// use winterlane_ledger::{Compressor, Digest, ScalarCompressor, hash::{input, tag}};
/// use winterlane_prover::SimdCompressor;
///
/// let inputs: Vec<_> = (0..300u32)
///     .map(|i| input(tag::NODE, &[i.into(); 4], &[(i + 1).into(); 4]))
///     .collect();
/// let [mut fast, mut slow] = [(); 2].map(|()| vec![Digest::ZERO; inputs.len()]);
/// SimdCompressor.compress_many(&inputs, &mut fast);
/// ScalarCompressor.compress_many(&inputs, &mut slow);
/// assert_eq!(fast, slow);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SimdCompressor;

impl Compressor for SimdCompressor {
    fn compress_many(&self, inputs: &[Input], out: &mut [Digest]) {
        assert_eq!(inputs.len(), out.len(), "a digest per input");
        if inputs.len() < SHARED {
            return compress_here(inputs, out);
        }
        let backend = Backend::current();
        inputs
            .par_chunks(CHUNK)
            .zip(out.par_chunks_mut(CHUNK))
            .for_each(|(inputs, out)| {
                let done = backend.with(|| compress_here(inputs, out));
                assert!(done.is_ok(), "the backend in force is available");
            });
    }
}

/// One digest per input, on this thread.
fn compress_here(inputs: &[Input], out: &mut [Digest]) {
    let mut buffer: [Compression; CHUNK] = [[BaseElement::new(0); 4]; CHUNK];
    for (inputs, out) in inputs.chunks(CHUNK).zip(out.chunks_mut(CHUNK)) {
        let buffer = &mut buffer[..inputs.len()];
        let merged = rescue::merge_many(inputs, buffer);
        assert!(merged.is_ok(), "both slices have the chunk's length");
        for (digest, lanes) in out.iter_mut().zip(&*buffer) {
            *digest = Digest(*lanes);
        }
    }
}

#[cfg(test)]
mod tests {
    use winterlane_field_simd::Backend;
    use winterlane_ledger::{
        Nonce, ScalarCompressor,
        hash::compress_input,
        signature::{
            CHAINS, ChainValue, Claim, KEY_CAPACITY, KeyIndex, KeyTree, SecretSource, Signature,
            recover_roots,
        },
    };

    use super::*;

    #[test]
    fn every_backend_and_length_agrees_with_the_scalar_hash() {
        let input = |i: usize| core::array::from_fn(|j| BaseElement::new((i * 31 + j * j) as u64));
        let inputs: Vec<Input> = (0..2 * CHUNK + 3).map(input).collect();
        let expected: Vec<_> = inputs.iter().map(compress_input).collect();
        for backend in Backend::available() {
            for length in (0..20).chain([CHUNK - 1, CHUNK, CHUNK + 1, inputs.len()]) {
                let mut out = vec![Digest::ZERO; length];
                let run = || SimdCompressor.compress_many(&inputs[..length], &mut out);
                backend.with(run).unwrap();
                assert_eq!(out, expected[..length], "{backend}, {length}");
            }
        }
        let mut out = vec![Digest::ZERO; inputs.len()];
        ScalarCompressor.compress_many(&inputs, &mut out);
        assert_eq!(out, expected);
    }

    struct Toy;

    impl SecretSource for Toy {
        fn chain_starts(&self, key_index: u32) -> [ChainValue; CHAINS] {
            core::array::from_fn(|chain| [key_index.into(), BaseElement::from(chain as u32)])
        }

        fn randomizer_base(&self, _: u32, bound: &Digest, _: Nonce) -> [BaseElement; 2] {
            [bound.0[0], bound.0[1]]
        }
    }

    /// A signature with something wrong in it; as it is for kind 0.
    fn spoiled(signature: &Signature, kind: usize) -> Signature {
        let one = BaseElement::from(1u32);
        let mut signature = signature.clone();
        match kind {
            1 => signature.rho[0] += one,
            2 => signature.chains[5][1] += one,
            3 => signature.chains.swap(0, CHAINS - 1),
            4 => signature.auth[9].0[3] += one,
            5 => signature.seed[1] += one,
            6 => signature.key_index ^= 1,
            7 => signature.key_index = KEY_CAPACITY,
            _ => {}
        }
        signature
    }

    /// Signatures, and each kind of wrong one at each place among up to twice as many as the widest vector has lanes and
    /// one more, and among more than are checked at once: each is found to be what the scalar hash finds.
    #[test]
    fn signatures_are_checked_as_by_the_scalar_hash() {
        const KINDS: usize = 9;
        let seed = [3u32, 4].map(BaseElement::from);
        let key = KeyTree::generate(&Toy, seed, 1, &SimdCompressor).unwrap();
        let bound = Digest([7u32, 8, 9, 10].map(BaseElement::from));
        let signed = [0, 1].map(|index| {
            let nonce = Nonce::new(index);
            key.sign(&Toy, KeyIndex(index), &bound, nonce, &SimdCompressor)
                .unwrap()
        });
        let signatures: Vec<_> = (0..KINDS)
            .map(|kind| spoiled(&signed[kind % 2], kind))
            .collect();
        // the last kind is another nonce than the signed one
        let claims = (0..KINDS).map(|kind| Claim {
            bound,
            nonce: Nonce::new((kind % 2 + kind / (KINDS - 1)) as u32),
            signature: &signatures[kind],
        });
        let claims: Vec<_> = claims.collect();
        let expected = recover_roots(&claims, &ScalarCompressor);
        let root = Ok(key.root());
        assert!(expected[0] == root && expected[1..].iter().all(|found| *found != root));
        assert_eq!(expected.iter().filter(|found| found.is_err()).count(), 3);
        for backend in Backend::available() {
            for count in (1..=17).chain([64, 65, 70]) {
                let first = count % KINDS;
                let claims = claims.iter().copied().cycle().skip(first).take(count);
                let claims: Vec<_> = claims.collect();
                let found = backend.with(|| recover_roots(&claims, &SimdCompressor));
                let expected = expected.iter().copied().cycle().skip(first).take(count);
                let expected: Vec<_> = expected.collect();
                assert_eq!(found.unwrap(), expected, "{backend}, {count}");
            }
        }
    }
}
