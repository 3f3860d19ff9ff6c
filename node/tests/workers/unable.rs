//! Workers that cannot do their work, for a reason of their own. No batch fails by it, and others can have the job.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, symlink},
    path::{Path, PathBuf},
};

use winterlane_node::{Alarm, BatchStage};

use crate::{
    farm::{Farm, PATIENT},
    memory::scrape,
    server::Server,
    testing::{domain, until},
};

/// The file of the only object below a folder.
fn only_object(folder: &Path) -> PathBuf {
    let mut entries = fs::read_dir(folder).unwrap();
    let path = entries.next().unwrap().unwrap().path();
    assert!(entries.next().is_none(), "{}", folder.display());
    if path.is_dir() {
        only_object(&path)
    } else {
        path
    }
}

/// Alone, and with an object store that is not the node's, a worker takes one job, says what is wrong, and rests: it looks again
/// and again, and goes on by itself when the store is right.
#[test]
fn a_worker_with_another_object_store_uses_up_no_attempts() {
    let Some(server) = Server::start() else {
        return;
    };
    let mut farm = Farm::new(&server);
    let batch = farm.seal();
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other");
    let objects = other.to_str().unwrap();
    let worker = farm.worker(
        "wrong",
        &[
            "--objects",
            objects,
            "--lease",
            PATIENT,
            "--metrics",
            "127.0.0.1:0",
        ],
    );
    farm.alarm(|alarm| {
        matches!(alarm, Alarm::Queue { reason }
            if reason.starts_with("worker wrong-") && reason.contains("is not in the object store"))
    });
    worker.says("this worker cannot do its work");
    // The node's object store has the witness: it is written once, however often somebody says that it is not there.
    let witness = only_object(Path::new(&farm.objects));
    // the number of a file that is gone may be given to another
    let written = |path: &Path| {
        let found = fs::metadata(path).unwrap();
        (found.ino(), found.modified().unwrap())
    };
    let first = written(&witness);
    let mut client = server.client();
    let (attempts, failed) = until(|| {
        let row = "SELECT complaints, attempt, failed FROM winterlane_jobs";
        let row = client.query_one(row, &[]).unwrap();
        (row.get::<_, i32>(0) >= 3).then(|| (row.get::<_, i32>(1), row.get::<_, i32>(2)))
    });
    assert_eq!((attempts, failed), (0, 0));
    assert_eq!(written(&witness), first, "the witness was written again");
    assert_eq!(
        worker.said().matches("claimed").count(),
        1,
        "{}",
        worker.said()
    );
    let view = farm.node.batch(batch).unwrap().unwrap();
    assert_eq!((view.stage, view.failures), (BatchStage::Sealed, 0));
    let metrics = scrape(&worker.said());
    assert!(metrics.contains("winterlane_worker_resting 1"), "{metrics}");
    assert!(metrics.contains("end=\"unable\"} 1"), "{metrics}");
    // somebody mounts what should have been there
    fs::remove_dir(&other).unwrap();
    symlink(&farm.objects, &other).unwrap();
    farm.proven(batch);
    worker.says("jobs are taken again");
    worker.stop();
    farm.conclude(&server);
}

/// A worker that cannot read its object store holds no job for ever: after a few tries others may have it.
#[test]
fn a_worker_that_cannot_read_its_object_store_gives_jobs_back() {
    let Some(server) = Server::start() else {
        return;
    };
    let mut farm = Farm::new(&server);
    let batch = farm.seal();
    // what the system refuses to root, too: a file where a folder should be
    let folder = tempfile::tempdir().unwrap();
    let rollup = Path::new(folder.path()).join(domain().to_string());
    fs::write(&rollup, "").unwrap();
    let objects = folder.path().to_str().unwrap();
    let unable = farm.worker("unable", &["--objects", objects, "--lease", PATIENT]);
    farm.alarm(
        |alarm| matches!(alarm, Alarm::Queue { reason } if reason.starts_with("worker unable-")),
    );
    assert_eq!(farm.node.batch(batch).unwrap().unwrap().failures, 0);
    let able = farm.worker("able", &["--lease", PATIENT]);
    farm.proven(batch);
    unable.stop();
    able.stop();
    farm.conclude(&server);
}

/// A job that nobody can do, of a rollup whose node is gone, is first in the queue. It keeps no worker from the jobs of others.
#[test]
fn a_rollup_that_is_gone_keeps_no_worker_from_others() {
    let Some(server) = Server::start() else {
        return;
    };
    let mut farm = Farm::new(&server);
    let batch = farm.seal();
    let mut client = server.client();
    let orphan = "INSERT INTO winterlane_jobs (rollup, batch, format, witness, statement, preset, memory, priority)
        SELECT decode(repeat('ab', 32), 'hex'), 0, format, decode(repeat('cd', 32), 'hex'), statement, preset, memory, -1000
          FROM winterlane_jobs";
    // the node makes the tables, and then offers its batch
    until(|| matches!(client.execute(orphan, &[]), Ok(1)).then_some(()));
    let worker = farm.worker("patient", &["--lease", PATIENT]);
    farm.proven(batch);
    // it was met, and not taken for the worker's own work
    worker.says("this worker cannot do its work");
    worker.says("jobs are taken again");
    let attempts = "SELECT attempt, failed FROM winterlane_jobs WHERE rollup = decode(repeat('ab', 32), 'hex')";
    // after a while it is tried again, and given back again
    until(|| {
        let row = client.query_one(attempts, &[]).unwrap();
        assert_eq!(row.get::<_, i32>(1), 0);
        (row.get::<_, i32>(0) == 0).then_some(())
    });
    let gone = "DELETE FROM winterlane_jobs WHERE rollup = decode(repeat('ab', 32), 'hex')";
    assert_eq!(client.execute(gone, &[]).unwrap(), 1);
    worker.stop();
    farm.conclude(&server);
}
