//! Powers and polynomials.

use proptest::prelude::*;
use winter_math::{
    ExtensionOf, FieldElement, fields::f64::BaseElement, get_power_series_with_offset, polynom,
};

use super::{
    Exact, all_backends, any_words, assert_bits, canonical, for_all_fields, for_all_pairs,
};
use crate::{slices, vector_tests::cases};

fn check_series<E: FieldElement<BaseField = BaseElement>>(words: &[u64], len: usize) {
    let parameters = canonical::<E>(words, 2);
    let (start, ratio) = (parameters[0], parameters[1]);
    let mut expected = vec![E::ONE; 3];
    let mut x = Exact(start);
    for _ in 0..len {
        expected.push(x.0);
        x = x * Exact(ratio);
    }
    for slices in all_backends() {
        let mut got = vec![E::ONE; 3 + len];
        slices
            .power_series(&mut got[3..], start, ratio)
            .expect("a field");
        assert_bits(&got, &expected, &format!("{slices:?}, {len}"));
    }
}

fn check_values<F, E>(words: &[u64], coefficients: usize, points: usize)
where
    F: FieldElement<BaseField = BaseElement>,
    E: FieldElement<BaseField = BaseElement> + ExtensionOf<F>,
{
    let p = canonical::<F>(words, coefficients);
    let points = canonical::<E>(words, points);
    let value = |&x: &E| {
        let terms = p.iter().rev().map(|&c| Exact(E::from(c)));
        terms
            .fold(Exact(E::ZERO), |value, c| value * Exact(x) + c)
            .0
    };
    let expected: Vec<_> = points.iter().map(value).collect();
    for slices in all_backends() {
        let mut got = vec![E::ONE; points.len()];
        slices
            .evaluate_many(&p, &points, &mut got)
            .expect("equal lengths");
        assert_bits(
            &got,
            &expected,
            &format!("{slices:?}, {coefficients}, many"),
        );
        for (&x, &expected) in points.iter().zip(&expected).take(4) {
            let got = slices.evaluate(&p, x).expect("a field");
            assert_bits(&[got], &[expected], &format!("{slices:?}, {coefficients}"));
        }
    }
}

/// On random elements winterfell's own functions say the same.
fn check_winterfell<E: FieldElement<BaseField = BaseElement>>(words: &[u64]) {
    let parameters = canonical::<E>(words, 2);
    let (start, ratio) = (parameters[0], parameters[1]);
    for slices in all_backends() {
        let mut powers = vec![E::ZERO; 300];
        slices
            .power_series(&mut powers, start, ratio)
            .expect("a field");
        let expected = get_power_series_with_offset(ratio, start, 300);
        assert_bits(&powers, &expected, "powers");
        let value = slices.evaluate(&powers, ratio).expect("a field");
        assert_bits(&[value], &[polynom::eval(&powers, ratio)], "a value");
    }
}

proptest! {
    #![proptest_config(cases(64))]
    #[test]
    fn series_by_definition(words in any_words(6), len in 0_usize..200) {
        for_all_fields!(check_series(&words, len));
    }

    #[test]
    fn values_by_definition(
        words in any_words(3 * 60),
        coefficients in 0_usize..60,
        points in 0_usize..60,
    ) {
        for_all_pairs!(check_values(&words, coefficients, points));
    }

    #[test]
    fn as_winterfell(words: [u64; 6]) {
        for_all_fields!(check_winterfell(&words));
    }
}

#[test]
#[cfg_attr(miri, ignore = "minutes under Miri")]
fn long_polynomials() {
    let words: Vec<_> = (0..3 * 2000_u64)
        .map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15))
        .collect();
    for coefficients in [511, 512, 513, 1024, 1999] {
        for_all_pairs!(check_values(&words, coefficients, 3));
    }
    for_all_fields!(check_series(&words[9..], 3001));
}

#[test]
fn free_functions_are_the_methods() {
    let mut powers = vec![BaseElement::ZERO; 50];
    slices::power_series(&mut powers, BaseElement::ONE, BaseElement::new(2)).expect("a field");
    assert_eq!(powers[49], BaseElement::new(1 << 49));
    let sum = BaseElement::new((1 << 50) - 1);
    assert_eq!(slices::evaluate(&powers, BaseElement::ONE), Ok(sum));
    let mut out = [BaseElement::ZERO];
    slices::evaluate_many(&powers, &[BaseElement::ONE], &mut out).expect("equal lengths");
    assert_eq!(out, [sum]);
}
