//! Nonces of signed requests: each counts once, also after a crash, whatever the clock does.
//!
//! # Why no replay gets in
//!
//! Let `newest` be the greatest time of any accepted request, and `floor = newest - 120 s`. A request is refused when
//! its time is at or below the floor, or when its nonce is remembered; every accepted nonce above the floor is
//! remembered. So for each request that was ever accepted: either its nonce is still remembered, or its time is at or
//! below the floor, which never sinks. The clock is not in the argument. (The window of 30 seconds around the clock
//! is a second, independent check.) The floor moves by accepted requests alone: a clock that jumps ahead and back
//! moves nothing, unless somebody signs for the time in between: then requests of the true time are refused until it has
//! caught up, which keeps operators waiting and lets nothing in.
//!
//! If the file is lost, nobody knows which nonces were used. The floor then begins above every time that a request which
//! was ever accepted can have had.

mod file;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, HashSet},
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{self, SyncSender},
    },
    thread::JoinHandle,
};

use thiserror::Error;
use tokio::sync::oneshot;

use self::file::{Writer, read};
use super::{KeyId, Nonce};

/// How many seconds below the newest accepted time a nonce is remembered.
pub(crate) const REMEMBERED_SECONDS: u64 = 120;
/// The most nonces that are remembered; then requests wait for the oldest to be forgotten.
const MOST: usize = 1 << 20;

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
    #[error("{path}: not a file of nonces, or damaged; remove it: for a minute the node then refuses signed requests, since any of them may have been carried out before", path = path.display())]
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
        self.remember((time, key, nonce));
        Ok(())
    }

    fn remember(&mut self, (time, key, nonce): Record) {
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
    }

    fn records(&self) -> impl Iterator<Item = Record> {
        self.by_time
            .iter()
            .flat_map(|(&time, pairs)| pairs.iter().map(move |&(key, nonce)| (time, key, nonce)))
    }
}

impl Nonces {
    /// Opens the file, or begins one. `floor`: the time in seconds at and below which nothing is accepted if there is no file,
    /// 0 where there never was one.
    ///
    /// # Errors
    /// [`NonceError::Io`], [`NonceError::Damaged`].
    pub fn open(path: &Path, floor: u64) -> Result<Self, NonceError> {
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
            Err(error) if error.kind() == io::ErrorKind::NotFound => live.floor = floor,
            Err(error) => return Err(io(error)),
        }
        let mut file = Writer::new(path);
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
