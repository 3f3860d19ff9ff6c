//! Changes to a log are found; what a crash leaves is not taken for one.

use std::{
    fs,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use super::{chain, *};
use crate::{
    clock::UnixTime,
    keys::{KeyId, KeyRecord, KeysError, PublicKey, Role, Verifier},
};

/// A log of ten lines.
fn sample() -> (TempDir, PathBuf, Head) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    let (mut log, _) = AuditLog::open(&path).unwrap();
    log.append(
        UnixTime::from_seconds(1),
        Actor::Node,
        Event::Begun {
            environment: "test".parse().unwrap(),
        },
    )
    .unwrap();
    for n in 1..10 {
        let act = format!("act {n}");
        log.append(
            UnixTime::from_seconds(n),
            Actor::Host,
            Event::Operated { act },
        )
        .unwrap();
    }
    let head = log.head();
    (folder, path, head)
}

fn refused(path: &Path) -> bool {
    let offline = check(path, &[]).is_err();
    let online = AuditLog::open(path).is_err();
    assert_eq!(offline, online, "node and checker disagree");
    offline
}

#[test]
fn every_changed_byte_is_found() {
    let (_folder, path, head) = sample();
    let whole = fs::read(&path).unwrap();
    assert_eq!(check(&path, &[head]).unwrap().head, head);
    // The last newline is left out: without it the line is one that a crash cut off.
    for place in 0..whole.len() - 1 {
        let mut bytes = whole.clone();
        bytes[place] ^= 1;
        fs::write(&path, &bytes).unwrap();
        assert!(refused(&path), "byte {place}");
    }
}

#[test]
fn removed_repeated_and_reordered_lines_are_found() {
    let (_folder, path, head) = sample();
    let whole = fs::read_to_string(&path).unwrap();
    let lines: Vec<_> = whole.split_inclusive('\n').collect();
    for at in 0..lines.len() {
        let mut removed = lines.clone();
        removed.remove(at);
        fs::write(&path, removed.concat()).unwrap();
        if at + 1 < lines.len() {
            assert!(refused(&path), "line {at} removed");
        } else {
            // A shorter log is a good log: the head that someone noted tells.
            assert!(check(&path, &[]).is_ok());
            let noted = check(&path, &[head]);
            assert!(matches!(
                noted,
                Err(KeysError::Audit(AuditError::OtherHead { .. }))
            ));
        }
        let mut repeated = lines.clone();
        repeated.insert(at, lines[at]);
        fs::write(&path, repeated.concat()).unwrap();
        assert!(refused(&path), "line {at} twice");
        if at > 0 {
            let mut swapped = lines.clone();
            swapped.swap(at - 1, at);
            fs::write(&path, swapped.concat()).unwrap();
            assert!(refused(&path), "lines {at} and the one before");
        }
    }
}

/// Changes bodies, and hashes everything anew.
fn write_anew(path: &Path, change: impl Fn(&str) -> String) {
    let whole = fs::read_to_string(path).unwrap();
    let mut link = Link::genesis();
    let mut forged = Vec::new();
    for line in whole.lines() {
        let body = change(line.split_once(' ').unwrap().1);
        link = link.next(body.as_bytes());
        forged.extend(chain::join(link, body.as_bytes()));
    }
    fs::write(path, forged).unwrap();
}

/// A liar who hashes everything anew is found by the head that someone noted.
#[test]
fn a_log_written_anew_has_another_head() {
    let (_folder, path, head) = sample();
    write_anew(&path, |body| body.replace("act 4", "act 5"));
    assert!(check(&path, &[]).is_ok());
    assert!(check(&path, &[head]).is_err());
}

/// A body has one spelling: a list of the members is no object, be it the entry, its event or what is in the event.
#[test]
fn a_list_is_no_object_in_any_line() {
    let (_folder, path, _) = sample();
    let key = KeyRecord {
        id: KeyId::from_bytes([1; 12]),
        client: "desk".parse().unwrap(),
        version: 1,
        environment: "test".parse().unwrap(),
        scopes: Role::Reader.scopes(),
        verifier: Verifier::Ed25519 {
            public: PublicKey::from_bytes([1; 32]),
        },
        created: UnixTime::from_seconds(10),
        expires: UnixTime::from_seconds(20),
        predecessor: None,
        successor: None,
        first_used: None,
        revoked: None,
    };
    let created = Event::KeyCreated {
        key: Box::new(key),
        proposal: None,
    };
    let (mut log, _) = AuditLog::open(&path).unwrap();
    log.append(UnixTime::from_seconds(10), Actor::Host, created)
        .unwrap();
    drop(log);
    let whole = fs::read(&path).unwrap();
    write_anew(&path, str::to_owned);
    assert_eq!(fs::read(&path).unwrap(), whole);
    // a member that a version before this one did not write
    write_anew(&path, |body| body.replace(r#","first_used":null"#, ""));
    assert_ne!(fs::read(&path).unwrap(), whole);
    AuditLog::open(&path).unwrap();

    let entry = |body: &str| match body.split_once(r#"{"seq":4,"time":"#) {
        Some(("", rest)) => {
            let rest = rest.replace(r#""actor":"#, "").replace(r#""event":"#, "");
            format!("[4,{}]", rest.strip_suffix('}').unwrap())
        }
        _ => body.to_owned(),
    };
    let event = |body: &str| {
        let operated = r#"{"kind":"operated","act":"act 4"}"#;
        body.replace(operated, r#"["operated","act 4"]"#)
    };
    let verifier = |body: &str| {
        let body = body.replace(r#"{"type":"ed25519","public":"#, r#"["ed25519","#);
        body.replace(r#"},"created":"#, r#"],"created":"#)
    };
    let changes: [fn(&str) -> String; 3] = [entry, event, verifier];
    for change in changes {
        fs::write(&path, &whole).unwrap();
        write_anew(&path, change);
        let text = fs::read_to_string(&path).unwrap();
        assert_ne!(text.as_bytes(), whole);
        let opened = AuditLog::open(&path);
        assert!(
            matches!(&opened, Err(AuditError::Broken { what, .. }) if what.contains("a list")),
            "{opened:?}: {text}"
        );
        assert!(refused(&path));
    }
}

#[test]
fn an_unfinished_line_is_cut_off_at_every_length() {
    let (_folder, path, head) = sample();
    let whole = fs::read(&path).unwrap();
    let last = whole[..whole.len() - 1]
        .iter()
        .rposition(|&byte| byte == b'\n')
        .unwrap()
        + 1;
    for end in last + 1..whole.len() {
        fs::write(&path, &whole[..end]).unwrap();
        assert_eq!(check(&path, &[]).unwrap().torn, (end - last) as u64);
        let (mut log, recovery) = AuditLog::open(&path).unwrap();
        assert_eq!(
            (recovery.cut, recovery.entries.len()),
            ((end - last) as u64, 9)
        );
        log.append(
            UnixTime::from_seconds(9),
            Actor::Host,
            Event::Operated {
                act: "act 9".to_owned(),
            },
        )
        .unwrap();
        assert_eq!(log.head(), head, "as if the crash had not been");
        assert_eq!(fs::read(&path).unwrap(), whole);
    }
}

#[test]
fn lines_are_served_as_they_are() {
    let (_folder, path, _) = sample();
    let whole = fs::read(&path).unwrap();
    let (log, _) = AuditLog::open(&path).unwrap();
    assert_eq!(log.lines(0, usize::MAX).unwrap(), whole);
    assert_eq!(
        [log.lines(0, 3).unwrap(), log.lines(3, 100).unwrap()].concat(),
        whole
    );
    assert!(log.lines(10, 5).unwrap().is_empty() && log.lines(u64::MAX, 5).unwrap().is_empty());
}

#[test]
fn a_line_without_end_is_no_line() {
    let (_folder, path, _) = sample();
    let mut bytes = fs::read(&path).unwrap();
    bytes.extend(vec![b'a'; 1 << 17]);
    fs::write(&path, bytes).unwrap();
    assert!(refused(&path));
}
