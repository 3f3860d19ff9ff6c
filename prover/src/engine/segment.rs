//! A trace segment or the quotient columns: extended, committed to, ready to be opened.

use core::marker::PhantomData;

use winter_air::PartitionOptions;
use winter_air::proof::Queries;
use winter_crypto::{ElementHasher, VectorCommitment};
use winter_math::{FieldElement, fields::f64::BaseElement};

use super::channel::DigestOf;
use super::commit::Commitment;
use super::domain::Domain;
use super::observer::Phase;
use super::{ProverError, kernels, openings};

/// Columns of `F` elements extended over the LDE domain, coset by coset, without a commitment yet.
pub(super) struct Extended<F> {
    matrix: Vec<BaseElement>,
    columns: usize,
    _element: PhantomData<fn() -> F>,
}

impl<F: FieldElement<BaseField = BaseElement>> Extended<F> {
    /// Interpolates columns given over the trace domain and extends them.
    pub(super) fn from_columns(columns: &[&[F]], domain: &Domain) -> Self {
        let bases: Vec<_> = columns
            .iter()
            .map(|column| F::slice_as_base_elements(column))
            .collect();
        let width = columns.len() * F::EXTENSION_DEGREE;
        Self::build(columns.len(), domain, |coefficients| {
            kernels::gather_columns(&bases, F::EXTENSION_DEGREE, coefficients);
            kernels::interpolate(coefficients, width);
        })
    }

    /// Extends the polynomials whose coefficients `fill` writes, row `t` holding coefficient `t` of
    /// every column.
    pub(super) fn build(
        columns: usize,
        domain: &Domain,
        fill: impl FnOnce(&mut [BaseElement]),
    ) -> Self {
        let width = columns * F::EXTENSION_DEGREE;
        let mut matrix = vec![BaseElement::ZERO; domain.lde_size() * width];
        let last = (domain.blowup() - 1) * domain.rows() * width;
        fill(&mut matrix[last..]);
        let offsets: Vec<_> = (0..domain.blowup())
            .map(|c| domain.coset_offset(c))
            .collect();
        kernels::extend(&mut matrix, width, domain.rows(), &offsets);
        Self {
            matrix,
            columns,
            _element: PhantomData,
        }
    }

    /// Number of columns of `F` elements.
    pub(super) const fn columns(&self) -> usize {
        self.columns
    }

    /// Base elements in a row.
    pub(super) const fn width(&self) -> usize {
        self.columns * F::EXTENSION_DEGREE
    }

    /// All rows of coset `coset`, as base elements.
    pub(super) fn coset(&self, coset: usize, domain: &Domain) -> &[BaseElement] {
        let block = domain.rows() * self.width();
        &self.matrix[coset * block..(coset + 1) * block]
    }

    fn stored_row(&self, row: usize) -> &[F] {
        let start = row * self.width();
        F::slice_from_base_elements(&self.matrix[start..start + self.width()])
    }

    /// Commits to the rows.
    pub(super) fn commit<H, V>(
        self,
        domain: &Domain,
        partitions: PartitionOptions,
        phase: Phase,
    ) -> Result<Segment<F, H, V>, ProverError>
    where
        H: ElementHasher<BaseField = BaseElement>,
        V: VectorCommitment<H>,
    {
        let commitment =
            Commitment::to_rows::<F>(&self.matrix, self.columns, domain, partitions, phase)?;
        Ok(Segment {
            extended: self,
            commitment,
        })
    }
}

/// An extended segment with the commitment to its rows.
pub(super) struct Segment<F, H, V> {
    extended: Extended<F>,
    commitment: Commitment<H, V>,
}

impl<F, H, V> Segment<F, H, V>
where
    F: FieldElement<BaseField = BaseElement>,
    H: ElementHasher<BaseField = BaseElement>,
    V: VectorCommitment<H>,
{
    /// The extended columns.
    pub(super) const fn extended(&self) -> &Extended<F> {
        &self.extended
    }

    /// The commitment string.
    pub(super) fn root(&self) -> DigestOf<H> {
        self.commitment.root()
    }

    /// Rows and opening at domain indices `positions`.
    pub(super) fn query(
        &self,
        positions: &[usize],
        domain: &Domain,
        part: &'static str,
    ) -> Result<Queries, ProverError> {
        let rows = positions
            .iter()
            .map(|&i| self.extended.stored_row(domain.storage_row(i)));
        openings::queries(rows, &self.commitment.open(positions)?, part)
    }
}
