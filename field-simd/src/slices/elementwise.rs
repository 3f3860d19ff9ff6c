//! One result for each element: sums, products, powers, conversions.

use winter_math::{FieldElement, fields::f64::BaseElement};

use super::{
    SliceError, Slices,
    block::{Block, BlockKernel, MAX_DEGREE, OfDegree, coordinates, element},
    check_field, check_lengths,
};
use crate::{
    Backend,
    convert::{extension_words, extension_words_mut, words, words_mut},
    dispatch,
    goldilocks::R2,
    packed_element::{PackedElement, PackedExtension, Root7},
    vector::{Kernel, Vector},
};

/// What happens to a block and to those at its place in other slices.
trait Operation {
    /// The new block. Implementations must be `#[inline(always)]`.
    fn apply<V: Vector, X: Block<V>>(&self, token: V::Token, x: X, others: [X; 2]) -> X;
}

/// Applies an operation all over a slice and `N <= 2` others of its length.
struct InPlace<'a, O, const N: usize> {
    operation: O,
    values: &'a mut [u64],
    others: [&'a [u64]; N],
}

impl<O: Operation, const N: usize> BlockKernel for InPlace<'_, O, N> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector, X: Block<V>>(self, token: V::Token) {
        let Self {
            operation,
            values,
            others,
        } = self;
        let full = values.len() - values.len() % X::WORDS;
        let (values, rest) = values.split_at_mut(full);
        for (i, values) in values.chunks_exact_mut(X::WORDS).enumerate() {
            let x = X::load(token, values);
            let mut blocks = [x; 2];
            for (block, other) in blocks.iter_mut().zip(&others) {
                *block = X::load(token, &other[i * X::WORDS..]);
            }
            operation.apply(token, x, blocks).store(values);
        }
        if !rest.is_empty() {
            let x = X::load_partial(token, rest);
            let mut blocks = [x; 2];
            for (block, other) in blocks.iter_mut().zip(&others) {
                *block = X::load_partial(token, &other[full..]);
            }
            operation.apply(token, x, blocks).store_partial(rest);
        }
    }
}

/// Operations without parameters: the name of the type, and the expression.
macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident($token:ident, $x:ident, $y:ident, $z:ident) = $result:expr;)*) => {$(
        $(#[$doc])*
        struct $name;

        impl Operation for $name {
            #[inline(always)]
            fn apply<V: Vector, X: Block<V>>(&self, $token: V::Token, $x: X, [$y, $z]: [X; 2]) -> X {
                $result
            }
        }

        impl From<[u64; MAX_DEGREE]> for $name {
            fn from(_: [u64; MAX_DEGREE]) -> Self {
                Self
            }
        }
    )*};
}

operations! {
    Add(_t, x, y, _z) = x.sum(y);
    Sub(_t, x, y, _z) = x.difference(y);
    Mul(_t, x, y, _z) = x.product(y);
    Square(_t, x, _y, _z) = x.squared();
    Neg(_t, x, _y, _z) = X::ALL_ZERO.difference(x);
    MulAdd(_t, x, y, z) = y.mul_add(z, x);
    Canonical(_t, x, _y, _z) = x.canonical();
    Pow7(_t, x, _y, _z) = x.pow7();
    /// Loose integers to canonical Montgomery forms: 2^128 / 2^64 times as much.
    FromIntegers(token, x, _y, _z) = x.times(V::splat(token, R2));
    /// Loose Montgomery forms to canonical integers: 2^64 times as little.
    ToIntegers(token, x, _y, _z) = x.times(V::splat(token, 1));
}

/// Operations with a parameter.
macro_rules! operations_with {
    ($($(#[$doc:meta])* $name:ident($token:ident, $x:ident, $y:ident, $p:ident) = $result:expr;)*) => {$(
        $(#[$doc])*
        struct $name([u64; MAX_DEGREE]);

        impl Operation for $name {
            #[inline(always)]
            fn apply<V: Vector, X: Block<V>>(&self, $token: V::Token, $x: X, [$y, _]: [X; 2]) -> X {
                let $p = self.0;
                $result
            }
        }

        impl From<[u64; MAX_DEGREE]> for $name {
            fn from(parameter: [u64; MAX_DEGREE]) -> Self {
                Self(parameter)
            }
        }
    )*};
}

operations_with! {
    /// Times one element.
    Scale(token, x, _y, p) = x.product(X::splat(token, p));
    /// Times one element of the base field.
    ScaleBase(token, x, _y, p) = x.times(V::splat(token, p[0]));
    /// Plus the other times one element.
    ScaleAdd(token, x, y, p) = y.mul_add(X::splat(token, p), x);
}

/// `x^(1/7)` of elements of the field of this degree, 1 or 3.
struct Roots<'a>(usize, &'a mut [u64]);

impl Kernel for Roots<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self, token: V::Token) {
        // As many in step as keep the multiplier busy: six products of a cubic one are independent.
        if self.0 == 1 {
            roots::<V, PackedElement<V>, 8>(token, self.1);
        } else {
            roots::<V, PackedExtension<PackedElement<V>, 3>, 2>(token, self.1);
        }
    }
}

#[inline(always)]
fn roots<V: Vector, X: Block<V> + Root7, const N: usize>(token: V::Token, words: &mut [u64]) {
    for words in words.chunks_mut(N * X::WORDS) {
        let mut x = [X::ALL_ZERO; N];
        for (x, words) in x.iter_mut().zip(words.chunks(X::WORDS)) {
            *x = X::load_any(token, words);
        }
        let roots = X::root7_each(x);
        for (x, words) in roots.into_iter().zip(words.chunks_mut(X::WORDS)) {
            x.store_any(words);
        }
    }
}

/// An operation on coordinates in words: what all fields share, compiled once and here.
type Run = fn(Backend, usize, &mut [u64], [&[u64]; 2], [u64; MAX_DEGREE]);

/// An operation that takes `N` other slices.
fn run<O: Operation + From<[u64; MAX_DEGREE]>, const N: usize>(
    backend: Backend,
    degree: usize,
    values: &mut [u64],
    others: [&[u64]; 2],
    parameter: [u64; MAX_DEGREE],
) {
    let kernel = InPlace {
        operation: O::from(parameter),
        values,
        others: core::array::from_fn::<_, N, _>(|i| others[i]),
    };
    dispatch(backend, OfDegree(degree, kernel));
}

static ADD: Run = run::<Add, 1>;
static SUB: Run = run::<Sub, 1>;
static MUL: Run = run::<Mul, 1>;
static SQUARE: Run = run::<Square, 0>;
static NEG: Run = run::<Neg, 0>;
static MUL_ADD: Run = run::<MulAdd, 2>;
static SCALE: Run = run::<Scale, 0>;
static SCALE_BASE: Run = run::<ScaleBase, 0>;
static SCALE_ADD: Run = run::<ScaleAdd, 1>;
static POW7: Run = run::<Pow7, 0>;
static CANONICAL: Run = run::<Canonical, 0>;
static FROM_INTEGERS: Run = run::<FromIntegers, 0>;
static TO_INTEGERS: Run = run::<ToIntegers, 0>;

/// The parameter of operations that have none.
const NONE: [u64; MAX_DEGREE] = [0; MAX_DEGREE];

/// `a * b`, right at all edges, where winterfell's product in an extension may not be; see
/// `docs/goldilocks.md`.
pub(super) fn product<E: FieldElement<BaseField = BaseElement>>(a: E, b: E) -> E {
    let mut words = coordinates(a);
    let (values, factor) = (&mut words[..E::EXTENSION_DEGREE], coordinates(b));
    SCALE(
        Backend::Scalar,
        E::EXTENSION_DEGREE,
        values,
        [&[]; 2],
        factor,
    );
    element(words)
}

impl Slices {
    fn apply<E, const N: usize>(
        self,
        run: Run,
        values: &mut [E],
        others: [&[E]; N],
        parameter: [u64; MAX_DEGREE],
    ) -> Result<(), SliceError>
    where
        E: FieldElement<BaseField = BaseElement>,
    {
        check_field::<E>()?;
        let mut words = [&[][..]; 2];
        for (words, other) in words.iter_mut().zip(others) {
            check_lengths(values.len(), other.len())?;
            *words = extension_words(other);
        }
        let values = extension_words_mut(values);
        run(self.backend, E::EXTENSION_DEGREE, values, words, parameter);
        Ok(())
    }

    /// `values[i] += others[i]`.
    ///
    /// # Errors
    /// [`SliceError::Lengths`] if the slices differ in length.
    pub fn add_assign<E>(self, values: &mut [E], others: &[E]) -> Result<(), SliceError>
    where
        E: FieldElement<BaseField = BaseElement>,
    {
        self.apply(ADD, values, [others], NONE)
    }

    /// `values[i] -= others[i]`.
    ///
    /// # Errors
    /// [`SliceError::Lengths`] if the slices differ in length.
    pub fn sub_assign<E>(self, values: &mut [E], others: &[E]) -> Result<(), SliceError>
    where
        E: FieldElement<BaseField = BaseElement>,
    {
        self.apply(SUB, values, [others], NONE)
    }

    /// `values[i] *= others[i]`.
    ///
    /// ```
    /// use winter_math::fields::{QuadExtension, f64::BaseElement};
    /// use winterlane_field_simd::slices::Slices;
    ///
    /// type Quad = QuadExtension<BaseElement>;
    /// let element = |a: u64| Quad::new(BaseElement::new(a), BaseElement::new(a + 1));
    /// let (mut a, b): (Vec<_>, Vec<_>) = (0..100).map(|i| (element(i), element(2 * i))).unzip();
    /// Slices::current().mul_assign(&mut a, &b)?;
    /// assert_eq!(a[99], element(99) * element(198));
    /// # Ok::<(), winterlane_field_simd::slices::SliceError>(())
    /// ```
    ///
    /// # Errors
    /// [`SliceError::Lengths`] if the slices differ in length.
    pub fn mul_assign<E>(self, values: &mut [E], others: &[E]) -> Result<(), SliceError>
    where
        E: FieldElement<BaseField = BaseElement>,
    {
        self.apply(MUL, values, [others], NONE)
    }

    /// `values[i] = values[i]^2`.
    ///
    /// # Errors
    /// [`SliceError::Field`] only.
    pub fn square_assign<E>(self, values: &mut [E]) -> Result<(), SliceError>
    where
        E: FieldElement<BaseField = BaseElement>,
    {
        self.apply(SQUARE, values, [], NONE)
    }

    /// `values[i] = -values[i]`.
    ///
    /// # Errors
    /// [`SliceError::Field`] only.
    pub fn neg_assign<E>(self, values: &mut [E]) -> Result<(), SliceError>
    where
        E: FieldElement<BaseField = BaseElement>,
    {
        self.apply(NEG, values, [], NONE)
    }

    /// `values[i] += a[i] * b[i]`.
    ///
    /// # Errors
    /// [`SliceError::Lengths`] if the slices differ in length.
    pub fn mul_add_assign<E>(self, values: &mut [E], a: &[E], b: &[E]) -> Result<(), SliceError>
    where
        E: FieldElement<BaseField = BaseElement>,
    {
        self.apply(MUL_ADD, values, [a, b], NONE)
    }

    /// `values[i] *= factor`.
    ///
    /// # Errors
    /// [`SliceError::Field`] only.
    pub fn scale_assign<E>(self, values: &mut [E], factor: E) -> Result<(), SliceError>
    where
        E: FieldElement<BaseField = BaseElement>,
    {
        self.apply(SCALE, values, [], coordinates(factor))
    }

    /// `values[i] *= factor`, for a factor in the base field. Coordinates may be loose.
    ///
    /// # Errors
    /// [`SliceError::Field`] only.
    pub fn scale_base_assign<E>(
        self,
        values: &mut [E],
        factor: BaseElement,
    ) -> Result<(), SliceError>
    where
        E: FieldElement<BaseField = BaseElement>,
    {
        self.apply(SCALE_BASE, values, [], [factor.inner(), 0, 0])
    }

    /// `values[i] += others[i] * factor`, as `winter_math::mul_acc`.
    ///
    /// # Errors
    /// [`SliceError::Lengths`] if the slices differ in length.
    pub fn scale_add_assign<E>(
        self,
        values: &mut [E],
        others: &[E],
        factor: E,
    ) -> Result<(), SliceError>
    where
        E: FieldElement<BaseField = BaseElement>,
    {
        self.apply(SCALE_ADD, values, [others], coordinates(factor))
    }

    /// `values[i] = values[i]^7`, the S-box of Rescue-Prime.
    ///
    /// # Errors
    /// [`SliceError::Field`] only.
    pub fn pow7_assign<E>(self, values: &mut [E]) -> Result<(), SliceError>
    where
        E: FieldElement<BaseField = BaseElement>,
    {
        self.apply(POW7, values, [], NONE)
    }

    /// `values[i] = values[i]^(1/7)`, the inverse of [`pow7_assign`](Self::pow7_assign): in the base
    /// field 63 squarings and 9 products each, in the cubic extension 61 and 9, and about as many more of
    /// the norm, in the base field. Zeros stay zeros.
    ///
    /// In the quadratic extension seventh roots are not unique, since 7 divides `p^2 - 1`.
    ///
    /// ```
    /// use winter_math::fields::f64::BaseElement;
    /// use winterlane_field_simd::slices::Slices;
    ///
    /// let numbers: Vec<_> = (0..50).map(BaseElement::new).collect();
    /// let mut values = numbers.clone();
    /// Slices::current().root7_assign(&mut values)?;
    /// Slices::current().pow7_assign(&mut values)?;
    /// assert_eq!(values, numbers);
    /// # Ok::<(), winterlane_field_simd::slices::SliceError>(())
    /// ```
    ///
    /// # Errors
    /// [`SliceError::Roots`] in the quadratic extension, and [`SliceError::Field`].
    pub fn root7_assign<E>(self, values: &mut [E]) -> Result<(), SliceError>
    where
        E: FieldElement<BaseField = BaseElement>,
    {
        check_field::<E>()?;
        match E::EXTENSION_DEGREE {
            2 => Err(SliceError::Roots),
            degree => {
                dispatch(self.backend, Roots(degree, extension_words_mut(values)));
                Ok(())
            }
        }
    }

    /// Makes the Montgomery form of every coordinate canonical: the way back for elements made by
    /// `BaseElement::from_mont` of any `u64`. The elements stand for the same as before.
    ///
    /// # Errors
    /// [`SliceError::Field`] only.
    pub fn canonicalize<E>(self, values: &mut [E]) -> Result<(), SliceError>
    where
        E: FieldElement<BaseField = BaseElement>,
    {
        self.apply(CANONICAL, values, [], NONE)
    }

    /// The elements of some integers, any `u64`, as `BaseElement::new`.
    ///
    /// # Errors
    /// [`SliceError::Lengths`] if the slices differ in length.
    pub fn from_integers(
        self,
        integers: &[u64],
        values: &mut [BaseElement],
    ) -> Result<(), SliceError> {
        check_lengths(integers.len(), values.len())?;
        words_mut(values).copy_from_slice(integers);
        self.apply(FROM_INTEGERS, values, [], NONE)
    }

    /// The integers below `p` of some elements, as `BaseElement::as_int`. Elements may be loose.
    ///
    /// # Errors
    /// [`SliceError::Lengths`] if the slices differ in length.
    pub fn to_integers(
        self,
        values: &[BaseElement],
        integers: &mut [u64],
    ) -> Result<(), SliceError> {
        check_lengths(values.len(), integers.len())?;
        integers.copy_from_slice(words(values));
        TO_INTEGERS(self.backend, 1, integers, [&[]; 2], NONE);
        Ok(())
    }
}
