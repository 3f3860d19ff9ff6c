//! The library part of the `winterlane` command: [`replay`], transfers from CSV files as streams of
//! signed rollup operations. Benchmarks and fuzz targets use it too.

#![forbid(unsafe_code)]

pub mod replay;
