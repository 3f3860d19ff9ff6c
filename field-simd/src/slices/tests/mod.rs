//! Every operation, on every backend, over every field, against winterfell's own elements.
//!
//! The arithmetic of extensions is compared with [`Exact`], for the reason that its module gives.

mod elementwise;
mod folding;
mod series;
mod sums;

use proptest::prelude::*;
use winter_math::{FieldElement, fields::f64::BaseElement};

use super::{SliceError, Slices};
use crate::{Backend, convert::extension_words, exact::Exact, goldilocks, vector_tests::EDGES};

/// Runs a generic test function over the base field and both extensions.
macro_rules! for_all_fields {
    ($test:ident ( $($argument:expr),* )) => {{
        use winter_math::fields::{CubeExtension, QuadExtension, f64::BaseElement};
        $test::<BaseElement>($($argument),*);
        $test::<QuadExtension<BaseElement>>($($argument),*);
        $test::<CubeExtension<BaseElement>>($($argument),*);
    }};
}
use for_all_fields;

/// Runs a generic test function over pairs of a field and an extension of it.
macro_rules! for_all_pairs {
    ($test:ident ( $($argument:expr),* )) => {{
        use winter_math::fields::{CubeExtension, QuadExtension, f64::BaseElement};
        $test::<BaseElement, BaseElement>($($argument),*);
        $test::<BaseElement, QuadExtension<BaseElement>>($($argument),*);
        $test::<BaseElement, CubeExtension<BaseElement>>($($argument),*);
        $test::<QuadExtension<BaseElement>, QuadExtension<BaseElement>>($($argument),*);
        $test::<CubeExtension<BaseElement>, CubeExtension<BaseElement>>($($argument),*);
    }};
}
use for_all_pairs;

/// The operations on every backend that this machine has.
fn all_backends() -> impl Iterator<Item = Slices> {
    Backend::available().map(|backend| Slices::on(backend).expect("available"))
}

/// Words, any of which is an edge as often as not.
fn any_words(len: usize) -> impl Strategy<Value = Vec<u64>> {
    let word = prop_oneof![any::<u64>(), proptest::sample::select(&EDGES[..])];
    proptest::collection::vec(word, len)
}

/// The first elements that these words are the Montgomery forms of, loose ones as they are.
fn loose<E: FieldElement<BaseField = BaseElement>>(words: &[u64], len: usize) -> Vec<E> {
    let bases: Vec<_> = words.iter().map(|&w| BaseElement::from_mont(w)).collect();
    E::slice_from_base_elements(&bases[..len * E::EXTENSION_DEGREE]).to_vec()
}

/// The first elements that these words are the Montgomery forms of, made canonical.
fn canonical<E: FieldElement<BaseField = BaseElement>>(words: &[u64], len: usize) -> Vec<E> {
    let words: Vec<_> = words.iter().map(|&w| goldilocks::canonical(w)).collect();
    loose(&words, len)
}

/// Compares the bits of elements.
#[track_caller]
fn assert_bits<E: FieldElement<BaseField = BaseElement>>(got: &[E], expected: &[E], what: &str) {
    assert_eq!(extension_words(got), extension_words(expected), "{what}");
}

#[test]
fn fields_of_other_polynomials_are_refused() {
    // Two rows in one value are no extension of degree one, and three no cubic one; a field that
    // multiplies in another way is what the check is for. winterfell has none to try it with, so
    // here is what it says to winterfell's own.
    fn known<E: FieldElement<BaseField = BaseElement>>() {
        assert_eq!(super::check_field::<E>(), Ok(()));
    }
    for_all_fields!(known());
}

#[test]
fn unavailable_backends_are_refused() {
    for backend in [
        Backend::Scalar,
        Backend::Avx2,
        Backend::Avx512,
        Backend::Neon,
    ] {
        assert_eq!(Slices::on(backend).is_ok(), backend.is_available());
    }
}

#[test]
fn the_backend_in_force_is_taken() {
    for backend in Backend::available() {
        let taken = backend.with(Slices::current).expect("available");
        assert_eq!(taken.backend(), backend);
    }
}

#[test]
fn lengths_must_agree() {
    let (mut two, three) = (vec![BaseElement::ONE; 2], vec![BaseElement::ONE; 3]);
    let error = SliceError::Lengths {
        expected: 2,
        got: 3,
    };
    let slices = Slices::current();
    assert_eq!(slices.add_assign(&mut two, &three), Err(error));
    assert_eq!(slices.sub_assign(&mut two, &three), Err(error));
    assert_eq!(slices.mul_assign(&mut two, &three), Err(error));
    let a = two.clone();
    assert_eq!(slices.mul_add_assign(&mut two, &a, &three), Err(error));
    assert_eq!(slices.mul_add_assign(&mut two, &three, &a), Err(error));
    assert_eq!(slices.scale_add_assign(&mut two, &three, a[0]), Err(error));
    assert_eq!(slices.dot(&two, &three), Err(error));
    let mut integers = [0; 3];
    assert_eq!(slices.to_integers(&two, &mut integers), Err(error));
    let mut out = three.clone();
    assert_eq!(slices.evaluate_many(&a, &two, &mut out), Err(error));
    assert_eq!(slices.from_integers(&[1, 2], &mut out), Err(error));
    assert_eq!(
        slices.linear_combination(&a, &[&three, &three, &three], &mut out),
        Err(error)
    );
    assert_eq!(
        slices.linear_combination(&a, &[&a, &three], &mut two),
        Err(error)
    );
    assert_eq!((two, out), (a, three), "an error, and yet output");
}
