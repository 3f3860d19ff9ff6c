//! What the property suites share.
//!
//! Without the feature `prover` (on by default) only what it takes to verify proofs of the small AIRs:
//! that is what the fuzz targets use, whose build should not take longer than their run.

#![forbid(unsafe_code)]

pub mod airs;
pub mod erased;
pub mod hostile;
pub mod scripted;

/// Prints a line of figures that every run shows: past the test harness, which only shows what failed
/// tests print.
#[macro_export]
macro_rules! report {
    ($($argument:tt)*) => {{
        use std::io::Write as _;
        // Nobody to read it is no failure of the test.
        let _ = writeln!(std::io::stdout(), $($argument)*);
    }};
}

#[cfg(feature = "prover")]
pub mod catalogue;
#[cfg(feature = "prover")]
pub mod cells;
#[cfg(feature = "prover")]
pub mod constraint_check;
#[cfg(feature = "prover")]
pub mod forge;
#[cfg(feature = "prover")]
pub mod implied;
#[cfg(feature = "prover")]
pub mod instances;
#[cfg(feature = "prover")]
pub mod linear;
#[cfg(feature = "prover")]
pub mod masked;
#[cfg(feature = "prover")]
pub mod model;
#[cfg(feature = "prover")]
pub mod mutated;
#[cfg(feature = "prover")]
pub mod opened;
#[cfg(feature = "prover")]
pub mod plain;
#[cfg(feature = "prover")]
pub mod programs;
#[cfg(feature = "prover")]
pub mod random;
#[cfg(feature = "prover")]
pub mod scenario;
#[cfg(feature = "prover")]
pub mod simulator;
#[cfg(feature = "prover")]
pub mod stock;
#[cfg(feature = "prover")]
pub mod valid;
#[cfg(feature = "prover")]
pub mod veil;
