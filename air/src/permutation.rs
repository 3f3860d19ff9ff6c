//! The Rescue-Prime permutation of every row, and the Jive output, linear in the row's columns.

use winter_crypto::hashers::RpJive64_256;
use winter_math::{FieldElement, fields::f64::BaseElement};

use crate::{
    arithmetic::{squared, twice},
    groups::ConstraintGroup,
};

/// Lanes of the permutation's state.
const STATE_WIDTH: usize = 8;
/// Lanes of a digest.
const DIGEST_WIDTH: usize = 4;
/// Rounds of the permutation.
const NUM_ROUNDS: usize = 7;
/// Committed lanes of one round: `h = s^3`, `v` and `g = v^3`, 8 lanes each.
const ROUND_WIDTH: usize = 3 * STATE_WIDTH;
/// Columns of a permutation: its input, then the rounds.
pub(crate) const WIDTH: usize = STATE_WIDTH + NUM_ROUNDS * ROUND_WIDTH;

/// Number of constraints: `h`, `v` and `g` of every round and lane.
pub(crate) const LEN: usize = NUM_ROUNDS * ROUND_WIDTH;

/// What [`constrain`] computes, in an AIR that needs it for what `enforces` says.
pub(crate) const fn group(enforces: &'static str) -> ConstraintGroup {
    ConstraintGroup::new("permutation", LEN, 3).says(
        "for each round and lane: `s^3 = h`; `g^2 v = (MDS h^2 s)_i + c1`; `v^3 = g`; the next \
        `s` is `MDS v + c2`",
        enforces,
    )
}

/// Constrains the permutation of the row and returns its compression
/// `J_i = in_i + in_{i+4} + out_i + out_{i+4}`.
///
/// With `s` the input of a round, the row commits `h = s^3`, the state `v` between the two halves
/// of the round, and `g = v^3`. The first half is `v^7 = MDS s^7 + c1`, that is
/// `g^2 v = MDS (h^2 s) + c1`; the next `s` is `MDS v + c2`. No selector: it holds on every row.
#[inline(always)]
pub(crate) fn constrain<E: FieldElement<BaseField = BaseElement>>(
    cells: &[E; WIDTH],
    result: &mut [E; LEN],
) -> [E; DIGEST_WIDTH] {
    let input = lanes(cells, 0);
    let mut state = input;
    for round in 0..NUM_ROUNDS {
        let start = STATE_WIDTH + round * ROUND_WIDTH;
        let cube = lanes(cells, start);
        let middle = lanes(cells, start + STATE_WIDTH);
        let middle_cube = lanes(cells, start + 2 * STATE_WIDTH);
        let mut power = state;
        for (lane, &cube) in power.iter_mut().zip(&cube) {
            *lane *= squared(cube);
        }
        mds(&mut power);
        for i in 0..STATE_WIDTH {
            let first_half = power[i] + E::from(RpJive64_256::ARK1[round][i]);
            let at = round * ROUND_WIDTH + 3 * i;
            result[at] = squared(state[i]) * state[i] - cube[i];
            result[at + 1] = squared(middle_cube[i]) * middle[i] - first_half;
            result[at + 2] = squared(middle[i]) * middle[i] - middle_cube[i];
        }
        state = middle;
        mds(&mut state);
        for (lane, &ark) in state.iter_mut().zip(&RpJive64_256::ARK2[round]) {
            *lane += E::from(ark);
        }
    }
    let mut output = [E::ZERO; DIGEST_WIDTH];
    for (i, lane) in output.iter_mut().enumerate() {
        *lane = input[i] + input[i + DIGEST_WIDTH] + state[i] + state[i + DIGEST_WIDTH];
    }
    output
}

/// Eight lanes from column `start` on.
#[inline(always)]
fn lanes<E: FieldElement>(cells: &[E; WIDTH], start: usize) -> [E; STATE_WIDTH] {
    let mut lanes = [E::ZERO; STATE_WIDTH];
    lanes.copy_from_slice(&cells[start..start + STATE_WIDTH]);
    lanes
}

/// Multiplies by the circulant MDS matrix with first row `[23, 8, 13, 10, 7, 6, 21, 8]`.
///
/// The matrix is diagonal up to blocks in the frequency domain of two interleaved 4-point
/// transforms, with powers of two on them (the form is due to Plonky2): 59 additions and
/// doublings in place of 64 multiplications.
#[inline(always)]
fn mds<E: FieldElement<BaseField = BaseElement>>(state: &mut [E; STATE_WIDTH]) {
    let [s0, s1, s2, s3, s4, s5, s6, s7] = *state;
    let (u0, u1, u2) = real_transform([s0, s2, s4, s6]);
    let (u4, u5, u6) = real_transform([s1, s3, s5, s7]);

    // block 1: [16, 8]
    let sum = u0 + u4;
    let v0 = twice(twice(twice(sum + u0)));
    let v4 = twice(twice(twice(sum + u4)));
    // block 2: (8 - 4i, -1 + i), a product modulo x^2 - i
    let (a_re, a_im) = (twice(twice(u1.0)), twice(twice(u1.1)));
    let (b_re, b_im) = (twice(twice(u5.0)), twice(twice(u5.1)));
    let v1 = (
        twice(a_re) + a_im + (u5.0 - u5.1),
        twice(a_im) - a_re + (u5.0 + u5.1),
    );
    let v5 = (
        twice(b_re) + b_im - (u1.0 + u1.1),
        twice(b_im) - b_re + (u1.0 - u1.1),
    );
    // block 3: [-1, 1]
    let v2 = -(u2 + u6);
    let v6 = u2 - u6;

    let [t0, t2, t4, t6] = inverse_real_transform(v0, v1, v2);
    let [t1, t3, t5, t7] = inverse_real_transform(v4, v5, v6);
    *state = [t0, t1, t2, t3, t4, t5, t6, t7];
}

/// 4-point transform of a real signal: frequencies 0, 1 (real and imaginary part) and 2.
#[inline(always)]
fn real_transform<E: FieldElement>([x0, x1, x2, x3]: [E; 4]) -> (E, (E, E), E) {
    let (even, odd) = (x0 + x2, x1 + x3);
    (even + odd, (x0 - x2, x3 - x1), even - odd)
}

/// Inverse of [`real_transform`], four times too large: the factor is in the frequency constants.
#[inline(always)]
fn inverse_real_transform<E: FieldElement>(y0: E, (y1_re, y1_im): (E, E), y2: E) -> [E; 4] {
    let (even, odd) = (y0 + y2, y0 - y2);
    [even + y1_re, odd - y1_im, even - y1_re, odd + y1_im]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mds_equals_the_matrix_of_the_standard_hasher() {
        for lane in 0..STATE_WIDTH {
            let mut unit = [BaseElement::ZERO; STATE_WIDTH];
            unit[lane] = BaseElement::ONE;
            mds(&mut unit);
            let column: [BaseElement; STATE_WIDTH] =
                core::array::from_fn(|row| RpJive64_256::MDS[row][lane]);
            assert_eq!(unit, column, "column {lane}");
        }
    }
}
