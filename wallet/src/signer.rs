//! The wallet: a directory with a seed and a journal, and the keys in use.

use std::{
    collections::HashMap,
    fs::{self, OpenOptions},
    io::{ErrorKind, Write},
    path::Path,
};

use rayon::prelude::*;
use winterlane_ledger::{
    Account, Compressor, Digest, KeyUse, Order, ScalarCompressor, SignedOrder, SlotIndex,
    record::record_digests,
    signature::{KeyError, KeyTree, bound_message},
};

use crate::{
    Journal, KeySecret, MasterSeed, Signed, WalletError, generate_key, journal::sync_parent,
};

const SEED_FILE: &str = "seed";
const JOURNAL_FILE: &str = "journal";

/// An order to sign, by which one-time key of which key, and at which nonce. [`Wallet::request`] finds
/// all of that in the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Root of the key, as [`Wallet::add_key`] returned it.
    pub key: Digest,
    /// What to sign.
    pub order: Order,
    /// The signer's nonce.
    pub nonce: u32,
    /// The slot of the signer that holds the key.
    pub slot: SlotIndex,
    /// The number of the one-time key. The ledger takes any from the slot's next index on; those below
    /// it can sign no more.
    pub index: u16,
}

impl Request {
    /// The request for the order after this one: the next nonce, the next one-time key.
    #[must_use]
    pub const fn then(self, order: Order) -> Self {
        Self {
            order,
            nonce: self.nonce.saturating_add(1),
            ..self.instead(order)
        }
    }

    /// The request for an order in place of this one, with a higher fee, say: the same nonce, the next
    /// one-time key. Of the two orders the ledger takes the one that comes first.
    #[must_use]
    pub const fn instead(self, order: Order) -> Self {
        Self {
            order,
            index: self.index.saturating_add(1),
            ..self
        }
    }

    /// The one-time key.
    const fn one_time_key(&self) -> KeyUse {
        KeyUse {
            slot: self.slot,
            index: self.index,
        }
    }
}

/// A wallet, open: see the [crate](crate).
///
/// `C` is what hashes in bulk; [`ScalarCompressor`] unless another is given.
#[derive(Debug)]
pub struct Wallet<C = ScalarCompressor> {
    seed: MasterSeed,
    journal: Journal,
    keys: HashMap<[u8; 32], (KeySecret, KeyTree)>,
    compressor: C,
}

impl Wallet {
    /// Makes a wallet with a seed from the system's randomness, in a directory that is created if
    /// it does not exist.
    ///
    /// # Errors
    /// [`WalletError::Exists`] when there is a wallet already, [`WalletError::Io`],
    /// [`WalletError::NoRandomness`].
    pub fn create(directory: &Path) -> Result<Self, WalletError> {
        Self::import(directory, MasterSeed::random()?)
    }

    /// Makes a wallet with a seed that exists already. *It must not have signed anything*: this
    /// wallet knows nothing of it.
    ///
    /// # Errors
    /// [`WalletError::Exists`] when there is a wallet already, [`WalletError::Io`].
    pub fn import(directory: &Path, seed: MasterSeed) -> Result<Self, WalletError> {
        fs::create_dir_all(directory).map_err(WalletError::io(directory))?;
        // The seed first: if it is there already, no journal may be made for it that knows nothing
        // of what it has signed.
        write_seed(&directory.join(SEED_FILE), &seed)?;
        let journal = Journal::create(&directory.join(JOURNAL_FILE))?;
        Ok(Self {
            seed,
            journal,
            keys: HashMap::new(),
            compressor: ScalarCompressor,
        })
    }

    /// Opens a wallet. Its keys are to be added again: the directory holds only seed and journal.
    ///
    /// # Errors
    /// [`WalletError::Locked`] when it is open elsewhere, [`WalletError::Corrupt`] when a file is
    /// damaged, [`WalletError::Io`] when one is missing.
    pub fn open(directory: &Path) -> Result<Self, WalletError> {
        let journal = Journal::open(&directory.join(JOURNAL_FILE))?;
        let path = directory.join(SEED_FILE);
        let bytes = fs::read(&path).map_err(WalletError::io(&path))?;
        let offset = bytes.len().min(32) as u64;
        let bytes = bytes
            .try_into()
            .map_err(|_| WalletError::Corrupt { path, offset })?;
        let seed = MasterSeed::from_bytes(bytes);
        Ok(Self {
            seed,
            journal,
            keys: HashMap::new(),
            compressor: ScalarCompressor,
        })
    }
}

impl<C: Compressor> Wallet<C> {
    /// The same wallet, hashing with another compressor.
    #[must_use]
    pub fn with_compressor<D: Compressor>(self, compressor: D) -> Wallet<D> {
        let Self {
            seed,
            journal,
            keys,
            ..
        } = self;
        Wallet {
            seed,
            journal,
            keys,
            compressor,
        }
    }

    /// What was signed so far.
    #[must_use]
    pub const fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Generates key `number` with 2^`height` one-time keys, on all threads, and returns its root.
    /// The same arguments give the same key; another number or height a key that shares nothing.
    ///
    /// # Errors
    /// [`WalletError::Key`] when `height` is above 10.
    pub fn add_key(&mut self, number: u64, height: u32) -> Result<Digest, WalletError> {
        let secret = self.seed.key_secret(number, height);
        let tree = generate_key(&secret, &self.compressor)?;
        let root = tree.root();
        self.keys.insert(root.to_bytes(), (secret, tree));
        Ok(root)
    }

    /// The key tree of a root; `None` when it was not added.
    #[must_use]
    pub fn key(&self, root: &Digest) -> Option<&KeyTree> {
        self.keys.get(&root.to_bytes()).map(|(_, tree)| tree)
    }

    /// A request to sign `order` with the key in a slot of `account`, which is the signer as the ledger
    /// has it: at its nonce, with the first one-time key that neither the ledger nor this wallet has
    /// seen in use. One that is skipped is lost; [`Request::then`] goes on from here.
    #[must_use]
    pub fn request(&self, account: &Account, slot: SlotIndex, order: Order) -> Request {
        let held = account.slots[slot.index()];
        let unsigned = self.journal.next_index(&held.root);
        Request {
            key: held.root,
            order,
            nonce: account.nonce,
            slot,
            // at most 1,024, so that it fits; a key that is used up says so when it is to sign
            index: held.next_index.max(unsigned.try_into().unwrap_or(u16::MAX)),
        }
    }

    /// Signs one order ([`Wallet::sign_many`]).
    ///
    /// # Errors
    /// [`WalletError`], as [`Wallet::sign_many`].
    pub fn sign(&mut self, request: &Request, domain: &Digest) -> Result<SignedOrder, WalletError> {
        Ok(self
            .sign_many(std::slice::from_ref(request), domain)?
            .swap_remove(0))
    }

    /// Signs many orders, all or none, with a single write to the disk, on all threads.
    ///
    /// # Errors
    /// Before anything is written: [`WalletError::UnknownKey`], [`WalletError::Key`] when a key is used up, [`WalletError::AlreadySigned`] when a one-time
    /// key has signed another message. Then [`WalletError::Io`] when writing fails.
    pub fn sign_many(
        &mut self,
        requests: &[Request],
        domain: &Digest,
    ) -> Result<Vec<SignedOrder>, WalletError> {
        let records: Vec<_> = requests
            .iter()
            .map(|request| request.order.record(request.one_time_key()))
            .collect();
        let digests = record_digests(&records, &self.compressor);
        let mut entries = Vec::with_capacity(requests.len());
        for (request, digest) in requests.iter().zip(&digests) {
            let Request {
                key: root,
                nonce,
                index,
                ..
            } = *request;
            let tree = self.key(&root).ok_or(WalletError::UnknownKey { root })?;
            let index = u32::from(index);
            let capacity = tree.capacity();
            if index >= capacity {
                return Err(KeyError::Exhausted { index, capacity }.into());
            }
            entries.push(Signed {
                root,
                index,
                nonce,
                bound: bound_message(digest, domain),
            });
        }
        self.journal.reserve(&entries)?;
        let (keys, compressor) = (&self.keys, &self.compressor);
        requests
            .par_iter()
            .zip(&entries)
            .map(|(request, entry)| {
                let Signed {
                    root,
                    index,
                    nonce,
                    bound,
                } = entry;
                let (secret, tree) = keys
                    .get(&root.to_bytes())
                    .ok_or(WalletError::UnknownKey { root: *root })?;
                let signature = tree.sign(secret, *index, bound, *nonce, compressor)?;
                Ok(SignedOrder {
                    order: request.order,
                    nonce: *nonce,
                    slot: request.slot,
                    signature,
                })
            })
            .collect()
    }
}

/// Writes the seed so that only its owner can read it, and waits until it is on the disk.
fn write_seed(path: &Path, seed: &MasterSeed) -> Result<(), WalletError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(|source| match source.kind() {
        ErrorKind::AlreadyExists => WalletError::Exists { path: path.into() },
        _ => WalletError::io(path)(source),
    })?;
    let write = file
        .write_all(seed.as_bytes())
        .and_then(|()| file.sync_all());
    write
        .and_then(|()| sync_parent(path))
        .map_err(WalletError::io(path))
}
