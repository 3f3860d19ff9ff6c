//! The opened rows come from polynomials of low degree, in exact arithmetic.
//!
//! Two steps are taken at every query position `x`:
//!
//! 1. **DEEP**: the opened row and the values at the out-of-domain points `z` and `zg` become one value. It
//!    is a random sum of `(f(x) - f(z)) / (x - z) + (f(x) - f(zg)) / (x - zg)` over the columns `f`. If
//!    every column is a polynomial with the claimed values, then so is the sum, and its degree is low.
//! 2. **FRI**: the values of the sum are shown to be those of such a polynomial. Each layer folds `N`
//!    values, at the points `x w^j` (`w` of order `N`), into the value of one polynomial of an `N`-th of
//!    the degree. What is left after the last layer, the remainder, is short enough to be sent whole.
//!
//! Winterfell's verifier does the same with products that are not exact for every pair of factors
//! (`exact.rs`): a prover who finds such a pair passes its check of a fold with a wrong row. So
//! winterfell's arithmetic is not asked.

use alloc::vec::Vec;

use winter_math::{
    ExtensionOf, FieldElement, StarkField, batch_inversion, fields::f64::BaseElement,
};

use super::{
    exact::Exact,
    layout::{Dimensions, Layout},
    transcript::{Transcript, elements},
};
use crate::{Mismatch, VerifyError};

/// Checks the rows that `layout` opens against everything that `transcript` has of the proof.
///
/// # Errors
/// [`Mismatch::FriLayer`] with the first layer whose values are not those that the step before it gives,
/// or [`Mismatch::FriRemainder`].
pub(super) fn check<E, H>(
    layout: &Layout<'_>,
    dims: &Dimensions,
    transcript: &Transcript<E, H>,
) -> Result<(), VerifyError>
where
    E: FieldElement<BaseField = BaseElement>,
    H: winter_crypto::Hasher,
{
    match E::EXTENSION_DEGREE {
        1 => check_exact::<E, H, 1>(layout, dims, transcript),
        2 => check_exact::<E, H, 2>(layout, dims, transcript),
        _ => check_exact::<E, H, 3>(layout, dims, transcript),
    }
}

fn check_exact<E, H, const D: usize>(
    layout: &Layout<'_>,
    dims: &Dimensions,
    transcript: &Transcript<E, H>,
) -> Result<(), VerifyError>
where
    E: FieldElement<BaseField = BaseElement>,
    H: winter_crypto::Hasher,
{
    let values = deep_values::<E, H, D>(layout, dims, transcript)?;
    let mut layers = Vec::with_capacity(layout.fri_layers.len());
    for layer in &layout.fri_layers {
        let count = layer
            .values
            .bytes
            .len()
            .checked_div(E::ELEMENT_BYTES)
            .unwrap_or(0);
        layers.push(exact::<E, D>(&elements::<E>(layer.values, count)?));
    }
    let fri = Fri {
        lde_size: dims.lde_size,
        folding_factor: dims.folding_factor,
        layers,
        alphas: exact(&transcript.alphas),
        remainder: exact(&transcript.remainder),
    };
    Ok(fri.check(&transcript.positions, values)?)
}

fn exact<E: FieldElement<BaseField = BaseElement>, const D: usize>(
    elements: &[E],
) -> Vec<Exact<D>> {
    elements.iter().map(|&e| Exact::new(e)).collect()
}

/// The point of the LDE domain of `size` points at `position`. Winterfell shifts the domain of every FRI
/// layer by the same offset, the generator of the field.
fn point(size: usize, position: usize) -> BaseElement {
    let root = BaseElement::get_root_of_unity(size.checked_ilog2().unwrap_or(0));
    root.exp(position as u64) * BaseElement::GENERATOR
}

/// The DEEP values at the query positions.
///
/// The columns have one coefficient each. So the sum over the columns of the opened row is taken once,
/// for both points: with `S` for it, `U` and `V` for the sums at `z` and `zg`, the value is
/// `(S - U) / (x - z) + (S - V) / (x - zg)`.
fn deep_values<E, H, const D: usize>(
    layout: &Layout<'_>,
    dims: &Dimensions,
    transcript: &Transcript<E, H>,
) -> Result<Vec<Exact<D>>, VerifyError>
where
    E: FieldElement<BaseField = BaseElement>,
    H: winter_crypto::Hasher,
{
    let positions = &transcript.positions;
    let count = |width: usize| width.saturating_mul(positions.len());
    let main = elements::<BaseElement>(layout.main_queries.values, count(dims.main_width))?;
    let aux = match &layout.aux_queries {
        Some(queries) => exact::<E, D>(&elements::<E>(queries.values, count(dims.aux_width))?),
        None => Vec::new(),
    };
    let quotients = elements::<E>(layout.constraint_queries.values, count(dims.num_quotients))?;
    let quotients = exact::<E, D>(&quotients);

    // Main columns, auxiliary columns, quotients: the order of the evaluations, too.
    let coefficients: Vec<Exact<D>> = exact(&transcript.deep_coefficients);
    let evaluations: Vec<Exact<D>> = exact(&transcript.evaluations);
    let (at_z, at_zg) = evaluations
        .split_at_checked(coefficients.len())
        .unwrap_or_default();
    let (sum_z, sum_zg) = (dot(&coefficients, at_z), dot(&coefficients, at_zg));
    let (of_main, rest) = coefficients
        .split_at_checked(dims.main_width)
        .unwrap_or_default();
    let (of_aux, of_quotients) = rest.split_at_checked(dims.aux_width).unwrap_or_default();

    let z = Exact::<D>::new(transcript.z);
    let zg = z.mul_base(transcript.trace_generator);
    let mut numerators = Vec::with_capacity(positions.len());
    let mut denominators = Vec::with_capacity(positions.len());
    for (row, &position) in positions.iter().enumerate() {
        let main = row_of(&main, row, dims.main_width);
        let sum = dot_base(of_main, main)
            + dot(of_aux, row_of(&aux, row, dims.aux_width))
            + dot(of_quotients, row_of(&quotients, row, dims.num_quotients));
        let x = Exact::from(point(dims.lde_size, position));
        let (to_z, to_zg) = (x - z, x - zg);
        numerators.push((sum - sum_z) * to_zg + (sum - sum_zg) * to_z);
        denominators.push(to_z * to_zg);
    }
    // A point of the domain is not drawn, but with a chance of its size over that of the field: the
    // inverse is zero then, as in winterfell.
    let inverses = batch_inversion(&denominators);
    let values = numerators.into_iter().zip(inverses);
    Ok(values
        .map(|(numerator, inverse)| numerator * inverse)
        .collect())
}

/// Row `row` of a table of rows of `width` values.
fn row_of<T>(table: &[T], row: usize, width: usize) -> &[T] {
    let start = row.saturating_mul(width);
    table
        .get(start..start.saturating_add(width))
        .unwrap_or_default()
}

fn dot<const D: usize>(a: &[Exact<D>], b: &[Exact<D>]) -> Exact<D> {
    a.iter()
        .zip(b)
        .fold(Exact::ZERO, |sum, (&a, &b)| sum + a * b)
}

fn dot_base<const D: usize>(a: &[Exact<D>], b: &[BaseElement]) -> Exact<D> {
    a.iter()
        .zip(b)
        .fold(Exact::ZERO, |sum, (a, &b)| sum + a.mul_base(b))
}

/// The values of FRI: of each layer the opened rows, one after the other.
struct Fri<const D: usize> {
    lde_size: usize,
    folding_factor: usize,
    layers: Vec<Vec<Exact<D>>>,
    alphas: Vec<Exact<D>>,
    /// Coefficients, the highest first.
    remainder: Vec<Exact<D>>,
}

impl<const D: usize> Fri<D> {
    /// Checks that `values`, at `positions`, are in the first layer, that each layer folds into the
    /// next, and that the last folds into the remainder.
    fn check(&self, positions: &[usize], mut values: Vec<Exact<D>>) -> Result<(), Mismatch> {
        let mut positions = positions.to_vec();
        let mut size = self.lde_size;
        let width = self.folding_factor;
        for (number, (rows, &alpha)) in self.layers.iter().zip(&self.alphas).enumerate() {
            let num_rows = size.checked_div(width).unwrap_or(0);
            let folded = fold_positions(&positions, num_rows);
            for (&position, &value) in positions.iter().zip(&values) {
                let place = position
                    .checked_rem(num_rows)
                    .zip(position.checked_div(num_rows));
                let opened = place.and_then(|(row, column)| {
                    let row = folded.iter().position(|&folded| folded == row)?;
                    row_of(rows, row, width).get(column)
                });
                if opened != Some(&value) {
                    return Err(Mismatch::FriLayer(number));
                }
            }
            values = folded
                .iter()
                .enumerate()
                .map(|(row, &position)| {
                    fold(row_of(rows, row, width), point(size, position), alpha)
                })
                .collect();
            positions = folded;
            size = num_rows;
        }
        for (&position, &value) in positions.iter().zip(&values) {
            let x = point(size, position);
            let remainder = self
                .remainder
                .iter()
                .fold(Exact::ZERO, |sum, &coefficient| {
                    sum.mul_base(x) + coefficient
                });
            if remainder != value {
                return Err(Mismatch::FriRemainder);
            }
        }
        Ok(())
    }
}

/// The distinct rows of a layer of `rows` rows in which `positions` of the layer before it lie, in
/// the order of their first appearance. The quadratic search is over 254 positions at most.
pub(super) fn fold_positions(positions: &[usize], rows: usize) -> Vec<usize> {
    let mut folded = Vec::with_capacity(positions.len());
    for position in positions {
        let row = position.checked_rem(rows).unwrap_or(0);
        if !folded.contains(&row) {
            folded.push(row);
        }
    }
    folded
}

/// At `alpha`, the polynomial of degree below `N` that has the `N` values `row` at the points `x w^j`, for
/// `w` of order `N`: with `y` for the row, the sum over `k` of `(alpha / x)^k / N` times the sum over `j` of
/// `y_j w^(-jk)`.
fn fold<const D: usize>(row: &[Exact<D>], x: BaseElement, alpha: Exact<D>) -> Exact<D> {
    let root = BaseElement::get_root_of_unity(row.len().checked_ilog2().unwrap_or(0)).inv();
    let ratio = alpha.mul_base(x.inv());
    let mut power = Exact::from(BaseElement::new(row.len() as u64).inv());
    let mut step = BaseElement::ONE;
    let mut sum = Exact::ZERO;
    for _ in row {
        // `step` is w^(-k).
        let coefficient = row
            .iter()
            .rev()
            .fold(Exact::ZERO, |sum, &value| sum.mul_base(step) + value);
        sum += power * coefficient;
        power *= ratio;
        step *= root;
    }
    sum
}

#[cfg(test)]
mod tests {
    use winter_math::{
        fields::{CubeExtension, QuadExtension},
        polynom,
    };

    use super::*;

    type Quad = QuadExtension<BaseElement>;
    type Cube = CubeExtension<BaseElement>;

    /// Well spread base elements.
    fn spread(seed: u64) -> impl FnMut() -> BaseElement {
        let mut state = seed;
        move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            BaseElement::new(state >> 1)
        }
    }

    /// The check of a fold as winterfell's `FriVerifier` makes it, word for word.
    fn stock_fold<E: FieldElement<BaseField = BaseElement>, const N: usize>(
        row: [E; N],
        x: BaseElement,
        alpha: E,
    ) -> E {
        let root = BaseElement::get_root_of_unity(N.ilog2());
        let xs = core::array::from_fn(|j| E::from(x * root.exp(j as u64)));
        let polys = polynom::interpolate_batch::<E, N>(&[xs], &[row]);
        polynom::eval(&polys[0], alpha)
    }

    /// For values that are not chosen, the fold is winterfell's, of every folding factor.
    fn agrees<E: FieldElement<BaseField = BaseElement>, const D: usize, const N: usize>(
        make: impl Fn([BaseElement; D]) -> E,
    ) {
        let mut next = spread(N as u64);
        for position in 0..20 {
            let mut element = || make(core::array::from_fn(|_| next()));
            let row: [E; N] = core::array::from_fn(|_| element());
            let (alpha, x) = (element(), point(1 << 10, position));
            let ours = fold::<D>(&exact(&row), x, Exact::new(alpha));
            assert_eq!(ours, Exact::new(stock_fold(row, x, alpha)));
        }
    }

    #[test]
    fn folds_are_winterfells_where_its_products_are_exact() {
        fn all<E: FieldElement<BaseField = BaseElement>, const D: usize>(
            make: impl Fn([BaseElement; D]) -> E + Copy,
        ) {
            agrees::<E, D, 2>(make);
            agrees::<E, D, 4>(make);
            agrees::<E, D, 8>(make);
            agrees::<E, D, 16>(make);
        }
        all::<BaseElement, 1>(|[a]| a);
        all::<Quad, 2>(|[a, b]| Quad::new(a, b));
        all::<Cube, 3>(|[a, b, c]| Cube::new(a, b, c));
    }

    /// A row whose polynomial, evaluated by Horner's rule, multiplies `left` by `alpha` in the last step.
    fn scripted<const D: usize, const N: usize>(
        left: Exact<D>,
        alpha: Exact<D>,
        x: BaseElement,
    ) -> [Exact<D>; N] {
        let mut next = spread(7);
        let mut coefficients: [Exact<D>; N] =
            core::array::from_fn(|_| Exact::from(next()) + Exact::ONE);
        // What the coefficients from the second on sum up to is to be `left`.
        let higher = coefficients[2..]
            .iter()
            .rev()
            .fold(Exact::ZERO, |sum, &c| sum * alpha + c);
        coefficients[1] = left - higher * alpha;
        let root = BaseElement::get_root_of_unity(N.ilog2());
        core::array::from_fn(|j| {
            let x = x * root.exp(j as u64);
            coefficients
                .iter()
                .rev()
                .fold(Exact::ZERO, |sum, &c| sum.mul_base(x) + c)
        })
    }

    /// Winterfell's fold of a scripted row, and the exact one; and what FRI says to a layer that takes the
    /// former for the value of the next one.
    fn wrong_fold<E, const D: usize, const N: usize>(
        make: impl Fn([BaseElement; D]) -> E,
        left: [BaseElement; D],
        alpha: [BaseElement; D],
    ) where
        E: FieldElement<BaseField = BaseElement>,
    {
        let lde_size = 4 * N * N;
        let position = 3;
        let x = point(lde_size, position);
        let stock = |e: Exact<D>| make(core::array::from_fn(|i| e.base_element(i)));
        let (left, alpha) = (Exact::new(make(left)), Exact::new(make(alpha)));
        let row = scripted::<D, N>(left, alpha, x);
        let wrong = Exact::new(stock_fold::<E, N>(row.map(stock), x, stock(alpha)));
        let right = fold(&row, x, alpha);
        assert_ne!(wrong, right, "winterfell's fold of this row is off");

        // One layer, then a remainder of one coefficient: the folded value.
        let fri = |remainder| Fri {
            lde_size,
            folding_factor: N,
            layers: alloc::vec![row.to_vec()],
            alphas: alloc::vec![alpha],
            remainder: alloc::vec![remainder],
        };
        assert_eq!(fri(right).check(&[position], alloc::vec![row[0]]), Ok(()));
        let refused = fri(wrong).check(&[position], alloc::vec![row[0]]);
        assert_eq!(refused, Err(Mismatch::FriRemainder));

        // Two layers: the value stands in the second row at the place of the folded position.
        let second = |value| {
            let mut second = alloc::vec![Exact::<D>::ONE; N];
            second[0] = value;
            let beta = Exact::from(BaseElement::new(5));
            let folded = fold(&second, point(lde_size / N, position), beta);
            Fri {
                lde_size,
                folding_factor: N,
                layers: alloc::vec![row.to_vec(), second],
                alphas: alloc::vec![alpha, beta],
                remainder: alloc::vec![folded],
            }
        };
        assert_eq!(
            second(right).check(&[position], alloc::vec![row[0]]),
            Ok(())
        );
        let refused = second(wrong).check(&[position], alloc::vec![row[0]]);
        assert_eq!(refused, Err(Mismatch::FriLayer(1)));
        let refused = second(right).check(&[position], alloc::vec![row[1]]);
        assert_eq!(refused, Err(Mismatch::FriLayer(0)));
    }

    /// Rows that winterfell folds wrongly. In both extensions a product subtracts twice the product of two
    /// coordinates, which is left unreduced, from what is zero for these left factors: `(-t, t, -t)` and
    /// `(0, t)`. One right factor in 2^33 does it.
    #[test]
    fn rows_that_winterfell_folds_wrongly_are_refused() {
        let t = BaseElement::new(123_456_789);
        // Twice this is 5 above the modulus, in Montgomery's form.
        let half = BaseElement::from_mont(BaseElement::MODULUS / 2 + 3);
        let (a, b) = (BaseElement::new(11), BaseElement::new(12));
        let cube = |[a, b, c]: [BaseElement; 3]| Cube::new(a, b, c);
        let (left, alpha) = ([-t, t, -t], [a, half / t, b]);
        wrong_fold::<_, 3, 2>(cube, left, alpha);
        wrong_fold::<_, 3, 4>(cube, left, alpha);
        wrong_fold::<_, 3, 8>(cube, left, alpha);
        wrong_fold::<_, 3, 16>(cube, left, alpha);
        let quad = |[a, b]: [BaseElement; 2]| Quad::new(a, b);
        let (left, alpha) = ([BaseElement::ZERO, t], [a, half / t]);
        wrong_fold::<_, 2, 2>(quad, left, alpha);
        wrong_fold::<_, 2, 4>(quad, left, alpha);
        wrong_fold::<_, 2, 8>(quad, left, alpha);
        wrong_fold::<_, 2, 16>(quad, left, alpha);
    }
}
