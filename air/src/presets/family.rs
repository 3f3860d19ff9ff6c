//! What all families of presets share: names, a level, and for each pair a table by the length of the trace.

use core::{fmt, str::FromStr};

use winter_air::ProofOptions;

use super::{Parameters, SecurityLevel, UnknownPreset};

/// The rows of a preset, from the first length that has options.
pub struct Lengths {
    /// Base-2 logarithm of the first length.
    pub(super) first: u32,
    /// One row a length: queries, grinding, folding factor, largest degree of the remainder, provable bits.
    pub(super) rows: &'static [[u8; 5]],
}

impl Lengths {
    /// The same, without the lengths before 2^`first`.
    pub(super) const fn starting_at(&self, first: u32) -> Self {
        let (_, rows) = self.rows.split_at((first - self.first) as usize);
        Self { first, rows }
    }
}

/// The names of a family of presets: how much the prover works for a small proof.
///
/// Sealed: the tables of the two families ([`PresetName`](super::PresetName) and
/// [`HidingPresetName`](super::HidingPresetName)) are what their tests compute.
pub trait PresetNames:
    Copy + PartialEq + fmt::Debug + fmt::Display + FromStr<Err = UnknownPreset> + Sealed
{
    /// The size of the LDE domain over the size of the trace.
    fn blowup_factor(self) -> usize;
}

/// Named proof options, by the length of the trace: of a name and a level.
///
/// Its two kinds are [`Preset`](super::Preset) and [`HidingPreset`](super::HidingPreset).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PresetOf<N> {
    /// How much the prover works for a small proof.
    pub name: N,
    /// Provable bits, at least.
    pub level: SecurityLevel,
}

mod sealed {
    pub trait Sealed: Copy {
        /// The table of a name at a level.
        fn lengths(self, level: super::SecurityLevel) -> &'static super::Lengths;
    }
}
pub(super) use sealed::Sealed;

impl<N> PresetOf<N> {
    /// The preset with this name and level.
    #[must_use]
    pub const fn new(name: N, level: SecurityLevel) -> Self {
        Self { name, level }
    }
}

impl<N: PresetNames> PresetOf<N> {
    /// The parameters for a trace of `rows` rows, with all that a hiding trace adds, or `None` when the preset
    /// has none for this length.
    #[must_use]
    pub fn parameters(self, rows: usize) -> Option<Parameters> {
        if !rows.is_power_of_two() {
            return None;
        }
        let table = self.name.lengths(self.level);
        let row = rows.ilog2().checked_sub(table.first)?;
        let row = table.rows.get(row as usize).copied();
        row.map(Parameters::of_row)
    }

    /// The proof options for a trace of `rows` rows, with all that a hiding trace adds, or `None` when the
    /// preset has none for this length.
    #[must_use]
    pub fn options(self, rows: usize) -> Option<ProofOptions> {
        let parameters = self.parameters(rows)?;
        Some(parameters.options(self.name.blowup_factor()))
    }

    /// Base-2 logarithms of the shortest and the longest trace that have options.
    #[must_use]
    pub fn log2_lengths(self) -> (u32, u32) {
        let table = self.name.lengths(self.level);
        (table.first, table.first + table.rows.len() as u32 - 1)
    }
}

impl<N: PresetNames> fmt::Display for PresetOf<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.name, self.level)
    }
}

impl<N: PresetNames> FromStr for PresetOf<N> {
    type Err = UnknownPreset;

    /// Reads what `Display` writes: `fast-128`.
    fn from_str(text: &str) -> Result<Self, UnknownPreset> {
        let (name, level) = text.split_once('-').ok_or(UnknownPreset::Level)?;
        Ok(Self::new(name.parse()?, level.parse()?))
    }
}

/// Makes the names of a family of a row each: what it is, its name, its blowup factor, and its tables at 100 and
/// at 128 bits.
macro_rules! preset_names {
    (
        $(#[$meta:meta])*
        $names:ident, or $unknown:expr;
        $($(#[$doc:meta])* $name:ident = $text:literal, $blowup:literal, [$bits100:ident, $bits128:ident];)*
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum $names {
            $($(#[$doc])* $name,)*
        }

        impl $names {
            /// All names, from the fastest to the smallest.
            pub const ALL: [Self; [$($names::$name),*].len()] = [$(Self::$name),*];

            /// The name in lower case, as [`FromStr`] reads it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// The size of the LDE domain over the size of the trace.
            #[must_use]
            pub const fn blowup_factor(self) -> usize {
                match self {
                    $(Self::$name => $blowup,)*
                }
            }
        }

        impl $crate::presets::family::Sealed for $names {
            fn lengths(self, level: SecurityLevel) -> &'static Lengths {
                match (self, level) {
                    $(
                        (Self::$name, SecurityLevel::Bits100) => &table::$bits100,
                        (Self::$name, SecurityLevel::Bits128) => &table::$bits128,
                    )*
                }
            }
        }

        impl PresetNames for $names {
            fn blowup_factor(self) -> usize {
                self.blowup_factor()
            }
        }

        impl PresetOf<$names> {
            /// All presets, by name and then by level.
            pub const ALL: [Self; 2 * $names::ALL.len()] = [
                $(
                    Self::new($names::$name, SecurityLevel::Bits100),
                    Self::new($names::$name, SecurityLevel::Bits128),
                )*
            ];
        }

        impl fmt::Display for $names {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $names {
            type Err = UnknownPreset;

            fn from_str(name: &str) -> Result<Self, UnknownPreset> {
                let mut all = Self::ALL.into_iter();
                all.find(|preset| preset.as_str() == name).ok_or($unknown)
            }
        }
    };
}

pub(super) use preset_names;
