//! A disk that forgets what was not synchronised, fails when it is told to, and has an end.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use redb::StorageBackend;
use winterlane_ledger::testing::Numbers;

/// Something that was done to the disk and not synchronised.
#[derive(Clone, Debug)]
enum Change {
    Write(usize, Vec<u8>),
    Length(usize),
}

/// What the disk does at a given operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The power goes: nothing works any more.
    PowerLoss,
    /// One operation fails; those after it would not.
    Error,
}

#[derive(Debug, Default)]
struct Inner {
    /// As it is after a synchronisation.
    durable: Vec<u8>,
    /// As the process sees it.
    seen: Vec<u8>,
    unsynchronised: Vec<Change>,
    /// Writes, synchronisations and changes of length so far.
    operations: u64,
    fault: Option<(u64, Fault)>,
    dead: bool,
    /// Faults that came.
    struck: u64,
    capacity: Option<usize>,
}

/// The disk. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk(Arc<Mutex<Inner>>);

/// Bytes that are written as a whole or not at all.
const SECTOR: usize = 512;

impl Change {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Length(length) => bytes.resize(*length, 0),
            Self::Write(offset, data) => {
                // beyond an end that did not last, nothing lasts
                let end = (offset + data.len()).min(bytes.len());
                if let Some(place) = bytes.get_mut(*offset..end) {
                    place.copy_from_slice(&data[..end - offset]);
                }
            }
        }
    }
}

impl Disk {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A fault at the operation that is so many from now.
    pub(crate) fn strike(&self, after: u64, fault: Fault) {
        let mut inner = self.inner();
        inner.fault = Some((inner.operations + after, fault));
    }

    pub(crate) fn limit(&self, capacity: Option<usize>) {
        self.inner().capacity = capacity;
    }

    #[allow(dead_code, reason = "shared with the tests of settlement")]
    pub(crate) fn len(&self) -> usize {
        self.inner().seen.len()
    }

    /// Writes, synchronisations and changes of length that were asked for so far.
    #[allow(dead_code, reason = "shared with the tests of settlement")]
    pub(crate) fn operations(&self) -> u64 {
        self.inner().operations
    }

    /// Faults that came so far.
    pub(crate) fn struck(&self) -> u64 {
        self.inner().struck
    }

    /// The disk as it may be when the machine is started again: of what was not synchronised, anything.
    pub(crate) fn restart(&self, random: &mut Numbers) -> Self {
        let inner = self.inner();
        let mut bytes = inner.durable.clone();
        for change in &inner.unsynchronised {
            match change {
                Change::Length(_) if random.below(2) == 0 => change.apply(&mut bytes),
                Change::Length(_) => {}
                Change::Write(offset, data) => {
                    for (n, sector) in data.chunks(SECTOR).enumerate() {
                        if random.below(2) == 0 {
                            let at = offset + n * SECTOR;
                            Change::Write(at, sector.to_vec()).apply(&mut bytes);
                        }
                    }
                }
            }
        }
        let disk = Self::default();
        {
            let mut new = disk.inner();
            new.durable.clone_from(&bytes);
            new.seen = bytes;
            new.struck = inner.struck;
        }
        disk
    }
}

impl Inner {
    fn operation(&mut self) -> io::Result<()> {
        let now = self.operations;
        self.operations += 1;
        match self.fault {
            Some((at, fault)) if now >= at && !self.dead => {
                self.fault = None;
                self.struck += 1;
                self.dead = fault == Fault::PowerLoss;
                Err(io::Error::other("the disk failed, as it was told to"))
            }
            _ => self.alive(),
        }
    }

    fn alive(&self) -> io::Result<()> {
        if self.dead {
            Err(io::Error::other("the power is gone"))
        } else {
            Ok(())
        }
    }

    fn change(&mut self, change: Change) -> io::Result<()> {
        self.operation()?;
        let end = match &change {
            Change::Length(length) => *length,
            Change::Write(offset, data) => offset + data.len(),
        };
        if self.capacity.is_some_and(|capacity| end > capacity) {
            self.struck += 1;
            return Err(io::Error::from(io::ErrorKind::StorageFull));
        }
        if end > self.seen.len() {
            self.seen.resize(end, 0);
        }
        change.apply(&mut self.seen);
        self.unsynchronised.push(change);
        Ok(())
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        self.inner().alive()?;
        Ok(self.inner().seen.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let inner = self.inner();
        inner.alive()?;
        let offset = offset as usize;
        let found = inner.seen.get(offset..offset + out.len());
        out.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.inner().change(Change::Length(len as usize))
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut inner = self.inner();
        inner.operation()?;
        for change in std::mem::take(&mut inner.unsynchronised) {
            change.apply(&mut inner.durable);
        }
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let change = Change::Write(offset as usize, data.to_vec());
        self.inner().change(change)
    }
}

#[test]
fn the_disk_forgets_what_was_not_synchronised() {
    let disk = Disk::default();
    disk.set_len(4096).unwrap();
    disk.write(0, &[1; 2048]).unwrap();
    disk.sync_data().unwrap();
    disk.write(0, &[2; 2048]).unwrap();
    let mut kinds = std::collections::BTreeSet::new();
    for seed in 0..20 {
        let mut bytes = [0; 2048];
        disk.restart(&mut Numbers(seed))
            .read(0, &mut bytes)
            .unwrap();
        for sector in bytes.chunks(SECTOR) {
            assert!(sector.iter().all(|byte| *byte == sector[0]));
            kinds.insert(sector[0]);
        }
    }
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), [1, 2]);
    disk.strike(1, Fault::Error);
    disk.write(0, &[3]).unwrap();
    disk.sync_data().unwrap_err();
    disk.sync_data().unwrap();
    disk.strike(0, Fault::PowerLoss);
    disk.write(0, &[3]).unwrap_err();
    disk.read(0, &mut [0]).unwrap_err();
    assert_eq!(disk.struck(), 2);
}
