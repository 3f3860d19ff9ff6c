//! Private operations that workers verify, beside the node's own verifier.
//!
//! The way is the real one: the panel draws two workers of different clients, PostgreSQL carries the case to them, each verifies
//! the proof and signs what it says, and the panel counts both. What a node does besides (reading the operation, anchors and
//! nullifiers, the log) is the same with and without workers, and is not in it.
//!
//! On one machine workers and node share its cores, so that two workers there are not faster than the node alone: each operation is
//! verified twice. What the figures are for is an estimate of more machines. With *r* operations a second that a worker verifies,
//! and *R* that go through panel and queue when nobody verifies anything, *W* workers on machines of their own give
//!
//! ```text
//! operations a second = min(W · r / 2, R)
//! ```

use std::{
    num::{NonZeroU32, NonZeroUsize},
    path::PathBuf,
    sync::{
        Arc,
        mpsc::{Receiver, sync_channel},
    },
    time::{Duration, Instant},
};

use tokio::sync::oneshot;
use winterlane_air::presets::{HidingPreset, HidingPresetName, SecurityLevel};
use winterlane_ledger::{
    Amount, AssetId, BaseElement, BatchNumber, Digest,
    pool::{PoolPolicy, PrivateOperation},
    private::{Note, NoteKeys, NoteTree, PrivateInputs, SpendKey, WithdrawalInputs},
};
use winterlane_prover::{
    EngineOptions, HidingRng, PrivateWitness,
    private::{NewNote, SpentNote, WithdrawalWitness},
    prove_private,
};

use super::{BenchError, Place, Report, payers::domain, rate};
use crate::{
    FeeSchedule, Genesis, Limits, OrderId, PanelSettings,
    keys::{ClientName, PrivateKey, PublicKey},
    panel::{self, Counts, Doubt, Panel, Parts, Roster, SignedVerdict, Verdict, counted},
    private::{Verified, Verifier, encode},
    queue::{
        QueueError,
        postgres::{
            Address,
            panel::{Assignments, PostgresPanel},
        },
    },
    run::{
        shared::Shared,
        verify::{Judge, PrivateSubmission},
        writer::Task,
    },
    store::Store,
    worker::{self, Checking, Stop, WorkerOptions},
};

/// Longer than anything that is waited for here.
const PATIENCE: Duration = Duration::from_secs(600);
/// How often it is looked whether workers are present.
const LOOK: Duration = Duration::from_millis(10);
/// Cases that one client's workers may have at once: beyond that the node would verify itself.
const MOST: usize = 64;

/// What is verified.
#[derive(Clone, Debug, clap::Args)]
pub struct Settings {
    /// Operations of each measurement.
    #[arg(long, default_value_t = 400)]
    pub operations: usize,
    /// Operations that are under way at once, 64 at most.
    #[arg(long, default_value_t = 32)]
    pub waiting: usize,
    /// Where files are made, in place of the system's folder for temporary files.
    #[arg(long)]
    pub folder: Option<PathBuf>,
}

/// Measures one verifier alone, and the panel with one and two workers, and with two that verify nothing. No other node and no other
/// worker should use the queue meanwhile.
///
/// # Errors
/// [`BenchError`] when the settings make no sense, or the queue cannot be used.
pub fn measure(settings: &Settings, queue: &Address) -> Result<Report, BenchError> {
    let sensible = |fits: bool, setting, what| {
        if fits {
            Ok(())
        } else {
            Err(BenchError::Setting { setting, what })
        }
    };
    sensible(settings.operations > 0, "operations", "at least 1")?;
    let some = (1..=MOST).contains(&settings.waiting);
    sensible(some, "waiting", "from 1 to 64")?;
    let operation = withdrawal()?;
    let bench = Bench {
        settings,
        queue,
        id: OrderId::of_private(&encode(&operation)),
        operation,
        place: Place::new(settings.folder.as_deref())?,
    };
    let judge: Judge = Arc::new(Verifier);
    let begun = Instant::now();
    for _ in 0..settings.operations {
        bench.verify(&judge)?;
    }
    let own = begun.elapsed();
    let through = |workers, kind| bench.through(workers, kind);
    let (one, two) = (through(1, Kind::Verifying)?, through(2, Kind::Verifying)?);
    let unseen = through(2, Kind::Agreeing)?;
    let count = settings.operations as u64;
    let line = |passed: &Passed| {
        let Passed { took, by_node } = passed;
        format!(
            "{}, {by_node} of {count} verified by the node",
            rate(count, *took)
        )
    };
    Ok(Report {
        title: "private operations verified by workers",
        settings: vec![
            ("operations", settings.operations.to_string()),
            ("under way at once", settings.waiting.to_string()),
            ("bytes of a proof", bench.operation.proof.len().to_string()),
        ],
        figures: vec![
            ("the node's own verifier, one thread", rate(count, own)),
            ("with 1 worker, when nobody is asked", line(&one)),
            ("with 2 workers, each of which verifies all", line(&two)),
            ("with 2 workers that verify nothing", line(&unseen)),
        ],
    })
}

/// What workers do.
#[derive(Clone, Copy, Debug)]
enum Kind {
    /// As `winterlane-worker --checks-only`.
    Verifying,
    /// They say that everything holds, and look at nothing.
    Agreeing,
}

/// How long it took, and how many proofs the node verified all the same.
struct Passed {
    took: Duration,
    by_node: u64,
}

/// The workers' keys.
#[derive(Debug)]
struct Known(Vec<(ClientName, PrivateKey)>);

impl Roster for Known {
    fn verifier(&self, key: &PublicKey) -> Option<ClientName> {
        let known = self.0.iter().find(|(_, known)| known.public() == *key);
        known.map(|(client, _)| client.clone())
    }
}

struct Bench<'a> {
    settings: &'a Settings,
    queue: &'a Address,
    operation: PrivateOperation,
    id: OrderId,
    place: Place,
}

impl Bench<'_> {
    /// As a node does it itself.
    fn verify(&self, judge: &Judge) -> Result<(), BenchError> {
        let operation = self.operation.clone();
        let checked = Verified::check(operation, &domain(), &**judge);
        checked.map(drop).map_err(broken)
    }

    /// All operations through a panel with so many workers, each of a client of its own.
    fn through(&self, workers: usize, kind: Kind) -> Result<Passed, BenchError> {
        let folder = self.place.path().join(format!("{workers}-{kind:?}"));
        std::fs::create_dir(&folder).map_err(broken)?;
        let store = Arc::new(Store::open(&folder, &Genesis::empty(domain()), 1 << 20)?);
        let (limits, fees) = (Limits::default(), FeeSchedule::free());
        let shared = Arc::new(Shared::new(store, limits, fees, PoolPolicy::open(), 1));
        let key = |number| {
            let client = format!("worker-{number}").parse().map_err(broken)?;
            Ok((client, PrivateKey::random().map_err(broken)?))
        };
        let keys: Vec<(ClientName, PrivateKey)> =
            (0..workers).map(key).collect::<Result<_, BenchError>>()?;
        shared.trust(Arc::new(Known(keys.clone())));
        let counts = Arc::<Counts>::default();
        let judge = counted(Arc::new(Verifier), &counts);
        // the panel never waits for the measurement
        let (writer, tasks) = sync_channel(MOST + 1);
        let parts = Parts {
            settings: PanelSettings {
                sample: NonZeroU32::MAX,
                patience: PATIENCE,
            },
            domain: domain(),
            judge: Arc::clone(&judge),
            doubt: Arc::new(Doubt::open(&folder)?),
            counts: Arc::clone(&counts),
            shared: Arc::downgrade(&shared),
            writer,
        };
        let (panel, threads) = panel::spawn(parts, |wake| {
            let queue = PostgresPanel::new(self.queue.clone(), domain(), wake)?;
            Ok(Box::new(queue))
        })?;
        let stop = Stop::new();
        let passed = std::thread::scope(|scope| {
            for (client, key) in &keys {
                let (stop, queue) = (&stop, self.queue);
                // one that does not come is missed below
                scope.spawn(move || match kind {
                    Kind::Verifying => {
                        let _ = worker::run(&options(queue, client, key), stop);
                    }
                    Kind::Agreeing => agree(queue, client, key, stop),
                });
            }
            let passed = self.pass(&panel, &tasks, (&judge, &counts), workers);
            stop.ask(Duration::ZERO);
            passed
        });
        drop(panel);
        for thread in threads {
            // one that has panicked has said so
            let _ = thread.join();
        }
        passed
    }

    fn pass(
        &self,
        panel: &Panel,
        tasks: &Receiver<Task>,
        (judge, counts): (&Judge, &Counts),
        workers: usize,
    ) -> Result<Passed, BenchError> {
        let begun = Instant::now();
        while counts.view().workers < workers as u64 {
            if begun.elapsed() > PATIENCE {
                let reason = "the workers did not come: can the queue be used?";
                return Err(BenchError::Broken(reason.into()));
            }
            std::thread::sleep(LOOK);
        }
        let (mut sent, mut done) = (0, 0);
        let begun = Instant::now();
        while done < self.settings.operations {
            while sent < self.settings.operations && sent - done < self.settings.waiting {
                sent += 1;
                let submission = Box::new(PrivateSubmission {
                    id: self.id,
                    operation: self.operation.clone(),
                    answer: oneshot::channel().0,
                });
                // there are no two workers: the node does it, as it would without any
                if panel.ask(submission).is_err() {
                    self.verify(judge)?;
                    done += 1;
                }
            }
            if done < sent {
                match tasks.recv_timeout(PATIENCE) {
                    Ok(Task::Private(_)) => done += 1,
                    other => return Err(BenchError::Broken(format!("no verdict: {other:?}"))),
                }
            }
        }
        Ok(Passed {
            took: begun.elapsed(),
            by_node: counts.view().by_node,
        })
    }
}

fn options(queue: &Address, client: &ClientName, key: &PrivateKey) -> WorkerOptions {
    WorkerOptions {
        queue: queue.clone(),
        objects: None,
        name: client.to_string(),
        memory: None,
        threads: Some(NonZeroUsize::MIN),
        lease: Duration::from_secs(30),
        heartbeat: Duration::from_secs(10),
        poll: Duration::from_secs(1),
        checking: Some(Checking {
            key: key.clone(),
            threads: NonZeroUsize::MIN,
        }),
    }
}

/// A worker that verifies nothing, until it is asked to stop: what is left is panel and queue.
fn agree(queue: &Address, client: &ClientName, key: &PrivateKey, stop: &Stop) {
    let policy = panel::policy();
    let serve = || -> Result<(), QueueError> {
        let mut assignments = Assignments::connect(queue, key.public())?;
        let mut appeared: Option<Instant> = None;
        while !stop.asked() {
            if appeared.is_none_or(|last| last.elapsed() > Duration::from_secs(1)) {
                assignments.appear(client.as_str(), &policy)?;
                appeared = Some(Instant::now());
            }
            let assigned = assignments.take(4)?;
            if assigned.is_empty() {
                assignments.wait(Duration::from_millis(100))?;
            }
            for one in assigned {
                let said = SignedVerdict::new(&one.case, Verdict::Holds, key);
                assignments.answer(&one.case.rollup, &said)?;
            }
        }
        Ok(())
    };
    // before the panel has made the tables there are none
    while !stop.asked() && serve().is_err() {
        stop.sleep(Duration::from_millis(100));
    }
}

/// A private withdrawal with a real proof.
fn withdrawal() -> Result<PrivateOperation, BenchError> {
    let number = |number| Digest([number; 4].map(BaseElement::new));
    let keys = NoteKeys {
        spend: SpendKey(number(1)),
        nullifier: number(2),
    };
    let (asset, value, amount) = (AssetId::new(1), Amount::new(100), Amount::new(40));
    let note = Note {
        owner: keys.address(),
        asset,
        value,
        rho: number(3),
    };
    let mut tree = NoteTree::default();
    let position = tree.append(note.commitment()).map_err(broken)?;
    let spent = SpentNote {
        keys,
        rho: note.rho,
        asset,
        value,
        path: tree.path(position),
        association: None,
    };
    let left = value.checked_sub(amount).unwrap_or(Amount::ZERO);
    let change = NewNote::new(&note.owner, &number(4), left);
    let inputs = PrivateInputs::Withdrawal(WithdrawalInputs {
        anchor: tree.root(),
        nullifier: spent.nullifier(),
        change: change.commitment(asset),
        recipient: [7; 20],
        amount,
        fee: Amount::ZERO,
        asset,
        domain: domain(),
        valid_until: BatchNumber::new(1 << 40),
        ciphertexts: [0; 32],
        association: None,
    });
    let witness = PrivateWitness::Withdrawal(Box::new(WithdrawalWitness {
        note: spent,
        change,
    }));
    let proven = prove_private(
        &inputs,
        &witness,
        HidingPreset::new(HidingPresetName::Compact, SecurityLevel::Bits128),
        &mut HidingRng::from_system().map_err(broken)?,
        &EngineOptions::default(),
    );
    Ok(PrivateOperation {
        inputs,
        sealed: Vec::new(),
        proof: proven.map_err(broken)?.proof,
    })
}

fn broken(error: impl std::fmt::Display) -> BenchError {
    BenchError::Broken(error.to_string())
}
