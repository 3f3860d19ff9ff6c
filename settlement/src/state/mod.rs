//! The state machine: a call, who made it, and when, to an outcome or a refusal.
//!
//! Nothing here reads a clock, a disk or a socket, so that a call has one outcome whoever computes it: the log of
//! calls is the state.

mod batch;
mod checkpoint;
mod deposits;
mod error;
mod exit;
mod forced;
mod queue;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use winterlane_ledger::{
    Account, AccountId, Amount, AssetId, BatchNumber, Digest, Domain, MemoryState, PublicInputs,
    ReadState as _, Root, ScalarCompressor,
    pool::{self, Pool, PoolParts},
    private::{NoteFrontier, Nullifier},
};

pub use self::{checkpoint::CheckpointError, error::Refusal};
use self::{exit::Frozen, queue::Queue};
use crate::{
    Call, Claim, Genesis, GenesisError, Obligation, Party, Payment, Proofs, Rules, Status,
    view::FrozenView,
};

/// What the chain says of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// Who calls; [`Party::NOBODY`] when nobody says so.
    pub caller: Party,
    /// When: the chain's time, which never goes back.
    pub now: u64,
}

/// What became of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// The batch is final.
    Settled {
        /// Its number.
        batch: BatchNumber,
        /// The obligations that it kept.
        kept: Vec<u64>,
    },
    /// The batch was final before: nothing changed.
    AlreadySettled {
        /// Its number.
        batch: BatchNumber,
    },
    /// A new epoch has begun.
    Epoch {
        /// Its number.
        epoch: u64,
    },
    /// The deposit waits for a batch.
    Deposited {
        /// The account that it goes to.
        account: AccountId,
        /// Its number among the obligations.
        number: u64,
        /// The last moment for the operator.
        due: u64,
    },
    /// The operator must take the order or the operation.
    Forced {
        /// Its number among the obligations.
        number: u64,
        /// The last moment for the operator.
        due: u64,
    },
    /// The forced order could not have run, and the operator is rid of it.
    Refuted {
        /// Its number.
        number: u64,
        /// Why it could not.
        reason: String,
    },
    /// The rollup has ended.
    Frozen(FrozenView),
    /// Money was paid; nothing, when there was none.
    Paid(Option<Payment>),
    /// Money is added to what an account gets when it leaves.
    Credited {
        /// The account.
        account: AccountId,
        /// How much.
        amount: Amount,
    },
}

/// An account that settlement knows of.
#[derive(Clone, Copy, Debug)]
struct Known {
    asset: AssetId,
    /// Whether it is in the tree of the settled root; else a deposit that makes it waits.
    made: bool,
    /// The last batch with an order of it.
    signed: Option<BatchNumber>,
}

/// A withdrawal from the rollup that nobody has collected.
#[derive(Clone, Copy, Debug)]
struct Withdrawal {
    from: AccountId,
    asset: AssetId,
    recipient: Party,
    amount: Amount,
}

/// Fees of the pool that an operator has not had yet.
#[derive(Clone, Copy, Debug)]
struct Fees {
    amount: Amount,
    /// The last batch that added to them.
    since: BatchNumber,
}

/// A settled batch.
#[derive(Clone, Copy, Debug)]
struct Head {
    new_root: Root,
    operations_digest: Digest,
    /// Of the operations of the pool ([`batch::pool_digest`]).
    pool_digest: [u8; 32],
}

/// The state of settlement; see the [module](self).
#[derive(Clone, Debug)]
pub struct State {
    domain: Domain,
    rules: Rules,
    first_batch: BatchNumber,
    first_root: Root,
    /// By number, from the first batch on.
    batches: Vec<Head>,
    operator: Party,
    governor: Party,
    epoch: u64,
    now: u64,
    accounts: BTreeMap<AccountId, Known>,
    /// The id that the next new account gets.
    next_account: u64,
    /// By asset, all the money that settlement holds.
    totals: BTreeMap<AssetId, Amount>,
    queue: Queue,
    withdrawals: BTreeMap<pool::Payment, Withdrawal>,
    /// What left the pool for somebody outside: asset, recipient, amount, by nullifier.
    payouts: BTreeMap<[u8; 32], (AssetId, Party, Amount)>,
    /// Fees of the pool, by operator and asset.
    fees: BTreeMap<(Party, AssetId), Fees>,
    pool: Pool,
    payments: Vec<Payment>,
    frozen: Option<Frozen>,
}

impl State {
    /// Settlement at its beginning.
    ///
    /// # Errors
    /// [`GenesisError`].
    pub fn new(genesis: &Genesis) -> Result<Self, GenesisError> {
        let totals = genesis.check()?;
        let accounts = || genesis.accounts.iter().map(|(id, account)| (*id, *account));
        let first_batch = genesis.first_batch;
        let first_root = MemoryState::new(first_batch.get(), accounts(), &ScalarCompressor)?.root();
        let known = |account: Account| Known {
            asset: account.asset,
            made: true,
            signed: None,
        };
        let next_account = genesis.accounts.keys().next_back();
        Ok(Self {
            domain: genesis.domain,
            rules: genesis.rules,
            first_batch,
            first_root,
            batches: Vec::new(),
            operator: genesis.operator,
            governor: genesis.governor,
            epoch: 0,
            now: 0,
            accounts: accounts()
                .map(|(id, account)| (id, known(account)))
                .collect(),
            next_account: next_account.map_or(0, |id| u64::from(id.get()) + 1),
            totals,
            queue: Queue::default(),
            withdrawals: BTreeMap::new(),
            payouts: BTreeMap::new(),
            fees: BTreeMap::new(),
            pool: empty_pool(genesis.domain, first_batch),
            payments: Vec::new(),
            frozen: None,
        })
    }

    /// Makes a call. A refusal changes nothing.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn call<P: Proofs + ?Sized>(
        &mut self,
        context: Context,
        call: &Call,
        proofs: &P,
    ) -> Result<Outcome, Refusal> {
        // a clock that goes back is not believed
        let context = Context {
            now: context.now.max(self.now),
            ..context
        };
        let outcome = match call {
            Call::Publish { epoch, batch } => self.publish(context, *epoch, batch, proofs),
            Call::TakeOver { seen } => self.take_over(context, *seen),
            Call::Appoint { operator, seen } => self.appoint(context, *operator, *seen),
            Call::Deposit { asset, amount, to } => self.deposit(context, *asset, *amount, *to),
            Call::Force { order, opening } => self.force(context, order, opening.as_ref()),
            Call::ForcePrivate(operation) => self.force_private(context, operation, proofs),
            Call::ForceShield { payment, shield } => self.force_shield(context, *payment, shield),
            Call::Refute { number, opening } => self.refute(*number, opening),
            Call::Freeze => self.freeze(context),
            Call::Collect(claim) => self.collect(context, claim),
            Call::ExitAccount { proof, exit } => self.exit_account(proof, exit),
            Call::ExitNote { inputs, proof } => self.exit_note(inputs, proof, proofs),
            Call::ReturnDeposit { number } => self.return_deposit(*number),
            Call::ReturnShield { payment, shield } => self.return_shield(context, *payment, shield),
        }?;
        self.now = context.now;
        Ok(outcome)
    }

    /// Where settlement is.
    #[must_use]
    pub fn status(&self) -> Status {
        Status {
            domain: self.domain,
            first_batch: self.first_batch,
            next_batch: self.next_batch(),
            root: self.root(),
            anchor: self.pool.anchor(),
            notes: self.pool.notes(),
            operator: self.operator,
            epoch: self.epoch,
            governor: self.governor,
            rules: self.rules,
            now: self.now,
            totals: self.totals.clone(),
            obligations: self.queue.len(),
            next_due: self.queue.first_due().map(|(due, _)| due),
            payments: self.payments.len() as u64,
            frozen: self.frozen.as_ref().map(Frozen::view),
        }
    }

    /// What the operator must do, by number, from `first` on and at most `limit` of it.
    #[must_use]
    pub fn obligations(&self, first: u64, limit: usize) -> Vec<(u64, Obligation)> {
        let found = self.queue.from(first).take(limit);
        found.map(|(number, owed)| (number, owed.clone())).collect()
    }

    /// What was paid out, from payment `first` on and at most `limit` of it.
    #[must_use]
    pub fn payments(&self, first: u64, limit: usize) -> Vec<Payment> {
        let first = usize::try_from(first).unwrap_or(usize::MAX);
        self.payments
            .iter()
            .skip(first)
            .take(limit)
            .copied()
            .collect()
    }

    /// What a party may collect, with its asset and amount.
    #[must_use]
    pub fn claims(&self, of: Party) -> Vec<(Claim, AssetId, Amount)> {
        let withdrawals = self.withdrawals.iter();
        let withdrawals = withdrawals
            .filter(|(_, withdrawal)| withdrawal.recipient == of)
            .map(|(payment, w)| (Claim::Withdrawal(*payment), w.asset, w.amount));
        let payouts = self.payouts.iter().filter(|(_, payout)| payout.1 == of);
        let payouts = payouts.map(|(key, (asset, _, amount))| {
            let nullifier = Nullifier(Digest::from_bytes(key).unwrap_or_default());
            (Claim::Payout(nullifier), *asset, *amount)
        });
        let fees = self.fees.iter();
        let fees = fees.filter(|((party, _), fees)| *party == of && self.held(of, fees).is_none());
        let fees = fees.map(|((_, asset), fees)| (Claim::Fees(*asset), *asset, fees.amount));
        withdrawals.chain(payouts).chain(fees).collect()
    }

    /// The number of the next batch.
    #[must_use]
    pub fn next_batch(&self) -> BatchNumber {
        self.first_batch.saturating_add(self.batches.len() as u64)
    }

    /// The root of the account tree.
    #[must_use]
    pub fn root(&self) -> Root {
        self.batches
            .last()
            .map_or(self.first_root, |head| head.new_root)
    }

    /// The root before the batch of this number; `None` for a batch that could not be made yet.
    #[must_use]
    pub fn root_before(&self, batch: BatchNumber) -> Option<Root> {
        match batch.since(self.first_batch)?.checked_sub(1) {
            None => Some(self.first_root),
            Some(place) => {
                let head = self.batches.get(usize::try_from(place).ok()?)?;
                Some(head.new_root)
            }
        }
    }

    /// Whether this very batch is settled.
    fn has(&self, public: &PublicInputs, pool_digest: &[u8; 32]) -> bool {
        let place = public.batch_number.since(self.first_batch);
        let head = place.and_then(|place| self.batches.get(usize::try_from(place).ok()?));
        head.is_some_and(|head| {
            public.domain == self.domain
                && self.root_before(public.batch_number) == Some(public.old_root)
                && head.new_root == public.new_root
                && head.operations_digest == public.operations_digest
                && head.pool_digest == *pool_digest
        })
    }

    /// The shielded pool as it is settled.
    #[must_use]
    pub const fn pool(&self) -> &Pool {
        &self.pool
    }

    fn running(&self) -> Result<(), Refusal> {
        match &self.frozen {
            None => Ok(()),
            Some(frozen) => Err(Refusal::Frozen {
                root: frozen.view().root,
            }),
        }
    }

    /// The operator of this epoch calls.
    fn by_operator(&self, caller: Party, epoch: u64) -> Result<(), Refusal> {
        if caller != self.operator {
            let operator = self.operator;
            return Err(Refusal::NotOperator { caller, operator });
        }
        let current = self.epoch;
        if epoch != current {
            return Err(Refusal::Epoch { epoch, current });
        }
        Ok(())
    }

    fn take_over(&mut self, context: Context, seen: u64) -> Result<Outcome, Refusal> {
        self.running()?;
        self.by_operator(context.caller, seen)?;
        self.new_epoch()
    }

    fn appoint(
        &mut self,
        context: Context,
        operator: Party,
        seen: u64,
    ) -> Result<Outcome, Refusal> {
        self.running()?;
        let governor = self.governor;
        if governor == Party::NOBODY || context.caller != governor {
            return Err(Refusal::NotGovernor);
        }
        if operator == Party::NOBODY {
            return Err(Refusal::Nobody);
        }
        let current = self.epoch;
        if seen != current {
            let epoch = seen;
            return Err(Refusal::Epoch { epoch, current });
        }
        let outcome = self.new_epoch()?;
        self.operator = operator;
        Ok(outcome)
    }

    fn new_epoch(&mut self) -> Result<Outcome, Refusal> {
        let epoch = self.epoch.checked_add(1).ok_or(Refusal::Exhausted)?;
        self.epoch = epoch;
        Ok(Outcome::Epoch { epoch })
    }

    /// Until which batch fees of an operator are held.
    ///
    /// The operator shows them as deposits. Somebody may have deposited as much to the same account, and had the record of
    /// a fee taken for that deposit: then a batch that the operator has made already shows the deposit, and is paid for by
    /// the fee. Collected before it, the fee would make that batch impossible. The operator may have made so many batches
    /// as the rules say; one that is the operator no more has none that count.
    fn held(&self, of: Party, fees: &Fees) -> Option<BatchNumber> {
        let until = fees.since.saturating_add(self.rules.lifetime);
        let running = self.frozen.is_none() && of == self.operator;
        (running && self.next_batch() <= until).then_some(until)
    }

    /// What is owed to the caller, who has asked for it.
    fn collect(&mut self, context: Context, claim: &Claim) -> Result<Outcome, Refusal> {
        let caller = context.caller;
        if caller == Party::NOBODY {
            return Err(Refusal::Nobody);
        }
        let found = match claim {
            // it pays for a note that the operator must put into the pool, and may have put there already
            Claim::Withdrawal(payment) if self.queue.shield(payment).is_some() => None,
            Claim::Withdrawal(payment) => {
                let found = self.withdrawals.get(payment);
                found.map(|found| (found.recipient, found.asset, found.amount))
            }
            Claim::Payout(nullifier) => {
                let found = self.payouts.get(&nullifier.0.to_bytes());
                found.map(|(asset, recipient, amount)| (*recipient, *asset, *amount))
            }
            Claim::Fees(asset) => {
                let found = self.fees.get(&(caller, *asset));
                if let Some(until) = found.and_then(|fees| self.held(caller, fees)) {
                    return Err(Refusal::FeesHeld { until });
                }
                found.map(|fees| (caller, *asset, fees.amount))
            }
        };
        let (recipient, asset, amount) = found.ok_or(Refusal::NoClaim)?;
        if recipient != caller {
            return Err(Refusal::NotYours { recipient });
        }
        let outcome = self.pay(recipient, asset, amount)?;
        match claim {
            Claim::Withdrawal(payment) => drop(self.withdrawals.remove(payment)),
            Claim::Payout(nullifier) => drop(self.payouts.remove(&nullifier.0.to_bytes())),
            Claim::Fees(asset) => drop(self.fees.remove(&(caller, *asset))),
        }
        Ok(outcome)
    }

    /// Pays, unless settlement does not have so much: whatever a proof says, no more goes out than came in.
    fn pay(&mut self, to: Party, asset: AssetId, amount: Amount) -> Result<Outcome, Refusal> {
        if amount.is_zero() {
            return Ok(Outcome::Paid(None));
        }
        let held = self.totals.get(&asset).copied().unwrap_or(Amount::ZERO);
        let left = held.checked_sub(amount).ok_or(Refusal::TooMuch {
            asset,
            amount,
            held,
        })?;
        self.totals.insert(asset, left);
        let payment = Payment {
            number: self.payments.len() as u64,
            to,
            asset,
            amount,
        };
        self.payments.push(payment);
        Ok(Outcome::Paid(Some(payment)))
    }
}

/// The pool of a rollup whose first batch has this number, which is the pool's first, too.
pub(crate) fn empty_pool(domain: Domain, first_batch: BatchNumber) -> Pool {
    let frontier = NoteFrontier::default();
    let parts = PoolParts {
        domain,
        batch_number: first_batch,
        anchors: vec![frontier.root()],
        frontier,
        newest: 0,
        nullifiers: Vec::new(),
        held: Vec::new(),
        paid: None,
    };
    // these are the parts of an empty pool
    Pool::from_parts(parts).unwrap_or_else(|_| Pool::new(domain))
}

/// A set of nullifiers, by their bytes, of which there is one form.
type Nullifiers = BTreeSet<[u8; 32]>;
