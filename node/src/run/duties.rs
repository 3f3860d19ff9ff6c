//! What settlement obliges the operator to: deposits, forced orders, forced operations of the pool. Each is taken as soon
//! as it is seen, long before its day.
//!
//! The list is settlement's, and asked for again after a restart; what the node took before is known by its name, so that
//! nothing is taken twice. It is gone through twice ([`list`]): for what is forced, which may expire, and then for deposits.
//!
//! A forced order that the ledger's rules refuse, or that a batch had before it was posted, is *open*: it may run later,
//! after a deposit too, or another order of its account ends it, or settlement is shown by an opening that it could not run.
//! What ends it may be in a batch that stays open for long: that is closed soon, as if it were owed.
//!
//! An opening counts at a settled root, and the store has the newest tree alone. So the node waits until everything that
//! is sealed is settled, and seals nothing for that long when a quarter of the time is over, or when the order would expire ([`open`]).

mod list;
mod open;

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering, mpsc::SyncSender},
    time::{Duration, Instant},
};

use tokio::sync::oneshot;
use winterlane_ledger::{Deposit, pool::Payment};

use self::open::Open;
use super::{
    admission::{Admin, Answer},
    ahead,
    publisher::{Stop, TURN},
    shared::{Due, Shared},
    verify::Judge,
    writer::Task,
};
use crate::{
    AdminError, Alarm, Event, ForcedOutcome, Receipt, Refusal, SubmitError,
    private::Verified,
    settlement::{Obligation, Owed, Settlement, SettlementError},
    store::Store,
};

/// A batch that stays open for longer is closed so long after the first thing came into it that is owed. What comes meanwhile
/// shares it, so that whoever deposits again and again makes no more batches than that.
pub(super) const SOON: Duration = if cfg!(test) {
    Duration::from_secs(1)
} else {
    Duration::from_secs(10)
};

/// The operator's duties.
pub(super) struct Duties {
    shared: Arc<Shared>,
    store: Arc<Store>,
    writer: SyncSender<Task>,
    judge: Judge,
    /// What is forced below was taken, or is open.
    next: u64,
    /// Deposits and payouts below were taken. It is never beyond `next`.
    credited: u64,
    open: BTreeMap<u64, Open>,
    /// The list was gone through once: what comes from now on was forced after this process began, or had not its turn.
    begun: bool,
    /// How long something may be open before that is told, and sealing waits for it: a quarter of the window.
    patience: Option<Duration>,
    /// How long anything may wait.
    window: Option<Duration>,
    /// What was told last: once, until it is another thing.
    told: Option<String>,
    /// The writer was told that the rollup has ended.
    ended: bool,
    /// Since when something that is owed is in a batch that stays open for long.
    unsealed: Option<Instant>,
}

/// What the node has to say of something that it is obliged to.
enum Done {
    /// It is in a batch, which may be open for long.
    Included { open: bool },
    /// The rules refuse it as things are.
    Impossible(String),
    /// The node cannot decide now.
    Later(SubmitError),
}

/// The name of an obligation that is a deposit, among all deposits.
fn reference(number: u64) -> [u8; 32] {
    blake3::derive_key(
        "winterlane 2026 obligation at settlement",
        &number.to_le_bytes(),
    )
}

impl Duties {
    /// Nothing is sealed before the list was gone through: what a process before this one closed may have the money in it that an order
    /// lacked which has expired since.
    pub(super) fn new(
        shared: Arc<Shared>,
        store: Arc<Store>,
        writer: SyncSender<Task>,
        judge: Judge,
    ) -> Self {
        shared.quiet.store(true, Ordering::Relaxed);
        Self {
            shared,
            store,
            writer,
            judge,
            next: 0,
            credited: 0,
            open: BTreeMap::new(),
            begun: false,
            patience: None,
            window: None,
            told: None,
            ended: false,
            unsealed: None,
        }
    }

    /// How many batches may be published before the next turn.
    pub(super) fn at_once(&self) -> u64 {
        self.shared.most_ahead().at_once()
    }

    /// Takes what is new, and tries again what is open.
    pub(super) fn turn(&mut self, settlement: &mut dyn Settlement) -> Result<(), Stop> {
        let mut taken = false;
        let done = self.look(settlement, &mut taken);
        // A batch that is closed soon by its age takes them as they come. A batch for each would be more than anybody can
        // prove, and whoever posts them would end the rollup.
        if taken && self.shared.limits.max_age > SOON {
            self.unsealed.get_or_insert_with(Instant::now);
        }
        if self.unsealed.is_some_and(|since| since.elapsed() >= SOON) {
            let closed = self.ask(Admin::SealOwed)?;
            // that it was closed meanwhile is as good; one that must wait for settlement is closed later
            if !matches!(closed, Err(AdminError::Unsettled { .. })) {
                self.unsealed = None;
            }
        }
        self.show_due(settlement)?;
        match done {
            Ok(()) => {
                self.told = None;
                Ok(())
            }
            Err(Trouble::Stop(stop)) => Err(stop),
            Err(Trouble::Later(error)) => {
                tracing::debug!(%error, "obligations are taken later");
                Ok(())
            }
            Err(Trouble::Told { number, reason }) => self.tell(number, reason),
            Err(Trouble::Settlement(error)) => {
                if error.is_frozen() {
                    // there is nothing to refute any more
                    self.shared.quiet.store(false, Ordering::Relaxed);
                }
                if error.is_frozen() && !self.ended {
                    // what is taken from now on would never be settled
                    let (answer, asked) = oneshot::channel();
                    self.send(Admin::End(answer))?;
                    asked.blocking_recv().map_err(|_| Stop::Gone)?;
                    self.ended = true;
                }
                self.tell(None, error.to_string())
            }
        }
    }

    /// Shows how long is left for what is due first. When settlement does not say, what it said before counts on.
    fn show_due(&mut self, settlement: &mut dyn Settlement) -> Result<(), Stop> {
        if self.window.is_none()
            && let (Ok(window), Some(lifetime)) = (settlement.window(), ahead::lifetime(settlement))
        {
            self.window = Some(Duration::from_secs(window));
            // settlement may not have been there at the start
            let heard = Task::Heard { lifetime };
            self.writer.send(heard).map_err(|_| Stop::Gone)?;
        }
        if let (Some(window), Ok(left)) = (self.window, settlement.time_left()) {
            let at = left.and_then(|left| Instant::now().checked_add(left));
            self.shared.set_due(Due { at, window });
        }
        Ok(())
    }

    /// Tells what somebody has to look at, once.
    fn tell(&mut self, number: Option<u64>, reason: String) -> Result<(), Stop> {
        if self.told.as_ref() != Some(&reason) {
            self.told = Some(reason.clone());
            self.shared
                .tell(Event::Alarm(Alarm::Obligation { number, reason }));
        }
        Ok(())
    }

    /// Takes what is new, for a turn's time, and tries again what is open; notes, also when something goes wrong, whether any of
    /// it is in an open batch.
    fn look(&mut self, settlement: &mut dyn Settlement, taken: &mut bool) -> Result<(), Trouble> {
        let now = Instant::now();
        let credited = match self.take_forced(settlement, now + TURN / 2, taken) {
            Ok(()) => self.take_deposits(settlement, now + TURN, taken),
            // a node that takes nothing may have to refute, and to seal what it took before
            Err(trouble @ Trouble::Later(_)) => Err(trouble),
            Err(trouble) => {
                // what was heard before comes to its end all the same
                self.hold()?;
                return Err(trouble);
            }
        };
        // whatever is the matter with deposits; and after them, since an order may need what was paid in before it
        let tried = self.again(settlement, taken);
        let silent = matches!(credited, Ok(()) | Err(Trouble::Later(_)));
        match tried {
            // what is to be told of a deposit is told before what is to be told of an order
            Err(trouble) if silent || matches!(trouble, Trouble::Stop(_)) => Err(trouble),
            _ => credited,
        }
    }

    /// Whether the batch of something is open. It may have been taken by a process before this one, which could not close its
    /// batch either: nobody else would before the batch is old.
    fn is_open(&self, receipt: &Receipt) -> bool {
        receipt.batch >= self.shared.live().open_batch
    }

    /// Takes a deposit; says whether its batch is open.
    fn credit(&self, number: u64, deposit: Deposit) -> Result<bool, Trouble> {
        let (answer, asked) = oneshot::channel();
        self.send(Admin::Deposit {
            reference: reference(number),
            deposit: Box::new(deposit),
            owed: true,
            answer,
        })?;
        match asked.blocking_recv().map_err(|_| Stop::Gone)? {
            Ok(receipt) => Ok(self.is_open(&receipt)),
            // settlement has seen that it can be taken, and those after it wait for it
            Err(SubmitError::Refused(refusal)) => Err(Trouble::Told {
                number: Some(number),
                reason: format!("a deposit that settlement has taken is refused here: {refusal}"),
            }),
            Err(error) => Err(Trouble::Later(error)),
        }
    }

    fn force(&self, obligation: &Obligation) -> Result<Done, Trouble> {
        match &obligation.what {
            Owed::Order(forced) => {
                let order = Box::new(forced.order.clone());
                let result = self.ask(|answer| Admin::Force { order, answer })?;
                Ok(match result {
                    // No batch shows it once more: settlement must hear that its nonce has passed, or the rollup is frozen by
                    // whoever posts an old order.
                    Ok(ForcedOutcome::Included(Receipt { batch, .. })) if batch < forced.posted => {
                        let reason = format!("batch {batch} has it, which was settled before");
                        Done::Impossible(reason)
                    }
                    Ok(ForcedOutcome::Included(receipt)) => Done::Included {
                        open: self.is_open(&receipt),
                    },
                    Ok(ForcedOutcome::Impossible(reason)) => Done::Impossible(reason.to_string()),
                    Err(error) => Done::Later(error),
                })
            }
            Owed::Private { operation } => {
                let domain = self.store.view()?.head().domain;
                let checked = Verified::check((**operation).clone(), &domain, &*self.judge);
                let operation = match checked {
                    Ok(operation) => Box::new(operation),
                    Err(refusal) => return Ok(Done::Impossible(refusal.to_string())),
                };
                self.decided(|answer| Admin::ForcePrivate { operation, answer })
            }
            Owed::Shield(owed) => {
                let Payment { batch, record } = owed.payment();
                let payment = Payment { batch, record };
                let note = Box::new(owed.shield());
                self.decided(|answer| Admin::ForceNote {
                    note,
                    payment,
                    answer,
                })
            }
            // a kind that this version does not know: told, and left to a newer one
            _ => Ok(Done::Impossible("this version does not know it".into())),
        }
    }

    fn decided(
        &self,
        admin: impl FnOnce(Answer<Result<Result<Receipt, Refusal>, SubmitError>>) -> Admin,
    ) -> Result<Done, Trouble> {
        Ok(match self.ask(admin)? {
            Ok(Ok(receipt)) => Done::Included {
                open: self.is_open(&receipt),
            },
            Ok(Err(refusal)) => Done::Impossible(refusal.to_string()),
            Err(error) => Done::Later(error),
        })
    }

    fn send(&self, admin: Admin) -> Result<(), Stop> {
        self.writer.send(Task::Admin(admin)).map_err(|_| Stop::Gone)
    }

    fn ask<T>(&self, admin: impl FnOnce(Answer<T>) -> Admin) -> Result<T, Stop> {
        let (answer, asked) = oneshot::channel();
        self.send(admin(answer))?;
        asked.blocking_recv().map_err(|_| Stop::Gone)
    }
}

/// Why a turn was not finished.
enum Trouble {
    Stop(Stop),
    /// The node cannot decide now; it is asked again.
    Later(SubmitError),
    /// Somebody has to look.
    Told {
        number: Option<u64>,
        reason: String,
    },
    Settlement(SettlementError),
}

impl From<Stop> for Trouble {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

impl From<SettlementError> for Trouble {
    fn from(error: SettlementError) -> Self {
        Self::Settlement(error)
    }
}

impl From<crate::StoreError> for Trouble {
    fn from(error: crate::StoreError) -> Self {
        Self::Stop(error.into())
    }
}

#[cfg(test)]
mod tests;
