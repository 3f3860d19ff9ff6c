//! PostgreSQL that is killed, and whose data are lost.

use winterlane_node::{
    Alarm, OrderId,
    keys::PrivateKey,
    panel::{self, Case, SignedVerdict, Verdict},
    queue::{
        QueueError,
        postgres::{Address, claims::Claims, panel::Assignments},
    },
};

use winterlane_ledger::BatchNumber;

use crate::{
    farm::{Farm, batches},
    server::Server,
    testing::{domain, until, wait},
};

#[test]
fn postgresql_is_killed_and_wiped() {
    let Some(mut server) = Server::start() else {
        return;
    };
    let mut farm = Farm::new(&server);
    let worker = farm.worker("one", &[]);
    for round in 0..2 {
        for _ in 0..batches() {
            farm.seal();
        }
        if round == 1 {
            worker.says("proven");
        }
        server.kill();
        // orders are taken and batches sealed as if nothing were
        farm.seal();
        farm.alarm(|alarm| matches!(alarm, Alarm::Queue { .. }));
        worker.says("the queue cannot be used");
        server.restart();
        for batch in 0..farm.sealed {
            farm.proven(BatchNumber::new(batch));
        }
    }
    worker.says("the queue can be used again");
    worker.stop();

    // the tables go, and with them jobs that wait, and one that a worker has
    for wipe in [
        "DROP TABLE winterlane_jobs, winterlane_proofs; DROP SEQUENCE winterlane_fence",
        "TRUNCATE winterlane_jobs, winterlane_proofs",
    ] {
        let holder = farm.worker("holder", &[]);
        farm.catch(&server, &holder);
        for _ in 0..batches() {
            farm.seal();
        }
        server.client().batch_execute(wipe).unwrap();
        let worker = farm.worker("other", &[]);
        for batch in 0..farm.sealed {
            farm.proven(BatchNumber::new(batch));
        }
        // its claim is of a queue that is no more: it disturbs nobody
        holder.signal("CONT");
        let batch = farm.seal();
        farm.proven(batch);
        holder.stop();
        worker.stop();
    }
    // what the object store has lost is written again
    for _ in 0..2 {
        farm.seal();
    }
    let mut client = server.client();
    until(|| {
        let waiting = "SELECT count(*) FROM winterlane_jobs WHERE NOT proven";
        let row = client.query_one(waiting, &[]).ok()?;
        (row.get::<_, i64>(0) == 2).then_some(())
    });
    std::fs::remove_dir_all(&farm.objects).unwrap();
    let worker = farm.worker("last", &[]);
    for batch in 0..farm.sealed {
        farm.proven(BatchNumber::new(batch));
    }
    worker.stop();
    let refused = |alarm: &Alarm| !matches!(alarm, Alarm::Queue { .. });
    assert!(!farm.alarms.iter().any(refused), "{:?}", farm.alarms);
    farm.conclude(&server);
}

/// The roles of the manifests are enough for workers, and no more than that.
#[test]
fn workers_have_few_rights() {
    let Some(server) = Server::start() else {
        return;
    };
    let mut farm = Farm::new(&server);
    farm.seal();
    let mut client = server.client();
    until(|| client.query("SELECT FROM winterlane_jobs", &[]).ok());
    client
        .batch_execute(include_str!("../../../deploy/postgres/roles.sql"))
        .unwrap();
    let roles = "CREATE ROLE machine LOGIN IN ROLE winterlane_worker;
                 CREATE ROLE scaler LOGIN IN ROLE winterlane_autoscaler";
    client.batch_execute(roles).unwrap();
    let address = |user: &str| server.address().replace("user=postgres", user);
    let worker = farm.worker("machine", &["--queue", &address("user=machine")]);
    farm.proven(BatchNumber::ZERO);
    worker.stop();
    let mut machine = postgres::Client::connect(&address("user=machine"), postgres::NoTls).unwrap();
    for forbidden in [
        "DELETE FROM winterlane_jobs",
        "INSERT INTO winterlane_jobs (rollup, batch) VALUES ('', 1)",
        "DELETE FROM winterlane_proofs",
        "UPDATE winterlane_proofs SET millis = 0",
        "DROP TABLE winterlane_proofs",
        "INSERT INTO winterlane_cases (challenge, rollup, policy, operation) VALUES ('', '', '', '')",
        "DELETE FROM winterlane_cases",
        "INSERT INTO winterlane_seats (challenge, verifier) VALUES ('', '')",
        "DELETE FROM winterlane_seats",
        "SELECT FROM winterlane_verdicts",
        "DELETE FROM winterlane_verdicts",
        "DELETE FROM winterlane_verifiers",
    ] {
        assert!(machine.batch_execute(forbidden).is_err(), "{forbidden}");
    }
    // and enough to judge private operations
    let key = PrivateKey::random().unwrap();
    let queue = address("user=machine").parse().unwrap();
    let mut judge = Assignments::connect(&queue, key.public()).unwrap();
    for _ in 0..2 {
        judge.appear("machine", &panel::policy()).unwrap();
    }
    assert!(judge.take(4).unwrap().is_empty());
    let case = Case {
        challenge: [1; 32],
        rollup: [2; 32],
        policy: panel::policy(),
        operation: OrderId::from_bytes([3; 32]),
    };
    let said = SignedVerdict::new(&case, Verdict::Holds, &key);
    judge.answer(&case.rollup, &said).unwrap();
    // the autoscaler asks what the manifest says
    let manifest = include_str!("../../../deploy/kubernetes/autoscaler.yaml");
    let query = manifest.split("query: >-").nth(1).unwrap();
    let query = query.split("targetQueryValue").next().unwrap();
    let mut scaler = postgres::Client::connect(&address("user=scaler"), postgres::NoTls).unwrap();
    let waiting: i64 = scaler.query_one(query, &[]).unwrap().get(0);
    assert!(waiting <= 1);
    assert!(
        scaler
            .batch_execute("UPDATE winterlane_jobs SET proven = true")
            .is_err()
    );
    farm.conclude(&server);
}

/// A worker may write into the tables whatever it likes. It can hold a batch up, and neither stop the node nor the others: what
/// it wrote is put right, or its batch is held until an operator has it proven again.
#[test]
fn nonsense_in_the_tables_ends_nothing() {
    let Some(server) = Server::start() else {
        return;
    };
    let mut farm = Farm::new(&server);
    let mut client = server.client();
    for (nonsense, held) in [
        // a proof whose hash is none
        (
            "INSERT INTO winterlane_proofs (rollup, batch, hash, worker, fence, millis)
             SELECT rollup, batch, 'x'::bytea, '', 0, -1 FROM winterlane_jobs",
            false,
        ),
        // a proof that is not there
        ("UPDATE winterlane_jobs SET proven = true", false),
        // a job that no worker knows how to do
        (
            "UPDATE winterlane_jobs SET format = 7, preset = 'none', complaints = -1",
            false,
        ),
        // a claim without end, and one of a name without end
        ("UPDATE winterlane_jobs SET lease = 'infinity'", false),
        (
            "UPDATE winterlane_jobs SET lease = 'infinity', worker = repeat('x', 1000000)",
            false,
        ),
        // more failures than there can be, and more to say of them than anybody reads
        (
            "UPDATE winterlane_jobs SET failed = 2147483647, told = -2147483648, reason = repeat('x', 1000000)",
            true,
        ),
    ] {
        let batch = farm.seal();
        until(|| (client.execute(nonsense, &[]).ok()? > 0).then_some(()));
        if held {
            farm.alarm(
                |alarm| matches!(alarm, Alarm::ProofHeld { reason, .. } if reason.len() < 1000),
            );
            wait(farm.node.requeue(batch)).unwrap();
        }
        let worker = farm.worker("honest", &[]);
        farm.proven(batch);
        worker.stop();
    }
    // failures that the node was told of, in an answer that it did not get as a whole
    let batch = farm.seal();
    let number = i64::try_from(batch.get()).unwrap();
    let fail =
        "UPDATE winterlane_jobs SET failed = failed + 100, reason = 'as told' WHERE batch = $1";
    let told = "SELECT FROM winterlane_jobs WHERE batch = $1 AND failed > 0 AND told = failed";
    let job = "SELECT FROM winterlane_jobs WHERE batch = $1";
    until(|| client.query_opt(job, &[&number]).ok()?.map(drop));
    let rename = "ALTER TABLE winterlane_proofs RENAME COLUMN millis TO lost";
    client.batch_execute(rename).unwrap();
    client.execute(fail, &[&number]).unwrap();
    until(|| client.query_opt(told, &[&number]).ok()?.map(drop));
    let rename = "ALTER TABLE winterlane_proofs RENAME COLUMN lost TO millis";
    client.batch_execute(rename).unwrap();
    farm.alarm(|alarm| matches!(alarm, Alarm::ProofHeld { batch: held, reason } if *held == batch && reason.contains("as told")));
    wait(farm.node.requeue(batch)).unwrap();
    let worker = farm.worker("honest", &[]);
    farm.proven(batch);
    worker.stop();
    // nonsense in the object store: a witness that is none, and what is said to be a proof and cannot be read
    let batch = farm.seal();
    let number = i64::try_from(batch.get()).unwrap();
    until(|| client.query_opt(job, &[&number]).ok()?.map(drop));
    let rollup = std::path::Path::new(&farm.objects).join(domain().to_string());
    let folder = rollup.join(format!("{batch:020}"));
    for entry in std::fs::read_dir(&folder).unwrap() {
        std::fs::write(entry.unwrap().path(), "nonsense").unwrap();
    }
    let hash = *blake3::hash(b"").as_bytes();
    let proof = format!("proof-{}", blake3::Hash::from_bytes(hash));
    std::fs::create_dir(folder.join(&proof)).unwrap();
    let lie = "INSERT INTO winterlane_proofs (rollup, batch, hash, worker, fence, millis)
               SELECT rollup, batch, $1::bytea, '', 0, 0 FROM winterlane_jobs WHERE batch = $2";
    assert_eq!(client.execute(lie, &[&&hash[..], &number]).unwrap(), 1);
    let worker = farm.worker("honest", &[]);
    farm.proven(batch);
    worker.stop();
    std::fs::remove_dir(folder.join(&proof)).unwrap();
    farm.conclude(&server);
}

/// PostgreSQL is away when node and worker start: both do, one alarm says so, and nothing is lost.
#[test]
fn postgresql_is_away_at_the_start() {
    let Some(mut server) = Server::start() else {
        return;
    };
    server.kill();
    let mut farm = Farm::new(&server);
    let worker = farm.worker("one", &[]);
    // counted, since it may be told before anybody listens
    let told = |farm: &Farm| farm.node.status().unwrap().alarms;
    until(|| (told(&farm) == 1).then_some(()));
    worker.says("the queue cannot be used");
    farm.seal();
    farm.seal();
    assert_eq!(told(&farm), 1);
    // the node starts once more, and hears it once more
    farm.restart_node();
    farm.seal();
    until(|| (told(&farm) == 1).then_some(()));
    server.restart();
    for batch in 0..farm.sealed {
        farm.proven(BatchNumber::new(batch));
    }
    assert_eq!(told(&farm), 1);
    worker.says("the queue can be used again");
    worker.stop();
    farm.conclude(&server);
}

/// With `sslmode=require` every connection has TLS, and a server is believed by its certificate and its name. What is
/// refused says what would help.
#[test]
fn node_and_workers_speak_tls_to_a_server_that_they_know() {
    let Some(server) = Server::start_tls() else {
        return;
    };
    let mut farm = Farm::new(&server);
    let worker = farm.worker("one", &[]);
    for _ in 0..2 {
        farm.seal();
    }
    for batch in 0..farm.sealed {
        farm.proven(BatchNumber::new(batch));
    }
    let mut client = server.client();
    let connections = "SELECT count(*) FILTER (WHERE ssl), count(*) FILTER (WHERE NOT ssl)
          FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'winterlane'";
    let row = client.query_one(connections, &[]).unwrap();
    assert!(row.get::<_, i64>(0) > 0);
    assert_eq!(row.get::<_, i64>(1), 0);
    worker.stop();

    let address = server.address();
    let refused = |address: &str| -> String {
        let address: Address = address.parse().unwrap();
        let connected = Claims::connect(&address, "x");
        connected
            .err()
            .map(|error: QueueError| error.to_string())
            .unwrap()
    };
    let (place, _) = address.split_once('?').unwrap();
    let folder = tempfile::tempdir().unwrap();
    let issued = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let other = folder.path().join("other.pem");
    std::fs::write(&other, issued.cert.pem()).unwrap();
    let by = |file: &str| format!("{place}?sslmode=require&sslrootcert={file}");
    for (address, words) in [
        (place.to_owned(), "sslmode=require"),
        (format!("{place}?sslmode=disable"), "sslmode=require"),
        (format!("{place}?sslmode=require"), "sslrootcert"),
        (by(&other.display().to_string()), "certificate"),
        (
            by(&server.certificate()).replace("127.0.0.1", "localhost"),
            "name",
        ),
    ] {
        let said = refused(&address);
        assert!(said.contains(words), "{address}: {said}");
    }
    farm.conclude(&server);
}
