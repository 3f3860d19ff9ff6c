//! Winterlane.
