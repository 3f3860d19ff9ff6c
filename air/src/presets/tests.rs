//! The whole tables computed again, with winterfell's estimator and a model of the size.

extern crate std;

use alloc::{string::ToString, vec::Vec};

use super::*;
use crate::batch::columns::TRACE_WIDTH;

mod hiding;
mod model;
use model::{Columns, Kind, provable_bits};

/// Columns of the constraint composition polynomial of an AIR of degree 3.
const QUOTIENT_COLUMNS: usize = 2;

fn log2_lengths(name: PresetName) -> impl Iterator<Item = u32> {
    MIN_LOG2_LENGTH..=if name == PresetName::Smallest {
        19
    } else {
        MAX_LOG2_LENGTH
    }
}

fn kind(preset: Preset) -> Kind {
    Kind {
        blowup: preset.name.blowup_factor(),
        bits: preset.level.bits(),
        columns: Columns {
            base: TRACE_WIDTH,
            extended: QUOTIENT_COLUMNS,
            trees: 2,
        },
    }
}

/// The numbers of a row as the table spells them.
fn spelled(p: Parameters) -> std::string::String {
    let row = [p.queries, p.grinding, p.folding, p.remainder_max_degree].map(u32::from);
    let row = row.into_iter().chain([p.bits]);
    let row: Vec<_> = row.map(|n| n.to_string()).collect();
    row.join(", ")
}

#[test]
fn the_estimator_gives_every_preset_its_bits() {
    for preset in Preset::ALL {
        for log2_length in log2_lengths(preset.name) {
            let parameters = preset.parameters(1 << log2_length).unwrap();
            let options = preset.options(1 << log2_length).unwrap();
            let bits = provable_bits(&options, log2_length);
            assert_eq!(bits, parameters.bits, "{preset} at 2^{log2_length}");
            assert!(bits >= preset.level.bits(), "{preset} at 2^{log2_length}");
            // one query less is not enough
            let fewer = Parameters {
                queries: parameters.queries - 1,
                ..parameters
            };
            let bits = provable_bits(&fewer.options(preset.name.blowup_factor()), log2_length);
            assert!(bits < preset.level.bits(), "{preset} at 2^{log2_length}");
        }
    }
}

#[test]
fn the_table_is_the_computed_one() {
    for preset in Preset::ALL {
        for log2_length in log2_lengths(preset.name) {
            let expected = kind(preset).compute(log2_length);
            assert!(expected.is_some(), "{preset}");
            assert_eq!(preset.parameters(1 << log2_length), expected, "{preset}");
        }
    }
}

/// Within what winterfell's verifier can take: see the constants of `winterlane-verifier`.
#[test]
fn every_preset_can_be_verified() {
    for preset in Preset::ALL {
        for log2_length in log2_lengths(preset.name) {
            let p = preset.parameters(1 << log2_length).unwrap();
            assert!(p.queries < 255 && p.grinding <= 24);
            let fri = preset.options(1 << log2_length).unwrap().to_fri_options();
            let mut degree_bound = 1_usize << log2_length;
            for _ in 0..fri.num_fri_layers(degree_bound * preset.name.blowup_factor()) {
                assert!(degree_bound.is_multiple_of(fri.folding_factor()));
                degree_bound /= fri.folding_factor();
            }
        }
        for length in [0, 1, 128, 255, 257, (1 << 18) - 1, 1 << 22, usize::MAX] {
            assert_eq!(preset.options(length), None);
        }
    }
}

#[test]
fn names_and_levels_read_back() {
    for preset in Preset::ALL {
        assert_eq!(preset.name.to_string().parse(), Ok(preset.name));
        assert_eq!(preset.level.to_string().parse(), Ok(preset.level));
        assert_eq!(preset.to_string().parse(), Ok(preset));
    }
    let (name, level) = (PresetName::Smallest, SecurityLevel::Bits100);
    assert_eq!(Preset::new(name, level).to_string(), "smallest-100");
    assert_eq!("Fast".parse::<PresetName>(), Err(UnknownPreset::Name));
    assert_eq!("96".parse::<SecurityLevel>(), Err(UnknownPreset::Level));
    assert_eq!("".parse::<SecurityLevel>(), Err(UnknownPreset::Level));
}

#[test]
#[ignore = "prints the table for this file; run it in release"]
fn print_the_table() {
    for preset in Preset::ALL {
        let name = preset.to_string().replace('-', "_").to_uppercase();
        std::println!("pub(super) const {name}: Lengths = Lengths {{");
        std::println!("    first: MIN_LOG2_LENGTH,\n    rows: &[");
        for log2_length in log2_lengths(preset.name) {
            let p = kind(preset).compute(log2_length).unwrap();
            let kib = kind(preset).expected_size(p, log2_length).unwrap() / 1024.0;
            std::println!("        [{}], // 2^{log2_length}: {kib:.0} KiB", spelled(p));
        }
        std::println!("    ],\n}};\n");
    }
}
