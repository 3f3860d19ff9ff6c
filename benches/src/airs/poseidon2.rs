//! One Poseidon2 permutation of width 8 a row, column for column as in `p3-poseidon2-air`: the same
//! trace, the same constraints, so that provers can be compared at the very same work.
//!
//! Rounds: 4 full, 22 partial, 4 full; S-box `x^7` with `x^3` in a column of its own, so that every
//! constraint has degree 3. Round constants are pseudo-random: no speed depends on them.

use rayon::prelude::*;
use winterfell::math::{FieldElement, fields::f64::BaseElement};
use winterfell::{
    Air, AirContext, Assertion, EvaluationFrame, ProofOptions, TraceInfo, TraceTable,
    TransitionConstraintDegree,
};

use winterlane_air::hiding::TailFree;

use super::{BenchAir, Ends};
use crate::{columns::POSEIDON2_COLUMNS, data};

const WIDTH: usize = 8;
const HALF_FULL: usize = 4;
const PARTIAL: usize = 22;

const CONSTRAINTS: usize = POSEIDON2_COLUMNS - WIDTH;

/// Round constants of the full rounds, as canonical integers.
pub const FULL_CONSTANTS: [[u64; WIDTH]; 2 * HALF_FULL] = {
    let mut constants = [[0; WIDTH]; 2 * HALF_FULL];
    let mut i = 0;
    while i < 2 * HALF_FULL * WIDTH {
        constants[i / WIDTH][i % WIDTH] = data::value(1 << 40 | i as u64);
        i += 1;
    }
    constants
};

/// Round constants of the partial rounds, as canonical integers.
pub const PARTIAL_CONSTANTS: [u64; PARTIAL] = {
    let mut constants = [0; PARTIAL];
    let mut i = 0;
    while i < PARTIAL {
        constants[i] = data::value(1 << 41 | i as u64);
        i += 1;
    }
    constants
};

/// The round constants as field elements.
#[derive(Clone, Debug)]
pub struct Poseidon2Constants {
    full: [[BaseElement; WIDTH]; 2 * HALF_FULL],
    partial: [BaseElement; PARTIAL],
    half: BaseElement,
}

impl Default for Poseidon2Constants {
    fn default() -> Self {
        Self {
            full: FULL_CONSTANTS.map(|round| round.map(BaseElement::new)),
            partial: PARTIAL_CONSTANTS.map(BaseElement::new),
            half: BaseElement::new(2).inv(),
        }
    }
}

/// `2 x`: `double` of winter-math 0.13.1 leaves some values unreduced, which sums do not take.
#[inline(always)]
fn twice<E: FieldElement<BaseField = BaseElement>>(x: E) -> E {
    x + x
}

/// `M_4 = [[2, 3, 1, 1], [1, 2, 3, 1], [1, 1, 2, 3], [3, 1, 1, 2]]` on both halves, and to each the
/// sum of both.
#[inline(always)]
fn external<E: FieldElement<BaseField = BaseElement>>(state: &mut [E; WIDTH]) {
    for at in [0, 4] {
        let [a, b, c, d] = [state[at], state[at + 1], state[at + 2], state[at + 3]];
        let (ab, cd) = (a + b, c + d);
        let sum = ab + cd;
        let (left, right) = (sum + b, sum + d);
        state[at] = left + ab;
        state[at + 1] = left + twice(c);
        state[at + 2] = right + cd;
        state[at + 3] = right + twice(a);
    }
    for k in 0..4 {
        let sum = state[k] + state[k + 4];
        state[k] += sum;
        state[k + 4] += sum;
    }
}

/// The all-ones matrix plus the diagonal `-2, 1, 2, 1/2, 3, -1/2, -3, -4`.
#[inline(always)]
fn internal<E: FieldElement<BaseField = BaseElement>>(state: &mut [E; WIDTH], half: BaseElement) {
    let [x0, x1, x2, x3, x4, x5, x6, x7] = *state;
    let sum = x0 + x1 + x2 + x3 + x4 + x5 + x6 + x7;
    *state = [
        sum - twice(x0),
        sum + x1,
        sum + twice(x2),
        sum + x3.mul_base(half),
        sum + twice(x4) + x4,
        sum - x5.mul_base(half),
        sum - twice(x6) - x6,
        sum - twice(twice(x7)),
    ];
}

/// What a walk does at each committed cell after the inputs. A trait and not a closure: what a closure
/// computes does not always inline into the function that is compiled for vectors.
trait Cells<E> {
    /// Gets what cell `at` must be and gives what it is. Must be `#[inline(always)]`.
    fn cell(&mut self, at: usize, expected: E) -> E;
}

/// Compares a row.
struct Check<'a, E> {
    row: &'a [E],
    result: &'a mut [E],
}

impl<E: FieldElement> Cells<E> for Check<'_, E> {
    #[inline(always)]
    fn cell(&mut self, at: usize, expected: E) -> E {
        self.result[at - WIDTH] = self.row[at] - expected;
        self.row[at]
    }
}

/// Fills a row.
struct Fill<'a>(&'a mut [BaseElement]);

impl Cells<BaseElement> for Fill<'_> {
    #[inline(always)]
    fn cell(&mut self, at: usize, expected: BaseElement) -> BaseElement {
        self.0[at] = expected;
        expected
    }
}

/// Walks through the permutation.
#[inline(always)]
fn walk<E: FieldElement<BaseField = BaseElement>>(
    mut state: [E; WIDTH],
    constants: &Poseidon2Constants,
    mut cells: impl Cells<E>,
) {
    let mut at = WIDTH;
    external(&mut state);
    for round in 0..HALF_FULL {
        at = full_round(&mut state, &constants.full[round], at, &mut cells);
    }
    for constant in &constants.partial {
        let x = state[0] + E::from(*constant);
        let cube = cells.cell(at, x.square() * x);
        state[0] = cells.cell(at + 1, cube.square() * x);
        at += 2;
        internal(&mut state, constants.half);
    }
    for round in HALF_FULL..2 * HALF_FULL {
        at = full_round(&mut state, &constants.full[round], at, &mut cells);
    }
}

#[inline(always)]
fn full_round<E: FieldElement<BaseField = BaseElement>>(
    state: &mut [E; WIDTH],
    constants: &[BaseElement; WIDTH],
    at: usize,
    cells: &mut impl Cells<E>,
) -> usize {
    for (i, (lane, &constant)) in state.iter_mut().zip(constants).enumerate() {
        let x = *lane + E::from(constant);
        let cube = cells.cell(at + i, x.square() * x);
        *lane = cube.square() * x;
    }
    external(state);
    for (i, lane) in state.iter_mut().enumerate() {
        *lane = cells.cell(at + WIDTH + i, *lane);
    }
    at + 2 * WIDTH
}

/// The AIR.
pub struct Poseidon2 {
    context: AirContext<BaseElement>,
    ends: Ends,
    constants: Poseidon2Constants,
}

impl Air for Poseidon2 {
    type BaseField = BaseElement;
    type PublicInputs = Ends;

    fn new(info: TraceInfo, ends: Ends, options: ProofOptions) -> Self {
        let degrees = vec![TransitionConstraintDegree::new(3); CONSTRAINTS];
        Self {
            context: AirContext::new(info, degrees, 2, options),
            ends,
            constants: Poseidon2Constants::default(),
        }
    }

    fn context(&self) -> &AirContext<BaseElement> {
        &self.context
    }

    #[inline(always)]
    fn evaluate_transition<E: FieldElement<BaseField = BaseElement>>(
        &self,
        frame: &EvaluationFrame<E>,
        _periodic: &[E],
        result: &mut [E],
    ) {
        let row = frame.current();
        let [a, b, c, d, e, f, g, h, ..] = *row else {
            return;
        };
        let inputs = [a, b, c, d, e, f, g, h];
        walk(inputs, &self.constants, Check { row, result });
    }

    fn get_assertions(&self) -> Vec<Assertion<BaseElement>> {
        self.ends.assertions()
    }
}

/// What is said ends with the last row that is public.
impl TailFree for Poseidon2 {
    fn needed_rows(&self) -> usize {
        self.ends.last_row + 1
    }
}

impl BenchAir for Poseidon2 {
    /// Row `r` permutes `data::value(8 r ..)`.
    fn trace(log_rows: u32) -> TraceTable<BaseElement> {
        let constants = Poseidon2Constants::default();
        let rows: Vec<[BaseElement; POSEIDON2_COLUMNS]> = (0..1u64 << log_rows)
            .into_par_iter()
            .map(|r| {
                let mut row = [BaseElement::ZERO; POSEIDON2_COLUMNS];
                for (i, cell) in row[..WIDTH].iter_mut().enumerate() {
                    *cell = BaseElement::new(data::value(WIDTH as u64 * r + i as u64));
                }
                let inputs = core::array::from_fn(|i| row[i]);
                walk(inputs, &constants, Fill(&mut row));
                row
            })
            .collect();
        let columns = (0..POSEIDON2_COLUMNS)
            .into_par_iter()
            .map(|c| rows.iter().map(|row| row[c]).collect())
            .collect();
        TraceTable::init(columns)
    }
}
