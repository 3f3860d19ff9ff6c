//! The sealed trait that an instruction set is.
//!
//! A value of the type, a *token*, proves that this CPU has the instructions: only
//! [`detect`](InstructionSet::detect) makes one, and it asks the CPU. One token stands for all widths: it names the
//! vectors of 64-bit lanes that the field is computed in ([`Vector`]), and is itself the lanes of 32 bits that are
//! hashed in.
//!
//! # A new instruction set
//!
//! is one module and one row. The module, like `x86/avx2.rs`, holds the token, the function that a kernel is compiled
//! in, the vector, and in `words.rs` the lanes of 32 bits. The row is in the table of `backend.rs`.

use core::fmt::Debug;

use crate::{
    hashing::words::Words,
    vector::{Kernel, Sealed, Vector},
};

/// An instruction set; see the [module](self).
///
/// Sealed: the implementations are the crate's own.
pub trait InstructionSet: Words + Sealed + Copy + Debug {
    /// Vectors of 64-bit lanes.
    type Vector: Vector<Token = Self>;

    /// The token, if this CPU has the instructions. The standard library keeps the CPU's answer.
    fn detect() -> Option<Self>;

    /// Runs a kernel as a function of its own, compiled for these instructions: one call, without
    /// detection.
    ///
    /// Out of line on every instruction set, so that a kernel that others call is compiled once.
    fn run<K: Kernel>(self, kernel: K) -> K::Output;
}
