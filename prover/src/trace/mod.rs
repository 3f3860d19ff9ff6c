//! From the witness of a sealed batch to its execution trace.
//!
//! The blocks of a batch are filled in lockstep, a group of them row by row, so that the
//! permutations of one row of all blocks of a group run together; groups run in parallel.

mod block;

use rayon::prelude::*;
use thiserror::Error;
use winter_math::FieldElement;
use winterfell::TraceTable;
use winterlane_air::{
    batch::columns::{DIGEST_WIDTH, OPERATIONS, ROOT, STATE_WIDTH, TRACE_WIDTH},
    batch::schedule::{BLOCK_ROWS, OPERATIONS_ROW, RECEIVER_PATH_END, SIGNER_PATH_END},
};
use winterlane_ledger::{
    BaseElement, Digest, Root, SealedBatch,
    hash::{compress, tag},
    record::record_digests,
};

use winterlane_field_simd::{STAGED_ROWS, rescue::trace_many, scatter_rows};

use self::block::{Block, Incoming, REGISTERS_START};
use crate::{compressor::SimdCompressor, engine::TraceColumns, statement::filled_table};

/// Blocks that are filled in lockstep: a multiple of every backend's lanes.
const GROUP: usize = 16;

/// Why a trace cannot be filled. A batch that a ledger sealed fills always.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TraceError {
    /// The number of operations differs from the public inputs, or no batch has that many.
    #[error("a batch of {found} operations, but its public inputs say {expected}")]
    OperationCount {
        /// What the public inputs say.
        expected: u32,
        /// How many operations the witness has.
        found: usize,
    },
    /// The digits of a signed message do not sum to the target.
    #[error("a signed message takes {rows} rows of chain steps, which the block does not have")]
    UnusableMessage {
        /// Steps and closings that the message would take.
        rows: usize,
    },
    /// The hashing kernel refused its buffers: a mistake of this module.
    #[error("hashing a row of the trace: {0}")]
    Hashing(#[from] winterlane_field_simd::rescue::LengthError),
    /// The fee pool exceeds what its limbs hold.
    #[error("the fee pool exceeds 2^128")]
    PoolOverflow,
}

/// Fills the trace of `batch`: [`TRACE_WIDTH`] columns, [`BLOCK_ROWS`] rows an operation.
///
/// Nothing is checked here beyond what filling needs: a batch that breaks a rule gives a trace
/// that breaks a constraint.
///
/// # Errors
/// See [`TraceError`].
pub fn fill_trace(batch: &SealedBatch) -> Result<TraceTable<BaseElement>, TraceError> {
    filled_table(TRACE_WIDTH, rows(batch)?, |columns| fill(batch, columns))
}

/// As [`fill_trace`], in memory that [`prove_columns`](crate::engine::prove_columns) works in and
/// leaves to the next batch.
///
/// # Errors
/// See [`TraceError`].
pub fn fill_columns(batch: &SealedBatch) -> Result<TraceColumns, TraceError> {
    let mut trace = TraceColumns::unspecified(TRACE_WIDTH, rows(batch)?);
    fill(batch, trace.columns_mut())?;
    Ok(trace)
}

/// The rows of the trace of `batch`.
const fn rows(batch: &SealedBatch) -> Result<usize, TraceError> {
    let found = batch.operations.len();
    let expected = batch.public_inputs.num_operations;
    if found != expected as usize || !found.is_power_of_two() {
        return Err(TraceError::OperationCount { expected, found });
    }
    Ok(found * BLOCK_ROWS)
}

/// Writes every cell of the columns of a trace.
pub(crate) fn fill(
    batch: &SealedBatch,
    mut columns: Vec<&mut [BaseElement]>,
) -> Result<(), TraceError> {
    rows(batch)?;
    let operations = &batch.operations;
    let incoming = incoming(batch)?;
    // the rows of one group are contiguous in every column
    let mut tiles: Vec<Vec<&mut [BaseElement]>> = (0..operations.len().div_ceil(GROUP))
        .map(|_| Vec::with_capacity(TRACE_WIDTH))
        .collect();
    for column in &mut columns {
        for (tile, rows) in tiles.iter_mut().zip(column.chunks_mut(GROUP * BLOCK_ROWS)) {
            tile.push(rows);
        }
    }
    let roots: Vec<Roots> = tiles
        .into_par_iter()
        .zip(operations.par_chunks(GROUP))
        .zip(incoming.par_chunks(GROUP))
        .map(|((mut tile, operations), incoming)| {
            let mut blocks: Vec<Block<'_>> = operations
                .iter()
                .zip(incoming)
                .map(|(operation, &incoming)| {
                    Block::new(operation, batch.public_inputs.domain, incoming)
                })
                .collect();
            fill_group(&mut blocks, &mut tile)?;
            Ok(blocks.iter().map(Block::roots).collect::<Vec<_>>())
        })
        .collect::<Result<Vec<_>, TraceError>>()?
        .into_iter()
        .flatten()
        .collect();
    fill_roots(&mut columns[ROOT], batch.public_inputs.old_root, &roots);
    fill_operations(&mut columns[OPERATIONS], batch, &incoming);
    Ok(())
}

type Roots = [Option<[BaseElement; 4]>; 2];

/// The operations digest and the fee pool at the start of every block.
fn incoming(batch: &SealedBatch) -> Result<Vec<Incoming>, TraceError> {
    let records: Vec<_> = batch
        .operations
        .iter()
        .map(|operation| operation.record)
        .collect();
    let digests = record_digests(&records, &SimdCompressor);
    let mut next = Incoming {
        operations: Digest::ZERO,
        pool: [0; 3],
    };
    records
        .iter()
        .zip(digests)
        .map(|(record, digest)| {
            let current = next;
            next = Incoming {
                operations: compress(tag::OPS, &current.operations, &digest.0),
                pool: Block::pool_after(&record.fields(), current.pool)
                    .ok_or(TraceError::PoolOverflow)?,
            };
            Ok(current)
        })
        .collect()
}

/// Fills the rows of a group's blocks, row by row, all blocks at once.
///
/// Rows are staged [`STAGED_ROWS`] at a time, so that what goes to a column is a cache line of each
/// block and not single elements.
fn fill_group(blocks: &mut [Block<'_>], tile: &mut [&mut [BaseElement]]) -> Result<(), TraceError> {
    let count = blocks.len();
    let mut inputs = vec![[BaseElement::ZERO; STATE_WIDTH]; count];
    let mut outputs = vec![[BaseElement::ZERO; DIGEST_WIDTH]; count];
    let mut stage = vec![BaseElement::ZERO; TRACE_WIDTH * count * STAGED_ROWS];
    for first_row in (0..BLOCK_ROWS).step_by(STAGED_ROWS) {
        for offset in 0..STAGED_ROWS {
            let row = first_row + offset;
            for (input, block) in inputs.iter_mut().zip(blocks.iter_mut()) {
                *input = block.input(row)?;
            }
            let rows = &mut stage[offset * count..];
            trace_many(&inputs, rows, STAGED_ROWS * count, &mut outputs)?;
            for (number, (block, &output)) in blocks.iter_mut().zip(&outputs).enumerate() {
                for (lane, register) in block.registers(row).into_iter().enumerate() {
                    let lane = REGISTERS_START + lane;
                    stage[(lane * STAGED_ROWS + offset) * count + number] = register;
                }
                block.output(row, output);
            }
        }
        scatter_rows(&stage, count, tile, first_row, BLOCK_ROWS);
    }
    Ok(())
}

/// The account root: each update shows from the row after its path on.
fn fill_roots(columns: &mut [&mut [BaseElement]], old_root: Root, roots: &[Roots]) {
    columns
        .par_iter_mut()
        .enumerate()
        .for_each(|(lane, column)| {
            let mut root = old_root.0.0[lane];
            for (block, roots) in column.chunks_mut(BLOCK_ROWS).zip(roots) {
                let mut start = 0;
                for (end, update) in [SIGNER_PATH_END, RECEIVER_PATH_END].into_iter().zip(roots) {
                    block[start..=end].fill(root);
                    start = end + 1;
                    root = update.map_or(root, |update| update[lane]);
                }
                block[start..].fill(root);
            }
        });
}

/// The operations digest: it changes after its row.
fn fill_operations(columns: &mut [&mut [BaseElement]], batch: &SealedBatch, incoming: &[Incoming]) {
    let last = batch.public_inputs.operations_digest;
    columns
        .par_iter_mut()
        .enumerate()
        .for_each(|(lane, column)| {
            for (number, block) in column.chunks_mut(BLOCK_ROWS).enumerate() {
                let after = incoming
                    .get(number + 1)
                    .map_or(last, |next| next.operations);
                block[..=OPERATIONS_ROW].fill(incoming[number].operations.0[lane]);
                block[OPERATIONS_ROW + 1..].fill(after.0[lane]);
            }
        });
}
