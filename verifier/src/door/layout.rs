//! The body of a proof, cut into its parts.
//!
//! Every length that trusted data fixes is compared here. What remains open is how many Merkle
//! nodes an opening has and how many evaluations a FRI layer opens, for both follow from the query
//! positions: `opening.rs` compares those once the transcript has given the positions.

use alloc::vec::Vec;

use winter_air::{Air, ProofOptions};
use winter_crypto::Hasher;

use super::{
    cursor::{Cursor, Span},
    digest,
};
use crate::{Reason, Section, VerifyError, shape::MAX_NUM_QUERIES};

/// Bytes of a Goldilocks element.
pub(crate) const ELEMENT_BYTES: usize = 8;

/// The numbers that fix the layout of a proof, from the policy and the AIR alone.
#[derive(Debug, Clone)]
pub(crate) struct Dimensions {
    pub(crate) num_segments: usize,
    pub(crate) main_width: usize,
    pub(crate) aux_width: usize,
    pub(crate) num_quotients: usize,
    pub(crate) extension_degree: usize,
    pub(crate) digest_bytes: usize,
    pub(crate) lde_size: usize,
    pub(crate) num_queries: usize,
    pub(crate) folding_factor: usize,
    pub(crate) num_fri_layers: usize,
    pub(crate) remainder_len: usize,
}

impl Dimensions {
    /// The dimensions of a proof for `air`, whose digests are those of `H`.
    pub(crate) fn of<A: Air, H: Hasher>(air: &A) -> Self {
        let options: &ProofOptions = air.options();
        let fri = options.to_fri_options();
        let lde_size = air.lde_domain_size();
        let num_fri_layers = fri.num_fri_layers(lde_size);
        // The policy checked that the trace length folds evenly.
        let mut remainder_len = air.trace_length();
        for _ in 0..num_fri_layers {
            remainder_len = remainder_len.checked_div(fri.folding_factor()).unwrap_or(0);
        }
        Self {
            num_segments: air.trace_info().num_segments(),
            main_width: air.trace_info().main_trace_width(),
            aux_width: air.trace_info().aux_segment_width(),
            num_quotients: air.context().num_constraint_composition_columns(),
            extension_degree: options.field_extension().degree() as usize,
            digest_bytes: digest::size::<H>(),
            lde_size,
            num_queries: options.num_queries(),
            folding_factor: fri.folding_factor(),
            num_fri_layers,
            remainder_len,
        }
    }

    /// Bytes of an element of the extension field.
    pub(crate) fn extended_bytes(&self) -> usize {
        self.extension_degree.saturating_mul(ELEMENT_BYTES)
    }
}

/// Opened values and the proof that they belong to a commitment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Opened<'a> {
    pub(crate) values: Span<'a>,
    pub(crate) opening: Span<'a>,
}

/// The parts of a proof's body.
#[derive(Debug)]
pub(crate) struct Layout<'a> {
    pub(crate) num_queries: usize,
    /// Digests of the trace segments, the constraint composition columns, the FRI layers and the
    /// FRI remainder, one after the other.
    pub(crate) commitments: Span<'a>,
    pub(crate) main_queries: Opened<'a>,
    pub(crate) aux_queries: Option<Opened<'a>>,
    pub(crate) constraint_queries: Opened<'a>,
    /// Two rows of the trace, current then next.
    pub(crate) ood_trace: Span<'a>,
    /// Two rows of constraint composition columns, current then next.
    pub(crate) ood_quotients: Span<'a>,
    pub(crate) fri_layers: Vec<Opened<'a>>,
    pub(crate) remainder: Span<'a>,
    pub(crate) nonce: u64,
}

impl<'a> Layout<'a> {
    /// Cuts the rest of a proof, from the number of queries to its last byte.
    pub(crate) fn read(cursor: &mut Cursor<'a>, dims: &Dimensions) -> Result<Self, VerifyError> {
        cursor.enter(Section::NumQueries);
        let offset = cursor.offset();
        let num_queries = cursor.u8()?;
        let max = dims.num_queries.min(MAX_NUM_QUERIES);
        if num_queries == 0 || usize::from(num_queries) > max {
            let reason = Reason::Range {
                what: "number of queries",
                min: 1,
                max: max as u64,
                found: num_queries.into(),
            };
            return Err(cursor.refuse_at(offset, reason));
        }
        let num_queries = usize::from(num_queries);

        cursor.enter(Section::Commitments);
        // one per trace segment, one for the constraints, one per FRI layer, one for the remainder
        let num_digests = dims
            .num_segments
            .saturating_add(dims.num_fri_layers)
            .saturating_add(2);
        let len = num_digests.saturating_mul(dims.digest_bytes);
        cursor.expect_u16("bytes of commitments", len)?;
        let commitments = cursor.take(len)?;

        cursor.enter(Section::TraceQueries(0));
        let row = dims.main_width.saturating_mul(ELEMENT_BYTES);
        let main_queries = read_queries(cursor, num_queries.saturating_mul(row))?;
        let aux_queries = if dims.aux_width == 0 {
            None
        } else {
            cursor.enter(Section::TraceQueries(1));
            let row = dims.aux_width.saturating_mul(dims.extended_bytes());
            Some(read_queries(cursor, num_queries.saturating_mul(row))?)
        };
        cursor.enter(Section::ConstraintQueries);
        let row = dims.num_quotients.saturating_mul(dims.extended_bytes());
        let constraint_queries = read_queries(cursor, num_queries.saturating_mul(row))?;

        cursor.enter(Section::OodFrame);
        let width = dims.main_width.saturating_add(dims.aux_width);
        let ood_trace = read_frame(cursor, width.saturating_mul(dims.extended_bytes()))?;
        let ood_quotients = read_frame(cursor, row)?;

        cursor.enter(Section::FriLayer(0));
        cursor.expect_u8("number of FRI layers", dims.num_fri_layers)?;
        let mut fri_layers = Vec::with_capacity(dims.num_fri_layers);
        for i in 0..dims.num_fri_layers {
            cursor.enter(Section::FriLayer(i));
            let values = cursor.u32_bytes("bytes of values")?;
            values.check_elements()?;
            let opening = cursor.u32_bytes("bytes of an opening")?;
            fri_layers.push(Opened { values, opening });
        }

        cursor.enter(Section::FriRemainder);
        let len = dims.remainder_len.saturating_mul(dims.extended_bytes());
        cursor.expect_u16("bytes of the remainder", len)?;
        let remainder = cursor.take(len)?;
        remainder.check_elements()?;
        // the base-2 logarithm of the number of partitions of the FRI prover
        cursor.expect_u8("log2 of the number of FRI partitions", 0)?;

        cursor.enter(Section::Nonce);
        let nonce = cursor.u64()?;
        cursor.enter(Section::End);
        cursor.finish()?;

        Ok(Self {
            num_queries,
            commitments,
            main_queries,
            aux_queries,
            constraint_queries,
            ood_trace,
            ood_quotients,
            fri_layers,
            remainder,
            nonce,
        })
    }
}

fn read_queries<'a>(cursor: &mut Cursor<'a>, len: usize) -> Result<Opened<'a>, VerifyError> {
    cursor.expect_varint("bytes of values", len)?;
    let values = cursor.take(len)?;
    values.check_elements()?;
    let opening = cursor.varint_bytes("bytes of an opening")?;
    Ok(Opened { values, opening })
}

/// Two rows of `row` bytes behind their length and the number 2.
fn read_frame<'a>(cursor: &mut Cursor<'a>, row: usize) -> Result<Span<'a>, VerifyError> {
    let len = row.saturating_mul(2);
    cursor.expect_u16("bytes of a frame", len.saturating_add(1))?;
    cursor.expect_u8("rows of a frame", 2)?;
    let rows = cursor.take(len)?;
    rows.check_elements()?;
    Ok(rows)
}
