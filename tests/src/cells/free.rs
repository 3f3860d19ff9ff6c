//! The free cells: which they are, what values they take, and why that is no harm.

use std::{fmt, ops::Range};

use winterlane_air::batch::columns as column;
use winterlane_ledger::OperationKind;

use super::Place;

/// In which of its rows an entry is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// In all of them; the last row of the trace has entries of its own.
    Always,
    /// In the first row of the trace.
    FirstOfTrace,
    /// In the last row of the trace.
    LastOfTrace,
    /// Where the row steps a chain.
    Step,
    /// Where the row closes a pair, other than pair 15.
    Closing,
    /// Where the row before steps a chain, so that no pair opens.
    AfterStep,
    /// Unless the operation rotates a key.
    NoRotation,
    /// Unless the operation creates an account.
    NoCreation,
}

/// Which values a free cell takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Values {
    /// Any.
    Any,
    /// 0 and 1.
    Bit,
}

impl Values {
    /// Whether the cell may have this value.
    pub fn contains(self, value: u64) -> bool {
        self == Self::Any || value < 2
    }
}

/// Cells that no constraint determines.
#[derive(Clone, Debug)]
pub struct FreeCells {
    /// Their columns, by the name in the document.
    pub name: &'static str,
    /// Their columns.
    pub columns: Range<usize>,
    /// Rows of a block, first and last of each stretch.
    pub rows: &'static [(usize, usize)],
    /// In which of these rows.
    pub when: When,
    /// Which values.
    pub values: Values,
    /// Why it does not matter.
    pub reason: &'static str,
}

const fn entry(
    name: &'static str,
    columns: Range<usize>,
    rows: &'static [(usize, usize)],
    when: When,
    values: Values,
    reason: &'static str,
) -> FreeCells {
    FreeCells {
        name,
        columns,
        rows,
        when,
        values,
        reason,
    }
}

const fn lane(range: Range<usize>, first: usize, last: usize) -> Range<usize> {
    range.start + first..range.start + last + 1
}

/// Every free cell.
pub const FREE: &[FreeCells] = &[
    entry(
        "`INPUT`, rounds",
        column::PERMUTATION,
        &[(255, 255)],
        When::LastOfTrace,
        Values::Any,
        "the output of this row goes to a next one, and there is none",
    ),
    entry(
        "`STEP` to `INDEX`",
        column::STEP.start..column::TRACE_WIDTH,
        &[(255, 255)],
        When::LastOfTrace,
        Values::Any,
        "row 254 hands on nothing in these columns",
    ),
    entry(
        "`CARRY`",
        column::CARRY,
        &[(0, 0)],
        When::FirstOfTrace,
        Values::Any,
        "`X` is first read in row 1",
    ),
    entry(
        "`POSITION`",
        column::POSITION,
        &[(0, 4), (108, 255)],
        When::Always,
        Values::Any,
        "read by steps and closings, of which `step-flags` has none there",
    ),
    entry(
        "`EVEN`, `ODD`",
        column::EVEN.start..column::ODD.end,
        &[(0, 4), (107, 255)],
        When::Always,
        Values::Any,
        "read by steps and closings; the last closing opens no pair",
    ),
    entry(
        "`ONE_TIME_KEY`, `SEED`, `PAIR`",
        column::ONE_TIME_KEY.start..column::PAIR + 1,
        &[(0, 4), (108, 255)],
        When::Always,
        Values::Any,
        "read by steps and closings, and in row 4 as those of row 5",
    ),
    entry(
        "`WORD`",
        column::WORD,
        &[(0, 4), (108, 122), (186, 255)],
        When::Always,
        Values::Any,
        "row 4 loads row 5, row 122 loads row 123, and row 185 is the last that is read",
    ),
    entry(
        "`HINT_0`",
        lane(column::HINT, 0, 0),
        &[(0, 4), (107, 118), (120, 172), (174, 255)],
        When::Always,
        Values::Any,
        "read where a pair closes or `MIDWAY` is set, and in rows 119 and 173",
    ),
    entry(
        "`HINT_1`",
        lane(column::HINT, 1, 1),
        &[(0, 4), (107, 172), (174, 255)],
        When::Always,
        Values::Any,
        "read where a pair closes or `MIDWAY` is set, and in row 173",
    ),
    entry(
        "`HINT`",
        column::HINT,
        &[(5, 106)],
        When::Step,
        Values::Any,
        "read where a pair closes or `MIDWAY` is set",
    ),
    entry(
        "`HINT_1`",
        lane(column::HINT, 1, 1),
        &[(5, 106)],
        When::Closing,
        Values::Any,
        "only pair 15 needs the inverse of its second word",
    ),
    entry(
        "`BITS`",
        column::BITS,
        &[(6, 106)],
        When::AfterStep,
        Values::Bit,
        "digits are read where a pair opens",
    ),
    entry(
        "`BITS`",
        column::BITS,
        &[(0, 4), (108, 120), (185, 188), (191, 255)],
        When::Always,
        Values::Bit,
        "no digit, scope, carry or shifted word is in these rows",
    ),
    entry(
        "`BITS_2`, `BITS_3`",
        lane(column::BITS, 2, 3),
        &[(123, 184), (190, 190)],
        When::Always,
        Values::Bit,
        "two words are shifted, and a receipt has two carries: `BITS_0` and `BITS_1`",
    ),
    entry(
        "`BITS`",
        column::BITS,
        &[(189, 189)],
        When::NoCreation,
        Values::Bit,
        "a receiver's scopes stay as they are, whatever they are",
    ),
    entry(
        "`RANGE_0`",
        lane(column::RANGE, 0, 0),
        &[(0, 4), (120, 122), (188, 190), (242, 255)],
        When::Always,
        Values::Any,
        "between the windows and the gap: each begins with a load into its first row",
    ),
    entry(
        "`RANGE_1`, `RANGE_2`",
        lane(column::RANGE, 1, 2),
        &[(0, 4), (107, 122), (188, 190), (242, 255)],
        When::Always,
        Values::Any,
        "between the windows: each begins with a load into its first row",
    ),
    entry(
        "`RANGE_BITS_0`",
        lane(column::RANGE_BITS, 0, 0),
        &[
            (0, 4),
            (55, 55),
            (106, 106),
            (119, 120),
            (122, 122),
            (173, 173),
            (187, 190),
            (241, 255),
        ],
        When::Always,
        Values::Bit,
        "nothing is shifted out of these rows, and the gap gets no bit in them",
    ),
    entry(
        "`RANGE_BITS_1`, `RANGE_BITS_2`",
        lane(column::RANGE_BITS, 1, 2),
        &[
            (0, 4),
            (55, 55),
            (106, 120),
            (122, 122),
            (173, 173),
            (187, 190),
            (241, 255),
        ],
        When::Always,
        Values::Bit,
        "nothing is shifted out of these rows",
    ),
    entry(
        "`RANGE_BITS_0`, `RANGE_BITS_1`",
        lane(column::RANGE_BITS, 0, 1),
        &[(121, 121)],
        When::NoRotation,
        Values::Bit,
        "they are the new scope of a rotation",
    ),
    entry(
        "`RANGE_BITS_2`",
        lane(column::RANGE_BITS, 2, 2),
        &[(121, 121)],
        When::Always,
        Values::Bit,
        "a scope has two bits",
    ),
    entry(
        "`INDEX_BIT`",
        column::INDEX_BIT..column::INDEX_BIT + 1,
        &[(0, 106), (117, 122), (187, 190), (255, 255)],
        When::Always,
        Values::Bit,
        "no path is in these rows",
    ),
    entry(
        "`INDEX`",
        column::INDEX..column::INDEX + 1,
        &[(0, 106), (117, 122), (187, 190), (255, 255)],
        When::Always,
        Values::Any,
        "no path is in these rows; the first row of each compares `INDEX` with its register",
    ),
];

/// The entry that a cell belongs to.
pub fn listed(place: &Place, column: usize) -> Option<usize> {
    FREE.iter()
        .position(|entry| entry.columns.contains(&column) && entry.has(place))
}

impl FreeCells {
    /// Whether the entry is about this row.
    fn has(&self, place: &Place) -> bool {
        let row = place.row;
        if place.is_last != (self.when == When::LastOfTrace) {
            return false;
        }
        let when = match self.when {
            When::Always | When::LastOfTrace => true,
            When::FirstOfTrace => place.is_first,
            When::Step => !place.closes,
            When::Closing => place.closes && !place.is_midway,
            When::AfterStep => !place.opens,
            When::NoRotation => place.kind != OperationKind::RotateKey,
            When::NoCreation => place.kind != OperationKind::Create,
        };
        let mut rows = self.rows.iter();
        when && rows.any(|&(first, last)| (first..=last).contains(&row))
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Always => "",
            Self::FirstOfTrace => " of the first block",
            Self::LastOfTrace => " of the last block",
            Self::Step => ", steps",
            Self::Closing => ", closings but that of pair 15",
            Self::AfterStep => ", after a step",
            Self::NoRotation => ", unless it rotates",
            Self::NoCreation => ", unless it creates",
        })
    }
}

/// The row of the document's table.
impl fmt::Display for FreeCells {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows: Vec<String> = self
            .rows
            .iter()
            .map(|&(first, last)| match last - first {
                0 => format!("{first}"),
                1 => format!("{first}, {last}"),
                _ => format!("{first} to {last}"),
            })
            .collect();
        let values = match self.values {
            Values::Any => "any",
            Values::Bit => "0, 1",
        };
        let (name, rows, when, reason) = (self.name, rows.join(", "), self.when, self.reason);
        write!(f, "| {name} | {rows}{when} | {values} | {reason} |")
    }
}
