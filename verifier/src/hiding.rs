//! Policies for hiding proofs.

use winter_air::{Air, ProofOptions, TraceInfo};
use winter_crypto::Hasher;
use winter_math::fields::f64::BaseElement;
use winterlane_air::{
    hiding::{Hiding, Mode},
    presets::HidingPreset,
};

use crate::{AirPolicy, PolicyError, TraceShape};

impl TraceShape {
    /// The shape of the traces of an AIR, of its one length.
    ///
    /// # Errors
    /// When winterfell could not verify such a trace.
    pub fn of<A: Air<BaseField = BaseElement>>(air: &A) -> Result<Self, PolicyError> {
        let (info, context) = (air.trace_info(), air.context());
        let num_constraints = context
            .num_transition_constraints()
            .saturating_add(context.num_assertions());
        let log2_length = info.length().ilog2();
        let shape = Self::new(
            info.main_trace_width(),
            num_constraints,
            log2_length..=log2_length,
        )?;
        let shape = if info.is_multi_segment() {
            shape.with_aux_segment(
                info.aux_segment_width(),
                info.get_num_aux_segment_rand_elements(),
            )?
        } else {
            shape
        };
        shape.with_metadata(info.meta().to_vec())
    }
}

impl<H: Hasher> AirPolicy<H> {
    /// A policy for proofs of `Hiding<A, M>` of a statement whose own trace has the shape `inner`: with
    /// these options and at least `min_bits` provable bits.
    ///
    /// The number of columns follows from the AIR and the number of queries, so that a policy accepts one
    /// length and one number of queries. A proof with other options passes no such policy: not hiding would
    /// be the prover's loss alone, but a verifier that asks for hiding proofs gets no others.
    ///
    /// # Errors
    /// [`PolicyError::Hiding`] when proofs of these parameters would not hide; otherwise as
    /// [`AirPolicy::accept`].
    ///
    /// # Panics
    /// As `A::new` does for this shape, these inputs and these options.
    pub fn hiding<A, M>(
        inner: &TraceInfo,
        inputs: A::PublicInputs,
        options: ProofOptions,
        min_bits: u32,
    ) -> Result<Self, PolicyError>
    where
        A: Air<BaseField = BaseElement>,
        M: Mode<A>,
    {
        let air = Hiding::<A, M>::of(inner, inputs, options.clone())?;
        Self::new(TraceShape::of(&air)?, min_bits).accept(options)
    }

    /// A policy for proofs of `Hiding<A, M>` with the options of a preset at the statement's length, and at
    /// least its provable bits.
    ///
    /// The prover takes its options from [`HidingPreset::options_of`].
    ///
    /// # Errors
    /// As [`AirPolicy::hiding`], and when the preset has no options for this length.
    ///
    /// # Panics
    /// As [`AirPolicy::hiding`].
    pub fn hiding_preset<A, M>(
        inner: &TraceInfo,
        inputs: A::PublicInputs,
        preset: HidingPreset,
    ) -> Result<Self, PolicyError>
    where
        A: Air<BaseField = BaseElement>,
        M: Mode<A>,
    {
        let options = preset.options_of::<A, M>(inner.length())?;
        Self::hiding::<A, M>(inner, inputs, options, preset.level.bits())
    }
}
