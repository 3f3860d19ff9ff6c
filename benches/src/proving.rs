//! Proving and verifying as workloads, the same for both provers of winterfell AIRs.

use std::time::{Duration, Instant};

use winterfell::{
    AcceptableOptions, Air, Proof, Prover, TraceTable,
    crypto::{DefaultRandomCoin, MerkleTree},
    math::fields::f64::BaseElement,
};
use winterlane_air::BatchAir;
use winterlane_prover::{BatchProver, trace::fill_trace};

use crate::{
    Failure, Options, Run, Statement, Workload,
    airs::{BenchAir, BenchProver, Ends, Hash, Narrow, Poseidon2, Wide},
    batches::Signed,
};

/// Seconds by phase, in order.
pub type Phases = Vec<(String, f64)>;

/// What turns a trace into a proof.
pub trait Engine: 'static {
    /// Proves.
    ///
    /// # Errors
    /// What went wrong, in words.
    fn prove<P>(prover: &P, trace: P::Trace) -> Result<(Proof, Phases), String>
    where
        P: Prover<BaseField = BaseElement>,
        <P::Air as Air>::PublicInputs: Send;

    /// Checks the bytes of a proof and says how long that took.
    ///
    /// # Errors
    /// When the proof is refused.
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
pub struct Shape {
    /// Columns.
    pub columns: usize,
    /// Rows.
    pub rows: usize,
    /// Constraints and assertions.
    pub constraints: usize,
}

/// The workload of proving a statement with `E`.
///
/// # Errors
/// When the data cannot be prepared.
pub fn prove<E: Engine>(
    statement: Statement,
    options: Options,
) -> Result<Box<dyn Workload>, Failure> {
    Ok(match statement {
        Statement::Wide { log_rows } => Box::new(Proving::<E, Wide>::new(log_rows, options)),
        Statement::Narrow { log_rows } => Box::new(Proving::<E, Narrow>::new(log_rows, options)),
        Statement::Poseidon2 { log_rows } => {
            Box::new(Proving::<E, Poseidon2>::new(log_rows, options))
        }
        Statement::Batch { operations } => Box::new(BatchProving::<E> {
            signed: Signed::new(operations)?,
            options,
            proof: None,
            _engine: core::marker::PhantomData,
        }),
    })
}

/// The workload of verifying a proof of a statement that `E` made.
///
/// # Errors
/// When the proof cannot be made.
pub fn verify<E: Engine>(
    statement: Statement,
    options: Options,
) -> Result<Box<dyn Workload>, Failure> {
    fn of_air<E: Engine, A: BenchAir>(
        log_rows: u32,
        options: Options,
        constraints: usize,
        columns: usize,
    ) -> Result<Box<dyn Workload>, String> {
        let trace = A::trace(log_rows);
        let inputs = Ends::of(&trace);
        let prover = BenchProver::<A>::new(options.to_winterfell());
        let bytes = E::prove(&prover, trace)?.0.to_bytes();
        let shape = Shape {
            columns,
            rows: 1 << log_rows,
            constraints: constraints + 2,
        };
        Ok(Box::new(Verifying(bytes, move |bytes: &[u8]| {
            E::verify::<A>(bytes, inputs, options, shape)
        })))
    }
    use crate::airs::{NARROW_COLUMNS, POSEIDON2_COLUMNS, WIDE_COLUMNS};
    let (wide, narrow) = (WIDE_COLUMNS, NARROW_COLUMNS);
    let workload = match statement {
        Statement::Wide { log_rows } => of_air::<E, Wide>(log_rows, options, wide, wide),
        Statement::Narrow { log_rows } => of_air::<E, Narrow>(log_rows, options, narrow, narrow),
        Statement::Poseidon2 { log_rows } => {
            of_air::<E, Poseidon2>(log_rows, options, POSEIDON2_COLUMNS - 8, POSEIDON2_COLUMNS)
        }
        Statement::Batch { operations } => {
            let batch = Signed::new(operations)?.seal()?;
            let inputs = batch.public_inputs;
            let prover = BatchProver::new(options.to_winterfell(), inputs);
            let trace = fill_trace(&batch)?;
            let bytes = E::prove(&prover, trace)
                .map_err(Failure::Failed)?
                .0
                .to_bytes();
            let shape = Shape {
                columns: statement.columns(),
                rows: statement.rows(),
                constraints: winterlane_air::constraints::NUM_CONSTRAINTS
                    + winterlane_air::batch_air::NUM_ASSERTIONS,
            };
            Ok(Box::new(Verifying(bytes, move |bytes: &[u8]| {
                E::verify::<BatchAir>(bytes, inputs, options, shape)
            })) as Box<dyn Workload>)
        }
    };
    workload.map_err(Failure::Failed)
}

/// winterfell's own verifier, from bytes.
///
/// # Errors
/// When the proof is refused.
pub fn verify_with_winterfell<A>(
    bytes: &[u8],
    inputs: A::PublicInputs,
    options: Options,
) -> Result<Duration, String>
where
    A: Air<BaseField = BaseElement>,
{
    let acceptable = AcceptableOptions::OptionSet(vec![options.to_winterfell()]);
    let start = Instant::now();
    let proof = Proof::from_bytes(bytes).map_err(|error| error.to_string())?;
    winterfell::verify::<A, Hash, DefaultRandomCoin<Hash>, MerkleTree<Hash>>(
        proof,
        inputs,
        &acceptable,
    )
    .map_err(|error| error.to_string())?;
    Ok(start.elapsed())
}

/// A trace that is proven again and again.
struct Proving<E, A> {
    prover: BenchProver<A>,
    trace: TraceTable<BaseElement>,
    proof: Option<Vec<u8>>,
    _engine: core::marker::PhantomData<fn() -> E>,
}

impl<E, A: BenchAir> Proving<E, A> {
    fn new(log_rows: u32, options: Options) -> Self {
        Self {
            prover: BenchProver::new(options.to_winterfell()),
            trace: A::trace(log_rows),
            proof: None,
            _engine: core::marker::PhantomData,
        }
    }
}

impl<E: Engine, A: BenchAir> Workload for Proving<E, A> {
    fn run(&mut self) -> Result<Run, String> {
        let trace = clone_of(&self.trace);
        let start = Instant::now();
        let (proof, phases) = E::prove(&self.prover, trace)?;
        let bytes = proof.to_bytes();
        let run =
            with_phases(Run::new(start.elapsed()), &phases).with("proof_bytes", bytes.len() as f64);
        self.proof = Some(bytes);
        Ok(run)
    }

    fn digest(&mut self) -> Result<Option<String>, String> {
        digest_of(self.proof.as_deref()).map(Some)
    }
}

/// A copy of a trace; the type itself cannot be cloned.
fn clone_of(trace: &TraceTable<BaseElement>) -> TraceTable<BaseElement> {
    use winterfell::Trace;
    TraceTable::init(trace.main_segment().columns().map(<[_]>::to_vec).collect())
}

/// Signed orders that are sealed and proven again and again.
struct BatchProving<E> {
    signed: Signed,
    options: Options,
    proof: Option<Vec<u8>>,
    _engine: core::marker::PhantomData<fn() -> E>,
}

impl<E: Engine> Workload for BatchProving<E> {
    fn run(&mut self) -> Result<Run, String> {
        let (signed, transfers) = (self.signed.clone(), self.signed.transfers);
        let start = Instant::now();
        let batch = signed.seal().map_err(|failure| format!("{failure:?}"))?;
        let sealed = start.elapsed();
        let trace = fill_trace(&batch).map_err(|error| error.to_string())?;
        let filled = start.elapsed();
        let prover = BatchProver::new(self.options.to_winterfell(), batch.public_inputs);
        let (proof, phases) = E::prove(&prover, trace)?;
        let bytes = proof.to_bytes();
        let time = start.elapsed();
        let run = Run::new(time)
            .with("0 seal", sealed.as_secs_f64())
            .with("1 fill trace", (filled - sealed).as_secs_f64())
            .with("prove", (time - filled).as_secs_f64())
            .with("transfers", transfers as f64)
            .with("proof_bytes", bytes.len() as f64);
        self.proof = Some(bytes);
        Ok(with_phases(run, &phases))
    }

    fn digest(&mut self) -> Result<Option<String>, String> {
        digest_of(self.proof.as_deref()).map(Some)
    }
}

fn with_phases(run: Run, phases: &Phases) -> Run {
    phases
        .iter()
        .enumerate()
        .fold(run, |run, (i, (name, seconds))| {
            run.with(&format!("{} {name}", (b'2' + i as u8) as char), *seconds)
        })
}

fn digest_of(proof: Option<&[u8]>) -> Result<String, String> {
    let proof = proof.ok_or("no run yet")?;
    Ok(blake3::hash(proof).to_hex().to_string())
}

/// The bytes of a proof, and what checks and times them.
struct Verifying<F>(Vec<u8>, F);

impl<F: Fn(&[u8]) -> Result<Duration, String>> Workload for Verifying<F> {
    fn run(&mut self) -> Result<Run, String> {
        let time = (self.1)(&self.0)?;
        Ok(Run::new(time).with("proof_bytes", self.0.len() as f64))
    }
}
