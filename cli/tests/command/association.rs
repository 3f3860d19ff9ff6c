//! Association sets and fees of a pool of files: what is asked for, what is shown, and what goes wrong.

use std::{fs, path::Path};

use serde_json::Value;

use super::in_directory;

const SET: &str = "winterlane-association-set-1\n";

/// A directory in which Alice has notes of 1,000, 500 and 300 at positions 0, 1 and 2 of a pool.
fn pool_of_alice() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let run = |line: &str| in_directory(&directory, 0, line).0;
    run("private key --wallet alice --out alice.address");
    run("private disclose --wallet alice --out alice.viewing");
    for (position, amount) in [(0, 1000), (1, 500), (2, 300)] {
        let shield = "private shield --pool pool --to alice.address --json --amount";
        let shielded: Value = serde_json::from_str(&run(&format!("{shield} {amount}"))).unwrap();
        assert_eq!(shielded["positions"], serde_json::json!([position]));
    }
    directory
}

fn set(directory: &Path, name: &str, text: &str) {
    fs::write(directory.join(name), format!("{SET}{text}")).unwrap();
}

const WITHDRAW: &str = "private withdraw --pool pool --wallet alice --to-account 3";
const SEND: &str = "private send --pool pool --wallet alice --to alice.address";

#[test]
fn notes_are_shown_in_a_set_that_is_given_as_a_file() {
    let directory = pool_of_alice();
    let run = |status, line: &str| in_directory(&directory, status, line);
    set(directory.path(), "approved", "approved\n0\n1\n");
    set(directory.path(), "refused", "refused\n0\n");
    // Of the note of 500 or the one of 1,000: that of 300 is in no set, and would be the one without.
    let (out, _) = run(
        0,
        &format!("{WITHDRAW} --amount 250 --association approved --statement a.proof --json"),
    );
    let out: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(out["association"]["mode"], "approved", "{out}");
    // 1,000 and 500 are worth enough; 300 is, and is not in the set.
    assert_eq!(
        (&out["hidden_among"], &out["positions"]),
        (&2.into(), &serde_json::json!([3]))
    );
    let root = out["association"]["root"].as_str().unwrap().to_owned();
    let (scanned, _) = run(0, "private scan --pool pool --wallet alice --json");
    let scanned: Value = serde_json::from_str(&scanned).unwrap();
    assert_eq!(scanned["notes"][1]["state"], "spent", "{scanned}");

    // Two notes that are not refused: the change of 250 at position 3, and 300 at 2.
    let (out, _) = run(
        0,
        &format!("{SEND} --amount 520 --association refused --json"),
    );
    let out: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(out["association"]["mode"], "not-refused");
    assert_ne!(out["association"]["root"], root.as_str());
    assert_eq!(out["positions"], serde_json::json!([4, 5]));
    let (said, _) = run(0, "private scan --pool pool --viewing-key alice.viewing");
    assert!(said.contains("balance, asset 0     1550"), "{said}");

    // There is enough, and not in the set.
    let (_, said) = run(
        2,
        &format!("{WITHDRAW} --amount 1001 --association approved"),
    );
    assert!(said.contains("there are 1000 of asset 0"), "{said}");
    let (_, said) = run(2, &format!("{WITHDRAW} --amount 600 --association refused"));
    assert!(
        said.contains("has 1550") && said.contains("550 in notes that the association set admits"),
        "{said}"
    );
}

#[test]
fn a_set_that_is_none_is_refused_with_its_line() {
    let directory = pool_of_alice();
    let run = |status, line: &str| in_directory(&directory, status, line);
    let withdraw = format!("{WITHDRAW} --amount 1 --association");
    for (text, said) in [
        ("approved\n0\n2\n1\n", "line 5: its position is not greater"),
        ("approved\n0\n\u{1b}[2J\n", "line 4: it is no position"),
        ("approved\n0\n1", "line 4: it does not end with a line feed"),
        ("all\n0\n", "line 2: it says neither"),
        ("approved\n", "it has no note"),
    ] {
        set(directory.path(), "set", text);
        let (_, errors) = run(2, &format!("{withdraw} set"));
        assert!(
            errors.contains(said) && errors.starts_with("error: set: "),
            "{errors}"
        );
        assert!(!errors.contains('\u{1b}'));
        let (_, errors) = run(2, "private policy --pool pool --association set");
        assert!(errors.contains(said), "{errors}");
    }
    fs::write(directory.path().join("set"), "0\n1\n").unwrap();
    let (_, errors) = run(2, &format!("{withdraw} set"));
    assert!(errors.contains("line 1: it does not say"), "{errors}");
    let (_, errors) = run(2, &format!("{withdraw} nowhere"));
    assert!(errors.contains("nowhere"), "{errors}");
    // A terabyte that takes no room is not read, and a pipe is not waited for.
    let huge = fs::File::create(directory.path().join("set")).unwrap();
    huge.set_len(1 << 40).unwrap();
    let (_, errors) = run(2, &format!("{withdraw} set"));
    assert!(errors.contains("not read"), "{errors}");
    #[cfg(unix)]
    {
        let pipe = directory.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(pipe).status();
        assert!(made.unwrap().success());
        for line in [
            format!("{withdraw} pipe"),
            "private scan --pool pool --wallet alice --policy pipe".into(),
        ] {
            let (_, errors) = run(2, &line);
            assert!(errors.contains("a named pipe"), "{errors}");
        }
    }
    // Nothing was spent.
    let (scanned, _) = run(0, "private scan --pool pool --wallet alice --json");
    assert!(
        !scanned.contains("\"spent\"") && !scanned.contains("pending"),
        "{scanned}"
    );
}

#[test]
fn a_pool_asks_for_fees_and_sets() {
    let directory = pool_of_alice();
    let run = |status, line: &str| in_directory(&directory, status, line);
    let path = |name: &str| directory.path().join(name);
    set(directory.path(), "approved", "approved\n0\n1\n2\n");
    set(directory.path(), "newer", "approved\n0\n1\n2\n3\n");
    set(directory.path(), "refused", "refused\n7\n");
    let (said, _) = run(0, "private policy --pool pool");
    assert!(said.contains("nothing"), "{said}");
    let (policy, _) = run(
        0,
        "private policy --pool pool --fee 0=5 --association approved --json",
    );
    let policy: Value = serde_json::from_str(&policy).unwrap();
    let root = policy["association"][0]["root"]
        .as_str()
        .unwrap()
        .to_owned();
    let kept: Value = serde_json::from_slice(&fs::read(path("pool/policy.json")).unwrap()).unwrap();
    assert_eq!(kept, policy);

    // The same root for who writes a node's configuration, and nothing written.
    let (told, _) = run(0, "private policy --association approved --json");
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["association"], policy["association"]);
    assert!(!path("policy.json").exists());
    run(2, &format!("private policy --forget {root}"));

    // Each is refused for its reason, before a proof is made, and nothing is written or reserved.
    for (line, said) in [
        (
            format!("{SEND} --amount 1 --association approved"),
            "without a fee",
        ),
        (
            format!("{SEND} --amount 1 --association approved"),
            "--fee: at least 5 of asset 0",
        ),
        (
            format!("{WITHDRAW} --amount 1 --fee 4 --association approved"),
            "at least 5 of asset 0, and this one pays 4",
        ),
        (format!("{WITHDRAW} --amount 1 --fee 5"), "(--association)"),
        (format!("{WITHDRAW} --amount 1 --fee 5"), root.as_str()),
        (
            format!("{WITHDRAW} --amount 1 --fee 5 --association refused"),
            "does not count: take a set that is published",
        ),
        (
            format!("{WITHDRAW} --amount 1 --fee 5 --association newer"),
            root.as_str(),
        ),
    ] {
        let (_, errors) = run(1, &line);
        assert!(errors.contains(said), "{line}: {errors}");
    }
    assert!(!path("pool/operation-000003.op").exists());
    run(
        0,
        &format!("{WITHDRAW} --amount 1 --fee 5 --association approved"),
    );

    // The set grows; the root of before goes on counting until it is forgotten.
    run(0, "private policy --pool pool --association newer");
    run(0, &format!("{SEND} --amount 1 --fee 6 --association newer"));
    run(
        0,
        &format!("{WITHDRAW} --amount 1 --fee 5 --association approved"),
    );
    run(0, &format!("private policy --pool pool --forget {root}"));
    let (_, errors) = run(
        1,
        &format!("{WITHDRAW} --amount 1 --fee 5 --association approved"),
    );
    assert!(errors.contains("does not count"), "{errors}");
    let (_, errors) = run(2, &format!("private policy --pool pool --forget {root}"));
    assert!(errors.contains("no set with root"), "{errors}");
    // A set of refused notes of the same positions has the same root, and is forgotten for itself.
    set(directory.path(), "opposite", "refused\n0\n1\n2\n3\n");
    let two = "private policy --pool pool --association opposite --json";
    let two: Value = serde_json::from_str(&run(0, two).0).unwrap();
    let [one, other] = [0, 1].map(|at| &two["association"][at]);
    assert_eq!(one["root"], other["root"]);
    let both = one["root"].as_str().unwrap();
    let (_, errors) = run(2, &format!("private policy --pool pool --forget {both}"));
    assert!(
        errors.contains(&format!("approved:{both} or not-refused:{both}")),
        "{errors}"
    );
    let (_, errors) = run(
        2,
        &format!("private policy --pool pool --forget refused:{both}"),
    );
    assert!(errors.contains("not-refused:ROOT"), "{errors}");
    run(
        0,
        &format!("private policy --pool pool --forget not-refused:{both}"),
    );
    let (policy, _) = run(0, "private policy --pool pool --json");
    let policy: Value = serde_json::from_str(&policy).unwrap();
    assert_eq!(policy["association"], serde_json::json!([one]));
    let newer = policy["association"][0]["root"].as_str().unwrap();
    let (_, errors) = run(2, &format!("private policy --pool pool --forget {newer}"));
    assert!(errors.contains("no set would be left"), "{errors}");
    let (_, errors) = run(2, "private policy --pool pool --fee 0=1 --fee 0=2");
    assert!(errors.contains("two least fees of asset 0"), "{errors}");
    let (_, errors) = run(2, "private policy --pool pool --fee 0=-1");
    assert!(errors.contains("ASSET=LEAST"), "{errors}");

    // A policy is of who appends: who reads the pool asks for what they name themselves.
    let scan = "private scan --pool pool --viewing-key alice.viewing";
    run(0, scan);
    let (_, errors) = run(1, &format!("{scan} --policy pool/policy.json"));
    assert!(
        errors.contains("operation-000003.op") && errors.contains("does not count"),
        "{errors}"
    );
    let fees = r#"{"format": "winterlane-policy-1", "fees": [{"asset": 0, "minimum": "5"}]}"#;
    fs::write(path("mine.json"), fees).unwrap();
    run(0, &format!("{scan} --policy mine.json"));
    fs::write(path("mine.json"), fees.replace("\"5\"", "\"6\"")).unwrap();
    let (_, errors) = run(1, &format!("{scan} --policy mine.json"));
    assert!(errors.contains("at least 6 of asset 0"), "{errors}");
    fs::write(path("mine.json"), fees.replace("minimum", "maximum")).unwrap();
    let (_, errors) = run(2, &format!("{scan} --policy mine.json"));
    assert!(
        errors.contains("mine.json") && errors.contains("maximum"),
        "{errors}"
    );

    // One that cannot be read lets nothing through.
    fs::write(path("pool/policy.json"), "{}").unwrap();
    let (_, errors) = run(
        2,
        &format!("{WITHDRAW} --amount 1 --fee 5 --association newer"),
    );
    assert!(errors.contains("policy.json"), "{errors}");
    // To ask for nothing takes no policy that can be read.
    run(0, "private policy --pool pool --open");
    run(0, &format!("{WITHDRAW} --amount 2"));
}
