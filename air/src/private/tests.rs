//! Tables of selectors: no constraint says two things at once, and nothing is out of reach.

use alloc::{collections::BTreeSet, vec, vec::Vec};
use core::ops::Range;

use winter_air::{Air, BatchingMethod, EvaluationFrame, FieldExtension, ProofOptions};
use winter_math::{FieldElement, ToElements, fields::f64::BaseElement};
use winterlane_ledger::{
    Digest,
    private::{
        Association, AssociationMode, BalanceInputs, Commitment, CredentialInputs, Fee, Nullifier,
        Predicate, PrivateInputs, SHOWN_CHAINS, Session, Test, TransferInputs, ValueSet,
        WithdrawalInputs,
    },
    signature::{CHAIN_LENGTH, CHAIN_STEPS, CHAINS},
};

use super::{
    PrivateAir, Role, Schedule, Selector as S,
    columns::{CARRY, SUM, TRACE_WIDTH, signature},
    constraints::{NUM_CONSTRAINTS, NUM_SIGNED_CONSTRAINTS},
};
use crate::hiding::{Hiding, InPlace, min_tail};

fn digest(n: u32) -> Digest {
    Digest([n, n + 1, n + 2, n + 3].map(BaseElement::from))
}

/// A set whose tree has so many levels.
fn set(levels: u8) -> Test {
    let root = digest(50);
    Test::InSet(ValueSet { root, levels })
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
    let session = Session {
        verifier: digest(1),
        challenge: [2; 32],
        expires: 3,
    };
    for at_most in [None, Some(100)] {
        all.push(PrivateInputs::Balance(BalanceInputs {
            state_root: digest(10),
            domain: digest(40),
            asset: 4,
            at_least: 50,
            at_most,
            session,
        }));
    }
    for tests in all_predicates() {
        for pseudonym in [None, Some(digest(60))] {
            let predicates = tests.iter().enumerate().map(|(place, &test)| Predicate {
                place: 5 * place as u8,
                test,
            });
            all.push(PrivateInputs::Credential(CredentialInputs {
                issuer: digest(10),
                schema: digest(20),
                predicates: predicates.collect(),
                today: 20_000,
                revocation: digest(30),
                pseudonym,
                session,
            }));
        }
    }
    all
}

/// Every choice of at most four forms of tests: those that need no range check come first, and are moved.
fn all_predicates() -> Vec<Vec<Test>> {
    let forms = [
        set(16),
        Test::Equals(1 << 60),
        Test::AtLeast(5),
        Test::AtMost(1 << 101),
        Test::Between(7, 1 << 90),
    ];
    let mut lists: Vec<Vec<usize>> = vec![vec![]];
    let mut from = 0;
    for _ in 0..4 {
        let to = lists.len();
        for list in from..to {
            for form in lists[list].last().copied().unwrap_or(0)..forms.len() {
                let longer = lists[list].iter().copied().chain([form]);
                lists.push(longer.collect());
            }
        }
        from = to;
    }
    let tests = |list: &Vec<usize>| list.iter().map(|&form| forms[form]).collect();
    lists.iter().map(tests).collect()
}

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
        let is_credential = matches!(inputs, PrivateInputs::Credential(_));
        let width = if is_credential {
            signature::TRACE_WIDTH
        } else {
            TRACE_WIDTH
        };
        for options in [options(74, 8), options(55, 16), options(110, 4)] {
            let info = PrivateAir::trace_info(&inputs, &options);
            let air = PrivateAir::new(info.clone(), inputs.clone(), options.clone());
            assert_eq!(air.trace_info(), &info);
            assert_eq!(info.main_trace_width(), width);
            let used = air.schedule().rows() + 1 + min_tail(options.num_queries());
            assert!(used <= info.length() && info.length() <= 512);
            let hiding = Hiding::<PrivateAir, InPlace>::trace_info(&info, inputs.clone(), &options);
            assert_eq!(hiding.map(|info| info.main_trace_width()), Ok(width));
        }
        let compact = PrivateAir::trace_info(&inputs, &options(74, 8));
        assert!(is_credential || compact.length() == 256);
    }
}

/// Rows of credentials: what people ask for most fits 256 rows in the smallest proofs.
#[test]
fn few_predicates_fit_a_short_trace() {
    let (least, between) = (Test::AtLeast(5), Test::Between(7, 1 << 90));
    let equals = Test::Equals(1 << 60);
    let cases: [(&[Test], usize); 11] = [
        (&[], 150),
        (&[least], 155),
        (&[between, between], 160),
        (&[set(4), least], 166),
        (&[set(8), least], 170),
        (&[set(12), least], 174),
        (&[set(16), least], 178),
        (&[least, equals, equals, equals], 170),
        (&[between, set(16)], 177),
        (&[least; 4], 192),
        (&[between; 4], 268),
    ];
    for (tests, rows) in cases {
        let predicates = tests.iter().map(|&test| Predicate { place: 3, test });
        let inputs = PrivateInputs::Credential(CredentialInputs {
            issuer: digest(10),
            schema: digest(20),
            predicates: predicates.collect(),
            today: 20_000,
            revocation: digest(30),
            pseudonym: None,
            session: Session {
                verifier: digest(1),
                challenge: [2; 32],
                expires: 3,
            },
        });
        let found = Schedule::of(&inputs).rows();
        assert_eq!(found, rows, "{tests:?}");
    }
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

/// What `SHOWN_CHAINS` says: the digits of a signed message have a fixed sum, and few messages have the digit 0 in all
/// chains whose starts a balance shows.
#[test]
fn hardly_any_signature_shows_all_starts() {
    let sum = CHAINS * (usize::from(CHAIN_LENGTH) - 1) - CHAIN_STEPS;
    assert_eq!((sum, SHOWN_CHAINS % 2), (122, 0));
    // how many ways there are for so many digits to have this sum
    let ways = |digits: usize| {
        let mut ways = vec![0_u128; sum + 1];
        ways[0] = 1;
        for _ in 0..digits {
            let before = ways.clone();
            for (at, ways) in ways.iter_mut().enumerate() {
                let from = at.saturating_sub(usize::from(CHAIN_LENGTH) - 1);
                *ways = before[from..=at].iter().sum();
            }
        }
        ways[sum]
    };
    let (all, rest) = (ways(CHAINS), ways(CHAINS - SHOWN_CHAINS));
    assert!(rest < all >> 49 && rest > all >> 50);
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
fn there_are_as_many_constraints_as_are_declared() {
    let all = all_inputs();
    for (inputs, number) in [
        (all.first(), NUM_CONSTRAINTS),
        (all.last(), NUM_SIGNED_CONSTRAINTS),
    ] {
        let air = air(inputs.unwrap());
        assert_eq!(air.context().num_transition_constraints(), number);
        assert_eq!(air.get_periodic_column_values().len(), S::ALL.len());
        let rows = air.trace_length();
        assert_eq!(rows, air.get_periodic_column_values()[0].len());
        assert_eq!(BaseElement::ZERO, air.schedule().at(S::Tag, 4096));
    }
}

fn air(inputs: &PrivateInputs) -> PrivateAir {
    let options = options(74, 8);
    let info = PrivateAir::trace_info(inputs, &options);
    PrivateAir::new(info, inputs.clone(), options)
}

/// A frame, selectors or a result that is too short satisfies nothing.
#[test]
fn what_is_too_short_satisfies_nothing() {
    for inputs in [all_inputs().first(), all_inputs().last()]
        .into_iter()
        .flatten()
    {
        let air = air(inputs);
        let width = air.trace_info().main_trace_width();
        let constraints = air.context().num_transition_constraints();
        let ones = |width: usize, selectors: usize, constraints: usize| {
            let row = || vec![BaseElement::ZERO; width];
            let frame = EvaluationFrame::from_rows(row(), row());
            let mut result = vec![BaseElement::ZERO; constraints];
            let selectors = vec![BaseElement::ZERO; selectors];
            air.evaluate_transition(&frame, &selectors, &mut result);
            result
                .iter()
                .filter(|value| **value == BaseElement::ONE)
                .count()
        };
        let full = ones(width, S::ALL.len(), constraints);
        assert!(full < constraints, "no constraint by accident");
        for (width, selectors, constraints) in [
            (TRACE_WIDTH - 1, S::ALL.len(), constraints),
            (1, S::ALL.len(), constraints),
            (width, S::ALL.len() - 1, constraints),
            (width, 0, constraints),
            (width, S::ALL.len(), NUM_CONSTRAINTS - 1),
        ] {
            assert_eq!(ones(width, selectors, constraints), constraints);
        }
        // a credential's frame without a column of the signature: those constraints alone are broken
        if width > TRACE_WIDTH {
            let signed = constraints - NUM_CONSTRAINTS;
            assert!(ones(width - 1, S::ALL.len(), constraints) >= signed);
            assert!(ones(width, S::ALL.len(), constraints - 1) >= signed - 1);
        }
    }
}
