//! New, overlap, drain, retired; and back.

use super::*;

fn phase(world: &World, key: KeyId) -> Phase {
    world.keys().state().phase(key, world.clock.now()).unwrap()
}

fn rotate(world: &World, by: &Holder, key: &Holder, client: &str, overlap: Duration) -> Holder {
    let (next, verifier) = world.next_verifier(client);
    let made = made(
        world
            .keys()
            .rotate(by.id, key.id, verifier, overlap, 100 * HOUR),
    );
    Holder {
        id: made.id,
        key: next,
    }
}

#[test]
fn the_phases_of_a_rotation() {
    let mut world = World::new();
    let [ada, _] = world.keymasters();
    let old = world.create(&ada, "desk", Role::Submitter);
    assert_eq!(phase(&world, old.id), Phase::New);
    world.send(&old, SUBMIT).unwrap();
    assert_eq!(phase(&world, old.id), Phase::Active);

    let new = rotate(&world, &ada, &old, "desk", 24 * HOUR);
    assert_eq!(
        (phase(&world, old.id), phase(&world, new.id)),
        (Phase::Overlap, Phase::New)
    );
    world.send(&old, SUBMIT).unwrap();
    let used = world.send(&new, SUBMIT).unwrap();
    assert_eq!(used.version, 2);
    world.restart();
    assert_eq!(
        (phase(&world, old.id), phase(&world, new.id)),
        (Phase::Drain, Phase::Active)
    );

    // Drain: the old key still works, and whoever asks learns that it is on its way out.
    let late = world.send(&old, SUBMIT).unwrap();
    assert_eq!(
        (late.phase, late.until),
        (Phase::Drain, world.clock.now().after(24 * HOUR))
    );
    assert_eq!(world.keys().usage(old.id).last, Some(world.clock.now()));

    world.clock.advance(24 * HOUR);
    assert_eq!(phase(&world, old.id), Phase::Retired);
    match world.send(&old, SUBMIT) {
        Err(AuthError::Refused {
            reason: Refusal::Retired,
            successor,
            ..
        }) => {
            assert_eq!(successor, Some(new.id));
        }
        other => panic!("{other:?}"),
    }
    world.send(&new, SUBMIT).unwrap();
}

#[test]
fn roll_back_inside_the_window_and_not_after() {
    let world = World::new();
    let [ada, _] = world.keymasters();
    let old = world.create(&ada, "desk", Role::Submitter);
    world.send(&old, SUBMIT).unwrap();
    let new = rotate(&world, &ada, &old, "desk", HOUR);
    world.send(&new, SUBMIT).unwrap();
    let _ = world.keys().roll_back(ada.id, old.id).unwrap();
    assert_eq!(
        (phase(&world, old.id), phase(&world, new.id)),
        (Phase::Active, Phase::Revoked)
    );
    assert_eq!(reason(world.send(&new, SUBMIT)), Refusal::Revoked);
    world.clock.advance(2 * HOUR);
    world.send(&old, SUBMIT).unwrap();
    // The version of the key that was rolled back is not given again.
    let third = rotate(&world, &old, &old, "desk", HOUR);
    assert_eq!(world.send(&third, SUBMIT).unwrap().version, 3);
    world.clock.advance(HOUR);
    assert!(matches!(
        world.keys().roll_back(ada.id, old.id),
        Err(KeysError::NotRotating(_))
    ));
}

#[test]
fn one_successor_at_a_time_and_none_for_ended_keys() {
    let world = World::new();
    let [ada, _] = world.keymasters();
    let old = world.create(&ada, "desk", Role::Submitter);
    let new = rotate(&world, &ada, &old, "desk", HOUR);
    let again = |key: &Holder| {
        let (_, verifier) = world.next_verifier("desk");
        world.keys().rotate(ada.id, key.id, verifier, HOUR, HOUR)
    };
    assert!(
        matches!(again(&old), Err(KeysError::Rotating { successor, .. }) if successor == new.id)
    );
    let third = rotate(&world, &ada, &new, "desk", HOUR);
    // Two rotations deep, the first cannot be taken back alone.
    let back = world.keys().roll_back(ada.id, old.id);
    assert!(matches!(back, Err(KeysError::Rotating { successor, .. }) if successor == third.id));
    world.clock.advance(HOUR);
    assert!(matches!(again(&old), Err(KeysError::NotLive { .. })));
    let too_long = world.keys().rotate(
        ada.id,
        third.id,
        world.next_verifier("desk").1,
        10_000 * HOUR,
        HOUR,
    );
    assert!(matches!(
        too_long,
        Err(KeysError::BadField {
            field: "overlap_seconds",
            ..
        })
    ));
}

#[test]
fn a_key_rotates_itself_and_no_other() {
    let world = World::new();
    let [ada, _] = world.keymasters();
    let desk = world.create(&ada, "desk", Role::Submitter);
    let shop = world.create(&ada, "shop", Role::Submitter);
    let (_, verifier) = world.next_verifier("shop");
    let foreign = world.keys().rotate(desk.id, shop.id, verifier, HOUR, HOUR);
    assert!(matches!(foreign, Err(KeysError::Lacks(Scope::Keys))));
    assert!(matches!(
        world.keys().revoke(desk.id, shop.id, "envy"),
        Err(KeysError::Lacks(_))
    ));
    assert!(matches!(
        world.keys().roll_back(desk.id, shop.id),
        Err(KeysError::Lacks(_))
    ));
    rotate(&world, &desk, &desk, "desk", HOUR);
    let _ = world.keys().roll_back(desk.id, desk.id).unwrap();
    let _ = world
        .keys()
        .revoke(desk.id, desk.id, "done with it")
        .unwrap();
}

/// A bearer secret is rotated like any key; the successor's secret is shown once.
#[test]
fn bearer_secrets_rotate_too() {
    let world = World::new();
    let [ada, _] = world.keymasters();
    let new = NewKey {
        client: "wall".parse().unwrap(),
        scopes: Role::Reader.scopes(),
        verifier: NewVerifier::Bearer,
        lifetime: 100 * HOUR,
    };
    let Outcome::Done {
        key: Some(old),
        secret: Some(first),
    } = world.keys().create(ada.id, new).unwrap()
    else {
        panic!("no secret");
    };
    let wrong = world
        .keys()
        .rotate(ada.id, old.id, world.next_verifier("wall").1, HOUR, HOUR);
    assert!(matches!(
        wrong,
        Err(KeysError::BadField {
            field: "verifier",
            ..
        })
    ));
    let rotated = world
        .keys()
        .rotate(ada.id, old.id, NewVerifier::Bearer, HOUR, 100 * HOUR)
        .unwrap();
    let Outcome::Done {
        secret: Some(second),
        ..
    } = rotated
    else {
        panic!("no secret")
    };
    let read = Access {
        scope: Some(Scope::Read),
        write: false,
    };
    let ask = |token: &BearerToken| {
        block_on(
            world
                .keys()
                .authenticate(&MESSAGE, Presented::Bearer(&token.reveal()), read),
        )
    };
    ask(&first).unwrap();
    ask(&second).unwrap();
    world.clock.advance(HOUR);
    assert_eq!(reason(ask(&first)), Refusal::Retired);
    ask(&second).unwrap();
}

/// Many threads sign with the old key, then with the new one, while the key is rotated and drained.
#[test]
fn rotation_under_load_drops_no_request() {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
    let world = World::new();
    let [ada, _] = world.keymasters();
    let old = world.create(&ada, "desk", Role::Submitter);
    let current = std::sync::RwLock::new(old.clone());
    // Held while a request is on its way: time passes between requests, and not within one, which would be too old.
    let on_the_way = std::sync::RwLock::new(());
    let (stop, by_old, by_new) = (
        AtomicBool::new(false),
        AtomicUsize::new(0),
        AtomicUsize::new(0),
    );
    let wait_for = |counter: &AtomicUsize, more: usize| {
        let goal = counter.load(Ordering::Relaxed) + more;
        while counter.load(Ordering::Relaxed) < goal {
            std::thread::yield_now();
        }
    };
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    while !stop.load(Ordering::Relaxed) {
                        let _sending = on_the_way.read().unwrap();
                        let holder = current.read().unwrap().clone();
                        world.send(&holder, SUBMIT).unwrap();
                        let counter = if holder.id == old.id {
                            &by_old
                        } else {
                            &by_new
                        };
                        counter.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        wait_for(&by_old, 200);
        let new = rotate(&world, &ada, &old, "desk", HOUR);
        wait_for(&by_old, 200);
        *current.write().unwrap() = new;
        wait_for(&by_new, 200);
        {
            let _nothing = on_the_way.write().unwrap();
            world.clock.advance(HOUR);
        }
        wait_for(&by_new, 200);
        stop.store(true, Ordering::Relaxed);
        for worker in workers {
            worker.join().unwrap();
        }
    });
    assert_eq!(phase(&world, old.id), Phase::Retired);
    println!(
        "requests accepted: {} by the old key, {} by the new one; refused: 0",
        by_old.load(Ordering::Relaxed),
        by_new.load(Ordering::Relaxed)
    );
}
