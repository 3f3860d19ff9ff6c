//! `credential`: what goes wrong is named, with what to do, and ends with its status.

use std::fs;

use super::{csv_in, in_directory, mode};

#[test]
fn an_issuer_signs_for_holders_and_revokes() {
    let directory = tempfile::tempdir().unwrap();
    let run = |status, line: &str| in_directory(&directory, status, line);
    let path = |name: &str| directory.path().join(name);
    let schema = r#"{"name": "identity", "attributes": {"birth_date": "date", "country": "text"}}"#;
    fs::write(path("schema.json"), schema).unwrap();
    let issuer = "credential issuer --issuer town --name Town --schema schema.json --height 1";
    let issue = |file: &str| {
        format!(
            "credential issue --issuer town --holder alice.json --attributes {file} --valid-until 2031-12-31 --out"
        )
    };
    run(0, "credential holder --wallet alice --out alice.json");
    fs::write(
        path("alice.attributes"),
        r#"{"birth_date": "1990-05-17", "country": "DE"}"#,
    )
    .unwrap();
    let (_, errors) = run(2, &format!("{} a.json", issue("alice.attributes")));
    assert!(
        errors.contains("no issuer") && errors.contains("makes one"),
        "{errors}"
    );
    run(0, issuer);
    let (_, errors) = run(2, issuer);
    assert!(errors.contains("add --new-key"), "{errors}");

    fs::write(path("wrong"), r#"{"birth_date": "1990-15-17"}"#).unwrap();
    let (_, errors) = run(2, &format!("{} a.json", issue("wrong")));
    assert!(
        errors.contains("\"birth_date\"") && errors.contains("no such day"),
        "{errors}"
    );
    fs::write(path("wrong"), r#"{"age": 36}"#).unwrap();
    let (_, errors) = run(2, &format!("{} a.json", issue("wrong")));
    assert!(errors.contains("has only birth_date, country"), "{errors}");

    let issue = issue("alice.attributes");
    run(0, &format!("{issue} a.json"));
    let (_, errors) = run(2, &format!("{issue} a.json"));
    assert!(errors.contains("exists already"), "{errors}");
    run(0, &format!("{issue} b.json"));
    let number = |file: &str| {
        let credential: serde_json::Value =
            serde_json::from_slice(&fs::read(path(file)).unwrap()).unwrap();
        credential["number"].as_u64().unwrap()
    };
    assert_eq!([number("a.json"), number("b.json")], [0, 1]);
    // A key of height 1 has signed all it can.
    let (_, errors) = run(2, &format!("{issue} c.json"));
    assert!(errors.contains("--new-key"), "{errors}");
    run(0, "credential issuer --issuer town --new-key --height 1");
    run(0, &format!("{issue} c.json"));
    assert_eq!(number("c.json"), 1024);

    // Of a making of another key that was interrupted nothing is left.
    fs::write(path("town/heights.json"), "[1, 1, 5]").unwrap();
    run(0, "credential issuer --issuer town --new-key --height 2");
    run(0, &format!("{issue} d.json"));
    assert_eq!(number("d.json"), 2048);

    run(0, "credential revoke --issuer town --number 1");
    let (_, errors) = run(2, "credential revoke --issuer town --number 1");
    assert!(errors.contains("revoked already"), "{errors}");
    let published: serde_json::Value =
        serde_json::from_slice(&fs::read(path("town/issuer.json")).unwrap()).unwrap();
    assert_eq!(published["revoked"], serde_json::json!([1]));
    assert_eq!(published["keys"].as_array().unwrap().len(), 3);
    // Of a full key the last one-time key signs nothing.
    let (said, _) = run(
        0,
        "credential issuer --issuer city --name City --schema schema.json --height 10 --json",
    );
    let said: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["can_sign"], serde_json::json!(1023));
    #[cfg(unix)]
    for (name, wanted) in [
        ("a.json", 0o600),
        ("town/heights.json", 0o600),
        ("town/keys", 0o700),
        ("town/issuer.json", 0o644),
    ] {
        assert_eq!(mode(&path(name)), wanted, "{name}");
    }
}

#[test]
fn a_question_that_nobody_can_answer_is_not_asked() {
    let directory = tempfile::tempdir().unwrap();
    let run = |status, line: &str| in_directory(&directory, status, line);
    let path = |name: &str| directory.path().join(name);
    fs::write(
        path("schema.json"),
        r#"{"name": "identity", "attributes": {"birth_date": "date", "country": "text"}}"#,
    )
    .unwrap();
    run(
        0,
        "credential issuer --issuer town --name Town --schema schema.json --height 1",
    );
    let ask = "credential challenge --issuer town/issuer.json --verifier bar --out question.json --predicate";
    for (predicate, said) in [
        ("birth_date<=2008-13-28", "the calendar has no such day"),
        ("birth_date<=2008", "birth_date is a date"),
        ("age>=18", "they have birth_date, country"),
        ("country = DE", "column 11"),
        ("country in eu.json", "eu.json"),
    ] {
        let (_, errors) = run(2, &format!("{ask} '{predicate}'"));
        assert!(errors.contains(said), "{predicate}: {errors}");
    }
    assert!(!path("question.json").exists());
    run(0, &format!("{ask} birth_date<=2008-11-28"));
    // A challenge is not written over: it may be on its way to a holder.
    let (_, errors) = run(2, &format!("{ask} birth_date<=2008-11-28"));
    assert!(errors.contains("exists already"), "{errors}");
}

/// What an issuer of birth dates asks for, and a person born in 1990.
fn write_identity(directory: &tempfile::TempDir) {
    for (name, text) in [
        (
            "schema.json",
            r#"{"name": "identity", "attributes": {"birth_date": "date"}}"#,
        ),
        ("person.json", r#"{"birth_date": "1990-05-17"}"#),
    ] {
        fs::write(directory.path().join(name), text).unwrap();
    }
}

#[test]
fn an_answer_counts_once_and_for_its_question_alone() {
    let directory = tempfile::tempdir().unwrap();
    let run = |status, line: &str| in_directory(&directory, status, line);
    let path = |name: &str| directory.path().join(name);
    write_identity(&directory);
    for line in [
        "credential issuer --issuer town --name Town --schema schema.json --height 1",
        "credential holder --wallet alice --out alice.json",
        "credential holder --wallet bob --out bob.json",
        "credential issue --issuer town --holder alice.json --attributes person.json --valid-until 2099-12-31 --out credential.json",
    ] {
        run(0, line);
    }
    let ask = |issuer: &str, name: &str| {
        run(
            0,
            &format!(
                "credential challenge --issuer {issuer} --verifier bar --predicate 'birth_date <= 2008-11-28' --out {name}.json"
            ),
        );
    };
    let prove = |wallet: &str, name: &str| {
        format!(
            "credential prove --wallet {wallet} --issuer town/issuer.json --credential credential.json --challenge {name}.json --out {name}.proof"
        )
    };
    let verify = |challenge: &str, proof: &str| {
        format!("credential verify --json --challenge {challenge}.json --proof {proof}.proof")
    };
    ask("town/issuer.json", "one");
    ask("town/issuer.json", "two");
    let (_, errors) = run(2, &prove("bob", "one"));
    assert!(errors.contains("belongs to another holder"), "{errors}");
    run(0, &prove("alice", "one"));

    let (out, errors) = run(1, &verify("two", "one"));
    assert!(errors.contains("another challenge"), "{errors}");
    let refused: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(refused["valid"], false);
    // Damaged, it counts no more; and it was not taken for an answer.
    let honest = fs::read(path("one.proof")).unwrap();
    let mut damaged = honest.clone();
    damaged[honest.len() / 2] ^= 1;
    fs::write(path("damaged.proof"), &damaged).unwrap();
    run(1, &verify("one", "damaged"));
    fs::write(path("short.proof"), &honest[..200]).unwrap();
    let (_, errors) = run(2, &verify("one", "short"));
    assert!(errors.contains("none of a private proof"), "{errors}");
    let (out, _) = run(0, &verify("one", "one"));
    let checked: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(checked["valid"], true);
    assert!(checked["security_bits"].as_u64() >= Some(128), "{out}");
    let (_, errors) = run(1, &verify("one", "one"));
    assert!(errors.contains("was answered before"), "{errors}");

    // A list of revoked credentials of the verifier's own: neither answer says whether Alice's is on it.
    for (number, name) in [(0, "zero"), (1, "one more")] {
        let published = fs::read_to_string(path("town/issuer.json")).unwrap();
        let mut published: serde_json::Value = serde_json::from_str(&published).unwrap();
        published["revoked"] = serde_json::json!([number]);
        fs::write(path("made-up.json"), published.to_string()).unwrap();
        let name = name.replace(' ', "-");
        ask("made-up.json", &name);
        let (_, errors) = run(2, &prove("alice", &name));
        assert!(errors.contains("did not publish"), "{errors}");
    }
}

/// A proof for a challenge that has expired is taken by nobody: it is not made.
#[test]
fn a_challenge_that_has_expired_is_not_answered() {
    let directory = tempfile::tempdir().unwrap();
    let run = |status, line: &str| in_directory(&directory, status, line);
    let path = |name: &str| directory.path().join(name);
    write_identity(&directory);
    for line in [
        "credential issuer --issuer town --name Town --schema schema.json --height 1",
        "credential holder --wallet alice --out alice.json",
        "credential issue --issuer town --holder alice.json --attributes person.json --valid-until 2099-12-31 --out credential.json",
        "credential challenge --issuer town/issuer.json --verifier bar --predicate 'birth_date <= 2008-11-28' --out question.json",
    ] {
        run(0, line);
    }
    let asked = fs::read_to_string(path("question.json")).unwrap();
    let mut late: serde_json::Value = serde_json::from_str(&asked).unwrap();
    late["expires"] = serde_json::json!(1_000_000_000);
    fs::write(path("late.json"), late.to_string()).unwrap();
    let prove = |question: &str| {
        format!(
            "credential prove --wallet alice --issuer town/issuer.json --credential credential.json --challenge {question} --out answer.proof"
        )
    };
    let (_, errors) = run(2, &prove("late.json"));
    assert!(errors.contains("the challenge has expired"), "{errors}");
    assert!(!path("answer.proof").exists());
    run(0, &prove("question.json"));
}

/// What is signed cannot be taken back, and JSON lets a name occur twice: which value counts, nobody would see.
#[test]
fn an_attribute_that_is_given_twice_is_not_signed() {
    let directory = tempfile::tempdir().unwrap();
    let run = |status, line: &str| in_directory(&directory, status, line);
    let write = |name: &str, text: &str| fs::write(directory.path().join(name), text).unwrap();
    write(
        "twice.json",
        r#"{"name": "test", "attributes": {"age": "integer", "age": "date"}}"#,
    );
    let (_, said) = run(
        2,
        "credential issuer --issuer town --name N --schema twice.json --height 1",
    );
    assert!(said.contains("`age` occurs twice"), "{said}");
    write(
        "schema.json",
        r#"{"name": "test", "attributes": {"age": "integer"}}"#,
    );
    run(
        0,
        "credential issuer --issuer town --name N --schema schema.json --height 1",
    );
    run(0, "credential holder --wallet alice --out alice.json");
    write("age.json", r#"{"age": 17, "age": 18}"#);
    let issue = "credential issue --issuer town --holder alice.json --attributes age.json \
                 --valid-until 2099-12-31 --out credential.json";
    let (_, said) = run(2, issue);
    assert!(said.contains("`age` occurs twice"), "{said}");
    assert!(!directory.path().join("credential.json").exists());
    write("age.json", r#"{"age": 18}"#);
    run(0, issue);
}

/// Where a file has the name that a directory is to have, what is in the way is said, and what to do.
#[test]
fn a_file_is_no_directory() {
    let directory = tempfile::tempdir().unwrap();
    let schema = r#"{"name": "test", "attributes": {"age": "integer"}}"#;
    fs::write(directory.path().join("schema.json"), schema).unwrap();
    csv_in(directory.path());
    in_directory(
        &directory,
        0,
        "private key --wallet alice --out alice.address",
    );
    for line in [
        "credential issuer --issuer schema.json --name N --schema schema.json --height 1",
        "private shield --pool schema.json --to alice.address --amount 1",
        "prove --transfers transfers.csv --out schema.json --batch-size 4",
    ] {
        let (_, said) = in_directory(&directory, 2, line);
        assert!(
            said.contains("is a file, and a directory"),
            "{line}: {said}"
        );
    }
    let left = fs::read_to_string(directory.path().join("schema.json")).unwrap();
    assert_eq!(left, schema);
}
