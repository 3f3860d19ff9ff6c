//! PostgreSQL that is killed, and whose data are lost.

use winterlane_node::Alarm;

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
    ] {
        assert!(machine.batch_execute(forbidden).is_err(), "{forbidden}");
    }
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
