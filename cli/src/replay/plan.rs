//! Planning a replay: accounts, keys, rotations and batch boundaries, before anything is signed.
//!
//! A plan is plain data and depends on nothing but the rows and the options, so every decision of
//! a replay can be looked at and tested without a key or a proof.

use std::{collections::HashMap, ops::Range};

use thiserror::Error;

use winterlane_ledger::{AccountId, Amount};

use super::csv::{Address, TransferRow};

/// Id of the account that collects the fees; it stands before all addresses of the file.
pub const OPERATOR: AccountId = AccountId::ZERO;

/// The largest key height: 2^10 = 1,024 one-time keys.
pub const MAX_KEY_HEIGHT: u32 = 10;

/// The most operation slots a batch can have.
pub const MAX_BATCH_SIZE: usize = 1 << 13;

/// How to cut a stream of transfers into batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlanOptions {
    /// Operation slots of a batch: a power of two in 2..=8,192. The last slot used of each batch
    /// is the fee collection.
    pub batch_size: usize,
    /// Height of the largest key a sender is given, 1 to 10: a sender with more operations than
    /// 2^height is moved to a new key by its last one-time key.
    pub key_height: u32,
}

/// A replay that cannot be planned.
#[derive(Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlanError {
    /// A batch size that no batch can have.
    #[error("a batch has a power of two of slots, 2 to 8192, not {0}")]
    BatchSize(usize),
    /// A key height that cannot both spend and rotate, or that is over the limit.
    #[error("a key height is 1 to 10, not {0}")]
    KeyHeight(u32),
    /// There is nothing to replay.
    #[error("no transfers")]
    NoTransfers,
    /// All that is spent together does not fit the range of balances, so that the opening state
    /// could not hold it.
    #[error(
        "line {line}: `value_wei` and `fee_wei` of this line and those before it add up to 2^128 or more, \
         which no opening state can hold"
    )]
    Supply {
        /// The line on which the sum leaves the range.
        line: u64,
    },
    /// More addresses than the account tree has leaves.
    #[error("line {line}: more addresses than account ids")]
    TooManyAccounts {
        /// The line with the first address that has no place.
        line: u64,
    },
}

/// One account of the opening state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedAccount {
    /// The address of the file; none for the operator.
    pub address: Option<Address>,
    /// What the account holds when the replay opens: all that it will spend, fees included.
    pub opening_balance: Amount,
    /// Heights of the keys it uses one after the other; empty for one that only receives.
    pub keys: Vec<u32>,
}

/// One operation that the replay signs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlannedOperation {
    /// A row of the file.
    Transfer {
        /// Position of the row among the rows planned.
        row: usize,
        /// Account id of the payer.
        from: AccountId,
        /// Account id of the receiver.
        to: AccountId,
        /// What is paid.
        amount: Amount,
        /// The fee.
        fee: Amount,
    },
    /// The move of a sender to its next key, signed by the last one-time key of the one before.
    RotateKey {
        /// Account id of the sender.
        account: AccountId,
        /// Position of the new key in [`PlannedAccount::keys`].
        key: usize,
    },
}

impl PlannedOperation {
    /// The account that signs.
    #[must_use]
    pub fn signer(&self) -> AccountId {
        match *self {
            Self::Transfer { from, .. } => from,
            Self::RotateKey { account, .. } => account,
        }
    }
}

/// One batch of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedBatch {
    /// Its signed operations, as a range of [`Plan::operations`]. A fee collection follows them.
    pub operations: Range<usize>,
    /// Slots of the batch, a power of two above the number of signed operations. All batches but
    /// the last have the size asked for; the last has the smallest that holds it.
    pub slots: usize,
}

/// Everything that a replay will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Accounts of the opening state; the position is the account id, 0 is the operator and the
    /// addresses follow in the order in which the file first names them.
    pub accounts: Vec<PlannedAccount>,
    /// All signed operations in order.
    pub operations: Vec<PlannedOperation>,
    /// The batches, which cover the operations in order.
    pub batches: Vec<PlannedBatch>,
    /// How many of the operations are transfers.
    pub transfers: usize,
}

impl Plan {
    /// Plans the replay of `rows` in their order.
    ///
    /// # Errors
    ///
    /// [`PlanError`] when the options are out of range or the rows cannot be one opening state.
    pub fn new(rows: &[TransferRow], options: PlanOptions) -> Result<Self, PlanError> {
        let PlanOptions {
            batch_size,
            key_height,
        } = options;
        if !batch_size.is_power_of_two() || !(2..=MAX_BATCH_SIZE).contains(&batch_size) {
            return Err(PlanError::BatchSize(batch_size));
        }
        if !(1..=MAX_KEY_HEIGHT).contains(&key_height) {
            return Err(PlanError::KeyHeight(key_height));
        }
        if rows.is_empty() {
            return Err(PlanError::NoTransfers);
        }
        let (mut accounts, pairs) = open_accounts(rows)?;
        let operations = order_operations(rows, &pairs, &mut accounts, key_height);
        let batches = cut_batches(operations.len(), batch_size);
        Ok(Self {
            accounts,
            operations,
            batches,
            transfers: rows.len(),
        })
    }

    /// Slots of all batches together.
    #[must_use]
    pub fn slots(&self) -> usize {
        self.batches.iter().map(|batch| batch.slots).sum()
    }

    /// Key rotations in the plan.
    #[must_use]
    pub fn rotations(&self) -> usize {
        self.operations.len() - self.transfers
    }

    /// One-time keys of all keys together: what key generation costs.
    #[must_use]
    pub fn one_time_keys(&self) -> usize {
        self.accounts
            .iter()
            .flat_map(|account| &account.keys)
            .map(|height| 1 << height)
            .sum()
    }
}

/// Gives each address an id and adds up what it spends. Returns the (payer, receiver) ids by row.
#[allow(clippy::type_complexity)] // A list of accounts and a list of pairs, used once.
fn open_accounts(
    rows: &[TransferRow],
) -> Result<(Vec<PlannedAccount>, Vec<(AccountId, AccountId)>), PlanError> {
    let operator = PlannedAccount {
        address: None,
        opening_balance: Amount::ZERO,
        keys: Vec::new(),
    };
    let mut accounts = vec![operator];
    let mut ids = HashMap::new();
    let mut pairs = Vec::with_capacity(rows.len());
    // Value is conserved, so a supply in range keeps every balance and the fee pool in range.
    let mut supply = Amount::ZERO;
    for row in rows {
        let line = row.line;
        let mut id_of = |address: Address| match ids.get(&address) {
            Some(&id) => Ok(id),
            None => {
                let id = u32::try_from(accounts.len())
                    .map(AccountId::new)
                    .map_err(|_| PlanError::TooManyAccounts { line })?;
                ids.insert(address, id);
                accounts.push(PlannedAccount {
                    address: Some(address),
                    opening_balance: Amount::ZERO,
                    keys: Vec::new(),
                });
                Ok(id)
            }
        };
        let (from, to) = (id_of(row.from)?, id_of(row.to)?);
        pairs.push((from, to));

        let spent = row
            .value
            .checked_add(row.fee)
            .ok_or(PlanError::Supply { line })?;
        supply = supply
            .checked_add(spent)
            .ok_or(PlanError::Supply { line })?;
        // No more than the supply, so it cannot overflow.
        let balance = &mut accounts[from.get() as usize].opening_balance;
        *balance = balance.saturating_add(spent);
    }
    Ok((accounts, pairs))
}

/// What a sender still has to sign, and with what.
#[derive(Clone, Copy, Default)]
struct Sender {
    transfers_left: usize,
    /// One-time keys left of the key in use.
    key_left: usize,
}

/// Puts the rotations between the transfers and sizes the keys.
fn order_operations(
    rows: &[TransferRow],
    pairs: &[(AccountId, AccountId)],
    accounts: &mut [PlannedAccount],
    key_height: u32,
) -> Vec<PlannedOperation> {
    let mut senders = vec![Sender::default(); accounts.len()];
    for &(from, _) in pairs {
        senders[from.get() as usize].transfers_left += 1;
    }
    let mut operations = Vec::with_capacity(rows.len());
    for (index, (row, &(from, to))) in rows.iter().zip(pairs).enumerate() {
        let sender = &mut senders[from.get() as usize];
        let keys = &mut accounts[from.get() as usize].keys;
        if keys.is_empty() {
            sender.key_left = add_key(keys, sender.transfers_left, key_height);
        } else if sender.key_left == 1 && sender.transfers_left > 1 {
            // The last one-time key signs the move to the next key.
            operations.push(PlannedOperation::RotateKey {
                account: from,
                key: keys.len(),
            });
            sender.key_left = add_key(keys, sender.transfers_left, key_height);
        }
        operations.push(PlannedOperation::Transfer {
            row: index,
            from,
            to,
            amount: row.value,
            fee: row.fee,
        });
        sender.transfers_left -= 1;
        sender.key_left -= 1;
    }
    operations
}

/// Adds the smallest key that signs `transfers`, or the largest there is; returns its capacity.
fn add_key(keys: &mut Vec<u32>, transfers: usize, key_height: u32) -> usize {
    let height = transfers
        .next_power_of_two()
        .trailing_zeros()
        .min(key_height);
    keys.push(height);
    1 << height
}

/// Cuts `operations` signed operations into batches, each with room for its fee collection.
fn cut_batches(operations: usize, batch_size: usize) -> Vec<PlannedBatch> {
    let signed = batch_size - 1;
    (0..operations)
        .step_by(signed)
        .map(|start| {
            let end = operations.min(start + signed);
            let slots = if end - start == signed {
                batch_size
            } else {
                (end - start + 1).next_power_of_two()
            };
            PlannedBatch {
                operations: start..end,
                slots,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn address(number: u8) -> Address {
        Address([number; 20])
    }

    fn row(line: u64, from: u8, to: u8, value: u128, fee: u128) -> TransferRow {
        TransferRow {
            line,
            from: address(from),
            to: address(to),
            value: Amount::new(value),
            fee: Amount::new(fee),
        }
    }

    fn options(batch_size: usize, key_height: u32) -> PlanOptions {
        PlanOptions {
            batch_size,
            key_height,
        }
    }

    #[test]
    fn a_hot_sender_is_rotated_by_the_last_one_time_key() {
        let rows: Vec<_> = (0..7).map(|i| row(i + 2, 1, 2, 5, 1)).collect();
        let plan = Plan::new(&rows, options(4, 2)).unwrap();
        // Three transfers and a rotation with 4 keys, then four transfers with 4 keys.
        let kinds: String = plan
            .operations
            .iter()
            .map(|operation| match operation {
                PlannedOperation::Transfer { .. } => 't',
                PlannedOperation::RotateKey { .. } => 'r',
            })
            .collect();
        assert_eq!(kinds, "tttrtttt");
        assert_eq!(plan.accounts[1].keys, [2, 2]);
        assert_eq!(plan.accounts[1].opening_balance, Amount::new(42));
        assert_eq!(
            plan.operations[3],
            PlannedOperation::RotateKey {
                account: AccountId::new(1),
                key: 1
            }
        );
        let cut: Vec<_> = plan
            .batches
            .iter()
            .map(|b| (b.operations.clone(), b.slots))
            .collect();
        assert_eq!(cut, [(0..3, 4), (3..6, 4), (6..8, 4)]);
    }

    #[test]
    fn a_sender_that_just_fits_is_not_rotated() {
        let rows: Vec<_> = (0..4).map(|i| row(i + 2, 1, 2, 0, 0)).collect();
        let plan = Plan::new(&rows, options(8, 2)).unwrap();
        assert_eq!(
            (plan.rotations(), plan.one_time_keys(), plan.slots()),
            (0, 4, 8)
        );
        let one = Plan::new(&rows[..1], options(8, 2)).unwrap();
        assert_eq!((one.one_time_keys(), one.slots()), (1, 2));
    }

    #[test]
    fn a_supply_out_of_range_names_its_line() {
        let rows = [
            row(2, 1, 2, u128::MAX - 1, 1),
            row(3, 2, 2, 0, 0),
            row(4, 2, 3, 0, 1),
        ];
        assert!(Plan::new(&rows[..2], options(8, 2)).is_ok());
        assert_eq!(
            Plan::new(&rows, options(8, 2)),
            Err(PlanError::Supply { line: 4 })
        );
        let both = [row(9, 1, 2, u128::MAX, 1)];
        assert_eq!(
            Plan::new(&both, options(8, 2)),
            Err(PlanError::Supply { line: 9 })
        );
    }

    #[test]
    fn options_out_of_range_are_refused() {
        let rows = [row(2, 1, 2, 1, 1)];
        for size in [0, 1, 3, 100, MAX_BATCH_SIZE * 2] {
            assert_eq!(
                Plan::new(&rows, options(size, 2)),
                Err(PlanError::BatchSize(size))
            );
        }
        for height in [0, 11] {
            assert_eq!(
                Plan::new(&rows, options(4, height)),
                Err(PlanError::KeyHeight(height))
            );
        }
        assert_eq!(Plan::new(&[], options(4, 2)), Err(PlanError::NoTransfers));
    }

    proptest! {
        /// Runs a plan with plain counters: keys last, balances never go below zero, all batches
        /// are full but the last, and every row comes once and in order.
        #[test]
        fn plans_can_be_carried_out(
            moves in prop::collection::vec((0u8..4, 0u8..6, 0u128..1000, 0u128..10), 1..200),
            key_height in 1u32..=4,
            size_log in 1u32..=6,
        ) {
            let rows: Vec<_> = moves
                .iter()
                .zip(2..)
                .map(|(&(from, to, value, fee), line)| row(line, from, to, value, fee))
                .collect();
            let size = 1 << size_log;
            let plan = Plan::new(&rows, options(size, key_height)).unwrap();

            let mut balances: Vec<_> = plan.accounts.iter().map(|a| a.opening_balance).collect();
            let mut keys_left: Vec<_> = plan
                .accounts
                .iter()
                .map(|a| a.keys.first().map_or(0, |height| 1usize << height))
                .collect();
            let mut next_key = vec![1; plan.accounts.len()];
            let mut next_row = 0;
            for operation in &plan.operations {
                let signer = operation.signer().get() as usize;
                prop_assert!(keys_left[signer] > 0);
                keys_left[signer] -= 1;
                match *operation {
                    PlannedOperation::Transfer { row, from, to, amount, fee } => {
                        prop_assert_eq!(row, next_row);
                        next_row += 1;
                        prop_assert_eq!(plan.accounts[from.get() as usize].address, Some(rows[row].from));
                        prop_assert_eq!(plan.accounts[to.get() as usize].address, Some(rows[row].to));
                        balances[from.get() as usize] =
                            balances[from.get() as usize].checked_sub(amount.checked_add(fee).unwrap()).unwrap();
                        balances[to.get() as usize] =
                            balances[to.get() as usize].checked_add(amount).unwrap();
                    }
                    PlannedOperation::RotateKey { account, key } => {
                        prop_assert_eq!(keys_left[signer], 0);
                        prop_assert_eq!(key, next_key[signer]);
                        next_key[signer] += 1;
                        keys_left[signer] = 1 << plan.accounts[account.get() as usize].keys[key];
                    }
                }
            }
            prop_assert_eq!(next_row, rows.len());
            for (id, account) in plan.accounts.iter().enumerate() {
                prop_assert!(account.keys.is_empty() || next_key[id] == account.keys.len());
                prop_assert!(account.keys.iter().all(|&height| height <= key_height));
            }
            let mut next = 0;
            for (index, batch) in plan.batches.iter().enumerate() {
                prop_assert_eq!(batch.operations.start, next);
                next = batch.operations.end;
                prop_assert!(batch.slots.is_power_of_two() && batch.operations.len() < batch.slots);
                if index + 1 < plan.batches.len() {
                    prop_assert_eq!(batch.slots, size);
                    prop_assert_eq!(batch.operations.len(), size - 1);
                } else {
                    prop_assert!(batch.operations.len() + 1 > batch.slots / 2);
                }
            }
            prop_assert_eq!(next, plan.operations.len());
        }
    }
}
