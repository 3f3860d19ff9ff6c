//! The engine's proof equals winterfell's, byte for byte, on every backend that the CPU has and on any
//! number of threads, and winterfell verifies it.

use std::sync::LazyLock;

use proptest::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};
use winterfell::crypto::hashers::{Blake3_192, Blake3_256, Rp64_256, RpJive64_256, Sha3_256};
use winterfell::crypto::{DefaultRandomCoin, ElementHasher, MerkleTree, VectorCommitment};
use winterfell::math::fields::f64::BaseElement;
use winterfell::{AcceptableOptions, BatchingMethod, FieldExtension, ProofOptions, Prover};
use winterlane_field_simd::Backend;
use winterlane_prover::engine::ProverError;
use winterlane_prover::plain::single_threaded;
use winterlane_tests::airs::{
    AnyAir, AnyProver, Fibonacci, FlatCommitment, Inputs, Rap, Small, TestAir, TestProver,
};
use winterlane_tests::erased;

/// Everything about a proof but its AIR.
#[derive(Clone, Debug)]
struct Case {
    log_rows: u32,
    width: usize,
    seed: u64,
    queries: usize,
    log_blowup: u32,
    grinding: u32,
    extension: FieldExtension,
    log_folding: u32,
    log_remainder: u32,
    batching: (BatchingMethod, BatchingMethod),
    partitions: (usize, usize),
    /// Index in [`POOLS`].
    pool: usize,
}

/// Pools of one, two and three threads.
static POOLS: LazyLock<[ThreadPool; 3]> = LazyLock::new(|| {
    [1, 2, 3].map(|threads| {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("threads")
    })
});

impl Case {
    fn options(&self, min_log_blowup: u32) -> ProofOptions {
        ProofOptions::new(
            self.queries,
            1 << self.log_blowup.max(min_log_blowup),
            self.grinding,
            self.extension,
            1 << self.log_folding,
            (1 << self.log_remainder) - 1,
            self.batching.0,
            self.batching.1,
        )
        .with_partitions(self.partitions.0, self.partitions.1)
    }
}

fn batching() -> impl Strategy<Value = BatchingMethod> {
    prop_oneof![
        Just(BatchingMethod::Linear),
        Just(BatchingMethod::Algebraic),
        Just(BatchingMethod::Horner)
    ]
}

fn case() -> impl Strategy<Value = Case> {
    let extension = prop_oneof![
        Just(FieldExtension::None),
        Just(FieldExtension::Quadratic),
        Just(FieldExtension::Cubic)
    ];
    let log_blowup = prop_oneof![5 => 1..6_u32, 1 => 6..8_u32];
    (
        (3..9_u32, 1..40_usize, any::<u64>(), 1..60_usize),
        (log_blowup, 0..7_u32, extension, 1..5_u32, 0..9_u32),
        (batching(), batching()),
        prop_oneof![3 => Just((1, 1)), 2 => (1..17_usize, 1..33_usize)],
        0..3_usize,
    )
        .prop_map(
            |(
                (log_rows, width, seed, queries),
                (log_blowup, grinding, extension, log_folding, log_remainder),
                batching,
                partitions,
                pool,
            )| Case {
                log_rows,
                width,
                seed,
                queries,
                log_blowup,
                grinding,
                extension,
                log_folding,
                log_remainder,
                batching,
                partitions,
                pool,
            },
        )
}

/// Proves with both, compares, verifies. Returns whether the options were provable at all.
fn same<H, V>(air: Small, case: &Case, min_log_blowup: u32) -> Result<bool, TestCaseError>
where
    H: ElementHasher<BaseField = BaseElement> + Sync,
    V: VectorCommitment<H> + Sync,
{
    let options = case.options(min_log_blowup);
    // The header and the first challenge have the metadata, by which the AIR is known: one AIR is without any, too.
    let trace = match air {
        Small::Fibonacci if case.seed.is_multiple_of(2) => {
            Fibonacci::trace(case.width, 1 << case.log_rows, case.seed)
        }
        _ => air.trace(case.width, 1 << case.log_rows, case.seed),
    };
    let inputs = AnyAir::public_inputs(&trace);
    let prover = AnyProver::<H, V>::new(options.clone());
    let prove = |backend: Backend| {
        let (prover, trace) = (&prover, trace.clone());
        let prove = || backend.with(|| winterlane_prover::prove(prover, trace));
        POOLS[case.pool].install(prove).expect("available")
    };
    let mut ours = Vec::new();
    for backend in Backend::available() {
        match prove(backend) {
            Ok(proof) => ours.push((backend, proof)),
            // winterfell panics on these.
            Err(ProverError::FriFolding { .. } | ProverError::TooManyQueries { .. }) => {
                return Ok(false);
            }
            Err(error) => return Err(TestCaseError::fail(error.to_string())),
        }
    }
    let stock = single_threaded(|| erased::prove(&prover, trace))
        .expect("a thread")
        .expect("winterfell proves it");
    for (backend, ours) in ours {
        prop_assert_eq!(ours.to_bytes(), stock.to_bytes(), "{}", backend);
    }
    let acceptable = AcceptableOptions::OptionSet(vec![options]);
    let verified = erased::verify::<AnyAir, H, DefaultRandomCoin<H>, V>(stock, inputs, &acceptable);
    prop_assert!(verified.is_ok(), "{verified:?}");
    Ok(true)
}

macro_rules! identity {
    ($($name:ident: $air:expr, $hash:ty, $commitment:ty, $min_log_blowup:expr, $cases:expr;)+) => {$(
        proptest! {
            #![proptest_config(ProptestConfig {
                cases: $cases,
                failure_persistence: None,
                ..ProptestConfig::default()
            })]
            #[test]
            fn $name(case in case()) {
                prop_assume!(same::<$hash, $commitment>($air, &case, $min_log_blowup)?);
            }
        }
    )+};
}

type Blake = Blake3_256<BaseElement>;
type Blake192 = Blake3_192<BaseElement>;
type Sha = Sha3_256<BaseElement>;

identity! {
    fibonacci: Small::Fibonacci, Blake, MerkleTree<Blake>, 1, 64;
    wide: Small::Wide, Blake, MerkleTree<Blake>, 1, 64;
    periodic: Small::Periodic, Blake, MerkleTree<Blake>, 2, 64;
    sequences: Small::Sequences, Blake, MerkleTree<Blake>, 1, 64;
    degree_nine: Small::DegreeNine, Blake, MerkleTree<Blake>, 3, 48;
    rap: Small::Rap, Blake, MerkleTree<Blake>, 1, 64;
    wide_blake_192: Small::Wide, Blake192, MerkleTree<Blake192>, 1, 48;
    rap_blake_192: Small::Rap, Blake192, MerkleTree<Blake192>, 1, 24;
    wide_rescue: Small::Wide, Rp64_256, MerkleTree<Rp64_256>, 1, 12;
    rap_rescue_jive: Small::Rap, RpJive64_256, MerkleTree<RpJive64_256>, 1, 12;
    periodic_sha3: Small::Periodic, Sha, MerkleTree<Sha>, 2, 16;
    rap_flat: Small::Rap, Blake, FlatCommitment<Blake>, 1, 16;
    wide_flat_rescue: Small::Wide, RpJive64_256, FlatCommitment<RpJive64_256>, 1, 8;
}

/// What the other tests take for stock winterfell is stock winterfell.
#[test]
fn erasure_changes_no_byte() {
    let trace = Rap::trace(3, 64, 9);
    for extension in [
        FieldExtension::None,
        FieldExtension::Quadratic,
        FieldExtension::Cubic,
    ] {
        let linear = BatchingMethod::Linear;
        let options = ProofOptions::new(9, 4, 3, extension, 4, 7, linear, linear);
        let prover = TestProver::<Rap, Blake>::new(options.clone());
        let stock = single_threaded(|| {
            let direct = prover.prove(trace.clone()).expect("winterfell proves it");
            let erased = erased::prove(&prover, trace.clone()).expect("winterfell proves it");
            assert_eq!(direct.to_bytes(), erased.to_bytes(), "{extension:?}");
            direct
        })
        .expect("a thread");
        let acceptable = AcceptableOptions::OptionSet(vec![options]);
        let inputs = Rap::public_inputs(&trace);
        for (inputs, expected) in [(inputs.clone(), true), (changed(inputs), false)] {
            let direct = winterfell::verify::<Rap, Blake, DefaultRandomCoin<Blake>, MerkleTree<_>>(
                stock.clone(),
                inputs.clone(),
                &acceptable,
            );
            let erased = erased::verify::<Rap, Blake, DefaultRandomCoin<Blake>, MerkleTree<_>>(
                stock.clone(),
                inputs,
                &acceptable,
            );
            assert_eq!(direct.is_ok(), expected, "{extension:?}");
            assert_eq!(direct, erased, "{extension:?}");
        }
    }
}

/// Other public inputs.
fn changed(mut inputs: Inputs) -> Inputs {
    inputs.0[0] += BaseElement::new(1);
    inputs
}

/// The edges of the width: one column, and the most that winterfell's verifier can read.
#[test]
fn extreme_widths() {
    let mut case = Case {
        log_rows: 5,
        width: 1,
        seed: 3,
        queries: 20,
        log_blowup: 1,
        grinding: 3,
        extension: FieldExtension::Cubic,
        log_folding: 2,
        log_remainder: 2,
        batching: (BatchingMethod::Linear, BatchingMethod::Horner),
        partitions: (1, 1),
        pool: 2,
    };
    for (width, log_blowup, extension) in [
        (1, 1, FieldExtension::None),
        (1, 3, FieldExtension::Cubic),
        (2, 7, FieldExtension::Quadratic),
        (127, 2, FieldExtension::Quadratic),
        (128, 1, FieldExtension::None),
        (129, 1, FieldExtension::Cubic),
        (254, 1, FieldExtension::Cubic),
        (254, 3, FieldExtension::Quadratic),
    ] {
        case.width = width;
        case.log_blowup = log_blowup;
        case.extension = extension;
        assert!(same::<Blake, MerkleTree<Blake>>(Small::Wide, &case, 1).expect("identical"));
        assert!(same::<Blake192, MerkleTree<Blake192>>(Small::Wide, &case, 1).expect("identical"));
    }
}
