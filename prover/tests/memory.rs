//! What the process keeps between proofs. One test: the pool is of the process.

use winterfell::math::{FieldElement, fields::f64::BaseElement};
use winterfell::{
    Air, AirContext, Assertion, BatchingMethod::Linear, EvaluationFrame, FieldExtension,
    ProofOptions, TraceInfo, TraceTable, TransitionConstraintDegree,
};
use winterlane_field_simd::{HugeBuffer, mapped_bytes, pool_limit};
use winterlane_prover::{PlainProver, memory, prove};

const BYTES: u64 = 64 << 20;

/// Takes memory, touches it and lets it go, as a proof does.
fn use_memory() {
    let mut buffer = HugeBuffer::new(BYTES as usize / 8);
    buffer.fill(7);
}

/// Bytes of this process that are in memory, where the system says.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kibibytes: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kibibytes << 10)
}

/// Counts up from zero in each column.
struct Counters(AirContext<BaseElement>);

impl Air for Counters {
    type BaseField = BaseElement;
    type PublicInputs = ();

    fn new(info: TraceInfo, _: (), options: ProofOptions) -> Self {
        let degrees = vec![TransitionConstraintDegree::new(1); info.width()];
        Self(AirContext::new(info, degrees, 1, options))
    }

    fn context(&self) -> &AirContext<BaseElement> {
        &self.0
    }

    fn evaluate_transition<E: FieldElement<BaseField = BaseElement>>(
        &self,
        frame: &EvaluationFrame<E>,
        _: &[E],
        result: &mut [E],
    ) {
        for (i, result) in result.iter_mut().enumerate() {
            *result = frame.next()[i] - frame.current()[i] - E::ONE;
        }
    }

    fn get_assertions(&self) -> Vec<Assertion<BaseElement>> {
        vec![Assertion::single(0, 0, BaseElement::ZERO)]
    }
}

/// Proves counters of `rows` rows at blowup 8, and gives the proof's bytes.
fn prove_counters(rows: usize) -> Vec<u8> {
    let column = |first: u64| {
        let cells = (0..rows as u64).map(|i| BaseElement::new(first + i));
        cells.collect::<Vec<_>>()
    };
    let trace = TraceTable::init((0..4).map(|c| column(c * c)).collect());
    let options = ProofOptions::new(9, 8, 0, FieldExtension::Quadratic, 4, 31, Linear, Linear);
    let prover = PlainProver::<Counters>::new(options, ());
    prove(&prover, trace).expect("a proof").to_bytes()
}

/// Trees, too, are in memory that is kept: a second proof maps nothing. On one thread, since on several it is a matter
/// of turns how many buffers there are at a time.
fn a_second_proof_takes_the_first_ones_memory() {
    const ROWS: usize = 1 << 13;
    // Leaves and nodes of 32 bytes for each point.
    const TREE: u64 = 64 * 8 * ROWS as u64;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    pool.expect("a thread").install(|| {
        memory::release();
        let before = mapped_bytes();
        let first = prove_counters(ROWS);
        let after = mapped_bytes();
        // The extended trace is as large as half a tree; the trace's tree and the quotient's are two more.
        assert!(
            after - before >= 2 * TREE + TREE / 2,
            "{} bytes mapped",
            after - before
        );
        assert_eq!(prove_counters(ROWS), first);
        assert_eq!(mapped_bytes(), after);
        // A short proof's buffers share pages.
        let short = prove_counters(1 << 6);
        assert_eq!(prove_counters(1 << 6), short);
        assert_eq!(mapped_bytes(), after);
        // All of it is given back: the thread keeps its scratch alone.
        assert!(memory::release() >= 2 * TREE);
        assert_eq!(memory::kept(), 0);
    });
}

#[test]
fn memory_is_kept_limited_and_given_back() {
    assert_eq!(pool_limit() as u64, memory::DEFAULT_LIMIT);
    assert_eq!(memory::release(), 0);
    use_memory();
    assert!(memory::kept() >= BYTES);
    let before = resident();
    let released = memory::release();
    assert!(released >= BYTES);
    assert_eq!((memory::kept(), memory::release()), (0, 0));
    if let (Some(before), Some(after)) = (before, resident()) {
        assert!(after + BYTES / 2 <= before, "{before} bytes, then {after}");
    }

    // The limit holds for what comes back, and for what is there.
    memory::keep_at_most(BYTES / 2);
    use_memory();
    assert_eq!(memory::kept(), 0);
    memory::keep_at_most(memory::DEFAULT_LIMIT);
    use_memory();
    assert!(memory::kept() >= BYTES);
    memory::keep_at_most(0);
    assert_eq!(memory::kept(), 0);

    // As much as there is, and no less than before.
    memory::keep_at_most(memory::DEFAULT_LIMIT);
    assert!(memory::keep_what_there_is() >= memory::DEFAULT_LIMIT);
    use_memory();
    assert!(memory::kept() >= BYTES);

    memory::keep_at_most(memory::DEFAULT_LIMIT);
    a_second_proof_takes_the_first_ones_memory();
}
