//! Winterfell's estimator, and a model of the size of proofs: what the tables are computed from.

extern crate std;

use winter_air::{
    ProofOptions, TraceInfo,
    proof::{Context, Proof},
};
use winter_crypto::hashers::Blake3_256;
use winterlane_ledger::BaseElement;

use crate::batch::{self, columns::TRACE_WIDTH};
use crate::presets::{Parameters, soundness};

/// What is opened at each query beside FRI.
pub(super) struct Columns {
    /// Columns over the base field.
    pub(super) base: usize,
    /// Columns over the cubic extension, those of the quotient too.
    pub(super) extended: usize,
    /// Merkle trees that they are in.
    pub(super) trees: usize,
}

/// A preset apart from what depends on the length.
pub(super) struct Kind {
    pub(super) blowup: usize,
    /// Provable bits, at least.
    pub(super) bits: u32,
    pub(super) columns: Columns,
}

/// Winterfell's estimate for the AIR of a batch, with the price of one coefficient for two openings.
///
/// With independent coefficients it does not depend on the AIR.
pub(super) fn provable_bits(options: &ProofOptions, log2_length: u32) -> u32 {
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

impl Kind {
    /// Bits of grinding: 20 (2^20 hashes, some 15 ms on one core), and 24 where size matters and the proof takes much
    /// longer than the quarter of a second that this costs. A proof of few rows waits for 20 bits longer than for all
    /// the rest: `compact` has 16 there. The larger blowup factors are for size, and at the smaller ones the queries that
    /// make up for four bits take rows that a hiding trace of such a length does not have. [`Self::compute`] adds bits
    /// where 254 queries, the most that winterfell verifies, are too few.
    const fn grinding(&self, log2_length: u32) -> u8 {
        match log2_length {
            ..=10 if self.blowup == 8 => 16,
            15.. if self.blowup >= 8 => 24,
            _ => 20,
        }
    }

    /// Expected size in bytes of a proof, for random query positions.
    pub(super) fn expected_size(&self, p: Parameters, log2_length: u32) -> Option<f64> {
        let (digest, extended, queries) = (32.0, 24.0, f64::from(p.queries));
        let blowup = self.blowup;
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
        let columns = (self.columns.base + self.columns.extended) as f64;
        let row = 8.0 * self.columns.base as f64 + extended * self.columns.extended as f64;
        let trees = self.columns.trees as f64;
        let mut size = distinct(lde) * row
            + trees * (digest * nodes(lde) + distinct(lde))
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
        Some(size + extended * (domain / blowup) as f64 + (trees + 1.0) * digest + 40.0)
    }

    /// The least number of queries with the level, or `None` when 254 are not enough.
    fn least_queries(&self, mut p: Parameters, log2_length: u32) -> Option<Parameters> {
        let bits = |p: Parameters| provable_bits(&p.options(self.blowup), log2_length);
        let (mut low, mut high) = (1_u8, 254_u8);
        while low < high {
            p.queries = low + (high - low) / 2;
            if bits(p) >= self.bits {
                high = p.queries;
            } else {
                low = p.queries + 1;
            }
        }
        p.queries = low;
        p.bits = bits(p);
        (p.bits >= self.bits).then_some(p)
    }

    /// The row of the table, from the estimator and the size model alone; `None` if even 32 bits of
    /// grinding, the most that winterfell knows, are too few.
    pub(super) fn compute(&self, log2_length: u32) -> Option<Parameters> {
        let start = Parameters {
            queries: 0,
            grinding: 0,
            folding: 8,
            remainder_max_degree: 31,
            bits: 0,
        };
        let found = (self.grinding(log2_length)..=32).find_map(|grinding| {
            self.least_queries(Parameters { grinding, ..start }, log2_length)
        })?;
        let candidates = [2_u8, 4, 8, 16].into_iter().flat_map(|folding| {
            [7_u8, 15, 31, 63, 127, 255].map(|remainder_max_degree| Parameters {
                folding,
                remainder_max_degree,
                ..found
            })
        });
        candidates
            .filter_map(|p| Some((self.expected_size(p, log2_length)?, p)))
            .min_by(|(a, _), (b, _)| a.total_cmp(b))
            .map(|(_, p)| p)
    }
}
