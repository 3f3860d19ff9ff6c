//! A statement as one thing: [`Statement`].
//!
//! Proving, verifying and chaining need the same facts of whatever they are about: the constraints, the public
//! inputs, the shape of the trace, the named options, the hash function and the public coin, and whether the
//! proof hides the witness. They stand here once, so that the functions over them are written once:
//!
//! | crate | what it adds | functions over any statement |
//! |---|---|---|
//! | this one | [`Statement`] | |
//! | prover | `Provable`: from witness to trace | `prove_statement`, `prove_statement_stock`, `statement_memory` |
//! | verifier | `Chained`: which proof may follow which | `verify_statement`, `verify_statements`, `verify_links_of` |
//!
//! Two statements are here: [`BatchStatement`](crate::batch::BatchStatement), a batch of the rollup, whose proofs
//! are open, and [`PrivateStatement`](crate::private::PrivateStatement), what a person proves without showing it,
//! whose proofs hide.

use core::{error::Error, fmt, marker::PhantomData};

use winter_air::{Air, ProofOptions, TraceInfo};
use winter_crypto::{ElementHasher, RandomCoin, VectorCommitment};
use winter_math::fields::f64::BaseElement;

use crate::{
    hiding::{Hiding, HidingError, Mode},
    presets::Preset,
};

/// What proofs are about: constraints on a trace of one segment, and all that prover and verifier agree on.
///
/// A type that implements it holds nothing: it is a name.
pub trait Statement: Sized + 'static {
    /// The statement in a word, for messages.
    const NAME: &'static str;

    /// What the verifier knows.
    type Inputs: Clone + Send + Sync + 'static;

    /// The constraints. Its transition function is `#[inline(always)]`, down to every helper that computes with
    /// field elements: the engine evaluates it in vector registers.
    type Air: Air<BaseField = BaseElement, PublicInputs = Self::Inputs> + 'static;

    /// Whether its proofs hide the witness: [`Open`] or [`Hides`].
    type Secrecy: Secrecy<Self::Air>;

    /// The hash function of commitments and transcript.
    type Hash: ElementHasher<BaseField = BaseElement> + Sync + 'static;

    /// The public coin, from which challenges are drawn.
    type Coin: RandomCoin<BaseField = BaseElement, Hasher = Self::Hash> + 'static;

    /// The commitment to rows.
    type Tree: VectorCommitment<Self::Hash> + Sync + 'static;

    /// The names of its options.
    type Preset: Copy + PartialEq + fmt::Debug + fmt::Display + Send + Sync + 'static;

    /// Why public inputs are of no statement.
    type InputsError: Error + Send + Sync + 'static;

    /// Whether there is a statement with these public inputs. `Ok` promises that nothing below panics for them.
    ///
    /// # Errors
    /// What is wrong with them.
    fn check_inputs(inputs: &Self::Inputs) -> Result<(), Self::InputsError>;

    /// Rows that the statement fills, for messages: the trace may be longer.
    fn rows(inputs: &Self::Inputs) -> usize;

    /// The options of a preset for this statement; `None` when it has none.
    fn options(inputs: &Self::Inputs, preset: Self::Preset) -> Option<PresetOptions>;

    /// The shape of its trace when it is proven with these options, before anything is hidden.
    fn trace_info(inputs: &Self::Inputs, options: &ProofOptions) -> TraceInfo;

    /// The preset of the batch with the same options, if there is one: verifiers name it in messages.
    fn batch_preset(preset: Self::Preset) -> Option<Preset> {
        let _ = preset;
        None
    }
}

/// The AIR that a proof of a statement is of: the statement's own, or that one hidden.
pub type ProvenAir<S> = <<S as Statement>::Secrecy as Secrecy<<S as Statement>::Air>>::Proven;

/// What a preset says about one statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresetOptions {
    /// The options.
    pub options: ProofOptions,
    /// Provable bits of security, at the length of the trace.
    pub bits: u32,
}

/// The AIR that a statement is proven with; nothing when its proofs would not hide.
///
/// # Errors
/// [`HidingError`] when a proof with these options would not hide the witness. Never for [`Open`] statements.
pub fn proven_air<S: Statement>(
    inputs: &S::Inputs,
    options: &ProofOptions,
) -> Result<ProvenAir<S>, HidingError> {
    let info = S::trace_info(inputs, options);
    S::Secrecy::air(info, inputs.clone(), options.clone())
}

/// Whether proofs hide the witness.
pub trait Secrecy<A: Air<BaseField = BaseElement>>: sealed::Sealed + 'static {
    /// The AIR that proofs are of.
    type Proven: Air<BaseField = BaseElement, PublicInputs = A::PublicInputs> + 'static;

    /// Whether the shape of the proven trace depends on the options, beyond what the statement's own does.
    const SHAPE_FROM_OPTIONS: bool;

    /// The proven AIR of a statement whose own trace has the shape `info`.
    ///
    /// # Errors
    /// [`HidingError`] when a proof would not hide.
    fn air(
        info: TraceInfo,
        inputs: A::PublicInputs,
        options: ProofOptions,
    ) -> Result<Self::Proven, HidingError>
    where
        A::PublicInputs: Clone;
}

/// Proofs are succinct and hide nothing.
#[derive(Clone, Copy, Debug)]
pub enum Open {}

/// Proofs hide the witness: zero knowledge, in the mode `M` of [`crate::hiding`].
#[derive(Clone, Copy, Debug)]
pub struct Hides<M>(PhantomData<fn() -> M>);

impl<A: Air<BaseField = BaseElement> + 'static> Secrecy<A> for Open {
    type Proven = A;
    const SHAPE_FROM_OPTIONS: bool = false;

    fn air(
        info: TraceInfo,
        inputs: A::PublicInputs,
        options: ProofOptions,
    ) -> Result<A, HidingError> {
        Ok(A::new(info, inputs, options))
    }
}

impl<A, M> Secrecy<A> for Hides<M>
where
    A: Air<BaseField = BaseElement> + 'static,
    M: Mode<A>,
{
    type Proven = Hiding<A, M>;
    const SHAPE_FROM_OPTIONS: bool = true;

    fn air(
        info: TraceInfo,
        inputs: A::PublicInputs,
        options: ProofOptions,
    ) -> Result<Hiding<A, M>, HidingError>
    where
        A::PublicInputs: Clone,
    {
        Hiding::of(&info, inputs, options)
    }
}

mod sealed {
    /// Proofs hide or do not.
    pub trait Sealed {}
    impl Sealed for super::Open {}
    impl<M> Sealed for super::Hides<M> {}
}
