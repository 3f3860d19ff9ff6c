//! `winterlane balance` against a node: what is proven, and every way in which a proof answers nothing.

use serde_json::Value;

use super::{
    served::{Served, expect},
    wallet::{proven_rollup, rollup},
};

#[test]
fn a_balance_answers_its_question_once_in_a_state_that_counts() {
    let folder = rollup("");
    let path = folder.path();
    let node = Served::start(&path.join("rollup"));
    let at = format!("--node {}", node.url());
    let json = |line: &str| -> Value { serde_json::from_str(&expect(0, path, line)).unwrap() };
    let show = format!("wallet show --wallet alice --json {at}");
    let domain = json(&show)["domain"].as_str().unwrap().to_owned();
    let ask = |name: &str, more: &str| {
        let challenge = "balance challenge --verifier bank.example --json";
        json(&format!(
            "{challenge} --domain {domain} --out {name}.json {more}"
        ))
    };
    let prove = |name: &str| {
        format!("balance prove --wallet alice {at} --challenge {name}.json --out {name}.proof")
    };
    let verify = |name: &str, proof: &str, more: &str| {
        format!("balance verify --challenge {name}.json --proof {proof}.proof {more}")
    };

    let asked = ask("one", "--at-least 900 --at-most 1000");
    assert_eq!(asked["at_least"], "900", "{asked}");
    // Alice's key is small. The next one is as large as it takes.
    let said = expect(2, path, &prove("one"));
    assert!(
        said.contains("2^3") && said.contains("rotate --height 10"),
        "{said}"
    );
    let rotate = format!("wallet rotate --wallet alice --height 10 --wait sealed {at}");
    expect(0, path, &rotate);
    let root = json(&show)["root"].as_str().unwrap().to_owned();
    let proven = json(&format!("{} --json", prove("one")));
    assert_eq!(proven["state_root"], root.as_str(), "{proven}");
    let said = expect(2, path, &prove("one"));
    assert!(said.contains("exists already"), "{said}");

    // Which state counts is the verifier's to say.
    let said = expect(2, path, &verify("one", "one", ""));
    assert!(
        said.contains("--batches") && said.contains("--root"),
        "{said}"
    );
    let said = expect(
        1,
        path,
        &verify("one", "one", &format!("--root {}", "0".repeat(64))),
    );
    assert!(said.contains("a state that does not count"), "{said}");
    // Another question is another question: its challenge, its bounds, its rollup.
    let counts = format!("--root {root}");
    ask("two", "--at-least 900 --at-most 1000");
    let said = expect(1, path, &verify("two", "one", &counts));
    assert!(said.contains("another challenge"), "{said}");
    let question = std::fs::read_to_string(path.join("one.json")).unwrap();
    for (name, from, to, words) in [
        ("bounds", "\"900\"", "\"901\"", "other bounds"),
        ("asset", "\"asset\": 0", "\"asset\": 1", "asset 0, not 1"),
        (
            "verifier",
            "bank.example",
            "bank.examplf",
            "another verifier",
        ),
        ("domain", domain.as_str(), root.as_str(), "another rollup"),
    ] {
        let changed = question.replace(from, to);
        assert_ne!(changed, question, "{name}");
        std::fs::write(path.join(format!("{name}.json")), changed).unwrap();
        let said = expect(1, path, &verify(name, "one", &counts));
        assert!(said.contains(words), "{name}: {said}");
    }
    // Damaged, and cut off.
    let honest = std::fs::read(path.join("one.proof")).unwrap();
    let mut damaged = honest.clone();
    damaged[honest.len() / 2] ^= 1;
    std::fs::write(path.join("damaged.proof"), &damaged).unwrap();
    expect(1, path, &verify("one", "damaged", &counts));
    std::fs::write(path.join("short.proof"), &honest[..100]).unwrap();
    let said = expect(2, path, &verify("one", "short", &counts));
    assert!(said.contains("none of a private proof"), "{said}");

    // None of it was taken for the answer; the answer is, once.
    let checked = json(&format!("{} --json", verify("one", "one", &counts)));
    assert_eq!(checked["valid"], true, "{checked}");
    assert!(checked["security_bits"].as_u64() >= Some(128), "{checked}");
    let said = expect(1, path, &verify("one", "one", &counts));
    assert!(said.contains("answered before"), "{said}");

    // What does not hold has no proof, and what is not this wallet's neither.
    for (name, more, status, words) in [
        ("more", "--at-least 1001", 1, "the account holds 1000"),
        (
            "less",
            "--at-least 0 --at-most 999",
            1,
            "the account holds 1000",
        ),
        ("other", "--at-least 1 --asset 7", 2, "asset 7"),
    ] {
        ask(name, more);
        let said = expect(status, path, &prove(name));
        assert!(said.contains(words), "{name}: {said}");
        assert!(!path.join(format!("{name}.proof")).exists());
    }
    let said = expect(2, path, &prove("domain"));
    assert!(said.contains("is about rollup"), "{said}");
    let said = expect(
        2,
        path,
        &format!(
            "balance challenge --verifier a --domain {domain} --at-least 2 --at-most 1 --out x"
        ),
    );
    assert!(said.contains("no balance is both"), "{said}");
    let said = expect(
        2,
        path,
        "balance challenge --verifier a --at-least 2 --out x",
    );
    assert!(said.contains("--domain"), "{said}");
    let said = expect(
        2,
        path,
        "balance challenge --verifier a --batches rollup --at-least 2 --out x",
    );
    assert!(said.contains("no batches"), "{said}");
}

/// Anybody can prove batches of a rollup's domain from a first state of their own making, and from a rollup's first state under a
/// domain of their own, in which a deposit needs nobody's money. So a verdict that rests on batches says what nobody told of them, in
/// words and for programs.
#[test]
fn a_verdict_says_what_nobody_knew() {
    let folder = proven_rollup();
    let path = folder.path();
    let node = Served::start(&path.join("rollup"));
    let at = format!("--node {}", node.url());
    let json = |line: &str| -> Value { serde_json::from_str(&expect(0, path, line)).unwrap() };
    expect(
        0,
        path,
        &format!("wallet rotate --wallet alice --height 10 --wait proven {at}"),
    );
    let fetched = json(&format!("fetch {at} --out proofs --json"));
    let open = |value: &Value| value["taken_as_found"].clone();
    assert_eq!(
        open(&fetched),
        serde_json::json!(["domain", "old_root", "end"])
    );
    let [domain, first, last] =
        ["domain", "old_root", "new_root"].map(|name| fetched[name].as_str().unwrap());
    let counted = format!(
        "fetch {at} --out proofs --replace --json --batches {}",
        fetched["batches"]
    );
    assert_eq!(
        open(&json(&counted)),
        serde_json::json!(["domain", "old_root"])
    );

    let ask = format!(
        "balance challenge --verifier bank.example --at-least 500 --batches proofs --old-root {first}"
    );
    let said = expect(0, path, &format!("{ask} --out other.json"));
    assert!(
        said.contains("taken as found       which rollup (--domain)"),
        "{said}"
    );
    let asked = json(&format!("{ask} --out another.json --json"));
    assert_eq!(open(&asked), serde_json::json!(["domain"]), "{asked}");
    assert_eq!(asked["domain"], domain, "{asked}");
    let ask = format!("{ask} --domain {domain}");
    let said = expect(0, path, &format!("{ask} --out third.json"));
    assert!(!said.contains("taken as found"), "{said}");
    let asked = json(&format!("{ask} --out question.json --json"));
    assert_eq!(open(&asked), serde_json::json!([]), "{asked}");
    expect(
        0,
        path,
        &format!("balance prove --wallet alice {at} --challenge question.json --out answer.proof"),
    );
    let meant = "the rollup below is the one that is meant";
    let starts = "the first root below is the rollup's";
    let cases: [(String, &[(&str, &str)]); 5] = [
        (String::new(), &[("domain", meant), ("old_root", starts)]),
        (format!("--old-root {first}"), &[("domain", meant)]),
        (format!("--domain {domain}"), &[("old_root", starts)]),
        (format!("--domain {domain} --old-root {first}"), &[]),
        // the state itself is known, wherever the batches start
        (format!("--root {last}"), &[]),
    ];
    for (more, found) in cases {
        let verify = format!(
            "balance verify --challenge question.json --proof answer.proof --batches proofs {more}"
        );
        let (names, conditions): (Vec<_>, Vec<_>) = found.iter().copied().unzip();
        let said = expect(0, path, &verify);
        std::fs::remove_file(path.join("question.json.answered")).unwrap();
        assert_eq!(said.contains("taken as found"), !found.is_empty(), "{said}");
        let condition = if found.is_empty() {
            String::new()
        } else {
            format!("if {}: ", conditions.join(" and "))
        };
        let verdict = said.lines().next().unwrap();
        let (name, verdict) = verdict.split_at(21);
        assert_eq!(name.trim_end(), "verified", "{said}");
        assert_eq!(
            verdict,
            format!("{condition}an account holds at least 500 of asset 0"),
            "{said}"
        );
        let checked = json(&format!("{verify} --json"));
        std::fs::remove_file(path.join("question.json.answered")).unwrap();
        assert_eq!(checked["valid"], true, "{checked}");
        assert_eq!(open(&checked), serde_json::json!(names), "{checked}");
    }
    // What is said is compared, and is no answer.
    let verify = format!(
        "balance verify --challenge question.json --proof answer.proof --root {last} --domain {last}"
    );
    let said = expect(1, path, &verify);
    assert!(said.contains("--domain: the challenge is about"), "{said}");
    assert!(!path.join("question.json.answered").exists());
}
