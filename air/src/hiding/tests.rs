//! Refusals that need no proof.

use winter_air::{
    Air, AirContext, Assertion, BatchingMethod::Linear, EvaluationFrame, FieldExtension,
    ProofOptions, TraceInfo, TransitionConstraintDegree,
};
use winter_math::{FieldElement, fft, fields::f64::BaseElement};

use super::{
    Doubling, Hiding, HidingError, InPlace, Mode, TailFree, min_rows_doubling, min_rows_in_place,
    min_tail,
};
use crate::presets::{HidingPreset, HidingPresetName, SecurityLevel};

/// `c' = c^3`, four columns, of which the statement needs the first `NEEDED` rows.
struct Cubes<const NEEDED: usize>(AirContext<BaseElement>);

impl<const NEEDED: usize> Air for Cubes<NEEDED> {
    type BaseField = BaseElement;
    type PublicInputs = ();

    fn new(info: TraceInfo, (): (), options: ProofOptions) -> Self {
        let degrees = [3; 4].map(TransitionConstraintDegree::new).to_vec();
        Self(AirContext::new(info, degrees, 1, options))
    }

    fn context(&self) -> &AirContext<BaseElement> {
        &self.0
    }

    fn evaluate_transition<E: FieldElement<BaseField = BaseElement>>(
        &self,
        frame: &EvaluationFrame<E>,
        _: &[E],
        result: &mut [E],
    ) {
        for (i, result) in result.iter_mut().enumerate() {
            *result = frame.next()[i] - frame.current()[i].cube();
        }
    }

    fn get_assertions(&self) -> alloc::vec::Vec<Assertion<BaseElement>> {
        alloc::vec![Assertion::single(0, 0, BaseElement::ONE)]
    }
}

impl<const NEEDED: usize> TailFree for Cubes<NEEDED> {
    fn needed_rows(&self) -> usize {
        NEEDED
    }
}

fn options(queries: usize, blowup: usize) -> ProofOptions {
    let cubic = FieldExtension::Cubic;
    ProofOptions::new(queries, blowup, 0, cubic, 4, 7, Linear, Linear)
}

fn shape<const NEEDED: usize, M: Mode<Cubes<NEEDED>>>(
    rows: usize,
    options: &ProofOptions,
) -> Result<TraceInfo, HidingError> {
    Hiding::<Cubes<NEEDED>, M>::trace_info(&TraceInfo::new(4, rows), (), options)
}

/// Options with more queries ask for a longer tail: it must not reach into the statement, whose constraints
/// would be dropped.
#[test]
fn a_tail_within_the_statement_is_refused() {
    // 256 rows: tails of 62 and of 81.
    assert!(shape::<194, InPlace>(256, &options(55, 16)).is_ok());
    let refused = HidingError::TailInStatement {
        needed: 194,
        tail: 81,
        rows: 175,
    };
    assert_eq!(
        shape::<194, InPlace>(256, &options(74, 16)),
        Err(refused.clone())
    );
    assert!(shape::<175, InPlace>(256, &options(74, 16)).is_ok());
    // An AIR that is built of such a shape nevertheless is one that nothing satisfies.
    let info = shape::<175, InPlace>(256, &options(74, 16)).expect("it hides");
    let air = Hiding::<Cubes<194>, InPlace>::new(info, (), options(74, 16));
    assert_eq!(air.parameters().err(), Some(&refused));
    let frame = EvaluationFrame::new(4);
    let mut result = [BaseElement::ZERO];
    air.evaluate_transition(&frame, &[], &mut result);
    assert_eq!(result, [BaseElement::ONE]);
    // Doubling leaves the statement all its rows.
    assert!(shape::<256, Doubling>(256, &options(74, 16)).is_ok());
}

/// [`Cubes`] that say something of the tail alone, or have periodic polynomials without values.
struct Odd<const KIND: u8>(Cubes<100>);

const POLYS: u8 = 0;
const PERIODIC: u8 = 1;
const LONG: u8 = 2;
const THREE: u8 = 3;
const SHORT: u8 = 4;

impl<const KIND: u8> Air for Odd<KIND> {
    type BaseField = BaseElement;
    type PublicInputs = ();

    fn new(info: TraceInfo, (): (), options: ProofOptions) -> Self {
        Self(Cubes::new(info, (), options))
    }

    fn context(&self) -> &AirContext<BaseElement> {
        self.0.context()
    }

    fn evaluate_transition<E: FieldElement<BaseField = BaseElement>>(
        &self,
        frame: &EvaluationFrame<E>,
        periodic: &[E],
        result: &mut [E],
    ) {
        self.0.evaluate_transition(frame, periodic, result);
    }

    fn get_assertions(&self) -> alloc::vec::Vec<Assertion<BaseElement>> {
        let one = BaseElement::ONE;
        alloc::vec![match KIND {
            PERIODIC => Assertion::periodic(0, 255, 256, one),
            _ => Assertion::single(0, 0, one),
        }]
    }

    fn get_periodic_column_polys(&self) -> alloc::vec::Vec<alloc::vec::Vec<BaseElement>> {
        let coefficients = match KIND {
            POLYS => 2,
            LONG => 512,
            THREE => 3,
            SHORT => 1,
            _ => return alloc::vec![],
        };
        alloc::vec![alloc::vec![BaseElement::ONE; coefficients]]
    }
}

impl<const KIND: u8> TailFree for Odd<KIND> {
    fn needed_rows(&self) -> usize {
        100
    }
}

#[test]
fn what_would_change_the_statement_is_refused() {
    fn refused<const KIND: u8>() -> HidingError {
        let (info, options) = (TraceInfo::new(4, 256), options(55, 16));
        let refused = Hiding::<Odd<KIND>, InPlace>::of(&info, (), options.clone()).err();
        let of_shape = Hiding::<Odd<KIND>, InPlace>::trace_info(&info, (), &options).err();
        assert_eq!(refused, of_shape);
        refused.expect("a refusal")
    }
    // A column of 512 rows has no meaning in the inner AIR's own trace, in a doubled one it would have.
    let cycle = |cycle| HidingError::Cycle { cycle, rows: 256 };
    assert_eq!(refused::<LONG>(), cycle(512));
    assert_eq!(refused::<THREE>(), cycle(3));
    assert_eq!(refused::<SHORT>(), cycle(1));
    // 194 rows are before the tail. A sequence always begins in the first half.
    let outside = HidingError::Assertion {
        segment: "main",
        column: 0,
        row: 255,
        rows: 194,
        width: 4,
    };
    assert_eq!(refused::<PERIODIC>(), outside);
}

/// The inner AIR's verifiers go by its polynomials, whatever its values are: so does the wrapper.
#[test]
fn periodic_columns_say_what_they_say_without_the_wrapper() {
    let (info, options) = (TraceInfo::new(4, 256), options(55, 16));
    let air = Hiding::<Odd<POLYS>, InPlace>::of(&info, (), options).expect("it hides");
    let (zero, one) = (BaseElement::ZERO, BaseElement::ONE);
    assert_eq!(air.inner().get_periodic_column_values().len(), 0);
    // That one's, and that of 1 and -1 by turns.
    let polys = alloc::vec![alloc::vec![one, one], alloc::vec![zero, one]];
    assert_eq!(air.get_periodic_column_polys(), polys);
    // As winterfell makes it of the values.
    let mut values = air.get_periodic_column_values();
    let p = values.last_mut().expect("that of the veil");
    fft::interpolate_poly(p, &fft::get_inv_twiddles(2));
    assert_eq!(*p, polys[1]);
}

/// `c' = t c^2` with a period of two, whose quotient would have `2 n` coefficients in a doubled trace: two columns of it
/// would be full.
struct Filling(AirContext<BaseElement>);

impl Air for Filling {
    type BaseField = BaseElement;
    type PublicInputs = ();

    fn new(info: TraceInfo, (): (), options: ProofOptions) -> Self {
        let degrees = alloc::vec![TransitionConstraintDegree::with_cycles(2, alloc::vec![2])];
        Self(AirContext::new(info, degrees, 1, options))
    }

    fn context(&self) -> &AirContext<BaseElement> {
        &self.0
    }

    fn evaluate_transition<E: FieldElement<BaseField = BaseElement>>(
        &self,
        frame: &EvaluationFrame<E>,
        periodic: &[E],
        result: &mut [E],
    ) {
        result[0] = frame.next()[0] - periodic[0] * frame.current()[0].square();
    }

    fn get_assertions(&self) -> alloc::vec::Vec<Assertion<BaseElement>> {
        alloc::vec![Assertion::single(0, 0, BaseElement::ONE)]
    }

    fn get_periodic_column_values(&self) -> alloc::vec::Vec<alloc::vec::Vec<BaseElement>> {
        alloc::vec![[1_u64, 2].map(BaseElement::new).to_vec()]
    }
}

/// Something of the last column is left for the prover to see that a trace is false.
#[test]
fn no_quotient_fills_its_columns() {
    let (inner, options) = (TraceInfo::new(1, 64), options(8, 8));
    let air = Hiding::<Filling, Doubling>::of(&inner, (), options.clone()).expect("it hides");
    let parameters = air.parameters().expect("it hides");
    assert_eq!(parameters.quotients(), 3);
    assert_eq!(air.context().num_constraint_composition_columns(), 3);
    // Degree 2 n - 1 of the AIR's own, 3 n - 1 - (n - k) of the veil's, whose k is 65.
    assert_eq!(parameters.quotient_degree(), 2 * 128 + 65 - 1);
    let cubes =
        Hiding::<Cubes<256>, Doubling>::of(&TraceInfo::new(4, 256), (), options).expect("it hides");
    let parameters = cubes.parameters().expect("it hides");
    assert_eq!(parameters.quotients(), 3);
    assert_eq!(parameters.quotient_degree(), 2 * 512 + 257 - 1);
}

/// Built at once or of its shape, it is the same AIR.
#[test]
fn an_air_of_its_shape_is_the_air() {
    fn same<const NEEDED: usize, M: Mode<Cubes<NEEDED>>>() {
        let (inner, options) = (TraceInfo::new(4, 256), options(55, 16));
        let air = Hiding::<Cubes<NEEDED>, M>::of(&inner, (), options.clone()).expect("it hides");
        let info = shape::<NEEDED, M>(256, &options).expect("it hides");
        let of_shape = Hiding::<Cubes<NEEDED>, M>::new(info.clone(), (), options);
        assert_eq!(air.trace_info(), &info);
        assert_eq!(air.parameters(), of_shape.parameters());
        assert!(air.context() == of_shape.context());
        let inner = of_shape.inner().trace_info();
        assert_eq!(air.inner().trace_info(), inner);
    }
    same::<194, InPlace>();
    same::<256, Doubling>();
}

#[test]
fn the_fewest_rows_are_what_is_checked() {
    for queries in [1, 17, 37, 55, 74, 110, 161] {
        let tail = min_tail(queries);
        assert_eq!(min_rows_in_place(queries), 3 * queries + 13);
        assert_eq!(min_rows_in_place(queries), 2 * (queries + 2) + tail + 2);
        assert_eq!(min_rows_doubling(queries), 4 * queries + 12);
        let options = options(queries, 16);
        for log2_rows in 4..12 {
            let rows = 1 << log2_rows;
            let in_place = shape::<1, InPlace>(rows, &options).is_ok();
            assert_eq!(
                in_place,
                rows >= min_rows_in_place(queries),
                "{queries}, {rows}"
            );
            let doubling = shape::<1, Doubling>(rows, &options).is_ok();
            assert_eq!(
                doubling,
                2 * rows >= min_rows_doubling(queries),
                "{queries}, {rows}"
            );
        }
    }
}

/// A preset gives options at the lengths at which they hide, and says so elsewhere.
#[test]
fn presets_hide_what_they_have_options_for() {
    for preset in HidingPreset::ALL {
        let (first, last) = preset.log2_lengths();
        for log2_rows in 3..=22 {
            let rows = 1 << log2_rows;
            let options = preset.options_of::<Cubes<1>, InPlace>(rows);
            if !(first..=last).contains(&log2_rows) {
                let refused = HidingError::NoPreset {
                    preset,
                    rows,
                    first,
                    last,
                };
                assert_eq!(options, Err(refused));
                continue;
            }
            let shape = shape::<1, InPlace>(rows, &options.expect("within its lengths"));
            if preset.name == HidingPresetName::Fast {
                // Three quotient columns.
                let too_small = matches!(shape, Err(HidingError::Blowup { needed: 4, .. }));
                assert!(too_small, "{preset}");
            } else {
                assert!(shape.is_ok(), "{preset} at {rows}");
            }
        }
    }
    let tiny = HidingPreset::new(HidingPresetName::Tiny, SecurityLevel::Bits100);
    let options = tiny.options_of::<Cubes<1>, Doubling>(64).expect("128 rows");
    assert!(shape::<1, Doubling>(64, &options).is_ok());
}
