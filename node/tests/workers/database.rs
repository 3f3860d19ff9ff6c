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

use crate::{
    farm::{Farm, batches},
    server::Server,
    testing::until,
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
            farm.proven(batch);
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
            farm.proven(batch);
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
        farm.proven(batch);
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
    farm.proven(0);
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
        farm.proven(batch);
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
        farm.proven(batch);
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
