//! Winterlane's side of every job, through its public interfaces.

mod commit;
mod field;
mod hiding;
mod lde;
mod prove;
mod verify;

use winterlane_field_simd::rescue::merge_many;
use winterlane_prover::SimdCompressor;

use self::{
    prove::{AnyAir, Inlined},
    verify::{Door, Stock},
};
use crate::{
    Contender, Failure, Job, Workload, proving,
    rescue::{Pair, Parent, Rescue},
    witness,
};

/// The workload of a job.
///
/// # Errors
/// When the job is for someone else or cannot be prepared.
pub fn prepare(contender: Contender, job: Job) -> Result<Box<dyn Workload>, Failure> {
    match (contender, job) {
        (Contender::Winterlane, _) => {}
        (Contender::WinterlaneAnyAir, Job::Prove { statement, options }) => {
            return proving::prove::<AnyAir>(statement, options);
        }
        (Contender::WinterfellVerifier, Job::Verify { statement, options }) => {
            return verify::workload::<Stock>(statement, options);
        }
        _ => return Err(Failure::Failed("not a job for Winterlane".into())),
    }
    Ok(match job {
        Job::Field {
            operation,
            dependent,
        } => Box::new(field::Field::new(operation, dependent)),
        Job::Lde {
            log_rows,
            columns,
            blowup,
        } => Box::new(lde::Lde::new(log_rows, columns, blowup)),
        Job::Commit { log_rows, columns } => Box::new(commit::Commit::new(log_rows, columns)),
        Job::Rescue { count } => Box::new(Rescue::new(count, merge)),
        Job::Trace { log_rows } => proving::trace(log_rows),
        Job::Prove { statement, options } => proving::prove::<Inlined>(statement, options)?,
        Job::Verify { statement, options } => verify::workload::<Door>(statement, options)?,
        Job::Hide {
            log_rows,
            options,
            in_place,
        } => hiding::hide(log_rows, options, in_place)?,
        Job::Witness { step, count } => witness::prepare::<SimdCompressor>(step, count)?,
    })
}

/// Many compressions at once.
fn merge(pairs: &[Pair], parents: &mut [Parent]) -> Result<(), String> {
    merge_many(pairs, parents).map_err(|error| error.to_string())
}
