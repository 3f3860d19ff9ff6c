//! An object store that is full.

use std::process::Command;

use winterlane_node::Alarm;

use winterlane_ledger::BatchNumber;

use crate::{
    bucket::Bucket,
    farm::{Farm, PATIENT, batches},
    server::Server,
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
    crate::testing::until(|| (bucket.names().len() as u64 == farm.sealed).then_some(()));
    // full when the proof is written: the worker keeps it, and after a few tries others may have the job
    bucket.fill(true);
    let refused = bucket.refused();
    let worker = farm.worker("one", &["--lease", PATIENT]);
    crate::testing::until(|| (bucket.refused() > refused + 1).then_some(()));
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
    crate::testing::until(|| bucket.names().is_empty().then_some(()));
}
