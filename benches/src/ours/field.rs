//! Arithmetic in vector registers.

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use winter_math::fields::f64::BaseElement;
use winterlane_field_simd::{
    Backend, Kernel, Vector, dispatch,
    packed_element::{PackedElement, PackedExtension},
};

use crate::{
    FieldOperation, Run, Workload, data,
    field::{Operands, chain, pass, seventh_root},
};

pub(super) struct Field {
    operation: FieldOperation,
    dependent: bool,
    operands: Operands,
    result: Vec<u64>,
}

impl Field {
    pub(super) fn new(operation: FieldOperation, dependent: bool) -> Self {
        Self {
            operation,
            dependent,
            operands: Operands::new(operation),
            result: Vec::new(),
        }
    }
}

impl Workload for Field {
    fn run(&mut self) -> Result<Run, String> {
        let kernel = Passes {
            operation: self.operation,
            dependent: self.dependent,
            a: &self.operands.a,
            b: &self.operands.b,
        };
        let (time, result) = dispatch(Backend::current(), kernel);
        self.result = result;
        Ok(Run::new(time))
    }

    fn digest(&mut self) -> Result<Option<String>, String> {
        // A chain has one result, of as many lanes as the contender's vectors have.
        Ok((!self.dependent).then(|| data::digest(self.result.iter().copied())))
    }
}

struct Passes<'a> {
    operation: FieldOperation,
    dependent: bool,
    a: &'a [BaseElement],
    b: &'a [BaseElement],
}

impl Kernel for Passes<'_> {
    type Output = (Duration, Vec<u64>);

    #[inline(always)]
    fn run<V: Vector>(self, token: V::Token) -> Self::Output {
        let (a, b) = (self.a, self.b);
        let integers = |pack: PackedElement<V>| (0..V::LANES).map(move |i| pack.lane(i).as_int());
        match self.operation {
            FieldOperation::Add => self.time(packs::<V>(a), packs(b), |a, b| a + b, integers),
            FieldOperation::Mul => self.time(packs::<V>(a), packs(b), |a, b| a * b, integers),
            FieldOperation::MulCanonical => {
                self.time(words::<V>(token, a), words(token, b), V::mul_plain, |x| {
                    x.to_array().into_iter().take(V::LANES)
                })
            }
            FieldOperation::CubicMul => self.time(
                triples::<V>(a),
                triples(b),
                |a, b| a * b,
                |x| {
                    let parts = x.coefficients();
                    (0..V::LANES).flat_map(move |i| parts.map(|part| part.lane(i).as_int()))
                },
            ),
            FieldOperation::SeventhRoot => {
                self.time(packs::<V>(a), packs(b), |a, _| seventh_root(a), integers)
            }
        }
    }
}

impl Passes<'_> {
    #[inline(always)]
    fn time<T: Copy, I: Iterator<Item = u64>>(
        &self,
        mut a: Vec<T>,
        b: Vec<T>,
        f: impl Fn(T, T) -> T + Copy,
        integers: impl Fn(T) -> I,
    ) -> (Duration, Vec<u64>) {
        let passes = self.operation.passes();
        let start = Instant::now();
        if self.dependent {
            for _ in 0..passes * FieldOperation::ELEMENTS / b.len() {
                a[0] = black_box(chain(a[0], &b, f));
            }
        } else {
            for _ in 0..passes {
                pass(&mut a, &b, f);
                black_box(&mut a);
            }
        }
        let time = start.elapsed();
        (time, a.into_iter().flat_map(integers).collect())
    }
}

fn packs<V: Vector>(values: &[BaseElement]) -> Vec<PackedElement<V>> {
    values.chunks(V::LANES).map(PackedElement::load).collect()
}

/// The extension elements of `LANES` consecutive triples each.
fn triples<V: Vector>(values: &[BaseElement]) -> Vec<PackedExtension<PackedElement<V>, 3>> {
    let pack = |group: &[BaseElement]| {
        PackedExtension::new(core::array::from_fn(|part| {
            let lanes: Vec<_> = group.iter().skip(part).step_by(3).copied().collect();
            PackedElement::load(&lanes)
        }))
    };
    values.chunks(3 * V::LANES).map(pack).collect()
}

fn words<V: Vector>(token: V::Token, values: &[BaseElement]) -> Vec<V> {
    let integers: Vec<u64> = values.iter().map(BaseElement::as_int).collect();
    integers
        .chunks(V::LANES)
        .map(|lanes| V::load_partial(token, lanes))
        .collect()
}
