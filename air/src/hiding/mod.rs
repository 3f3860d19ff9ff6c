//! Zero knowledge for any AIR: [`Hiding<A>`](Hiding) states what `A` states, and its proofs hide the
//! witness.
//!
//! A STARK opens rows of the extended trace, and rows are made of the witness. [`Hiding`] adds
//! randomness of the prover's to the statement itself, so that every verifier of winterfell proofs
//! verifies it as it is:
//!
//! - a **random tail**: the last rows of every column are uniform and exempt from the constraints, so
//!   that what is opened of a column is uniform;
//! - a **veil**: extra auxiliary columns, uniform but for one linear constraint among themselves, whose
//!   quotient covers the quotient of all constraints.
//!
//! Where the tail comes from is the [`Mode`]: [`Doubling`] appends as many rows as the trace has, which
//! works for every AIR; [`InPlace`] takes the last rows of the trace, for an AIR that leaves them free
//! ([`TailFree`]).
//!
//! `docs/zero-knowledge.md` has the claim, its proof and its conditions. The conditions are checked here,
//! by [`Hiding::trace_info`] with a typed error. An AIR whose parameters would leak has one constraint
//! that nothing satisfies: neither verifier accepts a proof of it.

mod assertions;
mod error;
mod mode;
mod parameters;
#[cfg(test)]
mod tests;

use alloc::{vec, vec::Vec};
use core::marker::PhantomData;

use winter_air::{
    Air, AirContext, Assertion, AuxRandElements, EvaluationFrame, ProofOptions, TraceInfo,
    TransitionConstraintDegree,
};
use winter_crypto::{RandomCoin, RandomCoinError};
use winter_math::{ExtensionOf, FieldElement, fields::f64::BaseElement};

pub use self::error::HidingError;
pub use self::mode::{Doubling, InPlace, Mode, TailFree};
pub use self::parameters::{
    HidingParameters, MIN_RANDOM_COLUMNS, MIN_TAIL_MARGIN, min_rows_doubling, min_rows_in_place,
    min_tail,
};

/// The statement of `A`, in proofs that hide the witness.
///
/// Public inputs, assertions and constraints are those of `A`, on the rows before the tail. Columns:
///
/// | segment | columns |
/// |---|---|
/// | main | those of `A`; then columns of nothing but randomness, until [`MIN_RANDOM_COLUMNS`] are random |
/// | auxiliary | those of `A`; then the veil: N, A_1 .. A_(q-1), M |
///
/// with `q` quotient columns. The last periodic column is `p = [1, -1]`, the polynomial `x^(n/2)`, and the
/// last constraint, in which `X'` is the next row of column `X`, is
///
/// ```text
/// N' + p^2 A_1' + p^4 A_2' + .. + p^(2(q-1)) A_(q-1)' = 0
/// ```
///
/// The trace's metadata are those of `A` and three bytes: columns of padding, columns of the veil, mode.
/// They tell [`Air::new`] which columns are `A`'s, and bind the mode in the transcript; they must agree
/// with what follows from `A`.
///
/// `A` must not override the provided methods of [`Air`] other than `get_aux_rand_elements`,
/// `get_aux_assertions`, `evaluate_aux_transition`, `get_periodic_column_values` and `get_periodic_column_polys`: the
/// others are winterfell's own here.
pub struct Hiding<A, M = Doubling> {
    inner: A,
    context: AirContext<BaseElement>,
    parameters: Result<HidingParameters, HidingError>,
    _mode: PhantomData<fn() -> M>,
}

impl<A, M> Hiding<A, M>
where
    A: Air<BaseField = BaseElement>,
    M: Mode<A>,
{
    /// The hiding AIR of a statement whose own trace has the shape `inner`: what [`Air::new`] gives for the shape of
    /// [`Hiding::trace_info`], built once.
    ///
    /// # Errors
    /// When proofs of these parameters would not hide: see [`HidingError`].
    ///
    /// # Panics
    /// As `A::new` does for this shape, these inputs and these options.
    pub fn of(
        inner: &TraceInfo,
        inputs: A::PublicInputs,
        options: ProofOptions,
    ) -> Result<Self, HidingError> {
        let inner = A::new(inner.clone(), inputs, options.clone());
        let parameters = HidingParameters::of::<A, M>(&inner, &options)?;
        let info = parameters.trace_info(M::TAG)?;
        let context = Self::hiding_context(&inner, &parameters, info, options);
        Ok(Self {
            inner,
            context,
            parameters: Ok(parameters),
            _mode: PhantomData,
        })
    }

    /// The shape of the hiding trace of a statement whose own trace has the shape `inner`.
    ///
    /// `inner` is what a trace of `A` says of itself: in [`Doubling`] mode the hiding trace has twice its
    /// rows.
    ///
    /// # Errors
    /// When proofs of these parameters would not hide: see [`HidingError`].
    ///
    /// # Panics
    /// As `A::new` does for this shape, these inputs and these options.
    pub fn trace_info(
        inner: &TraceInfo,
        inputs: A::PublicInputs,
        options: &ProofOptions,
    ) -> Result<TraceInfo, HidingError> {
        let air = A::new(inner.clone(), inputs, options.clone());
        let parameters = HidingParameters::of::<A, M>(&air, options)?;
        parameters.trace_info(M::TAG)
    }

    /// The AIR inside.
    #[must_use]
    pub const fn inner(&self) -> &A {
        &self.inner
    }

    /// Rows, tail, queries and columns.
    ///
    /// # Errors
    /// When proofs of this AIR would not hide; it then has a constraint that nothing satisfies.
    pub const fn parameters(&self) -> Result<&HidingParameters, &HidingError> {
        self.parameters.as_ref()
    }

    /// The assertions on the main segment, and those on the auxiliary segment with `rand_elements`, that
    /// fix cells of the tail: periodic ones and sequences.
    #[must_use]
    pub fn tail_assertions<E: FieldElement<BaseField = BaseElement>>(
        &self,
        rand_elements: Option<&AuxRandElements<E>>,
    ) -> (Vec<Assertion<BaseElement>>, Vec<Assertion<E>>) {
        let mut main = self.get_assertions();
        main.retain(|assertion| !assertion.is_single());
        let mut aux = rand_elements
            .map(|rand| self.get_aux_assertions(rand))
            .unwrap_or_default();
        aux.retain(|assertion| !assertion.is_single());
        (main, aux)
    }

    /// Whether this shape is the one that follows from `A`, and hides.
    fn check(
        inner: &A,
        info: &TraceInfo,
        options: &ProofOptions,
    ) -> Result<HidingParameters, HidingError> {
        let parameters = HidingParameters::of::<A, M>(inner, options)?;
        if parameters.trace_info(M::TAG)? == *info {
            Ok(parameters)
        } else {
            Err(HidingError::Shape)
        }
    }

    /// The context of the hiding AIR.
    fn hiding_context(
        inner: &A,
        parameters: &HidingParameters,
        info: TraceInfo,
        options: ProofOptions,
    ) -> AirContext<BaseElement> {
        let (main, mut aux) = parameters::degrees(inner);
        aux.push(parameters.veil_degree());
        let num_main = inner.get_assertions().len();
        let num_aux = inner.context().num_assertions() - num_main + 1;
        AirContext::new_multi_segment(info, main, aux, num_main, num_aux, options)
            .set_num_transition_exemptions(parameters.exemptions())
    }

    /// The context of an AIR that nothing satisfies.
    fn refusing_context(info: TraceInfo, options: ProofOptions) -> AirContext<BaseElement> {
        let linear = || vec![TransitionConstraintDegree::new(1)];
        if info.is_multi_segment() {
            AirContext::new_multi_segment(info, linear(), linear(), 1, 1, options)
        } else {
            AirContext::new(info, linear(), 1, options)
        }
    }
}

impl<A, M> Air for Hiding<A, M>
where
    A: Air<BaseField = BaseElement>,
    M: Mode<A>,
{
    type BaseField = BaseElement;
    type PublicInputs = A::PublicInputs;

    /// Builds the hiding AIR of a trace of this shape, which [`Hiding::trace_info`] gives.
    ///
    /// Any other shape, or options that would leak, give an AIR that nothing satisfies.
    fn new(info: TraceInfo, inputs: A::PublicInputs, options: ProofOptions) -> Self {
        let inner = A::new(M::inner_info(&info), inputs, options.clone());
        let parameters = Self::check(&inner, &info, &options);
        let context = match &parameters {
            Ok(parameters) => Self::hiding_context(&inner, parameters, info, options),
            Err(_) => Self::refusing_context(info, options),
        };
        Self {
            inner,
            context,
            parameters,
            _mode: PhantomData,
        }
    }

    fn context(&self) -> &AirContext<BaseElement> {
        &self.context
    }

    #[inline(always)]
    fn evaluate_transition<E: FieldElement<BaseField = BaseElement>>(
        &self,
        frame: &EvaluationFrame<E>,
        periodic_values: &[E],
        result: &mut [E],
    ) {
        let (Ok(parameters), Some((_, periodic))) =
            (&self.parameters, periodic_values.split_last())
        else {
            result.fill(E::ONE);
            return;
        };
        // One call, so that what inlines is compiled once.
        let cut;
        let frame = if parameters.padding() == 0 {
            frame
        } else {
            cut = prefix(frame, parameters.inner_main_width());
            &cut
        };
        self.inner.evaluate_transition(frame, periodic, result);
    }

    fn get_assertions(&self) -> Vec<Assertion<BaseElement>> {
        match &self.parameters {
            Ok(parameters) => assertions::stretch(self.inner.get_assertions(), parameters),
            Err(_) => vec![Assertion::single(0, 0, BaseElement::ZERO)],
        }
    }

    #[inline(always)]
    fn evaluate_aux_transition<F, E>(
        &self,
        main_frame: &EvaluationFrame<F>,
        aux_frame: &EvaluationFrame<E>,
        periodic_values: &[F],
        aux_rand_elements: &AuxRandElements<E>,
        result: &mut [E],
    ) where
        F: FieldElement<BaseField = BaseElement>,
        E: FieldElement<BaseField = BaseElement> + ExtensionOf<F>,
    {
        let (Ok(parameters), Some((&p, periodic)), Some((veil, inner_result))) = (
            &self.parameters,
            periodic_values.split_last(),
            result.split_last_mut(),
        ) else {
            result.fill(E::ONE);
            return;
        };
        let square = p * p;
        let mut power = F::ONE;
        let mut sum = E::ZERO;
        for &column in &aux_frame.next()[parameters.veil_constrained()] {
            sum += column.mul_base(power);
            power *= square;
        }
        *veil = sum;

        if parameters.inner_aux_width() == 0 {
            return;
        }
        let aux = prefix(aux_frame, parameters.inner_aux_width());
        let cut;
        let main = if parameters.padding() == 0 {
            main_frame
        } else {
            cut = prefix(main_frame, parameters.inner_main_width());
            &cut
        };
        self.inner
            .evaluate_aux_transition(main, &aux, periodic, aux_rand_elements, inner_result);
    }

    fn get_aux_assertions<E: FieldElement<BaseField = BaseElement>>(
        &self,
        aux_rand_elements: &AuxRandElements<E>,
    ) -> Vec<Assertion<E>> {
        let Ok(parameters) = &self.parameters else {
            return vec![Assertion::single(0, 0, E::ZERO)];
        };
        let mut all = if parameters.inner_aux_width() == 0 {
            Vec::new()
        } else {
            assertions::stretch(self.inner.get_aux_assertions(aux_rand_elements), parameters)
        };
        all.push(Assertion::single(parameters.asserted_column(), 0, E::ZERO));
        all
    }

    fn get_aux_rand_elements<E, R>(
        &self,
        public_coin: &mut R,
    ) -> Result<AuxRandElements<E>, RandomCoinError>
    where
        E: FieldElement<BaseField = BaseElement>,
        R: RandomCoin<BaseField = BaseElement>,
    {
        match &self.parameters {
            Ok(parameters) if parameters.inner_aux_width() > 0 => {
                self.inner.get_aux_rand_elements(public_coin)
            }
            _ => Ok(AuxRandElements::new(vec![public_coin.draw()?])),
        }
    }

    fn get_periodic_column_values(&self) -> Vec<Vec<BaseElement>> {
        let mut columns = match &self.parameters {
            Ok(_) => self.inner.get_periodic_column_values(),
            Err(_) => return Vec::new(),
        };
        columns.push(vec![BaseElement::ONE, -BaseElement::ONE]);
        columns
    }

    /// The inner AIR's own, by which its verifiers go, and that of `p`: a column says here what it says there,
    /// whatever its AIR overrides.
    fn get_periodic_column_polys(&self) -> Vec<Vec<BaseElement>> {
        let mut polys = match &self.parameters {
            Ok(_) => self.inner.get_periodic_column_polys(),
            Err(_) => return Vec::new(),
        };
        // 1 at 1, and -1 at -1.
        polys.push(vec![BaseElement::ZERO, BaseElement::ONE]);
        polys
    }
}

/// The first columns of a frame.
#[inline(always)]
fn prefix<E: FieldElement>(frame: &EvaluationFrame<E>, columns: usize) -> EvaluationFrame<E> {
    EvaluationFrame::from_rows(
        frame.current()[..columns].to_vec(),
        frame.next()[..columns].to_vec(),
    )
}
