//! The account tree: sparse, binary, of depth 32.

/// Depth of the account tree: an account id is a `u32`.
pub const TREE_DEPTH: usize = 32;
