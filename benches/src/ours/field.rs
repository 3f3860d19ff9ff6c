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
    field::{Operands, seventh_root},
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
        match self.operation {
            FieldOperation::Add => {
                let (time, a) = self.time::<_, Add>(packs::<V>(a), &packs(b));
                (time, integers(a))
            }
            FieldOperation::Mul => {
                let (time, a) = self.time::<_, Mul>(packs::<V>(a), &packs(b));
                (time, integers(a))
            }
            FieldOperation::MulCanonical => {
                let (time, a) = self.time::<_, MulPlain>(words::<V>(token, a), &words(token, b));
                let lanes = |x: V| x.to_array().into_iter().take(V::LANES);
                (time, a.into_iter().flat_map(lanes).collect())
            }
            FieldOperation::CubicMul => {
                let (time, a) = self.time::<_, Mul>(triples::<V>(a), &triples(b));
                let lanes = |x: PackedExtension<PackedElement<V>, 3>| {
                    let parts = x.coefficients();
                    (0..V::LANES).flat_map(move |i| parts.map(|part| part.lane(i).as_int()))
                };
                (time, a.into_iter().flat_map(lanes).collect())
            }
            FieldOperation::SeventhRoot => {
                let (time, a) = self.time::<_, Root>(packs::<V>(a), &packs(b));
                (time, integers(a))
            }
        }
    }
}

/// An operation as a type: a closure would be a function of its own, compiled without the vector
/// instructions, and each intrinsic in it a call.
trait Operation<T> {
    fn apply(a: T, b: T) -> T;
}

struct Add;
struct Mul;
struct MulPlain;
struct Root;

impl<T: core::ops::Add<Output = T>> Operation<T> for Add {
    #[inline(always)]
    fn apply(a: T, b: T) -> T {
        a + b
    }
}

impl<T: core::ops::Mul<Output = T>> Operation<T> for Mul {
    #[inline(always)]
    fn apply(a: T, b: T) -> T {
        a * b
    }
}

impl<V: Vector> Operation<V> for MulPlain {
    #[inline(always)]
    fn apply(a: V, b: V) -> V {
        a.mul_plain(b)
    }
}

impl<V: Vector> Operation<PackedElement<V>> for Root {
    #[inline(always)]
    fn apply(a: PackedElement<V>, _: PackedElement<V>) -> PackedElement<V> {
        seventh_root(a)
    }
}

impl Passes<'_> {
    #[inline(always)]
    fn time<T: Copy, O: Operation<T>>(&self, mut a: Vec<T>, b: &[T]) -> (Duration, Vec<T>) {
        let passes = self.operation.passes();
        let start = Instant::now();
        if self.dependent {
            for _ in 0..passes * FieldOperation::ELEMENTS / b.len() {
                let mut x = a[0];
                for &b in b {
                    x = O::apply(x, b);
                }
                a[0] = black_box(x);
            }
        } else {
            for _ in 0..passes {
                for (a, &b) in a.iter_mut().zip(b) {
                    *a = O::apply(*a, b);
                }
                black_box(&mut a);
            }
        }
        (start.elapsed(), a)
    }
}

fn integers<V: Vector>(packs: Vec<PackedElement<V>>) -> Vec<u64> {
    let lanes = |pack: PackedElement<V>| (0..V::LANES).map(move |i| pack.lane(i).as_int());
    packs.into_iter().flat_map(lanes).collect()
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
