//! Notes that are spent with an association set: which are chosen, and what is shown of them.

use winterlane_ledger::{
    ScalarCompressor,
    private::{
        AssociationMode, SparseKind,
        sparse::{MARK, climb},
    },
};

use super::*;

fn set(mode: AssociationMode, positions: &[u32]) -> AssociationSet {
    AssociationSet::new(mode, positions, &ScalarCompressor).unwrap()
}

/// Alice's notes of 100, 60, 50, 40 at positions 0, 1, 3, 4; Bob's between.
fn world() -> (World, NoteSecret) {
    let (alice, bob) = (account(1), account(2));
    let mut world = World::new();
    for (to, amount) in [
        (&alice, 100),
        (&alice, 60),
        (&bob, 500),
        (&alice, 50),
        (&alice, 40),
    ] {
        world.shield(to, 7, amount);
    }
    (world, alice)
}

/// That the note which is spent is shown in the set, or not in it.
fn check_shown(input: &Input, set: &AssociationSet) {
    let (path, siblings) = (input.path.unwrap(), input.association.unwrap());
    let association = set.association();
    let leaf = match association.mode {
        AssociationMode::Approved => MARK,
        AssociationMode::NotRefused => Digest::ZERO,
    };
    let tag = SparseKind::Association.tag();
    assert_eq!(
        climb(tag, path.position, leaf, &siblings),
        association.root.0
    );
    assert!(set.admits(path.position));
}

#[test]
fn only_notes_that_the_set_admits_are_spent() {
    let (world, alice) = world();
    let book = world.book(&alice);
    let approved = set(AssociationMode::Approved, &[1, 2, 3]);
    let refused = set(AssociationMode::NotRefused, &[0, 4]);
    for set in [&approved, &refused] {
        let terms = |amount| Terms {
            association: Some(set),
            ..world.terms(amount, 1)
        };
        // Without the set it would be the note of 40.
        let spend = book.withdrawal(&alice, &world.tree, &terms(30), [9; 20]);
        let spend = spend.unwrap();
        world.check_withdrawal(&alice, &spend);
        assert_eq!(spend.input.path.unwrap().position, 3);
        assert_eq!(spend.inputs.association, Some(set.association()));
        check_shown(&spend.input, set);

        // Both notes of a transfer; a dummy, which is in no tree, is in no set either.
        let to = account(3).payment_address();
        let spend = book
            .transfer(&alice, &world.tree, &terms(105), &to)
            .unwrap();
        assert_eq!(spend.inputs.association, Some(set.association()));
        spend.spent.iter().for_each(|input| check_shown(input, set));
        let spend = book.transfer(&alice, &world.tree, &terms(55), &to).unwrap();
        let [real, dummy] = match &spend.spent {
            [real, dummy] if dummy.path.is_none() => [real, dummy],
            [dummy, real] => [real, dummy],
        };
        check_shown(real, set);
        assert_eq!((dummy.path, dummy.association), (None, None));

        // There is enough, and not where it may be shown: said with both sums.
        let error = book.withdrawal(&alice, &world.tree, &terms(80), [9; 20]);
        assert!(
            matches!(
                error,
                Err(SpendError::NotAdmitted {
                    asset: AssetId(7),
                    need: Amount(81),
                    have: Amount(250),
                    admitted: Amount(110)
                })
            ),
            "{error:?}"
        );
        // There is not enough at all.
        let error = book.withdrawal(&alice, &world.tree, &terms(300), [9; 20]);
        assert!(matches!(
            error,
            Err(SpendError::Select(SelectError::NotEnough {
                have: Amount(110),
                ..
            }))
        ));
    }
    // With no set nothing is shown.
    let spend = book
        .withdrawal(&alice, &world.tree, &world.terms(30, 1), [9; 20])
        .unwrap();
    assert_eq!(spend.input.path.unwrap().position, 4);
    assert_eq!(
        (spend.input.association, spend.inputs.association),
        (None, None)
    );
}
