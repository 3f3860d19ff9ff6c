//! Progress and cancellation: what runs now, how far along, and whether to go on.

use core::fmt;
use core::ops::ControlFlow;

use super::ProverError;

/// The phases of a proof, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Interpolate and extend the main segment.
    ExtendTrace,
    /// Hash the rows of the extended main segment and build its commitment.
    CommitTrace,
    /// Build, extend and commit to the auxiliary segment (skipped when there is none).
    Auxiliary,
    /// Evaluate all constraints over the constraint evaluation domain.
    Constraints,
    /// Interpolate the quotient, extend its columns and commit to them.
    Quotient,
    /// Evaluate all polynomials at the out-of-domain points.
    OutOfDomain,
    /// Compose and extend the DEEP polynomial.
    Deep,
    /// Fold and commit to the FRI layers.
    Fri,
    /// Search the proof-of-work nonce.
    Grind,
    /// Open the commitments at the query positions.
    Open,
}

impl Phase {
    /// All phases, in order.
    pub const ALL: [Self; 10] = [
        Self::ExtendTrace,
        Self::CommitTrace,
        Self::Auxiliary,
        Self::Constraints,
        Self::Quotient,
        Self::OutOfDomain,
        Self::Deep,
        Self::Fri,
        Self::Grind,
        Self::Open,
    ];

    /// The phase's name, in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ExtendTrace => "extend trace",
            Self::CommitTrace => "commit to trace",
            Self::Auxiliary => "auxiliary trace",
            Self::Constraints => "constraints",
            Self::Quotient => "quotient",
            Self::OutOfDomain => "out of domain",
            Self::Deep => "deep composition",
            Self::Fri => "fri",
            Self::Grind => "grind",
            Self::Open => "open",
        }
    }

    /// The share of a typical proof's work that is done when this phase starts, in [0, 1).
    #[must_use]
    pub const fn fraction(self) -> f64 {
        match self {
            Self::ExtendTrace => 0.0,
            Self::CommitTrace => 0.25,
            Self::Auxiliary => 0.45,
            Self::Constraints => 0.5,
            Self::Quotient => 0.75,
            Self::OutOfDomain => 0.82,
            Self::Deep => 0.87,
            Self::Fri => 0.92,
            Self::Grind => 0.97,
            Self::Open => 0.99,
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Watches a proof being made, and may stop it between two phases.
///
/// Any `Fn(Phase, f64) -> ControlFlow<()>` is an observer:
///
/// ```
/// use core::ops::ControlFlow;
/// use winterlane_prover::engine::{Observer, Phase};
///
/// let watch = |phase: Phase, fraction: f64| {
///     eprintln!("{:3.0}% {phase}", 100.0 * fraction);
///     ControlFlow::Continue(())
/// };
/// assert!(Observer::enter(&watch, Phase::Fri, 0.9).is_continue());
/// ```
pub trait Observer {
    /// Called before `phase` starts, when `fraction` (0 to 1) of the work is estimated done.
    /// Returning [`ControlFlow::Break`] ends the proof with [`ProverError::Cancelled`].
    fn enter(&self, phase: Phase, fraction: f64) -> ControlFlow<()>;
}

impl<F: Fn(Phase, f64) -> ControlFlow<()>> Observer for F {
    fn enter(&self, phase: Phase, fraction: f64) -> ControlFlow<()> {
        self(phase, fraction)
    }
}

/// Tells the observer, if there is one, that `phase` starts.
pub(super) fn enter(observer: Option<&dyn Observer>, phase: Phase) -> Result<(), ProverError> {
    match observer.map(|observer| observer.enter(phase, phase.fraction())) {
        Some(ControlFlow::Break(())) => Err(ProverError::Cancelled { before: phase }),
        _ => Ok(()),
    }
}
