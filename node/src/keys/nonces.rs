//! Nonces of signed requests: each counts once, also after a crash, whatever the clock does.
//!
//! # Why no replay gets in
//!
//! Let `newest` be the greatest time of any accepted request, and `floor = newest - 120 s`. A request is refused when
//! its time is at or below the floor, or when its nonce is remembered; every accepted nonce above the floor is
//! remembered. So for each request that was ever accepted: either its nonce is still remembered, or its time is at or
//! below the floor, which never sinks. The clock is not in the argument. (The window of 30 seconds around the clock
//! is a second, independent check.) The floor moves by accepted requests alone: a clock that jumps ahead and back
//! moves nothing, since nobody signs for the time in between.
//!
//! # The file
//!
//! A header of 24 bytes (magic, floor, check), then records of 40 bytes: time in seconds (8, little-endian), key id
//! (12), nonce (16), and 4 bytes of BLAKE3 over the 36. A thread of its own appends what came in while the last write
//! was under way, and waits for the disk once for all of it. The file is written anew, renamed over the old one, when most
//! of its records lie below the floor. An unfinished record at the end is what a crash leaves; it was never
//! acknowledged, and its request never carried out.

use std::{
    collections::{BTreeMap, HashSet},
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{self, Receiver, SyncSender},
    },
    thread::JoinHandle,
};

use thiserror::Error;
use tokio::sync::oneshot;

use super::{KeyId, Nonce};

/// How many seconds below the newest accepted time a nonce is remembered.
pub(crate) const REMEMBERED_SECONDS: u64 = 120;
/// The most nonces that are remembered; then requests wait for the oldest to be forgotten.
const MOST: usize = 1 << 20;
/// The file is not written anew below this many records.
const SMALL: usize = 1 << 14;

const MAGIC: &[u8; 8] = b"wlnonce1";
const HEADER: usize = 24;
const RECORD: usize = 40;

/// Why a nonce is not taken.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NonceError {
    /// It was used, or is older than what is remembered.
    #[error(
        "the nonce was used before, or the request is older than the nonces that are remembered"
    )]
    Replay,
    /// Too many requests within two minutes.
    #[error("too many signed requests within two minutes; try again in a minute")]
    Full,
    /// The disk failed, now or before: nothing is accepted until the node is started again.
    #[error("the file of nonces failed to write: end the node, mend the disk and start again")]
    Failed,
    /// The file cannot be opened.
    #[error("{path}: {source}", path = path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The file is not one of nonces, or is damaged before its end.
    #[error("{path}: not a file of nonces, or damaged; if it is lost, wait two minutes with the node down and remove it", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
}

/// The nonces of one node.
#[derive(Debug)]
pub struct Nonces {
    live: Arc<Mutex<Live>>,
    sender: Option<SyncSender<Waiting>>,
    writer: Option<JoinHandle<()>>,
}

type Record = (u64, KeyId, Nonce);

/// One nonce for the writer, and who waits for it.
#[derive(Debug)]
struct Waiting {
    record: Record,
    done: oneshot::Sender<()>,
}

/// What is remembered.
#[derive(Debug, Default)]
struct Live {
    by_time: BTreeMap<u64, Vec<(KeyId, Nonce)>>,
    known: HashSet<(KeyId, Nonce)>,
    newest: u64,
    /// The floor of the file: that of `newest` may be higher.
    floor: u64,
    failed: bool,
}

impl Live {
    fn floor(&self) -> u64 {
        self.floor
            .max(self.newest.saturating_sub(REMEMBERED_SECONDS))
    }

    fn insert(&mut self, (time, key, nonce): Record) -> Result<(), NonceError> {
        if self.failed {
            return Err(NonceError::Failed);
        }
        if time <= self.floor() || self.known.contains(&(key, nonce)) {
            return Err(NonceError::Replay);
        }
        if self.known.len() >= MOST {
            return Err(NonceError::Full);
        }
        self.known.insert((key, nonce));
        self.by_time.entry(time).or_default().push((key, nonce));
        self.newest = self.newest.max(time);
        self.floor = self.floor();
        let kept = self.by_time.split_off(&(self.floor + 1));
        for pair in core::mem::replace(&mut self.by_time, kept)
            .into_values()
            .flatten()
        {
            self.known.remove(&pair);
        }
        Ok(())
    }

    fn records(&self) -> impl Iterator<Item = Record> {
        self.by_time
            .iter()
            .flat_map(|(&time, pairs)| pairs.iter().map(move |&(key, nonce)| (time, key, nonce)))
    }
}

impl Nonces {
    /// Opens the file, or begins one.
    ///
    /// # Errors
    /// [`NonceError::Io`], [`NonceError::Damaged`].
    pub fn open(path: &Path) -> Result<Self, NonceError> {
        let io = |source| NonceError::Io {
            path: path.to_owned(),
            source,
        };
        let mut live = Live::default();
        match File::open(path) {
            Ok(mut file) => {
                let mut bytes = Vec::new();
                file.read_to_end(&mut bytes).map_err(io)?;
                read(&bytes, &mut live).ok_or_else(|| NonceError::Damaged {
                    path: path.to_owned(),
                })?;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(io(error)),
        }
        let mut file = Writer {
            path: path.to_owned(),
            file: None,
            records: 0,
        };
        // Always written anew: without the unfinished record that a crash may have left.
        file.rewrite(&live).map_err(io)?;
        let live = Arc::new(Mutex::new(live));
        let (sender, receiver) = mpsc::sync_channel(1 << 14);
        let shared = Arc::clone(&live);
        let writer = std::thread::Builder::new()
            .name("nonces".to_owned())
            .spawn(move || file.run(&receiver, &shared))
            .map_err(io)?;
        Ok(Self {
            live,
            sender: Some(sender),
            writer: Some(writer),
        })
    }

    /// Takes a nonce, and waits until that is on the disk. Only then may the request be carried out. `time` is that of
    /// the request, in seconds since 1970.
    ///
    /// # Errors
    /// [`NonceError`]; the request must not be carried out.
    pub async fn take(&self, key: KeyId, nonce: Nonce, time: u64) -> Result<(), NonceError> {
        let record = (time, key, nonce);
        lock(&self.live).insert(record)?;
        let (done, waiting) = oneshot::channel();
        let sender = self.sender.as_ref().ok_or(NonceError::Failed)?;
        // The nonce stays taken if the queue is full: whoever signs tries again with another.
        sender
            .try_send(Waiting { record, done })
            .map_err(|error| match error {
                mpsc::TrySendError::Full(_) => NonceError::Full,
                mpsc::TrySendError::Disconnected(_) => NonceError::Failed,
            })?;
        waiting.await.map_err(|_| NonceError::Failed)
    }

    /// Whether the disk failed: the node must end.
    #[must_use]
    pub fn failed(&self) -> bool {
        lock(&self.live).failed
    }

    /// How many nonces are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        lock(&self.live).known.len()
    }

    /// Whether none is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Drop for Nonces {
    fn drop(&mut self) {
        self.sender = None;
        if let Some(writer) = self.writer.take() {
            // A panic there has set nothing right that could be said here.
            let _ = writer.join();
        }
    }
}

fn lock(live: &Mutex<Live>) -> MutexGuard<'_, Live> {
    live.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The thread's side.
struct Writer {
    path: PathBuf,
    file: Option<File>,
    records: usize,
}

impl Writer {
    fn run(mut self, receiver: &Receiver<Waiting>, live: &Mutex<Live>) {
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

    fn rewrite(&mut self, live: &Live) -> io::Result<()> {
        let (bytes, records) = encode(live);
        self.replace(&bytes, records)
    }

    fn replace(&mut self, bytes: &[u8], records: usize) -> io::Result<()> {
        let next = self.path.with_extension("next");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&next)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        std::fs::rename(&next, &self.path)?;
        crate::disk::sync_folder(&self.path)?;
        // The handle follows the rename, and its position is the end.
        self.file = Some(file);
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
fn read(bytes: &[u8], live: &mut Live) -> Option<()> {
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
        let _ = live.insert(found);
    }
    records.all(|rest| rest.is_none()).then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(n: u8) -> KeyId {
        KeyId::from_bytes([n; 12])
    }

    fn nonce(n: u64) -> Nonce {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&n.to_le_bytes());
        Nonce::from_bytes(bytes)
    }

    fn take(nonces: &Nonces, n: u64, time: u64) -> Result<(), NonceError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(nonces.take(key(1), nonce(n), time))
    }

    #[test]
    fn a_nonce_counts_once_also_after_a_restart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nonces");
        let nonces = Nonces::open(&path).unwrap();
        take(&nonces, 1, 1000).unwrap();
        take(&nonces, 2, 1000).unwrap();
        assert!(matches!(take(&nonces, 1, 1000), Err(NonceError::Replay)));
        assert!(
            matches!(take(&nonces, 1, 1001), Err(NonceError::Replay)),
            "at another time"
        );
        drop(nonces);
        let nonces = Nonces::open(&path).unwrap();
        assert_eq!(nonces.len(), 2);
        assert!(matches!(take(&nonces, 2, 1000), Err(NonceError::Replay)));
        take(&nonces, 3, 1000).unwrap();
    }

    #[test]
    fn what_is_forgotten_is_refused_by_its_age() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nonces");
        let nonces = Nonces::open(&path).unwrap();
        take(&nonces, 1, 1000).unwrap();
        take(&nonces, 2, 1120).unwrap();
        assert_eq!(nonces.len(), 1, "1000 is 120 s below 1120");
        assert!(matches!(take(&nonces, 1, 1000), Err(NonceError::Replay)));
        assert!(
            matches!(take(&nonces, 9, 1000), Err(NonceError::Replay)),
            "nor a fresh nonce"
        );
        take(&nonces, 1, 1001).unwrap();
        drop(nonces);
        // The floor outlives the process.
        let nonces = Nonces::open(&path).unwrap();
        assert!(matches!(take(&nonces, 9, 1000), Err(NonceError::Replay)));
        assert!(matches!(take(&nonces, 1, 1001), Err(NonceError::Replay)));
    }

    /// Random requests at times that jump about, with restarts: each (nonce, time) is accepted at most once.
    #[test]
    fn nothing_is_accepted_twice_under_any_times() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nonces");
        let mut nonces = Nonces::open(&path).unwrap();
        let mut accepted = HashSet::new();
        let (mut replays, mut state) = (0, 0x9e37_79b9_7f4a_7c15_u64);
        let mut random = move |below: u64| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state % below
        };
        let mut base = 10_000;
        for step in 0..3000 {
            if step % 500 == 499 {
                drop(nonces);
                nonces = Nonces::open(&path).unwrap();
            }
            // Time goes on, and now and then somebody sends what is up to 400 s old.
            base += random(4);
            let old = if random(4) == 0 {
                random(400)
            } else {
                random(30)
            };
            let (n, time) = (random(64), base - old);
            match take(&nonces, n, time) {
                Ok(()) => assert!(accepted.insert((n, time)), "{n} at {time} twice"),
                Err(NonceError::Replay) => replays += 1,
                Err(other) => panic!("{other}"),
            }
        }
        assert!(
            accepted.len() > 50 && replays > 500,
            "{} {replays}",
            accepted.len()
        );
    }

    #[test]
    fn a_torn_record_is_cut_and_damage_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nonces");
        let nonces = Nonces::open(&path).unwrap();
        for n in 0..5 {
            take(&nonces, n, 1000).unwrap();
        }
        drop(nonces);
        let whole = std::fs::read(&path).unwrap();
        assert_eq!(whole.len(), HEADER + 5 * RECORD);
        for cut in 1..=RECORD {
            std::fs::write(&path, &whole[..whole.len() - cut]).unwrap();
            let nonces = Nonces::open(&path).unwrap();
            assert_eq!(nonces.len(), 4, "{cut} bytes cut");
            take(&nonces, 4, 1000).unwrap();
        }
        for damaged in 0..whole.len() - RECORD {
            let mut bytes = whole.clone();
            bytes[damaged] ^= 1;
            std::fs::write(&path, &bytes).unwrap();
            assert!(
                matches!(Nonces::open(&path), Err(NonceError::Damaged { .. })),
                "byte {damaged}"
            );
        }
    }

    #[test]
    fn the_file_stays_small_and_keeps_what_counts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nonces");
        let nonces = Nonces::open(&path).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        runtime.block_on(async {
            // 3 x 16,384 nonces at 3 times: all but the last third are forgotten.
            for third in 0..3_u64 {
                let time = 1000 + 200 * third;
                let all: Vec<_> = (0..SMALL as u64)
                    .map(|n| Box::pin(nonces.take(key(1), nonce(third << 32 | n), time)))
                    .collect();
                for taken in futures_join(all).await {
                    taken.unwrap();
                }
            }
        });
        assert_eq!(nonces.len(), SMALL);
        drop(nonces);
        let length = std::fs::metadata(&path).unwrap().len();
        assert!(length <= (HEADER + 2 * SMALL * RECORD) as u64, "{length}");
        let nonces = Nonces::open(&path).unwrap();
        assert_eq!(nonces.len(), SMALL);
        assert!(matches!(
            take(&nonces, 2 << 32, 1400),
            Err(NonceError::Replay)
        ));
        assert!(matches!(take(&nonces, 7, 1200), Err(NonceError::Replay)));
    }

    /// Waits for all, having started each before waiting for the first.
    async fn futures_join<F: Future + Unpin>(mut all: Vec<F>) -> Vec<F::Output> {
        let mut done: Vec<_> = all.iter().map(|_| None).collect();
        std::future::poll_fn(|context| {
            for (future, done) in all.iter_mut().zip(&mut done) {
                if done.is_none()
                    && let std::task::Poll::Ready(output) = std::pin::Pin::new(future).poll(context)
                {
                    *done = Some(output);
                }
            }
            if done.iter().all(Option::is_some) {
                std::task::Poll::Ready(())
            } else {
                std::task::Poll::Pending
            }
        })
        .await;
        done.into_iter().flatten().collect()
    }
}
