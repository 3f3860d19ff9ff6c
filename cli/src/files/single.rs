//! Single files: addresses, keys, credentials, proofs. Read with a limit, written whole or not at all.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Serialize, de::DeserializeOwned};
use tempfile::NamedTempFile;
use winterlane_ledger::objects;

use super::{
    FilesError,
    read::{name_of, read_limited},
};

/// Who may read a file that is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Whoever gets the file: it has the same time of writing as every other such file, since copies and
    /// archives carry that time along, and it would say when somebody paid.
    Published,
    /// Everybody on the machine, with the time of writing: metrics, public halves of keys.
    Open,
    /// The owner alone.
    Owner,
}

/// The time of writing of published files: the first of 1980, before which some archives have no time.
fn published_time() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(315_532_800)
}

/// Text files and JSON have at most that many bytes.
const MAX_TEXT_BYTES: u64 = 16 << 20;

/// Reads a text file.
pub(crate) fn read_text(path: &Path) -> Result<String, FilesError> {
    let bytes = read_limited(path, MAX_TEXT_BYTES)?;
    String::from_utf8(bytes).map_err(|_| FilesError::NotText(path.to_owned()))
}

/// Reads a JSON file.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, FilesError> {
    let bytes = read_limited(path, MAX_TEXT_BYTES)?;
    parse_json(path, &bytes)
}

/// Reads JSON in which every structure is an object.
pub(super) fn parse_json<T: DeserializeOwned>(path: &Path, bytes: &[u8]) -> Result<T, FilesError> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let read = objects::read(&mut json).and_then(|value| json.end().map(|()| value));
    read.map_err(|error| FilesError::Json {
        path: path.to_owned(),
        error,
    })
}

/// Checks that a new file can be written under this name, before something is done that cannot be undone and has no other
/// place to go: a one-time key that signs, notes that are spent.
pub(crate) fn check_new(path: &Path) -> Result<(), FilesError> {
    if fs::symlink_metadata(path).is_ok() {
        return Err(FilesError::Exists(path.to_owned()));
    }
    check_place(path)
}

/// Checks that the directory of this name takes files.
pub(crate) fn check_place(path: &Path) -> Result<(), FilesError> {
    stage(path, b"", Access::Owner).map(drop)
}

/// Writes a file that must not be there yet.
pub(crate) fn write_new(path: &Path, bytes: &[u8], access: Access) -> Result<(), FilesError> {
    let staged = stage(path, bytes, access)?;
    staged.persist_noclobber(path).map_err(|error| {
        if error.error.kind() == io::ErrorKind::AlreadyExists {
            FilesError::Exists(path.to_owned())
        } else {
            FilesError::io(path)(error.error)
        }
    })?;
    sync_name(path)
}

/// Writes a file that is not there yet, or has these very bytes: what can be made again does not need another name.
pub(crate) fn write_same(path: &Path, bytes: &[u8], access: Access) -> Result<(), FilesError> {
    match write_new(path, bytes, access) {
        Err(FilesError::Exists(_))
            if read_limited(path, MAX_TEXT_BYTES).is_ok_and(|there| there == bytes) =>
        {
            Ok(())
        }
        written => written,
    }
}

/// Writes a file, in the place of one that may be there. Of a regular one alone: a rename takes the place of whatever has
/// the name, and a device such as `/dev/null` would be gone for everybody, or a link with what it leads to left as it was.
pub(crate) fn write_over(path: &Path, bytes: &[u8], access: Access) -> Result<(), FilesError> {
    if let Ok(found) = fs::symlink_metadata(path)
        && !found.is_file()
    {
        return Err(FilesError::NotReplaced {
            path: path.to_owned(),
            kind: name_of(found.file_type()),
        });
    }
    let staged = stage(path, bytes, access)?;
    staged
        .persist(path)
        .map_err(|error| FilesError::io(path)(error.error))?;
    sync_name(path)
}

/// Writes a value as JSON for people, in one of the ways above.
pub(crate) fn write_json(
    path: &Path,
    value: &impl Serialize,
    access: Access,
    write: impl FnOnce(&Path, &[u8], Access) -> Result<(), FilesError>,
) -> Result<(), FilesError> {
    let mut bytes = serde_json::to_vec_pretty(value).map_err(|error| FilesError::Json {
        path: path.to_owned(),
        error,
    })?;
    bytes.push(b'\n');
    write(path, &bytes, access)
}

/// Writes the content to a file beside `path`, and waits until it is on the disk.
fn stage(path: &Path, bytes: &[u8], access: Access) -> Result<NamedTempFile, FilesError> {
    let io = || FilesError::io(path);
    let place = directory(path);
    // The error that is given has the name of the temporary file in it, which nobody knows.
    let mut staged = NamedTempFile::new_in(place).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
            FilesError::NoDirectory(place.to_owned())
        }
        kind => FilesError::io(place)(kind.into()),
    })?;
    staged.write_all(bytes).map_err(io())?;
    if access != Access::Owner {
        open_to_all(&staged).map_err(io())?;
    }
    if access == Access::Published {
        let file = staged.as_file();
        file.set_modified(published_time()).map_err(io())?;
    }
    staged.as_file().sync_all().map_err(io())?;
    Ok(staged)
}

fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Temporary files are their owner's alone.
#[cfg(unix)]
fn open_to_all(staged: &NamedTempFile) -> io::Result<()> {
    use std::{fs::Permissions, os::unix::fs::PermissionsExt};

    staged
        .as_file()
        .set_permissions(Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn open_to_all(_: &NamedTempFile) -> io::Result<()> {
    Ok(())
}

/// Waits until the name is on the disk, where a directory can be asked.
fn sync_name(path: &Path) -> Result<(), FilesError> {
    if cfg!(unix) {
        let directory = directory(path);
        File::open(directory)
            .and_then(|directory| directory.sync_all())
            .map_err(FilesError::io(directory))?;
    }
    Ok(())
}
