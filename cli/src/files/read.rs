//! Reading what a stranger has put into a directory: regular files only, and not before their size is
//! known to be one that such a file can have.

use std::{
    fs::{self, File, FileType, OpenOptions},
    io::{self, Read},
    path::Path,
};

use winterlane_verifier::DEFAULT_MAX_PROOF_BYTES;

use super::{FilesError, PublicFile, single::parse_json};

/// What a public file can need.
const MAX_PUBLIC_BYTES: u64 = PublicFile::MAX_BYTES as u64;
/// What the verifier's policy takes.
const MAX_PROOF_BYTES: u64 = DEFAULT_MAX_PROOF_BYTES as u64;

/// Reads one public file.
pub(crate) fn read_public(path: &Path) -> Result<PublicFile, FilesError> {
    let bytes = read_limited(path, MAX_PUBLIC_BYTES)?;
    let public: PublicFile = parse_json(path, &bytes)?;
    public.check_format().map_err(|error| FilesError::Format {
        path: path.to_owned(),
        error,
    })?;
    Ok(public)
}

/// Reads one proof file; whether the bytes are a proof is the verifier's business.
pub(crate) fn read_proof(path: &Path) -> Result<Vec<u8>, FilesError> {
    read_limited(path, MAX_PROOF_BYTES)
}

/// The size of a proof file, in bytes, without reading it.
pub(crate) fn proof_size(path: &Path) -> Result<u64, FilesError> {
    let (_, size) = open(path, MAX_PROOF_BYTES)?;
    Ok(size)
}

/// The bytes of a regular file of at most `limit` bytes.
pub(crate) fn read_limited(path: &Path, limit: u64) -> Result<Vec<u8>, FilesError> {
    let (file, size) = open(path, limit)?;
    let mut bytes = Vec::new();
    // A limit on the address space refuses it, where an allocation that must not fail ends the process.
    let reserved = bytes.try_reserve_exact(usize::try_from(size).unwrap_or(0));
    let no_memory = |_| FilesError::io(path)(io::ErrorKind::OutOfMemory.into());
    reserved.map_err(no_memory)?;
    // One byte more than it may have: the file may grow meanwhile.
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(FilesError::io(path))?;
    check_size(path, bytes.len() as u64, limit)?;
    Ok(bytes)
}

/// Opens a regular file of at most `limit` bytes; its size.
fn open(path: &Path, limit: u64) -> Result<(File, u64), FilesError> {
    // Before opening, since to open a device can do something already.
    let metadata = fs::metadata(path).map_err(FilesError::io(path))?;
    check_kind(path, metadata.file_type())?;
    check_size(path, metadata.len(), limit)?;
    let file = open_at_once(path).map_err(FilesError::io(path))?;
    // Again of what is open now: the name may stand for something else since.
    let metadata = file.metadata().map_err(FilesError::io(path))?;
    check_kind(path, metadata.file_type())?;
    check_size(path, metadata.len(), limit)?;
    Ok((file, metadata.len()))
}

/// Opens a file, without waiting for the other end should it have become a pipe.
#[cfg(unix)]
fn open_at_once(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;

    let mut options = OpenOptions::new();
    options
        .read(true)
        .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY);
    options.open(path)
}

#[cfg(not(unix))]
fn open_at_once(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).open(path)
}

fn check_size(path: &Path, size: u64, limit: u64) -> Result<(), FilesError> {
    if size > limit {
        let path = path.to_owned();
        return Err(FilesError::TooLarge { path, size, limit });
    }
    Ok(())
}

/// Refuses everything but a regular file.
pub(super) fn check_kind(path: &Path, kind: FileType) -> Result<(), FilesError> {
    if kind.is_file() {
        return Ok(());
    }
    Err(FilesError::NotRegular {
        path: path.to_owned(),
        kind: name_of(kind),
    })
}

pub(super) fn name_of(kind: FileType) -> &'static str {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;

        if kind.is_fifo() {
            return "a named pipe";
        }
        if kind.is_socket() {
            return "a socket";
        }
        if kind.is_char_device() || kind.is_block_device() {
            return "a device";
        }
    }
    if kind.is_dir() {
        "a directory"
    } else if kind.is_symlink() {
        "a symbolic link"
    } else {
        "something else"
    }
}
