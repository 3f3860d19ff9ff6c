//! What transforms of one size share: plans by tile size, and powers.

use std::sync::OnceLock;

use crate::{
    Backend, dispatch,
    kernel::{
        series::Series,
        tile::{MAX_LOG_ROWS, TilePlan},
    },
};

/// The largest transform, as a power of two: two passes over tiles of the largest size.
pub const MAX_LOG_SIZE: u32 = 2 * MAX_LOG_ROWS;

/// The plan of a tile of `2^log_rows` rows, made at its first use.
pub(crate) fn tile_plan(log_rows: u32) -> &'static TilePlan {
    static PLANS: [OnceLock<TilePlan>; MAX_LOG_ROWS as usize + 1] =
        [const { OnceLock::new() }; MAX_LOG_ROWS as usize + 1];
    PLANS[log_rows as usize].get_or_init(|| TilePlan::new(log_rows))
}

/// `ratio^i` for `i < len`, canonical integers.
pub(crate) fn powers(backend: Backend, ratio: u64, len: usize) -> Vec<u64> {
    let mut out = vec![0; len];
    dispatch(
        backend,
        Series {
            out: &mut out,
            start: 1,
            ratio,
        },
    );
    out
}
