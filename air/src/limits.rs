//! What winterfell can verify: more can be proven, and no proof of it is accepted.

/// Widest trace, main and auxiliary columns together: winterfell proves 255 columns, but its verifier does not
/// read more than 254 back.
pub const MAX_TRACE_WIDTH: usize = 254;

/// Most queries when all positions differ. winterfell's options allow 255, and its verifier then asserts that a
/// table has fewer than 255 rows.
pub const MAX_NUM_QUERIES: usize = 254;
