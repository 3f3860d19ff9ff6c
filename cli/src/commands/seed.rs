//! The backup of a seed, as people type it or keep it in a file.

use std::{
    io::{self, Read},
    path::Path,
};

use winterlane_machine::small;
use winterlane_wallet::MasterSeed;
use zeroize::Zeroizing;

use super::{is_standard_input, named};
use crate::{Failure, files::FilesError};

/// The longest text of a seed that is read: 80 digits, with more spaces and line ends than anybody writes.
const MAX_SEED: usize = 4096;

/// Reads the backup of a seed; `-` is standard input.
pub(super) fn read_seed(path: &Path) -> Result<MasterSeed, Failure> {
    // The owner names the file, which may be the output of the program that keeps it.
    let bytes = if is_standard_input(path) {
        read(io::stdin().lock())
    } else {
        small::open(path).and_then(read)
    };
    let bytes = bytes.map_err(|error| named(path, error))?;
    if bytes.len() > MAX_SEED {
        let problem = format!("longer than {MAX_SEED} bytes, and no backup of a seed is");
        return Err(named(path, problem));
    }
    let text = std::str::from_utf8(&bytes);
    let text = text.map_err(|_| Failure::unusable(FilesError::NotText(path.to_owned())))?;
    MasterSeed::parse_backup(text).map_err(|error| named(path, error))
}

fn read(from: impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    // As long as it may become: a buffer that grew would leave copies.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_SEED + 2));
    from.take(MAX_SEED as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_backup_is_read_and_nothing_that_is_longer() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("paper");
        let seed = MasterSeed::from_bytes([7; 32]);
        fs::write(&path, format!("  {}\n\n", *seed.backup_text())).unwrap();
        assert!(read_seed(&path).is_ok_and(|read| read == seed));
        let said = |bytes: &[u8]| {
            fs::write(&path, bytes).unwrap();
            match read_seed(&path) {
                Err(Failure::Unusable(said)) => said,
                _ => panic!("it is taken"),
            }
        };
        assert!(said(&[b' '; MAX_SEED + 1]).contains("longer than 4096 bytes"));
        assert!(said(b"\xff\xff").contains("not text in UTF-8"));
        let words = said(b"00 11");
        assert!(words.contains("no backup of a seed"), "{words}");
        fs::remove_file(&path).unwrap();
        assert!(matches!(read_seed(&path), Err(Failure::Unusable(_))));
    }
}
