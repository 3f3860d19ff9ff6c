//! The phases in order.

use tracing::info_span;
use winter_air::proof::{Proof, QuotientOodFrame, TraceOodFrame};
use winter_air::{Air, ProofOptions, TraceInfo};
use winter_math::{FieldElement, ToElements, fields::f64::BaseElement};
use winter_prover::matrix::ColMatrix;
use winter_prover::{Prover, Trace};
use winterlane_field_simd::MAX_LOG_SIZE;

use super::channel::Channel;
use super::columns::TraceColumns;
use super::constraints::Constraints;
use super::deep::DeepInputs;
use super::domain::Domain;
use super::fri::{self, Fri};
use super::observer::{self, Phase};
use super::ood::OodCoset;
use super::segment::Extended;
use super::{
    EngineOptions, MemoryEstimate, ProverError, error::Segment as SegmentKind, grind, quotient,
};

/// The widest trace that winterfell's verifier can read.
const MAX_WIDTH: usize = 254;

/// What is proven of a trace.
pub(super) struct Statement<P: Prover> {
    pub(super) info: TraceInfo,
    pub(super) public_inputs: <P::Air as Air>::PublicInputs,
}

impl<P: Prover> Statement<P> {
    /// What `prover` says of `trace`.
    pub(super) fn of(prover: &P, trace: &P::Trace) -> Self {
        Self {
            info: trace.info().clone(),
            public_inputs: prover.get_pub_inputs(trace),
        }
    }
}

/// Where the main segment is.
pub(super) enum Source<T> {
    /// In the caller's memory.
    Trace(T),
    /// In the engine's.
    Columns(TraceColumns),
}

impl<T> From<T> for Source<T> {
    fn from(trace: T) -> Self {
        Self::Trace(trace)
    }
}

/// Makes the proof with challenges drawn from `E`; `INLINE` says that the AIR's constraint functions
/// inline.
pub(super) fn run<P, E, const INLINE: bool>(
    prover: &P,
    statement: Statement<P>,
    source: Source<P::Trace>,
    options: &EngineOptions<'_>,
) -> Result<Proof, ProverError>
where
    P: Prover<BaseField = BaseElement>,
    E: FieldElement<BaseField = BaseElement>,
{
    let enter = |phase| observer::enter(options.observer, phase);

    let Statement {
        info,
        public_inputs,
    } = statement;
    let public_input_elements = public_inputs.to_elements();
    let air = P::Air::new(info, public_inputs, prover.options().clone());
    check(air.trace_info(), air.options(), air.lde_domain_size())?;
    let estimate = match &source {
        Source::Trace(_) => MemoryEstimate::new(&air),
        Source::Columns(_) => MemoryEstimate::of_columns(&air),
    };
    estimate.check(options.memory_limit, options.system(), false)?;
    let domain = Domain::new(&air);
    let partitions = prover.options().partition_options();
    let mut channel = Channel::<P::Air, P::HashFn, P::RandomCoin>::new(&air, public_input_elements);

    enter(Phase::ExtendTrace)?;
    let extend_span = info_span!(
        "extend_trace",
        columns = air.trace_info().main_trace_width(),
        rows = domain.rows(),
        blowup = domain.blowup()
    )
    .entered();
    let (main, trace) = extend_main(source, &air, &domain)?;
    drop(extend_span);

    enter(Phase::CommitTrace)?;
    let main = {
        let _span = info_span!("commit_trace", rows = domain.lde_size()).entered();
        main.commit::<P::HashFn, P::VC>(partitions, Phase::CommitTrace)?
    };
    channel.commit(main.root());

    let (aux, aux_rand_elements) = if let Some(trace) = trace {
        enter(Phase::Auxiliary)?;
        let _span = info_span!("auxiliary_trace", rows = domain.rows()).entered();
        let rand_elements = channel.aux_rand_elements::<E>()?;
        let aux_trace = prover.build_aux_trace(&trace, &rand_elements);
        drop(trace);
        let aux = extend(&aux_trace, SegmentKind::Auxiliary, &air, &domain)?;
        drop(aux_trace);
        let aux = aux.commit::<P::HashFn, P::VC>(partitions, Phase::Auxiliary)?;
        channel.commit(aux.root());
        (Some(aux), Some(rand_elements))
    } else {
        (None, None)
    };
    let aux_extended = aux.as_ref().map(super::segment::Segment::extended);

    enter(Phase::Constraints)?;
    let composition = {
        let _span = info_span!("constraints", points = domain.ce_size()).entered();
        let coefficients = channel.constraint_coefficients::<E>()?;
        Constraints::new(&air, &domain, aux_rand_elements.as_ref(), &coefficients)
            .evaluate::<E, INLINE>(main.extended(), aux_extended)
    };

    enter(Phase::Quotient)?;
    let quotient = {
        let columns = air.context().num_constraint_composition_columns();
        let _span = info_span!("quotient", columns, rows = domain.lde_size()).entered();
        let coefficients =
            quotient::interpolate(composition, E::EXTENSION_DEGREE, columns, &domain)?;
        Extended::<E>::new(coefficients, columns, &domain)
            .commit::<P::HashFn, P::VC>(partitions, Phase::Quotient)?
    };
    channel.commit(quotient.root());

    enter(Phase::OutOfDomain)?;
    let ood_span = info_span!("out_of_domain").entered();
    let ood = OodCoset::new(channel.ood_point::<E>()?, &domain);
    let (mut current, mut next) = ood.evaluate(main.extended(), &domain);
    if let Some(aux) = aux_extended {
        let (aux_current, aux_next) = ood.evaluate(aux, &domain);
        current.extend(aux_current);
        next.extend(aux_next);
    }
    let trace_frame = TraceOodFrame::new(current, next, main.extended().columns());
    let (current, next) = ood.evaluate(quotient.extended(), &domain);
    let quotient_frame = QuotientOodFrame::new(current, next);
    channel.send_ood_frames(&trace_frame, &quotient_frame);
    drop(ood_span);

    enter(Phase::Deep)?;
    let deep = {
        let _span = info_span!("deep_composition", points = domain.lde_size()).entered();
        DeepInputs {
            main: main.extended(),
            aux: aux_extended,
            quotient: quotient.extended(),
            trace_frame: &trace_frame,
            quotient_frame: &quotient_frame,
            coefficients: &channel.deep_coefficients()?,
        }
        .evaluate(&ood, &domain)
    };
    drop(ood);

    enter(Phase::Fri)?;
    let fri_options = air.options().to_fri_options();
    let fri = {
        let layers = fri_options.num_fri_layers(domain.lde_size());
        let _span = info_span!("fri", layers, points = domain.lde_size()).entered();
        Fri::<E, P::HashFn, P::VC>::commit(&fri_options, deep, &mut channel)?
    };

    enter(Phase::Grind)?;
    let positions = {
        let factor = air.options().grinding_factor();
        let _span = info_span!("grind", factor).entered();
        let nonce = grind::smallest_nonce(channel.coin(), factor)?;
        channel.query_positions(nonce)?
    };

    enter(Phase::Open)?;
    let _span = info_span!("open", positions = positions.len()).entered();
    let fri_proof = fri.open(&positions)?;
    let mut trace_queries = vec![main.query(&positions, "main trace queries")?];
    if let Some(aux) = &aux {
        trace_queries.push(aux.query(&positions, "auxiliary trace queries")?);
    }
    let constraint_queries = quotient.query(&positions, "constraint queries")?;
    Ok(channel.into_proof(
        positions.len(),
        trace_queries,
        constraint_queries,
        fri_proof,
    ))
}

/// Refuses, before any work, what could not be proven or not be verified.
fn check(
    info: &TraceInfo,
    options: &ProofOptions,
    lde_domain_size: usize,
) -> Result<(), ProverError> {
    if info.width() > MAX_WIDTH {
        return Err(ProverError::TraceTooWide {
            width: info.width(),
            max: MAX_WIDTH,
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

/// The main segment extended, and the trace if the auxiliary segment will be built from it.
fn extend_main<T, A>(
    source: Source<T>,
    air: &A,
    domain: &Domain,
) -> Result<(Extended<BaseElement>, Option<T>), ProverError>
where
    T: Trace<BaseField = BaseElement>,
    A: Air<BaseField = BaseElement>,
{
    let with_aux = air.trace_info().is_multi_segment();
    match source {
        Source::Trace(trace) => {
            let main = extend(trace.main_segment(), SegmentKind::Main, air, domain)?;
            Ok((main, with_aux.then_some(trace)))
        }
        Source::Columns(trace) => {
            check_shape(SegmentKind::Main, trace.width(), trace.rows(), air)?;
            if with_aux {
                // There is nobody to build it.
                check_shape(SegmentKind::Auxiliary, 0, 0, air)?;
            }
            Ok((Extended::from_columns(trace, domain), None))
        }
    }
}

/// A segment extended, its shape checked against the AIR's.
fn extend<F, A>(
    matrix: &ColMatrix<F>,
    segment: SegmentKind,
    air: &A,
    domain: &Domain,
) -> Result<Extended<F>, ProverError>
where
    F: FieldElement<BaseField = BaseElement>,
    A: Air<BaseField = BaseElement>,
{
    check_shape(segment, matrix.num_cols(), matrix.num_rows(), air)?;
    Ok(Extended::from_values(matrix, domain))
}

/// Refuses a segment that does not have the shape that the AIR's trace info declares.
fn check_shape<A: Air<BaseField = BaseElement>>(
    segment: SegmentKind,
    columns: usize,
    rows: usize,
    air: &A,
) -> Result<(), ProverError> {
    let info = air.trace_info();
    let (expected_columns, expected_rows) = match segment {
        SegmentKind::Main => (info.main_trace_width(), info.length()),
        SegmentKind::Auxiliary => (info.aux_segment_width(), info.length()),
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
