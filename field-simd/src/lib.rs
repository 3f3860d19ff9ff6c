//! Goldilocks on vector units: the field of winterfell's `f64::BaseElement`, its extensions, the
//! transforms over it, and many-input hashing, on AVX-512, AVX2 and NEON, chosen at run time.
//!
//! The [`vector`] module says how the kernels are written; [`Backend`] says which one runs.

#[cfg(target_arch = "aarch64")]
mod aarch64;
mod backend;
mod dispatch;
pub mod goldilocks;
pub mod hashing;
pub mod packed_element;
mod scalar;
pub mod vector;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use backend::{BACKEND_VARIABLE, Backend, BackendError};
pub use dispatch::dispatch;
pub use vector::{Kernel, Vector};

#[cfg(test)]
mod vector_tests;
