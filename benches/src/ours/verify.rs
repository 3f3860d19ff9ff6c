//! Verification of the bytes of a proof: behind Winterlane's door, and by winterfell's verifier alone.

use std::time::{Duration, Instant};

use winterfell::{
    AcceptableOptions, Air, Proof,
    crypto::{DefaultRandomCoin, MerkleTree},
    math::fields::f64::BaseElement,
};
use winterlane_air::{BatchAir, batch::NUM_ASSERTIONS, batch::constraints::NUM_CONSTRAINTS};
use winterlane_prover::{BatchProver, SimdCompressor, trace::fill_trace};
use winterlane_verifier::{AirPolicy, TraceShape};

use super::prove::Inlined;
use crate::{
    Failure, Options, Run, Statement, Workload,
    airs::{
        BenchAir, Ends, Hash, NARROW_COLUMNS, Narrow, POSEIDON2_COLUMNS, Poseidon2, WIDE_COLUMNS,
        Wide, plain_prover,
    },
    batches::Signed,
    proving::Engine,
};

type Coin = DefaultRandomCoin<Hash>;
type Tree = MerkleTree<Hash>;

/// What checks the bytes of a proof.
pub(super) trait Verifier: 'static {
    /// Checks them and says how long that took.
    fn verify<A>(
        bytes: &[u8],
        inputs: A::PublicInputs,
        options: Options,
        shape: Shape,
    ) -> Result<Duration, String>
    where
        A: Air<BaseField = BaseElement>,
        A::PublicInputs: Clone;
}

/// What a verifier must know of a trace.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    columns: usize,
    rows: usize,
    /// Constraints and assertions.
    constraints: usize,
}

/// winterfell's verifier behind Winterlane's door.
pub(super) struct Door;

impl Verifier for Door {
    fn verify<A>(
        bytes: &[u8],
        inputs: A::PublicInputs,
        options: Options,
        shape: Shape,
    ) -> Result<Duration, String>
    where
        A: Air<BaseField = BaseElement>,
        A::PublicInputs: Clone,
    {
        let length = shape.rows.ilog2();
        let policy = TraceShape::new(shape.columns, shape.constraints, length..=length)
            .and_then(|shape| AirPolicy::<Hash>::new(shape, 0).accept(options.to_winterfell()))
            .map_err(|error| error.to_string())?;
        let start = Instant::now();
        winterlane_verifier::verify::<A, Hash, Coin, Tree>(bytes, inputs, &policy)
            .map_err(|error| error.to_string())?;
        Ok(start.elapsed())
    }
}

/// winterfell's verifier alone.
pub(super) struct Stock;

impl Verifier for Stock {
    fn verify<A>(
        bytes: &[u8],
        inputs: A::PublicInputs,
        options: Options,
        _shape: Shape,
    ) -> Result<Duration, String>
    where
        A: Air<BaseField = BaseElement>,
        A::PublicInputs: Clone,
    {
        let acceptable = AcceptableOptions::OptionSet(vec![options.to_winterfell()]);
        let start = Instant::now();
        let proof = Proof::from_bytes(bytes).map_err(|error| error.to_string())?;
        winterfell::verify::<A, Hash, Coin, Tree>(proof, inputs, &acceptable)
            .map_err(|error| error.to_string())?;
        Ok(start.elapsed())
    }
}

/// Prepares on all threads: only the verifier is held to one.
fn prepared<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, Failure> {
    let threads = std::thread::available_parallelism()?.get();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    Ok(pool.build()?.install(work))
}

/// The workload of verifying a proof, which Winterlane makes.
pub(super) fn workload<V: Verifier>(
    statement: Statement,
    options: Options,
) -> Result<Box<dyn Workload>, Failure> {
    fn of_air<V: Verifier, A: BenchAir>(
        log_rows: u32,
        options: Options,
        constraints: usize,
        columns: usize,
    ) -> Result<Box<dyn Workload>, Failure> {
        let (inputs, proof) = prepared(|| {
            let trace = A::trace(log_rows);
            let prover = plain_prover::<A>(options.to_winterfell(), &trace);
            let inputs = Ends::of(&trace);
            Inlined::prove(&prover, trace).map(|(proof, _)| (inputs, proof))
        })?
        .map_err(Failure::Failed)?;
        let shape = Shape {
            columns,
            rows: 1 << log_rows,
            constraints: constraints + 2,
        };
        Ok(Box::new(Verifying(
            proof.to_bytes(),
            move |bytes: &[u8]| V::verify::<A>(bytes, inputs, options, shape),
        )))
    }
    let (wide, narrow) = (WIDE_COLUMNS, NARROW_COLUMNS);
    match statement {
        Statement::Wide { log_rows } => of_air::<V, Wide>(log_rows, options, wide, wide),
        Statement::Narrow { log_rows } => of_air::<V, Narrow>(log_rows, options, narrow, narrow),
        Statement::Poseidon2 { log_rows } => {
            of_air::<V, Poseidon2>(log_rows, options, POSEIDON2_COLUMNS - 8, POSEIDON2_COLUMNS)
        }
        Statement::Batch { operations } => {
            let (inputs, proof) = prepared(|| {
                let batch = Signed::<SimdCompressor>::new(operations)?.seal()?;
                let prover = BatchProver::new(options.to_winterfell(), batch.public_inputs);
                let (proof, _) =
                    Inlined::prove(&prover, fill_trace(&batch)?).map_err(Failure::Failed)?;
                Ok::<_, Failure>((batch.public_inputs, proof))
            })??;
            let shape = Shape {
                columns: statement.columns(),
                rows: statement.rows(),
                constraints: NUM_CONSTRAINTS + NUM_ASSERTIONS,
            };
            Ok(Box::new(Verifying(
                proof.to_bytes(),
                move |bytes: &[u8]| V::verify::<BatchAir>(bytes, inputs, options, shape),
            )))
        }
    }
}

/// The bytes of a proof, and what checks and times them.
struct Verifying<F>(Vec<u8>, F);

impl<F: Fn(&[u8]) -> Result<Duration, String>> Workload for Verifying<F> {
    fn run(&mut self) -> Result<Run, String> {
        let time = (self.1)(&self.0)?;
        Ok(Run::new(time).with("proof_bytes", self.0.len() as f64))
    }
}
