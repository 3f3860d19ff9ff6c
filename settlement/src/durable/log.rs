//! The log of calls, and checkpoints of it, in a database of redb.

use std::path::Path;

use redb::{
    Database, ReadTransaction, ReadableDatabase as _, ReadableTable as _, TableDefinition,
    TableError,
};

use winterlane_ledger::BatchNumber;

use super::StoreError;
use crate::{BatchData, Call, Genesis, Party, State, call, proofs::Replayed, state::Context};

/// What settlement began with, and the version of the file.
const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
/// Calls by number: caller (20), time (8, little-endian), and the call.
const CALLS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("calls");
/// By the number of a batch, the call that published it.
const BATCHES: TableDefinition<'_, u64, u64> = TableDefinition::new("batches");
/// The newest checkpoint ([`State::checkpoint`]), by the number of the first call that it does not cover.
const CHECKPOINT: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("checkpoint");

/// What is read: the first format had no checkpoints.
const FORMATS: [&[u8]; 2] = [b"winterlane settlement 1", b"winterlane settlement 2"];
/// What a file becomes with its first checkpoint, so that no older version takes the rest of its log for all.
const CHECKED: &[u8] = FORMATS[1];

/// Bytes of a call's row before the call.
const HEAD: usize = 28;

/// The database.
pub(super) struct Log(Database);

/// What a log says.
pub(super) struct Opened {
    pub(super) genesis: Genesis,
    pub(super) state: State,
    /// The number of the next call.
    pub(super) next: u64,
    /// Bytes of calls since the last checkpoint.
    pub(super) grown: u64,
    /// Bytes of the last checkpoint.
    pub(super) checkpoint: u64,
}

impl Log {
    /// Makes an empty log.
    pub(super) fn create(database: Database, genesis: &Genesis) -> Result<Self, StoreError> {
        let transaction = database.begin_write()?;
        {
            let mut meta = transaction.open_table(META)?;
            meta.insert("format", FORMATS[0])?;
            let text = serde_json::to_vec(genesis).map_err(StoreError::Opening)?;
            meta.insert("genesis", text.as_slice())?;
            transaction.open_table(CALLS)?;
            transaction.open_table(BATCHES)?;
        }
        transaction.commit()?;
        Ok(Self(database))
    }

    /// Replays the log. `path` is for messages.
    pub(super) fn open(database: Database, path: &Path) -> Result<(Self, Opened), StoreError> {
        let opened = replay(&database.begin_read()?, path)?;
        Ok((Self(database), opened))
    }

    /// Appends a call, in a transaction that lasts when this returns; says how many bytes it takes.
    pub(super) fn append(
        &self,
        number: u64,
        context: Context,
        call: &Call,
    ) -> Result<u64, StoreError> {
        let transaction = self.0.begin_write()?;
        let mut row = Vec::with_capacity(HEAD + 64);
        row.extend_from_slice(&context.caller.0);
        row.extend_from_slice(&context.now.to_le_bytes());
        row.extend_from_slice(&call.to_bytes());
        {
            transaction
                .open_table(CALLS)?
                .insert(number, row.as_slice())?;
            if let Call::Publish { batch, .. } = call {
                let mut batches = transaction.open_table(BATCHES)?;
                batches.insert(batch.public.batch_number.get(), number)?;
            }
        }
        transaction.commit()?;
        Ok(row.len() as u64)
    }

    /// Writes the state before call `next`, and takes the calls that made it out of the log: all but batches.
    pub(super) fn checkpoint(&self, next: u64, state: &[u8]) -> Result<(), StoreError> {
        let transaction = self.0.begin_write()?;
        {
            transaction.open_table(META)?.insert("format", CHECKED)?;
            let mut checkpoint = transaction.open_table(CHECKPOINT)?;
            let before = checkpoint.last()?.map_or(0, |(number, _)| number.value());
            checkpoint.retain(|_, _| false)?;
            checkpoint.insert(next, state)?;
            // what the one before covered is gone already
            let mut calls = transaction.open_table(CALLS)?;
            calls.retain_in(before..next, |_, row| {
                row.get(HEAD..).is_some_and(call::is_publish)
            })?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// The published data of a batch.
    pub(super) fn batch(&self, batch: BatchNumber) -> Result<Option<BatchData>, StoreError> {
        let read = self.0.begin_read()?;
        let Some(number) = read.open_table(BATCHES)?.get(batch.get())? else {
            return Ok(None);
        };
        let number = number.value();
        let calls = read.open_table(CALLS)?;
        let source = None;
        let row = calls
            .get(number)?
            .ok_or(StoreError::Call { number, source })?;
        match row_of(number, row.value())? {
            (_, Call::Publish { batch, .. }) => Ok(Some(batch)),
            _ => Err(StoreError::Call {
                number,
                source: None,
            }),
        }
    }

    #[cfg(test)]
    pub(super) fn into_inner(self) -> Database {
        self.0
    }

    /// Calls that are in the log.
    #[cfg(test)]
    pub(super) fn calls(&self) -> u64 {
        use redb::ReadableTableMetadata as _;
        let read = self.0.begin_read().unwrap();
        read.open_table(CALLS).unwrap().len().unwrap()
    }
}

fn replay(read: &ReadTransaction, path: &Path) -> Result<Opened, StoreError> {
    let format = || StoreError::Format {
        path: path.to_owned(),
    };
    let meta = read.open_table(META)?;
    let found = meta.get("format")?;
    if !found.is_some_and(|found| FORMATS.contains(&found.value())) {
        return Err(format());
    }
    let text = meta.get("genesis")?.ok_or_else(format)?;
    let genesis = Genesis::from_json(text.value()).map_err(StoreError::Opening)?;
    let (mut next, mut checkpoint) = (0, 0);
    let mut state = State::new(&genesis)?;
    let table = match read.open_table(CHECKPOINT) {
        Ok(table) => Some(table),
        Err(TableError::TableDoesNotExist(_)) => None,
        Err(error) => return Err(error.into()),
    };
    let newest = table.as_ref().map(|table| table.last()).transpose()?;
    if let Some((number, bytes)) = newest.flatten() {
        state = State::resume(&genesis, bytes.value())
            .map_err(|error| StoreError::Checkpoint(Box::new(error)))?;
        (next, checkpoint) = (number.value(), bytes.value().len() as u64);
    }
    let mut grown = 0;
    for row in read.open_table(CALLS)?.range(next..)? {
        let (number, bytes) = row?;
        let number = number.value();
        if number != next {
            let source = None;
            return Err(StoreError::Call { number, source });
        }
        let (context, call) = row_of(number, bytes.value())?;
        let replayed = state.call(context, &call, &Replayed);
        replayed.map_err(|refusal| StoreError::Replay {
            number,
            source: Box::new(refusal),
        })?;
        next += 1;
        grown += bytes.value().len() as u64;
    }
    Ok(Opened {
        genesis,
        state,
        next,
        grown,
        checkpoint,
    })
}

fn row_of(number: u64, row: &[u8]) -> Result<(Context, Call), StoreError> {
    let damaged = |source| StoreError::Call { number, source };
    let (caller, rest) = row.split_first_chunk::<20>().ok_or(damaged(None))?;
    let (now, call) = rest.split_first_chunk::<8>().ok_or(damaged(None))?;
    let context = Context {
        caller: Party(*caller),
        now: u64::from_le_bytes(*now),
    };
    let call = Call::from_bytes(call).map_err(|error| damaged(Some(error)))?;
    Ok((context, call))
}
