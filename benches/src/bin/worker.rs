//! Does Winterlane's side of the benchmarks, as told over standard input.

#![forbid(unsafe_code)]

fn main() -> std::io::Result<()> {
    winterlane_benches::serve(winterlane_benches::ours::prepare)
}
