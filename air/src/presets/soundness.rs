//! Provable bits, with the price of one coefficient for both openings of a column.
//!
//! Each column `f` is opened at two points, `z` and `zg`. Winterfell weighs both quotients of a column with *one*
//! coefficient: what FRI tests is a random sum of `(f(x) - u) / (x - z) + (f(x) - v) / (x - zg)`, and not of the two
//! quotients apart. When that sum is close to a polynomial of degree below `n`, multiplying out says of each
//! column that `(2 x - z - zg) f(x)` agrees with a polynomial of degree `n + 1` at most, on the same points. That
//! costs two things which winterfell's list-decoding figure leaves out:
//!
//! - The code has `n + 2` coefficients. So its rate is `(n + 2) / N`, and not `n / N`: each query is worth a little
//!   less. This matters for short traces alone. (Winterfell's unique-decoding figure has that rate.)
//! - That `f` itself is close, with the claimed values, follows but for few `c = (z + zg) / 2`: at most
//!   `(m + 1/2) sqrt(B)` for blowup `B`, by the lemma in `docs/soundness.md`. The error of the round that draws `z` has
//!   that term added.

use libm::{ceil, log2, pow, sqrt};
use winter_air::ProofOptions;

/// Bits of the round with the largest error, in the better decoding regime, with both costs counted; before
/// the collision resistance of the hash function is looked at.
///
/// For independent coefficients of constraints and columns ([`BatchingMethod::Linear`]); with powers of one
/// coefficient winterfell's estimate has further terms, so that the least of both is to be taken.
///
/// [`BatchingMethod::Linear`]: winter_air::BatchingMethod::Linear
#[must_use]
pub fn opening_bits(options: &ProofOptions, trace_length: usize) -> f64 {
    let n = trace_length as f64;
    let most = ceil(0.5 / (sqrt((n + 2.0) / n) - 1.0)).min(1000.0);
    let list = (3..most as u32).filter_map(|m| list_decoding(options, trace_length, m));
    list.fold(unique_decoding(options, trace_length), f64::max)
}

fn field_bits(options: &ProofOptions) -> f64 {
    64.0 * f64::from(options.field_extension().degree())
}

/// The greatest degree in the equation at the out-of-domain point.
fn degree(options: &ProofOptions, n: f64) -> f64 {
    (options.blowup_factor() as f64 + 1.0) * (n + 1.0) + (n - 1.0)
}

fn query_bits(options: &ProofOptions, missed: f64) -> f64 {
    f64::from(options.grinding_factor()) - options.num_queries() as f64 * log2(missed)
}

/// With the proximity parameter `m`, or `None` when it is too large for the domain.
fn list_decoding(options: &ProofOptions, trace_length: usize, m: u32) -> Option<f64> {
    let (n, m, blowup) = (
        trace_length as f64,
        f64::from(m),
        options.blowup_factor() as f64,
    );
    let domain = n * blowup;
    let gap = 1.0 / blowup - 2.0 * m / domain;
    if gap <= 0.0 {
        return None;
    }
    let list = m / gap;
    let batching = pow(m + 0.5, 7.0) * domain * domain * pow(blowup, 1.5) / 3.0;
    let exceptions = (m + 0.5) * sqrt(blowup);
    let point = list * list * degree(options, n) + exceptions;
    let queries = query_bits(options, (1.0 + 0.5 / m) * sqrt((n + 2.0) / domain));
    Some((field_bits(options) - log2(list.max(point).max(batching))).min(queries))
}

fn unique_decoding(options: &ProofOptions, trace_length: usize) -> f64 {
    let n = trace_length as f64;
    let domain = n * options.blowup_factor() as f64;
    let (point, batching) = (degree(options, n) + 1.0, domain);
    let fri = options.to_fri_options();
    let folds = fri.num_fri_layers(trace_length * options.blowup_factor()) > 0;
    let folding = if folds {
        (fri.folding_factor() as f64 - 1.0) * (domain + 1.0)
    } else {
        0.0
    };
    let queries = query_bits(options, (1.0 + (n + 2.0) / domain) / 2.0);
    (field_bits(options) - log2(point.max(batching).max(folding))).min(queries)
}
