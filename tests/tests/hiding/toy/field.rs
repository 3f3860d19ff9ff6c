//! A field of `P` elements, and its extension of degree `D` by a root of a generator.

use std::ops::{Add, Mul, Sub};

use winterlane_tests::linear::Scalar;

/// An element of `F_P[u] / (u^D - g)`, `g` a generator of the multiplicative group of `F_P`.
///
/// That polynomial is irreducible for `D` = 1 and 2, and for 3 when 3 divides `P - 1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Toy<const P: u32, const D: usize>(pub(crate) [u32; D]);

/// The least generator of the multiplicative group.
///
/// # Panics
/// For a field without one here.
#[must_use]
pub(crate) const fn generator<const P: u32>() -> u32 {
    match P {
        17 => 3,
        41 => 6,
        97 => 5,
        _ => panic!("no such toy"),
    }
}

/// The remainder of what is less than twice the modulus, without a branch.
const fn reduce<const P: u32>(x: u32) -> u32 {
    let less = x.wrapping_sub(P);
    // what is below the modulus wraps around, to more
    if less < x { less } else { x }
}

impl<const P: u32, const D: usize> Toy<P, D> {
    /// An element of the base field.
    #[must_use]
    pub(crate) const fn base(value: u32) -> Self {
        let mut parts = [0; D];
        parts[0] = value % P;
        Self(parts)
    }

    /// The generator of the base field's multiplicative group.
    #[must_use]
    pub(crate) const fn generator() -> Self {
        Self::base(generator::<P>())
    }

    /// The base field's unit times `u^i`.
    #[must_use]
    pub(crate) fn unit(i: usize) -> Self {
        let mut parts = [0; D];
        parts[i] = 1;
        Self(parts)
    }

    /// A power.
    #[must_use]
    pub(crate) fn power(self, exponent: u32) -> Self {
        let bits = (0..u32::BITS).rev().map(|i| exponent >> i & 1);
        bits.fold(Self::base(1), |acc, bit| {
            let square = acc * acc;
            if bit == 1 { square * self } else { square }
        })
    }

    /// A generator of the subgroup of `order` elements of the base field.
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub(crate) fn root(order: usize) -> Self {
        let order = order as u32;
        assert_eq!((P - 1) % order, 0, "no such subgroup");
        Self::generator().power((P - 1) / order)
    }
}

impl<const P: u32, const D: usize> Add for Toy<P, D> {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| reduce::<P>(self.0[i] + other.0[i])))
    }
}

impl<const P: u32, const D: usize> Sub for Toy<P, D> {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(std::array::from_fn(|i| {
            reduce::<P>(self.0[i] + P - other.0[i])
        }))
    }
}

impl<const P: u32, const D: usize> Mul for Toy<P, D> {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        let mut parts = [0; D];
        for (i, a) in self.0.into_iter().enumerate() {
            for (j, b) in other.0.into_iter().enumerate() {
                let wrapped = if i + j < D { 1 } else { generator::<P>() };
                let part = &mut parts[(i + j) % D];
                *part = (*part + a * b % P * wrapped) % P;
            }
        }
        Self(parts)
    }
}

impl<const P: u32, const D: usize> Scalar for Toy<P, D> {
    const ZERO: Self = Self([0; D]);
    const ONE: Self = Self::base(1);

    fn inverse(self) -> Self {
        self.power(P.pow(D as u32) - 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every element but zero has an inverse: the polynomial is irreducible.
    fn is_a_field<const P: u32, const D: usize>() {
        for number in 1..P.pow(D as u32) {
            let element = Toy::<P, D>(std::array::from_fn(|i| number / P.pow(i as u32) % P));
            assert!(element * element.inverse() == Toy::ONE, "{element:?}");
        }
    }

    #[test]
    fn they_are_fields() {
        is_a_field::<97, 1>();
        is_a_field::<97, 2>();
        is_a_field::<17, 1>();
        is_a_field::<17, 2>();
    }
}
