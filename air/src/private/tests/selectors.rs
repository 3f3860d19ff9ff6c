//! Tables of selectors: no constraint says two things at once, and nothing is out of reach.

use alloc::{collections::BTreeSet, vec, vec::Vec};
use core::ops::Range;

use winter_math::{FieldElement, fields::f64::BaseElement};
use winterlane_ledger::private::{PrivateInputs, Test};

use super::all_inputs;
use crate::private::{
    Role, Schedule, Selector as S,
    columns::{CARRY, SUM},
};

/// Selectors of which one at most may be on in a row: those of one lane, of one register, of one use of
/// `BITS`.
const EXCLUSIVE: &[&[S]] = &[
    &[
        S::LoCarry,
        S::LoKept,
        S::LoSecret,
        S::LoRoot,
        S::Step,
        S::KeyStart,
        S::Path,
        S::Chains,
    ],
    &[
        S::HiCarry,
        S::HiKept,
        S::HeadAsset,
        S::HeadPosition,
        S::HeadZero,
        S::ChainEnds,
        S::Path,
        S::Scopes,
        S::Chains,
    ],
    &[
        S::HiCarry,
        S::HiKept,
        S::Tail,
        S::ChainEnds,
        S::Path,
        S::AddTail,
        S::Chains,
    ],
    &[S::Tag, S::Chains],
    &[S::KeepOutput, S::KeepHi],
    &[S::SecretHi, S::KeepEnd],
    &[S::LoRoot, S::CheckAttributes],
    &[S::IndexShift, S::IndexEnd, S::Chains],
    &[S::IndexStart, S::Chains],
    &[S::Sign, S::Chains],
    &[S::RangeTail, S::RangeGap, S::RangeShift, S::AddRange],
    &[S::RangeShift, S::SumEnd, S::Scopes],
    &[S::SumFree, S::AddTail],
    &[S::SumFree, S::AddKept],
    &[S::SumFree, S::AddSecret],
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
            assert!(needs(S::ChainsEnd, S::Chains));
            assert!(needs(S::Sign, S::CarryFree) && needs(S::Chains, S::CarryFree));
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

/// What a selector frees, something else binds.
#[test]
fn nothing_is_free_that_nothing_binds() {
    for inputs in all_inputs() {
        let table = Schedule::of(&inputs);
        let cells: BTreeSet<_> = table.assertions().iter().map(|&(c, r, _)| (c, r)).collect();
        let public = |columns: Range<usize>, row| {
            let mut columns = columns;
            columns.all(|column| cells.contains(&(column, row)))
        };
        for row in 0..table.rows() {
            if table.is_on(S::CarryFree, row) {
                let phase = table.is_on(S::Sign, row) || table.is_on(S::Chains, row);
                assert!(phase || public(CARRY, row + 1), "{inputs:?}: X of {row}");
            }
            assert!(!table.is_on(S::SumFree, row) || public(SUM, row + 1));
            // a public root is compared where there is one, and there alone
            let lanes = [S::Root0, S::Root1, S::Root2, S::Root3];
            let root = lanes.map(|lane| table.at(lane, row));
            assert_eq!(table.is_on(S::Check, row), root != [BaseElement::ZERO; 4]);
        }
        // `SUM` says nothing before it begins
        assert!(
            public(SUM, 0)
                || !(0..table.rows()).any(|row| {
                    let free = (0..row).any(|before| table.is_on(S::SumFree, before));
                    table.is_on(S::SumEnd, row) && !free
                })
        );
    }
}

/// An attribute's value stays in `KEPT` until it was read.
#[test]
fn kept_is_read_before_it_changes() {
    for inputs in all_inputs() {
        let PrivateInputs::Credential(credential) = &inputs else {
            continue;
        };
        let table = Schedule::of(&inputs);
        let mut kept = None;
        let mut read = vec![0; credential.predicates.len()];
        for row in 0..table.rows() {
            if table.is_on(S::AddKept, row) || table.is_on(S::HiKept, row) {
                let k: usize = kept.unwrap();
                read[k] += 1;
                if let Role::Member(member) = table.role(row) {
                    assert_eq!(member, k);
                }
            }
            if table.is_on(S::KeepHi, row) {
                kept = match table.role(row) {
                    Role::Attribute(k) => Some(k),
                    role => panic!("{role:?} is kept"),
                };
            }
        }
        for (predicate, read) in credential.predicates.iter().zip(read) {
            let times = match predicate.test {
                Test::Between(..) => 2,
                Test::Equals(_) => 0,
                _ => 1,
            };
            assert_eq!(read, times, "{predicate:?}");
        }
    }
}

/// A check with `REAL` is one of notes: withdrawals and transfers have it as their own, and nothing else has any.
#[test]
fn notes_alone_are_real_or_not() {
    for inputs in all_inputs() {
        let table = Schedule::of(&inputs);
        let checked: Vec<_> = (0..table.rows())
            .filter(|&row| table.is_on(S::Check, row) || table.is_on(S::DummyValue, row))
            .map(|row| table.role(row))
            .collect();
        let of_note = |role: &Role| {
            matches!(
                role,
                Role::Commitment(_) | Role::NotePath(..) | Role::AssociationPath(..)
            )
        };
        assert!(checked.iter().all(of_note), "{checked:?}");
        let is_pool = matches!(
            inputs,
            PrivateInputs::Withdrawal(_) | PrivateInputs::Transfer(_)
        );
        assert_eq!(is_pool, !checked.is_empty());
    }
}
