//! What the phases of a proof need of the caller's hash function, vector commitment and public coin.

use winter_air::proof::Commitments;
use winter_math::{FieldElement, fields::f64::BaseElement};
use winterlane_field_simd::Matrix;

use super::planes::MAX_DEGREE;
use super::{Phase, ProverError};

/// A commitment that was sent, for its opening later.
#[derive(Clone, Copy, Debug)]
pub(super) struct CommitmentId(pub(super) usize);

/// The prover's side of the Fiat-Shamir transcript, whatever its hash function, vector commitment and
/// coin are.
///
/// Those are types of the caller's. Phases that had them as parameters would be compiled anew in each
/// caller's crate; through this trait they are compiled once. A call stands for the work of a phase, or
/// of a FRI layer, so that what the call itself takes does not show. Elements of an extension of degree
/// `degree` are given and drawn as their coordinates, one after the other.
pub(super) trait Transcript {
    /// Commits to the rows of a matrix of elements of degree `degree`, hashed in parts of `part` base
    /// elements, and sends the commitment.
    fn commit_rows(
        &mut self,
        matrix: &Matrix,
        degree: usize,
        part: usize,
        phase: Phase,
    ) -> Result<CommitmentId, ProverError>;

    /// Commits to the leaves of a FRI layer, given as a row of base elements for each point: `factor`
    /// points in a leaf. Sends the commitment.
    fn commit_layer(&mut self, layer: &Matrix, factor: usize) -> Result<CommitmentId, ProverError>;

    /// Sends the hash of the FRI remainder as its commitment.
    fn commit_remainder(&mut self, coefficients: &[BaseElement], degree: usize);

    /// Sends the out-of-domain evaluations.
    fn send_evaluations(&mut self, evaluations: &[BaseElement], degree: usize);

    /// Draws a challenge; the coordinates beyond its degree are zero.
    fn draw(
        &mut self,
        degree: usize,
        what: &'static str,
    ) -> Result<[BaseElement; MAX_DEGREE], ProverError>;

    /// The smallest nonce, from 1 on, that gives `grinding_factor` trailing zero bits.
    fn smallest_nonce(&self, grinding_factor: u32) -> Result<u64, ProverError>;

    /// Absorbs the proof-of-work nonce and draws query positions, in the order of the coin.
    fn draw_positions(
        &mut self,
        queries: usize,
        domain_size: usize,
        nonce: u64,
    ) -> Result<Vec<usize>, ProverError>;

    /// The serialized opening of a commitment at `positions` (distinct, at least one).
    fn open(&self, commitment: CommitmentId, positions: &[usize]) -> Result<Vec<u8>, ProverError>;

    /// All commitments sent so far, as a proof holds them.
    fn commitments(&self) -> Commitments;
}

/// Draws a challenge from `E`.
pub(super) fn draw<E>(transcript: &mut dyn Transcript, what: &'static str) -> Result<E, ProverError>
where
    E: FieldElement<BaseField = BaseElement>,
{
    let coordinates = transcript.draw(E::EXTENSION_DEGREE, what)?;
    Ok(E::slice_from_base_elements(&coordinates[..E::EXTENSION_DEGREE])[0])
}
