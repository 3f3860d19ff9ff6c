//! Proving as workloads, the same for both provers of winterfell AIRs.

use std::time::Instant;

use winterfell::{Air, Proof, Prover, TraceTable, math::fields::f64::BaseElement};
use winterlane_ledger::{SealedBatch, wire};
use winterlane_prover::{BatchProver, PlainProver, SimdCompressor, trace::fill_trace};

use crate::{
    Failure, Options, Run, Statement, Workload,
    airs::{BenchAir, Hash, Narrow, Poseidon2, Wide, plain_prover},
    batches::Signed,
    data,
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

    /// Fills the trace of a batch and proves it; also says when it was filled.
    ///
    /// # Errors
    /// As [`prove`](Self::prove).
    fn prove_batch(
        prover: &BatchProver,
        batch: &SealedBatch,
    ) -> Result<(Instant, Proof, Phases), String> {
        let trace = fill_trace(batch).map_err(|error| error.to_string())?;
        let filled = Instant::now();
        let (proof, phases) = Self::prove(prover, trace)?;
        Ok((filled, proof, phases))
    }
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

/// The workload of filling the trace of the Poseidon2 AIR.
#[must_use]
pub fn trace(log_rows: u32) -> Box<dyn Workload> {
    Box::new(Filling {
        log_rows,
        trace: None,
    })
}

struct Filling {
    log_rows: u32,
    trace: Option<TraceTable<BaseElement>>,
}

impl Workload for Filling {
    fn run(&mut self) -> Result<Run, String> {
        self.trace = None;
        let start = Instant::now();
        let trace = Poseidon2::trace(self.log_rows);
        let time = start.elapsed();
        self.trace = Some(trace);
        Ok(Run::new(time))
    }

    fn digest(&mut self) -> Result<Option<String>, String> {
        use winterfell::Trace;
        let trace = self.trace.as_ref().ok_or("no run yet")?;
        let cells = (0..trace.length())
            .flat_map(|r| (0..trace.width()).map(move |c| trace.get(c, r).as_int()));
        Ok(Some(data::digest(cells)))
    }
}

/// A trace that is proven again and again.
struct Proving<E, A: BenchAir> {
    prover: PlainProver<A, Hash>,
    trace: TraceTable<BaseElement>,
    proof: Option<Vec<u8>>,
    _engine: core::marker::PhantomData<fn() -> E>,
}

impl<E, A: BenchAir> Proving<E, A> {
    fn new(log_rows: u32, options: Options) -> Self {
        let trace = A::trace(log_rows);
        Self {
            prover: plain_prover(options.to_winterfell(), &trace),
            trace,
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
pub(crate) fn clone_of(trace: &TraceTable<BaseElement>) -> TraceTable<BaseElement> {
    use winterfell::Trace;
    TraceTable::init(trace.main_segment().columns().map(<[_]>::to_vec).collect())
}

/// Signed orders that are sealed and proven again and again.
struct BatchProving<E> {
    signed: Signed<SimdCompressor>,
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
        let prover = BatchProver::new(self.options.to_winterfell(), batch.public_inputs);
        let (filled, proof, phases) = E::prove_batch(&prover, &batch)?;
        let filled = filled - start;
        let bytes = proof.to_bytes();
        let time = start.elapsed();
        let records = wire::encode(&batch.records, batch.public_inputs.batch_number)
            .map_err(|error| error.to_string())?;
        let run = Run::new(time)
            .with("0 seal", sealed.as_secs_f64())
            .with("1 fill trace", (filled - sealed).as_secs_f64())
            .with("prove", (time - filled).as_secs_f64())
            .with("transfers", transfers as f64)
            .with("public_bytes", records.len() as f64)
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
