//! Presets for proofs that hide the witness.
//!
//! They differ from [`Preset`](super::Preset) in three things:
//!
//! - **Lengths.** A hiding trace must be long enough for its queries: in place `n >= 3 s + 13` rows for `s`
//!   queries ([`min_rows_in_place`]), in doubling mode `n >= 4 s + 12` ([`min_rows_doubling`]). A preset
//!   begins at the first length that is enough in place. [`Hiding::trace_info`] checks the rest.
//! - **`tiny`**, blowup 64. Fewer queries leave more rows to the statement, so that a short trace gains
//!   twice by a large blowup factor. A preset ends where the name before it gives proofs as small.
//! - **`fast`** is for AIRs of degree 2 alone: a hiding proof needs a blowup factor as large as its number
//!   of quotient columns, which is the degree.
//!
//! The number of queries is the least that gives the level, computed as for the other presets. It does not
//! depend on the AIR.
//!
//! | name | blowup | 256 rows at 128 bits: queries, rows for the statement in place |
//! |---|---|---|
//! | `fast` | 2 | from 1,024 rows on |
//! | `balanced` | 4 | from 512 rows on |
//! | `compact` | 8 | 74, 175 |
//! | `smallest` | 16 | 55, 194 |
//! | `tiny` | 64 | 37, 212 |
//!
//! [`Hiding::trace_info`]: crate::Hiding::trace_info

use core::{fmt, str::FromStr};

use winter_air::ProofOptions;

use super::{
    Parameters, SecurityLevel, UnknownPreset, hiding_table as table, hiding_table::Lengths,
};
use crate::hiding::{HidingError, Mode};

#[cfg(doc)]
use crate::hiding::{min_rows_doubling, min_rows_in_place};

/// How much the prover works for a small hiding proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HidingPresetName {
    /// Blowup 2: least work, largest proof; for AIRs of degree 2.
    Fast,
    /// Blowup 4, for degrees up to 4, as all that follow up to their blowup factor.
    Balanced,
    /// Blowup 8.
    Compact,
    /// Blowup 16.
    Smallest,
    /// Blowup 64, for short traces: the smallest proof and the shortest tail.
    Tiny,
}

impl HidingPresetName {
    /// All names, from the fastest to the smallest.
    pub const ALL: [Self; 5] = [
        Self::Fast,
        Self::Balanced,
        Self::Compact,
        Self::Smallest,
        Self::Tiny,
    ];

    /// The name in lower case, as [`FromStr`] reads it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Balanced => "balanced",
            Self::Compact => "compact",
            Self::Smallest => "smallest",
            Self::Tiny => "tiny",
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
            Self::Tiny => 64,
        }
    }
}

impl fmt::Display for HidingPresetName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for HidingPresetName {
    type Err = UnknownPreset;

    fn from_str(name: &str) -> Result<Self, UnknownPreset> {
        Self::ALL
            .into_iter()
            .find(|preset| preset.as_str() == name)
            .ok_or(UnknownPreset::HidingName)
    }
}

/// Named proof options of hiding proofs, for the lengths at which they hide.
///
/// ```
/// use winterlane_air::hiding::min_tail;
/// use winterlane_air::presets::{HidingPreset, HidingPresetName, SecurityLevel};
///
/// let preset = HidingPreset::new(HidingPresetName::Tiny, SecurityLevel::Bits128);
/// let options = preset.options(256).expect("256 rows are in the table");
/// assert_eq!(options.blowup_factor(), 64);
/// // In place, so many of the 256 rows are left to the statement:
/// assert_eq!(256 - min_tail(options.num_queries()), 212);
/// assert_eq!(preset.in_place_rows(256), Some(212));
/// assert_eq!(preset.to_string(), "tiny-128");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HidingPreset {
    /// How much the prover works for a small proof.
    pub name: HidingPresetName,
    /// Provable bits, at least.
    pub level: SecurityLevel,
}

impl HidingPreset {
    /// All presets, by name and then by level.
    pub const ALL: [Self; 10] = [
        Self::new(HidingPresetName::Fast, SecurityLevel::Bits100),
        Self::new(HidingPresetName::Fast, SecurityLevel::Bits128),
        Self::new(HidingPresetName::Balanced, SecurityLevel::Bits100),
        Self::new(HidingPresetName::Balanced, SecurityLevel::Bits128),
        Self::new(HidingPresetName::Compact, SecurityLevel::Bits100),
        Self::new(HidingPresetName::Compact, SecurityLevel::Bits128),
        Self::new(HidingPresetName::Smallest, SecurityLevel::Bits100),
        Self::new(HidingPresetName::Smallest, SecurityLevel::Bits128),
        Self::new(HidingPresetName::Tiny, SecurityLevel::Bits100),
        Self::new(HidingPresetName::Tiny, SecurityLevel::Bits128),
    ];

    /// The preset with this name and level.
    #[must_use]
    pub const fn new(name: HidingPresetName, level: SecurityLevel) -> Self {
        Self { name, level }
    }

    /// The parameters for a hiding trace of `rows` rows, tail included, or `None` when the preset has none
    /// for this length.
    #[must_use]
    pub fn parameters(self, rows: usize) -> Option<Parameters> {
        if !rows.is_power_of_two() {
            return None;
        }
        let table = self.table();
        let row = rows.ilog2().checked_sub(table.first)?;
        table
            .rows
            .get(row as usize)
            .copied()
            .map(Parameters::of_row)
    }

    /// The proof options for a hiding trace of `rows` rows, tail included, or `None` when the preset has
    /// none for this length.
    #[must_use]
    pub fn options(self, rows: usize) -> Option<ProofOptions> {
        let parameters = self.parameters(rows)?;
        Some(parameters.options(self.name.blowup_factor()))
    }

    /// The proof options of `Hiding<A, M>` for a statement whose own trace has `inner_rows` rows.
    ///
    /// Prover and verifier both call it: the prover for the options of its `winterfell::Prover`, the verifier
    /// for a policy.
    ///
    /// # Errors
    /// [`HidingError::NoPreset`] when the preset has no options for this length.
    pub fn options_of<A, M: Mode<A>>(self, inner_rows: usize) -> Result<ProofOptions, HidingError> {
        let rows = M::hiding_rows(inner_rows);
        self.options(rows).ok_or(HidingError::NoPreset {
            preset: self,
            rows,
            first: self.log2_lengths().0,
            last: self.log2_lengths().1,
        })
    }

    /// Rows that the statement may use in place of a trace of `rows` rows: all but the shortest tail.
    #[must_use]
    pub fn in_place_rows(self, rows: usize) -> Option<usize> {
        let queries = self.parameters(rows)?.queries.into();
        Some(rows - crate::hiding::min_tail(queries))
    }

    /// Base-2 logarithms of the shortest and the longest trace that have options.
    #[must_use]
    pub const fn log2_lengths(self) -> (u32, u32) {
        let table = self.table();
        (table.first, table.first + table.rows.len() as u32 - 1)
    }

    const fn table(self) -> &'static Lengths {
        use {HidingPresetName as N, SecurityLevel as L};
        match (self.name, self.level) {
            (N::Fast, L::Bits100) => &table::FAST_100,
            (N::Fast, L::Bits128) => &table::FAST_128,
            (N::Balanced, L::Bits100) => &table::BALANCED_100,
            (N::Balanced, L::Bits128) => &table::BALANCED_128,
            (N::Compact, L::Bits100) => &table::COMPACT_100,
            (N::Compact, L::Bits128) => &table::COMPACT_128,
            (N::Smallest, L::Bits100) => &table::SMALLEST_100,
            (N::Smallest, L::Bits128) => &table::SMALLEST_128,
            (N::Tiny, L::Bits100) => &table::TINY_100,
            (N::Tiny, L::Bits128) => &table::TINY_128,
        }
    }
}

impl fmt::Display for HidingPreset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.name, self.level)
    }
}

impl FromStr for HidingPreset {
    type Err = UnknownPreset;

    /// Reads what `Display` writes: `tiny-128`.
    fn from_str(text: &str) -> Result<Self, UnknownPreset> {
        let (name, level) = text.split_once('-').ok_or(UnknownPreset::Level)?;
        Ok(Self::new(name.parse()?, level.parse()?))
    }
}
