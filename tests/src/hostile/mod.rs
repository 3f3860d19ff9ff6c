//! Hostile proofs: valid ones of several AIRs, and the means to break them.

pub mod cases;
pub mod forge;
pub mod mutants;
pub mod parts;
pub mod tally;

pub use self::cases::{Case, small_cases};
pub use self::mutants::Mutation;
pub use self::parts::{Field, Kind, Opening, Parts, Query};
pub use self::tally::Tally;
