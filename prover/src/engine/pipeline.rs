//! The phases in order, as far as the caller's types take part in them.
//!
//! This is the one part of the engine that is compiled for every caller's AIR: it asks the AIR and the
//! prover what only they know, evaluates the constraints, and leaves the rest to [`Session`], to the
//! fields of the challenges ([`ChallengeField`]) and, behind [`Transcript`](super::transcript::Transcript),
//! to the caller's hash function. These are compiled once.

use winter_air::{Air, TraceInfo};
use winter_math::ToElements;
use winter_math::fields::{CubeExtension, QuadExtension, f64::BaseElement};
use winter_prover::{Proof, Prover, Trace};

use super::challenge::ChallengeField;
use super::channel::Channel;
use super::constraints::Stated;
use super::segment::Segment;
use super::session::Session;
use super::source::Source;
use super::{EngineOptions, Phase, ProverError};

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

/// The transcript of a prover's types.
type ChannelOf<'a, P> =
    Channel<'a, <P as Prover>::HashFn, <P as Prover>::VC, <P as Prover>::RandomCoin>;

/// Makes the proof; `INLINE` says that the AIR's constraint functions inline.
pub(super) fn run<P, S, const INLINE: bool>(
    prover: &P,
    statement: Statement<P>,
    source: S,
    options: &EngineOptions<'_>,
) -> Result<Proof, ProverError>
where
    P: Prover<BaseField = BaseElement>,
    S: Source<P>,
{
    let Statement {
        info,
        public_inputs,
    } = statement;
    let elements = public_inputs.to_elements();
    let air = P::Air::new(info, public_inputs, prover.options().clone());
    run_air::<P, S, INLINE>(prover, &air, elements, source, options)
}

/// [`run`] of an AIR at hand, whose public inputs are these elements.
pub(super) fn run_air<P, S, const INLINE: bool>(
    prover: &P,
    air: &P::Air,
    public_inputs: Vec<BaseElement>,
    source: S,
    options: &EngineOptions<'_>,
) -> Result<Proof, ProverError>
where
    P: Prover<BaseField = BaseElement>,
    S: Source<P>,
{
    let partitions = prover.options().partition_options();
    let session = Session::new(air, partitions, source.held(), S::FRESH, options)?
        .with_quotient_degree(source.quotient_degree());
    let bulk = options.bulk::<P::HashFn>()?;
    let mut channel = ChannelOf::<P>::new(&session.seed(public_inputs), bulk);

    let aux_alone = source.aux_alone();
    let (main, rest) = source.extend(&session)?;
    let main = {
        let _span = session.start(Phase::CommitTrace)?;
        session.commit(main, Phase::CommitTrace, &mut channel)?
    };
    let proving = Proving::<P, S> {
        prover,
        air,
        session,
        channel,
        main,
        rest,
        aux_alone,
    };
    match prover.options().field_extension().degree() {
        1 => proving.run::<BaseElement, INLINE>(),
        2 => proving.run::<QuadExtension<BaseElement>, INLINE>(),
        3 => proving.run::<CubeExtension<BaseElement>, INLINE>(),
        degree => Err(ProverError::FieldExtension { degree }),
    }
}

/// A proof whose main segment is committed to: challenges can be drawn.
struct Proving<'a, P: Prover<BaseField = BaseElement>, S: Source<P>> {
    prover: &'a P,
    air: &'a P::Air,
    session: Session<'a>,
    channel: ChannelOf<'a, P>,
    main: Segment,
    /// What the auxiliary segment is built from, if there is one.
    rest: Option<S::Rest>,
    aux_alone: bool,
}

impl<P: Prover<BaseField = BaseElement>, S: Source<P>> Proving<'_, P, S> {
    /// The rest of the proof, with challenges drawn from `E`.
    fn run<E: ChallengeField, const INLINE: bool>(self) -> Result<Proof, ProverError> {
        let Self {
            prover,
            air,
            session,
            mut channel,
            main,
            rest,
            aux_alone,
        } = self;
        let mut segments = vec![main];
        let mut rand_elements = None;
        if let Some(rest) = rest {
            let _span = session.start(Phase::Auxiliary)?;
            let rand_elements = rand_elements.insert(channel.aux_rand_elements::<_, E>(air)?);
            let channel = &mut channel;
            segments.push(S::auxiliary(
                rest,
                prover,
                &session,
                rand_elements,
                channel,
            )?);
        }

        let composition = {
            let _span = session.start(Phase::Constraints)?;
            let coefficients = channel.constraint_coefficients::<_, E>(air)?;
            let rand_elements = rand_elements.as_ref();
            let stated = Stated {
                transition: air.get_transition_constraints(&coefficients.transition),
                boundary: air.get_boundary_constraints(rand_elements, &coefficients.boundary),
                periodic: air.get_periodic_column_polys(),
                rand_elements,
                aux_alone,
            };
            let aux = segments.get(1).map(Segment::extended);
            E::constraints(&stated, session.domain()).evaluate::<P::Air, INLINE>(
                air,
                segments[0].extended(),
                aux,
            )
        };

        let values = E::out_of_domain(&session, &segments, composition, &mut channel)?;
        let coefficients = channel.deep_coefficients(air)?;
        E::low_degree(session, &segments, values, &coefficients, &mut channel)
    }
}
