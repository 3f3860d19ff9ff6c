//! Accounts that pay each other, with keys that are made from a number: for measuring, and for nothing else.

use std::{fs, io::Read as _, path::Path};

use rayon::prelude::*;
use winterlane_ledger::{
    Account, AccountId, Amount, AssetId, BaseElement, BatchNumber, ChainId, Digest, Domain,
    KeySlot, KeyUse, Nonce, Order, RollupId, Scope, SignedOrder, SlotIndex, Transfer,
    codec::CanonicalBytes,
    hash::domain_digest,
    signature::{CHAINS, ChainValue, KEY_CAPACITY, KeyError, KeyTree, SecretSource, bound_message},
};
use winterlane_machine::small;
use winterlane_prover::SimdCompressor;

use super::BenchError;

/// Secrets that follow from a number which everybody knows.
#[derive(Clone, Copy, Debug)]
struct Known(u32);

impl Known {
    fn pair(self, numbers: [u32; 3], context: &[u8]) -> [BaseElement; 2] {
        let mut hasher = blake3::Hasher::new();
        for number in [self.0, numbers[0], numbers[1], numbers[2]] {
            hasher.update(&number.to_le_bytes());
        }
        hasher.update(context);
        let hash = hasher.finalize();
        let (words, _) = hash.as_bytes().as_chunks::<8>();
        [words[0], words[1]].map(|word| BaseElement::new(u64::from_le_bytes(word)))
    }
}

impl SecretSource for Known {
    fn chain_starts(&self, key_index: u32) -> [ChainValue; CHAINS] {
        core::array::from_fn(|chain| self.pair([0, key_index, chain as u32], &[]))
    }

    fn randomizer_base(&self, key_index: u32, bound: &Digest, nonce: Nonce) -> [BaseElement; 2] {
        self.pair([1, key_index, nonce.get()], &bound.to_bytes())
    }
}

/// Who pays.
#[derive(Clone, Debug)]
struct Payer {
    id: AccountId,
    secrets: Known,
    tree: KeyTree,
}

/// The asset of all.
pub(super) const ASSET: AssetId = AssetId::new(1);

impl Payer {
    /// `count` of them, each with `orders` one-time keys at least.
    fn many(count: u32, orders: u32) -> Result<Vec<Self>, KeyError> {
        let height = orders.max(1).next_power_of_two().trailing_zeros();
        (1..=count)
            .into_par_iter()
            .map(|id| {
                let seed = [id, 1].map(BaseElement::from);
                let secrets = Known(id);
                let tree = KeyTree::generate(&secrets, seed, height, &SimdCompressor)?;
                let id = AccountId::new(id);
                Ok(Self { id, secrets, tree })
            })
            .collect()
    }

    fn account(&self) -> (AccountId, Account) {
        let slot = KeySlot {
            root: self.tree.root(),
            next_index: 0,
            scope: Scope::BOTH,
        };
        let account = Account {
            asset: ASSET,
            balance: Amount::new(1 << 64),
            nonce: Nonce::ZERO,
            slots: [slot, KeySlot::default()],
        };
        (self.id, account)
    }

    /// The payer's payment at each nonce below `count`.
    fn payments(
        &self,
        count: u32,
        to: AccountId,
        domain: &Domain,
    ) -> Result<Vec<SignedOrder>, KeyError> {
        (0..count)
            .map(|nonce| {
                let order = Order::Transfer(Transfer {
                    from: self.id,
                    to,
                    amount: Amount::new(1),
                    fee: Amount::ZERO,
                    valid_until: BatchNumber::new(1 << 40),
                });
                let slot = SlotIndex::Zero;
                let key = KeyUse {
                    slot,
                    index: nonce as u16,
                };
                let nonce = Nonce::new(nonce);
                let bound = bound_message(&order.record(key).digest(), domain);
                let signature = self.tree.sign(
                    &self.secrets,
                    key.index.into(),
                    &bound,
                    nonce,
                    &SimdCompressor,
                )?;
                Ok(SignedOrder {
                    order,
                    nonce,
                    slot,
                    signature,
                })
            })
            .collect()
    }
}

/// The payments of all, each to the next one: `each` of every payer.
fn sign_all(
    payers: &[Payer],
    each: u32,
    domain: &Domain,
) -> Result<Vec<Vec<SignedOrder>>, KeyError> {
    let next = |place: usize| payers[(place + 1) % payers.len()].id;
    payers
        .par_iter()
        .enumerate()
        .map(|(place, payer)| payer.payments(each, next(place), domain))
        .collect()
}

/// Accounts, and what they have signed: everything that a measurement sends.
#[derive(Clone, Debug)]
pub(super) struct Signed {
    pub(super) accounts: Vec<(AccountId, Account)>,
    /// The orders of each account, by ascending nonce: as many of each.
    pub(super) orders: Vec<Vec<SignedOrder>>,
}

/// The rollup of all measurements, which is nobody's: a store of a node that runs, whose numbers may be those of the
/// default configuration, is refused where a measurement would change its accounts.
pub(super) fn domain() -> Domain {
    domain_digest(ChainId::new(u64::MAX), RollupId::new(u64::MAX))
}

/// The first bytes of a file of signed orders.
const MAGIC: &[u8; 24] = b"winterlane bench orders\n";

impl Signed {
    /// `each` orders of each of so many accounts. Most of the time goes into the search for a randomiser: some
    /// 1,700 hashes an order.
    pub(super) fn make(accounts: u32, each: u32) -> Result<Self, BenchError> {
        if accounts == 0 || each > KEY_CAPACITY {
            return Err(BenchError::Setting {
                setting: "accounts",
                what: "so many that none has more than 1024 orders",
            });
        }
        let payers = Payer::many(accounts, each)?;
        let orders = sign_all(&payers, each, &domain())?;
        let accounts = payers.iter().map(Payer::account).collect();
        Ok(Self { accounts, orders })
    }

    /// From the file, if one is given, and else made now: at least so many orders, the first ones of each account.
    pub(super) fn at_hand(
        file: Option<&Path>,
        accounts: u32,
        orders: u32,
    ) -> Result<Self, BenchError> {
        let Some(file) = file else {
            return Self::make(accounts, orders.div_ceil(accounts.max(1)).max(1));
        };
        let mut signed = Self::read(file)?;
        let count = u32::try_from(signed.accounts.len()).unwrap_or(u32::MAX);
        let each = orders.div_ceil(count.max(1)).max(1) as usize;
        if signed.orders.iter().any(|orders| orders.len() < each) {
            return Err(BenchError::Setting {
                setting: "signed",
                what: "a file with at least as many orders as are to be sent",
            });
        }
        for orders in &mut signed.orders {
            orders.truncate(each);
        }
        Ok(signed)
    }

    /// How many orders there are.
    pub(super) fn count(&self) -> u32 {
        let count: usize = self.orders.iter().map(Vec::len).sum();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// Numbers of accounts and of orders of each (4 bytes, little-endian); the id of each account (4) with its canonical
    /// bytes and those of its orders, each after its length (4); at the end the BLAKE3 hash of all before.
    pub(super) fn write(&self, file: &Path) -> Result<(), BenchError> {
        let at = |source| BenchError::Io {
            path: file.to_owned(),
            source,
        };
        let each = self.orders.first().map_or(0, Vec::len);
        let mut bytes = MAGIC.to_vec();
        for number in [self.accounts.len(), each] {
            bytes.extend_from_slice(&(number as u32).to_le_bytes());
        }
        let mut put = |value: &[u8]| {
            bytes.extend_from_slice(&(value.len() as u32).to_le_bytes());
            bytes.extend_from_slice(value);
        };
        for ((id, account), orders) in self.accounts.iter().zip(&self.orders) {
            put(&id.get().to_le_bytes());
            put(&account.to_bytes());
            for order in orders {
                put(&order.to_bytes());
            }
        }
        let hash = blake3::hash(&bytes);
        bytes.extend_from_slice(hash.as_bytes());
        fs::write(file, bytes).map_err(at)
    }

    fn read(file: &Path) -> Result<Self, BenchError> {
        let mut bytes = Vec::new();
        small::open(file)
            .and_then(|mut open| open.read_to_end(&mut bytes))
            .map_err(|source| BenchError::Io {
                path: file.to_owned(),
                source,
            })?;
        Self::parse(&bytes).ok_or_else(|| BenchError::Signed {
            path: file.to_owned(),
        })
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let (bytes, hash) = bytes.split_last_chunk::<32>()?;
        if blake3::hash(bytes).as_bytes() != hash {
            return None;
        }
        let mut rest = bytes.strip_prefix(MAGIC)?;
        let mut number = || -> Option<u32> {
            let (number, left) = rest.split_first_chunk()?;
            rest = left;
            Some(u32::from_le_bytes(*number))
        };
        let (count, each) = (number()?, number()?);
        let mut value = || -> Option<&[u8]> {
            let (length, left) = rest.split_first_chunk()?;
            let (value, left) = left.split_at_checked(u32::from_le_bytes(*length) as usize)?;
            rest = left;
            Some(value)
        };
        let (mut accounts, mut orders) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let id = AccountId::new(u32::from_le_bytes(value()?.try_into().ok()?));
            accounts.push((id, Account::from_bytes(value()?).ok()?));
            let own = (0..each).map(|_| SignedOrder::from_bytes(value()?).ok());
            orders.push(own.collect::<Option<_>>()?);
        }
        rest.is_empty().then_some(Self { accounts, orders })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signed_orders_come_back_from_their_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("orders");
        let made = Signed::make(3, 2).unwrap();
        made.write(&file).unwrap();
        let found = Signed::at_hand(Some(&file), 1, 6).unwrap();
        assert_eq!((found.accounts, found.orders), (made.accounts, made.orders));
        let fewer = Signed::at_hand(Some(&file), 1, 3).unwrap();
        assert_eq!(fewer.count(), 3);
        assert!(matches!(
            Signed::at_hand(Some(&file), 1, 7),
            Err(BenchError::Setting {
                setting: "signed",
                ..
            })
        ));
        let mut bytes = fs::read(&file).unwrap();
        for at in [0, 30, bytes.len() - 1] {
            bytes[at] ^= 1;
            fs::write(&file, &bytes).unwrap();
            assert!(matches!(
                Signed::at_hand(Some(&file), 1, 6),
                Err(BenchError::Signed { .. })
            ));
            bytes[at] ^= 1;
        }
    }
}
