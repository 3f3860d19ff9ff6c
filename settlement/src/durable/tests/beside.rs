//! Proofs that take their time: what others read and call meanwhile, and what has changed when they are through.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, Sender, channel},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use winterlane_ledger::{
    AccountId, BaseElement, Deposit, Digest, Ledger, PublicInputs,
    pool::{Pool, PrivateOperation, ProofRefusal, VerifyPrivate, ciphertexts_digest},
    private::{Commitment, Nullifier, PrivateInputs, TransferInputs},
    wire,
};

use super::*;

/// Longer than any machine takes: who waits in vain fails, and does not hang.
const LONG: Duration = Duration::from_secs(600);

/// Proofs that hold, when they are let through: private ones, and those of batches if `batches` says so.
struct Gate {
    begun: Mutex<Sender<()>>,
    go: Mutex<Receiver<()>>,
    batches: bool,
}

/// The other side of the gate: who has come to it, and who may pass.
struct Keeper {
    begun: Receiver<()>,
    go: Sender<()>,
}

impl Gate {
    fn new(batches: bool) -> (Self, Keeper) {
        let ((begin, begun), (go, may_go)) = (channel(), channel());
        let gate = Self {
            begun: Mutex::new(begin),
            go: Mutex::new(may_go),
            batches,
        };
        (gate, Keeper { begun, go })
    }

    fn pass(&self) -> Result<(), Box<ProofRefusal>> {
        self.begun.lock().unwrap().send(())?;
        self.go.lock().unwrap().recv_timeout(LONG)?;
        Ok(())
    }
}

impl VerifyPrivate for Gate {
    fn verify(&self, _: &PrivateInputs, _: &[u8]) -> Result<(), Box<ProofRefusal>> {
        self.pass()
    }
}

impl Proofs for Gate {
    fn batch(&self, _: &PublicInputs, _: &[u8]) -> Result<(), Box<ProofRefusal>> {
        if self.batches { self.pass() } else { Ok(()) }
    }
}

/// A private transfer of the rollup that [`genesis`] begins.
fn transfer() -> Call {
    let digest = |n: u32| Digest([n, 1, 2, 3].map(BaseElement::from));
    let domain = genesis().domain;
    let sealed = vec![vec![1; 40], vec![2; 40]];
    let inputs = TransferInputs {
        anchor: Pool::new(domain).anchor(),
        nullifiers: [1, 2].map(|n| Nullifier(digest(n))),
        commitments: [3, 4].map(|n| Commitment(digest(n))),
        fee: None,
        domain,
        valid_until: BatchNumber::new(1 << 40),
        ciphertexts: ciphertexts_digest(&sealed),
        association: None,
    };
    Call::ForcePrivate(PrivateOperation {
        inputs: PrivateInputs::Transfer(inputs),
        sealed,
        proof: b"a proof".to_vec(),
    })
}

/// The first batch, with the deposit of so much that [`deposit`] makes.
fn first_batch(amount: Amount) -> Call {
    let mut ledger = Ledger::genesis(genesis().domain, BatchNumber::ZERO, []).unwrap();
    let mut batch = ledger.open_batch();
    let deposit = Deposit {
        to: AccountId::ZERO,
        asset: AssetId::new(9),
        amount,
        keys: Some(NewKeys::single(Root::ZERO)),
    };
    batch.deposit(deposit).unwrap();
    let sealed = batch.seal(None).unwrap();
    let batch = BatchData {
        records: wire::encode(&sealed.records, BatchNumber::ZERO).unwrap(),
        proof: b"a proof".to_vec(),
        public: sealed.public_inputs,
        pool: Vec::new(),
    };
    Call::Publish { epoch: 0, batch }
}

fn operator() -> Party {
    Secret::from_bytes([1; 32]).party()
}

/// Makes a call, while the test goes on.
fn calling(
    durable: &Arc<Durable<Gate>>,
    who: Party,
    call: Call,
) -> JoinHandle<Result<Outcome, CallError>> {
    let handle = durable.by(who);
    thread::spawn(move || handle.call(&call))
}

/// What settlement has is what its disk has.
fn check_reopened(disk: &Disk, durable: Arc<Durable<Gate>>) {
    let status = durable.by(who()).status().unwrap();
    let owed = durable.by(who()).obligations(0, 99).unwrap();
    drop(durable);
    let again = open(disk, 1 << 20).unwrap();
    assert_eq!(again.by(who()).status().unwrap(), status);
    assert_eq!(again.by(who()).obligations(0, 99).unwrap(), owed);
}

#[test]
fn others_read_and_call_while_a_proof_is_verified() {
    let disk = Disk::default();
    let (gate, keeper) = Gate::new(false);
    let durable = open_by(&disk, 1 << 20, gate, Box::new(|| 1_000)).unwrap();
    let forcing = calling(&durable, who(), transfer());
    keeper.begun.recv_timeout(LONG).unwrap();
    // on a thread of its own: one that waits for the proof waits for ever, and is not to take this test with it
    let (say, said) = channel();
    let (stranger, publisher) = (durable.by(Party([5; 20])), durable.by(operator()));
    let beside = thread::spawn(move || {
        let read = stranger.status().map(|status| status.obligations);
        let called = stranger.call(&deposit(Amount::new(1)));
        // a batch has a turn of its own
        let published = publisher.call(&first_batch(Amount::new(1)));
        let _ = say.send((read, called, published));
    });
    let meanwhile = said.recv_timeout(LONG);
    keeper.go.send(()).unwrap();
    let forced = forcing.join().unwrap().unwrap();
    beside.join().unwrap();
    let (read, called, published) = meanwhile.expect("others wait for a proof");
    assert_eq!(read.unwrap(), 0);
    assert!(matches!(
        called.unwrap(),
        Outcome::Deposited { number: 0, .. }
    ));
    let published = published.unwrap();
    assert!(
        matches!(&published, Outcome::Settled { batch, kept } if *batch == BatchNumber::ZERO && kept == &[0]),
        "{published:?}"
    );
    // it came after them
    assert!(
        matches!(forced, Outcome::Forced { number: 1, .. }),
        "{forced:?}"
    );
    check_reopened(&disk, durable);
}

/// What a proof was verified against is looked at again when it holds: the rollup has ended meanwhile.
#[test]
fn a_call_is_refused_by_what_has_changed_while_its_proof_was_verified() {
    let disk = Disk::default();
    let (gate, keeper) = Gate::new(false);
    let clock = Arc::new(AtomicU64::new(1_000));
    let time = Arc::clone(&clock);
    let time = Box::new(move || time.load(Ordering::Relaxed));
    let durable = open_by(&disk, 1 << 20, gate, time).unwrap();
    durable.by(who()).call(&deposit(Amount::new(1))).unwrap();
    let forcing = calling(&durable, who(), transfer());
    keeper.begun.recv_timeout(LONG).unwrap();
    clock.fetch_add(2 * Rules::default().window, Ordering::Relaxed);
    let frozen = durable.by(Party::NOBODY).call(&Call::Freeze).unwrap();
    assert!(matches!(frozen, Outcome::Frozen(_)), "{frozen:?}");
    keeper.go.send(()).unwrap();
    let refused = forcing.join().unwrap().unwrap_err();
    assert!(refused.is("frozen"), "{refused}");
    assert_eq!(durable.by(who()).obligations(0, 9).unwrap().len(), 1);
    check_reopened(&disk, durable);
}

/// A batch of an operator who was followed by another while its proof was verified is not settled.
#[test]
fn a_batch_of_an_epoch_that_has_ended_meanwhile_is_not_settled() {
    let disk = Disk::default();
    let (gate, keeper) = Gate::new(true);
    let durable = open_by(&disk, 1 << 20, gate, Box::new(|| 1_000)).unwrap();
    durable.by(who()).call(&deposit(Amount::new(1))).unwrap();
    let publishing = calling(&durable, operator(), first_batch(Amount::new(1)));
    keeper.begun.recv_timeout(LONG).unwrap();
    let taken_over = durable.by(operator()).call(&Call::TakeOver { seen: 0 });
    assert!(matches!(taken_over, Ok(Outcome::Epoch { epoch: 1 })));
    keeper.go.send(()).unwrap();
    let refused = publishing.join().unwrap().unwrap_err();
    assert!(refused.is("epoch"), "{refused}");
    assert_eq!(
        durable.by(who()).status().unwrap().next_batch,
        BatchNumber::ZERO
    );
    check_reopened(&disk, durable);
}

/// The same note twice at the same time: one of the two is taken, and the same batch is settled once.
#[test]
fn what_comes_twice_at_once_is_taken_once() {
    let disk = Disk::default();
    let (gate, keeper) = Gate::new(true);
    let durable = open_by(&disk, 1 << 20, gate, Box::new(|| 1_000)).unwrap();
    durable.by(who()).call(&deposit(Amount::new(1))).unwrap();
    let twice = |who: Party, call: fn() -> Call| {
        let first = calling(&durable, who, call());
        keeper.begun.recv_timeout(LONG).unwrap();
        let second = calling(&durable, who, call());
        // so that it comes while the first is verified; if it comes later, it is answered alike
        thread::sleep(Duration::from_millis(200));
        keeper.go.send(()).unwrap();
        let first = first.join().unwrap();
        while !second.is_finished() {
            let again = keeper.begun.try_recv();
            assert!(
                again.is_err(),
                "what the first call has settled is verified again"
            );
            thread::sleep(Duration::from_millis(1));
        }
        [first, second.join().unwrap()]
    };
    let forced = twice(who(), transfer);
    assert_eq!(forced.iter().filter(|forced| forced.is_ok()).count(), 1);
    let refused = forced.into_iter().find_map(Result::err).unwrap();
    assert!(refused.is("note_forced"), "{refused}");
    let outcomes = twice(operator(), || first_batch(Amount::new(1))).map(Result::unwrap);
    let settled = |outcome: &&Outcome| matches!(outcome, Outcome::Settled { batch, .. } if *batch == BatchNumber::ZERO);
    assert_eq!(outcomes.iter().filter(settled).count(), 1, "{outcomes:?}");
    let before = |outcome: &&Outcome| matches!(outcome, Outcome::AlreadySettled { batch } if *batch == BatchNumber::ZERO);
    assert_eq!(outcomes.iter().filter(before).count(), 1, "{outcomes:?}");
    check_reopened(&disk, durable);
}
