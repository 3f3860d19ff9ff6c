//! Slice operations beside winterfell's loops, in nanoseconds an element, on one thread:
//!
//! ```text
//! cargo run --release -p winterlane-field-simd --example slice_speed
//! ```

use std::{hint::black_box, time::Instant};

use winter_math::{
    FieldElement, batch_inversion,
    fields::{CubeExtension, QuadExtension, f64::BaseElement},
    polynom,
};
use winterlane_field_simd::{Backend, slices::Slices};

/// Elements in a slice: first-level cache for the base field.
const LEN: usize = 1024;

/// The median time of a run, in nanoseconds an element.
fn median(mut run: impl FnMut()) -> f64 {
    let mut times: Vec<_> = (0..61)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..8 {
                run();
            }
            start.elapsed().as_secs_f64() * 1e9 / (8 * LEN) as f64
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn report<E: FieldElement<BaseField = BaseElement>>(field: &str) {
    let words: Vec<_> = (1..=(LEN * E::EXTENSION_DEGREE) as u64)
        .map(|i| BaseElement::new(i.wrapping_mul(0x9e37_79b9_7f4a_7c15)))
        .collect();
    let a = E::slice_from_base_elements(&words).to_vec();
    let mut b = a.clone();
    b.reverse();
    let mut out = a.clone();
    let row = |name: &str, operation: &str, ns: f64| {
        println!("{field:<10} {operation:<12} {name:<8} {ns:8.3}");
    };

    row(
        "stock",
        "add",
        median(|| {
            for (x, &y) in black_box(&mut out).iter_mut().zip(&b) {
                *x += y;
            }
        }),
    );
    row(
        "stock",
        "multiply",
        median(|| {
            for (x, &y) in black_box(&mut out).iter_mut().zip(&b) {
                *x *= y;
            }
        }),
    );
    row(
        "stock",
        "invert",
        median(|| drop(black_box(batch_inversion(black_box(&a))))),
    );
    row(
        "stock",
        "dot",
        median(|| {
            let terms = black_box(&a).iter().zip(&b);
            black_box(terms.fold(E::ZERO, |sum, (&x, &y)| sum + x * y));
        }),
    );
    row(
        "stock",
        "evaluate",
        median(|| {
            black_box(polynom::eval(black_box(&a), b[0]));
        }),
    );
    for backend in Backend::available() {
        let (name, slices) = (backend.name(), Slices::on(backend).expect("available"));
        let fits = "slices of one length";
        let run = |operation, f: &mut dyn FnMut()| row(name, operation, median(f));
        run("add", &mut || {
            slices.add_assign(black_box(&mut out), &b).expect(fits);
        });
        run("multiply", &mut || {
            slices.mul_assign(black_box(&mut out), &b).expect(fits);
        });
        out.copy_from_slice(&a);
        run("invert", &mut || {
            slices.invert_assign(black_box(&mut out)).expect(fits);
        });
        run("dot", &mut || {
            black_box(slices.dot(black_box(&a), &b).expect(fits));
        });
        run("evaluate", &mut || {
            black_box(slices.evaluate(black_box(&a), b[0]).expect(fits));
        });
    }
}

fn main() {
    report::<BaseElement>("base");
    report::<QuadExtension<BaseElement>>("quadratic");
    report::<CubeExtension<BaseElement>>("cubic");
}
