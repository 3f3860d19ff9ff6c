//! Opened rows are those that were committed to.
//!
//! A commitment is the root of a tree over the hashes of rows. The proof opens the rows at the query
//! positions, and for each tree one opening says that their hashes are leaves of it.

use alloc::vec::Vec;

use winter_air::PartitionOptions;
use winter_crypto::{ElementHasher, VectorCommitment};
use winter_math::{FieldElement, fields::f64::BaseElement};
use winter_utils::Deserializable;

use super::{
    layout::{Dimensions, Layout, Opened},
    low_degree::fold_positions,
    transcript::{Transcript, elements},
};
use crate::{Mismatch, Section, VerifyError};

/// Checks all openings of a proof against its commitments, in the order of the proof.
///
/// # Errors
/// [`Mismatch::NotCommitted`] with the first part whose rows are not those that were committed to.
pub(super) fn check<E, H, V>(
    layout: &Layout<'_>,
    dims: &Dimensions,
    partitions: PartitionOptions,
    transcript: &Transcript<E, H>,
) -> Result<(), VerifyError>
where
    E: FieldElement<BaseField = BaseElement>,
    H: ElementHasher<BaseField = BaseElement>,
    V: VectorCommitment<H>,
{
    let mut commitments = transcript.commitments.iter().copied();
    let mut next = || commitments.next().unwrap_or_default();
    let positions = transcript.positions.as_slice();

    let main = partitions.partition_size::<BaseElement>(dims.main_width);
    let rows = (dims.main_width, main);
    check_rows::<BaseElement, H, V>(&layout.main_queries, rows, next(), positions)?;
    if let Some(queries) = &layout.aux_queries {
        let rows = (
            dims.aux_width,
            partitions.partition_size::<E>(dims.aux_width),
        );
        check_rows::<E, H, V>(queries, rows, next(), positions)?;
    }
    let width = dims.num_quotients;
    let rows = (width, partitions.partition_size::<E>(width));
    check_rows::<E, H, V>(&layout.constraint_queries, rows, next(), positions)?;

    // Rows of a FRI layer are the values that fold into one. They are not partitioned.
    let rows = (dims.folding_factor, dims.folding_factor);
    let mut positions = positions.to_vec();
    let mut size = dims.lde_size;
    for layer in &layout.fri_layers {
        size = size.checked_div(dims.folding_factor).unwrap_or(0);
        positions = fold_positions(&positions, size);
        check_rows::<E, H, V>(layer, rows, next(), &positions)?;
    }
    Ok(())
}

/// Checks the rows of one tree. A row has `width` elements, of which `partition` are hashed at a time.
fn check_rows<E, H, V>(
    opened: &Opened<'_>,
    (width, partition): (usize, usize),
    commitment: H::Digest,
    positions: &[usize],
) -> Result<(), VerifyError>
where
    E: FieldElement<BaseField = BaseElement>,
    H: ElementHasher<BaseField = BaseElement>,
    V: VectorCommitment<H>,
{
    let refused = |section: Section| VerifyError::from(Mismatch::NotCommitted(section));
    let section = opened.values.section;
    let values = elements::<E>(opened.values, width.saturating_mul(positions.len()))?;
    let hashes: Vec<H::Digest> = values
        .chunks(width.max(1))
        .map(|row| hash_row::<E, H>(row, partition))
        .collect();
    let opening = V::MultiProof::read_from_bytes(opened.opening.bytes);
    let opening = opening.map_err(|_| refused(section))?;
    V::verify_many(commitment, positions, &hashes, &opening).map_err(|_| refused(section))
}

/// The hash of a row, or of the hashes of its partitions.
fn hash_row<E, H>(row: &[E], partition: usize) -> H::Digest
where
    E: FieldElement<BaseField = BaseElement>,
    H: ElementHasher<BaseField = BaseElement>,
{
    if partition == row.len() {
        return H::hash_elements(row);
    }
    let parts: Vec<H::Digest> = row
        .chunks(partition.max(1))
        .map(|part| H::hash_elements(part))
        .collect();
    H::merge_many(&parts)
}
