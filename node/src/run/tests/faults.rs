//! The store's disk fails, is full, or loses its power.

use std::path::Path;

use winterlane_ledger::{Account, Ledger, SignedOrder, testing::Numbers, wire};

use super::{
    BALANCE, Willing, included,
    medium::{Disk, Fault},
    options, payers,
};
use crate::{
    BatchStage, Node, OrderId, Receipt, Running, StartError, SubmitError,
    run::start::{Stand, start},
    settlement::Folder,
    testing::{Payer, domain, until, wait},
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

/// The orders of some payers: each pays the next one, again and again.
pub(super) struct Traffic {
    payers: Vec<Payer>,
    /// An order of each payer that was sent and not acknowledged: it is sent again, as it is.
    open: Vec<Option<SignedOrder>>,
    pub(super) acknowledged: Vec<Receipt>,
}

impl Traffic {
    pub(super) fn new(payers: Vec<Payer>) -> Self {
        Self {
            open: vec![None; payers.len()],
            payers,
            acknowledged: Vec::new(),
        }
    }

    /// An order of each payer: the one that was not acknowledged, or the next.
    pub(super) fn round(&mut self) -> Vec<SignedOrder> {
        let count = self.payers.len() as u32;
        let places = self.payers.iter_mut().zip(&mut self.open);
        places
            .map(|(payer, open)| {
                let to = payer.id % count + 1;
                let next = || payer.pay(to, 1 + u128::from(payer.id), 0);
                open.get_or_insert_with(next).clone()
            })
            .collect()
    }

    /// An order was acknowledged.
    pub(super) fn acknowledge(&mut self, receipt: Receipt) {
        for open in &mut self.open {
            if open
                .as_ref()
                .is_some_and(|order| OrderId::of(order) == receipt.id)
            {
                *open = None;
            }
        }
        self.acknowledged.push(receipt);
    }

    /// Sends a round; says whether the node still answers.
    fn send(&mut self, node: &Node) -> bool {
        for result in wait(node.submit_many(self.round())) {
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

    /// Everything that was acknowledged is in the batch that it was promised, once; and the published
    /// records lead from the opening state to the node's root.
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
        let accounts: Vec<(u32, Account)> = accounts.collect();
        let mut oracle = Ledger::genesis(domain(), 0, accounts).unwrap();
        let mut signed = std::collections::BTreeSet::new();
        for batch in 0..status.next_to_seal {
            let inputs = node.batch(batch).unwrap().unwrap().public_inputs;
            let records = wire::decode(&node.records(batch).unwrap().unwrap(), batch).unwrap();
            for record in &records {
                if let winterlane_ledger::Record::Signed(order, key) = record {
                    assert!(
                        signed.insert((order.signer(), *key)),
                        "included twice: {record:?}"
                    );
                }
            }
            oracle.follow(&inputs, &records).unwrap();
        }
        assert_eq!(oracle.root(), status.root);
        let ids: std::collections::BTreeSet<_> =
            self.acknowledged.iter().map(|receipt| receipt.id).collect();
        // one that was taken and never acknowledged may be there as well, one of each payer
        assert!(signed.len() >= ids.len(), "orders were lost");
        assert!(signed.len() <= ids.len() + self.open.iter().flatten().count());
    }
}

fn start_on(folder: &Path, disk: &Disk, payers: &[Payer]) -> Result<(Node, Running), StartError> {
    let mut options = options(folder, payers);
    options.settlement = Some(Box::new(Folder::new(folder.join("settled"))));
    let stand = Stand {
        backend: Some(Box::new(disk.clone())),
        prover: Some(Box::new(|_| Box::new(Willing))),
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
    for _ in 0..4 {
        disk.strike(random.below(150), fault);
        let started = start_on(folder.path(), &disk, &opening);
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
    wrong.acknowledged[0].batch += 1;
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
