//! People who take their time: connections that say nothing, and answers that nobody reads.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use axum::{Router, routing::get};

use super::{super::server::ServerConfig, *};

/// A listener of its own, with these limits, until it is dropped.
struct Listening {
    runtime: Runtime,
    stop: watch::Sender<bool>,
    task: Option<JoinHandle<()>>,
    address: std::net::SocketAddr,
}

/// More than the buffers of any socket hold.
const LARGE: usize = 64 << 20;

impl Listening {
    fn new(config: ServerConfig) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new()
            .route("/small", get(|| async { "small" }))
            .route("/large", get(|| async { vec![b'x'; LARGE] }));
        let (stop, stopping) = watch::channel(false);
        let serve = server::serve(listener, router, None, config, stopping);
        let task = Some(runtime.spawn(async move { serve.await.unwrap() }));
        Self {
            runtime,
            stop,
            task,
            address,
        }
    }

    fn ask(&self, path: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        // The other end may have hung up already.
        let _ = write!(stream, "GET {path} HTTP/1.1\r\nhost: a\r\n\r\n");
        stream
    }

    /// Whether there is an answer on a new connection.
    fn answers(&self) -> bool {
        let mut stream = self.ask("/small");
        let mut line = [0; 12];
        stream.read_exact(&mut line).is_ok() && &line == b"HTTP/1.1 200"
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(task) = self.task.take() {
            let _ = self.runtime.block_on(task);
        }
    }
}

/// One machine opens connections and says nothing: it is hung up on, and its places are given back.
#[test]
fn one_address_has_a_part_of_the_connections_alone() {
    let listening = Listening::new(ServerConfig {
        connections: 64,
        per_address: 4,
        headers: Duration::from_secs(600),
        grace: Duration::ZERO,
        ..patient()
    });
    let silent: Vec<_> = (0..4)
        .map(|_| TcpStream::connect(listening.address).unwrap())
        .collect();
    // They are accepted in their order, so that this is the fifth.
    assert!(!listening.answers());
    drop(silent);
    crate::testing::until(|| listening.answers().then_some(()));
}

/// An answer that nobody reads ends with its connection, and does not keep the next one out for ever.
#[test]
fn an_answer_that_nobody_reads_is_given_up() {
    let listening = Listening::new(ServerConfig {
        connections: 1,
        stall: Duration::from_millis(200),
        grace: Duration::ZERO,
        ..patient()
    });
    let unread = listening.ask("/large");
    // The one connection is the other's until that is given up; this one waits in the operating system's queue.
    assert!(listening.answers());
    drop((unread, listening));
    // Who reads, however much there is, gets all of it. (How long a pause may be is the machine's affair here.)
    let listening = Listening::new(ServerConfig {
        connections: 1,
        stall: Duration::from_secs(600),
        grace: Duration::ZERO,
        ..patient()
    });
    let mut stream = listening.ask("/large");
    let mut read = 0;
    let mut buffer = vec![0; 1 << 20];
    while read < LARGE {
        let count = stream.read(&mut buffer).unwrap();
        assert!(count > 0, "cut off after {read} bytes");
        read += count;
    }
}

/// When answers that nobody reads have taken all of their room, large ones are given later: small ones as ever, and what was
/// carried out is answered however long the answer is.
#[test]
fn without_room_large_answers_are_given_later() {
    let served = Served::new();
    let filled = served.api.answers_room.fill();
    let refused = problem(&served.get("/openapi.json"), "unavailable");
    assert!(refused["detail"].as_str().unwrap().contains("not read"));
    assert_eq!(served.get("/v1/time").status, 200);
    let bytes = [("content-type", "application/octet-stream".to_owned())];
    let many = [1_u8, 0, 0, 0, 7].repeat(400);
    let answered = served.send("POST", "/v1/orders/batch", &bytes, &many);
    assert_eq!(answered.status, 200);
    assert!(answered.body.len() > 16 << 10, "{}", answered.body.len());
    drop(filled);
    assert_eq!(served.get("/openapi.json").status, 200);
}
