//! The file of nonces.
//!
//! A header of 24 bytes (magic, floor, check), then records of 40 bytes: time in seconds (8, little-endian), key id
//! (12), nonce (16), and 4 bytes of BLAKE3 over the 36. A thread of its own appends what came in while the last write
//! was under way, and waits for the disk once for all of it. The file is written anew, renamed over the old one, when most
//! of its records lie below the floor. An unfinished record at the end is what a crash leaves; it was never
//! acknowledged, and its request never carried out.

use std::{
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Mutex, mpsc::Receiver},
};

use super::{KeyId, Live, Nonce, Record, Waiting, lock};

/// The file is not written anew below this many records.
pub(super) const SMALL: usize = 1 << 14;

const MAGIC: &[u8; 8] = b"wlnonce1";
pub(super) const HEADER: usize = 24;
pub(super) const RECORD: usize = 40;

/// The thread's side.
pub(super) struct Writer {
    path: PathBuf,
    file: Option<File>,
    records: usize,
}

impl Writer {
    pub(super) fn new(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            file: None,
            records: 0,
        }
    }

    pub(super) fn run(mut self, receiver: &Receiver<Waiting>, live: &Mutex<Live>) {
        while let Ok(first) = receiver.recv() {
            let mut waiting = vec![first];
            waiting.extend(receiver.try_iter().take(4095));
            if self.write(&waiting, live).is_err() {
                // Those who wait are told by the senders that are dropped with `waiting`.
                lock(live).failed = true;
                return;
            }
            for write in waiting {
                // Whoever hung up was not waiting any more; the nonce stays taken.
                let _ = write.done.send(());
            }
        }
    }

    fn write(&mut self, waiting: &[Waiting], live: &Mutex<Live>) -> io::Result<()> {
        let remembered = lock(live).known.len();
        if self.records + waiting.len() > SMALL.max(2 * remembered) {
            // What is written now is remembered already: the new file has it.
            let next = encode(&lock(live));
            return self.replace(&next.0, next.1);
        }
        let mut bytes = Vec::with_capacity(waiting.len() * RECORD);
        for write in waiting {
            bytes.extend_from_slice(&record(write.record));
        }
        let file = self.file.as_mut().ok_or(io::ErrorKind::NotFound)?;
        file.write_all(&bytes)?;
        file.sync_data()?;
        self.records += waiting.len();
        Ok(())
    }

    pub(super) fn rewrite(&mut self, live: &Live) -> io::Result<()> {
        let (bytes, records) = encode(live);
        self.replace(&bytes, records)
    }

    fn replace(&mut self, bytes: &[u8], records: usize) -> io::Result<()> {
        // The handle follows the rename, and its position is the end.
        self.file = Some(crate::disk::write_private(&self.path, bytes)?);
        self.records = records;
        Ok(())
    }
}

fn encode(live: &Live) -> (Vec<u8>, usize) {
    let mut bytes = Vec::with_capacity(HEADER + live.known.len() * RECORD);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&live.floor().to_le_bytes());
    bytes.extend_from_slice(&blake3::hash(&bytes).as_bytes()[..8]);
    for entry in live.records() {
        bytes.extend_from_slice(&record(entry));
    }
    (bytes, live.known.len())
}

fn record((time, key, nonce): Record) -> [u8; RECORD] {
    let mut bytes = [0; RECORD];
    bytes[..8].copy_from_slice(&time.to_le_bytes());
    bytes[8..20].copy_from_slice(key.as_bytes());
    bytes[20..36].copy_from_slice(nonce.as_bytes());
    let check = blake3::hash(&bytes[..36]);
    bytes[36..].copy_from_slice(&check.as_bytes()[..4]);
    bytes
}

fn unrecord(bytes: &[u8]) -> Option<Record> {
    let whole: &[u8; RECORD] = bytes.try_into().ok()?;
    let time = u64::from_le_bytes(whole[..8].try_into().ok()?);
    let key = KeyId::from_bytes(whole[8..20].try_into().ok()?);
    let nonce = Nonce::from_bytes(whole[20..36].try_into().ok()?);
    (record((time, key, nonce)) == *whole).then_some((time, key, nonce))
}

/// Reads a file into `live`; nothing if it is damaged. What a crash leaves at the end is no damage: bad bytes after
/// which no good record comes.
pub(super) fn read(bytes: &[u8], live: &mut Live) -> Option<()> {
    let (header, records) = bytes.split_at_checked(HEADER)?;
    let (content, check) = header.split_at(16);
    if &content[..8] != MAGIC || check != &blake3::hash(content).as_bytes()[..8] {
        return None;
    }
    live.floor = u64::from_le_bytes(content[8..].try_into().ok()?);
    let mut records = records.chunks(RECORD).map(unrecord);
    for found in records.by_ref() {
        let Some(found) = found else { break };
        // At or below the floor of a later record, or the same again: already as refused as can be.
        let (time, key, nonce) = found;
        if time > live.floor() && !live.known.contains(&(key, nonce)) {
            live.remember(found);
        }
    }
    records.all(|rest| rest.is_none()).then_some(())
}
