//! Arithmetic on Plonky3's packed elements.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use p3_field::{
    BasedVectorSpace, ExtensionField, Field, PackedValue, PermutationMonomial,
    extension::CubicTrinomialExtensionField,
};
use p3_goldilocks::Goldilocks;
use winterfell::math::fields::f64::BaseElement;
use winterlane_benches::{
    FieldOperation, Run, Workload, data,
    field::{Operands, chain, pass},
};

use super::{element, integer};

type Packing = <Goldilocks as Field>::Packing;

/// Modulo `x^3 - x - 1`, as winterfell's.
type CubicPacking =
    <CubicTrinomialExtensionField<Goldilocks> as ExtensionField<Goldilocks>>::ExtensionPacking;

struct Arithmetic {
    operation: FieldOperation,
    dependent: bool,
    operands: Operands,
    result: Vec<u64>,
}

pub(super) fn prepare(operation: FieldOperation, dependent: bool) -> Box<dyn Workload> {
    Box::new(Arithmetic {
        operation,
        dependent,
        operands: Operands::new(operation),
        result: Vec::new(),
    })
}

impl Workload for Arithmetic {
    fn run(&mut self) -> Result<Run, String> {
        let Operands { a, b } = &self.operands;
        let (time, result) = match self.operation {
            FieldOperation::CubicMul => {
                let (time, a) = self.time(triples(a), &triples(b), |a, b| a * b);
                let lanes = |x: CubicPacking| {
                    (0..Packing::WIDTH).flat_map(move |lane| {
                        let parts: &[Packing] = x.as_basis_coefficients_slice();
                        core::array::from_fn::<_, 3, _>(|i| integer(&parts[i].as_slice()[lane]))
                    })
                };
                (time, a.into_iter().flat_map(lanes).collect())
            }
            operation => {
                let (a, b) = (packs(a), packs(b));
                let (time, a) = match operation {
                    FieldOperation::Add => self.time(a, &b, |a, b| a + b),
                    FieldOperation::SeventhRoot => {
                        self.time(a, &b, |a, _| a.injective_exp_root_n())
                    }
                    _ => self.time(a, &b, |a, b| a * b),
                };
                let integers = a.iter().flat_map(|pack| pack.as_slice()).map(integer);
                (time, integers.collect())
            }
        };
        self.result = result;
        Ok(Run::new(time))
    }

    fn digest(&mut self) -> Result<Option<String>, String> {
        Ok((!self.dependent).then(|| data::digest(self.result.iter().copied())))
    }
}

fn packs(values: &[BaseElement]) -> Vec<Packing> {
    let elements: Vec<Goldilocks> = values.iter().map(element).collect();
    elements
        .chunks_exact(Packing::WIDTH)
        .map(|lanes| *Packing::from_slice(lanes))
        .collect()
}

/// The extension elements of as many consecutive triples as there are lanes.
fn triples(values: &[BaseElement]) -> Vec<CubicPacking> {
    values
        .chunks_exact(3 * Packing::WIDTH)
        .map(|group| {
            CubicPacking::from_basis_coefficients_fn(|part| {
                Packing::from_fn(|lane| element(&group[3 * lane + part]))
            })
        })
        .collect()
}

impl Arithmetic {
    #[inline(always)]
    fn time<T: Copy>(
        &self,
        mut a: Vec<T>,
        b: &[T],
        f: impl Fn(T, T) -> T + Copy,
    ) -> (Duration, Vec<T>) {
        let passes = self.operation.passes();
        let start = Instant::now();
        if self.dependent {
            for _ in 0..passes * FieldOperation::ELEMENTS / b.len() {
                a[0] = black_box(chain(a[0], b, f));
            }
        } else {
            for _ in 0..passes {
                pass(&mut a, b, f);
                black_box(&mut a);
            }
        }
        (start.elapsed(), a)
    }
}
