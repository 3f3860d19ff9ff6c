//! The parts of a proof that have no public constructor are written as bytes and read back.

use winter_air::proof::Queries;
use winter_fri::FriProof;
use winter_math::{FieldElement, fields::f64::BaseElement};
use winter_utils::{ByteWriter, Deserializable};

use super::ProverError;

/// The rows of a segment at the query positions, with their opening.
pub(super) fn queries<'a>(
    rows: impl Iterator<Item = &'a [BaseElement]>,
    opening: &[u8],
    part: &'static str,
) -> Result<Queries, ProverError> {
    let mut values = Vec::new();
    for row in rows {
        values.reserve(row.len() * BaseElement::ELEMENT_BYTES);
        values.write_many(row);
    }
    let mut bytes = Vec::with_capacity(values.len() + opening.len() + 18);
    for part in [&values[..], opening] {
        // As a slice of bytes is written, but not byte by byte.
        bytes.write_usize(part.len());
        bytes.write_bytes(part);
    }
    Queries::read_from_bytes(&bytes).map_err(|_| ProverError::Encoding { part })
}

/// One opened FRI layer.
pub(super) struct LayerOpening {
    /// The leaves at the folded positions, as canonical bytes.
    pub(super) values: Vec<u8>,
    /// Their serialized opening.
    pub(super) opening: Vec<u8>,
}

/// The FRI part of the proof, made by one prover (one partition). The remainder is given as its base
/// elements.
pub(super) fn fri_proof(
    layers: &[LayerOpening],
    remainder: &[BaseElement],
) -> Result<FriProof, ProverError> {
    let mut bytes = Vec::new();
    bytes.write_u8(layers.len() as u8);
    for layer in layers {
        bytes.write_u32(layer.values.len() as u32);
        bytes.write_bytes(&layer.values);
        bytes.write_u32(layer.opening.len() as u32);
        bytes.write_bytes(&layer.opening);
    }
    bytes.write_u16((remainder.len() * BaseElement::ELEMENT_BYTES) as u16);
    bytes.write_many(remainder);
    let log_partitions = 0;
    bytes.write_u8(log_partitions);
    FriProof::read_from_bytes(&bytes).map_err(|_| ProverError::Encoding { part: "FRI proof" })
}
