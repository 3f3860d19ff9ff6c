//! A node with a settlement beside it that verifies, holds the money and obliges: in this process, and at an address.

mod refused;

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use winterlane_ledger::{
    AccountId, Amount, AssetId, BatchNumber, NewKeys, Nonce, PublicInputs, Root, SignedOrder,
    pool::{Payment, ProofRefusal, Shield, VerifyPrivate, account_recipient},
    private::PrivateInputs,
};
use winterlane_settlement::{
    BatchData, Call, CallError, Claim, Client, DepositTo, Durable, Genesis as Opening, Obligation,
    Outcome, Party, Payment as Paid, Proofs, Rules, Secret, Settlement as Base, Status, durable,
    server::Server,
};

use super::{BALANCE, Willing, included, options, payers};
use crate::{
    Alarm, BatchStage, Event, Node, Refusal, Running,
    run::{Stand, StartError, start},
    settlement::{Chain, Folder, Settlement},
    testing::{Payer, Word, deposit, digest, domain, private_withdrawal, until, wait},
};

/// A proof is a word, as the willing prover says it.
#[derive(Clone, Default)]
pub(super) struct Words {
    /// Believe nothing.
    pub(super) never: Arc<AtomicBool>,
    /// Panic.
    breaks: Arc<AtomicBool>,
}

impl VerifyPrivate for Words {
    fn verify(&self, inputs: &PrivateInputs, proof: &[u8]) -> Result<(), Box<ProofRefusal>> {
        Word.verify(inputs, proof)
    }
}

impl Proofs for Words {
    fn batch(&self, public: &PublicInputs, proof: &[u8]) -> Result<(), Box<ProofRefusal>> {
        assert!(!self.breaks.load(Ordering::Relaxed), "a mistake");
        let holds = proof == format!("proof of batch {}", public.batch_number).as_bytes();
        if holds && !self.never.load(Ordering::Relaxed) {
            Ok(())
        } else {
            Err("it does not say so".into())
        }
    }
}

pub(super) fn secret(number: u8) -> Secret {
    Secret::from_bytes([number; 32])
}

/// The operator's.
pub(super) const OPERATOR: u8 = 1;
pub(super) const WINDOW: u64 = 1_000;

/// Makes a settlement beside a node's store.
pub(super) fn create(folder: &Path, payers: &[Payer]) {
    create_with(folder, payers, Rules::default().lifetime);
}

/// The same, where forced orders must be valid for so many batches.
pub(super) fn create_with(folder: &Path, payers: &[Payer], lifetime: u64) {
    let accounts = payers.iter();
    let genesis = Opening {
        domain: domain(),
        first_batch: BatchNumber::ZERO,
        accounts: accounts
            .map(|payer| (payer.id, payer.account(BALANCE)))
            .collect(),
        operator: secret(OPERATOR).party(),
        governor: Party::NOBODY,
        rules: Rules {
            window: WINDOW,
            per_unit: 64,
            lifetime,
            bits: 128,
        },
    };
    durable::create(&folder.join("settlement"), &genesis).unwrap();
}

pub(super) fn open(folder: &Path, words: Words, clock: &Arc<AtomicU64>) -> Arc<Durable<Words>> {
    let clock = Arc::clone(clock);
    let clock = Box::new(move || clock.load(Ordering::Relaxed));
    Durable::open(&folder.join("settlement"), |_| words, clock).unwrap()
}

/// The settlement beside a store.
pub(super) fn of(folder: &Path) -> Box<dyn Settlement> {
    if !folder.join("settlement").exists() {
        return Box::new(Folder::new(folder.join("settled")));
    }
    let durable = open(folder, Words::default(), &Arc::default());
    Box::new(Chain::over(Box::new(durable.by(secret(OPERATOR).party()))))
}

/// The settlement beside a store ends where the store does.
pub(super) fn check(folder: &Path, root: Root) {
    if folder.join("settlement").exists() {
        let durable = open(folder, Words::default(), &Arc::default());
        let settlement = durable.by(Party::NOBODY);
        assert_eq!(settlement.status().unwrap().root, root);
    }
}

pub(super) fn start_over(
    folder: &Path,
    payers: &[Payer],
    base: impl Base + 'static,
) -> Result<(Node, Running), StartError> {
    let mut options = options(folder, payers);
    options.settlement = Some(Box::new(Chain::over(Box::new(base))));
    let stand = Stand {
        prover: Some(Box::new(|_| Box::new(Willing))),
        judge: Some(Arc::new(Word)),
        ..Stand::default()
    };
    start(options, stand)
}

pub(super) fn stop(running: Running) {
    running.stop();
    running.wait().unwrap();
}

/// Settlement has everything that the node has.
pub(super) fn caught_up(node: &Node, base: &dyn Base) -> Status {
    until(|| {
        let (here, there) = (node.status().unwrap(), base.status().unwrap());
        let same = here.root == there.root && here.next_to_publish == here.next_to_seal;
        (same && here.pending == 0 && there.obligations == 0).then_some(there)
    })
}

/// Everything that goes between a node and its settlement, by whichever way they talk.
fn a_life(over_http: bool) {
    let folder = tempfile::tempdir().unwrap();
    let mut payers = payers(2, 4);
    create(folder.path(), &payers);
    let clock = Arc::new(AtomicU64::new(5));
    let durable = open(folder.path(), Words::default(), &clock);
    let server = Server::start(Arc::clone(&durable), ([127, 0, 0, 1], 0).into()).unwrap();
    let address = format!("http://{}", server.address());
    let by = |number: u8| -> Box<dyn Base> {
        if over_http {
            Box::new(Client::new(&address, Some(secret(number))).unwrap())
        } else {
            Box::new(durable.by(secret(number).party()))
        }
    };
    let (node, running) = if over_http {
        let client = Client::new(&address, Some(secret(OPERATOR))).unwrap();
        start_over(folder.path(), &payers, client).unwrap()
    } else {
        let base = durable.by(secret(OPERATOR).party());
        start_over(folder.path(), &payers, base).unwrap()
    };
    // what nobody paid for at settlement is no deposit
    let invented = wait(node.deposit([5; 32], deposit(2, 500)));
    assert_eq!(invented, Err(Refusal::DepositsElsewhere.into()));

    // a deposit to an account that there is, and one that makes an account
    let mut third = Payer::new(3, 4);
    let keys = NewKeys::single(third.key.tree.root());
    let user = by(7);
    for (amount, to) in [
        (500, DepositTo::Existing(AccountId::new(1))),
        (90, DepositTo::New(keys)),
    ] {
        let call = Call::Deposit {
            asset: AssetId::new(7),
            amount: Amount::new(amount),
            to,
        };
        user.call(&call).unwrap();
    }
    let balance = |id: AccountId| {
        node.account(id)
            .unwrap()
            .map(|account| account.pending.balance)
    };
    until(|| {
        (balance(AccountId::new(1)) == Some(Amount::new(BALANCE + 500))
            && balance(AccountId::new(3)) == Some(Amount::new(90)))
        .then_some(())
    });
    caught_up(&node, &*user);

    // a transfer and a withdrawal, which is paid once
    wait(node.submit(payers[0].pay(2, 100, 0))).unwrap();
    let out = payers[1].withdraw_to(secret(9).party().0, 40, 0);
    wait(node.submit(out)).unwrap();
    caught_up(&node, &*user);
    let paid = by(9);
    let claims = paid.claims().unwrap();
    assert_eq!(claims.len(), 1);
    let collect = Call::Collect(claims[0].0);
    assert!(matches!(paid.call(&collect), Ok(Outcome::Paid(Some(_)))));
    assert!(paid.call(&collect).unwrap_err().is("no_claim"));

    // into the pool, and out of it to an account and to an address
    wait(node.shield(payers[0].shield(1, 200))).unwrap();
    caught_up(&node, &*user);
    let anchor = || node.anchors(1).unwrap().anchors[0].1;
    let inside = private_withdrawal(50, anchor(), account_recipient(AccountId::new(2)), (60, 0));
    wait(node.submit_private(inside)).unwrap();
    caught_up(&node, &*user);
    assert_eq!(
        balance(AccountId::new(2)),
        Some(Amount::new(BALANCE + 100 - 40 + 60))
    );
    // What the node takes settlement must take, or no batch follows: nothing and something, for whom there is and for whom
    // there is not. Something for an account that is not there is refused.
    let accounts = [2, 77, u32::MAX].map(|id| account_recipient(AccountId::new(id)));
    let whom = [accounts[0], accounts[1], accounts[2], [0; 20], [6; 20]];
    let mut taken = 0;
    for (number, to) in (60..).zip(whom) {
        for (number, amount) in [(number, 0), (number + 10, 1)] {
            let operation = private_withdrawal(number, anchor(), to, (amount, 0));
            taken += u32::from(wait(node.submit_private(operation)).is_ok());
        }
    }
    assert_eq!(taken, 8);
    caught_up(&node, &*user);

    // a paused node does what it must: an order, an operation of the pool, a note that was paid for
    let order = payers[0].withdraw_to(shield(3).recipient(), 30, 0);
    let id = wait(node.submit(order)).unwrap().id;
    let (batch, record) = included(&node, &id, BatchStage::Published);
    wait(node.pause()).unwrap();
    let force = |order: SignedOrder| {
        let opening = None;
        user.call(&Call::Force { order, opening }).unwrap();
    };
    let notes = user.status().unwrap().notes;
    force(third.pay(1, 5, 0));
    let private = private_withdrawal(51, anchor(), secret(8).party().0, (70, 0));
    user.call(&Call::ForcePrivate(private)).unwrap();
    let payment = Payment { batch, record };
    let call = Call::ForceShield {
        payment,
        shield: shield(3),
    };
    user.call(&call).unwrap();
    // and refutes what can never run
    let mut stale = payers[1].clone();
    (stale.nonce, stale.index) = (Nonce::ZERO, 9);
    force(stale.pay(1, 1, 0));
    caught_up(&node, &*user);
    assert_eq!(balance(AccountId::new(3)), Some(Amount::new(85)));
    // the change of the withdrawal, and the note
    assert_eq!(user.status().unwrap().notes, notes + 2);
    let owed = by(8).claims().unwrap();
    assert_eq!(
        owed.iter().map(|claim| claim.2).collect::<Vec<_>>(),
        [Amount::new(70)]
    );

    // the operator has done all that was due
    clock.fetch_add(10 * WINDOW, Ordering::Relaxed);
    assert!(user.call(&Call::Freeze).unwrap_err().is("nothing_due"));
    stop(running);
    let root = node_root(folder.path(), &payers, &durable);
    assert_eq!(root, durable.by(Party::NOBODY).status().unwrap().root);
    drop(server);
}

/// The root of a node that is started again and finds everything done.
fn node_root(folder: &Path, payers: &[Payer], durable: &Arc<Durable<Words>>) -> Root {
    let base = durable.by(secret(OPERATOR).party());
    let (node, running) = start_over(folder, payers, base).unwrap();
    let status = caught_up(&node, &durable.by(Party::NOBODY));
    let root = node.status().unwrap().root;
    assert_eq!(root, status.root);
    stop(running);
    root
}

/// A note that is named by a number, of 30.
fn shield(number: u64) -> Shield {
    Shield {
        blinded: digest(number),
        asset: AssetId::new(7),
        amount: Amount::new(30),
        sealed: vec![number as u8; 30],
    }
}

#[test]
fn a_node_settles_in_this_process() {
    a_life(false);
}

#[test]
fn a_node_settles_at_an_address() {
    a_life(true);
}

/// What stands between a node and its settlement.
#[derive(Clone)]
pub(super) struct Between {
    /// Nothing, while the line is cut.
    pub(super) base: Arc<Mutex<Option<Box<dyn Base>>>>,
    /// Answers to calls are lost, every second one.
    lossy: Arc<AtomicBool>,
    /// Batches get through before this one.
    pub(super) settles: Arc<AtomicU64>,
    pub(super) calls: Arc<AtomicU64>,
    /// Whatever was asked of it.
    pub(super) asked: Arc<AtomicU64>,
}

impl Between {
    pub(super) fn new(base: impl Base + 'static) -> Self {
        Self {
            base: Arc::new(Mutex::new(Some(Box::new(base)))),
            lossy: Arc::default(),
            settles: Arc::new(AtomicU64::new(u64::MAX)),
            calls: Arc::default(),
            asked: Arc::default(),
        }
    }

    fn ask<T>(&self, ask: impl FnOnce(&dyn Base) -> Result<T, CallError>) -> Result<T, CallError> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        match &*self.base.lock().unwrap() {
            Some(base) => ask(&**base),
            None => Err(lost()),
        }
    }
}

fn lost() -> CallError {
    CallError::Unavailable {
        what: "the line is cut".into(),
        source: None,
    }
}

impl Base for Between {
    fn status(&self) -> Result<Status, CallError> {
        self.ask(|base| base.status())
    }

    fn genesis(&self) -> Result<Opening, CallError> {
        self.ask(|base| base.genesis())
    }

    fn call(&self, call: &Call) -> Result<Outcome, CallError> {
        if let Call::Publish { batch, .. } = call
            && batch.public.batch_number.get() >= self.settles.load(Ordering::Relaxed)
        {
            return Err(lost());
        }
        let outcome = self.ask(|base| base.call(call));
        let count = self.calls.fetch_add(1, Ordering::Relaxed);
        if self.lossy.load(Ordering::Relaxed) && count.is_multiple_of(2) {
            return outcome.and(Err(lost()));
        }
        outcome
    }

    fn batch(&self, number: BatchNumber) -> Result<Option<BatchData>, CallError> {
        self.ask(|base| base.batch(number))
    }

    fn obligations(&self, first: u64, limit: usize) -> Result<Vec<(u64, Obligation)>, CallError> {
        self.ask(|base| base.obligations(first, limit))
    }

    fn payments(&self, first: u64, limit: usize) -> Result<Vec<Paid>, CallError> {
        self.ask(|base| base.payments(first, limit))
    }

    fn claims(&self) -> Result<Vec<(Claim, AssetId, Amount)>, CallError> {
        self.ask(|base| base.claims())
    }
}

/// Answers are lost, and settlement is away and comes back: each batch is settled once, nothing is taken twice.
#[test]
fn lost_answers_and_a_settlement_that_is_started_again_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut payers = payers(2, 4);
    create(folder.path(), &payers);
    let clock = Arc::default();
    let durable = open(folder.path(), Words::default(), &clock);
    let operator = secret(OPERATOR).party();
    let between = Between::new(durable.by(operator));
    between.lossy.store(true, Ordering::Relaxed);
    let (node, running) = start_over(folder.path(), &payers, between.clone()).unwrap();
    let pay_in = |durable: &Arc<Durable<Words>>| {
        let call = Call::Deposit {
            asset: AssetId::new(7),
            amount: Amount::new(5),
            to: DepositTo::Existing(AccountId::new(1)),
        };
        durable.by(secret(7).party()).call(&call).unwrap();
    };
    pay_in(&durable);
    wait(node.submit(payers[0].pay(2, 100, 0))).unwrap();
    caught_up(&node, &durable.by(operator));

    // settlement is stopped; the node goes on, and tells once that it cannot be reached
    let mut alarms = node.subscribe();
    *between.base.lock().unwrap() = None;
    drop(durable);
    let id = wait(node.submit(payers[0].pay(2, 1, 0))).unwrap().id;
    included(&node, &id, BatchStage::Proven);
    until(|| match alarms.try_recv() {
        Ok(Event::Alarm(Alarm::Settlement { reason, .. })) => {
            assert!(reason.contains("cannot be reached"), "{reason}");
            Some(())
        }
        _ => None,
    });
    let durable = open(folder.path(), Words::default(), &clock);
    pay_in(&durable);
    *between.base.lock().unwrap() = Some(Box::new(durable.by(operator)));
    let status = caught_up(&node, &durable.by(operator));
    let balance = node
        .account(AccountId::new(1))
        .unwrap()
        .unwrap()
        .pending
        .balance;
    assert_eq!(balance, Amount::new(BALANCE - 101 + 10));
    assert_eq!(
        status.totals[&AssetId::new(7)],
        Amount::new(2 * BALANCE + 10)
    );
    stop(running);
}
