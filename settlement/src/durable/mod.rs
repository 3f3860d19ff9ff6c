//! Settlement on a disk: what was answered lasts.
//!
//! Each call that changes anything is written to a log with its caller and its time, in one transaction of redb that is
//! synchronised, *before* it is answered. To open is to replay the log: by the same state machine, without verifying
//! proofs again. When the log has grown by as much as the state is long, the state itself is written, as a *checkpoint*,
//! and what it covers leaves the log in the same transaction; but for the batches, which are the published data that
//! people leave by.
//!
//! Proofs are verified while others read (`verdicts`): one of a batch, and one of anybody else, at a time, since whoever
//! sends many must not take every core. A batch counts when its proofs are verified, not when it arrives: an operator keeps
//! that much of the time that a duty leaves.
//!
//! | module | what it holds |
//! |---|---|
//! | `log` | the tables: appending, replaying, checkpoints |
//! | `error` | why it fails |
//!
//! A folder is one process's: another one that opens it is refused. After a failed write nobody knows what the disk
//! has: every further call is refused, and the process is to be started again.

mod error;
mod log;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    fs::{self, File, TryLockError},
    io,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use redb::Database;

pub use self::error::StoreError;
use self::{
    error::at,
    log::{Log, Opened},
};
use crate::{
    BatchData, Call, CallError, Claim, Genesis, Obligation, Outcome, Party, Payment, Proofs,
    Settlement, State, Status, party::sync_folder, state::Context, verdicts::Verdicts,
};
use winterlane_ledger::{Amount, AssetId, BatchNumber};
use winterlane_machine::{Keeper, folder};

const FILE: &str = "settlement.redb";

/// Bytes that the log grows by, at least, before there is a checkpoint.
const LEAST: u64 = 4 << 20;

/// A clock, in seconds since 1970.
pub type Clock = Box<dyn Fn() -> u64 + Send + Sync>;

/// The system's clock. One that jumps back is not believed; one that jumps ahead makes obligations due: whoever runs
/// settlement keeps it right, as a chain does.
#[must_use]
pub fn system_clock() -> Clock {
    Box::new(|| {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        now.map_or(0, |now| now.as_secs())
    })
}

/// Settlement on a disk.
pub struct Durable<P> {
    log: Log,
    _lock: Option<FolderLock>,
    genesis: Genesis,
    memory: Mutex<Memory>,
    /// Held by whoever has the proofs of a batch verified.
    publishing: Mutex<()>,
    /// Held by whoever has another proof verified: strangers do not keep a batch waiting.
    verifying: Mutex<()>,
    proofs: P,
    clock: Clock,
    /// As [`LEAST`]; a test does not wait for so many.
    least: u64,
}

impl<P> fmt::Debug for Durable<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Durable")
            .field("genesis", &self.genesis)
            .finish_non_exhaustive()
    }
}

struct Memory {
    state: State,
    /// The number of the next call.
    next: u64,
    /// Bytes of calls since the last checkpoint.
    grown: u64,
    /// Bytes of the last checkpoint.
    checkpoint: u64,
    /// A call was decided and may not be on the disk.
    failed: bool,
}

/// Makes settlement in a folder.
///
/// # Errors
/// [`StoreError`]; the folder then has no settlement.
pub fn create(folder: &Path, genesis: &Genesis) -> Result<(), StoreError> {
    State::new(genesis)?;
    folder::check_to_begin(folder, Keeper::Settlement)?;
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(at(folder))?;
    let _lock = lock(folder)?;
    let path = folder.join(FILE);
    // a link that leads nowhere is there, too
    if path.symlink_metadata().is_ok() {
        return Err(StoreError::Exists { path });
    }
    // made beside its place: a power loss leaves a whole one, or none
    let beside = folder.join("settlement.redb.new");
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(&beside)(error)),
        _ => {}
    }
    drop(Log::create(Database::create(&beside)?, genesis)?);
    let made = File::open(&beside).and_then(|file| file.sync_all());
    made.map_err(at(&beside))?;
    fs::rename(&beside, &path).map_err(at(&path))?;
    sync_folder(&path).map_err(at(folder))
}

/// A folder that is this process's alone, until this value is dropped or the process ends.
struct FolderLock(File);

impl Drop for FolderLock {
    fn drop(&mut self) {
        // Closing the file is not enough: a program that another thread starts has it too, until it runs.
        let _ = self.0.unlock();
    }
}

fn lock(folder: &Path) -> Result<FolderLock, StoreError> {
    let path = folder.join("lock");
    let file = folder::open_lock(&path).map_err(at(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(FolderLock(file)),
        Err(TryLockError::WouldBlock) => Err(StoreError::Locked {
            path: folder.to_owned(),
        }),
        Err(TryLockError::Error(error)) => Err(at(&path)(error)),
    }
}

impl<P: Proofs> Durable<P> {
    /// Opens the settlement of a folder: as it was, call for call. What `proofs` are to be asked is chosen by the rules
    /// that it began with.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open(
        folder: &Path,
        proofs: impl FnOnce(&Genesis) -> P,
        clock: Clock,
    ) -> Result<Arc<Self>, StoreError> {
        let path = folder.join(FILE);
        if !path.exists() {
            return Err(StoreError::Missing { path });
        }
        let lock = lock(folder)?;
        let database = Database::open(&path)?;
        Self::with(database, Some(lock), &path, proofs, clock, LEAST)
    }

    fn with(
        database: Database,
        lock: Option<FolderLock>,
        path: &Path,
        proofs: impl FnOnce(&Genesis) -> P,
        clock: Clock,
        least: u64,
    ) -> Result<Arc<Self>, StoreError> {
        let (log, opened) = Log::open(database, path)?;
        let Opened {
            genesis,
            state,
            next,
            grown,
            checkpoint,
        } = opened;
        Ok(Arc::new(Self {
            proofs: proofs(&genesis),
            log,
            _lock: lock,
            genesis,
            memory: Mutex::new(Memory {
                state,
                next,
                grown,
                checkpoint,
                failed: false,
            }),
            publishing: Mutex::default(),
            verifying: Mutex::default(),
            clock,
            least,
        }))
    }

    /// Settlement, as this caller has it.
    #[must_use]
    pub fn by(self: &Arc<Self>, caller: Party) -> Handle<P> {
        Handle {
            durable: Arc::clone(self),
            caller,
        }
    }

    fn memory(&self) -> Result<MutexGuard<'_, Memory>, CallError> {
        let failed = || CallError::Unavailable {
            what: "a write failed, and nobody knows what the disk has: start settlement again"
                .into(),
            source: None,
        };
        let memory = self.memory.lock().map_err(|_| failed())?;
        if memory.failed {
            return Err(failed());
        }
        Ok(memory)
    }

    fn read<T>(&self, read: impl FnOnce(&State) -> T) -> Result<T, CallError> {
        Ok(read(&self.memory()?.state))
    }

    fn call(&self, caller: Party, call: &Call) -> Result<Outcome, CallError> {
        let turn = match call {
            Call::Publish { .. } => &self.publishing,
            _ => &self.verifying,
        };
        let verdicts = Verdicts::default();
        // until the call is made, so that calls with proofs are made in the order in which these are verified
        let mut turn_taken = None;
        let (mut memory, context, outcome) = loop {
            let mut memory = self.memory()?;
            let now = (self.clock)().max(memory.state.status().now);
            let context = Context { caller, now };
            let outcome = memory.state.call(context, call, &verdicts);
            if !verdicts.open() {
                break (memory, context, outcome?);
            }
            if outcome.is_ok() {
                // a mistake of the state machine: what it has now rests on nothing, and is not on the disk
                memory.failed = true;
                continue;
            }
            drop(memory);
            if turn_taken.is_none() {
                turn_taken = Some(turn.lock().unwrap_or_else(PoisonError::into_inner));
                // what came before it in the turn may speak against it: of a note that is forced many times at once, one
                // proof is verified
                verdicts.forget_open();
                continue;
            }
            verdicts.answer(&self.proofs);
        };
        if matches!(outcome, Outcome::AlreadySettled { .. }) {
            return Ok(outcome);
        }
        let written = self.write(&mut memory, context, call);
        if let Err(error) = written {
            // not tried again: a second fsync may succeed without the bytes that the first one lost
            memory.failed = true;
            return Err(unavailable(error));
        }
        Ok(outcome)
    }

    fn write(&self, memory: &mut Memory, context: Context, call: &Call) -> Result<(), StoreError> {
        memory.grown += self.log.append(memory.next, context, call)?;
        memory.next += 1;
        if memory.grown >= memory.checkpoint.max(self.least) {
            let bytes = memory.state.checkpoint();
            self.log.checkpoint(memory.next, &bytes)?;
            memory.checkpoint = bytes.len() as u64;
            memory.grown = 0;
        }
        Ok(())
    }

    fn batch(&self, batch: BatchNumber) -> Result<Option<BatchData>, CallError> {
        drop(self.memory()?);
        self.log.batch(batch).map_err(unavailable)
    }
}

fn unavailable(error: StoreError) -> CallError {
    CallError::Unavailable {
        what: error.to_string(),
        source: Some(Box::new(error)),
    }
}

/// [`Durable`], as one caller has it.
pub struct Handle<P> {
    durable: Arc<Durable<P>>,
    caller: Party,
}

impl<P> fmt::Debug for Handle<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("caller", &self.caller)
            .finish_non_exhaustive()
    }
}

impl<P: Proofs> Settlement for Handle<P> {
    fn status(&self) -> Result<Status, CallError> {
        self.durable.read(State::status)
    }

    fn genesis(&self) -> Result<Genesis, CallError> {
        Ok(self.durable.genesis.clone())
    }

    fn call(&self, call: &Call) -> Result<Outcome, CallError> {
        self.durable.call(self.caller, call)
    }

    fn batch(&self, number: BatchNumber) -> Result<Option<BatchData>, CallError> {
        self.durable.batch(number)
    }

    fn obligations(&self, first: u64, limit: usize) -> Result<Vec<(u64, Obligation)>, CallError> {
        self.durable.read(|state| state.obligations(first, limit))
    }

    fn payments(&self, first: u64, limit: usize) -> Result<Vec<Payment>, CallError> {
        self.durable.read(|state| state.payments(first, limit))
    }

    fn claims(&self) -> Result<Vec<(Claim, AssetId, Amount)>, CallError> {
        self.durable.read(|state| state.claims(self.caller))
    }
}
