//! Which row of an operation's block does what, and the periodic selectors that say so.
//!
//! A block has [`BLOCK_ROWS`] rows, one permutation each:
//!
//! ```text
//!   0        record, first half          117, 118  signer's keys, before and after
//!   1        record, with payload        119, 120  signer's metadata, before and after
//!   2        message, with domain        121, 122  signer's leaf, before and after
//!   3        operations digest           123..=186 signer's path, before and after in turn
//!   4        message, with nonce         187       receiver's keys
//!   5..=106  chains and their closing    188       receiver's metadata
//!   107..=116 key tree                   189, 190  receiver's leaf, before and after
//!                                        191..=254 receiver's path      255  spare
//! ```

use alloc::{vec, vec::Vec};

use winter_math::{FieldElement, fields::f64::BaseElement};

use winterlane_ledger::{
    amount::LIMB_BITS,
    public::BATCH_NUMBER_BITS,
    signature::{CHAIN_STEPS, CHAINS, KEY_HEIGHT},
    tree::TREE_DEPTH,
};

/// Rows (permutations) of one operation.
pub const BLOCK_ROWS: usize = 256;
/// Pairs of Winternitz chains.
pub const NUM_PAIRS: usize = CHAINS / 2;
/// Rows that use up the two lower limbs of an amount, a bit each.
pub const LIMB_ROWS: usize = LIMB_BITS[0] as usize;
/// Rows that use up the highest.
pub const HIGH_LIMB_ROWS: usize = LIMB_BITS[2] as usize;
/// Bits of `valid_until - batch_number`.
pub const VALIDITY_BITS: usize = BATCH_NUMBER_BITS as usize;
/// Bits of a nonce.
pub const NONCE_BITS: usize = 32;
/// Bits of the gap between a slot's next index and the one-time key that signs: as many as there are
/// rows for them, at least the ten that an honest gap has.
pub const GAP_BITS: usize = SIGNER_META_ROW - KEY_TREE_START;
/// Bits of a carry out of a limb of the fee pool, and of the number of operations.
pub const POOL_CARRY_BITS: usize = 13;

/// Row of the record's first compression.
pub const RECORD_ROW: usize = 0;
/// Row that adds the payload.
pub const PAYLOAD_ROW: usize = 1;
/// Row that adds the domain: the message's first compression.
pub const DOMAIN_ROW: usize = 2;
/// Row that extends the operations digest.
pub const OPERATIONS_ROW: usize = 3;
/// Row that adds randomiser and nonce: the message's second compression.
pub const SIGN_ROW: usize = 4;
/// First row of the chain phase.
pub const CHAIN_START: usize = 5;
/// Last row of the chain phase.
pub const CHAIN_END: usize = CHAIN_START + CHAIN_STEPS + NUM_PAIRS - 1;
/// First row of the key tree.
pub const KEY_TREE_START: usize = CHAIN_END + 1;
/// Last row of the key tree.
pub const KEY_TREE_END: usize = KEY_TREE_START + KEY_HEIGHT - 1;
/// Row of the signer's keys before the operation; the next row has them after it.
pub const SIGNER_KEYS_ROW: usize = KEY_TREE_END + 1;
/// Row of the signer's metadata before the operation; the next row has it after it.
pub const SIGNER_META_ROW: usize = SIGNER_KEYS_ROW + 2;
/// Row of the signer's leaf before the operation; the next row has it after it.
pub const SIGNER_LEAF_ROW: usize = SIGNER_META_ROW + 2;
/// First row of the signer's path.
pub const SIGNER_PATH_START: usize = SIGNER_LEAF_ROW + 2;
/// Last row of the signer's path.
pub const SIGNER_PATH_END: usize = SIGNER_PATH_START + 2 * TREE_DEPTH - 1;
/// Row of the receiver's keys.
pub const RECEIVER_KEYS_ROW: usize = SIGNER_PATH_END + 1;
/// Row of the receiver's metadata.
pub const RECEIVER_META_ROW: usize = RECEIVER_KEYS_ROW + 1;
/// Row of the receiver's leaf before the operation; the next row has it after it.
pub const RECEIVER_LEAF_ROW: usize = RECEIVER_META_ROW + 1;
/// First row of the receiver's path.
pub const RECEIVER_PATH_START: usize = RECEIVER_LEAF_ROW + 2;
/// Last row of the receiver's path.
pub const RECEIVER_PATH_END: usize = RECEIVER_PATH_START + 2 * TREE_DEPTH - 1;
/// Last row of the block. Nothing may be bound by its permutation: in a trace's last block the
/// constraints do not hold on it.
pub const LAST_ROW: usize = BLOCK_ROWS - 1;

const _: () = assert!(RECEIVER_PATH_END < LAST_ROW);

/// First rows of the range-check windows: amount, fee, the signer's and the receiver's balance.
pub const RANGE_WINDOWS: [usize; 4] = [
    CHAIN_START,
    CHAIN_START + LIMB_ROWS + 1,
    SIGNER_PATH_START,
    RECEIVER_PATH_START,
];
/// The row that moves fees into the pool or out of it, and holds the carries of its sum.
pub const POOL_ROW: usize = RANGE_WINDOWS[2] + LIMB_ROWS;
/// First row of the range check of the pool's carries.
pub const POOL_CARRY_START: usize = POOL_ROW + 1;
/// Row in which the nonce must be used up.
pub const NONCE_END: usize = SIGNER_PATH_START + NONCE_BITS;
/// Row in which the validity must be used up.
pub const VALIDITY_END: usize = SIGNER_PATH_START + VALIDITY_BITS;

// The gap is put together in columns of the limbs, between the windows of fee and balance.
const _: () = assert!(RANGE_WINDOWS[1] + LIMB_ROWS < KEY_TREE_START);
const _: () = assert!(GAP_BITS >= KEY_HEIGHT && GAP_BITS < 32 && SIGNER_META_ROW < SIGNER_LEAF_ROW);
const _: () = assert!(POOL_CARRY_START + POOL_CARRY_BITS < RANGE_WINDOWS[3]);
const _: () = assert!(RANGE_WINDOWS[3] + LIMB_ROWS < LAST_ROW);
const _: () = assert!(VALIDITY_END <= SIGNER_PATH_END);

/// Declares the periodic columns: the variant, and the rows of a block in which it is 1.
macro_rules! selectors {
    ($($(#[$doc:meta])* $name:ident = $rows:expr;)*) => {
        /// A periodic column: 1 in some rows of every block, 0 in the others.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(usize)]
        #[non_exhaustive]
        pub enum Selector { $($(#[$doc])* $name,)* }

        impl Selector {
            /// All selectors, in the order of the periodic columns.
            pub const ALL: &'static [Selector] = &[$(Selector::$name,)*];

            /// Whether the selector is 1 in row `row` of a block.
            #[must_use]
            pub fn is_on(self, row: usize) -> bool {
                let rows: fn(usize) -> bool = match self { $(Selector::$name => $rows,)* };
                rows(row)
            }
        }
    };
}

/// Whether `row` is a row of a path that opens the tree before (`parity` 0) or after (1) an update.
const fn on_path(row: usize, parity: usize) -> bool {
    (row >= SIGNER_PATH_START && row <= SIGNER_PATH_END && (row - SIGNER_PATH_START) % 2 == parity)
        || (row >= RECEIVER_PATH_START
            && row <= RECEIVER_PATH_END
            && (row - RECEIVER_PATH_START) % 2 == parity)
}

const fn ends_index(row: usize) -> bool {
    row == KEY_TREE_END || row == SIGNER_PATH_END || row == RECEIVER_PATH_END
}

const fn in_key_tree(row: usize) -> bool {
    row >= KEY_TREE_START && row <= KEY_TREE_END
}

/// Whether `row` lies at most `bits` rows after the start of a limb's window.
fn in_range_window(row: usize, bits: usize) -> bool {
    RANGE_WINDOWS
        .iter()
        .any(|&start| (start..start + bits).contains(&row))
}

fn ends_range_window(row: usize, bits: usize) -> bool {
    RANGE_WINDOWS.iter().any(|&start| start + bits == row)
}

selectors! {
    /// The record's first compression.
    Record = |row| row == RECORD_ROW;
    /// The record's second compression, with the payload.
    Payload = |row| row == PAYLOAD_ROW;
    /// The message's first compression, with the domain.
    Domain = |row| row == DOMAIN_ROW;
    /// The operations digest.
    Operations = |row| row == OPERATIONS_ROW;
    /// The message's second compression; the next row opens the chain phase.
    Sign = |row| row == SIGN_ROW;
    /// The left half is the previous row's output.
    LoIsCarry = |row| matches!(row, PAYLOAD_ROW | DOMAIN_ROW | RECEIVER_META_ROW | RECEIVER_LEAF_ROW);
    /// The next row's left half is the output of the row before this one.
    NextLoIsCarry = |row| {
        row == OPERATIONS_ROW || (SIGNER_KEYS_ROW + 1..=SIGNER_LEAF_ROW).contains(&row)
    };
    /// The chain phase.
    Chains = |row| (CHAIN_START..=CHAIN_END).contains(&row);
    /// Its last row.
    ChainsEnd = |row| row == CHAIN_END;
    /// The key tree.
    KeyTree = in_key_tree;
    /// Its first row.
    KeyTreeStart = |row| row == KEY_TREE_START;
    /// The gap between the slot's next index and the one-time key gets a bit more.
    Gap = |row| (KEY_TREE_START..SIGNER_META_ROW).contains(&row);
    /// The signer's keys before.
    SignerKeys = |row| row == SIGNER_KEYS_ROW;
    /// The signer's metadata before.
    SignerMeta = |row| row == SIGNER_META_ROW;
    /// The signer's leaf before.
    SignerLeaf = |row| row == SIGNER_LEAF_ROW;
    /// The signer's leaf after; the next row starts the path and three range checks.
    SignerLeafAfter = |row| row == SIGNER_LEAF_ROW + 1;
    /// First row of the signer's path.
    SignerPathStart = |row| row == SIGNER_PATH_START;
    /// The signer's root before.
    SignerRoot = |row| row == SIGNER_PATH_END - 1;
    /// The signer's root after.
    SignerRootAfter = |row| row == SIGNER_PATH_END;
    /// The receiver's metadata.
    ReceiverMeta = |row| row == RECEIVER_META_ROW;
    /// The receiver's leaf before.
    ReceiverLeaf = |row| row == RECEIVER_LEAF_ROW;
    /// The receiver's leaf after.
    ReceiverLeafAfter = |row| row == RECEIVER_LEAF_ROW + 1;
    /// First row of the receiver's path.
    ReceiverPathStart = |row| row == RECEIVER_PATH_START;
    /// The receiver's root before.
    ReceiverRoot = |row| row == RECEIVER_PATH_END - 1;
    /// The receiver's root after.
    ReceiverRootAfter = |row| row == RECEIVER_PATH_END;
    /// The next row is a row of a path.
    NextOnPath = |row| on_path(row + 1, 0) || on_path(row + 1, 1);
    /// A row of a path before the update.
    PathBefore = |row| on_path(row, 0);
    /// The index loses a bit between this row and the next.
    IndexShift = |row| (in_key_tree(row) || on_path(row, 1)) && !ends_index(row);
    /// The index is down to its last bit.
    IndexEnd = ends_index;
    /// The limbs under a range check lose a bit between this row and the next.
    RangeShift = |row| {
        in_range_window(row, LIMB_ROWS)
            || (POOL_CARRY_START..POOL_CARRY_START + POOL_CARRY_BITS).contains(&row)
    };
    /// The two lower limbs are used up.
    RangeEnd = |row| {
        ends_range_window(row, LIMB_ROWS) || row == POOL_CARRY_START + POOL_CARRY_BITS
    };
    /// The highest limb is used up.
    RangeEndHigh = |row| ends_range_window(row, HIGH_LIMB_ROWS);
    /// The next row starts the range check of the fee.
    LoadFee = |row| row + 1 == RANGE_WINDOWS[1];
    /// Fees move into or out of the pool.
    Pool = |row| row == POOL_ROW;
    /// Validity and nonce lose a bit between this row and the next.
    ValidityShift = |row| (SIGNER_PATH_START..VALIDITY_END).contains(&row);
    /// The nonce is used up.
    NonceEnd = |row| row == NONCE_END;
    /// The validity is used up.
    ValidityEnd = |row| row == VALIDITY_END;
    /// Last row of the block.
    BlockEnd = |row| row == LAST_ROW;
}

/// Number of periodic columns.
pub const NUM_SELECTORS: usize = Selector::ALL.len();

/// The values of the periodic columns: one column of [`BLOCK_ROWS`] zeros and ones a selector.
#[must_use]
pub fn periodic_columns() -> Vec<Vec<BaseElement>> {
    Selector::ALL
        .iter()
        .map(|selector| {
            let mut column = vec![BaseElement::ZERO; BLOCK_ROWS];
            for (row, value) in column.iter_mut().enumerate() {
                if selector.is_on(row) {
                    *value = BaseElement::ONE;
                }
            }
            column
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of the block in which a selector is 1, in numbers.
    fn rows(selector: Selector) -> Vec<usize> {
        use Selector as S;
        let every_second = |start: usize, end: usize| (start..=end).step_by(2);
        match selector {
            S::Record => vec![0],
            S::Payload => vec![1],
            S::Domain => vec![2],
            S::Operations => vec![3],
            S::Sign => vec![4],
            S::LoIsCarry => vec![1, 2, 188, 189],
            S::NextLoIsCarry => vec![3, 118, 119, 120, 121],
            S::Chains => (5..=106).collect(),
            S::ChainsEnd => vec![106],
            S::KeyTree => (107..=116).collect(),
            S::KeyTreeStart => vec![107],
            S::Gap => (107..=118).collect(),
            S::SignerKeys => vec![117],
            S::SignerMeta => vec![119],
            S::SignerLeaf => vec![121],
            S::SignerLeafAfter => vec![122],
            S::SignerPathStart => vec![123],
            S::SignerRoot => vec![185],
            S::SignerRootAfter => vec![186],
            S::ReceiverMeta => vec![188],
            S::ReceiverLeaf => vec![189],
            S::ReceiverLeafAfter => vec![190],
            S::ReceiverPathStart => vec![191],
            S::ReceiverRoot => vec![253],
            S::ReceiverRootAfter => vec![254],
            S::NextOnPath => (122..=185).chain(190..=253).collect(),
            S::PathBefore => every_second(123, 185)
                .chain(every_second(191, 253))
                .collect(),
            S::IndexShift => (107..116)
                .chain(every_second(124, 184))
                .chain(every_second(192, 252))
                .collect(),
            S::IndexEnd => vec![116, 186, 254],
            // 50 rows each, the pool's carries 13
            S::RangeShift => (5..55)
                .chain(56..106)
                .chain(123..173)
                .chain(174..187)
                .chain(191..241)
                .collect(),
            S::RangeEnd => vec![55, 106, 173, 187, 241],
            // 28 rows after each start
            S::RangeEndHigh => vec![33, 84, 151, 219],
            S::LoadFee => vec![55],
            S::Pool => vec![173],
            // 62 rows, of which the nonce uses 32
            S::ValidityShift => (123..185).collect(),
            S::NonceEnd => vec![155],
            S::ValidityEnd => vec![185],
            S::BlockEnd => vec![255],
        }
    }

    #[test]
    fn every_selector_is_on_in_its_rows_and_no_others() {
        let columns = periodic_columns();
        assert_eq!(columns.len(), NUM_SELECTORS);
        for (&selector, column) in Selector::ALL.iter().zip(columns) {
            let rows = rows(selector);
            assert_eq!(column.len(), 256);
            for (row, value) in column.into_iter().enumerate() {
                let expected = u32::from(rows.contains(&row));
                assert_eq!(
                    value,
                    BaseElement::from(expected),
                    "{selector:?} in row {row}"
                );
                assert_eq!(selector.is_on(row), expected == 1);
            }
        }
    }

    #[test]
    fn the_rows_that_have_names() {
        assert_eq!(
            [
                RECORD_ROW,
                PAYLOAD_ROW,
                DOMAIN_ROW,
                OPERATIONS_ROW,
                SIGN_ROW
            ],
            [0, 1, 2, 3, 4]
        );
        assert_eq!(
            [CHAIN_START, CHAIN_END, KEY_TREE_START, KEY_TREE_END],
            [5, 106, 107, 116]
        );
        assert_eq!(
            [SIGNER_KEYS_ROW, SIGNER_META_ROW, SIGNER_LEAF_ROW],
            [117, 119, 121]
        );
        assert_eq!([SIGNER_PATH_START, SIGNER_PATH_END], [123, 186]);
        assert_eq!(
            [RECEIVER_KEYS_ROW, RECEIVER_META_ROW, RECEIVER_LEAF_ROW],
            [187, 188, 189]
        );
        assert_eq!(
            [RECEIVER_PATH_START, RECEIVER_PATH_END, LAST_ROW],
            [191, 254, 255]
        );
        assert_eq!(RANGE_WINDOWS, [5, 56, 123, 191]);
        assert_eq!(
            [POOL_ROW, POOL_CARRY_START, NONCE_END, VALIDITY_END],
            [173, 174, 155, 185]
        );
        assert_eq!((NUM_PAIRS, BLOCK_ROWS), (32, 256));
    }
}
