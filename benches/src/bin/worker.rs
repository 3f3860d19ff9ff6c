//! Does Winterlane's side of the benchmarks, as told over standard input.

#![forbid(unsafe_code)]

fn main() -> std::io::Result<()> {
    // As the command does, and as the peers' allocator does for them: no run pays for memory that the one before gave back.
    winterlane_prover::memory::keep_what_there_is();
    winterlane_benches::serve(winterlane_benches::ours::prepare)
}
