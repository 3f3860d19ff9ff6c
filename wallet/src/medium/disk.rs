//! The medium of real wallets: a directory of the operating system.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use super::{Birthmark, Facts, Medium, MediumFile};
use crate::WalletError;

/// A directory of the operating system, by its absolute path: the process may change its own.
#[derive(Debug)]
pub(crate) struct Disk {
    directory: PathBuf,
}

impl Disk {
    /// A directory that a wallet is in. If others can look into it, they no longer can; a directory without a wallet, which
    /// somebody named by mistake, stays as it is.
    pub(crate) fn open(directory: &Path) -> Result<Self, WalletError> {
        let disk = Self::at(directory)?;
        if crate::place::is_at(&disk.directory) {
            close(&disk.directory).map_err(WalletError::io(&disk.directory))?;
        }
        Ok(disk)
    }

    /// A directory for a new wallet; made, with those above it, if it does not exist.
    pub(crate) fn make(directory: &Path) -> Result<Self, WalletError> {
        let disk = Self::at(directory)?;
        let directory = &disk.directory;
        let io = || WalletError::io(directory);
        let missing: Vec<_> = directory
            .ancestors()
            .take_while(|path| !path.exists())
            .collect();
        fs::create_dir_all(directory).map_err(io())?;
        if missing.is_empty() {
            // A home directory, or one that programs share, is not ours to close.
            let mode = mode(&fs::metadata(directory).map_err(io())?);
            let mut entries = fs::read_dir(directory).map_err(io())?;
            let foreign = entries
                .any(|entry| entry.is_ok_and(|entry| !crate::place::is_ours(&entry.file_name())));
            if let Some(mode) = mode.filter(|mode| mode & 0o077 != 0 && foreign) {
                return Err(WalletError::Exposed {
                    path: directory.clone(),
                    mode,
                    wanted: 0o700,
                });
            }
        }
        close(directory).map_err(io())?;
        // The names of new directories must be on the disk too, or the wallet is nowhere.
        for path in missing {
            if let Some(parent) = path.parent() {
                sync_directory(parent).map_err(WalletError::io(parent))?;
            }
        }
        Ok(disk)
    }

    fn at(directory: &Path) -> Result<Self, WalletError> {
        let directory = std::path::absolute(directory).map_err(WalletError::io(directory))?;
        Ok(Self { directory })
    }
}

impl Medium for Disk {
    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    fn open(&self, name: &str, make: bool) -> io::Result<Option<Box<dyn MediumFile>>> {
        let path = self.path(name);
        // A rename replaces a symbolic link and leaves behind, in its old state, what it leads to.
        if fs::symlink_metadata(&path).is_ok_and(|found| !found.is_file()) {
            let message = "not a regular file (a link, a pipe or a directory)";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(make).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        match options.open(&path) {
            Ok(file) => Ok(Some(Box::new(DiskFile {
                file,
                directory: self.directory.clone(),
            }))),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !make => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path(from), self.path(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path(name))
    }

    fn sync_directory(&self) -> io::Result<()> {
        sync_directory(&self.directory)
    }
}

/// Waits until the names in a directory are on the disk.
#[cfg(unix)]
fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Only Unix lets a directory be opened and synchronised; NTFS keeps its names in a journal.
#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Leaves a directory to its owner, whatever the process's mask for new files says.
#[cfg(unix)]
fn close(directory: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    if fs::metadata(directory)?.permissions().mode() & 0o777 == 0o700 {
        return Ok(());
    }
    fs::set_permissions(directory, fs::Permissions::from_mode(0o700))
}

/// Elsewhere a directory inherits from the one above it who may look into it.
#[cfg(not(unix))]
fn close(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn mode(metadata: &fs::Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;

    Some(metadata.permissions().mode() & 0o777)
}

#[cfg(not(unix))]
fn mode(_: &fs::Metadata) -> Option<u32> {
    None
}

struct DiskFile {
    file: File,
    directory: PathBuf,
}

impl Drop for DiskFile {
    fn drop(&mut self) {
        // Closing the file is not enough: a program that another thread starts has it too, until it runs.
        let _ = self.file.unlock();
    }
}

impl MediumFile for DiskFile {
    fn try_lock(&self) -> io::Result<bool> {
        match self.file.try_lock() {
            Ok(()) => Ok(true),
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    fn facts(&self) -> io::Result<Facts> {
        let metadata = self.file.metadata()?;
        let born = metadata.created().ok();
        let born = born.and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let born = born.map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(0));
        #[cfg(unix)]
        let (inode, links, owner) = {
            use std::os::unix::fs::MetadataExt;
            (metadata.ino(), metadata.nlink(), metadata.uid())
        };
        #[cfg(not(unix))]
        let (inode, links, owner) = (0, 1, 0);
        Ok(Facts {
            length: metadata.len(),
            links,
            owner,
            mode: mode(&metadata),
            birthmark: Birthmark { inode, born },
        })
    }

    #[cfg(unix)]
    fn is_named(&self, name: &str) -> io::Result<bool> {
        use std::os::unix::fs::MetadataExt;

        let here = self.file.metadata()?;
        match fs::symlink_metadata(self.directory.join(name)) {
            Ok(there) => Ok((there.dev(), there.ino()) == (here.dev(), here.ino())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    #[cfg(windows)]
    fn is_named(&self, name: &str) -> io::Result<bool> {
        let here = same_file::Handle::from_file(self.file.try_clone()?)?;
        match same_file::Handle::from_path(self.directory.join(name)) {
            Ok(there) => Ok(there == here),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    #[cfg(not(any(unix, windows)))]
    fn is_named(&self, name: &str) -> io::Result<bool> {
        self.directory.join(name).try_exists()
    }

    #[cfg(unix)]
    fn make_private(&self) -> io::Result<()> {
        use std::os::unix::fs::PermissionsExt;

        if self.file.metadata()?.permissions().mode() & 0o777 == 0o600 {
            return Ok(());
        }
        self.file.set_permissions(fs::Permissions::from_mode(0o600))
    }

    #[cfg(not(unix))]
    fn make_private(&self) -> io::Result<()> {
        Ok(())
    }

    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        (&self.file).seek(SeekFrom::Start(offset))?;
        (&self.file).read_exact(bytes)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        (&self.file).seek(SeekFrom::Start(offset))?;
        (&self.file).write_all(bytes)
    }

    fn clear(&self) -> io::Result<()> {
        self.file.set_len(0)
    }

    fn sync(&self) -> io::Result<()> {
        self.file.sync_all()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    /// A program that another thread starts has a copy of every open file, until it runs.
    #[test]
    fn a_lock_ends_while_a_copy_of_its_file_is_open() {
        let folder = tempfile::tempdir().unwrap();
        let open = || DiskFile {
            file: File::create(folder.path().join("file")).unwrap(),
            directory: folder.path().to_owned(),
        };
        let (first, second) = (open(), open());
        assert!(first.try_lock().unwrap() && !second.try_lock().unwrap());
        let copy = first.file.try_clone().unwrap();
        drop(first);
        assert!(second.try_lock().unwrap());
        drop(copy);
    }
}
