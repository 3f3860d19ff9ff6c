//! Which notes are spent.

use super::*;

fn found(value: Amount, position: u32) -> Found {
    let alice = account(1);
    let note = Note {
        owner: alice.keys().address(),
        asset: AssetId::new(7),
        value,
        rho: Digest::ZERO,
    };
    Found {
        note,
        position,
        nullifier: Nullifier(Digest::ZERO),
        made: 0,
        state: State::Unspent,
    }
}

#[test]
fn too_little_and_too_many_are_told_apart() {
    let notes: Vec<_> = (0..3)
        .map(|position| found(Amount::new(10), position))
        .collect();
    let no = |need, most| select(&notes, (AssetId::new(7), need), most, Amount::ZERO).unwrap_err();
    assert!(matches!(
        no(Amount::new(31), 2),
        SelectError::NotEnough {
            have: Amount(30),
            need: Amount(31),
            ..
        }
    ));
    assert!(matches!(
        no(Amount::new(21), 2),
        SelectError::TooManyNotes {
            largest: Amount(20),
            ..
        }
    ));
    assert!(matches!(
        no(Amount::new(11), 1),
        SelectError::TooManyNotes { most: 1, .. }
    ));
    assert!(matches!(
        select(&notes, (AssetId::new(8), Amount::new(1)), 2, Amount::ZERO),
        Err(SelectError::NotEnough {
            have: Amount(0),
            ..
        })
    ));
    assert!(matches!(
        select(&[], (AssetId::new(7), Amount::ZERO), 2, Amount::ZERO),
        Err(SelectError::NotEnough { .. })
    ));
}

proptest! {
    #[test]
    fn the_choice_is_the_best_there_is(values in proptest::collection::vec(1..50u128, 1..8), need in 1..120u128) {
        let notes: Vec<_> = (0..).zip(&values).map(|(position, value)| found(Amount::new(*value), position)).collect();
        let single = values.iter().filter(|value| **value >= need).min().copied();
        let pairs = (0..values.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
        let double = pairs.map(|(i, j)| values[i] + values[j]).filter(|sum| *sum >= need).min();
        match select(&notes, (AssetId::new(7), Amount::new(need)), 2, Amount::ZERO) {
            Ok(chosen) => {
                let sum: u128 = chosen.iter().map(|found| found.note.value.get()).sum();
                prop_assert_eq!(Some(sum), single.or(double));
                prop_assert_eq!(chosen.len(), if single.is_some() { 1 } else { 2 });
                if let [one, two] = chosen[..] {
                    prop_assert_ne!(one.position, two.position);
                }
            }
            Err(SelectError::NotEnough { have, .. }) => prop_assert!(have < Amount::new(need)),
            Err(_) => prop_assert_eq!(single.or(double), None),
        }
    }
}
