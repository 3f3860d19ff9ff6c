//! What can be wrong with a proof, as values.

use core::fmt;

use thiserror::Error;
use winterlane_air::{batch::InputsError, presets::Preset};

use crate::{FoundOptions, PolicyError};

/// Why a proof was not accepted.
///
/// | what is wrong | variants |
/// |---|---|
/// | the proof: of another statement, or changed | [`VerifyError::Refused`], [`VerifyError::Mismatch`] |
/// | the proof's options: fewer bits than asked for, or others | [`VerifyError::TooFewBits`], [`VerifyError::PresetNotAccepted`], [`VerifyError::OptionsNotAccepted`] |
/// | the proof's size | [`VerifyError::TooLarge`] |
/// | what the caller brought | [`VerifyError::Inputs`], [`VerifyError::NoPreset`], [`VerifyError::Policy`], [`VerifyError::AirMismatch`], [`VerifyError::AirOptions`], [`VerifyError::AirMetadata`], [`VerifyError::AirPeriod`] |
/// | chance, with an honest proof | [`VerifyError::OutOfDomainPoint`], [`VerifyError::RandomCoin`] |
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The proof is longer than the policy's cap. Nothing of it was read.
    #[error("the proof has {found} bytes and the policy's cap is {limit}")]
    TooLarge {
        /// The policy's cap, in bytes.
        limit: usize,
        /// The proof's length, in bytes.
        found: usize,
    },
    /// No batch has these public inputs.
    #[error("public inputs: {0}")]
    Inputs(#[from] InputsError),
    /// None of the accepted presets has options for a batch of this length.
    #[error("no accepted preset has options for a batch of this length")]
    NoPreset,
    /// The policy cannot be applied to this statement.
    #[error("policy: {0}")]
    Policy(#[from] PolicyError),
    /// The bytes are not the one encoding of a proof of the expected shape.
    #[error(
        "the proof is not of these public inputs, or was changed: byte {offset}, {section}: {reason}"
    )]
    Refused {
        /// The part of the proof being read.
        section: Section,
        /// The offset of the refused item from the start of the proof.
        offset: usize,
        /// What is wrong with it.
        #[source]
        reason: Reason,
    },
    /// The proof has the shape of one for this statement, and does not show it.
    ///
    /// Which check notices says little about what happened. The public inputs and nearly every byte
    /// of a proof go into the transcript, the hash from which all challenges are drawn. With any of
    /// them changed, the first check after the transcript fails, which is that of the nonce.
    #[error("the proof is not of these public inputs, or was changed: {0}")]
    Mismatch(#[from] Mismatch),
    /// The options of the proof are those of a preset with fewer provable bits than the policy asks
    /// for.
    #[error(
        "the proof has {bits} provable bits ({preset}) and the policy asks for {required}: ask for \
         a proof with more, or accept {bits} bits"
    )]
    TooFewBits {
        /// The preset whose options the proof has.
        preset: Preset,
        /// Its provable bits at this length.
        bits: u32,
        /// The least number of bits that the policy accepts.
        required: u32,
    },
    /// The options of the proof are those of a preset that the policy does not accept, though it has
    /// bits enough.
    #[error(
        "the proof was made with the preset {preset} ({bits} bits), which the policy does not accept"
    )]
    PresetNotAccepted {
        /// The preset whose options the proof has.
        preset: Preset,
        /// Its provable bits at this length.
        bits: u32,
    },
    /// The options of the proof are of no preset, and the policy does not accept them.
    #[error("the policy does not accept the options of the proof at 2^{log2_length} rows: {found}")]
    OptionsNotAccepted {
        /// The options as the proof spells them.
        found: FoundOptions,
        /// Base-2 logarithm of the trace length in the proof.
        log2_length: u32,
    },
    /// A periodic column of the AIR does not repeat within the trace, or its period is no power of two.
    #[error(
        "the AIR has a periodic column of period {period}, and the trace {rows} rows: a period is a power of two from 2 to the number of rows"
    )]
    AirPeriod {
        /// Values of the column.
        period: usize,
        /// Rows of the trace.
        rows: usize,
    },

    /// The AIR, instantiated for the length the proof claims, does not have the shape that the
    /// policy declares. This is a mistake of the caller, not of the proof.
    #[error("the AIR has {actual} {what} and the policy declares {declared}")]
    AirMismatch {
        /// The quantity that differs.
        what: &'static str,
        /// What the policy's [`TraceShape`](crate::TraceShape) says.
        declared: usize,
        /// What the AIR says.
        actual: usize,
    },
    /// The AIR, given options that the policy accepts, has others. This is a mistake of the caller.
    #[error("the AIR does not keep the options that it was given")]
    AirOptions,
    /// The AIR, given the policy's metadata, has other. This is a mistake of the caller.
    #[error("the AIR does not keep the trace metadata that it was given")]
    AirMetadata,
    /// The public coin could not draw a challenge (of cryptographically small probability for
    /// the hash functions of `winter-crypto`).
    #[error("the public coin could not draw a challenge")]
    RandomCoin,
    /// Winterfell 0.13.1 cannot compute powers of this out-of-domain point: an addition in its cubic
    /// extension would be wrong. About one honest proof in 2^28 meets such a point; any change to
    /// the statement or the options gives another one.
    #[error("winterfell's arithmetic is not exact at this out-of-domain point")]
    OutOfDomainPoint,
}

/// The check that a proof of the right shape did not pass, in the order in which they are made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Mismatch {
    /// The FRI remainder is not the polynomial whose hash the transcript committed to.
    ///
    /// Winterfell 0.13.1 does not make this comparison; without it a remainder can be chosen
    /// after the query positions are known. `SECURITY.md` says what follows from that.
    #[error("the FRI remainder is not the one that was committed to")]
    RemainderNotCommitted,
    /// The nonce does not carry the proof of work that the options ask for. The work is bound to the
    /// transcript: with other public inputs, or another byte before it, it is lost.
    #[error("the nonce shows {found} bits of work and the options ask for {required}")]
    ProofOfWork {
        /// The grinding factor of the options.
        required: u32,
        /// What the nonce has.
        found: u32,
    },
    /// At the out-of-domain point the constraints, composed, are not the quotient: the trace behind
    /// the proof does not satisfy them.
    #[error("the constraints do not equal the quotient at the out-of-domain point")]
    OutOfDomain,
    /// The number of distinct query positions is not the one in the proof.
    #[error("the transcript gives {expected} distinct query positions and the proof has {found}")]
    NumPositions {
        /// What the transcript gives.
        expected: usize,
        /// What the proof has.
        found: usize,
    },
    /// The opened rows of a part of the proof are not those whose commitment is in the transcript.
    #[error("{0}: the rows are not those that were committed to")]
    NotCommitted(Section),
    /// The values in a FRI layer are not those that the step before it gives: for the first layer the
    /// DEEP values, computed from the opened rows, and for the others the folds of the layer before.
    #[error("FRI layer {0} does not hold the values of the step before it")]
    FriLayer(usize),
    /// The remainder does not have the values that the last layer folds into.
    #[error("the FRI remainder does not have the values of the last fold")]
    FriRemainder,
}

/// The part of a proof in which the door stopped, in the order of the encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Section {
    /// Widths, length and metadata of the trace.
    TraceInfo,
    /// The modulus of the base field.
    FieldModulus,
    /// The protocol's options.
    Options,
    /// The number of constraints.
    NumConstraints,
    /// The number of distinct query positions.
    NumQueries,
    /// The commitments to trace segments, constraint composition and FRI layers.
    Commitments,
    /// The opened rows of a trace segment (0 main, 1 auxiliary) and their opening.
    TraceQueries(usize),
    /// The opened rows of the constraint composition columns and their opening.
    ConstraintQueries,
    /// The out-of-domain evaluations.
    OodFrame,
    /// The opened evaluations of a FRI layer and their opening.
    FriLayer(usize),
    /// The FRI remainder polynomial and what follows it.
    FriRemainder,
    /// The proof-of-work nonce.
    Nonce,
    /// The end of the proof.
    End,
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TraceInfo => f.write_str("trace info"),
            Self::FieldModulus => f.write_str("field modulus"),
            Self::Options => f.write_str("options"),
            Self::NumConstraints => f.write_str("number of constraints"),
            Self::NumQueries => f.write_str("number of queries"),
            Self::Commitments => f.write_str("commitments"),
            Self::TraceQueries(i) => write!(f, "queries of trace segment {i}"),
            Self::ConstraintQueries => f.write_str("constraint queries"),
            Self::OodFrame => f.write_str("out-of-domain frame"),
            Self::FriLayer(i) => write!(f, "FRI layer {i}"),
            Self::FriRemainder => f.write_str("FRI remainder"),
            Self::Nonce => f.write_str("nonce"),
            Self::End => f.write_str("end of proof"),
        }
    }
}

/// What the door found wrong at one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Reason {
    /// The proof ends inside an item.
    #[error("{needed} bytes are needed and {left} are left")]
    UnexpectedEnd {
        /// Bytes the item takes.
        needed: usize,
        /// Bytes that are left.
        left: usize,
    },
    /// Bytes follow the last item.
    #[error("{0} bytes follow the last item")]
    TrailingBytes(usize),
    /// A count, length or constant that trusted data fixes has another value.
    #[error("{what} must be {expected}, not {found}")]
    Value {
        /// What the value is.
        what: &'static str,
        /// The one value allowed.
        expected: u64,
        /// The value in the proof.
        found: u64,
    },
    /// A value is outside the range the policy allows.
    #[error("{what} must be in {min}..={max}, not {found}")]
    Range {
        /// What the value is.
        what: &'static str,
        /// The least value allowed.
        min: u64,
        /// The greatest value allowed.
        max: u64,
        /// The value in the proof.
        found: u64,
    },
    /// A byte string that trusted data fixes (the field's modulus, the trace's metadata) differs.
    #[error("{what} differs from the expected bytes")]
    Bytes {
        /// What the byte string is.
        what: &'static str,
    },
    /// A variable-length integer is written in more bytes than it needs.
    #[error("the integer is not written in its shortest form")]
    NonMinimalInteger,
    /// Eight bytes stand for a number that is not below the field's modulus.
    #[error("{0} is not a canonical field element")]
    NotAFieldElement(u64),
    /// The bytes of an element of an extension field are not those that the field writes.
    #[error("the extension field element is not in its canonical encoding")]
    NonCanonicalElement,
    /// A digest is not encoded as its hash function encodes it.
    #[error("the digest is not in its canonical encoding")]
    NonCanonicalDigest,
}
