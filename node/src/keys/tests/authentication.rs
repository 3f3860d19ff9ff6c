//! Who is let in.

use super::*;

#[test]
fn each_scope_is_refused_to_all_who_lack_it() {
    let world = World::new();
    let [ada, _] = world.keymasters();
    let others = [Role::Reader, Role::Submitter, Role::Operator, Role::Auditor];
    let mut holders: Vec<_> = others
        .iter()
        .map(|&role| (role, world.create(&ada, "client", role)))
        .collect();
    holders.push((Role::Keymaster, ada));
    for (role, holder) in &holders {
        for scope in Scope::ALL {
            let access = Access {
                scope: Some(scope),
                write: scope != Scope::Read,
            };
            let result = world.send(holder, access);
            if role.scopes().contains(scope) {
                assert_eq!(result.unwrap().key, holder.id);
            } else {
                assert_eq!(reason(result), Refusal::Scope, "{role:?} {scope}");
            }
        }
    }
}

#[test]
fn a_replay_is_refused_also_after_a_restart_and_a_clock_that_jumps() {
    let mut world = World::new();
    let [ada, _] = world.keymasters();
    let desk = world.create(&ada, "desk", Role::Submitter);
    let now = world.clock.now();
    let nonce = Nonce::from_bytes([1; 16]);
    let again = |world: &World| world.send_with(&desk, SUBMIT, now.seconds(), nonce);
    again(&world).unwrap();
    assert_eq!(reason(again(&world)), Refusal::Replay);
    world.restart();
    assert_eq!(reason(again(&world)), Refusal::Replay);
    // Ten minutes on, it is too old; others are accepted, and its nonce is forgotten.
    world.clock.advance(Duration::from_secs(600));
    assert_eq!(reason(again(&world)), Refusal::Skew);
    world.send(&desk, SUBMIT).unwrap();
    // The clock jumps back to where the old request fits the window again.
    world.clock.set(now);
    assert_eq!(reason(again(&world)), Refusal::Replay);
    world.restart();
    assert_eq!(reason(again(&world)), Refusal::Replay);
}

#[test]
fn a_clock_that_jumps_ahead_and_back_locks_nobody_out() {
    let world = World::new();
    let [ada, _] = world.keymasters();
    let desk = world.create(&ada, "desk", Role::Submitter);
    let now = world.clock.now();
    world.send(&desk, SUBMIT).unwrap();
    world.clock.advance(Duration::from_secs(600));
    assert_eq!(
        reason(world.send_with(&desk, SUBMIT, now.seconds(), Nonce::from_bytes([2; 16]))),
        Refusal::Skew
    );
    world.clock.set(now);
    world.send(&desk, SUBMIT).unwrap();
}

#[test]
fn the_window_is_thirty_seconds_to_both_sides_and_the_error_tells_the_time() {
    let world = World::new();
    let [ada, _] = world.keymasters();
    let desk = world.create(&ada, "desk", Role::Submitter);
    let now = world.clock.now();
    for (apart, accepted) in [
        (0, true),
        (30, true),
        (31, false),
        (600, false),
        (100_000_000, false),
    ] {
        for created in [now.seconds() + apart, now.seconds() - apart] {
            let nonce = Nonce::from_bytes(random().unwrap());
            match world.send_with(&desk, SUBMIT, created, nonce) {
                Ok(_) => assert!(accepted, "{apart}"),
                Err(AuthError::Refused {
                    reason: Refusal::Skew,
                    created: told,
                    now: node,
                    ..
                }) => {
                    assert!(!accepted, "{apart}");
                    assert_eq!((told, node), (Some(created), now));
                }
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn signatures_of_others_and_of_other_environments_are_refused() {
    let world = World::new();
    let [ada, bert] = world.keymasters();
    let desk = world.create(&ada, "desk", Role::Submitter);
    let forged = Holder {
        id: desk.id,
        key: bert.key,
    };
    assert!(matches!(
        world.send(&forged, SUBMIT),
        Err(AuthError::Unknown)
    ));
    let stranger = Holder {
        id: KeyId::from_bytes([9; 12]),
        key: desk.key.clone(),
    };
    assert!(matches!(
        world.send(&stranger, SUBMIT),
        Err(AuthError::Unknown)
    ));
    let (time, nonce) = (world.clock.now().seconds(), Nonce::from_bytes([3; 16]));
    let headers = sign(
        &MESSAGE,
        &desk.key,
        desk.id,
        &"production".parse().unwrap(),
        time,
        nonce,
    );
    let result = block_on(
        world
            .keys()
            .authenticate(&MESSAGE, presented(&headers), SUBMIT),
    );
    assert_eq!(reason(result), Refusal::Environment);
    // A forged request takes no nonce.
    assert!(world.keys().nonces.is_empty());
}

#[test]
fn a_bearer_secret_reads_and_nothing_else() {
    let world = World::new();
    let [ada, _] = world.keymasters();
    let new = |scopes: &[Scope]| NewKey {
        client: "dashboard".parse().unwrap(),
        scopes: Scopes::of(scopes),
        verifier: NewVerifier::Bearer,
        lifetime: HOUR,
    };
    for scope in [Scope::Submit, Scope::Operate, Scope::Keys] {
        let refused = world.keys().create(ada.id, new(&[Scope::Read, scope]));
        assert!(matches!(
            refused,
            Err(KeysError::BadField {
                field: "scopes",
                ..
            })
        ));
    }
    let Outcome::Done {
        key: Some(key),
        secret: Some(token),
    } = world.keys().create(ada.id, new(&[Scope::Read])).unwrap()
    else {
        panic!("no secret");
    };
    let text = token.reveal();
    let read = Access {
        scope: Some(Scope::Read),
        write: false,
    };
    let ask = |text: &str, access| {
        block_on(
            world
                .keys()
                .authenticate(&MESSAGE, Presented::Bearer(text), access),
        )
    };
    assert_eq!(ask(&text, read).unwrap().key, key.id);
    assert_eq!(
        reason(ask(
            &text,
            Access {
                write: true,
                ..read
            }
        )),
        Refusal::Unsigned
    );
    assert_eq!(
        reason(ask(
            &text,
            Access {
                scope: Some(Scope::Audit),
                write: false
            }
        )),
        Refusal::Scope
    );
    for place in 0..text.len() {
        let mut bad = text.to_string();
        let other = if bad.as_bytes()[place] == b'0' {
            "1"
        } else {
            "0"
        };
        bad.replace_range(place..=place, other);
        assert!(
            matches!(
                ask(&bad, read),
                Err(AuthError::Unknown | AuthError::Malformed { .. })
            ),
            "{place}"
        );
    }
    // Neither the log nor any other file has the secret.
    let secret = text.rsplit('_').next().unwrap();
    for file in std::fs::read_dir(world.folder.path()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains(secret));
    }
    assert!(!format!("{token:?}").contains(secret));
    world.clock.advance(HOUR);
    assert_eq!(reason(ask(&text, read)), Refusal::Expired);
}

#[test]
fn a_revoked_key_is_refused_at_once_and_after_a_restart() {
    let mut world = World::new();
    let [ada, _] = world.keymasters();
    let desk = world.create(&ada, "desk", Role::Submitter);
    world.send(&desk, SUBMIT).unwrap();
    let _ = world.keys().revoke(ada.id, desk.id, "laptop lost").unwrap();
    assert_eq!(reason(world.send(&desk, SUBMIT)), Refusal::Revoked);
    world.restart();
    assert_eq!(reason(world.send(&desk, SUBMIT)), Refusal::Revoked);
    let again = world.keys().revoke(ada.id, desk.id, "again");
    assert!(matches!(again, Err(KeysError::NotLive { .. })));
    assert_eq!(
        world
            .keys()
            .state()
            .key(desk.id)
            .unwrap()
            .revoked
            .as_ref()
            .unwrap()
            .reason,
        "laptop lost"
    );
}

/// Whoever holds an ended key cannot fill the log with its use.
#[test]
fn refusals_are_logged_once_a_minute_with_their_count() {
    let world = World::new();
    let [ada, _] = world.keymasters();
    let desk = world.create(&ada, "desk", Role::Submitter);
    let _ = world.keys().revoke(ada.id, desk.id, "gone").unwrap();
    let before = world.keys().head().length;
    for _ in 0..100 {
        assert_eq!(reason(world.send(&desk, SUBMIT)), Refusal::Revoked);
    }
    assert_eq!(world.keys().head().length, before + 1);
    world.clock.advance(Duration::from_secs(61));
    assert_eq!(reason(world.send(&desk, SUBMIT)), Refusal::Revoked);
    let lines = String::from_utf8(world.keys().audit_lines(before, 10).unwrap()).unwrap();
    let counts: Vec<_> = lines
        .lines()
        .map(|line| line.contains("\"count\":100"))
        .collect();
    assert_eq!(counts, [false, true], "{lines}");
}

#[test]
fn strict_signatures_no_key_of_small_order() {
    let world = World::new();
    // The neutral element as a public key: without strict rules one signature fits every message.
    let mut public = [0; 32];
    public[0] = 1;
    let mut proof = [0; 64];
    proof[0] = 1;
    let new = NewKey {
        client: "eve".parse().unwrap(),
        scopes: Role::Reader.scopes(),
        verifier: NewVerifier::Ed25519 {
            public: PublicKey::from_bytes(public),
            proof: SignatureBytes::from_bytes(proof),
        },
        lifetime: HOUR,
    };
    assert!(matches!(
        world.keys().bootstrap(new),
        Err(KeysError::BadField { field: "proof", .. })
    ));
}

#[test]
fn private_keys_are_kept_in_files_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("desk.key");
    let key = PrivateKey::random().unwrap();
    key.save(&path).unwrap();
    assert_eq!(PrivateKey::load(&path).unwrap().public(), key.public());
    let other = PrivateKey::random().unwrap();
    assert!(
        matches!(other.save(&path), Err(KeysError::Io { .. })),
        "a key is never replaced"
    );
    assert_eq!(PrivateKey::load(&path).unwrap().public(), key.public());
    // nor does one take away what lies beside it: somebody may have no other copy of the key that is to be the next
    let successor = PrivateKey::random().unwrap();
    let beside = folder.path().join("desk.key.next");
    successor.save(&beside).unwrap();
    other.save(&path).unwrap_err();
    std::fs::remove_file(&path).unwrap();
    other.save(&path).unwrap();
    for (path, key) in [(&beside, &successor), (&path, &other)] {
        assert_eq!(PrivateKey::load(path).unwrap().public(), key.public());
    }
    let files = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(files, 2, "a secret is left behind");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    for text in [
        "",
        "winterlane-private-key-1 ",
        "winterlane-private-key-1 00\n",
        "x",
    ] {
        std::fs::write(&path, text).unwrap();
        assert!(
            matches!(PrivateKey::load(&path), Err(KeysError::BadFile { .. })),
            "{text}"
        );
    }
    assert!(!format!("{key:?}").contains(&hex(&key.sign(b"").as_bytes()[..4])));
}
