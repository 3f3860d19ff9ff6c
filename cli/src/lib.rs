//! The library part of the `winterlane` command: [`replay`], transfers from CSV files as streams of
//! signed rollup operations. Benchmarks and fuzz targets use it too.

#![forbid(unsafe_code)]
// they panic where nothing can be written, as on a full disk
#![cfg_attr(not(test), deny(clippy::print_stdout, clippy::print_stderr))]

pub mod replay;
