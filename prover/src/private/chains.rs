//! The chain phase of a signature, row by row.

use winter_math::{FieldElement, StarkField, batch_inversion};
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
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    /// One step of the even (0) or odd (1) chain of the pair.
    Chain(usize),
    /// The closing of the pair.
    Close,
}

/// Where the phase stands: before its next row.
pub(super) struct Chains<'a> {
    signature: &'a Signature,
    steps: Vec<Step>,
    words: [u64; 2],
    pair: usize,
    places: [u64; 2],
    values: [ChainValue; 2],
    key: Lanes,
    opens: bool,
    next: usize,
}

/// The digit of a chain: one bit of each word.
const fn digit(words: [u64; 2], chain: usize) -> u64 {
    (words[0] >> chain & 1) + 2 * (words[1] >> chain & 1)
}

impl<'a> Chains<'a> {
    /// The phase after the message with this digest. Digits that do not have the target sum give a trace that
    /// breaks a constraint.
    pub(super) fn new(signature: &'a Signature, message: &Lanes) -> Self {
        let words = [message[0].as_int(), message[1].as_int()];
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
            words,
            pair: 0,
            places: [0; 2],
            values: [[BaseElement::ZERO; 2]; 2],
            key: [seed_0, seed_1, index, BaseElement::ZERO],
            opens: true,
            next: 0,
        };
        chains.open(0);
        chains
    }

    /// The one-time key so far.
    pub(super) const fn key(&self) -> &Lanes {
        &self.key
    }

    /// The number of the pair.
    pub(super) fn pair(&self) -> BaseElement {
        BaseElement::new(self.pair as u64)
    }

    fn open(&mut self, pair: usize) {
        self.pair = pair;
        self.opens = true;
        for chain in [0, 1] {
            let number = 2 * pair + chain;
            if let Some(&value) = self.signature.chains.get(number) {
                self.places[chain] = digit(self.words, number);
                self.values[chain] = value;
            }
        }
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

    /// The cells of the next row that a signature alone has.
    pub(super) fn cells(&self, put: &mut impl FnMut(usize, BaseElement)) {
        let flag = |condition: bool| BaseElement::from(u32::from(condition));
        let step = self.step();
        for chain in [0, 1] {
            put(column::STEP.start + chain, flag(step == Step::Chain(chain)));
            put(
                column::PLACE.start + chain,
                BaseElement::new(self.places[chain]),
            );
            put(column::EVEN.start + chain, self.values[0][chain]);
            put(column::ODD.start + chain, self.values[1][chain]);
        }
        let closes = step == Step::Close;
        put(column::CLOSE, flag(closes));
        let left = self.words.map(|word| {
            let taken = 2 * (self.pair as u32 + 1);
            BaseElement::new(word.checked_shr(taken).unwrap_or(0))
        });
        put(column::WORD.start, left[0]);
        put(column::WORD.start + 1, left[1]);
        if self.opens && self.pair < NUM_PAIRS {
            for chain in [0, 1] {
                let digit = digit(self.words, 2 * self.pair + chain);
                let at = column::DIGITS.start + 2 * chain;
                put(at, BaseElement::new(digit & 1));
                put(at + 1, BaseElement::new(digit >> 1));
            }
        }
        if closes {
            let is_midway = self.pair == MIDWAY_PAIR;
            put(column::MIDWAY, flag(is_midway));
            let distances = if is_midway {
                left.map(|half| half - BaseElement::from(u32::MAX))
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
