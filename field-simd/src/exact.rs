//! The oracle of the tests for extension fields.
//!
//! Not winterfell's own extensions: `BaseElement::double`, which they use in products and squares,
//! leaves sums from p to 2^64 - 1 as they are, and a subtraction of such a sum may come out wrong. That
//! takes a product in a window of 2^31 words and an operand below 2^32: nothing that random elements
//! run into, but edges do. So edges are compared with [`Exact`], and that with winterfell's on random
//! elements.

use proptest::prelude::*;
use winter_math::{
    FieldElement,
    fields::{CubeExtension, QuadExtension, f64::BaseElement},
};

use crate::{
    convert::{extension_words, extension_words_mut},
    goldilocks::{self, P},
    vector_tests::cases,
};

/// The arithmetic of the base field and of its extensions by their definition: coordinates as
/// integers, divided by p.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Exact<E>(pub(crate) E);

impl<E: FieldElement<BaseField = BaseElement>> Exact<E> {
    /// The element with these coordinates, any integers.
    pub(crate) fn new(integers: &[u128]) -> Self {
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
    #![proptest_config(cases(256))]

    #[test]
    fn the_definition_is_winterfells(words: [u64; 6]) {
        fn check<E: FieldElement<BaseField = BaseElement>>(words: &[u64]) {
            let integers: Vec<_> = words.iter().map(|&w| u128::from(w)).collect();
            let (a, b) = (Exact::<E>::new(&integers[..3]), Exact::<E>::new(&integers[3..]));
            assert_eq!([(a + b).0, (a - b).0, (a * b).0], [a.0 + b.0, a.0 - b.0, a.0 * b.0]);
        }
        check::<BaseElement>(&words);
        check::<QuadExtension<BaseElement>>(&words);
        check::<CubeExtension<BaseElement>>(&words);
    }
}
