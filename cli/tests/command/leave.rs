//! Leaving a frozen rollup where strangers have made accounts with one's keys: what cannot leave keeps nothing else back.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use winterlane_ledger::{
    Account, AccountId, Amount, AssetId, BatchNumber, ChainId, KeySlot, NewKeys, Nonce, RollupId,
    Root, Scope, hash::domain_digest,
};
use winterlane_settlement::{
    Call, DepositTo, Durable, Genesis, Party, Rules, Secret, Settlement as _, Verifier, durable,
    server::Server,
};
use winterlane_wallet::Wallet;

use super::command;

/// A key has two one-time keys.
const HEIGHT: u32 = 1;

/// A settlement that is frozen, with these accounts; and where it is served.
fn frozen(folder: &Path, accounts: BTreeMap<AccountId, Account>) -> Server {
    let genesis = Genesis {
        domain: domain_digest(ChainId::new(1), RollupId::new(7)),
        first_batch: BatchNumber::ZERO,
        accounts,
        operator: Secret::from_bytes([1; 32]).party(),
        governor: Party::NOBODY,
        rules: Rules::default(),
    };
    durable::create(folder, &genesis).unwrap();
    let clock = Arc::new(AtomicU64::new(1_000));
    let verifier = |genesis: &Genesis| Verifier::of_bits(genesis.rules.bits);
    let time = Arc::clone(&clock);
    let time = Box::new(move || time.load(Ordering::Relaxed));
    let durable = Durable::open(folder, verifier, time).unwrap();
    let carol = durable.by(Secret::from_bytes([7; 32]).party());
    let deposit = Call::Deposit {
        asset: AssetId::new(5),
        amount: Amount::new(1),
        to: DepositTo::New(NewKeys::single(Root::ZERO)),
    };
    carol.call(&deposit).unwrap();
    clock.fetch_add(2 * genesis.rules.window, Ordering::Relaxed);
    carol.call(&Call::Freeze).unwrap();
    Server::start(durable, ([127, 0, 0, 1], 0).into()).unwrap()
}

/// Runs `exit leave`: its status, what it says, what it complains of.
fn leave(place: &Path, server: &Server, more: &[&str]) -> (Option<i32>, String, String) {
    let output = command()
        .args(["exit", "leave", "--wallet", "alice", "--key", "0,1"])
        .args(["--key-height", "1"])
        .args(["--to", "0xa11ce00000000000000000000000000000000001"])
        .args(["--settlement", &format!("http://{}", server.address())])
        .args(more)
        .current_dir(place)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

#[test]
fn what_cannot_leave_keeps_nothing_else_back() {
    let place = tempfile::tempdir().unwrap();
    let mut wallet = Wallet::create(&place.path().join("alice")).unwrap();
    let roots = [0, 1].map(|number| wallet.add_key(number, HEIGHT).unwrap());
    drop(wallet);
    let account = |root, balance| Account {
        asset: AssetId::new(978),
        balance,
        nonce: Nonce::ZERO,
        slots: [
            KeySlot {
                root,
                next_index: 0,
                scope: Scope::BOTH,
            },
            KeySlot::default(),
        ],
    };
    // Strangers made accounts with her first key before she made hers: one that is empty, and more than the key signs for.
    let accounts = [
        (0, account(roots[0], Amount::ZERO)),
        (1, account(roots[0], Amount::new(1))),
        (2, account(roots[0], Amount::new(2))),
        (3, account(roots[0], Amount::new(700))),
        (4, account(roots[1], Amount::new(90))),
    ];
    let accounts = accounts
        .map(|(id, account)| (AccountId::new(id), account))
        .into();
    let server = frozen(&place.path().join("settlement"), accounts);

    // she names hers, which leaves before the others can use up the key
    let (status, out, said) = leave(place.path(), &server, &["--account", "3"]);
    assert_eq!(status, Some(0), "{out}{said}");
    assert!(
        out.contains("700 of asset 978") && out.lines().count() == 1,
        "{out}"
    );
    // all of them: the key signs for one of the others, and what has the other key leaves all the same
    let (status, out, said) = leave(place.path(), &server, &[]);
    assert_eq!(status, Some(2), "{out}{said}");
    for words in [
        "1 of asset 978",
        "account 3",
        "has left already",
        "90 of asset 978",
    ] {
        assert!(out.contains(words), "{words}: {out}");
    }
    for words in ["account 0: ", "account 2: ", "one-time key"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    // asked again, it uses up nothing more, and says the same
    let (status, again, complaint) = leave(place.path(), &server, &[]);
    assert_eq!((status, complaint), (Some(2), said));
    assert_eq!(again.matches("has left already").count(), 3, "{again}");
    assert!(!again.contains("of asset"), "{again}");
    // what is not hers is named
    let (status, _, said) = leave(place.path(), &server, &["--account", "4,9"]);
    assert_eq!(status, Some(2), "{said}");
    assert!(said.contains("account 9: "), "{said}");
}
