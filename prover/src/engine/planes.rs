//! Extension elements over packed base elements, by coordinate.

use winter_math::{ExtensionOf, FieldElement, fields::f64::BaseElement};
use winterlane_field_simd::packed_element::{Arithmetic, PackedExtension};

/// The largest degree of an extension.
pub(super) const MAX_DEGREE: usize = 3;

/// An element of winterfell's extension field over rows `T`, or of the base field.
pub(super) trait Planes<T>: Arithmetic + ExtensionOf<T>
where
    T: FieldElement<BaseField = BaseElement>,
{
    /// The element with these coordinates, of which there may be more than it has.
    ///
    /// A slice and not a closure: what a closure does would not inline into the function that is
    /// compiled for the vectors.
    fn from_planes(planes: &[T]) -> Self;

    /// Coordinate `d`.
    fn plane(&self, d: usize) -> T;

    /// An element in all rows.
    #[inline(always)]
    fn splat<E: FieldElement<BaseField = BaseElement>>(element: E) -> Self
    where
        T: Arithmetic,
    {
        let elements = [element];
        let mut planes = [T::ZERO; MAX_DEGREE];
        for (plane, &base) in planes.iter_mut().zip(E::slice_as_base_elements(&elements)) {
            *plane = T::broadcast(base);
        }
        Self::from_planes(&planes)
    }
}

impl<T: Arithmetic> Planes<T> for T {
    #[inline(always)]
    fn from_planes(planes: &[T]) -> Self {
        planes[0]
    }

    #[inline(always)]
    fn plane(&self, _d: usize) -> T {
        *self
    }
}

impl<T: Arithmetic, const D: usize> Planes<T> for PackedExtension<T, D> {
    #[inline(always)]
    fn from_planes(planes: &[T]) -> Self {
        let mut coefficients = [T::ZERO; D];
        coefficients.copy_from_slice(&planes[..D]);
        Self::new(coefficients)
    }

    #[inline(always)]
    fn plane(&self, d: usize) -> T {
        self.coefficients()[d]
    }
}

/// Work on elements of an extension field over packed rows.
pub(super) trait ExtensionKernel {
    /// What the work gives back.
    type Output;

    /// Does the work with elements `X` over single vectors. Implementations must be
    /// `#[inline(always)]`.
    fn run<V, X>(self) -> Self::Output
    where
        V: winterlane_field_simd::Vector,
        X: Planes<winterlane_field_simd::packed_element::PackedElement<V>>;
}

/// An [`ExtensionKernel`] in the extension of degree `degree`.
pub(super) struct OfDegree<K>(pub(super) usize, pub(super) K);

impl<K: ExtensionKernel> winterlane_field_simd::Kernel for OfDegree<K> {
    type Output = K::Output;

    #[inline(always)]
    fn run<V: winterlane_field_simd::Vector>(self, _token: V::Token) -> K::Output {
        use winterlane_field_simd::packed_element::PackedElement;
        match self.0 {
            1 => self.1.run::<V, PackedElement<V>>(),
            2 => self.1.run::<V, PackedExtension<PackedElement<V>, 2>>(),
            _ => self.1.run::<V, PackedExtension<PackedElement<V>, 3>>(),
        }
    }
}
