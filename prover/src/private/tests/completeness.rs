//! What is true has a trace that keeps every constraint.

use proptest::prelude::*;
use winterlane_ledger::{
    Amount, Scope, SlotIndex,
    private::{AssociationMode, Test},
};

use super::{
    people::{self, Ask, VALUES},
    world::{account, balance, honest, transfer, withdrawal},
};

#[test]
fn true_statements_keep_every_constraint() {
    for (number, case) in honest().iter().enumerate() {
        assert_eq!(case.broken(), [""; 0], "statement {number}");
    }
    for (number, case) in people::honest().iter().enumerate() {
        assert_eq!(case.broken(), [""; 0], "credential {number}");
    }
}

fn mode() -> impl Strategy<Value = Option<AssociationMode>> {
    prop_oneof![
        Just(None),
        Just(Some(AssociationMode::Approved)),
        Just(Some(AssociationMode::NotRefused))
    ]
}

/// Values with many zeros and ones in their limbs.
fn value() -> impl Strategy<Value = u128> {
    let shifted = (any::<u64>(), 0..128_u32).prop_map(|(bits, shift)| u128::from(bits) << shift);
    let edges = prop_oneof![
        Just(0),
        Just(u128::MAX),
        Just(1 << 50),
        Just((1 << 100) - 1)
    ];
    prop_oneof![any::<u128>(), shifted, edges]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn withdrawals(value in value(), a in value(), b in value(), before in 0..9_u32, mode in mode()) {
        let amount = a.min(value);
        let fee = b.min(value - amount);
        prop_assert!(withdrawal((value, amount, fee), before, mode).broken().is_empty());
    }

    #[test]
    fn transfers(first in value(), second in value(), a in value(), b in value(), dummies in 0..3_usize, mode in mode()) {
        let first = first.min(u128::MAX - second);
        let inputs = [[Some(first), Some(second)], [None, Some(second)], [Some(first), None]][dummies];
        let sum = inputs.iter().flatten().sum::<u128>();
        let fee = a.min(sum);
        let output = b.min(sum - fee);
        let case = transfer(inputs, [output, sum - fee - output], fee, mode);
        prop_assert!(case.broken().is_empty());
    }

    #[test]
    fn balances(held in value(), a in value(), b in value(), slot in 0..2_usize, next in 0..1024_u16) {
        let slot = SlotIndex::ALL[slot];
        let account = account(Amount::new(held), slot, next, Scope::BOTH);
        let bounds = (a.min(held), Some(b.max(held)));
        prop_assert!(balance(account, slot, bounds).broken().is_empty());
    }

    #[test]
    fn credentials(asked in proptest::collection::vec(ask(), 0..5), pseudonym: bool) {
        prop_assert!(people::shown(people::ours(), &asked, pseudonym).broken().is_empty());
    }
}

/// Something that is true of an attribute.
fn ask() -> impl Strategy<Value = (u8, Ask)> {
    (0..VALUES.len(), value(), value(), 0..5_u8).prop_map(|(number, a, b, form)| {
        let (place, held) = VALUES[number];
        let (least, most) = (a.min(held), b.max(held));
        let ask = match form {
            0 => Ask::Test(Test::AtLeast(least)),
            1 => Ask::Test(Test::AtMost(most)),
            2 => Ask::Test(Test::Between(least, most)),
            3 => Ask::Test(Test::Equals(held)),
            _ => Ask::Member(vec![a, b, held], 2),
        };
        (place, ask)
    })
}
