//! Forced orders, and the end of an operator who does not take them.
//!
//! # Why an order that was shown can be taken
//! An order is *shown* by an opening of its signer's account at a settled root, before some batch, at which it may
//! run; and no batch from there on has an order of that account. What could keep it from running later?
//!
//! - Nonce, keys and next indices change by the account's own orders alone. There were none.
//! - The balance falls by the account's own orders alone.
//! - The receiver exists and has the asset; neither changes. No balance can reach 2^128 ([`super::deposits`]).
//! - The fee's asset: the operator collects the batch's fees before it, or takes it into the next batch.
//! - It expires, in a batch that the operator chose not to take it into: it must be valid for a number of batches
//!   greater than those that the operator may have made already (`lifetime`), and that is no excuse.
//!
//! So it may run until the account's next order does. *Any* order of the account that is settled after it was posted
//! has taken its nonce: this one, or one that the account has signed, too. Both end the obligation, and settlement
//! sees both by itself. There is no race to lose: whichever comes first, the batch or the freeze, is final.
//!
//! An order *without opening* may be one that never could run. It ends by its own record, or by an opening, at any
//! root since it was posted, at which it could not run. Who posts one that may run loses nothing: by the above it may
//! run at each of those roots, until its nonce is taken. An order that may not run yet is refuted, and posted again
//! when it may. The operator refutes it before it expires: it may run at later roots, when money was paid in that it
//! lacked, and could not be taken any more.

use winterlane_ledger::{
    Account, AccountId, AssetId, BatchNumber, Ledger, LedgerError, Order, SignedOrder,
    ledger::check_order,
    pool::{self, ANCHORS, PrivateOperation, Shield},
    private::PrivateInputs,
    public::BATCH_NUMBER_BITS,
};

use super::{
    Context, Known, Outcome, Refusal, State,
    exit::Frozen,
    queue::{Lane, is_free},
};
use crate::{
    Opening, Owed, Proofs,
    view::{ForcedOrder, ShieldOwed},
};

/// For how many windows from now an order without opening may be due at the latest.
const WINDOWS: u64 = 8;

/// How many orders without opening there may be. They cost whoever posts them nothing, and anybody signs some: beyond
/// this an order needs the opening of its account, of which each has room for one.
const BARE: usize = 256;

/// How many forced operations there may be that take nothing out of the pool. A transfer may spend two dummies, of which
/// there is no end, and what is forced with its proof stays here until a batch has it. Beyond this an operation pays a fee,
/// of 1 at least, or withdraws: that takes a note which is worth something.
const FREE: usize = 256;

/// How many roots of the note tree there may be after the anchor of a forced operation. One at the edge of those that
/// the pool keeps would be out of it before the operator could take the operation.
const FORCED_ANCHORS: u64 = ANCHORS as u64 / 2;

impl State {
    pub(super) fn force(
        &mut self,
        context: Context,
        order: &SignedOrder,
        opening: Option<&Opening>,
    ) -> Result<Outcome, Refusal> {
        self.running()?;
        let (signer, posted) = (order.order.signer(), self.next_batch());
        let known = self.forceable(order)?;
        let lane = match opening {
            Some(opening) => {
                let account = self.opened(opening, signer, self.first_batch)?;
                if let Some(batch) = known.signed.filter(|batch| *batch >= opening.version) {
                    let account = signer;
                    return Err(Refusal::OldOpening { account, batch });
                }
                self.try_order(account, order, posted)?
                    .map_err(Refusal::CannotRun)?;
                Lane::Shown
            }
            None => Lane::Bare,
        };
        for (number, forced) in self.orders_of(signer) {
            // a second one that was shown has the same nonce, and ends when the first does
            let taken = match opening {
                Some(_) => forced.shown,
                // another signature may be a stranger's, who would keep this one out
                None => forced.order == *order,
            };
            if taken {
                let account = signer;
                return Err(Refusal::AlreadyForced { account, number });
            }
        }
        if lane == Lane::Bare {
            if self.queue.bare() >= BARE {
                return Err(Refusal::Crowded { count: BARE });
            }
            let due = self.queue.due(lane, context.now, &self.rules);
            let wait = due - context.now;
            if wait > self.rules.window.saturating_mul(WINDOWS) {
                return Err(Refusal::Busy { wait });
            }
        }
        let forced = ForcedOrder {
            order: order.clone(),
            posted,
            shown: opening.is_some(),
        };
        let what = Owed::Order(Box::new(forced));
        let (number, due) = self.queue.push(lane, what, context.now, &self.rules);
        Ok(Outcome::Forced { number, due })
    }

    /// What can be seen of an order without its account: signer and receiver are there, it is valid long enough, its
    /// signature is one.
    fn forceable(&self, order: &SignedOrder) -> Result<Known, Refusal> {
        let account = order.order.signer();
        let known = self.accounts.get(&account).copied();
        let known = known.ok_or(Refusal::WrongAccount {
            account,
            asset: AssetId::ZERO,
        })?;
        if let Order::Transfer(transfer) = &order.order {
            let (account, asset) = (transfer.to, known.asset);
            let receiver = self.accounts.get(&account);
            receiver
                .filter(|receiver| receiver.made && receiver.asset == asset)
                .ok_or(Refusal::WrongAccount { account, asset })?;
        }
        let (valid_until, next) = (order.order.valid_until(), self.next_batch());
        let least = next.saturating_add(self.rules.lifetime);
        let most = next.saturating_add((1 << BATCH_NUMBER_BITS) - 1);
        if !(least..=most).contains(&valid_until) {
            return Err(Refusal::Lifetime {
                valid_until,
                least,
                most,
            });
        }
        check_order(
            order.clone(),
            &self.domain,
            &winterlane_ledger::ScalarCompressor,
        )?;
        Ok(known)
    }

    /// The forced orders of an account.
    fn orders_of(&self, signer: AccountId) -> impl Iterator<Item = (u64, &ForcedOrder)> {
        let numbers = self.queue.orders(signer).iter();
        numbers.filter_map(|number| match &self.queue.get(*number)?.what {
            Owed::Order(forced) => Some((*number, &**forced)),
            _ => None,
        })
    }

    /// What the leaf of `account` held, at a root of settlement's from the batch `from` on.
    fn opened(
        &self,
        opening: &Opening,
        account: AccountId,
        from: BatchNumber,
    ) -> Result<Option<Account>, Refusal> {
        let (version, to) = (opening.version, self.next_batch());
        let root = self.root_before(version).filter(|_| version >= from);
        let root = root.ok_or(Refusal::Version { version, from, to })?;
        let found = opening.proof.id;
        if found != account {
            return Err(Refusal::OtherAccount { found, account });
        }
        Ok(opening.proof.verify(&root)?)
    }

    /// Whether an order may run as the first of a batch, on this account: by the ledger's own rules.
    fn try_order(
        &self,
        account: Option<Account>,
        order: &SignedOrder,
        batch: BatchNumber,
    ) -> Result<Result<(), LedgerError>, Refusal> {
        let signer = order.order.signer();
        let mut accounts = Vec::from_iter(account.map(|account| (signer, account)));
        if let Order::Transfer(transfer) = &order.order
            && transfer.to != signer
            && let Some(known) = self.accounts.get(&transfer.to)
        {
            accounts.push((transfer.to, Account::of(known.asset)));
        }
        let ledger = Ledger::genesis(self.domain, batch, accounts);
        let mut ledger = ledger.map_err(|_| Refusal::NoSuchAccount)?;
        Ok(ledger.open_batch().signed(order.clone()))
    }

    pub(super) fn refute(&mut self, number: u64, opening: &Opening) -> Result<Outcome, Refusal> {
        self.running()?;
        let found = self.queue.get(number).map(|found| &found.what);
        let Some(Owed::Order(forced)) = found else {
            return Err(Refusal::NoObligation { number });
        };
        let order = &forced.order;
        let account = self.opened(opening, order.order.signer(), forced.posted)?;
        // that it has expired is no excuse: it could have been taken before
        let batch = opening.version.min(order.order.valid_until());
        let Err(reason) = self.try_order(account, order, batch)? else {
            return Err(Refusal::CanRun { number });
        };
        let reason = reason.to_string();
        self.queue.remove(number);
        Ok(Outcome::Refuted { number, reason })
    }

    pub(super) fn force_private<P: Proofs + ?Sized>(
        &mut self,
        context: Context,
        operation: &PrivateOperation,
        proofs: &P,
    ) -> Result<Outcome, Refusal> {
        self.running()?;
        let (valid_until, anchor) = match &operation.inputs {
            PrivateInputs::Withdrawal(inputs) => (inputs.valid_until, Some(&inputs.anchor)),
            PrivateInputs::Transfer(inputs) => (inputs.valid_until, Some(&inputs.anchor)),
            // the pool says what it is not
            _ => (BatchNumber::MAX, None),
        };
        let least = self.next_batch().saturating_add(self.rules.lifetime);
        if valid_until < least {
            return Err(Refusal::PrivateLifetime { valid_until, least });
        }
        for nullifier in operation.nullifiers() {
            if let Some(number) = self.queue.private(&nullifier.0.to_bytes()) {
                return Err(Refusal::NoteForced { number });
            }
        }
        if is_free(operation) && self.queue.free() >= FREE {
            return Err(Refusal::CrowdedPool { count: FREE });
        }
        if let Some(payout) = operation.payout() {
            self.payable(&payout)?;
        }
        if let Some(anchor) = anchor
            && let Some(number) = self.pool.anchor_number(anchor)
            && let Some(newest) = self.pool.anchor_number(&self.pool.anchor())
            && newest - number > FORCED_ANCHORS
        {
            let age = newest - number;
            return Err(Refusal::OldAnchor {
                age,
                most: FORCED_ANCHORS,
            });
        }
        let mut pool = self.pool.open_batch();
        let tried = pool.private(operation, proofs);
        drop(pool);
        tried.map_err(|source| Refusal::Pool {
            operation: 0,
            source: Box::new(source),
        })?;
        proofs
            .decided()
            .map_err(|source| Refusal::Proof { source })?;
        let operation = Box::new(operation.clone());
        let what = Owed::Private { operation };
        let lane = Lane::Private;
        let (number, due) = self.queue.push(lane, what, context.now, &self.rules);
        Ok(Outcome::Forced { number, due })
    }

    /// A note that was paid for must come into the pool. If a later payment comes before it, it never can: its money
    /// goes back to the account then.
    pub(super) fn force_shield(
        &mut self,
        context: Context,
        payment: pool::Payment,
        shield: &Shield,
    ) -> Result<Outcome, Refusal> {
        self.running()?;
        let found = self.paid_for(payment, shield)?;
        if let Some(number) = self.queue.shield(&payment) {
            let account = found.from;
            return Err(Refusal::AlreadyForced { account, number });
        }
        let tried = self.pool.open_batch().shield(shield, payment);
        tried.map_err(|source| Refusal::Pool {
            operation: 0,
            source: Box::new(source),
        })?;
        let what = Owed::Shield(ShieldOwed::new(payment, shield));
        let lane = Lane::Private;
        let (number, due) = self.queue.push(lane, what, context.now, &self.rules);
        Ok(Outcome::Forced { number, due })
    }

    /// Ends the rollup, if something was due and is not done. Whoever says so.
    pub(super) fn freeze(&mut self, context: Context) -> Result<Outcome, Refusal> {
        self.running()?;
        let now = context.now;
        let (due, number) = self
            .queue
            .first_due()
            .ok_or(Refusal::NothingDue { next: None })?;
        if now <= due {
            let next = Some((number, due, now));
            return Err(Refusal::NothingDue { next });
        }
        let frozen = Frozen::new(self, number, due);
        let view = frozen.view();
        self.queue.keep_deposits();
        self.frozen = Some(frozen);
        Ok(Outcome::Frozen(view))
    }
}
