//! Tables of selectors: no constraint says two things at once, and nothing is out of reach.

use alloc::{collections::BTreeSet, vec, vec::Vec};

use winter_air::{Air, BatchingMethod, FieldExtension, ProofOptions};
use winter_math::{FieldElement, ToElements, fields::f64::BaseElement};
use winterlane_ledger::{
    Digest,
    private::{
        Association, AssociationMode, BalanceInputs, Commitment, Fee, Nullifier, PrivateInputs,
        Session, TransferInputs, WithdrawalInputs,
    },
};

use super::{
    PrivateAir, Schedule, Selector as S,
    columns::TRACE_WIDTH,
    constraints::{CONSTRAINT_GROUPS, NUM_CONSTRAINTS},
};
use crate::hiding::{Hiding, InPlace, min_tail};

fn digest(n: u32) -> Digest {
    Digest([n, n + 1, n + 2, n + 3].map(BaseElement::from))
}

/// Inputs of every kind, with and without what is optional.
pub(super) fn all_inputs() -> Vec<PrivateInputs> {
    let association = |mode| Association {
        mode,
        root: digest(5),
    };
    let sets = [
        None,
        Some(association(AssociationMode::Approved)),
        Some(association(AssociationMode::NotRefused)),
    ];
    let mut all = Vec::new();
    for association in sets {
        all.push(PrivateInputs::Withdrawal(WithdrawalInputs {
            anchor: digest(10),
            nullifier: Nullifier(digest(20)),
            change: Commitment(digest(30)),
            recipient: [1; 20],
            amount: 1 << 100 | 1 << 60 | 7,
            fee: 3,
            asset: 4,
            domain: digest(40),
            valid_until: 9,
            ciphertexts: [9; 32],
            association,
        }));
        let fee = Some(Fee {
            amount: 3,
            asset: 4,
        });
        for fee in [None, fee] {
            all.push(PrivateInputs::Transfer(TransferInputs {
                anchor: digest(10),
                nullifiers: [20, 25].map(digest).map(Nullifier),
                commitments: [30, 35].map(digest).map(Commitment),
                fee,
                domain: digest(40),
                valid_until: 9,
                ciphertexts: [9; 32],
                association,
            }));
        }
    }
    for at_most in [None, Some(100)] {
        all.push(PrivateInputs::Balance(BalanceInputs {
            state_root: digest(10),
            domain: digest(40),
            asset: 4,
            at_least: 50,
            at_most,
            session: Session {
                verifier: digest(1),
                challenge: [2; 32],
                expires: 3,
            },
        }));
    }
    all
}

/// Selectors of which one at most may be on in a row: those of one lane, of one register, of one use of
/// `BITS`.
const EXCLUSIVE: &[&[S]] = &[
    &[
        S::LoCarry,
        S::LoKept,
        S::LoSecret,
        S::Step,
        S::KeyStart,
        S::Path,
    ],
    &[
        S::HiCarry,
        S::HeadAsset,
        S::HeadPosition,
        S::HeadZero,
        S::KeyStart,
        S::Path,
        S::Scopes,
    ],
    &[S::HiCarry, S::Tail, S::KeyStart, S::Path, S::AddTail],
    &[S::KeepOutput, S::KeepHi],
    &[S::CheckRoot, S::CheckSet],
    &[S::IndexShift, S::IndexEnd],
    &[S::RangeTail, S::RangeGap, S::RangeShift, S::AddRange],
    &[S::RangeShift, S::SumEnd, S::Scopes],
    &[S::SumFree, S::AddTail],
    &[S::SumFree, S::AddKept],
    &[S::SumFree, S::AddRange],
];

#[test]
fn no_constraint_says_two_things_at_once() {
    for inputs in all_inputs() {
        let table = Schedule::of(&inputs);
        for row in 0..table.rows() {
            for set in EXCLUSIVE {
                let on = set.iter().filter(|&&selector| table.is_on(selector, row));
                assert!(on.count() <= 1, "row {row}: {set:?}");
            }
            let needs = |a, b| !table.is_on(a, row) || table.is_on(b, row);
            assert!(needs(S::StepOn, S::Step) && needs(S::Place, S::Tail));
            // a range that is loaded, or asked for, is shifted down to nothing
            for load in [S::RangeTail, S::RangeGap, S::AddRange] {
                assert!(
                    needs(load, load)
                        && (!table.is_on(load, row) || table.is_on(S::RangeShift, row + 1))
                );
            }
        }
        // who loads a range follows it to its end before the next one
        let mut left = 0;
        for row in 0..table.rows() {
            if left > 0 {
                assert_eq!(table.is_on(S::RangeShift, row), left > 1, "row {row}");
                assert!(left > 1 || table.is_on(S::RangeEnd, row));
                left -= 1;
            }
            let gap = table.is_on(S::RangeGap, row);
            if gap || table.is_on(S::RangeTail, row) || table.is_on(S::AddRange, row) {
                assert_eq!(left, 0, "row {row}");
                left = if gap { 6 } else { 26 };
                let high = row + if gap { 6 } else { 15 };
                assert!(table.is_on(S::RangeEndHigh, high));
            }
        }
        assert_eq!(left, 0);
    }
}

#[test]
fn every_selector_is_used_and_every_public_cell_is_once_and_within() {
    let mut used = BTreeSet::new();
    for inputs in all_inputs() {
        let table = Schedule::of(&inputs);
        for &selector in S::ALL {
            if (0..table.rows()).any(|row| table.is_on(selector, row)) {
                used.insert(selector);
            }
        }
        let mut cells = BTreeSet::new();
        for &(column, row, _) in table.assertions() {
            assert!(cells.insert((column, row)) && row < table.rows());
        }
    }
    assert_eq!(used.len(), S::ALL.len());
}

fn options(queries: usize, blowup: usize) -> ProofOptions {
    let linear = BatchingMethod::Linear;
    ProofOptions::new(
        queries,
        blowup,
        20,
        FieldExtension::Cubic,
        2,
        255,
        linear,
        linear,
    )
}

#[test]
fn every_statement_can_hide_in_place() {
    for inputs in all_inputs() {
        for options in [options(74, 8), options(55, 16), options(110, 4)] {
            let info = PrivateAir::trace_info(&inputs, &options);
            let air = PrivateAir::new(info.clone(), inputs.clone(), options.clone());
            assert_eq!(air.trace_info(), &info);
            assert_eq!(info.main_trace_width(), TRACE_WIDTH);
            let used = air.schedule().rows() + 1 + min_tail(options.num_queries());
            assert!(used <= info.length() && info.length() <= 512);
            let hiding = Hiding::<PrivateAir, InPlace>::trace_info(&info, inputs.clone(), &options);
            assert_eq!(hiding.map(|info| info.main_trace_width()), Ok(TRACE_WIDTH));
        }
        let compact = PrivateAir::trace_info(&inputs, &options(74, 8));
        assert_eq!(compact.length(), 256);
    }
}

#[test]
fn public_inputs_are_bound_by_cells_or_by_the_transcript() {
    // equal tables for unequal inputs are what the transcript keeps apart
    let [first, ..] = &all_inputs()[..] else {
        return;
    };
    let PrivateInputs::Withdrawal(inputs) = first else {
        return;
    };
    let mut other = *inputs;
    other.recipient[0] ^= 1;
    let other = PrivateInputs::Withdrawal(other);
    let tables = [first, &other].map(|inputs| Schedule::of(inputs).assertions().to_vec());
    assert_eq!(tables[0], tables[1]);
    assert_ne!(first.to_elements(), other.to_elements());
}

#[test]
fn degrees_are_those_of_the_groups() {
    let total: usize = CONSTRAINT_GROUPS.iter().map(|group| group.len).sum();
    assert_eq!(total, NUM_CONSTRAINTS);
    let inputs = all_inputs().remove(0);
    let air = PrivateAir::new(
        PrivateAir::trace_info(&inputs, &options(74, 8)),
        inputs,
        options(74, 8),
    );
    assert_eq!(air.context().num_transition_constraints(), NUM_CONSTRAINTS);
    assert_eq!(air.get_periodic_column_values().len(), S::ALL.len());
    assert_eq!(
        vec![0; 256].len(),
        air.get_periodic_column_values()[0].len()
    );
    assert_eq!(BaseElement::ZERO, air.schedule().at(S::Tag, 4096));
}
