//! Taking elements apart, which only one row allows.

use core::fmt;
use std::panic::resume_unwind;

use winter_math::{FieldElement, fields::f64::BaseElement};
use winter_utils::DeserializationError;

use super::Arithmetic;

/// Code that is generic over field elements asked something of a packed one that has an answer for each
/// row and not one for all: for its integer, its bytes or its text, or whether it equals another that it equals in
/// some rows.
///
/// It is the payload of the unwinding that such a call ends in, since `FieldElement` has no other way
/// out. The panic hook is not called. With a single lane ([`Backend::Scalar`](crate::Backend::Scalar))
/// all of it has an answer, so that whoever catches it can run the same code there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{operation}` of a packed element, which holds several rows and is no single value")]
#[non_exhaustive]
pub struct SeveralRows {
    /// What was called.
    pub operation: &'static str,
}

/// Ends a call that only one row allows.
#[cold]
pub(super) fn several_rows(operation: &'static str) -> ! {
    let error = SeveralRows { operation };
    if cfg!(panic = "abort") {
        // Nobody can catch it: then at least it is said.
        panic!("{error}");
    }
    resume_unwind(Box::new(error))
}

/// The coordinates of an element of one row that is printed. The text of an element is its integer in another form,
/// which several rows do not have.
///
/// A panic under way may print several: its message must not end in another one.
pub(super) fn printed<X: Arithmetic>(element: &X) -> Option<&[BaseElement]> {
    if X::ONE_ROW {
        return Some(bases(core::slice::from_ref(element), "fmt"));
    }
    if !std::thread::panicking() {
        several_rows("fmt");
    }
    None
}

/// Prints an element as winterfell's `Display` does.
pub(super) fn display(bases: &[BaseElement], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match bases {
        [a, b] => write!(f, "({a}, {b})"),
        [a, b, c] => write!(f, "({a}, {b}, {c})"),
        _ => bases.iter().try_for_each(|base| write!(f, "{base}")),
    }
}

/// Prints an element as winterfell's `Debug` does.
pub(super) fn debug(bases: &[BaseElement], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let name = match bases.len() {
        2 => "QuadExtension",
        3 => "CubeExtension",
        _ => return display(bases, f),
    };
    let mut tuple = f.debug_tuple(name);
    for base in bases {
        tuple.field(base);
    }
    tuple.finish()
}

/// The base elements of elements of one row.
pub(super) fn bases<'a, X: Arithmetic>(
    elements: &'a [X],
    operation: &'static str,
) -> &'a [BaseElement] {
    if !X::ONE_ROW {
        several_rows(operation);
    }
    let len = size_of_val(elements) / size_of::<BaseElement>();
    // SAFETY: `Arithmetic` is sealed, and of its types only those that are transparently one or several
    // `u64` say that they are one row; a `BaseElement` takes any of them, as `convert` has checked.
    // They are as many as the elements' bytes hold.
    unsafe { core::slice::from_raw_parts(elements.as_ptr().cast(), len) }
}

/// The inverse of [`bases`].
pub(super) fn of_bases<'a, X: Arithmetic>(
    bases: &'a [BaseElement],
    operation: &'static str,
) -> &'a [X] {
    if !X::ONE_ROW {
        several_rows(operation);
    }
    assert!(
        bases.len().is_multiple_of(X::DEGREE),
        "number of base elements must be divisible by {}, but was {}",
        X::DEGREE,
        bases.len()
    );
    // SAFETY: as in `bases`: an element of one row is `DEGREE` base elements and nothing else.
    unsafe { core::slice::from_raw_parts(bases.as_ptr().cast(), bases.len() / X::DEGREE) }
}

/// Elements of one row from their bytes in memory.
///
/// # Safety
/// As [`FieldElement::bytes_as_elements`].
pub(super) unsafe fn of_bytes<'a, X: Arithmetic>(
    bytes: &'a [u8],
    operation: &'static str,
) -> Result<&'a [X], DeserializationError> {
    if !bytes.len().is_multiple_of(X::ELEMENT_BYTES) {
        return Err(DeserializationError::InvalidValue(format!(
            "number of bytes ({}) does not divide into whole number of field elements",
            bytes.len()
        )));
    }
    // SAFETY: as the caller vouches.
    let bases = unsafe { BaseElement::bytes_as_elements(bytes) }?;
    Ok(of_bases(bases, operation))
}

/// An element, the same in all rows, of its canonical bytes, coordinates in order.
pub(super) fn from_canonical<X: Arithmetic>(bytes: &[u8]) -> Result<X, DeserializationError> {
    let expected = X::ELEMENT_BYTES;
    if bytes.len() != expected {
        return Err(DeserializationError::InvalidValue(format!(
            "a field element has {expected} bytes, got {}",
            bytes.len()
        )));
    }
    let mut coordinates = [BaseElement::ZERO; 3];
    for (coordinate, bytes) in coordinates.iter_mut().zip(bytes.chunks_exact(8)) {
        *coordinate = BaseElement::try_from(bytes)?;
    }
    Ok(X::from_coordinates(&coordinates[..X::DEGREE]))
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use winter_math::fields::QuadExtension;

    use super::*;
    use crate::packed_element::{PackedElement, PackedExtension};
    use crate::{Backend, Kernel, Vector, dispatch};

    struct Compare;

    impl Kernel for Compare {
        type Output = ();

        #[inline(always)]
        fn run<V: Vector>(self, _token: V::Token) {
            let numbers =
                |from: u64| -> Vec<_> { (from..from + 8).map(BaseElement::new).collect() };
            let x = PackedElement::<V>::load(&numbers(1));
            let other = PackedElement::<V>::load(&numbers(11));
            let first = PackedElement::<V>::splat(BaseElement::ONE);
            let same = x;
            assert!(x == same && x != other);
            // Equal in the first lane and in no other.
            let mixed = catch_unwind(AssertUnwindSafe(|| x == first));
            let pair = |y| PackedExtension::<_, 2>::new([x, y]);
            // Each coordinate differs in another lane: none is equal in all.
            assert!(pair(x) == pair(same) && pair(x) != pair(other));
            let apart = catch_unwind(AssertUnwindSafe(|| x.base_element(0)));
            let text = catch_unwind(AssertUnwindSafe(|| format!("{x} {0} {0:?}", pair(x))));
            if V::LANES == 1 {
                assert_eq!(
                    (mixed.ok(), apart.ok()),
                    (Some(true), Some(BaseElement::ONE))
                );
                let pair = QuadExtension::new(BaseElement::ONE, BaseElement::ONE);
                assert_eq!(text.ok(), Some(format!("1 {pair} {pair:?}")));
                return;
            }
            // A failed assertion prints what it compared, and is the panic that it should be.
            let failed = catch_unwind(AssertUnwindSafe(|| assert_eq!(x, other)));
            let message = failed.expect_err("they differ");
            assert!(message.downcast_ref::<String>().is_some());
            let operation = |result: Result<_, Box<dyn core::any::Any + Send>>| {
                let payload = result.err()?;
                payload
                    .downcast_ref::<SeveralRows>()
                    .map(|error| error.operation)
            };
            assert_eq!(operation(text.map(|_| true)), Some("fmt"));
            assert_eq!(operation(mixed), Some("=="));
            assert_eq!(operation(apart.map(|_| true)), Some("base_element"));
        }
    }

    #[test]
    fn what_several_rows_cannot_answer_unwinds() {
        for backend in Backend::available() {
            dispatch(backend, Compare);
        }
    }
}
