//! The log as a file that grows.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{BufRead, BufReader, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{
    Actor, AuditError, Entry, Event,
    chain::{self, Head, Link},
};
use crate::clock::UnixTime;

/// The open log. One process at a time: the file is locked.
#[derive(Debug)]
pub struct AuditLog {
    path: PathBuf,
    file: File,
    head: Head,
    /// Where each line begins, and where the last one ends.
    offsets: Vec<u64>,
    failed: bool,
}

impl Drop for AuditLog {
    fn drop(&mut self) {
        // Closing the file is not enough: a program that another thread starts has it too, until it runs.
        let _ = self.file.unlock();
    }
}

/// What was found when a log was opened.
#[derive(Debug)]
pub struct Recovery {
    /// Every entry, in order.
    pub entries: Vec<Entry>,
    /// The bytes of an unfinished last line, which were removed.
    pub cut: u64,
}

impl AuditLog {
    /// Opens the log, or begins one, and verifies the whole chain.
    ///
    /// # Errors
    /// [`AuditError`] when the file cannot be opened, is open elsewhere, or its chain is broken. An unfinished last line
    /// is no error: a crash leaves one, and no one was told of it.
    pub fn open(path: &Path) -> Result<(Self, Recovery), AuditError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(AuditError::io(path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(AuditError::Locked {
                    path: path.to_owned(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(AuditError::io(path)(source)),
        }
        let mut log = Self {
            path: path.to_owned(),
            file,
            head: Head {
                length: 0,
                link: Link::genesis(),
            },
            offsets: vec![0],
            failed: false,
        };
        let mut entries = Vec::new();
        let mut reader = Lines::new(&log.file, path);
        while let Some((entry, link)) = reader.next_entry()? {
            entries.push(entry);
            log.offsets.push(reader.offset);
            log.head = Head {
                length: log.head.length + 1,
                link,
            };
        }
        let cut = reader.torn;
        if cut > 0 {
            let end = log.end();
            log.file
                .set_len(end)
                .and_then(|()| log.file.sync_all())
                .map_err(AuditError::io(path))?;
        }
        crate::disk::sync_folder(path).map_err(AuditError::io(path))?;
        Ok((log, Recovery { entries, cut }))
    }

    /// The number of lines and the hash of the last.
    #[must_use]
    pub const fn head(&self) -> Head {
        self.head
    }

    /// Whether a write failed, so that nothing may be added.
    #[must_use]
    pub const fn failed(&self) -> bool {
        self.failed
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a line and waits until it is on the disk.
    ///
    /// # Errors
    /// [`AuditError`] when the line could not be written. The log then takes no further line: what the disk holds is
    /// unknown, and a second `fsync` would answer for nothing.
    pub fn append(
        &mut self,
        time: UnixTime,
        actor: Actor,
        event: Event,
    ) -> Result<Entry, AuditError> {
        if self.failed {
            return Err(AuditError::Failed {
                path: self.path.clone(),
            });
        }
        let entry = Entry {
            seq: self.head.length,
            time,
            actor,
            event,
        };
        let io = AuditError::io(&self.path);
        let body = serde_json::to_vec(&entry).map_err(|error| io(error.into()))?;
        let link = self.head.link.next(&body);
        let line = chain::join(link, &body);
        let end = self.end();
        self.failed = true;
        self.file
            .seek(SeekFrom::Start(end))
            .and_then(|_| self.file.write_all(&line))
            .and_then(|()| self.file.sync_data())
            .map_err(AuditError::io(&self.path))?;
        self.failed = false;
        self.offsets.push(end + line.len() as u64);
        self.head = Head {
            length: self.head.length + 1,
            link,
        };
        Ok(entry)
    }

    /// The lines from number `from`, at most `limit` of them, as they are in the file: one after another, each with
    /// its newline.
    ///
    /// # Errors
    /// [`AuditError`] when the file cannot be read.
    pub fn lines(&self, from: u64, limit: usize) -> Result<Vec<u8>, AuditError> {
        let first = usize::try_from(from)
            .unwrap_or(usize::MAX)
            .min(self.offsets.len() - 1);
        let last = first.saturating_add(limit).min(self.offsets.len() - 1);
        let (begin, end) = (self.offsets[first], self.offsets[last]);
        let mut bytes = Vec::new();
        File::open(&self.path)
            .and_then(|mut file| {
                file.seek(SeekFrom::Start(begin))?;
                file.take(end - begin).read_to_end(&mut bytes)
            })
            .map_err(AuditError::io(&self.path))?;
        Ok(bytes)
    }

    /// Puts another file in the place of the log's.
    #[cfg(test)]
    pub(crate) fn redirect(&mut self, file: File) {
        self.file = file;
    }

    fn end(&self) -> u64 {
        self.offsets.last().copied().unwrap_or(0)
    }
}

/// Reads a log line by line and checks the chain.
pub(super) struct Lines<'a, R> {
    reader: BufReader<R>,
    path: &'a Path,
    line: u64,
    link: Link,
    /// Where the next line begins.
    pub(super) offset: u64,
    /// The bytes after the last newline.
    pub(super) torn: u64,
}

impl<'a, R: Read> Lines<'a, R> {
    pub(super) fn new(reader: R, path: &'a Path) -> Self {
        Self {
            reader: BufReader::new(reader),
            path,
            line: 0,
            link: Link::genesis(),
            offset: 0,
            torn: 0,
        }
    }

    /// The next entry and its hash; nothing at the end.
    pub(super) fn next_entry(&mut self) -> Result<Option<(Entry, Link)>, AuditError> {
        /// No entry is longer; what is, was not written by a node.
        const LONGEST: u64 = 1 << 16;
        let mut line = Vec::new();
        let mut limited = (&mut self.reader).take(LONGEST);
        limited
            .read_until(b'\n', &mut line)
            .map_err(AuditError::io(self.path))?;
        if line.is_empty() {
            return Ok(None);
        }
        self.line += 1;
        if line.last() != Some(&b'\n') {
            if line.len() as u64 == LONGEST {
                return Err(self.broken("longer than any line of the log"));
            }
            self.torn = line.len() as u64;
            return Ok(None);
        }
        self.offset += line.len() as u64;
        line.pop();
        let (hash, body) =
            chain::split(&line).ok_or_else(|| self.broken("not a hash and a body"))?;
        if self.link.next(body) != hash {
            return Err(self.broken("its hash is not that of its body and of the line before"));
        }
        self.link = hash;
        let unknown = |source| AuditError::Unknown {
            path: self.path.to_owned(),
            line: self.line,
            source,
        };
        let entry: Entry = serde_json::from_slice(body).map_err(unknown)?;
        let found = serde_json::from_slice(body).map_err(unknown)?;
        let written = serde_json::to_value(&entry).map_err(unknown)?;
        if !has_objects(&found, &written) {
            return Err(self.broken("a list where a node writes an object"));
        }
        if entry.seq + 1 != self.line {
            return Err(self.broken("its number is not its place"));
        }
        Ok(Some((entry, hash)))
    }

    fn broken(&self, what: &'static str) -> AuditError {
        AuditError::Broken {
            path: self.path.to_owned(),
            line: self.line,
            what,
        }
    }
}

/// Whether an object is found wherever a node writes one. A reader that serde derives takes a list of the members as well, so that
/// a line would have a second spelling; [`winterlane_ledger::objects`] does not reach into what has its tag beside its members,
/// as events, proposals and verifiers have. A member that an older version did not write may be missing.
fn has_objects(found: &Value, written: &Value) -> bool {
    match (found, written) {
        (Value::Object(found), Value::Object(written)) => written.iter().all(|(name, written)| {
            let found = found.get(name);
            found.is_none_or(|found| has_objects(found, written))
        }),
        (_, Value::Object(_)) => false,
        (Value::Array(found), Value::Array(written)) => {
            let mut pairs = found.iter().zip(written);
            pairs.all(|(found, written)| has_objects(found, written))
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program that another thread starts has a copy of every open file, until it runs.
    #[cfg(unix)]
    #[test]
    fn its_lock_ends_while_a_copy_of_its_file_is_open() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit");
        let (log, _) = AuditLog::open(&path).unwrap();
        let copy = log.file.try_clone().unwrap();
        assert!(matches!(
            AuditLog::open(&path),
            Err(AuditError::Locked { .. })
        ));
        drop(log);
        AuditLog::open(&path).unwrap();
        drop(copy);
    }
}
