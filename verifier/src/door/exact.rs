//! Extensions of the Goldilocks field whose every operation is exact.
//!
//! `BaseElement::double` of winter-math 0.13.1 leaves about one value in 2^33 unreduced, and a sum
//! whose second term is unreduced is off by one. Doublings occur in products and squares of
//! winterfell's extensions, and wherever an AIR doubles: a constraint is then computed wrongly at
//! some points, and whoever can try 2^33 out-of-domain points can have it computed at one of those.
//! Here sums, differences and products of base elements are used alone, which are exact.

use core::{
    fmt,
    ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign},
};

use winter_math::{ExtensionOf, FieldElement, fields::f64::BaseElement};
use winter_utils::{
    AsBytes, ByteReader, ByteWriter, Deserializable, DeserializationError, Randomizable,
    Serializable,
};

/// An element of winterfell's extension of degree `D` (1, 2 or 3), by its coordinates, lowest
/// first: modulo `x^2 - x + 2` or `x^3 - x - 1`.
///
/// It is a `FieldElement` for constraint functions to compute with, not to be hashed: it has no view
/// of its bytes.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct Exact<const D: usize>([BaseElement; D]);

impl<const D: usize> Exact<D> {
    /// The element of winterfell's extension `E`, which has degree `D`.
    pub(super) fn new<E: FieldElement<BaseField = BaseElement>>(element: E) -> Self {
        Self(core::array::from_fn(|i| element.base_element(i)))
    }

    /// The product with the polynomial variable.
    fn times_x(self) -> Self {
        let mut shifted = [BaseElement::ZERO; D];
        let (mut carry, coordinates) = (BaseElement::ZERO, self.0);
        for (to, from) in shifted.iter_mut().zip(coordinates) {
            *to = carry;
            carry = from;
        }
        // x^2 = x - 2 and x^3 = x + 1, times the coordinate that was shifted out.
        match (D, shifted.as_mut_slice()) {
            (2, [low, high]) => {
                *low -= carry;
                *low -= carry;
                *high += carry;
            }
            (3, [low, middle, _]) => {
                *low += carry;
                *middle += carry;
            }
            _ => {}
        }
        Self(shifted)
    }

    /// The element with these coordinates.
    pub(super) const fn of(coordinates: [BaseElement; D]) -> Self {
        Self(coordinates)
    }

    /// The coordinates.
    pub(super) const fn coordinates(self) -> [BaseElement; D] {
        self.0
    }

    /// What `f` makes of each pair of coordinates.
    fn zip(self, rhs: Self, f: impl Fn(BaseElement, BaseElement) -> BaseElement) -> Self {
        let mut result = self;
        for (to, from) in result.0.iter_mut().zip(rhs.0) {
            *to = f(*to, from);
        }
        result
    }
}

impl<const D: usize> Add for Exact<D> {
    type Output = Self;
    fn add(self, rhs: Self) -> Self {
        self.zip(rhs, |a, b| a + b)
    }
}

impl<const D: usize> Sub for Exact<D> {
    type Output = Self;
    fn sub(self, rhs: Self) -> Self {
        self.zip(rhs, |a, b| a - b)
    }
}

impl<const D: usize> Mul for Exact<D> {
    type Output = Self;
    #[expect(clippy::suspicious_arithmetic_impl, reason = "Horner's rule")]
    fn mul(self, rhs: Self) -> Self {
        // Horner's rule in the polynomial variable.
        let mut product = Self::ZERO;
        for coordinate in rhs.0.into_iter().rev() {
            product = product.times_x() + self.mul_base(coordinate);
        }
        product
    }
}

impl<const D: usize> Div for Exact<D> {
    type Output = Self;
    #[expect(clippy::suspicious_arithmetic_impl, reason = "by the inverse")]
    fn div(self, rhs: Self) -> Self {
        self * rhs.inv()
    }
}

impl<const D: usize> Neg for Exact<D> {
    type Output = Self;
    fn neg(self) -> Self {
        Self::ZERO - self
    }
}

impl<const D: usize> AddAssign for Exact<D> {
    fn add_assign(&mut self, rhs: Self) {
        *self = *self + rhs;
    }
}

impl<const D: usize> SubAssign for Exact<D> {
    fn sub_assign(&mut self, rhs: Self) {
        *self = *self - rhs;
    }
}

impl<const D: usize> MulAssign for Exact<D> {
    fn mul_assign(&mut self, rhs: Self) {
        *self = *self * rhs;
    }
}

impl<const D: usize> DivAssign for Exact<D> {
    fn div_assign(&mut self, rhs: Self) {
        *self = *self / rhs;
    }
}

impl<const D: usize> ExtensionOf<BaseElement> for Exact<D> {
    fn mul_base(self, rhs: BaseElement) -> Self {
        Self(self.0.map(|coordinate| coordinate * rhs))
    }
}

impl<const D: usize> FieldElement for Exact<D> {
    type PositiveInteger = u64;
    type BaseField = BaseElement;

    const EXTENSION_DEGREE: usize = D;
    const ELEMENT_BYTES: usize = D * BaseElement::ELEMENT_BYTES;
    const IS_CANONICAL: bool = false;
    const ZERO: Self = Self([BaseElement::ZERO; D]);
    const ONE: Self = {
        let mut one = [BaseElement::ZERO; D];
        if let Some(first) = one.first_mut() {
            *first = BaseElement::ONE;
        }
        Self(one)
    };

    fn double(self) -> Self {
        self + self
    }

    fn square(self) -> Self {
        self * self
    }

    /// The product of the other conjugates over the norm, which is in the base field.
    fn inv(self) -> Self {
        let mut conjugate = self;
        let mut others = Self::ONE;
        for _ in 1..D {
            conjugate = conjugate.conjugate();
            others *= conjugate;
        }
        let norm = (self * others).base_element(0);
        others.mul_base(norm.inv())
    }

    /// The Frobenius automorphism, the power of the base field's order. It is linear over the base field, so
    /// that the conjugates of the powers of the polynomial variable give those of all elements.
    fn conjugate(&self) -> Self {
        let mut conjugate = *self;
        match conjugate.0.as_mut_slice() {
            // The other root of x^2 - x + 2 is 1 - x.
            [constant, linear] => {
                *constant += *linear;
                *linear = -*linear;
            }
            [constant, linear, square] => {
                let (of_linear, of_square) = (*linear, *square);
                let image = |column: &[BaseElement; 2]| {
                    let [first, second] = *column;
                    first * of_linear + second * of_square
                };
                let [first, second, third] = &CUBIC_CONJUGATES;
                *constant += image(first);
                *linear = image(second);
                *square = image(third);
            }
            _ => {}
        }
        conjugate
    }

    fn base_element(&self, i: usize) -> BaseElement {
        self.0.get(i).copied().unwrap_or(BaseElement::ZERO)
    }

    fn slice_as_base_elements(_: &[Self]) -> &[BaseElement] {
        &[]
    }

    fn slice_from_base_elements(_: &[BaseElement]) -> &[Self] {
        &[]
    }

    fn elements_as_bytes(_: &[Self]) -> &[u8] {
        &[]
    }

    #[expect(unsafe_code, reason = "the trait's signature; nothing unsafe is done")]
    unsafe fn bytes_as_elements(_: &[u8]) -> Result<&[Self], DeserializationError> {
        Err(DeserializationError::InvalidValue(NO_BYTES.into()))
    }
}

/// The coordinates of the conjugates of `x` and of `x^2`, for `x` a root of `x^3 - x - 1`: of each coordinate the two.
/// A test computes them again, as powers.
const CUBIC_CONJUGATES: [[BaseElement; 2]; 3] = [
    [
        BaseElement::new(0x9352_8dff_f4c6_373d),
        BaseElement::new(0x5cfb_d500_6f29_52dc),
    ],
    [
        BaseElement::new(0x8b79_bf80_a6bd_fc48),
        BaseElement::new(0xc9a9_46ff_7a63_1b9f),
    ],
    [
        BaseElement::new(0xa304_2afe_90d6_ad26),
        BaseElement::new(0x7486_407e_5942_03b8),
    ],
];

/// Why elements are not made from bytes.
const NO_BYTES: &str = "an exact element is computed with, not read";

impl<const D: usize> Default for Exact<D> {
    fn default() -> Self {
        Self::ZERO
    }
}

impl<const D: usize> fmt::Display for Exact<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.0)
    }
}

impl<const D: usize> From<BaseElement> for Exact<D> {
    fn from(value: BaseElement) -> Self {
        Self::ONE.mul_base(value)
    }
}

/// Conversions of integers, by way of the base field.
macro_rules! from_integers {
    ($($small:ty)*; $($large:ty)*) => {
        $(impl<const D: usize> From<$small> for Exact<D> {
            fn from(value: $small) -> Self {
                BaseElement::from(value).into()
            }
        })*
        $(impl<const D: usize> TryFrom<$large> for Exact<D> {
            type Error = <BaseElement as TryFrom<$large>>::Error;
            fn try_from(value: $large) -> Result<Self, Self::Error> {
                BaseElement::try_from(value).map(Self::from)
            }
        })*
    };
}

from_integers!(u8 u16 u32; u64 u128);

impl<'a, const D: usize> TryFrom<&'a [u8]> for Exact<D> {
    type Error = DeserializationError;
    fn try_from(_: &'a [u8]) -> Result<Self, Self::Error> {
        Err(DeserializationError::InvalidValue(NO_BYTES.into()))
    }
}

impl<const D: usize> AsBytes for Exact<D> {
    fn as_bytes(&self) -> &[u8] {
        &[]
    }
}

impl<const D: usize> Randomizable for Exact<D> {
    const VALUE_SIZE: usize = Self::ELEMENT_BYTES;

    fn from_random_bytes(_: &[u8]) -> Option<Self> {
        None
    }
}

impl<const D: usize> Serializable for Exact<D> {
    fn write_into<W: ByteWriter>(&self, target: &mut W) {
        for coordinate in self.0 {
            coordinate.write_into(target);
        }
    }
}

impl<const D: usize> Deserializable for Exact<D> {
    fn read_from<R: ByteReader>(source: &mut R) -> Result<Self, DeserializationError> {
        let mut element = Self::ZERO;
        for coordinate in &mut element.0 {
            *coordinate = BaseElement::read_from(source)?;
        }
        Ok(element)
    }
}

#[cfg(test)]
mod tests {
    use winter_math::{
        StarkField,
        fields::{CubeExtension, QuadExtension},
    };

    use super::*;

    type Quad = QuadExtension<BaseElement>;
    type Cube = CubeExtension<BaseElement>;

    /// Elements of well spread coordinates, `borders` in 16 of which are at the borders.
    fn elements<const D: usize>(borders: u64) -> alloc::vec::Vec<[BaseElement; D]> {
        let mut state = 1_u64;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let all = [
                0,
                1,
                BaseElement::MODULUS - 1,
                (1 << 63) - 1,
                1 << 63,
                1 << 32,
            ];
            let border = usize::try_from(state >> 40).unwrap_or(0) % all.len();
            BaseElement::from_mont(if state >> 60 < borders {
                all[border]
            } else {
                state % BaseElement::MODULUS
            })
        };
        (0..200).map(|_| core::array::from_fn(|_| next())).collect()
    }

    /// The schoolbook product, by plain integers, which knows nothing of Montgomery forms.
    fn product<const D: usize>(a: [BaseElement; D], b: [BaseElement; D]) -> [u64; D] {
        let p = u128::from(BaseElement::MODULUS);
        let mut long = [0_u128; 5];
        for (i, a) in a.iter().enumerate() {
            for (j, b) in b.iter().enumerate() {
                long[i + j] =
                    (long[i + j] + u128::from(a.as_int()) * u128::from(b.as_int()) % p) % p;
            }
        }
        for i in (D..5).rev() {
            let top = core::mem::take(&mut long[i]);
            match D {
                2 => {
                    long[i - 1] = (long[i - 1] + top) % p;
                    long[i - 2] = (long[i - 2] + 2 * (p - top)) % p;
                }
                3 => {
                    long[i - 2] = (long[i - 2] + top) % p;
                    long[i - 3] = (long[i - 3] + top) % p;
                }
                _ => assert_eq!(top, 0),
            }
        }
        core::array::from_fn(|i| u64::try_from(long[i]).unwrap())
    }

    fn is_a_field<const D: usize>() {
        let all = elements::<D>(6);
        for (i, &a) in all.iter().enumerate() {
            let b = all[(i * 7 + 3) % all.len()];
            let (x, y) = (Exact(a), Exact(b));
            assert_eq!((x * y).0.map(|c| c.as_int()), product(a, b));
            assert_eq!(x.square(), x * x);
            assert_eq!(x.double() - x, x);
            assert_eq!(-x + x, Exact::ZERO);
            if x != Exact::ZERO {
                assert_eq!(x * x.inv(), Exact::ONE);
                assert_eq!((y / x) * x, y);
            }
        }
        assert_eq!(Exact::<D>::ZERO.inv(), Exact::ZERO);
    }

    #[test]
    fn the_laws_of_a_field() {
        is_a_field::<1>();
        is_a_field::<2>();
        is_a_field::<3>();
    }

    fn conjugates_are_powers<const D: usize>() {
        for element in elements::<D>(6) {
            let x = Exact(element);
            assert_eq!(x.conjugate(), x.exp_vartime(BaseElement::MODULUS));
        }
    }

    #[test]
    fn conjugates_are_powers_of_the_order_of_the_base_field() {
        conjugates_are_powers::<1>();
        conjugates_are_powers::<2>();
        conjugates_are_powers::<3>();
    }

    // Not at the borders, where winterfell's products are not always exact.
    #[test]
    fn conjugates_and_products_are_winterfells() {
        for pair in elements::<2>(0).windows(2) {
            let [a, b] = [pair[0], pair[1]].map(|[a0, a1]| Quad::new(a0, a1));
            assert_eq!(Exact::<2>::new(a).conjugate(), Exact::new(a.conjugate()));
            assert_eq!(Exact::<2>::new(a) * Exact::new(b), Exact::new(a * b));
        }
        for pair in elements::<3>(0).windows(2) {
            let [a, b] = [pair[0], pair[1]].map(|[a0, a1, a2]| Cube::new(a0, a1, a2));
            assert_eq!(Exact::<3>::new(a).conjugate(), Exact::new(a.conjugate()));
            assert_eq!(Exact::<3>::new(a) * Exact::new(b), Exact::new(a * b));
        }
    }
}
