//! The wallet: a directory with a seed and a journal, and the keys in use.

use std::{collections::HashMap, path::Path};

use rayon::prelude::*;
use winterlane_ledger::{
    Account, BaseElement, Compressor, Digest, Domain, KeyUse, Nonce, Order, Root, ScalarCompressor,
    Signature, SignedOrder, SlotIndex,
    private::RESERVED_KEY_INDEX,
    record::record_digests,
    signature::{Claim, KeyError, KeyIndex, KeyTree, bound_message, recover_root},
};

use zeroize::Zeroizing;

use crate::{
    Journal, KeySecret, MasterSeed, Passphrase, Signed, WalletError, generate_key,
    journal::Claimed,
    medium::{Disk, Medium},
    place,
};

/// An order to sign, by which one-time key of which key, and at which nonce. [`Wallet::request`] finds
/// all of that in the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Root of the key, as [`Wallet::add_key`] returned it.
    pub key: Root,
    /// What to sign.
    pub order: Order,
    /// The signer's nonce.
    pub nonce: Nonce,
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
            nonce: Nonce::new(self.nonce.get().saturating_add(1)),
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
    pub(crate) const fn one_time_key(&self) -> KeyUse {
        KeyUse {
            slot: self.slot,
            index: self.index,
        }
    }
}

/// How many one-time keys of a key sign, the first ones.
///
/// A full key's last one-time key never does: who knows where its chains begin can prove that an account is theirs, and a
/// signature shows it of some. The wallet does not know which of its keys an account has, so that this is so of every key.
fn usable(tree: &KeyTree) -> u32 {
    tree.capacity().min(RESERVED_KEY_INDEX)
}

/// A wallet, open: see the [crate].
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
    /// it does not exist. What an interrupted call left there is replaced.
    ///
    /// # Errors
    /// [`WalletError::Exists`] when there is a wallet already, [`WalletError::Exposed`] when other
    /// users can look into the directory and it has other files, [`WalletError::Locked`],
    /// [`WalletError::Io`], [`WalletError::NoRandomness`].
    pub fn create(directory: &Path) -> Result<Self, WalletError> {
        Self::create_with(directory, None)
    }

    /// [`Wallet::create`], with the seed encrypted if there is a passphrase.
    ///
    /// # Errors
    /// [`WalletError`], as [`Wallet::create`].
    pub fn create_with(
        directory: &Path,
        passphrase: Option<&Passphrase>,
    ) -> Result<Self, WalletError> {
        Self::import_with(directory, MasterSeed::random()?, passphrase)
    }

    /// Makes a wallet with a seed that exists already. *It must not have signed anything*: this
    /// wallet knows nothing of it.
    ///
    /// # Errors
    /// [`WalletError`], as [`Wallet::create`].
    pub fn import(directory: &Path, seed: MasterSeed) -> Result<Self, WalletError> {
        Self::import_with(directory, seed, None)
    }

    /// [`Wallet::import`], with the seed encrypted if there is a passphrase.
    ///
    /// # Errors
    /// [`WalletError`], as [`Wallet::create`].
    pub fn import_with(
        directory: &Path,
        seed: MasterSeed,
        passphrase: Option<&Passphrase>,
    ) -> Result<Self, WalletError> {
        Self::make_in(Box::new(Disk::make(directory)?), seed, passphrase)
    }

    /// Opens a wallet. Its keys are to be added again: the directory holds only seed and journal.
    /// Files of an earlier version are brought to this one.
    ///
    /// # Errors
    /// [`WalletError::Missing`], [`WalletError::HalfMade`], [`WalletError::SeedMissing`] or
    /// [`WalletError::JournalMissing`] when not all of a wallet is there; [`WalletError::Locked`] when
    /// it is open elsewhere; [`WalletError::Corrupt`], [`WalletError::WrongSeed`],
    /// [`WalletError::Copied`] or [`WalletError::Linked`] when a file is not the one that was written;
    /// [`WalletError::Exposed`] when others can read the seed, [`WalletError::Owner`] when the wallet
    /// is another user's; [`WalletError::Encrypted`] when its seed is; [`WalletError::Io`].
    pub fn open(directory: &Path) -> Result<Self, WalletError> {
        Self::open_with(directory, None)
    }

    /// [`Wallet::open`] with a passphrase, if there is one. One that is not encrypted opens with any.
    ///
    /// # Errors
    /// [`WalletError`], as [`Wallet::open`]; [`WalletError::WrongPassphrase`], [`WalletError::Keystore`].
    pub fn open_with(
        directory: &Path,
        passphrase: Option<&Passphrase>,
    ) -> Result<Self, WalletError> {
        Self::open_in(Box::new(Disk::open(directory)?), false, passphrase)
    }

    /// Opens a wallet whose journal is a copy: moved to another disk, or restored from a backup. *Nothing
    /// may have been signed after the copy was made*, and the original must never be used again:
    /// neither can be seen from here. When in doubt, make a new wallet and rotate to it.
    ///
    /// # Errors
    /// [`WalletError`], as [`Wallet::open`], except [`WalletError::Copied`].
    pub fn adopt(directory: &Path) -> Result<Self, WalletError> {
        Self::adopt_with(directory, None)
    }

    /// [`Wallet::adopt`] with a passphrase, if there is one.
    ///
    /// # Errors
    /// [`WalletError`], as [`Wallet::open_with`], except [`WalletError::Copied`].
    pub fn adopt_with(
        directory: &Path,
        passphrase: Option<&Passphrase>,
    ) -> Result<Self, WalletError> {
        Self::open_in(Box::new(Disk::open(directory)?), true, passphrase)
    }

    pub(crate) fn make_in(
        medium: Box<dyn Medium>,
        seed: MasterSeed,
        passphrase: Option<&Passphrase>,
    ) -> Result<Self, WalletError> {
        let journal = place::make(medium, &seed, passphrase)?;
        Ok(Self::with(seed, journal))
    }

    pub(crate) fn open_in(
        medium: Box<dyn Medium>,
        adopt: bool,
        passphrase: Option<&Passphrase>,
    ) -> Result<Self, WalletError> {
        let (seed, journal) = place::open(medium, adopt, passphrase)?;
        Ok(Self::with(seed, journal))
    }

    fn with(seed: MasterSeed, journal: Journal) -> Self {
        Self {
            seed,
            journal,
            keys: HashMap::new(),
            compressor: ScalarCompressor,
        }
    }
}

impl<C> Wallet<C> {
    /// The seed as text for a backup on paper ([`MasterSeed::backup_text`]).
    #[must_use]
    pub fn backup_text(&self) -> Zeroizing<String> {
        self.seed.backup_text()
    }

    /// Encrypts the seed by another passphrase, or by none, in the place where the wallet is. Whatever interrupts it, the
    /// seed is there under the one passphrase or the other.
    ///
    /// What was on the disk before is no longer named, and not overwritten: a disk that others may get hold of keeps, for a while, what
    /// the old passphrase opens.
    ///
    /// # Errors
    /// [`WalletError::Io`], [`WalletError::Locked`], [`WalletError::NoRandomness`].
    pub fn encrypt(&self, passphrase: Option<&Passphrase>) -> Result<(), WalletError> {
        place::encrypt(self.medium(), &self.seed, passphrase)
    }

    /// Whether the seed's file is encrypted by a passphrase.
    ///
    /// # Errors
    /// [`WalletError::Io`], [`WalletError::SeedMissing`] when the file is gone since the wallet was opened.
    pub fn is_encrypted(&self) -> Result<bool, WalletError> {
        place::is_encrypted(self.medium())
    }

    pub(crate) const fn seed(&self) -> &MasterSeed {
        &self.seed
    }

    /// Secret and tree of a key that was added.
    pub(crate) fn key_pair(&self, root: &Root) -> Option<&(KeySecret, KeyTree)> {
        self.keys.get(&root.to_bytes())
    }

    pub(crate) fn medium(&self) -> &dyn Medium {
        self.journal.medium()
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
    pub fn add_key(&mut self, number: u64, height: u32) -> Result<Root, WalletError> {
        let secret = self.seed.key_secret(number, height);
        let tree = generate_key(&secret, &self.compressor)?;
        let root = tree.root();
        self.keys.insert(root.to_bytes(), (secret, tree));
        Ok(root)
    }

    /// The key tree of a root; `None` when it was not added.
    #[must_use]
    pub fn key(&self, root: &Root) -> Option<&KeyTree> {
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
    pub fn sign(&mut self, request: &Request, domain: &Domain) -> Result<SignedOrder, WalletError> {
        Ok(self
            .sign_many(std::slice::from_ref(request), domain)?
            .swap_remove(0))
    }

    /// Signs many orders, all or none, with a single write to the disk, on all threads.
    ///
    /// # Errors
    /// Before anything is written: [`WalletError::UnknownKey`],
    /// [`WalletError::Key`] when a key is used up, [`WalletError::AlreadySigned`] when a one-time
    /// key has signed another message, [`WalletError::Fault`] when a signature came out wrong. Then
    /// [`WalletError::Io`] when writing fails, [`WalletError::Disturbed`] when somebody touched the
    /// journal, [`WalletError::Forked`], [`WalletError::Poisoned`].
    pub fn sign_many(
        &mut self,
        requests: &[Request],
        domain: &Domain,
    ) -> Result<Vec<SignedOrder>, WalletError> {
        let records: Vec<_> = requests
            .iter()
            .map(|request| request.order.record(request.one_time_key()))
            .collect();
        // A wrong digest would be signed as if it were the order's.
        let digests = record_digests(&records, &ScalarCompressor);
        let mut claims = Vec::with_capacity(requests.len());
        for (request, digest) in requests.iter().zip(&digests) {
            let Request {
                key: root,
                nonce,
                index,
                ..
            } = *request;
            let tree = self.key(&root).ok_or(WalletError::UnknownKey { root })?;
            let index = u32::from(index);
            let capacity = usable(tree);
            if index >= capacity {
                return Err(KeyError::Exhausted { index, capacity }.into());
            }
            claims.push(Claimed {
                root,
                index,
                nonce,
                bound: bound_message(digest, domain),
            });
        }
        // Refused before anything is computed that must not be.
        let known = claims
            .iter()
            .map(|claim| self.journal.randomizer(claim))
            .collect::<Result<Vec<_>, _>>()?;
        let this = &*self;
        let (entries, signed): (Vec<_>, Vec<_>) = requests
            .par_iter()
            .zip(&claims)
            .zip(known)
            .map(|((request, claim), known)| this.sign_one(request, claim, known))
            .collect::<Result<Vec<_>, _>>()?
            .into_iter()
            .unzip();
        self.journal.reserve(&entries)?;
        Ok(signed)
    }

    /// A signature that verifies, and what is to be written down before it may leave.
    ///
    /// With the randomiser of the journal it is the signature that has left already. It is verified
    /// with the scalar hash, whatever made it: a bug or a fault in a vector unit would reveal other
    /// parts of the one-time key than the journal says.
    fn sign_one(
        &self,
        request: &Request,
        claim: &Claimed,
        known: Option<[BaseElement; 2]>,
    ) -> Result<(Signed, SignedOrder), WalletError> {
        let Claimed {
            root,
            index,
            nonce,
            bound,
        } = *claim;
        let (secret, tree) = self
            .keys
            .get(&root.to_bytes())
            .ok_or(WalletError::UnknownKey { root })?;
        let compressor = &self.compressor;
        let signature = match &known {
            Some(rho) => tree.sign_again(secret, KeyIndex(index), &bound, nonce, rho, compressor),
            None => tree.sign(secret, KeyIndex(index), &bound, nonce, compressor),
        }?;
        let claim = Claim {
            bound,
            nonce,
            signature: &signature,
        };
        let rho = signature.rho;
        if recover_root(claim, &ScalarCompressor) != Ok(root)
            || (signature.key_index, known.unwrap_or(rho)) != (index, rho)
        {
            return Err(WalletError::Fault { root, index });
        }
        let entry = Signed {
            root,
            index,
            nonce,
            bound,
            rho,
        };
        let signed = SignedOrder {
            order: request.order,
            nonce,
            slot: request.slot,
            signature,
        };
        Ok((entry, signed))
    }

    /// A signature of one message by one one-time key, for [`Self::reserve`]; nothing is written down yet, so
    /// that it must not leave. A full key's last one-time key signs none, as in [`Self::sign_many`].
    pub(crate) fn sign_message(
        &self,
        root: &Root,
        index: u32,
        bound: &Digest,
        nonce: Nonce,
    ) -> Result<Signature, WalletError> {
        let key = self.keys.get(&root.to_bytes());
        let (secret, tree) = key.ok_or(WalletError::UnknownKey { root: *root })?;
        let capacity = usable(tree);
        if index >= capacity {
            return Err(KeyError::Exhausted { index, capacity }.into());
        }
        Ok(tree.sign(secret, KeyIndex(index), bound, nonce, &self.compressor)?)
    }

    /// The signature that was made before with this randomiser ([`Self::sign_message`]).
    pub(crate) fn sign_message_again(
        &self,
        root: &Root,
        index: u32,
        bound: &Digest,
        nonce: Nonce,
        rho: &[BaseElement; 2],
    ) -> Result<Signature, WalletError> {
        let key = self.keys.get(&root.to_bytes());
        let (secret, tree) = key.ok_or(WalletError::UnknownKey { root: *root })?;
        Ok(tree.sign_again(secret, KeyIndex(index), bound, nonce, rho, &self.compressor)?)
    }

    /// Writes down what one-time keys sign; then the signatures may leave.
    pub(crate) fn reserve(&mut self, signed: &[Signed]) -> Result<(), WalletError> {
        self.journal.reserve(signed)
    }
}
