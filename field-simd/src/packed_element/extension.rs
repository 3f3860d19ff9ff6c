//! Elements of winterfell's extension fields, over any packed base element.

use core::fmt;

use winter_math::{ExtensionOf, fields::f64::BaseElement};

use super::boilerplate::{self, Arithmetic};

/// An element of the extension of degree `D` (2 or 3) over the packed base elements `T`:
/// coefficients of \\(1, \varphi, \varphi^2\\) with \\(\varphi^2 = \varphi - 2\\) or
/// \\(\varphi^3 = \varphi + 1\\), as in winterfell's `QuadExtension` and `CubeExtension`.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct PackedExtension<T, const D: usize>([T; D]);

impl<T: Arithmetic, const D: usize> PackedExtension<T, D> {
    /// The element with these coefficients.
    #[inline(always)]
    pub const fn new(coefficients: [T; D]) -> Self {
        const { assert!(D == 2 || D == 3) }
        Self(coefficients)
    }

    /// The coefficients.
    #[inline(always)]
    pub const fn coefficients(self) -> [T; D] {
        self.0
    }
}

impl<T: Arithmetic, const D: usize> From<T> for PackedExtension<T, D> {
    #[inline(always)]
    fn from(value: T) -> Self {
        let mut coefficients = [T::ALL_ZERO; D];
        coefficients[0] = value;
        Self(coefficients)
    }
}

impl<T: Arithmetic, const D: usize> ExtensionOf<T> for PackedExtension<T, D> {
    #[inline(always)]
    fn mul_base(mut self, rhs: T) -> Self {
        for x in &mut self.0 {
            *x = x.product(rhs);
        }
        self
    }
}

// Loops over coordinates, not `array::map` or `from_fn`: a closure handed to another function does
// not inline into the one that has the instructions, and each operation in it becomes a call.
impl<T: Arithmetic, const D: usize> Arithmetic for PackedExtension<T, D> {
    const ALL_ZERO: Self = Self([T::ALL_ZERO; D]);
    const ALL_ONE: Self = {
        let mut coefficients = [T::ALL_ZERO; D];
        coefficients[0] = T::ALL_ONE;
        Self(coefficients)
    };
    const DEGREE: usize = D;
    const ONE_ROW: bool = T::ONE_ROW;
    const ALL_LANES: u32 = T::ALL_LANES;

    #[inline(always)]
    fn broadcast(value: BaseElement) -> Self {
        Self::from(T::broadcast(value))
    }

    #[inline(always)]
    fn sum(mut self, rhs: Self) -> Self {
        for (x, &y) in self.0.iter_mut().zip(&rhs.0) {
            *x = x.sum(y);
        }
        self
    }

    #[inline(always)]
    fn difference(mut self, rhs: Self) -> Self {
        for (x, &y) in self.0.iter_mut().zip(&rhs.0) {
            *x = x.difference(y);
        }
        self
    }

    #[inline(always)]
    fn product(self, rhs: Self) -> Self {
        let (a, b) = (self.0, rhs.0);
        let mut result = [T::ALL_ZERO; D];
        if D == 2 {
            // Karatsuba, with phi^2 = phi - 2.
            let low = a[0].product(b[0]);
            let high = a[1].product(b[1]);
            result[0] = low.difference(high.sum(high));
            result[1] = a[0].sum(a[1]).product(b[0].sum(b[1])).difference(low);
        } else {
            // Karatsuba, with phi^3 = phi + 1 and phi^4 = phi^2 + phi.
            let (p0, p1, p2) = (a[0].product(b[0]), a[1].product(b[1]), a[2].product(b[2]));
            let s01 = a[0].sum(a[1]).product(b[0].sum(b[1]));
            let s02 = a[0].sum(a[2]).product(b[0].sum(b[2]));
            let s12 = a[1].sum(a[2]).product(b[1].sum(b[2]));
            let c1 = s01.difference(p0).difference(p1);
            let c2 = s02.difference(p0).difference(p2).sum(p1);
            let c3 = s12.difference(p1).difference(p2);
            result[0] = p0.sum(c3);
            result[1] = c1.sum(c3).sum(p2);
            result[2] = c2.sum(p2);
        }
        Self(result)
    }

    #[inline(always)]
    fn scaled(mut self, rhs: BaseElement) -> Self {
        for x in &mut self.0 {
            *x = x.scaled(rhs);
        }
        self
    }

    #[inline(always)]
    fn squared(self) -> Self {
        let a = self.0;
        let mut result = [T::ALL_ZERO; D];
        if D == 2 {
            let high = a[1].squared();
            let cross = a[0].product(a[1]);
            result[0] = a[0].squared().difference(high.sum(high));
            result[1] = cross.sum(cross).sum(high);
        } else {
            let (p01, p02, p12) = (a[0].product(a[1]), a[0].product(a[2]), a[1].product(a[2]));
            let high = a[2].squared();
            let both = p01.sum(p12);
            result[0] = a[0].squared().sum(p12.sum(p12));
            result[1] = both.sum(both).sum(high);
            result[2] = p02.sum(p02).sum(a[1].squared()).sum(high);
        }
        Self(result)
    }

    /// The conjugates' product over the norm, which lies in the base field.
    #[inline(always)]
    fn inverse(self) -> Self {
        let once = self.frobenius();
        let others = if D == 2 {
            once
        } else {
            once.product(once.frobenius())
        };
        let norm = self.product(others).0[0];
        others.mul_base(norm.inverse())
    }

    #[inline(always)]
    fn frobenius(self) -> Self {
        let a = self.0;
        let mut result = [T::ALL_ZERO; D];
        for (j, &x) in a.iter().enumerate() {
            // The image of phi^j, as winterfell computes it.
            let images = if D == 2 { &QUADRATIC[j] } else { &CUBIC[j] };
            for (result, &image) in result.iter_mut().zip(images) {
                *result = result.sum(x.scaled(BaseElement::new(image)));
            }
        }
        Self(result)
    }

    #[inline(always)]
    fn from_coordinates(coordinates: &[BaseElement]) -> Self {
        let mut result = [T::ALL_ZERO; D];
        for (result, &coordinate) in result.iter_mut().zip(coordinates) {
            *result = T::broadcast(coordinate);
        }
        Self(result)
    }

    #[inline(always)]
    fn equal_lanes(&self, rhs: &Self) -> u32 {
        let mut lanes = T::ALL_LANES;
        for (a, b) in self.0.iter().zip(&rhs.0) {
            lanes &= a.equal_lanes(b);
        }
        lanes
    }

    fn print(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0).finish()
    }
}

/// Coefficients of the images of 1 and phi: phi goes to 1 - phi.
const QUADRATIC: [[u64; 3]; 2] = [[1, 0, 0], [1, 0xffff_ffff_0000_0000, 0]];

/// Coefficients of the images of 1, phi and phi^2, as in winterfell's cubic extension.
const CUBIC: [[u64; 3]; 3] = [
    [1, 0, 0],
    [
        10_615_703_402_128_488_253,
        10_050_274_602_728_160_328,
        11_746_561_000_929_144_102,
    ],
    [
        6_700_183_068_485_440_220,
        14_531_223_735_771_536_287,
        8_396_469_466_686_423_992,
    ],
];

boilerplate::field_element!([T: Arithmetic, const D: usize] PackedExtension<T, D>);
