//! An account of the rollup holds at least so much, and I control it.
//!
//! ```text
//!   0..=48  7 times: a chain of a one-time key from its secret start to its end, 3 rows; the next chain, 3 rows;
//!           the one-time key absorbs both ends
//!   49..=73 it absorbs the ends of the other 50 chains, two a row
//!   74..=83 key tree                     86       the account's leaf
//!   84      the two keys                 87..=118 path in the account tree
//!   85      metadata                     119..    range checks
//! ```

use winter_math::{FieldElement, fields::f64::BaseElement};
use winterlane_ledger::{
    amount::limb_elements,
    hash::tag,
    private::{BalanceInputs, RESERVED_KEY_INDEX, SHOWN_CHAINS},
    signature::{CHAIN_LENGTH, CHAINS, KEY_HEIGHT},
    tree::TREE_DEPTH,
};

use super::super::{
    columns::{ASSET, POSITION},
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
    table.assert_output(root, &inputs.state_root.0.0);

    // the one-time key is the one that never signs, and it has not signed: its number is not below the slot's next index
    table.on(end, &[S::RangeGap]);
    for shift in end + 1..=end + GAP_ROWS {
        table.on(shift, &[S::RangeShift]);
    }
    let end = end + GAP_ROWS + 1;
    table.on(end, &[S::RangeEnd, S::RangeEndHigh]);

    let end = table.difference(end);
    if let Some(most) = inputs.at_most {
        table.start_sum(end + 1, &limb_elements(most.get()));
        table.set(end + 1, S::AddKept, -BaseElement::ONE);
        table.difference(end + 1);
    }

    table.start_sum(0, &limb_elements(inputs.at_least.get()).map(|limb| -limb));
    let reserved = BaseElement::from(RESERVED_KEY_INDEX);
    table.assert(POSITION..POSITION + 1, 0, &[reserved]);
    let asset = BaseElement::from(inputs.asset.get());
    table.assert(ASSET..ASSET + 1, 0, &[asset]);
    table
}

/// I know where the first chains of a one-time key start: the last output is the root of its key tree.
///
/// `KEPT` has the one-time key so far while the chains of the next pair are walked, the second half of `SECRET`
/// the end of the even one.
fn control(table: &mut Schedule) {
    for pair in 0..CHAINS / 2 {
        let is_shown = pair < SHOWN_CHAINS / 2;
        if is_shown {
            let even = chain(table, 2 * pair);
            table.on(even, &[S::KeepEnd]);
            chain(table, 2 * pair + 1);
        }
        let lo = match pair {
            0 => S::KeyStart,
            _ if is_shown => S::LoKept,
            _ => S::LoCarry,
        };
        let row = table.hash(Role::ChainEnds(pair), tag::OTS, &[lo]);
        if is_shown {
            table.on(row, &[S::ChainEnds, S::KeepOutput]);
        }
    }
    table.path(Role::KeyPath, tag::XMSS, KEY_HEIGHT, PathIndex::Position);
}

/// A chain from its start to its end, which is the output of the last row: gives that row.
fn chain(table: &mut Schedule, chain: usize) -> usize {
    let mut last = 0;
    for position in 0..usize::from(CHAIN_LENGTH) - 1 {
        let on = [S::Step, S::HeadPosition, S::Tail];
        last = table.hash(Role::ChainStep(chain, position), tag::CHAIN, &on);
        let place = usize::from(CHAIN_LENGTH) * chain + position;
        table.set(last, S::Place, BaseElement::new(place as u64));
        if position > 0 {
            table.on(last, &[S::StepOn]);
        }
    }
    last
}
