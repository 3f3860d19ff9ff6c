//! Transforms in place against winterfell, and there and back again.

use proptest::prelude::*;
use winter_math::{
    FieldElement, StarkField, fft,
    fields::{CubeExtension, QuadExtension, f64::BaseElement},
};

use crate::{
    Backend, evaluate_columns, evaluate_poly_with_offset, interpolate_columns,
    interpolate_columns_into, interpolate_columns_with_offset, interpolate_poly_with_offset,
    lde_tests::{bits, elements},
    vector_tests::cases,
};

fn columns(log_n: u32, width: usize) -> Vec<Vec<BaseElement>> {
    (0..width)
        .map(|c| elements(1 << log_n, 1 + c as u64))
        .collect()
}

/// Compares all transforms of some columns with winterfell's, on all backends.
fn check(log_n: u32, width: usize) {
    let offset = BaseElement::new(1234567);
    let input = columns(log_n, width);
    let mut expected = [input.clone(), input.clone(), input.clone(), Vec::new()];
    if log_n > 0 {
        let twiddles = fft::get_twiddles(1 << log_n);
        let inverse = fft::get_inv_twiddles(1 << log_n);
        let [evaluated, interpolated, on_coset, _] = &mut expected;
        for column in evaluated {
            fft::evaluate_poly(column, &twiddles);
        }
        for column in interpolated {
            fft::interpolate_poly(column, &inverse);
        }
        for column in on_coset {
            fft::interpolate_poly_with_offset(column, &inverse, offset);
        }
    }
    expected[3] = expected[1].clone();
    for backend in Backend::available() {
        let mut got = core::array::from_fn::<_, 4, _>(|_| input.clone());
        backend
            .with(|| {
                evaluate_columns(&mut got[0]);
                interpolate_columns(&mut got[1]);
                interpolate_columns_with_offset(&mut got[2], offset);
                got[3].iter_mut().flatten().for_each(|x| *x = offset);
                interpolate_columns_into(&input, &mut got[3]);
            })
            .expect("available");
        for (i, (got, expected)) in got.iter().zip(&expected).enumerate() {
            for (c, (got, expected)) in got.iter().zip(expected).enumerate() {
                assert_eq!(
                    bits(got),
                    bits(expected),
                    "{backend}: 2^{log_n}, {i}, column {c}"
                );
            }
        }
    }
}

#[test]
fn small_sizes() {
    for log_n in 0..=12 {
        check(log_n, 1);
        check(log_n, 5);
    }
}

#[test]
fn large_sizes() {
    check(13, 3);
    check(14, 9);
    check(15, 2);
    check(16, 1);
    check(17, 1);
}

#[test]
fn no_columns() {
    interpolate_columns::<Vec<BaseElement>>(&mut []);
}

/// Compares evaluation and interpolation over an extension with winterfell's.
fn check_extension<E: FieldElement<BaseField = BaseElement>>(log_n: u32, blowup: usize) {
    let n = 1 << log_n;
    let offset = BaseElement::GENERATOR;
    let words = elements(n * E::EXTENSION_DEGREE, 9);
    let p = E::slice_from_base_elements(&words).to_vec();
    let twiddles = fft::get_twiddles(n);
    let inverse = fft::get_inv_twiddles(n);
    let values = fft::evaluate_poly_with_offset(&p, &twiddles, offset, blowup);
    let mut coefficients = p.clone();
    fft::interpolate_poly_with_offset(&mut coefficients, &inverse, offset);
    for backend in Backend::available() {
        let (got, interpolated) = backend
            .with(|| {
                let mut interpolated = p.clone();
                interpolate_poly_with_offset(&mut interpolated, offset);
                (evaluate_poly_with_offset(&p, offset, blowup), interpolated)
            })
            .expect("available");
        let bits = |x: &[E]| bits(E::slice_as_base_elements(x));
        assert_eq!(
            bits(&got),
            bits(&values),
            "{backend}: 2^{log_n}, blowup {blowup}"
        );
        assert_eq!(
            bits(&interpolated),
            bits(&coefficients),
            "{backend}: 2^{log_n}"
        );
    }
}

#[test]
fn extensions() {
    for log_n in [1, 2, 3, 5, 6, 9, 14] {
        for blowup in [1, 2, 8] {
            check_extension::<BaseElement>(log_n, blowup);
            check_extension::<QuadExtension<BaseElement>>(log_n, blowup);
            check_extension::<CubeExtension<BaseElement>>(log_n, blowup);
        }
    }
}

/// Sizes stay below this power of two; under Miri a transform of 64 points takes seconds.
const MAX_LOG: u32 = if cfg!(miri) { 7 } else { 12 };

proptest! {
    #![proptest_config(cases(32))]
    #[test]
    fn there_and_back(seed: u64, log_n in 0u32..MAX_LOG, width in 1usize..5, offset in 1u64..) {
        let input: Vec<_> = (0..width).map(|c| elements(1 << log_n, seed ^ c as u64)).collect();
        let offset = BaseElement::new(offset);
        for backend in Backend::available() {
            let mut columns = input.clone();
            backend
                .with(|| {
                    evaluate_columns(&mut columns);
                    interpolate_columns(&mut columns);
                })
                .expect("available");
            prop_assert_eq!(&columns, &input);
            if offset != BaseElement::ZERO {
                let mut values = backend
                    .with(|| evaluate_poly_with_offset(&input[0], offset, 1))
                    .expect("available");
                backend
                    .with(|| interpolate_poly_with_offset(&mut values, offset))
                    .expect("available");
                prop_assert_eq!(&values, &input[0]);
            }
        }
    }
}

/// A field's own code says how many words its elements have: an error there must not become a write
/// beyond the columns.
#[test]
#[should_panic(expected = "4 elements of degree 3")]
fn fewer_words_than_the_degree_says() {
    crate::ntt::columns_of(&[1, 2, 3, 4], 4, 3);
}
