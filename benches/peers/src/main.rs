//! Does the peers' side of the benchmarks, as told over standard input: stock winterfell with
//! threads, and Plonky3.

#![forbid(unsafe_code)]

#[cfg(feature = "plonky3")]
mod plonky3;

use winterlane_benches::{Contender, Failure, Job, Workload, serve, stock};

fn main() -> std::io::Result<()> {
    serve(prepare)
}

fn prepare(contender: Contender, job: Job) -> Result<Box<dyn Workload>, Failure> {
    match contender {
        #[cfg(feature = "plonky3")]
        Contender::Plonky3 => plonky3::prepare(job),
        _ => stock::prepare(contender, job),
    }
}
