//! The statement's digests and signatures, written from `docs/constraints.md` in the plainest way.
//!
//! One compression after another by winter-crypto's own `merge`, integers where the statement has
//! integers, no batches and no shared code with the crates under test: slow, and easy to compare
//! with the text.

use winter_math::StarkField;
use winterfell::crypto::{Hasher, hashers::RpJive64_256};
use winterlane_ledger::BaseElement;

/// A digest: four lanes below the modulus.
pub type Lanes = [u64; 4];

/// The modulus of the field.
pub const MODULUS: u64 = BaseElement::MODULUS;

/// Height of the account tree.
pub const DEPTH: u32 = 32;

/// Height of a key tree.
pub const KEY_DEPTH: u32 = 10;

/// What the digits of a signed message sum to.
pub const DIGIT_SUM: u32 = 122;

/// `letter-winter` as a big-endian integer.
fn tag(letter: char) -> u64 {
    format!("{letter}-winter")
        .bytes()
        .fold(0, |tag, byte| tag << 8 | u64::from(byte))
}

/// `compress(tag, a, b)`: Jive on `a` and `b + tag e_3`.
pub fn compress(letter: char, a: Lanes, b: Lanes) -> Lanes {
    let mut right = b.map(BaseElement::new);
    right[3] += BaseElement::new(tag(letter));
    let halves = [a.map(BaseElement::new), right].map(<RpJive64_256 as Hasher>::Digest::new);
    let merged = RpJive64_256::merge(&halves);
    core::array::from_fn(|lane| merged.as_elements()[lane].as_int())
}

/// An amount in limbs of 50, 50 and 28 bits.
pub fn limbs(amount: u128) -> [u64; 3] {
    let mask = (1 << 50) - 1;
    [amount, amount >> 50, amount >> 100].map(|limb| (limb & mask) as u64)
}

/// The domain of a rollup.
pub fn domain(chain: u64, rollup: u64) -> Lanes {
    let lanes = |id: u64| [id % (1 << 32), id >> 32, 0, 0];
    compress('z', lanes(chain), lanes(rollup))
}

/// One key slot of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Root of its key tree.
    pub root: Lanes,
    /// The first of its one-time keys that may still sign.
    pub next_index: u32,
    /// May spend.
    pub spends: bool,
    /// May rotate keys.
    pub rotates: bool,
}

impl Slot {
    /// The scope as two bits.
    pub fn scope(&self) -> u64 {
        u64::from(self.spends) + 2 * u64::from(self.rotates)
    }
}

/// An account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Its asset.
    pub asset: u32,
    /// Its balance.
    pub balance: u128,
    /// How often it signed.
    pub nonce: u32,
    /// Its keys.
    pub slots: [Slot; 2],
}

impl Holder {
    /// Its leaf.
    pub fn leaf(&self) -> Lanes {
        let [first, second] = self.slots;
        let keys = compress('k', first.root, second.root);
        let numbers = [self.asset, self.nonce, first.next_index, second.next_index];
        let meta = compress('m', keys, numbers.map(u64::from));
        let [low, middle, high] = limbs(self.balance);
        let scopes = first.scope() + 4 * second.scope();
        compress('l', meta, [scopes, low, middle, high])
    }
}

/// The root of the tree with these leaves, ascending by id, at the other places the zero digest.
pub fn account_root(leaves: &[(u32, Lanes)]) -> Lanes {
    subtree(DEPTH, leaves)
}

fn subtree(height: u32, leaves: &[(u32, Lanes)]) -> Lanes {
    if height == 0 {
        return leaves.first().map_or([0; 4], |&(_, leaf)| leaf);
    }
    if leaves.is_empty() {
        return (0..height).fold([0; 4], |node, _| compress('n', node, node));
    }
    let right = leaves.partition_point(|&(id, _)| id >> (height - 1) & 1 == 0);
    let (left, right) = leaves.split_at(right);
    compress('n', subtree(height - 1, left), subtree(height - 1, right))
}

/// The fields of a record, zero where its kind has none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Line {
    /// 0 padding, 1 transfer, 2 withdrawal, 3 rotation, 4 deposit, 5 creation, 6 collection.
    pub kind: u64,
    /// The signer, or the asset of a deposit.
    pub subject: u32,
    /// The receiver.
    pub to: u32,
    /// The slot that a rotation replaces.
    pub target: u64,
    /// The slot that signed.
    pub signing_slot: u64,
    /// The number of the one-time key that signed.
    pub key_index: u64,
    /// The scope bits installed.
    pub scope: u64,
    /// Last batch of validity.
    pub valid_until: u64,
    /// What moves.
    pub amount: u128,
    /// What the pool gets.
    pub fee: u128,
    /// Recipient, new root or keys digest.
    pub payload: Lanes,
}

impl Line {
    /// `R`.
    pub fn digest(&self) -> Lanes {
        let above = [
            (self.kind, 32),
            (self.target, 32 + 5),
            (self.scope, 32 + 5 + 1),
            (self.signing_slot, 32 + 5 + 1 + 4),
            (self.key_index, 32 + 5 + 1 + 4 + 1),
        ];
        let head = above
            .iter()
            .fold(u64::from(self.subject), |head, (part, bits)| {
                head + (part << bits)
            });
        let ([a0, a1, a2], [f0, f1, f2]) = (limbs(self.amount), limbs(self.fee));
        let lanes = compress(
            'r',
            [head, u64::from(self.to), self.valid_until, a0],
            [a1, f0, f1, a2 + (f2 << 28)],
        );
        compress('p', lanes, self.payload)
    }
}

/// The operations digest.
pub fn operations_digest(records: impl IntoIterator<Item = Lanes>) -> Lanes {
    records
        .into_iter()
        .fold([0; 4], |digest, record| compress('f', digest, record))
}

// SIGNATURES
// ------------------------------------------------------------------------------------------------

/// The 64 digits of a message, if it may be signed.
///
/// # Errors
/// Why it may not.
pub fn digits(message: Lanes) -> Result<[u64; 64], &'static str> {
    let [first, second, ..] = message;
    if [first, second].iter().any(|word| word >> 32 == 0xffff_ffff) {
        return Err("a word's upper half is all ones");
    }
    let digits: [u64; 64] = core::array::from_fn(|i| (first >> i & 1) + 2 * (second >> i & 1));
    if digits.iter().sum::<u64>() == u64::from(DIGIT_SUM) {
        Ok(digits)
    } else {
        Err("the digits have another sum")
    }
}

/// What is signed: record, domain, nonce, and a randomiser.
pub fn message(record: Lanes, domain: Lanes, nonce: u32, randomizer: [u64; 2]) -> Lanes {
    let bound = compress('d', record, domain);
    let [r0, r1] = randomizer;
    compress('s', bound, [r0, r1, u64::from(nonce), 0])
}

/// One step of chain `chain` of one-time key `index`, from `position` to the next.
fn step(seed: [u64; 2], index: u32, chain: u64, position: u64, value: [u64; 2]) -> [u64; 2] {
    let left = [value[0], value[1], seed[0], seed[1]];
    let right = [u64::from(index), 4 * chain + position, 0, 0];
    let [v0, v1, ..] = compress('w', left, right);
    [v0, v1]
}

/// A chain from one position to another.
fn walk(
    seed: [u64; 2],
    index: u32,
    chain: usize,
    positions: core::ops::Range<u64>,
    value: [u64; 2],
) -> [u64; 2] {
    positions.fold(value, |value, position| {
        step(seed, index, chain as u64, position, value)
    })
}

/// The one-time key whose chains end in these values.
fn one_time_key(seed: [u64; 2], index: u32, ends: &[[u64; 2]; 64]) -> Lanes {
    let mut key = [seed[0], seed[1], u64::from(index), 0];
    for pair in 0..32 {
        let ([e0, e1], [o0, o1]) = (ends[2 * pair], ends[2 * pair + 1]);
        key = compress('o', key, [e0, e1, o0, o1]);
    }
    key
}

/// A signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The key's public seed.
    pub seed: [u64; 2],
    /// The number of the one-time key.
    pub index: u32,
    /// The randomiser.
    pub randomizer: [u64; 2],
    /// The chains at their digits.
    pub chains: [[u64; 2]; 64],
    /// The siblings in the key tree, from below.
    pub siblings: [Lanes; 10],
}

/// The root that a signature of `record` leads to.
///
/// # Errors
/// Why it leads to none.
pub fn recovered_root(
    signed: &Signed,
    record: Lanes,
    domain: Lanes,
    nonce: u32,
) -> Result<Lanes, &'static str> {
    if signed.index >> KEY_DEPTH != 0 {
        return Err("no key has that many one-time keys");
    }
    let digits = digits(message(record, domain, nonce, signed.randomizer))?;
    let ends = core::array::from_fn(|chain| {
        let value = signed.chains[chain];
        walk(signed.seed, signed.index, chain, digits[chain]..3, value)
    });
    let leaf = one_time_key(signed.seed, signed.index, &ends);
    let siblings = signed.siblings.iter().enumerate();
    Ok(siblings.fold(leaf, |node, (level, &sibling)| {
        if signed.index >> level & 1 == 0 {
            compress('x', node, sibling)
        } else {
            compress('x', sibling, node)
        }
    }))
}

/// A key: the secret chain starts of its one-time keys, and a public seed.
#[derive(Clone, Debug)]
pub struct SecretKey {
    /// The public seed.
    pub seed: [u64; 2],
    /// The chain starts; a power of two of one-time keys.
    pub starts: Vec<[[u64; 2]; 64]>,
}

impl SecretKey {
    fn leaf(&self, index: u32) -> Lanes {
        let ends = core::array::from_fn(|chain| {
            let start = self.starts[index as usize][chain];
            walk(self.seed, index, chain, 0..3, start)
        });
        one_time_key(self.seed, index, &ends)
    }

    /// The node of the key tree over the leaves from `index << height` on. A short key is the
    /// leftmost subtree of its size; every sibling on the way from it to the root is zeros.
    fn node(&self, height: u32, index: u32) -> Lanes {
        let own = self.starts.len().ilog2();
        if height > own {
            return if index == 0 {
                compress('x', self.node(height - 1, 0), [0; 4])
            } else {
                [0; 4]
            };
        }
        if index >> (own - height) != 0 {
            return [0; 4];
        }
        if height == 0 {
            return self.leaf(index);
        }
        compress(
            'x',
            self.node(height - 1, 2 * index),
            self.node(height - 1, 2 * index + 1),
        )
    }

    /// The root of its tree.
    pub fn root(&self) -> Lanes {
        self.node(KEY_DEPTH, 0)
    }

    /// Signs, with the first good randomiser from `first` on.
    pub fn sign(
        &self,
        record: Lanes,
        domain: Lanes,
        nonce: u32,
        index: u32,
        first: [u64; 2],
    ) -> Signed {
        let mut randomizer = first;
        let digits = loop {
            match digits(message(record, domain, nonce, randomizer)) {
                Ok(digits) => break digits,
                Err(_) => randomizer[1] = (randomizer[1] + 1) % MODULUS,
            }
        };
        let chains = core::array::from_fn(|chain| {
            let start = self.starts[index as usize][chain];
            walk(self.seed, index, chain, 0..digits[chain], start)
        });
        let siblings = core::array::from_fn(|level| self.node(level as u32, index >> level ^ 1));
        Signed {
            seed: self.seed,
            index,
            randomizer,
            chains,
            siblings,
        }
    }
}
