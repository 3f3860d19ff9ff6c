//! The workers' own AIRs and jobs, and the guard on instruction counts. One binary, built with the features of the
//! workspace's tests, so that nothing below it is compiled again.

mod airs;
mod guard;
mod jobs;
