//! Opened rows are those that were committed to.
//!
//! A commitment is the root of a tree over the hashes of rows. The proof opens the rows at the query
//! positions, and for each tree one opening says that their hashes are leaves of it.

use alloc::vec::Vec;

use winter_air::PartitionOptions;
use winter_crypto::{ElementHasher, VectorCommitment};
use winter_math::{FieldElement, fields::f64::BaseElement};
use winter_utils::{ByteReader, Deserializable, SliceReader};

use super::{
    cursor::Span,
    layout::{Dimensions, Layout},
    rows::{Opened, Positions, Rows, typed},
    transcript::Transcript,
};
use crate::{Mismatch, VerifyError};

/// Checks all openings of a proof against its commitments, in the order of the proof.
///
/// # Errors
/// [`Mismatch::NotCommitted`] with the first part whose rows are not those that were committed to.
pub(super) fn check<E, H, V>(
    layout: &Layout<'_>,
    dims: &Dimensions,
    partitions: PartitionOptions,
    (rows, positions): (&Rows, &Positions),
    transcript: &Transcript<E, H>,
) -> Result<(), VerifyError>
where
    E: FieldElement<BaseField = BaseElement>,
    H: ElementHasher<BaseField = BaseElement>,
    V: VectorCommitment<H>,
{
    let mut commitments = transcript.commitments.iter().copied();
    let mut next = || commitments.next();
    let domain = &positions.domain;

    let main = partitions.partition_size::<BaseElement>(dims.main_width);
    let leaves = hashes::<BaseElement, H>(&rows.main, (dims.main_width, main));
    check_leaves::<H, V>(&leaves, layout.main_queries.opening, next(), domain)?;
    if let Some(queries) = &layout.aux_queries {
        let width = dims.aux_width;
        let shape = (width, partitions.partition_size::<E>(width));
        let leaves = hashes::<E, H>(&rows.aux, shape);
        check_leaves::<H, V>(&leaves, queries.opening, next(), domain)?;
    }
    let width = dims.num_quotients;
    let shape = (width, partitions.partition_size::<E>(width));
    let leaves = hashes::<E, H>(&rows.quotients, shape);
    check_leaves::<H, V>(&leaves, layout.constraint_queries.opening, next(), domain)?;

    // Rows of a FRI layer are the values that fold into one. They are not partitioned.
    let shape = (dims.folding_factor, dims.folding_factor);
    let layers = layout.fri_layers.iter().zip(&rows.layers);
    for ((layer, rows), opened) in layers.zip(&positions.layers) {
        let leaves = hashes::<E, H>(rows, shape);
        check_leaves::<H, V>(&leaves, layer.opening, next(), opened)?;
    }
    Ok(())
}

/// The hashes of rows of `width` elements, of which `partition` are hashed at a time.
fn hashes<E, H>(rows: &[BaseElement], (width, partition): (usize, usize)) -> Vec<H::Digest>
where
    E: FieldElement<BaseField = BaseElement>,
    H: ElementHasher<BaseField = BaseElement>,
{
    let rows = typed::<E>(rows).chunks(width.max(1));
    rows.map(|row| hash_row::<E, H>(row, partition)).collect()
}

/// Checks that `opening` leads from these leaves of a tree to the commitment.
fn check_leaves<H, V>(
    leaves: &[H::Digest],
    opening: Span<'_>,
    commitment: Option<H::Digest>,
    opened: &Opened,
) -> Result<(), VerifyError>
where
    H: ElementHasher<BaseField = BaseElement>,
    V: VectorCommitment<H>,
{
    let section = opening.section;
    let refused = || VerifyError::from(Mismatch::NotCommitted(section));
    let mut reader = SliceReader::new(opening.bytes);
    let opening = V::MultiProof::read_from(&mut reader).map_err(|_| refused())?;
    // What winterfell asks of an opening, too: all of its bytes, and a tree of this many rows.
    if reader.has_more_bytes() || V::get_multiproof_domain_len(&opening) != opened.size {
        return Err(refused());
    }
    let commitment = commitment.ok_or_else(refused)?;
    V::verify_many(commitment, &opened.positions, leaves, &opening).map_err(|_| refused())
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
