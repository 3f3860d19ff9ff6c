//! Kernels, each written once over the [`Vector`](crate::Vector) trait.

pub(crate) mod columns;
pub(crate) mod dft;
pub(crate) mod rows;
pub(crate) mod series;
pub(crate) mod sinks;
pub(crate) mod tile;
pub(crate) mod transpose;
