//! What the property suites share.

#![forbid(unsafe_code)]

pub mod airs;
pub mod constraint_check;
pub mod hostile;
pub mod scenario;
pub mod stock;
