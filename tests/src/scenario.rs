//! Small rollups to test with: deterministic keys, accounts that hold them, batches in few words.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use winterlane_ledger::{
    Account, AccountId, Amount, AssetId, BaseElement, Batch, BatchNumber, ChainId, Deposit, Digest,
    Domain, KeySlot, KeyUse, Ledger, LedgerError, NewKeys, Nonce, Order, RollupId, Root, RotateKey,
    ScalarCompressor, Scope, SealError, SealedBatch, Signature, SignedOrder, SlotIndex, Transfer,
    Withdraw,
    hash::{compress, domain_digest},
    signature::{
        CHAINS, ChainValue, KEY_CAPACITY, KeyIndex, KeyTree, SecretSource, bound_message,
        one_time_public_keys,
    },
};

/// Secrets made by hashing a number: for tests only.
#[derive(Clone, Copy, Debug)]
pub struct TestSecrets(u32);

/// A tag that no other use of the hash has.
const SECRET: u64 = 0x7365_6372_6574;

fn derive(numbers: [u32; 4], with: &Digest) -> [BaseElement; 2] {
    let digest = compress(
        BaseElement::new(SECRET),
        &Digest(numbers.map(BaseElement::from)),
        with,
    );
    [digest.0[0], digest.0[1]]
}

impl SecretSource for TestSecrets {
    fn chain_starts(&self, key_index: u32) -> [ChainValue; CHAINS] {
        core::array::from_fn(|c| derive([self.0, key_index, c as u32, 0], &Digest::ZERO))
    }

    fn randomizer_base(&self, key_index: u32, bound: &Digest, nonce: Nonce) -> [BaseElement; 2] {
        derive([self.0, key_index, nonce.get(), 1], bound)
    }
}

/// A key: its secrets and its public tree.
#[derive(Clone, Debug)]
pub struct TestKey {
    /// What it signs with.
    pub secrets: TestSecrets,
    /// Its one-time public keys.
    pub tree: KeyTree,
    /// The one-time keys that are real.
    indices: std::ops::Range<u32>,
}

impl TestKey {
    /// The root that a slot holds.
    pub fn root(&self) -> Root {
        self.tree.root()
    }

    /// A slot that holds this key.
    pub fn slot(&self, scope: Scope, next_index: u16) -> KeySlot {
        KeySlot {
            root: self.root(),
            next_index,
            scope,
        }
    }

    /// Signs `order` for `nonce` as the key of `slot`, with one-time key `index`, whatever the ledger
    /// would say of it.
    ///
    /// # Panics
    /// When the key has no such one-time key.
    pub fn sign(
        &self,
        order: &Order,
        domain: &Domain,
        nonce: u32,
        slot: SlotIndex,
        index: u32,
    ) -> Signature {
        assert!(
            self.indices.contains(&index),
            "one-time key {index} is not real"
        );
        let key = KeyUse {
            slot,
            index: index as u16,
        };
        let bound = bound_message(&order.record(key).digest(), domain);
        self.tree
            .sign(
                &self.secrets,
                KeyIndex(index),
                &bound,
                Nonce::new(nonce),
                &ScalarCompressor,
            )
            .expect("the key has this index")
    }
}

type Made = BTreeMap<(u32, u32), Arc<TestKey>>;

/// Key number `number` with 2^`height` one-time keys; made once a process.
///
/// A key of height 10 has only its first and its last two one-time keys: the others are zeros.
pub fn key(number: u32, height: u32) -> Arc<TestKey> {
    static KEYS: OnceLock<Mutex<Made>> = OnceLock::new();
    let keys = KEYS.get_or_init(Mutex::default);
    if let Some(key) = keys
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .get(&(number, height))
    {
        return key.clone();
    }
    let secrets = TestSecrets(number);
    let seed = derive([number, height, 0, 2], &Digest::ZERO);
    let capacity = 1 << height;
    let leaves = if capacity < KEY_CAPACITY {
        one_time_public_keys(&secrets, &seed, 0..capacity, &ScalarCompressor)
    } else {
        let first = one_time_public_keys(&secrets, &seed, 0..1, &ScalarCompressor);
        let last = one_time_public_keys(&secrets, &seed, capacity - 2..capacity, &ScalarCompressor);
        let mut leaves = vec![Digest::ZERO; capacity as usize];
        leaves[0] = first[0];
        leaves[capacity as usize - 2..].copy_from_slice(&last);
        leaves
    };
    let tree = KeyTree::from_leaves(seed, leaves, &ScalarCompressor).expect("a power of two");
    let key = Arc::new(TestKey {
        secrets,
        tree,
        indices: 0..capacity,
    });
    keys.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .entry((number, height))
        .or_insert(key)
        .clone()
}

/// A key whose leaves are the one-time keys with 1024 more than their numbers: no honest one.
pub fn key_out_of_range(number: u32) -> TestKey {
    let secrets = TestSecrets(number);
    let seed = derive([number, 0, 0, 3], &Digest::ZERO);
    let indices = KEY_CAPACITY..KEY_CAPACITY + 2;
    let leaves = one_time_public_keys(&secrets, &seed, indices.clone(), &ScalarCompressor);
    let tree = KeyTree::from_leaves(seed, leaves, &ScalarCompressor).expect("a power of two");
    TestKey {
        secrets,
        tree,
        indices,
    }
}

/// Which key a test means, before it is made: number and height.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyName(pub u32, pub u32);

impl KeyName {
    /// The key.
    pub fn get(self) -> Arc<TestKey> {
        key(self.0, self.1)
    }
}

/// The usual domain.
pub fn domain() -> Domain {
    domain_digest(ChainId::new(1), RollupId::new(7))
}

/// One entry of a batch.
#[derive(Clone, Copy, Debug)]
pub enum Op {
    /// An order, signed by the key in this slot of the signer.
    Signed(Order, SlotIndex),
    /// A deposit.
    Deposit(Deposit),
    /// A collection of the pool by this account.
    Collect(u32),
    /// Padding.
    Noop,
}

/// Keys by their roots: what can sign for the accounts of a world.
#[derive(Clone, Debug, Default)]
pub struct Keyring(BTreeMap<[u64; 4], Arc<TestKey>>);

/// A rollup, and all keys that were ever put into a slot of it.
#[derive(Clone, Debug)]
pub struct World {
    /// The state.
    pub ledger: Ledger,
    /// The keys.
    pub keys: Keyring,
}

/// How a root is looked up.
fn root_bits(root: &Root) -> [u64; 4] {
    root.0.0.map(|lane| lane.as_int())
}

/// An account of a new world.
#[derive(Clone, Copy, Debug)]
pub struct Opening {
    /// Its id.
    pub id: u32,
    /// Its asset.
    pub asset: u32,
    /// Its balance.
    pub balance: u128,
    /// Its nonce.
    pub nonce: u32,
    /// Key, scope and next index of both slots.
    pub slots: [(KeyName, Scope, u16); 2],
}

impl Opening {
    /// An account at nonce 0 with key `2 id` for everything and key `2 id + 1` for rotations, of
    /// four one-time keys each.
    pub fn new(id: u32, asset: u32, balance: u128) -> Self {
        Self {
            id,
            asset,
            balance,
            nonce: 0,
            slots: [
                (KeyName(id.wrapping_mul(2), 2), Scope::BOTH, 0),
                (KeyName(id.wrapping_mul(2) | 1, 2), Scope::ROTATE, 0),
            ],
        }
    }
}

impl Keyring {
    /// Adds a key.
    pub fn learn(&mut self, name: KeyName) {
        let key = name.get();
        self.0.insert(root_bits(&key.root()), key);
    }

    /// The key with this root.
    pub fn get(&self, root: &Root) -> Option<&Arc<TestKey>> {
        self.0.get(&root_bits(root))
    }

    /// `order`, signed with the key in `slot` of `account` for its nonce, with the next one-time key;
    /// `None` when that key is not on the ring, or used up.
    pub fn sign(&self, order: &Order, account: &Account, slot: SlotIndex) -> Option<SignedOrder> {
        let held = account.slots[slot.index()];
        let key = self.get(&held.root)?;
        let index = u32::from(held.next_index);
        key.indices.contains(&index).then(|| SignedOrder {
            order: *order,
            nonce: account.nonce,
            slot,
            signature: key.sign(order, &domain(), account.nonce.get(), slot, index),
        })
    }

    /// Signs and applies one operation.
    ///
    /// # Errors
    /// When the ledger refuses it, or nobody can sign it.
    pub fn apply(&self, batch: &mut Batch<'_, ScalarCompressor>, op: &Op) -> Result<(), Refusal> {
        match *op {
            Op::Signed(order, slot) => {
                let signer = order.signer();
                let account = batch
                    .account(signer)
                    .ok_or(LedgerError::UnknownAccount { account: signer })?;
                let signed = self
                    .sign(&order, account, slot)
                    .ok_or(Refusal::NobodySigns)?;
                batch.signed(signed)?;
            }
            Op::Deposit(deposit) => batch.deposit(deposit)?,
            Op::Collect(to) => batch.collect_fees(AccountId::new(to))?,
            Op::Noop => batch.noop()?,
        }
        Ok(())
    }
}

impl World {
    /// A world of these accounts, before batch `batch_number`.
    ///
    /// # Panics
    /// When no ledger can begin so.
    pub fn new(batch_number: u64, accounts: &[Opening]) -> Self {
        let mut keys = Keyring::default();
        let accounts = accounts.iter().map(|opening| {
            let slots = opening.slots.map(|(name, scope, next_index)| {
                keys.learn(name);
                name.get().slot(scope, next_index)
            });
            let account = Account {
                asset: AssetId::new(opening.asset),
                balance: Amount::new(opening.balance),
                nonce: Nonce::new(opening.nonce),
                slots,
            };
            (AccountId::new(opening.id), account)
        });
        let ledger = Ledger::genesis(domain(), BatchNumber::new(batch_number), accounts)
            .expect("a valid first state");
        Self { ledger, keys }
    }

    /// Lets the world sign with a key that operations bring in.
    #[must_use]
    pub fn knowing(mut self, names: &[KeyName]) -> Self {
        for &name in names {
            self.keys.learn(name);
        }
        self
    }

    /// Applies operations, signing as they come, and seals them into a batch.
    ///
    /// # Errors
    /// What the ledger refuses, with the number of the operation (their count for the sealing).
    pub fn seal(
        &mut self,
        ops: &[Op],
        slots: Option<u32>,
    ) -> Result<SealedBatch, (usize, Refusal)> {
        let mut batch = self.ledger.open_batch();
        for (number, op) in ops.iter().enumerate() {
            self.keys
                .apply(&mut batch, op)
                .map_err(|refusal| (number, refusal))?;
        }
        batch.seal(slots).map_err(|error| (ops.len(), error.into()))
    }
}

/// Why an operation or a batch is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The ledger refused the operation.
    Ledger(LedgerError),
    /// No key on the ring signs it.
    NobodySigns,
    /// The batch cannot be sealed.
    Seal(SealError),
}

impl From<LedgerError> for Refusal {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

impl From<SealError> for Refusal {
    fn from(error: SealError) -> Self {
        Self::Seal(error)
    }
}

/// A payment, valid for a while.
pub fn transfer(from: u32, to: u32, amount: u128, fee: u128) -> Order {
    Order::Transfer(Transfer {
        from: AccountId::new(from),
        to: AccountId::new(to),
        amount: Amount::new(amount),
        fee: Amount::new(fee),
        valid_until: BatchNumber::new(1000),
    })
}

/// A withdrawal, valid for a while.
pub fn withdraw(from: u32, amount: u128, fee: u128) -> Order {
    Order::Withdraw(Withdraw {
        from: AccountId::new(from),
        amount: Amount::new(amount),
        fee: Amount::new(fee),
        recipient: core::array::from_fn(|i| 0xf0_u8.wrapping_add(i as u8)),
        valid_until: BatchNumber::new(1000),
    })
}

/// A rotation, valid for a while.
pub fn rotate(account: u32, slot: SlotIndex, new: KeyName, scope: Scope, fee: u128) -> Order {
    Order::RotateKey(RotateKey {
        account: AccountId::new(account),
        slot,
        new_root: new.get().root(),
        scope,
        fee: Amount::new(fee),
        valid_until: BatchNumber::new(1000),
    })
}

/// Signed with slot 0.
pub fn by_first(order: Order) -> Op {
    Op::Signed(order, SlotIndex::Zero)
}

/// Signed with slot 1.
pub fn by_second(order: Order) -> Op {
    Op::Signed(order, SlotIndex::One)
}

/// A deposit to an account that exists.
pub fn top_up(to: u32, asset: u32, amount: u128) -> Op {
    Op::Deposit(Deposit {
        to: AccountId::new(to),
        asset: AssetId::new(asset),
        amount: Amount::new(amount),
        keys: None,
    })
}

/// A deposit that creates its account with two keys.
pub fn create(to: u32, asset: u32, amount: u128, slots: [(KeyName, Scope); 2]) -> Op {
    Op::Deposit(Deposit {
        to: AccountId::new(to),
        asset: AssetId::new(asset),
        amount: Amount::new(amount),
        keys: Some(NewKeys {
            roots: slots.map(|(name, _)| name.get().root()),
            scopes: slots.map(|(_, scope)| scope),
        }),
    })
}
