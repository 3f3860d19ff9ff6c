//! The arithmetic that the `field` jobs run, generic over the field's representation.

use core::ops::Range;

use winterfell::math::{FieldElement, fields::f64::BaseElement};

use crate::{FieldOperation, data};

/// The operands of a job: 1,024 elements each, those of the extension as three.
#[derive(Clone, Debug)]
pub struct Operands {
    /// Left.
    pub a: Vec<BaseElement>,
    /// Right.
    pub b: Vec<BaseElement>,
}

impl Operands {
    /// The operands of an operation.
    #[must_use]
    pub fn new(operation: FieldOperation) -> Self {
        let len = (FieldOperation::ELEMENTS * operation.degree()) as u64;
        let elements = |range: Range<u64>| {
            range
                .map(|position| BaseElement::new(data::value(position)))
                .collect()
        };
        Self {
            a: elements(0..len),
            b: elements(len..2 * len),
        }
    }
}

/// `x^(1/7)`, with 63 squarings and 8 multiplications; the chain is winter-crypto's.
#[inline(always)]
pub fn seventh_root<E: FieldElement<BaseField = BaseElement>>(x: E) -> E {
    #[inline(always)]
    fn squared<E: FieldElement>(mut x: E, times: u32) -> E {
        for _ in 0..times {
            x = x.square();
        }
        x
    }
    let x2 = x.square();
    let x4 = x2.square();
    let a = squared(x4, 3) * x4;
    let b = squared(a, 6) * a;
    let c = squared(b, 12) * b;
    let d = squared(c, 6) * a;
    let e = squared(d, 31) * d;
    let f = squared(e.square() * d, 2);
    f * (x2 * x4 * x)
}

/// One pass: `a[i] = f(a[i], b[i])`.
#[inline(always)]
pub fn pass<T: Copy>(a: &mut [T], b: &[T], f: impl Fn(T, T) -> T) {
    for (a, &b) in a.iter_mut().zip(b) {
        *a = f(*a, b);
    }
}

/// A chain: `x = f(x, b[i])`, all over `b`.
#[inline(always)]
pub fn chain<T: Copy>(mut x: T, b: &[T], f: impl Fn(T, T) -> T) -> T {
    for &b in b {
        x = f(x, b);
    }
    x
}
