//! Arithmetic on Plonky3's packed elements.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use p3_field::{Field, PackedValue, PermutationMonomial};
use p3_goldilocks::Goldilocks;
use winterlane_benches::{
    Failure, FieldOperation, Run, Workload, data,
    field::{Operands, chain, pass},
};

use super::{element, integer};

type Packing = <Goldilocks as Field>::Packing;

struct Arithmetic {
    operation: FieldOperation,
    dependent: bool,
    operands: Operands,
    result: Vec<u64>,
}

pub(super) fn prepare(
    operation: FieldOperation,
    dependent: bool,
) -> Result<Box<dyn Workload>, Failure> {
    if operation == FieldOperation::CubicMul {
        return Err(Failure::Unsupported("Plonky3 uses other extensions".into()));
    }
    Ok(Box::new(Arithmetic {
        operation,
        dependent,
        operands: Operands::new(operation),
        result: Vec::new(),
    }))
}

impl Workload for Arithmetic {
    fn run(&mut self) -> Result<Run, String> {
        let packs = |values: &[_]| -> Vec<Packing> {
            let elements: Vec<Goldilocks> = values.iter().map(element).collect();
            elements
                .chunks_exact(Packing::WIDTH)
                .map(|lanes| *Packing::from_slice(lanes))
                .collect()
        };
        let (a, b) = (packs(&self.operands.a), packs(&self.operands.b));
        let (time, result) = match self.operation {
            FieldOperation::Add => self.time(a, &b, |a, b| a + b),
            FieldOperation::SeventhRoot => self.time(a, &b, |a, _| a.injective_exp_root_n()),
            _ => self.time(a, &b, |a, b| a * b),
        };
        self.result = result;
        Ok(Run::new(time))
    }

    fn digest(&mut self) -> Result<Option<String>, String> {
        Ok((!self.dependent).then(|| data::digest(self.result.iter().copied())))
    }
}

impl Arithmetic {
    #[inline(always)]
    fn time(
        &self,
        mut a: Vec<Packing>,
        b: &[Packing],
        f: impl Fn(Packing, Packing) -> Packing + Copy,
    ) -> (Duration, Vec<u64>) {
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
        let time = start.elapsed();
        let integers = a.iter().flat_map(|pack| pack.as_slice()).map(integer);
        (time, integers.collect())
    }
}
