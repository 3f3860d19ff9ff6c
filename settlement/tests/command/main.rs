//! Settlement on a disk, in a process of its own, at an address: what it answered lasts, whatever ends it.

mod slips;
mod strangers;

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use winterlane_ledger::{
    AccountId, Amount, AssetId, BatchNumber, ChainId, NewKeys, RollupId, Root, ScalarCompressor,
    hash::domain_digest,
};
use winterlane_settlement::{
    Call, Claim, Client, DepositTo, Durable, Genesis, Outcome, Owed, Party, Rules, Secret,
    Settlement, StoreError, Verifier,
    durable::{self, Clock},
    rebuild::Rebuilt,
    server::{Limits, ServeError, Server},
};

fn genesis() -> Genesis {
    Genesis {
        domain: domain_digest(ChainId::new(1), RollupId::new(7)),
        first_batch: BatchNumber::ZERO,
        accounts: BTreeMap::new(),
        operator: Secret::from_bytes([1; 32]).party(),
        governor: Party::NOBODY,
        rules: Rules::default(),
    }
}

fn verifier(genesis: &Genesis) -> Verifier {
    Verifier::of_bits(genesis.rules.bits)
}

fn still() -> Clock {
    Box::new(|| 1_000)
}

fn deposit(amount: Amount) -> Call {
    Call::Deposit {
        asset: AssetId::new(9),
        amount,
        to: DepositTo::New(NewKeys::single(Root::ZERO)),
    }
}

#[test]
fn it_opens_as_it_was_and_in_one_process() {
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("settlement");
    let open = || Durable::open(&folder, verifier, still());
    assert!(matches!(open(), Err(StoreError::Missing { .. })));
    let mut unusable = genesis();
    unusable.rules.window = 0;
    let refused = durable::create(&folder, &unusable);
    assert!(
        matches!(refused, Err(StoreError::Genesis(_))),
        "{refused:?}"
    );
    durable::create(&folder, &genesis()).unwrap();
    let again = durable::create(&folder, &genesis());
    assert!(matches!(again, Err(StoreError::Exists { .. })), "{again:?}");

    let first = open().unwrap();
    assert!(matches!(open(), Err(StoreError::Locked { .. })));
    let who = Secret::from_bytes([7; 32]).party();
    let handle = first.by(who);
    for amount in 1..5 {
        handle.call(&deposit(Amount::new(amount))).unwrap();
    }
    let refused = handle.call(&Call::Freeze).unwrap_err();
    assert!(refused.is("nothing_due"), "{refused}");
    let (status, owed) = (handle.status().unwrap(), handle.obligations(0, 99).unwrap());
    assert_eq!(
        (owed.len(), status.totals[&AssetId::new(9)]),
        (4, Amount::new(10))
    );
    drop((handle, first));

    let second = open().unwrap().by(who);
    assert_eq!(second.status().unwrap(), status);
    assert_eq!(second.obligations(0, 99).unwrap(), owed);
    assert_eq!(second.genesis().unwrap(), genesis());
    match second.call(&deposit(Amount::new(5))).unwrap() {
        Outcome::Deposited {
            account, number, ..
        } => assert_eq!((account, number), (AccountId::new(4), 4)),
        other => panic!("{other:?}"),
    }
    drop(second);
    // something else in its place is not taken for it
    fs::write(folder.join("settlement.redb"), b"something else").unwrap();
    assert!(open().is_err());
}

/// What time it is is part of the log: a clock that is set back afterwards changes nothing.
#[test]
fn time_is_what_it_was_when_a_call_was_made() {
    let place = tempfile::tempdir().unwrap();
    durable::create(place.path(), &genesis()).unwrap();
    let at = |now: u64| Durable::open(place.path(), verifier, Box::new(move || now)).unwrap();
    let who = Secret::from_bytes([7; 32]).party();
    let due = |outcome| match outcome {
        Outcome::Deposited { due, .. } => due,
        other => panic!("{other:?}"),
    };
    let day = Rules::default().window;
    assert_eq!(
        due(at(5_000).by(who).call(&deposit(Amount::new(1))).unwrap()),
        5_000 + day
    );
    assert_eq!(
        due(at(10).by(who).call(&deposit(Amount::new(1))).unwrap()),
        5_000 + day
    );
    let frozen = at(6_000 + day)
        .by(Party::NOBODY)
        .call(&Call::Freeze)
        .unwrap();
    assert!(matches!(frozen, Outcome::Frozen(_)));
    let settlement = at(10).by(Party::NOBODY);
    assert!(settlement.status().unwrap().frozen.is_some());
    assert!(settlement.call(&Call::Freeze).unwrap_err().is("frozen"));
}

#[test]
fn the_other_side_of_a_wire_is_the_same_settlement() {
    let place = tempfile::tempdir().unwrap();
    durable::create(place.path(), &genesis()).unwrap();
    let durable = Durable::open(place.path(), verifier, still()).unwrap();
    let anywhere = Server::start(durable.clone(), ([0, 0, 0, 0], 0).into());
    assert!(matches!(anywhere, Err(ServeError::NotLoopback(_))));
    let server = Server::start(durable.clone(), ([127, 0, 0, 1], 0).into()).unwrap();
    let address = format!("http://{}", server.address());
    let secret = Secret::from_bytes([7; 32]);
    let here = durable.by(secret.party());
    let client = Client::new(&address, Some(secret)).unwrap();
    for amount in 1..=250 {
        client.call(&deposit(Amount::new(amount))).unwrap();
    }
    assert_eq!(client.status().unwrap(), here.status().unwrap());
    assert_eq!(client.genesis().unwrap(), genesis());
    // pages are put together
    for (first, limit) in [(0, 999), (7, 3), (240, 999), (250, 9)] {
        let got = client.obligations(first, limit).unwrap();
        assert_eq!(got, here.obligations(first, limit).unwrap());
    }
    let last = client.obligations(249, 9).unwrap();
    assert!(
        matches!(last[0].1.what, Owed::Deposit { deposit, .. } if deposit.amount == Amount::new(250))
    );
    assert_eq!(client.batch(BatchNumber::ZERO).unwrap(), None);
    assert_eq!(client.claims().unwrap(), []);
    assert_eq!(client.payments(0, 9).unwrap(), []);
    let (rebuilt, _) = Rebuilt::of(&client, ScalarCompressor, |_| ()).unwrap();
    assert_eq!(rebuilt.ledger.batch_number(), BatchNumber::ZERO);
    // refusals keep their reason
    let refused = client
        .call(&Call::Collect(Claim::Fees(AssetId::new(9))))
        .unwrap_err();
    assert!(
        refused.is("no_claim") && refused.to_string().contains("owed"),
        "{refused}"
    );
    let nobody = Client::new(&address, None).unwrap();
    assert!(
        nobody
            .call(&deposit(Amount::new(1)))
            .unwrap_err()
            .is("nobody")
    );
    for wrong in [
        "",
        "http://",
        "https://127.0.0.1:1",
        "http://127.0.0.1:1/x",
        "http://me:hush@b",
        "http://me:hush",
        "http://me:hush:7440",
        "https://me:hush@b",
    ] {
        let error = Client::new(wrong, None).unwrap_err();
        let said = format!("{error} {error:?}");
        assert!(!said.contains("hush"), "{said}");
    }
    // strangers' requests: an answer, and nothing changed
    let before = here.status().unwrap();
    for (request, status) in [
        ("GET /v1/nothing HTTP/1.1\r\n", "404"),
        ("GET /v1/batches/x HTTP/1.1\r\n", "400"),
        ("GET /v1/batches/18446744073709551615 HTTP/1.1\r\n", "404"),
        ("GET /v1/batches/+1 HTTP/1.1\r\n", "400"),
        ("GET /v1/batches/01 HTTP/1.1\r\n", "400"),
        (
            "GET /v1/batches/00000000000000000000001 HTTP/1.1\r\n",
            "400",
        ),
        ("GET /v1/batches/%31 HTTP/1.1\r\n", "400"),
        ("GET /v1/batches/1/ HTTP/1.1\r\n", "404"),
        ("GET /v1/obligations?first=0&limit=1 HTTP/1.1\r\n", "200"),
        ("GET /v1/payments HTTP/1.1\r\n", "200"),
        ("GET /v1/obligations?first=x HTTP/1.1\r\n", "400"),
        ("GET /v1/obligations?first=-1 HTTP/1.1\r\n", "400"),
        ("GET /v1/payments?first=+1 HTTP/1.1\r\n", "400"),
        ("GET /v1/payments?first= HTTP/1.1\r\n", "400"),
        ("GET /v1/payments?first=1&first=1 HTTP/1.1\r\n", "400"),
        ("GET /v1/payments?last=1 HTTP/1.1\r\n", "400"),
        ("GET /v1/calls HTTP/1.1\r\n", "405"),
        (
            "GET /v1/status HTTP/1.1\r\nauthorization: Bearer 12\r\n",
            "401",
        ),
        ("POST /v1/calls HTTP/1.1\r\ncontent-length: 3\r\n", "400"),
        // longer than a stranger's call may be, and longer than memory is
        (
            "POST /v1/calls HTTP/1.1\r\ncontent-length: 1048577\r\n",
            "413",
        ),
        (
            "POST /v1/calls HTTP/1.1\r\ncontent-length: 18446744073709551615\r\n",
            "4",
        ),
    ] {
        let mut stream = TcpStream::connect(server.address()).unwrap();
        let request = format!("{request}host: x\r\nconnection: close\r\n\r\nxyz");
        stream.write_all(request.as_bytes()).unwrap();
        // an answer may come before all of the request is read; then the connection stays for the rest
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{request}: {answer}"
        );
    }
    // which parameter it is
    let mut stream = TcpStream::connect(server.address()).unwrap();
    let request =
        "GET /v1/payments?first=1&limit=-1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("\"code\":\"query\""), "{answer}");
    assert!(answer.contains("\"message\":\"limit: a number"), "{answer}");
    assert_eq!(here.status().unwrap(), before);
    drop(server);
    let gone = client.status().unwrap_err();
    assert!(gone.to_string().contains("cannot be asked"), "{gone}");
}

fn command() -> Command {
    Command::new(env!("CARGO_BIN_EXE_winterlane-settlement"))
}

/// The process, and its address.
fn serve(folder: &Path, listen: &str) -> (Child, String) {
    let mut child = command()
        .args(["serve", folder.to_str().unwrap(), "--listen", listen])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let out = child.stdout.take().unwrap();
    BufReader::new(out).read_line(&mut line).unwrap();
    let address = line.trim().rsplit(' ').next().unwrap().to_owned();
    (child, address)
}

#[test]
fn a_process_that_is_killed_keeps_what_it_answered() {
    let place = tempfile::tempdir().unwrap();
    durable::create(place.path(), &genesis()).unwrap();
    let mut answered = 0;
    for round in 0..4_u128 {
        let (mut child, address) = serve(place.path(), "127.0.0.1:0");
        let client = Client::new(&address, Some(Secret::from_bytes([7; 32]))).unwrap();
        for _ in 0..3 + 5 * round {
            client.call(&deposit(Amount::new(1))).unwrap();
            answered += 1;
        }
        // one call may be under way
        let call = std::thread::spawn(move || client.call(&deposit(Amount::new(1))).is_ok());
        if round % 2 == 0 {
            std::thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let heard = call.join().unwrap();
        let settlement = Durable::open(place.path(), verifier, still()).unwrap();
        let total = settlement.by(Party::NOBODY).status().unwrap().totals[&AssetId::new(9)];
        let total = total.get();
        let least = answered + u128::from(heard);
        assert!(
            (least..=answered + 1).contains(&total),
            "{total}, {answered}, {heard}"
        );
        answered = total;
    }
}

/// The commands of `docs/exit.md` that make and serve settlement.
#[test]
fn the_commands_of_the_page_make_settlement() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/exit.md");
    let page = fs::read_to_string(path).unwrap();
    let place = tempfile::tempdir().unwrap();
    let json = page
        .split("```json\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    fs::write(place.path().join("genesis.json"), json).unwrap();
    let lines = page.split("```console\n").skip(1);
    let lines = lines.flat_map(|rest| rest.split("```").next().unwrap().lines());
    let lines: Vec<&str> = lines
        .filter_map(|line| line.strip_prefix("winterlane-settlement "))
        .collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    for line in lines {
        if line.starts_with("serve") {
            let (mut child, address) = serve(&place.path().join("settlement"), "127.0.0.1:0");
            let client = Client::new(&address, None).unwrap();
            assert_eq!(client.status().unwrap().rules, Rules::default());
            child.kill().unwrap();
            child.wait().unwrap();
            continue;
        }
        let words: Vec<&str> = line.split(' ').collect();
        let run = || {
            command()
                .args(&words)
                .current_dir(place.path())
                .output()
                .unwrap()
        };
        let output = run();
        assert!(output.status.success(), "{line}: {output:?}");
        if line.starts_with("secret") {
            let said = String::from_utf8(output.stdout).unwrap();
            let secret = Secret::load(&place.path().join("operator.secret")).unwrap();
            assert_eq!(said.trim().parse(), Ok(secret.party()));
        }
        // neither a secret nor a settlement is overwritten
        let output = run();
        assert_eq!(output.status.code(), Some(2), "{line}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(
            said.starts_with("error: ") && said.lines().count() == 1,
            "{said}"
        );
    }
}

/// What cannot be written, on a full disk, ends the command with a status that is documented; and it says each reason once.
#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_written_is_no_panic() {
    let full = || fs::File::create("/dev/full").unwrap();
    let place = tempfile::tempdir().unwrap();
    let secret = place.path().join("secret");
    let output = command()
        .arg("secret")
        .arg(&secret)
        .stdout(full())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    // it is made all the same, and asking again says so
    let again = command().arg("secret").arg(&secret).output().unwrap();
    let said = String::from_utf8(again.stderr).unwrap();
    assert_eq!(again.status.code(), Some(2), "{said}");
    assert!(said.contains("name another file"), "{said}");
    let nowhere = place.path().join("nowhere/secret");
    let refused = command().arg("secret").arg(&nowhere).output().unwrap();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(said.matches("os error").count(), 1, "{said}");
    let silent = command()
        .args(["serve", place.path().join("nothing").to_str().unwrap()])
        .stderr(full())
        .status()
        .unwrap();
    assert_eq!(silent.code(), Some(2));
}

/// An account that occurs twice would be one of the two, and nobody would see which.
#[test]
fn an_account_that_is_given_twice_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let mut genesis = genesis();
    let account = winterlane_ledger::Account::default();
    genesis.accounts.insert(AccountId::new(7), account);
    let text = serde_json::to_string(&genesis).unwrap();
    let account = serde_json::to_string(&account).unwrap();
    let twice = text.replace(&account, &format!("{account},\"7\":{account}"));
    assert_ne!(text, twice);
    for (text, status) in [(twice, 2), (text, 0)] {
        let file = place.path().join("genesis.json");
        fs::write(&file, text).unwrap();
        let output = command()
            .args(["create", "settlement", "--genesis"])
            .arg(&file)
            .current_dir(place.path())
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(status), "{said}");
        assert_eq!(said.contains("`7` occurs twice"), status == 2, "{said}");
    }
}
