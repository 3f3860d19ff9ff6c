//! A small world around settlement: an operator with a ledger and a pool, users with small keys, proofs that are the
//! bytes of what they are about.

mod attacks;
mod batches;
mod build;
mod checkpoints;
mod exits;
mod fees;
mod forced;
mod forced_notes;
mod model;

use winterlane_ledger::{
    Account, AccountId, Amount, AssetId, BaseElement, BatchNumber, ChainId, Deposit, Digest,
    Domain, KeyUse, Ledger, NewKeys, Nonce, Order, RollupId, ScalarCompressor, Scope, SignedOrder,
    SlotIndex, Transfer, Withdraw,
    codec::CanonicalBytes,
    exit::{Exit, SignedExit},
    hash::{compress, domain_digest},
    pool::{
        Payment, Pool, PoolOperation, PrivateOperation, ProofRefusal, Shield, VerifyPrivate,
        encode_operation,
    },
    private::{Note, NoteKeys, NoteTree, PrivateInputs, SpendKey, WithdrawalInputs},
    testing::Key,
    wire,
};

use self::build::*;
use super::*;
use crate::{BatchData, DepositTo, Opening, Owed, PoolData, Proofs, verdicts::Verdicts};

pub(super) const EUR: AssetId = AssetId::new(7);
pub(super) const USD: AssetId = AssetId::new(8);
/// The account that collects fees in EUR, and that in USD.
pub(super) const COLLECTOR: AccountId = AccountId::ZERO;
pub(super) const USD_COLLECTOR: AccountId = AccountId::new(1);
pub(super) const OPERATOR: Party = party(0xa0);
pub(super) const GOVERNOR: Party = party(0xa1);
/// A deadline that is long past.
pub(super) const LATE: u64 = 1_000_000;
/// Until when orders are valid: for as long as these worlds last.
pub(super) const UNTIL: BatchNumber = BatchNumber::new(1_000);

pub(super) const fn party(n: u8) -> Party {
    Party([n; 20])
}

pub(super) fn domain() -> Domain {
    domain_digest(ChainId::new(1), RollupId::new(9))
}

pub(super) fn digest(n: u32) -> Digest {
    compress(
        BaseElement::from(1_u32),
        &Digest([n, 1, 2, 3].map(BaseElement::from)),
        &Digest::ZERO,
    )
}

/// A proof is what it is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fake;

#[derive(Debug, thiserror::Error)]
#[error("not that proof")]
struct NotThatProof;

impl VerifyPrivate for Fake {
    fn verify(&self, inputs: &PrivateInputs, proof: &[u8]) -> Result<(), Box<ProofRefusal>> {
        match proof == inputs.to_bytes() {
            true => Ok(()),
            false => Err(Box::new(NotThatProof)),
        }
    }
}

impl Proofs for Fake {
    fn batch(&self, public: &PublicInputs, proof: &[u8]) -> Result<(), Box<ProofRefusal>> {
        match proof == public.to_bytes() {
            true => Ok(()),
            false => Err(Box::new(NotThatProof)),
        }
    }
}

/// A note that somebody has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owned {
    pub(super) keys: NoteKeys,
    pub(super) note: Note,
    pub(super) position: u32,
}

pub(super) struct World {
    pub(super) genesis: Genesis,
    pub(super) state: State,
    pub(super) ledger: Ledger,
    pub(super) pool: Pool,
    pub(super) notes: NoteTree,
    pub(super) now: u64,
    pub(super) epoch: u64,
}

/// What the operator puts into a batch.
#[derive(Default)]
pub(super) struct Plan {
    /// How many waiting deposits it leaves out.
    pub(super) leave: usize,
    pub(super) orders: Vec<SignedOrder>,
    pub(super) pool: Vec<PoolOperation>,
    /// Deposits that nobody made, or of fees.
    pub(super) more: Vec<Deposit>,
}

impl Plan {
    pub(super) fn of(orders: Vec<SignedOrder>) -> Self {
        Self {
            orders,
            ..Self::default()
        }
    }
}

impl World {
    pub(super) fn new() -> Self {
        let collector = |asset, key: u32| Account {
            slots: [Key::new(key).slot(Scope::BOTH, 0), Default::default()],
            ..Account::of(asset)
        };
        let genesis = Genesis {
            domain: domain(),
            first_batch: BatchNumber::new(5),
            accounts: [
                (COLLECTOR, collector(EUR, 100)),
                (USD_COLLECTOR, collector(USD, 101)),
            ]
            .into(),
            operator: OPERATOR,
            governor: GOVERNOR,
            rules: Rules {
                window: 100,
                per_unit: 4,
                lifetime: 8,
                bits: 128,
            },
        };
        let accounts = genesis.accounts.iter().map(|(id, a)| (*id, *a));
        Self {
            ledger: Ledger::genesis(domain(), BatchNumber::new(5), accounts).unwrap(),
            state: State::new(&genesis).unwrap(),
            pool: empty_pool(domain(), BatchNumber::new(5)),
            notes: NoteTree::default(),
            genesis,
            now: 10,
            epoch: 0,
        }
    }

    /// Calls; whatever is refused has changed nothing.
    pub(super) fn call(&mut self, caller: Party, call: &Call) -> Result<Outcome, Refusal> {
        // what travels is what was meant
        let call = Call::from_bytes(&call.to_bytes()).unwrap();
        let before = format!("{:?}", self.state);
        let context = Context {
            caller,
            now: self.now,
        };
        // as settlement does: with proofs that are verified between two tries, of which the first changes nothing
        let verdicts = Verdicts::default();
        let outcome = loop {
            let outcome = self.state.call(context, &call, &verdicts);
            if outcome.is_err() {
                assert_eq!(format!("{:?}", self.state), before, "{call:?}");
            }
            if !verdicts.open() {
                break outcome;
            }
            assert!(
                outcome.is_err(),
                "{call:?} with proofs that nobody verified"
            );
            verdicts.answer(&Fake);
        };
        // the rest of the history is that of the state which a checkpoint gives back
        let checkpoint = self.state.checkpoint();
        self.state = State::resume(&self.genesis, &checkpoint).unwrap();
        assert_eq!(self.state.checkpoint(), checkpoint);
        self.check_sums();
        outcome
    }

    /// The refusal of a call, in a word.
    #[track_caller]
    pub(super) fn refused(&mut self, caller: Party, call: &Call) -> &'static str {
        match self.call(caller, call) {
            Ok(outcome) => panic!("not refused: {outcome:?}"),
            Err(refusal) => refusal.code(),
        }
    }

    /// A deposit to a new account with this key.
    pub(super) fn open(
        &mut self,
        key: u32,
        asset: AssetId,
        amount: impl Into<Amount>,
    ) -> AccountId {
        let amount = amount.into();
        let to = DepositTo::New(NewKeys::single(Key::new(key).tree.root()));
        let call = Call::Deposit { asset, amount, to };
        match self.call(party(key as u8), &call).unwrap() {
            Outcome::Deposited { account, .. } => account,
            other => panic!("{other:?}"),
        }
    }

    /// Accounts with keys 1, 2, 3, ... and these balances, in the tree.
    pub(super) fn with(balances: &[u128]) -> (Self, Vec<AccountId>) {
        let mut world = Self::new();
        let ids = (1..).zip(balances);
        let ids = ids
            .map(|(key, amount)| world.open(key, EUR, *amount))
            .collect();
        world.settle(Plan::default()).unwrap();
        (world, ids)
    }

    /// The deposits that wait, payouts of the pool last.
    pub(super) fn waiting(&self) -> Vec<Deposit> {
        let (mut deposits, mut payouts) = (Vec::new(), Vec::new());
        for (_, obligation) in self.state.obligations(0, usize::MAX) {
            match obligation.what {
                Owed::Deposit { deposit, .. } => deposits.push(deposit),
                Owed::Payout { deposit } => payouts.push(deposit),
                _ => {}
            }
        }
        deposits.extend(payouts);
        deposits
    }

    /// Makes a batch: the ledger and the pool go on.
    pub(super) fn make(&mut self, plan: Plan) -> BatchData {
        let mut deposits = self.waiting();
        let keep = deposits.len() - plan.leave;
        deposits.truncate(keep);
        for operation in &plan.pool {
            if let PoolOperation::Private(private) = operation {
                deposits.extend(private.payout().and_then(|payout| payout.deposit()));
            }
        }
        deposits.extend(plan.more);
        let mut batch = self.ledger.open_batch();
        for deposit in deposits {
            batch.deposit(deposit).unwrap();
        }
        for order in plan.orders {
            batch.signed(order).unwrap();
            if let Some((asset, _)) = batch.pool() {
                let to = if asset == EUR {
                    COLLECTOR
                } else {
                    USD_COLLECTOR
                };
                batch.collect_fees(to).unwrap();
            }
        }
        let sealed = batch.seal(None).unwrap();
        let data = |operation| PoolData {
            operation: encode_operation(&self.pool, operation).unwrap(),
            proof: match operation {
                PoolOperation::Private(private) => private.proof.clone(),
                _ => Vec::new(),
            },
        };
        let pool = plan.pool.iter().map(data).collect();
        let mut open = self.pool.open_batch();
        for operation in &plan.pool {
            open.apply(operation, &Fake).unwrap();
        }
        for commitment in open.seal().commitments {
            self.notes.append(commitment).unwrap();
        }
        let public = sealed.public_inputs;
        BatchData {
            records: wire::encode(&sealed.records, public.batch_number).unwrap(),
            proof: public.to_bytes(),
            public,
            pool,
        }
    }

    pub(super) fn publish(&mut self, batch: &BatchData) -> Result<Outcome, Refusal> {
        let epoch = self.epoch;
        let batch = batch.clone();
        self.call(OPERATOR, &Call::Publish { epoch, batch })
    }

    pub(super) fn settle(&mut self, plan: Plan) -> Result<Outcome, Refusal> {
        let batch = self.make(plan);
        self.publish(&batch)
    }

    /// An order of an account whose only key is this one, as the ledger has the account now.
    pub(super) fn order(&self, key: u32, order: Order) -> SignedOrder {
        let account = self.ledger.account(order.signer()).unwrap();
        let index = account.slots[0].next_index;
        self.order_at(key, order, account.nonce, index)
    }

    pub(super) fn order_at(&self, key: u32, order: Order, nonce: Nonce, index: u16) -> SignedOrder {
        Key::new(key).sign(order, &domain(), nonce, SlotIndex::Zero, index)
    }

    /// The leaf of an account in the newest tree of the operator.
    pub(super) fn opening(&self, account: AccountId) -> Opening {
        Opening {
            version: self.ledger.batch_number(),
            proof: self.ledger.prove(account),
        }
    }

    pub(super) fn exit(&self, key: u32, account: AccountId, to: Party) -> Call {
        let index = self
            .ledger
            .account(account)
            .map_or(0, |a| a.slots[0].next_index);
        self.exit_by(key, account, to, index)
    }

    pub(super) fn exit_by(&self, key: u32, account: AccountId, to: Party, index: u16) -> Call {
        let exit = Exit {
            account,
            recipient: to.0,
        };
        let slot = SlotIndex::Zero;
        let domain = self
            .state
            .status()
            .frozen
            .map_or(Domain::ZERO, |f| f.exit_domain);
        let bound = exit.message(&domain, KeyUse { slot, index });
        let (key, nonce) = (
            Key::new(key),
            self.ledger
                .account(account)
                .map_or(Nonce::ZERO, |a| a.nonce),
        );
        let signature = key
            .tree
            .sign(&key.secrets, index.into(), &bound, nonce, &ScalarCompressor)
            .unwrap();
        Call::ExitAccount {
            proof: self.ledger.prove(account),
            exit: SignedExit {
                exit,
                slot,
                signature,
            },
        }
    }

    /// Time passes until everything is due, and somebody says so.
    pub(super) fn freeze(&mut self) -> FrozenView {
        self.now += LATE;
        match self.call(Party::NOBODY, &Call::Freeze).unwrap() {
            Outcome::Frozen(view) => view,
            other => panic!("{other:?}"),
        }
    }

    /// Freezes by a deposit that no batch takes.
    pub(super) fn freeze_by_deposit(&mut self) -> FrozenView {
        self.open(99, EUR, 1);
        self.freeze()
    }

    /// A note for somebody, paid by an account, and the order that pays.
    pub(super) fn shield(
        &self,
        key: u32,
        account: AccountId,
        amount: impl Into<Amount>,
        owner: u32,
    ) -> (SignedOrder, Shield, Owned) {
        let amount = amount.into();
        let keys = note_keys(owner);
        let note = Note {
            owner: keys.address(),
            asset: self.ledger.account(account).unwrap().asset,
            value: amount,
            rho: digest(10_000 + self.notes.count() as u32),
        };
        let shield = Shield {
            blinded: note.owner.blinded(&note.rho),
            asset: note.asset,
            amount,
            sealed: Vec::new(),
        };
        let order = self.order(key, withdraw(account, amount, 0, shield.recipient()));
        let owned = Owned {
            keys,
            note,
            position: self.notes.count() as u32,
        };
        (order, shield, owned)
    }

    /// Puts money of an account into the pool, in one batch.
    pub(super) fn shielded(
        &mut self,
        key: u32,
        account: AccountId,
        amount: impl Into<Amount>,
        owner: u32,
    ) -> Owned {
        let (order, shield, owned) = self.shield(key, account, amount, owner);
        let payment = Payment {
            batch: self.ledger.batch_number(),
            record: self.waiting().len() as u32,
        };
        self.settle(Plan {
            orders: vec![order],
            pool: vec![PoolOperation::Shield(shield, payment)],
            ..Plan::default()
        })
        .unwrap();
        owned
    }

    /// What settlement holds is what it owes.
    pub(super) fn check_sums(&self) {
        // a batch that is made and not settled would be ahead
        if self.ledger.root() != self.state.root() {
            return;
        }
        let mut owed = BTreeMap::<AssetId, Amount>::new();
        let mut owe = |asset: AssetId, amount: Amount| {
            let sum: &mut Amount = owed.entry(asset).or_default();
            *sum = sum.checked_add(amount).unwrap();
        };
        for (id, account) in self.ledger.accounts() {
            let left = self.state.frozen.as_ref();
            if left.is_none_or(|frozen| !frozen.has_left(id)) {
                owe(account.asset, account.balance);
            }
        }
        for (asset, amount) in self.state.owed_outside_of_the_tree() {
            owe(asset, amount);
        }
        owed.retain(|_, amount| !amount.is_zero());
        let mut held = self.state.totals.clone();
        held.retain(|_, amount| !amount.is_zero());
        assert_eq!(held, owed);
    }
}

impl State {
    /// Everything but what accounts have.
    fn owed_outside_of_the_tree(&self) -> Vec<(AssetId, Amount)> {
        let mut owed = Vec::new();
        for (_, obligation) in self.obligations(0, usize::MAX) {
            match obligation.what {
                Owed::Deposit { deposit, .. } | Owed::Payout { deposit } => {
                    owed.push((deposit.asset, deposit.amount));
                }
                _ => {}
            }
        }
        owed.extend(self.withdrawals.values().map(|w| (w.asset, w.amount)));
        owed.extend(
            self.payouts
                .values()
                .map(|(asset, _, amount)| (*asset, *amount)),
        );
        owed.extend(
            self.fees
                .iter()
                .map(|((_, asset), fees)| (*asset, fees.amount)),
        );
        match &self.frozen {
            None => {
                let held = [EUR, USD].map(|asset| (asset, self.pool.held(asset)));
                owed.extend(held);
            }
            Some(frozen) => owed.extend(frozen.owed(|id| self.accounts[&id].asset)),
        }
        owed
    }
}
