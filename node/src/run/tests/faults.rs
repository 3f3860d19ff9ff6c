//! The store's disk fails, is full, or loses its power.

use std::{path::Path, sync::Arc};

use winterlane_ledger::{
    Account, AccountId, BatchNumber, Ledger, Order, Record, SignedOrder,
    codec::CanonicalBytes,
    pool::{Pool, PoolOperation, PrivateOperation, decode_operation},
    testing::Numbers,
    wire,
};

use super::{
    BALANCE, Willing, included,
    medium::{Disk, Fault},
    options, payers,
};
use crate::{
    BatchStage, Node, NullifierState, OrderId, Receipt, Running, StartError, SubmitError,
    private::{Shielding, decode, encode},
    run::{Stand, start},
    settlement::Folder,
    testing::{ASSET, Payer, Word, domain, private_transfer, until, wait},
};

/// How often each fault is tried: few in every run, as many as `WINTERLANE_NODE_SWEEP` says in a sweep.
pub(super) fn seeds(few: u64) -> std::ops::Range<u64> {
    let sweep = std::env::var("WINTERLANE_NODE_SWEEP");
    0..sweep
        .ok()
        .and_then(|seeds| seeds.parse().ok())
        .unwrap_or(few)
}

/// What was tried, and what became of it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Figures {
    pub(super) faults: u64,
    pub(super) acknowledged: u64,
}

impl Figures {
    pub(super) fn print(self, what: &str) {
        println!(
            "{what}: {} tried, {} orders acknowledged, lost 0, included twice 0",
            self.faults, self.acknowledged
        );
    }
}

/// Something that is sent to a node.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Sent {
    Order(SignedOrder),
    Shield(Shielding),
    Private(PrivateOperation),
}

impl Sent {
    fn id(&self) -> OrderId {
        match self {
            Self::Order(order) | Self::Shield(Shielding { order, .. }) => OrderId::of(order),
            Self::Private(operation) => OrderId::of_private(&encode(operation)),
        }
    }

    /// A letter and the bytes.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let (letter, bytes) = match self {
            Self::Order(order) => (b'o', order.to_bytes()),
            Self::Shield(shielding) => (b's', shielding.to_bytes()),
            Self::Private(operation) => (b'p', encode(operation)),
        };
        [&[letter], &bytes[..]].concat()
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        let (letter, bytes) = bytes.split_first().unwrap();
        match letter {
            b'o' => Self::Order(SignedOrder::from_bytes(bytes).unwrap()),
            b's' => Self::Shield(Shielding::from_bytes(bytes).unwrap()),
            _ => Self::Private(decode(bytes).unwrap()),
        }
    }
}

/// Sends a round, all of it at once, and waits for the answers.
pub(super) fn send(node: &Node, round: Vec<Sent>) -> Vec<Result<Receipt, SubmitError>> {
    wait(async {
        let mut orders = Vec::new();
        let mut others = Vec::new();
        for sent in round {
            match sent {
                Sent::Order(order) => orders.push(order),
                other => others.push(other),
            }
        }
        let mut results = node.submit_many(orders).await;
        for sent in others {
            results.push(match sent {
                Sent::Order(order) => node.submit(order).await,
                Sent::Shield(shielding) => node.shield(shielding).await,
                Sent::Private(operation) => node.submit_private(operation).await,
            });
        }
        results
    })
}

/// What some payers send: each pays the next one, and now and then shields; and beside them a private transfer after
/// another.
pub(super) struct Traffic {
    payers: Vec<Payer>,
    /// What of each was sent and not acknowledged, the private transfer last: it is sent again, as it is.
    open: Vec<Option<Sent>>,
    rounds: u64,
    pub(super) acknowledged: Vec<Receipt>,
    /// Private operations that were acknowledged.
    private: Vec<(PrivateOperation, Receipt)>,
}

impl Traffic {
    pub(super) fn new(payers: Vec<Payer>) -> Self {
        Self {
            open: vec![None; payers.len() + 1],
            payers,
            rounds: 0,
            acknowledged: Vec::new(),
            private: Vec::new(),
        }
    }

    /// Of each what was not acknowledged, or the next.
    pub(super) fn round(&mut self) -> Vec<Sent> {
        self.rounds += 1;
        let (count, rounds) = (self.payers.len() as u32, self.rounds);
        let places = self.payers.iter_mut().zip(&mut self.open);
        let mut round: Vec<Sent> = places
            .map(|(payer, open)| {
                let id = payer.id.get();
                let to = id % count + 1;
                let next = || {
                    if (rounds + u64::from(id)).is_multiple_of(3) {
                        Sent::Shield(payer.shield(rounds * 10 + u64::from(id), 2))
                    } else {
                        Sent::Order(payer.pay(to, 1 + u128::from(id), 0))
                    }
                };
                open.get_or_insert_with(next).clone()
            })
            .collect();
        // against the root of the empty tree, which is an anchor for a thousand batches
        let anchor = Pool::new(domain()).anchor();
        if let Some(last) = self.open.last_mut() {
            let next = || Sent::Private(private_transfer([rounds * 2, rounds * 2 + 1], anchor));
            round.push(last.get_or_insert_with(next).clone());
        }
        round
    }

    /// Something was acknowledged.
    pub(super) fn acknowledge(&mut self, receipt: Receipt) {
        for open in &mut self.open {
            if open.as_ref().is_some_and(|sent| sent.id() == receipt.id)
                && let Some(Sent::Private(operation)) = open.take()
            {
                self.private.push((operation, receipt));
            }
        }
        self.acknowledged.push(receipt);
    }

    /// Sends a round; says whether the node still answers.
    fn send(&mut self, node: &Node) -> bool {
        for result in send(node, self.round()) {
            match result {
                Ok(receipt) => self.acknowledge(receipt),
                Err(SubmitError::Stopped) => return false,
                Err(error) => panic!("{error}"),
            }
        }
        true
    }

    /// Whether any payer has used up his key.
    pub(super) fn used_up(&self, height: u32) -> bool {
        self.payers
            .iter()
            .any(|payer| u32::from(payer.index) + 1 >= 1 << height)
    }

    /// Everything that was acknowledged is in the batch that it was promised, once; the published records lead from
    /// the opening state to the node's root, and the published operations of the pool to its notes.
    pub(super) fn check(&self, node: &Node, opening: &[Payer]) {
        for receipt in &self.acknowledged {
            let (batch, _) = included(node, &receipt.id, BatchStage::Proven);
            assert_eq!(batch, receipt.batch, "promised another batch");
        }
        let status = until(|| {
            let status = node.status().unwrap();
            (status.pending == 0 && status.next_to_publish == status.next_to_seal).then_some(status)
        });
        let accounts = opening
            .iter()
            .map(|payer| (payer.id, payer.account(BALANCE)));
        let accounts: Vec<(AccountId, Account)> = accounts.collect();
        let mut oracle = Ledger::genesis(domain(), BatchNumber::ZERO, accounts).unwrap();
        let mut pool = Pool::new(domain());
        let mut signed = std::collections::BTreeSet::new();
        for batch in (0..status.next_to_seal.get()).map(BatchNumber::new) {
            let inputs = node.batch(batch).unwrap().unwrap().public_inputs;
            let records = wire::decode(&node.records(batch).unwrap().unwrap(), batch).unwrap();
            for record in &records {
                if let Record::Signed(order, key) = record {
                    assert!(
                        signed.insert((order.signer(), *key)),
                        "included twice: {record:?}"
                    );
                }
            }
            oracle.follow(&inputs, &records).unwrap();
            follow(&mut pool, node, batch, &records);
        }
        assert_eq!(oracle.root(), status.root);
        let anchors = node.anchors(1).unwrap();
        assert_eq!(anchors.anchors[0].1, pool.anchor());
        assert_eq!(anchors.notes, pool.notes());
        let ids: std::collections::BTreeSet<_> =
            self.acknowledged.iter().map(|receipt| receipt.id).collect();
        let orders = ids.len() - self.private.len();
        // one that was taken and never acknowledged may be there as well, one of each payer
        assert!(signed.len() >= orders, "orders were lost");
        assert!(signed.len() <= orders + self.open.iter().flatten().count());
        // each spends two notes, and the pool has taken no nullifier twice
        assert!(
            pool.spent() >= 2 * self.private.len(),
            "private operations were lost"
        );
        assert!(pool.spent() <= 2 * self.private.len() + 2);
        for (operation, receipt) in &self.private {
            for nullifier in operation.nullifiers() {
                let state = node.nullifier(nullifier).unwrap();
                assert_eq!(state, NullifierState::Spent(receipt.id));
            }
        }
    }
}

/// Applies what a batch published of the pool, as anybody does who follows it.
fn follow(pool: &mut Pool, node: &Node, batch: BatchNumber, records: &[Record]) {
    let bytes = node.pool_operations(batch).unwrap().unwrap();
    let mut bytes = &bytes[..];
    let mut operations = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk() {
        let (operation, rest) = rest.split_at(u32::from_le_bytes(*length) as usize);
        let mut proof = |digest: &[u8; 32]| node.private_proof(digest).unwrap();
        operations.push(decode_operation(pool, operation, &mut proof).unwrap());
        bytes = rest;
    }
    let mut open = pool.open_batch();
    for operation in operations {
        if let PoolOperation::Shield(shield, payment) = &operation {
            assert_eq!(payment.batch, batch);
            let Record::Signed(Order::Withdraw(withdraw), _) = &records[payment.record as usize]
            else {
                panic!("no withdrawal pays for the note");
            };
            shield.check_paid_by(withdraw, ASSET).unwrap();
        }
        open.apply(&operation, &Word).unwrap();
    }
    assert_eq!(open.seal().batch_number, batch);
}

fn start_on(folder: &Path, disk: &Disk, payers: &[Payer]) -> Result<(Node, Running), StartError> {
    let mut options = options(folder, payers);
    options.settlement = Some(Box::new(Folder::new(folder.join("settled"))));
    let stand = Stand {
        backend: Some(Box::new(disk.clone())),
        prover: Some(Box::new(|_| Box::new(Willing))),
        judge: Some(Arc::new(Word)),
        ..Stand::default()
    };
    start(options, stand)
}

const HEIGHT: u32 = 6;

/// Lives that end with a fault each, on one disk, and one that ends well.
fn lives(seed: u64, fault: Fault, figures: &mut Figures) {
    let mut random = Numbers(seed);
    let folder = tempfile::tempdir().unwrap();
    let opening = payers(3, HEIGHT);
    let mut traffic = Traffic::new(opening.clone());
    let mut disk = Disk::default();
    for life in 0..4 {
        // a store that is half made never gets its name, which a disk without names does not show
        if life > 0 {
            disk.strike(random.below(150), fault);
        }
        let started = start_on(folder.path(), &disk, &opening);
        if life == 0 {
            disk.strike(random.below(150), fault);
        }
        if let Ok((node, running)) = started {
            while !traffic.used_up(HEIGHT) && traffic.send(&node) {}
            if traffic.used_up(HEIGHT) {
                running.stop();
            }
            // whether it was stopped or its disk failed, the next one begins where it ended
            let ended = running.wait();
            assert!(ended.is_ok() == traffic.used_up(HEIGHT) || disk.struck() > 0);
        }
        disk = disk.restart(&mut random);
    }
    let (node, running) = start_on(folder.path(), &disk, &opening).unwrap();
    if !traffic.used_up(HEIGHT) {
        assert!(traffic.send(&node));
    }
    traffic.check(&node, &opening);
    figures.faults += disk.struck();
    figures.acknowledged += traffic.acknowledged.len() as u64;
    running.stop();
    running.wait().unwrap();
}

/// Of what was not synchronised anything may be on the disk afterwards: nothing, parts, all.
#[test]
fn power_losses_lose_nothing_that_was_acknowledged() {
    let mut figures = Figures::default();
    for seed in seeds(8) {
        lives(seed, Fault::PowerLoss, &mut figures);
    }
    figures.print("power losses");
    assert!(figures.faults > 0 && figures.acknowledged > 0);
}

/// A write or a synchronisation fails once. The node ends, and does not try it again.
#[test]
fn a_failed_write_ends_the_node() {
    let mut figures = Figures::default();
    for seed in seeds(8) {
        lives(1000 + seed, Fault::Error, &mut figures);
    }
    figures.print("failed writes and synchronisations");
    assert!(figures.faults > 0 && figures.acknowledged > 0);
}

/// The disk is full: the node ends, and goes on when there is room.
#[test]
fn a_full_disk_ends_the_node_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let opening = payers(3, HEIGHT);
    let mut traffic = Traffic::new(opening.clone());
    let disk = Disk::default();
    let (node, running) = start_on(folder.path(), &disk, &opening).unwrap();
    assert!(traffic.send(&node));
    // no room for anything: the next write fails
    disk.limit(Some(0));
    while traffic.send(&node) {
        assert!(!traffic.used_up(HEIGHT));
    }
    let error = running.wait().unwrap_err();
    assert!(error.to_string().contains("database"), "{error}");
    let reopened = disk.restart(&mut Numbers(3));
    reopened.limit(None);
    let (node, running) = start_on(folder.path(), &reopened, &opening).unwrap();
    assert!(traffic.send(&node));
    traffic.check(&node, &opening);
    assert!(reopened.len() > 0);
    running.stop();
    running.wait().unwrap();
}

/// The oracle itself: it sees an order that is missing, and one that is there in another batch.
#[test]
fn the_check_of_the_faults_can_fail() {
    let folder = tempfile::tempdir().unwrap();
    let opening = payers(3, HEIGHT);
    let mut traffic = Traffic::new(opening.clone());
    let (node, running) = start_on(folder.path(), &Disk::default(), &opening).unwrap();
    assert!(traffic.send(&node));
    traffic.check(&node, &opening);
    let mut wrong = Traffic::new(opening.clone());
    wrong.acknowledged.clone_from(&traffic.acknowledged);
    let batch = &mut wrong.acknowledged[0].batch;
    *batch = batch.saturating_add(1);
    let caught = |traffic: &Traffic| {
        let check = std::panic::AssertUnwindSafe(|| traffic.check(&node, &opening));
        std::panic::catch_unwind(check).is_err()
    };
    assert!(caught(&wrong));
    let richer: Vec<Payer> = payers(2, HEIGHT);
    let other = std::panic::AssertUnwindSafe(|| traffic.check(&node, &richer));
    assert!(std::panic::catch_unwind(other).is_err());
    running.stop();
    running.wait().unwrap();
}
