//! The handle of a running node.

use tokio::sync::{broadcast, mpsc, oneshot};
use winterlane_ledger::{Deposit, SignedOrder, codec::CanonicalBytes};

use crate::{
    AccountView, AdminError, BatchView, Event, Fees, OrderId, OrderState, PendingOrder,
    ProvenAccount, ReadError, Receipt, Status, SubmitError,
};

/// Everything that can be asked of a running node. Clones are handles of the same node.
///
/// What changes something is asynchronous and waits for the disk. What only reads is not, and takes
/// microseconds while the data is in memory; a server calls it from where blocking is allowed, since it
/// may read from the disk.
#[derive(Clone, Debug)]
pub struct Node {
    commands: mpsc::Sender<Command>,
    events: broadcast::Sender<Event>,
}

/// What the sequencer's thread is asked to do.
#[derive(Debug)]
#[expect(
    dead_code,
    reason = "read by the sequencer's thread, which is not in this commit"
)]
pub(crate) enum Command {
    Submit {
        order: Box<SignedOrder>,
        answer: oneshot::Sender<Result<Receipt, SubmitError>>,
    },
    Deposit {
        reference: [u8; 32],
        deposit: Box<Deposit>,
        answer: oneshot::Sender<Result<Receipt, SubmitError>>,
    },
    Pause(oneshot::Sender<()>),
    Resume(oneshot::Sender<()>),
    Seal(oneshot::Sender<Result<u64, AdminError>>),
    Requeue {
        batch: u64,
        answer: oneshot::Sender<Result<(), AdminError>>,
    },
}

impl Node {
    /// Submits an order, and waits until it is on the disk.
    ///
    /// The same order again gets the same receipt, also after a restart; so whoever is left without an
    /// answer sends it again.
    ///
    /// # Errors
    /// [`SubmitError`]; nothing changed then, except that [`SubmitError::Stopped`] leaves it open.
    pub async fn submit(&self, order: SignedOrder) -> Result<Receipt, SubmitError> {
        let order = Box::new(order);
        self.ask(|answer| Command::Submit { order, answer })
            .await
            .ok_or(SubmitError::Stopped)?
    }

    /// Submits an order in its canonical bytes ([`winterlane_ledger::codec`]).
    ///
    /// # Errors
    /// [`SubmitError::Malformed`], and as [`Node::submit`].
    pub async fn submit_bytes(&self, bytes: &[u8]) -> Result<Receipt, SubmitError> {
        self.submit(SignedOrder::from_bytes(bytes)?).await
    }

    /// Submits many orders, in their order, and waits until those that are taken are on the disk. Each is
    /// taken or refused for itself.
    pub async fn submit_many(&self, orders: Vec<SignedOrder>) -> Vec<Result<Receipt, SubmitError>> {
        let mut waiting = Vec::with_capacity(orders.len());
        for order in orders {
            let (answer, asked) = oneshot::channel();
            let order = Box::new(order);
            // Refused only when nobody listens any more; `asked` then says so.
            let _ = self.commands.send(Command::Submit { order, answer }).await;
            waiting.push(asked);
        }
        let mut results = Vec::with_capacity(waiting.len());
        for asked in waiting {
            results.push(asked.await.unwrap_or(Err(SubmitError::Stopped)));
        }
        results
    }

    /// Credits a deposit, or creates its account. `reference` is its name at settlement: a deposit is
    /// taken once for each reference, and the same again gets the same receipt.
    ///
    /// # Errors
    /// As [`Node::submit`].
    pub async fn deposit(
        &self,
        reference: [u8; 32],
        deposit: Deposit,
    ) -> Result<Receipt, SubmitError> {
        let deposit = Box::new(deposit);
        let command = |answer| Command::Deposit {
            reference,
            deposit,
            answer,
        };
        self.ask(command).await.ok_or(SubmitError::Stopped)?
    }

    /// Where an order is; `None` when the node has not taken it.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn order_status(&self, id: &OrderId) -> Result<Option<OrderState>, ReadError> {
        let _ = id;
        Err(ReadError::Stopped)
    }

    /// An account; `None` when its leaf is empty and no pending deposit creates it.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn account(&self, id: u32) -> Result<Option<AccountView>, ReadError> {
        let _ = id;
        Err(ReadError::Stopped)
    }

    /// What the leaf of an account holds after the last sealed batch, with the path that proves it.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn account_proof(&self, id: u32) -> Result<ProvenAccount, ReadError> {
        let _ = id;
        Err(ReadError::Stopped)
    }

    /// The account's own orders that are pending, by ascending nonce.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn pending(&self, account: u32) -> Result<Vec<PendingOrder>, ReadError> {
        let _ = account;
        Err(ReadError::Stopped)
    }

    /// A sealed batch; `None` when there is none of this number.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn batch(&self, number: u64) -> Result<Option<BatchView>, ReadError> {
        let _ = number;
        Err(ReadError::Stopped)
    }

    /// The published bytes of a sealed batch ([`winterlane_ledger::wire`]).
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn records(&self, number: u64) -> Result<Option<Vec<u8>>, ReadError> {
        let _ = number;
        Err(ReadError::Stopped)
    }

    /// The proof of a batch, in winterfell's encoding; `None` while there is none.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn batch_proof(&self, number: u64) -> Result<Option<Vec<u8>>, ReadError> {
        let _ = number;
        Err(ReadError::Stopped)
    }

    /// How the node is.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn status(&self) -> Result<Status, ReadError> {
        Err(ReadError::Stopped)
    }

    /// What an order must pay, and how long it must be valid.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn fees(&self) -> Result<Fees, ReadError> {
        Err(ReadError::Stopped)
    }

    /// What happens from now on. A listener that is more than 1,024 events behind misses the oldest.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.events.subscribe()
    }

    /// Takes no more orders until [`Node::resume`]. Batches go on being proven; a restart resumes.
    ///
    /// # Errors
    /// [`AdminError::Stopped`].
    pub async fn pause(&self) -> Result<(), AdminError> {
        self.ask(Command::Pause).await.ok_or(AdminError::Stopped)
    }

    /// Takes orders again.
    ///
    /// # Errors
    /// [`AdminError::Stopped`].
    pub async fn resume(&self) -> Result<(), AdminError> {
        self.ask(Command::Resume).await.ok_or(AdminError::Stopped)
    }

    /// Closes the open batch as it is, and returns its number. It is sealed as soon as those before it are.
    ///
    /// # Errors
    /// [`AdminError::Empty`] when it has no operations; [`AdminError::Stopped`].
    pub async fn seal_now(&self) -> Result<u64, AdminError> {
        self.ask(Command::Seal).await.ok_or(AdminError::Stopped)?
    }

    /// Proves a batch that is held or waiting as if it had never failed.
    ///
    /// # Errors
    /// [`AdminError::UnknownBatch`], [`AdminError::Proven`], [`AdminError::Stopped`].
    pub async fn requeue(&self, batch: u64) -> Result<(), AdminError> {
        self.ask(|answer| Command::Requeue { batch, answer })
            .await
            .ok_or(AdminError::Stopped)?
    }

    /// Sends a command and waits for its answer; `None` when nobody listens any more.
    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Option<T> {
        let (answer, asked) = oneshot::channel();
        self.commands.send(command(answer)).await.ok()?;
        asked.await.ok()
    }
}
