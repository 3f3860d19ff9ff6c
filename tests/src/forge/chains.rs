//! The chain phase of a forged block: its layout, and signing again.

use std::sync::Arc;

use winter_math::FieldElement;
use winterlane_air::{
    batch::columns::{
        BITS, CLOSE, EVEN, HINT, INDEX_BIT, INPUT, KEY_INDEX, MIDWAY, ODD, ONE_TIME_KEY, PAIR,
        POSITION, SEED, STEP, WORD,
    },
    batch::schedule::{
        BLOCK_ROWS, CHAIN_END, CHAIN_START, KEY_TREE_START, NUM_PAIRS, SIGN_ROW, Selector,
    },
};
use winterlane_ledger::{
    BaseElement, Digest,
    hash::{compress_input, input, tag},
    signature::{CHAINS as NUM_CHAINS, Digits, SecretSource, chain_step_input, digits},
};

use super::{Forgery, element, permutation::output, quotient};
use crate::scenario::TestKey;

/// What a row of the chain phase does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChainRow {
    /// A step of the even chain of the pair.
    Even,
    /// A step of the odd chain.
    Odd,
    /// The closing of the pair.
    Close,
    /// Neither: a row to spare.
    Idle,
}

/// The digits that the prover gives to an operation without a signature: six ones, then twos.
pub const FREE_DIGITS: [u8; NUM_CHAINS] = {
    let mut digits = [2; NUM_CHAINS];
    let mut i = 0;
    while i < 3 {
        digits[i] = 1;
        digits[NUM_CHAINS - 1 - i] = 1;
        i += 1;
    }
    digits
};

impl ChainRow {
    /// The rows of these digits, pair by pair.
    pub fn of_digits(digits: &[u8]) -> Vec<Self> {
        let mut rows = Vec::new();
        for pair in digits.as_chunks::<2>().0 {
            rows.extend((pair[0]..3).map(|_| Self::Even));
            rows.extend((pair[1]..3).map(|_| Self::Odd));
            rows.push(Self::Close);
        }
        rows
    }
}

/// The digits of two message words.
pub fn split(words: [u64; 2]) -> Digits {
    core::array::from_fn(|c| {
        let [low, high] = words.map(|word| (word >> c & 1) as u8);
        low + 2 * high
    })
}

/// The digits to sign for a message digest, or `None` if it takes another randomiser.
pub type ReadDigits = Box<dyn Fn(&Digest) -> Option<Digits>>;

/// Who signs a block again, and how.
pub struct Signer {
    /// The key.
    pub key: Arc<TestKey>,
    /// Its one-time key. Numbers beyond the key's capacity take its leaves around again.
    pub index: u32,
    /// How the message is read.
    pub digits: ReadDigits,
    /// The rows of the phase for these digits.
    pub plan: fn(&Digits) -> Vec<ChainRow>,
    /// The pair of the key's chains that stands where a pair should.
    pub pair: fn(usize) -> usize,
}

impl Signer {
    /// As the statement has it.
    pub fn new(key: &Arc<TestKey>, index: u32) -> Self {
        Self {
            key: key.clone(),
            index,
            digits: Box::new(|message| digits(message).ok()),
            plan: |digits| ChainRow::of_digits(digits),
            pair: |pair| pair,
        }
    }
}

impl Forgery {
    /// Lays the chain phase of a block out as `plan`, with the bits of `digits` where its pairs
    /// open and, as far as nothing determines these, the words that they are bits of.
    ///
    /// # Panics
    /// When the plan is longer than the phase.
    #[must_use]
    pub fn chains(mut self, block: usize, digits: &[u8], plan: &[ChainRow]) -> Self {
        self.lay(block, digits, plan);
        let word = |bit: usize| {
            digits.iter().enumerate().fold(0_u64, |word, (c, digit)| {
                word | u64::from(digit >> bit & 1) << c
            })
        };
        for i in [0, 1] {
            self = self.set(block, CHAIN_START, WORD.start + i, element(word(i) >> 2));
        }
        self
    }

    fn lay(&mut self, block: usize, digits: &[u8], plan: &[ChainRow]) {
        assert!(plan.len() <= CHAIN_END + 1 - CHAIN_START);
        let flag = |on: bool| element(u64::from(on));
        let mut pair = 0;
        let mut opens = true;
        for (i, what) in plan.iter().enumerate() {
            let cells = &mut self.rows[block * BLOCK_ROWS + CHAIN_START + i];
            cells[STEP.start] = flag(*what == ChainRow::Even);
            cells[STEP.start + 1] = flag(*what == ChainRow::Odd);
            cells[CLOSE] = flag(*what == ChainRow::Close);
            cells[MIDWAY] = BaseElement::ZERO;
            cells[HINT.start..HINT.end].fill(BaseElement::ZERO);
            for bit in 0..4 {
                let digit = digits.get(2 * pair + bit / 2).copied().unwrap_or(0);
                cells[BITS.start + bit] = flag(opens && digit >> (bit % 2) & 1 == 1);
            }
            opens = *what == ChainRow::Close;
            pair += usize::from(opens);
        }
    }

    /// Signs the block's message: searches the randomiser, and sets chain values and siblings.
    pub(super) fn sign(&mut self, row: usize) {
        let block = row / BLOCK_ROWS;
        let Some(signer) = self.signers.remove(&block) else {
            return;
        };
        debug_assert_eq!(row % BLOCK_ROWS, SIGN_ROW);
        let (key, index) = (&signer.key, signer.index);
        let found = loop {
            // as the trace hashes, not as it should
            self.hash(row);
            let message = Digest(output(&self.rows[row]));
            if let Some(found) = (signer.digits)(&message) {
                break found;
            }
            self.rows[row][INPUT.start + 4] += BaseElement::ONE;
        };
        self.lay(block, &found, &(signer.plan)(&found));
        let start = block * BLOCK_ROWS;
        let seed = *key.tree.seed();
        let starts = key.secrets.chain_starts(index);
        let values: Vec<_> = found
            .iter()
            .enumerate()
            .map(|(place, &digit)| {
                let chain = 2 * (signer.pair)(place / 2) + place % 2;
                (0..digit).fold(starts[chain], |value, position| {
                    let step = chain_step_input(&seed, index, chain, position, &value);
                    let Digest([v0, v1, ..]) = compress_input(&step);
                    [v0, v1]
                })
            })
            .collect();
        let mut pair = 0;
        for row in start + CHAIN_START..=start + CHAIN_END {
            let number = element((signer.pair)(pair) as u64);
            self.lies
                .entry((row, PAIR))
                .or_insert_with(|| Box::new(move |_, _| number));
            let cells = &mut self.rows[row];
            for i in [0, 1] {
                cells[EVEN.start + i] = values[2 * pair][i];
                cells[ODD.start + i] = values[2 * pair + 1][i];
                cells[SEED.start + i] = seed[i];
            }
            if cells[CLOSE] == BaseElement::ONE {
                pair = (pair + 1).min(NUM_PAIRS - 1);
            }
        }
        let leaf = index % key.tree.capacity();
        let auth = key.tree.auth_path(leaf).expect("a real leaf");
        for (level, sibling) in auth.iter().enumerate() {
            let row = start + KEY_TREE_START + level;
            // laid on both sides: the walk puts the node on its own
            self.rows[row][INPUT].copy_from_slice(&input(tag::XMSS, &sibling.0, &sibling.0));
            self.base[row][INDEX_BIT] = element(u64::from(index >> level & 1));
        }
    }

    /// What the row before determines of the chain columns.
    pub(super) fn chains_after(&mut self, row: usize) {
        let previous = self.rows[row - 1];
        let on = |selector: Selector| selector.is_on((row - 1) % BLOCK_ROWS);
        let [even, odd, close] = [
            previous[STEP.start],
            previous[STEP.start + 1],
            previous[CLOSE],
        ];
        let step = even + odd;
        let zero = BaseElement::ZERO;
        let closes = close != zero;
        let j = output(&previous);
        let digit = |row: &super::Cells, i: usize| {
            row[BITS.start + 2 * i] + row[BITS.start + 2 * i + 1] * element(2)
        };
        let opens = on(Selector::Sign) || closes;
        if on(Selector::Chains) && step + close == zero {
            // a row to spare leaves everything as it is, though nothing says so
            let kept = [POSITION, EVEN, ODD, ONE_TIME_KEY, WORD];
            for column in kept.into_iter().flatten() {
                self.put(row, column, previous[column]);
            }
        }
        for i in [0, 1] {
            let moves = if i == 0 { even } else { odd };
            if opens {
                let digit = digit(&self.rows[row], i);
                self.put(row, POSITION.start + i, digit);
            } else if let Some(moved) = quotient(moves, step) {
                self.put(
                    row,
                    POSITION.start + i,
                    previous[POSITION.start + i] + moved,
                );
            }
            for (values, moves, stays) in [(EVEN, even, odd), (ODD, odd, even)] {
                let column = values.start + i;
                if let Some(value) = quotient(moves * j[i] + stays * previous[column], step) {
                    self.put(row, column, value);
                }
            }
            self.word_after(row, i, opens, j[i]);
        }
        if on(Selector::Chains) {
            self.put(row, PAIR, previous[PAIR] + close);
            for column in SEED {
                self.put(row, column, previous[column]);
            }
        } else if on(Selector::Sign) {
            self.put(row, PAIR, zero);
        }
        let key = if on(Selector::Sign) {
            let cells = &self.rows[row];
            Some([
                cells[SEED.start],
                cells[SEED.start + 1],
                previous[KEY_INDEX],
                zero,
            ])
        } else if closes {
            Some(j)
        } else if step != zero {
            Some(core::array::from_fn(|i| previous[ONE_TIME_KEY.start + i]))
        } else {
            None
        };
        for (i, lane) in key.into_iter().flatten().enumerate() {
            self.put(row, ONE_TIME_KEY.start + i, lane);
        }
    }

    /// The message word `i` in `row`: it lost two bits if a pair opens.
    fn word_after(&mut self, row: usize, i: usize, opens: bool, j: BaseElement) {
        let previous = self.rows[row - 1];
        let signs = Selector::Sign.is_on((row - 1) % BLOCK_ROWS);
        let steps = previous[STEP.start] + previous[STEP.start + 1] != BaseElement::ZERO;
        let word = previous[WORD.start + i];
        if opens && (!signs || self.is_signed(row)) {
            let cells = &self.rows[row];
            let taken = cells[BITS.start + i] + cells[BITS.start + i + 2] * element(2);
            let from = if signs { j } else { word };
            self.put(row, WORD.start + i, (from - taken) / element(4));
        } else if steps {
            self.put(row, WORD.start + i, word);
        }
    }

    /// What a row of the phase hashes.
    pub(super) fn chain_input(&mut self, row: usize) {
        let cells = self.rows[row];
        let [even, odd, close] = [cells[STEP.start], cells[STEP.start + 1], cells[CLOSE]];
        let zero = BaseElement::ZERO;
        let lanes = |start: usize, i: usize| cells[start + i];
        let place = cells[PAIR] * element(8);
        let [at_even, at_odd] = [
            place + cells[POSITION.start],
            place + element(4) + cells[POSITION.start + 1],
        ];
        let key = ONE_TIME_KEY.start;
        // what the even step, the odd step and the closing want in each lane
        let wanted = [
            [lanes(EVEN.start, 0), lanes(ODD.start, 0), lanes(key, 0)],
            [lanes(EVEN.start, 1), lanes(ODD.start, 1), lanes(key, 1)],
            [lanes(SEED.start, 0), lanes(SEED.start, 0), lanes(key, 2)],
            [lanes(SEED.start, 1), lanes(SEED.start, 1), lanes(key, 3)],
            [cells[KEY_INDEX], cells[KEY_INDEX], lanes(EVEN.start, 0)],
            [at_even, at_odd, lanes(EVEN.start, 1)],
            [zero, zero, lanes(ODD.start, 0)],
            [tag::CHAIN, tag::CHAIN, lanes(ODD.start, 1) + tag::OTS],
        ];
        for (lane, [e, o, c]) in wanted.into_iter().enumerate() {
            let sum = even * e + odd * o + close * c;
            if let Some(value) = quotient(sum, even + odd + close) {
                self.put(row, INPUT.start + lane, value);
            }
        }
        if close != zero {
            self.hints(row);
        }
    }

    /// The test that a word is split in one way.
    fn hints(&mut self, row: usize) {
        let cells = self.rows[row];
        let one = BaseElement::ONE;
        let distance = cells[PAIR] - element(NUM_PAIRS as u64 / 2 - 1);
        let all_ones = element(u64::from(u32::MAX));
        let inverse = |value: BaseElement| quotient(one, value).unwrap_or(BaseElement::ZERO);
        let midway = distance == BaseElement::ZERO;
        self.put(row, MIDWAY, element(u64::from(midway)));
        let hints = if midway {
            [
                inverse(cells[WORD.start] - all_ones),
                inverse(cells[WORD.start + 1] - all_ones),
            ]
        } else {
            [inverse(distance), BaseElement::ZERO]
        };
        for (i, hint) in hints.into_iter().enumerate() {
            self.put(row, HINT.start + i, hint);
        }
    }
}
