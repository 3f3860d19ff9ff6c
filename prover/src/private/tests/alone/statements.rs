//! What every statement has: wiring, accounts, values.

use std::collections::BTreeSet;

use winter_air::Air;
use winter_math::FieldElement;
use winterlane_air::private::{
    Role,
    columns::{ASSET, BITS, POSITION, REAL, SIDE, SLOT},
};
use winterlane_ledger::{Amount, BaseElement, Scope, SlotIndex, private::AssociationMode};

use super::{
    super::world::{Case, account, balance, transfer, withdrawal},
    Ledger, Lie, ONE, broken, one, plus_one, row_of, two, zero,
};
use crate::private::machine::Lanes;

pub(super) fn wiring(ledger: &mut Ledger) {
    let case = withdrawal((1000, 700, 1), 3, Some(AssociationMode::Approved));
    let air = case.air();
    let row = |role| row_of(air.schedule(), role);
    let end = air.trace_length();
    for lane in 0..4 {
        let lie = Lie::input(row(Role::Address(0)), move |lo, _| lo[lane] += ONE);
        ledger.alone(&case, "input-lo", lane, &lie);
        let role = [Role::Commitment(0), Role::Authority(0)][usize::from(lane > 0)];
        let lie = Lie::input(row(role), move |_, hi| hi[lane] += ONE);
        ledger.alone(&case, "input-hi", lane, &lie);
        // position 3: the node is on the left from level 2 on
        let lie = Lie::input(row(Role::NotePath(0, 3)), move |lo, _| lo[lane] += ONE);
        ledger.alone(&case, "path", lane, &lie);
        let lie = Lie::state(row(Role::Owner(0)), move |state| state.carry[lane] += ONE);
        ledger.alone(&case, "carry", lane, &lie);
        let middle = row(Role::NotePath(0, 9));
        let lie = Lie::state(middle, move |state| state.kept[lane] += ONE);
        ledger.alone(&case, "kept", lane, &lie);
        let lie = Lie::state(middle, move |state| state.secret[lane] += ONE);
        ledger.alone(&case, "secret", lane, &lie);
        // another anchor, or set, than that where the path ends
        for of_set in [false, true] {
            let lie = Lie {
                root: Some((of_set, lane)),
                ..Lie::default()
            };
            ledger.alone(&case, "checks", lane, &lie);
        }
    }
    // a nullifier of position 7 for a path of position 3
    let paths = vec![row(Role::NotePath(0, 0)), row(Role::AssociationPath(0, 0))];
    let lie = Lie::default().and_state(paths, |state| state.index = BaseElement::from(3_u32));
    let lie = Lie {
        position: Some(7),
        ..lie
    };
    ledger.alone(&case, "index", 0, &lie);
    // a side that is not the bit
    let lie = Lie::free(Role::NotePath(0, 5), |free| free.is_right = true);
    let lie = lie.and_state(vec![row(Role::NotePath(0, 6))], |state| {
        state.index = BaseElement::ZERO;
    });
    ledger.alone(&case, "index", 1, &lie);
    // a note that is not in the tree: real while its value counts, a dummy where its path ends
    let lie = Lie::cells(REAL, 10..end, zero);
    ledger.alone(&case, "registers", 2, &lie);
    for lane in 0..6 {
        // no range is checked there
        let lie = Lie::cells(BITS.start + lane, 31..32, two);
        ledger.alone(&case, "bits", lane, &lie);
    }
    ledger.alone(&case, "bits", 6, &Lie::cells(SIDE, 0..1, two));
    let empty = transfer([Some(10), Some(0)], [4, 6], 0, None);
    let lie = Lie::cells(REAL, 72..end, two);
    ledger.alone(&empty, "bits", 7, &lie);
}

pub(super) fn accounts(ledger: &mut Ledger) {
    let slot = SlotIndex::Zero;
    let of = |scope| {
        balance(
            account(Amount::new(500), slot, 2, scope),
            slot,
            (400, Some(600)),
        )
    };
    let case = of(Scope::SPEND);
    let air = case.air();
    let end = air.trace_length();
    ledger.alone(
        &case,
        "registers",
        0,
        &Lie::cells(ASSET, 100..end, plus_one),
    );
    // after the slot has chosen what it chooses, and the position what it says
    let after = row_of(air.schedule(), Role::Leaf) + 40;
    ledger.alone(&case, "registers", 2, &Lie::cells(SLOT, after..end, one));
    let lie = Lie::cells(POSITION, after..end, plus_one);
    ledger.alone(&case, "registers", 1, &lie);
    chains(ledger, &case);
    // the key root of the other slot
    let lie = Lie::free(Role::Keys, |free| free.is_right = true);
    ledger.alone(&case, "account", 0, &lie);
    let leaf = row_of(air.schedule(), Role::Leaf);
    let lie = Lie::input(leaf, |_, hi| hi[0] += ONE);
    ledger.alone(&case, "account", 1, &lie);
    let rotates = of(Scope::ROTATE);
    let found = broken(&rotates, &Lie::default());
    assert_eq!(found, BTreeSet::from([("account", 2)]));
    ledger.0.extend(found);
}

/// What keeps the chains of a one-time key together, and what it has absorbed.
fn chains(ledger: &mut Ledger, case: &Case) {
    let air = case.air();
    let row = |role| row_of(air.schedule(), role);
    for lane in 0..4 {
        // the key so far, where it waits for the chains of the next pair, and where it is taken up
        let lie = Lie::state(row(Role::ChainStep(2, 1)), move |state| {
            state.kept[lane] += ONE;
        });
        ledger.alone(case, "kept", lane, &lie);
        let lie = Lie::input(row(Role::ChainEnds(1)), move |lo, _| lo[lane] += ONE);
        ledger.alone(case, "input-lo", lane, &lie);
        // another end than that to which the chain leads: of the even chain, of the odd one
        let lie = Lie::input(row(Role::ChainEnds(6)), move |_, hi| hi[lane] += ONE);
        ledger.alone(case, "input-hi", lane, &lie);
        // another seed, number or value between two steps
        let lie = Lie::input(row(Role::ChainStep(13, 2)), move |lo, _| lo[lane] += ONE);
        ledger.alone(case, "input-lo", lane, &lie);
        let lie = Lie::input(row(Role::ChainStep(12, 1)), move |_, hi| hi[lane] += ONE);
        ledger.alone(case, "input-hi", lane, &lie);
    }
    for lane in [2, 3] {
        // the end of the even chain, where it is kept and while it waits
        for step in [0, 1] {
            let at = row(Role::ChainStep(5, step));
            let lie = Lie::state(at, move |state| state.secret[lane] += ONE);
            ledger.alone(case, "secret", lane, &lie);
        }
    }
}

pub(super) fn values(ledger: &mut Ledger) {
    let case = withdrawal((1000, 700, 1), 3, None);
    let air = case.air();
    let row = |role| row_of(air.schedule(), role);
    let last = air.schedule().rows() - 1;
    for limb in 0..3 {
        // in the middle of a range check
        let lie = Lie::state(row(Role::Commitment(0)) + 6, move |state| {
            state.range[limb] ^= 1;
        });
        ledger.alone(&case, "range", limb, &lie);
        // one more unit of a limb than there is, in the change
        let more = move |_: &mut Lanes, hi: &mut Lanes| hi[1 + limb] += ONE;
        let lie = Lie::input(row(Role::Output(0)), more);
        let lie = lie.and_state(vec![31], move |state| state.sum[limb] += ONE);
        ledger.alone(&case, "sum", limb, &lie);
        // no carry: what is too much stays where it is
        let mut lie = Lie::input(row(Role::Output(0)), more);
        for (lane, bit) in [one, zero, one, zero].into_iter().enumerate() {
            lie = lie.and_cells(BITS.start + lane, last..last + 1, bit);
        }
        ledger.alone(&case, "sum-end", limb, &lie);
    }
    // a limb out of its range, and the sum right as an integer
    let wide: [(u128, u128, [u64; 3]); 3] = [
        ((1 << 50) + 1000, 700, [(1 << 50) + 1000, 0, 0]),
        ((1 << 100) + 1000, 700, [1000, 1 << 50, 0]),
        // 2^128: half of it is paid, and half is left
        (1 << 127, 1 << 127, [0, 0, 1 << 28]),
    ];
    for (limb, (value, amount, limbs)) in wide.into_iter().enumerate() {
        let case = withdrawal((value, amount, 0), 3, None);
        let half = limb == 2;
        let limbs = limbs.map(BaseElement::new);
        let lie = Lie::input(row(Role::Commitment(0)), move |_, hi| {
            hi[1..].copy_from_slice(&limbs);
        });
        let lie = lie.and_input(row(Role::Output(0)), move |_, hi| {
            if half {
                hi[3] = BaseElement::new(1 << 27);
            }
        });
        ledger.alone(&case, "range-end", limb, &lie);
    }
    let case = transfer([Some(10), None], [4, 6], 0, None);
    let air = case.air();
    let row = |role| row_of(air.schedule(), role);
    for limb in 0..3 {
        // a dummy has a value, which is paid out
        let more = move |_: &mut Lanes, hi: &mut Lanes| hi[1 + limb] += ONE;
        let lie = Lie::input(row(Role::Commitment(1)), more).and_input(row(Role::Output(1)), more);
        ledger.alone(&case, "dummy", limb, &lie);
    }
}
