//! The statement: all that is valid can be proven, and nothing else.

mod cells;
mod completeness;
mod completeness_limits;
mod coverage;
mod differential;
mod forge;
mod forged;
mod model;
mod rank;
mod rules;
mod soundness;
mod tangent;
