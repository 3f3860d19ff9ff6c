//! A node, `winterlane-worker` as processes, and a PostgreSQL of the tests' own, with everything that goes wrong
//! between them. In the end each batch has one proof in the store, and the verifier accepts it.
//!
//! The tests need PostgreSQL 15 or newer (Debian: `postgresql`), and are skipped, loudly, where there is none. Larger
//! runs: `WINTERLANE_BATCHES=200 cargo test --release -p winterlane-node --test workers`.

#![cfg(unix)]

#[path = "../../src/blob/bucket.rs"]
#[allow(dead_code, reason = "shared with the crate's own tests")]
mod bucket;
mod claims;
mod court;
mod database;
mod farm;
mod memory;
mod objects;
mod panel;
/// As `testing` names it.
mod private {
    pub(crate) use winterlane_node::private::{NewNote, Shielding};
}
mod processes;
mod server;
#[path = "../../src/testing.rs"]
#[allow(dead_code, reason = "shared with the crate's own tests")]
mod testing;
mod unable;
