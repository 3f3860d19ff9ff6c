//! Batches of real transfers to prove.

use std::{any::Any, fs::File, path::Path, sync::Mutex};

use rayon::prelude::*;
use winterlane::replay::{
    OPERATOR, Plan, PlanOptions, PlannedOperation, Replay, ReplayKeys, read_transfers,
};
use winterlane_ledger::{
    ChainId, Ledger, RollupId, SealedBatch, SignedOrder, check_orders,
    hash::{Compressor, domain_digest},
};

use crate::Failure;

/// What hashes in bulk when keys are made and batches sealed.
pub trait Bulk: Compressor + Clone + core::fmt::Debug + Default + Send + 'static {}

impl<C: Compressor + Clone + core::fmt::Debug + Default + Send + 'static> Bulk for C {}

/// Largest key of a sender: 2^6 one-time keys, so that the making of keys is short.
const KEY_HEIGHT: u32 = 6;

/// Orders checked together.
const CHUNK: usize = 32;

/// A plan whose first batch has that many slots, nearly all of them transfers from the project's
/// sample of Ethereum.
///
/// # Errors
/// When the file cannot be read or planned.
pub fn plan(operations: usize) -> Result<Plan, Failure> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/ethereum-transfers.csv");
    let rows = read_transfers(File::open(path)?, Some(operations - 1))?;
    let options = PlanOptions {
        batch_size: operations,
        key_height: KEY_HEIGHT,
    };
    Ok(Plan::new(&rows, options)?)
}

/// Signed orders and the state that they apply to.
#[derive(Clone, Debug)]
pub struct Signed<C> {
    ledger: Ledger<C>,
    orders: Vec<SignedOrder>,
    slots: u32,
    /// Transfers among the orders; the others are rotations of keys.
    pub transfers: usize,
}

impl<C: Bulk> Signed<C> {
    /// Plans the batch, makes the keys and signs; the latest is kept and given out again.
    ///
    /// # Errors
    /// When any of that fails.
    pub fn new(operations: usize) -> Result<Self, Failure> {
        static LATEST: Mutex<Option<(usize, Box<dyn Any + Send>)>> = Mutex::new(None);
        let mut latest = LATEST.lock()?;
        if let Some((kept, signed)) = &*latest
            && *kept == operations
            && let Some(signed) = signed.downcast_ref::<Self>()
        {
            return Ok(signed.clone());
        }
        let signed = Self::make(operations)?;
        *latest = Some((operations, Box::new(signed.clone())));
        Ok(signed)
    }

    fn make(operations: usize) -> Result<Self, Failure> {
        let plan = plan(operations)?;
        let first = plan.batches.first().map(|batch| batch.operations.clone());
        let transfers = plan.operations[first.unwrap_or_default()]
            .iter()
            .filter(|operation| matches!(operation, PlannedOperation::Transfer { .. }))
            .count();
        let keys = ReplayKeys::generate(&plan, &C::default())?;
        let mut replay = Replay::open(
            plan,
            keys,
            domain_digest(ChainId::new(1), RollupId::new(1)),
            C::default(),
        )?;
        let orders = replay.sign()?.unwrap_or_default();
        Ok(Self {
            ledger: replay.ledger().clone(),
            orders,
            slots: u32::try_from(operations)?,
            transfers,
        })
    }

    /// Checks the signatures, applies the orders, collects the fees and seals the batch.
    ///
    /// # Errors
    /// When the ledger refuses any of it.
    pub fn seal(self) -> Result<SealedBatch, Failure> {
        let Self {
            mut ledger,
            orders,
            slots,
            ..
        } = self;
        let domain = *ledger.domain();
        let checked: Vec<_> =
            check_all(orders, |chunk| check_orders(chunk, &domain, &C::default()));
        let mut batch = ledger.open_batch();
        for order in checked {
            batch.checked(order?)?;
        }
        batch.collect_fees(OPERATOR)?;
        Ok(batch.seal(Some(slots))?)
    }

    /// The signed orders.
    #[must_use]
    pub fn orders(&self) -> &[SignedOrder] {
        &self.orders
    }

    /// The state before the batch.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger<C> {
        &self.ledger
    }
}

/// Checks chunks of orders in parallel.
pub(crate) fn check_all<T: Send>(
    orders: Vec<SignedOrder>,
    check: impl Fn(Vec<SignedOrder>) -> Vec<T> + Sync + Send,
) -> Vec<T> {
    let mut chunks = Vec::with_capacity(orders.len().div_ceil(CHUNK));
    let mut orders = orders.into_iter().peekable();
    while orders.peek().is_some() {
        chunks.push(orders.by_ref().take(CHUNK).collect::<Vec<_>>());
    }
    chunks.into_par_iter().flat_map_iter(check).collect()
}
