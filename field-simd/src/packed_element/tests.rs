//! Every packed type on every backend against winterfell's own elements, or for extensions against
//! [`Exact`], lane by lane.

use core::fmt::Debug;

use proptest::prelude::*;
use winter_math::{
    ExtensionOf, FieldElement,
    fields::{CubeExtension, QuadExtension, f64::BaseElement},
};

use super::{PackedElement, PackedExtension, RowPack, WIDE_LANES, WideElement};
use crate::{
    Backend, Kernel, Vector, dispatch,
    exact::Exact,
    goldilocks::canonical,
    vector::MAX_LANES,
    vector_tests::{EDGES, cases},
};

/// A polynomial expression that uses every operation constraint functions use.
fn expression<E: FieldElement<BaseField = BaseElement>>(a: E, b: E, c: BaseElement) -> [E; 9] {
    let mut d = a + b;
    d *= a;
    d -= b.square();
    d += E::from(3_u32);
    [
        a + b,
        a - b,
        a * b,
        -a,
        a.cube().double() - b.square(),
        d.mul_base(c) + E::ONE - E::ZERO,
        a.exp_vartime(13_u32.into()),
        a / b,
        E::from(c) - a.conjugate(),
    ]
}

/// Where the expression has a quotient.
const QUOTIENT: usize = 7;

/// The expression by the field's definition, and `a` times the first coordinate of `b` plus the second
/// one. Instead of the quotient there is the dividend. Conversions and conjugates of winterfell's are
/// exact.
fn exact_expression<E: FieldElement<BaseField = BaseElement>>(
    a: E,
    b: E,
    c: BaseElement,
) -> [E; 10] {
    let [zero, one, three] = [0_u32, 1, 3].map(|n| Exact(E::from(n)));
    let [b0, b1, c] = [b.base_element(0), b.base_element(1), c].map(|x| Exact(E::from(x)));
    let conjugate = Exact(a.conjugate());
    let (a, b) = (Exact(a), Exact(b));
    let cube = a * a * a;
    [
        a + b,
        a - b,
        a * b,
        zero - a,
        cube + cube - b * b,
        ((a + b) * a - b * b + three) * c + one,
        cube * cube * cube * cube * a,
        a,
        c - conjugate,
        a * b0 + b1,
    ]
    .map(|value| value.0)
}

/// Computes the expression over packs of rows of base elements.
struct Base<'a, const WIDE: bool> {
    a: &'a [BaseElement],
    b: &'a [BaseElement],
    c: BaseElement,
}

/// Likewise over rows of extension elements, given and returned as interleaved base elements.
struct Extension<'a, const WIDE: bool, const D: usize> {
    a: &'a [BaseElement],
    b: &'a [BaseElement],
    c: BaseElement,
}

fn gather<V: Vector, T: RowPack<V>>(values: &[BaseElement], stride: usize, first: usize) -> T {
    let mut result = T::ZERO;
    for pack in 0..T::PACKS {
        let lanes: Vec<_> = (0..V::LANES)
            .map(|lane| values[(pack * V::LANES + lane) * stride + first])
            .collect();
        result.set_pack(pack, PackedElement::load(&lanes));
    }
    result
}

fn scatter<V: Vector, T: RowPack<V>>(value: T) -> Vec<BaseElement> {
    let mut rows = vec![BaseElement::ZERO; T::ROWS];
    for pack in 0..T::PACKS {
        value.pack(pack).store(&mut rows[pack * V::LANES..]);
    }
    rows
}

impl<const WIDE: bool> Base<'_, WIDE> {
    #[inline(always)]
    fn eval<V: Vector, T: RowPack<V>>(&self) -> Vec<Vec<BaseElement>> {
        expression(
            gather::<V, T>(self.a, 1, 0),
            gather::<V, T>(self.b, 1, 0),
            self.c,
        )
        .map(scatter::<V, T>)
        .to_vec()
    }
}

impl<const WIDE: bool> Kernel for Base<'_, WIDE> {
    type Output = Vec<Vec<BaseElement>>;

    #[inline(always)]
    fn run<V: Vector>(self, _token: V::Token) -> Self::Output {
        if WIDE {
            self.eval::<V, WideElement<V>>()
        } else {
            self.eval::<V, PackedElement<V>>()
        }
    }
}

impl<const WIDE: bool, const D: usize> Extension<'_, WIDE, D> {
    #[inline(always)]
    fn eval<V: Vector, T: RowPack<V> + super::Arithmetic>(&self) -> Vec<[Vec<BaseElement>; D]>
    where
        PackedExtension<T, D>: FieldElement<BaseField = BaseElement> + ExtensionOf<T>,
    {
        let element = |values: &[BaseElement]| {
            PackedExtension::<T, D>::new(core::array::from_fn(|d| gather::<V, T>(values, D, d)))
        };
        let (a, b) = (element(self.a), element(self.b));
        let mixed = a.mul_base(b.coefficients()[0]) + PackedExtension::from(b.coefficients()[1]);
        expression(a, b, self.c)
            .into_iter()
            .chain([mixed])
            .map(|x| x.coefficients().map(scatter::<V, T>))
            .collect()
    }
}

impl<const WIDE: bool, const D: usize> Kernel for Extension<'_, WIDE, D> {
    type Output = Vec<[Vec<BaseElement>; D]>;

    #[inline(always)]
    fn run<V: Vector>(self, _token: V::Token) -> Self::Output {
        if WIDE {
            self.eval::<V, WideElement<V>>()
        } else {
            self.eval::<V, PackedElement<V>>()
        }
    }
}

fn check_base<const WIDE: bool>(a: &[BaseElement], b: &[BaseElement], c: BaseElement) {
    for backend in Backend::available() {
        let results = dispatch(backend, Base::<WIDE> { a, b, c });
        let count = if WIDE { WIDE_LANES } else { backend.lanes() };
        assert!(results.iter().all(|rows| rows.len() == count));
        for row in 0..count {
            let expected = expression(a[row], b[row], c);
            for (i, (rows, expected)) in results.iter().zip(expected).enumerate() {
                assert_eq!(
                    rows[row].inner(),
                    expected.inner(),
                    "{backend}, operation {i}, row {row}"
                );
            }
        }
    }
}

fn check_extension<E, const WIDE: bool, const D: usize>(
    a: &[BaseElement],
    b: &[BaseElement],
    c: BaseElement,
) where
    E: FieldElement<BaseField = BaseElement> + Debug,
{
    let (ea, eb) = (
        E::slice_from_base_elements(a),
        E::slice_from_base_elements(b),
    );
    for backend in Backend::available() {
        let results = dispatch(backend, Extension::<WIDE, D> { a, b, c });
        for row in 0..results[0][0].len() {
            let expected = exact_expression(ea[row], eb[row], c);
            for (i, (planes, expected)) in results.iter().zip(expected).enumerate() {
                let coefficients: Vec<_> = planes.iter().map(|plane| plane[row]).collect();
                let x = E::slice_from_base_elements(&coefficients)[0];
                let (x, expected) = match (i, eb[row]) {
                    (QUOTIENT, divisor) if divisor == E::ZERO => (x, E::ZERO),
                    (QUOTIENT, divisor) => ((Exact(x) * Exact(divisor)).0, ea[row]),
                    _ => (x, expected),
                };
                assert_eq!(x, expected, "{backend}, operation {i}, row {row}");
            }
        }
    }
}

fn elements(n: usize) -> impl Strategy<Value = Vec<BaseElement>> {
    let edge = proptest::sample::select(&EDGES[..]);
    let word = prop_oneof![4 => any::<u64>(), 1 => edge];
    let element = word.prop_map(|word| BaseElement::from_mont(canonical(word)));
    proptest::collection::vec(element, n)
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn all_types_compute_as_winterfell(
        a in elements(3 * WIDE_LANES),
        b in elements(3 * WIDE_LANES),
        c in elements(1),
    ) {
        let (a2, b2) = (&a[..2 * WIDE_LANES], &b[..2 * WIDE_LANES]);
        check_base::<false>(&a, &b, c[0]);
        check_extension::<QuadExtension<BaseElement>, false, 2>(a2, b2, c[0]);
        check_extension::<CubeExtension<BaseElement>, false, 3>(&a, &b, c[0]);
        // Under Miri a wide element takes minutes.
        if !cfg!(miri) {
            check_base::<true>(&a, &b, c[0]);
            check_extension::<QuadExtension<BaseElement>, true, 2>(a2, b2, c[0]);
            check_extension::<CubeExtension<BaseElement>, true, 3>(&a, &b, c[0]);
        }
    }
}

/// Transposes the square `0..LANES * LANES` in memory.
struct Transpose;

impl Kernel for Transpose {
    type Output = Vec<BaseElement>;

    #[inline(always)]
    fn run<V: Vector>(self, _token: V::Token) -> Vec<BaseElement> {
        let numbers: Vec<_> = (0..(V::LANES * V::LANES) as u32)
            .map(BaseElement::from)
            .collect();
        let mut square = [PackedElement::<V>::ZERO; MAX_LANES];
        for (pack, row) in square.iter_mut().zip(numbers.chunks(V::LANES)) {
            *pack = PackedElement::load(row);
        }
        let mut result = numbers;
        for (row, pack) in result
            .chunks_mut(V::LANES)
            .zip(PackedElement::transpose(square))
        {
            pack.store(row);
        }
        result
    }
}

#[test]
fn transposes() {
    for backend in Backend::available() {
        let n = backend.lanes();
        let result = dispatch(backend, Transpose);
        for (i, x) in result.iter().enumerate() {
            assert_eq!(x.as_int(), ((i % n) * n + i / n) as u64, "{backend}");
        }
    }
}
