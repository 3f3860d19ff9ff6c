//! Changes to a log are found; what a crash leaves is not taken for one.

use std::{fs, path::PathBuf};

use tempfile::TempDir;

use super::{chain, *};
use crate::{clock::UnixTime, keys::KeysError};

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

fn refused(path: &std::path::Path) -> bool {
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

/// A liar who hashes everything anew is found by the head that someone noted.
#[test]
fn a_log_written_anew_has_another_head() {
    let (_folder, path, head) = sample();
    let whole = fs::read_to_string(&path).unwrap();
    let mut link = Link::genesis();
    let mut forged = Vec::new();
    for line in whole.lines() {
        let body = line.split_once(' ').unwrap().1.replace("act 4", "act 5");
        link = link.next(body.as_bytes());
        forged.extend(chain::join(link, body.as_bytes()));
    }
    fs::write(&path, forged).unwrap();
    assert!(check(&path, &[]).is_ok());
    assert!(check(&path, &[head]).is_err());
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
