//! One suite for every backend: each vector operation against `u128` arithmetic.

use proptest::prelude::*;

use crate::{
    Backend, Kernel, Vector, dispatch,
    goldilocks::{P, canonical},
    vector::MAX_LANES,
};

/// Values at which carries, borrows and reductions change their mind.
pub(crate) const EDGES: [u64; 16] = [
    0,
    1,
    2,
    (1 << 32) - 2,
    (1 << 32) - 1,
    1 << 32,
    (1 << 32) + 1,
    1 << 48,
    1 << 63,
    P - (1 << 32),
    P - 2,
    P - 1,
    P,
    P + 1,
    u64::MAX - 1,
    u64::MAX,
];

/// Of how many random cases a test takes its pick; under Miri, one.
pub(crate) fn cases(count: u32) -> ProptestConfig {
    ProptestConfig::with_cases(if cfg!(miri) { 1 } else { count })
}

/// The operations of one pair of loose vectors `a`, `b`, results in a fixed order.
struct Operations([u64; MAX_LANES], [u64; MAX_LANES]);

/// Results, each with its name and whether it must be canonical.
type Results = Vec<(String, bool, [u64; MAX_LANES])>;

impl Kernel for Operations {
    type Output = Results;

    #[inline(always)]
    fn run<V: Vector>(self, token: V::Token) -> Results {
        let (a, b) = (V::load(token, &self.0), V::load(token, &self.1));
        let (ca, cb) = (a.canonical(), b.canonical());
        let results = [
            ("canonical", true, ca.to_array()),
            ("add", false, a.add(cb).to_array()),
            ("add canonical", true, ca.add_canonical(cb).to_array()),
            ("sub", false, a.sub(cb).to_array()),
            ("sub canonical", true, ca.sub(cb).to_array()),
            ("neg", true, ca.neg().to_array()),
            ("double", true, ca.double().to_array()),
            ("mul plain", true, a.mul_plain(b).to_array()),
            ("mul mont", false, a.mul_mont(b).to_array()),
            ("mul mont canonical", true, a.mul_mont(cb).to_array()),
            ("square plain", true, a.square_plain().to_array()),
            ("square mont", false, a.square_mont().to_array()),
            ("square mont canonical", true, ca.square_mont().to_array()),
        ];
        let mut results: Results = results.map(|(name, c, x)| (name.to_owned(), c, x)).into();
        results.extend((0..96).map(|k| (format!("pow2 {k}"), true, a.mul_pow2(k).to_array())));
        results
    }
}

fn oracle(name: &str, a: u64, b: u64) -> u64 {
    let p = u128::from(P);
    let (a, b) = (u128::from(a) % p, u128::from(b) % p);
    // 1 / 2^64 = 2^128 since 2^192 = 1.
    let r_inv = (((1 << 64) % p) * ((1 << 64) % p)) % p;
    if let Some(k) = name.strip_prefix("pow2 ") {
        let k: u32 = k.parse().expect("an exponent");
        return (((a << (k / 2)) % p) << (k - k / 2)).rem_euclid(p) as u64;
    }
    let value = match name.trim_end_matches(" canonical") {
        "canonical" => a,
        "add" => a + b,
        "sub" => a + p - b,
        "neg" => p - a,
        "double" => 2 * a,
        "mul plain" => a * b,
        "mul mont" => (a * b % p) * r_inv,
        "square plain" => a * a,
        "square mont" => (a * a % p) * r_inv,
        name => unreachable!("no oracle for {name}"),
    };
    (value % p) as u64
}

fn check(a: [u64; MAX_LANES], b: [u64; MAX_LANES]) {
    for backend in Backend::available() {
        for (name, must_be_canonical, result) in dispatch(backend, Operations(a, b)) {
            for i in 0..backend.lanes() {
                let expected = oracle(&name, a[i], b[i]);
                let got = if must_be_canonical {
                    result[i]
                } else {
                    canonical(result[i])
                };
                assert_eq!(
                    got, expected,
                    "{backend}: {name} of {:#x}, {:#x}",
                    a[i], b[i]
                );
            }
        }
    }
}

#[test]
fn edges() {
    for x in EDGES {
        for pair in EDGES.windows(MAX_LANES) {
            let b = pair
                .try_into()
                .expect("a window has as many values as asked for");
            check([x; MAX_LANES], b);
            check(b, [x; MAX_LANES]);
        }
    }
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn random(a: [u64; MAX_LANES], b: [u64; MAX_LANES]) {
        check(a, b);
    }
}

/// Loads and stores at every offset and length.
struct Copy<'a>(&'a [u64], &'a mut [u64]);

impl Kernel for Copy<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self, token: V::Token) {
        for (src, dst) in self.0.chunks(V::LANES).zip(self.1.chunks_mut(V::LANES)) {
            V::load_partial(token, src).store_partial(dst);
        }
    }
}

#[test]
fn partial_and_unaligned() {
    let source: Vec<u64> = (100..140).collect();
    for backend in Backend::available() {
        for offset in 0..9 {
            for len in 0..20 {
                let mut target = vec![7; 40];
                let range = offset..offset + len;
                dispatch(
                    backend,
                    Copy(&source[range.clone()], &mut target[range.clone()]),
                );
                for (i, &got) in target.iter().enumerate() {
                    let expected = if range.contains(&i) { source[i] } else { 7 };
                    assert_eq!(got, expected, "{backend}: {range:?} at {i}");
                }
            }
        }
    }
}

/// `interleave` of `0..LANES` with `100..100 + LANES` in blocks.
struct Interleave(usize);

impl Kernel for Interleave {
    type Output = ([u64; MAX_LANES], [u64; MAX_LANES]);

    #[inline(always)]
    fn run<V: Vector>(self, token: V::Token) -> Self::Output {
        let a: [u64; MAX_LANES] = core::array::from_fn(|i| i as u64);
        let (a, b) = (V::load(token, &a), V::load(token, &a.map(|x| x + 100)));
        let (a, b) = a.interleave(b, self.0);
        (a.to_array(), b.to_array())
    }
}

#[test]
fn interleave() {
    for backend in Backend::available() {
        let mut block = 1;
        while block < backend.lanes() {
            let (even, odd) = dispatch(backend, Interleave(block));
            for i in 0..backend.lanes() {
                // Blocks of an odd number come from the second vector.
                let from_b = (i / block) % 2;
                let low = i - from_b * block;
                assert_eq!(
                    even[i],
                    (low + 100 * from_b) as u64,
                    "{backend} {block} even {i}"
                );
                assert_eq!(
                    odd[i],
                    (low + block + 100 * from_b) as u64,
                    "{backend} {block} odd {i}"
                );
            }
            block *= 2;
        }
    }
}

/// Each of some values with the one after it.
struct Successors<'a>(&'a [u64], &'a mut [u64]);

impl Kernel for Successors<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self, token: V::Token) {
        let next = V::load(token, &self.0[V::LANES..]);
        V::load(token, self.0).shift_in(next).store(self.1);
    }
}

#[test]
fn shifting_in_gives_the_lane_after_each() {
    let values: Vec<u64> = (1..=2 * MAX_LANES as u64).collect();
    for backend in Backend::available() {
        let mut shifted = [0; MAX_LANES];
        dispatch(backend, Successors(&values, &mut shifted));
        let lanes = backend.lanes();
        assert_eq!(shifted[..lanes], values[1..=lanes], "{backend}");
    }
}
