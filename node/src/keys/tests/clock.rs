//! A clock that jumps, by ten minutes and more, forwards and back, and processes that end in between.

use winterlane_ledger::testing::Numbers;

use super::*;

/// How often: few times in every run, as often as `WINTERLANE_NODE_SWEEP` says in a sweep.
fn histories() -> std::ops::Range<u64> {
    let sweep = std::env::var("WINTERLANE_NODE_SWEEP");
    0..sweep.ok().and_then(|sweep| sweep.parse().ok()).unwrap_or(6)
}

/// Somebody listens and keeps every request that goes by, and sends all of them again whenever the clock has jumped or the
/// process has been started anew. None of them counts twice; and once the clock is right again, requests of the true time count.
#[test]
fn no_request_counts_twice_whatever_the_clock_does() {
    let (mut jumps, mut restarts, mut sent, mut replayed) = (0, 0, 0, 0);
    for seed in histories() {
        let mut random_number = Numbers(seed);
        let mut world = World::new();
        let [ada, _] = world.keymasters();
        let desk = world.create(&ada, "desk", Role::Submitter);
        // The time that passes in truth, which the signers know, and how far the node's clock is off.
        let start = world.clock.now();
        let mut truth = start.seconds();
        let mut offset = 0i64;
        let mut accepted = std::collections::BTreeSet::new();
        let mut heard: Vec<(u64, [u8; 16])> = Vec::new();
        for _ in 0..40 {
            truth += random_number.below(40);
            match random_number.below(4) {
                0 => {
                    let far = [600, -600, 3600, -3600, 31, -31, 90_000, -90_000];
                    offset = far[random_number.below(8) as usize];
                    jumps += 1;
                }
                1 => offset = 0,
                2 => {
                    world.restart();
                    restarts += 1;
                }
                _ => {}
            }
            let shown = truth.saturating_add_signed(offset);
            world.clock.set(UnixTime::from_seconds(shown));
            // Signed by a right clock, or by one that follows the node's after it was told the time.
            let created = [truth, shown, shown + 29, shown - 29][random_number.below(4) as usize];
            let nonce: [u8; 16] = random().unwrap();
            heard.push((created, nonce));
            sent += 1;
            for (created, nonce) in heard.clone() {
                let request = || world.send_with(&desk, SUBMIT, created, Nonce::from_bytes(nonce));
                match request() {
                    Ok(_) => assert!(accepted.insert(nonce), "seed {seed}: accepted twice"),
                    Err(AuthError::Refused {
                        reason: Refusal::Skew | Refusal::Replay,
                        ..
                    }) => replayed += 1,
                    Err(error) => panic!("seed {seed}: {error}"),
                }
            }
        }
        assert!(!accepted.is_empty());
        // The clock is right again. Somebody may have signed for a time a day ahead while it was wrong: after that all is as ever.
        world
            .clock
            .set(UnixTime::from_seconds(truth + 90_000 + 200));
        world.send(&desk, SUBMIT).unwrap();
        // The chain of the audit log holds, times that went back and all.
        let log = world.folder.path().join("audit.log");
        crate::audit::check(&log, &[world.keys().head()]).unwrap();
    }
    println!(
        "clock: {jumps} jumps, {restarts} restarts, {sent} requests, {replayed} refused when they came again or at another \
         time, accepted twice 0"
    );
    assert!(jumps > 0 && restarts > 0 && replayed > sent);
}

/// A key's end is a time: a clock that is set back does not wake a key that was revoked, and one that has expired only as far as
/// the clock says so.
#[test]
fn a_clock_that_is_set_back_wakes_no_revoked_key() {
    let mut world = World::new();
    let [ada, _] = world.keymasters();
    let desk = world.create(&ada, "desk", Role::Submitter);
    let now = world.clock.now();
    world.send(&desk, SUBMIT).unwrap();
    let _ = world.keys().revoke(ada.id, desk.id, "leaked").unwrap();
    for back in [1, 600, 1_000_000] {
        world
            .clock
            .set(UnixTime::from_seconds(now.seconds() - back));
        assert_eq!(reason(world.send(&desk, SUBMIT)), Refusal::Revoked);
        world.restart();
        assert_eq!(reason(world.send(&desk, SUBMIT)), Refusal::Revoked);
    }
}
