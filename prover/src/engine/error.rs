//! Everything that can stop a proof, with the values that matter.

use winter_crypto::RandomCoinError;
use winterlane_air::HidingError;

use super::Phase;
use crate::threads::ThreadsError;

/// Why a proof was not made.
///
/// Where stock winterfell would panic on a trace, an option or an opening, the engine returns one
/// of these. Panics raised inside the caller's own AIR (a degree that does not fit the blowup, say)
/// still unwind: they happen before the engine gets control.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProverError {
    /// A trace segment does not have the shape that the AIR's trace info declares.
    #[error(
        "{segment} segment: expected {expected_columns} columns of {expected_rows} rows, \
         got {columns} of {rows}"
    )]
    TraceShape {
        /// Which segment: main or auxiliary.
        segment: Segment,
        /// Columns declared by the trace info.
        expected_columns: usize,
        /// Rows declared by the trace info.
        expected_rows: usize,
        /// Columns found.
        columns: usize,
        /// Rows found.
        rows: usize,
    },

    /// The trace is wider than winterfell's verifier can read: it refuses (or panics on) a total
    /// width above 254, so no proof of such a trace could ever be checked.
    #[error("a trace of {width} columns cannot be verified: at most {max} can")]
    TraceTooWide {
        /// Columns over all segments.
        width: usize,
        /// The widest trace that winterfell's verifier accepts.
        max: usize,
    },

    /// The trace is longer than the transforms take.
    #[error("a trace of {rows} rows: at most {max} are supported")]
    TraceTooLong {
        /// Rows of the trace.
        rows: usize,
        /// The most rows supported.
        max: usize,
    },

    /// The options ask for at least as many queries as the extended domain has points.
    #[error("{queries} queries need a domain larger than {domain_size} points")]
    TooManyQueries {
        /// Queries asked for.
        queries: usize,
        /// Points of the extended domain.
        domain_size: usize,
    },

    /// More distinct positions were drawn than winterfell's verifier can read (254).
    #[error("{positions} distinct query positions cannot be verified: at most {max} can")]
    TooManyPositions {
        /// Distinct positions drawn.
        positions: usize,
        /// The most that winterfell's verifier accepts.
        max: usize,
    },

    /// Folding overshoots: the last FRI layer would be smaller than the blowup factor, leaving no
    /// remainder polynomial.
    #[error(
        "folding a domain of {domain_size} by {folding_factor} overshoots a remainder of degree \
         {remainder_max_degree} at blowup {blowup}"
    )]
    FriFolding {
        /// Points of the extended domain.
        domain_size: usize,
        /// The folding factor asked for.
        folding_factor: usize,
        /// The largest remainder degree asked for.
        remainder_max_degree: usize,
        /// The blowup factor.
        blowup: usize,
    },

    /// The options ask for challenges from an extension that the engine does not have.
    #[error(
        "challenges from an extension of degree {degree}: the engine has those of degrees 1, 2 and 3"
    )]
    FieldExtension {
        /// The degree of the extension.
        degree: u32,
    },

    /// The public coin could not draw.
    #[error("drawing {what}: {source}")]
    PublicCoin {
        /// What was being drawn.
        what: &'static str,
        /// The coin's own error.
        source: RandomCoinError,
    },

    /// The vector commitment refused to be built or opened.
    #[error("vector commitment in phase {phase}: {reason}")]
    Commitment {
        /// Where it happened.
        phase: Phase,
        /// The commitment's own error, printed: its type is the caller's.
        reason: String,
    },

    /// The option [`with_hashing`](super::EngineOptions::with_hashing) is of another hash function than the
    /// prover's; nothing was computed.
    #[error(
        "the option `with_hashing` hashes for `{given}`, and the prover's hash function is `{expected}`: give \
         one of that, or none"
    )]
    OtherHasher {
        /// The hash function of the option.
        given: &'static str,
        /// The hash function of the prover.
        expected: &'static str,
    },

    /// A [`BulkHasher`](super::hashing::BulkHasher) has other digests than its hash function.
    #[error("the bulk hasher of `{hasher}` gives other digests of {of} than that hash function")]
    BulkDigests {
        /// The hash function.
        hasher: &'static str,
        /// What was hashed: rows, or pairs of digests.
        of: &'static str,
    },

    /// No nonce satisfies the grinding factor.
    #[error("no nonce gives {grinding_factor} trailing zero bits")]
    NonceNotFound {
        /// The grinding factor asked for.
        grinding_factor: u32,
    },

    /// A part of the proof could not be encoded: the vector commitment's opening does not survive
    /// its own serialization.
    #[error("encoding of {part} is not readable")]
    Encoding {
        /// The part of the proof.
        part: &'static str,
    },

    /// The composition polynomial has a higher degree than the AIR declares: the trace does not
    /// satisfy the constraints, or a declared degree is too low.
    #[error(
        "the trace does not satisfy the constraints: composition degree is {degree} or more, declared below {bound}"
    )]
    UnsatisfiedConstraints {
        /// It has this degree, or a higher one.
        degree: usize,
        /// All coefficients from this degree on must be zero.
        bound: usize,
    },

    /// There are no threads to work on.
    #[error(transparent)]
    Threads(#[from] ThreadsError),

    /// The proof would need more memory than allowed, or more address space; nothing was computed. Or
    /// an allocation failed on the way, for which 0 bytes were available.
    #[error("the proof needs {needed} bytes of memory, {available} are available")]
    Memory {
        /// Bytes at the peak, as estimated by [`MemoryEstimate`](super::MemoryEstimate).
        needed: u64,
        /// Bytes allowed or found free.
        available: u64,
    },

    /// A proof of this statement with these options would not hide the witness; nothing was computed.
    #[error(transparent)]
    Hiding(#[from] HidingError),

    /// The verifier refuses every proof with this out-of-domain point, of which winterfell cannot compute the
    /// powers: about one in 2^28. A proof with other randomness has another point. Plain proofs have no
    /// randomness, and do not give this error.
    #[error("winterfell's arithmetic is not exact at this out-of-domain point: prove again")]
    OutOfDomainPoint,

    /// The system gave no randomness for a hiding proof.
    #[error("the system's random number generator: {0}")]
    Randomness(#[source] getrandom::Error),

    /// The observer asked to stop.
    #[error("cancelled before phase {before}")]
    Cancelled {
        /// The phase that did not start.
        before: Phase,
    },
}

/// For programs whose functions give winterfell's error: what winterfell has a name for.
///
/// # Errors
/// All others come back as they were.
impl TryFrom<ProverError> for winter_prover::ProverError {
    type Error = ProverError;

    fn try_from(error: ProverError) -> Result<Self, ProverError> {
        match error {
            ProverError::UnsatisfiedConstraints { degree, bound } => {
                Ok(Self::MismatchedConstraintPolynomialDegree(bound, degree))
            }
            ProverError::FieldExtension { degree } => {
                Ok(Self::UnsupportedFieldExtension(degree as usize))
            }
            other => Err(other),
        }
    }
}

/// A segment of the execution trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Segment {
    /// The columns that the caller's trace holds.
    Main,
    /// The columns built from verifier randomness.
    Auxiliary,
}

impl core::fmt::Display for Segment {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Main => "main",
            Self::Auxiliary => "auxiliary",
        })
    }
}
