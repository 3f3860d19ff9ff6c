//! Mutants with consistent lengths, by random changes to the parts of a proof.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::{Case, Mutation, Parts, Tally};

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

/// Runs `count` mutants of up to three changes each, always the same ones.
///
/// # Panics
/// When proptest gives up, which it does not.
pub fn run(case: &Case, parts: &Parts, tally: &mut Tally, count: u32) {
    let config = Config {
        cases: count,
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
