//! The verifier as a WebAssembly module: whoever opens a page, or runs node, checks proofs on their own machine.
//!
//! The module is `winterlane-verifier` with a mouth and ears. For Rust it is this: bytes and text go in, an
//! [`Answer`] comes out.
//!
//! | | verifies |
//! |---|---|
//! | [`Chain`] | batches, one after the other |
//! | [`Pool`] | the operations of a shielded pool, one after the other |
//! | [`statement()`] | one private proof with what it says: a withdrawal, a transfer, a balance |
//! | [`ask`], [`answer()`] | makes a challenge about a credential; verifies the proof that answers it |
//!
//! `exports` gives the same to JavaScript, and `verifier/wasm/web/lib`
//! makes an npm package of that.
//!
//! # No pointer is followed here
//! The usual ways into a module hand it addresses, which somebody must turn into slices: unsafe code, ours or
//! a macro's. Here the module owns every buffer. The caller asks for one, is told where it lies, and writes
//! into the module's memory from outside, as only the host can; the module then reads its own `Vec`. So that
//! no line of this crate dereferences anything, and nothing but the *names* of the exports needs leave from
//! the lint on unsafe code.
//!
//! # What bounds it
//! Inputs are refused by their length before a byte of them is there. The verifier needs at most four times
//! the proof's size and 16 MiB; the module's memory has a fixed maximum above that (`verifier/wasm/build`).
#![cfg_attr(not(test), no_std)]
#![deny(unsafe_code)]
#![deny(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::unreachable
)]
#![cfg_attr(
    test,
    allow(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used)
)]

extern crate alloc;

mod answer;
mod chain;
mod credential;
mod expected;
mod exports;
mod pool;
mod records;
mod said;
mod statement;
#[cfg(test)]
mod tests;

pub use answer::{Answer, Fault, Stage};
pub use chain::Chain;
pub use credential::{MAX_CHALLENGE_BYTES, answer, ask};
pub use pool::Pool;
pub use statement::{MAX_STATEMENT_BYTES, statement};

/// The allocator that the standard library has for this target too.
#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

/// The host sees a trap, throws the instance away and says that nothing was verified. No input is known that
/// comes here; the hostile suite looks for one.
#[cfg(target_family = "wasm")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
