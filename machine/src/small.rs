//! Reading a file that a person names: a configuration, a genesis, a certificate, a key.

use std::{
    fs::{File, Metadata},
    io,
    path::Path,
};

/// Opens a file for reading, unless that would wait: a pipe that has a *name* is opened when somebody opens it for writing,
/// which may be never, and a service that waits there cannot even say why. The pipe of a shell's `<(COMMAND)` and
/// standard input are open already (`/dev/fd/N`, `/dev/stdin`), and are taken.
///
/// # Errors
/// What the system says; [`io::ErrorKind::InvalidInput`], with words, for a pipe with a name.
pub fn open(path: &Path) -> io::Result<File> {
    let found = path.metadata()?;
    if is_pipe(&found) && !is_open_already(path) {
        let words = "a named pipe, which would be waited for: name a regular file, or give what a command writes as \
                     <(COMMAND)";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, words));
    }
    File::open(path)
}

#[cfg(unix)]
fn is_pipe(found: &Metadata) -> bool {
    std::os::unix::fs::FileTypeExt::is_fifo(&found.file_type())
}

#[cfg(not(unix))]
fn is_pipe(_: &Metadata) -> bool {
    false
}

/// Whether a name stands for what this process has open.
fn is_open_already(path: &Path) -> bool {
    path == Path::new("/dev/stdin")
        || ["/dev/fd", "/proc/self/fd"]
            .iter()
            .any(|folder| path.parent() == Some(Path::new(folder)))
}

/// The bytes of a file of at most `limit` bytes. The pipe of a shell's `<(COMMAND)` is read to its end; a
/// device has no end.
///
/// # Errors
/// As [`open`]; and [`io::ErrorKind::InvalidData`], with words, for what is longer.
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    use io::Read as _;

    let file = open(path)?;
    // As long as it may become, where the system says it: a buffer that grows leaves copies of what may be a secret.
    let length = file.metadata()?.len().min(limit).saturating_add(2);
    let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
    let read = file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if read as u64 > limit {
        let words =
            format!("more than {limit} bytes, which no such file has: it was not read further");
        return Err(io::Error::new(io::ErrorKind::InvalidData, words));
    }
    Ok(bytes)
}

/// The text of a file of at most `limit` bytes.
///
/// # Errors
/// As [`read`], and for what is not text in UTF-8.
pub fn read_text(path: &Path, limit: u64) -> io::Result<String> {
    let bytes = read(path, limit)?;
    String::from_utf8(bytes)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "not text in UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_much_as_the_limit_is_read_and_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        std::fs::write(&file, "four").unwrap();
        assert_eq!(read_text(&file, 4).unwrap(), "four");
        let error = read(&file, 3).unwrap_err();
        assert!(error.to_string().contains("more than 3 bytes"), "{error}");
        std::fs::write(&file, [0xff]).unwrap();
        let error = read_text(&file, 4).unwrap_err();
        assert!(error.to_string().contains("UTF-8"), "{error}");
    }

    /// Nobody writes to it: whoever opened it would wait for ever.
    #[cfg(unix)]
    #[test]
    fn a_pipe_with_a_name_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        assert!(made.unwrap().success());
        let link = folder.path().join("link");
        std::os::unix::fs::symlink("pipe", &link).unwrap();
        for path in [&pipe, &link] {
            let error = open(path).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            assert!(error.to_string().contains("a named pipe"), "{error}");
            assert_eq!(read(path, 4).unwrap_err().kind(), error.kind());
        }
    }

    /// As a shell gives `<(COMMAND)`.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_pipe_that_is_open_is_read_to_its_end() {
        use std::{io::Write as _, os::fd::AsRawFd as _};

        let (reader, mut writer) = io::pipe().unwrap();
        writer.write_all(b"four").unwrap();
        drop(writer);
        for folder in ["/dev/fd", "/proc/self/fd"] {
            let path = Path::new(folder).join(reader.as_raw_fd().to_string());
            // what the first has read is gone
            let expected = if folder == "/dev/fd" { "four" } else { "" };
            assert_eq!(read_text(&path, 4).unwrap(), expected);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_device_without_an_end_is_not_read_to_it() {
        let error = read(Path::new("/dev/zero"), 1 << 16).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
