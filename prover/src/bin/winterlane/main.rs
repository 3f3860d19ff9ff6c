//! The `winterlane` command.
fn main() {}
