//! The operators and conversions that `FieldElement` asks for, from a handful of functions.

use core::fmt;

use winter_math::{FieldElement, StarkField, fields::f64::BaseElement};

/// The arithmetic that a packed type brings: the operators of `FieldElement` by name, and what it lacks.
/// All of it is lane by lane, on canonical Montgomery forms and with such as results. Sealed.
pub trait Arithmetic: FieldElement<BaseField = BaseElement> + sealed::Sealed {
    /// Zero in every lane.
    const ALL_ZERO: Self;
    /// One in every lane.
    const ALL_ONE: Self;
    /// Degree of the extension.
    const DEGREE: usize;
    /// Whether there is but one lane. Then an element is nothing but its base elements, one after the
    /// other in memory, and can be taken apart.
    const ONE_ROW: bool;
    /// What [`equal_lanes`](Self::equal_lanes) gives for equal elements.
    const ALL_LANES: u32;

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
    /// The element with these coordinates, in every lane.
    fn from_coordinates(coordinates: &[BaseElement]) -> Self;
    /// For each lane, whether the elements there are equal: a bit.
    fn equal_lanes(&self, rhs: &Self) -> u32;
    /// Prints all lanes, in the message of a panic.
    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

pub(super) mod sealed {
    /// Keeps [`Arithmetic`](super::Arithmetic) to the types of this crate.
    pub trait Sealed {}
}

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
            use $crate::packed_element::apart;
            use $crate::packed_element::boilerplate::{Arithmetic, sealed::Sealed};

            impl<$($generics)*> Sealed for $type {}

            impl<$($generics)*> fmt::Debug for $type {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    match apart::printed(self) {
                        Some(bases) => apart::debug(bases, f),
                        None => self.print(f),
                    }
                }
            }

            impl<$($generics)*> fmt::Display for $type {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    match apart::printed(self) {
                        Some(bases) => apart::display(bases, f),
                        None => self.print(f),
                    }
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
                    match self.equal_lanes(rhs) {
                        0 => false,
                        lanes if lanes == Self::ALL_LANES => true,
                        _ => apart::several_rows("=="),
                    }
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
                    apart::from_canonical(bytes)
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
                    let bases = apart::bases(core::slice::from_ref(self), "as_bytes");
                    BaseElement::elements_as_bytes(bases)
                }
            }

            impl<$($generics)*> Randomizable for $type {
                const VALUE_SIZE: usize = Self::ELEMENT_BYTES;

                fn from_random_bytes(bytes: &[u8]) -> Option<Self> {
                    apart::from_canonical(bytes).ok()
                }
            }

            impl<$($generics)*> Serializable for $type {
                fn write_into<W: ByteWriter>(&self, target: &mut W) {
                    for base in apart::bases(core::slice::from_ref(self), "write_into") {
                        base.write_into(target);
                    }
                }
            }

            impl<$($generics)*> Deserializable for $type {
                fn read_from<R: ByteReader>(source: &mut R) -> Result<Self, DeserializationError> {
                    let mut coordinates = [BaseElement::ZERO; 3];
                    for coordinate in coordinates.iter_mut().take(Self::DEGREE) {
                        *coordinate = BaseElement::read_from(source)?;
                    }
                    Ok(Self::from_coordinates(&coordinates[..Self::DEGREE]))
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

                // Winterfell's asks first whether the base is zero, which lanes may answer differently.
                #[inline]
                fn exp_vartime(self, power: Self::PositiveInteger) -> Self {
                    let (mut result, mut base, mut power) = (Self::ONE, self, power);
                    while power > 0 {
                        if power & 1 == 1 {
                            result *= base;
                        }
                        base = base.square();
                        power >>= 1;
                    }
                    result
                }

                fn base_element(&self, i: usize) -> BaseElement {
                    let bases = apart::bases(core::slice::from_ref(self), "base_element");
                    assert!(
                        i < Self::DEGREE,
                        "element index must be smaller than {}, but was {i}",
                        Self::DEGREE
                    );
                    bases[i]
                }

                fn slice_as_base_elements(elements: &[Self]) -> &[BaseElement] {
                    apart::bases(elements, "slice_as_base_elements")
                }

                fn slice_from_base_elements(elements: &[BaseElement]) -> &[Self] {
                    apart::of_bases(elements, "slice_from_base_elements")
                }

                fn elements_as_bytes(elements: &[Self]) -> &[u8] {
                    BaseElement::elements_as_bytes(apart::bases(elements, "elements_as_bytes"))
                }

                // SAFETY: the contract is the trait's.
                unsafe fn bytes_as_elements(
                    bytes: &[u8],
                ) -> Result<&[Self], DeserializationError> {
                    // SAFETY: as the caller vouches.
                    unsafe { apart::of_bytes(bytes, "bytes_as_elements") }
                }
            }
        };
    };
}

pub(super) use field_element;
