//! Named proof options with a provable level of security for each trace length.
//!
//! A preset is a [`PresetName`] (how much prover time to spend on a small proof) and a
//! [`SecurityLevel`]. Prover and verifier look the options up here by the length of the trace: both
//! then agree on every parameter, and nothing is estimated while a proof is made or checked.
//!
//! # Where the numbers come from
//! For each preset and length, the number of queries is the least for which winterfell's own
//! estimator (`Proof::proven_security`, the better of its list-decoding and unique-decoding
//! figures, [eprint 2024/1553](https://eprint.iacr.org/2024/1553)) gives the level, and
//! [`soundness::opening_bits`], which counts what the estimator leaves out, gives it too; folding factor
//! and remainder are those that make the expected proof smallest. All presets use the cubic
//! extension of the Goldilocks field, 256-bit digests, and independent batching coefficients. The
//! tests compute the whole table again.
//!
//! | name | blowup | proof of 1,024 operations (2^18 rows) at 128 bits |
//! |---|---|---|
//! | `fast` | 2 | about 915 KiB |
//! | `balanced` | 4 | about 500 KiB |
//! | `compact` | 8 | about 350 KiB |
//! | `smallest` | 16 | about 281 KiB |
//!
//! Proofs that hide the witness have presets of their own: [`HidingPreset`].

use core::{fmt, str::FromStr};

use thiserror::Error;
use winter_air::{BatchingMethod, FieldExtension, ProofOptions};

mod hiding;
mod hiding_table;
pub mod soundness;
mod table;
pub use hiding::{HidingPreset, HidingPresetName};
use table::Table;

/// Base-2 logarithm of the shortest trace with presets: one operation.
pub const MIN_LOG2_LENGTH: u32 = 8;

/// Base-2 logarithm of the longest trace with presets: 2^13 operations.
///
/// `smallest` ends at 2^19 rows: beyond, at 128 bits, winterfell's list-decoding bound no longer
/// reaches the level at blowup 16, and the proofs would be larger than those of `compact`.
pub const MAX_LOG2_LENGTH: u32 = 21;

/// How much the prover works for a small proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PresetName {
    /// Blowup 2: least work, largest proof.
    Fast,
    /// Blowup 4.
    Balanced,
    /// Blowup 8.
    Compact,
    /// Blowup 16: the smallest proof, and twice the memory of `Compact`.
    Smallest,
}

impl PresetName {
    /// All names, from the fastest to the smallest.
    pub const ALL: [Self; 4] = [Self::Fast, Self::Balanced, Self::Compact, Self::Smallest];

    /// The name in lower case, as [`FromStr`] reads it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Balanced => "balanced",
            Self::Compact => "compact",
            Self::Smallest => "smallest",
        }
    }

    /// The size of the LDE domain over the size of the trace.
    #[must_use]
    pub const fn blowup_factor(self) -> usize {
        match self {
            Self::Fast => 2,
            Self::Balanced => 4,
            Self::Compact => 8,
            Self::Smallest => 16,
        }
    }
}

impl fmt::Display for PresetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for PresetName {
    type Err = UnknownPreset;

    fn from_str(name: &str) -> Result<Self, UnknownPreset> {
        Self::ALL
            .into_iter()
            .find(|preset| preset.as_str() == name)
            .ok_or(UnknownPreset::Name)
    }
}

/// Bits of security that winterfell's estimator proves for a preset, at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SecurityLevel {
    /// 100 provable bits.
    Bits100,
    /// 128 provable bits, the default.
    Bits128,
}

impl SecurityLevel {
    /// Both levels, from the lower.
    pub const ALL: [Self; 2] = [Self::Bits100, Self::Bits128];

    /// The number of bits.
    #[must_use]
    pub const fn bits(self) -> u32 {
        match self {
            Self::Bits100 => 100,
            Self::Bits128 => 128,
        }
    }
}

impl fmt::Display for SecurityLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.bits())
    }
}

impl TryFrom<u32> for SecurityLevel {
    type Error = UnknownPreset;

    fn try_from(bits: u32) -> Result<Self, UnknownPreset> {
        Self::ALL
            .into_iter()
            .find(|level| level.bits() == bits)
            .ok_or(UnknownPreset::Level)
    }
}

impl FromStr for SecurityLevel {
    type Err = UnknownPreset;

    fn from_str(bits: &str) -> Result<Self, UnknownPreset> {
        bits.parse::<u32>()
            .map_err(|_| UnknownPreset::Level)?
            .try_into()
    }
}

/// A name or a level that no preset has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum UnknownPreset {
    /// Not one of the names.
    #[error("the presets are fast, balanced, compact and smallest")]
    Name,
    /// Not one of the names of presets for hiding proofs.
    #[error("the presets for hiding proofs are fast, balanced, compact, smallest and tiny")]
    HidingName,
    /// Not one of the levels.
    #[error("the security levels are 100 and 128 bits")]
    Level,
}

/// Named proof options for every trace length from 2^8 to 2^21 (2^19 for `smallest`).
///
/// ```
/// use winterlane_air::presets::{Preset, PresetName, SecurityLevel};
///
/// let preset = Preset::new(PresetName::Balanced, SecurityLevel::Bits128);
/// let parameters = preset.parameters(1 << 18).expect("2^18 rows are in the table");
/// assert_eq!(parameters.bits, 128);
/// let options = preset.options(1 << 18).expect("2^18 rows are in the table");
/// assert_eq!(options.blowup_factor(), 4);
/// assert_eq!(options.num_queries(), usize::from(parameters.queries));
/// assert_eq!(preset.to_string(), "balanced-128");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Preset {
    /// How much the prover works for a small proof.
    pub name: PresetName,
    /// Provable bits, at least.
    pub level: SecurityLevel,
}

/// The numbers of a preset that depend on the trace length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameters {
    /// FRI queries.
    pub queries: u8,
    /// Bits of proof of work before the queries are drawn.
    pub grinding: u8,
    /// How many evaluations FRI folds into one.
    pub folding: u8,
    /// Largest degree of the FRI remainder polynomial.
    pub remainder_max_degree: u8,
    /// Provable bits by winterfell's estimator.
    pub bits: u32,
}

impl Parameters {
    /// The numbers of a row of a table.
    const fn of_row([queries, grinding, folding, remainder_max_degree, bits]: [u8; 5]) -> Self {
        Self {
            queries,
            grinding,
            folding,
            remainder_max_degree,
            bits: bits as u32,
        }
    }

    /// The proof options with these parameters and this blowup factor.
    fn options(self, blowup_factor: usize) -> ProofOptions {
        ProofOptions::new(
            self.queries.into(),
            blowup_factor,
            self.grinding.into(),
            FieldExtension::Cubic,
            self.folding.into(),
            self.remainder_max_degree.into(),
            BatchingMethod::Linear,
            BatchingMethod::Linear,
        )
    }
}

impl Preset {
    /// All presets, by name and then by level.
    pub const ALL: [Self; 8] = [
        Self::new(PresetName::Fast, SecurityLevel::Bits100),
        Self::new(PresetName::Fast, SecurityLevel::Bits128),
        Self::new(PresetName::Balanced, SecurityLevel::Bits100),
        Self::new(PresetName::Balanced, SecurityLevel::Bits128),
        Self::new(PresetName::Compact, SecurityLevel::Bits100),
        Self::new(PresetName::Compact, SecurityLevel::Bits128),
        Self::new(PresetName::Smallest, SecurityLevel::Bits100),
        Self::new(PresetName::Smallest, SecurityLevel::Bits128),
    ];

    /// The preset with this name and level.
    #[must_use]
    pub const fn new(name: PresetName, level: SecurityLevel) -> Self {
        Self { name, level }
    }

    /// The parameters for a trace of `trace_length` rows, or `None` when that is not a power of
    /// two from 2^8 to 2^21 (2^19 for `smallest`).
    #[must_use]
    pub fn parameters(self, trace_length: usize) -> Option<Parameters> {
        if !trace_length.is_power_of_two() {
            return None;
        }
        let row = trace_length.ilog2().checked_sub(MIN_LOG2_LENGTH)?;
        self.table()
            .get(row as usize)
            .copied()
            .map(Parameters::of_row)
    }

    /// The proof options for a trace of `trace_length` rows, or `None` when that is not a power of
    /// two from 2^8 to 2^21 (2^19 for `smallest`).
    #[must_use]
    pub fn options(self, trace_length: usize) -> Option<ProofOptions> {
        let parameters = self.parameters(trace_length)?;
        Some(parameters.options(self.name.blowup_factor()))
    }

    const fn table(self) -> Table {
        use {PresetName as N, SecurityLevel as L};
        match (self.name, self.level) {
            (N::Fast, L::Bits100) => table::FAST_100,
            (N::Fast, L::Bits128) => table::FAST_128,
            (N::Balanced, L::Bits100) => table::BALANCED_100,
            (N::Balanced, L::Bits128) => table::BALANCED_128,
            (N::Compact, L::Bits100) => table::COMPACT_100,
            (N::Compact, L::Bits128) => table::COMPACT_128,
            (N::Smallest, L::Bits100) => table::SMALLEST_100,
            (N::Smallest, L::Bits128) => table::SMALLEST_128,
        }
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.name, self.level)
    }
}

#[cfg(test)]
mod tests;
