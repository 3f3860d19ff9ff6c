//! Settlement on a disk: what was answered lasts.
//!
//! The log of calls is the state. Each call that changes anything is written with its caller and its time, in one
//! transaction of redb that is synchronised, *before* it is answered. To open is to replay the log: by the same state
//! machine, without verifying proofs again. So nothing is stored twice, and nothing can differ from what was decided.
//! The batches in the log are the published data that people leave by.
//!
//! A folder is one process's: another one that opens it is refused. After a failed write nobody knows what the disk
//! has: every further call is refused, and the process is to be started again.

use std::{
    fmt,
    fs::{self, File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard},
    time::{SystemTime, UNIX_EPOCH},
};

use redb::{Database, ReadableDatabase as _, ReadableTable as _, TableDefinition};
use thiserror::Error;

use crate::{
    BatchData, Call, CallError, Claim, Genesis, GenesisError, Obligation, Outcome, Party, Payment,
    Proofs, Settlement, State, Status,
    bytes::BytesError,
    party::sync_folder,
    proofs::Replayed,
    state::{Context, Refusal},
};

/// What settlement began with, and the version of the file.
const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
/// Calls by number: caller (20), time (8, little-endian), and the call.
const CALLS: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("calls");
/// By the number of a batch, the call that published it.
const BATCHES: TableDefinition<'_, u64, u64> = TableDefinition::new("batches");

const FORMAT: &[u8] = b"winterlane settlement 1";
const FILE: &str = "settlement.redb";
/// Bytes of a call's row before the call.
const HEAD: usize = 28;

/// Why settlement cannot be opened, or a call not be stored.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process has it open.
    #[error("{path} is open in another process: one folder, one process")]
    Locked {
        /// The folder.
        path: PathBuf,
    },
    /// There is one already.
    #[error("{path} is there already: settlement begins once")]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// There is none.
    #[error("{path} is not there: make it first")]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// The system.
    #[error("{path}: {source}")]
    Io {
        /// What was read or written.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The database.
    #[error("the database")]
    Database(#[source] Box<redb::Error>),
    /// A genesis that settlement cannot begin with.
    #[error(transparent)]
    Genesis(#[from] GenesisError),
    /// The file is not one of settlement, or of a version to come.
    #[error("{path} is no settlement of this version")]
    Format {
        /// The file.
        path: PathBuf,
    },
    /// What settlement began with cannot be read.
    #[error("what settlement began with cannot be read")]
    Opening(#[source] serde_json::Error),
    /// A call in the log is none.
    #[error("call {number} of the log is damaged")]
    Call {
        /// Its number.
        number: u64,
        /// Why.
        #[source]
        source: Option<BytesError>,
    },
    /// A call in the log is refused: the file is damaged, or the log of another version.
    #[error("call {number} of the log cannot be replayed")]
    Replay {
        /// Its number.
        number: u64,
        /// Why it is refused.
        #[source]
        source: Box<Refusal>,
    },
}

macro_rules! from_redb {
    ($($error:ident),*) => {
        $(impl From<redb::$error> for StoreError {
            fn from(error: redb::$error) -> Self {
                Self::Database(Box::new(error.into()))
            }
        })*
    };
}
from_redb!(
    DatabaseError,
    TransactionError,
    TableError,
    StorageError,
    CommitError
);

fn at(path: &Path) -> impl FnOnce(io::Error) -> StoreError {
    let path = path.to_owned();
    move |source| StoreError::Io { path, source }
}

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
    database: Database,
    _lock: File,
    genesis: Genesis,
    memory: Mutex<Memory>,
    proofs: P,
    clock: Clock,
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
    /// A call was decided and may not be on the disk.
    failed: bool,
}

/// Makes settlement in a folder.
///
/// # Errors
/// [`StoreError`]; the folder then has no settlement.
pub fn create(folder: &Path, genesis: &Genesis) -> Result<(), StoreError> {
    State::new(genesis)?;
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(at(folder))?;
    let _lock = lock(folder)?;
    let path = folder.join(FILE);
    if path.exists() {
        return Err(StoreError::Exists { path });
    }
    // made beside its place: a power loss leaves a whole one, or none
    let beside = folder.join("settlement.redb.new");
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(&beside)(error)),
        _ => {}
    }
    let database = Database::create(&beside)?;
    let transaction = database.begin_write()?;
    {
        let mut meta = transaction.open_table(META)?;
        meta.insert("format", FORMAT)?;
        let text = serde_json::to_vec(genesis).map_err(StoreError::Opening)?;
        meta.insert("genesis", text.as_slice())?;
        transaction.open_table(CALLS)?;
        transaction.open_table(BATCHES)?;
    }
    transaction.commit()?;
    drop(database);
    let made = File::open(&beside).and_then(|file| file.sync_all());
    made.map_err(at(&beside))?;
    fs::rename(&beside, &path).map_err(at(&path))?;
    sync_folder(&path).map_err(at(folder))
}

fn lock(folder: &Path) -> Result<File, StoreError> {
    let path = folder.join("lock");
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    let file = options.open(&path).map_err(at(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
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
        let _lock = lock(folder)?;
        let database = Database::open(&path)?;
        let read = database.begin_read()?;
        let (genesis, state, next) = {
            let meta = read.open_table(META)?;
            let format = meta.get("format")?;
            if format.is_none_or(|format| format.value() != FORMAT) {
                return Err(StoreError::Format { path });
            }
            let text = meta.get("genesis")?;
            let text = text.ok_or(StoreError::Format { path })?;
            let genesis: Genesis =
                serde_json::from_slice(text.value()).map_err(StoreError::Opening)?;
            let mut state = State::new(&genesis)?;
            let mut next = 0;
            for row in read.open_table(CALLS)?.iter()? {
                let (number, bytes) = row?;
                let number = number.value();
                if number != next {
                    let source = None;
                    return Err(StoreError::Call { number, source });
                }
                let (context, call) = row_of(number, bytes.value())?;
                let replayed = state.call(context, &call, &Replayed);
                replayed.map_err(|refusal| StoreError::Replay {
                    number,
                    source: Box::new(refusal),
                })?;
                next += 1;
            }
            (genesis, state, next)
        };
        drop(read);
        Ok(Arc::new(Self {
            proofs: proofs(&genesis),
            database,
            _lock,
            genesis,
            memory: Mutex::new(Memory {
                state,
                next,
                failed: false,
            }),
            clock,
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
        let mut memory = self.memory()?;
        let now = (self.clock)().max(memory.state.status().now);
        let context = Context { caller, now };
        let outcome = memory.state.call(context, call, &self.proofs)?;
        if matches!(outcome, Outcome::AlreadySettled { .. }) {
            return Ok(outcome);
        }
        let number = memory.next;
        if let Err(error) = self.write(number, context, call) {
            memory.failed = true;
            return Err(unavailable(error));
        }
        memory.next += 1;
        Ok(outcome)
    }

    fn write(&self, number: u64, context: Context, call: &Call) -> Result<(), StoreError> {
        let transaction = self.database.begin_write()?;
        {
            let mut row = Vec::with_capacity(HEAD + 64);
            row.extend_from_slice(&context.caller.0);
            row.extend_from_slice(&context.now.to_le_bytes());
            row.extend_from_slice(&call.to_bytes());
            transaction
                .open_table(CALLS)?
                .insert(number, row.as_slice())?;
            if let Call::Publish { batch, .. } = call {
                let mut batches = transaction.open_table(BATCHES)?;
                batches.insert(batch.public.batch_number, number)?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    fn batch(&self, batch: u64) -> Result<Option<BatchData>, StoreError> {
        let read = self.database.begin_read()?;
        let Some(number) = read.open_table(BATCHES)?.get(batch)? else {
            return Ok(None);
        };
        let number = number.value();
        let calls = read.open_table(CALLS)?;
        let source = None;
        let row = calls
            .get(number)?
            .ok_or(StoreError::Call { number, source })?;
        match row_of(number, row.value())? {
            (_, Call::Publish { batch, .. }) => Ok(Some(batch)),
            _ => Err(StoreError::Call {
                number,
                source: None,
            }),
        }
    }
}

fn row_of(number: u64, row: &[u8]) -> Result<(Context, Call), StoreError> {
    let damaged = |source| StoreError::Call { number, source };
    let (caller, rest) = row.split_first_chunk::<20>().ok_or(damaged(None))?;
    let (now, call) = rest.split_first_chunk::<8>().ok_or(damaged(None))?;
    let context = Context {
        caller: Party(*caller),
        now: u64::from_le_bytes(*now),
    };
    let call = Call::from_bytes(call).map_err(|error| damaged(Some(error)))?;
    Ok((context, call))
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

    fn batch(&self, number: u64) -> Result<Option<BatchData>, CallError> {
        self.durable.batch(number).map_err(unavailable)
    }

    fn obligations(&self, first: u64, limit: usize) -> Result<Vec<(u64, Obligation)>, CallError> {
        self.durable.read(|state| state.obligations(first, limit))
    }

    fn payments(&self, first: u64, limit: usize) -> Result<Vec<Payment>, CallError> {
        self.durable.read(|state| state.payments(first, limit))
    }

    fn claims(&self) -> Result<Vec<(Claim, u32, u128)>, CallError> {
        self.durable.read(|state| state.claims(self.caller))
    }
}
