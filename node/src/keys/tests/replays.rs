//! Requests that come again, and keys that end in between.

use core::{
    pin::Pin,
    task::{Context, Poll, Waker},
};

use super::*;

/// A request is let in, its nonce is on its way to the disk, and the key is revoked before it is there.
#[test]
fn a_key_that_ends_while_the_disk_is_waited_for_does_nothing() {
    let world = World::new();
    let [ada, _] = world.keymasters();
    let desk = world.create(&ada, "desk", Role::Submitter);
    for _ in 0..1000 {
        let headers = sign(
            &MESSAGE,
            &desk.key,
            desk.id,
            &"test".parse().unwrap(),
            world.clock.now().seconds(),
            Nonce::from_bytes(random().unwrap()),
        );
        let keys = world.keys();
        let mut request = Box::pin(keys.authenticate(&MESSAGE, presented(&headers), SUBMIT));
        let mut context = Context::from_waker(Waker::noop());
        match Pin::as_mut(&mut request).poll(&mut context) {
            // The disk was faster: again.
            Poll::Ready(result) => assert_eq!(result.unwrap().key, desk.id),
            Poll::Pending => {
                let _ = keys.revoke(ada.id, desk.id, "leaked").unwrap();
                assert_eq!(reason(block_on(request)), Refusal::Revoked);
                return;
            }
        }
    }
    panic!("no request was ever on its way");
}

/// An operator's request was let in, and before its act is written down its key ends, or loses nothing but time.
#[test]
fn an_act_is_that_of_a_key_that_is_live_when_it_is_written_down() {
    let world = World::new();
    let [ada, _] = world.keymasters();
    let operator = world.create(&ada, "oper", Role::Operator);
    let access = Access {
        scope: Some(Scope::Operate),
        write: true,
    };
    world.send(&operator, access).unwrap();
    let act = |id| {
        world
            .keys()
            .operated(id, Scope::Operate, "pause".to_owned())
    };
    act(operator.id).unwrap();
    // A key without the scope, though the caller forgot to ask.
    assert!(matches!(act(ada.id), Err(KeysError::Lacks(Scope::Operate))));
    let before = world.keys().head().length;
    world.clock.advance(1001 * HOUR);
    assert!(
        matches!(act(operator.id), Err(KeysError::Lacks(Scope::Operate))),
        "expired"
    );
    assert_eq!(world.keys().head().length, before);
}

#[test]
fn a_lost_file_of_nonces_lets_no_request_in_again() {
    let mut world = World::new();
    let [ada, _] = world.keymasters();
    let desk = world.create(&ada, "desk", Role::Submitter);
    let now = world.clock.now();
    // Signed by a clock that is ahead as far as it may be.
    let created = now.seconds() + 30;
    let nonce = Nonce::from_bytes([1; 16]);
    let again = |world: &World| world.send_with(&desk, SUBMIT, created, nonce);
    again(&world).unwrap();
    let lose = |world: &mut World| {
        world.keys = None;
        std::fs::remove_file(world.folder.path().join("nonces")).unwrap();
    };
    lose(&mut world);
    world.restart();
    assert_eq!(reason(again(&world)), Refusal::Replay);
    assert_eq!(
        reason(world.send(&desk, SUBMIT)),
        Refusal::Replay,
        "nobody knows"
    );
    // And a clock that was set back meanwhile.
    lose(&mut world);
    world.clock.set(UnixTime::from_seconds(now.seconds() - 20));
    world.restart();
    assert_eq!(
        reason(world.send_with(&desk, SUBMIT, now.seconds(), nonce)),
        Refusal::Replay
    );
    // After a minute all is as ever.
    world.clock.set(now);
    world.clock.advance(Duration::from_secs(61));
    world.send(&desk, SUBMIT).unwrap();
    assert!(matches!(
        reason(again(&world)),
        Refusal::Replay | Refusal::Skew
    ));
}
