//! The whole table computed again, with winterfell's estimator and a model of the size.

extern crate std;

use alloc::{string::ToString, vec::Vec};

use winter_air::{
    TraceInfo,
    proof::{Context, Proof},
};
use winter_crypto::hashers::Blake3_256;

use super::*;
use crate::{batch, batch::columns::TRACE_WIDTH};
use winterlane_ledger::BaseElement;

/// Columns of the constraint composition polynomial of an AIR of degree 3.
const QUOTIENT_COLUMNS: usize = 2;

fn log2_lengths(name: PresetName) -> impl Iterator<Item = u32> {
    MIN_LOG2_LENGTH..=if name == PresetName::Smallest {
        19
    } else {
        MAX_LOG2_LENGTH
    }
}

fn with_parameters(name: PresetName, p: Parameters) -> ProofOptions {
    ProofOptions::new(
        p.queries.into(),
        name.blowup_factor(),
        p.grinding.into(),
        FieldExtension::Cubic,
        p.folding.into(),
        p.remainder_max_degree.into(),
        BatchingMethod::Linear,
        BatchingMethod::Linear,
    )
}

/// Winterfell's estimate for the AIR of a batch, with the price of one coefficient for two openings.
fn provable_bits(options: &ProofOptions, log2_length: u32) -> u32 {
    let info = TraceInfo::new(TRACE_WIDTH, 1 << log2_length);
    let num_constraints = batch::constraint_degrees().len() + batch::NUM_ASSERTIONS;
    let context = Context::new::<BaseElement>(info, options.clone(), num_constraints);
    let proof = Proof {
        context,
        ..Proof::new_dummy()
    };
    let security = proof.proven_security::<Blake3_256<BaseElement>>();
    let estimated = security.ldr_bits().max(security.udr_bits());
    estimated.min(soundness::opening_bits(options, 1 << log2_length) as u32)
}

/// Bits of grinding: 20 (2^20 hashes, about 0.1 s on one core), and 24 where size is what the
/// preset is for and the proof takes much longer than the second or two that this costs.
/// [`compute`] adds bits where 254 queries, the most that winterfell verifies, are too few.
fn grinding(name: PresetName, log2_length: u32) -> u8 {
    match name {
        PresetName::Compact | PresetName::Smallest if log2_length >= 15 => 24,
        _ => 20,
    }
}

/// Expected size in bytes of a proof, for random query positions.
fn expected_size(name: PresetName, p: Parameters, log2_length: u32) -> Option<f64> {
    let (digest, extended, queries) = (32.0, 24.0, f64::from(p.queries));
    let blowup = name.blowup_factor();
    // distinct values among the queries, and Merkle nodes of an opening of them
    let distinct = |n: usize| n as f64 * (1.0 - (1.0 - 1.0 / n as f64).powf(queries));
    let nodes = |n: usize| {
        (1..=n.ilog2())
            .map(|level| {
                let m = f64::from(level).exp2();
                let neither = if level == 1 {
                    0.0
                } else {
                    (1.0 - 2.0 / m).powf(queries)
                };
                m * ((1.0 - 1.0 / m).powf(queries) - neither)
            })
            .sum::<f64>()
    };
    let lde = blowup << log2_length;
    let columns = (TRACE_WIDTH + QUOTIENT_COLUMNS) as f64;
    let row = 8.0 * TRACE_WIDTH as f64 + extended * QUOTIENT_COLUMNS as f64;
    let mut size = distinct(lde) * row
        + 2.0 * (digest * nodes(lde) + distinct(lde))
        + 2.0 * columns * extended;
    let mut domain = lde;
    while domain > (usize::from(p.remainder_max_degree) + 1) * blowup {
        domain /= usize::from(p.folding);
        if domain < blowup {
            return None;
        }
        let values = extended * f64::from(p.folding);
        size += distinct(domain) * (values + 1.0) + digest * (nodes(domain) + 1.0) + 8.0;
    }
    Some(size + extended * (domain / blowup) as f64 + 3.0 * digest + 40.0)
}

/// The least number of queries with the level, or `None` when 254 are not enough.
fn least_queries(preset: Preset, mut p: Parameters, log2_length: u32) -> Option<Parameters> {
    let (mut low, mut high) = (1_u8, 254_u8);
    while low < high {
        p.queries = low + (high - low) / 2;
        if provable_bits(&with_parameters(preset.name, p), log2_length) >= preset.level.bits() {
            high = p.queries;
        } else {
            low = p.queries + 1;
        }
    }
    p.queries = low;
    p.bits = provable_bits(&with_parameters(preset.name, p), log2_length);
    (p.bits >= preset.level.bits()).then_some(p)
}

/// The row of the table, from the estimator and the size model alone.
fn compute(preset: Preset, log2_length: u32) -> Parameters {
    let mut grinding = grinding(preset.name, log2_length);
    let start = Parameters {
        queries: 0,
        grinding,
        folding: 8,
        remainder_max_degree: 31,
        bits: 0,
    };
    let found = loop {
        match least_queries(preset, Parameters { grinding, ..start }, log2_length) {
            Some(found) => break found,
            None => grinding += 1,
        }
    };
    let candidates = [2_u8, 4, 8, 16].into_iter().flat_map(|folding| {
        [7_u8, 15, 31, 63, 127, 255].map(|remainder_max_degree| Parameters {
            folding,
            remainder_max_degree,
            ..found
        })
    });
    candidates
        .filter_map(|p| Some((expected_size(preset.name, p, log2_length)?, p)))
        .min_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, p)| p)
        .expect("some candidate fits")
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
            let bits = provable_bits(&with_parameters(preset.name, fewer), log2_length);
            assert!(bits < preset.level.bits(), "{preset} at 2^{log2_length}");
        }
    }
}

#[test]
fn the_table_is_the_computed_one() {
    for preset in Preset::ALL {
        for log2_length in log2_lengths(preset.name) {
            let expected = compute(preset, log2_length);
            assert_eq!(
                preset.parameters(1 << log2_length),
                Some(expected),
                "{preset}"
            );
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
        std::println!("pub(super) const {name}: Table = &[");
        for log2_length in log2_lengths(preset.name) {
            let p = compute(preset, log2_length);
            let kib = expected_size(preset.name, p, log2_length).unwrap() / 1024.0;
            let row: Vec<_> = [p.queries, p.grinding, p.folding, p.remainder_max_degree]
                .map(u32::from)
                .into_iter()
                .chain([p.bits])
                .map(|n| n.to_string())
                .collect();
            std::println!("    [{}], // 2^{log2_length}: {kib:.0} KiB", row.join(", "));
        }
        std::println!("];\n");
    }
}
