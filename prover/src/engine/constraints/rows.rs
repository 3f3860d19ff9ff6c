//! Where the AIR's own functions run: on enough stack, and on rows that they can take.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use winterlane_field_simd::Backend;
use winterlane_field_simd::packed_element::{SeveralRows, WIDE_LANES};

/// The stack that constraint functions may use in winterfell's evaluation: that of a Rust thread, unless
/// somebody says otherwise.
const STOCK_STACK: usize = 2 << 20;

/// The stack that they have here, where an element is up to [`WIDE_LANES`] elements.
pub(in crate::engine) const STACK: usize = WIDE_LANES * STOCK_STACK;

/// Runs `evaluate` with [`STACK`] to use, of which only what is touched takes memory.
///
/// An AIR's local arrays grow with its elements: 4,096 elements of a cubic extension are 96 KiB in
/// winterfell and 3 MiB here, on threads of 2 MiB. A stack that overflows ends the process.
pub(super) fn with_stack<R>(evaluate: impl FnOnce() -> R) -> R {
    stacker::maybe_grow(STACK, STACK, evaluate)
}

/// Runs `evaluate` on `backend`, and again row by row if the AIR takes elements apart, which several
/// rows do not allow.
pub(super) fn row_by_row_if_need_be<R>(backend: Backend, evaluate: impl Fn(Backend) -> R) -> R {
    let packed = catch_unwind(AssertUnwindSafe(|| evaluate(backend)));
    packed.unwrap_or_else(|payload| match payload.downcast::<SeveralRows>() {
        Ok(error) if backend != Backend::Scalar => {
            tracing::warn!(
                operation = error.operation,
                "the AIR takes elements apart: its constraints are evaluated row by row"
            );
            evaluate(Backend::Scalar)
        }
        Ok(error) => resume_unwind(error),
        Err(payload) => resume_unwind(payload),
    })
}
