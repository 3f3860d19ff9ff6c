//! Seventh roots: the inverse of the S-box of Rescue-Prime.
//!
//! With `t = (p + 1) / 7`, an integer, both exponents here come from one long power and a few short
//! ones. Over the base field `x^(1/7) = x^(4 t - 1)`, since `7 (4 t - 1) = 4 (p - 1) + 1`. Over the
//! cubic extension, with `x'` the Frobenius image `x^p` and the norm `N = x x' x''` in the base field,
//!
//! ```text
//! x^(1/7) = N^(3 t - 1) (x x'')^t        7 ((1 + p + p^2) (3 t - 1) + (1 + p^2) t) = 4 (p^3 - 1) + 1
//! ```

use winter_math::ExtensionOf;

use super::{Arithmetic, PackedElement, PackedExtension, WideElement};
use crate::vector::Vector;

/// The packed fields in which every element has exactly one seventh root: the base field and the
/// cubic extension. In the quadratic one it has seven or none, zero aside, as 7 divides `p + 1`.
pub trait Root7: Arithmetic {
    /// `x^(1/7)` of each: what [`pow7`](Arithmetic::pow7) takes back to `x`; zero of zero. Canonical
    /// Montgomery forms in and out.
    ///
    /// The values are worked on in step. A root is a chain of products each of which waits for the one
    /// before it, so that eight vectors of base elements take little longer than one.
    #[must_use]
    fn root7_each<const N: usize>(values: [Self; N]) -> [Self; N];

    /// `x^(1/7)`; see [`root7_each`](Self::root7_each), which several values want.
    ///
    /// ```
    /// use winter_math::{FieldElement, fields::f64::BaseElement};
    /// use winterlane_field_simd::packed_element::{Arithmetic, PackedElement, Root7};
    /// use winterlane_field_simd::{Backend, Kernel, Vector, dispatch};
    ///
    /// /// The S-box of Rescue-Prime, there and back.
    /// struct Sbox(BaseElement);
    ///
    /// impl Kernel for Sbox {
    ///     type Output = [BaseElement; 2];
    ///     #[inline(always)]
    ///     fn run<V: Vector>(self, _token: V::Token) -> Self::Output {
    ///         let power = PackedElement::<V>::splat(self.0).pow7();
    ///         [power.lane(0), power.root7().lane(0)]
    ///     }
    /// }
    ///
    /// let two = BaseElement::new(2);
    /// let [power, root] = dispatch(Backend::current(), Sbox(two));
    /// assert_eq!((power, root), (BaseElement::new(128), two));
    /// ```
    #[inline(always)]
    #[must_use]
    fn root7(self) -> Self {
        let [root] = Self::root7_each([self]);
        root
    }
}

impl<V: Vector> Root7 for PackedElement<V> {
    #[inline(always)]
    fn root7_each<const N: usize>(values: [Self; N]) -> [Self; N] {
        base_roots(values)
    }
}

impl<V: Vector> Root7 for WideElement<V> {
    #[inline(always)]
    fn root7_each<const N: usize>(values: [Self; N]) -> [Self; N] {
        base_roots(values)
    }
}

impl<T: Arithmetic> Root7 for PackedExtension<T, 3> {
    #[inline(always)]
    fn root7_each<const N: usize>(x: [Self; N]) -> [Self; N] {
        let mut pairs = x;
        let mut norms = [T::ALL_ZERO; N];
        for (i, x) in x.into_iter().enumerate() {
            let once = x.frobenius();
            pairs[i] = x.product(once.frobenius());
            norms[i] = pairs[i].product(once).coefficients()[0];
        }
        let Powers { long, x2, .. } = Powers::new(pairs);
        let mut roots = products(long, x2);
        // 3 t - 1 = 3 (t - 2) + 5
        let Powers { long, x4, .. } = Powers::new(norms);
        let cubes = products(squares(long, 1), long);
        let scales = products(cubes, products(x4, norms));
        for (root, scale) in roots.iter_mut().zip(scales) {
            *root = root.mul_base(scale);
        }
        roots
    }
}

/// `4 t - 1 = 4 (t - 2) + 7`: 63 squarings and 9 products.
#[inline(always)]
fn base_roots<X: Arithmetic, const N: usize>(x: [X; N]) -> [X; N] {
    let Powers { long, x2, x4 } = Powers::new(x);
    products(squares(long, 2), products(products(x4, x2), x))
}

/// What the exponents are made of.
struct Powers<X, const N: usize> {
    /// `x^(t - 2)`
    long: [X; N],
    x2: [X; N],
    x4: [X; N],
}

impl<X: Arithmetic, const N: usize> Powers<X, N> {
    /// In binary, with `(100)_n` for `n` times `100`, `t - 2 = (100)_10 0 (110)_10 0`: since
    /// `(110)_10` is `(100)_10` and half of it, the power `(100)_10` is computed once, by doubling, and
    /// serves for both parts. The chain is winter-crypto's.
    #[inline(always)]
    fn new(x: [X; N]) -> Self {
        let x2 = squares(x, 1);
        let x4 = squares(x2, 1);
        // Twice as many groups of three bits at a time.
        let two = products(squares(x4, 3), x4);
        let four = products(squares(two, 6), two);
        let eight = products(squares(four, 12), four);
        let ten = products(squares(eight, 6), two);
        // (100)_10 0 (100)_10; once more doubled, and half of the lower part added.
        let both = products(squares(ten, 31), ten);
        let long = products(squares(both, 1), ten);
        Self { long, x2, x4 }
    }
}

// Loops and no closures: see `PackedExtension`.

#[inline(always)]
fn products<X: Arithmetic, const N: usize>(mut x: [X; N], y: [X; N]) -> [X; N] {
    for i in 0..N {
        x[i] = x[i].product(y[i]);
    }
    x
}

#[inline(always)]
fn squares<X: Arithmetic, const N: usize>(mut x: [X; N], times: u32) -> [X; N] {
    for _ in 0..times {
        for x in &mut x {
            *x = x.squared();
        }
    }
    x
}
