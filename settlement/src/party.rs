//! Who calls settlement, and who is paid: addresses of 20 bytes.
//!
//! A chain knows who signed a transaction. Here a caller shows a *secret* of 256 random bits, of which the address is
//! a hash: enough on one machine, and the one thing that a port leaves out.

use std::{
    fmt, fs,
    io::{Read as _, Write as _},
    path::Path,
    str::FromStr,
};

use serde::{Deserialize, Serialize};
use thiserror::Error;
use winterlane_machine::small;
use zeroize::{Zeroize as _, Zeroizing};

/// An address on the settlement layer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Party(pub [u8; 20]);

impl Party {
    /// Who shows no secret. Nothing belongs to it, and nothing is paid to it.
    pub const NOBODY: Self = Self([0; 20]);
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Party({self})")
    }
}

impl From<Party> for String {
    fn from(party: Party) -> Self {
        party.to_string()
    }
}

/// Text that is no address, or no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{what} is {digits} hexadecimal digits, after 0x")]
pub struct TextError {
    /// What was expected.
    what: &'static str,
    /// How many digits it has.
    digits: usize,
}

fn from_hex<const N: usize>(text: &str, what: &'static str) -> Result<[u8; N], TextError> {
    let error = TextError {
        what,
        digits: 2 * N,
    };
    let digits = text.strip_prefix("0x").unwrap_or(text).as_bytes();
    let (pairs, rest) = digits.as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return Err(error);
    }
    let digit = |digit: u8| char::from(digit).to_digit(16).ok_or(error);
    let mut bytes = [0; N];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = (digit(*high)? << 4 | digit(*low)?) as u8;
    }
    Ok(bytes)
}

impl FromStr for Party {
    type Err = TextError;

    /// Reads 40 hexadecimal digits, with `0x` before them or without.
    fn from_str(text: &str) -> Result<Self, TextError> {
        from_hex(text, "an address").map(Self)
    }
}

impl TryFrom<String> for Party {
    type Error = TextError;

    fn try_from(text: String) -> Result<Self, TextError> {
        text.parse()
    }
}

/// What a caller shows to be a [`Party`].
#[derive(Clone)]
pub struct Secret([u8; 32]);

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

// A secret does not belong into a log.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Why there is no secret.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SecretError {
    /// The system gave no randomness.
    #[error("the system gave no randomness")]
    Randomness(#[source] getrandom::Error),
    /// There is a file already.
    #[error("{path} exists already, and a secret is never written over: name another file")]
    Exists {
        /// The file.
        path: String,
    },
    /// The file cannot be read or made.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file has something else.
    #[error("{path}: {source}")]
    Text {
        /// The file.
        path: String,
        /// What it should have.
        source: TextError,
    },
}

/// The most bytes that are read of a secret's file: twice as many as one has, with room for white space.
const LONGEST: usize = 128;

impl Secret {
    /// A fresh one.
    ///
    /// # Errors
    /// [`SecretError::Randomness`].
    pub fn random() -> Result<Self, SecretError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(SecretError::Randomness)?;
        Ok(Self(bytes))
    }

    /// The secret with these bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Who it is of.
    #[must_use]
    pub fn party(&self) -> Party {
        let hash = blake3::derive_key(
            "winterlane 2026-11-28 settlement: a caller's address",
            &self.0,
        );
        let mut party = [0; 20];
        party.copy_from_slice(&hash[..20]);
        Party(party)
    }

    /// The secret as text, for a header or a file.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        use fmt::Write as _;
        let mut text = Zeroizing::new(String::with_capacity(64));
        for byte in &self.0 {
            // writing to a string cannot fail
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    /// Reads a file that [`Secret::save`] made.
    ///
    /// # Errors
    /// [`SecretError`].
    pub fn load(path: &Path) -> Result<Self, SecretError> {
        let name = || path.display().to_string();
        // as long as it may become, so that no copy of it stays behind
        let mut text = Zeroizing::new(String::with_capacity(LONGEST));
        let read =
            small::open(path).and_then(|file| file.take(LONGEST as u64).read_to_string(&mut text));
        read.map_err(|source| SecretError::Io {
            path: name(),
            source,
        })?;
        text.trim().parse().map_err(|source| SecretError::Text {
            path: name(),
            source,
        })
    }

    /// Makes a file that only its owner reads. One that is there stays as it is.
    ///
    /// # Errors
    /// [`SecretError::Exists`], [`SecretError::Io`].
    pub fn save(&self, path: &Path) -> Result<(), SecretError> {
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let write = || {
            let mut file = options.open(path)?;
            file.write_all(self.to_text().as_bytes())?;
            file.write_all(b"\n")?;
            file.sync_all()?;
            sync_folder(path)
        };
        write().map_err(|source| {
            let path = path.display().to_string();
            match source.kind() {
                std::io::ErrorKind::AlreadyExists => SecretError::Exists { path },
                _ => SecretError::Io { path, source },
            }
        })
    }
}

/// Makes the name of a file last, where the system has a way to.
#[cfg(unix)]
pub(crate) fn sync_folder(path: &Path) -> std::io::Result<()> {
    match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => fs::File::open(".")?.sync_all(),
        Some(folder) => fs::File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Makes the name of a file last: here the system does it by itself.
#[cfg(not(unix))]
pub(crate) fn sync_folder(_: &Path) -> std::io::Result<()> {
    Ok(())
}

impl FromStr for Secret {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        from_hex(text, "a caller's secret").map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_one_text_and_secrets_none() {
        let secret = Secret::from_bytes([7; 32]);
        let party = secret.party();
        assert_eq!(party.to_string().parse(), Ok(party));
        assert_eq!(party.to_string().to_uppercase()[2..].parse(), Ok(party));
        for wrong in [
            "",
            "0x",
            "0x00",
            &party.to_string()[1..],
            "é".repeat(20).as_str(),
        ] {
            assert!(wrong.parse::<Party>().is_err(), "{wrong}");
        }
        assert_eq!(format!("{secret:?}"), "Secret(..)");
        assert_ne!(party, Secret::from_bytes([8; 32]).party());
        assert_ne!(party, Party::NOBODY);
    }

    #[test]
    fn a_secret_is_kept_and_not_overwritten() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("secret");
        let secret = Secret::random().unwrap();
        secret.save(&path).unwrap();
        assert_eq!(Secret::load(&path).unwrap().party(), secret.party());
        assert!(matches!(
            Secret::random().unwrap().save(&path),
            Err(SecretError::Exists { .. })
        ));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(
                fs::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
        // a file without end, too
        #[cfg(unix)]
        let endless = [Path::new("/dev/zero")];
        #[cfg(not(unix))]
        let endless: [&Path; 0] = [];
        fs::write(&path, "not it").unwrap();
        for wrong in endless.into_iter().chain([path.as_path()]) {
            let refused = Secret::load(wrong);
            assert!(
                matches!(refused, Err(SecretError::Text { .. })),
                "{refused:?}"
            );
        }
    }
}
