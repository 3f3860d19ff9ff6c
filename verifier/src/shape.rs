//! The shape that trusted data fixes for a trace.

use alloc::vec::Vec;
use core::ops::RangeInclusive;

use thiserror::Error;
use winter_air::TraceInfo;
use winterlane_air::HidingError;

pub use winterlane_air::limits::{MAX_NUM_QUERIES, MAX_TRACE_WIDTH};

/// Greatest base-2 logarithm of an LDE domain: winterfell wants its size to fit a `u32`.
pub const MAX_LOG2_LDE_LENGTH: u32 = 31;

/// Everything about a trace that a verifier knows before it reads a proof.
///
/// A proof's header repeats these numbers. The door compares them and never uses the header's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceShape {
    main_width: usize,
    aux_width: usize,
    num_aux_rands: usize,
    log2_lengths: (u32, u32),
    num_constraints: usize,
    metadata: Vec<u8>,
}

impl TraceShape {
    /// A trace of one segment without metadata.
    ///
    /// `main_width` columns, a number of rows that is 2 to a power in `log2_lengths`, and an AIR
    /// with `num_constraints` constraints, transition constraints and assertions together (the
    /// header carries that number too).
    ///
    /// # Errors
    /// When winterfell could not verify such a trace: no columns or more than
    /// [`MAX_TRACE_WIDTH`], an empty range of lengths, fewer than 8 rows, no constraints or more
    /// than `u32::MAX`.
    pub fn new(
        main_width: usize,
        num_constraints: usize,
        log2_lengths: RangeInclusive<u32>,
    ) -> Result<Self, PolicyError> {
        if main_width == 0 || main_width > MAX_TRACE_WIDTH {
            return Err(PolicyError::Width {
                main: main_width,
                aux: 0,
            });
        }
        if num_constraints == 0 || u32::try_from(num_constraints).is_err() {
            return Err(PolicyError::NumConstraints(num_constraints));
        }
        let (min, max) = log2_lengths.into_inner();
        if min > max || min < TraceInfo::MIN_TRACE_LENGTH.ilog2() || max > MAX_LOG2_LDE_LENGTH {
            return Err(PolicyError::Lengths { min, max });
        }
        Ok(Self {
            main_width,
            aux_width: 0,
            num_aux_rands: 0,
            log2_lengths: (min, max),
            num_constraints,
            metadata: Vec::new(),
        })
    }

    /// The same trace with an auxiliary segment of `aux_width` columns, built from
    /// `num_aux_rands` random elements.
    ///
    /// # Errors
    /// When winterfell could not verify such a trace: no columns, no random elements or more than
    /// 255, or more than [`MAX_TRACE_WIDTH`] columns in all.
    pub fn with_aux_segment(
        mut self,
        aux_width: usize,
        num_aux_rands: usize,
    ) -> Result<Self, PolicyError> {
        let width = self.main_width.saturating_add(aux_width);
        if aux_width == 0 || width > MAX_TRACE_WIDTH {
            return Err(PolicyError::Width {
                main: self.main_width,
                aux: aux_width,
            });
        }
        if num_aux_rands == 0 || num_aux_rands > TraceInfo::MAX_RAND_SEGMENT_ELEMENTS {
            return Err(PolicyError::NumAuxRands(num_aux_rands));
        }
        self.aux_width = aux_width;
        self.num_aux_rands = num_aux_rands;
        Ok(self)
    }

    /// The same trace with metadata: a proof must carry exactly these bytes.
    ///
    /// # Errors
    /// When there are more than 65,535 bytes.
    pub fn with_metadata(mut self, metadata: Vec<u8>) -> Result<Self, PolicyError> {
        if metadata.len() > TraceInfo::MAX_META_LENGTH {
            return Err(PolicyError::MetadataTooLong(metadata.len()));
        }
        self.metadata = metadata;
        Ok(self)
    }

    /// Columns of the main segment.
    #[must_use]
    pub fn main_width(&self) -> usize {
        self.main_width
    }

    /// Columns of the auxiliary segment, 0 when there is none.
    #[must_use]
    pub fn aux_width(&self) -> usize {
        self.aux_width
    }

    /// Random elements from which the auxiliary segment is built.
    #[must_use]
    pub fn num_aux_rands(&self) -> usize {
        self.num_aux_rands
    }

    /// Base-2 logarithms of the allowed numbers of rows.
    #[must_use]
    pub fn log2_lengths(&self) -> RangeInclusive<u32> {
        self.log2_lengths.0..=self.log2_lengths.1
    }

    /// Transition constraints and assertions together.
    #[must_use]
    pub fn num_constraints(&self) -> usize {
        self.num_constraints
    }

    /// The metadata that a proof must carry.
    #[must_use]
    pub fn metadata(&self) -> &[u8] {
        &self.metadata
    }

    /// Winterfell's description of this trace with 2^`log2_length` rows. Its assertions hold by
    /// construction when `log2_length` is one of [`TraceShape::log2_lengths`].
    pub(crate) fn trace_info(&self, log2_length: u32) -> TraceInfo {
        TraceInfo::new_multi_segment(
            self.main_width,
            self.aux_width,
            self.num_aux_rands,
            1_usize << log2_length,
            self.metadata.clone(),
        )
    }
}

/// A policy that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// No columns, or more than winterfell verifies.
    #[error("a trace of {main} main and {aux} auxiliary columns cannot be verified")]
    Width {
        /// Columns of the main segment.
        main: usize,
        /// Columns of the auxiliary segment.
        aux: usize,
    },
    /// No random elements for an auxiliary segment, or more than 255.
    #[error("an auxiliary segment cannot use {0} random elements")]
    NumAuxRands(usize),
    /// An empty range of lengths, or one outside what winterfell verifies.
    #[error("2^{min} to 2^{max} is not a range of trace lengths")]
    Lengths {
        /// Least base-2 logarithm.
        min: u32,
        /// Greatest base-2 logarithm.
        max: u32,
    },
    /// No constraints, or more than `u32::MAX`.
    #[error("{0} is not a number of constraints")]
    NumConstraints(usize),
    /// Metadata longer than its length field can say.
    #[error("{0} bytes of metadata are too many")]
    MetadataTooLong(usize),
    /// More queries than winterfell verifies, or no fewer than the LDE domain has points.
    #[error("{queries} queries of a domain of {domain} points cannot be verified")]
    NumQueries {
        /// Queries that the options ask for.
        queries: usize,
        /// Points of the LDE domain.
        domain: usize,
    },
    /// The trace length times the blowup factor is too large.
    #[error("an LDE domain of 2^{log2_length} rows times {blowup} is too large")]
    Domain {
        /// Base-2 logarithm of the trace length.
        log2_length: u32,
        /// Blowup factor of the options.
        blowup: usize,
    },
    /// A FRI layer of that trace length is not a multiple of the folding factor.
    #[error("a degree bound of 2^{log2_length} does not fold evenly by {folding}")]
    Folding {
        /// Base-2 logarithm of the trace length.
        log2_length: u32,
        /// Folding factor of the options.
        folding: usize,
    },
    /// Partitions with a hash rate of 256, which a proof cannot spell.
    #[error("a hash rate of 256 does not fit a proof's options")]
    HashRate,
    /// Proofs of a hiding AIR with these options would not hide the witness.
    #[error("hiding: {0}")]
    Hiding(#[from] HidingError),
    /// The options are weaker than the policy's minimum at one of its trace lengths.
    #[error("{bits} provable bits at 2^{log2_length} rows, the policy asks for {required}")]
    TooWeak {
        /// Provable bits of the options.
        bits: u32,
        /// Provable bits that the policy asks for.
        required: u32,
        /// Base-2 logarithm of the trace length.
        log2_length: u32,
    },
}
