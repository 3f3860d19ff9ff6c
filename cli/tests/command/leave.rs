//! Leaving a frozen rollup where strangers have made accounts with one's keys: what cannot leave keeps nothing else back.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use serde_json::{Value, json};
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
    serve(folder, accounts, true)
}

/// A settlement with these accounts, in which a deposit waits; frozen by it, if it is to be.
fn serve(folder: &Path, accounts: BTreeMap<AccountId, Account>, frozen: bool) -> Server {
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
    if frozen {
        clock.fetch_add(2 * genesis.rules.window, Ordering::Relaxed);
        carol.call(&Call::Freeze).unwrap();
    }
    Server::start(durable, ([127, 0, 0, 1], 0).into()).unwrap()
}

const TO: &str = "0xa11ce00000000000000000000000000000000001";

/// Runs `exit leave`: its status, what it says, what it complains of.
fn leave(place: &Path, server: &Server, more: &[&str]) -> (Option<i32>, String, String) {
    let leave = [
        "leave",
        "--wallet",
        "alice",
        "--key",
        "0,1",
        "--key-height",
        "1",
        "--to",
        TO,
    ];
    exit(place, server, &[&leave[..], more].concat())
}

/// Runs a command of `exit`: its status, what it says, what it complains of.
fn exit(place: &Path, server: &Server, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = command()
        .arg("exit")
        .args(arguments)
        .args(["--settlement", &format!("http://{}", server.address())])
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

/// An account with this key.
fn account(root: Root, balance: Amount) -> Account {
    Account {
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
    }
}

#[test]
fn what_cannot_leave_keeps_nothing_else_back() {
    let place = tempfile::tempdir().unwrap();
    let mut wallet = Wallet::create(&place.path().join("alice")).unwrap();
    let roots = [0, 1].map(|number| wallet.add_key(number, HEIGHT).unwrap());
    drop(wallet);
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

/// Programs read what was done of an object, also where something was not.
#[test]
fn what_was_done_is_told_as_an_object() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path();
    let mut wallet = Wallet::create(&path.join("alice")).unwrap();
    let root = wallet.add_key(0, HEIGHT).unwrap();
    drop(wallet);
    let accounts = BTreeMap::from([
        (AccountId::new(0), account(root, Amount::new(700))),
        (AccountId::new(1), account(root, Amount::new(1))),
    ]);
    let json = |output: &str| -> Value { serde_json::from_str(output).unwrap() };
    Secret::from_bytes([7; 32])
        .save(&path.join("carol.secret"))
        .unwrap();

    let server = serve(&path.join("running"), accounts.clone(), false);
    let keys = ["--wallet", "alice", "--key-height", "1", "--json"];
    let force = ["force", "--account", "0", "--amount", "9", "--to", TO];
    let (status, out, said) = exit(path, &server, &[&force[..], &keys].concat());
    assert_eq!((status, said.as_str()), (Some(0), ""), "{out}");
    assert_eq!(json(&out)["outcome"]["forced"]["number"], 1, "{out}");
    // what is refused is told on standard error, as without it, and as an object
    let (status, out, said) = exit(path, &server, &["freeze", "--json"]);
    assert_eq!(
        (status, &json(&out)["status"]),
        (Some(1), &json!(1)),
        "{said}"
    );
    let reason = json(&out)["error"].as_str().unwrap().to_owned();
    assert!(
        reason.contains("obligation 0 is due") && said.contains(&reason),
        "{out}{said}"
    );
    let notes = ["force-notes", "--to", TO];
    let (status, out, said) = exit(path, &server, &[&notes[..], &keys].concat());
    assert_eq!(status, Some(2), "{out}{said}");
    let steps = &json(&out)["steps"];
    assert_eq!(steps[0]["of"], "nothing is forced", "{out}");
    assert!(steps[0]["failed"].is_string(), "{out}");
    drop(server);

    let server = frozen(&path.join("frozen"), accounts);
    let (status, out, said) = leave(path, &server, &["--account", "0,9", "--json"]);
    assert_eq!(status, Some(2), "{out}{said}");
    let steps = json(&out)["steps"].clone();
    assert_eq!(steps[0]["of"], "account 9", "{out}");
    assert!(steps[0]["failed"].as_str().unwrap().contains("no key"));
    assert_eq!(steps[1]["of"], "account 0", "{out}");
    assert_eq!(steps[1]["outcome"]["paid"]["amount"], "700", "{out}");
    let (status, out, said) = leave(path, &server, &["--account", "0", "--json"]);
    assert_eq!((status, said.as_str()), (Some(0), ""));
    let before = json!([{ "of": "account 0", "before": "has left already" }]);
    assert_eq!(json(&out)["steps"], before, "{out}");
    let (status, out, said) = exit(path, &server, &["deposits", "--json"]);
    assert_eq!((status, said.as_str()), (Some(0), ""));
    assert_eq!(json(&out)["steps"][0]["outcome"]["paid"]["amount"], "1");
    let collect = ["collect", "--secret", "carol.secret", "--json"];
    let (status, out, _) = exit(path, &server, &collect);
    assert_eq!((status, json(&out)), (Some(0), json!({ "steps": [] })));
    // in words, too, it says that there is nothing
    let (status, out, _) = exit(path, &server, &collect[..3]);
    assert_eq!((status, out.contains("nothing")), (Some(0), true), "{out}");
    let (status, out, _) = exit(path, &server, &["deposits"]);
    assert_eq!((status, out.contains("nothing")), (Some(0), true), "{out}");
    let (status, out, _) = exit(path, &server, &["status", "--json"]);
    assert_eq!(status, Some(0));
    assert!(json(&out)["frozen"].is_object(), "{out}");
    for read in ["accounts", "payments"] {
        let (status, out, said) = exit(path, &server, &[read, "--json"]);
        assert_eq!((status, said.as_str()), (Some(0), ""));
        assert!(json(&out).is_object(), "{out}");
    }
}
