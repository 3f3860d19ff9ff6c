//! Jobs that are too large for a worker.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::Duration,
};

use serde_json::Value;

use crate::{
    farm::{Farm, PATIENT},
    server::Server,
    testing::until,
};
use winterlane_node::{Alarm, queue::postgres::claims::Claims};

#[test]
fn jobs_go_to_workers_with_the_memory_for_them() {
    let Some(server) = Server::start() else {
        return;
    };
    let mut farm = Farm::new(&server);
    let batch = farm.seal();
    let status = || -> Value {
        let output = farm.command().arg("status").output().unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or_default()
    };
    let shown = until(|| Some(status()).filter(|status| status["pending"] == 1));
    assert_eq!(shown["claimed"], 0);
    let size = shown["sizes"][0]["memory_mib"].as_u64().unwrap();
    assert!(size > 4 && shown["oldest_seconds"].as_f64().unwrap() >= 0.0);

    let address = server.address().parse().unwrap();
    let mut claims = Claims::connect(&address, "test").unwrap();
    let lease = Duration::from_secs(600);
    assert!(claims.claim((size - 1) << 20, lease).unwrap().is_none());
    let claim = claims.claim(size << 20, lease).unwrap().unwrap();
    assert_eq!(status()["claimed"], 1);
    assert!(claims.release(&claim).unwrap());

    // one that is too small asks, and takes nothing; one that is large enough does
    let arguments = [
        "--memory",
        "4",
        "--metrics",
        "127.0.0.1:0",
        "--lease",
        PATIENT,
    ];
    let small = farm.worker("small", &arguments);
    small.says("the worker starts");
    let large = farm.worker("large", &["--lease", PATIENT]);
    farm.proven(batch);
    large.stop();
    // it may not have asked yet
    until(|| {
        let metrics = scrape(&small.said());
        metrics
            .contains("winterlane_worker_queue_reachable 1")
            .then_some(())
    });
    assert!(!small.said().contains("claimed"), "{}", small.said());
    small.stop();

    // the estimate in the queue is wrong: the worker sees what it needs, and gives the job back
    let batch = farm.seal();
    let mut client = server.client();
    until(|| {
        let lie = "UPDATE winterlane_jobs SET memory = 1";
        (client.execute(lie, &[]).unwrap() == 1).then_some(())
    });
    let small = farm.worker("small", &arguments);
    small.says("too large for this worker");
    until(|| {
        let metrics = scrape(&small.said());
        metrics.contains("end=\"too_large\"} 1").then_some(())
    });
    // whom it is too large for is told, and the batch has not failed
    farm.alarm(|alarm| {
        matches!(alarm, Alarm::Queue { reason }
            if reason.starts_with("worker small-") && reason.contains("too large for its memory"))
    });
    assert_eq!(farm.node.batch(batch).unwrap().unwrap().failures, 0);
    let large = farm.worker("large", &["--lease", PATIENT]);
    farm.proven(batch);
    small.stop();
    large.stop();
    farm.conclude(&server);
}

/// The metrics of a worker, whose log says where they are.
pub(crate) fn scrape(log: &str) -> String {
    let address = log.split("metrics=").nth(1).unwrap();
    let address = address.split_whitespace().next().unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let request = format!("GET /metrics HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
