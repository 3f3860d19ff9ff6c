//! The one machine that fills traces of private statements: it follows the schedule.

use winter_math::{FieldElement, StarkField};
use winterlane_air::private::{
    Role, Schedule, Selector as S,
    columns::{
        ASSET, BITS, CARRY, INDEX, KEPT, POSITION, RANGE, REAL, SECRET, SIDE, SUM, signature,
    },
};
use winterlane_field_simd::rescue::{TRACE_LANES, trace_many};
use winterlane_ledger::{AssetId, BaseElement, Digest, Signature, amount::LIMB_BITS, hash::Input};

use super::chains::Chains;

pub(super) type Lanes = [BaseElement; 4];

const ZERO: Lanes = [BaseElement::ZERO; 4];

/// What a row takes from the witness: what the schedule says of a half goes before it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Free {
    pub(super) lo: Lanes,
    pub(super) hi: Lanes,
    /// On a path, the sibling, and whether the node is the right one.
    pub(super) sibling: Lanes,
    pub(super) is_right: bool,
    /// Bits that are no range's: scopes.
    pub(super) bits: [bool; 4],
}

/// Registers that the witness gives in the first row, and where they are renewed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Registers {
    pub(super) position: u32,
    /// Whether the note is real; of a balance, whether the slot is the second.
    pub(super) is_real: bool,
}

/// The witness, as the machine asks for it.
pub(super) trait Filler {
    /// What a row takes.
    fn free(&self, role: Role) -> Free;
    /// Position and realness from the row of this role on.
    fn registers(&self, role: Role) -> Registers;
    /// The asset.
    fn asset(&self) -> AssetId;
    /// `SECRET` in the first row.
    fn secret(&self) -> Digest {
        Digest::ZERO
    }
    /// The root of a credential's attributes.
    fn attributes(&self) -> Digest {
        Digest::ZERO
    }
    /// The signature, where the statement has one.
    fn signature(&self) -> Option<&Signature> {
        None
    }
    /// Changes what a row begins with. For lies, from which everything else follows.
    #[cfg(test)]
    fn bend_state(&self, _row: usize, _state: &mut State, _chains: Option<&mut Chains<'_>>) {}
    /// Changes the halves that a row hashes.
    #[cfg(test)]
    fn bend_input(&self, _row: usize, halves: (Lanes, Lanes)) -> (Lanes, Lanes) {
        halves
    }
}

/// The registers of a row.
#[derive(Clone, Copy)]
pub(super) struct State {
    pub(super) carry: Lanes,
    pub(super) kept: Lanes,
    pub(super) secret: Lanes,
    pub(super) index: BaseElement,
    pub(super) range: [u64; 3],
    pub(super) sum: [BaseElement; 3],
    pub(super) registers: Registers,
}

fn flag(condition: bool) -> BaseElement {
    BaseElement::from(u32::from(condition))
}

/// The columns of a trace of `rows` rows.
#[cfg(test)]
pub(super) fn fill(table: &Schedule, rows: usize, filler: &impl Filler) -> Vec<Vec<BaseElement>> {
    let mut columns = vec![vec![BaseElement::ZERO; rows]; table.width()];
    let mut slices: Vec<_> = columns.iter_mut().map(Vec::as_mut_slice).collect();
    fill_columns(table, rows, filler, &mut slices);
    columns
}

/// Fills columns of `rows` rows that hold zeros: a statement writes only the cells that it has a use for.
pub(super) fn fill_columns(
    table: &Schedule,
    rows: usize,
    filler: &impl Filler,
    columns: &mut [&mut [BaseElement]],
) {
    let mut hashes = Hashes::with_capacity(rows);
    let attributes = filler.attributes().0;
    let public = |column: usize, row: usize| {
        let mut cells = table.assertions().iter();
        cells.find_map(|&(c, r, value)| ((c, r) == (column, row)).then_some(value))
    };
    let public_lane = |column, row| public(column, row).unwrap_or(BaseElement::ZERO);
    let public_sum = |row| [0, 1, 2].map(|i| public_lane(SUM.start + i, row));
    let public_carry = |row| [0, 1, 2, 3].map(|i| public_lane(CARRY.start + i, row));
    let mut chains: Option<Chains<'_>> = None;
    let mut state = State {
        carry: public_carry(0),
        kept: ZERO,
        secret: filler.secret().0,
        index: BaseElement::ZERO,
        range: [0; 3],
        sum: public_sum(0),
        registers: filler.registers(table.role(0)),
    };
    #[expect(clippy::needless_range_loop, reason = "a row of each column")]
    for row in 0..rows {
        let on = |selector| table.is_on(selector, row);
        let free = filler.free(table.role(row));
        let position = BaseElement::from(state.registers.position);
        if on(S::IndexStart) {
            state.index = position;
        } else if let Some(index) = public(INDEX, row) {
            state.index = index;
        }
        let asset = BaseElement::from(filler.asset().get());
        let in_phase = on(S::Chains);
        #[cfg(test)]
        filler.bend_state(row, &mut state, chains.as_mut().filter(|_| in_phase));
        let phase = chains.as_ref().filter(|_| in_phase);
        if let Some(chains) = phase {
            state.carry = chains.key;
            state.index = chains.pair();
        }
        let halves = match phase {
            Some(chains) => chains.halves(),
            None => halves(table, row, (&state, &attributes), &free, asset),
        };
        #[cfg(test)]
        let halves = filler.bend_input(row, halves);
        let (lo, hi) = halves;
        let mut input = [lo[0], lo[1], lo[2], lo[3], hi[0], hi[1], hi[2], hi[3]];
        input[7] += table.at(S::Tag, row);
        let output = hashes.push(input, table.role(row) == Role::Idle);

        let bits = bits(&on, &state, &free);
        let mut put = |column: usize, value| {
            columns[column][row] = value;
        };
        let mut put_lanes = |start: usize, lanes: &[BaseElement]| {
            for (i, &lane) in lanes.iter().enumerate() {
                put(start + i, lane);
            }
        };
        put_lanes(CARRY.start, &state.carry);
        put_lanes(KEPT.start, &state.kept);
        put_lanes(SECRET.start, &state.secret);
        put_lanes(RANGE.start, &state.range.map(BaseElement::new));
        put_lanes(BITS.start, &bits.map(flag));
        put_lanes(SUM.start, &state.sum);
        put(INDEX, state.index);
        put(SIDE, flag(free.is_right));
        put(ASSET, asset);
        put(POSITION, position);
        put(REAL, flag(state.registers.is_real));
        if let Some(signature) = filler.signature().filter(|_| table.is_signed()) {
            for (i, &lane) in attributes.iter().chain(&signature.seed).enumerate() {
                put(signature::ROOT.start + i, lane);
            }
        }
        let ended = row > 0 && table.is_on(S::ChainsEnd, row - 1);
        if let Some(chains) = chains.as_ref().filter(|_| in_phase || ended) {
            chains.cells(in_phase, &mut put);
        }

        // what the next row begins with
        let (kept, secret) = (state.kept, state.secret);
        if on(S::SecretHi) {
            state.secret = hi;
        } else if on(S::KeepEnd) {
            state.secret[2..].copy_from_slice(&output[..2]);
        }
        if on(S::KeepOutput) {
            state.kept = output;
        } else if on(S::KeepHi) {
            state.kept = hi;
        }
        if on(S::IndexShift) {
            state.index = halved(state.index, free.is_right);
        }
        for (i, sum) in state.sum.iter_mut().enumerate() {
            *sum += table.at(S::AddTail, row) * hi[i + 1]
                + table.at(S::AddKept, row) * kept[i + 1]
                + table.at(S::AddSecret, row) * secret[i + 1];
        }
        if on(S::AddRange) {
            state.range = normal(&state.sum);
            for (sum, &limb) in state.sum.iter_mut().zip(&state.range) {
                *sum += table.at(S::AddRange, row) * BaseElement::new(limb);
            }
        } else if on(S::RangeTail) {
            state.range = [hi[1], hi[2], hi[3]].map(|limb| limb.as_int());
        } else if on(S::RangeGap) {
            let next = state.secret[2 + usize::from(state.registers.is_real)];
            state.range = [(position - next).as_int(), 0, 0];
        } else if on(S::RangeShift) {
            state.range = state.range.map(|limb| limb >> 2);
        }
        if on(S::SumFree) {
            state.sum = public_sum(row + 1);
        }
        if on(S::Renew) {
            state.registers = filler.registers(table.role(row + 1));
        }
        state.carry = output;
        if on(S::Sign) {
            let signature = filler.signature();
            chains = signature.map(|signature| Chains::new(signature, &output));
        } else if in_phase {
            if let Some(chains) = &mut chains {
                chains.advance(&output);
                state.carry = chains.key;
            }
        } else if on(S::CarryFree) {
            state.carry = public_carry(row + 1);
        }
    }
    hashes.fill(columns);
}

/// What the rows hash, in order.
struct Hashes {
    /// The permutations, one after the other: what the columns hold of each.
    lanes: Vec<BaseElement>,
    /// Which of them is that of each row.
    of_row: Vec<usize>,
    /// That of an idle row, with its input and output.
    idle: Option<(usize, Input, Lanes)>,
}

impl Hashes {
    fn with_capacity(rows: usize) -> Self {
        Self {
            lanes: Vec::with_capacity(TRACE_LANES * rows),
            of_row: Vec::with_capacity(rows),
            idle: None,
        }
    }

    /// The output of the next row, whose input this is.
    ///
    /// A row that is idle hashes zeros, since the schedule lets nothing into it: all of them are one hash. Which rows
    /// these are is public, and no input that has a secret in it is compared.
    fn push(&mut self, input: Input, is_idle: bool) -> Lanes {
        if let Some((place, known, output)) = self.idle
            && is_idle
            && known == input
        {
            self.of_row.push(place);
            return output;
        }
        let place = self.lanes.len() / TRACE_LANES;
        self.lanes
            .resize((place + 1) * TRACE_LANES, BaseElement::ZERO);
        let mut output = [ZERO];
        // Most rows wait for the output of the one before: one by one, and only once.
        let lanes = &mut self.lanes[place * TRACE_LANES..];
        let traced = trace_many(&[input], lanes, 1, &mut output);
        debug_assert!(
            traced.is_ok(),
            "the buffers have the lengths that it asks for"
        );
        let [output] = output;
        self.of_row.push(place);
        if is_idle {
            self.idle = Some((place, input, output));
        }
        output
    }

    /// Fills the columns of the permutation.
    fn fill(&self, columns: &mut [&mut [BaseElement]]) {
        for (c, column) in columns.iter_mut().take(TRACE_LANES).enumerate() {
            for (cell, &place) in column.iter_mut().zip(&self.of_row) {
                *cell = self.lanes[place * TRACE_LANES + c];
            }
        }
    }
}

/// The index without its lowest bit, which a false witness may not have right.
fn halved(index: BaseElement, is_right: bool) -> BaseElement {
    let without = index - flag(is_right);
    match without.as_int() {
        even if even % 2 == 0 => BaseElement::new(even / 2),
        _ => without / BaseElement::from(2_u32),
    }
}

/// The halves of a row's input, without the tag.
fn halves(
    table: &Schedule,
    row: usize,
    (state, attributes): (&State, &Lanes),
    free: &Free,
    asset: BaseElement,
) -> (Lanes, Lanes) {
    let on = |selector| table.is_on(selector, row);
    let position = BaseElement::from(state.registers.position);
    let (carry, secret) = (state.carry, state.secret);
    if on(S::Path) {
        return if free.is_right {
            (free.sibling, carry)
        } else {
            (carry, free.sibling)
        };
    }
    let (mut lo, mut hi) = (free.lo, free.hi);
    if on(S::LoCarry) {
        lo = carry;
    } else if on(S::LoKept) {
        lo = state.kept;
    } else if on(S::LoSecret) {
        lo = secret;
    } else if on(S::LoRoot) {
        lo = *attributes;
    } else if on(S::KeyStart) {
        lo = [secret[0], secret[1], position, BaseElement::ZERO];
    } else if on(S::Step) {
        [lo[2], lo[3]] = [secret[0], secret[1]];
        if on(S::StepOn) {
            [lo[0], lo[1]] = [carry[0], carry[1]];
        }
    }
    if on(S::HiCarry) {
        hi = carry;
    } else if on(S::HiKept) {
        hi = state.kept;
    } else if on(S::ChainEnds) {
        hi = [secret[2], secret[3], carry[0], carry[1]];
    }
    if on(S::HeadAsset) {
        hi[0] = asset;
    } else if on(S::HeadPosition) {
        hi[0] = position;
    } else if on(S::HeadZero) {
        hi[0] = BaseElement::ZERO;
    }
    if on(S::Tail) {
        [hi[1], hi[2], hi[3]] = [
            table.at(S::Place, row),
            BaseElement::ZERO,
            BaseElement::ZERO,
        ];
    }
    (lo, hi)
}

/// The bits of a row: of a range, of the sum's carries, or the witness's.
fn bits(on: &impl Fn(S) -> bool, state: &State, free: &Free) -> [bool; 6] {
    if on(S::RangeShift) {
        return core::array::from_fn(|i| state.range[i / 2] >> (i % 2) & 1 == 1);
    }
    if on(S::SumEnd) {
        let [low, middle, _] = carries(&state.sum);
        let pair = |carry: i128| {
            let digit = 1 - carry;
            [digit & 1 == 1, digit >> 1 & 1 == 1]
        };
        let ([a, b], [c, d]) = (pair(low), pair(middle));
        return [a, b, c, d, false, false];
    }
    let [a, b, c, d] = free.bits;
    [a, b, c, d, false, false]
}

/// A limb of a sum, which may be below zero.
fn signed(limb: BaseElement) -> i128 {
    let value = i128::from(limb.as_int());
    let modulus = i128::from(BaseElement::MODULUS);
    if value > modulus / 2 {
        value - modulus
    } else {
        value
    }
}

/// The carries out of the two lower limbs of a sum, and what is then in the highest.
fn carries(sum: &[BaseElement; 3]) -> [i128; 3] {
    let [low, middle, high] = sum.map(signed);
    let low = low >> LIMB_BITS[0];
    let middle = (middle + low) >> LIMB_BITS[1];
    [low, middle, high + middle]
}

/// The limbs of a sum, each in its range; the highest is not, when the sum is not.
fn normal(sum: &[BaseElement; 3]) -> [u64; 3] {
    let [carry_low, carry_middle, high] = carries(sum);
    let [low, middle, _] = sum.map(signed);
    let limbs = [
        low - (carry_low << LIMB_BITS[0]),
        middle + carry_low - (carry_middle << LIMB_BITS[1]),
        high.rem_euclid(i128::from(BaseElement::MODULUS)),
    ];
    // none is below zero, or as large as the modulus
    limbs.map(|limb| u64::try_from(limb).unwrap_or_default())
}
