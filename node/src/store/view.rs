//! Reading: one moment of the store, whatever is written meanwhile.

use std::{cell::RefCell, collections::HashMap};

use rayon::prelude::*;
use redb::{ReadTransaction, ReadableTable};
use winterlane_ledger::{
    Account, AccountId, Amount, AssetId, BatchNumber, Digest, Root,
    codec::CanonicalBytes,
    state::ReadState,
    tree::{Siblings, TREE_DEPTH, empty_digests},
};

use super::{
    StoreError,
    rows::{Head, Header, Heard, Job, Place, order_id},
    tables::{
        ACCOUNTS, BATCHES, CLAIMS, HISTORY, JOBS, LOG, META, PROOFS, RECEIPTS, RECORDS, SUPPLY,
        TILES,
    },
    tiles::{Tile, TileKey, place_of, siblings_from},
};
use crate::{OrderId, core::Claim};

/// One moment of the store. It holds back nothing but the reuse of pages.
pub(crate) struct View {
    transaction: ReadTransaction,
    head: Head,
    /// The digests of empty subtrees: hashed once, not for each question.
    empty: [Digest; TREE_DEPTH + 1],
}

impl std::fmt::Debug for View {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("View").field("head", &self.head).finish()
    }
}

impl View {
    pub(super) fn new(
        transaction: ReadTransaction,
        empty: [Digest; TREE_DEPTH + 1],
    ) -> Result<Self, StoreError> {
        let head = {
            let meta = transaction.open_table(META)?;
            let head = meta.get("head")?;
            let head = head.ok_or_else(|| StoreError::corrupt("there is no head"))?;
            Head::from_bytes(head.value())?
        };
        Ok(Self {
            transaction,
            head,
            empty,
        })
    }

    pub(crate) const fn head(&self) -> &Head {
        &self.head
    }

    /// What settlement has said last; nothing in a store whose node has not heard it.
    pub(crate) fn heard(&self) -> Result<Heard, StoreError> {
        let meta = self.transaction.open_table(META)?;
        let row = meta.get("settlement")?;
        let heard = row.map(|row| Heard::from_bytes(row.value()));
        Ok(heard.transpose()?.unwrap_or_default())
    }

    /// The transaction, for whoever reads everything.
    pub(super) const fn transaction(&self) -> &ReadTransaction {
        &self.transaction
    }

    pub(crate) fn header(&self, batch: BatchNumber) -> Result<Option<Header>, StoreError> {
        let table = self.transaction.open_table(BATCHES)?;
        let row = table.get(batch.get())?;
        row.map(|row| Header::from_bytes(row.value())).transpose()
    }

    pub(crate) fn records(&self, batch: BatchNumber) -> Result<Option<Vec<u8>>, StoreError> {
        let table = self.transaction.open_table(RECORDS)?;
        Ok(table.get(batch.get())?.map(|row| row.value().to_vec()))
    }

    pub(crate) fn proof(&self, batch: BatchNumber) -> Result<Option<Vec<u8>>, StoreError> {
        let table = self.transaction.open_table(PROOFS)?;
        Ok(table.get(batch.get())?.map(|row| row.value().to_vec()))
    }

    pub(crate) fn proof_bytes(&self, batch: BatchNumber) -> Result<Option<u64>, StoreError> {
        let table = self.transaction.open_table(PROOFS)?;
        Ok(table.get(batch.get())?.map(|row| row.value().len() as u64))
    }

    pub(crate) fn job(&self, batch: BatchNumber) -> Result<Option<Job>, StoreError> {
        let table = self.transaction.open_table(JOBS)?;
        let row = table.get(batch.get())?;
        row.map(|row| Job::from_bytes(row.value())).transpose()
    }

    /// Batches that are not proven, by ascending number.
    pub(crate) fn jobs(&self) -> Result<Vec<(BatchNumber, Job)>, StoreError> {
        let table = self.transaction.open_table(JOBS)?;
        let rows = table.iter()?;
        rows.map(|row| {
            let (batch, job) = row?;
            Ok((
                BatchNumber::new(batch.value()),
                Job::from_bytes(job.value())?,
            ))
        })
        .collect()
    }

    pub(crate) fn place(&self, id: &OrderId) -> Result<Option<Place>, StoreError> {
        let table = self.transaction.open_table(RECEIPTS)?;
        let row = table.get(id.as_bytes())?;
        row.map(|row| Place::from_bytes(row.value())).transpose()
    }

    /// Who took what can be taken once.
    pub(crate) fn claimed(&self, claim: &Claim) -> Result<Option<OrderId>, StoreError> {
        let table = self.transaction.open_table(CLAIMS)?;
        let row = table.get(claim.as_bytes())?;
        row.map(|row| order_id(row.value())).transpose()
    }

    pub(crate) fn supplies(&self) -> Result<HashMap<AssetId, Amount>, StoreError> {
        let table = self.transaction.open_table(SUPPLY)?;
        let rows = table.iter()?;
        rows.map(|row| {
            let (asset, amount) = row?;
            Ok((AssetId::new(asset.value()), Amount::new(amount.value())))
        })
        .collect()
    }

    /// Gives every entry of the log to `take`, by ascending number.
    pub(crate) fn log(
        &self,
        mut take: impl FnMut(u64, &[u8]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        for row in self.transaction.open_table(LOG)?.iter()? {
            let (sequence, entry) = row?;
            take(sequence.value(), entry.value())?;
        }
        Ok(())
    }

    /// The number of the oldest entry of the log.
    pub(crate) fn first_logged(&self) -> Result<Option<u64>, StoreError> {
        let table = self.transaction.open_table(LOG)?;
        let first = table.first()?;
        Ok(first.map(|(sequence, _)| sequence.value()))
    }

    /// Where an account's sealed operations are, newest first: batch and position, before `before`.
    pub(crate) fn history(
        &self,
        account: AccountId,
        before: (BatchNumber, u32),
        limit: usize,
    ) -> Result<Vec<(BatchNumber, u32)>, StoreError> {
        let table = self.transaction.open_table(HISTORY)?;
        let account = account.get();
        let rows = table.range((account, 0, 0)..(account, before.0.get(), before.1))?;
        rows.rev()
            .take(limit)
            .map(|row| {
                let (key, _) = row?;
                let (_, batch, position) = key.value();
                Ok((BatchNumber::new(batch), position))
            })
            .collect()
    }

    fn tile(&self, key: TileKey) -> Result<Option<Tile>, StoreError> {
        let table = self.transaction.open_table(TILES)?;
        let row = table.get(key.key())?;
        row.map(|row| Tile::from_bytes(row.value())).transpose()
    }

    /// The siblings of a few leaves, which are neighbours when there are more than a few, on this thread.
    fn siblings_here(&self, ids: &[u32], out: &mut [Siblings]) -> Result<(), StoreError> {
        let table = self.transaction.open_table(TILES)?;
        // neighbours share the tiles further up
        let read = RefCell::new(HashMap::new());
        for (id, siblings) in ids.iter().zip(out) {
            let tile = |key: TileKey| {
                if let Some(tile) = read.borrow().get(&key) {
                    return Ok(Option::<Tile>::clone(tile));
                }
                let row = table.get(key.key())?;
                let tile = row.map(|row| Tile::from_bytes(row.value())).transpose()?;
                read.borrow_mut().insert(key, tile.clone());
                Ok::<_, StoreError>(tile)
            };
            siblings_from(*id, &self.empty, tile, siblings)?;
        }
        Ok(())
    }
}

impl ReadState for View {
    type Error = StoreError;

    fn version(&self) -> u64 {
        self.head.next_batch.get()
    }

    fn root(&self) -> Root {
        self.head.root
    }

    fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        let table = self.transaction.open_table(ACCOUNTS)?;
        let row = table.get(id.get())?;
        row.map(|row| account_row(id, row.value())).transpose()
    }

    fn accounts_from(
        &self,
        first: AccountId,
        limit: usize,
    ) -> Result<Vec<(AccountId, Account)>, StoreError> {
        let table = self.transaction.open_table(ACCOUNTS)?;
        let rows = table.range(first.get()..)?;
        rows.take(limit)
            .map(|row| {
                let (id, account) = row?;
                let id = AccountId::new(id.value());
                Ok((id, account_row(id, account.value())?))
            })
            .collect()
    }

    fn node(&self, height: usize, index: u32) -> Result<Digest, StoreError> {
        if height == TREE_DEPTH {
            return Ok(self.head.root.0);
        }
        let (tile, place) = place_of(height, index);
        let found = self.tile(tile)?.and_then(|tile| tile.get(place));
        Ok(found.unwrap_or(self.empty[height]))
    }

    fn siblings(&self, ids: &[u32], out: &mut [Siblings]) -> Result<(), StoreError> {
        if ids.len() <= LEAVES_A_TASK {
            return self.siblings_here(ids, out);
        }
        ids.par_chunks(LEAVES_A_TASK)
            .zip(out.par_chunks_mut(LEAVES_A_TASK))
            .try_for_each(|(ids, out)| self.siblings_here(ids, out))
    }
}

/// Leaves whose siblings are read in one task of many threads.
const LEAVES_A_TASK: usize = 128;

fn account_row(id: AccountId, bytes: &[u8]) -> Result<Account, StoreError> {
    Account::from_bytes(bytes)
        .map_err(|error| StoreError::corrupt(format!("account {id} is none: {error}")))
}

pub(super) fn all_empty() -> [Digest; TREE_DEPTH + 1] {
    empty_digests()
}
