//! The front door: a proof's bytes, compared with what trusted data says they must be.
//!
//! Winterfell's verifier believes the header of a proof. It allocates what a length field says,
//! asserts what it takes for granted, and does not look at bytes that it has no use for. The door
//! reads the same bytes first, with a cursor that allocates nothing, and lets a proof through only
//! when every length, count, option and shape in it is the one that follows from the policy, the
//! AIR and the public inputs, and when every check of winterfell's verifier passes. The checks are made
//! here, and not by winterfell, since its arithmetic is not exact (`exact`).
//!
//! In order, and each step at most linear in the size of the proof:
//!
//! 1. `header`: shape, modulus, options and number of constraints are the policy's;
//! 2. `layout`: the body is cut into its parts; all lengths but those of the openings are fixed,
//!    and every field element is canonical;
//! 3. `transcript`: Fiat-Shamir is replayed up to the query positions; the remainder is the one
//!    committed to, the nonce shows its work, and the constraints equal the quotient at the
//!    out-of-domain point (`ood`), in exact arithmetic (`exact`);
//! 4. `opening`: from the positions, every opening has its one shape;
//! 5. `committed`: the opened rows are those that were committed to;
//! 6. `low_degree`: DEEP values and FRI folds are right, in exact arithmetic.

mod committed;
mod cursor;
mod digest;
mod exact;
mod header;
mod layout;
mod low_degree;
mod ood;
mod opening;
mod transcript;

pub(crate) use cursor::Cursor;
pub(crate) use header::{claimed_options, read as read_header};
pub use opening::{BoundedOpening, OpeningError};
pub(crate) use transcript::seed;
use winter_air::{Air, FieldExtension};
use winter_crypto::{ElementHasher, RandomCoin};
use winter_math::{
    FieldElement,
    fields::{CubeExtension, QuadExtension, f64::BaseElement},
};

use self::layout::{Dimensions, Layout};
use crate::VerifyError;

/// Steps 2 to 6, on what the header left of the proof.
pub(crate) fn check_body<A, H, R, V>(
    cursor: &mut Cursor<'_>,
    air: &A,
    seed: &[BaseElement],
) -> Result<(), VerifyError>
where
    A: Air<BaseField = BaseElement>,
    H: ElementHasher<BaseField = BaseElement>,
    R: RandomCoin<BaseField = BaseElement, Hasher = H>,
    V: BoundedOpening<H>,
{
    let dims = Dimensions::of::<A, H>(air);
    let layout = Layout::read(cursor, &dims)?;
    match air.options().field_extension() {
        FieldExtension::None => check_in::<A, BaseElement, H, R, V>(air, seed, &layout, &dims),
        FieldExtension::Quadratic => {
            check_in::<A, QuadExtension<BaseElement>, H, R, V>(air, seed, &layout, &dims)
        }
        FieldExtension::Cubic => {
            check_in::<A, CubeExtension<BaseElement>, H, R, V>(air, seed, &layout, &dims)
        }
    }
}

/// Steps 3 to 6, with challenges from the field `E`.
fn check_in<A, E, H, R, V>(
    air: &A,
    seed: &[BaseElement],
    layout: &Layout<'_>,
    dims: &Dimensions,
) -> Result<(), VerifyError>
where
    A: Air<BaseField = BaseElement>,
    E: FieldElement<BaseField = BaseElement>,
    H: ElementHasher<BaseField = BaseElement>,
    R: RandomCoin<BaseField = BaseElement, Hasher = H>,
    V: BoundedOpening<H>,
{
    let transcript = transcript::replay::<A, E, H, R>(air, seed, layout, dims)?;
    opening::check::<H, V>(layout, dims, &transcript.positions)?;
    let partitions = air.options().partition_options();
    committed::check::<E, H, V>(layout, dims, partitions, &transcript)?;
    low_degree::check(layout, dims, &transcript)
}
