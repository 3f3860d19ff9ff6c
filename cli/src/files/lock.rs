//! The lock of an output directory: one run at a time writes there.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
};

use super::{FilesError, read};

/// The lock's file in the directory. It is there while a run is.
const NAME: &str = ".winterlane.lock";

/// A directory that is this run's alone, until this value is dropped or the process ends.
///
/// The lock is the system's, on an open file: it does not outlive the process, and a file that a killed
/// run leaves is no lock.
#[derive(Debug)]
pub(crate) struct DirectoryLock {
    directory: PathBuf,
    path: PathBuf,
    file: File,
}

impl DirectoryLock {
    /// Locks `directory`, or says who has it.
    pub(crate) fn take(directory: &Path) -> Result<Self, FilesError> {
        let path = directory.join(NAME);
        // A run that ends removes the file: one opened before that is no longer the directory's.
        for _ in 0..100 {
            let file = open(&path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) => {
                    return Err(FilesError::Locked {
                        directory: directory.to_owned(),
                        holder: holder(file),
                    });
                }
                Err(TryLockError::Error(error)) => return Err(FilesError::Io { path, error }),
            }
            if is_at(&file, &path) {
                let lock = Self {
                    directory: directory.to_owned(),
                    path,
                    file,
                };
                lock.sign().map_err(FilesError::io(&lock.path))?;
                return Ok(lock);
            }
        }
        Err(FilesError::LockLost(directory.to_owned()))
    }

    /// Checks that the file locked is still the one in the directory: another run locks whichever is.
    pub(crate) fn check(&self) -> Result<(), FilesError> {
        if is_at(&self.file, &self.path) {
            Ok(())
        } else {
            Err(FilesError::LockLost(self.directory.clone()))
        }
    }

    /// The lock's file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Says who holds the lock, for the one that meets it.
    fn sign(&self) -> io::Result<()> {
        self.file.set_len(0)?;
        let mut file = &self.file;
        file.rewind()?;
        writeln!(file, "process {}", std::process::id())
    }
}

impl Drop for DirectoryLock {
    fn drop(&mut self) {
        if cfg!(unix) && is_at(&self.file, &self.path) {
            let _ = fs::remove_file(&self.path);
        }
        // Closing the file is not enough: a program that another thread starts has it too, until it runs.
        let _ = self.file.unlock();
    }
}

fn open(path: &Path) -> Result<File, FilesError> {
    // Nothing is written through a link, and no pipe is waited for.
    match fs::symlink_metadata(path) {
        Ok(metadata) => read::check_kind(path, metadata.file_type())?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(FilesError::io(path)(error)),
    }
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).read(true).write(true);
    options.open(path).map_err(FilesError::io(path))
}

/// What the lock's file says of its holder.
fn holder(file: File) -> String {
    let mut text = String::new();
    // Where locks keep readers out as well the holder stays unnamed.
    let read = file.take(64).read_to_string(&mut text);
    match (read, text.trim()) {
        (Ok(_), said) if !said.is_empty() => said.to_owned(),
        _ => "another process".to_owned(),
    }
}

/// Whether the open file is the one that has this path now.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;

    let (Ok(open), Ok(there)) = (file.metadata(), fs::symlink_metadata(path)) else {
        return false;
    };
    (open.dev(), open.ino()) == (there.dev(), there.ino())
}

/// Elsewhere the file stays when a run ends, and keeps its identity.
#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holds_it_and_is_named_until_it_ends() {
        let directory = tempfile::tempdir().unwrap();
        let lock = DirectoryLock::take(directory.path()).unwrap();
        match DirectoryLock::take(directory.path()) {
            Err(FilesError::Locked { holder, .. }) => {
                assert_eq!(holder, format!("process {}", std::process::id()));
            }
            other => panic!("{other:?}"),
        }
        assert!(lock.check().is_ok());
        drop(lock);
        DirectoryLock::take(directory.path()).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_lock_whose_file_was_replaced_is_lost() {
        let directory = tempfile::tempdir().unwrap();
        let lock = DirectoryLock::take(directory.path()).unwrap();
        fs::remove_file(lock.path()).unwrap();
        assert!(matches!(lock.check(), Err(FilesError::LockLost(_))));
        let other = DirectoryLock::take(directory.path()).unwrap();
        assert!(matches!(lock.check(), Err(FilesError::LockLost(_))));
        // The one that lost it does not take it from the one that has it.
        drop(lock);
        assert!(other.check().is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_in_its_place_is_not_followed() {
        let directory = tempfile::tempdir().unwrap();
        let victim = directory.path().join("victim");
        fs::write(&victim, "mine").unwrap();
        std::os::unix::fs::symlink(&victim, directory.path().join(NAME)).unwrap();
        let error = DirectoryLock::take(directory.path()).unwrap_err();
        assert!(matches!(error, FilesError::NotRegular { .. }), "{error}");
        assert_eq!(fs::read_to_string(&victim).unwrap(), "mine");
    }

    /// A program that another thread starts has a copy of every open file, until it runs.
    #[cfg(unix)]
    #[test]
    fn it_ends_while_a_copy_of_its_file_is_open() {
        let directory = tempfile::tempdir().unwrap();
        let lock = DirectoryLock::take(directory.path()).unwrap();
        let (copy, other) = (lock.file.try_clone().unwrap(), open(&lock.path).unwrap());
        assert!(other.try_lock().is_err());
        drop(lock);
        other.try_lock().unwrap();
        drop(copy);
    }
}
