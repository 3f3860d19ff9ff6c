//! Inner products and linear combinations.

use proptest::prelude::*;
use winter_math::{ExtensionOf, FieldElement, fields::f64::BaseElement};

use super::{Exact, all_backends, any_words, assert_bits, canonical, for_all_pairs, loose};
use crate::{
    goldilocks::P,
    slices,
    vector_tests::{EDGES, cases},
};

/// The inner product of elements `from..len`, which may be loose.
fn check_dot<F, E>(a: &[u64], b: &[u64], from: usize, len: usize)
where
    F: FieldElement<BaseField = BaseElement>,
    E: FieldElement<BaseField = BaseElement> + ExtensionOf<F>,
{
    let (ca, cb) = (canonical::<F>(a, len), canonical::<E>(b, len));
    let pairs = ca[from..].iter().zip(&cb[from..]);
    let expected = pairs.fold(Exact(E::ZERO), |sum, (&a, &b)| {
        sum + Exact(E::from(a)) * Exact(b)
    });
    let (a, b) = (loose::<F>(a, len), loose::<E>(b, len));
    for slices in all_backends() {
        let got = slices.dot(&a[from..], &b[from..]).expect("equal lengths");
        assert_bits(&[got], &[expected.0], &format!("{slices:?}, {from}..{len}"));
    }
}

/// The combination of rows, each of `len` elements.
fn check_combination<F, E>(coefficients: &[u64], words: &[u64], rows: usize, len: usize)
where
    F: FieldElement<BaseField = BaseElement>,
    E: FieldElement<BaseField = BaseElement> + ExtensionOf<F>,
{
    let clean = canonical::<E>(coefficients, rows);
    let coefficients = loose::<E>(coefficients, rows);
    // Rows overlap, so that they start at all alignments.
    let (all, any) = (
        canonical::<F>(words, len + rows),
        loose::<F>(words, len + rows),
    );
    let expected: Vec<_> = (0..len)
        .map(|j| {
            let cells = (0..rows).map(|i| Exact(clean[i]) * Exact(E::from(all[i + j])));
            cells.fold(Exact(E::ZERO), |sum, x| sum + x).0
        })
        .collect();
    let rows: Vec<_> = (0..rows).map(|i| &any[i..i + len]).collect();
    for slices in all_backends() {
        let mut out = vec![E::ONE; len];
        slices
            .linear_combination(&coefficients, &rows, &mut out)
            .expect("equal lengths");
        assert_bits(
            &out,
            &expected,
            &format!("{slices:?}, {} rows of {len}", rows.len()),
        );
    }
}

proptest! {
    #![proptest_config(cases(64))]
    #[test]
    fn by_definition(
        a in any_words(3 * 80),
        b in any_words(3 * 80),
        from in 0_usize..9,
        len in 9_usize..=80,
    ) {
        for_all_pairs!(check_dot(&a, &b, from, len));
    }

    #[test]
    fn combinations(
        coefficients in any_words(3 * 10),
        words in any_words(3 * 50),
        rows in 0_usize..10,
        len in 0_usize..40,
    ) {
        for_all_pairs!(check_combination(&coefficients, &words, rows, len));
    }
}

#[test]
#[cfg_attr(miri, ignore = "minutes under Miri")]
fn sums_as_large_as_they_get() {
    // Words with all bits set, for longer than the sums can hold without being reduced.
    for word in [u64::MAX, P - 1, P, P + 1] {
        for len in [341, 342, 2728, 2729, 9000] {
            let words = vec![word; 3 * len];
            for_all_pairs!(check_dot(&words, &words, 0, len));
        }
        let words = vec![word; 3 * 2100];
        for rows in [341, 342, 512, 513, 1024, 1025, 2050] {
            for_all_pairs!(check_combination(&words, &words, rows, 9));
        }
    }
    let edges: Vec<_> = EDGES.iter().copied().cycle().take(3 * 5000).collect();
    for_all_pairs!(check_dot(&edges, &edges, 1, 5000));
}

#[test]
fn free_functions_are_the_methods() {
    let a: Vec<_> = (0..30).map(BaseElement::new).collect();
    assert_eq!(slices::dot(&a, &a), Ok(BaseElement::new(29 * 30 * 59 / 6)));
    let mut out = vec![BaseElement::ZERO; 30];
    slices::linear_combination(&[a[1], a[2]], &[&a, &a], &mut out).expect("equal lengths");
    assert_eq!(out, a.iter().map(|&x| x * a[3]).collect::<Vec<_>>());
}
