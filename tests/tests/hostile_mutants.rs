//! No bytes crash the verifier, none but a valid proof's are accepted, and memory is bounded.
//!
//! One test, so that nothing else allocates while a mutant is verified.

use peak_alloc::PeakAlloc;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use winterlane_tests::hostile::{Case, Mutation, Parts, Tally, mutants, small_cases};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// Structured mutants of each case.
const STRUCTURED: u32 = 6_000;

/// The least number of mutants in all.
const LEAST: usize = 200_000;

fn mutation() -> impl Strategy<Value = Mutation> {
    use Mutation as M;
    let near = prop_oneof![
        Just(0_u64),
        Just(1),
        any::<u64>(),
        (0_u32..64).prop_map(|b| 1 << b)
    ];
    prop_oneof![
        (any::<u8>(), any::<u8>()).prop_map(|(i, v)| M::Header(i, v)),
        (any::<u8>(), any::<u8>()).prop_map(|(i, v)| M::Option(i, v)),
        near.clone().prop_map(M::NumConstraints),
        (-4_i8..5, any::<bool>()).prop_map(|(c, r)| M::NumQueries(c, r)),
        (-20_i8..20).prop_map(M::Metadata),
        (-3_i8..4).prop_map(M::Commitments),
        (any::<u8>(), prop_oneof![-64_i16..65, any::<i16>()]).prop_map(|(i, c)| M::Values(i, c)),
        (any::<u8>(), any::<u8>(), -3_i8..4).prop_map(|(i, v, c)| M::Nodes(i, v, c)),
        (any::<u8>(), -2_i8..3).prop_map(|(i, c)| M::Vectors(i, c)),
        (any::<u8>(), any::<u8>()).prop_map(|(i, v)| M::Depth(i, v)),
        (any::<bool>(), -64_i16..65).prop_map(|(q, c)| M::Frame(q, c)),
        (any::<u8>(), any::<u8>()).prop_map(|(i, h)| M::Layer(i, h)),
        (-12_i8..13, any::<bool>()).prop_map(|(c, f)| M::Remainder(c, f)),
        any::<u8>().prop_map(M::Partitions),
        near.prop_map(M::Nonce),
        (any::<u8>(), any::<u16>()).prop_map(|(i, a)| M::Reducible(i, a)),
        (any::<u8>(), any::<u8>()).prop_map(|(i, j)| M::Swap(i, j)),
    ]
}

fn structured(case: &Case, parts: &Parts, tally: &mut Tally) {
    let config = Config {
        cases: STRUCTURED,
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let tally = std::cell::RefCell::new(tally);
    TestRunner::new_with_rng(config, rng)
        .run(&vec(mutation(), 1..4), |mutations| {
            let mut parts = parts.clone();
            for mutation in mutations {
                mutation.apply(&mut parts);
            }
            tally.borrow_mut().run(case, "structured", &parts.encode());
            Ok(())
        })
        .unwrap();
}

#[test]
fn no_bytes_crash_the_verifier() {
    // Panics are counted; their messages would drown the counts.
    std::panic::set_hook(Box::new(|_| {}));
    let mut total = 0;
    for case in small_cases() {
        let digest_bytes = case.merkle.then_some(case.digest_bytes);
        let parts = Parts::decode(&case.proof, digest_bytes).unwrap();
        let other = Parts::decode(&case.other, digest_bytes).unwrap();
        let verified = (case.verify)(&case.proof).unwrap_or_else(|e| panic!("{}: {e}", case.name));
        assert_eq!(verified.proof_bytes, case.proof.len());
        assert!((case.verify)(&case.other).is_err(), "another statement");

        let mut tally = Tally::default();
        mutants::bytes(&case, &mut tally, 1);
        mutants::truncations(&case, &mut tally, 1);
        mutants::appended(&case, &mut tally);
        mutants::splices(&case, &parts, &other, &mut tally);
        mutants::fields(&case, &parts, &mut tally);
        structured(&case, &parts, &mut tally);
        println!("{} ({} bytes): {tally}", case.name, case.proof.len());
        tally.assert_clean();
        total += tally.tried;
    }
    println!("{total} mutants in all: 0 panics, 0 aborts, 0 accepted");
    assert!(total >= LEAST, "{total} mutants are fewer than {LEAST}");
}
