//! Polynomials as coefficients, lowest first.

use super::field::Toy;
use winterlane_tests::linear::Scalar;

/// A polynomial.
pub(crate) type Poly<const P: u32, const D: usize> = Vec<Toy<P, D>>;

/// The value at a point.
#[must_use]
pub(crate) fn eval<const P: u32, const D: usize>(poly: &[Toy<P, D>], x: Toy<P, D>) -> Toy<P, D> {
    let horner = |acc, &coefficient| acc * x + coefficient;
    poly.iter().rev().fold(Toy::ZERO, horner)
}

/// `acc += factor * poly`.
pub(crate) fn add_scaled<const P: u32, const D: usize>(
    acc: &mut Poly<P, D>,
    poly: &[Toy<P, D>],
    factor: Toy<P, D>,
) {
    acc.resize(acc.len().max(poly.len()), Toy::ZERO);
    for (a, &b) in acc.iter_mut().zip(poly) {
        *a = *a + factor * b;
    }
}

/// The product.
#[must_use]
pub(crate) fn mul<const P: u32, const D: usize>(a: &[Toy<P, D>], b: &[Toy<P, D>]) -> Poly<P, D> {
    let mut product = vec![Toy::ZERO; (a.len() + b.len()).saturating_sub(1)];
    for (i, &x) in a.iter().enumerate() {
        for (j, &y) in b.iter().enumerate() {
            product[i + j] = product[i + j] + x * y;
        }
    }
    product
}

/// The product with `x^exponent`.
#[must_use]
pub(crate) fn shift<const P: u32, const D: usize>(
    poly: &[Toy<P, D>],
    exponent: usize,
) -> Poly<P, D> {
    let mut shifted = vec![Toy::ZERO; exponent];
    shifted.extend_from_slice(poly);
    shifted
}

/// The polynomial whose value at `x` is that of `poly` at `factor x`.
#[must_use]
pub(crate) fn stretch<const P: u32, const D: usize>(
    poly: &[Toy<P, D>],
    factor: Toy<P, D>,
) -> Poly<P, D> {
    let mut power = Toy::ONE;
    let scaled = poly.iter().map(|&coefficient| {
        let scaled = coefficient * power;
        power = power * factor;
        scaled
    });
    scaled.collect()
}

/// The quotient by `x^n - c`, without the remainder.
#[must_use]
pub(crate) fn divide<const P: u32, const D: usize>(
    poly: &[Toy<P, D>],
    n: usize,
    c: Toy<P, D>,
) -> Poly<P, D> {
    let mut rest = poly.to_vec();
    for i in (n..rest.len()).rev() {
        rest[i - n] = rest[i - n] + c * rest[i];
    }
    rest.split_off(n.min(rest.len()))
}

/// The polynomial of degree below `values.len()` with these values on the powers of `root`.
#[must_use]
pub(crate) fn interpolate<const P: u32, const D: usize>(
    values: &[Toy<P, D>],
    root: Toy<P, D>,
) -> Poly<P, D> {
    let scale = Toy::base(values.len() as u32).inverse();
    let inverse = root.inverse();
    (0..values.len() as u32)
        .map(|i| scale * eval(values, inverse.power(i)))
        .collect()
}
