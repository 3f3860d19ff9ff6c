//! One process a folder.

use std::{
    fs::{File, TryLockError},
    io::{Read, Seek, Write},
    path::{Path, PathBuf},
};

use super::StoreError;
use winterlane_machine::folder;

/// The lock's file in the folder. It stays when the process ends: what locks is not that it exists.
const NAME: &str = "lock";

/// A folder that is this process's alone, until this value is dropped or the process ends.
///
/// The lock is the system's, on an open file, so that a process that was killed leaves none.
#[derive(Debug)]
pub(crate) struct FolderLock {
    file: File,
}

impl Drop for FolderLock {
    fn drop(&mut self) {
        // Closing the file is not enough: a program that another thread starts has it too, until it runs.
        let _ = self.file.unlock();
    }
}

impl FolderLock {
    pub(crate) fn take(folder: &Path) -> Result<Self, StoreError> {
        let path: PathBuf = folder.join(NAME);
        let mut file = folder::open_lock(&path).map_err(StoreError::io(&path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut said = String::new();
                // where locks keep readers out as well, the holder stays unnamed
                let _ = file.take(64).read_to_string(&mut said);
                let said = said.trim();
                return Err(StoreError::Locked {
                    path: folder.to_owned(),
                    holder: if said.is_empty() {
                        "another process".to_owned()
                    } else {
                        said.to_owned()
                    },
                });
            }
            Err(TryLockError::Error(error)) => return Err(StoreError::Io { path, error }),
        }
        let say = |file: &mut File| {
            file.set_len(0)?;
            file.rewind()?;
            writeln!(file, "process {}", std::process::id())
        };
        say(&mut file).map_err(StoreError::io(&path))?;
        Ok(Self { file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holds_it_and_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let lock = FolderLock::take(folder.path()).unwrap();
        match FolderLock::take(folder.path()) {
            Err(StoreError::Locked { holder, .. }) => {
                assert_eq!(holder, format!("process {}", std::process::id()));
            }
            other => panic!("{other:?}"),
        }
        drop(lock);
        FolderLock::take(folder.path()).unwrap();
    }

    /// The lock says who has it: through a link that would be written over what somebody else has.
    #[cfg(unix)]
    #[test]
    fn nothing_is_written_through_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let mine = folder.path().join("mine");
        std::fs::write(&mine, "mine").unwrap();
        std::os::unix::fs::symlink("mine", folder.path().join(NAME)).unwrap();
        let refused = FolderLock::take(folder.path());
        assert!(matches!(refused, Err(StoreError::Io { .. })), "{refused:?}");
        assert_eq!(std::fs::read_to_string(&mine).unwrap(), "mine");
    }

    /// A program that another thread starts has a copy of every open file, until it runs.
    #[cfg(unix)]
    #[test]
    fn it_ends_while_a_copy_of_its_file_is_open() {
        let folder = tempfile::tempdir().unwrap();
        let lock = FolderLock::take(folder.path()).unwrap();
        let copy = lock.file.try_clone().unwrap();
        drop(lock);
        FolderLock::take(folder.path()).unwrap();
        drop(copy);
    }
}
