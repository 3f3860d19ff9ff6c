//! What the verifier lets through and what it refuses, by its public interface. One binary for all
//! suites: each links winterfell and the door anew.

mod common;
mod door;
mod lenient;
mod policy;
