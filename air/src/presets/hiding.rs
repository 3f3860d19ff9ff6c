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
//! | `compact` | 8 | 76, 173 |
//! | `smallest` | 16 | 55, 194 |
//! | `tiny` | 64 | 37, 212 |
//!
//! [`Hiding::trace_info`]: crate::Hiding::trace_info

use core::{fmt, str::FromStr};

use winter_air::ProofOptions;

use super::{
    SecurityLevel, UnknownPreset,
    family::{Lengths, PresetNames, PresetOf, preset_names},
    hiding_table as table,
};
use crate::hiding::{HidingError, Mode};

#[cfg(doc)]
use crate::hiding::{min_rows_doubling, min_rows_in_place};

preset_names! {
    /// How much the prover works for a small hiding proof.
    HidingPresetName, or UnknownPreset::HidingName;
    /// Blowup 2: least work, largest proof; for AIRs of degree 2.
    Fast = "fast", 2, [FAST_100, FAST_128];
    /// Blowup 4, for degrees up to 4, as all that follow up to their blowup factor.
    Balanced = "balanced", 4, [BALANCED_100, BALANCED_128];
    /// Blowup 8.
    Compact = "compact", 8, [COMPACT_100, COMPACT_128];
    /// Blowup 16.
    Smallest = "smallest", 16, [SMALLEST_100, SMALLEST_128];
    /// Blowup 64, for short traces: the smallest proof and the shortest tail.
    Tiny = "tiny", 64, [TINY_100, TINY_128];
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
pub type HidingPreset = PresetOf<HidingPresetName>;

impl HidingPreset {
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
}
