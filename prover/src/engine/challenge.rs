//! The fields that challenges are drawn from, and what a proof computes in them.

use winter_air::DeepCompositionCoefficients;
use winter_air::proof::{OodFrame, Proof, QuotientOodFrame, TraceOodFrame, merge_ood_evaluations};
use winter_math::FieldElement;
use winter_math::fields::{CubeExtension, QuadExtension, f64::BaseElement};
use winter_prover::matrix::ColMatrix;

use super::constraints::{Constraints, Stated};
use super::deep::DeepInputs;
use super::domain::Domain;
use super::fri::Fri;
use super::kernels::Columns;
use super::ood::OodCoset;
use super::segment::{Extended, Segment};
use super::session::Session;
use super::transcript::{self, Transcript};
use super::{Phase, ProverError, error::Segment as SegmentKind, quotient};
use crate::threads;

/// The base field or one of its two extensions.
///
/// A proof of any AIR computes the same things in the field of its challenges. Functions that are
/// generic over it are compiled in the crate of whoever proves, again for each of its AIRs. The
/// functions of this trait have no type parameter, and the trait is implemented for the three fields
/// here: they are compiled here, once. For that they must not be `#[inline]`, nor be default methods,
/// which are generic over the type that has them.
pub(super) trait ChallengeField: FieldElement<BaseField = BaseElement> {
    /// Extends an auxiliary segment and commits to it.
    fn auxiliary(
        session: &Session<'_>,
        trace: ColMatrix<Self>,
        transcript: &mut dyn Transcript,
    ) -> Result<Segment, ProverError>;

    /// Prepares the constraints for evaluation.
    fn constraints<'a>(stated: &Stated<'_, Self>, domain: &'a Domain) -> Constraints<'a>;

    /// From the composition of all constraints to the values of all columns outside of the domain, of
    /// segments `trace`.
    fn out_of_domain(
        session: &Session<'_>,
        trace: &[Segment],
        composition: Columns,
        transcript: &mut dyn Transcript,
    ) -> Result<OutOfDomain<Self>, ProverError>;

    /// The rest of the proof: that the values outside of the domain are those of polynomials of low
    /// degree.
    fn low_degree(
        session: Session<'_>,
        trace: &[Segment],
        values: OutOfDomain<Self>,
        coefficients: &DeepCompositionCoefficients<Self>,
        transcript: &mut dyn Transcript,
    ) -> Result<Proof, ProverError>;
}

/// Implements [`ChallengeField`] by the functions below.
macro_rules! challenge_field {
    ($($field:ty)+) => {$(
        impl ChallengeField for $field {
            fn auxiliary(
                session: &Session<'_>,
                trace: ColMatrix<Self>,
                transcript: &mut dyn Transcript,
            ) -> Result<Segment, ProverError> {
                auxiliary(session, trace, transcript)
            }

            fn constraints<'a>(
                stated: &Stated<'_, Self>,
                domain: &'a Domain,
            ) -> Constraints<'a> {
                Constraints::new(stated, domain)
            }

            fn out_of_domain(
                session: &Session<'_>,
                trace: &[Segment],
                composition: Columns,
                transcript: &mut dyn Transcript,
            ) -> Result<OutOfDomain<Self>, ProverError> {
                out_of_domain(session, trace, composition, transcript)
            }

            fn low_degree(
                session: Session<'_>,
                trace: &[Segment],
                values: OutOfDomain<Self>,
                coefficients: &DeepCompositionCoefficients<Self>,
                transcript: &mut dyn Transcript,
            ) -> Result<Proof, ProverError> {
                low_degree(session, trace, values, coefficients, transcript)
            }
        }
    )+};
}

challenge_field!(BaseElement QuadExtension<BaseElement> CubeExtension<BaseElement>);

/// The quotient, and the values of all columns at the out-of-domain points.
pub(super) struct OutOfDomain<E: FieldElement> {
    quotient: Segment,
    coset: OodCoset<E>,
    trace_frame: TraceOodFrame<E>,
    quotient_frame: QuotientOodFrame<E>,
}

fn auxiliary<E: FieldElement<BaseField = BaseElement>>(
    session: &Session<'_>,
    trace: ColMatrix<E>,
    transcript: &mut dyn Transcript,
) -> Result<Segment, ProverError> {
    session.check_shape(SegmentKind::Auxiliary, trace.num_cols(), trace.num_rows())?;
    let extended = Extended::from_values(&trace, session.domain());
    drop(trace);
    session.commit(extended, Phase::Auxiliary, transcript)
}

fn out_of_domain<E: FieldElement<BaseField = BaseElement>>(
    session: &Session<'_>,
    trace: &[Segment],
    composition: Columns,
    transcript: &mut dyn Transcript,
) -> Result<OutOfDomain<E>, ProverError> {
    let domain = session.domain();
    let quotient = {
        let _span = session.start(Phase::Quotient)?;
        let (degree, columns) = (E::EXTENSION_DEGREE, session.quotient_columns());
        let extended = threads::enter(|| {
            let coefficients =
                quotient::interpolate(composition, degree, domain, session.quotient_degree())?;
            Ok::<_, ProverError>(Extended::new(&coefficients, columns, degree, domain))
        })?;
        session.commit(extended, Phase::Quotient, transcript)?
    };

    let _span = session.start(Phase::OutOfDomain)?;
    let z: E = transcript::draw(transcript, "out-of-domain point")?;
    session.check_point(z)?;
    let (coset, (current, next), of_quotient) = threads::enter(|| {
        let coset = OodCoset::new(z, domain);
        let (mut current, mut next) = (Vec::new(), Vec::new());
        for segment in trace {
            let (at_z, at_next) = coset.evaluate(segment.extended(), domain);
            current.extend(at_z);
            next.extend(at_next);
        }
        let of_quotient = coset.evaluate(quotient.extended(), domain);
        (coset, (current, next), of_quotient)
    });
    let trace_frame = TraceOodFrame::new(current, next, trace[0].extended().columns());
    let (current, next) = of_quotient;
    let quotient_frame = QuotientOodFrame::new(current, next);
    let sent = merge_ood_evaluations(&trace_frame, &quotient_frame);
    transcript.send_evaluations(E::slice_as_base_elements(&sent), E::EXTENSION_DEGREE);
    Ok(OutOfDomain {
        quotient,
        coset,
        trace_frame,
        quotient_frame,
    })
}

fn low_degree<E: FieldElement<BaseField = BaseElement>>(
    session: Session<'_>,
    trace: &[Segment],
    values: OutOfDomain<E>,
    coefficients: &DeepCompositionCoefficients<E>,
    transcript: &mut dyn Transcript,
) -> Result<Proof, ProverError> {
    let OutOfDomain {
        quotient,
        coset,
        trace_frame,
        quotient_frame,
    } = values;
    let mut ood_frame = OodFrame::default();
    ood_frame.set_trace_states(&trace_frame);
    ood_frame.set_quotient_states(&quotient_frame);

    let deep = {
        let _span = session.start(Phase::Deep)?;
        let inputs = DeepInputs {
            main: trace[0].extended(),
            aux: trace.get(1).map(Segment::extended),
            quotient: quotient.extended(),
            trace_frame: &trace_frame,
            quotient_frame: &quotient_frame,
            coefficients,
        };
        threads::enter(|| inputs.evaluate(&coset, session.domain()))
    };
    drop(coset);

    let fri = {
        let _span = session.start(Phase::Fri)?;
        Fri::commit::<E>(&session.options().to_fri_options(), deep, transcript)?
    };
    session.open(trace, &quotient, &fri, ood_frame, transcript)
}
