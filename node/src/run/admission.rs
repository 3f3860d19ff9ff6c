//! Admission: signatures are checked here, many at a time, before the writer decides.

use std::{
    sync::mpsc::{Receiver, RecvTimeoutError, SyncSender},
    time::{Duration, Instant},
};

use rayon::prelude::*;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use winterlane_ledger::{
    BatchNumber, CheckedOrder, Domain, SignedOrder, check_orders,
    pool::{Payment, Shield},
    signature::SignatureError,
};
use winterlane_prover::SimdCompressor;

use super::{threads, writer::Task};
use crate::{
    ForcedOutcome, OrderId, Receipt, Refusal, SubmitError,
    error::AdminError,
    private::{NewNote, Verified},
};

/// What a handle asks for.
#[derive(Debug)]
pub(crate) enum Command {
    /// Orders, and the room that they take while they wait.
    Submit(Vec<Submission>, OwnedSemaphorePermit),
    Admin(Admin),
    Stop,
}

/// Where an answer goes.
pub(crate) type Answer<T> = oneshot::Sender<T>;

/// An order to be taken, and who waits for the answer.
#[derive(Debug)]
pub(crate) struct Submission {
    pub(crate) order: SignedOrder,
    /// The note that the order is to pay for.
    pub(crate) note: Option<NewNote>,
    pub(crate) answer: Answer<Result<Receipt, SubmitError>>,
}

/// What needs no signature.
#[derive(Debug)]
pub(crate) enum Admin {
    Deposit {
        reference: [u8; 32],
        deposit: Box<winterlane_ledger::Deposit>,
        /// Settlement obliges the operator to it: a pause does not matter.
        owed: bool,
        answer: Answer<Result<Receipt, SubmitError>>,
    },
    /// An order that arrived by settlement.
    Force {
        order: Box<SignedOrder>,
        answer: Answer<Result<ForcedOutcome, SubmitError>>,
    },
    /// A private operation that arrived by settlement.
    ForcePrivate {
        operation: Box<Verified>,
        answer: Answer<Result<Result<Receipt, Refusal>, SubmitError>>,
    },
    /// A note that arrived by settlement, for which a withdrawal has paid.
    ForceNote {
        note: Box<Shield>,
        payment: Payment,
        answer: Answer<Result<Result<Receipt, Refusal>, SubmitError>>,
    },
    Pause(Answer<()>),
    /// Settlement has ended the rollup: nothing is taken ever again.
    End(Answer<()>),
    Resume(Answer<Result<(), AdminError>>),
    Seal(Answer<Result<BatchNumber, AdminError>>),
    /// Closes the open batch for what settlement obliges to in it, unless batches have to fill up.
    SealOwed(Answer<Result<BatchNumber, AdminError>>),
    Requeue {
        batch: BatchNumber,
        answer: Answer<Result<(), AdminError>>,
    },
}

/// An order whose signature was checked.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) id: OrderId,
    pub(crate) order: CheckedOrder,
    /// The note that the order is to pay for.
    pub(crate) note: Option<NewNote>,
    pub(crate) answer: Answer<Result<Receipt, SubmitError>>,
}

/// Signatures that are checked together: enough for vector units and for both the writer's and this thread
/// to be busy.
pub(crate) const GROUP: usize = 512;

/// How long the first order of a group waits for others.
const LINGER: Duration = Duration::from_millis(2);

/// Orders that wait for no others: enough for the vector units of a few cores. With so many there at once, whoever
/// sends them keeps the cores busy, and waiting would leave them idle.
const ENOUGH: usize = 64;

/// Checks signatures until somebody says stop, or the writer is gone.
pub(crate) fn run(commands: &Receiver<Command>, writer: &SyncSender<Task>, domain: &Domain) {
    loop {
        let mut group = Group::default();
        let last = match commands.recv() {
            Ok(command) => gather(command, commands, &mut group),
            Err(_) => Some(Command::Stop),
        };
        if !group.orders.is_empty() {
            let candidates = check(group.orders, domain);
            drop(group.room);
            if writer.send(Task::Candidates(candidates)).is_err() {
                return;
            }
        }
        let passed = match last {
            None | Some(Command::Submit(..)) => Ok(()),
            Some(Command::Admin(admin)) => writer.send(Task::Admin(admin)),
            Some(Command::Stop) => {
                let _ = writer.send(Task::Stop);
                return;
            }
        };
        if passed.is_err() {
            return;
        }
    }
}

/// Orders that are checked together.
#[derive(Default)]
struct Group {
    orders: Vec<Submission>,
    room: Vec<OwnedSemaphorePermit>,
}

impl Group {
    fn add(&mut self, orders: Vec<Submission>, room: OwnedSemaphorePermit) {
        self.orders.extend(orders);
        self.room.push(room);
    }
}

/// Gathers orders until there are enough, the first has waited long enough, or something else comes, which
/// is returned.
fn gather(first: Command, commands: &Receiver<Command>, group: &mut Group) -> Option<Command> {
    match first {
        Command::Submit(orders, room) => group.add(orders, room),
        other => return Some(other),
    }
    let until = Instant::now() + LINGER;
    while group.orders.len() < GROUP {
        // what waits already is taken in any case
        let left = match group.orders.len() {
            ENOUGH.. => Duration::ZERO,
            _ => until.saturating_duration_since(Instant::now()),
        };
        match commands.recv_timeout(left) {
            Ok(Command::Submit(orders, room)) => group.add(orders, room),
            Ok(other) => return Some(other),
            Err(RecvTimeoutError::Timeout) => break,
            Err(RecvTimeoutError::Disconnected) => return Some(Command::Stop),
        }
    }
    None
}

/// Checks the signatures of a group, and answers those that are none.
fn check(group: Vec<Submission>, domain: &Domain) -> Vec<Candidate> {
    let (orders, answers): (Vec<_>, Vec<_>) = group
        .into_iter()
        .map(
            |Submission {
                 order,
                 note,
                 answer,
             }| {
                let (id, account) = (OrderId::of(&order), order.order.signer());
                (order, (id, account, note, answer))
            },
        )
        .unzip();
    let checked = check_on_all_threads(orders, domain);
    let mut candidates = Vec::with_capacity(checked.len());
    for (result, (id, account, note, answer)) in checked.into_iter().zip(answers) {
        match result {
            Ok(order) => candidates.push(Candidate {
                id,
                order,
                note,
                answer,
            }),
            Err(reason) => {
                let refusal = winterlane_ledger::LedgerError::BadSignature { account, reason };
                let _ = answer.send(Err(Refusal::Ledger(refusal).into()));
            }
        }
    }
    candidates
}

/// Signatures that one thread checks together, at most: enough to fill any vector unit in every step, and few enough
/// that a group of orders is shared between all threads.
const SHARE: usize = 16;

/// Signatures that one thread checks together, at least, if there are so many: as many as the widest vector has lanes.
/// With fewer, the steps that are one after another in each signature would leave lanes empty.
const LANES: usize = 8;

/// How many of `orders` signatures one of `threads` threads checks together: a small group is shared between all of
/// them, too.
fn share(orders: usize, threads: usize) -> usize {
    orders.div_ceil(threads.max(1)).clamp(LANES, SHARE)
}

/// Checks signatures on all threads of the present pool.
///
/// Sharing whole signatures, and not each step of a group of them, lets no thread wait for another but at the end.
pub(crate) fn check_on_all_threads(
    orders: Vec<SignedOrder>,
    domain: &Domain,
) -> Vec<Result<CheckedOrder, SignatureError>> {
    let share = share(orders.len(), rayon::current_num_threads());
    orders
        .into_par_iter()
        .chunks(share)
        .flat_map_iter(|share| check_orders(share, domain, &SimdCompressor))
        .collect()
}

/// The thread of admission.
pub(crate) fn spawn(
    commands: Receiver<Command>,
    writer: SyncSender<Task>,
    domain: Domain,
) -> std::io::Result<std::thread::JoinHandle<()>> {
    threads::spawn("admission", writer.clone(), move || {
        run(&commands, &writer, &domain);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A small group is shared between the threads; nobody checks fewer than there are lanes, or more than a share.
    #[test]
    fn shares_fill_lanes_and_threads() {
        let expected = [
            (1, 2, LANES),
            (16, 2, 8),
            (20, 2, 10),
            (30, 2, 15),
            (16, 64, LANES),
            (512, 2, SHARE),
            (512, 64, 8),
            (5, 0, LANES),
        ];
        for (orders, threads, each) in expected {
            assert_eq!(share(orders, threads), each, "{orders}, {threads}");
        }
    }
}
