//! Requests that come again, and keys that end in between.

use core::{
    pin::Pin,
    task::{Context, Poll, Waker},
};

use super::*;

/// A request is let in, its nonce is on its way to the disk, and `end` happens before it is there; why it is refused then.
fn ended_meanwhile(world: &World, holder: &Holder, end: impl Fn()) -> Refusal {
    for _ in 0..1000 {
        let headers = sign(
            &MESSAGE,
            &holder.key,
            holder.id,
            &"test".parse().unwrap(),
            world.clock.now().seconds(),
            Nonce::from_bytes(random().unwrap()),
        );
        let keys = world.keys();
        let mut request = Box::pin(keys.authenticate(&MESSAGE, presented(&headers), SUBMIT));
        let mut context = Context::from_waker(Waker::noop());
        match Pin::as_mut(&mut request).poll(&mut context) {
            // The disk was faster: again.
            Poll::Ready(result) => assert_eq!(result.unwrap().key, holder.id),
            Poll::Pending => {
                end();
                return reason(block_on(request));
            }
        }
    }
    panic!("no request was ever on its way");
}

/// In each of the ways that a key can end.
#[test]
fn a_key_that_ends_while_the_disk_is_waited_for_does_nothing() {
    let world = World::new();
    let [ada, bert] = world.keymasters();
    let revoked = world.create(&ada, "revoked", Role::Submitter);
    let refusal = ended_meanwhile(&world, &revoked, || {
        let _ = world.keys().revoke(ada.id, revoked.id, "leaked").unwrap();
    });
    assert_eq!(refusal, Refusal::Revoked);

    let retired = world.create(&bert, "retired", Role::Submitter);
    let (_, verifier) = world.next_verifier("retired");
    let _ = made(
        world
            .keys()
            .rotate(ada.id, retired.id, verifier, HOUR, 900 * HOUR),
    );
    let refusal = ended_meanwhile(&world, &retired, || world.clock.advance(2 * HOUR));
    assert_eq!(refusal, Refusal::Retired);

    let expired = world.create(&ada, "expired", Role::Submitter);
    let refusal = ended_meanwhile(&world, &expired, || world.clock.advance(1001 * HOUR));
    assert_eq!(refusal, Refusal::Expired);
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
