//! What is forced and not possible: it is tried again, and settlement is shown that it could not have run.
//!
//! # An order that expires
//! Settlement tries an order without opening on the account *at the opening's root*, in a batch that the order is valid for however
//! late the opening is: that it has expired is no excuse. A stranger who forces one that lacks money, and pays the money in when
//! the order has expired, has made an obligation that nobody can end, unless it was refuted before: the node cannot take the order,
//! and at each root from then on it can run. On a node with much to do there is always something that is sealed and not settled,
//! so that by itself no moment may come in which it could be refuted.
//!
//! Hence such an order is *watched* before it expires: nothing is sealed from then on until it is over, and it is tried once more.
//! Either it runs, or the money is not there yet. Then it is in no root that is sealed already, since nothing but the account's own
//! orders takes money away, and settlement takes the opening as soon as it has all that was sealed, whatever is paid in
//! meanwhile. [`Most::soon`] says when: early enough that an order which was not watched in one turn has not expired when it is tried in the next.
//! Where settlement says that the order can run, an order of the same account is in a batch that is not sealed: that one takes
//! the nonce for ever, so that later roots refute the forced one, and sealing goes on.
//!
//! # How often, and for how long
//! Orders without opening cost strangers nothing, so this is bounded:
//!
//! - An order is forced with at least `lifetime` batches to go, and watched when it expires within [`Most::orders`] and [`Most::at_once`] after the
//!   first batch that is not settled, or within `at_once` after the open one. So 3/8 of `lifetime` are settled before, or 1/8 where deposits have
//!   the node as far ahead as they may.
//! - In the moment that was waited for *all* open orders are refuted, and not one after another: whoever forces many of them has the
//!   node wait once. The next to be watched was forced after that moment.
//! - It lasts until what is sealed is proven and settled: no more than `proofs.waiting` batches, those that the sealer has, and what is proven
//!   and not published. Orders and what is owed are taken meanwhile.
//!
//! # Another process
//! The list says when an order expires and the store where settlement is, so a process that begins watches the same orders; and all that
//! it finds in the list, since nothing says how long they have waited. That is once for each start, and as long as said above. Before
//! it has gone through the list it seals nothing ([`Duties::new`]): batches that were closed while one was watched may have its
//! money in them. Nor does it publish anything before it has asked for the list, or one that is started again and again would go further
//! than a turn.
//!
//! [`Most::soon`]: super::ahead::Most::soon
//! [`Most::orders`]: super::ahead::Most::orders
//! [`Most::at_once`]: super::ahead::Most::at_once

use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use winterlane_ledger::{BatchNumber, state::ReadState as _};

use super::{Done, Duties, Trouble};
use crate::{
    Alarm, Event,
    settlement::{Obligation, Opening, Owed, Settlement, SettlementError},
};

/// How long an open obligation is left alone before it is tried again.
const AGAIN: Duration = if cfg!(test) {
    Duration::from_millis(500)
} else {
    Duration::from_secs(5)
};

/// A forced order or operation that was not possible when it was tried.
pub(super) struct Open {
    /// When it was not possible first.
    first: Instant,
    /// Since when it is not known to be possible at the settled root. It begins with the process, and orders that were
    /// there before are watched.
    since: Instant,
    tried: Option<Instant>,
    reason: String,
    /// An opening may end it.
    refutable: bool,
    /// The last batch that it may come into, of an order that has to be refuted before: none when settlement has said that this
    /// is no use.
    last: Option<BatchNumber>,
    /// It expires soon, or may have waited for long, and nothing is sealed until it is over.
    watched: bool,
    told: bool,
}

impl Open {
    fn expires_by(&self, soon: BatchNumber) -> bool {
        self.last.is_some_and(|last| last <= soon)
    }

    /// Nothing is sealed for its sake.
    const fn is_waited_for(&self) -> bool {
        self.watched && self.last.is_some()
    }
}

/// What came of refuting.
enum Refuted {
    /// The obligation is none any more.
    Over,
    /// At the settled root it may run.
    CanRun,
    /// Something that is sealed is not settled.
    NotYet,
    /// It is nothing that is refuted.
    No,
}

/// The last batch that an order without opening may come into.
fn last_of(obligation: &Obligation) -> Option<BatchNumber> {
    match &obligation.what {
        Owed::Order(forced) if !forced.shown => Some(forced.order.order.valid_until()),
        _ => None,
    }
}

impl Duties {
    /// Takes something forced that is new; says whether it is in an open batch now.
    pub(super) fn take(&mut self, number: u64, obligation: &Obligation) -> Result<bool, Trouble> {
        let last = last_of(obligation);
        let watched = match last {
            // nobody knows how long one has waited that was there before this process
            Some(last) => !self.begun || last <= self.soon()?,
            None => false,
        };
        if watched {
            // before it is tried: what is paid in after that is in no sealed batch
            self.shared.quiet.store(true, Ordering::Relaxed);
        }
        match self.force(obligation)? {
            Done::Included { open } => Ok(open),
            Done::Impossible(reason) => {
                let now = Instant::now();
                let open = Open {
                    first: now,
                    since: now,
                    tried: None,
                    reason,
                    refutable: false,
                    last,
                    watched,
                    told: false,
                };
                self.open.insert(number, open);
                Ok(false)
            }
            Done::Later(error) => Err(Trouble::Later(error)),
        }
    }

    /// Tries again what is open; notes, also when something goes wrong later, whether any of it is in an open batch now.
    pub(super) fn again(
        &mut self,
        settlement: &mut dyn Settlement,
        taken: &mut bool,
    ) -> Result<(), Trouble> {
        let soon = self.soon()?;
        for open in self.open.values_mut() {
            if !open.watched && open.expires_by(soon) {
                (open.watched, open.tried) = (true, None);
            }
        }
        // before anything is tried: what is paid in after that is in no sealed batch
        let moment = self.hold()? && self.all_is_settled()?;
        let due = self.open.iter().filter(|(_, open)| {
            let tried = open.tried;
            moment || tried.is_none_or(|tried| tried.elapsed() >= AGAIN)
        });
        // in turn, so that one with which something goes wrong each time keeps none from being tried
        let in_turn = |(number, open): (&u64, &Open)| (!open.is_waited_for(), open.tried, *number);
        let mut due: Vec<_> = due.map(in_turn).collect();
        due.sort_unstable();
        let mut later = None;
        for (_, _, number) in due {
            let found = settlement.obligations(number, 1)?;
            let Some((_, obligation)) = found.into_iter().find(|(one, _)| *one == number) else {
                self.open.remove(&number);
                continue;
            };
            let reason = match self.force(&obligation)? {
                Done::Included { open } => {
                    *taken |= open;
                    self.open.remove(&number);
                    if self.one_expires()? {
                        // what was included may have closed batches
                        break;
                    }
                    continue;
                }
                Done::Impossible(reason) => reason,
                Done::Later(error) => {
                    let reason = error.to_string();
                    later = Some(error);
                    if !self.open.get(&number).is_some_and(Open::is_waited_for) {
                        break;
                    }
                    // a node that takes nothing can show all the same that an order could not run
                    reason
                }
            };
            let refuted = match self.refute(settlement, number, &obligation) {
                Ok(refuted) => refuted,
                Err(trouble) => {
                    if let Some(open) = self.open.get_mut(&number) {
                        let now = Instant::now();
                        open.tried = Some(now);
                        // a refusal that will be the same again is nothing to wait for, and told
                        if let Trouble::Settlement(error) = &trouble
                            && !error.passes()
                        {
                            (open.last, open.refutable, open.since) = (None, false, now);
                        }
                    }
                    return Err(trouble);
                }
            };
            if matches!(refuted, Refuted::Over) {
                self.open.remove(&number);
                continue;
            }
            // it ends by what is decided already, if the batch of that is settled in time
            *taken |= self.ends_with_open(&obligation);
            let Some(open) = self.open.get_mut(&number) else {
                continue;
            };
            (open.tried, open.reason) = (Some(Instant::now()), reason);
            open.refutable = !matches!(refuted, Refuted::No);
            if matches!(refuted, Refuted::CanRun) {
                // what keeps it from running is in a batch that must be sealed first; whether it is told does not wait for that
                (open.since, open.last) = (Instant::now(), None);
            }
        }
        self.wait(settlement)?;
        later.map_or(Ok(()), |error| Err(Trouble::Later(error)))
    }

    /// Whether an order comes to its end that nobody watches yet: it is tried before anything more is taken, which could close the
    /// last batch that it may come into.
    pub(super) fn one_expires(&self) -> Result<bool, Trouble> {
        let mut unwatched = self.open.values().filter(|open| !open.watched);
        if !unwatched.clone().any(|open| open.last.is_some()) {
            return Ok(false);
        }
        let soon = self.soon()?;
        Ok(unwatched.any(|open| open.expires_by(soon)))
    }

    /// How far the node may be when what is open is tried next.
    fn soon(&self) -> Result<BatchNumber, Trouble> {
        let next_publish = self.store.view()?.head().next_publish;
        let open = self.shared.live().open_batch;
        Ok(self.shared.most_ahead().soon(open, next_publish))
    }

    fn all_is_settled(&self) -> Result<bool, Trouble> {
        let view = self.store.view()?;
        let head = view.head();
        Ok(head.next_publish == head.next_batch)
    }

    /// Has nothing sealed before the list was gone through, and while an order waits to be refuted that is watched, or has waited for
    /// long; says whether it has.
    pub(super) fn hold(&self) -> Result<bool, Trouble> {
        let soon = self.soon()?;
        let patience = self.patience;
        let mut open = self.open.values();
        let waits = open.any(|open| {
            let long = patience.is_some_and(|patience| open.since.elapsed() >= patience);
            open.is_waited_for() || open.expires_by(soon) || (open.refutable && long)
        });
        let quiet = !self.begun || waits;
        if self.shared.quiet.swap(quiet, Ordering::Relaxed) != quiet {
            tracing::info!(
                quiet,
                "whether sealing waits for a forced order to be refuted"
            );
        }
        Ok(quiet)
    }

    /// Whether what keeps something from running is in the open batch: an order of its account, an operation that spends its
    /// note, or a payment after its own.
    fn ends_with_open(&self, obligation: &Obligation) -> bool {
        let live = self.shared.live();
        let open = live.open_batch;
        match &obligation.what {
            Owed::Order(forced) => {
                let changed = live.accounts.get(&forced.order.order.signer());
                changed.is_some_and(|(batch, _)| *batch >= open)
            }
            Owed::Private { operation } => operation.nullifiers().iter().any(|nullifier| {
                let spent = live.spent.get(&nullifier.0.to_bytes());
                let by = spent.and_then(|id| live.orders.get(id));
                by.is_some_and(|waiting| waiting.batch >= open)
            }),
            Owed::Shield(_) => true,
            _ => false,
        }
    }

    /// Tells of what is open for long, and has sealing wait or go on.
    fn wait(&mut self, settlement: &mut dyn Settlement) -> Result<(), Trouble> {
        if !self.open.is_empty() {
            let patience = match self.patience {
                Some(patience) => patience,
                None => *self
                    .patience
                    .insert(Duration::from_secs(settlement.window()? / 4)),
            };
            for (number, open) in &mut self.open {
                if !open.told && open.first.elapsed() >= patience {
                    open.told = true;
                    let (number, reason) = (Some(*number), open.reason.clone());
                    self.shared
                        .tell(Event::Alarm(Alarm::Obligation { number, reason }));
                }
            }
        }
        self.hold()?;
        Ok(())
    }

    /// Shows settlement that an order without opening could not have run, if everything that is sealed is settled.
    fn refute(
        &self,
        settlement: &mut dyn Settlement,
        number: u64,
        obligation: &Obligation,
    ) -> Result<Refuted, Trouble> {
        let Owed::Order(forced) = &obligation.what else {
            return Ok(Refuted::No);
        };
        if forced.shown {
            // it ran at a settled root: an order of the account that is on its way ends it
            return Ok(Refuted::No);
        }
        let view = self.store.view()?;
        let head = *view.head();
        if head.next_publish != head.next_batch {
            return Ok(Refuted::NotYet);
        }
        let opening = Opening {
            version: head.next_batch,
            proof: view.prove(forced.order.order.signer())?,
        };
        match settlement.refute(number, &opening) {
            Ok(()) => Ok(Refuted::Over),
            Err(SettlementError::Refused { code, .. }) if code == "can_run" => Ok(Refuted::CanRun),
            Err(SettlementError::Refused { code, .. }) if code == "no_obligation" => {
                Ok(Refuted::Over)
            }
            Err(error) => Err(error.into()),
        }
    }
}
