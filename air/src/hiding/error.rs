//! Why parameters do not hide.

use thiserror::Error;

use crate::presets::HidingPreset;

/// Why a proof of a statement with these parameters would not hide the witness, or would not state the
/// same thing.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HidingError {
    /// Challenges from the base field: the argument needs an extension.
    #[error("hiding proofs need a quadratic or cubic field extension in their options")]
    NoExtension,
    /// The trace has too few rows for so many queries.
    #[error(
        "a hiding trace with {queries} queries needs {needed} rows, it has {rows}: use fewer queries or a longer trace"
    )]
    TooShort {
        /// Rows of the hiding trace.
        rows: usize,
        /// Rows that are needed.
        needed: usize,
        /// Queries of the options.
        queries: usize,
    },
    /// The preset has no options for this length.
    #[error(
        "the preset {preset} has no hiding options for {rows} rows: it has them from 2^{first} to 2^{last} rows"
    )]
    NoPreset {
        /// The preset.
        preset: HidingPreset,
        /// Rows of the hiding trace.
        rows: usize,
        /// Base-2 logarithm of the shortest length that has options.
        first: u32,
        /// Base-2 logarithm of the longest length that has options.
        last: u32,
    },
    /// The random tail is shorter than what a proof opens of a column.
    #[error("a random tail of {tail} rows is too short: {needed} are needed")]
    TailTooShort {
        /// Rows of the tail.
        tail: usize,
        /// Rows that are needed.
        needed: usize,
    },
    /// Winterfell exempts half of the rows and one from transition constraints, and no more.
    #[error("a random tail of {tail} rows is too long: at most {max} of {rows} can be")]
    TailTooLong {
        /// Rows of the tail.
        tail: usize,
        /// Longest tail.
        max: usize,
        /// Rows of the hiding trace.
        rows: usize,
    },
    /// The tail would begin within the statement.
    #[error(
        "the statement needs {needed} rows, a tail of {tail} leaves {rows}: use fewer queries or a longer trace"
    )]
    TailInStatement {
        /// Rows that the statement needs.
        needed: usize,
        /// Rows of the tail.
        tail: usize,
        /// Rows before the tail.
        rows: usize,
    },
    /// Assertions leave too few random cells of a column in the tail.
    #[error(
        "assertions leave {free} random cells in the tail of {segment} column {column}, {needed} are needed"
    )]
    FreeCells {
        /// `main` or `auxiliary`.
        segment: &'static str,
        /// The column, in its segment.
        column: usize,
        /// Random cells of the tail.
        free: usize,
        /// Random cells that are needed.
        needed: usize,
    },
    /// An assertion lies outside the rows or columns of the statement.
    #[error(
        "an assertion on {segment} column {column}, row {row}, is outside the statement's {rows} rows of {width} columns"
    )]
    Assertion {
        /// `main` or `auxiliary`.
        segment: &'static str,
        /// The column asserted.
        column: usize,
        /// The first row asserted.
        row: usize,
        /// Rows that hold the statement.
        rows: usize,
        /// Columns of the statement's segment.
        width: usize,
    },
    /// A periodic column with a cycle that is no power of two from 2 to the number of rows.
    #[error("a periodic column has a cycle of {cycle} rows, the statement's trace {rows}")]
    Cycle {
        /// Values of the column, or coefficients of its polynomial.
        cycle: usize,
        /// Rows of the statement's own trace.
        rows: usize,
    },
    /// The AIR exempts other rows than the last one.
    #[error("the AIR exempts {0} rows from its transition constraints: only one can be")]
    Exemptions(usize),
    /// The columns of the veil make the trace wider than winterfell can verify.
    #[error("the trace has {width} columns with those that hide it, at most {max} can be verified")]
    TooWide {
        /// Columns of both segments.
        width: usize,
        /// The most that can be verified.
        max: usize,
    },
    /// The constraints with a random tail need a larger blowup factor.
    #[error(
        "{quotients} quotient columns need a blowup factor of {needed}, the options have {blowup}"
    )]
    Blowup {
        /// Columns of the quotient.
        quotients: usize,
        /// The least blowup factor.
        needed: usize,
        /// The blowup factor of the options.
        blowup: usize,
    },
    /// The AIR has an auxiliary segment that uses no random elements, which winterfell cannot verify.
    #[error("the AIR has an auxiliary segment without random elements")]
    NoRandElements,
    /// No room for three more bytes of metadata.
    #[error("{0} bytes of metadata leave no room for those of the veil")]
    Metadata(usize),
    /// The AIR keeps other options than those it was given.
    #[error("the AIR does not keep the options that it was given")]
    Options,
    /// The shape of the trace is not the one that follows from the AIR.
    #[error("the shape of the trace is not the hiding one of this AIR")]
    Shape,
}
