//! The operators and conversions that `FieldElement` asks for, from a handful of functions.

use core::fmt;

use winter_math::{FieldElement, StarkField, fields::f64::BaseElement};

/// The arithmetic that a packed type brings: the operators of `FieldElement` by name, and what it lacks.
/// All of it is lane by lane, on canonical Montgomery forms and with such as results.
pub trait Arithmetic: FieldElement<BaseField = BaseElement> {
    /// Zero in every lane.
    const ALL_ZERO: Self;
    /// One in every lane.
    const ALL_ONE: Self;
    /// Degree of the extension.
    const DEGREE: usize;

    /// `value` in every lane.
    fn broadcast(value: BaseElement) -> Self;
    /// `self + rhs`.
    fn sum(self, rhs: Self) -> Self;
    /// `self - rhs`.
    fn difference(self, rhs: Self) -> Self;
    /// `self * rhs`.
    fn product(self, rhs: Self) -> Self;
    /// `self * rhs`, lane by lane, for one base field element.
    fn scaled(self, rhs: BaseElement) -> Self;
    /// `self^2`.
    fn squared(self) -> Self;
    /// `self * a + b`.
    #[inline(always)]
    #[must_use]
    fn mul_add(self, a: Self, b: Self) -> Self {
        self.product(a).sum(b)
    }
    /// `self^7`, the S-box of Rescue-Prime: two squarings and two products. [`Root7`] is its inverse.
    ///
    /// [`Root7`]: super::Root7
    #[inline(always)]
    #[must_use]
    fn pow7(self) -> Self {
        let square = self.squared();
        square.product(self).product(square.squared())
    }
    /// `1 / self`, and zero for zero.
    #[inline(always)]
    fn inverse(self) -> Self {
        // Not `exp_vartime`, which does not inline.
        let exponent = BaseElement::MODULUS - 2;
        let mut power = self;
        for bit in (0..exponent.ilog2()).rev() {
            power = power.squared();
            if exponent >> bit & 1 == 1 {
                power = power.product(self);
            }
        }
        power
    }
    /// The Frobenius automorphism.
    #[inline(always)]
    fn frobenius(self) -> Self {
        self
    }
    /// Whether all lanes are equal.
    fn equals(&self, rhs: &Self) -> bool;
    /// Prints all lanes.
    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

/// Why a conversion of a packed element panics.
pub(super) const NOT_SCALAR: &str = "a packed element holds several rows: it is no single value";

/// Implements `FieldElement` and all its supertraits for a type that implements [`Arithmetic`].
macro_rules! field_element {
    ([$($generics:tt)*] $type:ty) => {
        const _: () = {
            use core::fmt;
            use core::ops::{
                Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign,
            };
            use winter_math::{ExtensionOf, FieldElement, fields::f64::BaseElement};
            use winter_utils::{
                AsBytes, ByteReader, ByteWriter, Deserializable, DeserializationError, Randomizable,
                Serializable,
            };
            use $crate::packed_element::boilerplate::{Arithmetic, NOT_SCALAR};

            impl<$($generics)*> fmt::Debug for $type {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    self.print(f)
                }
            }

            impl<$($generics)*> fmt::Display for $type {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    self.print(f)
                }
            }

            impl<$($generics)*> Default for $type {
                #[inline(always)]
                fn default() -> Self {
                    Self::ALL_ZERO
                }
            }

            impl<$($generics)*> PartialEq for $type {
                #[inline(always)]
                fn eq(&self, rhs: &Self) -> bool {
                    self.equals(rhs)
                }
            }

            impl<$($generics)*> Eq for $type {}

            impl<$($generics)*> Add for $type {
                type Output = Self;
                #[inline(always)]
                fn add(self, rhs: Self) -> Self {
                    self.sum(rhs)
                }
            }

            impl<$($generics)*> AddAssign for $type {
                #[inline(always)]
                fn add_assign(&mut self, rhs: Self) {
                    *self = self.sum(rhs);
                }
            }

            impl<$($generics)*> Sub for $type {
                type Output = Self;
                #[inline(always)]
                fn sub(self, rhs: Self) -> Self {
                    self.difference(rhs)
                }
            }

            impl<$($generics)*> SubAssign for $type {
                #[inline(always)]
                fn sub_assign(&mut self, rhs: Self) {
                    *self = self.difference(rhs);
                }
            }

            impl<$($generics)*> Mul for $type {
                type Output = Self;
                #[inline(always)]
                fn mul(self, rhs: Self) -> Self {
                    self.product(rhs)
                }
            }

            impl<$($generics)*> MulAssign for $type {
                #[inline(always)]
                fn mul_assign(&mut self, rhs: Self) {
                    *self = self.product(rhs);
                }
            }

            impl<$($generics)*> Div for $type {
                type Output = Self;
                #[inline(always)]
                fn div(self, rhs: Self) -> Self {
                    self.product(rhs.inverse())
                }
            }

            impl<$($generics)*> DivAssign for $type {
                #[inline(always)]
                fn div_assign(&mut self, rhs: Self) {
                    *self = self.product(rhs.inverse());
                }
            }

            impl<$($generics)*> Neg for $type {
                type Output = Self;
                #[inline(always)]
                fn neg(self) -> Self {
                    Self::ALL_ZERO.difference(self)
                }
            }

            impl<$($generics)*> From<BaseElement> for $type {
                #[inline(always)]
                fn from(value: BaseElement) -> Self {
                    Self::broadcast(value)
                }
            }

            impl<$($generics)*> From<u32> for $type {
                #[inline(always)]
                fn from(value: u32) -> Self {
                    Self::broadcast(value.into())
                }
            }

            impl<$($generics)*> From<u16> for $type {
                #[inline(always)]
                fn from(value: u16) -> Self {
                    Self::broadcast(value.into())
                }
            }

            impl<$($generics)*> From<u8> for $type {
                #[inline(always)]
                fn from(value: u8) -> Self {
                    Self::broadcast(value.into())
                }
            }

            impl<$($generics)*> TryFrom<u64> for $type {
                type Error = <BaseElement as TryFrom<u64>>::Error;
                fn try_from(value: u64) -> Result<Self, Self::Error> {
                    BaseElement::try_from(value).map(Self::broadcast)
                }
            }

            impl<$($generics)*> TryFrom<u128> for $type {
                type Error = <BaseElement as TryFrom<u128>>::Error;
                fn try_from(value: u128) -> Result<Self, Self::Error> {
                    BaseElement::try_from(value).map(Self::broadcast)
                }
            }

            impl<'a, $($generics)*> TryFrom<&'a [u8]> for $type {
                type Error = <BaseElement as TryFrom<&'a [u8]>>::Error;
                fn try_from(bytes: &'a [u8]) -> Result<Self, Self::Error> {
                    BaseElement::try_from(bytes).map(Self::broadcast)
                }
            }

            impl<$($generics)*> ExtensionOf<BaseElement> for $type {
                #[inline(always)]
                fn mul_base(self, rhs: BaseElement) -> Self {
                    self.scaled(rhs)
                }
            }

            impl<$($generics)*> AsBytes for $type {
                fn as_bytes(&self) -> &[u8] {
                    panic!("{NOT_SCALAR}")
                }
            }

            impl<$($generics)*> Randomizable for $type {
                const VALUE_SIZE: usize = BaseElement::VALUE_SIZE;

                fn from_random_bytes(bytes: &[u8]) -> Option<Self> {
                    BaseElement::from_random_bytes(bytes).map(Self::broadcast)
                }
            }

            impl<$($generics)*> Serializable for $type {
                fn write_into<W: ByteWriter>(&self, _target: &mut W) {
                    panic!("{NOT_SCALAR}")
                }
            }

            impl<$($generics)*> Deserializable for $type {
                fn read_from<R: ByteReader>(source: &mut R) -> Result<Self, DeserializationError> {
                    BaseElement::read_from(source).map(Self::broadcast)
                }
            }

            impl<$($generics)*> FieldElement for $type {
                type PositiveInteger = u64;
                type BaseField = BaseElement;

                const EXTENSION_DEGREE: usize = Self::DEGREE;
                const ELEMENT_BYTES: usize = Self::DEGREE * BaseElement::ELEMENT_BYTES;
                const IS_CANONICAL: bool = false;
                const ZERO: Self = Self::ALL_ZERO;
                const ONE: Self = Self::ALL_ONE;

                #[inline(always)]
                fn square(self) -> Self {
                    self.squared()
                }

                #[inline(always)]
                fn cube(self) -> Self {
                    self.squared().product(self)
                }

                #[inline(always)]
                fn inv(self) -> Self {
                    self.inverse()
                }

                #[inline(always)]
                fn conjugate(&self) -> Self {
                    self.frobenius()
                }

                fn base_element(&self, _i: usize) -> BaseElement {
                    panic!("{NOT_SCALAR}")
                }

                fn slice_as_base_elements(_elements: &[Self]) -> &[BaseElement] {
                    panic!("{NOT_SCALAR}")
                }

                fn slice_from_base_elements(_elements: &[BaseElement]) -> &[Self] {
                    panic!("{NOT_SCALAR}")
                }

                fn elements_as_bytes(_elements: &[Self]) -> &[u8] {
                    panic!("{NOT_SCALAR}")
                }

                // SAFETY: asks nothing of its caller, since it never looks at the bytes.
                unsafe fn bytes_as_elements(
                    _bytes: &[u8],
                ) -> Result<&[Self], DeserializationError> {
                    Err(DeserializationError::InvalidValue(NOT_SCALAR.into()))
                }
            }
        };
    };
}

pub(super) use field_element;
