//! One proof under way, as far as it depends on neither the AIR's type nor the field of the challenges.

use tracing::{info_span, span::EnteredSpan};
use winter_air::proof::{Context, OodFrame, Proof};
use winter_air::{Air, AirContext, PartitionOptions, ProofOptions, TraceInfo};
use winter_math::{FieldElement, ToElements, fields::f64::BaseElement};
use winter_prover::matrix::ColMatrix;
use winterlane_air::limits::{MAX_NUM_QUERIES, MAX_TRACE_WIDTH};
use winterlane_field_simd::MAX_LOG_SIZE;

use super::columns::TraceColumns;
use super::domain::Domain;
use super::fri::{self, Fri};
use super::memory::Held;
use super::observer::{self, Observer};
use super::segment::{Extended, Segment};
use super::tabulated::Tabulated;
use super::transcript::Transcript;
use super::{
    EngineOptions, MemoryEstimate, Phase, ProverError, error::Segment as SegmentKind, ood,
};
use crate::threads;

/// What the phases of one proof share.
pub(super) struct Session<'a> {
    observer: Option<&'a (dyn Observer + Sync)>,
    info: TraceInfo,
    options: ProofOptions,
    partitions: PartitionOptions,
    quotient_columns: usize,
    /// What the proof says of itself.
    context: Context,
    domain: Domain,
    /// The degree that the quotient has at most, if that is looked at.
    quotient_degree: Option<usize>,
    /// Whether the proof ends at an out-of-domain point that the verifier refuses.
    fresh: bool,
}

impl<'a> Session<'a> {
    /// Prepares the proof of `air`, whose trace is held as `held` says, and refuses, before any work, what
    /// could not be proven or not be verified. `fresh` says that another attempt has other challenges.
    pub(super) fn new<A: Air<BaseField = BaseElement>>(
        air: &A,
        partitions: PartitionOptions,
        held: Held,
        fresh: bool,
        options: &EngineOptions<'a>,
    ) -> Result<Self, ProverError> {
        let offset = air.domain_offset();
        Self::of(
            air.context(),
            air.options(),
            offset,
            partitions,
            ((!options.admitted).then(|| Tabulated::of(air)), held),
            fresh,
            options,
        )
    }

    /// [`new`](Self::new), out of the caller's crate. `tabulated` is there if the memory is to be asked for.
    fn of(
        air: &AirContext<BaseElement>,
        options: &ProofOptions,
        offset: BaseElement,
        partitions: PartitionOptions,
        (tabulated, held): (Option<Tabulated>, Held),
        fresh: bool,
        engine: &EngineOptions<'a>,
    ) -> Result<Self, ProverError> {
        let info = air.trace_info();
        check(info, options, air.lde_domain_size())?;
        if let Some(tabulated) = tabulated {
            let estimate = MemoryEstimate::estimate(air, options, tabulated, held);
            estimate.check(engine.memory_limit, engine.system(), false)?;
        }
        let num_constraints = air.num_assertions() + air.num_transition_constraints();
        Ok(Self {
            observer: engine.observer,
            info: info.clone(),
            options: options.clone(),
            partitions,
            quotient_columns: air.num_constraint_composition_columns(),
            context: Context::new::<BaseElement>(info.clone(), options.clone(), num_constraints),
            domain: Domain::new(air, offset),
            quotient_degree: None,
            fresh,
        })
    }

    /// The same, which makes no proof whose quotient has a higher degree, if there is one.
    pub(super) const fn with_quotient_degree(mut self, most: Option<usize>) -> Self {
        self.quotient_degree = most;
        self
    }

    /// What the public coin is seeded with: the context of the proof and the public inputs.
    pub(super) fn seed(&self, mut public_inputs: Vec<BaseElement>) -> Vec<BaseElement> {
        let mut seed = self.context.to_elements();
        seed.append(&mut public_inputs);
        seed
    }

    /// The evaluation domains.
    pub(super) const fn domain(&self) -> &Domain {
        &self.domain
    }

    /// The proof options.
    pub(super) const fn options(&self) -> &ProofOptions {
        &self.options
    }

    /// Columns of the quotient, of elements of the challenges' field.
    pub(super) const fn quotient_columns(&self) -> usize {
        self.quotient_columns
    }

    /// The degree that the quotient has at most, if that is looked at.
    pub(super) const fn quotient_degree(&self) -> Option<usize> {
        self.quotient_degree
    }

    /// Whether there is an auxiliary segment.
    pub(super) fn has_auxiliary(&self) -> bool {
        self.info.is_multi_segment()
    }

    /// Tells the observer that `phase` starts, and measures it until the span is dropped.
    pub(super) fn start(&self, phase: Phase) -> Result<EnteredSpan, ProverError> {
        observer::enter(self.observer, phase)?;
        let domain = &self.domain;
        let (rows, points) = (domain.rows(), domain.lde_size());
        Ok(match phase {
            Phase::ExtendTrace => {
                let columns = self.info.main_trace_width();
                info_span!("extend_trace", columns, rows, blowup = domain.blowup())
            }
            Phase::CommitTrace => info_span!("commit_trace", rows = points),
            Phase::Auxiliary => info_span!("auxiliary_trace", rows),
            Phase::Constraints => info_span!("constraints", points = domain.ce_size()),
            Phase::Quotient => {
                let columns = self.quotient_columns;
                info_span!("quotient", columns, rows = points)
            }
            Phase::OutOfDomain => info_span!("out_of_domain"),
            Phase::Deep => info_span!("deep_composition", points),
            Phase::Fri => {
                let layers = self.options.to_fri_options().num_fri_layers(points);
                info_span!("fri", layers, points)
            }
            Phase::Grind => info_span!("grind", factor = self.options.grinding_factor()),
            Phase::Open => info_span!("open", queries = self.options.num_queries()),
        }
        .entered())
    }

    /// Extends a main segment in the caller's memory.
    pub(super) fn extend_trace(
        &self,
        trace: &ColMatrix<BaseElement>,
    ) -> Result<Extended, ProverError> {
        let _span = self.start(Phase::ExtendTrace)?;
        self.check_shape(SegmentKind::Main, trace.num_cols(), trace.num_rows())?;
        Ok(threads::enter(|| {
            Extended::from_values(trace, &self.domain)
        }))
    }

    /// Extends a main segment in the engine's memory.
    pub(super) fn extend_columns(&self, trace: TraceColumns) -> Result<Extended, ProverError> {
        let _span = self.start(Phase::ExtendTrace)?;
        self.check_shape(SegmentKind::Main, trace.width(), trace.rows())?;
        if self.has_auxiliary() {
            // There is nobody to build it.
            self.check_shape(SegmentKind::Auxiliary, 0, 0)?;
        }
        Ok(threads::enter(|| {
            Extended::from_columns(trace, 1, &self.domain)
        }))
    }

    /// Extends a main segment that is made column by column, some of them at a time.
    pub(super) fn extend_made(
        &self,
        column: &(dyn Fn(usize, &mut [BaseElement]) + Sync),
    ) -> Result<Extended, ProverError> {
        let _span = self.start(Phase::ExtendTrace)?;
        let width = self.info.main_trace_width();
        Ok(threads::enter(|| {
            Extended::made(width, column, &self.domain)
        }))
    }

    /// Memory for the auxiliary segment, whose elements have `degree` coordinates.
    pub(super) fn auxiliary_columns(&self, degree: usize) -> TraceColumns {
        TraceColumns::unspecified(self.info.aux_segment_width() * degree, self.info.length())
    }

    /// Ends a proof that may be made again with other challenges, when the verifier refuses this
    /// out-of-domain point.
    pub(super) fn check_point<E>(&self, z: E) -> Result<(), ProverError>
    where
        E: FieldElement<BaseField = BaseElement>,
    {
        let degree_bound = self.info.length() * self.quotient_columns;
        if self.fresh && !ood::winterfell_squares(z, 1 + degree_bound.ilog2()) {
            return Err(ProverError::OutOfDomainPoint);
        }
        Ok(())
    }

    /// Refuses a segment that does not have the shape that the AIR's trace info declares.
    pub(super) fn check_shape(
        &self,
        segment: SegmentKind,
        columns: usize,
        rows: usize,
    ) -> Result<(), ProverError> {
        let expected_rows = self.info.length();
        let expected_columns = match segment {
            SegmentKind::Main => self.info.main_trace_width(),
            SegmentKind::Auxiliary => self.info.aux_segment_width(),
        };
        if columns != expected_columns || rows != expected_rows {
            return Err(ProverError::TraceShape {
                segment,
                expected_columns,
                expected_rows,
                columns,
                rows,
            });
        }
        Ok(())
    }

    /// Commits to the rows of an extended segment.
    pub(super) fn commit(
        &self,
        extended: Extended,
        phase: Phase,
        transcript: &mut dyn Transcript,
    ) -> Result<Segment, ProverError> {
        extended.commit(transcript, self.partitions, phase)
    }

    /// Searches the proof of work, draws the query positions and opens everything there: the proof.
    pub(super) fn open(
        self,
        trace: &[Segment],
        quotient: &Segment,
        fri: &Fri,
        ood_frame: OodFrame,
        transcript: &mut dyn Transcript,
    ) -> Result<Proof, ProverError> {
        let span = self.start(Phase::Grind)?;
        let pow_nonce = transcript.smallest_nonce(self.options.grinding_factor())?;
        let positions = self.draw_positions(pow_nonce, transcript)?;
        drop(span);

        let _span = self.start(Phase::Open)?;
        let fri_proof = fri.open(&positions, transcript)?;
        let names = ["main trace queries", "auxiliary trace queries"];
        let trace_queries = trace
            .iter()
            .zip(names)
            .map(|(segment, name)| segment.query(&positions, transcript, name))
            .collect::<Result<_, _>>()?;
        Ok(Proof {
            num_unique_queries: positions.len() as u8,
            commitments: transcript.commitments(),
            trace_queries,
            constraint_queries: quotient.query(&positions, transcript, "constraint queries")?,
            ood_frame,
            fri_proof,
            pow_nonce,
            context: self.context,
        })
    }

    /// The query positions, sorted and distinct.
    fn draw_positions(
        &self,
        nonce: u64,
        transcript: &mut dyn Transcript,
    ) -> Result<Vec<usize>, ProverError> {
        let queries = self.options.num_queries();
        let mut positions = transcript.draw_positions(queries, self.domain.lde_size(), nonce)?;
        positions.sort_unstable();
        positions.dedup();
        if positions.len() > MAX_NUM_QUERIES {
            return Err(ProverError::TooManyPositions {
                positions: positions.len(),
                max: MAX_NUM_QUERIES,
            });
        }
        Ok(positions)
    }
}

/// Refuses what could not be proven or not be verified.
fn check(
    info: &TraceInfo,
    options: &ProofOptions,
    lde_domain_size: usize,
) -> Result<(), ProverError> {
    if info.width() > MAX_TRACE_WIDTH {
        return Err(ProverError::TraceTooWide {
            width: info.width(),
            max: MAX_TRACE_WIDTH,
        });
    }
    if info.length().ilog2() > MAX_LOG_SIZE {
        return Err(ProverError::TraceTooLong {
            rows: info.length(),
            max: 1 << MAX_LOG_SIZE,
        });
    }
    if options.num_queries() >= lde_domain_size {
        return Err(ProverError::TooManyQueries {
            queries: options.num_queries(),
            domain_size: lde_domain_size,
        });
    }
    fri::check(options, lde_domain_size)
}
