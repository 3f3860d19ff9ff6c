//! The verifier of any [`Statement`].

use alloc::vec::Vec;

use thiserror::Error;
use winter_air::Air;
use winter_utils::Serializable;
use winterlane_air::statement::{PresetOptions, ProvenAir, Secrecy, Statement, proven_air};

use crate::{
    AirPolicy, BoundedOpening, DEFAULT_MAX_PROOF_BYTES, TraceShape, Verified, VerifyError,
    door::{self, Cursor},
    policy::check_options,
    verify,
};

/// Which presets of a statement a verifier accepts, and how long a proof may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted<S: Statement> {
    presets: Vec<S::Preset>,
    max_proof_bytes: usize,
}

impl<S: Statement> Accepted<S> {
    /// Accepts these presets, in proofs of 4 MiB at most.
    #[must_use]
    pub fn presets(presets: impl IntoIterator<Item = S::Preset>) -> Self {
        Self {
            presets: presets.into_iter().collect(),
            max_proof_bytes: DEFAULT_MAX_PROOF_BYTES,
        }
    }

    /// Sets the cap on the size of a proof, in bytes.
    #[must_use]
    pub fn with_max_proof_bytes(mut self, max_proof_bytes: usize) -> Self {
        self.max_proof_bytes = max_proof_bytes;
        self
    }

    /// A policy for each shape that an accepted proof of these inputs can have: one, unless proofs hide, whose
    /// width follows from the number of queries.
    ///
    /// To know the shape of a hiding proof takes its AIR. Only those are built whose options the proof claims to
    /// have, and all of them if it claims none that is accepted: then somebody wants to know why it is refused.
    fn policies(
        &self,
        inputs: &S::Inputs,
        proof: &[u8],
    ) -> Result<Vec<AirPolicy<S::Hash>>, VerifyError> {
        let options = |&preset| Some((preset, S::options(inputs, preset)?));
        let mut accepted: Vec<_> = self.presets.iter().filter_map(options).collect();
        if S::Secrecy::SHAPE_FROM_OPTIONS {
            let claimed = door::claimed_options(proof);
            let is_claimed = |(_, found): &(S::Preset, PresetOptions)| {
                claimed.is_some_and(|claimed| found.options.to_bytes() == claimed)
            };
            if accepted.iter().any(is_claimed) {
                accepted.retain(is_claimed);
            }
        }
        let mut policies: Vec<AirPolicy<S::Hash>> = Vec::new();
        for (preset, found) in accepted {
            // the proven shape is that of the statement's length, unless the options have a say in it
            let log2_length = S::trace_info(inputs, &found.options).length().ilog2();
            let of_length =
                |policy: &AirPolicy<S::Hash>| policy.shape().log2_lengths().contains(&log2_length);
            let mut at = policies.iter().position(of_length);
            if at.is_none() || S::Secrecy::SHAPE_FROM_OPTIONS {
                // no proof of a preset that would not hide is accepted
                let Ok(air) = proven_air::<S>(inputs, &found.options) else {
                    continue;
                };
                let shape = TraceShape::of(&air)?;
                at = policies.iter().position(|policy| *policy.shape() == shape);
                if at.is_none() {
                    at = Some(policies.len());
                    let policy = AirPolicy::new(shape, 0);
                    policies.push(policy.with_max_proof_bytes(self.max_proof_bytes));
                }
            }
            let Some(policy) = at.and_then(|at| policies.get_mut(at)) else {
                continue;
            };
            let log2_length = *policy.shape().log2_lengths().start();
            check_options(&found.options, log2_length)?;
            let batch_preset = S::batch_preset(preset);
            policy.push(log2_length, found.options, found.bits, batch_preset);
        }
        Ok(policies)
    }
}

/// Why a proof of a statement is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refusal<E> {
    /// No statement has these public inputs.
    #[error("no statement has these public inputs")]
    Inputs(#[source] E),
    /// None of the accepted presets has options for a statement with these public inputs.
    #[error("no accepted preset has options for a statement of this length")]
    NoPreset,
    /// The proof is not accepted.
    #[error(transparent)]
    Proof(#[from] VerifyError),
}

/// Verifies that `proof` shows the statement `S` with these public inputs.
///
/// Everything in the proof's header follows from `inputs` and `accepted`; see [`verify`] for what is
/// promised about the rest.
///
/// # Errors
/// When no statement has these public inputs, or the proof is not accepted.
pub fn verify_statement<S>(
    proof: &[u8],
    inputs: &S::Inputs,
    accepted: &Accepted<S>,
) -> Result<Verified, Refusal<S::InputsError>>
where
    S: Statement,
    S::Tree: BoundedOpening<S::Hash>,
    ProvenAir<S>: Air<PublicInputs = S::Inputs>,
{
    S::check_inputs(inputs).map_err(Refusal::Inputs)?;
    let policies = accepted.policies(inputs, proof)?;
    let admits =
        |policy: &&AirPolicy<S::Hash>| door::read_header(&mut Cursor::new(proof), policy).is_ok();
    // with one shape only, the door says what is wrong with the header
    let policy = policies.iter().find(admits).or(policies.first());
    let policy = policy.ok_or(Refusal::NoPreset)?;
    let verified =
        verify::<ProvenAir<S>, S::Hash, S::Coin, S::Tree>(proof, inputs.clone(), policy)?;
    Ok(verified)
}

/// A statement whose proofs follow one another: each says what the next one begins with.
pub trait Chained: Statement {
    /// Why a chain is not accepted at one of its proofs.
    type Fault: From<Refusal<Self::InputsError>> + Send;

    /// There is no proof at all.
    const EMPTY: Self::Fault;

    /// Whether a statement may follow `before`, in a chain that began with `first`.
    ///
    /// # Errors
    /// Why it may not.
    fn check_link(
        first: &Self::Inputs,
        before: &Self::Inputs,
        next: &Self::Inputs,
    ) -> Result<(), Self::Fault>;
}

/// Where a chain is not accepted, counted from 0 in the order given, and why.
pub type LinkError<S> = (usize, <S as Chained>::Fault);

/// Verifies that statements follow one another. It looks at no proof: what they *say* follows.
///
/// # Errors
/// The first that does not follow from the one before; an empty chain is an error too.
pub fn verify_links_of<S: Chained>(chain: &[S::Inputs]) -> Result<(), LinkError<S>> {
    let first = chain.first().ok_or((0, S::EMPTY))?;
    for (index, (before, next)) in (1..).zip(chain.iter().zip(chain.iter().skip(1))) {
        S::check_link(first, before, next).map_err(|fault| (index, fault))?;
    }
    Ok(())
}

/// Verifies a chain: that the statements follow one another, and then every proof.
///
/// With the feature `parallel` the proofs are verified on all cores of the present rayon pool, each within the
/// memory bound of [`verify`].
///
/// # Errors
/// The first that does not follow from the one before, or else the first with a proof that is not accepted;
/// an empty chain is an error too.
pub fn verify_statements<S>(
    chain: &[S::Inputs],
    proofs: &[&[u8]],
    accepted: &Accepted<S>,
) -> Result<Vec<Verified>, LinkError<S>>
where
    S: Chained,
    S::Tree: BoundedOpening<S::Hash>,
    ProvenAir<S>: Air<PublicInputs = S::Inputs>,
{
    verify_links_of::<S>(chain)?;
    let one = |index: usize| {
        // a proof that is missing is an empty one
        let proof = proofs.get(index).copied().unwrap_or_default();
        match chain.get(index) {
            Some(inputs) => verify_statement::<S>(proof, inputs, accepted)
                .map_err(|error| (index, error.into())),
            None => Err((index, S::EMPTY)),
        }
    };
    each(chain.len(), one)
}

#[cfg(not(feature = "parallel"))]
fn each<E>(count: usize, one: impl Fn(usize) -> Result<Verified, E>) -> Result<Vec<Verified>, E> {
    (0..count).map(one).collect()
}

#[cfg(feature = "parallel")]
fn each<E: Send>(
    count: usize,
    one: impl Fn(usize) -> Result<Verified, E> + Sync + Send,
) -> Result<Vec<Verified>, E> {
    use rayon::prelude::*;

    // All results are kept, so that the error is that of the first proof and not of the fastest.
    let results: Vec<_> = (0..count).into_par_iter().map(one).collect();
    results.into_iter().collect()
}
