//! What needs two persons, and the log that says who.

use super::*;
use crate::audit::{AuditError, Head, check};

#[test]
fn a_grant_of_keys_needs_another_clients_key() {
    let mut world = World::new();
    let [ada, bert] = world.keymasters();
    let (key, new) = world.new_key("carl", Role::Keymaster.scopes());
    let proposal = proposed(world.keys().create(ada.id, new));
    world.restart();
    assert!(matches!(
        world.keys().approve(ada.id, proposal),
        Err(KeysError::SamePerson)
    ));
    // A second key of the same person is the same person.
    let (_, verifier) = world.next_verifier("ada");
    let ada2 = made(
        world
            .keys()
            .rotate(ada.id, ada.id, verifier, HOUR, 100 * HOUR),
    );
    assert!(matches!(
        world.keys().approve(ada2.id, proposal),
        Err(KeysError::SamePerson)
    ));
    let desk = world.create(&ada, "desk", Role::Operator);
    assert!(matches!(
        world.keys().approve(desk.id, proposal),
        Err(KeysError::Lacks(Scope::Keys))
    ));
    let carl = Holder {
        id: made(world.keys().approve(bert.id, proposal)).id,
        key,
    };
    assert!(matches!(
        world.keys().approve(bert.id, proposal),
        Err(KeysError::NoProposal(_))
    ));
    world
        .send(
            &carl,
            Access {
                scope: Some(Scope::Keys),
                write: true,
            },
        )
        .unwrap();
}

#[test]
fn a_proposal_ends_with_its_time_and_with_its_proposer() {
    let world = World::new();
    let [ada, bert] = world.keymasters();
    let ask = |by: &Holder| {
        proposed(
            world
                .keys()
                .create(by.id, world.new_key("carl", Role::Keymaster.scopes()).1),
        )
    };
    let old = ask(&ada);
    world.clock.advance(24 * HOUR);
    assert!(matches!(
        world.keys().approve(bert.id, old),
        Err(KeysError::NoProposal(_))
    ));
    let withdrawn = ask(&ada);
    world.keys().withdraw(bert.id, withdrawn).unwrap();
    assert!(matches!(
        world.keys().approve(bert.id, withdrawn),
        Err(KeysError::NoProposal(_))
    ));
    let orphan = ask(&ada);
    let _ = world.keys().revoke(bert.id, ada.id, "left").unwrap();
    assert!(matches!(
        world.keys().approve(bert.id, orphan),
        Err(KeysError::NoProposal(_))
    ));
    // what nobody can approve is not shown as open either, and takes no place from others
    let now = world.keys().now();
    assert_eq!(world.keys().state().open_proposals(now).count(), 0);
    // nor does the offline checker count it
    let log = world.folder.path().join("audit.log");
    let offline = || check(&log, &[]).unwrap().words(now);
    assert!(offline().contains("open proposals 0\n"), "{}", offline());
    let open = proposed(
        world
            .keys()
            .create(bert.id, world.new_key("dora", Role::Keymaster.scopes()).1),
    );
    let state = world.keys().state();
    let shown: Vec<_> = state.open_proposals(now).map(|shown| shown.id).collect();
    assert_eq!(shown, [open]);
    assert!(
        offline().contains("keys 2, 1 of them live, open proposals 1\n"),
        "{}",
        offline()
    );
}

#[test]
fn a_thief_of_a_keymasters_key_takes_no_other_and_undoes_no_rotation() {
    let world = World::new();
    let [ada, bert] = world.keymasters();
    // Rotating someone else's key to one's own would be a grant.
    let (_, verifier) = world.next_verifier("bert");
    let act = proposed(world.keys().rotate(ada.id, bert.id, verifier, HOUR, HOUR));
    assert!(matches!(
        world.keys().approve(ada.id, act),
        Err(KeysError::SamePerson)
    ));
    // A stolen key that is being rotated away cannot keep itself.
    let (_, verifier) = world.next_verifier("ada");
    let ada2 = made(
        world
            .keys()
            .rotate(ada.id, ada.id, verifier, HOUR, 100 * HOUR),
    );
    let act = proposed(world.keys().roll_back(ada.id, ada.id));
    assert!(matches!(
        world.keys().approve(ada2.id, act),
        Err(KeysError::SamePerson)
    ));
    world.clock.advance(HOUR);
    assert_eq!(reason(world.send(&ada, SUBMIT)), Refusal::Retired);
}

#[test]
fn revoking_everything_needs_two_and_then_the_host() {
    let mut world = World::new();
    let [ada, bert] = world.keymasters();
    let desk = world.create(&ada, "desk", Role::Submitter);
    let (_, third) = world.new_key("carl", Role::Keymaster.scopes());
    assert!(matches!(
        world.keys().bootstrap(third),
        Err(KeysError::Governed)
    ));
    let all = proposed(
        world
            .keys()
            .revoke_everything(ada.id, "the office was broken into"),
    );
    world.send(&desk, SUBMIT).unwrap();
    let _ = world.keys().approve(bert.id, all).unwrap();
    for holder in [&ada, &bert, &desk] {
        assert_eq!(reason(world.send(holder, SUBMIT)), Refusal::Revoked);
    }
    assert_eq!(world.keys().state().live(world.clock.now()), 0);
    world.restart();
    let [ada, _] = world.keymasters();
    world
        .send(
            &ada,
            Access {
                scope: Some(Scope::Keys),
                write: true,
            },
        )
        .unwrap();
}

#[test]
fn a_public_key_is_one_key_and_must_be_the_askers() {
    let world = World::new();
    let [ada, _] = world.keymasters();
    let desk = world.create(&ada, "desk", Role::Submitter);
    let client: ClientName = "desk".parse().unwrap();
    let mut new = world.new_key("desk", Role::Reader.scopes()).1;
    let proof = desk
        .key
        .prove_possession(&client, world.keys().environment());
    new.verifier = NewVerifier::Ed25519 {
        public: desk.key.public(),
        proof,
    };
    let twice = world.keys().create(ada.id, new.clone());
    assert!(matches!(twice, Err(KeysError::Duplicate(id)) if id == desk.id));
    // A proof for another client or environment is none.
    for (client, environment) in [("shop", "test"), ("desk", "production")] {
        let other = PrivateKey::random().unwrap();
        let proof = other.prove_possession(&client.parse().unwrap(), &environment.parse().unwrap());
        new.verifier = NewVerifier::Ed25519 {
            public: other.public(),
            proof,
        };
        let refused = world.keys().create(ada.id, new.clone());
        assert!(
            matches!(refused, Err(KeysError::BadField { field: "proof", .. })),
            "{client} {environment}"
        );
    }
}

#[test]
fn a_refused_command_writes_nothing() {
    let world = World::new();
    let [ada, _] = world.keymasters();
    let (head, state) = (world.keys().head(), world.keys().state().clone());
    let nobody = KeyId::from_bytes([9; 12]);
    let mut bad = world.new_key("desk", Scopes::NONE).1;
    assert!(world.keys().create(ada.id, bad.clone()).is_err());
    bad.scopes = Role::Reader.scopes();
    bad.lifetime = 100_000 * HOUR;
    assert!(world.keys().create(ada.id, bad.clone()).is_err());
    bad.lifetime = Duration::ZERO;
    assert!(world.keys().create(ada.id, bad).is_err());
    assert!(world.keys().revoke(ada.id, nobody, "x").is_err());
    for reason in ["", " ", "a\nb", &"x".repeat(201)] {
        assert!(world.keys().revoke(ada.id, ada.id, reason).is_err());
    }
    assert!(
        world
            .keys()
            .approve(ada.id, ProposalId::from_bytes([1; 12]))
            .is_err()
    );
    assert!(
        world
            .keys()
            .withdraw(ada.id, ProposalId::from_bytes([1; 12]))
            .is_err()
    );
    assert_eq!(world.keys().head(), head);
    assert_eq!(*world.keys().state(), state);
}

#[test]
fn the_offline_checker_sees_what_the_node_sees() {
    let world = World::new();
    let [ada, bert] = world.keymasters();
    let early = world.keys().head();
    world.create(&ada, "desk", Role::Submitter);
    let (_, new) = world.new_key("carl", Role::Keymaster.scopes());
    let proposal = proposed(world.keys().create(ada.id, new));
    made(world.keys().approve(bert.id, proposal));
    let path = world.folder.path().join("audit.log");
    let report = check(&path, &[early]).unwrap();
    assert_eq!(report.head, world.keys().head());
    assert_eq!(report.state, *world.keys().state());
    assert_eq!(report.torn, 0);
    let other = Head {
        length: early.length,
        link: report.head.link,
    };
    let missing = check(&path, &[early, other]);
    assert!(matches!(
        missing,
        Err(KeysError::Audit(AuditError::OtherHead { .. }))
    ));
    assert!(world.open().is_err(), "two processes on one log");
}

/// Whoever can write the file makes a keymaster alone: the chain fits, the events do not follow.
#[test]
fn a_log_that_breaks_the_two_person_rule_is_refused() {
    use crate::audit::{Actor, AuditLog, Event};
    let mut world = World::new();
    let [ada, _] = world.keymasters();
    let record = KeyRecord {
        id: KeyId::from_bytes([8; 12]),
        verifier: Verifier::Ed25519 {
            public: PublicKey::from_bytes([8; 32]),
        },
        ..world.keys().state().key(ada.id).unwrap().clone()
    };
    world.keys = None;
    let path = world.folder.path().join("audit.log");
    let (mut log, _) = AuditLog::open(&path).unwrap();
    let event = Event::KeyCreated {
        key: Box::new(record),
        proposal: None,
    };
    log.append(world.clock.now(), Actor::Key(ada.id), event)
        .unwrap();
    drop(log);
    assert!(matches!(world.open(), Err(KeysError::Contradiction { .. })));
    assert!(matches!(
        check(&path, &[]),
        Err(KeysError::Contradiction { .. })
    ));
}
