//! The accelerated pipeline: winterfell's proof, byte for byte, on vector units.
//!
//! [`prove`] takes any `winterfell::Prover` over the 64-bit field and makes the proof that its own
//! `prove` would make (single-threaded: of all nonces that satisfy the grinding factor, the
//! smallest). The AIR, options, public inputs, hash function, public coin, vector commitment and
//! auxiliary trace builder are the caller's; extension of the trace, constraint evaluation and
//! everything after it are the engine's. The caller's `TraceLde`, `ConstraintEvaluator` and
//! `ConstraintCommitment` types are not used.
//!
//! What does not depend on the AIR is compiled in this crate, once; what does, in the caller's: see
//! `pipeline`. A caller's crate then pays for its constraints and for little else.
//!
//! # What an AIR's constraint functions may do
//!
//! `evaluate_transition` and `evaluate_aux_transition` are called with elements that hold several rows.
//! What winterfell's own evaluation takes, the engine takes too:
//!
//! - *Stack.* They may use 2 MiB, as winterfell evaluates them (8 bytes an element of the base field, 24
//!   of the cubic extension): local arrays of some ten thousand elements. The engine gives them as many
//!   times more as its elements are larger, 64 MiB of address space for each thread, of which only
//!   what is touched takes memory. Beyond that the process ends, as winterfell's does.
//! - *Elements taken apart.* A function that asks an element for its integer, its bytes or its text, or branches
//!   on whether two are equal, cannot run on several rows at once. It is run again row by row, which
//!   gives winterfell's bytes at about winterfell's speed; a warning in the log says so. (It unwinds on
//!   the way: a program built with `panic = "abort"` ends with a message that names the call.)
//!
//! A trace column may be constant. Stock winterfell panics on some such traces, where all columns make
//! the DEEP composition polynomial of a lower degree than is usual; the proof is as sound, verifies, and
//! is what the engine gives.
//!
//! All field arithmetic is exact, so any order of evaluation gives the same bytes: what must match
//! winterfell is the transcript, and the layout of the proof.

mod challenge;
mod channel;
mod coin;
mod columns;
mod commit;
mod constraints;
mod deep;
mod domain;
mod error;
mod fri;
mod grind;
pub mod hashing;
mod kernels;
mod memory;
mod observer;
mod ood;
mod openings;
mod pipeline;
mod planes;
mod quotient;
mod segment;
mod session;
mod source;
mod system;
mod tabulated;
mod transcript;
mod waiting;

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;

use winter_air::{Air, TraceInfo};
use winter_math::fields::f64::BaseElement;
use winter_prover::{Proof, Prover};
use winterlane_field_simd::AllocationError;

use self::hashing::{Bulk, BulkHasher, known};
use self::pipeline::Statement;
use self::source::{Given, Making};
use crate::threads;

pub use self::columns::TraceColumns;
pub use self::error::{ProverError, Segment};
pub(crate) use self::memory::Held;
pub use self::memory::MemoryEstimate;
pub use self::observer::{Observer, Phase};
pub(crate) use self::source::{Made, TraceMaker};
pub(crate) use self::system::System;
pub(crate) use self::system::address_space_left;
pub(crate) use self::waiting::wait;

/// How to run the engine; what it proves, and every byte of the proof, is up to the prover given
/// to it. The options can be sent to other threads.
#[derive(Clone, Copy, Default)]
#[non_exhaustive]
pub struct EngineOptions<'a> {
    /// Told of every phase; may cancel between two.
    pub observer: Option<&'a (dyn Observer + Sync)>,
    /// Bytes that the proof may take, the trace included, as [`MemoryEstimate`] counts them. Without
    /// a limit it may take what the system has left, where the system says (on Linux).
    pub memory_limit: Option<u64>,
    /// Hashes many messages at once.
    hashing: Option<&'a dyn Bulk>,
    /// Where the files are that tell how much memory there is: `/`, unless a test has others.
    pub(crate) system_root: Option<&'a Path>,
    /// Whether the memory is known to be there.
    admitted: bool,
}

impl<'a> EngineOptions<'a> {
    /// The system that has the memory.
    pub(crate) fn system(&self) -> System<'a> {
        System::new(self.system_root.unwrap_or(Path::new("/")))
    }

    /// The same for a proof whose memory was asked for already, with its trace: it is not asked for again.
    pub(crate) fn admitted(mut self) -> Self {
        self.admitted = true;
        self
    }

    /// Reports progress to `observer`.
    #[must_use]
    pub fn with_observer(mut self, observer: &'a (dyn Observer + Sync)) -> Self {
        self.observer = Some(observer);
        self
    }

    /// Hashes many messages at once by `hashing`, in proofs whose prover has its hash function; see
    /// [`hashing`]. It takes the place of what the engine knows of that hash function.
    #[must_use]
    pub const fn with_hashing<S>(mut self, hashing: &'a S) -> Self
    where
        S: BulkHasher<Hasher: 'static>,
    {
        self.hashing = Some(hashing);
        self
    }

    /// What hashes many messages of hash function `H` at once.
    fn bulk<H>(&self) -> Result<Option<&'a dyn Bulk>, ProverError> {
        match self.hashing {
            None => Ok(known::<H>()),
            // Equal but for lifetimes, which change no digest.
            Some(hashing) if hashing.hasher() == typeid::of::<H>() => Ok(Some(hashing)),
            Some(hashing) => Err(ProverError::OtherHasher {
                given: hashing.name(),
                expected: core::any::type_name::<H>(),
            }),
        }
    }

    /// Refuses proofs that would take more than `bytes`.
    #[must_use]
    pub const fn with_memory_limit(mut self, bytes: u64) -> Self {
        self.memory_limit = Some(bytes);
        self
    }
}

/// Proves `trace` exactly as `prover.prove(trace)` would, faster.
///
/// The work is spread over the current rayon thread pool.
///
/// # Errors
///
/// See [`ProverError`].
pub fn prove<P>(prover: &P, trace: P::Trace) -> Result<Proof, ProverError>
where
    P: Prover<BaseField = BaseElement>,
    <P::Air as Air>::PublicInputs: Send,
{
    prove_with(prover, trace, &EngineOptions::default())
}

/// [`prove`], watched by an observer or under other non-default [`EngineOptions`].
///
/// # Errors
///
/// See [`ProverError`].
pub fn prove_with<P>(
    prover: &P,
    trace: P::Trace,
    options: &EngineOptions<'_>,
) -> Result<Proof, ProverError>
where
    P: Prover<BaseField = BaseElement>,
    <P::Air as Air>::PublicInputs: Send,
{
    typed(|| {
        let statement = Statement::of(prover, &trace);
        pipeline::run::<P, _, false>(prover, statement, Given(trace), options)
    })
}

/// [`prove_with`] for an AIR whose `evaluate_transition` (and `evaluate_aux_transition`) is
/// `#[inline(always)]`, down to every helper that computes with field elements.
///
/// The bytes are the same for any AIR; the constraints of one that inlines are evaluated in vector
/// registers throughout, and those of one that does not, many times slower than by [`prove`], which
/// works for both.
///
/// # Errors
///
/// See [`ProverError`].
pub fn prove_inlined<P>(
    prover: &P,
    trace: P::Trace,
    options: &EngineOptions<'_>,
) -> Result<Proof, ProverError>
where
    P: Prover<BaseField = BaseElement>,
    <P::Air as Air>::PublicInputs: Send,
{
    typed(|| {
        let statement = Statement::of(prover, &trace);
        pipeline::run::<P, _, true>(prover, statement, Given(trace), options)
    })
}

/// [`prove_inlined`] of a trace in the engine's own memory, for an AIR without an auxiliary segment.
///
/// `info` and `public_inputs` are what `prover` would say of the trace if it were a `P::Trace`; its
/// `get_pub_inputs` is not called.
///
/// # Errors
///
/// See [`ProverError`]; [`ProverError::TraceShape`] also if the AIR has an auxiliary segment.
pub fn prove_columns<P>(
    prover: &P,
    info: TraceInfo,
    public_inputs: <P::Air as Air>::PublicInputs,
    trace: TraceColumns,
    options: &EngineOptions<'_>,
) -> Result<Proof, ProverError>
where
    P: Prover<BaseField = BaseElement>,
    <P::Air as Air>::PublicInputs: Send,
{
    let statement = Statement {
        info,
        public_inputs,
    };
    typed(|| pipeline::run::<P, _, true>(prover, statement, trace, options))
}

/// [`prove_with`] or, if `INLINE`, [`prove_inlined`], of a trace that is made column by column, and is one of `air`,
/// whose public inputs are these elements. `prover`'s `build_aux_trace` and `get_pub_inputs` are not called.
///
/// # Errors
///
/// See [`ProverError`]; [`ProverError::OutOfDomainPoint`] when the verifier would refuse the proof.
pub(crate) fn prove_made<P, M, const INLINE: bool>(
    prover: &P,
    air: &P::Air,
    public_inputs: Vec<BaseElement>,
    trace: M,
    options: &EngineOptions<'_>,
) -> Result<Proof, ProverError>
where
    P: Prover<BaseField = BaseElement>,
    M: TraceMaker,
{
    typed(|| pipeline::run_air::<P, _, INLINE>(prover, air, public_inputs, Making(trace), options))
}

/// Sees to it that there are threads, and makes a failed allocation an error.
fn typed(prove: impl FnOnce() -> Result<Proof, ProverError>) -> Result<Proof, ProverError> {
    threads::ensure()?;
    catch_unwind(AssertUnwindSafe(prove)).unwrap_or_else(|payload| {
        match payload.downcast::<AllocationError>() {
            // Another process may have taken what was there when it was asked for.
            Ok(error) => Err(ProverError::Memory {
                needed: (error.words as u64).saturating_mul(8),
                available: 0,
            }),
            Err(payload) => resume_unwind(payload),
        }
    })
}
