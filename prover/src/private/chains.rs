//! The chain phase of a signature, row by row.

use winter_math::{FieldElement, batch_inversion};
use winterlane_air::private::columns::signature as column;
use winterlane_ledger::{
    BaseElement, Signature,
    hash::tag,
    signature::{CHAIN_LENGTH, CHAINS, ChainValue},
};

use super::machine::Lanes;

/// Pairs of chains.
const NUM_PAIRS: usize = CHAINS / 2;
/// The pair after whose closing half of each word is left.
const MIDWAY_PAIR: usize = NUM_PAIRS / 2 - 1;

/// What a row of the phase does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// One step of the even (0) or odd (1) chain of the pair.
    Chain(usize),
    /// The closing of the pair.
    Close,
}

/// Where the phase stands: before its next row.
pub(super) struct Chains<'a> {
    pub(super) signature: &'a Signature,
    /// What the rows do.
    pub(super) steps: Vec<Step>,
    /// How many of them are done.
    pub(super) next: usize,
    /// The digits, a bit in each word.
    pub(super) words: [u64; 2],
    /// What is left of the message's words after the digits of this pair.
    left: [BaseElement; 2],
    pub(super) pair: usize,
    /// Whether the next row opens the pair.
    pub(super) opens: bool,
    pub(super) places: [u64; 2],
    pub(super) values: [ChainValue; 2],
    /// The one-time key so far.
    pub(super) key: Lanes,
}

/// The digit of a chain: one bit of each word. There is none after the last chain.
pub(super) fn digit(words: [u64; 2], chain: usize) -> u64 {
    let [low, high] = words.map(|word| word.checked_shr(chain as u32).unwrap_or(0) & 1);
    low + 2 * high
}

impl<'a> Chains<'a> {
    /// The phase after the message with this digest. Digits that do not have the target sum give a trace that
    /// breaks a constraint.
    pub(super) fn new(signature: &'a Signature, message: &Lanes) -> Self {
        let message = [message[0], message[1]];
        Self::of(signature, message.map(|word| word.as_int()), message)
    }

    /// The phase with the digits of `words`, after a message of which `left` is to be split.
    pub(super) fn of(signature: &'a Signature, words: [u64; 2], left: [BaseElement; 2]) -> Self {
        let last = u64::from(CHAIN_LENGTH) - 1;
        let mut steps = Vec::new();
        for pair in 0..NUM_PAIRS {
            for chain in [0, 1] {
                let count = last - digit(words, 2 * pair + chain);
                steps.extend((0..count).map(|_| Step::Chain(chain)));
            }
            steps.push(Step::Close);
        }
        let [seed_0, seed_1] = signature.seed;
        let index = BaseElement::from(signature.key_index);
        let mut chains = Self {
            signature,
            steps,
            next: 0,
            words,
            left,
            pair: 0,
            opens: true,
            places: [0; 2],
            values: [[BaseElement::ZERO; 2]; 2],
            key: [seed_0, seed_1, index, BaseElement::ZERO],
        };
        chains.open(0);
        chains
    }

    /// Opens a pair: also one after the last, which has no digits, but is asked for them.
    fn open(&mut self, pair: usize) {
        self.pair = pair;
        self.opens = true;
        let four = BaseElement::from(4_u32);
        for (word, left) in self.left.iter_mut().enumerate() {
            let bits = [0, 1].map(|chain| digit(self.words, 2 * pair + chain) >> word & 1);
            *left = (*left - BaseElement::new(bits[0] + 2 * bits[1])) / four;
        }
        for chain in [0, 1] {
            let number = 2 * pair + chain;
            self.places[chain] = digit(self.words, number);
            if let Some(&value) = self.signature.chains.get(number) {
                self.values[chain] = value;
            }
        }
    }

    /// The number of the pair.
    pub(super) fn pair(&self) -> BaseElement {
        BaseElement::new(self.pair as u64)
    }

    /// What the next row does. A false signature may have too few steps.
    fn step(&self) -> Step {
        self.steps.get(self.next).copied().unwrap_or(Step::Close)
    }

    /// The halves of the next row's input, its tag included.
    pub(super) fn halves(&self) -> (Lanes, Lanes) {
        match self.step() {
            Step::Chain(chain) => {
                let [v0, v1] = self.values[chain];
                let [s0, s1] = self.signature.seed;
                let number = (2 * self.pair + chain) as u64;
                let place = u64::from(CHAIN_LENGTH) * number + self.places[chain];
                let index = BaseElement::from(self.signature.key_index);
                let place = BaseElement::new(place);
                (
                    [v0, v1, s0, s1],
                    [index, place, BaseElement::ZERO, tag::CHAIN],
                )
            }
            Step::Close => {
                let [[e0, e1], [o0, o1]] = self.values;
                (self.key, [e0, e1, o0, o1 + tag::OTS])
            }
        }
    }

    /// The cells of the next row that a signature alone has; `in_phase` is false for the row after the phase.
    pub(super) fn cells(&self, in_phase: bool, put: &mut impl FnMut(usize, BaseElement)) {
        let flag = |condition: bool| BaseElement::from(u32::from(condition));
        for chain in [0, 1] {
            let place = BaseElement::new(self.places[chain]);
            put(column::PLACE.start + chain, place);
            put(column::EVEN.start + chain, self.values[0][chain]);
            put(column::ODD.start + chain, self.values[1][chain]);
            put(column::WORD.start + chain, self.left[chain]);
        }
        if !in_phase {
            return;
        }
        let step = self.step();
        for chain in [0, 1] {
            let moves = step == Step::Chain(chain);
            put(column::STEP.start + chain, flag(moves));
            if self.opens {
                let digit = digit(self.words, 2 * self.pair + chain);
                let at = column::DIGITS.start + 2 * chain;
                put(at, BaseElement::new(digit & 1));
                put(at + 1, BaseElement::new(digit >> 1));
            }
        }
        let closes = step == Step::Close;
        put(column::CLOSE, flag(closes));
        if closes {
            let is_midway = self.pair == MIDWAY_PAIR;
            put(column::MIDWAY, flag(is_midway));
            let distances = if is_midway {
                let all_ones = BaseElement::from(u32::MAX);
                self.left.map(|half| half - all_ones)
            } else {
                let midway = BaseElement::new(MIDWAY_PAIR as u64);
                [self.pair() - midway, BaseElement::ZERO]
            };
            let hints = batch_inversion(&distances);
            put(column::HINT.start, hints[0]);
            put(column::HINT.start + 1, hints[1]);
        }
    }

    /// Takes the row's output.
    pub(super) fn advance(&mut self, output: &Lanes) {
        let step = self.step();
        self.next += 1;
        self.opens = false;
        match step {
            Step::Chain(chain) => {
                self.values[chain] = [output[0], output[1]];
                self.places[chain] += 1;
            }
            Step::Close => {
                self.key = *output;
                self.open(self.pair + 1);
            }
        }
    }
}
