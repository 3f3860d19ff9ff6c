//! Changes of accounts in a large store.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    thread::{self, ScopedJoinHandle},
    time::{Duration, Instant},
};

use winterlane_ledger::{
    Account, AccountId, Amount, BatchNumber, KeySlot, Nonce,
    state::{Changes, ReadState, State},
};
use winterlane_prover::SimdCompressor;

use super::{
    BenchError, Place, Report, forget_peak, mebibytes, millis,
    payers::{ASSET, domain},
    peak_memory, percentile, rate,
};
use crate::store::{FILE, FolderLock, Genesis, Store, StoreError, StoreState};

/// What is changed.
#[derive(Clone, Debug, clap::Args)]
pub struct Settings {
    /// Accounts of the store.
    #[arg(long, default_value_t = 10_000_000)]
    pub accounts: u32,
    /// Changes in all, of accounts at random.
    #[arg(long, default_value_t = 200_000)]
    pub updates: u32,
    /// Changes of one transaction: a batch of 1,024 transfers changes 2,048 accounts.
    #[arg(long, default_value_t = 2_048)]
    pub batch: u32,
    /// Spreads the accounts over the whole range of ids, in place of one after another as settlement allots them: the
    /// worst case, with some ten times as many nodes of the tree, and many times as long to make.
    #[arg(long)]
    pub spread: bool,
    /// Mebibytes of the store that are kept in memory.
    #[arg(long, default_value_t = 256)]
    pub cache_mib: usize,
    /// Where the store is made, in place of the system's folder for temporary files.
    #[arg(long)]
    pub folder: Option<PathBuf>,
    /// A folder in which the store is made if it has none, and stays: the next measurement takes the store that is
    /// there, as the one before has left it.
    #[arg(long, value_name = "FOLDER", conflicts_with = "folder")]
    pub store: Option<PathBuf>,
}

/// Numbers that look random (SplitMix64).
struct Numbers(u64);

impl Numbers {
    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// Makes a store, changes accounts of it batch by batch, and measures how many a second last.
///
/// # Errors
/// [`BenchError`].
pub fn measure(settings: &Settings) -> Result<Report, BenchError> {
    let Settings {
        accounts,
        updates,
        batch,
        cache_mib,
        spread,
        ..
    } = *settings;
    if accounts == 0 || batch == 0 || updates == 0 {
        return Err(BenchError::Setting {
            setting: "accounts, --updates, --batch",
            what: "at least 1",
        });
    }
    // how far apart neighbours are
    let step = if spread { u32::MAX / accounts } else { 1 };
    let place = Where::of(settings)?;
    let cache = cache_mib.saturating_mul(1 << 20);
    forget_peak();
    let began = Instant::now();
    let made = !place.path().join(FILE).exists();
    if made {
        let opening = (0..accounts).map(|number| {
            let account = Account {
                asset: ASSET,
                balance: Amount::new(1_000),
                nonce: Nonce::ZERO,
                slots: [KeySlot::default(); 2],
            };
            (AccountId::new(number * step), account)
        });
        Store::create_with(place.path(), domain(), opening, cache)?;
    }
    let store = Store::open(place.path(), &Genesis::empty(domain()), cache)?;
    let filling = began.elapsed();
    let filled = peak_memory();
    let store = Arc::new(store);
    let mut state = StoreState::new(store.clone())?;
    let [last, beyond] = [0, 1].map(|more| AccountId::new((accounts - 1) * step + more));
    if state.account(last)?.is_none() || !state.accounts_from(beyond, 1)?.is_empty() {
        return Err(BenchError::Setting {
            setting: "store",
            what: "a folder whose store was made with the same --accounts and --spread",
        });
    }
    forget_peak();

    let mut numbers = Numbers(1);
    let mut left = updates;
    let mut latencies = Vec::new();
    let began = Instant::now();
    // As the node does it: while a batch is written, the next is read and hashed.
    thread::scope(|scope| -> Result<(), BenchError> {
        let mut writing: Option<ScopedJoinHandle<'_, Result<Duration, StoreError>>> = None;
        let mut written = |state: &mut StoreState,
                           writing: Option<ScopedJoinHandle<'_, _>>|
         -> Result<(), BenchError> {
            let Some(writing) = writing else {
                return Ok(());
            };
            let took = writing
                .join()
                .map_err(|_| BenchError::Broken("the thread that writes has ended".into()))?;
            latencies.push(took?);
            state.written()?;
            Ok(())
        };
        while left > 0 {
            let count = left.min(batch);
            let mut changed = Vec::with_capacity(count as usize);
            for _ in 0..count {
                let number = (numbers.next() % u64::from(accounts)) as u32;
                let id = AccountId::new(number * step);
                let mut account = state.account(id)?.ok_or_else(|| {
                    BenchError::Broken(format!("account {id} is not in the store"))
                })?;
                account.balance = account.balance.saturating_add(Amount::new(1));
                account.nonce = account.nonce.next().unwrap_or(Nonce::MAX);
                changed.push((id, account));
            }
            let changes = Changes::of(&state, changed, &SimdCompressor)?;
            written(&mut state, writing.take())?;
            state.apply(changes.clone())?;
            let version = BatchNumber::new(state.version());
            let store = &store;
            writing = Some(scope.spawn(move || {
                let started = Instant::now();
                store.write_version(version, &changes)?;
                Ok(started.elapsed())
            }));
            left -= count;
        }
        written(&mut state, writing)
    })?;
    let took = began.elapsed();
    let peak = peak_memory();
    latencies.sort_unstable();
    let bytes = std::fs::metadata(place.path().join(FILE));
    let bytes = bytes.ok().map(|metadata| metadata.len());
    Ok(Report {
        title: "changes of accounts in a store, each batch of them one transaction that lasts, while the next is hashed",
        settings: vec![
            ("accounts", accounts.to_string()),
            (
                "their ids",
                if spread {
                    "over the whole range"
                } else {
                    "one after another"
                }
                .to_owned(),
            ),
            ("changes", updates.to_string()),
            ("changes a transaction", batch.to_string()),
            ("cache", format!("{cache_mib} MiB")),
            ("folder", place.path().display().to_string()),
        ],
        figures: vec![
            ("changes", rate(updates.into(), took)),
            (
                "writing a transaction p50",
                millis(percentile(&latencies, 500)),
            ),
            (
                "writing a transaction p99",
                millis(percentile(&latencies, 990)),
            ),
            ("memory at most", mebibytes(peak)),
            ("size of the store", mebibytes(bytes)),
            (
                if made {
                    "making the store"
                } else {
                    "opening the store"
                },
                format!("{}, {} at most", seconds(filling), mebibytes(filled)),
            ),
        ],
    })
}

/// Where the store is.
enum Where {
    /// In a folder that is removed afterwards.
    Own(Place),
    /// In one that stays, and is this process's meanwhile.
    Kept { folder: PathBuf, _lock: FolderLock },
}

impl Where {
    fn of(settings: &Settings) -> Result<Self, BenchError> {
        let Some(folder) = &settings.store else {
            return Ok(Self::Own(Place::new(settings.folder.as_deref())?));
        };
        std::fs::create_dir_all(folder).map_err(|source| BenchError::Io {
            path: folder.clone(),
            source,
        })?;
        Ok(Self::Kept {
            folder: folder.clone(),
            _lock: FolderLock::take(folder)?,
        })
    }

    fn path(&self) -> &Path {
        match self {
            Self::Own(place) => place.path(),
            Self::Kept { folder, .. } => folder,
        }
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}
