//! What the engine does for hiding proofs alone: another attempt, and less memory.

use std::{env, fs, process::Command, sync::Arc};

use winterfell::crypto::MerkleTree;
use winterfell::{Proof, ProofOptions, Trace};
use winterlane_air::hiding::{Doubling, Hiding, InPlace};
use winterlane_prover::ProverError;
use winterlane_prover::engine::{self, EngineOptions, MemoryEstimate};
use winterlane_prover::hiding::{HidingRng, hide, prove_hiding_in_place, prove_hiding_with};
use winterlane_tests::airs::{AnyAir, AnyProver, Small, TestTrace};
use winterlane_tests::report;
use winterlane_tests::scripted::Blake;
use winterlane_verifier::{AirPolicy, VerifyError, verify};

use super::misfits::{Careless, Unlucky, UnluckyProver, coins, count_coins};
use super::shape::shape;

/// A statement of degree 3.
const STATEMENT: Small = Small::power(3);

fn verdict(trace: &TestTrace, options: &ProofOptions, proof: &Proof) -> Result<(), VerifyError> {
    let inputs = AnyAir::public_inputs(trace);
    let policy =
        AirPolicy::hiding::<AnyAir, InPlace>(trace.info(), inputs.clone(), options.clone(), 0);
    verify::<Hiding<AnyAir, InPlace>, Blake, Unlucky, MerkleTree<Blake>>(
        &proof.to_bytes(),
        inputs,
        &policy.expect("it hides"),
    )
    .map(|_| ())
}

/// At a point that the verifier refuses, the proof is made again, with other randomness.
#[test]
fn a_refused_point_costs_another_attempt() {
    let options = shape(32, 6, 4, 2, 31).options(3);
    let trace = STATEMENT.trace(0, 32, 5);
    let mut rng = HidingRng::from_system().expect("randomness");

    let prover = UnluckyProver::new(options.clone());
    count_coins(1);
    let proof = prove_hiding_in_place(&prover, trace.clone(), &mut rng).expect("a proof");
    assert_eq!(coins(), 2, "two attempts");
    assert_eq!(verdict(&trace, &options, &proof), Ok(()));

    // A coin that has nothing else to give: the attempts have an end.
    count_coins(usize::MAX);
    let refused = prove_hiding_in_place(&prover, trace.clone(), &mut rng);
    assert_eq!(refused.err(), Some(ProverError::OutOfDomainPoint));
    assert_eq!(coins(), 8);
    // The engine's plain proof, which ends at no point, is one that the verifier does not take.
    let (hiding, table) =
        hide::<_, InPlace>(&prover, Arc::new(trace.clone()), &mut rng).expect("it hides");
    let proof = engine::prove(&hiding, table).expect("a proof");
    let refused = verdict(&trace, &options, &proof);
    assert_eq!(refused, Err(VerifyError::OutOfDomainPoint));
}

/// What is not there is not made up, and least of all from memory that was something else.
#[test]
fn traces_of_another_shape_are_refused() {
    let mut rng = HidingRng::from_system().expect("randomness");
    let run = EngineOptions::default();
    let options = shape(64, 9, 4, 2, 7).options(3);
    let prover = Careless(AnyProver::new(options.clone()));
    let trace = Small::Rap.trace(0, 32, 5);
    let columns = trace.info().aux_segment_width();
    let refused = prove_hiding_with::<_, Doubling>(&prover, trace, &mut rng, &run).err();
    let expected = ProverError::TraceShape {
        segment: engine::Segment::Auxiliary,
        expected_columns: columns,
        expected_rows: 32,
        columns,
        rows: 16,
    };
    assert_eq!(refused, Some(expected));

    let prover = UnluckyProver::new(options);
    let whole = STATEMENT.trace(0, 64, 5);
    let half = STATEMENT.trace(0, 32, 5).with_info(whole.info().clone());
    let refused = hide::<_, InPlace>(&prover, Arc::new(half), &mut rng).err();
    let expected = ProverError::TraceShape {
        segment: engine::Segment::Main,
        expected_columns: 4,
        expected_rows: 64,
        columns: 4,
        rows: 32,
    };
    assert_eq!(refused, Some(expected));
}

/// Set for the process that makes one proof, alone.
const ALONE: &str = "WINTERLANE_TEST_HIDING_MEMORY";

/// What that process writes before its figure.
const MARK: &str = "peak bytes: ";

/// What does not grow with the trace: the program, stacks and buffers of threads, the proof.
const FIXED: u64 = 24 << 20;

/// The peak of a hiding proof is what the estimate says: the trace that is hidden, the extended one, and
/// no copy of either.
#[test]
#[cfg(target_os = "linux")]
#[cfg_attr(debug_assertions, ignore = "takes minutes without optimisation")]
fn memory_is_as_estimated() {
    let options = shape(1 << 15, 40, 4, 8, 7).options(3);
    let trace = Small::Wide.trace(96, 1 << 14, 3);
    let inputs = AnyAir::public_inputs(&trace);
    let info = Hiding::<AnyAir>::trace_info(trace.info(), inputs.clone(), &options);
    let air =
        <Hiding<AnyAir> as winterfell::Air>::new(info.expect("it hides"), inputs, options.clone());
    let estimate = MemoryEstimate::of_hiding(&air);
    let prover = AnyProver::<Blake>::new(options);
    let run = EngineOptions::default();
    if env::var_os(ALONE).is_some() {
        let mut rng = HidingRng::from_system().expect("randomness");
        prove_hiding_with::<_, Doubling>(&prover, trace, &mut rng, &run).expect("a proof");
        let status = fs::read_to_string("/proc/self/status").expect("Linux tells");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kibibytes = line.and_then(|line| line.trim().strip_suffix("kB"));
        let kibibytes: u64 = kibibytes.expect("kB").trim().parse().expect("a number");
        println!("{MARK}{}", kibibytes * 1024);
        return;
    }
    let output = Command::new(env::current_exe().expect("this program"))
        .args(["engine::memory_is_as_estimated", "--exact", "--nocapture"])
        .env(ALONE, "1")
        .output()
        .expect("it runs again");
    let said = String::from_utf8_lossy(&output.stdout);
    let (_, figure) = said.split_once(MARK).expect("a figure");
    let measured: u64 = figure
        .lines()
        .next()
        .expect("a line")
        .parse()
        .expect("a number");
    report!(
        "memory: hiding, 96 columns of 2^15 rows: peak {} MiB, extended trace {}, estimated {}",
        measured >> 20,
        estimate.extended_trace >> 20,
        estimate.peak >> 20
    );
    assert!(measured > estimate.extended_trace, "too little");
    assert!(measured <= estimate.peak + FIXED, "the estimate");
    // The hiding trace, which is 24 MiB here, is nowhere as a whole.
    let of_given = MemoryEstimate::new(&air);
    assert!(estimate.trace < of_given.trace);

    // A limit below the estimate is told before anything is computed.
    let mut rng = HidingRng::from_system().expect("randomness");
    let limit = run.with_memory_limit(estimate.peak - 1);
    let refused = prove_hiding_with::<_, Doubling>(&prover, trace, &mut rng, &limit);
    let available = estimate.peak - 1;
    let needed = estimate.peak;
    assert_eq!(
        refused.err(),
        Some(ProverError::Memory { needed, available })
    );
}
