//! Every transform against its definition, sums of products, and what follows from it: linearity; and
//! the same bits on any number of threads.

use proptest::prelude::*;
use winter_math::{
    FieldElement, StarkField,
    fields::{CubeExtension, QuadExtension, f64::BaseElement},
};

use crate::{
    Backend, Matrix, evaluate_columns, evaluate_poly_with_offset,
    goldilocks::{P, canonical},
    interpolate_columns, interpolate_columns_into, interpolate_columns_with_offset,
    interpolate_poly_with_offset, lde_columns_into, lde_rows, lde_rows_into,
    lde_tests::{bits, elements},
    vector_tests::{EDGES, cases},
};

type Quad = QuadExtension<BaseElement>;
type Cube = CubeExtension<BaseElement>;

/// A field of this crate.
trait Field: FieldElement<BaseField = BaseElement> {}
impl<E: FieldElement<BaseField = BaseElement>> Field for E {}

/// Reproducible elements, edges among them.
fn any<E: Field>(len: usize, seed: u64) -> Vec<E> {
    E::slice_from_base_elements(&elements(len * E::EXTENSION_DEGREE, seed)).to_vec()
}

#[track_caller]
fn assert_bits<E: Field>(got: &[E], expected: &[E], what: &str) {
    let bits = |x| bits(E::slice_as_base_elements(x));
    assert!(bits(got) == bits(expected), "{what}");
}

/// The value at x.
fn value<E: Field>(p: &[E], x: BaseElement) -> E {
    p.iter().rev().fold(E::ZERO, |sum, &c| sum.mul_base(x) + c)
}

/// Values at `offset * g^i` for `i < len`, g being the root of unity of this order.
fn values<E: Field>(p: &[E], offset: BaseElement, len: usize) -> Vec<E> {
    points(offset, root(len), len)
        .map(|x| value(p, x))
        .collect()
}

/// `offset * g^i` for `i < len`.
fn points(offset: BaseElement, g: BaseElement, len: usize) -> impl Iterator<Item = BaseElement> {
    core::iter::successors(Some(offset), move |&x| Some(x * g)).take(len)
}

/// The coefficients of the polynomial with these values at `offset * g^i`.
fn coefficients<E: Field>(values: &[E], offset: BaseElement) -> Vec<E> {
    let n = values.len();
    let (n_inv, g_inv) = (BaseElement::new(n as u64).inv(), root(n).inv());
    // The sum over i of values[i] g^(-i j), over n offset^j.
    let scales = points(n_inv, offset.inv(), n);
    let sums = points(BaseElement::ONE, g_inv, n).map(|x| value(values, x));
    sums.zip(scales)
        .map(|(sum, scale)| sum.mul_base(scale))
        .collect()
}

fn root(len: usize) -> BaseElement {
    match len.ilog2() {
        0 => BaseElement::ONE,
        log => BaseElement::get_root_of_unity(log),
    }
}

fn on_each(test: impl Fn(Backend)) {
    for backend in Backend::available() {
        backend.with(|| test(backend)).expect("available");
    }
}

/// The plain transforms, a coset, and those of edges.
const OFFSETS: [BaseElement; 4] = [
    BaseElement::ONE,
    BaseElement::GENERATOR,
    BaseElement::new((1 << 32) - 1),
    BaseElement::new(P - 1),
];

/// Largest size, as a power of two, of what takes that many products squared.
const MAX_LOG: u32 = 9;

#[test]
fn columns_are_evaluated() {
    for log_n in 0..=MAX_LOG {
        let columns = [1, 2, 3].map(|seed| any::<BaseElement>(1 << log_n, seed));
        let expected = columns
            .each_ref()
            .map(|c| values(c, BaseElement::ONE, 1 << log_n));
        on_each(|backend| {
            let mut got = columns.clone();
            evaluate_columns(&mut got);
            assert_bits(
                &got.concat(),
                &expected.concat(),
                &format!("{backend}, 2^{log_n}"),
            );
        });
    }
}

#[test]
fn columns_are_interpolated() {
    for (log_n, offset) in (0..=MAX_LOG).flat_map(|log_n| OFFSETS.map(|offset| (log_n, offset))) {
        let columns = [4, 5, 6].map(|seed| any::<BaseElement>(1 << log_n, seed));
        let expected = columns.each_ref().map(|c| coefficients(c, offset)).concat();
        on_each(|backend| {
            let what = format!("{backend}, 2^{log_n}, {offset}");
            let mut got = columns.clone();
            interpolate_columns_with_offset(&mut got, offset);
            assert_bits(&got.concat(), &expected, &what);
            if offset == BaseElement::ONE {
                let mut got = columns.clone();
                interpolate_columns(&mut got);
                assert_bits(&got.concat(), &expected, &what);
                let mut got = columns.each_ref().map(|c| vec![offset; c.len()]);
                interpolate_columns_into(&columns, &mut got);
                assert_bits(&got.concat(), &expected, &what);
            }
        });
    }
}

/// Columns of the same edge all over, which sums grow with, and of all edges in turn; each starts one
/// word into its memory.
#[test]
fn edges_are_transformed() {
    let edges = EDGES.map(|word| BaseElement::from_mont(canonical(word)));
    for n in [3, 6, 8].map(|log_n| 1_usize << log_n) {
        let cycle = edges.iter().copied().cycle();
        let mut columns: Vec<Vec<_>> = edges.iter().map(|&x| vec![x; n + 1]).collect();
        columns.extend([1, 3, 5].map(|step| cycle.clone().step_by(step).take(n + 1).collect()));
        let (one, offset) = (BaseElement::ONE, BaseElement::GENERATOR);
        let each = |f: &dyn Fn(&[BaseElement]) -> Vec<BaseElement>| -> Vec<_> {
            columns.iter().map(|c| f(&c[1..])).collect()
        };
        let evaluated = each(&|c| values(c, one, n));
        let interpolated = each(&|c| coefficients(c, one));
        let extended = each(&|c| values(c, offset, 2 * n));
        on_each(|backend| {
            let what = format!("{backend}, {n} values");
            let check = |transform: fn(&mut [&mut [BaseElement]]), expected: &[Vec<_>]| {
                let mut memory = columns.clone();
                let mut slices: Vec<_> = memory.iter_mut().map(|c| &mut c[1..]).collect();
                transform(&mut slices);
                assert_bits(&slices.concat(), &expected.concat(), &what);
            };
            check(|x| evaluate_columns(x), &evaluated);
            check(|x| interpolate_columns(x), &interpolated);
            let slices: Vec<_> = columns.iter().map(|c| &c[1..]).collect();
            let matrix = lde_rows(&slices, 2, offset);
            for r in 0..2 * n {
                let row: Vec<_> = extended.iter().map(|column| column[r]).collect();
                assert_bits(matrix.row(r), &row, &what);
            }
        });
    }
}

/// Both transforms of a polynomial.
fn check_polynomial<E: Field>(log_n: u32, blowup: usize, offset: BaseElement) {
    let n = 1 << log_n;
    let p = any::<E>(n, 7);
    let (values, coefficients) = (values(&p, offset, n * blowup), coefficients(&p, offset));
    on_each(|backend| {
        let degree = E::EXTENSION_DEGREE;
        let what = format!("{backend}, degree {degree}, 2^{log_n}, blowup {blowup}, {offset}");
        assert_bits(
            &evaluate_poly_with_offset(&p, offset, blowup),
            &values,
            &what,
        );
        let mut got = p.clone();
        interpolate_poly_with_offset(&mut got, offset);
        assert_bits(&got, &coefficients, &what);
    });
}

#[test]
fn polynomials_are_evaluated_and_interpolated() {
    for log_n in 0..=MAX_LOG - 2 {
        for (blowup, offset) in [1, 2, 8, 4].into_iter().zip(OFFSETS) {
            check_polynomial::<BaseElement>(log_n, blowup, offset);
            check_polynomial::<Quad>(log_n, blowup, offset);
            check_polynomial::<Cube>(log_n, blowup, offset);
        }
    }
}

/// The extension to rows, by each of its functions, as far as `rows` says.
fn check_rows(log_n: u32, width: usize, blowup: usize, rows: impl Iterator<Item = usize> + Clone) {
    let (n, offset) = (1 << log_n, BaseElement::GENERATOR);
    let columns: Vec<_> = (0..width)
        .map(|c| any::<BaseElement>(n, c as u64))
        .collect();
    let g = root(n * blowup);
    let row = |r| -> Vec<_> {
        let x = offset * g.exp(r as u64);
        columns.iter().map(|column| value(column, x)).collect()
    };
    let expected: Vec<_> = rows.clone().map(|r| (r, row(r))).collect();
    on_each(|backend| {
        let matrix = lde_rows(&columns, blowup, offset);
        // One word into its memory.
        let mut flat = vec![BaseElement::ZERO; 1 + n * blowup * width];
        lde_rows_into(&columns, blowup, offset, &mut flat[1..]);
        let mut padded = Matrix::padded(n * blowup, width);
        lde_columns_into(&columns, blowup, offset, &mut padded, 0);
        for (r, row) in &expected {
            let what = format!("{backend}, 2^{log_n} x {width}, blowup {blowup}, row {r}");
            assert_bits(matrix.row(*r), row, &what);
            assert_bits(&flat[1 + r * width..][..width], row, &what);
            assert_bits(padded.row(*r), row, &what);
        }
    });
}

#[test]
fn columns_are_extended() {
    for log_n in 0..=MAX_LOG - 2 {
        for (width, blowup) in [(1, 2), (3, 4), (8, 1), (9, 2)] {
            check_rows(log_n, width, blowup, 0..blowup << log_n);
        }
    }
}

#[test]
fn large_blowups() {
    // All sizes of one pass, and the first of two (one of these where code is slow); as many rows as take
    // a moment.
    let two_passes = if cfg!(debug_assertions) {
        13..14
    } else {
        12..14
    };
    for blowup in [64, 128] {
        for log_n in (0..=MAX_LOG + 1).chain(two_passes.clone()) {
            let rows = blowup << log_n;
            check_rows(log_n, 1, blowup, (0..rows).step_by(1 + rows / 61));
            check_rows(log_n, 5, blowup, (0..rows).rev().step_by(1 + rows / 31));
        }
    }
}

/// Sums and multiples go through transforms.
fn check_linearity<E: Field>(seed: u64, log_n: u32, factor: E, offset: BaseElement) {
    let n = 1 << log_n;
    let (a, b) = (any::<E>(n, seed), any::<E>(n, !seed));
    let combine =
        |a: &[E], b: &[E]| -> Vec<E> { a.iter().zip(b).map(|(&a, &b)| a + b * factor).collect() };
    let sum = combine(&a, &b);
    on_each(|backend| {
        let [ta, tb, tsum] = [&a, &b, &sum].map(|p| evaluate_poly_with_offset(p, offset, 2));
        assert_bits(
            &combine(&ta, &tb),
            &tsum,
            &format!("{backend}, 2^{log_n}, there"),
        );
        let [ta, tb, tsum] = [&a, &b, &sum].map(|p| {
            let mut p = p.clone();
            interpolate_poly_with_offset(&mut p, offset);
            p
        });
        assert_bits(
            &combine(&ta, &tb),
            &tsum,
            &format!("{backend}, 2^{log_n}, back"),
        );
    });
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn transforms_are_linear(
        seed: u64,
        log_n in 0..=MAX_LOG,
        words: [u64; 3],
        offset in 1..P,
    ) {
        let factor = words.map(BaseElement::new);
        let offset = BaseElement::new(offset);
        check_linearity(seed, log_n, factor[0], offset);
        check_linearity(seed, log_n, Quad::new(factor[0], factor[1]), offset);
        check_linearity(seed, log_n, Cube::new(factor[0], factor[1], factor[2]), offset);
        let n = 1 << log_n;
        let [a, b] = [seed, !seed].map(|seed| any::<BaseElement>(n, seed));
        let sum: Vec<_> = a.iter().zip(&b).map(|(&a, &b)| a + b * factor[0]).collect();
        on_each(|backend| {
            for transform in [evaluate_columns, interpolate_columns] {
                let mut columns = [a.clone(), b.clone(), sum.clone()];
                transform(&mut columns);
                let [a, b, sum] = columns;
                let combined: Vec<_> = a.iter().zip(&b).map(|(&a, &b)| a + b * factor[0]).collect();
                assert_bits(&combined, &sum, &format!("{backend}, 2^{log_n}, columns"));
            }
        });
    }
}

/// Runs work on each backend and in pools of one, two and three threads: the same bits.
fn same_on_all_threads<E: Field>(what: &str, work: impl Fn() -> Vec<E> + Sync) {
    let run = |threads, backend: Backend| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.expect("threads")
            .install(|| backend.with(&work).expect("available"))
    };
    let expected = run(1, Backend::Scalar);
    on_each(|backend| {
        for threads in 1..=3 {
            let got = run(threads, backend);
            assert_bits(
                &got,
                &expected,
                &format!("{backend}, {what}, {threads} threads"),
            );
        }
    });
}

/// Largest size, as a power of two, of what threads share; less under emulation.
const MAX_LOG_SHARED: u32 = if cfg!(target_arch = "aarch64") {
    12
} else {
    18
};

/// Sizes that are cut up in different ways: whole columns, columns in pieces, past the caches.
#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let shapes = [
        (6, 5),
        (10, 40),
        (14, 3),
        (14, 13),
        (15, 1),
        (17, 5),
        (18, 1),
    ];
    for (log_n, width) in shapes.into_iter().filter(|x| x.0 <= MAX_LOG_SHARED) {
        let columns: Vec<_> = (0..width)
            .map(|c| any::<BaseElement>(1 << log_n, c))
            .collect();
        let what = format!("{width} columns of 2^{log_n}");
        same_on_all_threads(&what, || {
            let mut x = columns.clone();
            interpolate_columns_with_offset(&mut x, BaseElement::GENERATOR);
            evaluate_columns(&mut x);
            x.concat()
        });
        let blowup = if log_n > 14 { 2 } else { 8 };
        same_on_all_threads(&what, || {
            let matrix = lde_rows(&columns, blowup, BaseElement::GENERATOR);
            // And to where no line starts.
            let mut flat = vec![BaseElement::ZERO; matrix.elements().len() + 1];
            lde_rows_into(&columns, blowup, BaseElement::GENERATOR, &mut flat[1..]);
            assert!(bits(&flat[1..]) == bits(matrix.elements()), "unaligned");
            flat
        });
    }
    for log_n in [8, 12, 15, 17]
        .into_iter()
        .filter(|&log_n| log_n <= MAX_LOG_SHARED)
    {
        check_threads_of_polynomial::<BaseElement>(log_n);
        check_threads_of_polynomial::<Quad>(log_n);
        check_threads_of_polynomial::<Cube>(log_n);
    }
}

fn check_threads_of_polynomial<E: Field>(log_n: u32) {
    let p = any::<E>(1 << log_n, 8);
    let what = format!("degree {}, 2^{log_n}", E::EXTENSION_DEGREE);
    same_on_all_threads(&what, || {
        evaluate_poly_with_offset(&p, BaseElement::GENERATOR, 4)
    });
    same_on_all_threads(&what, || {
        let mut p = p.clone();
        interpolate_poly_with_offset(&mut p, BaseElement::GENERATOR);
        p
    });
}
