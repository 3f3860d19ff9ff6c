//! True statements to begin with, and what their traces break.

use std::sync::OnceLock;

use winter_air::Air;
use winterlane_air::{
    PrivateAir,
    presets::{HidingPreset, HidingPresetName, SecurityLevel},
    private::{Violation, constraints::CREDENTIAL_GROUPS, violations},
};
use winterlane_ledger::{
    Account, AccountId, Amount, AssetId, BaseElement, BatchNumber, ChainId, Digest, Domain,
    KeySlot, Ledger, Nonce, RollupId, Root, ScalarCompressor, Scope, SlotIndex,
    hash::{compress, domain_digest},
    private::{
        Association, AssociationMode, BalanceInputs, Fee, Note, NoteKeys, NoteTree, PrivateInputs,
        Session, SparseKind, SparseTree, SpendKey, TransferInputs, WithdrawalInputs,
    },
    signature::{
        CHAINS, ChainValue, KeyTree, SecretSource, chain_step_input, one_time_public_keys,
    },
};

use crate::private::{
    BalanceWitness, KeyWitness, NewNote, PrivateWitness, SpentNote, TransferWitness,
    WithdrawalWitness, fill_private,
};

pub(super) const PRESET: HidingPreset =
    HidingPreset::new(HidingPresetName::Compact, SecurityLevel::Bits128);

/// A statement and what shows it.
#[derive(Clone)]
pub(super) struct Case {
    pub(super) inputs: PrivateInputs,
    pub(super) witness: PrivateWitness,
}

impl Case {
    pub(super) fn air(&self) -> PrivateAir {
        let options = PrivateAir::options(&self.inputs, PRESET).unwrap();
        let info = PrivateAir::trace_info(&self.inputs, &options);
        PrivateAir::new(info, self.inputs.clone(), options)
    }

    pub(super) fn trace(&self) -> Vec<Vec<BaseElement>> {
        fill_private(&self.air(), &self.witness).unwrap()
    }

    /// The names of the groups of constraints that the trace breaks; public values are `public`.
    pub(super) fn broken(&self) -> Vec<&'static str> {
        names(&violations(&self.air(), &self.trace(), (0, usize::MAX)))
    }
}

pub(super) fn names(violations: &[Violation]) -> Vec<&'static str> {
    let name = |violation: &Violation| match *violation {
        Violation::Transition { constraint, .. } => CREDENTIAL_GROUPS.name_of(constraint).0,
        Violation::Boundary { .. } => "public",
    };
    let mut names: Vec<_> = violations.iter().map(name).collect();
    names.sort_unstable();
    names.dedup();
    names
}

pub(super) fn digest(n: u32) -> Digest {
    compress(
        BaseElement::from(1_u32),
        &Digest([n, 1, 2, 3].map(BaseElement::from)),
        &Digest::ZERO,
    )
}

pub(super) fn keys(n: u32) -> NoteKeys {
    NoteKeys {
        spend: SpendKey(digest(2 * n)),
        nullifier: digest(2 * n + 1),
    }
}

pub(super) const ASSET: AssetId = AssetId::new(7);

/// A note tree in which the notes of some values are, and a note that is spent for each.
pub(super) struct Pool {
    pub(super) tree: NoteTree,
    pub(super) spent: Vec<SpentNote>,
    pub(super) set: SparseTree,
}

/// `before` notes of others, and then ours, each followed by another's; `mode` says what the set has.
pub(super) fn pool(before: u32, values: &[u128], mode: Option<AssociationMode>) -> Pool {
    let mut tree = NoteTree::default();
    let mut set = SparseTree::new(SparseKind::Association);
    let others = |n: u32| Note {
        owner: keys(900 + n).address(),
        asset: ASSET,
        value: Amount::new(n.into()),
        rho: digest(5000 + n),
    };
    for n in 0..before {
        tree.append(others(n).commitment()).unwrap();
    }
    let mut notes = Vec::new();
    for (n, &value) in values.iter().enumerate() {
        let keys = keys(n as u32);
        let note = Note {
            owner: keys.address(),
            asset: ASSET,
            value: Amount::new(value),
            rho: digest(7000 + n as u32),
        };
        let position = tree.append(note.commitment()).unwrap();
        tree.append(others(1000 + position).commitment()).unwrap();
        let marked = if mode == Some(AssociationMode::Approved) {
            position
        } else {
            position + 1
        };
        assert!(set.mark(marked));
        notes.push((keys, note, position));
    }
    let spent = notes.into_iter().map(|(keys, note, position)| SpentNote {
        keys,
        rho: note.rho,
        asset: note.asset,
        value: note.value,
        path: tree.path(position),
        association: mode.map(|_| set.siblings(position)),
    });
    Pool {
        spent: spent.collect(),
        tree,
        set,
    }
}

fn association(pool: &Pool, mode: Option<AssociationMode>) -> Option<Association> {
    mode.map(|mode| Association {
        mode,
        root: pool.set.root(),
    })
}

/// A withdrawal of `amount` and `fee` from a note of `value`.
pub(super) fn withdrawal(
    (value, amount, fee): (u128, u128, u128),
    before: u32,
    mode: Option<AssociationMode>,
) -> Case {
    let pool = pool(before, &[value], mode);
    let note = pool.spent[0].clone();
    let change = NewNote::new(
        &keys(50).address(),
        &digest(51),
        Amount::new(value.wrapping_sub(amount).wrapping_sub(fee)),
    );
    Case {
        inputs: PrivateInputs::Withdrawal(WithdrawalInputs {
            anchor: pool.tree.root(),
            nullifier: note.nullifier(),
            change: change.commitment(ASSET),
            recipient: [3; 20],
            amount: Amount::new(amount),
            fee: Amount::new(fee),
            asset: ASSET,
            domain: domain_digest(ChainId::new(1), RollupId::new(2)),
            valid_until: BatchNumber::new(99),
            ciphertexts: [4; 32],
            association: association(&pool, mode),
        }),
        witness: PrivateWitness::Withdrawal(Box::new(WithdrawalWitness { note, change })),
    }
}

/// A transfer: `None` is a dummy.
pub(super) fn transfer(
    values: [Option<u128>; 2],
    outputs: [u128; 2],
    fee: u128,
    mode: Option<AssociationMode>,
) -> Case {
    let real: Vec<u128> = values.iter().flatten().copied().collect();
    let pool = pool(3, &real, mode);
    let mut spent = pool.spent.iter();
    let inputs = [0, 1].map(|k: u32| match values[k as usize] {
        Some(_) => spent.next().unwrap().clone(),
        None => SpentNote::dummy(keys(80 + k), digest(81 + k), ASSET),
    });
    let outputs = [0, 1].map(|k: u32| {
        NewNote::new(
            &keys(60 + k).address(),
            &digest(61 + k),
            Amount::new(outputs[k as usize]),
        )
    });
    let fee = (fee > 0).then_some(Fee {
        amount: Amount::new(fee),
        asset: ASSET,
    });
    Case {
        inputs: PrivateInputs::Transfer(TransferInputs {
            anchor: pool.tree.root(),
            nullifiers: [0, 1].map(|k: usize| inputs[k].nullifier()),
            commitments: [0, 1].map(|k: usize| outputs[k].commitment(ASSET)),
            fee,
            domain: domain_digest(ChainId::new(1), RollupId::new(2)),
            valid_until: BatchNumber::new(99),
            ciphertexts: [4; 32],
            association: association(&pool, mode),
        }),
        witness: PrivateWitness::Transfer(Box::new(TransferWitness { inputs, outputs })),
    }
}

/// Secrets made by hashing: enough for tests.
pub(super) struct Toy;

impl SecretSource for Toy {
    fn chain_starts(&self, key_index: u32) -> [ChainValue; CHAINS] {
        core::array::from_fn(|c| {
            let digest = digest(10_000 + key_index * 64 + c as u32);
            [digest.0[0], digest.0[1]]
        })
    }

    fn randomizer_base(&self, key_index: u32, bound: &Digest, nonce: Nonce) -> [BaseElement; 2] {
        let digest = digest(key_index ^ nonce.get() << 8);
        [digest.0[0], bound.0[0]]
    }
}

/// The number of the one-time key that shows control.
pub(super) const RESERVED: u16 = 1023;

const SEED: [u32; 2] = [5, 6];

/// A full key, made once. Of its one-time keys the reserved one alone is real: nobody signs here.
pub(super) fn key() -> &'static KeyTree {
    static KEY: OnceLock<KeyTree> = OnceLock::new();
    KEY.get_or_init(|| {
        let seed = SEED.map(BaseElement::from);
        let mut leaves: Vec<Digest> = (0..1023_u32)
            .map(|n| Digest([n; 4].map(BaseElement::from)))
            .collect();
        let reserved = u32::from(RESERVED)..u32::from(RESERVED) + 1;
        leaves.extend(one_time_public_keys(
            &Toy,
            &seed,
            reserved,
            &ScalarCompressor,
        ));
        KeyTree::from_leaves(seed, leaves, &ScalarCompressor).unwrap()
    })
}

/// The reserved one-time key of [`key`].
pub(super) fn one_time_key() -> KeyWitness {
    let seed = SEED.map(BaseElement::from);
    let mut ends = Toy.chain_starts(RESERVED.into());
    let starts = core::array::from_fn(|chain| ends[chain]);
    for (chain, value) in ends.iter_mut().enumerate() {
        for position in 0..3 {
            let input = chain_step_input(&seed, RESERVED.into(), chain, position, value);
            let digest = winterlane_ledger::hash::compress_input(&input);
            *value = [digest.0[0], digest.0[1]];
        }
    }
    KeyWitness {
        seed,
        key_index: RESERVED,
        starts,
        ends,
        auth: key().auth_path(RESERVED.into()).unwrap(),
    }
}

/// An account of `balance` with [`key`] in `slot`, whose first `next_index` one-time keys are used.
pub(super) fn account(balance: Amount, slot: SlotIndex, next_index: u16, scope: Scope) -> Account {
    let mut account = Account {
        asset: ASSET,
        balance,
        nonce: Nonce::new(5),
        ..Account::default()
    };
    account.slots[1 - slot.index()] = KeySlot {
        root: Root(digest(77)),
        next_index: 1,
        scope: Scope::ROTATE,
    };
    account.slots[slot.index()] = KeySlot {
        root: key().root(),
        next_index,
        scope,
    };
    account
}

/// The account holds from `at_least` to `at_most`.
pub(super) fn balance(
    account: Account,
    slot: SlotIndex,
    (at_least, at_most): (u128, Option<u128>),
) -> Case {
    let (id, other) = (0x8000_0005, Account::default());
    let ledger = Ledger::genesis(
        Domain::ZERO,
        BatchNumber::ZERO,
        [
            (AccountId::new(id), account),
            (AccountId::new(id ^ 4), other),
        ],
    )
    .unwrap();
    Case {
        inputs: PrivateInputs::Balance(BalanceInputs {
            state_root: ledger.root(),
            domain: domain_digest(ChainId::new(1), RollupId::new(2)),
            asset: ASSET,
            at_least: Amount::new(at_least),
            at_most: at_most.map(Amount::new),
            session: Session {
                verifier: digest(1),
                challenge: [2; 32],
                expires: 1_900_000_000,
            },
        }),
        witness: PrivateWitness::Balance(Box::new(BalanceWitness {
            id: AccountId::new(id),
            account,
            siblings: ledger.prove(AccountId::new(id)).siblings,
            slot,
            key: one_time_key(),
        })),
    }
}

/// True statements of every kind, and every way to have them.
pub(super) fn honest() -> Vec<Case> {
    let approved = Some(AssociationMode::Approved);
    let refused = Some(AssociationMode::NotRefused);
    let max = u128::MAX;
    let spend = |slot, balance| account(balance, slot, 2, Scope::SPEND);
    let (zero, one) = (SlotIndex::Zero, SlotIndex::One);
    vec![
        withdrawal((1000, 700, 1), 0, None),
        withdrawal((max, 1 << 100, 3), 5, approved),
        withdrawal((max, max - 1, 1), 2, refused),
        transfer(
            [Some(1 << 99), Some((1 << 50) - 1)],
            [1 << 98, (1 << 98) + (1 << 50) - 8],
            7,
            None,
        ),
        transfer([Some(10), None], [4, 6], 0, refused),
        transfer([None, Some(max)], [max - 1, 1], 0, approved),
        balance(spend(zero, Amount::new(500)), zero, (500, None)),
        balance(spend(one, Amount::new(max)), one, (1 << 100, Some(max))),
        balance(spend(one, Amount::new(1 << 50)), one, (0, Some(1 << 50))),
    ]
}
