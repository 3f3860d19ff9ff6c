//! Writing: the transactions there are. Each is whole on the disk when its function returns, or the process
//! ends.

use std::collections::BTreeMap;

use redb::{ReadableTable, Table, WriteTransaction};
use winterlane_ledger::{
    Account, AccountId, Amount, AssetId, BatchNumber, Digest, Domain, GenesisError, KeySlot,
    PublicInputs, Root,
    codec::CanonicalBytes,
    ledger::leaf_digests,
    signature::KEY_CAPACITY,
    state::Changes,
    tree::{BuildError, Node, TREE_DEPTH, TreeBuilder, empty_digests},
};
use winterlane_prover::SimdCompressor;

use super::{
    Genesis, Store, StoreError,
    pool::{self, PoolCommit},
    rows::{Head, Header, Heard, Job, Place},
    tables::{
        ACCOUNTS, BATCHES, CLAIMS, FORMAT, HISTORY, JOBS, LOG, META, PROOFS, RECEIPTS, RECORDS,
        SUPPLY, TILES,
    },
    tiles::{Tile, by_tile},
};
use crate::{
    OrderId,
    core::{Claim, Entry},
};

/// An operation of a batch that is sealed: what becomes of its entry in the log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SealedOperation {
    /// Its number in the log.
    pub(crate) sequence: u64,
    /// Its name, if it has one: the operator's own have none.
    pub(crate) id: Option<OrderId>,
    /// What it took of what can be taken once only.
    pub(crate) claims: [Option<Claim>; 2],
    /// The accounts that it concerns.
    pub(crate) accounts: [Option<AccountId>; 2],
    /// Which of the batch's records it is; of an operation of the pool that has no record, which of those.
    pub(crate) position: u32,
}

/// Everything that a seal writes.
#[derive(Clone, Debug)]
pub(crate) struct SealCommit {
    /// What the batch says of itself.
    pub(crate) public_inputs: PublicInputs,
    /// What it does to the state.
    pub(crate) changes: Changes,
    /// Its published bytes.
    pub(crate) records: Vec<u8>,
    /// Its operations, in the order of the log.
    pub(crate) operations: Vec<SealedOperation>,
    /// How many of them have a record.
    pub(crate) with_record: u32,
    /// The numbers in the log that it consumes, the last one excluded.
    pub(crate) consumed: std::ops::Range<u64>,
    /// Milliseconds since 1970.
    pub(crate) sealed_at: u64,
    /// How much there is of the assets that entered or left.
    pub(crate) supplies: Vec<(AssetId, Amount)>,
    /// The hash of its witness; `None` when it is not to be proven.
    pub(crate) witness: Option<[u8; 32]>,
    /// What it did to the shielded pool.
    pub(crate) pool: Option<PoolCommit>,
}

impl Store {
    /// A transaction whose commit survives. `quick_repair` keeps the map of free pages with each commit, so
    /// that a store of any size opens at once after a crash.
    pub(super) fn begin(&self) -> Result<WriteTransaction, StoreError> {
        let mut transaction = self.database.begin_write()?;
        transaction.set_quick_repair(true);
        Ok(transaction)
    }

    /// Makes what a new store has, in one transaction; one that has it already stays as it is.
    pub(super) fn initialise(&self, genesis: &Genesis) -> Result<(), StoreError> {
        let mut accounts = genesis.accounts.clone();
        accounts.sort_unstable_by_key(|(id, _)| *id);
        self.initialise_with(genesis.domain, genesis.first_batch, accounts)
    }

    /// The same with accounts that come by ascending id.
    pub(super) fn initialise_with(
        &self,
        domain: Domain,
        first_batch: BatchNumber,
        accounts: impl IntoIterator<Item = (AccountId, Account)>,
    ) -> Result<(), StoreError> {
        let transaction = self.begin()?;
        {
            let mut meta = transaction.open_table(META)?;
            let format = meta.get("format")?.map(|row| row.value().to_vec());
            match format.as_deref() {
                None => {}
                Some(bytes) => {
                    let found = super::migrate::format_row(bytes)?;
                    if found != FORMAT {
                        return Err(StoreError::Format {
                            found,
                            known: FORMAT,
                        });
                    }
                    return Ok(());
                }
            }
            if !first_batch.in_range() {
                let batch_number = first_batch;
                return Err(GenesisError::BatchNumber { batch_number }.into());
            }
            let root = fill(&transaction, accounts)?;
            let head = Head {
                domain,
                genesis: root,
                root,
                first_batch,
                next_batch: first_batch,
                next_publish: first_batch,
                next_sequence: 0,
            };
            meta.insert("head", head.to_bytes().as_slice())?;
            meta.insert("format", FORMAT.to_le_bytes().as_slice())?;
            // a reader finds every table, empty or not
            transaction.open_table(LOG)?;
            transaction.open_table(BATCHES)?;
            transaction.open_table(RECORDS)?;
            transaction.open_table(PROOFS)?;
            transaction.open_table(RECEIPTS)?;
            transaction.open_table(CLAIMS)?;
            transaction.open_table(JOBS)?;
            transaction.open_table(HISTORY)?;
            drop(meta);
            pool::initialise(&transaction)?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// Appends decisions to the log.
    pub(crate) fn append(&self, entries: &[Entry]) -> Result<(), StoreError> {
        let transaction = self.begin()?;
        {
            let mut log = transaction.open_table(LOG)?;
            for entry in entries {
                log.insert(entry.sequence, entry.to_bytes().as_slice())?;
            }
        }
        transaction.commit()?;
        Ok(())
    }

    /// Seals a batch: state, header, records, receipts, the log entries it consumes and the job of proving
    /// it, in one transaction.
    pub(crate) fn seal(&self, seal: &SealCommit) -> Result<(), StoreError> {
        let transaction = self.begin()?;
        {
            let PublicInputs {
                batch_number: batch,
                old_root,
                new_root,
                ..
            } = seal.public_inputs;
            let mut head = read_head(&transaction)?;
            if (head.next_batch, head.root) != (batch, old_root) {
                return Err(StoreError::corrupt(format!(
                    "batch {batch} does not begin where the store is, at batch {}",
                    head.next_batch
                )));
            }
            write_changes(&transaction, &seal.changes)?;
            let header = Header {
                public_inputs: seal.public_inputs,
                operations: seal.with_record,
                sealed_at: seal.sealed_at,
                record_bytes: seal.records.len() as u64,
            };
            let mut batches = transaction.open_table(BATCHES)?;
            batches.insert(batch.get(), header.to_bytes().as_slice())?;
            let mut records = transaction.open_table(RECORDS)?;
            records.insert(batch.get(), seal.records.as_slice())?;
            write_receipts(&transaction, batch, &seal.operations)?;
            if let Some(commit) = &seal.pool {
                pool::write(&transaction, batch, commit)?;
            }
            let mut supply = transaction.open_table(SUPPLY)?;
            for (asset, amount) in &seal.supplies {
                supply.insert(asset.get(), amount.get())?;
            }
            let mut log = transaction.open_table(LOG)?;
            let mut found = 0;
            log.retain_in(seal.consumed.clone(), |_, _| {
                found += 1;
                false
            })?;
            let consumed = seal.consumed.end.saturating_sub(seal.consumed.start);
            if found != consumed {
                return Err(StoreError::corrupt(format!(
                    "batch {batch} consumes {consumed} entries of the log, which has {found} of them"
                )));
            }
            if let Some(witness) = seal.witness {
                let job = Job {
                    witness,
                    failures: 0,
                    held: false,
                    begun: false,
                    reason: String::new(),
                };
                let mut jobs = transaction.open_table(JOBS)?;
                jobs.insert(batch.get(), job.to_bytes().as_slice())?;
            }
            head.root = new_root;
            head.next_batch = head.next_batch.saturating_add(1);
            head.next_sequence = head.next_sequence.max(seal.consumed.end);
            write_head(&transaction, &head)?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// Keeps a proof that was verified, and ends its job. One that is there already stays: any valid proof
    /// is as good as any other.
    pub(crate) fn proven(&self, batch: BatchNumber, proof: &[u8]) -> Result<(), StoreError> {
        let transaction = self.begin()?;
        {
            let mut proofs = transaction.open_table(PROOFS)?;
            let known = proofs.get(batch.get())?.is_some();
            if !known {
                proofs.insert(batch.get(), proof)?;
            }
            transaction.open_table(JOBS)?.remove(batch.get())?;
        }
        transaction.commit()?;
        Ok(())
    }

    /// Changes the job of a batch, if it has one, and returns it as it is then.
    pub(crate) fn change_job(
        &self,
        batch: BatchNumber,
        change: impl FnOnce(&mut Job),
    ) -> Result<Option<Job>, StoreError> {
        let transaction = self.begin()?;
        let changed = {
            let mut jobs = transaction.open_table(JOBS)?;
            let job = jobs
                .get(batch.get())?
                .map(|row| Job::from_bytes(row.value()));
            match job.transpose()? {
                None => None,
                Some(mut job) => {
                    change(&mut job);
                    jobs.insert(batch.get(), job.to_bytes().as_slice())?;
                    Some(job)
                }
            }
        };
        transaction.commit()?;
        Ok(changed)
    }

    /// Says that settlement has every batch below `next`.
    pub(crate) fn published(&self, next: BatchNumber) -> Result<(), StoreError> {
        let transaction = self.begin()?;
        let mut head = read_head(&transaction)?;
        head.next_publish = head.next_publish.max(next);
        write_head(&transaction, &head)?;
        transaction.commit()?;
        Ok(())
    }

    /// Keeps what settlement says, if it is anything new; gives all that is known of it.
    pub(crate) fn hear(&self, change: impl FnOnce(&mut Heard)) -> Result<Heard, StoreError> {
        let known = self.view()?.heard()?;
        let mut heard = known;
        change(&mut heard);
        if heard != known {
            let transaction = self.begin()?;
            transaction
                .open_table(META)?
                .insert("settlement", heard.to_bytes().as_slice())?;
            transaction.commit()?;
        }
        Ok(heard)
    }

    /// Writes a state's changes and nothing else: what [`super::StoreState`] does when it is used alone.
    pub(crate) fn write_version(
        &self,
        version: BatchNumber,
        changes: &Changes,
    ) -> Result<(), StoreError> {
        let transaction = self.begin()?;
        {
            let mut head = read_head(&transaction)?;
            write_changes(&transaction, changes)?;
            head.root = changes.root().unwrap_or(head.root);
            head.next_batch = version;
            write_head(&transaction, &head)?;
        }
        transaction.commit()?;
        Ok(())
    }
}

fn read_head(transaction: &WriteTransaction) -> Result<Head, StoreError> {
    let meta = transaction.open_table(META)?;
    let head = meta.get("head")?;
    let head = head.ok_or_else(|| StoreError::corrupt("there is no head"))?;
    Head::from_bytes(head.value())
}

fn write_head(transaction: &WriteTransaction, head: &Head) -> Result<(), StoreError> {
    let mut meta = transaction.open_table(META)?;
    meta.insert("head", head.to_bytes().as_slice())?;
    Ok(())
}

fn write_changes(transaction: &WriteTransaction, changes: &Changes) -> Result<(), StoreError> {
    let mut accounts = transaction.open_table(ACCOUNTS)?;
    for (id, account) in &changes.accounts {
        accounts.insert(id.get(), account.to_bytes().as_slice())?;
    }
    let mut tiles = transaction.open_table(TILES)?;
    write_nodes(&mut tiles, &changes.nodes, &empty_digests())
}

/// Writes nodes of one height.
pub(super) fn write_run(
    tiles: &mut Table<'_, u64, &'static [u8]>,
    height: usize,
    run: &[(u32, Digest)],
    empty: &[Digest; TREE_DEPTH + 1],
) -> Result<(), StoreError> {
    let node = |&(index, digest): &(u32, Digest)| Node {
        height: height as u8,
        index,
        digest,
    };
    let nodes: Vec<Node> = run.iter().map(node).collect();
    write_nodes(tiles, &nodes, empty)
}

fn write_nodes(
    tiles: &mut Table<'_, u64, &'static [u8]>,
    nodes: &[Node],
    empty: &[Digest; TREE_DEPTH + 1],
) -> Result<(), StoreError> {
    for (key, places) in by_tile(nodes, empty) {
        let found = tiles
            .get(key.key())?
            .map(|row| Tile::from_bytes(row.value()));
        let mut tile = found.transpose()?.unwrap_or_default();
        for (place, digest) in places {
            tile.set(place, digest);
        }
        match tile.to_bytes() {
            Some(bytes) => tiles.insert(key.key(), bytes.as_slice())?,
            None => tiles.remove(key.key())?,
        };
    }
    Ok(())
}

fn write_receipts(
    transaction: &WriteTransaction,
    batch: BatchNumber,
    operations: &[SealedOperation],
) -> Result<(), StoreError> {
    // Each table by ascending key, so that what lies on one page is written to it at once: orders wait for this transaction.
    let mut named: Vec<_> = operations
        .iter()
        .filter_map(|operation| Some((operation.id?, operation)))
        .collect();
    named.sort_unstable_by_key(|(id, _)| *id.as_bytes());
    let mut receipts = transaction.open_table(RECEIPTS)?;
    for (id, operation) in &named {
        let place = Place {
            sequence: operation.sequence,
            batch,
            position: operation.position,
        };
        let before = receipts.insert(id.as_bytes(), place.to_bytes().as_slice())?;
        if before.is_some() {
            return Err(StoreError::corrupt(format!(
                "order {id} is in a batch already"
            )));
        }
    }
    let claimed = named.iter().flat_map(|(id, operation)| {
        let claims = operation.claims.iter().flatten();
        claims.map(move |claim| (*claim.as_bytes(), *id))
    });
    let mut claimed: Vec<([u8; 34], OrderId)> = claimed.collect();
    claimed.sort_unstable_by_key(|(claim, _)| *claim);
    let mut claims = transaction.open_table(CLAIMS)?;
    for (claim, id) in &claimed {
        claims.insert(claim, id.as_bytes().as_slice())?;
    }
    let places = operations.iter().flat_map(|operation| {
        let accounts = operation.accounts.into_iter().flatten();
        accounts.map(move |account| (account.get(), batch.get(), operation.position))
    });
    let mut places: Vec<(u32, u64, u32)> = places.collect();
    places.sort_unstable();
    let mut history = transaction.open_table(HISTORY)?;
    for place in places {
        history.insert(place, ())?;
    }
    Ok(())
}

/// Accounts that are hashed and written together while the opening state is made.
const CHUNK: usize = 4096;

/// Writes the opening state, whose accounts come by ascending id, and returns its root.
fn fill(
    transaction: &WriteTransaction,
    accounts: impl IntoIterator<Item = (AccountId, Account)>,
) -> Result<Root, StoreError> {
    let mut supplies = BTreeMap::<AssetId, Amount>::new();
    let mut rows = transaction.open_table(ACCOUNTS)?;
    let mut tiles = transaction.open_table(TILES)?;
    let empty = empty_digests();
    let mut keep =
        |height: usize, run: &[(u32, Digest)]| write_run(&mut tiles, height, run, &empty);
    let mut builder = TreeBuilder::new(&SimdCompressor);
    let mut accounts = accounts.into_iter();
    let mut last = None;
    loop {
        let chunk: Vec<(AccountId, Account)> = accounts.by_ref().take(CHUNK).collect();
        if chunk.is_empty() {
            break;
        }
        for (id, account) in &chunk {
            if last == Some(*id) {
                return Err(GenesisError::Duplicate { account: *id }.into());
            }
            last = Some(*id);
            let past_end = |slot: &KeySlot| u32::from(slot.next_index) > KEY_CAPACITY;
            if account.slots.iter().any(past_end) {
                return Err(GenesisError::NextIndex { account: *id }.into());
            }
            let asset = account.asset;
            let supply = supplies.entry(asset).or_default();
            *supply = supply
                .checked_add(account.balance)
                .ok_or(StoreError::Supply { asset })?;
            rows.insert(id.get(), account.to_bytes().as_slice())?;
        }
        let values: Vec<Account> = chunk.iter().map(|(_, account)| *account).collect();
        let leaves = leaf_digests(&values, &SimdCompressor);
        let leaves: Vec<(u32, Digest)> = chunk.iter().map(|(id, _)| id.get()).zip(leaves).collect();
        builder
            .push(&leaves, &mut keep)
            .map_err(|error| match error {
                BuildError::Sink(error) => error,
                // ids that are not in order: the caller's mistake
                other => StoreError::corrupt(other.to_string()),
            })?;
    }
    let root = builder.finish(&mut keep)?;
    let mut supply = transaction.open_table(SUPPLY)?;
    for (asset, amount) in supplies {
        supply.insert(asset.get(), amount.get())?;
    }
    Ok(root)
}
