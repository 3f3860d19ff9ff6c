//! Reading a file that a person names: a configuration, a genesis, a certificate.

use std::{fs::File, io, path::Path};

/// The bytes of a file of at most `limit` bytes. A pipe is read to its end, since shells give the output of a command as one; a
/// device has no end.
///
/// # Errors
/// What the system says; and [`io::ErrorKind::InvalidData`], with words, for what is longer.
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    use io::Read as _;

    let file = File::open(path)?;
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

    #[cfg(target_os = "linux")]
    #[test]
    fn a_device_without_an_end_is_not_read_to_it() {
        let error = read(Path::new("/dev/zero"), 1 << 16).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
