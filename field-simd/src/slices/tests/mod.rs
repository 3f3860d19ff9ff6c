//! Every operation, on every backend, over every field, against winterfell's own elements.
//!
//! With one exception. `BaseElement::double` of winterfell leaves sums from p to 2^64 - 1 as they are,
//! and a subtraction of such a sum may come out wrong. That takes a product in a window of 2^31 words
//! and an operand below 2^32: nothing that random elements run into, but edges do. So the arithmetic
//! of extensions is compared with [`Exact`], and that with winterfell's on random elements.

mod elementwise;
mod folding;
mod series;
mod sums;

use proptest::prelude::*;
use winter_math::{FieldElement, fields::f64::BaseElement};

use super::{SliceError, Slices};
use crate::{
    Backend,
    convert::{extension_words, extension_words_mut},
    goldilocks::{self, P},
    vector_tests::EDGES,
};

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

/// The arithmetic of the base field and of its extensions by their definition: coordinates as
/// integers, divided by p.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Exact<E>(E);

impl<E: FieldElement<BaseField = BaseElement>> Exact<E> {
    /// The element with these coordinates, any integers.
    fn new(integers: &[u128]) -> Self {
        let mut element = [E::ZERO];
        for (word, &x) in extension_words_mut(&mut element).iter_mut().zip(integers) {
            *word = (x % u128::from(P)) as u64;
        }
        Self(element[0])
    }

    fn words(self) -> [u128; 3] {
        let mut words = [0; 3];
        for (word, &x) in words.iter_mut().zip(extension_words(&[self.0])) {
            *word = u128::from(x);
        }
        words
    }
}

impl<E: FieldElement<BaseField = BaseElement>> core::ops::Add for Exact<E> {
    type Output = Self;

    fn add(self, rhs: Self) -> Self {
        let (a, b) = (self.words(), rhs.words());
        Self::new(&core::array::from_fn::<_, 3, _>(|i| a[i] + b[i]))
    }
}

impl<E: FieldElement<BaseField = BaseElement>> core::ops::Sub for Exact<E> {
    type Output = Self;

    fn sub(self, rhs: Self) -> Self {
        let (a, b) = (self.words(), rhs.words());
        Self::new(&core::array::from_fn::<_, 3, _>(|i| {
            a[i] + u128::from(P) - b[i]
        }))
    }
}

impl<E: FieldElement<BaseField = BaseElement>> core::ops::Mul for Exact<E> {
    type Output = Self;

    fn mul(self, rhs: Self) -> Self {
        let (a, b, p) = (self.words(), rhs.words(), u128::from(P));
        // 1 / 2^64 = 2^128, since 2^192 = 1.
        let inverse = u128::from(goldilocks::R2);
        let mut c = [0; 5];
        for (i, a) in a.iter().enumerate() {
            for (j, b) in b.iter().enumerate() {
                c[i + j] = (c[i + j] + a * b % p * inverse) % p;
            }
        }
        match E::EXTENSION_DEGREE {
            1 => Self::new(&c[..1]),
            // phi^2 = phi - 2
            2 => Self::new(&[c[0] + 2 * (p - c[2]), c[1] + c[2]]),
            // phi^3 = phi + 1, phi^4 = phi^2 + phi
            _ => Self::new(&[c[0] + c[3], c[1] + c[3] + c[4], c[2] + c[4]]),
        }
    }
}

proptest! {
    #[test]
    fn the_definition_is_winterfells(words: [u64; 6]) {
        fn check<E: FieldElement<BaseField = BaseElement>>(words: &[u64]) {
            let pair = canonical::<E>(words, 2);
            let (a, b) = (Exact(pair[0]), Exact(pair[1]));
            assert_bits(&[(a + b).0, (a - b).0, (a * b).0], &[a.0 + b.0, a.0 - b.0, a.0 * b.0], "");
        }
        for_all_fields!(check(&words));
    }
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
