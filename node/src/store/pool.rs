//! The shielded pool in the store: its rows, and how they are read and written.
//!
//! Nullifiers have no table of their own: a note that is spent is something that was taken once, and stands among the
//! claims ([`crate::core::Claim`]), with the name of the operation that took it.

use std::sync::Arc;

use redb::{ReadableTable, ReadableTableMetadata, WriteTransaction};
use winterlane_ledger::{
    Amount, Anchor, AssetId, BatchNumber, Domain,
    pool::{ANCHORS as KEPT, Payment, Pool, PoolParts, proof_digest},
    private::{Commitment, NoteFrontier},
};

use super::{
    StoreError, View,
    rows::{Row, VERSION},
    tables::{ANCHORS, META, NOTES, POOL_OPERATIONS, PRIVATE_PROOFS},
};
use crate::core::{ClosedPool, Operation};

/// What the store says of the pool as a whole, besides its roots: one row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct PoolHead {
    /// The number of the newest root.
    pub(crate) newest: u64,
    /// The last withdrawal from the rollup that paid for a note.
    pub(crate) paid: Option<Payment>,
    /// The frontier of the note tree.
    pub(crate) frontier: NoteFrontier,
    /// By asset, what the pool holds.
    pub(crate) held: Vec<(AssetId, Amount)>,
}

/// A note of the pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    /// The batch that it came in with.
    pub(crate) batch: BatchNumber,
    pub(crate) commitment: Commitment,
    /// Encrypted to its owner; empty when nobody sent it so.
    pub(crate) sealed: Vec<u8>,
}

/// What a sealed batch did to the pool.
#[derive(Clone, Debug)]
pub(crate) struct PoolCommit {
    pub(crate) closed: Arc<ClosedPool>,
    /// The batch's private operations, whose proofs are kept.
    pub(crate) operations: Vec<Arc<Operation>>,
}

impl PoolHead {
    pub(crate) fn of(parts: &PoolParts) -> Self {
        Self {
            newest: parts.newest,
            paid: parts.paid,
            frontier: parts.frontier.clone(),
            held: parts.held.clone(),
        }
    }

    /// Version (1); number of the newest root (8); 0, or 1 and batch (8) and record (4) of the last payment; number of
    /// notes (8) and the frontier's digests (32 each, as many as that number has bits set); assets and amounts (4 and 16
    /// each).
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        out.extend_from_slice(&self.newest.to_le_bytes());
        out.push(u8::from(self.paid.is_some()));
        if let Some(Payment { batch, record }) = self.paid {
            out.extend_from_slice(&batch.get().to_le_bytes());
            out.extend_from_slice(&record.to_le_bytes());
        }
        out.extend_from_slice(&self.frontier.count().to_le_bytes());
        for digest in self.frontier.digests() {
            out.extend_from_slice(&digest.to_bytes());
        }
        for (asset, amount) in &self.held {
            out.extend_from_slice(&asset.get().to_le_bytes());
            out.extend_from_slice(&amount.get().to_le_bytes());
        }
        out
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        let mut row = Row::new(bytes, "the head of the pool")?;
        let newest = row.u64()?;
        let paid = match row.array::<1>()? {
            [0] => None,
            [1] => Some(Payment {
                batch: row.batch()?,
                record: row.u32()?,
            }),
            _ => return Err(row.damaged()),
        };
        let count = row.u64()?;
        let digests = (0..count.count_ones()).map(|_| row.digest());
        let digests = digests.collect::<Result<Vec<_>, _>>()?;
        let frontier = NoteFrontier::from_digests(count, &digests).ok_or_else(|| row.damaged())?;
        let mut held = Vec::new();
        while !row.bytes.is_empty() {
            let asset = AssetId::new(row.u32()?);
            let amount = Amount::new(u128::from_le_bytes(row.array()?));
            held.push((asset, amount));
        }
        Ok(Self {
            newest,
            paid,
            frontier,
            held,
        })
    }
}

impl Note {
    /// Version (1), batch (8), commitment (32), the encrypted note.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        out.extend_from_slice(&self.batch.get().to_le_bytes());
        out.extend_from_slice(&self.commitment.0.to_bytes());
        out.extend_from_slice(&self.sealed);
        out
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        let mut row = Row::new(bytes, "a note")?;
        Ok(Self {
            batch: row.batch()?,
            commitment: Commitment(row.digest()?),
            sealed: row.bytes.to_vec(),
        })
    }
}

impl View {
    fn pool_head(&self) -> Result<PoolHead, StoreError> {
        let meta = self.transaction().open_table(META)?;
        let row = meta.get("pool")?;
        let row = row.ok_or_else(|| StoreError::corrupt("the pool has no head"))?;
        PoolHead::from_bytes(row.value())
    }

    /// The pool after the last sealed batch, without its nullifiers, which are among the claims.
    pub(crate) fn pool(&self) -> Result<Pool, StoreError> {
        let head = self.pool_head()?;
        let anchors = self.anchors(KEPT)?;
        let parts = PoolParts {
            domain: self.head().domain,
            batch_number: self.head().next_batch,
            frontier: head.frontier,
            anchors: anchors.into_iter().rev().map(|(_, root)| root).collect(),
            newest: head.newest,
            nullifiers: Vec::new(),
            held: head.held,
            paid: head.paid,
        };
        Pool::from_parts(parts).map_err(|error| StoreError::corrupt(format!("the pool: {error}")))
    }

    /// How many notes there ever were.
    pub(crate) fn note_count(&self) -> Result<u64, StoreError> {
        Ok(self.pool_head()?.frontier.count())
    }

    /// The last roots of the note tree with their numbers, the newest first.
    pub(crate) fn anchors(&self, limit: usize) -> Result<Vec<(u64, Anchor)>, StoreError> {
        let table = self.transaction().open_table(ANCHORS)?;
        let rows = table.iter()?.rev().take(limit);
        rows.map(|row| {
            let (number, root) = row?;
            Ok((number.value(), root_row(root.value())?))
        })
        .collect()
    }

    /// Notes from a position on, at most `limit`, which have at most so many bytes, but for the first.
    pub(crate) fn notes(
        &self,
        from: u64,
        limit: usize,
        mut bytes: usize,
    ) -> Result<Vec<(u64, Note)>, StoreError> {
        let table = self.transaction().open_table(NOTES)?;
        let mut notes = Vec::new();
        for row in table.range(from..)?.take(limit) {
            let (position, note) = row?;
            let note = note.value();
            if note.len() > bytes && !notes.is_empty() {
                break;
            }
            bytes = bytes.saturating_sub(note.len());
            notes.push((position.value(), Note::from_bytes(note)?));
        }
        Ok(notes)
    }

    /// The published bytes of the pool's operations in a batch; nothing for one without any.
    pub(crate) fn pool_operations(
        &self,
        batch: BatchNumber,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let table = self.transaction().open_table(POOL_OPERATIONS)?;
        Ok(table.get(batch.get())?.map(|row| row.value().to_vec()))
    }

    /// The proof of a private operation, by its digest.
    pub(crate) fn private_proof(&self, digest: &[u8; 32]) -> Result<Option<Vec<u8>>, StoreError> {
        let table = self.transaction().open_table(PRIVATE_PROOFS)?;
        Ok(table.get(digest)?.map(|row| row.value().to_vec()))
    }
}

fn root_row(bytes: &[u8]) -> Result<Anchor, StoreError> {
    let anchor = bytes.try_into().ok().map(Anchor::from_bytes);
    anchor
        .and_then(Result::ok)
        .ok_or_else(|| StoreError::corrupt("a root of the note tree is none"))
}

/// Makes the tables of a pool, and the empty pool.
pub(super) fn initialise(transaction: &WriteTransaction) -> Result<(), StoreError> {
    let pool = Pool::new(Domain::ZERO);
    let mut meta = transaction.open_table(META)?;
    let head = PoolHead::of(&pool.to_parts());
    meta.insert("pool", head.to_bytes().as_slice())?;
    let mut anchors = transaction.open_table(ANCHORS)?;
    anchors.insert(0, pool.anchor().to_bytes().as_slice())?;
    transaction.open_table(NOTES)?;
    transaction.open_table(POOL_OPERATIONS)?;
    transaction.open_table(PRIVATE_PROOFS)?;
    Ok(())
}

/// Writes what a sealed batch did to the pool.
pub(super) fn write(
    transaction: &WriteTransaction,
    batch: BatchNumber,
    commit: &PoolCommit,
) -> Result<(), StoreError> {
    let PoolCommit { closed, operations } = commit;
    let ClosedPool {
        published,
        sealed,
        notes,
        parts,
    } = &**closed;
    let mut meta = transaction.open_table(META)?;
    let before = meta
        .get("pool")?
        .map(|row| PoolHead::from_bytes(row.value()));
    let before = before.transpose()?.unwrap_or_default();
    if before.frontier.count() != sealed.first_position || sealed.batch_number != batch {
        return Err(StoreError::corrupt(format!(
            "the notes of batch {batch} do not begin where the pool is, at {}",
            before.frontier.count()
        )));
    }
    meta.insert("pool", PoolHead::of(parts).to_bytes().as_slice())?;
    let mut anchors = transaction.open_table(ANCHORS)?;
    if !sealed.commitments.is_empty() {
        anchors.insert(parts.newest, sealed.anchor.to_bytes().as_slice())?;
        if let Some(oldest) = parts.newest.checked_sub(KEPT as u64) {
            anchors.remove(oldest)?;
        }
        if anchors.len()? > KEPT as u64 {
            return Err(StoreError::corrupt(
                "more roots of the note tree than are kept",
            ));
        }
    }
    let mut rows = transaction.open_table(NOTES)?;
    let new = sealed.commitments.iter().zip(notes);
    for (position, (commitment, sealed)) in (sealed.first_position..).zip(new) {
        let note = Note {
            batch,
            commitment: *commitment,
            sealed: sealed.clone(),
        };
        rows.insert(position, note.to_bytes().as_slice())?;
    }
    let mut framed = Vec::new();
    for operation in published {
        // an operation without its proof has some kilobytes
        let length = u32::try_from(operation.len()).unwrap_or(u32::MAX);
        framed.extend_from_slice(&length.to_le_bytes());
        framed.extend_from_slice(operation);
    }
    let mut operation_rows = transaction.open_table(POOL_OPERATIONS)?;
    operation_rows.insert(batch.get(), framed.as_slice())?;
    let mut proofs = transaction.open_table(PRIVATE_PROOFS)?;
    for operation in operations {
        if let Operation::Private { operation, .. } = &**operation {
            let proof = &operation.operation().proof;
            proofs.insert(&proof_digest(proof), proof.as_slice())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use winterlane_ledger::Digest;

    fn digest(n: u8) -> Digest {
        let mut bytes = [0; 32];
        bytes[0] = n;
        Digest::from_bytes(&bytes).unwrap()
    }

    #[test]
    fn rows_round_trip_and_are_strict() {
        let mut frontier = NoteFrontier::default();
        for n in 0..5 {
            frontier.append(Commitment(digest(n))).unwrap();
        }
        let payment = Payment {
            batch: BatchNumber::new(3),
            record: 4,
        };
        let held = [(7, 1), (8, u128::MAX)];
        let held = held.map(|(asset, amount)| (AssetId::new(asset), Amount::new(amount)));
        for (paid, held) in [(None, vec![]), (Some(payment), held.to_vec())] {
            let head = PoolHead {
                newest: 9,
                paid,
                frontier: frontier.clone(),
                held,
            };
            let bytes = head.to_bytes();
            // the frontier has slack in memory that its bytes leave out
            assert_eq!(PoolHead::from_bytes(&bytes).unwrap().to_bytes(), bytes);
            let fixed = bytes.len() - 20 * head.held.len();
            for end in 0..bytes.len() {
                let whole = end >= fixed && (end - fixed).is_multiple_of(20);
                assert_eq!(PoolHead::from_bytes(&bytes[..end]).is_ok(), whole, "{end}");
            }
        }
        let note = Note {
            batch: BatchNumber::new(5),
            commitment: Commitment(digest(6)),
            sealed: vec![1, 2, 3],
        };
        let bytes = note.to_bytes();
        assert_eq!(Note::from_bytes(&bytes).unwrap(), note);
        for end in 0..41 {
            Note::from_bytes(&bytes[..end]).unwrap_err();
        }
    }
}
