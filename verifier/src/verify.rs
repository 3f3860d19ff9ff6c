//! The verifier of any AIR over the Goldilocks field.

use alloc::vec::Vec;

use winter_air::{Air, ProofOptions};
use winter_crypto::{ElementHasher, RandomCoin};
use winter_math::{ToElements, fields::f64::BaseElement};
use winterlane_air::presets::Preset;

use crate::{
    AirPolicy, BoundedOpening, VerifyError,
    door::{self, Cursor},
    policy::Entry,
};

/// What was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verified {
    /// Provable bits of security of the options at this length.
    pub bits: u32,
    /// Rows of the trace.
    pub trace_length: usize,
    /// The options of the proof.
    pub options: ProofOptions,
    /// The preset that these options are, when the policy accepts presets.
    pub preset: Option<Preset>,
    /// Bytes of the proof.
    pub proof_bytes: usize,
}

/// Verifies that `proof` shows that a trace of the policy's shape satisfies `A` with `inputs`.
///
/// The proof's bytes pass the [door](crate#the-door), which makes every check of winterfell's verifier in
/// exact arithmetic: what this function accepts, winterfell accepts too, unless its own arithmetic errs
/// at the values of the proof (`SECURITY.md` says where that is). A proof has one byte string, but for what the transcript
/// does not bind: another nonce with the proof of work and the same set of query positions (of which
/// there is none for options as strong as the presets'), and batching and partition options that make
/// no difference, if `policy` accepts both.
///
/// The memory in use at any time is at most four times the proof's size plus 16 MiB, as long as
/// the AIR itself (its periodic columns, its assertions) stays below that.
///
/// `A` is instantiated with the trace length in the proof, which lies in the range that the policy
/// allows, and with options that the policy accepts.
///
/// # Errors
/// When the proof is not accepted; see [`VerifyError`].
///
/// # Panics
/// Not for any `proof`. An AIR that panics for its public inputs, for a length of the shape, or
/// for the blowup of an accepted option still panics: check the inputs before.
pub fn verify<A, H, R, V>(
    proof: &[u8],
    inputs: A::PublicInputs,
    policy: &AirPolicy<H>,
) -> Result<Verified, VerifyError>
where
    A: Air<BaseField = BaseElement>,
    A::PublicInputs: Clone,
    H: ElementHasher<BaseField = BaseElement>,
    R: RandomCoin<BaseField = BaseElement, Hasher = H>,
    V: BoundedOpening<H>,
{
    if proof.len() > policy.max_proof_bytes() {
        let (limit, found) = (policy.max_proof_bytes(), proof.len());
        return Err(VerifyError::TooLarge { limit, found });
    }
    let mut cursor = Cursor::new(proof);
    let entry = door::read_header(&mut cursor, policy)?;

    let shape = policy.shape();
    let trace_info = shape.trace_info(entry.log2_length);
    let trace_length = trace_info.length();
    let mut input_elements = inputs.to_elements();
    let air = A::new(trace_info, inputs, entry.options.clone());
    let periodic = check_air(&air, policy, entry)?;

    let seed = door::seed(&air, shape.num_constraints(), &mut input_elements);
    door::check_body::<A, H, R, V>(&mut cursor, &air, &periodic, &seed)?;
    Ok(Verified {
        bits: entry.bits,
        trace_length,
        options: entry.options.clone(),
        preset: entry.preset,
        proof_bytes: proof.len(),
    })
}

/// The AIR is the policy's: a policy written for another AIR would refuse every honest proof
/// without saying why. Gives the polynomials of its periodic columns.
fn check_air<A: Air<BaseField = BaseElement>, H: ElementHasher>(
    air: &A,
    policy: &AirPolicy<H>,
    entry: &Entry,
) -> Result<Vec<Vec<BaseElement>>, VerifyError> {
    if *air.options() != entry.options {
        return Err(VerifyError::AirOptions);
    }
    let shape = policy.shape();
    let context = air.context();
    let info = air.trace_info();
    let num_constraints = context
        .num_transition_constraints()
        .saturating_add(context.num_assertions());
    let pairs = [
        ("main columns", shape.main_width(), info.main_trace_width()),
        (
            "auxiliary columns",
            shape.aux_width(),
            info.aux_segment_width(),
        ),
        (
            "auxiliary random elements",
            shape.num_aux_rands(),
            info.get_num_aux_segment_rand_elements(),
        ),
        ("rows", 1 << entry.log2_length, info.length()),
        (
            "bytes of metadata",
            shape.metadata().len(),
            info.meta().len(),
        ),
        ("constraints", shape.num_constraints(), num_constraints),
    ];
    for (what, declared, actual) in pairs {
        if declared != actual {
            return Err(VerifyError::AirMismatch {
                what,
                declared,
                actual,
            });
        }
    }
    if shape.metadata() != info.meta() {
        return Err(VerifyError::AirMetadata);
    }
    check_periods(air)
}

/// Every periodic column repeats within the trace. Winterfell asserts this when it makes the polynomials of
/// the columns. Without it a column of a longer period has no values in this trace: the rows say one
/// thing and a polynomial another. Gives the polynomials, which are interpolated only once.
fn check_periods<A>(air: &A) -> Result<Vec<Vec<BaseElement>>, VerifyError>
where
    A: Air<BaseField = BaseElement>,
{
    let rows = air.trace_length();
    let check = |period: usize| {
        if period < 2 || !period.is_power_of_two() || period > rows {
            return Err(VerifyError::AirPeriod { period, rows });
        }
        Ok(())
    };
    // The values first: winterfell makes the polynomials from them, by default, and would panic.
    for values in air.get_periodic_column_values() {
        check(values.len())?;
    }
    let polynomials = air.get_periodic_column_polys();
    for polynomial in &polynomials {
        check(polynomial.len())?;
    }
    Ok(polynomials)
}
