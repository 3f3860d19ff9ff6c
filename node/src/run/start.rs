//! Starting and stopping.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{channel, sync_channel},
    },
    thread::Builder,
    time::Instant,
};

use thiserror::Error;

use winterlane_ledger::BatchNumber;
use winterlane_machine::{Keeper, folder};

use super::{
    NodeOptions, Running, admission,
    ages::Ages,
    ahead,
    prover::{self, LocalProver},
    publisher,
    recover::{first_sequence, replay},
    sealer::{self, SecondLook},
    shared::Shared,
    stand::{Backend, Stand, accept_all},
    threads::Calm,
    verify::{self, Judge},
    writer::{DiskReserve, StoreBase, Writer, WriterState},
};
use crate::{
    Node, blob,
    clock::SystemClock,
    core::{Fault, Sequencer},
    panel::{self, Doubt},
    queue::{
        ProofQueue, QueueError,
        dispatch::{self, Dispatch, Wake},
        embedded::Embedded,
        postgres::{
            observer::{self, Observer},
            panel::PostgresPanel,
        },
    },
    settlement::SettlementError,
    store::{FolderLock, Store, StoreError},
    witness::Witnesses,
};

/// Why a node does not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log cannot be replayed.
    #[error("{0}")]
    Replay(String),
    /// A limit is out of range.
    #[error("{0}")]
    Limits(&'static str),
    /// The queue of proofs cannot be used as it was told to.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// Settlement has another history than the store.
    #[error(
        "settlement has batches up to {settled}, and the store another history, or fewer batches: \
         another node published; restore a snapshot and follow settlement"
    )]
    Forked {
        /// Settlement's next batch.
        settled: BatchNumber,
    },
    /// Settlement cannot be used as it was told to, or asks for proofs of more bits than this node makes
    /// ([`SettlementError::TooFewBits`]).
    #[error(transparent)]
    Settlement(#[from] SettlementError),
    /// Workers were to verify private proofs, and nobody would verify them again before they are final.
    #[error(
        "private.workers: settlement must verify the proofs again (settlement.at), so that nothing false becomes final if \
         two workers lie together"
    )]
    NoSecondLook,
    /// Workers were to verify private proofs, and there is nowhere to ask them.
    #[error("private.workers: queue.address says where workers are asked")]
    NowhereToAsk,
}

impl From<Fault> for StartError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Store(error) => Self::Store(error),
            other => Self::Replay(other.to_string()),
        }
    }
}

impl Node {
    /// Starts a node: opens the store, decides again what the log says was decided, and goes on where the
    /// process before ended.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn start(options: NodeOptions) -> Result<(Self, Running), StartError> {
        start(options, Stand::default())
    }
}

/// The most commands that wait, however many orders may.
const COMMANDS: usize = 8192;

/// The channel to the writer: groups of orders and results of the other threads.
const TASKS: usize = 8;

pub(crate) fn start(options: NodeOptions, stand: Stand) -> Result<(Node, Running), StartError> {
    let NodeOptions {
        folder,
        genesis,
        limits,
        fees,
        policy,
        proving,
        shared_queue,
        max_unproven,
        settlement,
        cache_bytes,
        disk_reserve,
        private,
        queue,
    } = options;
    if !limits.slots.is_power_of_two()
        || limits.slots < 2
        || limits.slots > winterlane_ledger::MAX_OPERATIONS
    {
        return Err(StartError::Limits(
            "the slots of a batch are a power of two from 2 to 8192",
        ));
    }
    if private.panel.is_some() {
        if shared_queue.is_none() && stand.panel.is_none() {
            return Err(StartError::NowhereToAsk);
        }
        if !settlement.as_ref().is_some_and(|one| one.verifies()) {
            return Err(StartError::NoSecondLook);
        }
    }
    folder::check_not_anothers(&folder, Keeper::Node).map_err(StoreError::from)?;
    std::fs::create_dir_all(&folder).map_err(StoreError::io(&folder))?;
    let lock = FolderLock::take(&folder)?;
    let started = Instant::now();
    let store = Arc::new(match stand.backend {
        Some(backend) => Store::open_on(Backend(backend), &genesis, cache_bytes)?,
        None => Store::open(&folder, &genesis, cache_bytes)?,
    });
    // what a test's prover makes has no bits
    let preset = proving.filter(|_| stand.prover.is_none());
    let preset = preset.map(|proving| proving.preset);
    let mut settlement = settlement;
    let mut ended = false;
    let mut most_ahead = ahead::Most::UNBOUNDED;
    if let Some(settlement) = &mut settlement {
        publisher::heed(&store, &mut **settlement, preset)?;
        if settlement.obliges() {
            let heard = publisher::hear(&store, &mut **settlement)?;
            (ended, most_ahead) = (heard.ended, ahead::by(heard.lifetime));
        }
    }
    let doubt = Arc::new(Doubt::open(&folder)?);
    let view = store.view()?;
    let witnesses = Witnesses::open(&folder)?;
    witnesses.keep_only(&view.jobs()?.into_iter().map(|(batch, _)| batch).collect())?;
    let mut sequencer = Sequencer::new(
        StoreBase(store.clone()),
        view.pool()?,
        first_sequence(&view)?,
        view.supplies()?,
        limits,
        fees.clone(),
    )
    .under(policy.clone());
    let entries = replay(&view, &mut sequencer, &genesis.domain)?;
    let clock = stand.clock.unwrap_or_else(|| Arc::new(SystemClock));
    let ages = Ages::at_start(&view, clock.now())?;
    drop(view);
    tracing::info!(
        entries = entries.len(),
        batch = sequencer.open_batch().get(),
        millis = started.elapsed().as_millis(),
        "the log is replayed"
    );

    let shared = Shared::new(store.clone(), limits, fees, policy, queue).by(clock.clone());
    let shared = Arc::new(shared);
    shared.live().ages = ages;
    shared.set_most_ahead(most_ahead);
    shared.checks.in_doubt(doubt.any());
    shared
        .publishes
        .store(settlement.is_some(), Ordering::Relaxed);
    let judge = stand
        .judge
        .unwrap_or_else(|| Arc::new(crate::private::Verifier));
    let judge: Judge = Arc::new(Calm(panel::counted(judge, &shared.checks)));
    let stop = Arc::new(AtomicBool::new(false));
    let (task_sender, tasks) = sync_channel(TASKS);
    let (commands, command_receiver) = sync_channel(queue.clamp(1, COMMANDS));
    let (sealer, closed) = sync_channel(sealer::AT_ONCE);
    let mut others = Vec::new();
    let kept = (proving.is_some() || stand.prover.is_some()).then(|| witnesses.clone());
    others.push(sealer::spawn(
        store.clone(),
        genesis.domain,
        kept,
        SecondLook {
            replayed: sequencer.next_sequence(),
            doubt: doubt.clone(),
            judge: judge.clone(),
        },
        clock,
        closed,
        task_sender.clone(),
    )?);
    let panel = match private.panel {
        Some(settings) => {
            let parts = panel::Parts {
                settings,
                domain: genesis.domain,
                judge: judge.clone(),
                doubt,
                counts: shared.checks.clone(),
                shared: Arc::downgrade(&shared),
                writer: task_sender.clone(),
            };
            let address = shared_queue.as_ref().map(|queue| queue.address.clone());
            let (panel, threads) = panel::spawn(parts, |wake| match (stand.panel, address) {
                (Some(queue), _) => Ok(queue),
                (None, Some(address)) => {
                    let queue = PostgresPanel::new(address, genesis.domain, wake)?;
                    Ok(Box::new(queue))
                }
                (None, None) => Err(QueueError::Address("there is none".into())),
            })?;
            others.extend(threads);
            Some(panel)
        }
        None => None,
    };
    let (say, inbox) = channel();
    let wake = Wake::new(say.clone());
    let queue = match (stand.prover, proving, shared_queue) {
        (Some(make), ..) => {
            let queue = Embedded::new(make(witnesses.clone()), 0, wake, task_sender.clone())?;
            Some((Box::new(queue) as Box<dyn ProofQueue>, accept_all()))
        }
        (None, Some(proving), Some(shared)) => {
            let parts = observer::Parts {
                address: shared.address,
                blobs: blob::open(&shared.objects).map_err(QueueError::Blob)?,
                witnesses: witnesses.clone(),
                domain: genesis.domain,
                preset: proving.preset,
                priority: shared.priority,
            };
            let verdict = dispatch::verdict(proving.preset);
            let queue = Observer::new(parts, wake)?;
            Some((Box::new(queue) as Box<dyn ProofQueue>, verdict))
        }
        (None, Some(proving), None) => {
            let memory = prover::memory(limits.slots, proving.preset);
            let prover = LocalProver::new(witnesses.clone(), proving, stop.clone())?;
            let queue = Embedded::new(Box::new(prover), memory, wake, task_sender.clone())?;
            let verdict = dispatch::verdict(proving.preset);
            Some((Box::new(queue) as Box<dyn ProofQueue>, verdict))
        }
        (None, None, _) => None,
    };
    let prover = match queue {
        Some((queue, verdict)) => {
            let (writer, shared) = (task_sender.clone(), shared.clone());
            others.push(dispatch::spawn(queue, verdict, inbox, writer, shared)?);
            Some(Dispatch::new(say))
        }
        None => None,
    };
    let (verifiers, threads) = verify::spawn(
        private,
        &judge,
        &store,
        &shared,
        genesis.domain,
        &task_sender,
        panel.as_ref(),
    )?;
    // the threads have the panel now, and end it with themselves
    drop(panel);
    shared.verify_by(verifiers);
    others.extend(threads);
    let publisher = match settlement {
        Some(settlement) => {
            let (wake, woken) = sync_channel(1);
            shared
                .obliged
                .store(settlement.obliges(), Ordering::Relaxed);
            others.push(publisher::spawn(publisher::Parts {
                shared: shared.clone(),
                store: store.clone(),
                settlement,
                wake: woken,
                writer: task_sender.clone(),
                judge,
                preset,
            })?);
            Some(wake)
        }
        None => None,
    };
    others.push(
        admission::spawn(command_receiver, task_sender, genesis.domain)
            .map_err(StoreError::io("admission"))?,
    );
    let mut writer = Writer {
        shared: shared.clone(),
        store: store.clone(),
        sequencer,
        tasks,
        sealer,
        prover,
        witnesses,
        publisher,
        reserve: Some(DiskReserve {
            folder,
            bytes: disk_reserve,
        }),
        max_unproven: max_unproven.max(1),
        state: WriterState::default(),
    };
    // before anything is taken that would never be settled
    writer.state.paused = ended;
    writer.state.ended = ended;
    writer.replayed(&entries)?;
    let writer = Builder::new()
        .name("writer".into())
        .spawn(move || writer.run())
        .map_err(StoreError::io("writer"))?;
    let node = Node::new(shared.clone(), commands.clone());
    let running = Running {
        shared,
        commands,
        stop,
        writer,
        others,
        _lock: Some(lock),
    };
    Ok((node, running))
}
