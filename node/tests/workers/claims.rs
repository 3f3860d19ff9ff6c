//! Workers that lie, that come late, and that fail: played by the test, on real claims.

use std::time::Duration;

use winterlane_ledger::{BatchNumber, codec::decode_batch};
use winterlane_node::{
    Alarm, BatchStage,
    blob::{Blobs, Folder, Kind, Name},
    queue::postgres::claims::{Claim, Claims},
};
use winterlane_prover::{Engine, EngineOptions, prove_batch};

use crate::{
    farm::{Farm, preset},
    server::Server,
    testing::{until, wait},
};

const LONG: Duration = Duration::from_secs(600);
const SHORT: Duration = Duration::from_millis(50);
const ALL: u64 = u64::MAX;

/// A worker that is played.
struct Player {
    claims: Claims,
    objects: Folder,
}

impl Player {
    fn new(server: &Server, farm: &Farm, name: &str) -> Self {
        Self {
            // the node makes the tables
            claims: until(|| Claims::connect(&server.address().parse().unwrap(), name).ok()),
            objects: Folder::open(&farm.objects).unwrap(),
        }
    }

    /// Claims the next job, as soon as there is one.
    fn claim(&mut self, lease: Duration) -> Claim {
        until(|| self.claims.claim(ALL, lease).unwrap())
    }

    fn object(claim: &Claim, kind: Kind, hash: [u8; 32]) -> Name {
        Name {
            rollup: claim.rollup,
            batch: claim.batch,
            kind,
            hash,
        }
    }

    /// A proof of the batch, honestly.
    fn prove(&self, claim: &Claim) -> Vec<u8> {
        let witness = Self::object(claim, Kind::Witness, claim.witness);
        let witness = self.objects.get(&witness).unwrap().unwrap();
        let batch = decode_batch(&witness).unwrap();
        assert_eq!(claim.statement, Some(batch.public_inputs));
        let options = EngineOptions::default();
        let proof = prove_batch(&batch, claim.preset.unwrap(), Engine::Simd, &options);
        assert_eq!(claim.preset, Some(preset()));
        proof.unwrap().proof
    }

    /// Hands something in.
    fn finish(&mut self, claim: &Claim, proof: &[u8]) -> bool {
        let hash = *blake3::hash(proof).as_bytes();
        let name = Self::object(claim, Kind::Proof, hash);
        self.objects.put(&name, proof).unwrap();
        self.claims.finish(claim, &hash, 1).unwrap()
    }
}

#[test]
fn forged_proofs_are_refused_and_late_ones_taken() {
    let Some(server) = Server::start() else {
        return;
    };
    let mut farm = Farm::new(&server);
    let first = farm.seal();
    let mut late = Player::new(&server, &farm, "late");
    let mut forger = Player::new(&server, &farm, "forger");
    let stale = late.claim(SHORT);
    // somebody else has it as soon as the lease has run out
    let claim = forger.claim(LONG);
    assert_eq!((stale.batch, claim.batch), (first, first));
    assert!(claim.fence() > stale.fence());
    assert_eq!(claim.attempt, 2);
    // whoever has lost a claim can do nothing to the one after it
    assert!(!late.claims.heartbeat(&stale, LONG).unwrap());
    assert!(!late.claims.fail(&stale, "late").unwrap());
    assert!(!late.claims.release(&stale).unwrap());
    assert!(forger.claims.heartbeat(&claim, LONG).unwrap());

    // bytes that are no proof, a proof with one changed byte, and nothing at all
    let proof = late.prove(&stale);
    let mut changed = proof.clone();
    changed[proof.len() / 2] ^= 1;
    let mut held_by = claim;
    for (refused, forged) in (1..).zip([&b"a proof"[..], &changed, b""]) {
        assert!(forger.finish(&held_by, forged));
        until(|| {
            farm.alarm(|alarm| matches!(alarm, Alarm::ProofRejected { .. }));
            let count = |alarm: &&Alarm| matches!(alarm, Alarm::ProofRejected { .. });
            (farm.alarms.iter().filter(count).count() == refused).then_some(())
        });
        assert_eq!(farm.stage(first), BatchStage::Sealed);
        held_by = forger.claim(LONG);
    }
    // what does not lie in the object store is no proof either
    assert!(forger.claims.finish(&held_by, &[7; 32], 1).unwrap());
    let failures = |farm: &Farm| farm.node.batch(first).unwrap().unwrap().failures;
    until(|| (failures(&farm) == 5).then_some(()));
    // the last attempt is by winterfell's own prover; when that fails, the batch is held
    let last = forger.claim(LONG);
    assert!(last.stock && !stale.stock);
    assert!(forger.claims.fail(&last, "no luck").unwrap());
    farm.alarm(|alarm| matches!(alarm, Alarm::ProofHeld { batch, reason } if batch.get() == 0 && reason.contains("no luck")));
    assert_eq!(farm.stage(first), BatchStage::Held);
    assert!(forger.claims.claim(ALL, LONG).unwrap().is_none());

    // the first claim of all, long lost, on a batch that is held: its proof is as good as any
    assert!(late.finish(&stale, &proof));
    farm.proven(first);

    // a late proof ends the work of whoever has the claim
    let second = farm.seal();
    let stale = late.claim(SHORT);
    let claim = forger.claim(LONG);
    assert_eq!((stale.batch, claim.batch), (second, second));
    let proof = late.prove(&stale);
    assert!(late.finish(&stale, &proof));
    farm.proven(second);
    until(|| (!forger.claims.heartbeat(&claim, LONG).unwrap()).then_some(()));
    assert!(!forger.claims.fail(&claim, "too late").unwrap());
    // its blob is its own to remove: nobody will
    assert!(!forger.finish(&claim, b"too late"));
    let name = Player::object(&claim, Kind::Proof, *blake3::hash(b"too late").as_bytes());
    forger.objects.remove(&name).unwrap();

    // the proof of one batch is none of another
    let third = farm.seal();
    let claim = forger.claim(LONG);
    assert_eq!(claim.batch, third);
    assert!(forger.finish(&claim, &proof));
    until(|| (farm.node.batch(third).unwrap().unwrap().failures == 1).then_some(()));
    let worker = farm.worker("honest", &[]);
    farm.proven(third);
    worker.stop();
    farm.conclude(&server);
}

#[test]
fn a_batch_that_nobody_can_prove_is_held_until_it_is_requeued() {
    let Some(server) = Server::start() else {
        return;
    };
    let mut farm = Farm::new(&server);
    let batch = farm.seal();
    let mut player = Player::new(&server, &farm, "unlucky");
    // workers that die without a word count as well as those that fail
    for attempt in 1..=6 {
        let claim = player.claim(SHORT);
        assert_eq!((claim.attempt, claim.stock), (attempt, attempt == 6));
        if attempt % 2 == 0 && attempt < 6 {
            assert!(player.claims.fail(&claim, "no luck").unwrap());
        }
    }
    farm.alarm(
        |alarm| matches!(alarm, Alarm::ProofHeld { reason, .. } if reason.contains("not heard of")),
    );
    assert_eq!(farm.stage(batch), BatchStage::Held);
    let view = farm.node.batch(batch).unwrap().unwrap();
    assert_eq!(view.failures, 6);
    assert!(player.claims.claim(ALL, LONG).unwrap().is_none());
    let depths = player.claims.depth().unwrap();
    assert_eq!((depths[0].exhausted, depths[0].pending), (1, 0));
    // batches after it go on; a restart of the node changes nothing
    farm.restart_node();
    let next = farm.seal();
    let worker = farm.worker("honest", &[]);
    farm.proven(next);
    assert_eq!(farm.stage(batch), BatchStage::Held);
    wait(farm.node.requeue(batch)).unwrap();
    farm.proven(batch);
    worker.stop();
    farm.conclude(&server);
}

#[test]
fn jobs_of_a_smaller_priority_number_come_first_and_old_ones_before_new_ones() {
    let Some(server) = Server::start() else {
        return;
    };
    let mut farm = Farm::new(&server);
    for _ in 0..3 {
        farm.seal();
    }
    let mut client = server.client();
    let count = "SELECT count(*) FROM winterlane_jobs";
    until(|| {
        let row = client.query_one(count, &[]).ok()?;
        (row.get::<_, i64>(0) == 3).then_some(())
    });
    let urgent = "UPDATE winterlane_jobs SET priority = -1 WHERE batch = 2";
    client.execute(urgent, &[]).unwrap();
    let mut player = Player::new(&server, &farm, "player");
    let claims = [0; 3].map(|_| player.claim(LONG));
    assert_eq!(
        [BatchNumber::new(2), BatchNumber::ZERO, BatchNumber::new(1)],
        claims.each_ref().map(|claim| claim.batch)
    );
    assert!(claims.is_sorted_by_key(Claim::fence));
    assert!(player.claims.claim(ALL, LONG).unwrap().is_none());
    for claim in &claims {
        assert!(player.claims.release(claim).unwrap());
        assert!(!player.claims.release(claim).unwrap());
    }
    let worker = farm.worker("honest", &[]);
    farm.proven(BatchNumber::new(2));
    worker.stop();
    let worker = farm.worker("honest", &[]);
    farm.conclude(&server);
    worker.stop();
}

/// Leases follow the server's clock, which may jump: here the leases do, in the other direction. No job waits for the clock, and
/// what is proven twice is proven.
#[test]
fn the_servers_clock_jumps_and_no_job_is_lost() {
    let Some(server) = Server::start() else {
        return;
    };
    let mut farm = Farm::new(&server);
    let batch = farm.seal();
    let mut client = server.client();
    let mut one = Player::new(&server, &farm, "one");
    let mut two = Player::new(&server, &farm, "two");
    // back, after a worker has died: its lease seems to end an hour later
    let lost = one.claim(Duration::from_secs(1));
    let back = "UPDATE winterlane_jobs SET lease = lease + interval '1 hour', offered = offered + interval '1 hour'";
    assert_eq!(client.execute(back, &[]).unwrap(), 1);
    assert!(one.claims.depth().unwrap()[0].oldest_seconds >= 0.0);
    let claim = two.claim(LONG);
    assert_eq!((lost.batch, claim.batch, claim.attempt), (batch, batch, 2));
    // forward, under a worker that lives: another takes its job, too
    let forward = "UPDATE winterlane_jobs SET lease = lease - interval '1 hour'";
    assert_eq!(client.execute(forward, &[]).unwrap(), 1);
    let third = one.claim(LONG);
    assert_eq!((third.batch, third.attempt), (batch, 3));
    assert!(!two.claims.heartbeat(&claim, LONG).unwrap());
    until(|| (farm.node.batch(batch).unwrap().unwrap().failures == 2).then_some(()));
    // and its proof is as good as any
    let proof = two.prove(&claim);
    assert!(two.finish(&claim, &proof));
    farm.proven(batch);
    until(|| (!one.claims.heartbeat(&third, LONG).unwrap()).then_some(()));
    farm.conclude(&server);
}
