//! The laws of a field, on every backend: of every packed type, over the base field and both extensions.
//!
//! Oracles say that one result is right; laws say that results go together, and need no oracle.

use core::fmt::Debug;

use proptest::prelude::*;
use winter_math::{FieldElement, fields::f64::BaseElement};

use crate::{
    Backend, Kernel, Vector, dispatch,
    goldilocks::canonical,
    instruction_set::InstructionSet,
    packed_element::{
        Arithmetic, PackedElement, PackedExtension, Root7, RowPack, WIDE_LANES, WideElement,
    },
    vector_tests::{EDGES, cases},
};

/// What the laws are about: elements of one field, several at once. Equality is that of bits.
trait Algebra: Clone + PartialEq + Debug {
    /// A small number, as many times as `self` has elements.
    fn number(&self, n: u32) -> Self;
    fn plus(&self, rhs: &Self) -> Self;
    fn minus(&self, rhs: &Self) -> Self;
    fn times(&self, rhs: &Self) -> Self;
    fn negative(&self) -> Self;
    fn square(&self) -> Self;
    fn inverse(&self) -> Self;
    /// `self * a + b`
    fn times_plus(&self, a: &Self, b: &Self) -> Self;
    fn power7(&self) -> Self;
}

/// A packed value. Every operation is a function of its own, compiled for the vectors `V`: all of them
/// inlined into all laws would take minutes to compile.
#[derive(Clone, Copy, Debug)]
struct Packed<V: Vector, X> {
    token: V::Token,
    value: X,
}

impl<V: Vector, X: PartialEq> PartialEq for Packed<V, X> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

/// An operation on three values, of which it may need fewer.
struct Operation<X>(Name, [X; 3]);

enum Name {
    Plus,
    Minus,
    Times,
    Negative,
    Square,
    Inverse,
    TimesPlus,
    Power7,
}

impl<X: Arithmetic> Kernel for Operation<X> {
    type Output = X;

    #[inline(always)]
    fn run<V: Vector>(self, _token: V::Token) -> X {
        let Self(name, [a, b, c]) = self;
        match name {
            Name::Plus => a + b,
            Name::Minus => a - b,
            Name::Times => a * b,
            Name::Negative => -a,
            Name::Square => FieldElement::square(a),
            Name::Inverse => a.inv(),
            Name::TimesPlus => a.mul_add(b, c),
            Name::Power7 => a.pow7(),
        }
    }
}

/// Seventh roots, in step.
struct Roots<X, const N: usize>([X; N]);

impl<X: Root7, const N: usize> Kernel for Roots<X, N> {
    type Output = [X; N];

    #[inline(always)]
    fn run<V: Vector>(self, _token: V::Token) -> [X; N] {
        X::root7_each(self.0)
    }
}

impl<V: Vector, X: Arithmetic> Packed<V, X> {
    fn with(&self, value: X) -> Self {
        Self { value, ..*self }
    }

    fn apply(&self, name: Name, b: &Self, c: &Self) -> Self {
        let operation = Operation(name, [self.value, b.value, c.value]);
        self.with(self.token.run(operation))
    }
}

impl<V: Vector, X: Root7> Packed<V, X> {
    fn roots<const N: usize>(values: [Self; N]) -> [Self; N] {
        let roots = values[0].token.run(Roots(values.map(|x| x.value)));
        roots.map(|root| values[0].with(root))
    }
}

impl<V: Vector, X: Arithmetic> Algebra for Packed<V, X> {
    fn number(&self, n: u32) -> Self {
        self.with(X::from(n))
    }
    fn plus(&self, rhs: &Self) -> Self {
        self.apply(Name::Plus, rhs, self)
    }
    fn minus(&self, rhs: &Self) -> Self {
        self.apply(Name::Minus, rhs, self)
    }
    fn times(&self, rhs: &Self) -> Self {
        self.apply(Name::Times, rhs, self)
    }
    fn negative(&self) -> Self {
        self.apply(Name::Negative, self, self)
    }
    fn square(&self) -> Self {
        self.apply(Name::Square, self, self)
    }
    fn inverse(&self) -> Self {
        self.apply(Name::Inverse, self, self)
    }
    fn times_plus(&self, a: &Self, b: &Self) -> Self {
        self.apply(Name::TimesPlus, a, b)
    }
    fn power7(&self) -> Self {
        self.apply(Name::Power7, self, self)
    }
}

/// The laws, of any three.
fn obey<A: Algebra>(a: &A, b: &A, c: &A) {
    let [zero, one] = [a.number(0), a.number(1)];
    assert_eq!(a.plus(b), b.plus(a), "a + b");
    assert_eq!(a.plus(b).plus(c), a.plus(&b.plus(c)), "a + b + c");
    assert_eq!(a.plus(&zero), *a, "a + 0");
    assert_eq!(a.plus(&a.negative()), zero, "a + -a");
    assert_eq!(a.minus(b), a.plus(&b.negative()), "a - b");
    assert_eq!(a.minus(b).plus(b), *a, "a - b + b");

    assert_eq!(a.times(b), b.times(a), "a b");
    assert_eq!(a.times(b).times(c), a.times(&b.times(c)), "a b c");
    assert_eq!(a.times(&one), *a, "a 1");
    assert_eq!(a.times(&zero), zero, "a 0");
    let separately = a.times(b).plus(&a.times(c));
    assert_eq!(a.times(&b.plus(c)), separately, "a (b + c)");
    assert_eq!(a.negative().times(b), a.times(b).negative(), "-a b");
    assert_eq!(a.times_plus(b, c), a.times(b).plus(c), "a b + c");

    assert_eq!(a.square(), a.times(a), "a^2");
    let both = a.plus(b).square().minus(&a.minus(b).square());
    assert_eq!(
        both,
        a.times(b).times(&a.number(4)),
        "difference of squares"
    );
    let sixth = a.square().times(a).square();
    assert_eq!(a.power7(), sixth.times(a), "a^7");
    assert_eq!(
        a.times(b).power7(),
        a.power7().times(&b.power7()),
        "(a b)^7"
    );

    // The inverse of zero is zero: so it is 1 or 0 that comes out, and times a it is a.
    let inverse = a.inverse();
    let unit = a.times(&inverse);
    assert_eq!(unit.times(a), *a, "a / a a");
    assert_eq!(unit.times(&unit), unit, "(a / a)^2");
    assert_eq!(unit.times(&inverse), inverse, "a / a / a");
    assert_eq!(inverse.inverse(), *a, "1 / (1 / a)");
    let separately = inverse.times(&b.inverse());
    assert_eq!(a.times(b).inverse(), separately, "1 / (a b)");
}

/// Seventh roots undo seventh powers, and the other way round; together and one by one.
fn obey_with_roots<V: Vector, X: Root7>([a, b, c]: [Packed<V, X>; 3]) {
    obey(&a, &b, &c);
    let roots = Packed::roots([a, b, c]);
    for (root, x) in roots.into_iter().zip([a, b, c]) {
        assert_eq!(root.power7(), x, "root^7");
        assert_eq!(Packed::roots([x]), [root], "a root on its own");
        assert_eq!(Packed::roots([x.power7()]), [x], "root of x^7");
    }
    let both = roots[0].times(&roots[1]);
    assert_eq!(Packed::roots([a.times(&b)]), [both], "root of a b");
}

/// Puts the packed types to the test: three elements of each, made of planes of rows.
struct ObeyPacked<'a>(&'a [Vec<BaseElement>; 3]);

impl ObeyPacked<'_> {
    fn elements<V: Vector, X>(
        &self,
        token: V::Token,
        f: impl Fn(&[BaseElement]) -> X,
    ) -> [Packed<V, X>; 3] {
        self.0.each_ref().map(|rows| Packed {
            token,
            value: f(rows),
        })
    }

    fn obey<V: Vector, T: RowPack<V> + Root7>(&self, token: V::Token) {
        // Coordinate d is in rows `d * WIDE_LANES` and on.
        let plane = |rows: &[BaseElement], d: usize| {
            let mut plane = T::ZERO;
            for i in 0..T::PACKS {
                let rows = &rows[d * WIDE_LANES + i * V::LANES..];
                plane.set_pack(i, PackedElement::load(rows));
            }
            plane
        };
        obey_with_roots::<V, _>(self.elements(token, |rows| plane(rows, 0)));
        let [a, b, c] = self.elements::<V, _>(token, |rows| {
            PackedExtension::new([0, 1].map(|d| plane(rows, d)))
        });
        obey(&a, &b, &c);
        obey_with_roots::<V, _>(self.elements(token, |rows| {
            PackedExtension::new([0, 1, 2].map(|d| plane(rows, d)))
        }));
    }
}

impl Kernel for ObeyPacked<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Vector>(self, token: V::Token) {
        self.obey::<V, PackedElement<V>>(token);
        self.obey::<V, WideElement<V>>(token);
    }
}

/// Elements, an edge as often as not.
fn rows() -> impl Strategy<Value = Vec<BaseElement>> {
    let word = prop_oneof![any::<u64>(), proptest::sample::select(&EDGES[..])];
    let element = word.prop_map(|word| BaseElement::from_mont(canonical(word)));
    proptest::collection::vec(element, 3 * WIDE_LANES)
}

/// Stamps the suite on a backend. A CPU that lacks it has nothing to test.
macro_rules! suite {
    ($name:ident, $backend:expr) => {
        mod $name {
            use super::*;

            proptest! {
                #![proptest_config(cases(64))]

                #[test]
                fn packed_elements(a in rows(), b in rows(), c in rows()) {
                    if $backend.is_available() {
                        dispatch($backend, ObeyPacked(&[a, b, c]));
                    }
                }
            }
        }
    };
}

suite!(scalar, Backend::Scalar);
#[cfg(target_arch = "aarch64")]
suite!(neon, Backend::Neon);
#[cfg(target_arch = "x86_64")]
suite!(avx2, Backend::Avx2);
#[cfg(target_arch = "x86_64")]
suite!(avx512, Backend::Avx512);
