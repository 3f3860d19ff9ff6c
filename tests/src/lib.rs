//! What the property suites share.

#![forbid(unsafe_code)]

pub mod airs;
pub mod catalogue;
pub mod cells;
pub mod constraint_check;
pub mod forge;
pub mod hostile;
pub mod implied;
pub mod masked;
pub mod model;
pub mod plain;
pub mod programs;
pub mod random;
pub mod scenario;
pub mod stock;
pub mod valid;
