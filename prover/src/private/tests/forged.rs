//! False statements: each breaks a constraint, whatever witness is tried.

use winter_air::Air;
use winter_math::FieldElement;
use winterlane_air::private::{Role, columns::POSITION, violations};
use winterlane_ledger::{
    Amount, Anchor, AssetId, BaseElement, Digest, Scope, SlotIndex,
    hash::{compress, tag},
    private::{
        AssociationMode, NoteKeys, PrivateInputs, SHOWN_CHAINS, SparseKind, SparseTree, SpendKey,
        TransferInputs, WithdrawalInputs,
    },
};

use super::world::{
    ASSET, Case, account, balance, digest, keys, names, pool as tree, transfer, withdrawal,
};
use crate::private::{
    BalanceWitness, NewNote, PrivateWitness, SpentNote, TransferWitness, WithdrawalWitness,
    machine::{self, Filler, Free, Registers},
    pool,
};

/// What is said, and how it is said in the witness.
type Lie<T> = (&'static str, fn(&mut T));

const APPROVED: Option<AssociationMode> = Some(AssociationMode::Approved);
const REFUSED: Option<AssociationMode> = Some(AssociationMode::NotRefused);

fn of_withdrawal(case: &mut Case) -> (&mut WithdrawalInputs, &mut WithdrawalWitness) {
    match (&mut case.inputs, &mut case.witness) {
        (PrivateInputs::Withdrawal(inputs), PrivateWitness::Withdrawal(witness)) => {
            (inputs, witness)
        }
        _ => panic!("no withdrawal"),
    }
}

fn of_transfer(case: &mut Case) -> (&mut TransferInputs, &mut TransferWitness) {
    match (&mut case.inputs, &mut case.witness) {
        (PrivateInputs::Transfer(inputs), PrivateWitness::Transfer(witness)) => (inputs, witness),
        _ => panic!("no transfer"),
    }
}

fn of_balance(case: &mut Case) -> &mut BalanceWitness {
    match &mut case.witness {
        PrivateWitness::Balance(witness) => witness,
        _ => panic!("no balance"),
    }
}

/// What a lie breaks: nothing else.
fn breaks(case: &Case, groups: &[&str], what: &str) {
    assert_eq!(case.broken(), groups, "{what}");
}

/// A note as its spender would like it: nullifier and change are made to fit.
fn spend(case: &mut Case, lie: impl FnOnce(&mut SpentNote)) {
    let (inputs, witness) = of_withdrawal(case);
    lie(&mut witness.note);
    inputs.nullifier = witness.note.nullifier();
}

#[test]
fn a_note_is_its_owners() {
    let honest = withdrawal((1000, 700, 1), 3, None);
    let lies: [Lie<SpentNote>; 5] = [
        ("another's note", |note| note.keys = keys(33)),
        ("another spend key", |note| {
            note.keys.spend = SpendKey(digest(1));
        }),
        ("another nullifier key", |note| {
            note.keys.nullifier = digest(999);
        }),
        ("other randomness", |note| note.rho = digest(1)),
        ("another path", |note| {
            if let Some(path) = &mut note.path {
                path.siblings[9].0[2] += BaseElement::ONE;
            }
        }),
    ];
    for (what, lie) in lies {
        let mut case = honest.clone();
        spend(&mut case, lie);
        breaks(&case, &["checks"], what);
    }
    // the auditor's keys spend nothing: `ak` in place of `sk`
    let mut case = honest.clone();
    spend(&mut case, |note| {
        let NoteKeys { spend, nullifier } = note.keys;
        note.keys = NoteKeys {
            spend: SpendKey(spend.authority()),
            nullifier,
        };
    });
    breaks(&case, &["checks"], "an authority in place of its key");
}

#[test]
fn a_note_has_one_nullifier() {
    let honest = withdrawal((1000, 700, 1), 3, None);
    let mut case = honest.clone();
    of_withdrawal(&mut case).0.nullifier.0 = digest(1);
    breaks(&case, &["public"], "a nullifier of nothing");

    // of another position: its bits are those of the path
    for flipped in [1, 2, 1 << 31] {
        let mut case = honest.clone();
        spend(&mut case, |note| {
            if let Some(path) = &mut note.path {
                path.position ^= flipped;
            }
        });
        breaks(&case, &["checks"], "another position");
    }
    // a position above 2^32 that has the same low bits cannot be said: a register of 33 bits leaves a bit
    let mut trace = honest.trace();
    let above = BaseElement::new(1 << 32);
    for cell in &mut trace[POSITION] {
        *cell += above;
    }
    let broken = violations(&honest.air(), &trace, (0, usize::MAX));
    assert!(names(&broken).contains(&"index"));
}

#[test]
fn value_comes_from_somewhere() {
    let cases: [(&str, (u128, u128, u128), u128); 5] = [
        ("one more out", (1000, 700, 1), 300),
        ("one less out", (1000, 700, 1), 298),
        ("nothing in", (0, 700, 0), 0),
        ("the change wraps around 2^128", (1000, 1001, 0), u128::MAX),
        ("a limb too many", (1 << 50, 0, 0), (1 << 50) + (1 << 100)),
    ];
    for (what, (value, amount, fee), change) in cases {
        let mut case = withdrawal((value, amount.min(value), fee), 3, None);
        let (inputs, witness) = of_withdrawal(&mut case);
        inputs.amount = Amount::new(amount);
        witness.change.value = Amount::new(change);
        inputs.change = witness.change.commitment(ASSET);
        breaks(&case, &["sum-end"], what);
    }
    // another asset leaves than the note's
    let mut case = withdrawal((1000, 700, 1), 3, None);
    of_withdrawal(&mut case).0.asset.0 += 1;
    breaks(&case, &["public"], "another asset");
    let mut case = withdrawal((1000, 700, 1), 3, None);
    spend(&mut case, |note| note.asset.0 += 1);
    let (inputs, witness) = of_withdrawal(&mut case);
    inputs.asset.0 += 1;
    inputs.change = witness.change.commitment(inputs.asset);
    breaks(&case, &["checks"], "the note as one of another asset");

    for (what, inputs, outputs, fee) in [
        ("one more", [Some(10), Some(20)], [15, 16], 0),
        ("a fee of nothing", [Some(10), None], [10, 0], 1),
        ("two that wrap", [Some(10), Some(20)], [u128::MAX, 31], 0),
        ("dummies", [None, None], [1, 0], 0),
    ] {
        let case = transfer(inputs, outputs, fee, None);
        breaks(&case, &["sum-end"], what);
    }
}

/// Outputs whose limbs are what nobody's value has.
struct Limbs<'a>(pool::Filler<'a>, [[BaseElement; 3]; 2]);

impl Filler for Limbs<'_> {
    fn free(&self, role: Role) -> Free {
        let mut free = self.0.free(role);
        if let Role::Output(k) = role {
            free.hi[1..].copy_from_slice(&self.1[k]);
        }
        free
    }

    fn registers(&self, role: Role) -> Registers {
        self.0.registers(role)
    }

    fn asset(&self) -> AssetId {
        self.0.asset()
    }
}

/// A limb out of its range is refused where it is, though the sum is right.
#[test]
fn limbs_are_in_their_ranges() {
    let [zero, one, two] = [0_u32, 1, 2].map(BaseElement::from);
    let wide = BaseElement::new(1 << 50);
    let wide_high = BaseElement::new(1 << 28);
    // what 2^51, or nothing, is to be made of
    let lies = [
        (1 << 51, [[wide, -one, zero], [zero, two, zero]]),
        (1 << 51, [[-wide, two, zero], [zero, one, zero]]),
        (0, [[zero, zero, -one], [zero, zero, one]]),
        (0, [[zero, zero, wide_high], [zero, zero, -wide_high]]),
    ];
    for (value, limbs) in lies {
        let mut case = transfer([Some(value), None], [value, 0], 0, None);
        let (inputs, witness) = of_transfer(&mut case);
        for (k, [low, middle, high]) in limbs.into_iter().enumerate() {
            let lanes = Digest([BaseElement::from(ASSET.get()), low, middle, high]);
            let blinded = witness.outputs[k].blinded;
            inputs.commitments[k].0 = compress(tag::COMMITMENT, &blinded, &lanes);
        }
        let air = case.air();
        let (_, witness) = of_transfer(&mut case);
        let liar = Limbs(pool::Filler::transfer(witness), limbs);
        let trace = machine::fill(air.schedule(), air.trace_length(), &liar);
        let broken = violations(&air, &trace, (0, usize::MAX));
        assert_eq!(names(&broken), ["range-end"], "{limbs:?}");
    }
}

#[test]
fn a_dummy_is_worth_nothing_and_a_note_is_in_the_tree() {
    let mut case = transfer([Some(10), None], [4, 6], 0, None);
    let (inputs, witness) = of_transfer(&mut case);
    witness.inputs[1].value = Amount::new(5);
    witness.outputs[1].value = Amount::new(11);
    inputs.nullifiers[1] = witness.inputs[1].nullifier();
    inputs.commitments[1] = witness.outputs[1].commitment(ASSET);
    breaks(&case, &["dummy"], "a dummy of value 5");

    let other = tree(4, &[10], None);
    let (_, witness) = of_transfer(&mut case);
    witness.inputs[1].path = other.spent[0].path;
    let broken = case.broken();
    assert!(broken.contains(&"checks"), "{broken:?}");

    // a withdrawal has no dummies
    let mut case = withdrawal((0, 0, 0), 3, None);
    of_withdrawal(&mut case).1.note.path = None;
    let broken = case.broken();
    assert!(broken.contains(&"public"), "{broken:?}");
}

#[test]
fn sets_are_kept() {
    for mode in [APPROVED, REFUSED] {
        let honest = withdrawal((1000, 700, 1), 3, mode);
        // the set says the opposite
        let mut case = honest.clone();
        let (inputs, witness) = of_withdrawal(&mut case);
        let mut set = SparseTree::new(SparseKind::Association);
        let position = witness.note.position();
        if mode == REFUSED {
            assert!(set.mark(position));
        }
        witness.note.association = Some(set.siblings(position));
        inputs.association.as_mut().unwrap().root = set.root();
        breaks(&case, &["checks"], "not in the set, or in it");

        // the place of another note
        let mut case = honest.clone();
        let (inputs, witness) = of_withdrawal(&mut case);
        let mut set = SparseTree::new(SparseKind::Association);
        assert!(set.mark(if mode == APPROVED {
            position + 1
        } else {
            position
        }));
        witness.note.association = Some(set.siblings(position + 1));
        inputs.association.as_mut().unwrap().root = set.root();
        breaks(&case, &["checks"], "another's place");
    }
}

#[test]
fn the_change_is_what_is_published() {
    let mut case = withdrawal((1000, 700, 1), 3, None);
    let (_, witness) = of_withdrawal(&mut case);
    witness.change = NewNote::new(&keys(1).address(), &digest(2), Amount::new(299));
    breaks(&case, &["public"], "another change");
    of_withdrawal(&mut case).0.anchor = Anchor(digest(9));
    breaks(&case, &["checks", "public"], "another anchor");
    // a withdrawal's note is real, and the check is made
    let mut case = withdrawal((1000, 700, 1), 3, None);
    of_withdrawal(&mut case).0.anchor = Anchor(digest(9));
    breaks(&case, &["checks"], "another anchor");
}

#[test]
fn a_balance_is_within_its_bounds() {
    let (zero, both) = (SlotIndex::Zero, Scope::BOTH);
    let held = 1 << 100 | 5;
    let account = account(Amount::new(held), zero, 1, both);
    for bounds in [
        (held + 1, None),
        (held + (1 << 50), None),
        (u128::MAX, None),
        (0, Some(held - 1)),
        (held, Some(held - 1)),
        (0, Some(0)),
    ] {
        let case = balance(account, zero, bounds);
        let broken = case.broken();
        assert!(
            broken == ["range-end"] || broken == ["range-end", "sum-end"],
            "{bounds:?}: {broken:?}"
        );
    }
}

#[test]
fn a_balance_is_shown_by_who_may_spend_it_with_an_unused_key() {
    let zero = SlotIndex::Zero;
    let bounds = (5, None);
    let of = |scope, next| balance(account(Amount::new(9), zero, next, scope), zero, bounds);
    breaks(
        &of(Scope::ROTATE, 1),
        &["account"],
        "a key that may not spend",
    );
    breaks(
        &of(Scope::SPEND, 1024),
        &["range-end"],
        "a key that may have signed",
    );

    let honest = of(Scope::SPEND, 1);
    let lies: [Lie<BalanceWitness>; 9] = [
        ("another start", |w| w.key.starts[0][0] += BaseElement::ONE),
        ("another start of the last chain that is shown", |w| {
            w.key.starts[SHOWN_CHAINS - 1][1] += BaseElement::ONE;
        }),
        ("an end in place of the start", |w| {
            w.key.starts[3] = w.key.ends[3];
        }),
        ("two starts exchanged", |w| w.key.starts.swap(4, 5)),
        ("another end of a chain that is not shown", |w| {
            w.key.ends[SHOWN_CHAINS][0] += BaseElement::ONE;
        }),
        ("another one-time key's number", |w| w.key.key_index = 0),
        ("another seed", |w| w.key.seed[1] += BaseElement::ONE),
        ("another account's path", |w| w.id.0 ^= 1 << 20),
        ("a greater balance", |w| w.account.balance.0 += 1),
    ];
    for (what, lie) in lies {
        let mut case = honest.clone();
        lie(of_balance(&mut case));
        let broken = case.broken();
        assert!(broken.contains(&"public"), "{what}: {broken:?}");
    }
    // with the other slot's key
    let mut case = honest.clone();
    of_balance(&mut case).slot = SlotIndex::One;
    let broken = case.broken();
    assert!(broken.contains(&"public"), "{broken:?}");
    // one start short of those that are shown: what a signature with the digit 0 in all others has shown
    for chain in 0..SHOWN_CHAINS {
        let mut case = honest.clone();
        of_balance(&mut case).key.starts[chain] = Default::default();
        breaks(&case, &["public"], "a start that is not known");
    }
    // another asset
    let mut case = honest;
    if let PrivateInputs::Balance(inputs) = &mut case.inputs {
        inputs.asset.0 += 1;
    }
    breaks(&case, &["public"], "another asset");
}
