//! Why a wallet does not open, or does not sign.

use std::{io, path::PathBuf};

use thiserror::Error;
use winterlane_ledger::{Domain, Root, signature::KeyError};

/// Why a wallet cannot be opened, or does not sign.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum WalletError {
    /// The operating system refused.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file or directory concerned.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// Another process, or another part of this one, has the wallet open.
    #[error("{path} is in use: close the other program, or wait for it", path = path.display())]
    Locked {
        /// The file that is locked.
        path: PathBuf,
    },
    /// There is a wallet already.
    #[error("{path} exists already: open the wallet, or choose another directory", path = path.display())]
    Exists {
        /// The file found.
        path: PathBuf,
    },
    /// There is no wallet in this directory.
    #[error("there is no wallet in {path}", path = path.display())]
    Missing {
        /// The directory.
        path: PathBuf,
    },
    /// The making of a wallet was interrupted before it had signed anything.
    #[error("the wallet in {path} was never finished and has signed nothing: make it again", path = path.display())]
    HalfMade {
        /// The directory.
        path: PathBuf,
    },
    /// There is a journal, and no seed that belongs to it.
    #[error("{path} is missing, and a journal that needs it is there: restore the seed from its backup", path = path.display())]
    SeedMissing {
        /// Where the seed should be.
        path: PathBuf,
    },
    /// There is a seed, and no journal: nobody knows what its keys have signed.
    #[error(
        "{path} is missing, so that nobody knows what the keys have signed: find the journal, or \
         make a new wallet and rotate the accounts to its keys",
        path = path.display()
    )]
    JournalMissing {
        /// Where the journal should be.
        path: PathBuf,
    },
    /// A file is not what a wallet writes, or is damaged.
    #[error("{path} is damaged at byte {offset}: restore what is newest, or rotate to a new wallet", path = path.display())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Where the damage begins.
        offset: u64,
    },
    /// The seed is encrypted, and nobody gave its passphrase.
    #[error("{path} is encrypted: give its passphrase", path = path.display())]
    Encrypted {
        /// The seed.
        path: PathBuf,
    },
    /// The passphrase is not the one that the seed was encrypted with. The file is whole.
    #[error("the passphrase does not open {path}: type it again; every character counts", path = path.display())]
    WrongPassphrase {
        /// The seed.
        path: PathBuf,
    },
    /// A passphrase without a character.
    #[error("the passphrase is empty: it needs at least one character")]
    EmptyPassphrase,
    /// The seed's file is whole, and this version does not open it.
    #[error("{path}: {problem}", path = path.display())]
    Keystore {
        /// The seed.
        path: PathBuf,
        /// Why.
        #[source]
        problem: KeystoreProblem,
    },
    /// The journal is that of another seed.
    #[error("{path} was not written with the seed beside it: one of the two is from another wallet", path = path.display())]
    WrongSeed {
        /// The journal.
        path: PathBuf,
    },
    /// The journal is a copy, such as a restored backup. What was signed after it was copied is not
    /// in it ([`crate::Wallet::adopt`]).
    #[error(
        "{path} is a copy of a journal: one-time keys that signed after the copy was made would sign \
         again. Use the original; or, if that is gone for good and has signed nothing since, adopt the copy (`winterlane \
         wallet adopt --wallet {} --nothing-signed-since`)",
        path.parent().unwrap_or(path).display(),
        path = path.display()
    )]
    Copied {
        /// The journal.
        path: PathBuf,
    },
    /// The journal, or a seed that is to be encrypted anew, has more than one name, and the others would keep an old state.
    #[error("{path} has {links} names (hard links): remove all but one", path = path.display())]
    Linked {
        /// The journal, or the seed.
        path: PathBuf,
        /// How many names it has.
        links: u64,
    },
    /// The journal is no longer where it was, or no longer what was written: somebody moved,
    /// replaced or changed it while the wallet was open. This wallet signs nothing more.
    #[error("{path} was moved, replaced or changed while the wallet was open: open it again", path = path.display())]
    Disturbed {
        /// The journal.
        path: PathBuf,
    },
    /// Others can read what only the owner may.
    #[error(
        "{path} is open to other users (mode {mode:03o}): close it (chmod {wanted:03o}), and if they \
         may have read a seed, rotate to a new wallet",
        path = path.display()
    )]
    Exposed {
        /// The file or directory.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// What they should be.
        wanted: u32,
    },
    /// Files written by this process would belong to another user than the wallet does.
    #[error("{path} belongs to another user: open the wallet as its owner", path = path.display())]
    Owner {
        /// The file.
        path: PathBuf,
    },
    /// The process forked while it had the wallet open, and this is the child: the parent has it too.
    #[error("the wallet was opened by process {opener}, and this is another: open it here")]
    Forked {
        /// The process that opened the wallet.
        opener: u32,
    },
    /// The stored notes are those of another pool.
    #[error(
        "{path} has the notes of pool {found}, not of {wanted}: name the pool that it was used with, or another \
         wallet",
        path = path.display()
    )]
    OtherPool {
        /// The file.
        path: PathBuf,
        /// The domain of the pool that was scanned.
        found: Domain,
        /// The domain that was asked for.
        wanted: Domain,
    },
    /// The stored notes are damaged. Nothing is lost: the pool has them.
    #[error("{path} is damaged: remove it, and scan the pool again", path = path.display())]
    BookDamaged {
        /// The file.
        path: PathBuf,
    },
    /// The text is no backup of a seed ([`crate::MasterSeed::parse_backup`]).
    #[error(
        "this is no backup of a seed: {problem}. It is 80 hexadecimal digits; look for a mistyped one"
    )]
    Backup {
        /// What is wrong with the text. The text itself is not shown.
        #[source]
        problem: BackupProblem,
    },
    /// The wallet has no key with this root: add it first.
    #[error("the wallet has no key with root {root}")]
    UnknownKey {
        /// The root asked for.
        root: Root,
    },
    /// The one-time key has signed another message, or this one in another way. Signing this one
    /// would give it away.
    #[error("one-time key {index} of key {root} has signed another message")]
    AlreadySigned {
        /// Root of the key.
        root: Root,
        /// Number of the one-time key.
        index: u32,
    },
    /// A signature that this process made does not verify. It was thrown away.
    #[error(
        "a signature of one-time key {index} of key {root} came out wrong and was thrown away: check the machine"
    )]
    Fault {
        /// Root of the key.
        root: Root,
        /// Number of the one-time key.
        index: u32,
    },
    /// The key cannot be made, or has no such one-time key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// An earlier write failed, so that what is on the disk is not known. Open the wallet again.
    #[error("an earlier write to the journal failed; open the wallet again")]
    Poisoned,
    /// The system has no randomness to make a seed from.
    #[error("no randomness: {0}")]
    NoRandomness(#[source] getrandom::Error),
}

/// Why an encrypted seed that is not damaged does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeystoreProblem {
    /// Another format, or other functions than this version knows.
    #[error(
        "it was encrypted by a newer version of this program, or by another: open it with that one"
    )]
    Format,
    /// It asks for more than any file that is written here.
    #[error(
        "it asks for {memory_kib} KiB and {passes} passes to open, which no file written here does: restore it from its backup"
    )]
    Cost {
        /// Memory, in KiB.
        memory_kib: u32,
        /// Passes over it.
        passes: u32,
    },
}

/// What is wrong with the backup text of a seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BackupProblem {
    /// A character that is neither a hexadecimal digit nor space or hyphen.
    #[error("character {position} is no hexadecimal digit")]
    Character {
        /// Counted from 1.
        position: usize,
    },
    /// Too few or too many digits.
    #[error("it has {digits} digits")]
    Length {
        /// How many there are.
        digits: usize,
    },
    /// The last 16 digits do not belong to the 64 before.
    #[error("its checksum does not hold")]
    Checksum,
}

impl WalletError {
    /// Says which path an I/O error is about.
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        |source| Self::Io { path, source }
    }
}
