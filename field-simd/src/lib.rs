//! Goldilocks on vector units: the field of winterfell's `f64::BaseElement`, its extensions, the
//! transforms over it, and many-input hashing, on AVX-512, AVX2 and NEON, chosen at run time.
//!
//! *Goldilocks* is the integers modulo 2^64 - 2^32 + 1, so that an element fits into a machine word, and a vector
//! register holds 2 to 8 of them. A *transform* goes from the values of a polynomial on the n-th roots of one to its
//! coefficients or back, in n log n steps; what a STARK prover does most is to continue columns of values to more
//! points that way.
//!
//! The [`vector`] module says how the kernels are written; [`Backend`] says which one runs.

#[cfg(target_arch = "aarch64")]
mod aarch64;
mod backend;
pub mod convert;
pub mod goldilocks;
pub mod hashing;
mod huge;
pub mod instruction_set;
mod kernel;
mod lde;
#[doc = include_str!("../docs/lde.md")]
pub mod lde_design {}
mod matrix;
mod memory;
mod ntt;
pub mod packed_element;
mod parallel;
mod pool;
pub mod rescue;
mod scalar;
mod scatter;
mod shelf;
mod tables;
pub mod vector;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use backend::{BACKEND_VARIABLE, Backend, BackendError, dispatch};
pub use huge::{AllocationError, HugeBuffer, zero_column};
pub use instruction_set::InstructionSet;
pub use lde::{lde_columns_into, lde_rows, lde_rows_into};
pub use matrix::Matrix;
pub use ntt::{
    evaluate_columns, evaluate_poly_with_offset, interpolate_columns, interpolate_columns_into,
    interpolate_columns_with_offset, interpolate_poly_with_offset,
};
pub use pool::{
    can_map, limit_growth, mapped_bytes, pool_limit, pooled_bytes, release_pool, set_pool_limit,
};
pub use scatter::{STAGED_ROWS, scatter_rows};
pub use tables::MAX_LOG_SIZE;
pub use vector::{Kernel, Vector};

#[cfg(test)]
mod definition_tests;
#[cfg(test)]
mod exact;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod lde_tests;
#[cfg(test)]
mod ntt_tests;
#[cfg(test)]
mod vector_tests;
