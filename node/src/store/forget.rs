//! Forgetting the end of the log: what was acknowledged and must not be sealed.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::Path,
};

use super::{
    FolderLock, Store, StoreError, builder,
    snapshot::{self, SnapshotError},
    tables::LOG,
};
use crate::{
    core::{LoggedEntry, REACH, Together},
    witness::Witnesses,
};

impl Store {
    /// Forgets the entries of the log from one on, in a folder that no node has open; gives their number. A snapshot with all
    /// of them is in the file `keep` before that, and lasts.
    pub(crate) fn forget_folder(
        folder: &Path,
        from: u64,
        keep: &Path,
    ) -> Result<u64, SnapshotError> {
        let file = snapshot::there(folder)?;
        let _lock = FolderLock::take(folder)?;
        let database = builder(64 << 20).open(file);
        let store = Self::opened(database.map_err(StoreError::from)?);
        let view = store.view()?;
        let (mut first, mut last) = (None, None);
        let (mut together, mut with) = (Together::default(), None);
        view.log(|sequence, bytes| {
            first.get_or_insert(sequence);
            last = Some(sequence);
            if (from.saturating_sub(REACH)..=from).contains(&sequence) {
                // one that cannot be read may be why it is to be forgotten
                let entry = LoggedEntry::from_bytes(sequence, bytes).ok();
                with = together.next(sequence, entry.as_ref().map(|entry| &entry.operation));
            }
            Ok(())
        })?;
        // what is sealed is not in the log, and is forgotten by nobody
        let (Some(first), Some(last)) = (first, last) else {
            return Err(SnapshotError::NotLogged { from });
        };
        if !(first..=last).contains(&from) {
            return Err(SnapshotError::NotLogged { from });
        }
        if let Some(with) = with {
            return Err(SnapshotError::Together { from, with });
        }
        let file = File::create_new(keep)?;
        let mut out = BufWriter::new(&file);
        let kept = Witnesses::open(folder)
            .map_err(SnapshotError::from)
            .and_then(|witnesses| snapshot::write(&view, &witnesses, &mut out))
            .and_then(|()| {
                out.flush()?;
                file.sync_all()?;
                Ok(crate::disk::sync_folder(keep)?)
            });
        if let Err(error) = kept {
            let _ = std::fs::remove_file(keep);
            return Err(error);
        }
        drop(view);
        let transaction = store.begin()?;
        let mut forgotten = 0;
        transaction.open_table(LOG)?.retain_in(from.., |_, _| {
            forgotten += 1;
            false
        })?;
        transaction.commit().map_err(StoreError::from)?;
        Ok(forgotten)
    }
}

/// Forgets what a node has acknowledged and not sealed, from an entry of its log on, and gives the number of entries. *Orders
/// among them are not included, though they were acknowledged*: their senders must send them again. For a log that holds
/// what must not be sealed; nothing that is sealed is touched. No node may have the folder open. A snapshot with everything
/// is written to `keep`, a file that does not exist, before that.
///
/// # Errors
/// [`SnapshotError`]; [`SnapshotError::NotLogged`] when the log has no such entry, [`SnapshotError::Together`] when it was decided
/// together with one before it, such as the deposit that a private operation pays. Then nothing is forgotten.
pub fn forget(folder: &Path, from: u64, keep: &Path) -> Result<u64, SnapshotError> {
    Store::forget_folder(folder, from, keep)
}
