//! A disk that forgets: what was written and what survives a power loss are two things.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    io,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard},
};

use crate::medium::{Birthmark, Facts, Medium, MediumFile, PIECE};

/// What goes wrong with an operation that changes the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It gives an error, having done a part of its work or none.
    Fails,
    /// The process ends in it; what it wrote stays where the next one reads.
    Kills,
}

#[derive(Clone, Default)]
struct Content {
    /// What reads see.
    cached: Vec<u8>,
    durable: Vec<u8>,
    /// Pieces that the next synchronisation writes.
    dirty: BTreeSet<usize>,
    /// Pieces whose synchronisation failed: reads see them, no synchronisation writes them again.
    forgotten: BTreeSet<usize>,
    /// Nobody's, unless a handle holds the lock.
    lock: Option<u64>,
    born: u64,
}

impl Content {
    fn persist(&mut self, piece: usize) {
        let range = piece * PIECE..self.cached.len().min((piece + 1) * PIECE);
        if range.start < range.end {
            let length = self.durable.len().max(range.end);
            self.durable.resize(length, 0);
            self.durable[range.clone()].copy_from_slice(&self.cached[range]);
        }
    }

    fn synchronise(&mut self) {
        for piece in std::mem::take(&mut self.dirty) {
            self.persist(piece);
        }
        self.durable.resize(self.cached.len(), 0);
    }
}

#[derive(Clone)]
enum Change {
    Name(String, usize),
    Rename(String, String),
    Remove(String),
}

#[derive(Default)]
struct State {
    files: Vec<Content>,
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    /// Changes of names that are not on the disk yet, in their order.
    pending: Vec<Change>,
    /// Operations until the next fault.
    fault: Option<(u32, Fault)>,
    dead: bool,
    /// A content that takes the journal's name while a file is synchronised.
    swap: Option<Vec<u8>>,
    random: u64,
    handles: u64,
    /// Handles of an earlier power-on are dead.
    boot: u64,
}

fn apply(names: &mut BTreeMap<String, usize>, change: &Change) {
    match change {
        Change::Name(name, file) => {
            names.insert(name.clone(), *file);
        }
        Change::Rename(from, to) => {
            if let Some(file) = names.remove(from) {
                names.insert(to.clone(), file);
            }
        }
        Change::Remove(name) => {
            names.remove(name);
        }
    }
}

impl State {
    fn random(&mut self, below: u64) -> u64 {
        // SplitMix64.
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % below.max(1)
    }

    /// Whether this operation meets its fault.
    fn fault(&mut self) -> io::Result<Option<Fault>> {
        if self.dead {
            return Err(io::Error::other("the process has ended"));
        }
        let Some((left, fault)) = self.fault else {
            return Ok(None);
        };
        self.fault = left.checked_sub(1).map(|left| (left, fault));
        if left > 0 {
            return Ok(None);
        }
        self.dead = fault == Fault::Kills;
        Ok(Some(fault))
    }

    fn change(&mut self, change: Change) {
        apply(&mut self.names, &change);
        self.pending.push(change);
    }
}

/// A directory on a disk that forgets. Clones are the same directory.
#[derive(Clone, Default)]
pub(super) struct Simulated(Arc<Mutex<State>>);

impl Simulated {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    pub(super) fn boxed(&self) -> Box<dyn Medium> {
        Box::new(self.clone())
    }

    /// The operation after `after` others goes wrong.
    pub(super) fn fault(&self, after: u32, fault: Fault) {
        self.state().fault = Some((after, fault));
    }

    /// Whether a fault is still to come.
    pub(super) fn has_fault(&self) -> bool {
        self.state().fault.is_some()
    }

    /// Whether the process has ended in a fault.
    pub(super) fn has_ended(&self) -> bool {
        self.state().dead
    }

    /// A new process: nothing goes wrong until told.
    pub(super) fn restart(&self) {
        let mut state = self.state();
        state.dead = false;
        state.fault = None;
    }

    /// The power fails: what was not synchronised is there or is not.
    pub(super) fn power_loss(&self, random: u64) {
        let mut state = self.state();
        state.random = random;
        for file in 0..state.files.len() {
            let mut content = state.files[file].clone();
            let (old, new) = (content.durable.len(), content.cached.len());
            let lost: Vec<_> = content.dirty.union(&content.forgotten).copied().collect();
            for piece in lost {
                if state.random(2) == 0 {
                    content.persist(piece);
                }
            }
            let length = match state.random(3) {
                0 => old,
                1 => new,
                _ => old.min(new) + state.random(old.abs_diff(new) as u64 + 1) as usize,
            };
            content.durable.resize(length, 0);
            content.cached = content.durable.clone();
            content.dirty.clear();
            content.forgotten.clear();
            content.lock = None;
            state.files[file] = content;
        }
        let pending = std::mem::take(&mut state.pending);
        let done = state.random(pending.len() as u64 + 1) as usize;
        let mut names = std::mem::take(&mut state.durable_names);
        for change in &pending[..done] {
            apply(&mut names, change);
        }
        state.names = names.clone();
        state.durable_names = names;
        state.boot += 1;
        state.dead = false;
        state.fault = None;
    }

    /// Somebody moves a file away and puts a copy in its place.
    pub(super) fn copy_back(&self, name: &str) {
        let mut state = self.state();
        let Some(&file) = state.names.get(name) else {
            return;
        };
        let mut copy = state.files[file].clone();
        copy.synchronise();
        copy.durable = copy.cached.clone();
        copy.lock = None;
        copy.forgotten.clear();
        state.handles += 1;
        copy.born = state.handles;
        state.files.push(copy);
        let copy = state.files.len() - 1;
        state.names.insert(name.into(), copy);
        state.durable_names.insert(name.into(), copy);
    }

    /// The journal is moved away while the next file is synchronised, and this put in its place.
    pub(super) fn swap_in_sync(&self, bytes: Vec<u8>) {
        self.state().swap = Some(bytes);
    }

    /// The content of a file as reads see it; `None` when there is none.
    pub(super) fn read(&self, name: &str) -> Option<Vec<u8>> {
        let state = self.state();
        let file = state.names.get(name)?;
        Some(state.files[*file].cached.clone())
    }

    /// Puts a file there, on the disk.
    pub(super) fn put(&self, name: &str, bytes: &[u8]) {
        let mut state = self.state();
        state.handles += 1;
        let content = Content {
            cached: bytes.into(),
            durable: bytes.into(),
            born: state.handles,
            ..Content::default()
        };
        state.files.push(content);
        let file = state.files.len() - 1;
        state.names.insert(name.into(), file);
        state.durable_names.insert(name.into(), file);
    }
}

impl Medium for Simulated {
    fn path(&self, name: &str) -> PathBuf {
        PathBuf::from("simulated").join(name)
    }

    fn open(&self, name: &str, make: bool) -> io::Result<Option<Box<dyn MediumFile>>> {
        let mut state = self.state();
        if state.dead {
            return Err(io::Error::other("the process has ended"));
        }
        state.handles += 1;
        let handle = state.handles;
        let file = match state.names.get(name) {
            Some(&file) => file,
            None if make => {
                if state.fault()?.is_some() {
                    return Err(io::Error::other("not made"));
                }
                state.files.push(Content {
                    born: handle,
                    ..Content::default()
                });
                let file = state.files.len() - 1;
                state.change(Change::Name(name.into(), file));
                file
            }
            None => return Ok(None),
        };
        Ok(Some(Box::new(Handle {
            medium: self.clone(),
            boot: state.boot,
            file,
            handle,
        })))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.state();
        let fault = state.fault()?;
        // A process that ends in a rename may have done it.
        let done = fault.is_none() || (fault == Some(Fault::Kills) && state.random(2) == 0);
        if done {
            state.change(Change::Rename(from.into(), to.into()));
        }
        fault.map_or(Ok(()), |_| Err(io::Error::other("not renamed")))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.state();
        if state.fault()?.is_some() {
            return Err(io::Error::other("not removed"));
        }
        state.change(Change::Remove(name.into()));
        Ok(())
    }

    fn sync_directory(&self) -> io::Result<()> {
        let mut state = self.state();
        if state.fault()?.is_some() {
            return Err(io::Error::other("the directory was not synchronised"));
        }
        state.durable_names = state.names.clone();
        state.pending.clear();
        Ok(())
    }
}

struct Handle {
    medium: Simulated,
    boot: u64,
    file: usize,
    handle: u64,
}

impl Handle {
    fn content<T>(&self, work: impl FnOnce(&mut State, usize) -> io::Result<T>) -> io::Result<T> {
        let mut state = self.medium.state();
        if state.dead || state.boot != self.boot {
            return Err(io::Error::other("the process has ended"));
        }
        work(&mut state, self.file)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        let mut state = self.medium.state();
        let lock = &mut state.files[self.file].lock;
        if *lock == Some(self.handle) {
            *lock = None;
        }
    }
}

impl MediumFile for Handle {
    fn try_lock(&self) -> io::Result<bool> {
        self.content(|state, file| {
            let lock = &mut state.files[file].lock;
            Ok(*lock.get_or_insert(self.handle) == self.handle)
        })
    }

    fn facts(&self) -> io::Result<Facts> {
        self.content(|state, file| {
            let content = &state.files[file];
            Ok(Facts {
                length: content.cached.len() as u64,
                links: 1,
                owner: 0,
                mode: None,
                birthmark: Birthmark {
                    inode: file as u64,
                    born: content.born,
                },
            })
        })
    }

    fn is_named(&self, name: &str) -> io::Result<bool> {
        self.content(|state, file| Ok(state.names.get(name) == Some(&file)))
    }

    fn make_private(&self) -> io::Result<()> {
        Ok(())
    }

    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        self.content(|state, file| {
            let from = usize::try_from(offset).unwrap();
            let there = state.files[file].cached.get(from..from + bytes.len());
            bytes.copy_from_slice(there.ok_or(io::ErrorKind::UnexpectedEof)?);
            Ok(())
        })
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.content(|state, file| {
            let fault = state.fault()?;
            let written = match fault {
                None => bytes.len(),
                Some(_) => state.random(bytes.len() as u64 + 1) as usize,
            };
            let from = usize::try_from(offset).unwrap();
            let content = &mut state.files[file];
            let length = content.cached.len().max(from + written);
            content.cached.resize(length, 0);
            content.cached[from..from + written].copy_from_slice(&bytes[..written]);
            for piece in from / PIECE..(from + written).div_ceil(PIECE) {
                content.dirty.insert(piece);
                content.forgotten.remove(&piece);
            }
            fault.map_or(Ok(()), |_| Err(io::Error::other("no space")))
        })
    }

    fn clear(&self) -> io::Result<()> {
        self.content(|state, file| {
            if state.fault()?.is_some() {
                return Err(io::Error::other("not cleared"));
            }
            let content = &mut state.files[file];
            content.cached.clear();
            content.dirty.clear();
            content.forgotten.clear();
            Ok(())
        })
    }

    fn sync(&self) -> io::Result<()> {
        let swap = self.medium.state().swap.take();
        if let Some(bytes) = swap {
            self.medium.put("journal", &bytes);
        }
        self.content(|state, file| {
            let Some(fault) = state.fault()? else {
                state.files[file].synchronise();
                return Ok(());
            };
            let mut content = state.files[file].clone();
            if fault == Fault::Fails {
                for piece in std::mem::take(&mut content.dirty) {
                    if state.random(2) == 0 {
                        content.persist(piece);
                    } else {
                        content.forgotten.insert(piece);
                    }
                }
            }
            state.files[file] = content;
            Err(io::Error::other("not synchronised"))
        })
    }
}

/// The model itself: what a failed synchronisation left is read, and may be lost.
#[test]
fn the_simulated_disk_forgets() {
    let mut kept = HashMap::new();
    for random in 0..40 {
        let disk = Simulated::default();
        let file = disk.open("a", true).unwrap().unwrap();
        let other = disk.open("a", false).unwrap().unwrap();
        assert!(file.try_lock().unwrap() && !other.try_lock().unwrap());
        file.write_at(0, &[1; PIECE]).unwrap();
        file.sync().unwrap();
        disk.sync_directory().unwrap();
        disk.fault(1, Fault::Fails);
        file.write_at(PIECE as u64, &[2; PIECE]).unwrap();
        assert!(file.sync().is_err());
        file.sync().unwrap();
        assert_eq!(disk.read("a").unwrap()[PIECE..], [2; PIECE]);
        disk.power_loss(random);
        let found = disk.read("a").unwrap();
        assert_eq!(found[..PIECE], [1; PIECE]);
        *kept.entry(found[PIECE..].contains(&2)).or_insert(0) += 1;
        assert!(file.facts().is_err(), "the handle is of before");
    }
    assert!(kept[&false] > 5 && kept[&true] > 5, "{kept:?}");
}
