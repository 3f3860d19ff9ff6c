//! Stock winterfell's side of every job. Its threads come with its feature `concurrent`, which the
//! `peers` build turns on.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use winterfell::{
    Air, Proof, Prover, StarkDomain,
    crypto::{ElementHasher, Hasher, MerkleTree, VectorCommitment, hashers::RpJive64_256},
    math::{
        FieldElement, StarkField,
        fields::{CubeExtension, f64::BaseElement},
    },
    matrix::{ColMatrix, RowMatrix},
};
use winterlane_ledger::hash::ScalarCompressor;

use crate::{
    Contender, Failure, FieldOperation, Job, Run, Workload,
    airs::Hash,
    data,
    field::{Operands, chain, pass, seventh_root},
    proving::{self, Engine, Phases},
    rescue::{Pair, Parent, Rescue},
    witness,
};

/// The workload of a job.
///
/// # Errors
/// When the job is for someone else, stock winterfell has no such piece, or it cannot be prepared.
pub fn prepare(contender: Contender, job: Job) -> Result<Box<dyn Workload>, Failure> {
    if contender != Contender::Winterfell {
        return Err(Failure::Failed("not a job for winterfell".into()));
    }
    Ok(match job {
        Job::Field {
            operation,
            dependent,
        } => Box::new(Field {
            operation,
            dependent,
            operands: Operands::new(operation),
            result: Vec::new(),
        }),
        Job::Lde {
            log_rows,
            columns,
            blowup,
        } => Box::new(Lde::new(log_rows, columns, blowup)),
        Job::Commit { log_rows, columns } => Box::new(Commit {
            rows: data::rows(1 << log_rows, columns),
            columns,
            root: None,
        }),
        Job::Rescue { count } => Box::new(Rescue::new(count, merge)),
        Job::Prove { statement, options } => proving::prove::<Winterfell>(statement, options)?,
        Job::Trace { log_rows } => proving::trace(log_rows),
        Job::Witness { step, count } => witness::prepare::<ScalarCompressor>(step, count)?,
        Job::Hide { .. } => {
            return Err(Failure::Unsupported(
                "stock winterfell does not hide".into(),
            ));
        }
        Job::Verify { .. } => {
            return Err(Failure::Unsupported("in Winterlane's worker".into()));
        }
    })
}

/// One compression after the other.
fn merge(pairs: &[Pair], parents: &mut [Parent]) -> Result<(), String> {
    type Rescue = RpJive64_256;
    for (pair, parent) in pairs.iter().zip(parents) {
        let half =
            |at: usize| <Rescue as Hasher>::Digest::new(core::array::from_fn(|i| pair[at + i]));
        *parent = Rescue::merge(&[half(0), half(4)]).into();
    }
    Ok(())
}

/// winterfell's prover and verifier.
struct Winterfell;

impl Engine for Winterfell {
    fn prove<P>(prover: &P, trace: P::Trace) -> Result<(Proof, Phases), String>
    where
        P: Prover<BaseField = BaseElement>,
        <P::Air as Air>::PublicInputs: Send,
    {
        let proof = prover.prove(trace).map_err(|error| error.to_string())?;
        Ok((proof, Vec::new()))
    }
}

struct Field {
    operation: FieldOperation,
    dependent: bool,
    operands: Operands,
    result: Vec<u64>,
}

impl Workload for Field {
    fn run(&mut self) -> Result<Run, String> {
        let Operands { a, b } = self.operands.clone();
        let cubic = |values: Vec<BaseElement>| -> Vec<CubeExtension<BaseElement>> {
            values
                .chunks_exact(3)
                .map(|part| CubeExtension::new(part[0], part[1], part[2]))
                .collect()
        };
        let (time, result) = match self.operation {
            FieldOperation::Add => self.time(a, b, |a, b| a + b),
            FieldOperation::Mul | FieldOperation::MulCanonical => self.time(a, b, |a, b| a * b),
            FieldOperation::CubicMul => self.time(cubic(a), cubic(b), |a, b| a * b),
            FieldOperation::SeventhRoot => self.time(a, b, |a, _| seventh_root(a)),
        };
        self.result = result;
        Ok(Run::new(time))
    }

    fn digest(&mut self) -> Result<Option<String>, String> {
        Ok((!self.dependent).then(|| data::digest(self.result.iter().copied())))
    }
}

impl Field {
    fn time<E: FieldElement<BaseField = BaseElement>>(
        &self,
        mut a: Vec<E>,
        b: Vec<E>,
        f: impl Fn(E, E) -> E + Copy,
    ) -> (Duration, Vec<u64>) {
        let passes = self.operation.passes();
        let start = Instant::now();
        for _ in 0..passes {
            if self.dependent {
                a[0] = black_box(chain(a[0], &b, f));
            } else {
                pass(&mut a, &b, f);
                black_box(&mut a);
            }
        }
        let time = start.elapsed();
        let base = E::slice_as_base_elements(&a);
        (time, base.iter().map(BaseElement::as_int).collect())
    }
}

struct Lde {
    evaluations: Vec<Vec<BaseElement>>,
    domain: StarkDomain<BaseElement>,
    extended: Option<RowMatrix<BaseElement>>,
}

impl Lde {
    fn new(log_rows: u32, columns: usize, blowup: usize) -> Self {
        Self {
            evaluations: data::columns(1 << log_rows, columns),
            domain: StarkDomain::from_twiddles(
                winterfell::math::fft::get_twiddles(1 << log_rows),
                blowup,
                BaseElement::GENERATOR,
            ),
            extended: None,
        }
    }
}

impl Workload for Lde {
    /// What winterfell's own `DefaultTraceLde` does.
    fn run(&mut self) -> Result<Run, String> {
        let columns = ColMatrix::new(self.evaluations.clone());
        self.extended = None;
        let start = Instant::now();
        let polys = columns.interpolate_columns();
        let extended = RowMatrix::evaluate_polys_over::<8>(&polys, &self.domain);
        let time = start.elapsed();
        self.extended = Some(extended);
        Ok(Run::new(time))
    }

    fn digest(&mut self) -> Result<Option<String>, String> {
        let extended = self.extended.as_ref().ok_or("no run yet")?;
        let rows = (0..extended.num_rows()).flat_map(|r| extended.row(r));
        Ok(Some(data::digest(rows.map(BaseElement::as_int))))
    }
}

struct Commit {
    rows: Vec<BaseElement>,
    columns: usize,
    root: Option<[u8; 32]>,
}

impl Workload for Commit {
    /// What winterfell's `RowMatrix::commit_to_rows` does, on as many threads.
    fn run(&mut self) -> Result<Run, String> {
        use rayon::prelude::*;
        use winterfell::crypto::Digest;
        let start = Instant::now();
        let leaves = self
            .rows
            .par_chunks_exact(self.columns)
            .map(Hash::hash_elements)
            .collect();
        let tree =
            MerkleTree::<Hash>::with_options(leaves, ()).map_err(|error| error.to_string())?;
        let time = start.elapsed();
        self.root = Some(VectorCommitment::<Hash>::commitment(&tree).as_bytes());
        Ok(Run::new(time))
    }

    fn digest(&mut self) -> Result<Option<String>, String> {
        let root = self.root.ok_or("no run yet")?;
        Ok(Some(format!("{root:02x?}")))
    }
}
