//! Random programs for a ledger, what the reference says of each step, and runs that can be repeated.

use std::hash::{BuildHasher, RandomState};

use proptest::{
    prelude::*,
    test_runner::{RngSeed, TestRunner},
};
use proptest_state_machine::ReferenceStateMachine;
use winterlane_ledger::{
    AccountId, Amount, AssetId, BatchNumber, Deposit, LedgerError, NewKeys, Order, RotateKey,
    Scope, SealError, SlotIndex, Transfer, Withdraw,
};

use crate::{
    model::{Accounts, Entry, Holder, Model, NewSlots, Signing},
    scenario::{KeyName, Opening},
};

const GOLD: u32 = 7;
const IRON: u32 = 8;
/// Runs `test` on random values, all of which follow from one seed: a new one, or that of
/// `PROPTEST_RNG_SEED`. A failing test prints it.
///
/// # Panics
/// When a test fails.
pub fn replayable<S: Strategy>(
    config: ProptestConfig,
    strategy: &S,
    test: impl Fn(S::Value) -> Result<(), TestCaseError>,
) {
    let seed = match config.rng_seed {
        RngSeed::Fixed(seed) => seed,
        RngSeed::Random => RandomState::new().hash_one(()),
    };
    println!("PROPTEST_RNG_SEED={seed}");
    TestRunner::new(ProptestConfig {
        rng_seed: RngSeed::Fixed(seed),
        // the seed is all it takes
        failure_persistence: None,
        ..config
    })
    .run(strategy, test)
    .unwrap_or_else(|failure| panic!("PROPTEST_RNG_SEED={seed}: {failure}"));
}

/// Accounts at the beginning, and places for more.
pub const IDS: [u32; 8] = [0, 1, 2, 3, 9, u32::MAX, 4, 1 << 31];
/// Operations of a batch, at most.
const SLOTS: usize = 8;

/// The accounts at the beginning. One has a single nonce left, and a key that is used up.
pub fn openings() -> Vec<Opening> {
    // the first key may do everything, the second one rotate only, or everything too
    let opening = |id: u32, asset, balance, second| Opening {
        slots: [
            (KeyName(id.wrapping_mul(2), 3), Scope::BOTH, 0),
            (KeyName(id.wrapping_mul(2) | 1, 3), second, 0),
        ],
        ..Opening::new(id, asset, balance)
    };
    let tired = Opening {
        nonce: u32::MAX - 1,
        slots: [
            (KeyName(6, 3), Scope::BOTH, 1),
            (KeyName(7, 3), Scope::BOTH, 1024),
        ],
        ..Opening::new(3, GOLD, 1 << 100)
    };
    vec![
        opening(0, GOLD, 0, Scope::ROTATE),
        opening(1, GOLD, 1000, Scope::ROTATE),
        opening(2, GOLD, u128::MAX - 100, Scope::BOTH),
        tired,
        opening(9, IRON, 800, Scope::BOTH),
        opening(u32::MAX, IRON, 90, Scope::ROTATE),
    ]
}

/// Keys that operations bring in; the last one is never anybody's.
const NAMES: [KeyName; 4] = [
    KeyName(2000, 3),
    KeyName(2001, 3),
    KeyName(2002, 3),
    KeyName(2003, 3),
];

/// What is false about a signature, if anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
    /// Nothing.
    None,
    /// Signed for one unit less.
    Amount,
    /// Signed for the nonce before, which it does not say.
    Nonce,
    /// Signed in another domain.
    Domain,
}

/// Whose key signs.
#[derive(Clone, Copy, Debug)]
pub enum Who {
    /// The key in this slot.
    Slot(SlotIndex),
    /// Another one.
    Stranger,
}

/// One step of a program. What it depends on the state for is looked up when it runs.
#[derive(Clone, Debug)]
pub enum Step {
    /// A signed operation.
    Sign {
        /// What is asked for.
        order: Order,
        /// The key that a rotation brings.
        brings: KeyName,
        /// Whose key signs.
        who: Who,
        /// The nonce signed for, relative to the due one.
        nonce: i8,
        /// The one-time key, relative to the due one.
        index: i8,
        /// What is false.
        lie: Lie,
    },
    /// A deposit, and the names of the keys it brings.
    Deposit(Deposit, Option<NewSlots>),
    /// A collection of the pool.
    Collect(u32),
    /// Padding.
    Noop,
    /// The end of the batch.
    Seal,
}

/// What the reference says of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// There was no step yet.
    Begun,
    /// Who signs, and what the ledger says.
    Signed(Signing, Result<(), LedgerError>),
    /// A false signature: it leads to no key, or to no root at all. If another rule also refuses
    /// the order, either reason is right.
    Forged(Signing, LedgerError),
    /// What the ledger says of an operation without signature.
    Unsigned(Result<(), LedgerError>),
    /// What it says of the end, what the batch took, and the accounts around each operation.
    Sealed(Result<(), SealError>, Vec<Entry>, Vec<[Accounts; 3]>),
}

/// The reference and its last word.
#[derive(Clone, Debug)]
pub struct Reference {
    /// The state.
    pub model: Model,
    /// What it said of the last step.
    pub outcome: Outcome,
}

impl Reference {
    fn signing(&self, order: &Order, who: Who, nonce: i8, index: i8) -> Signing {
        let holder = self.model.accounts.get(&order.signer().get());
        let (key, due, slot, first) = match (holder, who) {
            (Some(holder), Who::Slot(slot)) => {
                let held = holder.slots[slot.index()];
                (held.key, holder.nonce, slot, held.next_index)
            }
            (Some(holder), Who::Stranger) => (NAMES[3], holder.nonce, SlotIndex::Zero, 0),
            (None, _) => (NAMES[3], 0, SlotIndex::One, 0),
        };
        let nonce = due.saturating_add_signed(nonce.into());
        // these keys have eight one-time keys
        let index = first.saturating_add_signed(index.into()) % 8;
        Signing {
            key,
            slot,
            index,
            nonce,
        }
    }

    fn sign(&mut self, step: &Step) -> Option<Outcome> {
        let Step::Sign {
            order,
            brings,
            who,
            nonce,
            index,
            lie,
        } = step
        else {
            return None;
        };
        let signing = self.signing(order, *who, *nonce, *index);
        if *lie != Lie::None {
            // as if by a key that nobody has
            let nobody = Signing {
                key: KeyName(u32::MAX, 0),
                ..signing
            };
            let refused = self.model.rotate(order, *brings, nobody);
            return refused.err().map(|error| Outcome::Forged(signing, error));
        }
        Some(Outcome::Signed(
            signing,
            self.model.rotate(order, *brings, signing),
        ))
    }
}

impl ReferenceStateMachine for Reference {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self {
            model: Model::new(5, &openings()),
            outcome: Outcome::Begun,
        })
        .boxed()
    }

    fn transitions(state: &Self) -> BoxedStrategy<Step> {
        let model = &state.model;
        if model.entries.len() >= SLOTS {
            // an account that holds the pool's asset and has room for it
            let to = model.pool.and_then(|(asset, amount)| {
                let fits = |holder: &Holder| {
                    holder.asset == asset && holder.balance.checked_add(amount).is_some()
                };
                let mut ids = IDS.into_iter();
                ids.find(|id| model.accounts.get(id).is_some_and(fits))
            });
            return match to {
                Some(to) => prop_oneof![8 => Just(Step::Collect(to)), 1 => Just(Step::Seal)],
                None => prop_oneof![8 => Just(Step::Seal), 1 => Just(Step::Noop)],
            }
            .boxed();
        }
        let waits = if model.pool.is_some() { 3 } else { 1 };
        prop_oneof![
            14 => signed(model),
            4 => deposit(),
            waits => prop::sample::select(IDS.to_vec()).prop_map(Step::Collect),
            1 => Just(Step::Noop),
            1 => Just(Step::Seal),
        ]
        .boxed()
    }

    fn apply(mut state: Self, step: &Step) -> Self {
        let model = &mut state.model;
        state.outcome = match step {
            Step::Sign { .. } => {
                let outcome = state.sign(step);
                outcome.expect("nobody's key signs nothing")
            }
            Step::Deposit(deposit, slots) => Outcome::Unsigned(model.deposit(deposit, *slots)),
            Step::Collect(to) => Outcome::Unsigned(model.collect(*to)),
            Step::Noop => {
                model.noop();
                Outcome::Unsigned(Ok(()))
            }
            Step::Seal => {
                let (entries, history) = (model.entries.clone(), model.history.clone());
                Outcome::Sealed(model.seal(), entries, history)
            }
        };
        state
    }
}

fn amount() -> impl Strategy<Value = u128> {
    prop_oneof![
        9 => 0..100_u128,
        1 => Just(0),
        1 => (0..128_u32).prop_map(|bits| 1 << bits),
        1 => Just(u128::MAX),
    ]
}

fn scope() -> impl Strategy<Value = Scope> {
    (0..8_u8).prop_map(|bits| Scope::from_bits(bits).unwrap_or(Scope::BOTH))
}

fn name() -> impl Strategy<Value = KeyName> {
    prop::sample::select(NAMES[..3].to_vec())
}

fn signed(model: &Model) -> impl Strategy<Value = Step> + use<> {
    // mostly between accounts of one asset
    let mut holders: Vec<(u32, Holder)> = model.accounts.iter().map(|(&id, &h)| (id, h)).collect();
    holders.sort_unstable_by_key(|&(id, _)| id);
    let pairs: Vec<(u32, u32)> = holders
        .iter()
        .flat_map(|&(from, payer)| {
            let same = holders.iter().filter(move |(_, h)| h.asset == payer.asset);
            same.map(move |&(to, _)| (from, to))
        })
        .collect();
    let id = || prop::sample::select(IDS.to_vec());
    let ids = prop_oneof![9 => prop::sample::select(pairs), 1 => (id(), id())];
    let fee = prop_oneof![8 => Just(0), 8 => 0..20_u128, 1 => Just(1 << 60), 1 => amount()];
    let number = model.batch_number;
    let valid_until = prop_oneof![
        60 => Just(1000),
        12 => number..number + 3,
        1 => Just(number - 1),
        1 => Just(number + (1 << 62) - 1),
        1 => Just(number + (1 << 62)),
        1 => Just(u64::MAX),
    ];
    let who = prop_oneof![
        20 => Just(Who::Slot(SlotIndex::Zero)),
        8 => Just(Who::Slot(SlotIndex::One)),
        1 => Just(Who::Stranger),
    ];
    let off = || prop_oneof![38 => Just(0_i8), 1 => Just(-1), 1 => Just(1)];
    // one-time keys may be skipped
    let ahead = prop_oneof![30 => Just(0_i8), 2 => Just(-1), 6 => Just(1), 2 => Just(2)];
    let lie = prop_oneof![
        30 => Just(Lie::None),
        1 => Just(Lie::Amount),
        1 => Just(Lie::Nonce),
        1 => Just(Lie::Domain),
    ];
    let slot = prop::sample::select(SlotIndex::ALL.to_vec());
    let what = (0..10_u8, ids, amount(), fee, valid_until);
    let key = (slot, name(), scope(), any::<[u8; 20]>());
    (what, key, who, off(), ahead, lie).prop_map(|(what, key, who, nonce, index, lie)| {
        let (kind, (from, to), amount, fee, valid_until) = what;
        let (slot, brings, scope, recipient) = key;
        let order = match kind {
            0..6 => Order::Transfer(Transfer {
                from: AccountId::new(from),
                to: AccountId::new(to),
                amount: Amount::new(amount),
                fee: Amount::new(fee),
                valid_until: BatchNumber::new(valid_until),
            }),
            6..8 => Order::Withdraw(Withdraw {
                from: AccountId::new(from),
                amount: Amount::new(amount),
                fee: Amount::new(fee),
                recipient,
                valid_until: BatchNumber::new(valid_until),
            }),
            _ => Order::RotateKey(RotateKey {
                account: AccountId::new(from),
                slot,
                new_root: brings.get().root(),
                scope,
                fee: Amount::new(fee),
                valid_until: BatchNumber::new(valid_until),
            }),
        };
        Step::Sign {
            order,
            brings,
            who,
            nonce,
            index,
            lie,
        }
    })
}

fn deposit() -> impl Strategy<Value = Step> {
    let asset = prop_oneof![4 => Just(GOLD), 2 => Just(IRON), 1 => any::<u32>()];
    let id = prop::sample::select(IDS.to_vec());
    let slots = prop::option::of([(name(), scope()), (name(), scope())]);
    (id, asset, amount(), slots).prop_map(|(to, asset, amount, slots)| {
        let keys = slots.map(|slots| NewKeys {
            roots: slots.map(|(name, _)| name.get().root()),
            scopes: slots.map(|(_, scope)| scope),
        });
        let deposit = Deposit {
            to: AccountId::new(to),
            asset: AssetId::new(asset),
            amount: Amount::new(amount),
            keys,
        };
        Step::Deposit(deposit, slots)
    })
}
