//! Extension elements over packed base elements, by coordinate.

use winter_math::{ExtensionOf, FieldElement, fields::f64::BaseElement};
use winterlane_field_simd::packed_element::{Arithmetic, PackedExtension};

/// An element of winterfell's extension field over rows `T`, or of the base field.
pub(super) trait Planes<T>: Arithmetic + ExtensionOf<T>
where
    T: FieldElement<BaseField = BaseElement>,
{
    /// The element with coordinates `plane(0)`, `plane(1)`, ...
    fn from_planes(plane: impl FnMut(usize) -> T) -> Self;

    /// Coordinate `d`.
    fn plane(&self, d: usize) -> T;

    /// An element in all rows.
    #[inline(always)]
    fn splat<E: FieldElement<BaseField = BaseElement>>(element: E) -> Self
    where
        T: Arithmetic,
    {
        let elements = [element];
        Self::from_planes(|d| T::broadcast(E::slice_as_base_elements(&elements)[d]))
    }
}

impl<T: Arithmetic> Planes<T> for T {
    #[inline(always)]
    fn from_planes(mut plane: impl FnMut(usize) -> T) -> Self {
        plane(0)
    }

    #[inline(always)]
    fn plane(&self, _d: usize) -> T {
        *self
    }
}

impl<T: Arithmetic, const D: usize> Planes<T> for PackedExtension<T, D> {
    #[inline(always)]
    fn from_planes(plane: impl FnMut(usize) -> T) -> Self {
        Self::new(core::array::from_fn(plane))
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
