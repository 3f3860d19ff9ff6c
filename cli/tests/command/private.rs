//! `private`: what goes wrong is named, with what to do, and ends with its status; what is published tells nothing
//! more than it must.

use std::{collections::HashMap, fs};

use super::{in_directory, mode, names};

/// A directory in which Alice has 1,000 in a pool, as operation 0.
pub(super) fn pool_of_alice() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let run = |line: &str| in_directory(&directory, 0, line);
    run("private key --wallet alice --out alice.address --backup alice.backup");
    run("private shield --pool pool --to alice.address --amount 1000");
    directory
}

pub(super) const WITHDRAW: &str =
    "private withdraw --pool pool --wallet alice --to-account 3 --amount";

#[test]
fn a_pool_is_verified_whole_and_mistakes_say_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let run = |status, line: &str| in_directory(&directory, status, line);
    let (_, errors) = run(2, "private scan --pool pool --wallet alice");
    assert!(
        errors.contains("`winterlane private shield` makes one"),
        "{errors}"
    );
    let directory = pool_of_alice();
    let run = |status, line: &str| in_directory(&directory, status, line);
    let path = |name: &str| directory.path().join(name);
    let (_, errors) = run(2, "private scan --pool pool --wallet bob");
    assert!(
        errors.contains("`winterlane private key --wallet bob` makes one"),
        "{errors}"
    );
    let (_, errors) = run(2, "private shield --pool pool --to alice.backup --amount 1");
    assert!(
        errors.contains("does not begin with wlnote-address:"),
        "{errors}"
    );
    let (_, errors) = run(
        1,
        "private shield --pool pool --to alice.address --amount 0",
    );
    assert!(errors.contains("the amount is 0"), "{errors}");
    let (_, errors) = run(2, &format!("{WITHDRAW} 1000 --fee 1"));
    assert!(
        errors.contains("there are 1000 of asset 0, and it takes 1001"),
        "{errors}"
    );
    // Too small, and of another asset: nobody takes these two for what is withdrawn.
    run(
        0,
        "private shield --pool pool --to alice.address --amount 399",
    );
    run(
        0,
        "private shield --pool pool --to alice.address --amount 500 --asset 7",
    );
    let (report, _) = run(0, &format!("{WITHDRAW} 400 --fee 1 --json"));
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    assert_eq!(
        (&report["operation"], &report["hidden_among"]),
        (&3.into(), &1.into())
    );
    assert!(
        report["published_bytes"].as_u64().unwrap() < 150,
        "{report}"
    );

    // The change is found by a wallet that is made again from the seed, and by an auditor.
    run(0, "private key --wallet again --restore alice.backup");
    run(0, "private disclose --wallet again --out alice.viewing");
    for reader in ["--wallet again", "--viewing-key alice.viewing"] {
        let (scanned, _) = run(0, &format!("private scan --pool pool {reader} --json"));
        let scanned: serde_json::Value = serde_json::from_str(&scanned).unwrap();
        assert_eq!(scanned["balances"][0]["amount"], "998", "{scanned}");
        assert_eq!(scanned["notes"][0]["state"], "spent");
    }
    // Nothing is written over, but what is the same again.
    run(0, "private key --wallet again --out alice.address");
    let (_, errors) = run(
        2,
        "private key --wallet again --account 1 --out alice.address",
    );
    assert!(errors.contains("exists already"), "{errors}");
    let (_, errors) = run(2, "private disclose --wallet again --out alice.viewing");
    assert!(errors.contains("exists already"), "{errors}");

    // Files that were changed are found out.
    let scan = "private scan --pool pool --viewing-key alice.viewing";
    for (name, at) in [
        ("operation-000003.proof", 5000),
        ("operation-000003.op", 40),
    ] {
        let honest = fs::read(path(&format!("pool/{name}"))).unwrap();
        let mut changed = honest.clone();
        changed[at] ^= 1;
        fs::write(path(&format!("pool/{name}")), &changed).unwrap();
        let (_, errors) = run(1, scan);
        assert!(errors.contains("operation-000003"), "{errors}");
        fs::write(path(&format!("pool/{name}")), &honest).unwrap();
    }
    // The same operation a second time spends a note twice.
    for ending in ["op", "proof"] {
        let [from, to] = [3, 4].map(|n| path(&format!("pool/operation-{n:06}.{ending}")));
        fs::copy(from, to).unwrap();
    }
    let (_, errors) = run(1, scan);
    assert!(
        errors.contains("operation-000004.op") && errors.contains("is spent already"),
        "{errors}"
    );
    // One that is missing in the middle does not hide those after it.
    let [one, away] = ["pool/operation-000003.op", "away"].map(path);
    fs::rename(&one, &away).unwrap();
    let (_, errors) = run(2, scan);
    assert!(
        errors.contains("operation-000003.op: it is missing"),
        "{errors}"
    );
    fs::rename(&away, &one).unwrap();
    fs::remove_file(path("pool/operation-000004.op")).unwrap();
    fs::remove_file(path("pool/operation-000003.proof")).unwrap();
    let (_, errors) = run(2, scan);
    assert!(errors.contains("operation-000003.proof"), "{errors}");
}

/// Anybody can make a pool of any rollup, leave its last operations out, and pay for nothing: a verdict on its files says that nobody
/// told otherwise.
#[test]
fn a_scan_says_what_nobody_knew() {
    let directory = pool_of_alice();
    let run = |status, line: &str| in_directory(&directory, status, line);
    let scan = "private scan --pool pool --wallet alice";
    let json = |more: &str| -> serde_json::Value {
        let (scanned, _) = run(0, &format!("{scan} --json{more}"));
        serde_json::from_str(&scanned).unwrap()
    };
    let found = json("");
    let domain = found["domain"].as_str().unwrap();
    for (more, open) in [
        (String::new(), &["domain", "end", "payments"][..]),
        (format!(" --domain {domain}"), &["end", "payments"][..]),
        (" --operations 1".to_owned(), &["domain", "payments"][..]),
        (
            format!(" --domain {domain} --operations 1"),
            &["payments"][..],
        ),
    ] {
        let scanned = json(&more);
        assert_eq!(scanned["taken_as_found"], serde_json::json!(open), "{more}");
        assert_eq!(scanned["balances"][0]["amount"], "1000", "{scanned}");
        let (said, _) = run(0, &format!("{scan}{more}"));
        assert!(said.contains(domain), "{said}");
        for (name, words) in [
            ("domain", "which rollup (--domain)"),
            ("end", "where it ends (--operations)"),
            ("payments", "whether somebody paid"),
        ] {
            assert_eq!(said.contains(words), open.contains(&name), "{said}");
        }
    }
    for (option, wrong) in [("--domain", &*"0".repeat(64)), ("--operations", "2")] {
        let (_, errors) = run(1, &format!("{scan} {option} {wrong}"));
        assert!(errors.contains(option), "{errors}");
    }
}

#[test]
fn a_wallet_survives_a_pool_that_was_taken_back_and_others_at_work() {
    let directory = pool_of_alice();
    let run = |status, line: &str| in_directory(&directory, status, line);
    let path = |name: &str| directory.path().join(name);
    run(0, &format!("{WITHDRAW} 400"));
    // The operation is lost, as by a power loss before it was on the disk.
    fs::remove_file(path("pool/operation-000001.op")).unwrap();
    let (_, errors) = run(2, &format!("{WITHDRAW} 400"));
    assert!(
        errors.contains("taken back") && errors.contains("--rescan"),
        "{errors}"
    );
    let (scanned, _) = run(0, "private scan --pool pool --wallet alice --rescan --json");
    let scanned: serde_json::Value = serde_json::from_str(&scanned).unwrap();
    assert_eq!(scanned["balances"][0]["amount"], "1000");
    // What is left of the lost operation is written over.
    run(0, &format!("{WITHDRAW} 500"));
    run(0, "private scan --pool pool --wallet alice");

    // Another pool is another pool, even of the same rollup's wallet.
    run(
        0,
        "private shield --pool other --to alice.address --amount 5",
    );
    let (_, errors) = run(2, "private scan --pool other --wallet alice");
    assert!(errors.contains("has the notes of pool"), "{errors}");

    // Somebody else writes to the pool.
    let lock = fs::File::create(path("pool/.winterlane.lock")).unwrap();
    lock.lock().unwrap();
    for line in [
        "private shield --pool pool --to alice.address --amount 1",
        &format!("{WITHDRAW} 1"),
    ] {
        let (_, errors) = run(2, line);
        assert!(errors.contains("in use by"), "{errors}");
    }
    drop(lock);
    run(
        0,
        "private shield --pool pool --to alice.address --amount 1",
    );
}

#[test]
fn what_one_shield_put_in_is_not_taken_out_by_accident() {
    let directory = pool_of_alice();
    let run = |status, line: &str| in_directory(&directory, status, line);
    let same = format!("{WITHDRAW} 999 --fee 1");
    let (_, errors) = run(2, &same);
    assert!(
        errors.contains("operation 0 alone has shielded this amount")
            && errors.contains("--linkable"),
        "{errors}"
    );
    // With a second shield of that amount it is one of two, and who wants it all the same may.
    run(
        0,
        "private shield --pool pool --to alice.address --amount 999",
    );
    let (_, errors) = run(2, &format!("{WITHDRAW} 999"));
    assert!(errors.contains("operation 1 alone"), "{errors}");
    run(
        0,
        "private shield --pool pool --to alice.address --amount 1000",
    );
    run(0, &same);
    run(0, &format!("{WITHDRAW} 999 --linkable"));
}

/// Files and words that leave the machine have no secret in them, and no time.
#[test]
fn nothing_published_tells_more_than_it_must() {
    let directory = pool_of_alice();
    let run = |line: &str| in_directory(&directory, 0, line);
    let path = |name: &str| directory.path().join(name);
    let mut said = String::new();
    let mut say = |line: &str| {
        let (out, errors) = run(line);
        said += &(out + &errors);
    };
    say("private key --wallet bob --out bob.address --json");
    say("private shield --pool pool --to alice.address --amount 77");
    say("private send --pool pool --wallet alice --to bob.address --amount 1 --json");
    say("private send --pool pool --wallet alice --to bob.address --amount 1050 --json");
    say("private withdraw --pool pool --wallet bob --to-account 3 --amount 1000");
    say("private scan --pool pool --wallet alice");
    say("private disclose --wallet alice --out alice.viewing");
    say("private key --wallet alice");

    let pool = names(&path("pool"));
    let published: Vec<_> = pool
        .iter()
        .filter(|name| !name.starts_with('.'))
        .map(|name| path("pool").join(name))
        .chain(["alice.address", "bob.address"].map(path))
        .collect();
    // One file for each operation and each proof, one for the pool, two addresses: nothing else was left.
    assert_eq!(published.len(), 5 + 3 + 1 + 2, "{pool:?}");
    let secrets: Vec<String> = ["alice.backup", "alice.viewing"]
        .iter()
        .map(|name| fs::read_to_string(path(name)).unwrap())
        .flat_map(|text| {
            let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect();
            let pieces = digits.as_bytes().chunks_exact(32);
            let pieces = pieces.map(|piece| String::from_utf8(piece.to_vec()).unwrap());
            pieces.collect::<Vec<_>>()
        })
        .collect();
    assert!(secrets.len() > 10);
    let hex = |bytes: &[u8]| {
        bytes
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect::<String>()
    };
    let mut times = vec![];
    for path in &published {
        let bytes = fs::read(path).unwrap();
        let shown = hex(&bytes) + &String::from_utf8_lossy(&bytes);
        for secret in &secrets {
            assert!(!shown.contains(secret.as_str()), "{}", path.display());
        }
        times.push(fs::metadata(path).unwrap().modified().unwrap());
    }
    times.dedup();
    assert_eq!(times.len(), 1, "times of writing say when somebody paid");
    for secret in &secrets {
        assert!(!said.contains(secret.as_str()));
    }

    // Nothing that one operation shows comes again in another, of the same owner or not: 16 bytes in common are no
    // chance. The first bytes of a proof say how it was made, the same for all.
    for (ending, count, head) in [("op", 5, 0), ("proof", 3, 128)] {
        let files = pool.iter().filter(|name| name.ends_with(ending));
        let files: Vec<_> = files
            .map(|name| fs::read(path("pool").join(name)).unwrap())
            .collect();
        assert_eq!(files.len(), count);
        let mut seen = HashMap::new();
        for (number, bytes) in files.iter().enumerate() {
            for window in bytes[head..].windows(16) {
                // Lengths are small numbers in eight bytes: many zeros.
                if window.iter().filter(|byte| **byte == 0).count() > 4 {
                    continue;
                }
                let first = *seen.entry(window).or_insert(number);
                assert_eq!(first, number, "{ending}: {window:?} is in two operations");
            }
        }
    }

    // A transfer from one note and from two, and to others or not: the same length and form.
    let sizes = |ending| {
        [2, 3].map(|n| {
            let file = format!("pool/operation-{n:06}.{ending}");
            fs::metadata(path(&file)).unwrap().len()
        })
    };
    let [one_note, two_notes] = sizes("op");
    assert_eq!(one_note, two_notes);

    // What is secret is its owner's alone.
    #[cfg(unix)]
    for (name, wanted) in [
        ("alice.viewing", 0o600),
        ("alice.backup", 0o600),
        ("alice", 0o700),
        ("alice/notes-0", 0o600),
    ] {
        assert_eq!(mode(&path(name)), wanted, "{name}");
    }
}
