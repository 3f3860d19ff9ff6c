//! What the node answers.

use std::time::Duration;

use serde::Serialize;
use winterlane_ledger::{
    Account, AccountId, AccountProof, Amount, AssetId, BatchNumber, Domain, LedgerError, Nonce,
    Order, PublicInputs, Root, pool::PoolPolicy, private::AssociationMode,
};

use crate::{OrderId, PrivateChecks};

/// The acknowledgement of an order: it is on the disk, and will be in this batch.
///
/// The same order sent again gets the same receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Receipt {
    /// The name of the order.
    pub id: OrderId,
    /// Its number in the log: orders with smaller numbers come before it.
    pub sequence: u64,
    /// The batch that takes it.
    pub batch: BatchNumber,
    /// Whether the node knew the order before this call.
    pub known: bool,
}

/// What becomes of an order that arrived by settlement.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ForcedOutcome {
    /// It is on the disk, and will be in this batch, which takes nothing after it.
    Included(Receipt),
    /// The ledger's rules refuse it after all that was decided before. The opening of the signer's account
    /// ([`crate::Node::account_proof`]), once those batches are settled, shows why: its nonce has passed or is not reached,
    /// the key is another one, the funds are short, or there is no such account.
    Impossible(LedgerError),
}

/// Where an order is. The stages come one after another; none is left out, none goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
#[non_exhaustive]
pub enum OrderState {
    /// On the disk, in a batch that is not sealed yet.
    Pending {
        /// Its number in the log.
        sequence: u64,
        /// The batch that takes it.
        batch: BatchNumber,
    },
    /// In a sealed batch.
    Included {
        /// Its number in the log.
        sequence: u64,
        /// The batch.
        batch: BatchNumber,
        /// Which of the batch's records it is, from 0.
        position: u32,
        /// How far the batch is.
        stage: BatchStage,
    },
}

/// How far a batch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BatchStage {
    /// Its records and its root are fixed, and its proof is being made.
    Sealed,
    /// No proof could be made; an operator has to look ([`crate::Event::Alarm`]).
    Held,
    /// Its proof was made, and verified by this node.
    Proven,
    /// Settlement has it.
    Published,
}

/// An account, as the last sealed batch left it and as pending orders will leave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountView {
    /// The id.
    pub id: AccountId,
    /// After the last sealed batch; `None` when a pending deposit creates the account.
    pub sealed: Option<Account>,
    /// After all pending operations too. Its nonce and next indices are those of the next order.
    pub pending: Account,
    /// The number of the account's own orders that are pending.
    pub pending_orders: u32,
    /// The next batch to be sealed: `sealed` is the state that it begins with.
    pub batch: BatchNumber,
}

/// An account with the path that proves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProvenAccount {
    /// The last sealed batch, whose new root the proof leads to; `None` for the opening state.
    pub batch: Option<BatchNumber>,
    /// The root that the proof leads to.
    pub root: Root,
    /// The account, or that its leaf is empty.
    pub proof: AccountProof,
}

/// An order that is on the disk and not yet sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PendingOrder {
    /// The name.
    pub id: OrderId,
    /// Its number in the log.
    pub sequence: u64,
    /// The batch that takes it.
    pub batch: BatchNumber,
    /// What was ordered.
    pub order: Order,
    /// At which nonce.
    pub nonce: Nonce,
}

/// Where a sealed operation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct HistoryPlace {
    /// The batch.
    pub batch: BatchNumber,
    /// Which of the batch's records, from 0.
    pub position: u32,
}

/// A sealed batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BatchView {
    /// What its proof says.
    pub public_inputs: PublicInputs,
    /// Operations in it, padding not counted.
    pub operations: u32,
    /// When it was sealed, in milliseconds since 1970 by this machine's clock.
    pub sealed_at: u64,
    /// How far it is.
    pub stage: BatchStage,
    /// Bytes of its published records.
    pub record_bytes: u64,
    /// Bytes of its proof, when there is one.
    pub proof_bytes: Option<u64>,
    /// How many times proving it failed.
    pub failures: u32,
    /// Why it failed the last time.
    pub last_failure: Option<String>,
}

/// How the node is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Which rollup on which chain.
    pub domain: Domain,
    /// The root after the last sealed batch.
    pub root: Root,
    /// The batch that new orders go into.
    pub open_batch: BatchNumber,
    /// Operations in it so far.
    pub open_operations: u32,
    /// The next batch to be sealed; those below are. It is behind `open_batch` while proofs are.
    pub next_to_seal: BatchNumber,
    /// The next batch to be proven: all below it are, in order.
    pub next_to_prove: BatchNumber,
    /// The next batch to be published: settlement has all below it.
    pub next_to_publish: BatchNumber,
    /// Orders that are on the disk and not sealed.
    pub pending: u64,
    /// The most that may be pending.
    pub max_pending: u64,
    /// Batches sealed and not proven, those that are held included.
    pub unproven: u64,
    /// Batches held: proving them failed for good.
    pub held: u64,
    /// How long the oldest unproven batch has waited.
    pub oldest_unproven: Option<Duration>,
    /// How long the oldest batch that settlement does not have has waited, of a node that publishes.
    pub oldest_unsettled: Option<Duration>,
    /// Times since the process started that settlement refused a batch.
    pub settlement_refusals: u64,
    /// How long is left until the first obligation at settlement is due; `None` when nothing is due, or nobody said so.
    pub obligation_left: Option<Duration>,
    /// How long an obligation may wait there.
    pub obligation_window: Option<Duration>,
    /// How proofs of private operations were verified since the process started.
    pub private_checks: PrivateChecks,
    /// Whether an operator has paused the node: it takes no orders then.
    pub paused: bool,
    /// Whether the disk is too full to take orders.
    pub read_only: bool,
    /// Whether settlement lacks so many batches that the node takes no orders.
    pub too_far_ahead: bool,
    /// Bytes left on the disk of the store, where the system says.
    pub disk_free: Option<u64>,
    /// Orders acknowledged since the process started.
    pub accepted: u64,
    /// Orders refused since the process started.
    pub refused: u64,
    /// Alarms raised since the process started.
    pub alarms: u64,
    /// How long the process has run.
    pub uptime: Duration,
}

impl Status {
    /// Whether the node takes orders.
    #[must_use]
    pub const fn ready(&self) -> bool {
        !self.paused && !self.read_only && !self.too_far_ahead && self.pending < self.max_pending
    }
}

/// What an order must pay and how long it must be valid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fees {
    /// The assets in which fees are taken, each with the least fee of an order and the account that
    /// collects. Orders of accounts with another asset pay no fee, or are refused when `others` is false.
    pub assets: Vec<AssetFee>,
    /// Whether accounts of other assets may order, for no fee.
    pub others: bool,
    /// What is asked of private operations besides.
    pub private: PrivateTerms,
    /// The batch that new orders go into.
    pub open_batch: BatchNumber,
    /// An order's `valid_until` must be this many batches after it, at least.
    pub min_lifetime: u64,
}

/// What is asked of private operations: a [`PoolPolicy`], to be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PrivateTerms {
    /// The assets in which private operations pay, each with the least fee in the asset's smallest unit. Empty: what
    /// is asked of orders.
    pub fees: Vec<PrivateMinimum>,
    /// The association sets of which one must be shown. Empty: none is asked for.
    pub association: Vec<AssociationView>,
}

/// The least fee of a private operation in one asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PrivateMinimum {
    /// The asset.
    pub asset: AssetId,
    /// The least fee, in the asset's smallest unit.
    pub minimum: Amount,
}

/// An association set that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct AssociationView {
    /// `approved`: what is spent is in the set; `not-refused`: it is not.
    pub mode: &'static str,
    /// The root of the set.
    pub root: Root,
}

impl From<&PoolPolicy> for PrivateTerms {
    fn from(policy: &PoolPolicy) -> Self {
        let sets = policy.association_sets().unwrap_or_default().iter();
        Self {
            fees: policy
                .minimum_fees()
                .map(|(asset, minimum)| PrivateMinimum { asset, minimum })
                .collect(),
            association: sets
                .map(|set| AssociationView {
                    mode: match set.mode {
                        AssociationMode::Approved => "approved",
                        AssociationMode::NotRefused => "not-refused",
                    },
                    root: set.root,
                })
                .collect(),
        }
    }
}

/// The fees of one asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct AssetFee {
    /// The asset.
    pub asset: AssetId,
    /// The least fee of an order, in the asset's smallest unit.
    pub minimum: Amount,
    /// The account that the fees go to.
    pub collector: AccountId,
}
