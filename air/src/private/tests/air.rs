//! The AIR of each statement: its size, its constraints, and frames that are too short for them.

use alloc::vec;

use winter_air::{Air, BatchingMethod, EvaluationFrame, FieldExtension, ProofOptions};
use winter_math::{FieldElement, fft, fields::f64::BaseElement};
use winterlane_ledger::{
    Root,
    private::{CredentialInputs, Predicate, PrivateInputs, Session, Test},
};

use super::{all_inputs, digest, set};
use crate::{
    hiding::{Hiding, InPlace, min_tail},
    private::{
        PrivateAir, Schedule, Selector as S,
        columns::{TRACE_WIDTH, signature},
        constraints::{NUM_CONSTRAINTS, NUM_SIGNED_CONSTRAINTS},
    },
};

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
        for options in [options(76, 8), options(55, 16), options(110, 4)] {
            let info = PrivateAir::trace_info(&inputs, &options);
            let air = PrivateAir::new(info.clone(), inputs.clone(), options.clone());
            assert_eq!(air.trace_info(), &info);
            assert_eq!(info.main_trace_width(), width);
            let used = air.schedule().rows() + 1 + min_tail(options.num_queries());
            assert!(used <= info.length() && info.length() <= 512);
            let hiding = Hiding::<PrivateAir, InPlace>::trace_info(&info, inputs.clone(), &options);
            assert_eq!(hiding.map(|info| info.main_trace_width()), Ok(width));
        }
        let compact = PrivateAir::trace_info(&inputs, &options(76, 8));
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
            issuer: Root(digest(10)),
            schema: digest(20),
            predicates: predicates.collect(),
            today: 20_000,
            revocation: Root(digest(30)),
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
    let options = options(76, 8);
    let info = PrivateAir::trace_info(inputs, &options);
    PrivateAir::new(info, inputs.clone(), options)
}

/// Those of the selectors that are nowhere on are not interpolated.
#[test]
fn the_polynomials_of_the_selectors_have_their_values() {
    for inputs in all_inputs() {
        let air = air(&inputs);
        let twiddles = fft::get_twiddles(air.trace_length());
        let mut polynomials = air.get_periodic_column_polys();
        for polynomial in &mut polynomials {
            fft::evaluate_poly(polynomial, &twiddles);
        }
        assert!(polynomials == air.get_periodic_column_values());
    }
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
