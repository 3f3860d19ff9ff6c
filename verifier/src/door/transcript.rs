//! The transcript replayed, up to the query positions.
//!
//! The shape of every opening follows from the positions, and the positions from everything that
//! was committed to before them. Replaying the transcript costs a few hundred short hashes; it
//! also shows the proof of work, so that a forger pays for it before any Merkle tree is looked at.

use alloc::vec::Vec;

use winter_air::{Air, proof::Context};
use winter_crypto::{ElementHasher, Hasher, RandomCoin};
use winter_math::{FieldElement, ToElements, fields::f64::BaseElement};

use super::{
    digest,
    layout::{Dimensions, Layout},
    ood::OutOfDomain,
    rows::elements,
};
use crate::{Mismatch, VerifyError};

/// The elements with which winterfell seeds the public coin: the proof's context, here from
/// trusted data alone, and the public inputs.
pub(crate) fn seed<A>(
    air: &A,
    num_constraints: usize,
    inputs: &mut Vec<BaseElement>,
) -> Vec<BaseElement>
where
    A: Air<BaseField = BaseElement>,
{
    let context = Context::new::<BaseElement>(
        air.trace_info().clone(),
        air.options().clone(),
        num_constraints,
    );
    let mut seed: Vec<BaseElement> = context.to_elements();
    seed.append(inputs);
    seed
}

/// What the transcript of a proof gives: everything that its opened rows are checked against.
pub(super) struct Transcript<E: FieldElement, H: Hasher> {
    /// Of the trace segments, the quotients, the FRI layers and the remainder.
    pub(super) commitments: Vec<H::Digest>,
    /// The out-of-domain point.
    pub(super) z: E,
    pub(super) trace_generator: BaseElement,
    /// All columns at `z`, then all at `z` times the generator of the trace domain.
    pub(super) evaluations: Vec<E>,
    /// One for each column, in the order of the evaluations.
    pub(super) deep_coefficients: Vec<E>,
    /// The challenge of each FRI layer.
    pub(super) alphas: Vec<E>,
    /// Coefficients, the highest first.
    pub(super) remainder: Vec<E>,
}

/// Replays the transcript of a proof, and checks what can be checked before any row is looked at. Gives the
/// distinct query positions, too, ascending. `periodic` are the polynomials of the periodic columns of `air`.
///
/// # Errors
/// When a digest or the FRI remainder is not what was committed to, the nonce lacks the proof of
/// work, the constraints do not equal the quotient at the out-of-domain point, or the number of
/// distinct positions is not the one in the proof.
pub(super) fn replay<A, E, H, R>(
    (air, periodic): (&A, &[Vec<BaseElement>]),
    seed: &[BaseElement],
    layout: &Layout<'_>,
    dims: &Dimensions,
) -> Result<(Transcript<E, H>, Vec<usize>), VerifyError>
where
    A: Air<BaseField = BaseElement>,
    E: FieldElement<BaseField = BaseElement>,
    H: ElementHasher<BaseField = BaseElement>,
    R: RandomCoin<BaseField = BaseElement, Hasher = H>,
{
    let coin_error = |_| VerifyError::RandomCoin;
    let mut cursor = layout.commitments.cursor();
    let mut commitments = Vec::new();
    let mut next_digest = || -> Result<H::Digest, VerifyError> {
        let commitment = digest::read::<H>(&mut cursor, dims.digest_bytes)?;
        commitments.push(commitment);
        Ok(commitment)
    };

    let mut coin = R::new(seed);
    coin.reseed(next_digest()?);
    let aux_rand_elements = if dims.aux_width > 0 {
        let rand = air
            .get_aux_rand_elements::<E, R>(&mut coin)
            .map_err(coin_error)?;
        coin.reseed(next_digest()?);
        Some(rand)
    } else {
        None
    };
    let coefficients = air
        .get_constraint_composition_coefficients::<E, R>(&mut coin)
        .map_err(coin_error)?;
    coin.reseed(next_digest()?);
    let z = coin.draw::<E>().map_err(coin_error)?;
    let evaluations = ood_evaluations::<E>(layout, dims)?;
    coin.reseed(H::hash_elements(&evaluations));
    let deep = air
        .get_deep_composition_coefficients::<E, R>(&mut coin)
        .map_err(coin_error)?;
    // An AIR that draws them its own way could leave columns without one, and those unchecked.
    let columns = dims.main_width.saturating_add(dims.aux_width);
    for (what, declared, actual) in [
        ("DEEP coefficients of columns", columns, deep.trace.len()),
        (
            "DEEP coefficients of quotients",
            dims.num_quotients,
            deep.constraints.len(),
        ),
    ] {
        if declared != actual {
            return Err(VerifyError::AirMismatch {
                what,
                declared,
                actual,
            });
        }
    }
    let mut deep_coefficients = deep.trace;
    deep_coefficients.extend(deep.constraints);

    // The challenge after the remainder's commitment is drawn, as winterfell does, and not used.
    let mut last = None;
    let mut alphas = Vec::with_capacity(dims.num_fri_layers.saturating_add(1));
    for _ in 0..=dims.num_fri_layers {
        let commitment = next_digest()?;
        coin.reseed(commitment);
        alphas.push(coin.draw::<E>().map_err(coin_error)?);
        last = Some(commitment);
    }
    let remainder = elements::<E>(layout.remainder)?;
    if last != Some(H::hash_elements(&remainder)) {
        return Err(Mismatch::RemainderNotCommitted.into());
    }

    let required = air.options().grinding_factor();
    let found = coin.check_leading_zeros(layout.nonce);
    if found < required {
        return Err(Mismatch::ProofOfWork { required, found }.into());
    }
    // Once the work is paid for, so that no byte string makes this run for nothing.
    OutOfDomain {
        aux_rand_elements: aux_rand_elements.as_ref(),
        coefficients: &coefficients,
        z,
        evaluations: &evaluations,
        periodic,
    }
    .check(air, dims)?;
    // The policy checked that there are fewer queries than points.
    let mut positions = coin
        .draw_integers(dims.num_queries, dims.lde_size, layout.nonce)
        .map_err(coin_error)?;
    positions.sort_unstable();
    positions.dedup();

    if positions.len() != layout.num_queries {
        let (expected, found) = (positions.len(), layout.num_queries);
        return Err(Mismatch::NumPositions { expected, found }.into());
    }
    let transcript = Transcript {
        commitments,
        z,
        trace_generator: air.trace_domain_generator(),
        evaluations,
        deep_coefficients,
        alphas,
        remainder,
    };
    Ok((transcript, positions))
}

/// The out-of-domain evaluations in the order in which the transcript absorbs them: current row of
/// the trace and of the quotients, then the next row of both.
fn ood_evaluations<E>(layout: &Layout<'_>, dims: &Dimensions) -> Result<Vec<E>, VerifyError>
where
    E: FieldElement<BaseField = BaseElement>,
{
    let trace = elements::<E>(layout.ood_trace)?;
    let quotients = elements::<E>(layout.ood_quotients)?;
    let width = dims.main_width.saturating_add(dims.aux_width);
    // `Layout::read` has seen to it that there are two rows of each.
    let (trace, next_trace) = trace.split_at_checked(width).unwrap_or_default();
    let halves = quotients.split_at_checked(dims.num_quotients);
    let (quotients, next_quotients) = halves.unwrap_or_default();
    Ok([trace, quotients, next_trace, next_quotients].concat())
}
