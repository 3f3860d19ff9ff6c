//! Snapshots: one moment of the store as a stream of bytes, and a store made from one.
//!
//! # Bytes
//! [`MAGIC`], the version of the form (4, little-endian); then rows: the number of the table (1), the lengths of
//! key and value (4 each, little-endian), key and value; at the end the number 255 and the BLAKE3 hash of all
//! bytes before it (32). Tables come in the order of their numbers, rows in the order of their keys. The tiles of
//! the account tree are left out: they are hashed anew from the accounts, and their root must be the one that
//! the head names; so are the roots of the notes. So nothing in a snapshot is taken on trust but what the roots do not
//! bind, which the hash protects against accident. Snapshots of older formats are restored too.
//!
//! What settlement has said (the row `settlement`) is left out, too: it is asked again, and until it answers a restored node
//! is as careful as a new one.
//!
//! A restored store is the store of that moment, its pending orders included. Where settlement has gone on since,
//! the node says so when it is started: see `docs/operate/snapshots.md`.

mod stream;

use std::{
    fs::File,
    io::{self, BufWriter, Read, Write},
    path::{Path, PathBuf},
};

use redb::{ReadableTable, WriteTransaction};
use thiserror::Error;
use winterlane_ledger::{
    Account, AccountId, BatchNumber, Digest,
    codec::CanonicalBytes,
    ledger::leaf_digests,
    private::NoteFrontier,
    tree::{BuildError, TreeBuilder, empty_digests},
};
use winterlane_machine::{Keeper, folder};
use winterlane_prover::SimdCompressor;

use self::stream::{Hashing, short};
use super::{
    FILE, FolderLock, Store, StoreError, View, builder, migrate,
    pool::{self, Note, PoolHead},
    rows::Head,
    tables::{
        ACCOUNTS, ANCHORS, BATCHES, CLAIMS, FORMAT, HISTORY, JOBS, LOG, META, NOTES,
        POOL_OPERATIONS, PRIVATE_PROOFS, PROOFS, RECEIPTS, RECORDS, SUPPLY, TILES,
    },
    write::write_run,
};
use crate::witness::{Unread, Witnesses};

/// The first bytes of a snapshot.
const MAGIC: &[u8; 20] = b"winterlane snapshot\n";

/// The number of the end.
const END: u8 = 255;

/// The number of witnesses, which are files beside the store.
const WITNESSES: u8 = 12;

/// Why a snapshot is not written or restored.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The store that is read or made has failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The snapshot's file has failed.
    #[error("the snapshot cannot be read or written: {0}")]
    Io(#[from] io::Error),
    /// The bytes are no snapshot that this node can restore.
    #[error("the snapshot is damaged: {0}")]
    Damaged(String),
    /// The log has no such entry that is not sealed.
    #[error("the log has no entry {from} that is not sealed; nothing was forgotten")]
    NotLogged {
        /// The entry.
        from: u64,
    },
    /// The entry belongs to one before it: a payout to what pays it, the giving back of a fee to its order.
    #[error(
        "entry {from} of the log goes with entry {with}: forget from that one on; nothing was forgotten"
    )]
    Together {
        /// The entry.
        from: u64,
        /// The entry before it.
        with: u64,
    },
    /// There is no store in the folder.
    #[error("{0} has no {FILE}: no node has run there; --data names the folder of one")]
    Missing(String),
    /// There is a store in the folder.
    #[error("{0} has a store already; a snapshot is restored into an empty folder")]
    Exists(String),
}

impl From<redb::TableError> for SnapshotError {
    fn from(error: redb::TableError) -> Self {
        Self::Store(error.into())
    }
}

impl From<redb::StorageError> for SnapshotError {
    fn from(error: redb::StorageError) -> Self {
        Self::Store(error.into())
    }
}

fn damaged(what: impl Into<String>) -> SnapshotError {
    SnapshotError::Damaged(what.into())
}

/// Writes this moment of a store to `out`, which is not synchronised here.
///
/// Witnesses of batches that are not proven are files beside the store. One that is gone, or damaged, is left out, and its job
/// is not: the batch is held where the snapshot is restored, as it is here, and somebody hears of it.
pub(crate) fn write(
    view: &View,
    witnesses: &Witnesses,
    out: impl Write,
) -> Result<(), SnapshotError> {
    let mut out = Hashing::new(out);
    out.put(MAGIC)?;
    out.put(&FORMAT.to_le_bytes())?;
    let transaction = view.transaction();
    macro_rules! copy {
        ($number:expr, $table:ident, |$key:ident| $bytes:expr) => {
            for row in transaction.open_table($table)?.iter()? {
                let (key, value) = row?;
                let $key = key.value();
                out.row($number, $bytes.as_ref(), value.value().as_ref())?;
            }
        };
    }
    out.row(1, b"head", &view.head().to_bytes())?;
    if let Some(row) = transaction.open_table(META)?.get("pool")? {
        out.row(1, b"pool", row.value())?;
    }
    copy!(2, ACCOUNTS, |key| key.to_be_bytes());
    for row in transaction.open_table(SUPPLY)?.iter()? {
        let (asset, amount) = row?;
        out.row(
            3,
            &asset.value().to_be_bytes(),
            &amount.value().to_le_bytes(),
        )?;
    }
    copy!(4, LOG, |key| key.to_be_bytes());
    copy!(5, BATCHES, |key| key.to_be_bytes());
    copy!(6, RECORDS, |key| key.to_be_bytes());
    copy!(7, PROOFS, |key| key.to_be_bytes());
    copy!(8, RECEIPTS, |key| key);
    copy!(9, CLAIMS, |key| key);
    let mut kept = Vec::new();
    for (batch, job) in view.jobs()? {
        out.row(10, &batch.get().to_be_bytes(), &job.to_bytes())?;
        match witnesses.bytes(batch, &job.witness) {
            Ok(bytes) => kept.push((batch, bytes)),
            // the job is held where the snapshot is restored, as it is here
            Err(Unread::Damaged(_)) => {}
            // it is there: a snapshot without it would be one of a batch that nobody can prove
            Err(Unread::Medium { path, source }) => {
                return Err(StoreError::io(path)(source).into());
            }
        }
    }
    for row in transaction.open_table(HISTORY)?.iter()? {
        let (key, _) = row?;
        let (account, batch, position) = key.value();
        let mut key = [0; 16];
        key[..4].copy_from_slice(&account.to_be_bytes());
        key[4..12].copy_from_slice(&batch.to_be_bytes());
        key[12..].copy_from_slice(&position.to_be_bytes());
        out.row(11, &key, &[])?;
    }
    for (batch, bytes) in kept {
        out.row(WITNESSES, &batch.get().to_be_bytes(), &bytes)?;
    }
    copy!(13, ANCHORS, |key| key.to_be_bytes());
    copy!(14, NOTES, |key| key.to_be_bytes());
    copy!(15, POOL_OPERATIONS, |key| key.to_be_bytes());
    copy!(16, PRIVATE_PROOFS, |key| key);
    out.put(&[END])?;
    let hash = out.hasher.finalize();
    out.inner.write_all(hash.as_bytes())?;
    out.inner.flush()?;
    Ok(())
}

/// Accounts that are hashed together.
const CHUNK: usize = 4096;

/// Makes the store of a node in `folder` from a snapshot: all of it, or nothing.
///
/// # Errors
/// [`SnapshotError::Exists`] when the folder has a store; [`SnapshotError::Damaged`] when the bytes are no
/// snapshot, or their accounts do not hash to the root they name.
pub fn restore(folder: &Path, mut snapshot: impl Read) -> Result<(), SnapshotError> {
    // Before a folder is made for what is no snapshot.
    let mut start = [0; MAGIC.len()];
    snapshot.read_exact(&mut start).map_err(short)?;
    if start != *MAGIC {
        return Err(damaged("it does not begin like one"));
    }
    let snapshot = start.as_slice().chain(snapshot);
    folder::check_not_anothers(folder, Keeper::Node).map_err(StoreError::from)?;
    std::fs::create_dir_all(folder).map_err(StoreError::io(folder))?;
    let _lock = FolderLock::take(folder)?;
    let file = folder.join(FILE);
    if file.exists() {
        return Err(SnapshotError::Exists(folder.display().to_string()));
    }
    let partial = folder.join("restoring.redb");
    let _ = std::fs::remove_file(&partial);
    let database = builder(64 << 20)
        .create(&partial)
        .map_err(StoreError::from)?;
    let witnesses = Witnesses::open(folder)?;
    let mut transaction = database.begin_write().map_err(StoreError::from)?;
    transaction.set_quick_repair(true);
    if let Err(error) = read(&transaction, &witnesses, snapshot) {
        drop(transaction);
        drop(database);
        let _ = std::fs::remove_file(&partial);
        return Err(error);
    }
    transaction.commit().map_err(StoreError::from)?;
    drop(database);
    std::fs::rename(&partial, &file).map_err(StoreError::io(&file))?;
    crate::disk::sync_folder(&file).map_err(StoreError::io(folder))?;
    Ok(())
}

fn read(
    transaction: &WriteTransaction,
    witnesses: &Witnesses,
    snapshot: impl Read,
) -> Result<(), SnapshotError> {
    let mut input = Hashing::new(snapshot);
    if input.array::<20>()? != *MAGIC {
        return Err(damaged("it does not begin like one"));
    }
    let format = u32::from_le_bytes(input.array()?);
    if format != FORMAT && !migrate::is_older(format) {
        return Err(StoreError::Format {
            found: format,
            known: FORMAT,
        }
        .into());
    }
    // a snapshot of a time before the pool has nothing of it
    pool::initialise(transaction)?;
    let mut meta = transaction.open_table(META)?;
    let mut anchors = transaction.open_table(ANCHORS)?;
    let mut notes = transaction.open_table(NOTES)?;
    let mut pool_operations = transaction.open_table(POOL_OPERATIONS)?;
    let mut private_proofs = transaction.open_table(PRIVATE_PROOFS)?;
    let mut pool_head = PoolHead::default();
    let mut frontier = NoteFrontier::default();
    let mut accounts = transaction.open_table(ACCOUNTS)?;
    let mut tiles = transaction.open_table(TILES)?;
    let mut supply = transaction.open_table(SUPPLY)?;
    let mut log = transaction.open_table(LOG)?;
    let mut batches = transaction.open_table(BATCHES)?;
    let mut records = transaction.open_table(RECORDS)?;
    let mut proofs = transaction.open_table(PROOFS)?;
    let mut receipts = transaction.open_table(RECEIPTS)?;
    let mut claims = transaction.open_table(CLAIMS)?;
    let mut jobs = transaction.open_table(JOBS)?;
    let mut history = transaction.open_table(HISTORY)?;
    let empty = empty_digests();
    let mut builder = TreeBuilder::new(&SimdCompressor);
    let mut waiting: Vec<(AccountId, Account)> = Vec::new();
    let mut head = None;
    let mut last: (u8, Vec<u8>) = (0, Vec::new());
    loop {
        let [table] = input.array()?;
        if table == END {
            break;
        }
        let (key, value) = (
            u32::from_le_bytes(input.array()?),
            u32::from_le_bytes(input.array()?),
        );
        let (key, value) = (input.bytes(key)?, input.bytes(value)?);
        if (last.0, &last.1) >= (table, &key) {
            return Err(damaged("its rows are not in order"));
        }
        let number = || {
            <[u8; 8]>::try_from(&key[..])
                .map(u64::from_be_bytes)
                .map_err(|_| damaged("a key is none"))
        };
        let id = || {
            <[u8; 4]>::try_from(&key[..])
                .map(u32::from_be_bytes)
                .map_err(|_| damaged("a key is none"))
        };
        let value_of = &value[..];
        match table {
            1 if key == b"pool" => {
                pool_head = PoolHead::from_bytes(value_of)?;
                // the roots come with the snapshot, that of the empty tree among them if it is kept
                anchors.remove(0)?;
                meta.insert("pool", value_of)?;
            }
            1 => {
                head = Some(Head::from_bytes(value_of)?);
                meta.insert("head", value_of)?;
            }
            2 => {
                let account =
                    Account::from_bytes(value_of).map_err(|error| damaged(error.to_string()))?;
                waiting.push((AccountId::new(id()?), account));
                accounts.insert(id()?, value_of)?;
                if waiting.len() == CHUNK {
                    let keep = |height: usize, run: &[(u32, Digest)]| {
                        write_run(&mut tiles, height, run, &empty)
                    };
                    push(&mut builder, &mut waiting, keep)?;
                }
            }
            3 => {
                let amount = value_of
                    .try_into()
                    .map_err(|_| damaged("a supply is none"))?;
                supply.insert(id()?, u128::from_le_bytes(amount))?;
            }
            4 => drop(log.insert(number()?, value_of)?),
            5 => drop(batches.insert(number()?, value_of)?),
            6 => drop(records.insert(number()?, value_of)?),
            7 => drop(proofs.insert(number()?, value_of)?),
            8 => {
                let key: [u8; 32] = key[..].try_into().map_err(|_| damaged("a name is none"))?;
                receipts.insert(&key, value_of)?;
            }
            9 => {
                let key: [u8; 34] = key[..].try_into().map_err(|_| damaged("a claim is none"))?;
                claims.insert(&key, value_of)?;
            }
            10 => drop(jobs.insert(number()?, value_of)?),
            11 => {
                let key: [u8; 16] = key[..].try_into().map_err(|_| damaged("a key is none"))?;
                let (account, rest) = key.split_at(4);
                let (batch, position) = rest.split_at(8);
                let part =
                    |bytes: &[u8]| bytes.iter().fold(0u64, |n, byte| n << 8 | u64::from(*byte));
                history.insert(
                    (part(account) as u32, part(batch), part(position) as u32),
                    (),
                )?;
            }
            WITNESSES => witnesses.keep_bytes(BatchNumber::new(number()?), value_of)?,
            13 => drop(anchors.insert(number()?, value_of)?),
            14 => {
                let note = Note::from_bytes(value_of)?;
                let next = frontier.append(note.commitment).ok().map(u64::from);
                if next != Some(number()?) {
                    return Err(damaged("a note is not at the next position"));
                }
                notes.insert(number()?, value_of)?;
            }
            15 => drop(pool_operations.insert(number()?, value_of)?),
            16 => {
                let key: [u8; 32] = key[..]
                    .try_into()
                    .map_err(|_| damaged("a digest is none"))?;
                private_proofs.insert(&key, value_of)?;
            }
            _ => return Err(damaged(format!("table {table} is unknown"))),
        }
        last = (table, key);
    }
    let expected = input.hasher.finalize();
    let mut found = [0; 32];
    input.inner.read_exact(&mut found).map_err(short)?;
    if expected.as_bytes() != &found {
        return Err(damaged("its bytes are not those that were written"));
    }
    let head = head.ok_or_else(|| damaged("it has no head"))?;
    let keep = |height: usize, run: &[(u32, Digest)]| write_run(&mut tiles, height, run, &empty);
    push(&mut builder, &mut waiting, keep)?;
    let keep = |height: usize, run: &[(u32, Digest)]| write_run(&mut tiles, height, run, &empty);
    let root = builder.finish(keep)?;
    if root != head.root {
        return Err(damaged(format!(
            "its accounts have root {root}, its head says {}",
            head.root
        )));
    }
    if (frontier.count(), frontier.root())
        != (pool_head.frontier.count(), pool_head.frontier.root())
    {
        return Err(damaged("its notes do not hash to the root of its pool"));
    }
    meta.insert("format", FORMAT.to_le_bytes().as_slice())?;
    Ok(())
}

/// Hashes accounts into the tree.
fn push(
    builder: &mut TreeBuilder<'_, SimdCompressor>,
    waiting: &mut Vec<(AccountId, Account)>,
    keep: impl FnMut(usize, &[(u32, Digest)]) -> Result<(), StoreError>,
) -> Result<(), SnapshotError> {
    let values: Vec<Account> = waiting.iter().map(|(_, account)| *account).collect();
    let leaves = leaf_digests(&values, &SimdCompressor);
    let leaves: Vec<(u32, Digest)> = waiting.iter().map(|(id, _)| id.get()).zip(leaves).collect();
    waiting.clear();
    builder.push(&leaves, keep).map_err(|error| match error {
        BuildError::Sink(error) => error.into(),
        other => damaged(other.to_string()),
    })
}

impl Store {
    /// A snapshot of the store in a folder that no node has open.
    pub(crate) fn snapshot_folder(folder: &Path, out: impl Write) -> Result<(), SnapshotError> {
        let file = there(folder)?;
        let _lock = FolderLock::take(folder)?;
        let database = builder(64 << 20).open(&file).map_err(StoreError::from)?;
        let store = Self::opened(database);
        write(&store.view()?, &Witnesses::open(folder)?, out)
    }
}

/// The file of the store in `folder`, where there is one: before a lock is made for it.
pub(super) fn there(folder: &Path) -> Result<PathBuf, SnapshotError> {
    let file = folder.join(FILE);
    match file.try_exists().map_err(StoreError::io(&file))? {
        true => Ok(file),
        false => Err(SnapshotError::Missing(folder.display().to_string())),
    }
}

/// Writes a snapshot of the store in `folder`, which no node may have open.
///
/// # Errors
/// [`SnapshotError`].
pub fn snapshot(folder: &Path, out: impl Write) -> Result<(), SnapshotError> {
    Store::snapshot_folder(folder, out)
}

/// Writes a snapshot of the store in `folder`, which no node may have open, to a file that does not exist: all of it, so that
/// it lasts, or nothing.
///
/// # Errors
/// [`SnapshotError`].
pub fn snapshot_to(folder: &Path, file: &Path) -> Result<(), SnapshotError> {
    there(folder)?;
    let opened = File::create_new(file)?;
    let written = snapshot(folder, BufWriter::new(&opened)).and_then(|()| {
        opened.sync_all()?;
        Ok(crate::disk::sync_folder(file)?)
    });
    if written.is_err() {
        let _ = std::fs::remove_file(file);
    }
    written
}
