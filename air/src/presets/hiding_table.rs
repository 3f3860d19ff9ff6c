//! The numbers of the presets for hiding proofs: see [`Lengths`].
//!
//! Queries, proof of work and folding follow from level, blowup factor and length, not from the AIR: where a name is
//! in both families, the numbers are the same, from the first length on that can hide.
//!
//! `tiny` is in this family alone. Its rows say, for the reader, the expected size of a proof of a statement of
//! degree 3 with 208 columns, and the rows that are left to it in place. They are printed by the ignored test
//! `print_the_table_of_hiding_presets`.

use super::{family::Lengths, table};

pub(super) const FAST_100: Lengths = table::FAST_100.starting_at(9);
pub(super) const FAST_128: Lengths = table::FAST_128.starting_at(10);
pub(super) const BALANCED_100: Lengths = table::BALANCED_100.starting_at(8);
pub(super) const BALANCED_128: Lengths = table::BALANCED_128.starting_at(9);
pub(super) const COMPACT_100: Lengths = table::COMPACT_100.starting_at(8);
pub(super) const COMPACT_128: Lengths = table::COMPACT_128.starting_at(8);
pub(super) const SMALLEST_100: Lengths = table::SMALLEST_100.starting_at(8);
pub(super) const SMALLEST_128: Lengths = table::SMALLEST_128.starting_at(8);

pub(super) const TINY_100: Lengths = Lengths {
    first: 7,
    rows: &[
        [27, 20, 2, 127, 100],  // 2^7: 80 KiB, 94 rows
        [27, 20, 2, 255, 100],  // 2^8: 86 KiB, 222 rows
        [27, 20, 4, 127, 100],  // 2^9: 94 KiB, 478 rows
        [27, 20, 8, 127, 100],  // 2^10: 99 KiB, 990 rows
        [27, 20, 8, 255, 100],  // 2^11: 106 KiB, 2014 rows
        [27, 20, 16, 255, 100], // 2^12: 113 KiB, 4062 rows
        [27, 20, 8, 127, 100],  // 2^13: 121 KiB, 8158 rows
        [27, 20, 8, 255, 100],  // 2^14: 128 KiB, 16350 rows
        [26, 24, 16, 127, 101], // 2^15: 132 KiB, 32735 rows
    ],
};

pub(super) const TINY_128: Lengths = Lengths {
    first: 7,
    rows: &[
        [37, 20, 2, 127, 128],  // 2^7: 103 KiB, 84 rows
        [37, 20, 2, 255, 128],  // 2^8: 110 KiB, 212 rows
        [37, 20, 4, 127, 128],  // 2^9: 122 KiB, 468 rows
        [37, 20, 8, 127, 128],  // 2^10: 129 KiB, 980 rows
        [38, 20, 8, 255, 128],  // 2^11: 140 KiB, 2003 rows
        [38, 20, 16, 255, 128], // 2^12: 150 KiB, 4051 rows
        [38, 20, 8, 127, 128],  // 2^13: 162 KiB, 8147 rows
        [39, 20, 8, 255, 128],  // 2^14: 174 KiB, 16338 rows
        [38, 24, 16, 127, 128], // 2^15: 184 KiB, 32723 rows
    ],
};
