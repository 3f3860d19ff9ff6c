//! Plonky3's side: its vector arithmetic, its fastest transform for this field, its Merkle trees and
//! its `uni-stark` prover over them.

mod field;
mod hiding;
mod lde;
mod prove;

use p3_field::PrimeField64;
use p3_goldilocks::Goldilocks;
use p3_matrix::dense::RowMajorMatrix;
use winterfell::math::fields::f64::BaseElement;
use winterlane_benches::{Failure, Job, Workload};

pub(crate) fn prepare(job: Job) -> Result<Box<dyn Workload>, Failure> {
    match job {
        Job::Field {
            operation,
            dependent,
        } => Ok(field::prepare(operation, dependent)),
        Job::Lde {
            log_rows,
            columns,
            blowup,
        } => Ok(Box::new(lde::Lde::new(log_rows, columns, blowup))),
        Job::Commit { log_rows, columns } => Ok(Box::new(lde::Commit::new(log_rows, columns))),
        Job::Trace { log_rows } => Ok(Box::new(prove::Filling::new(log_rows))),
        Job::Prove { statement, options } => prove::prove(statement, options),
        Job::Verify { statement, options } => prove::verify(statement, options),
        Job::Hide {
            log_rows,
            options,
            in_place: false,
        } => hiding::hide(log_rows, options),
        Job::Hide { .. } => Err(Failure::Unsupported("hiding in place".into())),
        Job::Rescue { .. } => Err(Failure::Unsupported("no Rescue-Jive".into())),
        Job::Witness { .. } => Err(Failure::Unsupported("Plonky3 has no wallets".into())),
    }
}

/// The same element in Plonky3's form.
fn element(x: &BaseElement) -> Goldilocks {
    Goldilocks::new(x.as_int())
}

/// A matrix of the same elements.
fn matrix(rows: &[BaseElement], columns: usize) -> RowMajorMatrix<Goldilocks> {
    RowMajorMatrix::new(rows.iter().map(element).collect(), columns)
}

fn integer(x: &Goldilocks) -> u64 {
    x.as_canonical_u64()
}
