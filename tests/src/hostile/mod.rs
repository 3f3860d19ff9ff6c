//! Hostile proofs: valid ones of several AIRs, and the means to break them.

#[cfg(feature = "prover")]
pub mod cases;
#[cfg(feature = "prover")]
pub mod forge;
#[cfg(feature = "prover")]
pub mod mutants;
pub mod parts;
pub mod statements;
#[cfg(feature = "prover")]
pub mod structured;
#[cfg(feature = "prover")]
pub mod tally;

#[cfg(feature = "prover")]
pub use self::cases::{Case, small_cases};
#[cfg(feature = "prover")]
pub use self::mutants::Mutation;
pub use self::parts::{Field, Kind, Opening, Parts, Query};
pub use self::statements::{Statement, small_statements};
#[cfg(feature = "prover")]
pub use self::tally::Tally;
