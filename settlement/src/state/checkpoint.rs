//! The whole state as bytes, so that a log of calls need not be kept for ever.
//!
//! Integers are little-endian and of fixed length; of each list its length (8) comes first. What follows from the
//! genesis or from other parts is left out. There is one form for a state.

use std::collections::{BTreeMap, VecDeque};

use winterlane_ledger::{
    Amount, Anchor, BatchNumber, Digest, Domain, Root,
    pool::{Pool, PoolParts},
    private::NoteFrontier,
};

use super::{Fees, Head, Known, State, Withdrawal, exit::Frozen, queue::Queue};
use crate::{
    Genesis, GenesisError, Obligation, Owed, Party, Payment,
    bytes::{BytesError, Reader, put_value},
    call::{put_payment, put_private, put_shield, take_payment, take_private, take_shield},
    view::{ForcedOrder, ShieldOwed},
};

/// The first byte of a checkpoint. The first version did not say since when there are fees.
const VERSION: u8 = 2;

/// Why bytes are no checkpoint of this settlement.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// They are those of no state.
    #[error(transparent)]
    Bytes(#[from] BytesError),
    /// Nothing can begin so.
    #[error(transparent)]
    Genesis(#[from] GenesisError),
}

/// What is appended to.
struct Out(Vec<u8>);

impl Out {
    fn u32(&mut self, number: u32) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn u64(&mut self, number: u64) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn u128(&mut self, number: u128) {
        self.0.extend_from_slice(&number.to_le_bytes());
    }

    fn digest(&mut self, digest: &Digest) {
        self.0.extend_from_slice(&digest.to_bytes());
    }

    fn party(&mut self, party: Party) {
        self.0.extend_from_slice(&party.0);
    }

    fn list<T>(
        &mut self,
        items: impl IntoIterator<Item = T, IntoIter: ExactSizeIterator>,
        mut put: impl FnMut(&mut Self, T),
    ) {
        let items = items.into_iter();
        self.u64(items.len() as u64);
        for item in items {
            put(self, item);
        }
    }

    fn amounts<K: Copy + Into<u32>>(&mut self, amounts: &BTreeMap<K, Amount>) {
        self.list(amounts, |out, (key, amount)| {
            out.u32((*key).into());
            out.u128(amount.get());
        });
    }
}

/// A list, whose length is believed only as far as there are bytes.
fn list<T>(
    reader: &mut Reader<'_>,
    what: &'static str,
    mut take: impl FnMut(&mut Reader<'_>) -> Result<T, BytesError>,
) -> Result<Vec<T>, BytesError> {
    let count = reader.u64(what)?;
    (0..count).map(|_| take(reader)).collect()
}

/// What has an order and each thing once.
fn map<K: Ord, V>(
    reader: &mut Reader<'_>,
    what: &'static str,
    take: impl FnMut(&mut Reader<'_>) -> Result<(K, V), BytesError>,
) -> Result<BTreeMap<K, V>, BytesError> {
    let offset = reader.offset();
    let items = list(reader, what, take)?;
    if items.windows(2).any(|pair| pair[0].0 >= pair[1].0) {
        return Err(BytesError::Range { offset, what });
    }
    Ok(items.into_iter().collect())
}

fn amounts<K: Ord + From<u32>>(
    reader: &mut Reader<'_>,
    what: &'static str,
) -> Result<BTreeMap<K, Amount>, BytesError> {
    map(reader, what, |reader| {
        Ok((reader.u32(what)?.into(), reader.amount(what)?))
    })
}

fn party(reader: &mut Reader<'_>) -> Result<Party, BytesError> {
    reader.array("an address").map(Party)
}

impl State {
    /// The state in bytes, from which [`State::resume`] makes it again.
    #[must_use]
    pub fn checkpoint(&self) -> Vec<u8> {
        let mut out = Out(vec![VERSION]);
        out.list(&self.batches, |out, head| {
            out.digest(&head.new_root.0);
            out.digest(&head.operations_digest);
            out.0.extend_from_slice(&head.pool_digest);
        });
        out.party(self.operator);
        out.party(self.governor);
        out.u64(self.epoch);
        out.u64(self.now);
        out.list(&self.accounts, |out, (id, known)| {
            out.u32(id.get());
            out.u32(known.asset.get());
            let flags = u8::from(known.made) | u8::from(known.signed.is_some()) << 1;
            out.0.push(flags);
            out.u64(known.signed.unwrap_or(BatchNumber::ZERO).get());
        });
        out.u64(self.next_account);
        out.amounts(&self.totals);
        self.put_queue(&mut out);
        out.list(&self.withdrawals, |out, (payment, withdrawal)| {
            put_payment(&mut out.0, payment);
            out.u32(withdrawal.from.get());
            out.u32(withdrawal.asset.get());
            out.party(withdrawal.recipient);
            out.u128(withdrawal.amount.get());
        });
        out.list(&self.payouts, |out, (nullifier, (asset, to, amount))| {
            out.0.extend_from_slice(nullifier);
            out.u32(asset.get());
            out.party(*to);
            out.u128(amount.get());
        });
        out.list(&self.fees, |out, ((operator, asset), fees)| {
            out.party(*operator);
            out.u32(asset.get());
            out.u128(fees.amount.get());
            out.u64(fees.since.get());
        });
        self.put_pool(&mut out);
        out.list(&self.payments, |out, payment| {
            out.party(payment.to);
            out.u32(payment.asset.get());
            out.u128(payment.amount.get());
        });
        out.0.push(u8::from(self.frozen.is_some()));
        if let Some(frozen) = &self.frozen {
            frozen.put(&mut out);
        }
        out.0
    }

    fn put_queue(&self, out: &mut Out) {
        let parts = self.queue.to_parts();
        out.u64(parts.next);
        for lane in parts.recent {
            out.list(lane, |out, due| out.u64(*due));
        }
        out.list(parts.obligations, |out, (number, obligation)| {
            out.u64(*number);
            out.u64(obligation.due);
            put_owed(out, &obligation.what);
        });
    }

    fn put_pool(&self, out: &mut Out) {
        let parts = self.pool.to_parts();
        out.u64(parts.batch_number.get());
        out.u64(parts.frontier.count());
        out.list(parts.frontier.digests(), |out, digest| out.digest(&digest));
        out.u64(parts.newest);
        out.list(&parts.anchors, |out, anchor| out.digest(&anchor.0));
        out.list(&parts.nullifiers, Out::digest);
        out.amounts(&parts.held.iter().copied().collect());
        out.0.push(u8::from(parts.paid.is_some()));
        if let Some(paid) = &parts.paid {
            put_payment(&mut out.0, paid);
        }
    }

    /// The state that [`State::checkpoint`] gave, of the settlement that began so.
    ///
    /// # Errors
    /// [`CheckpointError`] for bytes that no state has.
    pub fn resume(genesis: &Genesis, bytes: &[u8]) -> Result<Self, CheckpointError> {
        let mut state = Self::new(genesis)?;
        let mut reader = Reader::new(bytes);
        state.take(&mut reader)?;
        reader.finish()?;
        Ok(state)
    }

    fn take(&mut self, reader: &mut Reader<'_>) -> Result<(), BytesError> {
        let what = "the version";
        let version = reader.byte(what)?;
        if !(1..=VERSION).contains(&version) {
            return Err(BytesError::Range { offset: 0, what });
        }
        self.batches = list(reader, "settled batches", |reader| {
            Ok(Head {
                new_root: Root(reader.digest("a root")?),
                operations_digest: reader.digest("a digest")?,
                pool_digest: reader.array("a digest")?,
            })
        })?;
        self.operator = party(reader)?;
        self.governor = party(reader)?;
        self.epoch = reader.u64("an epoch")?;
        self.now = reader.u64("a time")?;
        self.accounts = map(reader, "accounts", |reader| {
            let (id, asset) = (reader.account("an account")?, reader.asset("an asset")?);
            let offset = reader.offset();
            let flags = reader.byte("what is known of an account")?;
            let signed = reader.batch("a batch")?;
            let known = Known {
                asset,
                made: flags & 1 == 1,
                signed: (flags & 2 == 2).then_some(signed),
            };
            if flags > 3 || (known.signed.is_none() && signed != BatchNumber::ZERO) {
                let what = "what is known of an account";
                return Err(BytesError::Range { offset, what });
            }
            Ok((id, known))
        })?;
        self.next_account = reader.u64("the next account")?;
        self.totals = amounts(reader, "totals")?;
        self.queue = take_queue(reader)?;
        self.withdrawals = map(reader, "withdrawals", |reader| {
            let payment = take_payment(reader)?;
            let withdrawal = Withdrawal {
                from: reader.account("an account")?,
                asset: reader.asset("an asset")?,
                recipient: party(reader)?,
                amount: reader.amount("an amount")?,
            };
            Ok((payment, withdrawal))
        })?;
        self.payouts = map(reader, "payouts", |reader| {
            let nullifier = reader.digest("a nullifier")?.to_bytes();
            let asset = reader.asset("an asset")?;
            Ok((
                nullifier,
                (asset, party(reader)?, reader.amount("an amount")?),
            ))
        })?;
        let last = self.next_batch();
        self.fees = map(reader, "fees", |reader| {
            let key = (party(reader)?, reader.asset("an asset")?);
            let amount = reader.amount("an amount")?;
            let since = match version {
                1 => last,
                _ => reader.batch("a batch")?,
            };
            Ok((key, Fees { amount, since }))
        })?;
        self.pool = take_pool(self.domain, reader)?;
        let mut number = 0;
        self.payments = list(reader, "payments", |reader| {
            let payment = Payment {
                number,
                to: party(reader)?,
                asset: reader.asset("an asset")?,
                amount: reader.amount("an amount")?,
            };
            number += 1;
            Ok(payment)
        })?;
        if reader.flag("whether it is frozen")? {
            self.frozen = Some(Frozen::take(self, reader)?);
        }
        Ok(())
    }
}

fn put_owed(out: &mut Out, owed: &Owed) {
    match owed {
        Owed::Deposit { deposit, from } => {
            out.0.push(0);
            put_value(&mut out.0, deposit);
            out.party(*from);
        }
        Owed::Payout { deposit } => {
            out.0.push(1);
            put_value(&mut out.0, deposit);
        }
        Owed::Order(forced) => {
            out.0.push(2);
            put_value(&mut out.0, &forced.order);
            out.u64(forced.posted.get());
            out.0.push(u8::from(forced.shown));
        }
        Owed::Private { operation } => {
            out.0.push(3);
            put_private(&mut out.0, operation);
        }
        Owed::Shield(owed) => {
            out.0.push(4);
            put_payment(&mut out.0, &owed.payment());
            put_shield(&mut out.0, &owed.shield());
        }
    }
}

fn take_owed(reader: &mut Reader<'_>) -> Result<Owed, BytesError> {
    let (offset, what) = (reader.offset(), "the kind of an obligation");
    Ok(match reader.byte(what)? {
        0 => Owed::Deposit {
            deposit: reader.value("a deposit")?,
            from: party(reader)?,
        },
        1 => Owed::Payout {
            deposit: reader.value("a deposit")?,
        },
        2 => Owed::Order(Box::new(ForcedOrder {
            order: reader.value("an order")?,
            posted: reader.batch("a batch")?,
            shown: reader.flag("whether it was shown")?,
        })),
        3 => Owed::Private {
            operation: Box::new(take_private(reader)?),
        },
        4 => {
            let payment = take_payment(reader)?;
            Owed::Shield(ShieldOwed::new(payment, &take_shield(reader)?))
        }
        _ => return Err(BytesError::Range { offset, what }),
    })
}

fn take_queue(reader: &mut Reader<'_>) -> Result<Queue, BytesError> {
    let next = reader.u64("the number of the next obligation")?;
    let mut recent: [VecDeque<u64>; 4] = Default::default();
    for lane in &mut recent {
        *lane = list(reader, "days", |reader| reader.u64("a day"))?.into();
    }
    let (offset, what) = (reader.offset(), "obligations");
    let obligations = map(reader, what, |reader| {
        let number = reader.u64("the number of an obligation")?;
        let due = reader.u64("a day")?;
        Ok((
            number,
            Obligation {
                due,
                what: take_owed(reader)?,
            },
        ))
    })?;
    if obligations
        .keys()
        .next_back()
        .is_some_and(|last| *last >= next)
    {
        return Err(BytesError::Range { offset, what });
    }
    Ok(Queue::from_parts(next, recent, obligations))
}

fn take_pool(domain: Domain, reader: &mut Reader<'_>) -> Result<Pool, BytesError> {
    let (offset, what) = (reader.offset(), "the pool");
    let wrong = || BytesError::Range { offset, what };
    let digests = |reader: &mut Reader<'_>, what| list(reader, what, |one| one.digest(what));
    let batch_number = reader.batch("the number of a batch")?;
    let count = reader.u64("the number of notes")?;
    let frontier = digests(reader, "the frontier of the note tree")?;
    let frontier = NoteFrontier::from_digests(count, &frontier).ok_or_else(wrong)?;
    let newest = reader.u64("the number of a root")?;
    let anchors = digests(reader, "roots of the note tree")?;
    let anchors = anchors.into_iter().map(Anchor).collect();
    let nullifiers = digests(reader, "nullifiers")?;
    let ascending = |pair: &[Digest]| pair[0].to_bytes() < pair[1].to_bytes();
    if !nullifiers.windows(2).all(ascending) {
        return Err(wrong());
    }
    let held = amounts(reader, "what the pool holds")?
        .into_iter()
        .collect();
    let paid = match reader.flag("whether anything was paid for")? {
        true => Some(take_payment(reader)?),
        false => None,
    };
    let parts = PoolParts {
        domain,
        batch_number,
        frontier,
        anchors,
        newest,
        nullifiers,
        held,
        paid,
    };
    Pool::from_parts(parts).map_err(|_| wrong())
}

impl Frozen {
    fn put(&self, out: &mut Out) {
        out.u64(self.obligation);
        out.u64(self.due);
        out.list(&self.accounts, |out, (id, to)| {
            out.u32(id.get());
            out.party(*to);
        });
        out.amounts(&self.credits);
        out.list(&self.notes, |out, note| out.0.extend_from_slice(note));
        out.amounts(&self.held);
    }

    /// Nothing that it follows from has changed since the end.
    fn take(state: &State, reader: &mut Reader<'_>) -> Result<Self, BytesError> {
        let obligation = reader.u64("an obligation")?;
        let due = reader.u64("a day")?;
        let accounts = map(reader, "accounts that have left", |reader| {
            Ok((reader.account("an account")?, party(reader)?))
        })?;
        let credits = amounts(reader, "credits")?;
        let notes = map(reader, "notes that have left", |reader| {
            Ok((reader.digest("a nullifier")?.to_bytes(), ()))
        })?;
        Ok(Self {
            accounts,
            credits,
            notes: notes.into_keys().collect(),
            held: amounts(reader, "what is left in the pool")?,
            ..Self::new(state, obligation, due)
        })
    }
}
