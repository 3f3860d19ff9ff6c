//! Carrying out a plan: keys, signatures, sealed batches.

use rayon::prelude::*;
use thiserror::Error;
use winterlane_ledger::{
    Account, AccountId, Amount, AssetId, BatchNumber, Compressor, Domain, GenesisError, KeySlot,
    KeyUse, Ledger, LedgerError, Nonce, Order, RotateKey, Scope, SealError, SealedBatch,
    SignedOrder, SlotIndex, Transfer, check_orders,
    signature::{KeyError, KeyTree, SignatureError, bound_message},
};
use winterlane_wallet::{KeySecret, MasterSeed, generate_key};

use super::{
    csv::Address,
    plan::{OPERATOR, Plan, PlannedAccount, PlannedBatch, PlannedOperation},
};

/// The asset of all accounts of a replay.
pub const ASSET: AssetId = AssetId::ZERO;

/// A replayed operation may run in the batch it was signed for and this many more.
pub const VALIDITY: u64 = 15;

/// Orders that one task checks: enough to fill any vector unit, few enough to share among threads.
const TASK: usize = 32;
/// The slot that holds an account's key.
const SLOT: SlotIndex = SlotIndex::Zero;

/// Why a replay stopped. A plan made by [`Plan::new`] does not lead here.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// A key could not be made, or could not sign.
    #[error("account {account}: {error}")]
    Key {
        /// Whose key.
        account: AccountId,
        /// What was wrong.
        #[source]
        error: KeyError,
    },
    /// The opening state is not one.
    #[error("the opening state: {0}")]
    Genesis(#[from] GenesisError),
    /// A signature does not hold.
    #[error("operation {operation} of the batch: {error}")]
    Signature {
        /// Position in the batch.
        operation: usize,
        /// What was wrong.
        #[source]
        error: SignatureError,
    },
    /// The ledger refused an operation.
    #[error("operation {operation} of the batch: {error}")]
    Ledger {
        /// Position in the batch.
        operation: usize,
        /// What was wrong.
        #[source]
        error: LedgerError,
    },
    /// The batch could not be closed.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// All keys that a plan needs, by account and in the order of their use.
///
/// They are simulated: derived from the account's address, so that a replay gives the same
/// signatures each time. Whoever knows the address knows the key.
#[derive(Debug, Clone)]
pub struct ReplayKeys(Vec<Vec<KeyTree>>);

impl ReplayKeys {
    /// Generates the keys in parallel: 224 compressions for each of [`Plan::one_time_keys`].
    ///
    /// # Errors
    ///
    /// [`ReplayError::Key`] when the plan has a key height that no key has.
    pub fn generate<C: Compressor>(plan: &Plan, compressor: &C) -> Result<Self, ReplayError> {
        Self::generate_watched(plan, compressor, |_| ())
    }

    /// As [`ReplayKeys::generate`], and tells `made` how many one-time keys have been made since it was
    /// last told, from whichever thread made them.
    ///
    /// # Errors
    ///
    /// Those of [`ReplayKeys::generate`].
    pub fn generate_watched<C: Compressor>(
        plan: &Plan,
        compressor: &C,
        made: impl Fn(usize) + Sync,
    ) -> Result<Self, ReplayError> {
        let one = |id: AccountId, account: &PlannedAccount, key: usize| {
            let generated = generate_key(&secret_of(account, key), compressor)
                .map_err(|error| ReplayError::Key { account: id, error });
            made(1 << account.keys[key]);
            generated
        };
        plan.accounts
            .par_iter()
            .enumerate()
            .map(|(id, account)| {
                let keys = 0..account.keys.len();
                keys.map(|key| one(AccountId::new(id as u32), account, key))
                    .collect()
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

/// The secret of an account's key with this position in [`PlannedAccount::keys`].
fn secret_of(account: &PlannedAccount, key: usize) -> KeySecret {
    let address = account.address.map_or([0; 20], |Address(bytes)| bytes);
    let seed = blake3::derive_key("winterlane 2026 replay: simulated wallet", &address);
    MasterSeed::from_bytes(seed).key_secret(key as u64, account.keys[key])
}

#[cfg(test)]
impl ReplayKeys {
    pub(super) fn roots(&self) -> Vec<winterlane_ledger::Root> {
        self.0.iter().flatten().map(KeyTree::root).collect()
    }
}

/// Which key an account signs with, the next of its one-time keys, and how often it has signed.
#[derive(Debug, Clone, Copy, Default)]
struct Signer {
    key: usize,
    index: u16,
    nonce: Nonce,
}

/// An order ready to be signed: everything but the signature.
struct Unsigned {
    order: Order,
    nonce: Nonce,
    key: usize,
    index: u16,
}

/// A plan being carried out: batch after batch, first [`Replay::sign`], then [`Replay::seal`].
#[derive(Debug)]
pub struct Replay<C> {
    plan: Plan,
    keys: ReplayKeys,
    signers: Vec<Signer>,
    ledger: Ledger<C>,
    compressor: C,
    /// Batches signed so far.
    signed: usize,
    /// Batches sealed so far.
    sealed: usize,
}

impl<C: Compressor + Clone> Replay<C> {
    /// Opens the state of the plan: every account with its first key and what it will spend.
    ///
    /// # Errors
    ///
    /// [`ReplayError::Genesis`] when the ledger refuses the state.
    pub fn open(
        plan: Plan,
        keys: ReplayKeys,
        domain: Domain,
        compressor: C,
    ) -> Result<Self, ReplayError> {
        let accounts = plan
            .accounts
            .iter()
            .zip(&keys.0)
            .zip(AccountId::ZERO.onwards())
            .map(|((account, keys), id)| {
                let slot = keys.first().map_or_else(KeySlot::default, |key| KeySlot {
                    root: key.root(),
                    next_index: 0,
                    scope: Scope::BOTH,
                });
                let slots = [slot, KeySlot::default()];
                (
                    id,
                    Account {
                        asset: ASSET,
                        balance: account.opening_balance,
                        nonce: Nonce::ZERO,
                        slots,
                    },
                )
            });
        let ledger =
            Ledger::with_compressor(domain, BatchNumber::ZERO, accounts, compressor.clone())?;
        let signers = vec![Signer::default(); plan.accounts.len()];
        Ok(Self {
            plan,
            keys,
            signers,
            ledger,
            compressor,
            signed: 0,
            sealed: 0,
        })
    }

    /// The plan.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The state after the batches sealed so far.
    #[must_use]
    pub const fn ledger(&self) -> &Ledger<C> {
        &self.ledger
    }

    /// Signs the operations of the next batch, in parallel; `None` when there is none left.
    ///
    /// # Errors
    ///
    /// [`ReplayError::Key`] when a key is used up, which a plan prevents.
    pub fn sign(&mut self) -> Result<Option<Vec<SignedOrder>>, ReplayError> {
        let Some(batch) = self.plan.batches.get(self.signed).cloned() else {
            return Ok(None);
        };
        let valid_until = BatchNumber::new(self.signed as u64 + VALIDITY);
        let unsigned: Vec<_> = self.plan.operations[batch.operations]
            .iter()
            .map(|operation| next_order(operation, &mut self.signers, &self.keys, valid_until))
            .collect();
        self.signed += 1;

        let domain = *self.ledger.domain();
        let (plan, keys, compressor) = (&self.plan, &self.keys, &self.compressor);
        unsigned
            .into_par_iter()
            .map(
                |Unsigned {
                     order,
                     nonce,
                     key,
                     index,
                 }| {
                    let account = order.signer();
                    let one_time_key = KeyUse { slot: SLOT, index };
                    let secrets = secret_of(&plan.accounts[account.get() as usize], key);
                    let bound = bound_message(&order.record(one_time_key).digest(), &domain);
                    keys.0[account.get() as usize][key]
                        .sign(&secrets, index.into(), &bound, nonce, compressor)
                        .map(|signature| SignedOrder {
                            order,
                            nonce,
                            slot: SLOT,
                            signature,
                        })
                        .map_err(|error| ReplayError::Key { account, error })
                },
            )
            .collect::<Result<_, _>>()
            .map(Some)
    }

    /// Checks the signatures (in parallel) and applies the orders, collects the fees and seals the
    /// batch.
    ///
    /// # Errors
    ///
    /// [`ReplayError`] when an order is refused: the orders must be those that [`Replay::sign`]
    /// gave for this batch.
    pub fn seal(&mut self, orders: Vec<SignedOrder>) -> Result<SealedBatch, ReplayError> {
        let slots = match self.plan.batches.get(self.sealed) {
            Some(PlannedBatch { slots, .. }) => u32::try_from(*slots).ok(),
            None => None,
        };
        let (domain, compressor) = (*self.ledger.domain(), &self.compressor);
        let mut chunks = Vec::with_capacity(orders.len().div_ceil(TASK));
        let mut orders = orders.into_iter().peekable();
        while orders.peek().is_some() {
            chunks.push(orders.by_ref().take(TASK).collect::<Vec<_>>());
        }
        let checked: Vec<_> = chunks
            .into_par_iter()
            .flat_map_iter(|chunk| check_orders(chunk, &domain, compressor))
            .collect();

        let mut batch = self.ledger.open_batch();
        for (operation, checked) in checked.into_iter().enumerate() {
            let checked = checked.map_err(|error| ReplayError::Signature { operation, error })?;
            batch
                .checked(checked)
                .map_err(|error| ReplayError::Ledger { operation, error })?;
        }
        let operation = batch.len();
        batch
            .collect_fees(OPERATOR)
            .map_err(|error| ReplayError::Ledger { operation, error })?;
        let sealed = batch.seal(slots)?;
        self.sealed += 1;
        Ok(sealed)
    }
}

/// The order of a planned operation, at the signer's next nonce.
fn next_order(
    operation: &PlannedOperation,
    signers: &mut [Signer],
    keys: &ReplayKeys,
    valid_until: BatchNumber,
) -> Unsigned {
    let signer = &mut signers[operation.signer().get() as usize];
    let Signer { key, index, nonce } = *signer;
    // a plan has fewer operations than there are nonces
    signer.nonce = nonce.next().unwrap_or(Nonce::MAX);
    signer.index += 1;
    let order = match *operation {
        PlannedOperation::Transfer {
            from,
            to,
            amount,
            fee,
            ..
        } => Order::Transfer(Transfer {
            from,
            to,
            amount,
            fee,
            valid_until,
        }),
        PlannedOperation::RotateKey { account, key } => {
            (signer.key, signer.index) = (key, 0);
            Order::RotateKey(RotateKey {
                account,
                slot: SLOT,
                new_root: keys.0[account.get() as usize][key].root(),
                scope: Scope::BOTH,
                fee: Amount::ZERO,
                valid_until,
            })
        }
    };
    Unsigned {
        order,
        nonce,
        key,
        index,
    }
}
