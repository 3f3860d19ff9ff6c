//! Winterlane's side of every job, through its public interfaces.

mod commit;
mod field;
mod lde;
mod prove;
mod witness;

use crate::{Contender, Failure, Job, Workload, proving};

/// The workload of a job.
///
/// # Errors
/// When the job is for someone else or cannot be prepared.
pub fn prepare(contender: Contender, job: Job) -> Result<Box<dyn Workload>, Failure> {
    if contender != Contender::Winterlane {
        return Err(Failure::Failed("this worker runs Winterlane only".into()));
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
        Job::Prove { statement, options } => {
            proving::prove::<prove::Winterlane>(statement, options)?
        }
        Job::Verify { statement, options } => {
            proving::verify::<prove::Winterlane>(statement, options)?
        }
        Job::Witness { step, count } => witness::prepare(step, count)?,
    })
}
