//! From verified batches to published ones: the batches of a directory are exchanged as a whole, or
//! stay as they were.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use tempfile::TempDir;
use winterlane_machine::Keeper;

use super::{
    BatchFiles, FilesError, PUBLISHING, lock::DirectoryLock, number_of, numbers, proof_path,
    public_path,
};
use crate::interrupt::{self, Publishing};

/// Begins the name of the directory of batches that are not verified yet.
const UNVERIFIED: &str = ".unverified-";
/// Begins the name of the directory of batches that others have replaced, on its way out.
const REPLACED: &str = ".replaced-";

/// Batches of a run that is not verified yet, in a directory of their own inside the one they are
/// for. What is not published disappears with this value: a run that fails leaves nothing behind,
/// and the batches of an earlier run as they were.
///
/// The directory is locked for the whole run.
#[derive(Debug)]
pub(crate) struct Staging {
    // Dropped in this order: the lock goes last.
    directory: TempDir,
    target: PathBuf,
    replace: bool,
    _end: Unregister,
    lock: DirectoryLock,
}

impl Staging {
    /// Makes the directory `target`, where batches of an earlier run may only be if `replace`.
    pub(crate) fn new(target: &Path, replace: bool) -> Result<Self, FilesError> {
        // No interrupt comes between making something and having it registered for removal.
        let mut unfinished = interrupt::unfinished();
        let made = !target.exists();
        super::make_directory_of(target, Keeper::Batches)?;
        let lock = DirectoryLock::take(target)?;
        if !numbers(target)?.is_empty() && !replace {
            return Err(FilesError::NotEmpty(target.to_owned()));
        }
        let directory = tempfile::Builder::new()
            .prefix(UNVERIFIED)
            .tempdir_in(target)
            .map_err(FilesError::io(target))?;
        unfinished.staging = Some(directory.path().to_owned());
        unfinished.lock = Some(lock.path().to_owned());
        unfinished.made = made.then(|| target.to_owned());
        Ok(Self {
            directory,
            target: target.to_owned(),
            replace,
            _end: Unregister,
            lock,
        })
    }

    /// Where the batches are now.
    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Writes both files of a batch.
    pub(crate) fn write(&self, batch: &BatchFiles) -> Result<(), FilesError> {
        let _whole = interrupt::unfinished();
        let number = batch.public.public_inputs.batch_number;
        let directory = self.directory.path();
        let path = public_path(directory, number);
        let mut json = serde_json::to_vec_pretty(&batch.public).map_err(|error| {
            let path = path.clone();
            FilesError::Json { path, error }
        })?;
        json.push(b'\n');
        write_synced(&proof_path(directory, number), &batch.proof)?;
        write_synced(&path, &json)
    }

    /// Puts the batches to where they belong, in the place of those of an earlier run. On an error those
    /// come back, and the new ones are kept where they are.
    ///
    /// Returns the directory of old files that could not be removed, if there is one.
    pub(crate) fn publish(self) -> Result<Option<PathBuf>, FilesError> {
        self.publish_on(&System)
    }

    fn publish_on(self, disk: &impl Disk) -> Result<Option<PathBuf>, FilesError> {
        interrupt::unfinished().publishing = Publishing::Now;
        let staged = self.directory.path().to_owned();
        let result = self
            .may_publish()
            .and_then(|()| exchange(disk, &self.target, &staged));
        interrupt::unfinished().published(result.is_ok());
        match result {
            // Nothing but an empty directory is left of it; gone with `self`.
            Ok(left) => Ok(left),
            Err((reason, old)) => Err(FilesError::Unpublished {
                target: self.target.clone(),
                reason,
                staged: self.directory.keep(),
                old,
            }),
        }
    }

    /// Whether the directory is still this run's, and nobody has put batches there.
    fn may_publish(&self) -> Result<(), Unpublished> {
        let checked = self.lock.check().and_then(|()| numbers(&self.target));
        match checked {
            Ok(numbers) if numbers.is_empty() || self.replace => Ok(()),
            Ok(_) => Err(("another program has put batches there".to_owned(), None)),
            Err(error) => Err((error.to_string(), None)),
        }
    }
}

/// Ends the registration of what an interrupt would remove.
#[derive(Debug)]
struct Unregister;

impl Drop for Unregister {
    fn drop(&mut self) {
        interrupt::unfinished().forget();
    }
}

/// What publishing asks of the file system; the tests have one that fails.
trait Disk {
    fn create_directory(&self, path: &Path) -> io::Result<()>;
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Brings a directory's entries to the disk.
    fn sync_directory(&self, path: &Path) -> io::Result<()>;
    fn remove_directory(&self, path: &Path) -> io::Result<()>;
}

struct System;

impl Disk for System {
    fn create_directory(&self, path: &Path) -> io::Result<()> {
        fs::create_dir(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        // Elsewhere directories cannot be opened as files, and there is nothing to ask for.
        if cfg!(unix) {
            File::open(path)?.sync_all()
        } else {
            Ok(())
        }
    }

    fn remove_directory(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir_all(path)
    }
}

/// Why nothing was published, and where old batches are that could not be moved back.
type Unpublished = (String, Option<PathBuf>);

/// Puts the batches in `staged` in the place of those in `target`.
///
/// The old ones are moved to a directory `.publishing-*`, and the new ones in. While that directory is
/// there the batches in `target` may be a part, and nobody reads them. Renaming it is the point at which
/// the new ones count.
fn exchange(
    disk: &impl Disk,
    target: &Path,
    staged: &Path,
) -> Result<Option<PathBuf>, Unpublished> {
    let name = staged.file_name().unwrap_or_default().to_string_lossy();
    let suffix = name.trim_start_matches(UNVERIFIED);
    let aside = target.join(format!("{PUBLISHING}{suffix}"));
    let replaced = target.join(format!("{REPLACED}{suffix}"));

    let mut renamed = Vec::new();
    let mut rename = |from: PathBuf, to: PathBuf| -> io::Result<()> {
        disk.rename(&from, &to)?;
        renamed.push((from, to));
        Ok(())
    };
    let done = (|| -> io::Result<()> {
        let (old, new) = (batch_files(target)?, batch_files(staged)?);
        disk.sync_directory(staged)?;
        disk.create_directory(&aside)?;
        for file in &old {
            rename(target.join(file), aside.join(file))?;
        }
        for file in &new {
            rename(staged.join(file), target.join(file))?;
        }
        disk.sync_directory(&aside)?;
        disk.sync_directory(target)?;
        disk.rename(&aside, &replaced)
    })();
    if let Err(error) = done {
        return Err((error.to_string(), undo(disk, target, &aside, &renamed)));
    }
    // The old ones are removed when the new ones are sure to survive a loss of power, not before.
    let removed = disk
        .sync_directory(target)
        .and_then(|()| disk.remove_directory(&replaced));
    Ok(removed.is_err().then_some(replaced))
}

/// Takes renames back, the last one first. Returns where old batches are, if one of them cannot be.
fn undo(
    disk: &impl Disk,
    target: &Path,
    aside: &Path,
    renamed: &[(PathBuf, PathBuf)],
) -> Option<PathBuf> {
    for (from, to) in renamed.iter().rev() {
        if disk.rename(to, from).is_err() {
            return Some(aside.to_owned());
        }
    }
    let _ = disk.sync_directory(target);
    // Only now is it empty: its name says that batches are in it.
    let _ = fs::remove_dir(aside);
    None
}

/// Names of the files in a directory that are a part of a batch.
fn batch_files(directory: &Path) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name();
        if name.to_str().and_then(number_of).is_some() {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Writes a file, down to the disk.
fn write_synced(path: &Path, bytes: &[u8]) -> Result<(), FilesError> {
    let write = || {
        let mut file = File::create(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(FilesError::io(path))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
