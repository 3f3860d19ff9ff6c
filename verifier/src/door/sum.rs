//! Sums of many products, reduced once.

use winter_math::{FieldElement, StarkField, fields::f64::BaseElement};

use super::exact::Exact;

/// The sum of the products of elements with base elements, one by one.
///
/// Products of 64-bit numbers are added up as they are, and reduced once: exact, and a third of the time of
/// reducing each.
pub(super) fn dot_base<'a, const D: usize>(
    elements: impl Iterator<Item = &'a Exact<D>>,
    factors: &[BaseElement],
) -> Exact<D> {
    let mut sums = [Sum::default(); D];
    for (element, factor) in elements.zip(factors) {
        for (sum, coordinate) in sums.iter_mut().zip(element.coordinates()) {
            sum.add(coordinate, *factor);
        }
    }
    Exact::of(sums.map(Sum::reduced))
}

/// A sum of products that are not reduced: of the numbers that stand for the factors, which are `2^64` times their
/// values modulo p (Montgomery's form).
#[derive(Clone, Copy, Default)]
struct Sum {
    low: u128,
    /// How often `low` has passed `2^128`.
    carries: u32,
}

impl Sum {
    fn add(&mut self, a: BaseElement, b: BaseElement) {
        // Two factors below 2^64: the product is below 2^128.
        let product = u128::from(a.inner()).wrapping_mul(u128::from(b.inner()));
        let (low, carry) = self.low.overflowing_add(product);
        self.low = low;
        // A sum has fewer terms than a proof has bytes.
        self.carries = self.carries.wrapping_add(u32::from(carry));
    }

    /// The number over `2^64` modulo p is Montgomery's form of the sum of the products. With `2^64 = 2^32 - 1`
    /// modulo p, the carries stand for so many times `2^32 - 1`.
    fn reduced(self) -> BaseElement {
        let bytes = self.low.to_le_bytes();
        let (words, _) = bytes.as_chunks::<8>();
        let mut words = words.iter().map(|word| form(u64::from_le_bytes(*word)));
        let mut next = || words.next().unwrap_or(BaseElement::ZERO);
        let (low, high) = (next(), next());
        let carries = u64::from(self.carries).wrapping_mul(0xffff_ffff);
        // A product with the number 1 divides by 2^64.
        low * BaseElement::from_mont(1) + high + form(carries)
    }
}

/// The element that a number stands for in Montgomery's form.
fn form(number: u64) -> BaseElement {
    BaseElement::from_mont(match number.checked_sub(BaseElement::MODULUS) {
        Some(reduced) => reduced,
        None => number,
    })
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use winter_math::ExtensionOf;

    use super::*;

    /// Numbers at the borders, or well spread.
    fn numbers(borders: bool) -> impl FnMut() -> BaseElement {
        let mut state = 1_u64;
        move || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            let all = [0, 1, BaseElement::MODULUS - 1, 1 << 63, 1 << 32];
            BaseElement::from_mont(if borders {
                all[(state >> 40) as usize % all.len()]
            } else {
                state % BaseElement::MODULUS
            })
        }
    }

    fn sums<const D: usize>() {
        for (borders, len) in [(true, 200), (false, 255), (false, 3), (true, 1), (true, 0)] {
            let mut next = numbers(borders);
            let elements: Vec<Exact<D>> = (0..len)
                .map(|_| Exact::of(core::array::from_fn(|_| next())))
                .collect();
            let factors: Vec<BaseElement> = (0..len).map(|_| next()).collect();
            let products = elements.iter().zip(&factors).map(|(a, &b)| a.mul_base(b));
            let expected = products.fold(Exact::ZERO, |sum, product| sum + product);
            assert_eq!(dot_base(elements.iter(), &factors), expected);
        }
        // The greatest numbers that there are, which carry in nearly every step.
        let most = BaseElement::from_mont(BaseElement::MODULUS - 1);
        let product = most * most;
        let sum = (0..255).fold(BaseElement::ZERO, |sum, _| sum + product);
        assert_eq!(
            dot_base([Exact::of([most; D]); 255].iter(), &[most; 255]),
            Exact::of([sum; D])
        );
    }

    #[test]
    fn sums_are_exact() {
        sums::<1>();
        sums::<2>();
        sums::<3>();
    }
}
