//! FRI's degree-respecting projection.

use winter_math::{FieldElement, StarkField, fields::f64::BaseElement};

use super::{
    SliceError, Slices,
    block::{Block, BlockKernel, MAX_DEGREE, OfDegree, coordinates},
    check_field,
    elementwise::product,
};
use crate::{
    Backend,
    convert::{extension_words, extension_words_mut},
    dispatch, goldilocks,
    vector::{MAX_LANES, Vector},
};

/// The largest folding factor.
pub const MAX_FOLDING_FACTOR: usize = 16;

/// The order of 2, so that `2^k = -2^(k - 96)`.
const HALF_ORDER: u32 = 96;

/// Folds leaves from one on.
struct Fold<'a> {
    values: &'a [u64],
    /// The folding factor, as a power of two.
    log_factor: u32,
    /// For each level, the challenge to the power of `2^level`.
    challenges: [[u64; MAX_DEGREE]; 4],
    /// The inverse of the domain's generator.
    root_inv: u64,
    /// The inverse of the first leaf's first point.
    x_inv: u64,
    /// The first leaf.
    start: usize,
    out: &'a mut [u64],
}

impl Fold<'_> {
    /// Folds by `F = 2^log_factor`.
    #[inline(always)]
    fn by<const F: usize, V: Vector, X: Block<V>>(self, token: V::Token) {
        let degree = X::DEGREE;
        let stride = self.values.len() / F;
        let mut lanes = [0; MAX_LANES];
        let mut point = self.x_inv;
        let mut step = goldilocks::to_mont(1);
        for lane in &mut lanes[..V::LANES] {
            *lane = point;
            point = goldilocks::mul_mont(point, self.root_inv);
            step = goldilocks::mul_mont(step, self.root_inv);
        }
        let mut x_inv = V::load(token, &lanes);
        let step = V::splat(token, step);
        let mut challenges = [X::ALL_ZERO; 4];
        for (challenge, &c) in challenges.iter_mut().zip(&self.challenges) {
            *challenge = X::splat(token, c);
        }

        for (i, out) in self.out.chunks_mut(X::WORDS).enumerate() {
            let first = self.start * degree + i * X::WORDS;
            let mut leaf = [X::ALL_ZERO; F];
            for (j, value) in leaf.iter_mut().enumerate() {
                *value = X::load_any(token, &self.values[first + j * stride..][..out.len()]);
            }
            // Two values at x and -x become their even part plus the challenge times their odd part
            // over x, twice each; then again, at x^2, with the square of the challenge. In a level
            // of 2 m values, pair j is at x w^j, where w has order 2 m, and 1 / w is a power of two.
            let mut power = x_inv;
            let mut pairs = F / 2;
            for challenge in challenges {
                if pairs == 0 {
                    break;
                }
                let factor = challenge.times(power);
                for j in 0..pairs {
                    let (a, b) = (leaf[j], leaf[j + pairs]);
                    let odd = if j == 0 {
                        a.difference(b)
                    } else {
                        // 1 / w = 2^(-96 / m), so 1 / w^j = 2^(192 - 96 j / m) = -2^(96 - 96 j / m).
                        let k = HALF_ORDER - HALF_ORDER / pairs as u32 * j as u32;
                        times_pow2(b.difference(a), k)
                    };
                    leaf[j] = a.sum(b).sum(odd.product(factor));
                }
                power = power.square_mont();
                pairs /= 2;
            }
            // 1 / F = 2^(192 - log F) = -2^(96 - log F).
            let negated = times_pow2(leaf[0], HALF_ORDER - F.ilog2());
            X::ALL_ZERO.difference(negated).store_any(out);
            x_inv = x_inv.mul_mont(step);
        }
    }
}

/// All coordinates times `2^k`, for a constant `k` below 96.
#[inline(always)]
fn times_pow2<V: Vector, X: Block<V>>(x: X, k: u32) -> X {
    let mut planes = [x.plane(0); MAX_DEGREE];
    for (d, plane) in planes.iter_mut().enumerate().take(X::DEGREE) {
        *plane = x.plane(d).mul_pow2(k);
    }
    X::from_planes(planes)
}

impl BlockKernel for Fold<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector, X: Block<V>>(self, token: V::Token) {
        match self.log_factor {
            1 => self.by::<2, V, X>(token),
            2 => self.by::<4, V, X>(token),
            3 => self.by::<8, V, X>(token),
            _ => self.by::<16, V, X>(token),
        }
    }
}

/// What all fields share, compiled once and here.
fn fold(backend: Backend, degree: usize, kernel: Fold<'_>) {
    dispatch(backend, OfDegree(degree, kernel));
}

impl Slices {
    /// Folds leaves `start..start + out.len()` of a FRI layer by `factor`, which is 2, 4, 8 or 16.
    ///
    /// `values[i]` is a polynomial's value at `offset * g^i`, where `g` is the root of unity of order
    /// `values.len()`. With `m = values.len() / factor`, leaf `p < m` is made of the values at `i = p`
    /// modulo `m`. They are interpolated by a polynomial of degree below `factor` in
    /// `x / (offset * g^p)`; the result is what it is at `alpha`, as of winterfell's `apply_drp`: a
    /// value at `(offset * g^p)^factor` of a polynomial of degree `factor` times lower. All values are
    /// canonical.
    ///
    /// Leaves may be folded in pieces, on as many threads as there are pieces.
    ///
    /// ```
    /// use winter_math::{FieldElement, fields::f64::BaseElement, fft};
    /// use winterlane_field_simd::{evaluate_poly_with_offset, slices::Slices};
    ///
    /// let p: Vec<_> = (1..9).map(BaseElement::new).collect();
    /// let (offset, alpha) = (BaseElement::new(7), BaseElement::new(1234));
    /// let values = evaluate_poly_with_offset(&p, offset, 4);
    /// let mut folded = vec![BaseElement::ZERO; values.len() / 2];
    /// Slices::current().fold_leaves(&values, 2, offset, alpha, 0, &mut folded)?;
    ///
    /// // Even coefficients, plus alpha times odd ones, at the squares of the points.
    /// let half: Vec<_> = p.chunks(2).map(|c| c[0] + alpha * c[1]).collect();
    /// assert_eq!(folded, evaluate_poly_with_offset(&half, offset.square(), 4));
    /// # Ok::<(), winterlane_field_simd::slices::SliceError>(())
    /// ```
    ///
    /// # Errors
    /// [`SliceError::Folding`] if `factor` is none of these or if `values.len()` is no power of two
    /// of at least `factor` and at most `2^32` elements; [`SliceError::Lengths`] if there are fewer
    /// leaves than asked for; [`SliceError::ZeroOffset`] if `offset` is zero.
    pub fn fold_leaves<E>(
        self,
        values: &[E],
        factor: usize,
        offset: BaseElement,
        alpha: E,
        start: usize,
        out: &mut [E],
    ) -> Result<(), SliceError>
    where
        E: FieldElement<BaseField = BaseElement>,
    {
        check_field::<E>()?;
        let fits = matches!(factor, 2 | 4 | 8 | MAX_FOLDING_FACTOR)
            && values.len().is_power_of_two()
            && values.len() >= factor
            && values.len().ilog2() <= goldilocks::TWO_ADICITY;
        if !fits {
            return Err(SliceError::Folding {
                factor,
                len: values.len(),
            });
        }
        let leaves = values.len() / factor;
        let end = start.saturating_add(out.len());
        if end > leaves {
            return Err(SliceError::Lengths {
                expected: leaves.saturating_sub(start),
                got: out.len(),
            });
        }
        if offset == BaseElement::ZERO {
            return Err(SliceError::ZeroOffset);
        }
        let root_inv = BaseElement::get_root_of_unity(values.len().ilog2()).inv();
        let mut challenge = alpha;
        let challenges = core::array::from_fn(|_| {
            let this = challenge;
            challenge = product(challenge, challenge);
            coordinates(this)
        });
        let kernel = Fold {
            values: extension_words(values),
            log_factor: factor.ilog2(),
            challenges,
            root_inv: root_inv.inner(),
            x_inv: (offset.inv() * root_inv.exp_vartime(start as u64)).inner(),
            start,
            out: extension_words_mut(out),
        };
        fold(self.backend, E::EXTENSION_DEGREE, kernel);
        Ok(())
    }
}
