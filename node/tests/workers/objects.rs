//! An object store that is full, and one that does not give what it has.

use std::process::Command;

use winterlane_node::Alarm;

use winterlane_ledger::BatchNumber;

use crate::{
    bucket::Bucket,
    farm::{Farm, PATIENT, batches},
    server::Server,
    testing::{domain, until},
};

/// The node's credentials are those of the process: this test runs in one of its own.
#[test]
fn the_object_store_is_full() {
    const NAME: &str = "objects::the_object_store_is_full";
    if std::env::var("AWS_ACCESS_KEY_ID").as_deref() != Ok("key") {
        let test = std::env::current_exe().unwrap();
        let status = Command::new(test)
            .args(["--exact", NAME, "--nocapture"])
            .env("AWS_ACCESS_KEY_ID", "key")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env_remove("AWS_SESSION_TOKEN")
            .status();
        assert!(status.unwrap().success());
        return;
    }
    let Some(server) = Server::start() else {
        return;
    };
    let bucket = Bucket::serve();
    let objects = format!("s3://proofs/rollup?endpoint={}", bucket.endpoint);
    let mut farm = Farm::with(&server, Some(objects));
    // full before the witness is written: the node waits, and takes orders
    bucket.fill(true);
    for _ in 0..batches() {
        farm.seal();
    }
    farm.alarm(|alarm| matches!(alarm, Alarm::Queue { reason } if reason.contains("507")));
    bucket.fill(false);
    until(|| (bucket.names().len() as u64 == farm.sealed).then_some(()));
    // full when the proof is written: the worker keeps it, and after a few tries others may have the job
    bucket.fill(true);
    let refused = bucket.refused();
    let worker = farm.worker("one", &["--lease", PATIENT]);
    until(|| (bucket.refused() > refused + 1).then_some(()));
    worker.says("the object store cannot be used");
    farm.alarm(|alarm| {
        matches!(alarm, Alarm::Queue { reason }
            if reason.starts_with("worker one-") && reason.contains("507"))
    });
    let held =
        "SELECT count(*) FROM winterlane_jobs WHERE worker IS NOT NULL OR attempt + failed > 0";
    let held: i64 = server.client().query_one(held, &[]).unwrap().get(0);
    assert_eq!(held, 0);
    bucket.fill(false);
    for batch in 0..farm.sealed {
        farm.proven(BatchNumber::new(batch));
    }
    worker.stop();
    farm.conclude(&server);
    until(|| bucket.names().is_empty().then_some(()));
}

/// More proofs that cannot be read than a node reads at once, all of the first batch: they are told of once, and every batch is
/// proven all the same.
#[test]
fn proofs_that_nobody_can_read_keep_no_other_waiting() {
    let Some(server) = Server::start() else {
        return;
    };
    let mut farm = Farm::new(&server);
    for _ in 0..2 {
        farm.seal();
    }
    let mut client = server.client();
    let job = "SELECT FROM winterlane_jobs WHERE batch = 1";
    until(|| client.query_opt(job, &[]).ok()?.map(drop));
    let rollup = std::path::Path::new(&farm.objects).join(domain().to_string());
    let folder = rollup.join(format!("{:020}", BatchNumber::ZERO));
    let lie = "INSERT INTO winterlane_proofs (rollup, batch, hash, worker, fence, millis)
               SELECT rollup, batch, $1::bytea, 'liar', 0, 0 FROM winterlane_jobs WHERE batch = 0";
    for number in 0..40u8 {
        let hash = [number; 32];
        // what has the name of an object, and is no file
        let name = format!("proof-{}", blake3::Hash::from_bytes(hash));
        std::fs::create_dir(folder.join(name)).unwrap();
        assert_eq!(client.execute(lie, &[&&hash[..]]).unwrap(), 1);
    }
    let worker = farm.worker("honest", &[]);
    for batch in 0..farm.sealed {
        farm.proven(BatchNumber::new(batch));
    }
    let unread = |alarm: &Alarm| matches!(alarm, Alarm::Queue { reason } if reason.contains("cannot be read"));
    farm.alarm(unread);
    assert_eq!(farm.alarms.iter().filter(|one| unread(one)).count(), 1);
    worker.stop();
    for number in 0..40u8 {
        let name = format!("proof-{}", blake3::Hash::from_bytes([number; 32]));
        // the last object of a batch takes its folder along
        let _ = std::fs::remove_dir(folder.join(name));
    }
    farm.conclude(&server);
}
