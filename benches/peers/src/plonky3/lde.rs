//! Plonky3's low-degree extension and Merkle tree.

use std::time::Instant;

use p3_commit::Mmcs;
use p3_dft::{Radix2DitParallel, TwoAdicSubgroupDft};
use p3_field::{Field, TwoAdicField};
use p3_goldilocks::Goldilocks;
use p3_matrix::{Matrix, bitrev::BitReversedMatrixView, dense::RowMajorMatrix};
use winterfell::math::{FieldElement, StarkField, fields::f64::BaseElement};
use winterlane_benches::{Run, Workload, data};

use super::{integer, matrix, prove};

/// Plonky3's root of unity of order `2^log_order` is another than winterfell's: with `g` theirs and
/// `w` winterfell's, `w = g^k`, so that what winterfell has in place `i` is in their place `k i`.
fn order_factor(log_order: u32) -> u64 {
    let w = BaseElement::get_root_of_unity(log_order);
    let g = BaseElement::new(integer(&Goldilocks::two_adic_generator(log_order as usize)));
    // Bit by bit: (w g^-k)^(2^(L-1-b)) is one if and only if bit b of the logarithm is in k.
    let mut k = 0u64;
    for bit in 0..log_order {
        let rest = w * g.exp(k).inv();
        if rest.exp(1 << (log_order - 1 - bit)) != BaseElement::ONE {
            k |= 1 << bit;
        }
    }
    assert_eq!(g.exp(k), w);
    k
}

pub(super) struct Lde {
    dft: Radix2DitParallel<Goldilocks>,
    evaluations: RowMajorMatrix<Goldilocks>,
    log_rows: u32,
    log_blowup: u32,
    extended: Option<BitReversedMatrixView<RowMajorMatrix<Goldilocks>>>,
}

impl Lde {
    pub(super) fn new(log_rows: u32, columns: usize, blowup: usize) -> Self {
        let rows = data::rows(1 << log_rows, columns);
        let k = order_factor(log_rows);
        let mut evaluations = matrix(&rows, columns);
        for (i, row) in rows.chunks_exact(columns).enumerate() {
            let place = (k * i as u64) as usize & ((1 << log_rows) - 1);
            let theirs = &mut evaluations.values[place * columns..(place + 1) * columns];
            for (to, from) in theirs.iter_mut().zip(row) {
                *to = super::element(from);
            }
        }
        Self {
            dft: Radix2DitParallel::default(),
            evaluations,
            log_rows,
            log_blowup: blowup.ilog2(),
            extended: None,
        }
    }
}

impl Workload for Lde {
    fn run(&mut self) -> Result<Run, String> {
        // With room for the result, as Plonky3's own trace generators reserve it.
        let len = self.evaluations.values.len();
        let mut values = Vec::with_capacity(len << self.log_blowup);
        values.extend_from_slice(&self.evaluations.values);
        let input = RowMajorMatrix::new(values, self.evaluations.width);
        self.extended = None;
        let start = Instant::now();
        let extended =
            self.dft
                .coset_lde_batch(input, self.log_blowup as usize, Goldilocks::GENERATOR);
        let time = start.elapsed();
        self.extended = Some(extended);
        Ok(Run::new(time))
    }

    fn digest(&mut self) -> Result<Option<String>, String> {
        let extended = self.extended.as_ref().ok_or("no run yet")?;
        let log_order = self.log_rows + self.log_blowup;
        let k = order_factor(log_order);
        let rows = extended.height() as u64;
        let integers = (0..rows).flat_map(|i| {
            let place = (k.wrapping_mul(i) & (rows - 1)) as usize;
            let row: Vec<u64> = extended
                .row(place)
                .into_iter()
                .flatten()
                .map(|x| integer(&x))
                .collect();
            row
        });
        Ok(Some(data::digest(integers)))
    }
}

pub(super) struct Commit {
    rows: RowMajorMatrix<Goldilocks>,
}

impl Commit {
    pub(super) fn new(log_rows: u32, columns: usize) -> Self {
        Self {
            rows: matrix(&data::rows(1 << log_rows, columns), columns),
        }
    }
}

impl Workload for Commit {
    fn run(&mut self) -> Result<Run, String> {
        let mmcs = prove::commitments();
        let rows = self.rows.clone();
        let start = Instant::now();
        let committed = mmcs.commit_matrix(rows);
        let time = start.elapsed();
        drop(committed);
        Ok(Run::new(time))
    }
}
