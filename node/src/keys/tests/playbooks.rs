//! The playbooks of `docs/operate/`, step by step.

use super::*;
use crate::audit::{AuditError, check};

#[test]
fn a_leaked_key_and_what_its_thief_made() {
    let world = World::new();
    let [ada, bert] = world.keymasters();
    let desk = world.create(&ada, "desk", Role::Submitter);
    // A thief of the desk's key rotates it to one of their own, and of Ada's makes a key and proposes a keymaster.
    let (thiefs, verifier) = world.next_verifier("desk");
    let rotated = made(
        world
            .keys()
            .rotate(desk.id, desk.id, verifier, Duration::ZERO, 100 * HOUR),
    );
    let thief = Holder {
        id: rotated.id,
        key: thiefs,
    };
    world.send(&thief, SUBMIT).unwrap();
    let since = world.keys().head().length;
    let planted = world.create(&ada, "backup", Role::Operator);
    let (_, new) = world.new_key("mallory", Role::Keymaster.scopes());
    let proposal = proposed(world.keys().create(ada.id, new));

    // 1 and 2: revoke the key, and its successor.
    let successor = world
        .keys()
        .state()
        .key(desk.id)
        .unwrap()
        .successor
        .unwrap();
    for key in [desk.id, successor.id, ada.id] {
        let _ = world.keys().revoke(bert.id, key, "leaked").unwrap();
    }
    // 3: the log tells what the key did.
    let lines = String::from_utf8(world.keys().audit_lines(since, 1000).unwrap()).unwrap();
    let actor = format!("\"actor\":{{\"key\":\"{}\"}}", ada.id);
    let did: Vec<_> = lines.lines().filter(|line| line.contains(&actor)).collect();
    assert_eq!(did.len(), 2, "{lines}");
    assert!(did[0].contains(&planted.id.to_string()) && did[1].contains(&proposal.to_string()));
    let _ = world.keys().revoke(bert.id, planted.id, "planted").unwrap();
    // A revoked key's proposal is dead without being withdrawn.
    assert!(matches!(
        world.keys().approve(bert.id, proposal),
        Err(KeysError::NoProposal(_))
    ));
    world.keys().withdraw(bert.id, proposal).unwrap();
    for holder in [&desk, &thief, &ada, &planted] {
        let access = Access {
            scope: None,
            write: true,
        };
        assert_eq!(reason(world.send(holder, access)), Refusal::Revoked);
    }
    // 4: a new key for the client. Its version goes on.
    let desk = world.create(&bert, "desk", Role::Submitter);
    assert_eq!(world.send(&desk, SUBMIT).unwrap().version, 3);
}

#[test]
fn a_copy_of_the_folder_is_a_node_and_an_old_one_is_noticed() {
    let mut world = World::new();
    let [ada, _] = world.keymasters();
    let desk = world.create(&ada, "desk", Role::Submitter);
    let backup = tempfile::tempdir().unwrap();
    let path = backup.path().join("audit.log");
    std::fs::copy(world.folder.path().join("audit.log"), &path).unwrap();
    let early = world.keys().head();
    let _ = world
        .keys()
        .revoke(ada.id, desk.id, "left the firm")
        .unwrap();
    let noted = world.keys().head();

    // The copy is sound, and older than what was noted: the revoked key is alive in it.
    assert!(check(&path, &[early]).is_ok());
    assert!(matches!(
        check(&path, &[noted]),
        Err(KeysError::Audit(AuditError::OtherHead { .. }))
    ));
    world.keys = None;
    world.folder = backup;
    world.clock.advance(Duration::from_secs(120));
    world.restart();
    // Nobody knows any more which nonces were used: what could be a repetition is refused.
    assert_eq!(reason(world.send(&desk, SUBMIT)), Refusal::Replay);
    world.clock.advance(Duration::from_secs(120));
    world.send(&desk, SUBMIT).unwrap();
    let _ = world
        .keys()
        .revoke(ada.id, desk.id, "left the firm, again")
        .unwrap();
    assert_eq!(reason(world.send(&desk, SUBMIT)), Refusal::Revoked);
}

/// A copy is taken in the middle of a line, as `cp` may of a file that grows.
#[test]
fn a_copy_may_end_in_the_middle_of_a_line() {
    let mut world = World::new();
    let [ada, _] = world.keymasters();
    let before = world.keys().head();
    let desk = world.create(&ada, "desk", Role::Submitter);
    world.keys = None;
    let path = world.folder.path().join("audit.log");
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 5]).unwrap();
    world.restart();
    assert_eq!(
        world.keys().head().length,
        before.length + 1,
        "the cut line's place says that it was cut"
    );
    assert!(world.keys().state().key(desk.id).is_err());
    assert!(check(&path, &[before]).is_ok());
}

/// `/dev/full` refuses every write, as a full disk does.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_ends_writes_and_a_restart_mends() {
    use crate::audit::{Actor, AuditLog, Event};
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.log");
    let environment: Environment = "test".parse().unwrap();
    let (mut log, _) = AuditLog::open(&path).unwrap();
    log.append(START, Actor::Node, Event::Begun { environment })
        .unwrap();
    let head = log.head();
    log.redirect(
        std::fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap(),
    );
    let act = || Event::Operated {
        act: "seal".to_owned(),
    };
    assert!(matches!(
        log.append(START, Actor::Host, act()),
        Err(AuditError::Io { .. })
    ));
    assert!(log.failed());
    // Room again does not help: what is on the disk is not known.
    log.redirect(
        std::fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .unwrap(),
    );
    assert!(matches!(
        log.append(START, Actor::Host, act()),
        Err(AuditError::Failed { .. })
    ));
    assert_eq!(log.head(), head);
    drop(log);
    let (mut log, recovery) = AuditLog::open(&path).unwrap();
    assert_eq!((recovery.entries.len(), log.head()), (1, head));
    log.append(START, Actor::Host, act()).unwrap();
}
