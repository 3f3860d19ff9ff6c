//! Winterlane.

#[cfg(feature = "replay")]
pub mod replay;
