//! What a proof of a balance takes, and when there is none.

use winterlane_ledger::{
    AccountProof, Amount, ChainId, RollupId,
    hash::{compress_input, tag},
    private::{RESERVED_KEY_INDEX, sparse::climb},
    signature::{SecretSource as _, chain_step_input},
};

use super::*;

#[test]
fn a_balance_takes_a_full_hot_key_and_shows_what_is_there() {
    let place = tempfile::tempdir().unwrap();
    let mut wallet = made(place.path());
    let node = Node::of(&wallet);
    let small = wallet
        .held_balance(&node, None, (Amount::new(1), None))
        .unwrap_err();
    assert!(
        matches!(small, AccountError::SmallKey { height: 2 }),
        "{small}"
    );
    assert!(small.to_string().contains("rotate --height 10"));

    // One larger key, however often it is asked for; a rotation installs it.
    wallet.prepare_key(HOT, 10).unwrap();
    let keys = wallet.profile.keys.len();
    wallet.prepare_key(HOT, 10).unwrap();
    assert_eq!(wallet.profile.keys.len(), keys);
    drop(wallet);
    let mut wallet = opened(place.path());
    let rotate = Intent::Rotate { slot: HOT };
    wallet.order(&node, rotate, terms()).unwrap();
    node.seal();
    for bounds in [(1001, None), (0, Some(999))] {
        let none = wallet
            .held_balance(&node, None, amounts(bounds))
            .unwrap_err();
        assert!(matches!(
            none,
            AccountError::OtherBalance {
                holds: Amount(1000)
            }
        ));
    }
    for bounds in [(1000, None), (0, Some(1000)), (1000, Some(1000))] {
        wallet.held_balance(&node, None, amounts(bounds)).unwrap();
    }
    let wrong = wallet.held_balance(&node, Some(Root::ZERO), (Amount::new(1), None));
    assert!(matches!(wrong, Err(AccountError::OtherRoot { .. })));

    let held = wallet
        .held_balance(&node, None, (Amount::new(1), None))
        .unwrap();
    assert_eq!(
        (held.id, held.account.balance, held.slot),
        (AccountId::new(1), Amount::new(1000), HOT)
    );
    let proof = AccountProof {
        id: held.id,
        account: Some(held.account),
        siblings: held.siblings,
    };
    assert_eq!(proof.verify(&held.root).unwrap(), Some(held.account));
    assert_eq!(held.root, node.ledger.borrow().root());
    assert_eq!(
        held.domain,
        domain_digest(ChainId::new(1), RollupId::new(1))
    );

    // The one-time key is the last, its starts are the key's, its chains end where they say, and it is in the key's tree.
    let control = &held.control;
    assert_eq!(u32::from(control.key_index), RESERVED_KEY_INDEX);
    let root = held.account.slots[HOT.index()].root;
    let (secret, tree) = wallet.wallet.key_pair(&root).unwrap();
    let starts = secret.chain_starts(RESERVED_KEY_INDEX);
    assert_eq!(control.starts[..], starts[..control.starts.len()]);
    for (chain, start) in starts.into_iter().enumerate() {
        let end = (0..3).fold(start, |value, position| {
            let step = chain_step_input(&control.seed, RESERVED_KEY_INDEX, chain, position, &value);
            let digest = compress_input(&step);
            [digest.0[0], digest.0[1]]
        });
        assert_eq!(control.ends[chain], end);
    }
    let leaf = tree.leaves()[RESERVED_KEY_INDEX as usize];
    assert_eq!(
        climb(tag::XMSS, RESERVED_KEY_INDEX, leaf, &control.auth),
        root.0
    );
    // Nothing of it is printed.
    assert_eq!(
        format!("{held:?} {control:?}"),
        "HeldBalance(..) Control(..)"
    );
    // The wallet goes on paying, and not by the last one-time key.
    wallet.order(&node, PAY, terms()).unwrap();
}

#[test]
fn a_key_without_a_reserved_one_shows_nothing() {
    let place = tempfile::tempdir().unwrap();
    let mut wallet = Wallet::create(place.path()).unwrap();
    let root = wallet.add_key(0, 9).unwrap();
    let none = wallet.control(&root).unwrap_err();
    assert!(none.to_string().contains("1023"), "{none}");
    let unknown = wallet.control(&Root::ZERO);
    assert!(matches!(unknown, Err(WalletError::UnknownKey { .. })));
}

/// Bounds of a balance.
fn amounts((least, most): (u128, Option<u128>)) -> (Amount, Option<Amount>) {
    (Amount::new(least), most.map(Amount::new))
}
