//! The tables of the store.

use redb::TableDefinition;

/// The version of the whole format: which tables there are and what their rows mean.
///
/// | format | since then |
/// |---|---|
/// | 1 | |
/// | 2 | the shielded pool: [`ANCHORS`], [`NOTES`], [`POOL_OPERATIONS`], [`PRIVATE_PROOFS`], the row `pool` |
pub(crate) const FORMAT: u32 = 2;

/// `format`: the version of the format, 4 bytes; `head`: [`super::rows::Head`]; `pool`: [`super::pool::PoolHead`];
/// `settlement`: [`super::rows::Heard`], where settlement was heard. A store has no such row before that, and none that was
/// written before there was one.
pub(crate) const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
/// Accounts by id, in their canonical bytes.
pub(crate) const ACCOUNTS: TableDefinition<'_, u32, &[u8]> = TableDefinition::new("accounts");
/// The account tree ([`super::tiles`]).
pub(crate) const TILES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("tiles");
/// How much of each asset there is: balances and open fees.
pub(crate) const SUPPLY: TableDefinition<'_, u32, u128> = TableDefinition::new("supply");
/// Decisions that no seal has consumed, by sequence number ([`crate::core::Entry`]).
pub(crate) const LOG: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("log");
/// Sealed batches by number ([`super::rows::Header`]).
pub(crate) const BATCHES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("batches");
/// Their published bytes.
pub(crate) const RECORDS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("records");
/// Their proofs, verified.
pub(crate) const PROOFS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("proofs");
/// Where each order of a sealed batch is, by its name ([`super::rows::Place`]).
pub(crate) const RECEIPTS: TableDefinition<'_, &[u8; 32], &[u8]> = TableDefinition::new("receipts");
/// What can be taken once, by whom it was taken ([`crate::core::Claim`]): one-time keys, deposits.
pub(crate) const CLAIMS: TableDefinition<'_, &[u8; 34], &[u8]> = TableDefinition::new("claims");
/// Batches that are sealed and not proven ([`super::rows::Job`]).
pub(crate) const JOBS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("jobs");
/// The operations of each account, by account, batch and position.
pub(crate) const HISTORY: TableDefinition<'_, (u32, u64, u32), ()> =
    TableDefinition::new("history");
/// Roots of the note tree by their numbers: the last ones, against which operations may be proven.
pub(crate) const ANCHORS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("anchors");
/// Notes of the pool by position ([`super::pool::Note`]).
pub(crate) const NOTES: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("notes");
/// The published bytes of the pool's operations, by batch: each after its length, 4 bytes.
pub(crate) const POOL_OPERATIONS: TableDefinition<'_, u64, &[u8]> =
    TableDefinition::new("pool_operations");
/// Proofs of private operations by their digests ([`winterlane_ledger::pool::proof_digest`]).
pub(crate) const PRIVATE_PROOFS: TableDefinition<'_, &[u8; 32], &[u8]> =
    TableDefinition::new("private_proofs");
