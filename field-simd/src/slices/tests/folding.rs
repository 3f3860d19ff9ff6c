//! Folding against winterfell's projection, and against its definition.

use proptest::prelude::*;
use winter_fri::folding::apply_drp;
use winter_math::{FieldElement, StarkField, fields::f64::BaseElement};
use winter_utils::transpose_slice;

use super::{Exact, all_backends, any_words, assert_bits, canonical, for_all_fields};
use crate::{
    slices::{self, SliceError, Slices},
    vector_tests::cases,
};

/// winterfell's result.
fn project<E: FieldElement<BaseField = BaseElement>>(
    values: &[E],
    factor: usize,
    offset: BaseElement,
    alpha: E,
) -> Vec<E> {
    match factor {
        2 => apply_drp(&transpose_slice::<E, 2>(values), offset, alpha),
        4 => apply_drp(&transpose_slice::<E, 4>(values), offset, alpha),
        8 => apply_drp(&transpose_slice::<E, 8>(values), offset, alpha),
        _ => apply_drp(&transpose_slice::<E, 16>(values), offset, alpha),
    }
}

/// The result by its definition: the leaf's polynomial in x over its point, at `alpha`.
fn define<E: FieldElement<BaseField = BaseElement>>(
    values: &[E],
    factor: usize,
    offset: BaseElement,
    alpha: E,
) -> Vec<E> {
    let leaves = values.len() / factor;
    let lift = |x: BaseElement| Exact(E::from(x));
    let g = BaseElement::get_root_of_unity(values.len().ilog2());
    let w_inv = BaseElement::get_root_of_unity(factor.ilog2()).inv();
    let scale = lift(BaseElement::new(factor as u64).inv());
    let leaf = |p: usize| {
        let ratio = Exact(alpha) * lift((offset * g.exp(p as u64)).inv());
        let value = |k: usize| {
            let terms = (0..factor)
                .map(|j| Exact(values[p + j * leaves]) * lift(w_inv.exp((j * k) as u64)));
            terms.fold(Exact(E::ZERO), |sum, x| sum + x) * scale
        };
        let coefficients = (0..factor).rev().map(value);
        coefficients
            .fold(Exact(E::ZERO), |sum, c| sum * ratio + c)
            .0
    };
    (0..leaves).map(leaf).collect()
}

/// Compares all leaves, and leaves in pieces of `piece`.
fn check<E: FieldElement<BaseField = BaseElement>>(
    words: &[u64],
    log_len: u32,
    factor: usize,
    piece: usize,
    oracle: impl Fn(&[E], usize, BaseElement, E) -> Vec<E>,
) {
    let values = canonical::<E>(words, 1 << log_len);
    let alpha = canonical::<E>(&words[5..], 1)[0];
    let offset = BaseElement::from_mont((words[4] >> 1) | 1);
    let expected = oracle(&values, factor, offset, alpha);
    for slices in all_backends() {
        let what = format!("{slices:?}, 2^{log_len} by {factor}");
        let mut got = vec![E::ONE; expected.len()];
        slices
            .fold_leaves(&values, factor, offset, alpha, 0, &mut got)
            .expect("a layer");
        assert_bits(&got, &expected, &what);
        got.fill(E::ONE);
        for (i, got) in got.chunks_mut(piece).enumerate() {
            slices
                .fold_leaves(&values, factor, offset, alpha, i * piece, got)
                .expect("leaves of the layer");
        }
        assert_bits(&got, &expected, &format!("{what}, in pieces of {piece}"));
    }
}

proptest! {
    #![proptest_config(cases(32))]
    #[test]
    fn by_definition(
        words in any_words(3 << 8),
        log_factor in 1_u32..=4,
        log_leaves in 0_u32..=4,
        piece in 1_usize..20,
    ) {
        for_all_fields!(check(&words, log_factor + log_leaves, 1 << log_factor, piece, define));
    }
}

#[test]
#[cfg_attr(miri, ignore = "minutes under Miri")]
fn larger_layers_as_winterfell() {
    let words: Vec<_> = (0..3_u64 << 13)
        .map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15))
        .collect();
    for factor in [2, 4, 8, 16] {
        for_all_fields!(check(&words, 13, factor, 100, project));
    }
}

#[test]
fn what_cannot_be_folded() {
    let one = BaseElement::ONE;
    let values = vec![one; 32];
    let fold = |len: usize, factor, offset, start, leaves| {
        let mut out = vec![one; leaves];
        let slices = Slices::current();
        slices.fold_leaves(&values[..len], factor, offset, one, start, &mut out)
    };
    assert_eq!(fold(32, 4, one, 0, 8), Ok(()));
    for (len, factor) in [
        (32, 0),
        (32, 1),
        (32, 3),
        (32, 32),
        (24, 4),
        (8, 16),
        (0, 2),
    ] {
        let error = SliceError::Folding { factor, len };
        assert_eq!(fold(len, factor, one, 0, 0), Err(error));
    }
    let error = SliceError::ZeroOffset;
    assert_eq!(fold(32, 4, BaseElement::ZERO, 0, 8), Err(error));
    for (start, got, expected) in [(0, 9, 8), (5, 4, 3), (9, 1, 0), (usize::MAX, 2, 0)] {
        let error = SliceError::Lengths { expected, got };
        assert_eq!(fold(32, 4, one, start, got), Err(error));
    }
}

#[test]
fn the_free_function_is_the_method() {
    let values: Vec<_> = (0..64).map(BaseElement::new).collect();
    let (offset, alpha) = (BaseElement::new(7), BaseElement::new(99));
    let mut out = vec![BaseElement::ZERO; 8];
    slices::fold_leaves(&values, 8, offset, alpha, 0, &mut out).expect("a layer");
    assert_eq!(out, project(&values, 8, offset, alpha));
}
