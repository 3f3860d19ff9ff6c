//! Stores of older formats.
//!
//! A store is migrated in a copy beside it: the copy is changed in one transaction, its accounts are hashed anew and
//! compared with the root that its head names, and only when it is on the disk does it take the place of the old one. The
//! old one stays beside it, as `state.format-N.redb`, until somebody removes it: a node of before reads it. A process that
//! dies meanwhile leaves the old store in its place, and the next one begins again.

use std::{fs, io, path::Path};

use redb::{Database, ReadableDatabase, TableError, WriteTransaction};
use winterlane_ledger::{
    Account, AccountId, Digest, Root,
    ledger::leaf_digests,
    state::ReadState,
    tree::{BuildError, TreeBuilder},
};
use winterlane_prover::SimdCompressor;

use super::{
    FILE, Store, StoreError, View, builder, pool,
    tables::{FORMAT, META},
};
use crate::fault;

/// The format of a store; `None` for a database that no store was made in.
pub(super) fn format_of(database: &Database) -> Result<Option<u32>, StoreError> {
    let transaction = database.begin_read()?;
    let meta = match transaction.open_table(META) {
        Ok(meta) => meta,
        Err(TableError::TableDoesNotExist(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let format = meta.get("format")?;
    format.map(|row| format_row(row.value())).transpose()
}

/// The number of a format, as its row has it.
pub(super) fn format_row(bytes: &[u8]) -> Result<u32, StoreError> {
    let number = bytes.try_into().map(u32::from_le_bytes);
    number.map_err(|_| StoreError::corrupt("the format is no number"))
}

/// What leads from one format to the next.
type Step = fn(&WriteTransaction) -> Result<(), StoreError>;

/// The step from each format to the one after it, from format 1 on.
const STEPS: [Step; FORMAT as usize - 1] = [pool::initialise];

/// Whether a store of this format can be made one of the present format.
pub(super) const fn is_older(format: u32) -> bool {
    1 <= format && format < FORMAT
}

/// Makes the store in a folder, which nobody has open and whose format is `from`, one of the present format.
pub(super) fn migrate(folder: &Path, from: u32, cache: usize) -> Result<(), StoreError> {
    let (file, copy) = (folder.join(FILE), folder.join("migrating.redb"));
    tracing::info!(from, to = FORMAT, "the store is migrated");
    match fs::remove_file(&copy) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(StoreError::io(&copy)(error));
        }
        _ => {}
    }
    fs::copy(&file, &copy).map_err(StoreError::io(&copy))?;
    fault::point("migration-copied");
    let store = Store::opened(builder(cache).open(&copy)?);
    let transaction = store.database.begin_write()?;
    for step in STEPS.iter().skip(from as usize - 1) {
        step(&transaction)?;
    }
    transaction
        .open_table(META)?
        .insert("format", FORMAT.to_le_bytes().as_slice())?;
    transaction.commit()?;
    let view = store.view()?;
    let root = root_of(&view)?;
    if root != view.head().root {
        return Err(StoreError::corrupt(format!(
            "the accounts have root {root}, the head says {}",
            view.head().root
        )));
    }
    drop(view);
    drop(store);
    let copied = fs::File::open(&copy).and_then(|copy| copy.sync_all());
    copied.map_err(StoreError::io(&copy))?;
    fault::point("migration-written");
    let kept = folder.join(format!("state.format-{from}.redb"));
    match fs::hard_link(&file, &kept) {
        Ok(()) => {}
        // of a migration that was broken off here
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        // the migrated copy is on the disk, so that nothing is lost
        Err(error) => tracing::warn!(%error, "the old store cannot be kept beside the new one"),
    }
    fs::rename(&copy, &file).map_err(StoreError::io(&file))?;
    crate::disk::sync_folder(&file).map_err(StoreError::io(folder))?;
    tracing::info!(kept = %kept.display(), "the store is migrated");
    Ok(())
}

/// Accounts that are hashed together.
const CHUNK: usize = 4096;

/// The root of the account tree, hashed anew from the accounts.
fn root_of(view: &View) -> Result<Root, StoreError> {
    let mut builder = TreeBuilder::new(&SimdCompressor);
    let mut keep_nothing = |_: usize, _: &[(u32, Digest)]| Ok::<_, StoreError>(());
    let mut first = Some(AccountId::ZERO);
    while let Some(from) = first {
        let accounts = view.accounts_from(from, CHUNK)?;
        let values: Vec<Account> = accounts.iter().map(|(_, account)| *account).collect();
        let leaves = leaf_digests(&values, &SimdCompressor);
        let leaves: Vec<(u32, Digest)> = accounts
            .iter()
            .map(|(id, _)| id.get())
            .zip(leaves)
            .collect();
        builder
            .push(&leaves, &mut keep_nothing)
            .map_err(|error| match error {
                BuildError::Sink(error) => error,
                other => StoreError::corrupt(other.to_string()),
            })?;
        first = accounts.last().and_then(|(id, _)| id.onwards().nth(1));
    }
    builder.finish(&mut keep_nothing)
}
