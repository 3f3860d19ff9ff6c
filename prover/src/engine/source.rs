//! Where the trace of a proof comes from.

use core::convert::Infallible;

use rayon::prelude::*;
use winter_air::AuxRandElements;
use winter_math::{FieldElement, fields::f64::BaseElement};
use winter_maybe_async::maybe_await;
use winter_prover::{Prover, Trace};

use super::challenge::ChallengeField;
use super::columns::TraceColumns;
use super::memory::Held;
use super::segment::{Extended, Segment};
use super::session::Session;
use super::transcript::Transcript;
use super::{Phase, ProverError, wait};

/// A trace of a prover of type `P`, in whatever memory it is.
pub(super) trait Source<P: Prover<BaseField = BaseElement>>: Sized {
    /// What the auxiliary segment is built from.
    type Rest;

    /// Whether another proof of the same statement has other challenges, so that one whose point the verifier
    /// refuses is not worth its end.
    const FRESH: bool;

    /// How its memory counts.
    fn held(&self) -> Held;

    /// Whether the constraints on the auxiliary segment are known to read no cell of the main one.
    fn aux_alone(&self) -> bool {
        false
    }

    /// The degree that the quotient of a true statement has at most, if it is to be looked at.
    fn quotient_degree(&self) -> Option<usize> {
        None
    }

    /// Extends the main segment. The rest is there if there is an auxiliary one.
    fn extend(self, session: &Session<'_>) -> Result<(Extended, Option<Self::Rest>), ProverError>;

    /// Builds, extends and commits to the auxiliary segment.
    fn auxiliary<E: ChallengeField>(
        rest: Self::Rest,
        prover: &P,
        session: &Session<'_>,
        rand_elements: &AuxRandElements<E>,
        transcript: &mut dyn Transcript,
    ) -> Result<Segment, ProverError>;
}

/// A trace in the caller's memory.
pub(super) struct Given<T>(pub(super) T);

impl<P: Prover<BaseField = BaseElement>> Source<P> for Given<P::Trace> {
    type Rest = P::Trace;
    const FRESH: bool = false;

    fn held(&self) -> Held {
        Held::Trace
    }

    fn extend(self, session: &Session<'_>) -> Result<(Extended, Option<P::Trace>), ProverError> {
        let main = session.extend_trace(self.0.main_segment())?;
        // The trace is kept if the auxiliary segment will be built from it.
        Ok((main, session.has_auxiliary().then_some(self.0)))
    }

    fn auxiliary<E: ChallengeField>(
        trace: P::Trace,
        prover: &P,
        session: &Session<'_>,
        rand_elements: &AuxRandElements<E>,
        transcript: &mut dyn Transcript,
    ) -> Result<Segment, ProverError> {
        let aux = wait(async { maybe_await!(prover.build_aux_trace::<E>(&trace, rand_elements)) });
        drop(trace);
        E::auxiliary(session, aux, transcript)
    }
}

impl<P: Prover<BaseField = BaseElement>> Source<P> for TraceColumns {
    /// There is nobody to build an auxiliary segment: `extend_columns` refuses such an AIR.
    type Rest = Infallible;
    const FRESH: bool = false;

    fn held(&self) -> Held {
        Held::Columns
    }

    fn extend(self, session: &Session<'_>) -> Result<(Extended, Option<Infallible>), ProverError> {
        Ok((session.extend_columns(self)?, None))
    }

    fn auxiliary<E: ChallengeField>(
        rest: Infallible,
        _: &P,
        _: &Session<'_>,
        _: &AuxRandElements<E>,
        _: &mut dyn Transcript,
    ) -> Result<Segment, ProverError> {
        match rest {}
    }
}

/// A trace that is made while it is extended, in the engine's memory: it is nowhere as a whole.
pub(crate) trait TraceMaker {
    /// The memory that it has, and that it takes beside the engine's.
    fn held(&self) -> Made;

    /// Whether the constraints on the auxiliary segment read no cell of the main one: these are then not loaded for
    /// them.
    fn aux_alone(&self) -> bool;

    /// The degree that the quotient has at most if the constraints hold; a proof with a higher one is not made.
    fn quotient_degree(&self) -> usize;

    /// Writes all cells of a column of the main segment, given by its index.
    fn main(&self) -> impl Fn(usize, &mut [BaseElement]) + Sync;

    /// Writes all cells of the auxiliary segment, whose columns are given by their coordinates: as many base
    /// columns as `E` has coordinates for each.
    ///
    /// # Errors
    /// When there are not as many cells to write: some are unspecified then.
    fn auxiliary<E>(
        &self,
        rand_elements: &AuxRandElements<E>,
        columns: &mut [&mut [BaseElement]],
    ) -> Result<(), ProverError>
    where
        E: FieldElement<BaseField = BaseElement>;
}

/// The memory of a [`TraceMaker`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Made {
    /// Bytes that are there already, and stay until the proof is done.
    pub(crate) trace: u64,
    /// Bytes that are there while the auxiliary segment is written, beside that segment.
    pub(crate) auxiliary: u64,
}

/// A source that is made.
pub(super) struct Making<M>(pub(super) M);

impl<P: Prover<BaseField = BaseElement>, M: TraceMaker> Source<P> for Making<M> {
    type Rest = M;
    const FRESH: bool = true;

    fn held(&self) -> Held {
        Held::Made(self.0.held())
    }

    fn aux_alone(&self) -> bool {
        self.0.aux_alone()
    }

    fn quotient_degree(&self) -> Option<usize> {
        Some(self.0.quotient_degree())
    }

    fn extend(self, session: &Session<'_>) -> Result<(Extended, Option<M>), ProverError> {
        let main = session.extend_made(&self.0.main())?;
        Ok((main, session.has_auxiliary().then_some(self.0)))
    }

    fn auxiliary<E: ChallengeField>(
        maker: M,
        _: &P,
        session: &Session<'_>,
        rand_elements: &AuxRandElements<E>,
        transcript: &mut dyn Transcript,
    ) -> Result<Segment, ProverError> {
        let mut columns = session.auxiliary_columns(E::EXTENSION_DEGREE);
        maker.auxiliary(rand_elements, &mut columns.columns_mut())?;
        drop(maker);
        let extended = Extended::from_columns(columns, E::EXTENSION_DEGREE, session.domain());
        session.commit(extended, Phase::Auxiliary, transcript)
    }
}

/// Writes columns `first` and on, in parallel.
pub(super) fn fill(
    columns: Vec<&mut [BaseElement]>,
    first: usize,
    main: &(dyn Fn(usize, &mut [BaseElement]) + Sync),
) {
    let columns = columns.into_par_iter().enumerate();
    columns.for_each(|(i, column)| main(first + i, column));
}
