//! What the tests share: small keys, people who pay, and how to wait.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use winterlane_ledger::{
    Account, Anchor, BaseElement, Deposit, Digest, Domain, KeySlot, Order, Scope, SignedOrder,
    SlotIndex, Transfer, Withdraw,
    hash::domain_digest,
    pool::{PrivateOperation, ProofRefusal, Shield, VerifyPrivate, ciphertexts_digest},
    private::{Commitment, Nullifier, PrivateInputs, TransferInputs, WithdrawalInputs},
    signature::KeyTree,
    testing::{Key, Toy},
};
use winterlane_prover::SimdCompressor;

use crate::private::{NewNote, Shielding};

/// The rollup of the tests.
pub(crate) fn domain() -> Domain {
    domain_digest(1, 17)
}

/// Key trees made so far, by number and height.
static TREES: Mutex<BTreeMap<(u32, u32), KeyTree>> = Mutex::new(BTreeMap::new());

/// The key number `number`, of 2^`height` one-time keys.
pub(crate) fn key(number: u32, height: u32) -> Key {
    let seed = [number, 17].map(BaseElement::from);
    let generate = || KeyTree::generate(&Toy(number), seed, height, &SimdCompressor).unwrap();
    let mut trees = TREES.lock().unwrap_or_else(PoisonError::into_inner);
    let tree = trees.entry((number, height)).or_insert_with(generate);
    Key {
        secrets: Toy(number),
        tree: tree.clone(),
    }
}

/// Somebody with an account and the key in its slot 0.
#[derive(Clone, Debug)]
pub(crate) struct Payer {
    pub(crate) id: u32,
    pub(crate) asset: u32,
    pub(crate) key: Key,
    pub(crate) nonce: u32,
    pub(crate) index: u16,
    pub(crate) valid_until: u64,
}

impl Payer {
    /// With 2^`height` one-time keys, and no order given yet.
    pub(crate) fn new(id: u32, height: u32) -> Self {
        Self {
            id,
            asset: 7,
            key: key(id, height),
            nonce: 0,
            index: 0,
            valid_until: 1 << 40,
        }
    }

    pub(crate) fn account(&self, balance: u128) -> Account {
        let closed = KeySlot::default();
        Account {
            asset: self.asset,
            balance,
            nonce: 0,
            slots: [self.key.slot(Scope::BOTH, 0), closed],
        }
    }

    /// Signs at the present nonce with the present one-time key, and moves neither.
    pub(crate) fn sign(&self, order: Order) -> SignedOrder {
        self.key
            .sign(order, &domain(), self.nonce, SlotIndex::Zero, self.index)
    }

    pub(crate) fn transfer(&self, to: u32, amount: u128, fee: u128) -> Order {
        Order::Transfer(Transfer {
            from: self.id,
            to,
            amount,
            fee,
            valid_until: self.valid_until,
        })
    }

    /// The next payment.
    pub(crate) fn pay(&mut self, to: u32, amount: u128, fee: u128) -> SignedOrder {
        let signed = self.sign(self.transfer(to, amount, fee));
        self.nonce += 1;
        self.index += 1;
        signed
    }

    /// The next withdrawal.
    pub(crate) fn withdraw(&mut self, amount: u128, fee: u128) -> SignedOrder {
        self.withdraw_to([9; 20], amount, fee)
    }

    /// The next withdrawal, for a note that is named by a number.
    pub(crate) fn shield(&mut self, number: u64, amount: u128) -> Shielding {
        let note = NewNote {
            blinded: digest(number),
            sealed: vec![number as u8; 30],
        };
        let shield = Shield {
            blinded: note.blinded,
            asset: self.asset,
            amount,
            sealed: note.sealed.clone(),
        };
        let order = self.withdraw_to(shield.recipient(), amount, 0);
        Shielding { order, note }
    }

    pub(crate) fn withdraw_to(
        &mut self,
        recipient: [u8; 20],
        amount: u128,
        fee: u128,
    ) -> SignedOrder {
        let signed = self.sign(Order::Withdraw(Withdraw {
            from: self.id,
            amount,
            fee,
            recipient,
            valid_until: self.valid_until,
        }));
        self.nonce += 1;
        self.index += 1;
        signed
    }
}

/// A proof system of one bit: a proof is the word "holds".
pub(crate) struct Word;

/// The proof that [`Word`] takes.
pub(crate) const HOLDS: &[u8] = b"holds";

impl VerifyPrivate for Word {
    fn verify(&self, _: &PrivateInputs, proof: &[u8]) -> Result<(), Box<ProofRefusal>> {
        if proof == HOLDS {
            Ok(())
        } else {
            Err("it does not say so".into())
        }
    }
}

/// A digest of its own for each number.
pub(crate) fn digest(number: u64) -> Digest {
    let bytes = *blake3::hash(&number.to_le_bytes()).as_bytes();
    let (words, _) = bytes.as_chunks::<8>();
    Digest(core::array::from_fn(|at| {
        BaseElement::new(u64::from_le_bytes(words[at]))
    }))
}

/// A private transfer that spends the notes with these numbers and makes two others; it says that it holds.
pub(crate) fn private_transfer(spent: [u64; 2], anchor: Anchor) -> PrivateOperation {
    let sealed = vec![vec![spent[0] as u8; 40], vec![spent[1] as u8; 50]];
    let made = |number: u64| Commitment(digest(number + (1 << 40)));
    PrivateOperation {
        inputs: PrivateInputs::Transfer(TransferInputs {
            anchor,
            nullifiers: spent.map(|number| Nullifier(digest(number))),
            commitments: spent.map(made),
            fee: None,
            domain: domain(),
            valid_until: 1 << 40,
            ciphertexts: ciphertexts_digest(&sealed),
            association: None,
        }),
        sealed,
        proof: HOLDS.to_vec(),
    }
}

/// A private withdrawal of asset 7 from the note with this number.
pub(crate) fn private_withdrawal(
    spent: u64,
    anchor: Anchor,
    recipient: [u8; 20],
    (amount, fee): (u128, u128),
) -> PrivateOperation {
    PrivateOperation {
        inputs: PrivateInputs::Withdrawal(WithdrawalInputs {
            anchor,
            nullifier: Nullifier(digest(spent)),
            change: Commitment(digest(spent + (1 << 41))),
            recipient,
            amount,
            fee,
            asset: 7,
            domain: domain(),
            valid_until: 1 << 40,
            ciphertexts: [0; 32],
            association: None,
        }),
        sealed: Vec::new(),
        proof: HOLDS.to_vec(),
    }
}

/// A deposit to an account that exists.
pub(crate) fn deposit(to: u32, amount: u128) -> Deposit {
    Deposit {
        to,
        asset: 7,
        amount,
        keys: None,
    }
}

/// Waits for an answer.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    runtime.unwrap().block_on(future)
}

/// Asks until there is an answer, for five minutes at least: a machine that has other things to do may take its time.
#[track_caller]
pub(crate) fn until<T>(mut ask: impl FnMut() -> Option<T>) -> T {
    for _ in 0..30_000 {
        if let Some(answer) = ask() {
            return answer;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("nothing came of it in five minutes");
}
