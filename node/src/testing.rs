//! What the tests share: small keys, people who pay, and how to wait.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use winterlane_air::presets::{HidingPreset, HidingPresetName, SecurityLevel};
use winterlane_ledger::{
    Account, AccountId, Amount, Anchor, AssetId, BaseElement, BatchNumber, ChainId, Deposit,
    Digest, Domain, KeySlot, Nonce, Order, RollupId, Scope, SignedOrder, SlotIndex, Transfer,
    Withdraw,
    hash::domain_digest,
    pool::{
        PrivateOperation, ProofRefusal, Shield, VerifyPrivate, account_recipient,
        ciphertexts_digest,
    },
    private::{
        Commitment, Note, NoteKeys, NoteTree, Nullifier, PrivateInputs, SpendKey, TransferInputs,
        WithdrawalInputs,
    },
    signature::KeyTree,
    testing::{Key, Toy},
};
use winterlane_prover::{
    EngineOptions, HidingRng, PrivateWitness, SimdCompressor,
    private::{NewNote as NewNoteWitness, SpentNote, WithdrawalWitness},
    prove_private,
};

use crate::private::{NewNote, Shielding};

/// The rollup of the tests.
pub(crate) fn domain() -> Domain {
    domain_digest(ChainId::new(1), RollupId::new(17))
}

/// The asset of those who pay.
pub(crate) const ASSET: AssetId = AssetId::new(7);

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
    pub(crate) id: AccountId,
    pub(crate) asset: AssetId,
    pub(crate) key: Key,
    pub(crate) nonce: Nonce,
    pub(crate) index: u16,
    pub(crate) valid_until: BatchNumber,
}

impl Payer {
    /// With 2^`height` one-time keys, and no order given yet.
    pub(crate) fn new(id: u32, height: u32) -> Self {
        Self {
            id: AccountId::new(id),
            asset: ASSET,
            key: key(id, height),
            nonce: Nonce::ZERO,
            index: 0,
            valid_until: BatchNumber::new(1 << 40),
        }
    }

    pub(crate) fn account(&self, balance: impl Into<Amount>) -> Account {
        let closed = KeySlot::default();
        Account {
            asset: self.asset,
            balance: balance.into(),
            nonce: Nonce::ZERO,
            slots: [self.key.slot(Scope::BOTH, 0), closed],
        }
    }

    /// Signs at the present nonce with the present one-time key, and moves neither.
    pub(crate) fn sign(&self, order: Order) -> SignedOrder {
        self.key
            .sign(order, &domain(), self.nonce, SlotIndex::Zero, self.index)
    }

    pub(crate) fn transfer(
        &self,
        to: impl Into<AccountId>,
        amount: impl Into<Amount>,
        fee: impl Into<Amount>,
    ) -> Order {
        Order::Transfer(Transfer {
            from: self.id,
            to: to.into(),
            amount: amount.into(),
            fee: fee.into(),
            valid_until: self.valid_until,
        })
    }

    /// The next payment.
    pub(crate) fn pay(
        &mut self,
        to: impl Into<AccountId>,
        amount: impl Into<Amount>,
        fee: impl Into<Amount>,
    ) -> SignedOrder {
        let signed = self.sign(self.transfer(to, amount, fee));
        self.nonce = self.nonce.next().unwrap();
        self.index += 1;
        signed
    }

    /// The next withdrawal.
    pub(crate) fn withdraw(
        &mut self,
        amount: impl Into<Amount>,
        fee: impl Into<Amount>,
    ) -> SignedOrder {
        self.withdraw_to([9; 20], amount, fee)
    }

    /// The next withdrawal, for a note that can be spent by a real proof.
    pub(crate) fn shield_note(&mut self, note: &Note) -> Shielding {
        let shield = Shield {
            blinded: note.owner.blinded(&note.rho),
            asset: note.asset,
            amount: note.value,
            sealed: Vec::new(),
        };
        Shielding {
            order: self.withdraw_to(shield.recipient(), note.value, 0),
            note: NewNote {
                blinded: shield.blinded,
                sealed: shield.sealed,
            },
        }
    }

    /// The next withdrawal, for a note that is named by a number.
    pub(crate) fn shield(&mut self, number: u64, amount: impl Into<Amount>) -> Shielding {
        let amount = amount.into();
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
        amount: impl Into<Amount>,
        fee: impl Into<Amount>,
    ) -> SignedOrder {
        let signed = self.sign(Order::Withdraw(Withdraw {
            from: self.id,
            amount: amount.into(),
            fee: fee.into(),
            recipient,
            valid_until: self.valid_until,
        }));
        self.nonce = self.nonce.next().unwrap();
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
            valid_until: BatchNumber::new(1 << 40),
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
    (amount, fee): (impl Into<Amount>, impl Into<Amount>),
) -> PrivateOperation {
    PrivateOperation {
        inputs: PrivateInputs::Withdrawal(WithdrawalInputs {
            anchor,
            nullifier: Nullifier(digest(spent)),
            change: Commitment(digest(spent + (1 << 41))),
            recipient,
            amount: amount.into(),
            fee: fee.into(),
            asset: ASSET,
            domain: domain(),
            valid_until: BatchNumber::new(1 << 40),
            ciphertexts: [0; 32],
            association: None,
        }),
        sealed: Vec::new(),
        proof: HOLDS.to_vec(),
    }
}

/// Whose the notes are that are spent by real proofs.
fn note_keys() -> NoteKeys {
    NoteKeys {
        spend: SpendKey(digest(100)),
        nullifier: digest(101),
    }
}

/// The note with this number, of so much of asset 7.
pub(crate) fn note(number: u64, value: impl Into<Amount>) -> Note {
    Note {
        owner: note_keys().address(),
        asset: ASSET,
        value: value.into(),
        rho: digest(200 + number),
    }
}

/// A withdrawal from the note at this position of the tree to an account, with a real proof.
pub(crate) fn real_withdrawal(
    note: &Note,
    (tree, position): (&NoteTree, u32),
    to: impl Into<AccountId>,
    amount: impl Into<Amount>,
) -> PrivateOperation {
    let amount = amount.into();
    let Note {
        owner,
        asset,
        value,
        rho,
    } = *note;
    let spent = SpentNote {
        keys: note_keys(),
        rho,
        asset,
        value,
        path: tree.path(position),
        association: None,
    };
    let change_rho = digest(300 + u64::from(position));
    let left = value.checked_sub(amount).unwrap();
    let change = NewNoteWitness::new(&owner, &change_rho, left);
    let inputs = PrivateInputs::Withdrawal(WithdrawalInputs {
        anchor: tree.root(),
        nullifier: spent.nullifier(),
        change: change.commitment(asset),
        recipient: account_recipient(to.into()),
        amount,
        fee: Amount::ZERO,
        asset,
        domain: domain(),
        valid_until: BatchNumber::new(1 << 40),
        ciphertexts: [0; 32],
        association: None,
    });
    let witness = WithdrawalWitness {
        note: spent,
        change,
    };
    let proof = prove_private(
        &inputs,
        &PrivateWitness::Withdrawal(Box::new(witness)),
        HidingPreset::new(HidingPresetName::Compact, SecurityLevel::Bits128),
        &mut HidingRng::from_system().unwrap(),
        &EngineOptions::default(),
    );
    PrivateOperation {
        inputs,
        sealed: Vec::new(),
        proof: proof.unwrap().proof,
    }
}

/// A deposit to an account that exists.
pub(crate) fn deposit(to: impl Into<AccountId>, amount: impl Into<Amount>) -> Deposit {
    Deposit {
        to: to.into(),
        asset: ASSET,
        amount: amount.into(),
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
