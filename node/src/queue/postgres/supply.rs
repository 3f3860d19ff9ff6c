//! That the object store has the witnesses of what is to be proven.
//!
//! A witness is written once. When somebody has failed by it, or says that it is not there, it is *looked at*: read back, and
//! written again only if it is missing or damaged. A worker that complains for a reason of its own, such as another
//! object store, does so every few seconds for as long as it runs, and a witness has up to 256 MiB: so the looks become rarer.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use winterlane_ledger::BatchNumber;

use crate::blob::{BlobError, Blobs, Name};

/// How long a witness is left alone after it was looked at for the first time; then for twice as long, and so on.
const FIRST: Duration = Duration::from_secs(5);
/// The longest pause between two looks.
const LONGEST: Duration = Duration::from_secs(320);

/// What is known of witnesses in the object store.
#[derive(Debug, Default)]
pub(super) struct Supply {
    /// Batches whose witness was looked at.
    looks: BTreeMap<BatchNumber, Look>,
    /// Batches whose witness somebody complained of since.
    doubted: BTreeSet<BatchNumber>,
}

#[derive(Debug)]
struct Look {
    when: Instant,
    /// Not again before.
    pause: Duration,
    /// Failures of the batch until then.
    failures: u32,
}

impl Supply {
    /// Somebody could not do a job, and its witness may be why.
    pub(super) fn doubt(&mut self, batch: BatchNumber) {
        self.doubted.insert(batch);
    }

    /// The batch is over.
    pub(super) fn forget(&mut self, batch: BatchNumber) {
        self.looks.remove(&batch);
        self.doubted.remove(&batch);
    }

    /// Writes a witness unless it is there, of a batch that has failed so often.
    pub(super) fn supply(
        &mut self,
        blobs: &dyn Blobs,
        (name, failures): (&Name, u32),
        bytes: &[u8],
        now: Instant,
    ) -> Result<(), BlobError> {
        let batch = name.batch;
        let due = self.is_due(batch, failures, now);
        let there = if due {
            holds(blobs, name)?
        } else {
            blobs.has(name)?
        };
        if !there {
            blobs.put(name, bytes)?;
        }
        // not before it is there: what could not be written is to be written in the next turn
        if due {
            self.looked(batch, failures, now);
        }
        Ok(())
    }

    /// Whether a witness is to be looked at: the store's word that it is there is not enough.
    fn is_due(&self, batch: BatchNumber, failures: u32, now: Instant) -> bool {
        let doubted = self.doubted.contains(&batch);
        match self.looks.get(&batch) {
            None => doubted || failures > 0,
            // whoever failed had it: there are few attempts
            Some(look) => {
                failures > look.failures
                    || doubted && now.saturating_duration_since(look.when) >= look.pause
            }
        }
    }

    fn looked(&mut self, batch: BatchNumber, failures: u32, now: Instant) {
        self.doubted.remove(&batch);
        let pause = match self.looks.get(&batch) {
            // Nobody has complained for long: that was another trouble.
            Some(look) if now.saturating_duration_since(look.when) < look.pause + LONGEST => {
                look.pause.saturating_mul(2).min(LONGEST)
            }
            _ => FIRST,
        };
        let look = Look {
            when: now,
            pause,
            failures,
        };
        self.looks.insert(batch, look);
    }
}

/// Whether the store has the object, as it is by its name. One that cannot be read, whatever the reason, is none for a worker
/// either, and may be mended by writing it again; if the store takes nothing, that says so.
fn holds(blobs: &dyn Blobs, name: &Name) -> Result<bool, BlobError> {
    match blobs.get(name) {
        Ok(found) => Ok(found.is_some()),
        Err(error @ BlobError::Unreachable { .. }) => Err(error),
        Err(_) => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use super::*;
    use crate::blob::{Folder, Kind};

    /// A folder that counts.
    #[derive(Debug)]
    struct Counting {
        folder: Folder,
        puts: AtomicUsize,
        fetches: AtomicUsize,
        /// What is there cannot be read, until it is written again.
        unreadable: AtomicBool,
        /// Nothing can be written.
        full: AtomicBool,
    }

    fn refused(what: &'static str) -> BlobError {
        BlobError::Refused {
            host: "objects.example".into(),
            status: 403,
            what,
            answer: String::new(),
        }
    }

    impl Counting {
        fn counted(&self) -> (usize, usize) {
            let [puts, fetches] =
                [&self.puts, &self.fetches].map(|one| one.load(Ordering::Relaxed));
            (puts, fetches)
        }
    }

    impl Blobs for Counting {
        fn put(&self, name: &Name, bytes: &[u8]) -> Result<(), BlobError> {
            self.puts.fetch_add(1, Ordering::Relaxed);
            if self.full.load(Ordering::Relaxed) {
                return Err(refused("put"));
            }
            self.unreadable.store(false, Ordering::Relaxed);
            self.folder.put(name, bytes)
        }

        fn has(&self, name: &Name) -> Result<bool, BlobError> {
            self.folder.has(name)
        }

        fn fetch(&self, name: &Name) -> Result<Option<Vec<u8>>, BlobError> {
            self.fetches.fetch_add(1, Ordering::Relaxed);
            if self.unreadable.load(Ordering::Relaxed) {
                return Err(refused("get"));
            }
            self.folder.fetch(name)
        }

        fn remove(&self, name: &Name) -> Result<(), BlobError> {
            self.folder.remove(name)
        }
    }

    const WITNESS: &[u8] = b"a witness";

    struct World {
        place: tempfile::TempDir,
        blobs: Counting,
        name: Name,
        supply: Supply,
        now: Instant,
    }

    impl World {
        fn new() -> Self {
            let place = tempfile::tempdir().unwrap();
            let folder = Folder::open(place.path().to_str().unwrap()).unwrap();
            Self {
                blobs: Counting {
                    folder,
                    puts: AtomicUsize::new(0),
                    fetches: AtomicUsize::new(0),
                    unreadable: AtomicBool::new(false),
                    full: AtomicBool::new(false),
                },
                name: Name {
                    rollup: [1; 32],
                    batch: BatchNumber::new(3),
                    kind: Kind::Witness,
                    hash: *blake3::hash(WITNESS).as_bytes(),
                },
                supply: Supply::default(),
                now: Instant::now(),
                place,
            }
        }

        /// The batch is offered, so many seconds later.
        fn offer(&mut self, failures: u32, seconds: u64) {
            self.now += Duration::from_secs(seconds);
            let of = (&self.name, failures);
            let supplied = self.supply.supply(&self.blobs, of, WITNESS, self.now);
            supplied.unwrap();
        }

        fn damage(&self) {
            let path = self.place.path().join(self.name.to_string());
            std::fs::write(path, "another").unwrap();
        }

        fn is_right(&self) -> bool {
            holds(&self.blobs.folder, &self.name).unwrap()
        }
    }

    /// What the store has and gives to nobody is written again.
    #[test]
    fn a_witness_that_cannot_be_read_is_written_again() {
        let mut world = World::new();
        world.offer(0, 0);
        world.blobs.unreadable.store(true, Ordering::Relaxed);
        world.supply.doubt(world.name.batch);
        world.offer(0, 5);
        assert_eq!(world.blobs.counted(), (2, 1));
    }

    /// A store that takes nothing for a while leaves the doubt: the witness is written as soon as it takes something.
    #[test]
    fn a_witness_that_could_not_be_written_is_written_in_the_next_turn() {
        let mut world = World::new();
        world.offer(0, 0);
        world.damage();
        world.supply.doubt(world.name.batch);
        world.blobs.full.store(true, Ordering::Relaxed);
        let of = (&world.name, 0);
        let supplied = world.supply.supply(&world.blobs, of, WITNESS, world.now);
        assert!(supplied.is_err() && !world.is_right());
        world.blobs.full.store(false, Ordering::Relaxed);
        world.offer(0, 1);
        assert!(world.is_right());
    }

    /// Its witness is there, whatever it says: it is not written again and again, and read ever more rarely.
    #[test]
    fn a_worker_that_complains_without_end_has_nothing_written() {
        let mut world = World::new();
        world.offer(0, 0);
        assert_eq!(world.blobs.counted(), (1, 0));
        // every five seconds, for a day
        for _ in 0..24 * 720 {
            world.supply.doubt(world.name.batch);
            world.offer(0, 5);
        }
        let (puts, fetches) = world.blobs.counted();
        assert_eq!(puts, 1);
        let longest = LONGEST.as_secs() as usize;
        assert!(
            (86_400 / longest / 2..86_400 / longest + 10).contains(&fetches),
            "{fetches}"
        );
        // nor is it, when the batch has failed
        for failures in [1, 1, 2, 2] {
            world.offer(failures, 5);
        }
        assert_eq!(world.blobs.counted(), (1, fetches + 2));
        // after some time in which nobody complained the next is heard at once
        world.supply.forget(world.name.batch);
        world.supply.doubt(world.name.batch);
        world.offer(0, 1);
        for _ in 0..2 {
            world.supply.doubt(world.name.batch);
            world.offer(0, 3 * LONGEST.as_secs());
        }
        assert_eq!(world.supply.looks[&world.name.batch].pause, FIRST);
    }

    /// One that is damaged or gone is written again, though the store says that it is there.
    #[test]
    fn what_is_damaged_or_gone_is_written_again() {
        let mut world = World::new();
        world.offer(0, 0);
        world.damage();
        // nobody says so
        world.offer(0, 5);
        assert!(!world.is_right());
        world.supply.doubt(world.name.batch);
        world.offer(0, 5);
        assert!(world.is_right());
        // somebody damages it again and again: that is seen, if later and later
        for pause in [5, 10, 20] {
            world.damage();
            world.supply.doubt(world.name.batch);
            world.offer(0, pause - 1);
            assert!(!world.is_right(), "{pause}");
            world.offer(0, 1);
            assert!(world.is_right(), "{pause}");
        }
        // a failure is heard at once, and so is that it is gone
        world.damage();
        world.offer(1, 1);
        assert!(world.is_right());
        world.blobs.folder.remove(&world.name).unwrap();
        world.offer(1, 1);
        assert!(world.is_right());
    }
}
