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

mod family;
mod hiding;
mod hiding_table;
pub mod soundness;
mod table;
use family::{Lengths, preset_names};
pub use family::{PresetNames, PresetOf};
pub use hiding::{HidingPreset, HidingPresetName};

/// Base-2 logarithm of the shortest trace with presets: one operation.
pub const MIN_LOG2_LENGTH: u32 = 8;

/// Base-2 logarithm of the longest trace with presets: 2^13 operations.
///
/// `smallest` ends at 2^19 rows: beyond, at 128 bits, winterfell's list-decoding bound no longer
/// reaches the level at blowup 16, and the proofs would be larger than those of `compact`.
pub const MAX_LOG2_LENGTH: u32 = 21;

preset_names! {
    /// How much the prover works for a small proof.
    PresetName, or UnknownPreset::Name;
    /// Blowup 2: least work, largest proof.
    Fast = "fast", 2, [FAST_100, FAST_128];
    /// Blowup 4.
    Balanced = "balanced", 4, [BALANCED_100, BALANCED_128];
    /// Blowup 8.
    Compact = "compact", 8, [COMPACT_100, COMPACT_128];
    /// Blowup 16: the smallest proof, and twice the memory of `Compact`.
    Smallest = "smallest", 16, [SMALLEST_100, SMALLEST_128];
}

/// Bits of security that winterfell's estimator proves for a preset, at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
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
#[non_exhaustive]
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
pub type Preset = PresetOf<PresetName>;

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

#[cfg(test)]
mod tests;
