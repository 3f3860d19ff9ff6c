//! The auxiliary segment of a hiding trace: the inner AIR's columns with a random tail, and the veil.

use winter_math::{FieldElement, fields::f64::BaseElement};
use winterlane_air::HidingParameters;

use super::randomness::{ProofKey, Purpose};

/// The columns N, A_1 .. A_(q-1), M of the veil, drawn with `key`.
///
/// All are uniform, but for A_(q-1) in row 0, where it is zero, and for N in the rows that the constraint
/// binds, where it is minus the sum of the columns A_t.
pub(super) fn columns<E>(parameters: &HidingParameters, key: &ProofKey) -> Vec<Vec<E>>
where
    E: FieldElement<BaseField = BaseElement>,
{
    let draw = |c| key.stream(Purpose::Veil, c).elements(parameters.rows());
    let mut columns: Vec<Vec<E>> = (0..parameters.veil_width()).map(draw).collect();
    let last = parameters.quotients() - 1;
    columns[last][0] = E::ZERO;
    if let [n, rest @ ..] = &mut columns[..] {
        for row in parameters.veil_bound_rows() {
            n[row] = rest[..last].iter().fold(E::ZERO, |sum, a| sum - a[row]);
        }
    }
    columns
}
