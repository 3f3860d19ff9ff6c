//! What one account knows: its notes, which are spent, and which are on their way.

use std::{collections::HashMap, fmt};

use rayon::prelude::*;
use winterlane_ledger::{
    Amount, AssetId, BatchNumber, Domain,
    pool::PoolOperation,
    private::{Commitment, Note, Nullifier, PrivateInputs},
};

use super::ViewingKey;

/// A note that was found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// The note.
    pub note: Note,
    /// Its position in the note tree.
    pub position: u32,
    /// Its nullifier.
    pub nullifier: Nullifier,
    /// The number of the operation that made it, counted over the pool's life.
    pub made: u64,
    /// What became of it.
    pub state: State,
}

// Value, place and nullifier are the owner's to know.
impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Found(..)")
    }
}

/// What became of a note.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It can be spent.
    Unspent,
    /// An operation that spends it was made, and may run until this batch.
    Pending {
        /// The last batch.
        valid_until: BatchNumber,
    },
    /// It is spent.
    Spent {
        /// By the operation with this number.
        by: u64,
    },
}

/// The notes of one account as far as the pool was scanned.
///
/// Everything in it but what is pending can be found again by scanning the pool from its beginning.
#[derive(Clone, PartialEq, Eq)]
pub struct NoteBook {
    /// The pool that was scanned.
    pub(super) domain: Domain,
    /// How many operations were scanned.
    pub(super) operations: u64,
    /// How many notes there were in them: the position of the next one.
    pub(super) position: u64,
    /// By position, rising.
    pub(super) notes: Vec<Found>,
    /// Where a nullifier's note is among them.
    pub(super) index: HashMap<[u8; 32], usize>,
}

impl fmt::Debug for NoteBook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NoteBook(..)")
    }
}

/// The encrypted note of a commitment, and where it is.
struct Candidate<'a> {
    operation: u64,
    position: u64,
    commitment: Commitment,
    sealed: &'a [u8],
}

impl NoteBook {
    /// An empty book for a pool.
    #[must_use]
    pub fn new(domain: Domain) -> Self {
        Self {
            domain,
            operations: 0,
            position: 0,
            notes: Vec::new(),
            index: HashMap::new(),
        }
    }

    /// The pool that it is about.
    #[must_use]
    pub const fn domain(&self) -> &Domain {
        &self.domain
    }

    /// How many operations of the pool were scanned.
    #[must_use]
    pub const fn operations(&self) -> u64 {
        self.operations
    }

    /// How many notes were scanned: the position of the next.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.position
    }

    /// All notes that were found, by position.
    #[must_use]
    pub fn notes(&self) -> &[Found] {
        &self.notes
    }

    /// The notes that can be spent in batch `batch_number`.
    pub fn spendable(&self, batch_number: BatchNumber) -> impl Iterator<Item = &Found> {
        self.notes.iter().filter(move |found| match found.state {
            State::Unspent => true,
            State::Pending { valid_until } => valid_until < batch_number,
            State::Spent { .. } => false,
        })
    }

    /// What the account has of each asset, spendable or pending, by rising asset.
    #[must_use]
    pub fn balances(&self) -> Vec<(AssetId, Amount)> {
        let mut sums = std::collections::BTreeMap::<AssetId, Amount>::new();
        for found in &self.notes {
            if !matches!(found.state, State::Spent { .. }) {
                let sum = sums.entry(found.note.asset).or_default();
                // The pool never holds 2^128 of an asset.
                *sum = sum.saturating_add(found.note.value);
            }
        }
        sums.into_iter()
            .filter(|(_, sum)| *sum > Amount::ZERO)
            .collect()
    }

    /// Scans the operations of the pool after those that were scanned, in their order: tries to open each
    /// encrypted note on all threads, then follows what was spent.
    pub fn scan(&mut self, key: &ViewingKey, operations: &[PoolOperation]) {
        let mut candidates = Vec::new();
        let (mut operation, mut position) = (self.operations, self.position);
        for one in operations {
            let (commitments, sealed) = match one {
                PoolOperation::Shield(shield, _) => (
                    vec![shield.commitment()],
                    std::slice::from_ref(&shield.sealed),
                ),
                PoolOperation::Private(one) => (one.commitments().to_vec(), &one.sealed[..]),
                _ => (Vec::new(), &[][..]),
            };
            for (place, &commitment) in (0..).zip(&commitments) {
                candidates.extend(sealed.get(place).map(|sealed| Candidate {
                    operation,
                    position: position + place as u64,
                    commitment,
                    sealed,
                }));
            }
            operation += 1;
            position += commitments.len() as u64;
        }
        let opened: Vec<(u64, u64, Note)> = candidates
            .par_iter()
            .with_min_len(64)
            .filter_map(|candidate| {
                let note = key.open(candidate.sealed, &candidate.commitment)?;
                Some((candidate.operation, candidate.position, note))
            })
            .collect();
        let mut opened = opened.into_iter().peekable();
        for one in operations {
            let operation = self.operations;
            let made = match one {
                PoolOperation::Shield(..) => 1,
                PoolOperation::Private(one) => {
                    for nullifier in one.nullifiers() {
                        self.spend(key, nullifier, operation, &one.inputs);
                    }
                    one.commitments().len()
                }
                _ => 0,
            };
            while let Some((_, position, note)) = opened.next_if(|found| found.0 == operation) {
                self.add(key, note, position, operation);
            }
            self.operations += 1;
            self.position += made as u64;
        }
    }

    /// Follows a nullifier, if it is of a note of this account; and the change of a withdrawal, which is
    /// encrypted to nobody.
    fn spend(
        &mut self,
        key: &ViewingKey,
        nullifier: &Nullifier,
        operation: u64,
        inputs: &PrivateInputs,
    ) {
        let Some(&index) = self.index.get(&nullifier.0.to_bytes()) else {
            return;
        };
        let Some(found) = self.notes.get_mut(index) else {
            return;
        };
        found.state = State::Spent { by: operation };
        let spent = found.note;
        if let PrivateInputs::Withdrawal(inputs) = inputs
            && let Some(left) = spent.value.checked_sub(inputs.amount)
            && let Some(value) = left.checked_sub(inputs.fee)
        {
            let change = Note {
                value,
                rho: key.change_rho(nullifier),
                ..spent
            };
            // Another wallet of the same owner may have made its change in another way, and encrypted it.
            if change.commitment() == inputs.change {
                self.add(key, change, self.position, operation);
            }
        }
    }

    fn add(&mut self, key: &ViewingKey, note: Note, position: u64, made: u64) {
        // A note of value 0 is a filler: it is worth nothing, and spending it proves nothing.
        if note.value == Amount::ZERO {
            return;
        }
        // A position beyond 2^32 is in no tree.
        let Ok(position) = u32::try_from(position) else {
            return;
        };
        let nullifier = key.nullifier(&note, position);
        self.index.insert(nullifier.0.to_bytes(), self.notes.len());
        self.notes.push(Found {
            note,
            position,
            nullifier,
            made,
            state: State::Unspent,
        });
    }

    /// Notes that an operation spends these, so that no other is made from them until it cannot run any more.
    /// What is not a note of this account is passed over.
    pub fn reserve(&mut self, nullifiers: &[Nullifier], valid_until: BatchNumber) {
        for nullifier in nullifiers {
            let index = self.index.get(&nullifier.0.to_bytes()).copied();
            if let Some(found) = index.and_then(|index| self.notes.get_mut(index))
                && !matches!(found.state, State::Spent { .. })
            {
                found.state = State::Pending { valid_until };
            }
        }
    }
}
