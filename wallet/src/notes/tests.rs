//! Note accounts: what they find, choose and spend, and what a viewing key can do.

mod association;
mod chosen;

use proptest::prelude::*;
use winterlane_ledger::{
    Amount, AssetId, BatchNumber, ChainId, Digest, Domain, RollupId,
    hash::domain_digest,
    pool::{Payment, Pool, PoolOperation, PrivateOperation, ProofRefusal, VerifyPrivate},
    private::{Commitment, Note, NoteTree, Nullifier, PrivateInputs},
};

use super::*;
use crate::MasterSeed;

fn domain() -> Domain {
    domain_digest(ChainId::new(1), RollupId::new(1))
}

fn account(byte: u8) -> NoteSecret {
    MasterSeed::from_bytes([byte; 32]).note_secret(0)
}

/// Takes every proof: what is proven is checked by [`World::check_withdrawal`] and its like.
struct Anything;

impl VerifyPrivate for Anything {
    fn verify(&self, _: &PrivateInputs, _: &[u8]) -> Result<(), Box<ProofRefusal>> {
        Ok(())
    }
}

/// A pool, and what everybody can see of it.
struct World {
    pool: Pool,
    tree: NoteTree,
    published: Vec<PoolOperation>,
}

impl World {
    fn new() -> Self {
        Self {
            pool: Pool::new(domain()),
            tree: NoteTree::default(),
            published: Vec::new(),
        }
    }

    fn apply(&mut self, operation: PoolOperation) {
        let mut batch = self.pool.open_batch();
        batch.apply(&operation, &Anything).unwrap();
        for commitment in batch.seal().commitments {
            self.tree.append(commitment).unwrap();
        }
        assert_eq!(self.tree.root(), self.pool.anchor());
        self.published.push(operation);
    }

    fn shield(&mut self, to: &NoteSecret, asset: u32, amount: u128) {
        let (shield, _) = shield(
            &to.payment_address(),
            AssetId::new(asset),
            Amount::new(amount),
        )
        .unwrap();
        let payment = Payment {
            batch: BatchNumber::new(self.published.len() as u64),
            record: 0,
        };
        self.apply(PoolOperation::Shield(shield, payment));
    }

    fn book(&self, secret: &NoteSecret) -> NoteBook {
        let mut book = NoteBook::new(domain());
        book.scan(&secret.viewing_key(), &self.published);
        book
    }

    fn terms(&self, amount: u128, fee: u128) -> Terms<'static> {
        Terms {
            asset: AssetId::new(7),
            amount: Amount::new(amount),
            fee: Amount::new(fee),
            batch_number: self.pool.batch_number(),
            valid_until: BatchNumber::new(self.pool.batch_number().get() + 3),
            association: None,
        }
    }

    /// What the proof of a withdrawal shows.
    fn check_withdrawal(&self, owner: &NoteSecret, spend: &Withdrawal) {
        let (note, path) = (spend.input.note, spend.input.path.unwrap());
        assert_eq!(path.root(&note.commitment()), spend.inputs.anchor);
        let keys = owner.keys();
        assert_eq!(
            (note.owner, spend.change.owner),
            (keys.address(), keys.address())
        );
        assert_eq!(
            note.nullifier(&keys.nullifier, path.position),
            spend.inputs.nullifier
        );
        assert_eq!(spend.change.commitment(), spend.inputs.change);
        assert_eq!(
            note.value,
            Amount::new(
                spend.change.value.get() + spend.inputs.amount.get() + spend.inputs.fee.get()
            )
        );
        assert_eq!([note.asset, spend.change.asset], [spend.inputs.asset; 2]);
    }

    fn withdraw(&mut self, owner: &NoteSecret, amount: u128, fee: u128) -> Withdrawal {
        let terms = self.terms(amount, fee);
        let spend = self
            .book(owner)
            .withdrawal(owner, &self.tree, &terms, [9; 20])
            .unwrap();
        self.check_withdrawal(owner, &spend);
        self.apply(PoolOperation::Private(PrivateOperation {
            inputs: PrivateInputs::Withdrawal(spend.inputs),
            sealed: vec![],
            proof: vec![],
        }));
        spend
    }

    fn send(&mut self, from: &NoteSecret, to: &NoteSecret, amount: u128, fee: u128) -> Transfer {
        let terms = self.terms(amount, fee);
        let book = self.book(from);
        let to = to.payment_address();
        let spend = book.transfer(from, &self.tree, &terms, &to).unwrap();
        let keys = from.keys();
        let mut value = 0;
        for (input, nullifier) in spend.spent.iter().zip(&spend.inputs.nullifiers) {
            let position = input.path.map_or(0, |path| path.position);
            assert_eq!(input.note.nullifier(&keys.nullifier, position), *nullifier);
            assert_eq!(
                (input.note.owner, input.note.asset),
                (keys.address(), AssetId::new(7))
            );
            assert_eq!(input.path.is_none(), input.note.value == Amount::ZERO);
            if let Some(path) = input.path {
                assert_eq!(path.root(&input.note.commitment()), spend.inputs.anchor);
            }
            value += input.note.value.get();
        }
        let made: u128 = spend.made.iter().map(|note| note.value.get()).sum();
        assert_eq!(value, made + fee);
        assert_eq!(
            spend.made.map(|note| note.commitment()),
            spend.inputs.commitments
        );
        self.apply(PoolOperation::Private(PrivateOperation {
            inputs: PrivateInputs::Transfer(spend.inputs),
            sealed: spend.sealed.clone(),
            proof: vec![],
        }));
        spend
    }
}

#[test]
fn money_goes_around_and_everybody_finds_their_own() {
    let [alice, bob, eve] = [1, 2, 3].map(account);
    let mut world = World::new();
    world.shield(&alice, 7, 100);
    world.shield(&bob, 7, 5);
    world.shield(&alice, 8, 50);
    world.send(&alice, &bob, 60, 1);
    world.withdraw(&bob, 58, 2);
    let last = world.withdraw(&alice, 30, 0);
    assert_eq!(last.change.value, Amount::new(9));
    assert_eq!(
        world.book(&alice).balances(),
        [
            (AssetId::new(7), Amount::new(9)),
            (AssetId::new(8), Amount::new(50))
        ]
    );
    assert_eq!(
        world.book(&bob).balances(),
        [(AssetId::new(7), Amount::new(5))]
    );
    assert_eq!(world.book(&eve).balances(), []);
    let held: u128 = 100 + 5 - 1 - 60 - 30;
    assert_eq!(world.pool.held(AssetId::new(7)), Amount::new(held));
    // Two notes become one payment, and change in one note.
    world.shield(&bob, 7, 8);
    let both = world.send(&bob, &alice, 12, 0);
    assert!(both.spent.iter().all(|input| input.path.is_some()));
    assert_eq!(
        world.book(&bob).balances(),
        [(AssetId::new(7), Amount::new(1))]
    );
    assert_eq!(
        world.book(&alice).balances(),
        [
            (AssetId::new(7), Amount::new(21)),
            (AssetId::new(8), Amount::new(50))
        ]
    );
}

#[test]
fn scanning_in_pieces_is_scanning_at_once() {
    let [alice, bob] = [1, 2].map(account);
    let mut world = World::new();
    world.shield(&alice, 7, 100);
    world.send(&alice, &bob, 60, 1);
    world.withdraw(&alice, 30, 0);
    world.send(&bob, &alice, 1, 0);
    for secret in [&alice, &bob] {
        let key = secret.viewing_key();
        let mut book = NoteBook::new(domain());
        for operation in &world.published {
            book.scan(&key, std::slice::from_ref(operation));
        }
        assert_eq!(book, world.book(secret));
        assert_eq!(
            (book.operations(), book.position()),
            (4, world.tree.count())
        );
    }
}

#[test]
fn a_viewing_key_sees_all_and_has_no_spend_key() {
    let [alice, bob] = [1, 2].map(account);
    let mut world = World::new();
    world.shield(&alice, 7, 100);
    world.send(&alice, &bob, 60, 1);
    let text = alice.viewing_key().to_text();
    let auditor: ViewingKey = text.parse().unwrap();
    assert_eq!(auditor, alice.viewing_key());
    let mut book = NoteBook::new(domain());
    book.scan(&auditor, &world.published);
    assert_eq!(book, world.book(&alice));
    let spent: Vec<_> = book.notes().iter().map(|found| found.state).collect();
    assert_eq!(spent, [State::Spent { by: 1 }, State::Unspent]);
    // The spend key is nowhere in it, in no byte order.
    let spend = alice.keys().spend.0.to_bytes();
    let hex = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    assert!(!text.contains(&hex(&spend[..8])) && !text.contains(&hex(&spend[24..])));
    let shown = format!("{alice:?} {auditor:?} {:?}", alice.keys());
    assert!(!shown.contains(&hex(&spend[..2])), "{shown}");
}

#[test]
fn texts_are_checked() {
    let alice = account(1);
    let address = alice.payment_address().to_string();
    assert_eq!(address.len(), "wlnote-address:".len() + 2 * (32 + 1184 + 4));
    let read: PaymentAddress = format!(" {address}\n").parse().unwrap();
    assert_eq!(read, alice.payment_address());
    let mut changed = address.clone().into_bytes();
    let at = changed.len() - 20;
    changed[at] = if changed[at] == b'0' { b'1' } else { b'0' };
    let changed = String::from_utf8(changed).unwrap();
    assert_eq!(
        changed.parse::<PaymentAddress>(),
        Err(KeyTextError::Checksum)
    );
    let short = &address[..address.len() - 1];
    assert!(matches!(
        short.parse::<PaymentAddress>(),
        Err(KeyTextError::Digits { .. })
    ));
    let letters = address.replace('a', "x");
    assert!(letters.parse::<PaymentAddress>().is_err());
    assert!(matches!(
        address.parse::<ViewingKey>(),
        Err(KeyTextError::Prefix {
            expected: "wlnote-viewing:"
        })
    ));
    let viewing = alice.viewing_key().to_text();
    assert!(matches!(
        viewing.parse::<PaymentAddress>(),
        Err(KeyTextError::Prefix { .. })
    ));
}

#[test]
fn keys_are_determined_by_seed_and_number() {
    let seed = MasterSeed::from_bytes([5; 32]);
    let keys = [0, 1].map(|number| seed.note_secret(number).keys());
    assert_ne!(keys[0].spend, keys[1].spend);
    assert_ne!(keys[0].nullifier, keys[1].nullifier);
    assert_ne!(keys[0].spend.0, keys[0].nullifier);
    let viewing = [0, 1].map(|number| seed.note_secret(number).viewing_key());
    assert_ne!(viewing[0], viewing[1]);
    // The derivation is fixed: keys of today must be keys of tomorrow.
    assert_eq!(keys::fixed(&seed.note_secret(0)), FIXED);
}

/// Spend key and nullifier key of the account above.
const FIXED: [u64; 8] = [
    9_884_571_294_083_815_825,
    17_174_707_503_517_536_168,
    12_834_380_909_818_440_783,
    7_335_195_101_579_120_677,
    9_626_912_941_394_801_630,
    10_625_523_991_114_346_254,
    11_887_738_548_620_032_763,
    7_424_589_949_801_977_906,
];

#[test]
fn what_is_damaged_or_for_others_does_not_open() {
    let [alice, bob] = [1, 2].map(account);
    let to = alice.payment_address();
    let note = to.note(AssetId::new(7), Amount::new(5)).unwrap();
    let sealed = to.seal(&note).unwrap();
    assert_eq!(sealed.len(), SEALED_NOTE_BYTES);
    let key = alice.viewing_key();
    assert_eq!(key.open(&sealed, &note.commitment()), Some(note));
    assert_eq!(bob.viewing_key().open(&sealed, &note.commitment()), None);
    assert_eq!(key.open(&sealed, &Commitment(Digest::ZERO)), None);
    // A sender who encrypts another value than the commitment has: the note is not taken for money.
    let lie = Note {
        value: Amount::new(500),
        ..note
    };
    let honest = note.commitment();
    let sealed = to.seal_as(&lie, &honest).unwrap();
    assert_eq!(key.open(&sealed, &honest), None);
}

#[test]
fn pending_notes_wait_until_their_operation_expires() {
    let alice = account(1);
    let mut world = World::new();
    world.shield(&alice, 7, 100);
    let mut book = world.book(&alice);
    let nullifier = book.notes()[0].nullifier;
    book.reserve(&[nullifier, Nullifier(Digest::ZERO)], BatchNumber::new(5));
    assert_eq!(book.balances(), [(AssetId::new(7), Amount::new(100))]);
    assert_eq!(book.spendable(BatchNumber::new(5)).count(), 0);
    assert_eq!(book.spendable(BatchNumber::new(6)).count(), 1);
    let error = book
        .withdrawal(&alice, &world.tree, &world.terms(1, 0), [9; 20])
        .unwrap_err();
    assert!(
        error.to_string().contains("100 more are waiting"),
        "{error}"
    );
    // It was applied: spent for good, and a late reservation changes nothing.
    let spend = world.withdraw(&alice, 1, 0);
    book.scan(&alice.viewing_key(), &world.published[1..]);
    assert_eq!(book.notes()[0].state, State::Spent { by: 1 });
    book.reserve(&[spend.inputs.nullifier], BatchNumber::new(99));
    assert_eq!(book.notes()[0].state, State::Spent { by: 1 });
}

#[test]
fn a_book_that_lags_behind_the_tree_spends_nothing() {
    let alice = account(1);
    let mut world = World::new();
    world.shield(&alice, 7, 100);
    let book = world.book(&alice);
    world.shield(&alice, 7, 1);
    let error = book
        .withdrawal(&alice, &world.tree, &world.terms(1, 0), [9; 20])
        .unwrap_err();
    assert!(
        matches!(
            error,
            SpendError::Tree {
                tree: 2,
                scanned: 1
            }
        ),
        "{error}"
    );
}

/// What only the owner knows is in no log: names have no digits, values and places have.
#[test]
fn notes_in_a_log_show_nothing() {
    #[track_caller]
    fn shows_nothing(secret: &dyn std::fmt::Debug) {
        for shown in [format!("{secret:?}"), format!("{secret:#?}")] {
            assert!(!shown.contains(|c: char| c.is_ascii_digit()), "{shown}");
        }
    }
    let mut world = World::new();
    let owner = account(1);
    world.shield(&owner, 7, 100);
    let book = world.book(&owner);
    assert_eq!(book.notes().len(), 1);
    shows_nothing(&book.notes());
    shows_nothing(&book.notes()[0]);
    shows_nothing(&book.notes()[0].note);
    shows_nothing(&book);
    let terms = world.terms(30, 2);
    shows_nothing(&terms);
    let spend = book.withdrawal(&owner, &world.tree, &terms, [9; 20]);
    let spend = spend.unwrap();
    shows_nothing(&spend.input);
    shows_nothing(&spend.change);
    // what the whole shows is what is published: the test can tell
    let shown = format!("{spend:?}");
    assert!(
        shown.contains("amount: Amount(30)") && shown.contains("Input(..)"),
        "{shown}"
    );
}

/// `cargo test --release -p winterlane-wallet speed_of_scanning -- --ignored --nocapture`
#[test]
#[ignore = "a measurement"]
fn speed_of_scanning() {
    const NOTES: usize = 40_000;
    let [alice, bob] = [1, 2].map(account);
    let to = bob.payment_address();
    let published: Vec<_> = (0..100)
        .map(|value| {
            let payment = Payment {
                batch: BatchNumber::ZERO,
                record: value as u32,
            };
            PoolOperation::Shield(
                shield(&to, AssetId::new(7), Amount::new(value + 1))
                    .unwrap()
                    .0,
                payment,
            )
        })
        .collect();
    let published: Vec<_> = published.iter().cycle().take(NOTES).cloned().collect();
    let key = alice.viewing_key();
    let start = std::time::Instant::now();
    let mut book = NoteBook::new(domain());
    book.scan(&key, &published);
    let time = start.elapsed();
    assert!(book.notes().is_empty());
    println!(
        "{NOTES} notes in {time:?} on {} threads: 10^6 in {:.1} s",
        rayon::current_num_threads(),
        time.as_secs_f64() * 1e6 / NOTES as f64
    );
}
