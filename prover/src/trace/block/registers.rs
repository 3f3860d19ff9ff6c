//! The columns of a block's rows beside the permutation.

use winter_math::{FieldElement, batch_inversion};
use winterlane_air::{
    batch::columns as column,
    batch::schedule::{
        CHAIN_END, CHAIN_START, GAP_BITS, KEY_TREE_END, KEY_TREE_START, LIMB_ROWS, NUM_PAIRS,
        POOL_CARRY_START, POOL_ROW, RANGE_WINDOWS, RECEIVER_KEYS_ROW, RECEIVER_LEAF_ROW,
        RECEIVER_PATH_END, RECEIVER_PATH_START, SIGNER_LEAF_ROW, SIGNER_META_ROW, SIGNER_PATH_END,
        SIGNER_PATH_START,
    },
};
use winterlane_ledger::{
    Amount, BaseElement, Digest, OperationKind, SlotIndex,
    amount::{LIMB_BITS, limbs},
};

use super::{Block, ChainRow, REGISTERS_START, Registers, digit, element, flag};

/// Lowest bit of `value >> shift`, and what is left.
fn shifted(value: u64, shift: usize) -> (BaseElement, BaseElement) {
    let left = if shift < 64 { value >> shift } else { 0 };
    (element(left), element(left & 1))
}

/// Carries out of the two lower limbs of `a + b`.
fn carries(terms: &[Amount]) -> [u64; 2] {
    let sums: [u64; 3] =
        core::array::from_fn(|limb| terms.iter().map(|&term| limbs(term.get())[limb]).sum());
    let low = sums[0] >> LIMB_BITS[0];
    [low, (sums[1] + low) >> LIMB_BITS[1]]
}

impl Block<'_> {
    /// The columns of row `row` beside its permutation; [`column::ROOT`] is left at zero.
    pub(in crate::trace) fn registers(&self, row: usize) -> Registers {
        let mut registers = self.constant;
        let mut set = |column: usize, value: BaseElement| {
            registers[column - REGISTERS_START] = value;
        };
        let lanes =
            |set: &mut dyn FnMut(usize, BaseElement), start: usize, values: &[BaseElement]| {
                for (i, &value) in values.iter().enumerate() {
                    set(start + i, value);
                }
            };
        let emptied = row == RECEIVER_PATH_START - 1 && self.receiver_is_new;
        let carry = if emptied {
            Digest::ZERO.0
        } else {
            self.outputs[0]
        };
        lanes(&mut set, column::CARRY.start, &carry);

        let pool = if row > POOL_ROW {
            Self::pool_after(&self.fields, self.incoming.pool).unwrap_or_default()
        } else {
            self.incoming.pool
        };
        lanes(&mut set, column::POOL.start, &pool.map(element));

        match row {
            CHAIN_START..=CHAIN_END => self.chain_registers(row, &mut set),
            row if row == CHAIN_END + 1 => {
                // what the last closing leaves: no pair is open any more
                lanes(&mut set, column::ONE_TIME_KEY.start, &self.chains.key);
                lanes(&mut set, column::SEED.start, &self.seed());
                set(column::PAIR, element(NUM_PAIRS as u64));
            }
            _ => {}
        }
        self.index_registers(row, &mut set);
        self.range_registers(row, &mut set);
        self.gap_registers(row, &mut set);
        self.account_registers(row, &mut set);
        registers
    }

    fn chain_registers(&self, row: usize, set: &mut impl FnMut(usize, BaseElement)) {
        let chains = &self.chains;
        let opened =
            row == CHAIN_START || matches!(chains.rows[row - CHAIN_START - 1], ChainRow::Close);
        match chains.rows[row - CHAIN_START] {
            ChainRow::Step(chain) => set(column::STEP.start + chain, BaseElement::ONE),
            ChainRow::Close => set(column::CLOSE, BaseElement::ONE),
        }
        for chain in [0, 1] {
            set(
                column::POSITION.start + chain,
                element(chains.positions[chain]),
            );
            set(column::EVEN.start + chain, chains.values[0][chain]);
            set(column::ODD.start + chain, chains.values[1][chain]);
            set(column::SEED.start + chain, self.seed()[chain]);
        }
        for (i, &lane) in chains.key.iter().enumerate() {
            set(column::ONE_TIME_KEY.start + i, lane);
        }
        set(column::PAIR, element(chains.pair as u64));
        let left = chains.words.map(|word| {
            let taken = 2 * (chains.pair + 1);
            element(if taken < 64 { word >> taken } else { 0 })
        });
        set(column::WORD.start, left[0]);
        set(column::WORD.start + 1, left[1]);
        if opened {
            for chain in [0, 1] {
                let digit = digit(chains.words, 2 * chains.pair + chain);
                set(column::BITS.start + 2 * chain, element(digit & 1));
                set(column::BITS.start + 2 * chain + 1, element(digit >> 1));
            }
        }
        if matches!(chains.rows[row - CHAIN_START], ChainRow::Close) {
            let midway = NUM_PAIRS / 2 - 1;
            set(column::MIDWAY, flag(chains.pair == midway));
            let distances = if chains.pair == midway {
                left.map(|half| half - element(u64::from(u32::MAX)))
            } else {
                [
                    element(chains.pair as u64) - element(midway as u64),
                    BaseElement::ZERO,
                ]
            };
            let hints = batch_inversion(&distances);
            set(column::HINT.start, hints[0]);
            set(column::HINT.start + 1, hints[1]);
        }
    }

    fn index_registers(&self, row: usize, set: &mut impl FnMut(usize, BaseElement)) {
        let (index, level) = match row {
            KEY_TREE_START..=KEY_TREE_END => {
                let index = self.signature.map_or(0, |signature| signature.key_index);
                (index, row - KEY_TREE_START)
            }
            SIGNER_PATH_START..=SIGNER_PATH_END => {
                (self.signer.index, (row - SIGNER_PATH_START) / 2)
            }
            RECEIVER_PATH_START..=RECEIVER_PATH_END => {
                (self.receiver.index, (row - RECEIVER_PATH_START) / 2)
            }
            _ => return,
        };
        let (left, bit) = shifted(u64::from(index), level);
        set(column::INDEX, left);
        set(column::INDEX_BIT, bit);
    }

    fn range_registers(&self, row: usize, set: &mut impl FnMut(usize, BaseElement)) {
        let windows = [
            self.fields.amount,
            self.fields.fee,
            self.signer.after.balance,
            self.receiver.after.balance,
        ];
        let mut set_limbs = |values: [u64; 3], shift: usize| {
            for (i, value) in values.into_iter().enumerate() {
                let (left, bit) = shifted(value, shift);
                set(column::RANGE.start + i, left);
                set(column::RANGE_BITS.start + i, bit);
            }
        };
        for (start, value) in RANGE_WINDOWS.into_iter().zip(windows) {
            if (start..=start + LIMB_ROWS).contains(&row) {
                set_limbs(limbs(value.get()), row - start);
            }
        }
        if (POOL_CARRY_START..RECEIVER_KEYS_ROW + 1).contains(&row) {
            let [low, high] = self.pool_carries();
            set_limbs([low, high, 0], row - POOL_CARRY_START);
        }
        if row == POOL_ROW {
            let [low, high] = self.pool_carries();
            set(column::HINT.start, element(low));
            set(column::HINT.start + 1, element(high));
        }
        if (SIGNER_PATH_START..=SIGNER_PATH_END).contains(&row) {
            let nonce = u64::from(self.signer.before.nonce.get()) + 1;
            for (i, value) in [self.validity, nonce].into_iter().enumerate() {
                let (left, bit) = shifted(value, row - SIGNER_PATH_START);
                set(column::WORD.start + i, left);
                set(column::BITS.start + i, bit);
            }
        }
    }

    /// How far the one-time key that signs lies above the slot's next index, from the highest bit on.
    fn gap_registers(&self, row: usize, set: &mut impl FnMut(usize, BaseElement)) {
        if !(KEY_TREE_START..=SIGNER_META_ROW).contains(&row) {
            return;
        }
        let next_index = self
            .used_slot
            .map_or(0, |slot| self.signer.before.slots[slot.index()].next_index);
        let key_index = self.signature.map_or(0, |signature| signature.key_index);
        // of a key that is used up, only as many bits as there are rows: a false gap
        let gap = key_index.wrapping_sub(next_index.into()) & ((1 << GAP_BITS) - 1);
        let left = gap >> (SIGNER_META_ROW - row);
        set(column::RANGE.start, BaseElement::from(left));
        if row < SIGNER_META_ROW {
            let bit = gap >> (SIGNER_META_ROW - 1 - row) & 1;
            set(column::RANGE_BITS.start, BaseElement::from(bit));
        } else {
            let itself =
                self.used_slot == Some(SlotIndex::Zero) && self.rotation == Some(SlotIndex::Zero);
            set(column::HINT.start, flag(itself));
        }
    }

    /// Carries of the collection of the pool.
    fn pool_carries(&self) -> [u64; 2] {
        if self.fields.kind != OperationKind::CollectFees {
            return [0; 2];
        }
        let [low, middle, _] = self.incoming.pool;
        let carry = low >> LIMB_BITS[0];
        [carry, middle.saturating_add(carry) >> LIMB_BITS[1]]
    }

    /// Scope bits and the carries of the balances.
    fn account_registers(&self, row: usize, set: &mut impl FnMut(usize, BaseElement)) {
        let mut set_bits = |start: usize, bits: u64, count: usize| {
            for i in 0..count {
                set(start + i, element(bits >> i & 1));
            }
        };
        if row == SIGNER_LEAF_ROW {
            set_bits(
                column::BITS.start,
                u64::from(self.signer.before.scope_bits()),
                4,
            );
            if self.rotation.is_some() {
                set_bits(column::RANGE_BITS.start, u64::from(self.fields.scope), 2);
            }
        } else if row == SIGNER_LEAF_ROW + 1 {
            let terms = [
                self.signer.after.balance,
                self.fields.amount,
                self.fields.fee,
            ];
            // a carry of 0, 1 or 2, as two bits that are added
            for (i, carry) in carries(&terms).into_iter().enumerate() {
                let unary = [0, 1, 3][carry.min(2) as usize];
                set_bits(column::BITS.start + 2 * i, unary, 2);
            }
        } else if row == RECEIVER_LEAF_ROW && self.receiver_is_new {
            set_bits(column::BITS.start, u64::from(self.fields.scope), 4);
        } else if row == RECEIVER_LEAF_ROW + 1 {
            let [low, high] = carries(&[self.receiver.before.balance, self.fields.amount]);
            set_bits(column::BITS.start, low | high << 1, 2);
        }
    }
}
