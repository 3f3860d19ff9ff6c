//! The permutation of a row, with lies inside.

use winter_math::FieldElement;
use winterfell::crypto::hashers::RpJive64_256;
use winterlane_air::batch::columns::{INPUT, NUM_ROUNDS, PERMUTATION, STATE_WIDTH, round_start};
use winterlane_ledger::BaseElement;

use super::{Cells, Forgery};

type State = [BaseElement; STATE_WIDTH];

/// `x^(1/7)`: the exponent of Rescue-Prime's inverse S-box.
const INVERSE_SEVENTH: u64 = 10_540_996_611_094_048_183;

fn linear(state: &State, constants: &State) -> State {
    core::array::from_fn(|row| {
        (0..STATE_WIDTH).fold(constants[row], |sum, lane| {
            sum + RpJive64_256::MDS[row][lane] * state[lane]
        })
    })
}

/// The state after the last round, from the committed lanes of a row.
fn last_state(cells: &Cells) -> State {
    let start = round_start(NUM_ROUNDS - 1) + STATE_WIDTH;
    let middle: State = core::array::from_fn(|lane| cells[start + lane]);
    linear(&middle, &RpJive64_256::ARK2[NUM_ROUNDS - 1])
}

/// The compression that the row stands for.
pub fn output(cells: &Cells) -> [BaseElement; 4] {
    let state = last_state(cells);
    core::array::from_fn(|i| cells[i] + cells[i + 4] + state[i] + state[i + 4])
}

impl Forgery {
    /// Fills the permutation of a row from its input.
    pub(super) fn hash(&mut self, row: usize) {
        let lied = self
            .lies
            .range((row, INPUT.end)..(row, PERMUTATION.end))
            .next()
            .is_some();
        if !lied && self.rows[row][INPUT] == self.base[row][INPUT] {
            let (from, to) = (&self.base[row], &mut self.rows[row]);
            to[PERMUTATION].copy_from_slice(&from[PERMUTATION]);
            return;
        }
        let mut state: State = core::array::from_fn(|lane| self.rows[row][lane]);
        for round in 0..NUM_ROUNDS {
            let start = round_start(round);
            let mut power = state;
            for lane in 0..STATE_WIDTH {
                let cube = state[lane] * state[lane] * state[lane];
                self.put(row, start + lane, cube);
                let cube = self.rows[row][start + lane];
                power[lane] = cube * cube * state[lane];
            }
            let first_half = linear(&power, &RpJive64_256::ARK1[round]);
            for lane in 0..STATE_WIDTH {
                let middle = start + STATE_WIDTH + lane;
                self.put(row, middle, first_half[lane].exp(INVERSE_SEVENTH));
                let value = self.rows[row][middle];
                self.put(row, middle + STATE_WIDTH, value * value * value);
                power[lane] = value;
            }
            state = linear(&power, &RpJive64_256::ARK2[round]);
        }
    }
}
