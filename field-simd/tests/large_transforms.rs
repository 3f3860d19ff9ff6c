//! Transforms of 2^18 values and more against winterfell's, bit for bit, on every backend.
//!
//! The default run goes up to 2^22. The largest size there is, 2^24, takes gigabytes:
//!
//! ```text
//! cargo test --release -p winterlane-field-simd --test large_transforms -- --ignored
//! ```
//!
//! Under emulation (64-bit ARM in `.ci/neon`) the default run stops at 2^18.

use winter_math::{
    FieldElement, StarkField, fft,
    fields::{CubeExtension, QuadExtension, f64::BaseElement},
};
use winterlane_field_simd::{
    Backend, evaluate_columns, evaluate_poly_with_offset, interpolate_columns,
    interpolate_columns_with_offset, interpolate_poly_with_offset, lde_rows,
};

/// Reproducible elements, among them the ends of the field.
fn elements(len: usize, seed: u64) -> Vec<BaseElement> {
    (0..len as u64)
        .map(|i| {
            // Steele, Lea and Flood's SplitMix64.
            let mut x = (seed << 32 | i).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            x ^= x >> 31;
            match x % 64 {
                0 => BaseElement::ZERO,
                1 => -BaseElement::ONE,
                2 => BaseElement::from_mont(u32::MAX.into()),
                _ => BaseElement::new(x),
            }
        })
        .collect()
}

/// Compares bits; prints only the first difference of so many.
#[track_caller]
fn assert_bits(got: &[BaseElement], expected: &[BaseElement], what: &str) {
    assert_eq!(got.len(), expected.len(), "{what}: length");
    let differ = |(a, b): (&BaseElement, &BaseElement)| a.inner() != b.inner();
    let first = got.iter().zip(expected).position(differ);
    assert_eq!(first, None, "{what}: the first place that differs");
}

/// All transforms of columns in place.
fn check_columns(log_n: u32, width: usize) {
    let n = 1 << log_n;
    let offset = BaseElement::new(0x1234_5678_9abc);
    let input: Vec<_> = (0..width).map(|c| elements(n, c as u64)).collect();
    let (twiddles, inverse) = (fft::get_twiddles(n), fft::get_inv_twiddles(n));
    let [mut values, mut plain, mut on_coset] = [input.clone(), input.clone(), input.clone()];
    for c in 0..width {
        fft::evaluate_poly(&mut values[c], &twiddles);
        fft::interpolate_poly(&mut plain[c], &inverse);
        fft::interpolate_poly_with_offset(&mut on_coset[c], &inverse, offset);
    }
    for backend in Backend::available() {
        let run = |f: &dyn Fn(&mut [Vec<BaseElement>]), expected: &[Vec<BaseElement>], what| {
            let mut got = input.clone();
            backend.with(|| f(&mut got)).expect("available");
            for (c, (got, expected)) in got.iter().zip(expected).enumerate() {
                assert_bits(
                    got,
                    expected,
                    &format!("{backend}: {what}, 2^{log_n}, column {c}"),
                );
            }
        };
        run(&|x| evaluate_columns(x), &values, "evaluate");
        run(&|x| interpolate_columns(x), &plain, "interpolate");
        run(
            &|x| interpolate_columns_with_offset(x, offset),
            &on_coset,
            "on a coset",
        );
    }
}

/// The extension of columns to rows.
fn check_extension_of_columns(log_n: u32, width: usize, blowup: usize) {
    let n = 1 << log_n;
    let columns: Vec<_> = (0..width).map(|c| elements(n, 100 + c as u64)).collect();
    let twiddles = fft::get_twiddles(n);
    let offset = BaseElement::GENERATOR;
    let expected: Vec<_> = columns
        .iter()
        .map(|c| fft::evaluate_poly_with_offset(c, &twiddles, offset, blowup))
        .collect();
    for backend in Backend::available() {
        let matrix = backend
            .with(|| lde_rows(&columns, blowup, offset))
            .expect("available");
        assert_eq!((matrix.rows(), matrix.width()), (n * blowup, width));
        for (c, expected) in expected.iter().enumerate() {
            let cells = matrix.elements().iter().skip(c).step_by(width);
            let got: Vec<_> = cells.copied().collect();
            let what = format!("{backend}: 2^{log_n} x {width}, blowup {blowup}, column {c}");
            assert_bits(&got, expected, &what);
        }
    }
}

/// The transforms of one polynomial over an extension.
fn check_polynomial<E: FieldElement<BaseField = BaseElement>>(log_n: u32, blowup: usize) {
    let n = 1 << log_n;
    let offset = BaseElement::GENERATOR;
    let words = elements(n * E::EXTENSION_DEGREE, 7);
    let p = E::slice_from_base_elements(&words);
    let (twiddles, inverse) = (fft::get_twiddles(n), fft::get_inv_twiddles(n));
    let values = fft::evaluate_poly_with_offset(p, &twiddles, offset, blowup);
    let mut coefficients = p.to_vec();
    fft::interpolate_poly_with_offset(&mut coefficients, &inverse, offset);
    for backend in Backend::available() {
        let (got_values, got_coefficients) = backend
            .with(|| {
                let mut interpolated = p.to_vec();
                interpolate_poly_with_offset(&mut interpolated, offset);
                (evaluate_poly_with_offset(p, offset, blowup), interpolated)
            })
            .expect("available");
        let what = format!("{backend}: degree {}, 2^{log_n}", E::EXTENSION_DEGREE);
        let bases = E::slice_as_base_elements;
        assert_bits(bases(&got_values), bases(&values), &what);
        assert_bits(bases(&got_coefficients), bases(&coefficients), &what);
    }
}

#[test]
fn columns_of_2_to_the_18() {
    check_columns(18, 3);
}

#[test]
#[cfg_attr(target_arch = "aarch64", ignore = "minutes under emulation")]
fn columns_of_2_to_the_19_to_22() {
    check_columns(19, 2);
    check_columns(20, 1);
    check_columns(21, 1);
    check_columns(22, 1);
}

#[test]
#[cfg_attr(target_arch = "aarch64", ignore = "minutes under emulation")]
fn extensions_of_columns() {
    check_extension_of_columns(18, 9, 2);
    check_extension_of_columns(19, 2, 4);
    check_extension_of_columns(20, 1, 2);
    check_extension_of_columns(21, 3, 1);
    check_extension_of_columns(22, 1, 2);
}

#[test]
#[cfg_attr(target_arch = "aarch64", ignore = "minutes under emulation")]
fn polynomials_over_extensions() {
    check_polynomial::<QuadExtension<BaseElement>>(18, 4);
    check_polynomial::<CubeExtension<BaseElement>>(19, 2);
}

#[test]
fn columns_254_wide() {
    check_columns(10, 254);
    check_columns(13, 254);
}

#[test]
fn odd_widths() {
    for width in [1, 3, 5, 7, 13, 31, 33] {
        check_columns(12, width);
        check_columns(14, width);
    }
}

#[test]
#[ignore = "gigabytes, and minutes for winterfell: see the top of this file"]
fn columns_of_2_to_the_24() {
    check_columns(24, 1);
    check_extension_of_columns(24, 1, 2);
}
