//! A batch becomes final, or nothing changes.
//!
//! What is cheap is looked at first: who publishes, where the batch begins, that the records are those of its public
//! inputs. Then the proof. Then what the proof does not know: whether the deposits were paid and come in order, and
//! the operations of the shielded pool, each with its own proof. Only then anything is written.

use std::collections::{BTreeMap, BTreeSet};

use winterlane_ledger::{
    AccountId, Amount, AssetId, BatchNumber, Deposit, Order, Record, Withdraw,
    codec::CanonicalBytes as _,
    pool::{self, Payout, PoolOperation, decode_operation},
};

use super::{Context, Fees, Head, Known, Outcome, Refusal, State, Withdrawal, queue::Lane};
use crate::{BatchData, Owed, Party, PoolData, Proofs};

/// What the records of a batch do outside of the account tree.
#[derive(Default)]
struct Seen {
    withdrawals: BTreeMap<pool::Payment, Withdrawal>,
    signers: BTreeSet<AccountId>,
    deposits: Vec<(usize, Deposit)>,
    /// Obligations that are kept.
    kept: BTreeSet<u64>,
}

/// What the operations of the pool do outside of it.
#[derive(Default)]
struct Moved {
    /// Withdrawals that paid for a note.
    paid: Vec<pool::Payment>,
    /// To accounts, in order.
    inside: Vec<Deposit>,
    /// To others.
    outside: Vec<([u8; 32], (AssetId, Party, Amount))>,
    fees: BTreeMap<AssetId, Amount>,
    kept: BTreeSet<u64>,
}

/// Which deposits the records show.
#[derive(Default)]
struct Shown {
    kept: BTreeSet<u64>,
    made: Vec<AccountId>,
    /// Payouts of this batch that it does not show.
    owed: Vec<Deposit>,
}

impl State {
    pub(super) fn publish<P: Proofs + ?Sized>(
        &mut self,
        context: Context,
        epoch: u64,
        batch: &BatchData,
        proofs: &P,
    ) -> Result<Outcome, Refusal> {
        self.by_operator(context.caller, epoch)?;
        let public = &batch.public;
        let number = public.batch_number;
        let pool_digest = pool_digest(&batch.pool);
        if self.has(public, &pool_digest) {
            return Ok(Outcome::AlreadySettled { batch: number });
        }
        self.running()?;
        if public.domain != self.domain {
            let (found, domain) = (public.domain, self.domain);
            return Err(Refusal::WrongDomain { found, domain });
        }
        let (next_batch, root) = (self.next_batch(), self.root());
        if (number, public.old_root) != (next_batch, root) {
            return Err(Refusal::Forked {
                batch: number,
                old_root: public.old_root,
                next_batch,
                root,
            });
        }
        let records = proofs.records(public, &batch.records)?;
        let seen = self.look(number, &records)?;
        proofs
            .batch(public, &batch.proof)
            .map_err(|source| Refusal::Proof { source })?;

        let mut open = self.pool.open_batch();
        let moved = {
            let settled = Settled {
                accounts: &self.accounts,
                withdrawals: &self.withdrawals,
                seen: &seen,
                queue: &self.queue,
            };
            settled.apply(&mut open, &batch.pool, proofs)?
        };
        let fees = self.fees.iter();
        let mut fees: BTreeMap<AssetId, Amount> = fees
            .filter(|((party, _), _)| *party == self.operator)
            .map(|((_, asset), fees)| (*asset, fees.amount))
            .collect();
        for (asset, amount) in &moved.fees {
            let fee = fees.entry(*asset).or_default();
            *fee = fee.saturating_add(*amount);
        }
        let shown = deposits_shown(&self.queue, &self.accounts, &seen, &moved, &mut fees)?;
        proofs
            .decided()
            .map_err(|source| Refusal::Proof { source })?;

        // Nothing can fail from here on.
        open.seal();
        let kept: BTreeSet<u64> = [&seen.kept, &moved.kept, &shown.kept]
            .into_iter()
            .flatten()
            .copied()
            .collect();
        for number in &kept {
            self.queue.remove(*number);
        }
        self.withdrawals.extend(seen.withdrawals);
        for payment in &moved.paid {
            self.withdrawals.remove(payment);
        }
        self.payouts.extend(moved.outside);
        for (asset, amount) in fees {
            let key = (self.operator, asset);
            let before = self.fees.remove(&key);
            let same = before.filter(|_| !moved.fees.contains_key(&asset));
            if !amount.is_zero() {
                let since = same.map_or(number, |fees| fees.since);
                self.fees.insert(key, Fees { amount, since });
            }
        }
        for deposit in shown.owed {
            let what = Owed::Payout { deposit };
            self.queue
                .push(Lane::Deposit, what, context.now, &self.rules);
        }
        self.pass_over(context);
        for id in shown.made {
            if let Some(known) = self.accounts.get_mut(&id) {
                known.made = true;
            }
        }
        for id in seen.signers {
            if let Some(known) = self.accounts.get_mut(&id) {
                known.signed = Some(number);
            }
        }
        self.batches.push(Head {
            new_root: public.new_root,
            operations_digest: public.operations_digest,
            pool_digest,
        });
        let kept = kept.into_iter().collect();
        Ok(Outcome::Settled {
            batch: number,
            kept,
        })
    }

    /// What the records do outside of the account tree.
    fn look(&self, batch: BatchNumber, records: &[Record]) -> Result<Seen, Refusal> {
        let mut seen = Seen::default();
        for (place, record) in records.iter().enumerate() {
            match record {
                Record::Noop | Record::CollectFees { .. } => {}
                Record::Deposit(deposit) => seen.deposits.push((place, *deposit)),
                signed @ Record::Signed(order, _) => {
                    let account = order.signer();
                    let known = self.accounts.get(&account);
                    let record = place;
                    let known = known.ok_or(Refusal::Unallotted { record, account })?;
                    seen.signers.insert(account);
                    for number in self.queue.orders(account) {
                        let forced = self.queue.get(*number).map(|one| &one.what);
                        // an order that was shown has the nonce that this one has taken
                        if let Some(Owed::Order(forced)) = forced
                            && (forced.shown || forced.order.record() == *signed)
                        {
                            seen.kept.insert(*number);
                        }
                    }
                    if let Order::Withdraw(withdraw) = order
                        && !withdraw.amount.is_zero()
                    {
                        let payment = pool::Payment {
                            batch,
                            record: place as u32,
                        };
                        let withdrawal = Withdrawal {
                            from: account,
                            asset: known.asset,
                            recipient: Party(withdraw.recipient),
                            amount: withdraw.amount,
                        };
                        seen.withdrawals.insert(payment, withdrawal);
                    }
                }
            }
        }
        Ok(seen)
    }

    /// Notes that are owed, and can never come into the pool any more: their money goes back to its account.
    fn pass_over(&mut self, context: Context) {
        let Some(last) = self.pool.last_payment() else {
            return;
        };
        let over: Vec<_> = self.queue.shields_to(last).collect();
        for (payment, number) in over {
            self.queue.remove(number);
            if let Some(withdrawal) = self.withdrawals.remove(&payment) {
                self.give_back(context, &withdrawal);
            }
        }
    }

    /// The operator must deposit the money of a withdrawal to the account that it came from.
    pub(super) fn give_back(&mut self, context: Context, withdrawal: &Withdrawal) {
        let deposit = Deposit {
            to: withdrawal.from,
            asset: withdrawal.asset,
            amount: withdrawal.amount,
            keys: None,
        };
        let what = Owed::Payout { deposit };
        self.queue
            .push(Lane::Deposit, what, context.now, &self.rules);
    }

    /// Whether what leaves the pool can be paid to whom it names.
    pub(super) fn payable(&self, payout: &Payout) -> Result<(), Refusal> {
        inside(&self.accounts, payout, &[]).map(drop)
    }
}

/// The deposit that pays an account, if it is one that is paid, and the account is there: in the tree, or made by one of
/// the `deposits` that the same batch shows. Its operator cannot know that it is not there yet for settlement.
fn inside(
    accounts: &BTreeMap<AccountId, Known>,
    payout: &Payout,
    deposits: &[(usize, Deposit)],
) -> Result<Option<Deposit>, Refusal> {
    let Some(deposit) = payout.deposit() else {
        return Ok(None);
    };
    let account = deposit.to;
    let made_here = || {
        let makes = |made: &Deposit| made.to == account && made.keys.is_some();
        deposits.iter().any(|(_, made)| makes(made))
    };
    let known = accounts.get(&account);
    known
        .filter(|known| known.asset == deposit.asset && (known.made || made_here()))
        .ok_or(Refusal::PayoutAccount { account })?;
    Ok(Some(deposit))
}

/// What operations of the pool are checked against.
struct Settled<'a> {
    accounts: &'a BTreeMap<AccountId, Known>,
    withdrawals: &'a BTreeMap<pool::Payment, Withdrawal>,
    seen: &'a Seen,
    queue: &'a super::Queue,
}

impl Settled<'_> {
    fn apply<P: Proofs + ?Sized>(
        &self,
        open: &mut pool::PoolBatch<'_>,
        operations: &[PoolData],
        proofs: &P,
    ) -> Result<Moved, Refusal> {
        let mut moved = Moved::default();
        for (operation, data) in operations.iter().enumerate() {
            let pool_refused = |source| Refusal::Pool {
                operation,
                source: Box::new(source),
            };
            let mut given = Some(data.proof.clone());
            let decoded = decode_operation(open.pool(), &data.operation, &mut |_| given.take());
            let decoded = decoded.map_err(|source| Refusal::PoolBytes { operation, source })?;
            match decoded {
                PoolOperation::Shield(shield, payment) => {
                    let pool::Payment { batch, record } = payment;
                    let found = self.seen.withdrawals.get(&payment);
                    let found = found.or_else(|| self.withdrawals.get(&payment));
                    // an operation without a proof has one form: nothing in the proof's place
                    let found = found.filter(|_| data.proof.is_empty());
                    let found = found.ok_or(Refusal::NoPayment {
                        operation,
                        batch,
                        record,
                    })?;
                    shield
                        .check_paid_by(&found.withdraw(), found.asset)
                        .and_then(|()| open.shield(&shield, payment))
                        .map_err(pool_refused)?;
                    moved.kept.extend(self.queue.shield(&payment));
                    moved.paid.push(payment);
                }
                PoolOperation::Private(private) => {
                    let payout = private.payout();
                    let inside = match &payout {
                        Some(payout) => inside(self.accounts, payout, &self.seen.deposits)?,
                        None => None,
                    };
                    open.private(&private, proofs).map_err(pool_refused)?;
                    let keys = private.nullifiers().iter().map(|one| one.0.to_bytes());
                    moved
                        .kept
                        .extend(keys.filter_map(|key| self.queue.private(&key)));
                    if let Some(payout) = payout {
                        moved.pay(&payout, inside);
                    }
                }
                _ => {}
            }
        }
        Ok(moved)
    }
}

impl Moved {
    fn pay(&mut self, payout: &Payout, inside: Option<Deposit>) {
        let Payout { asset, amount, .. } = *payout;
        match (inside, payout.recipient) {
            (Some(deposit), _) => self.inside.push(deposit),
            (None, Some(recipient)) if !amount.is_zero() => {
                let paid = (asset, Party(recipient), amount);
                self.outside.push((payout.id.0.to_bytes(), paid));
            }
            _ => {}
        }
        if !payout.fee.is_zero() {
            let fee = self.fees.entry(asset).or_default();
            // the pool held it, and holds less than 2^128
            *fee = fee.saturating_add(payout.fee);
        }
    }
}

impl Withdrawal {
    /// The order that it came from, as far as it counts.
    pub(super) const fn withdraw(&self) -> Withdraw {
        Withdraw {
            from: self.from,
            amount: self.amount,
            fee: Amount::ZERO,
            recipient: self.recipient.0,
            valid_until: BatchNumber::ZERO,
        }
    }
}

/// Checks that every deposit that the records show was paid: by a payout of the pool in this batch, as the next of the
/// deposits, by a payout that waits, or out of the operator's fees.
///
/// Deposits that are equal are worth the same, and records do not say which of them they are. Were they told apart by
/// their places, whoever posts a deposit equal to a payout that is on its way could make a batch impossible that its
/// operator made before, and the rollup would end by it. So places do not count: the batch's own payouts come first,
/// which a diligent operator shows all; then as many deposits, in their order, as are there; then payouts that wait, in
/// any order.
fn deposits_shown(
    queue: &super::Queue,
    accounts: &BTreeMap<AccountId, Known>,
    seen: &Seen,
    moved: &Moved,
    fees: &mut BTreeMap<AssetId, Amount>,
) -> Result<Shown, Refusal> {
    // the records of each deposit, by its bytes: the last ones are taken first
    let mut records = BTreeMap::<Vec<u8>, Vec<usize>>::new();
    for (record, deposit) in &seen.deposits {
        records.entry(deposit.to_bytes()).or_default().push(*record);
    }
    let mut take = |deposit: &Deposit| {
        let found = records.get_mut(&deposit.to_bytes());
        found.and_then(Vec::pop)
    };
    let deposit_of = |number: u64| match queue.get(number).map(|one| &one.what) {
        Some(Owed::Deposit { deposit, .. }) => Some(*deposit),
        _ => None,
    };
    let mut shown = Shown::default();
    for inside in &moved.inside {
        if take(inside).is_none() {
            shown.owed.push(*inside);
        }
    }
    let mut next = None;
    for number in queue.deposits() {
        next = deposit_of(number);
        let Some(deposit) = next.filter(|deposit| take(deposit).is_some()) else {
            break;
        };
        next = None;
        shown.kept.insert(number);
        if deposit.keys.is_some() {
            shown.made.push(deposit.to);
        }
    }
    for (record, deposit) in &seen.deposits {
        let Some(left) = records.get_mut(&deposit.to_bytes()) else {
            continue;
        };
        if left.pop().is_none() {
            continue;
        }
        let mut waiting = queue.payouts_like(deposit);
        if let Some(payout) = waiting.find(|one| !shown.kept.contains(one)) {
            shown.kept.insert(payout);
            continue;
        }
        // the ledger has seen that the account is there and has the asset, but for one that nobody allotted
        let here = accounts.contains_key(&deposit.to) && deposit.keys.is_none();
        let fee = fees.entry(deposit.asset).or_default();
        match fee.checked_sub(deposit.amount).filter(|_| here) {
            Some(left) => *fee = left,
            None => {
                return Err(Refusal::NotTheNextDeposit {
                    record: *record,
                    expected: match next {
                        None => "no other waits".into(),
                        Some(Deposit {
                            to, asset, amount, ..
                        }) => format!("{amount} of asset {asset} to account {to}"),
                    },
                });
            }
        }
    }
    Ok(shown)
}

/// What two batches with the same operations of the pool share.
pub(super) fn pool_digest(pool: &[PoolData]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    for PoolData { operation, .. } in pool {
        // an operation names its proof by a digest
        hasher.update(&(operation.len() as u64).to_le_bytes());
        hasher.update(operation);
    }
    *hasher.finalize().as_bytes()
}
