//! The door lets every honest proof through, and only in its own spelling.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use winterfell::crypto::{
    DefaultRandomCoin, ElementHasher, MerkleTree,
    hashers::{Blake3_256, Rp64_256, RpJive64_256, Sha3_256},
};
use winterfell::math::fields::f64::BaseElement;
use winterfell::{BatchingMethod, FieldExtension, ProofOptions};
use winterlane_tests::airs::{
    DegreeNine, Doubling, Fibonacci, Periodic, Rap, Sequences, TestAir, TestProver, Wide,
};
use winterlane_tests::erased;
use winterlane_tests::hostile::mutants::longer_form;
use winterlane_tests::hostile::{Opening, Parts, small_cases, statements};
use winterlane_verifier::{MAX_NUM_QUERIES, PolicyError, verify};

/// Queries, log2 of the blowup, extension, log2 of folding, log2 of the remainder, grinding.
type Numbers = (usize, u32, u8, u32, u32, u32);

fn options() -> impl Strategy<Value = ProofOptions> {
    let queries = prop_oneof![4 => 1..48_usize, 1 => 48..=254_usize];
    let blowup = prop_oneof![4 => 1..5_u32, 1 => 5..8_u32];
    let numbers = (queries, blowup, 0..3_u8, 1..5_u32, 0..9_u32, 0..5_u32);
    let batching = (0..3_usize, 0..3_usize);
    let partitions = (1..17_usize, prop_oneof![1..9_usize, 9..=255_usize]);
    (numbers, batching, partitions).prop_map(|(numbers, (a, b), (partitions, rate))| {
        let (queries, blowup, extension, folding, remainder, grinding): Numbers = numbers;
        let extension = [
            FieldExtension::None,
            FieldExtension::Quadratic,
            FieldExtension::Cubic,
        ][usize::from(extension)];
        let batching = [
            BatchingMethod::Linear,
            BatchingMethod::Algebraic,
            BatchingMethod::Horner,
        ];
        ProofOptions::new(
            queries,
            1 << blowup,
            grinding,
            extension,
            1 << folding,
            (1 << remainder) - 1,
            batching[a],
            batching[b],
        )
        .with_partitions(partitions, rate)
    })
}

/// Widths of the wide AIR, up to the most that winterfell verifies.
fn widths() -> impl Strategy<Value = usize> {
    prop_oneof![3..64_usize, 64..=254_usize, Just(254)]
}

/// Proves and verifies; `false` when the policy says that these options cannot be verified.
fn round_trip<A: TestAir, H>(
    width: usize,
    log2_rows: u32,
    seed: u64,
    options: &ProofOptions,
) -> bool
where
    H: ElementHasher<BaseField = BaseElement> + Sync,
{
    let trace = A::trace(width, 1 << log2_rows, seed);
    let Some(policy) = statements::try_policy::<A, H>(&trace, options) else {
        return false;
    };
    let prover = TestProver::<A, H, MerkleTree<H>>::new(options.clone());
    let proof = erased::prove(&prover, trace.clone()).unwrap();
    let bytes = proof.to_bytes();
    let inputs = A::public_inputs(&trace);
    let verified =
        verify::<A, H, DefaultRandomCoin<H>, MerkleTree<H>>(&bytes, inputs, &policy).unwrap();
    assert_eq!(
        (verified.trace_length, verified.proof_bytes),
        (1 << log2_rows, bytes.len())
    );
    assert_eq!(verified.options, *options);
    // The bits are winterfell's own figure for this very proof, or what counting the openings leaves of them.
    let security = proof.proven_security::<H>();
    let winterfell = security.ldr_bits().max(security.udr_bits());
    let counted = winterlane_air::presets::soundness::opening_bits(options, 1 << log2_rows);
    assert_eq!(verified.bits, winterfell.min(counted.max(0.0) as u32));
    true
}

#[test]
fn honest_proofs_pass() {
    type Blake = Blake3_256<BaseElement>;
    let config = Config {
        cases: 300,
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let (proven, refused) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    TestRunner::new_with_rng(config, rng)
        .run(
            &(options(), 0..10_u8, 3..8_u32, widths(), any::<u64>()),
            |(options, air, log2_rows, width, seed)| {
                // The constraints of some AIRs need a larger domain than others.
                let blowup = options.blowup_factor();
                let passed = match air {
                    0 if blowup >= 8 => {
                        round_trip::<DegreeNine, Blake>(2, log2_rows, seed, &options)
                    }
                    1 if blowup >= 4 => round_trip::<Periodic, Blake>(3, log2_rows, seed, &options),
                    2 => round_trip::<Rap, Blake>(3, log2_rows, seed, &options),
                    3 => round_trip::<Sequences, Blake>(5, log2_rows.max(4), seed, &options),
                    4 => round_trip::<Wide, Blake>(width, log2_rows, seed, &options),
                    5 => round_trip::<Fibonacci, RpJive64_256>(2, log2_rows, seed, &options),
                    6 => round_trip::<Rap, Rp64_256>(3, log2_rows, seed, &options),
                    7 => round_trip::<Wide, Sha3_256<BaseElement>>(9, log2_rows, seed, &options),
                    8 => round_trip::<Doubling, Blake>(2, log2_rows, seed, &options),
                    _ => round_trip::<Fibonacci, Blake>(2, log2_rows, seed, &options),
                };
                let count = if passed { &proven } else { &refused };
                count.set(count.get() + 1);
                Ok(())
            },
        )
        .unwrap();
    let (proven, refused) = (proven.get(), refused.get());
    winterlane_tests::report!(
        "{proven} proofs passed; {refused} sets of options were refused by the policy"
    );
    assert!(proven >= 100);
}

/// More than 254 queries make winterfell's verifier panic; the policy does not take them.
#[test]
fn options_that_winterfell_cannot_verify() {
    let trace = Fibonacci::trace(2, 64, 1);
    let linear = BatchingMethod::Linear;
    let options = |queries, folding, remainder| {
        ProofOptions::new(
            queries,
            8,
            0,
            FieldExtension::Cubic,
            folding,
            remainder,
            linear,
            linear,
        )
    };
    type Blake = Blake3_256<BaseElement>;
    assert!(statements::try_policy::<Fibonacci, Blake>(&trace, &options(254, 2, 7)).is_some());
    assert!(statements::try_policy::<Fibonacci, Blake>(&trace, &options(255, 2, 7)).is_none());
    assert_eq!(MAX_NUM_QUERIES, 254);
    // 64 = 16 * 4 does not fold by 16 twice
    assert!(statements::try_policy::<Fibonacci, Blake>(&trace, &options(8, 16, 3)).is_some());
    assert!(statements::try_policy::<Fibonacci, Blake>(&trace, &options(8, 16, 1)).is_none());
    // and a policy asks for its minimum at every length
    let policy = statements::policy::<Fibonacci, Blake>(&trace, &options(8, 2, 7));
    let strict = winterlane_verifier::AirPolicy::<Blake>::new(policy.shape().clone(), 100);
    assert!(matches!(
        strict.accept(options(8, 2, 7)),
        Err(PolicyError::TooWeak {
            required: 100,
            log2_length: 6,
            ..
        })
    ));
}

/// A hash rate of 256 is written as 0, which winterfell asserts not to read.
#[test]
fn a_hash_rate_that_a_proof_cannot_spell() {
    let trace = Fibonacci::trace(2, 64, 1);
    let linear = BatchingMethod::Linear;
    let options = ProofOptions::new(4, 8, 0, FieldExtension::Cubic, 4, 7, linear, linear);
    let policy = statements::policy::<Fibonacci, Blake3_256<BaseElement>>(&trace, &options);
    for partitions in [1, 16] {
        let accepted = |rate| {
            policy
                .clone()
                .accept(options.clone().with_partitions(partitions, rate))
        };
        assert!(accepted(255).is_ok());
        assert_eq!(accepted(256).err(), Some(PolicyError::HashRate));
    }
}

/// Other spellings of a valid proof, all of which winterfell accepts.
#[test]
fn other_spellings_are_refused() {
    let mut spellings = 0;
    for case in small_cases().iter().filter(|case| case.merkle) {
        let parts = Parts::decode(&case.proof, Some(case.digest_bytes)).unwrap();
        let mut refuse = |what: &str, bytes: &[u8]| {
            assert!(
                (case.stock)(bytes),
                "{}: {what}: winterfell refuses it too",
                case.name
            );
            assert!((case.verify)(bytes).is_err(), "{}: {what}", case.name);
            spellings += 1;
        };
        assert!((case.stock)(&case.proof));

        refuse("trailing bytes", &[case.proof.as_slice(), &[0; 9]].concat());

        let mut other = parts.clone();
        other.num_constraints += 1 << 32;
        refuse("number of constraints modulo 2^32", &other.encode());

        if parts.options[8] == 1 {
            let mut other = parts.clone();
            other.options[9] = 200;
            refuse("hash rate of one partition", &other.encode());
        }

        let queries = parts.clone().queries_mut().count();
        for i in 0..queries {
            let mut other = parts.clone();
            let query = other.queries_mut().nth(i).unwrap();
            if let Opening::Merkle { nodes, .. } = &mut query.opening {
                nodes[0].push(vec![0; case.digest_bytes]);
            }
            refuse("surplus Merkle node", &other.encode());
        }

        let (bytes, fields) = parts.encode_with_fields();
        for field in fields.iter().filter(|field| field.name == "values length") {
            let old = &bytes[field.range.clone()];
            let value = {
                use winter_utils::{ByteReader, SliceReader};
                SliceReader::new(old).read_usize().unwrap() as u64
            };
            for length in old.len() + 1..=9 {
                let (head, tail) = (&bytes[..field.range.start], &bytes[field.range.end..]);
                refuse(
                    "longer integer",
                    &[head, &longer_form(value, length), tail].concat(),
                );
            }
        }
    }
    winterlane_tests::report!(
        "{spellings} other spellings, accepted by winterfell, refused by the door"
    );
    assert!(spellings > 50);
}
