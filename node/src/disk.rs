//! Files beside the store.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

/// A name beside a file that nothing has: another process may write the same file, and what an earlier owner left behind is in
/// nobody's way.
pub(crate) fn beside(path: &Path) -> io::Result<PathBuf> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{:016x}.tmp", u64::from_le_bytes(random)));
    Ok(name.into())
}

/// Writes a file that is there whole, or not at all, in the place of any: to a temporary one beside it, which is synchronised and
/// then renamed; then the folder is synchronised. A process that is killed leaves the temporary one.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // whoever the mask for new files lets
    replace(path, bytes, 0o666).map(drop)
}

/// The same for a file that its owner alone reads; gives it open, its position at the end.
pub(crate) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<File> {
    replace(path, bytes, 0o600)
}

#[cfg_attr(not(unix), allow(unused_variables, reason = "rights are Unix's"))]
fn replace(path: &Path, bytes: &[u8], mode: u32) -> io::Result<File> {
    let temporary = beside(path)?;
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    let mut file = options.open(&temporary)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| file.sync_all())
        .and_then(|()| {
            crate::fault::point("file-written");
            fs::rename(&temporary, path)
        });
    if let Err(error) = written {
        // a full disk is not to be filled by what is of no use
        let _ = fs::remove_file(&temporary);
        return Err(error);
    }
    sync_folder(path)?;
    Ok(file)
}

/// Writes a file that its owner alone reads: whole or not at all, and in the place of nothing. Until then it has a name that
/// nothing else has: beside a file that somebody names anything may lie.
pub(crate) fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    // the error has the name of the temporary file in it, which nobody knows
    let mut file = NamedTempFile::new_in(folder).map_err(|error| io::Error::from(error.kind()))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map_err(|error| error.error)?;
    sync_folder(path)
}

/// Makes the names in a file's folder last, where the system has a way to.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        #[cfg(unix)]
        Some(folder) if folder.as_os_str().is_empty() => File::open(".")?.sync_all(),
        #[cfg(unix)]
        Some(folder) => File::open(folder)?.sync_all(),
        _ => Ok(()),
    }
}

/// Makes a folder that only its owner looks into.
pub(crate) fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Bytes that are left for this user on the disk of a folder, where the system says.
#[cfg(unix)]
pub(crate) fn free_bytes(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    disk.f_bavail.checked_mul(disk.f_frsize)
}

/// Bytes that are left on the disk of a folder: not known here.
#[cfg(not(unix))]
pub(crate) fn free_bytes(_: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names in a folder.
    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let name = |entry: io::Result<fs::DirEntry>| entry.unwrap().file_name();
        let mut names: Vec<_> = entries
            .map(|entry| name(entry).into_string().unwrap())
            .collect();
        names.sort_unstable();
        names
    }

    /// Two at once, as two nodes that share a folder: neither fails, and the file is one of theirs whenever it is read.
    #[test]
    fn two_that_write_one_file_do_not_meet() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        // the second is shorter: written into the first it would leave its end
        let [one, two] = &[vec![1; 100_000], vec![2; 50_000]];
        let path = &path;
        std::thread::scope(|scope| {
            for bytes in [one, two] {
                scope.spawn(move || {
                    for _ in 0..20 {
                        write_whole(path, bytes).unwrap();
                        let found = fs::read(path).unwrap();
                        assert!(found == *one || found == *two);
                    }
                });
            }
        });
        assert_eq!(names(folder.path()), ["file"]);
    }

    /// What lies there under the name that temporary files once had, whosever it is, keeps nothing from being written.
    #[test]
    fn what_another_left_behind_is_in_nobodys_way() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        // the system's refusal that comes to root, too
        fs::create_dir(folder.path().join("file.tmp")).unwrap();
        write_whole(&path, b"bytes").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"bytes");
        assert_eq!(names(folder.path()), ["file", "file.tmp"]);
    }

    /// What cannot be written leaves what was there, and nothing beside it.
    #[test]
    fn a_failure_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::create_dir(&path).unwrap();
        write_whole(&path, b"bytes").unwrap_err();
        write_private(&path, b"bytes").unwrap_err();
        assert_eq!(names(folder.path()), ["file"]);
        write_whole(&folder.path().join("none/file"), b"bytes").unwrap_err();
        assert_eq!(names(folder.path()), ["file"]);
    }

    /// Rights are those of the call, not of what was there.
    #[cfg(unix)]
    #[test]
    fn what_is_private_is_read_by_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        write_whole(&path, b"public").unwrap();
        let mut file = write_private(&path, b"private").unwrap();
        file.write_all(b" bytes").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"private bytes");
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
