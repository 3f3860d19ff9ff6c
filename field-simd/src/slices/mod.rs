//! Arithmetic over slices of field elements, on vectors.
//!
//! Every operation takes slices of `BaseElement`, `QuadExtension<BaseElement>` or
//! `CubeExtension<BaseElement>` as winterfell stores them. [`Slices`] says on which backend it runs;
//! the functions of this module are its methods on the backend in force,
//! [`Backend::current`].
//!
//! ```
//! use winter_math::fields::f64::BaseElement;
//! use winterlane_field_simd::{Backend, slices::{self, Slices}};
//!
//! let a: Vec<_> = (0..1001).map(BaseElement::new).collect();
//! let mut squares = a.clone();
//! // On the backend in force, and on one by name.
//! slices::mul_assign(&mut squares, &a)?;
//! let mut others = a.clone();
//! Slices::on(Backend::Scalar)?.square_assign(&mut others)?;
//! assert_eq!(squares, others);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Representation and range
//!
//! Elements are winterfell's: their coordinates are Montgomery forms, `x * 2^64 mod p`. Inputs are
//! canonical (below `p`) unless an operation says that it takes *loose* ones, any `u64` read modulo
//! `p`, as `BaseElement::from_mont` and, rarely, `BaseElement::double` leave them. Results are always canonical, bit for bit those
//! of winterfell on every backend.
//!
//! # Lengths and places
//!
//! Any length will do, zero included, at any alignment; slices that are worked on together have the
//! same length.
//!
//! # Threads
//!
//! Operations run on the calling thread. Cut slices into pieces to use more; a [`Slices`] is a plain
//! value that closures can take along, so that the pieces run on the same backend.

mod block;
mod current;
mod elementwise;
mod folding;
mod inversion;
mod series;
mod sums;
#[cfg(test)]
mod tests;

use winter_math::{FieldElement, fields::f64::BaseElement};

pub use self::{current::*, folding::MAX_FOLDING_FACTOR};
use crate::{Backend, BackendError};

/// The operations of this module on one backend; see the [module](self).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slices {
    backend: Backend,
}

impl Slices {
    /// Operations on this backend.
    ///
    /// # Errors
    /// Fails if this CPU lacks the backend.
    pub fn on(backend: Backend) -> Result<Self, BackendError> {
        backend.check().map(|backend| Self { backend })
    }

    /// Operations on the backend in force.
    ///
    /// # Panics
    /// Panics if [`Backend::from_env`] fails.
    pub fn current() -> Self {
        Self {
            backend: Backend::current(),
        }
    }

    /// The backend.
    pub const fn backend(self) -> Backend {
        self.backend
    }
}

/// Why an operation on slices was not done; no output has been written then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SliceError {
    /// Slices do not fit each other.
    #[error("a slice of {expected} elements expected, got {got}")]
    Lengths {
        /// The length that the other arguments ask for.
        expected: usize,
        /// The length given.
        got: usize,
    },
    /// A layer cannot be folded by this factor.
    #[error("a layer of {len} values cannot be folded by {factor}")]
    Folding {
        /// The folding factor.
        factor: usize,
        /// Values in the layer.
        len: usize,
    },
    /// A domain with offset zero has no points.
    #[error("the domain's offset is zero")]
    ZeroOffset,
    /// In the quadratic extension `x^7` is no bijection.
    #[error("seventh roots are not unique in the quadratic extension")]
    Roots,
    /// The field is not the base field nor winterfell's quadratic or cubic extension.
    #[error("an extension of degree {degree} other than winterfell's")]
    Field {
        /// Its degree.
        degree: usize,
    },
}

fn check_lengths(expected: usize, got: usize) -> Result<(), SliceError> {
    if expected == got {
        Ok(())
    } else {
        Err(SliceError::Lengths { expected, got })
    }
}

/// Refuses fields whose multiplication would be another one than the kernels'. For winterfell's own,
/// the compiler knows the answer or computes a product.
fn check_field<E: FieldElement<BaseField = BaseElement>>() -> Result<(), SliceError> {
    let degree = E::EXTENSION_DEGREE;
    let mut coordinates = [0; block::MAX_DEGREE];
    let known = match degree {
        1 => true,
        2 | 3 => {
            coordinates[1] = BaseElement::ONE.inner();
            let phi: E = block::element(coordinates);
            if degree == 2 {
                phi * phi == phi - E::from(2_u32)
            } else {
                phi * phi * phi == phi + E::ONE
            }
        }
        _ => false,
    };
    if known {
        Ok(())
    } else {
        Err(SliceError::Field { degree })
    }
}
