//! A trace segment or the quotient columns: extended, committed to, ready to be opened.

use winter_air::PartitionOptions;
use winter_air::proof::Queries;
use winter_math::FieldElement;
use winter_math::fields::{CubeExtension, QuadExtension, f64::BaseElement};
use winter_prover::matrix::ColMatrix;
use winterlane_field_simd::packed_element::{PackedElement, RowPack};
use winterlane_field_simd::vector::MAX_LANES;
use winterlane_field_simd::{Matrix, Vector};

use super::columns::TraceColumns;
use super::domain::Domain;
use super::kernels::Columns;
use super::observer::Phase;
use super::transcript::{CommitmentId, Transcript};
use super::{ProverError, openings, source};

/// Columns extended over the LDE domain, without a commitment yet.
pub(super) struct Extended {
    matrix: Matrix,
    columns: usize,
    /// Of the extension that the columns' elements are of.
    degree: usize,
}

/// Elements of a segment that are interpolated and extended at a time: a group of columns that
/// stays in the last-level cache.
const GROUP_ELEMENTS: usize = 1 << 21;

/// Groups are a multiple of this many columns, so that all vector lanes have one.
const GROUP_COLUMNS: usize = MAX_LANES;

/// Rows at least this wide start a cache line each: a little more memory, and no line is written
/// twice. Narrower rows would grow too much.
const PADDED_WIDTH: usize = 64;

/// The elements that a row of `width` takes up in memory.
pub(super) const fn row_elements(width: usize) -> usize {
    if width < PADDED_WIDTH {
        width
    } else {
        Matrix::padded_stride(width)
    }
}

/// The columns of elements of degree `degree` that are interpolated and extended at a time, at least
/// one.
pub(super) const fn group_columns(rows: usize, degree: usize) -> usize {
    // A single column may be more than a group should be: the quotient is zero then, and zero is a
    // multiple of anything.
    let columns = GROUP_ELEMENTS / (rows * degree);
    let columns = if columns == 0 { 1 } else { columns };
    columns.next_multiple_of(GROUP_COLUMNS)
}

/// The matrix of an extended segment of `width` base columns, to be written to.
fn rows_of(width: usize, domain: &Domain) -> Matrix {
    if row_elements(width) == width {
        Matrix::unspecified(domain.lde_size(), width)
    } else {
        Matrix::padded(domain.lde_size(), width)
    }
}

impl Extended {
    /// Interpolates and extends columns given by their values on the trace domain, some at a time:
    /// coefficients of all of them are never in memory at once.
    pub(super) fn from_values<F>(values: &ColMatrix<F>, domain: &Domain) -> Self
    where
        F: FieldElement<BaseField = BaseElement>,
    {
        let columns: Vec<&[F]> = values.columns().collect();
        let degree = F::EXTENSION_DEGREE;
        let mut matrix = rows_of(columns.len() * degree, domain);
        let group = group_columns(domain.rows(), degree);
        for (i, columns) in columns.chunks(group).enumerate() {
            let columns = Columns::interpolated(columns);
            let first = i * group * degree;
            columns.extend_into(domain.blowup(), domain.offset(), &mut matrix, first);
        }
        Self {
            matrix,
            columns: columns.len(),
            degree,
        }
    }

    /// As [`from_values`](Self::from_values), of `width` columns that `column` writes, given their index,
    /// where they are interpolated: the trace is never in memory at once.
    pub(super) fn made(
        width: usize,
        column: &(dyn Fn(usize, &mut [BaseElement]) + Sync),
        domain: &Domain,
    ) -> Self {
        let mut matrix = rows_of(width, domain);
        let group = group_columns(domain.rows(), 1);
        for first in (0..width).step_by(group) {
            let mut group = Columns::unspecified(group.min(width - first), domain.rows());
            source::fill(group.iter_mut().collect(), first, column);
            group.interpolate(0..group.len(), BaseElement::ONE);
            group.extend_into(domain.blowup(), domain.offset(), &mut matrix, first);
        }
        Self {
            matrix,
            columns: width,
            degree: 1,
        }
    }

    /// As [`from_values`](Self::from_values), in the memory of the values, group by group. The columns are
    /// the coordinates of columns over an extension of degree `degree`.
    pub(super) fn from_columns(trace: TraceColumns, degree: usize, domain: &Domain) -> Self {
        let width = trace.width();
        let mut matrix = rows_of(width, domain);
        let mut first = 0;
        for mut group in trace.into_groups() {
            group.interpolate(0..group.len(), BaseElement::ONE);
            group.extend_into(domain.blowup(), domain.offset(), &mut matrix, first);
            first += group.len();
        }
        Self {
            matrix,
            columns: width / degree,
            degree,
        }
    }

    /// Extends `columns` polynomials over the extension of degree `degree`, given as the coefficients
    /// of their base columns.
    pub(super) fn new(
        coefficients: &Columns,
        columns: usize,
        degree: usize,
        domain: &Domain,
    ) -> Self {
        Self {
            matrix: coefficients.extend(columns * degree, domain.blowup(), domain.offset()),
            columns,
            degree,
        }
    }

    /// Number of columns of elements.
    pub(super) const fn columns(&self) -> usize {
        self.columns
    }

    /// Base elements in an element.
    pub(super) const fn degree(&self) -> usize {
        self.degree
    }

    /// Base elements in a row.
    pub(super) const fn width(&self) -> usize {
        self.columns * self.degree
    }

    /// The rows of one coset.
    pub(super) fn coset(&self, coset: usize, domain: &Domain) -> Coset<'_> {
        let width = self.width();
        Coset {
            elements: &self.matrix.elements()[coset * self.matrix.stride()..],
            width,
            stride: self.matrix.stride() * domain.blowup(),
            rows: domain.rows(),
        }
    }

    /// Commits to the rows; wide ones are hashed in the partitions that the options ask for.
    pub(super) fn commit(
        self,
        transcript: &mut dyn Transcript,
        partitions: PartitionOptions,
        phase: Phase,
    ) -> Result<Segment, ProverError> {
        let part = match self.degree {
            1 => partitions.partition_size::<BaseElement>(self.columns),
            2 => partitions.partition_size::<QuadExtension<BaseElement>>(self.columns),
            _ => partitions.partition_size::<CubeExtension<BaseElement>>(self.columns),
        };
        let part = part * self.degree;
        let commitment = transcript.commit_rows(&self.matrix, self.degree, part, phase)?;
        Ok(Segment {
            extended: self,
            commitment,
        })
    }
}

/// The rows of one coset of an extended matrix.
#[derive(Clone, Copy)]
pub(super) struct Coset<'a> {
    elements: &'a [BaseElement],
    width: usize,
    stride: usize,
    rows: usize,
}

impl<'a> Coset<'a> {
    /// Base elements in a row.
    pub(super) const fn width(&self) -> usize {
        self.width
    }

    /// Number of rows.
    pub(super) const fn rows(&self) -> usize {
        self.rows
    }

    /// Row `t`.
    #[inline(always)]
    pub(super) fn row(&self, t: usize) -> &'a [BaseElement] {
        &self.elements[t * self.stride..][..self.width]
    }
}

/// Elements in a cache line.
const LINE: usize = 8;

/// Reads `V::LANES` rows from row `t` on, going round after the last, into vector `pack` of each
/// column's cell.
#[inline(always)]
pub(super) fn gather<V: Vector, T: RowPack<V>>(
    coset: Coset<'_>,
    t: usize,
    cells: &mut [T],
    pack: usize,
) {
    let mut rows: [&[BaseElement]; MAX_LANES] = [&[]; MAX_LANES];
    for (lane, row) in rows[..V::LANES].iter_mut().enumerate() {
        *row = coset.row((t + lane) % coset.rows());
    }
    // Rows lie apart, and are too short for the CPU to see a stream: it is told of the next ones.
    let mut ahead: [&[BaseElement]; MAX_LANES] = [&[]; MAX_LANES];
    for (lane, row) in ahead[..V::LANES].iter_mut().enumerate() {
        *row = coset.row((t + V::LANES + lane) % coset.rows());
    }
    let mut square = [PackedElement::<V>::ZERO; MAX_LANES];
    let mut from = 0;
    let mut squares = cells.chunks_exact_mut(V::LANES);
    for cells in squares.by_ref() {
        for lane in 0..V::LANES {
            // Of that length, it is known to fill a vector.
            square[lane] = PackedElement::load(&rows[lane][from..from + V::LANES]);
        }
        if from.is_multiple_of(LINE) {
            for row in &ahead[..V::LANES] {
                PackedElement::<V>::prefetch(&row[from..]);
            }
        }
        square = PackedElement::transpose(square);
        for (cell, packed) in cells.iter_mut().zip(square) {
            cell.set_pack(pack, packed);
        }
        from += V::LANES;
    }
    let rest = squares.into_remainder();
    if rest.is_empty() {
        return;
    }
    for lane in 0..V::LANES {
        square[lane] = PackedElement::load(&rows[lane][from..]);
        PackedElement::<V>::prefetch(&ahead[lane][from..]);
    }
    for (cell, packed) in rest.iter_mut().zip(PackedElement::transpose(square)) {
        cell.set_pack(pack, packed);
    }
}

/// An extended segment with the commitment to its rows.
pub(super) struct Segment {
    extended: Extended,
    commitment: CommitmentId,
}

impl Segment {
    /// The extended columns.
    pub(super) const fn extended(&self) -> &Extended {
        &self.extended
    }

    /// Rows and opening at domain indices `positions`.
    pub(super) fn query(
        &self,
        positions: &[usize],
        transcript: &dyn Transcript,
        part: &'static str,
    ) -> Result<Queries, ProverError> {
        let rows = positions.iter().map(|&i| self.extended.matrix.row(i));
        openings::queries(rows, &transcript.open(self.commitment, positions)?, part)
    }
}

#[cfg(test)]
mod tests {
    use winterlane_field_simd::MAX_LOG_SIZE;

    use super::*;

    #[test]
    fn a_group_has_columns_at_every_length() {
        for log_rows in 3..=MAX_LOG_SIZE {
            for degree in 1..=3 {
                let rows = 1 << log_rows;
                let columns = group_columns(rows, degree);
                assert!(
                    columns > 0 && columns.is_multiple_of(GROUP_COLUMNS),
                    "2^{log_rows}"
                );
                // No more than the cache was meant to hold, unless the lanes ask for it.
                let fewer = columns - GROUP_COLUMNS;
                assert!(fewer * rows * degree < GROUP_ELEMENTS, "2^{log_rows}");
            }
        }
    }
}
