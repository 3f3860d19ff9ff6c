//! Workers that are stopped, killed, and mistaken for each other.

use std::{net::TcpListener, process::Command};

use winterlane_ledger::BatchNumber;
use winterlane_node::keys::PrivateKey;

use crate::{
    farm::{Farm, PATIENT, Worker, batches},
    server::Server,
    testing::until,
};

#[test]
fn workers_are_stopped_and_killed_and_share_a_name() {
    let Some(server) = Server::start() else {
        return;
    };
    let mut farm = Farm::new(&server);
    // stopped, for longer than its lease
    let stopped = farm.worker("stopped", &[]);
    farm.catch(&server, &stopped);
    // killed, as the system kills whoever takes too much memory
    let killed = farm.worker("killed", &[]);
    farm.catch(&server, &killed);
    killed.signal("KILL");
    for _ in 0..batches() {
        farm.seal();
    }
    // two that say they are the same one
    let twins = [
        farm.worker("twin", &[]),
        farm.worker("twin", &["--lease", "3"]),
    ];
    for batch in 0..farm.sealed {
        farm.proven(BatchNumber::new(batch));
    }
    // it goes on where it was: nobody needs what it makes, or it has made it already
    stopped.signal("CONT");
    for _ in 0..batches() {
        farm.seal();
    }
    for batch in 0..farm.sealed {
        farm.proven(BatchNumber::new(batch));
    }
    stopped.stop();
    for twin in twins {
        twin.stop();
    }
    assert!(farm.alarms.is_empty(), "{:?}", farm.alarms);
    farm.conclude(&server);
}

/// A server that takes connections and says nothing holds up no worker that is asked to stop: neither one that proves nor one
/// that verifies.
#[test]
fn a_worker_stops_while_it_connects() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    server.set_nonblocking(true).unwrap();
    let queue = format!("postgres://me@{}/x", server.local_addr().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("worker.key");
    PrivateKey::random().unwrap().save(&key).unwrap();
    for checks_only in [false, true] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_winterlane-worker"));
        command.args(["--queue", &queue]);
        if checks_only {
            command.arg("--checks-only").arg("--key").arg(&key);
        } else {
            command.arg("--objects").arg(folder.path().join("objects"));
        }
        let log = folder.path().join(format!("{checks_only}.log"));
        let mut worker = Worker::spawn(command, "connecting", log);
        let (silent, _) = until(|| {
            assert!(worker.ended().is_none(), "{}", worker.said());
            server.accept().ok()
        });
        worker.signal("TERM");
        let status = until(|| worker.ended());
        assert_eq!(status.code(), Some(0), "{}", worker.said());
        drop(silent);
    }
}

/// Asked to stop, a worker ends its job; asked twice it gives the job back, and that is no failure.
#[test]
fn workers_stop_in_good_order() {
    let Some(server) = Server::start() else {
        return;
    };
    let mut farm = Farm::new(&server);
    for _ in 0..batches() {
        farm.seal();
    }
    let worker = farm.worker("one", &["--lease", PATIENT]);
    worker.says("claimed");
    worker.stop();
    farm.seal();
    farm.seal();
    let worker = farm.worker("two", &["--grace", "0.001", "--lease", PATIENT]);
    worker.says("claimed");
    worker.stop();
    let mut client = server.client();
    let left =
        "SELECT count(*), coalesce(sum(attempt), 0), coalesce(sum(failed), 0) FROM winterlane_jobs
                 WHERE NOT proven";
    let left = client.query_one(left, &[]).unwrap();
    assert_eq!((left.get::<_, i64>(1), left.get::<_, i64>(2)), (0, 0));
    // what one node has left in the queue, the next one on its folder takes
    farm.restart_node();
    let worker = farm.worker("three", &["--lease", PATIENT]);
    for batch in 0..farm.sealed {
        farm.proven(BatchNumber::new(batch));
    }
    worker.stop();
    farm.conclude(&server);
}

#[test]
fn mistakes_are_told_in_words() {
    let command = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_winterlane-worker"));
        let output = command
            .args(arguments)
            .env_remove("WINTERLANE_QUEUE")
            .env_remove("WINTERLANE_OBJECTS")
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        (output.status.code(), said)
    };
    let queue = "postgres://nobody:hush@127.0.0.1:1/none";
    for (status, words, arguments) in [
        (2, "--queue is missing, and WINTERLANE_QUEUE", &[][..]),
        (
            2,
            "postgres://",
            &["--queue", "mysql://x", "--objects", "/tmp"],
        ),
        (2, "--objects is missing", &["--queue", queue]),
        (
            2,
            "s3://BUCKET",
            &["--queue", queue, "--objects", "gopher://x"],
        ),
        (
            2,
            "less than half",
            &["--queue", queue, "--objects", "/tmp", "--lease", "10"],
        ),
        (2, "0.001 to 86400", &["--queue", queue, "--lease", "0"]),
        (2, "--key", &["--queue", queue, "--checks-only"]),
        (
            2,
            "--key: ",
            &["--queue", queue, "--objects", "/tmp", "--key", "/no/such"],
        ),
        (2, "--no-such", &["--no-such"]),
        (1, "PostgreSQL: ", &["status", "--queue", queue]),
    ] {
        let (found, said) = command(arguments);
        assert_eq!(found, Some(status), "{arguments:?}: {said}");
        assert!(said.contains(words), "{arguments:?}: {said}");
        assert!(!said.contains("hush"), "{said}");
    }
}

#[test]
fn a_queue_is_measured() {
    let Some(server) = Server::start() else {
        return;
    };
    let farm = Farm::new(&server);
    let arguments = "measure --jobs 20 --rounds 3 --proving 2 --operations 8";
    let output = farm.command().args(arguments.split(' ')).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{said} {output:?}",
        output = output.stderr
    );
    for line in [
        "64 workers:",
        "added to a batch of 8 operations",
        "% of 2 s",
    ] {
        assert!(said.contains(line), "{said}");
    }
    // nothing of it stays in the queue, nor among the objects
    farm.conclude(&server);
}

/// `winterlane-node bench panel`: two workers take every proof from the node, and one takes none.
#[test]
fn a_panel_is_measured() {
    let Some(server) = Server::start() else {
        return;
    };
    let queue = server.address();
    let measured = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_winterlane-node"));
        command.args(["bench", "panel", "--operations", "6", "--waiting", "3"]);
        let output = command.args(["--queue", &queue]).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{said}{errors}");
        said
    };
    let figure = |said: &str, name: &str| {
        let line = said.lines().find(|line| line.starts_with(name));
        line.unwrap_or_else(|| panic!("{name}: {said}")).to_owned()
    };
    // A worker that the machine keeps from running is not asked for a while, and the node verifies in its place.
    let said = until(|| {
        let said = measured();
        let all_by_workers = [
            "with 2 workers, each of which verifies all: ",
            "with 2 workers that verify nothing: ",
        ]
        .iter()
        .all(|name| figure(&said, name).ends_with(", 0 of 6 verified by the node"));
        all_by_workers.then_some(said)
    });
    let alone = figure(&said, "with 1 worker, when nobody is asked: ");
    assert!(alone.ends_with(", 6 of 6 verified by the node"), "{alone}");
    assert!(figure(&said, "the node's own verifier, one thread: ").ends_with(" a second"));
}
