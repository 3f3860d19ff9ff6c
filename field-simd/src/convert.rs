//! The one place where field elements become words and words become field elements.
//!
//! `BaseElement` is a wrapper of one `u64`, the Montgomery form of the element
//! below the modulus; winterfell itself casts slices of it to bytes. The compiler checks size and
//! alignment here, and the tests check the bits.

use winter_math::{FieldElement, fields::f64::BaseElement};

const _: () = assert!(size_of::<BaseElement>() == size_of::<u64>());
const _: () = assert!(align_of::<BaseElement>() == align_of::<u64>());

/// The Montgomery forms of some elements; all canonical.
#[inline(always)]
#[must_use]
pub const fn words(elements: &[BaseElement]) -> &[u64] {
    // SAFETY: same size and alignment, as asserted above, and every u64 is a valid u64.
    unsafe { core::slice::from_raw_parts(elements.as_ptr().cast(), elements.len()) }
}

/// The Montgomery forms of some elements, to be changed in place. What is written must be
/// canonical, or comparisons of the elements go wrong (nothing worse: every `u64` is a valid
/// `BaseElement` to the compiler).
#[inline(always)]
pub(crate) const fn words_mut(elements: &mut [BaseElement]) -> &mut [u64] {
    // SAFETY: same size and alignment, and every u64 is a valid inner value of a BaseElement.
    unsafe { core::slice::from_raw_parts_mut(elements.as_mut_ptr().cast(), elements.len()) }
}

/// The elements that these canonical Montgomery forms stand for.
#[inline(always)]
pub(crate) const fn elements(words: &[u64]) -> &[BaseElement] {
    // SAFETY: same size and alignment, and every u64 is a valid inner value of a BaseElement.
    unsafe { core::slice::from_raw_parts(words.as_ptr().cast(), words.len()) }
}

/// The elements that these canonical Montgomery forms stand for, to be changed in place.
#[inline(always)]
pub(crate) const fn elements_mut(words: &mut [u64]) -> &mut [BaseElement] {
    // SAFETY: same size and alignment, and every u64 is a valid inner value of a BaseElement.
    unsafe { core::slice::from_raw_parts_mut(words.as_mut_ptr().cast(), words.len()) }
}

/// The bytes of some words.
pub(crate) const fn bytes(words: &[u64]) -> &[u8] {
    // SAFETY: any byte of a u64 may be read as `u8`; the slice lives as long as the words do.
    unsafe { core::slice::from_raw_parts(words.as_ptr().cast(), size_of_val(words)) }
}

/// The bytes of some words, to be changed in place.
pub(crate) const fn bytes_mut(words: &mut [u64]) -> &mut [u8] {
    // SAFETY: as in `bytes`, and every eight bytes are a u64.
    unsafe { core::slice::from_raw_parts_mut(words.as_mut_ptr().cast(), size_of_val(words)) }
}

/// The words of elements of the base field or of an extension, coordinates in order.
#[inline(always)]
#[must_use]
pub fn extension_words<E: FieldElement<BaseField = BaseElement>>(elements: &[E]) -> &[u64] {
    words(E::slice_as_base_elements(elements))
}

/// The words of elements of the base field or of an extension, to be changed in place.
///
/// # Panics
/// Panics if `E` is not stored as its base elements, as all of winterfell's fields are.
pub(crate) fn extension_words_mut<E: FieldElement<BaseField = BaseElement>>(
    elements: &mut [E],
) -> &mut [u64] {
    let (start, len) = (elements.as_ptr(), elements.len() * E::EXTENSION_DEGREE);
    let base = E::slice_as_base_elements(elements);
    let in_place = core::ptr::eq(base.as_ptr().cast(), start)
        && base.len() == len
        && core::ptr::eq(E::slice_from_base_elements(base).as_ptr(), start)
        && size_of_val(elements) == size_of_val(base)
        && align_of::<E>() == align_of::<u64>();
    assert!(
        in_place,
        "a field element that is not stored as its base elements"
    );
    // SAFETY: `slice_from_base_elements` takes any base elements and, as was just checked, gives
    // the memory they are in as elements of E. So E accepts whatever base elements are in there,
    // and every u64 is a valid inner value of one.
    unsafe { core::slice::from_raw_parts_mut(elements.as_mut_ptr().cast(), len) }
}

#[cfg(test)]
mod tests {
    use winter_math::fields::{CubeExtension, QuadExtension};

    use super::*;

    #[test]
    fn words_are_inner_values() {
        let mut x: Vec<BaseElement> = (0..20).map(|i| BaseElement::new(u64::MAX - i)).collect();
        let inner: Vec<u64> = x.iter().map(BaseElement::inner).collect();
        assert_eq!(words(&x), inner);
        assert_eq!(elements(&inner), x);
        words_mut(&mut x)[3] = BaseElement::new(5).inner();
        assert_eq!(x[3], BaseElement::new(5));
    }

    #[test]
    fn extension_elements_are_arrays() {
        let [a, b, c] = [3, 4, 5].map(BaseElement::new);
        let inner = [a, b, c].map(|x| x.inner());
        let mut quad = [QuadExtension::new(a, b)];
        assert_eq!(extension_words(&quad), &inner[..2]);
        extension_words_mut(&mut quad)[1] = c.inner();
        assert_eq!(quad[0], QuadExtension::new(a, c));
        let mut cube = [CubeExtension::new(a, b, c)];
        assert_eq!(extension_words(&cube), &inner);
        extension_words_mut(&mut cube)[2] = a.inner();
        assert_eq!(cube[0], CubeExtension::new(a, b, a));
    }
}
