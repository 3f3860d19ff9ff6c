//! A state machine against a model: what the pool holds is what went in less what came out, and is what the
//! unspent notes are worth; each honest operation is taken, each other one refused for its reason.

use crate::AssetId;
use alloc::collections::BTreeMap;

use proptest::{prelude::*, test_runner::Config};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

use super::*;

const ASSETS: [u32; 2] = [7, 8];

/// A note of the model: its position, once its batch is sealed.
#[derive(Clone, Copy, Debug)]
struct Known {
    note: Note,
    position: Option<u32>,
    spent: bool,
}

/// What everybody together knows.
#[derive(Clone, Debug, Default)]
struct Model {
    notes: Vec<Known>,
    /// Notes of the open batch begin here.
    open_from: usize,
    came_in: BTreeMap<AssetId, u128>,
    went_out: BTreeMap<AssetId, u128>,
    rho: u64,
}

#[derive(Clone, Debug)]
enum Step {
    Shield {
        asset: usize,
        amount: u128,
    },
    Withdraw {
        note: usize,
        amount: u128,
        fee: u128,
    },
    /// Two notes, or one and a dummy; the second output gets `second` at most.
    Transfer {
        notes: [usize; 2],
        second: u128,
        fee: u128,
    },
    /// A note that was spent already.
    Again {
        note: usize,
    },
    /// Something that does not hold, with another proof.
    Unproven {
        note: usize,
    },
    Seal,
}

impl Model {
    fn unspent(&self, asset: AssetId) -> u128 {
        let notes = self
            .notes
            .iter()
            .filter(|known| !known.spent && known.note.asset == asset);
        notes.map(|known| known.note.value.get()).sum()
    }

    /// A note that can be spent: sealed and unspent, counted around.
    fn spendable(&self, index: usize) -> Option<usize> {
        let usable: Vec<_> = (0..self.open_from)
            .filter(|&i| !self.notes[i].spent)
            .collect();
        (!usable.is_empty()).then(|| usable[index % usable.len()])
    }

    fn add(&mut self, asset: AssetId, value: u128) -> Note {
        self.rho += 10;
        let made = note(asset, Amount::new(value), 1000 + self.rho);
        self.notes.push(Known {
            note: made,
            position: None,
            spent: false,
        });
        made
    }

    /// What a withdrawal or transfer comes to: `(inputs, asset, outputs, out of the pool)`.
    fn spend(&self, step: &Step) -> Option<(Vec<usize>, u32, Vec<u128>, u128)> {
        match *step {
            Step::Withdraw { note, amount, fee } => {
                let index = self.spendable(note)?;
                let Note { asset, value, .. } = self.notes[index].note;
                let value = value.get();
                let amount = amount.min(value);
                let fee = fee.min(value - amount);
                Some((
                    vec![index],
                    asset.get(),
                    vec![value - amount - fee],
                    amount + fee,
                ))
            }
            Step::Transfer { notes, second, fee } => {
                let first = self.spendable(notes[0])?;
                let asset = self.notes[first].note.asset;
                let other = self
                    .spendable(notes[1])
                    .filter(|&other| other != first && self.notes[other].note.asset == asset);
                let inputs: Vec<_> = [Some(first), other].into_iter().flatten().collect();
                let value: u128 = inputs
                    .iter()
                    .map(|&index| self.notes[index].note.value.get())
                    .sum();
                let fee = fee.min(value);
                let second = second.min(value - fee);
                Some((inputs, asset.get(), vec![value - fee - second, second], fee))
            }
            _ => None,
        }
    }

    fn follow(&mut self, step: &Step) {
        match *step {
            Step::Shield { asset, amount } => {
                let asset = ASSETS[asset];
                self.add(AssetId::new(asset), amount);
                *self.came_in.entry(AssetId::new(asset)).or_default() += amount;
            }
            Step::Withdraw { .. } | Step::Transfer { .. } => {
                if let Some((inputs, asset, outputs, out)) = self.spend(step) {
                    for index in inputs {
                        self.notes[index].spent = true;
                    }
                    for value in outputs {
                        self.add(AssetId::new(asset), value);
                    }
                    *self.went_out.entry(AssetId::new(asset)).or_default() += out;
                }
            }
            Step::Again { .. } | Step::Unproven { .. } => {}
            Step::Seal => {
                for (position, known) in (0..).zip(&mut self.notes) {
                    known.position = Some(position);
                }
                self.open_from = self.notes.len();
            }
        }
    }
}

struct Machine;

impl ReferenceStateMachine for Machine {
    type State = Model;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Model> {
        Just(Model::default()).boxed()
    }

    fn transitions(_: &Model) -> BoxedStrategy<Step> {
        let amount = || prop_oneof![0..200u128, Just(u128::MAX >> 10)];
        let any_note = || any::<usize>();
        prop_oneof![
            3 => (0..2usize, prop_oneof![1..200u128, Just(1 << 100)])
                .prop_map(|(asset, amount)| Step::Shield { asset, amount }),
            3 => (any_note(), amount(), 0..9u128)
                .prop_map(|(note, amount, fee)| Step::Withdraw { note, amount, fee }),
            3 => ([any_note(), any_note()], amount(), 0..9u128)
                .prop_map(|(notes, second, fee)| Step::Transfer { notes, second, fee }),
            1 => any_note().prop_map(|note| Step::Again { note }),
            1 => any_note().prop_map(|note| Step::Unproven { note }),
            3 => Just(Step::Seal),
        ]
        .boxed()
    }

    fn apply(mut state: Model, step: &Step) -> Model {
        state.follow(step);
        state
    }
}

/// The pool, and the operations of the open batch.
struct Tested {
    pool: Pool,
    pending: Vec<PoolOperation>,
    /// The model before the step at hand.
    model: Model,
}

impl Tested {
    /// Puts the open batch together again, and one operation more.
    fn try_with(&mut self, operation: &PoolOperation) -> Result<(), PoolError> {
        let mut batch = self.pool.open_batch();
        for pending in &self.pending {
            batch.apply(pending, &Word).expect("it was taken before");
            // set aside and taken up again, it is the batch that it was
            let draft = batch.set_aside();
            batch = self.pool.resume(draft).expect("the same batch");
        }
        batch.apply(operation, &Word)
    }

    fn take(&mut self, operation: PoolOperation) {
        self.try_with(&operation).expect("an honest operation");
        // What is published is what is applied.
        let bytes = encode_operation(&self.pool, &operation).expect("an honest operation");
        let read = decode_operation(&self.pool, &bytes, &mut |_| Some(HOLDS.to_vec()));
        assert_eq!(read.as_ref(), Ok(&operation));
        self.pending.push(operation);
    }

    fn nullifier(&self, index: usize) -> Nullifier {
        let known = self.model.notes[index];
        known
            .note
            .nullifier(&keys().nullifier, known.position.expect("it is sealed"))
    }

    /// The withdrawal of a whole note.
    fn whole(&self, index: usize) -> PrivateOperation {
        let Note { asset, value, .. } = self.model.notes[index].note;
        let change = note(asset, Amount::ZERO, 1).commitment();
        let inputs = WithdrawalInputs {
            amount: value,
            asset,
            ..withdrawal(&self.pool, self.nullifier(index), change)
        };
        proven(PrivateInputs::Withdrawal(inputs), vec![])
    }
}

impl StateMachineTest for Tested {
    type SystemUnderTest = Self;
    type Reference = Machine;

    fn init_test(model: &Model) -> Self {
        Self {
            pool: Pool::new(domain()),
            pending: Vec::new(),
            model: model.clone(),
        }
    }

    fn apply(mut tested: Self, after: &Model, step: Step) -> Self {
        match step {
            Step::Shield { asset, amount } => {
                let made = after.notes.last().expect("it was just made").note;
                assert_eq!(
                    (made.asset, made.value),
                    (AssetId::new(ASSETS[asset]), Amount::new(amount))
                );
                let payment = Payment {
                    batch: BatchNumber::new(after.notes.len() as u64),
                    record: 0,
                };
                tested.take(PoolOperation::Shield(shield(&made), payment));
            }
            Step::Withdraw { fee, .. } | Step::Transfer { fee, .. } => {
                if let Some((inputs, asset, outputs, out)) = tested.model.spend(&step) {
                    let made = &after.notes[after.notes.len() - outputs.len()..];
                    let first = tested.nullifier(inputs[0]);
                    let operation = if let Step::Withdraw { .. } = step {
                        let value = tested.model.notes[inputs[0]].note.value.get();
                        let amount = value - outputs[0] - fee.min(out);
                        let fee = out - amount;
                        let inputs = WithdrawalInputs {
                            amount: Amount::new(amount),
                            fee: Amount::new(fee),
                            asset: AssetId::new(asset),
                            ..withdrawal(&tested.pool, first, made[0].note.commitment())
                        };
                        proven(PrivateInputs::Withdrawal(inputs), vec![])
                    } else {
                        let dummy = Nullifier(digest(1_000_000 + after.rho));
                        let second = inputs
                            .get(1)
                            .map_or(dummy, |&index| tested.nullifier(index));
                        let fee = (out > 0).then_some(Fee {
                            amount: Amount::new(out),
                            asset: AssetId::new(asset),
                        });
                        let commitments = [0, 1].map(|i| made[i].note.commitment());
                        let sealed = vec![vec![1; 9], vec![2; 9]];
                        let inputs =
                            transfer(&tested.pool, [first, second], commitments, fee, &sealed);
                        proven(PrivateInputs::Transfer(inputs), sealed)
                    };
                    tested.take(PoolOperation::Private(operation));
                }
            }
            Step::Again { note } => {
                let spent: Vec<_> = (0..after.open_from)
                    .filter(|&i| after.notes[i].spent)
                    .collect();
                if !spent.is_empty() {
                    let again = tested.whole(spent[note % spent.len()]);
                    let result = tested.try_with(&PoolOperation::Private(again));
                    assert!(
                        matches!(result, Err(PoolError::SpentNullifier { .. })),
                        "{result:?}"
                    );
                }
            }
            Step::Unproven { note } => {
                if let Some(index) = tested.model.spendable(note) {
                    let mut operation = tested.whole(index);
                    operation.proof.clear();
                    let result = tested.try_with(&PoolOperation::Private(operation));
                    assert!(matches!(result, Err(PoolError::Proof { .. })), "{result:?}");
                }
            }
            Step::Seal => {
                let mut batch = tested.pool.open_batch();
                for operation in core::mem::take(&mut tested.pending) {
                    batch.apply(&operation, &Word).expect("it was taken before");
                }
                let sealed = batch.seal();
                let made = &after.notes[tested.model.open_from..];
                let made: Vec<_> = made.iter().map(|known| known.note.commitment()).collect();
                assert_eq!(sealed.commitments, made);
                let parts = tested.pool.to_parts();
                assert_eq!(Pool::from_parts(parts).as_ref(), Ok(&tested.pool));
            }
        }
        tested.model = after.clone();
        tested
    }

    fn check_invariants(tested: &Self, model: &Model) {
        let mut pool = tested.pool.clone();
        let mut batch = pool.open_batch();
        for pending in &tested.pending {
            batch.apply(pending, &Word).expect("it was taken before");
        }
        batch.seal();
        for asset in ASSETS {
            let of = |sums: &BTreeMap<AssetId, u128>| {
                sums.get(&AssetId::new(asset)).copied().unwrap_or(0)
            };
            assert_eq!(
                pool.held(AssetId::new(asset)),
                Amount::new(of(&model.came_in) - of(&model.went_out))
            );
            assert_eq!(
                pool.held(AssetId::new(asset)),
                Amount::new(model.unspent(AssetId::new(asset)))
            );
        }
        assert_eq!(pool.notes(), model.notes.len() as u64);
    }
}

prop_state_machine! {
    #![proptest_config(Config { cases: 48, ..Config::default() })]
    #[test]
    fn supply_is_conserved(sequential 1..40 => Tested);
}
