//! Transforms against winterfell, against the definition, and against themselves.

use proptest::prelude::*;
use winter_math::{FieldElement, StarkField, fft, fields::f64::BaseElement, polynom};

use crate::{
    Backend, Matrix,
    goldilocks::canonical,
    lde_columns_into, lde_rows,
    vector_tests::{EDGES, cases},
};

/// Reproducible elements, among them the ends of the field and words at which carries change.
pub(crate) fn elements(len: usize, seed: u64) -> Vec<BaseElement> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..len)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            match EDGES.get((state % 64) as usize) {
                Some(&word) => BaseElement::from_mont(canonical(word)),
                None => BaseElement::new(state),
            }
        })
        .collect()
}

/// The bits of some elements, which equality of elements does not look at.
pub(crate) fn bits(elements: &[BaseElement]) -> Vec<u64> {
    elements.iter().map(BaseElement::inner).collect()
}

/// Compares the extension of some columns with winterfell's, on all backends.
fn check(log_n: u32, width: usize, blowup: usize, offset: BaseElement) {
    let n = 1 << log_n;
    let columns: Vec<_> = (0..width).map(|c| elements(n, 1 + c as u64)).collect();
    let expected: Vec<_> = if n == 1 {
        columns.iter().map(|c| vec![c[0]; blowup]).collect()
    } else {
        let twiddles = fft::get_twiddles(n);
        let extend = |c: &Vec<_>| fft::evaluate_poly_with_offset(c, &twiddles, offset, blowup);
        columns.iter().map(extend).collect()
    };
    for backend in Backend::available() {
        let matrix = backend
            .with(|| lde_rows(&columns, blowup, offset))
            .expect("available");
        assert_eq!((matrix.rows(), matrix.width()), (n * blowup, width));
        for r in 0..matrix.rows() {
            let row: Vec<_> = expected.iter().map(|column| column[r].inner()).collect();
            assert_eq!(
                bits(matrix.row(r)),
                row,
                "{backend}: 2^{log_n} x {width}, blowup {blowup}, row {r}"
            );
        }
    }
}

#[test]
fn all_sizes_of_one_pass() {
    for log_n in 0..=12 {
        check(log_n, 1, 8, BaseElement::GENERATOR);
        check(log_n, 3, 2, BaseElement::GENERATOR);
    }
}

#[test]
fn sizes_of_two_passes() {
    for log_n in 13..=16 {
        check(log_n, 2, 2, BaseElement::GENERATOR);
    }
    check(13, 9, 8, BaseElement::new(12345));
    check(14, 1, 16, BaseElement::ONE);
}

#[test]
fn widths() {
    for width in (1..=17).chain([31, 32, 33, 94, 254, 255, 300]) {
        check(4, width, 4, BaseElement::GENERATOR);
        check(7, width, 1, BaseElement::GENERATOR);
    }
    check(13, 254, 2, BaseElement::GENERATOR);
}

#[test]
fn blowups() {
    // The widest, at sizes of one pass and of two.
    for blowup in [64, 128] {
        check(9, 3, blowup, BaseElement::GENERATOR);
        check(12, 1, blowup, BaseElement::new(5));
        check(13, 2, blowup, BaseElement::GENERATOR);
    }
    for log_blowup in 0..=7 {
        check(3, 5, 1 << log_blowup, BaseElement::GENERATOR);
        check(6, 1, 1 << log_blowup, BaseElement::new(3));
    }
}

#[test]
fn columns_extended_in_groups_equal_all_at_once() {
    for (log_n, blowup) in [(0, 4), (2, 2), (5, 1), (7, 8), (13, 2)] {
        let columns: Vec<_> = (0..29).map(|c| elements(1 << log_n, 40 + c)).collect();
        let offset = BaseElement::GENERATOR;
        let expected = bits(lde_rows(&columns, blowup, offset).elements());
        for backend in Backend::available() {
            for group in [1, 3, 8, 16, 28, 29] {
                let mut matrix = Matrix::unspecified(blowup << log_n, columns.len());
                backend
                    .with(|| {
                        for (i, part) in columns.chunks(group).enumerate() {
                            lde_columns_into(part, blowup, offset, &mut matrix, i * group);
                        }
                    })
                    .expect("available");
                assert!(
                    bits(matrix.elements()) == expected,
                    "{backend}: 2^{log_n}, blowup {blowup}, groups of {group}"
                );
            }
        }
    }
}

#[test]
#[should_panic(expected = "columns 3 to 5 of 4")]
fn columns_must_fit() {
    let columns = [elements(4, 1), elements(4, 2)];
    let mut matrix = Matrix::unspecified(8, 4);
    lde_columns_into(&columns, 2, BaseElement::ONE, &mut matrix, 3);
}

#[test]
fn the_definition() {
    let column = elements(64, 3);
    let offset = BaseElement::new(77);
    let g = BaseElement::get_root_of_unity(7);
    for backend in Backend::available() {
        let matrix = backend
            .with(|| lde_rows(&[&column], 2, offset))
            .expect("available");
        for r in 0..128 {
            let x = offset * g.exp(r as u64);
            assert_eq!(
                matrix.row(r),
                [polynom::eval(&column, x)],
                "{backend}: row {r}"
            );
        }
    }
}

#[test]
fn one_thread_and_many_give_the_same_bits() {
    let columns: Vec<_> = (0..11).map(|c| elements(1 << 13, c)).collect();
    let extend = || bits(lde_rows(&columns, 4, BaseElement::GENERATOR).elements());
    let pool = |n| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(n)
            .build()
            .expect("threads")
    };
    assert_eq!(pool(1).install(extend), pool(3).install(extend));
}

proptest! {
    #![proptest_config(cases(16))]
    #[test]
    fn linearity(seed: u64, log_n in 0u32..if cfg!(miri) { 5 } else { 9 }, factor: u64) {
        let n = 1 << log_n;
        let (a, b) = (elements(n, seed), elements(n, !seed));
        let factor = BaseElement::new(factor);
        let sum: Vec<_> = a.iter().zip(&b).map(|(&a, &b)| a + b * factor).collect();
        for backend in Backend::available() {
            let matrix = backend
                .with(|| lde_rows(&[&a, &b, &sum], 2, BaseElement::GENERATOR))
                .expect("available");
            for r in 0..matrix.rows() {
                let &[a, b, sum] = matrix.row(r) else { unreachable!("three columns") };
                prop_assert_eq!(a + b * factor, sum);
            }
        }
    }
}

/// Room that wraps to none is no room.
#[test]
#[should_panic(expected = "room for the extension")]
fn a_size_that_wraps() {
    let column = [1_u64];
    let rows = 1_usize << (usize::BITS / 2 - 1);
    let width = 1_usize << (usize::BITS / 2 + 1);
    crate::lde::lde_words(&[&column], rows, BaseElement::ONE, &mut [], width, 0);
}
