//! `winterlane wallet` against a node.

#[cfg(unix)]
use super::until;
use super::{
    output,
    served::{Served, expect, wallet, winterlane},
};

/// A folder with the wallets `alice` (account 1) and `bob` (account 2), and a rollup in `rollup` in which alice has 1,000. Batches
/// are small and are not proven.
pub(crate) fn rollup(more: &str) -> tempfile::TempDir {
    begin(&format!("proofs.enabled=false proofs.waiting=1000 {more}"))
}

/// The same, whose batches are proven.
pub(crate) fn proven_rollup() -> tempfile::TempDir {
    begin("")
}

fn begin(more: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    expect(
        0,
        path,
        "wallet new --wallet alice --account 1 --height 3 --cold-height 5 --public alice.toml",
    );
    expect(
        0,
        path,
        "wallet new --wallet bob --account 2 --height 2 --cold-height 5 --public bob.toml",
    );
    let at = |name: &str| path.join(name).display().to_string();
    let accounts = [
        format!("{}=1000", at("alice.toml")),
        format!("{}=0", at("bob.toml")),
    ];
    let mut arguments = vec!["init", "--account", &accounts[0], "--account", &accounts[1]];
    for setting in "batches.slots=4 batches.seconds=0.05 store.reserve_mib=1"
        .split_whitespace()
        .chain(more.split_whitespace())
    {
        arguments.extend(["--set", setting]);
    }
    let (status, printed, said) = output(&path.join("rollup"), &arguments);
    assert_eq!(status, 0, "{said}");
    assert!(printed.contains("2 accounts"), "{printed}");
    folder
}

#[test]
fn payments_withdrawals_and_keys_that_change_by_themselves() {
    let folder = rollup("");
    let path = folder.path();
    let node = Served::start(&path.join("rollup"));
    let at = format!("--node {} --wait sealed", node.url());
    let health = format!("127.0.0.1:{}", node.health);
    let (status, printed, said) = output(
        &path.join("rollup"),
        &["--health", &health, "probe", "ready"],
    );
    assert!(status == 0 && printed == "ready\n", "{printed}{said}");
    let nobody = ["--health", "127.0.0.1:1", "probe"];
    let (status, ..) = output(&path.join("rollup"), &nobody);
    assert_eq!(status, 1);
    // Eight one-time keys, of which six are for use: the next key comes by itself.
    for _ in 0..8 {
        let said = expect(
            0,
            path,
            &format!("wallet send --wallet alice --to 2 --amount 10 {at}"),
        );
        assert!(said.contains("pay 10 to account 2"), "{said}");
    }
    let recipient = "0x00000000000000000000000000000000000000b2";
    expect(
        0,
        path,
        &format!("wallet withdraw --wallet alice --recipient {recipient} --amount 5 {at}"),
    );
    expect(0, path, &format!("wallet rotate --wallet bob {at}"));
    let shown = expect(
        0,
        path,
        &format!("wallet show --wallet alice --json --node {}", node.url()),
    );
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(
        (&shown["balance"], &shown["proof_verified"]),
        (&"915".into(), &true.into()),
        "{shown}"
    );
    assert!(shown["nonce"].as_u64().unwrap() >= 10, "{shown}");
    let root = shown["root"].as_str().unwrap();
    let shown = expect(
        0,
        path,
        &format!(
            "wallet show --wallet bob --root {root} --node {}",
            node.url()
        ),
    );
    assert!(
        shown.contains("80") && shown.contains("the one that was given"),
        "{shown}"
    );

    // Refused in words, and nothing changes.
    let said = expect(
        1,
        path,
        &format!("wallet send --wallet alice --to 2 --amount 916 {at}"),
    );
    assert!(said.contains("has 915"), "{said}");
    let said = expect(
        1,
        path,
        &format!("wallet send --wallet alice --to 3 --amount 1 {at}"),
    );
    assert!(said.contains("account 3 does not exist"), "{said}");
    let zero = "0".repeat(64);
    let said = expect(
        1,
        path,
        &format!(
            "wallet show --wallet bob --root {zero} --node {}",
            node.url()
        ),
    );
    assert!(said.contains("not 0000"), "{said}");

    // Metrics, and a status for those who watch.
    let watch = format!(
        "wallet watch --once --metrics alice.prom --node {}",
        node.url()
    );
    expect(0, path, &format!("{watch} --wallet alice"));
    let metrics = std::fs::read_to_string(path.join("alice.prom")).unwrap();
    assert!(
        metrics.contains("winterlane_wallet_balance{account=\"1\"} 915"),
        "{metrics}"
    );
    let looked = metrics
        .lines()
        .find_map(|line| line.strip_prefix("winterlane_wallet_looked_seconds{account=\"1\"} "));
    assert!(
        looked.is_some_and(|seconds| seconds.parse::<u64>().is_ok()),
        "{metrics}"
    );
    // The same for programs, also where somebody has to look.
    let watched = expect(
        0,
        path,
        &format!(
            "wallet watch --once --json --wallet alice --node {}",
            node.url()
        ),
    );
    let watched: serde_json::Value = serde_json::from_str(&watched).unwrap();
    assert_eq!(
        (&watched["balance"], &watched["findings"]),
        (&"915".into(), &serde_json::json!([])),
        "{watched}"
    );
    for _ in 0..3 {
        expect(
            0,
            path,
            &format!("wallet send --wallet bob --to 1 --amount 1 {at}"),
        );
    }
    let (status, watched, _) = wallet(path, &format!("{watch} --wallet bob --json"));
    let watched: serde_json::Value = serde_json::from_str(&watched).unwrap();
    assert_eq!(status, 1);
    assert!(
        watched["findings"][0].as_str().unwrap().contains("rotate"),
        "{watched}"
    );
    let said = expect(1, path, &format!("{watch} --wallet bob"));
    assert!(
        said.contains("one-time keys left") && said.contains("rotate"),
        "{said}"
    );
    expect(0, path, &format!("{watch} --wallet bob --rotate"));
}

/// A node that is away for a while ends no watching: it is told once, and again when there is something to see.
#[cfg(unix)]
#[test]
fn an_account_is_watched_while_its_node_is_away() {
    use std::{
        io::{BufRead as _, BufReader},
        process::{Command, Stdio},
    };

    let folder = rollup("");
    let path = folder.path();
    let node = Served::start(&path.join("rollup"));
    let (port, health) = (node.port, node.health);
    let line = format!(
        "wallet watch --wallet alice --every 1 --json --node {}",
        node.url()
    );
    let mut watch = Command::new(winterlane())
        .args(line.split_whitespace())
        .current_dir(path)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut looks = BufReader::new(watch.stdout.take().unwrap()).lines();
    let mut says = BufReader::new(watch.stderr.take().unwrap()).lines();
    let mut say = || says.next().unwrap().unwrap();
    assert!(looks.next().unwrap().unwrap().contains("\"balance\""));
    drop(node);
    let told = say();
    assert!(
        told.contains("no answer from") && told.contains("tried again"),
        "{told}"
    );
    let node = Served::start_at(&path.join("rollup"), port, health);
    let told = say();
    assert!(told.contains("can be looked at again"), "{told}");
    let id = watch.id().to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status();
    assert!(sent.unwrap().success());
    assert_eq!(watch.wait().unwrap().code(), Some(2));
    // who looks once does not wait
    let once = format!("wallet watch --wallet alice --once --node {}", node.url());
    drop(node);
    let said = expect(2, path, &once);
    assert!(
        said.contains("no answer from") && !said.contains("tried again"),
        "{said}"
    );
    // what cannot pass by itself ends it
    let node = Served::start(&path.join("rollup"));
    let foreign = "wallet new --wallet carol --account 77 --height 2 --cold-height 5";
    expect(0, path, foreign);
    let line = format!("wallet watch --wallet carol --node {}", node.url());
    let said = expect(2, path, &line);
    assert!(said.contains("account 77 is not in"), "{said}");
}

#[test]
fn a_node_that_is_away_loses_no_order_and_doubles_none() {
    let folder = rollup("");
    let path = folder.path();
    let node = Served::start(&path.join("rollup"));
    let (port, health) = (node.port, node.health);
    let at = format!("--node {}", node.url());
    expect(
        0,
        path,
        &format!("wallet send --wallet alice --to 2 --amount 1 --wait sealed {at}"),
    );
    drop(node);
    let said = expect(2, path, &format!("wallet show --wallet alice {at}"));
    assert!(said.contains("no answer from"), "{said}");
    let node = Served::start_at(&path.join("rollup"), port, health);
    let shown = expect(0, path, &format!("wallet show --wallet alice {at}"));
    assert!(shown.contains("999"), "{shown}");
    drop(node);
    for (arguments, words) in [
        ("wallet show --wallet nobody", "there is no wallet"),
        (
            "wallet show --wallet alice --node ftp://here",
            "no address of a node",
        ),
        ("wallet new --wallet alice --account 1", "exists already"),
        (
            "wallet send --wallet alice --to 2 --amount x",
            "invalid value",
        ),
        ("wallet export --wallet alice", "required"),
        ("wallet restore --wallet new --account 1", "--root"),
    ] {
        let (status, _, said) = wallet(path, arguments);
        assert!(
            status == 2 && said.contains(words),
            "{arguments}: {status} {said}"
        );
    }
}

#[test]
fn a_wallet_that_was_lost_is_restored() {
    let folder = rollup("");
    let path = folder.path();
    let node = Served::start(&path.join("rollup"));
    let at = format!("--node {}", node.url());
    expect(
        0,
        path,
        &format!("wallet send --wallet alice --to 2 --amount 10 --wait sealed {at}"),
    );
    let seed = expect(0, path, "wallet export --wallet alice --seed");
    std::fs::write(path.join("paper"), &seed).unwrap();
    std::fs::remove_dir_all(path.join("alice")).unwrap();
    let shown = expect(0, path, &format!("wallet show --wallet bob --json {at}"));
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    let root = shown["root"].as_str().unwrap();
    let restore = format!(
        "wallet restore --wallet again --account 1 --seed paper --height 3 --cold-height 5 {at}"
    );
    // Another's account, and a root that is not the node's.
    let said = expect(1, path, &format!("{restore} --root {}", "0".repeat(64)));
    assert!(said.contains("root"), "{said}");
    let said = expect(
        2,
        path,
        &format!(
            "{} --trust-node",
            restore.replace("--account 1", "--account 2")
        ),
    );
    assert!(said.contains("no key of this seed"), "{said}");
    assert!(!path.join("again").exists());
    let said = expect(0, path, &format!("{restore} --root {root} --wait sealed"));
    assert!(said.contains("next key into slot 0"), "{said}");
    expect(
        0,
        path,
        &format!("wallet send --wallet again --to 2 --amount 10 --wait sealed {at}"),
    );
    let shown = expect(0, path, &format!("wallet show --wallet bob {at}"));
    assert!(shown.contains("20"), "{shown}");
    let public = expect(0, path, "wallet export --wallet again --public --json");
    let public: serde_json::Value = serde_json::from_str(&public).unwrap();
    assert_eq!(
        (&public["id"], &public["keys"][1]["scope"]),
        (&1.into(), &"rotate".into())
    );
    let backup = expect(0, path, "wallet export --wallet again --seed --json");
    let backup: serde_json::Value = serde_json::from_str(&backup).unwrap();
    assert_eq!(backup["seed"].as_str(), Some(seed.trim()));
    let public = expect(0, path, "wallet export --wallet again --public");
    assert!(
        public.starts_with("id = 1\nasset = 0\nkeys = [{ root = "),
        "{public}"
    );
}

#[test]
fn a_rollup_is_begun_once_and_with_what_can_be_used() {
    let folder = rollup("");
    let path = folder.path();
    let data = path.join("rollup");
    let (status, _, said) = output(&data, &["init"]);
    assert!(status == 2 && said.contains("begun once"), "{said}");
    let fresh = path.join("fresh");
    for (arguments, words) in [
        (["init", "--set", "batches.slots=3"], "power of two"),
        (["init", "--set", "batches.solts=4"], "unknown field"),
        (["init", "--set", "slots=4"], "SECTION.NAME=VALUE"),
        (["init", "--account", "nowhere.toml=1"], "nowhere.toml"),
        (["init", "--set", "listen.address=0.0.0.0:1"], "without TLS"),
        (
            ["init", "--set", "listen.health=127.0.0.1:8650"],
            "a port of its own",
        ),
        #[cfg(unix)]
        (["init", "--account", "/dev/zero=1"], "/dev/zero"),
    ] {
        let (status, _, said) = output(&fresh, &arguments);
        assert!(status == 2 && said.contains(words), "{arguments:?}: {said}");
        assert!(!fresh.exists());
    }
    let alice = format!("{}=1", path.join("alice.toml").display());
    let (status, _, said) = output(&fresh, &["init", "--account", &alice, "--account", &alice]);
    assert!(
        status == 2 && said.contains("account 1 occurs twice"),
        "{said}"
    );
    assert!(!fresh.exists());
    // A settlement of the rollup begins with the same accounts; its operator is named, or has a secret in the folder.
    let (status, _, said) = output(&data, &["genesis"]);
    assert!(
        status == 2 && said.contains("winterlane-settlement secret"),
        "{said}"
    );
    let operator = "0x00000000000000000000000000000000000000a0";
    let (status, printed, said) = output(&data, &["genesis", "--operator", operator]);
    assert_eq!(status, 0, "{said}");
    let genesis: winterlane_settlement::Genesis = serde_json::from_str(&printed).unwrap();
    assert_eq!(genesis.operator.to_string(), operator);
    let config = winterlane_node::config::Config::read(&data.join("node.toml")).unwrap();
    let node = config.options(&data).genesis;
    assert_eq!(genesis.domain, node.domain);
    assert!(!node.accounts.is_empty());
    assert_eq!(
        genesis.accounts.into_iter().collect::<Vec<_>>(),
        node.accounts
    );
}

/// TLS from the configuration, and another certificate by a signal.
#[cfg(unix)]
#[test]
fn a_node_with_tls_is_asked_by_those_who_trust_it() {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    let folder = rollup("listen.certificate=node.pem listen.key=node.key");
    let path = folder.path();
    let data = path.join("rollup");
    let issue = |copy: &str| {
        let issued = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        fs::write(data.join("node.pem"), issued.cert.pem()).unwrap();
        fs::write(data.join("node.key"), issued.signing_key.serialize_pem()).unwrap();
        fs::set_permissions(data.join("node.key"), fs::Permissions::from_mode(0o600)).unwrap();
        fs::copy(data.join("node.pem"), path.join(copy)).unwrap();
    };
    issue("first.pem");
    let node = Served::start(&data);
    let ask = |trusted: &str| {
        wallet(
            path,
            &format!(
                "wallet show --wallet alice --node https://localhost:{} --certificate {trusted}",
                node.port
            ),
        )
    };
    let (status, shown, said) = ask("first.pem");
    assert!(status == 0 && shown.contains("1000"), "{said}");
    issue("second.pem");
    node.signal("-HUP");
    until(|| (ask("second.pem").0 == 0).then_some(()));
    let (status, _, said) = ask("first.pem");
    assert!(
        status == 2 && said.contains("no secure connection"),
        "{said}"
    );
}
