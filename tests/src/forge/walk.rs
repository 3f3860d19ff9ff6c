//! The walk: what the constraints determine of a row.

use winter_math::FieldElement;
use winterlane_air::{
    batch::columns::{
        AMOUNT, ASSET, BITS, CARRY, CLOSE, FEE, HINT, INDEX, INDEX_BIT, INPUT_HI, INPUT_LO,
        IS_COLLECT, IS_CREATE, KEY_INDEX, NONCE, OPERATIONS, PAYLOAD, POOL, POOL_ASSET, RANGE,
        RANGE_BITS, REGISTERS, ROOT, ROTATE, SCOPE, SPEND, STEP, SUBJECT, TARGETS_SLOT_0, TO,
        VALID_UNTIL, WORD,
    },
    batch::schedule::{
        BLOCK_ROWS, DOMAIN_ROW, KEY_TREE_END, KEY_TREE_START, OPERATIONS_ROW, PAYLOAD_ROW,
        POOL_ROW, RECEIVER_KEYS_ROW, RECEIVER_LEAF_ROW, RECEIVER_META_ROW, RECEIVER_PATH_END,
        RECEIVER_PATH_START, RECORD_ROW, SIGN_ROW, SIGNER_KEYS_ROW, SIGNER_LEAF_ROW,
        SIGNER_META_ROW, SIGNER_PATH_END, SIGNER_PATH_START, Selector,
    },
};
use winterlane_ledger::{BaseElement, amount::LIMB_BITS, hash::tag};

use super::{
    Cells, Forgery, element, halved, low_bit,
    operation::{receives, record, rotates, signed, targets},
    permutation::output,
};

const SIGNER_KEYS_AFTER: usize = SIGNER_KEYS_ROW + 1;
const SIGNER_META_AFTER: usize = SIGNER_META_ROW + 1;
const SIGNER_LEAF_AFTER: usize = SIGNER_LEAF_ROW + 1;
const RECEIVER_LEAF_AFTER: usize = RECEIVER_LEAF_ROW + 1;

impl Forgery {
    /// Writes a cell, or the lie that stands for it.
    pub(super) fn put(&mut self, row: usize, column: usize, value: BaseElement) {
        let lie = self
            .lies
            .get(&(row, column))
            .map(|lie| lie(&self.rows, row));
        self.rows[row][column] = lie.unwrap_or(value);
    }

    fn put_lanes<const N: usize>(&mut self, row: usize, start: usize, values: [BaseElement; N]) {
        for (lane, value) in values.into_iter().enumerate() {
            self.put(row, start + lane, value);
        }
    }

    fn lanes<const N: usize>(&self, row: usize, start: usize) -> [BaseElement; N] {
        core::array::from_fn(|lane| self.rows[row][start + lane])
    }

    /// Whether the operation in this row has a signature.
    pub(super) fn is_signed(&self, row: usize) -> bool {
        signed(&self.rows[row]) != BaseElement::ZERO
    }

    /// Whether the operation in this row has a receiver.
    pub(super) fn receives(&self, row: usize) -> bool {
        receives(&self.rows[row]) != BaseElement::ZERO
    }

    /// Computes everything of a row that follows from what stands there so far.
    pub(super) fn walk(&mut self, row: usize) {
        let columns: Vec<usize> = self
            .lies
            .range((row, 0)..(row + 1, 0))
            .map(|(&(_, column), _)| column)
            .collect();
        for &column in &columns {
            self.put(row, column, BaseElement::ZERO);
        }
        if row > 0 {
            self.take_previous(row);
        }
        self.indices(row);
        self.input(row);
        self.witness_bits(row);
        // those that look at cells of their own row once more
        for &column in &columns {
            self.put(row, column, BaseElement::ZERO);
        }
        if row % BLOCK_ROWS == SIGN_ROW {
            self.sign(row);
        }
        self.hash(row);
        match row % BLOCK_ROWS {
            SIGNER_PATH_END if self.is_signed(row) => self.remember_path(row),
            RECEIVER_PATH_END if self.receives(row) => self.remember_path(row),
            _ => {}
        }
    }

    /// The account root, once every path is known.
    pub(super) fn walk_roots(&mut self) {
        if let Some(root) = self.opened {
            self.put_lanes(0, ROOT.start, root);
        }
        for row in 1..self.rows.len() {
            let previous = self.rows[row - 1];
            let updates = match (row - 1) % BLOCK_ROWS {
                SIGNER_PATH_END => signed(&previous),
                RECEIVER_PATH_END => receives(&previous),
                _ => BaseElement::ZERO,
            };
            let j = output(&previous);
            for lane in 0..4 {
                let root = previous[ROOT.start + lane];
                self.put(row, ROOT.start + lane, root + updates * (j[lane] - root));
            }
        }
    }

    /// Carries, registers, counters: what the row before determines.
    fn take_previous(&mut self, row: usize) {
        let previous = self.rows[row - 1];
        let on = |selector: Selector| selector.is_on((row - 1) % BLOCK_ROWS);
        let zero = BaseElement::ZERO;
        let j = output(&previous);
        let copy = |range: core::ops::Range<usize>| range.map(|column| (column, previous[column]));
        let mut puts: Vec<(usize, BaseElement)> = Vec::new();
        let kept = if on(Selector::ReceiverLeaf) {
            BaseElement::ONE - previous[IS_CREATE]
        } else {
            BaseElement::ONE
        };
        puts.extend(CARRY.zip(j.map(|lane| kept * lane)));
        if on(Selector::Operations) {
            puts.extend(OPERATIONS.zip(j));
        } else {
            puts.extend(copy(OPERATIONS));
        }
        for (pool, fee) in POOL.zip(FEE) {
            let moved = previous[fee] - previous[IS_COLLECT] * previous[pool];
            let moves = element(u64::from(on(Selector::Pool)));
            puts.push((pool, previous[pool] + moves * moved));
        }
        if !(on(Selector::BlockEnd) && previous[IS_COLLECT] == BaseElement::ONE) {
            puts.push((POOL_ASSET, previous[POOL_ASSET]));
        }
        if !on(Selector::BlockEnd) {
            puts.extend(copy(REGISTERS));
        }
        if on(Selector::PathBefore) {
            puts.push((INDEX, previous[INDEX]));
        } else if on(Selector::IndexShift) {
            puts.push((INDEX, halved(previous[INDEX], previous[INDEX_BIT])));
        }
        for i in 0..3 {
            let column = RANGE.start + i;
            if on(Selector::RangeShift) {
                puts.push((
                    column,
                    halved(previous[column], previous[RANGE_BITS.start + i]),
                ));
            } else if on(Selector::Sign) {
                puts.push((column, previous[AMOUNT.start + i]));
            } else if on(Selector::LoadFee) {
                puts.push((column, previous[FEE.start + i]));
            } else if on(Selector::SignerLeafAfter) || on(Selector::ReceiverLeafAfter) {
                let tag = if i == 2 { tag::LEAF } else { zero };
                puts.push((column, previous[INPUT_HI.start + 1 + i] - tag));
            } else if on(Selector::ChainsEnd) && i == 0 {
                puts.push((column, zero));
            } else if on(Selector::Gap) && i == 0 {
                let bit = previous[RANGE_BITS.start];
                puts.push((column, previous[column] * element(2) + bit));
            } else if on(Selector::Pool) && i < 2 {
                puts.push((column, previous[HINT.start + i]));
            }
        }
        if on(Selector::SignerLeafAfter) {
            if signed(&previous) != zero {
                let left = previous[VALID_UNTIL] - element(self.inputs.batch_number.get());
                puts.push((WORD.start, left));
            }
            puts.push((WORD.start + 1, previous[NONCE] + BaseElement::ONE));
        } else if on(Selector::ValidityShift) {
            for i in [0, 1] {
                let word = previous[WORD.start + i];
                puts.push((WORD.start + i, halved(word, previous[BITS.start + i])));
            }
        }
        for (column, value) in puts {
            self.put(row, column, value);
        }
        self.chains_after(row);
    }

    /// The index of a path and its bit.
    fn indices(&mut self, row: usize) {
        let in_block = row % BLOCK_ROWS;
        let loaded = match in_block {
            KEY_TREE_START => Some(KEY_INDEX),
            SIGNER_PATH_START => Some(SUBJECT),
            RECEIVER_PATH_START => Some(TO),
            _ => None,
        };
        if let Some(column) = loaded {
            self.put(row, INDEX, self.rows[row][column]);
        }
        let after = in_block > 0 && Selector::PathBefore.is_on(in_block - 1);
        if Selector::KeyTree.is_on(in_block) || Selector::PathBefore.is_on(in_block) {
            self.put(row, INDEX_BIT, low_bit(self.rows[row][INDEX]));
        } else if after {
            self.put(row, INDEX_BIT, self.rows[row - 1][INDEX_BIT]);
        }
    }

    /// The input of the row's permutation.
    fn input(&mut self, row: usize) {
        let cells = self.rows[row];
        let carry: [BaseElement; 4] = self.lanes(row, CARRY.start);
        let tagged = |mut lanes: [BaseElement; 4], tag: BaseElement| {
            lanes[3] += tag;
            lanes
        };
        let (lo, hi) = (INPUT_LO.start, INPUT_HI.start);
        match row % BLOCK_ROWS {
            RECORD_ROW => {
                let mut lanes = record(&cells);
                lanes[7] += tag::RECORD;
                self.put_lanes(row, lo, lanes);
            }
            PAYLOAD_ROW => {
                self.put_lanes(row, lo, carry);
                let payload = self.lanes(row, PAYLOAD.start);
                self.put_lanes(row, hi, tagged(payload, tag::PAYLOAD));
            }
            DOMAIN_ROW => {
                self.put_lanes(row, lo, carry);
                self.put_lanes(row, hi, tagged(self.inputs.domain.0.0, tag::DOMAIN));
            }
            OPERATIONS_ROW => {
                self.put_lanes::<4>(row, lo, self.lanes(row, OPERATIONS.start));
                self.put_lanes(row, hi, tagged(self.lanes(row - 1, lo), tag::OPS));
            }
            SIGN_ROW => {
                self.put_lanes::<4>(row, lo, self.lanes(row - 1, CARRY.start));
                self.put_lanes(row, hi + 2, [cells[NONCE], tag::SIGN]);
            }
            KEY_TREE_START..=KEY_TREE_END => self.open_level(row, carry, None, tag::XMSS),
            SIGNER_PATH_START..=SIGNER_PATH_END | RECEIVER_PATH_START..=RECEIVER_PATH_END => {
                self.path_input(row);
            }
            SIGNER_KEYS_ROW..=SIGNER_LEAF_AFTER | RECEIVER_KEYS_ROW..=RECEIVER_LEAF_AFTER => {
                self.account_input(row);
            }
            _ => {}
        }
        if [STEP.start, STEP.start + 1, CLOSE].map(|column| cells[column]) != [BaseElement::ZERO; 3]
        {
            self.chain_input(row);
        }
    }

    /// The rows of the signer's and the receiver's account.
    fn account_input(&mut self, row: usize) {
        let (lo, hi) = (INPUT_LO.start, INPUT_HI.start);
        let cells = self.rows[row];
        let previous = self.rows[row - 1];
        let [to_slot_0, to_slot_1] = targets(&cells);
        let nonce_after = cells[NONCE] + BaseElement::ONE;
        let index_after = cells[KEY_INDEX] + BaseElement::ONE;
        let itself = previous[HINT.start];
        let advances = [
            cells[SPEND.start] + cells[ROTATE.start] - itself,
            cells[SPEND.start + 1] + cells[TARGETS_SLOT_0] - itself,
        ];
        let carried: [BaseElement; 4] = self.lanes(row - 1, CARRY.start);
        match row % BLOCK_ROWS {
            SIGNER_KEYS_AFTER => {
                for lane in 0..4 {
                    let new = previous[PAYLOAD.start + lane];
                    let tag = if lane == 3 {
                        tag::KEYS
                    } else {
                        BaseElement::ZERO
                    };
                    let (left, right) = (previous[lo + lane], previous[hi + lane]);
                    self.put(row, lo + lane, left + to_slot_0 * (new - left));
                    self.put(row, hi + lane, right + to_slot_1 * (new + tag - right));
                }
            }
            SIGNER_META_ROW => {
                self.put_lanes(row, lo, carried);
                self.put_lanes(row, hi, [cells[ASSET], cells[NONCE]]);
            }
            SIGNER_META_AFTER => {
                self.put_lanes(row, lo, carried);
                let [asset, _, next_0, next_1] = self.lanes(row - 1, hi);
                let next_1 = next_1 - tag::META;
                let after = [
                    asset,
                    nonce_after,
                    next_0 + advances[0] * (index_after - next_0) - to_slot_0 * next_0,
                    next_1 + advances[1] * (index_after - next_1) - to_slot_1 * next_1 + tag::META,
                ];
                self.put_lanes(row, hi, after);
            }
            SIGNER_LEAF_ROW => {
                self.put_lanes(row, lo, carried);
                if signed(&cells) == BaseElement::ZERO {
                    // the dummy of an operation without a signer has what it pays
                    for i in 0..3 {
                        let tag = if i == 2 { tag::LEAF } else { BaseElement::ZERO };
                        let paid = cells[AMOUNT.start + i] + cells[FEE.start + i];
                        self.put(row, hi + 1 + i, paid + tag);
                    }
                }
            }
            SIGNER_LEAF_AFTER => {
                self.put_lanes(row, lo, carried);
                let bits: [BaseElement; 4] = self.lanes(row - 1, BITS.start);
                let scope = cells[SCOPE];
                let scopes = previous[hi]
                    + to_slot_0 * (scope - bits[0] - bits[1] * element(2))
                    + to_slot_1 * (scope - bits[2] - bits[3] * element(2)) * element(4);
                self.put(row, hi, scopes);
                self.pay(row, &previous);
            }
            RECEIVER_META_ROW => {
                self.put_lanes::<4>(row, lo, self.lanes(row, CARRY.start));
                self.put(row, hi, cells[ASSET]);
            }
            RECEIVER_LEAF_ROW => self.put_lanes::<4>(row, lo, self.lanes(row, CARRY.start)),
            RECEIVER_LEAF_AFTER => {
                self.put_lanes::<4>(row, lo, self.lanes(row - 1, lo));
                self.put(row, hi, previous[hi]);
                self.credit(row, &previous);
            }
            _ => {}
        }
    }

    /// The signer's balance after the operation, and its carries.
    fn pay(&mut self, row: usize, previous: &Cells) {
        let mut carry = BaseElement::ZERO;
        for i in 0..3 {
            let limb = INPUT_HI.start + 1 + i;
            let tag = if i == 2 { tag::LEAF } else { BaseElement::ZERO };
            let spent = previous[AMOUNT.start + i] + previous[FEE.start + i];
            let rest = previous[limb] - tag - spent - carry;
            carry = self.carry(row, 2 * i, rest, i, 2);
            self.put(row, limb, rest + tag + carry * limb_size(i));
        }
    }

    /// The receiver's balance after the operation, and its carries.
    fn credit(&mut self, row: usize, previous: &Cells) {
        let mut carry = BaseElement::ZERO;
        for i in 0..3 {
            let limb = INPUT_HI.start + 1 + i;
            let sum = previous[limb] + previous[AMOUNT.start + i] + carry;
            let tag = if i == 2 { tag::LEAF } else { BaseElement::ZERO };
            carry = self.carry(row, i, -(sum - tag), i, 1);
            self.put(row, limb, sum - carry * limb_size(i));
        }
    }

    /// The carry out of limb `i` that brings `rest + carry 2^bits` (or the negative of it) into
    /// range, written as bits that are added, from bit `at` on; none out of the highest limb.
    fn carry(
        &mut self,
        row: usize,
        at: usize,
        rest: BaseElement,
        i: usize,
        most: usize,
    ) -> BaseElement {
        if i == 2 {
            return BaseElement::ZERO;
        }
        let size = limb_size(i);
        let fits = |carry: usize| {
            let sum = rest + element(carry as u64) * size;
            // a payment leaves `sum`, a credit `-sum`
            let left = if most == 2 { sum } else { -sum };
            left.as_int() < size.as_int()
        };
        let carry = (0..=most).find(|&carry| fits(carry)).unwrap_or(0);
        let mut total = BaseElement::ZERO;
        for bit in 0..most {
            let column = BITS.start + at + bit;
            self.put(row, column, element(u64::from(bit < carry)));
            total += self.rows[row][column];
        }
        total
    }

    /// What the gap of the operation in this row should be: the one-time key's number without the next
    /// index of the signing slot, which stands further down.
    fn gap(&self, row: usize) -> BaseElement {
        let cells = &self.rows[row];
        let meta = row / BLOCK_ROWS * BLOCK_ROWS + SIGNER_META_ROW;
        let next = |lane: usize| {
            let column = INPUT_HI.start + lane;
            let lie = self.lies.get(&(meta, column));
            lie.map_or(self.rows[meta][column], |lie| lie(&self.rows, meta))
        };
        let least = (cells[SPEND.start] + cells[ROTATE.start]) * next(2)
            + (cells[SPEND.start + 1] + cells[ROTATE.start + 1]) * (next(3) - tag::META);
        cells[KEY_INDEX] - least
    }

    /// Bits and carries that follow from the row itself.
    fn witness_bits(&mut self, row: usize) {
        let in_block = row % BLOCK_ROWS;
        let cells = self.rows[row];
        let bits = |this: &mut Self, start: usize, value: BaseElement, count: usize| {
            for i in 0..count {
                this.put(row, start + i, element(value.as_int() >> i & 1));
            }
        };
        if Selector::RangeShift.is_on(in_block) {
            for i in 0..3 {
                bits(self, RANGE_BITS.start + i, cells[RANGE.start + i], 1);
            }
        }
        if Selector::ValidityShift.is_on(in_block) {
            for i in [0, 1] {
                bits(self, BITS.start + i, cells[WORD.start + i], 1);
            }
        }
        if Selector::Gap.is_on(in_block) {
            let place = SIGNER_META_ROW - 1 - in_block;
            let bit = self.gap(row).as_int() >> place & 1;
            self.put(row, RANGE_BITS.start, element(bit));
        }
        match in_block {
            SIGNER_META_ROW => {
                let itself = cells[ROTATE.start] * cells[TARGETS_SLOT_0];
                self.put(row, HINT.start, itself);
            }
            SIGNER_LEAF_ROW => {
                bits(self, BITS.start, cells[INPUT_HI.start], 4);
                if rotates(&cells) != BaseElement::ZERO {
                    bits(self, RANGE_BITS.start, cells[SCOPE], 2);
                }
            }
            RECEIVER_LEAF_ROW if cells[IS_CREATE] != BaseElement::ZERO => {
                bits(self, BITS.start, cells[SCOPE], 4);
            }
            POOL_ROW if cells[IS_COLLECT] != BaseElement::ZERO => {
                let mut carry = BaseElement::ZERO;
                for i in [0, 1] {
                    let rest = cells[POOL.start + i] + carry - cells[AMOUNT.start + i];
                    self.put(row, HINT.start + i, rest / limb_size(i));
                    carry = self.rows[row][HINT.start + i];
                }
            }
            _ => {}
        }
    }
}

/// `2^bits` of limb `i`.
fn limb_size(i: usize) -> BaseElement {
    element(1 << LIMB_BITS[i])
}
