//! The vector unit of 64-bit ARM.

pub(crate) mod neon;
