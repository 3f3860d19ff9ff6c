//! Linear algebra over a prime field, or an extension of one: exact ranks, kernels and solutions.
//!
//! Gaussian elimination and nothing else. Field elements have no size, so there is no pivot to prefer
//! and no error to bound: a rank is a proof.

use std::ops::{Add, Mul, Sub};

use winterfell::math::FieldElement;

/// What elimination needs of a field.
pub trait Scalar:
    Copy + PartialEq + Add<Output = Self> + Sub<Output = Self> + Mul<Output = Self>
{
    /// Nothing.
    const ZERO: Self;
    /// The unit.
    const ONE: Self;

    /// The inverse of an element that is not zero.
    #[must_use]
    fn inverse(self) -> Self;
}

impl<E: FieldElement> Scalar for E {
    const ZERO: Self = E::ZERO;
    const ONE: Self = E::ONE;

    fn inverse(self) -> Self {
        self.inv()
    }
}

/// A basis of the span of the vectors that were inserted, in echelon form.
#[derive(Clone, Debug)]
pub struct Span<F> {
    /// Each with the index of its first entry, which is one. A later vector is zero there.
    basis: Vec<(usize, Vec<F>)>,
    /// Only entries before this one are eliminated; those behind it are carried along.
    width: usize,
}

impl<F: Scalar> Span<F> {
    /// The span of nothing, in a space of `width` dimensions.
    #[must_use]
    pub const fn new(width: usize) -> Self {
        Self {
            basis: Vec::new(),
            width,
        }
    }

    /// The span of some vectors of `width` entries.
    pub fn of(width: usize, vectors: impl IntoIterator<Item = Vec<F>>) -> Self {
        let mut span = Self::new(width);
        for vector in vectors {
            span.insert(vector);
        }
        span
    }

    /// Dimensions of the span.
    #[must_use]
    pub const fn rank(&self) -> usize {
        self.basis.len()
    }

    /// The vectors of the basis, each with the index of its first entry, which is one. No two begin at the same.
    pub fn into_basis(self) -> impl Iterator<Item = (usize, Vec<F>)> {
        self.basis.into_iter()
    }

    /// Takes from `vector` all that the span has of it: what is left is zero exactly for a vector of
    /// the span.
    pub fn reduce(&self, vector: &mut [F]) {
        for (pivot, row) in &self.basis {
            let factor = vector[*pivot];
            if factor != F::ZERO {
                subtract(vector, row, factor, *pivot);
            }
        }
    }

    /// Whether a vector belongs to the span.
    #[must_use]
    pub fn contains(&self, mut vector: Vec<F>) -> bool {
        self.reduce(&mut vector);
        is_zero(&vector[..self.width])
    }

    /// Adds a vector. Returns what was left of it: `None` if it told something new.
    ///
    /// # Panics
    /// When the vector is shorter than the space is wide.
    pub fn insert(&mut self, mut vector: Vec<F>) -> Option<Vec<F>> {
        assert!(vector.len() >= self.width);
        self.reduce(&mut vector);
        let Some(pivot) = vector[..self.width].iter().position(|&x| x != F::ZERO) else {
            return Some(vector);
        };
        let inverse = vector[pivot].inverse();
        for entry in &mut vector[pivot..] {
            *entry = *entry * inverse;
        }
        self.basis.push((pivot, vector));
        None
    }
}

/// Subtracts `factor` times `row` from `vector`, both zero or settled before `from`.
fn subtract<F: Scalar>(vector: &mut [F], row: &[F], factor: F, from: usize) {
    for (entry, &other) in vector[from..].iter_mut().zip(&row[from..]) {
        *entry = *entry - factor * other;
    }
}

/// Whether all entries are zero.
pub fn is_zero<F: Scalar>(vector: &[F]) -> bool {
    vector.iter().all(|&x| x == F::ZERO)
}

/// The rank of a matrix, given by its rows.
#[must_use]
pub fn rank<F: Scalar>(rows: &[Vec<F>]) -> usize {
    let width = rows.first().map_or(0, Vec::len);
    Span::of(width, rows.iter().cloned()).rank()
}

/// A basis of all `v` with `v M = 0`: the relations among the rows of `M`.
#[must_use]
pub fn left_kernel<F: Scalar>(rows: &[Vec<F>]) -> Vec<Vec<F>> {
    let width = rows.first().map_or(0, Vec::len);
    let mut span = Span::new(width);
    let relation = |(i, row): (usize, &Vec<F>)| {
        let mut row = row.clone();
        row.resize(width + rows.len(), F::ZERO);
        row[width + i] = F::ONE;
        let rest = span.insert(row)?;
        Some(rest[width..].to_vec())
    };
    rows.iter().enumerate().filter_map(relation).collect()
}

/// The columns of a matrix as rows.
#[must_use]
pub fn transpose<F: Copy>(rows: &[Vec<F>]) -> Vec<Vec<F>> {
    let width = rows.first().map_or(0, Vec::len);
    (0..width)
        .map(|i| rows.iter().map(|row| row[i]).collect())
        .collect()
}

/// The sum of the products of entries.
pub fn dot<F: Scalar>(left: &[F], right: &[F]) -> F {
    let products = left.iter().zip(right).map(|(&a, &b)| a * b);
    products.fold(F::ZERO, |sum, product| sum + product)
}

/// One `v` with `v M = target`, for `M` given by its rows; `None` when the target is outside their span.
#[must_use]
pub fn combination<F: Scalar>(rows: &[Vec<F>], target: &[F]) -> Option<Vec<F>> {
    let width = target.len();
    let mut span = Span::new(width);
    for (i, row) in rows.iter().enumerate() {
        let mut row = row.clone();
        row.resize(width + rows.len(), F::ZERO);
        row[width + i] = F::ONE;
        span.insert(row);
    }
    let mut rest = target.to_vec();
    rest.resize(width + rows.len(), F::ZERO);
    span.reduce(&mut rest);
    let found = is_zero(&rest[..width]);
    found.then(|| rest[width..].iter().map(|&x| F::ZERO - x).collect())
}
