//! Columns of the AIRs that are measured: known to whoever names a job, without the AIRs themselves.

/// Columns of the wide AIR.
pub const WIDE_COLUMNS: usize = 94;

/// Columns of the narrow AIR.
pub const NARROW_COLUMNS: usize = 12;

/// Columns of the Poseidon2 AIR: 8 inputs; for each of 8 full rounds 8 cubes and 8 states after it; for each of 22
/// partial rounds 2.
pub const POSEIDON2_COLUMNS: usize = 8 + 8 * 2 * 8 + 22 * 2;
