//! The `winterlane` command.
#![allow(dead_code)]
mod args;
mod files;
mod report;

fn main() {}
