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

use winter_math::{ExtensionOf, FieldElement, StarkField, fields::f64::BaseElement};

use super::{
    deep,
    exact::Exact,
    layout::Dimensions,
    rows::{Opened, Positions, Rows},
    sum::dot_base,
    transcript::Transcript,
};
use crate::{Mismatch, VerifyError};

/// Checks the opened `rows` against everything that `transcript` has of the proof.
///
/// # Errors
/// [`Mismatch::FriLayer`] with the first layer whose values are not those that the step before it gives,
/// or [`Mismatch::FriRemainder`].
pub(super) fn check<E, H>(
    rows: &Rows,
    positions: &Positions,
    dims: &Dimensions,
    transcript: &Transcript<E, H>,
) -> Result<(), VerifyError>
where
    E: FieldElement<BaseField = BaseElement>,
    H: winter_crypto::Hasher,
{
    match E::EXTENSION_DEGREE {
        1 => check_exact::<E, H, 1>(rows, positions, dims, transcript),
        2 => check_exact::<E, H, 2>(rows, positions, dims, transcript),
        _ => check_exact::<E, H, 3>(rows, positions, dims, transcript),
    }
}

fn check_exact<E, H, const D: usize>(
    rows: &Rows,
    positions: &Positions,
    dims: &Dimensions,
    transcript: &Transcript<E, H>,
) -> Result<(), VerifyError>
where
    E: FieldElement<BaseField = BaseElement>,
    H: winter_crypto::Hasher,
{
    let values = deep::values::<E, H, D>(rows, positions, dims, transcript);
    let fri = Fri {
        folding_factor: dims.folding_factor,
        layers: &rows.layers,
        alphas: exact(&transcript.alphas),
        remainder: exact(&transcript.remainder),
    };
    Ok(fri.check(positions, values)?)
}

pub(super) fn exact<E: FieldElement<BaseField = BaseElement>, const D: usize>(
    elements: &[E],
) -> Vec<Exact<D>> {
    elements.iter().map(|&e| Exact::new(e)).collect()
}

/// The points of a domain. Winterfell shifts the domain of every FRI layer by the same offset, the generator
/// of the field.
#[derive(Clone, Copy)]
pub(super) struct Points {
    root: BaseElement,
    offset: BaseElement,
}

impl Points {
    /// Of the domain of `size` points.
    pub(super) fn of(size: usize) -> Self {
        Self {
            root: root_of_unity(size),
            offset: BaseElement::GENERATOR,
        }
    }

    /// The points' inverses, in the same order.
    fn inverses(self) -> Self {
        Self {
            root: self.root.inv(),
            offset: self.offset.inv(),
        }
    }

    /// The point at `position`.
    pub(super) fn at(self, position: usize) -> BaseElement {
        self.root.exp_vartime(position as u64) * self.offset
    }
}

/// A root of unity whose order is `order`, a power of two.
fn root_of_unity(order: usize) -> BaseElement {
    match order.checked_ilog2() {
        Some(log2) if log2 > 0 => BaseElement::get_root_of_unity(log2),
        _ => BaseElement::ONE,
    }
}

/// Row `row` of a table of rows of `width` values.
pub(super) fn row_of<T>(table: &[T], row: usize, width: usize) -> &[T] {
    let start = row.saturating_mul(width);
    table
        .get(start..start.saturating_add(width))
        .unwrap_or_default()
}

/// The values of FRI.
struct Fri<'a, const D: usize> {
    folding_factor: usize,
    /// The opened rows of each layer, one after the other, by coordinates.
    layers: &'a [Vec<BaseElement>],
    alphas: Vec<Exact<D>>,
    /// Coefficients, the highest first.
    remainder: Vec<Exact<D>>,
}

impl<const D: usize> Fri<'_, D> {
    /// Checks that `values`, at the query positions, are in the first layer, that each layer folds into the
    /// next, and that the last folds into the remainder.
    fn check(&self, positions: &Positions, mut values: Vec<Exact<D>>) -> Result<(), Mismatch> {
        let width = self.folding_factor;
        let folding = Folding::new(width);
        let mut row = Vec::with_capacity(width);
        let mut from = &positions.domain;
        let layers = self.layers.iter().zip(&positions.layers).zip(&self.alphas);
        for (number, ((rows, folded), &alpha)) in layers.enumerate() {
            let (rows, _) = rows.as_chunks::<D>();
            for (&position, &value) in from.positions.iter().zip(&values) {
                let place = position
                    .checked_rem(folded.size)
                    .zip(position.checked_div(folded.size));
                let opened = place.and_then(|(row, column)| {
                    let row = folded.positions.iter().position(|&folded| folded == row)?;
                    row_of(rows, row, width).get(column)
                });
                if opened.map(|&opened| Exact::of(opened)) != Some(value) {
                    return Err(Mismatch::FriLayer(number));
                }
            }
            let inverses = Points::of(from.size).inverses();
            values.clear();
            for (number, &position) in folded.positions.iter().enumerate() {
                row.clear();
                row.extend(row_of(rows, number, width).iter().map(|&e| Exact::of(e)));
                values.push(folding.fold(&mut row, inverses.at(position), alpha));
            }
            from = folded;
        }
        self.check_remainder(from, &values)
    }

    fn check_remainder(&self, last: &Opened, values: &[Exact<D>]) -> Result<(), Mismatch> {
        let points = Points::of(last.size);
        let mut powers = Vec::with_capacity(self.remainder.len());
        for (&position, &value) in last.positions.iter().zip(values) {
            let x = points.at(position);
            powers.clear();
            let mut power = BaseElement::ONE;
            for _ in &self.remainder {
                powers.push(power);
                power *= x;
            }
            if dot_base(self.remainder.iter().rev(), &powers) != value {
                return Err(Mismatch::FriRemainder);
            }
        }
        Ok(())
    }
}

/// Folding by a factor `N`, a power of two.
struct Folding {
    /// The powers of `1/w`, for `w` of order `N`, below `N / 2`.
    roots: Vec<BaseElement>,
    /// `1/N`.
    scale: BaseElement,
}

impl Folding {
    fn new(factor: usize) -> Self {
        let root = root_of_unity(factor).inv();
        let mut power = BaseElement::ONE;
        let roots = (0..factor.checked_div(2).unwrap_or(0)).map(|_| {
            let this = power;
            power *= root;
            this
        });
        Self {
            roots: roots.collect(),
            scale: BaseElement::new(factor as u64).inv(),
        }
    }

    /// At `alpha`, the polynomial of degree below `N` that has the `N` values `row` at the points `x w^j`. Takes the
    /// inverse of `x`.
    ///
    /// In halves: with `f(y) = e(y^2) + y o(y^2)`, the values of `2 e` and `2 o` at `y^2` are `f(y) + f(-y)` and
    /// `(f(y) - f(-y)) / y`, and `-y` is half a row further. So `e + alpha o`, of half the degree, has half as many
    /// values at the squares of the points, and its value at `alpha^2` is that of `f` at `alpha`.
    fn fold<const D: usize>(
        &self,
        row: &mut [Exact<D>],
        inverse: BaseElement,
        alpha: Exact<D>,
    ) -> Exact<D> {
        let mut ratio = alpha.mul_base(inverse);
        let (mut len, mut step) = (row.len(), 1_usize);
        while let Some((first, second)) = row
            .get_mut(..len)
            .and_then(|row| row.split_at_mut_checked(len / 2))
            .filter(|(first, _)| !first.is_empty())
        {
            let roots = self.roots.iter().step_by(step);
            for ((value, opposite), &root) in first.iter_mut().zip(second).zip(roots) {
                let difference = *value - *opposite;
                *value = *value + *opposite + difference.mul_base(root) * ratio;
            }
            (len, step) = (len / 2, step.saturating_mul(2));
            ratio = ratio.square();
        }
        row.first()
            .map_or(Exact::ZERO, |value| value.mul_base(self.scale))
    }
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

    fn fold<const D: usize>(row: &[Exact<D>], x: BaseElement, alpha: Exact<D>) -> Exact<D> {
        Folding::new(row.len()).fold(&mut row.to_vec(), x.inv(), alpha)
    }

    /// For values that are not chosen, the fold is winterfell's, of every folding factor.
    fn agrees<E: FieldElement<BaseField = BaseElement>, const D: usize, const N: usize>(
        make: impl Fn([BaseElement; D]) -> E,
    ) {
        let mut next = spread(N as u64);
        for position in 0..20 {
            let mut element = || make(core::array::from_fn(|_| next()));
            let row: [E; N] = core::array::from_fn(|_| element());
            let (alpha, x) = (element(), Points::of(1 << 10).at(position));
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
        let x = Points::of(lde_size).at(position);
        let stock = |e: Exact<D>| make(core::array::from_fn(|i| e.base_element(i)));
        let (left, alpha) = (Exact::new(make(left)), Exact::new(make(alpha)));
        let row = scripted::<D, N>(left, alpha, x);
        let wrong = Exact::new(stock_fold::<E, N>(row.map(stock), x, stock(alpha)));
        let right = fold(&row, x, alpha);
        assert_ne!(wrong, right, "winterfell's fold of this row is off");

        let check = |layers: &[&[Exact<D>]], alphas: &[Exact<D>], remainder, value| {
            let mut opened = Positions {
                domain: Opened {
                    size: lde_size,
                    positions: alloc::vec![position],
                },
                layers: Vec::new(),
            };
            for (size, _) in [lde_size / N, lde_size / N / N].into_iter().zip(layers) {
                let positions = alloc::vec![position % size];
                opened.layers.push(Opened { size, positions });
            }
            let coordinates = |row: &&[Exact<D>]| {
                let elements = row.iter();
                elements
                    .flat_map(|&e| (0..D).map(move |i| e.base_element(i)))
                    .collect()
            };
            let layers: Vec<Vec<BaseElement>> = layers.iter().map(coordinates).collect();
            let fri = Fri {
                folding_factor: N,
                layers: &layers,
                alphas: alphas.to_vec(),
                remainder: alloc::vec![remainder],
            };
            fri.check(&opened, alloc::vec![value])
        };

        // One layer, then a remainder of one coefficient: the folded value.
        assert_eq!(check(&[&row], &[alpha], right, row[0]), Ok(()));
        let refused = check(&[&row], &[alpha], wrong, row[0]);
        assert_eq!(refused, Err(Mismatch::FriRemainder));

        // Two layers: the value stands in the second row at the place of the folded position.
        let two = |value, first| {
            let mut second = alloc::vec![Exact::<D>::ONE; N];
            let size = lde_size / N;
            second[position / (size / N)] = value;
            let x = Points::of(size).at(position % (size / N));
            let beta = Exact::from(BaseElement::new(5));
            let folded = fold(&second, x, beta);
            check(&[&row, &second], &[alpha, beta], folded, first)
        };
        assert_eq!(two(right, row[0]), Ok(()));
        assert_eq!(two(wrong, row[0]), Err(Mismatch::FriLayer(1)));
        assert_eq!(two(right, row[1]), Err(Mismatch::FriLayer(0)));
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
