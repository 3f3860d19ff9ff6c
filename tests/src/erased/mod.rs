//! Stock winterfell for any AIR, compiled once.
//!
//! `Prover::prove` and `verify` of winterfell are generic over the AIR: the whole prover is compiled for
//! each AIR, three times, for the three fields of challenges. `prove` and [`verify`] hand winterfell
//! one AIR, [`Erased`], which calls the real one through a trait object, and one coin for each hash function,
//! [`ErasedCoin`]. Hash function and vector commitment stay type parameters; the combinations that the suites use
//! are compiled here, in `INSTANCES`, and linked by every binary (`docs/compile-time.md`).
//!
//! All that differs is who calls the constraint functions and the coin. `erasure_changes_no_byte` of the engine's suite
//! compares with winterfell called directly.

mod coin;
#[cfg(feature = "prover")]
mod prover;

use winterfell::crypto::{ElementHasher, VectorCommitment};
use winterfell::math::fields::{CubeExtension, QuadExtension, f64::BaseElement};
use winterfell::math::{ExtensionOf, FieldElement, ToElements};
use winterfell::{
    AcceptableOptions, Air, AirContext, Assertion, AuxRandElements, EvaluationFrame, Proof,
    ProofOptions, TraceInfo, VerifierError,
};

pub use self::coin::{ErasedCoin, SuiteCoin};
#[cfg(feature = "prover")]
pub use self::prover::{INSTANCES, Instance, prove};

type Quad = QuadExtension<BaseElement>;
type Cube = CubeExtension<BaseElement>;

/// An AIR's functions for one field.
pub(crate) trait Over<E: FieldElement<BaseField = BaseElement>> {
    fn transition(&self, frame: &EvaluationFrame<E>, periodic: &[E], result: &mut [E]);

    /// As the verifier calls it, out of the domain.
    fn aux_transition(
        &self,
        main: &EvaluationFrame<E>,
        aux: &EvaluationFrame<E>,
        periodic: &[E],
        rand: &AuxRandElements<E>,
        result: &mut [E],
    );

    /// As the prover calls it, in the domain.
    fn aux_transition_in_domain(
        &self,
        main: &EvaluationFrame<BaseElement>,
        aux: &EvaluationFrame<E>,
        periodic: &[BaseElement],
        rand: &AuxRandElements<E>,
        result: &mut [E],
    );

    fn aux_assertions(&self, rand: &AuxRandElements<E>) -> Vec<Assertion<E>>;
}

impl<A, E> Over<E> for A
where
    A: Air<BaseField = BaseElement>,
    E: FieldElement<BaseField = BaseElement>,
{
    fn transition(&self, frame: &EvaluationFrame<E>, periodic: &[E], result: &mut [E]) {
        self.evaluate_transition(frame, periodic, result);
    }

    fn aux_transition(
        &self,
        main: &EvaluationFrame<E>,
        aux: &EvaluationFrame<E>,
        periodic: &[E],
        rand: &AuxRandElements<E>,
        result: &mut [E],
    ) {
        self.evaluate_aux_transition(main, aux, periodic, rand, result);
    }

    fn aux_transition_in_domain(
        &self,
        main: &EvaluationFrame<BaseElement>,
        aux: &EvaluationFrame<E>,
        periodic: &[BaseElement],
        rand: &AuxRandElements<E>,
        result: &mut [E],
    ) {
        self.evaluate_aux_transition(main, aux, periodic, rand, result);
    }

    fn aux_assertions(&self, rand: &AuxRandElements<E>) -> Vec<Assertion<E>> {
        self.get_aux_assertions(rand)
    }
}

/// An AIR over all fields that winterfell's challenges come from.
trait Object: Over<BaseElement> + Over<Quad> + Over<Cube> + Send + Sync {
    fn context(&self) -> &AirContext<BaseElement>;
    fn assertions(&self) -> Vec<Assertion<BaseElement>>;
    fn periodic_values(&self) -> Vec<Vec<BaseElement>>;
    fn periodic_polys(&self) -> Vec<Vec<BaseElement>>;
}

impl<A: Air<BaseField = BaseElement>> Object for A {
    fn context(&self) -> &AirContext<BaseElement> {
        Air::context(self)
    }

    fn assertions(&self) -> Vec<Assertion<BaseElement>> {
        self.get_assertions()
    }

    fn periodic_values(&self) -> Vec<Vec<BaseElement>> {
        self.get_periodic_column_values()
    }

    fn periodic_polys(&self) -> Vec<Vec<BaseElement>> {
        self.get_periodic_column_polys()
    }
}

/// Any AIR that borrows nothing.
type AnyAir = dyn Object + 'static;

/// Makes the AIR of a trace and options.
type Make = Box<dyn FnOnce(TraceInfo, ProofOptions) -> Box<AnyAir> + Send>;

/// The public inputs of any AIR, the AIR to make of them, and the coin.
pub struct ErasedInputs {
    elements: Vec<BaseElement>,
    make: Make,
}

impl ErasedInputs {
    /// The coin is the last of their elements, and so of its seed.
    fn of<A, R>(inputs: A::PublicInputs) -> Self
    where
        A: Air<BaseField = BaseElement> + 'static,
        A::PublicInputs: Send + 'static,
        R: SuiteCoin,
    {
        let mut elements = inputs.to_elements();
        elements.push(R::NUMBER);
        Self {
            elements,
            make: Box::new(move |info, options| Box::new(A::new(info, inputs, options))),
        }
    }
}

impl ToElements<BaseElement> for ErasedInputs {
    fn to_elements(&self) -> Vec<BaseElement> {
        self.elements.clone()
    }
}

/// Any AIR, for winterfell's own prover and verifier: it can be evaluated over their three fields, not over
/// an engine's packed elements.
///
/// Random elements of an auxiliary segment are drawn as winterfell's default has it.
pub struct Erased(Box<AnyAir>);

impl Erased {
    /// An AIR at hand.
    pub fn of<A: Air<BaseField = BaseElement> + 'static>(air: A) -> Self {
        Self(Box::new(air))
    }
}

/// The same elements in another type for the same field.
fn cast<From, To>(elements: &[From]) -> &[To]
where
    From: FieldElement<BaseField = BaseElement>,
    To: FieldElement<BaseField = BaseElement>,
{
    To::slice_from_base_elements(From::slice_as_base_elements(elements))
}

fn cast_frame<From, To>(frame: &EvaluationFrame<From>) -> EvaluationFrame<To>
where
    From: FieldElement<BaseField = BaseElement>,
    To: FieldElement<BaseField = BaseElement>,
{
    EvaluationFrame::from_rows(cast(frame.current()).to_vec(), cast(frame.next()).to_vec())
}

fn cast_rand<From, To>(rand: &AuxRandElements<From>) -> AuxRandElements<To>
where
    From: FieldElement<BaseField = BaseElement>,
    To: FieldElement<BaseField = BaseElement>,
{
    AuxRandElements::new(cast(rand.rand_elements()).to_vec())
}

fn cast_assertion<From, To>(assertion: &Assertion<From>) -> Assertion<To>
where
    From: FieldElement<BaseField = BaseElement>,
    To: FieldElement<BaseField = BaseElement>,
{
    let (column, first, stride) = (
        assertion.column(),
        assertion.first_step(),
        assertion.stride(),
    );
    let values = cast(assertion.values());
    match *values {
        [value] if assertion.is_single() => Assertion::single(column, first, value),
        [value] => Assertion::periodic(column, first, stride, value),
        _ => Assertion::sequence(column, first, stride, values.to_vec()),
    }
}

/// Runs a function for the field of the same degree as `E`.
macro_rules! in_field {
    ($e:ident, $function:ident($($argument:expr),*)) => {
        match $e::EXTENSION_DEGREE {
            1 => $function::<$e, BaseElement>($($argument),*),
            2 => $function::<$e, Quad>($($argument),*),
            _ => $function::<$e, Cube>($($argument),*),
        }
    };
}

#[cfg(feature = "prover")]
use in_field;

fn transition<E, C>(air: &AnyAir, frame: &EvaluationFrame<E>, periodic: &[E], result: &mut [E])
where
    E: FieldElement<BaseField = BaseElement>,
    C: FieldElement<BaseField = BaseElement>,
    AnyAir: Over<C>,
{
    let mut evaluations = cast::<E, C>(result).to_vec();
    air.transition(&cast_frame::<E, C>(frame), cast(periodic), &mut evaluations);
    result.copy_from_slice(cast(&evaluations));
}

fn aux_transition<F, E, C>(
    air: &AnyAir,
    main: &EvaluationFrame<F>,
    aux: &EvaluationFrame<E>,
    periodic: &[F],
    rand: &AuxRandElements<E>,
    result: &mut [E],
) where
    F: FieldElement<BaseField = BaseElement>,
    E: FieldElement<BaseField = BaseElement> + ExtensionOf<F>,
    C: FieldElement<BaseField = BaseElement>,
    AnyAir: Over<C>,
{
    let mut evaluations = cast::<E, C>(result).to_vec();
    let (aux, rand) = (cast_frame::<E, C>(aux), cast_rand::<E, C>(rand));
    if F::EXTENSION_DEGREE == 1 {
        let main = cast_frame::<F, BaseElement>(main);
        let periodic = cast::<F, BaseElement>(periodic);
        air.aux_transition_in_domain(&main, &aux, periodic, &rand, &mut evaluations);
    } else {
        let main = cast_frame::<F, C>(main);
        let periodic = cast::<F, C>(periodic);
        air.aux_transition(&main, &aux, periodic, &rand, &mut evaluations);
    }
    result.copy_from_slice(cast(&evaluations));
}

fn aux_assertions<E, C>(air: &AnyAir, rand: &AuxRandElements<E>) -> Vec<Assertion<E>>
where
    E: FieldElement<BaseField = BaseElement>,
    C: FieldElement<BaseField = BaseElement>,
    AnyAir: Over<C>,
{
    let assertions: Vec<Assertion<C>> = air.aux_assertions(&cast_rand::<E, C>(rand));
    assertions.iter().map(cast_assertion).collect()
}

impl Air for Erased {
    type BaseField = BaseElement;
    type PublicInputs = ErasedInputs;

    fn new(info: TraceInfo, inputs: ErasedInputs, options: ProofOptions) -> Self {
        Self((inputs.make)(info, options))
    }

    fn context(&self) -> &AirContext<BaseElement> {
        self.0.context()
    }

    fn evaluate_transition<E: FieldElement<BaseField = BaseElement>>(
        &self,
        frame: &EvaluationFrame<E>,
        periodic: &[E],
        result: &mut [E],
    ) {
        in_field!(E, transition(&*self.0, frame, periodic, result));
    }

    fn evaluate_aux_transition<F, E>(
        &self,
        main: &EvaluationFrame<F>,
        aux: &EvaluationFrame<E>,
        periodic: &[F],
        rand: &AuxRandElements<E>,
        result: &mut [E],
    ) where
        F: FieldElement<BaseField = BaseElement>,
        E: FieldElement<BaseField = BaseElement> + ExtensionOf<F>,
    {
        let air = &*self.0;
        match E::EXTENSION_DEGREE {
            1 => aux_transition::<F, E, BaseElement>(air, main, aux, periodic, rand, result),
            2 => aux_transition::<F, E, Quad>(air, main, aux, periodic, rand, result),
            _ => aux_transition::<F, E, Cube>(air, main, aux, periodic, rand, result),
        }
    }

    fn get_assertions(&self) -> Vec<Assertion<BaseElement>> {
        self.0.assertions()
    }

    fn get_aux_assertions<E: FieldElement<BaseField = BaseElement>>(
        &self,
        rand: &AuxRandElements<E>,
    ) -> Vec<Assertion<E>> {
        in_field!(E, aux_assertions(&*self.0, rand))
    }

    fn get_periodic_column_values(&self) -> Vec<Vec<BaseElement>> {
        self.0.periodic_values()
    }

    fn get_periodic_column_polys(&self) -> Vec<Vec<BaseElement>> {
        self.0.periodic_polys()
    }
}

/// What stock winterfell's `verify::<A, H, R, V>` says.
///
/// # Errors
/// Those of winterfell.
pub fn verify<A, H, R, V>(
    proof: Proof,
    inputs: A::PublicInputs,
    acceptable: &AcceptableOptions,
) -> Result<(), VerifierError>
where
    A: Air<BaseField = BaseElement> + 'static,
    A::PublicInputs: Send + 'static,
    H: ElementHasher<BaseField = BaseElement>,
    R: SuiteCoin<Hasher = H>,
    V: VectorCommitment<H>,
{
    let inputs = ErasedInputs::of::<A, R>(inputs);
    winterfell::verify::<Erased, H, ErasedCoin<H>, V>(proof, inputs, acceptable)
}
