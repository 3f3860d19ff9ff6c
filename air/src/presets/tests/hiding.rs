//! The table of the presets for hiding proofs, computed again.

extern crate std;

use alloc::string::ToString;

use super::{model::Columns, model::Kind, model::provable_bits, spelled};
use crate::hiding::{min_rows_in_place, min_tail};
use crate::presets::{HidingPreset, HidingPresetName, SecurityLevel, UnknownPreset};

/// Base-2 logarithms of all lengths that are looked at.
const LOG2_LENGTHS: core::ops::RangeInclusive<u32> = 3..=21;

/// Base-2 logarithm of the longest trace that a name is for: extended, a column has 2^23 elements, 64 MiB, at most.
const fn longest(name: HidingPresetName) -> u32 {
    match name {
        HidingPresetName::Tiny => 15,
        HidingPresetName::Smallest => 19,
        _ => 21,
    }
}

/// A statement of 208 columns: of degree 3 a veil of four and three quotient columns; of degree 2, for
/// `fast`, three and two.
fn kind(preset: HidingPreset) -> Kind {
    let degree = if preset.name == HidingPresetName::Fast {
        2
    } else {
        3
    };
    Kind {
        blowup: preset.name.blowup_factor(),
        bits: preset.level.bits(),
        columns: Columns {
            base: 208,
            extended: degree + 1 + degree,
            trees: 3,
        },
    }
}

/// The row of the table, or `None` when the trace is too short for so many queries, or the level is out of
/// reach.
fn fitting(preset: HidingPreset, log2_length: u32) -> Option<(crate::presets::Parameters, f64)> {
    let kind = kind(preset);
    let found = kind.compute(log2_length)?;
    let fits = min_rows_in_place(found.queries.into()) <= 1 << log2_length;
    fits.then(|| (found, kind.expected_size(found, log2_length).unwrap()))
}

/// As [`fitting`], and `None` too when the name is for shorter traces, or the one before gives a proof as
/// small with less work.
fn compute(preset: HidingPreset, log2_length: u32) -> Option<(crate::presets::Parameters, f64)> {
    let (found, size) = fitting(preset, log2_length)?;
    let mut before = HidingPresetName::ALL.into_iter().rev();
    let before = before.find(|&name| name < preset.name);
    let before = before.map(|name| HidingPreset::new(name, preset.level));
    if log2_length > longest(preset.name) {
        return None;
    }
    let smaller = before
        .and_then(|before| fitting(before, log2_length))
        .is_none_or(|(_, other)| size < other);
    smaller.then_some((found, size))
}

#[test]
fn the_table_of_hiding_presets_is_the_computed_one() {
    for preset in HidingPreset::ALL {
        for log2_length in LOG2_LENGTHS {
            assert_eq!(
                preset.parameters(1 << log2_length),
                compute(preset, log2_length).map(|(p, _)| p),
                "{preset} at 2^{log2_length}"
            );
        }
        for length in [0, 1, 4, 255, 257, 1 << 22, usize::MAX] {
            assert_eq!(preset.parameters(length), None);
        }
    }
}

#[test]
fn every_hiding_preset_has_its_bits_and_can_hide() {
    for preset in HidingPreset::ALL {
        let (first, last) = preset.log2_lengths();
        for log2_length in first..=last {
            let rows = 1 << log2_length;
            let p = preset.parameters(rows).unwrap();
            let options = preset.options(rows).unwrap();
            let name = std::format!("{preset} at 2^{log2_length}");
            assert_eq!(provable_bits(&options, log2_length), p.bits, "{name}");
            assert!(p.bits >= preset.level.bits(), "{name}");
            let fewer = crate::presets::Parameters {
                queries: p.queries - 1,
                ..p
            };
            let fewer = fewer.options(preset.name.blowup_factor());
            let bits = provable_bits(&fewer, log2_length);
            assert!(bits < preset.level.bits(), "{name}");
            // What the lemma, winterfell's exemptions and its verifier want.
            let tail = min_tail(p.queries.into());
            assert!(
                3 * usize::from(p.queries) + 13 <= rows && tail <= rows / 2,
                "{name}"
            );
            assert!(p.queries < 255 && p.grinding <= 24, "{name}");
            assert_eq!(preset.in_place_rows(rows), Some(rows - tail));
            let fri = options.to_fri_options();
            let mut degree_bound = rows;
            for _ in 0..fri.num_fri_layers(rows * preset.name.blowup_factor()) {
                assert!(degree_bound.is_multiple_of(fri.folding_factor()), "{name}");
                degree_bound /= fri.folding_factor();
            }
        }
    }
}

#[test]
fn names_of_hiding_presets_read_back() {
    for preset in HidingPreset::ALL {
        assert_eq!(preset.to_string().parse(), Ok(preset));
    }
    let text = "tiny-100".parse();
    assert_eq!(
        text,
        Ok(HidingPreset::new(
            HidingPresetName::Tiny,
            SecurityLevel::Bits100
        ))
    );
    for (text, error) in [
        ("tiny", UnknownPreset::Level),
        ("tiny-96", UnknownPreset::Level),
        ("huge-128", UnknownPreset::HidingName),
        ("Tiny-128", UnknownPreset::HidingName),
    ] {
        assert_eq!(text.parse::<HidingPreset>(), Err(error));
    }
}

#[test]
#[ignore = "prints the table for this file; run it in release"]
fn print_the_table_of_hiding_presets() {
    // the others are pages of the other table
    let tiny = HidingPreset::ALL.into_iter();
    for preset in tiny.filter(|preset| preset.name == HidingPresetName::Tiny) {
        let name = preset.to_string().replace('-', "_").to_uppercase();
        let rows: alloc::vec::Vec<_> = LOG2_LENGTHS
            .filter_map(|log2_length| Some((log2_length, compute(preset, log2_length)?)))
            .collect();
        let first = rows[0].0;
        assert!(
            rows.iter()
                .map(|row| row.0)
                .eq(first..first + rows.len() as u32)
        );
        std::println!("pub(super) const {name}: Lengths = Lengths {{");
        std::println!("    first: {first},\n    rows: &[");
        for (log2_length, (p, size)) in rows {
            let (kib, left) = (
                size / 1024.0,
                (1 << log2_length) - min_tail(p.queries.into()),
            );
            std::println!(
                "        [{}], // 2^{log2_length}: {kib:.0} KiB, {left} rows",
                spelled(p)
            );
        }
        std::println!("    ],\n}};\n");
    }
}
