//! Winterlane measured beside stock winterfell and Plonky3.
//!
//! Who is measured runs in a process of its own, a *worker*, so that each is built with the flags it
//! wants while all get the same data, threads, allocator and pages. [`Job`] says what is measured,
//! [`Setup`] who does it and how; a [`Worker`] carries jobs out and returns times. The Criterion
//! benches, the `report` and the `guard` drive workers. `METHOD.md` says why the comparison is fair.

#![forbid(unsafe_code)]

#[cfg(feature = "jobs")]
pub mod airs;
#[cfg(feature = "jobs")]
pub mod batches;
pub mod columns;
#[cfg(feature = "jobs")]
pub mod data;
#[cfg(feature = "jobs")]
pub mod field;
mod job;
mod measure;
#[cfg(feature = "winterlane")]
pub mod ours;
mod protocol;
#[cfg(feature = "jobs")]
pub mod proving;
#[cfg(feature = "jobs")]
pub mod rescue;
mod setup;
#[cfg(feature = "stock")]
pub mod stock;
#[cfg(feature = "jobs")]
pub mod witness;
mod worker;

pub use job::{FieldOperation, Job, Options, Statement, WitnessStep};
pub use measure::{Rounds, Sample, check_equal, interleave};
pub use protocol::{Failure, Reply, Request, Run, Workload, serve};
pub use setup::{Build, Contender, Setup};
pub use worker::{Fleet, Worker, WorkerError, build, target_directory};
