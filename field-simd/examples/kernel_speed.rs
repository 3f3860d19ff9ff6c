//! Times arithmetic, hashing and Rescue: `kernel_speed [threads]`.
//!
//! Prints medians: nanoseconds an element of arrays in the first-level cache, milliseconds of
//! Merkle trees over 2^20 rows, nanoseconds a state.

use std::{hint::black_box, time::Instant};

use winter_math::fields::f64::BaseElement;
use winterlane_field_simd::{
    Backend, Kernel, Vector, dispatch,
    hashing::{Rows, par_commit_rows},
    rescue,
};

/// The median of some runs in seconds, the first not counted.
fn median(runs: usize, mut f: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..=runs)
        .map(|_| {
            let start = Instant::now();
            f();
            start.elapsed().as_secs_f64()
        })
        .skip(1)
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

const LEN: usize = 1024;
const PASSES: usize = 256;

struct Passes<'a>(&'a mut [u64], &'a [u64], u32);

impl Kernel for Passes<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self, token: V::Token) {
        for _ in 0..PASSES {
            let pairs = self.0.chunks_exact_mut(V::LANES);
            for (a, b) in pairs.zip(self.1.chunks_exact(V::LANES)) {
                let (x, y) = (V::load(token, a), V::load(token, b));
                let z = match self.2 {
                    0 => x.mul_plain(y),
                    1 => x.mul_mont(y),
                    2 => x.square_plain(),
                    _ => x.add_canonical(y),
                };
                z.store(a);
            }
            black_box(&mut *self.0);
        }
    }
}

fn main() {
    let threads: usize = std::env::args()
        .nth(1)
        .map_or(1, |n| n.parse().expect("a number"));
    let backend = Backend::current();
    let mut x = 1u64;
    let mut random = || {
        x = x.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (x ^ (x >> 29)) % 0xffff_ffff_0000_0001
    };
    // Aligned as the transforms' data is.
    #[repr(align(64))]
    struct Aligned([u64; LEN]);
    let mut a = Box::new(Aligned([0; LEN]));
    let mut b = Box::new(Aligned([0; LEN]));
    a.0.fill_with(&mut random);
    b.0.fill_with(&mut random);
    for (kind, name) in ["multiply", "Montgomery multiply", "square", "add"]
        .iter()
        .enumerate()
    {
        let time = median(25, || {
            dispatch(backend, Passes(&mut a.0, &b.0, kind as u32));
        });
        let each = time * 1e9 / (LEN * PASSES) as f64;
        println!("{backend} {name}: {each:.4} ns an element");
    }
    let mut states: Vec<rescue::State> = (0..1 << 10)
        .map(|_| core::array::from_fn(|_| BaseElement::new(random())))
        .collect();
    let time = median(9, || rescue::permute_many(&mut states));
    println!(
        "{backend} Rescue: {:.1} ns a state",
        time * 1e9 / states.len() as f64
    );
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()
        .expect("threads");
    for width in [32, 226] {
        let matrix: Vec<BaseElement> = (0..width << 20)
            .map(|_| BaseElement::new(random()))
            .collect();
        let rows = Rows::new(&matrix, width, width).expect("whole rows");
        let time = pool.install(|| median(5, || drop(black_box(par_commit_rows::<32>(rows)))));
        println!(
            "{backend} tree over 2^20 rows of {width}, {threads} threads: {:.1} ms",
            time * 1e3
        );
    }
}
