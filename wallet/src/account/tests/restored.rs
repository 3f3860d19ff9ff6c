//! Wallets that were lost, and that were half made.

use super::*;

/// The wallet is lost while orders of it, which nobody has seen sealed, are about; and again, and again.
#[test]
fn a_lost_wallet_comes_back_and_signs_with_no_key_twice() {
    let place = tempfile::tempdir().unwrap();
    let mut wallet = made(&place.path().join("first"));
    let node = Node::of(&wallet);
    let text = wallet.backup_text();
    let seed = || MasterSeed::parse_backup(&text).unwrap();
    wallet.order(&node, PAY, terms()).unwrap();
    wallet
        .order(&node, Intent::Rotate { slot: HOT }, terms())
        .unwrap();
    node.seal();
    // Signed, and lost: as many as a wallet signs.
    node.swallows.set(true);
    for _ in 0..COLD_AHEAD {
        wallet
            .order(&node, Intent::Rotate { slot: HOT }, terms())
            .unwrap_err();
        wallet.profile.outbox = None;
    }
    drop(wallet);
    let mut from = Restore {
        account: AccountId::new(1),
        node: "http://127.0.0.1:1".to_owned(),
        root: Some(node.ledger.borrow().root()),
        attempt: 0,
        hot_height: 2,
        cold_height: 5,
    };
    let restore = |from: &Restore, name: &str| {
        AccountWallet::restore(
            &place.path().join(name),
            seed(),
            from,
            &node,
            ScalarCompressor,
        )
    };
    // Its first replacement of a key is lost with it.
    let mut second = restore(&from, "second").unwrap();
    second
        .order(&node, Intent::Rotate { slot: HOT }, terms())
        .unwrap_err();
    drop(second);
    node.swallows.set(false);
    from.attempt = 1;
    let mut third = restore(&from, "third").unwrap();
    let error = third.order(&node, PAY, terms()).unwrap_err();
    assert!(
        matches!(error, AccountError::ForeignKey { slot: HOT, .. }),
        "{error}"
    );
    third
        .order(&node, Intent::Rotate { slot: HOT }, terms())
        .unwrap();
    third.order(&node, PAY, terms()).unwrap();
    node.seal();
    assert_eq!(node.balance(AccountId::new(9)), Amount::new(20));
    no_key_signed_twice(&node);

    // Not with a root that is not the node's, another seed's keys, or a place that is taken.
    from.root = Some(Root::ZERO);
    assert!(matches!(
        restore(&from, "fourth"),
        Err(AccountError::OtherRoot { .. })
    ));
    from.root = None;
    // (The cold key has not sixteen left to pass over.)
    assert!(matches!(
        restore(&from, "fourth"),
        Err(AccountError::UsedUp { slot: COLD })
    ));
    from.attempt = 0;
    assert!(matches!(
        restore(&from, "third"),
        Err(AccountError::Wallet(WalletError::Exists { .. }))
    ));
    from.cold_height = 4;
    assert!(matches!(
        restore(&from, "fourth"),
        Err(AccountError::NotOurs { .. })
    ));
    from.cold_height = 5;
    from.attempt = 3;
    assert!(matches!(
        restore(&from, "fourth"),
        Err(AccountError::UsedUp { .. })
    ));
    assert!(
        !place.path().join("fourth").exists(),
        "nothing is made before all is known"
    );
}

#[test]
fn a_wallet_that_is_half_made_is_finished() {
    let place = tempfile::tempdir().unwrap();
    drop(Wallet::create(place.path()).unwrap());
    let error = AccountWallet::open(place.path(), ScalarCompressor).unwrap_err();
    assert!(matches!(error, AccountError::NoProfile { .. }), "{error}");
    drop(made(place.path()));
    let again = NewAccount {
        account: AccountId::new(2),
        asset: AssetId::new(7),
        node: String::new(),
        hot_height: 2,
        cold_height: 5,
    };
    let error = AccountWallet::create(place.path(), &again, ScalarCompressor).unwrap_err();
    assert!(
        matches!(error, AccountError::Wallet(WalletError::Exists { .. })),
        "{error}"
    );
    std::fs::write(place.path().join(PROFILE), b"{}").unwrap();
    let error = AccountWallet::open(place.path(), ScalarCompressor).unwrap_err();
    assert!(matches!(error, AccountError::Profile { .. }), "{error}");
}
