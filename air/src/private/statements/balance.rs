//! An account of the rollup holds at least so much, and I control it.
//!
//! ```text
//!   0..=2   the first chain of a one-time key, from its secret start to its end
//!   3..=34  the one-time key absorbs the ends of its 64 chains, two a row
//!   35..=44 key tree                     47      the account's leaf
//!   45      the two keys                 48..=79 path in the account tree
//!   46      metadata                     80..    range checks
//! ```

use winter_math::{FieldElement, fields::f64::BaseElement};
use winterlane_ledger::{
    amount::limb_elements,
    hash::tag,
    private::{BalanceInputs, RESERVED_KEY_INDEX},
    signature::{CHAIN_LENGTH, CHAINS, KEY_HEIGHT},
    tree::TREE_DEPTH,
};

use super::super::{
    columns::{ASSET, POSITION, REAL, ROOT},
    schedule::{PathIndex, Role, Schedule, Selector as S},
};

/// Rows in which the gap between a slot's next index and the one-time key loses its ten bits.
const GAP_ROWS: usize = KEY_HEIGHT / 2;

pub(super) fn balance(inputs: &BalanceInputs) -> Schedule {
    let mut table = Schedule::default();
    control(&mut table);

    table.hash(Role::Keys, tag::KEYS, &[S::Path, S::SideSlot]);
    table.hash(
        Role::Meta,
        tag::META,
        &[S::LoCarry, S::HeadAsset, S::SecretHi],
    );
    let leaf = table.hash(
        Role::Leaf,
        tag::LEAF,
        &[S::LoCarry, S::Scopes, S::AddTail, S::RangeTail, S::KeepHi],
    );
    let end = table.range(leaf);
    let root = table.path(Role::AccountPath, tag::NODE, TREE_DEPTH, PathIndex::Any);
    table.on(root, &[S::CheckRoot]);

    // the one-time key is the one that never signs, and it has not signed: its number is not below the slot's next index
    table.on(end, &[S::RangeGap]);
    for shift in end + 1..=end + GAP_ROWS {
        table.on(shift, &[S::RangeShift]);
    }
    let end = end + GAP_ROWS + 1;
    table.on(end, &[S::RangeEnd, S::RangeEndHigh]);

    let end = table.difference(end);
    if let Some(most) = inputs.at_most {
        table.start_sum(end + 1, &limb_elements(most));
        table.set(end + 1, S::AddKept, -BaseElement::ONE);
        table.difference(end + 1);
    }

    table.start_sum(0, &limb_elements(inputs.at_least).map(|limb| -limb));
    table.assert(ROOT, 0, &inputs.state_root.0);
    table.assert(REAL..REAL + 1, 0, &[BaseElement::ONE]);
    let reserved = BaseElement::from(RESERVED_KEY_INDEX);
    table.assert(POSITION..POSITION + 1, 0, &[reserved]);
    let asset = BaseElement::from(inputs.asset);
    table.assert(ASSET..ASSET + 1, 0, &[asset]);
    table
}

/// I know where the first chain of a one-time key starts: the last output is the root of its key tree.
fn control(table: &mut Schedule) {
    for position in 0..usize::from(CHAIN_LENGTH) - 1 {
        let on = [S::Step, S::HeadPosition, S::Tail];
        let row = table.hash(Role::ChainStep(position), tag::CHAIN, &on);
        table.set(row, S::Place, BaseElement::new(position as u64));
        if position > 0 {
            table.on(row, &[S::StepOn]);
        }
    }
    for pair in 0..CHAINS / 2 {
        let on = [S::LoCarry, S::KeyStart][usize::from(pair == 0)];
        table.hash(Role::ChainEnds(pair), tag::OTS, &[on]);
    }
    table.path(Role::KeyPath, tag::XMSS, KEY_HEIGHT, PathIndex::Position);
}
