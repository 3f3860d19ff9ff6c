//! Sums, products, powers, conversions, inverses.

use proptest::prelude::*;
use winter_math::{
    FieldElement, batch_inversion,
    fields::{CubeExtension, QuadExtension, f64::BaseElement},
};

use super::{Exact, all_backends, any_words, assert_bits, canonical, for_all_fields, loose};
use crate::{
    convert::extension_words,
    goldilocks, slices,
    vector_tests::{EDGES, cases},
};

/// Compares all operations on elements `from..` of slices of `len` with their definitions; the
/// elements before must stay.
fn check<E: FieldElement<BaseField = BaseElement>>(words: &[Vec<u64>; 3], from: usize, len: usize) {
    let [a, b, c] = words.each_ref().map(|words| canonical::<E>(words, len));
    let (factor, base) = (c[from], BaseElement::from_mont(words[2][0]));
    let tail = |f: &dyn Fn(usize) -> E| -> Vec<E> {
        let changed = (from..len).map(f);
        a[..from].iter().copied().chain(changed).collect()
    };
    let [xa, xb, xc] = [&a, &b, &c].map(|x| x.iter().map(|&x| Exact(x)).collect::<Vec<_>>());
    let scalar = Exact(factor);
    let expected = [
        tail(&|i| (xa[i] + xb[i]).0),
        tail(&|i| (xa[i] - xb[i]).0),
        tail(&|i| (xa[i] * xb[i]).0),
        tail(&|i| (xa[i] * xa[i]).0),
        tail(&|i| (Exact(E::ZERO) - xa[i]).0),
        tail(&|i| (xa[i] + xb[i] * xc[i]).0),
        tail(&|i| (xa[i] * scalar).0),
        tail(&|i| (xa[i] + xb[i] * scalar).0),
        tail(&|i| (1..7).fold(xa[i], |power, _| power * xa[i]).0),
    ];
    for slices in all_backends() {
        let mut got: [Vec<E>; 9] = core::array::from_fn(|_| a.clone());
        let run = |op: usize, x: &mut [E]| match op {
            0 => slices.add_assign(x, &b[from..]),
            1 => slices.sub_assign(x, &b[from..]),
            2 => slices.mul_assign(x, &b[from..]),
            3 => slices.square_assign(x),
            4 => slices.neg_assign(x),
            5 => slices.mul_add_assign(x, &b[from..], &c[from..]),
            6 => slices.scale_assign(x, factor),
            7 => slices.scale_add_assign(x, &b[from..], factor),
            _ => slices.pow7_assign(x),
        };
        for (op, (got, expected)) in got.iter_mut().zip(&expected).enumerate() {
            run(op, &mut got[from..]).expect("equal lengths");
            let what = format!("{slices:?}, operation {op}, {from}..{len}");
            assert_bits(got, expected, &what);
        }
        // Operations that take loose words.
        let any = loose::<E>(&words[1], len);
        let mut canonicalized = any.clone();
        slices
            .canonicalize(&mut canonicalized[from..])
            .expect("a field");
        assert_bits(&canonicalized[from..], &b[from..], "canonicalize");
        let mut inverses = any.clone();
        slices
            .invert_assign(&mut inverses[from..])
            .expect("a field");
        for (&inverse, &x) in inverses[from..].iter().zip(&xb[from..]) {
            let one = if x.0 == E::ZERO { E::ZERO } else { E::ONE };
            assert_bits(&[(Exact(inverse) * x).0], &[one], "loose inverses");
        }
        let mut scaled = any;
        let base = BaseElement::from_mont(goldilocks::canonical(base.inner()));
        slices
            .scale_base_assign(&mut scaled[from..], base)
            .expect("a field");
        let expected: Vec<_> = xb[from..]
            .iter()
            .map(|&x| (x * Exact(E::from(base))).0)
            .collect();
        assert_bits(&scaled[from..], &expected, "times a base element");
    }
}

/// Seventh powers have one root each, so that a root is right if its power is.
fn check_roots<E: FieldElement<BaseField = BaseElement>>(words: &[u64]) {
    let values = canonical::<E>(words, words.len() / E::EXTENSION_DEGREE);
    for slices in all_backends() {
        let mut roots = values.clone();
        slices.root7_assign(&mut roots).expect("a field");
        assert!(
            extension_words(&roots)
                .iter()
                .all(|&word| word < goldilocks::P)
        );
        let power = |&root: &E| (1..7).fold(Exact(root), |power, _| power * Exact(root)).0;
        let powers: Vec<_> = roots.iter().map(power).collect();
        assert_bits(&powers, &values, &format!("{slices:?}"));
    }
}

proptest! {
    #![proptest_config(cases(64))]
    #[test]
    fn by_definition(
        words in [any_words(3 * 80), any_words(3 * 80), any_words(3 * 80)],
        from in 0_usize..9,
        len in 9_usize..=80,
    ) {
        for_all_fields!(check(&words, from, len));
    }

    #[test]
    fn conversions_and_roots(words in any_words(80), from in 0_usize..9, len in 0_usize..72) {
        let words = &words[from..from + len];
        for slices in all_backends() {
            let mut elements = vec![BaseElement::ZERO; len];
            slices.from_integers(words, &mut elements).expect("equal lengths");
            let expected: Vec<_> = words.iter().map(|&x| BaseElement::new(x)).collect();
            assert_bits(&elements, &expected, "from integers");

            let any: Vec<BaseElement> = loose(words, len);
            let mut integers = vec![0; len];
            slices.to_integers(&any, &mut integers).expect("equal lengths");
            let expected: Vec<_> = canonical::<BaseElement>(words, len)
                .iter()
                .map(BaseElement::as_int)
                .collect();
            prop_assert_eq!(&integers, &expected);
        }
        check_roots::<BaseElement>(words);
        check_roots::<CubeExtension<BaseElement>>(words);
    }
}

#[test]
fn edges_by_edges() {
    // All pairs, over the base field.
    let pairs = EDGES.iter().flat_map(|&a| EDGES.map(|b| (a, b)));
    let (a, b): (Vec<_>, Vec<_>) = pairs.unzip();
    let words = [a.clone(), b, a];
    check::<BaseElement>(&words, 0, words[0].len());
}

/// Inverts more than one piece, with zeros among the elements and at piece boundaries.
fn check_many_inverses<E: FieldElement<BaseField = BaseElement>>() {
    for len in [2047, 2048, 2049, 6144, 12_289] {
        let mut values: Vec<E> = (0..len as u32)
            .map(|i| E::from(i) * E::from(0x9e37_79b9_u32))
            .collect();
        for i in (0..len).step_by(13) {
            values[i] = E::ZERO;
        }
        let expected = batch_inversion(&values);
        for slices in all_backends() {
            let mut got = values.clone();
            slices.invert_assign(&mut got).expect("a field");
            assert_bits(&got, &expected, &format!("{slices:?}, {len}"));
            assert!(extension_words(&got[..1]).iter().all(|&x| x == 0));
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "minutes under Miri")]
fn many_inverses() {
    for_all_fields!(check_many_inverses());
}

#[test]
fn no_quadratic_roots() {
    let mut values = [QuadExtension::new(BaseElement::ONE, BaseElement::ONE); 3];
    assert_eq!(
        slices::root7_assign(&mut values),
        Err(slices::SliceError::Roots)
    );
}

#[test]
fn zeros_only() {
    for slices in all_backends() {
        let mut zeros = vec![BaseElement::ZERO; 100];
        slices.invert_assign(&mut zeros).expect("a field");
        assert_eq!(zeros, vec![BaseElement::ZERO; 100]);
    }
}

#[test]
fn free_functions_are_the_methods() {
    let a: Vec<_> = (1..30).map(BaseElement::new).collect();
    let two = BaseElement::new(2);
    let map = |f: &dyn Fn(BaseElement) -> BaseElement| a.iter().map(|&x| f(x)).collect::<Vec<_>>();
    let run = |f: &dyn Fn(&mut [BaseElement])| {
        let mut x = a.clone();
        f(&mut x);
        x
    };
    let ok = |result: Result<(), slices::SliceError>| result.expect("equal lengths");
    assert_eq!(run(&|x| ok(slices::add_assign(x, &a))), map(&|x| x + x));
    assert_eq!(run(&|x| ok(slices::sub_assign(x, &a))), map(&|x| x - x));
    assert_eq!(run(&|x| ok(slices::mul_assign(x, &a))), map(&|x| x * x));
    assert_eq!(run(&|x| ok(slices::square_assign(x))), map(&|x| x * x));
    assert_eq!(run(&|x| ok(slices::neg_assign(x))), map(&|x| -x));
    assert_eq!(
        run(&|x| ok(slices::mul_add_assign(x, &a, &a))),
        map(&|x| x + x * x)
    );
    assert_eq!(
        run(&|x| ok(slices::scale_assign(x, two))),
        map(&|x| x * two)
    );
    assert_eq!(
        run(&|x| ok(slices::scale_base_assign(x, two))),
        map(&|x| x * two)
    );
    assert_eq!(
        run(&|x| ok(slices::scale_add_assign(x, &a, two))),
        map(&|x| x + x * two)
    );
    assert_eq!(run(&|x| ok(slices::pow7_assign(x))), map(&|x| x.exp7()));
    assert_eq!(run(&|x| ok(slices::root7_assign(x))), {
        let e = 10_540_996_611_094_048_183_u64;
        map(&|x| x.exp(e))
    });
    assert_eq!(run(&|x| ok(slices::invert_assign(x))), map(&|x| x.inv()));
    assert_eq!(run(&|x| ok(slices::canonicalize(x))), a);
    let mut integers = vec![0; a.len()];
    ok(slices::to_integers(&a, &mut integers));
    assert_eq!(integers, (1..30).collect::<Vec<_>>());
    assert_eq!(run(&|x| ok(slices::from_integers(&integers, x))), a);
}
