//! The proof's header, compared with what the policy knows.

use winter_crypto::Hasher;
use winter_math::{StarkField, fields::f64::BaseElement};

use super::cursor::Cursor;
use crate::{
    Reason, Section, VerifyError, options,
    policy::{AirPolicy, Entry},
};

/// The options that a header spells, and nothing else: where to look first. Nothing is checked.
pub(crate) fn claimed_options(proof: &[u8]) -> Option<[u8; options::ENCODED_LEN]> {
    // widths, number of random elements, length of the trace
    let (metadata, rest) = proof.get(4..)?.split_first_chunk()?;
    let rest = rest.get(usize::from(u16::from_le_bytes(*metadata))..)?;
    let (&modulus, rest) = rest.split_first()?;
    rest.get(usize::from(modulus)..)?.first_chunk().copied()
}

/// Reads the header and returns the entry of the policy whose options it carries, which also
/// fixes the trace length. Nothing else of a header can vary.
pub(crate) fn read<'p, H: Hasher>(
    cursor: &mut Cursor<'_>,
    policy: &'p AirPolicy<H>,
) -> Result<&'p Entry, VerifyError> {
    let shape = policy.shape();

    cursor.enter(Section::TraceInfo);
    cursor.expect_u8("main trace width", shape.main_width())?;
    cursor.expect_u8("auxiliary trace width", shape.aux_width())?;
    cursor.expect_u8("number of auxiliary random elements", shape.num_aux_rands())?;
    let offset = cursor.offset();
    let log2_length = u32::from(cursor.u8()?);
    let lengths = shape.log2_lengths();
    if !lengths.contains(&log2_length) {
        let reason = Reason::Range {
            what: "log2 of the trace length",
            min: (*lengths.start()).into(),
            max: (*lengths.end()).into(),
            found: log2_length.into(),
        };
        return Err(cursor.refuse_at(offset, reason));
    }
    cursor.expect_u16("length of the metadata", shape.metadata().len())?;
    let metadata = cursor.take(shape.metadata().len())?;
    if metadata.bytes != shape.metadata() {
        return Err(cursor.refuse_at(metadata.offset, Reason::Bytes { what: "metadata" }));
    }

    cursor.enter(Section::FieldModulus);
    let modulus = BaseElement::get_modulus_le_bytes();
    cursor.expect_u8("length of the modulus", modulus.len())?;
    let found = cursor.take(modulus.len())?;
    if found.bytes != modulus {
        return Err(cursor.refuse_at(
            found.offset,
            Reason::Bytes {
                what: "the modulus",
            },
        ));
    }

    cursor.enter(Section::Options);
    let found = cursor.array::<{ options::ENCODED_LEN }>()?;
    let entry = policy
        .entries()
        .iter()
        .find(|entry| entry.log2_length == log2_length && entry.encoded == found)
        .ok_or_else(|| options::refusal(policy, log2_length, found))?;

    cursor.enter(Section::NumConstraints);
    cursor.expect_varint("number of constraints", shape.num_constraints())?;
    Ok(entry)
}
