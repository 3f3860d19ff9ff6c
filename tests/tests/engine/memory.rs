//! How much memory a proof takes: at most a quarter more than the extended trace and its
//! coefficients, as the system counts it.
//!
//! Each proof is made by this program run again, alone in its process: the system's figure is the
//! most that a process ever held. Linux only: elsewhere no figure is asked for.
#![cfg(target_os = "linux")]

use std::{env, fs, process::Command};

use winterfell::crypto::hashers::Blake3_256;
use winterfell::math::fields::f64::BaseElement;
use winterfell::{Air, BatchingMethod, FieldExtension, ProofOptions, Trace};
use winterlane_air::presets::{Preset, PresetName, SecurityLevel};
use winterlane_prover::engine::{EngineOptions, MemoryEstimate, prove};
use winterlane_prover::{Engine, check_memory, prove_batch};
use winterlane_tests::airs::{AnyAir, AnyProver, Small};
use winterlane_tests::scenario::{Opening, World, by_first, transfer};

/// What does not grow with the trace: the program, the stacks and buffers of its threads, tables of
/// roots, the witness, the proof.
const FIXED: u64 = 24 << 20;

/// Set for the process that makes the proof.
const ALONE: &str = "WINTERLANE_TEST_MEMORY";

/// What the child writes before its figure.
const MARK: &str = "peak bytes: ";

/// The most memory that this process ever held.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix("kB"));
    let kibibytes: u64 = kibibytes
        .expect("a line in kB")
        .trim()
        .parse()
        .expect("a number");
    kibibytes * 1024
}

/// Runs `work` alone in a process, and holds its peak to the bound and to the estimate.
fn check(test: &str, work: impl FnOnce(), estimate: &MemoryEstimate) {
    if env::var_os(ALONE).is_some() {
        work();
        println!("{MARK}{}", peak());
        return;
    }
    let output = Command::new(env::current_exe().expect("this program"))
        .args([
            &format!("memory::{test}"),
            "--exact",
            "--nocapture",
            "--include-ignored",
        ])
        .env(ALONE, "1")
        .output()
        .expect("it runs again");
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{errors}");
    let (_, figure) = said.split_once(MARK).expect("a figure");
    let figure = figure.lines().next().unwrap_or_default();
    let measured: u64 = figure.parse().expect("a number");

    let basis = estimate.extended_trace + estimate.coefficients;
    let bound = basis + basis / 4 + FIXED;
    winterlane_tests::report!(
        "{test}: peak {} MiB = {:.3} x (extended trace and coefficients, {} MiB); allowed {} MiB, \
         estimated {} MiB",
        measured >> 20,
        measured as f64 / basis as f64,
        basis >> 20,
        bound >> 20,
        estimate.peak >> 20,
    );
    // A process that held less than the extended trace did something else.
    assert!(measured > estimate.extended_trace, "too little");
    assert!(measured <= bound, "the bound");
    assert!(measured <= estimate.peak + FIXED, "the estimate");
}

/// A batch of so many slots, a quarter of them used.
fn batch(test: &str, slots: u32, preset: PresetName) {
    let preset = Preset::new(preset, SecurityLevel::Bits128);
    let estimate = check_memory(slots as usize, preset, Some(u64::MAX)).expect("a preset for it");
    let work = || {
        let accounts: Vec<_> = (1..=16).map(|id| Opening::new(id, 7, 1000)).collect();
        let mut world = World::new(5, &accounts);
        let pay = |i: u32| by_first(transfer(1 + i % 16, 1 + (i + 1) % 16, 5, 0));
        let operations: Vec<_> = (0..slots / 4).map(pay).collect();
        let batch = world
            .seal(&operations, Some(slots))
            .expect("valid operations");
        let options = EngineOptions::default();
        let proof = prove_batch(&batch, preset, Engine::Simd, &options).expect("a proof");
        assert_eq!(proof.rows, slots as usize * 256);
    };
    check(test, work, &estimate);
}

/// With blowup 2, where the trace itself counts most.
#[test]
#[cfg_attr(debug_assertions, ignore = "takes minutes without optimisation")]
fn a_fast_batch() {
    batch("a_fast_batch", 256, PresetName::Fast);
}

/// With blowup 4.
#[test]
#[cfg_attr(debug_assertions, ignore = "takes minutes without optimisation")]
fn a_balanced_batch() {
    batch("a_balanced_batch", 256, PresetName::Balanced);
}

/// 96 columns of 2^16 rows with blowup 8.
#[test]
#[cfg_attr(debug_assertions, ignore = "takes minutes without optimisation")]
fn a_wide_air() {
    let linear = BatchingMethod::Linear;
    let options = ProofOptions::new(30, 8, 8, FieldExtension::Cubic, 8, 127, linear, linear);
    let trace = |rows| Small::Wide.trace(96, rows, 3);
    let small = trace(8);
    let info = small.info();
    let info = winterfell::TraceInfo::with_meta(info.width(), 1 << 16, info.meta().to_vec());
    let air = AnyAir::new(info, AnyAir::public_inputs(&small), options.clone());
    let work = || {
        let prover = AnyProver::<Blake3_256<BaseElement>>::new(options.clone());
        prove(&prover, trace(1 << 16)).expect("a proof");
    };
    check("a_wide_air", work, &MemoryEstimate::new(&air));
}
