//! The same thing twice: vector hashes and winter-crypto's, signatures and the statement's text,
//! accelerated proofs and winterfell's.

use proptest::prelude::*;
use rayon::prelude::*;
use winter_math::{FieldElement, StarkField};
use winterfell::crypto::{Hasher, hashers::RpJive64_256};
use winterlane_air::presets::Preset;
use winterlane_field_simd::{Backend, rescue};
use winterlane_ledger::{
    BaseElement, Digest, Domain, Nonce, ScalarCompressor,
    hash::{Compressor, Input},
    record::RecordDigest,
    signature::{
        CHAINS, ChainValue, Claim, KeyIndex, KeyTree, SecretSource, Signature, bound_message,
        recover_root,
    },
};
use winterlane_prover::plain::single_threaded;
use winterlane_prover::{Engine, EngineOptions, SimdCompressor, prove_batch};
use winterlane_tests::{
    plain::{Lanes, SecretKey, Signed, recovered_root},
    programs::replayable,
    random::{any_op, batch_of},
    scenario::Op,
};
use winterlane_verifier::{Policy, verify_batch};

// RESCUE-PRIME
// ------------------------------------------------------------------------------------------------

/// Inputs that every backend hashes.
const INPUTS: u64 = 1_000_000;
/// Inputs of a task; no multiple of any number of lanes.
const TASK: u64 = 4001;

/// SplitMix64.
fn mixed(seed: u64) -> u64 {
    let mut x = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ x >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ x >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ x >> 31
}

/// Lane `lane` of input `number`: mostly any element, every eighth time one at an edge.
fn lane(number: u64, lane: u64) -> BaseElement {
    const P: u64 = BaseElement::MODULUS;
    const EDGES: [u64; 8] = [
        0,
        1,
        P - 1,
        P - 2,
        (1 << 32) - 1,
        1 << 32,
        P >> 1,
        (P >> 1) + 1,
    ];
    let random = mixed(8 * number + lane);
    if random & 7 == 0 {
        BaseElement::new(EDGES[(random >> 3) as usize % EDGES.len()])
    } else {
        BaseElement::new(mixed(random))
    }
}

fn merged(input: &Input) -> [BaseElement; 4] {
    let [a, b, c, d, e, f, g, h] = *input;
    let halves = [[a, b, c, d], [e, f, g, h]].map(<RpJive64_256 as Hasher>::Digest::new);
    RpJive64_256::merge(&halves).into()
}

#[test]
fn a_million_compressions_on_every_backend() {
    let backends: Vec<Backend> = Backend::available().collect();
    let wrong: usize = (0..INPUTS.div_ceil(TASK))
        .into_par_iter()
        .map(|task| {
            let numbers = task * TASK..INPUTS.min((task + 1) * TASK);
            let inputs: Vec<Input> = numbers
                .map(|number| core::array::from_fn(|i| lane(number, i as u64)))
                .collect();
            let expected: Vec<[BaseElement; 4]> = inputs.iter().map(merged).collect();
            let differ = |found: &[[BaseElement; 4]]| {
                // inner form and value: both are to be winter-crypto's
                let pairs = found.iter().flatten().zip(expected.iter().flatten());
                pairs
                    .filter(|(a, b)| a != b || a.inner() != b.inner())
                    .count()
            };
            let mut wrong = 0;
            for backend in &backends {
                let mut outputs = vec![[BaseElement::ZERO; 4]; inputs.len()];
                let run = backend.with(|| rescue::merge_many(&inputs, &mut outputs));
                run.expect("it is available").expect("lengths agree");
                wrong += differ(&outputs);
            }
            let mut digests = vec![Digest::ZERO; inputs.len()];
            for compressor in [&ScalarCompressor as &dyn Compressor, &SimdCompressor] {
                compressor.compress_many(&inputs, &mut digests);
                let outputs: Vec<_> = digests.iter().map(|digest| digest.0).collect();
                wrong += differ(&outputs);
            }
            wrong
        })
        .sum();
    let names: Vec<_> = backends.iter().map(|backend| backend.name()).collect();
    winterlane_tests::report!("{INPUTS} compressions on each of {names:?}: {wrong} lanes differ");
    assert_eq!(wrong, 0);
}

#[test]
fn permutations_on_every_backend() {
    let states: Vec<rescue::State> = (0..20_011)
        .map(|number| core::array::from_fn(|i| lane(number ^ 1 << 40, i as u64)))
        .collect();
    let mut expected = states.clone();
    for state in &mut expected {
        RpJive64_256::apply_permutation(state);
    }
    for backend in Backend::available() {
        let mut found = states.clone();
        let run = backend.with(|| rescue::permute_many(&mut found));
        run.expect("it is available");
        assert_eq!(found, expected, "{backend}");
    }
}

// SIGNATURES
// ------------------------------------------------------------------------------------------------

/// Secrets as they come.
struct Secrets {
    starts: Vec<[ChainValue; CHAINS]>,
    base: [BaseElement; 2],
}

impl SecretSource for Secrets {
    fn chain_starts(&self, key_index: u32) -> [ChainValue; CHAINS] {
        self.starts[key_index as usize]
    }

    fn randomizer_base(&self, _: u32, _: &Digest, _: Nonce) -> [BaseElement; 2] {
        self.base
    }
}

/// A key, a message and where a signature of it may be spoilt.
#[derive(Clone, Debug)]
struct Case {
    seed: u64,
    height: u32,
    index: u32,
    nonce: u32,
    spoilt: u64,
}

fn case() -> impl Strategy<Value = Case> {
    let (seed, spoilt) = (any::<u64>(), any::<u64>());
    let nonce = prop_oneof![any::<u32>(), Just(0), Just(u32::MAX)];
    (seed, 0..4_u32, any::<u32>(), nonce, spoilt).prop_map(
        |(seed, height, index, nonce, spoilt)| Case {
            seed,
            height,
            index: index % (1 << height),
            nonce,
            spoilt,
        },
    )
}

fn digest(lanes: Lanes) -> Digest {
    Digest(lanes.map(BaseElement::new))
}

fn lanes(digest: &Digest) -> Lanes {
    digest.0.map(|lane| lane.as_int())
}

/// The signature as the text has it.
fn plain(signature: &Signature) -> Signed {
    let pair = |[a, b]: [BaseElement; 2]| [a.as_int(), b.as_int()];
    Signed {
        seed: pair(signature.seed),
        index: signature.key_index,
        randomizer: pair(signature.rho),
        chains: signature.chains.map(pair),
        siblings: signature.auth.each_ref().map(lanes),
    }
}

/// One element of a signature, or its index, changed.
fn spoil(signature: &mut Signature, by: u64) {
    let chain = (by >> 8) as usize % CHAINS;
    let one = BaseElement::ONE;
    match by % 7 {
        0 => signature.seed[(by >> 8) as usize % 2] += one,
        1 => signature.key_index ^= 1 << ((by >> 8) % 12),
        2 => signature.rho[(by >> 8) as usize % 2] += one,
        3 => signature.chains[chain][(by >> 16) as usize % 2] += one,
        4 => signature.chains.swap(chain, (chain + 1) % CHAINS),
        5 => signature.auth[(by >> 8) as usize % 10].0[(by >> 16) as usize % 4] += one,
        _ => signature.auth.swap(0, (by >> 8) as usize % 10),
    }
}

fn compare_signatures(case: &Case) -> Result<(), TestCaseError> {
    let number = |i: u64| lane(case.seed, 1000 + i).as_int();
    let key = SecretKey {
        seed: [number(0), number(1)],
        starts: (0..1 << case.height)
            .map(|index| {
                core::array::from_fn(|chain| {
                    [0, 1].map(|half| number(8 + 128 * index + 2 * chain as u64 + half))
                })
            })
            .collect(),
    };
    let base = [number(2), number(3)];
    let secrets = Secrets {
        starts: key
            .starts
            .iter()
            .map(|starts| starts.map(|start| start.map(BaseElement::new)))
            .collect(),
        base: base.map(BaseElement::new),
    };
    let (record, domain) = ([4, 5, 6, 7].map(number), [8, 9, 10, 11].map(number));
    let seed = key.seed.map(BaseElement::new);
    let tree = KeyTree::generate(&secrets, seed, case.height, &SimdCompressor)
        .map_err(|error| TestCaseError::fail(error.to_string()))?;
    prop_assert_eq!(lanes(&tree.root().0), key.root());

    // the same signature, and it leads both to the root
    let bound = bound_message(&RecordDigest(digest(record)), &Domain(digest(domain)));
    let mut signature = tree
        .sign(
            &secrets,
            KeyIndex(case.index),
            &bound,
            Nonce::new(case.nonce),
            &SimdCompressor,
        )
        .map_err(|error| TestCaseError::fail(error.to_string()))?;
    let expected = key.sign(record, domain, case.nonce, case.index, base);
    prop_assert_eq!(plain(&signature), expected.clone());
    let theirs = recovered_root(&expected, record, domain, case.nonce);
    prop_assert_eq!(theirs, Ok(key.root()));

    // spoilt, it leads both to the same other root, or to none
    for (spoilt, nonce) in [
        (None, case.nonce),
        (Some(case.spoilt), case.nonce),
        (None, case.nonce ^ 1),
    ] {
        if let Some(by) = spoilt {
            spoil(&mut signature, by);
        }
        let ours = recover_root(
            Claim {
                bound,
                nonce: Nonce::new(nonce),
                signature: &signature,
            },
            &ScalarCompressor,
        );
        let theirs = recovered_root(&plain(&signature), record, domain, nonce);
        prop_assert_eq!(ours.map(|root| lanes(&root.0)).ok(), theirs.ok());
    }
    Ok(())
}

#[test]
fn signatures_are_those_of_the_text() {
    let config = ProptestConfig::with_cases(64);
    replayable(config, &case(), |case| compare_signatures(&case));
}

// PROOFS
// ------------------------------------------------------------------------------------------------

fn compare_proofs(ops: &[Op], preset: Preset) -> Result<(), TestCaseError> {
    let batch = batch_of(ops);
    let prove = |engine| prove_batch(&batch, preset, engine, &EngineOptions::default());
    let ours = prove(Engine::Simd).expect("it proves");
    // On one thread stock winterfell finds the smallest nonce, too.
    let theirs = single_threaded(|| prove(Engine::Stock)).expect("a thread");
    let theirs = theirs.expect("it proves");
    prop_assert_eq!(&ours.proof, &theirs.proof);
    let policy = Policy::only(preset);
    let verdict = verify_batch(&ours.proof, &batch.public_inputs, &policy);
    prop_assert!(verdict.is_ok(), "{:?}", verdict);
    Ok(())
}

#[test]
fn accelerated_proofs_are_those_of_winterfell() {
    let presets = prop::sample::select(Preset::ALL.to_vec());
    let programs = (prop::collection::vec(any_op(), 0..8), presets);
    replayable(
        ProptestConfig::with_cases(12),
        &programs,
        |(ops, preset)| compare_proofs(&ops, preset),
    );
}
