//! What the wallet asks of a file system, so that tests can put a failing one in its place.
//!
//! A medium is one directory. What is assumed of it:
//!
//! - After [`MediumFile::sync`] has returned without an error, what was written is there after a
//!   power loss. After [`Medium::sync_directory`], names are.
//! - What was written and not synchronised may be there, or read as zeros, or be missing at the end
//!   of the file; in pieces of at least [`PIECE`] bytes, aligned.
//! - After a *failed* synchronisation nothing is known, ever: systems drop the error and keep the
//!   data where a later read finds it and a power loss does not.
//! - A rename is there after a power loss or it is not; there is no third state.
//! - A lock belongs to an open file, not to a name, and ends when the file is closed.

mod disk;

use std::io;

pub(crate) use disk::Disk;

/// The piece of a file that is written as a whole: a quarter of the smallest sector that disks have.
pub(crate) const PIECE: usize = 128;

/// Where a file came into being. A copy has another one, a file that was renamed keeps it. Zeros
/// where the system does not know.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Birthmark {
    /// The number of the inode.
    pub(crate) inode: u64,
    /// Nanoseconds since 1970.
    pub(crate) born: u64,
}

/// What the system says about an open file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    /// Bytes.
    pub(crate) length: u64,
    /// How many names it has.
    pub(crate) links: u64,
    /// Number of the user it belongs to.
    pub(crate) owner: u32,
    /// Permission bits, where there are such.
    pub(crate) mode: Option<u32>,
    pub(crate) birthmark: Birthmark,
}

/// A directory.
pub(crate) trait Medium: Send + Sync {
    /// The path of a name, for messages.
    fn path(&self, name: &str) -> std::path::PathBuf;
    /// Opens a regular file to read and write; `None` when there is none and none is to be made. A
    /// file that is made can be read by its owner alone.
    fn open(&self, name: &str, make: bool) -> io::Result<Option<Box<dyn MediumFile>>>;
    /// Gives a file another name; a file that had that name loses it.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Takes a name away.
    fn remove(&self, name: &str) -> io::Result<()>;
    /// Waits until names are on the disk.
    fn sync_directory(&self) -> io::Result<()>;
}

/// An open file.
pub(crate) trait MediumFile: Send + Sync {
    /// Whether the file is locked for this handle from now on.
    fn try_lock(&self) -> io::Result<bool>;
    /// What the system says about it.
    fn facts(&self) -> io::Result<Facts>;
    /// Whether that name still leads to this file.
    fn is_named(&self, name: &str) -> io::Result<bool>;
    /// Lets the owner read and write it, and nobody else anything.
    fn make_private(&self) -> io::Result<()>;
    /// Fills `bytes` from that offset on; an error when the file ends before.
    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()>;
    /// Writes all of `bytes` from that offset on.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Takes all content away.
    fn clear(&self) -> io::Result<()>;
    /// Waits until the content is on the disk.
    fn sync(&self) -> io::Result<()>;
}
