//! Publishing: proven batches to settlement, one after another, none left out; and what settlement obliges the operator
//! to.

use std::{
    sync::{
        Arc,
        mpsc::{Receiver, RecvTimeoutError, SyncSender},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use winterlane_air::presets::Preset;
use winterlane_ledger::{BatchNumber, wire};
use winterlane_prover::SimdCompressor;

use super::{
    ahead, duties::Duties, shared::Shared, start::StartError, threads, verify::Judge, writer::Task,
};
use crate::{
    fault,
    settlement::{PoolData, Published, Settlement, SettlementError, check_bits},
    store::{Heard, Store, StoreError, View},
};

/// How long to wait before settlement is asked again after it could not be reached.
const RETRY: Duration = Duration::from_secs(2);
/// How long to wait before a batch that was refused is offered again: somebody has to look first.
const HELD: Duration = Duration::from_secs(30);
/// How often settlement is asked for what it obliges the operator to.
const POLL: Duration = Duration::from_secs(1);
/// How long one of the two goes on, publishing or taking what is owed, while the other waits for it. Whoever makes obligations
/// without end keeps nothing from being settled by that.
pub(super) const TURN: Duration = if cfg!(test) {
    Duration::from_millis(100)
} else {
    Duration::from_secs(5)
};

/// What the thread that publishes is made of.
pub(crate) struct Parts {
    pub(crate) shared: Arc<Shared>,
    pub(crate) store: Arc<Store>,
    pub(crate) settlement: Box<dyn Settlement>,
    pub(crate) wake: Receiver<()>,
    pub(crate) writer: SyncSender<Task>,
    /// Who verifies private operations that settlement hands on.
    pub(crate) judge: Judge,
    /// How batches are proven, where they are.
    pub(crate) preset: Option<Preset>,
}

/// The thread that publishes. It looks for work whenever it is woken, and ends when nobody can wake it any
/// more.
pub(crate) fn spawn(parts: Parts) -> Result<JoinHandle<()>, StoreError> {
    let Parts {
        shared,
        store,
        settlement,
        wake,
        writer,
        judge,
        preset,
    } = parts;
    let duties = settlement
        .obliges()
        .then(|| Duties::new(shared, Arc::clone(&store), writer.clone(), judge));
    let mut publisher = Publisher {
        store,
        settlement,
        writer,
        duties,
        next: None,
        asked: false,
        unchecked: preset,
    };
    let name = "publisher";
    threads::spawn(name, publisher.writer.clone(), move || publisher.run(&wake))
        .map_err(StoreError::io(name))
}

struct Publisher {
    store: Arc<Store>,
    settlement: Box<dyn Settlement>,
    writer: SyncSender<Task>,
    duties: Option<Duties>,
    /// Nothing is published before.
    next: Option<Instant>,
    /// Settlement was asked what it obliges to. Batches are published after that: each lets another be made, and a process that is
    /// started again and again must not publish more than one that goes on.
    asked: bool,
    /// The preset, until settlement has said that its bits are enough: it may not have been there at the start.
    unchecked: Option<Preset>,
}

/// Why a turn was not finished.
pub(super) enum Stop {
    Settlement {
        batch: BatchNumber,
        reason: SettlementError,
    },
    Store(StoreError),
    /// The writer has ended.
    Gone,
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Publisher {
    fn run(&mut self, wake: &Receiver<()>) {
        loop {
            let more = match self.turn() {
                Ok(more) => more,
                Err(Stop::Store(error)) => {
                    let _ = self.writer.send(Task::Failed(error));
                    return;
                }
                Err(_) => return,
            };
            let now = Instant::now();
            let retry = self.next.map(|next| next.saturating_duration_since(now));
            let poll = if more { Duration::ZERO } else { POLL };
            let poll = self.duties.is_some().then_some(poll);
            let woken = match retry.into_iter().chain(poll).min() {
                Some(patience) => wake.recv_timeout(patience),
                None => wake.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            if woken == Err(RecvTimeoutError::Disconnected) {
                return;
            }
        }
    }

    /// Publishes, and takes what is owed; says whether there may be more to publish.
    fn turn(&mut self) -> Result<bool, Stop> {
        let Self {
            store,
            settlement,
            writer,
            duties,
            next,
            asked,
            unchecked,
        } = self;
        let mut more = false;
        if duties.is_some() && !std::mem::replace(asked, true) {
            more = true;
        } else if next.is_none_or(|next| Instant::now() >= next) {
            *next = None;
            let bound = duties.as_ref();
            let bound = bound.map(|duties| (Instant::now() + TURN, duties.at_once()));
            match publish_all(store, &mut **settlement, writer, (bound, unchecked)) {
                Err(Stop::Settlement { batch, reason }) => {
                    let wait = if reason.passes() { RETRY } else { HELD };
                    *next = Some(Instant::now() + wait);
                    let refused = Task::Unpublished { batch, reason };
                    writer.send(refused).map_err(|_| Stop::Gone)?;
                }
                other => more = other?,
            }
        }
        if let Some(duties) = duties {
            duties.turn(&mut **settlement)?;
        }
        Ok(more)
    }
}

/// Publishes what is proven: all of it, or until the end of a turn, or so many batches; says whether it has not seen the end.
fn publish_all(
    store: &Store,
    settlement: &mut dyn Settlement,
    writer: &SyncSender<Task>,
    (bound, unchecked): (Option<(Instant, u64)>, &mut Option<Preset>),
) -> Result<bool, Stop> {
    let mut published = 0;
    loop {
        let view = store.view()?;
        let batch = view.head().next_publish;
        let (Some(header), Some(records), Some(proof)) = (
            view.header(batch)?,
            view.records(batch)?,
            view.proof(batch)?,
        ) else {
            return Ok(false);
        };
        // what is published is what was proven
        wire::decode_published(&records, &header.public_inputs, &SimdCompressor).map_err(
            |error| StoreError::corrupt(format!("the records of batch {batch}: {error}")),
        )?;
        if let Some(preset) = *unchecked {
            check_bits(settlement, preset).map_err(|reason| Stop::Settlement { batch, reason })?;
            *unchecked = None;
        }
        let pool = pool_of(&view, batch)?;
        fault::point("before-publishing");
        settlement
            .publish(Published {
                public_inputs: &header.public_inputs,
                records: &records,
                proof: &proof,
                pool: &pool,
            })
            .map_err(|reason| Stop::Settlement { batch, reason })?;
        fault::point("published");
        let (written, wait) = std::sync::mpsc::sync_channel(1);
        writer
            .send(Task::Published { batch, written })
            .map_err(|_| Stop::Gone)?;
        wait.recv().map_err(|_| Stop::Gone)?;
        published += 1;
        if bound.is_some_and(|(end, most)| published >= most || Instant::now() >= end) {
            return Ok(true);
        }
    }
}

/// What a batch did to the pool, with its proofs.
fn pool_of(view: &View, batch: BatchNumber) -> Result<Vec<PoolData>, StoreError> {
    let framed = view.pool_operations(batch)?.unwrap_or_default();
    let damaged =
        |what: &str| StoreError::corrupt(format!("the pool's part of batch {batch}: {what}"));
    let mut left = &framed[..];
    let mut pool = Vec::new();
    while !left.is_empty() {
        let cut = left.split_first_chunk().and_then(|(length, rest)| {
            let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
            rest.split_at_checked(length)
        });
        let (operation, rest) = cut.ok_or_else(|| damaged("an operation is cut off"))?;
        left = rest;
        let proof = match published_proof(operation) {
            Some(digest) => view
                .private_proof(&digest)?
                .ok_or_else(|| damaged("a proof is missing"))?,
            None => Vec::new(),
        };
        pool.push(PoolData {
            operation: operation.to_vec(),
            proof,
        });
    }
    Ok(pool)
}

/// The digest of the proof that goes with an operation's published bytes ([`winterlane_ledger::pool::encode_operation`]):
/// their end, but for a shield, which has no proof and begins with 0.
fn published_proof(operation: &[u8]) -> Option<[u8; 32]> {
    match operation.split_first()? {
        (0, _) => None,
        (_, rest) => rest.last_chunk().copied(),
    }
}

/// Settlement's word is final: what it has is published, whatever the store says. And it would refuse every batch whose proof
/// has too few bits: better to hear it before any is made.
pub(super) fn heed(
    store: &Store,
    settlement: &mut dyn Settlement,
    preset: Option<Preset>,
) -> Result<(), StartError> {
    let settled = match settlement.settled() {
        Ok(Some(settled)) => Some(settled),
        Ok(None) => None,
        Err(error @ SettlementError::Unusable(_)) => return Err(error.into()),
        // it is asked again when there is something to publish
        Err(error) => {
            tracing::warn!(%error, "settlement is not heard at the start");
            return Ok(());
        }
    };
    if let Some(preset) = preset {
        match check_bits(settlement, preset) {
            Ok(()) => {}
            // asked again before the first batch is published
            Err(error) if error.passes() => {
                tracing::warn!(%error, "settlement does not say how many bits it asks for");
            }
            Err(error) => return Err(error.into()),
        }
    }
    let Some(settled) = settled else {
        return Ok(());
    };
    let view = store.view()?;
    let head = view.head();
    let next = settled.next_batch;
    let root = match next.previous() {
        _ if next == head.first_batch => Some(head.genesis),
        Some(last) => view
            .header(last)?
            .map(|header| header.public_inputs.new_root),
        None => None,
    };
    if root != Some(settled.root) {
        return Err(StartError::Forked { settled: next });
    }
    if next > head.next_publish {
        store.published(next)?;
    }
    Ok(())
}

/// What is known of settlement's word on the rollup: what it says now, and of what it does not say now, what it said before.
/// It is kept for a process that is started while settlement is away.
pub(super) fn hear(store: &Store, settlement: &mut dyn Settlement) -> Result<Heard, StoreError> {
    let ended = match settlement.obligations(0, 0) {
        Ok(_) => Some(false),
        Err(error) => error.is_frozen().then_some(true),
    };
    let lifetime = ahead::lifetime(settlement);
    store.hear(|heard| {
        heard.ended = ended.unwrap_or(heard.ended);
        heard.lifetime = lifetime.or(heard.lifetime);
    })
}

#[cfg(test)]
mod tests {
    use winterlane_ledger::{
        Amount, AssetId,
        pool::{Payment, Pool, PoolOperation, Shield, encode_operation, proof_digest},
    };

    use super::*;
    use crate::testing::{HOLDS, digest, domain, private_transfer, private_withdrawal};

    #[test]
    fn published_operations_name_their_proofs() {
        let pool = Pool::new(domain());
        let shield = Shield {
            blinded: digest(1),
            asset: AssetId::new(7),
            amount: Amount::new(5),
            sealed: vec![3; 40],
        };
        let payment = Payment {
            batch: BatchNumber::new(300),
            record: 2,
        };
        let anchor = pool.anchor();
        for (operation, proof) in [
            (PoolOperation::Shield(shield, payment), None),
            (
                PoolOperation::Private(private_transfer([1, 2], anchor)),
                Some(proof_digest(HOLDS)),
            ),
            (
                PoolOperation::Private(private_withdrawal(1, anchor, [1; 20], (2, 3))),
                Some(proof_digest(HOLDS)),
            ),
        ] {
            let bytes = encode_operation(&pool, &operation).unwrap();
            assert_eq!(published_proof(&bytes), proof);
        }
        assert_eq!(published_proof(&[]), None);
    }
}
