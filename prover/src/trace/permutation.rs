//! The permutations of a row of every block at once, with the lanes that a row commits.

use winter_crypto::hashers::RpJive64_256;
use winterlane_air::{
    BaseElement,
    columns::{NUM_ROUNDS, PERMUTATION, ROUND_WIDTH, STATE_WIDTH},
    hash::Input,
};

/// The 176 lanes a row commits of its permutation: input, then `h`, `v`, `g` of each round.
pub(super) type Lanes = [BaseElement; PERMUTATION.end];

/// Permutes `input` and returns the committed lanes and the Jive compression.
///
/// The reference for the vector kernels, by the standard hasher's round function.
pub(super) fn permute(input: &Input) -> (Lanes, [BaseElement; 4]) {
    let mut lanes = [BaseElement::new(0); PERMUTATION.end];
    lanes[..STATE_WIDTH].copy_from_slice(input);
    let mut state = *input;
    for round in 0..NUM_ROUNDS {
        let start = STATE_WIDTH + round * ROUND_WIDTH;
        let before = state;
        RpJive64_256::apply_round(&mut state, round);
        let middle = undo_second_half(&state, round);
        for lane in 0..STATE_WIDTH {
            lanes[start + lane] = before[lane] * before[lane] * before[lane];
            lanes[start + STATE_WIDTH + lane] = middle[lane];
            lanes[start + 2 * STATE_WIDTH + lane] = middle[lane] * middle[lane] * middle[lane];
        }
    }
    let output = core::array::from_fn(|i| input[i] + input[i + 4] + state[i] + state[i + 4]);
    (lanes, output)
}

/// The state between the halves of a round, from the state after it: `MDS^-1 (s - c2)`.
fn undo_second_half(
    after: &[BaseElement; STATE_WIDTH],
    round: usize,
) -> [BaseElement; STATE_WIDTH] {
    let difference: [BaseElement; STATE_WIDTH] =
        core::array::from_fn(|i| after[i] - RpJive64_256::ARK2[round][i]);
    core::array::from_fn(|row| {
        let products = (0..STATE_WIDTH).map(|i| RpJive64_256::INV_MDS[row][i] * difference[i]);
        products.fold(BaseElement::new(0), |sum, product| sum + product)
    })
}
