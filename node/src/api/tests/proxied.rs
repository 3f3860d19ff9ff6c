//! Clients behind a proxy: each has what one address may have, and none has more by what it says of itself.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
};

use axum::{Router, routing::get};
use tokio::sync::mpsc;

use super::{
    super::{
        Proxies,
        server::{ServerConfig, WATCHING},
    },
    *,
};
use crate::{config::Config, serve::Serving, testing::until};

/// Serves the interface behind these proxies too; where. All connections of this machine come from 127.0.0.1.
fn behind(served: &mut Served, proxies: &[&str]) -> SocketAddr {
    let networks = proxies.iter().map(|text| text.parse().unwrap()).collect();
    let listener = served
        .runtime
        .block_on(TcpListener::bind("127.0.0.1:0"))
        .unwrap();
    let address = listener.local_addr().unwrap();
    let serve = server::serve_behind(
        Proxies::new(networks),
        listener,
        served.api.router(),
        None,
        patient(),
        served.stop.subscribe(),
    );
    served
        .tasks
        .push(served.runtime.spawn(async move { serve.await.unwrap() }));
    address
}

/// Asks on a new connection, with these lines of the header.
fn ask(address: SocketAddr, path: &str, forwarded: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    let mut head = format!("GET {path} HTTP/1.1\r\nhost: a\r\n");
    for line in forwarded.lines() {
        head += &format!("x-forwarded-for: {line}\r\n");
    }
    // The other end may have hung up already.
    let _ = write!(stream, "{head}\r\n");
    stream
}

/// The status of an answer; `None` when there is none.
fn status(stream: &mut TcpStream) -> Option<u16> {
    let mut line = [0; 12];
    stream.read_exact(&mut line).ok()?;
    let line = str::from_utf8(&line).unwrap();
    line.strip_prefix("HTTP/1.1 ")?.parse().ok()
}

fn is_hung_up_on(mut stream: TcpStream) -> bool {
    let ended = stream.read_to_end(&mut Vec::new());
    ended.map_or_else(
        |error| !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut),
        |_| true,
    )
}

fn time(address: SocketAddr, forwarded: &str) -> Option<u16> {
    status(&mut ask(address, "/v1/time", forwarded))
}

/// Whether one of many requests is too much for its address: an address may ask once a second.
fn are_one(address: SocketAddr, forwarded: impl Fn(usize) -> String) -> bool {
    (0..100).any(|number| match time(address, &forwarded(number)) {
        Some(200) => false,
        Some(429) => true,
        other => panic!("{}: {other:?}", forwarded(number)),
    })
}

fn once_a_second() -> Served {
    Served::with(ApiConfig {
        requests_per_second: 1,
        ..ApiConfig::default()
    })
}

#[test]
fn clients_behind_a_proxy_have_limits_of_their_own() {
    let mut served = once_a_second();
    let address = behind(&mut served, &["127.0.0.1", "192.0.2.0/28"]);
    assert!(are_one(address, |_| "203.0.113.1".into()));
    assert_eq!(time(address, "203.0.113.2"), Some(200));
    // whatever a client sends comes before what its proxy appends
    assert!(are_one(address, |number| format!(
        "198.51.100.{number}, 203.0.113.3"
    )));
    assert!(are_one(address, |number| format!(
        "198.51.100.{number}\n203.0.113.4:{number}"
    )));
    assert!(are_one(address, |number| format!(
        "198.51.100.{number}, 192.0.2.1, 203.0.113.5"
    )));
    // two proxies, one behind the other
    assert!(are_one(address, |number| format!(
        "198.51.100.{number}, 203.0.113.6, 192.0.2.1"
    )));
    assert_eq!(time(address, "203.0.113.7, 192.0.2.1"), Some(200));
    assert_eq!(time(address, "203.0.113.8\n192.0.2.1"), Some(200));
    // who has one address of a network of version 6 has all of them
    assert!(are_one(address, |number| format!(
        "[2001:db8::{number}]:{number}"
    )));
    assert_eq!(time(address, "2001:db8:0:1::1"), Some(200));
    // what is no address counts for the proxy, whatever stands before it
    assert!(are_one(address, |number| format!(
        "198.51.100.{number}, unknown"
    )));
}

#[test]
fn nobody_else_says_who_it_is() {
    let mut served = once_a_second();
    let plain = served.address.strip_prefix("http://").unwrap();
    let plain: SocketAddr = plain.parse().unwrap();
    let other = behind(&mut served, &["192.0.2.0/28", "::1"]);
    for address in [plain, other] {
        for believed in ["", ", 192.0.2.1"] {
            assert!(are_one(address, |number| format!(
                "198.51.100.{number}{believed}"
            )));
        }
    }
}

/// Streams of events, of which an address has a quarter.
#[test]
fn clients_behind_a_proxy_have_shares_of_their_own() {
    let mut served = Served::with(ApiConfig {
        listeners: 8,
        requests_per_second: 0,
        ..ApiConfig::default()
    });
    let address = behind(&mut served, &["127.0.0.1"]);
    let hold = |forwarded| {
        let mut held = Vec::new();
        loop {
            let mut stream = ask(address, "/v1/events", forwarded);
            match status(&mut stream) {
                Some(200) => held.push(stream),
                refused => {
                    assert_eq!(refused, Some(429));
                    return held;
                }
            }
        }
    };
    let held = ["203.0.113.1", "203.0.113.9, 203.0.113.2", "2001:db8::1"].map(hold);
    assert_eq!(held.map(|held| held.len()), [2; 3]);
}

/// A proxy has as many connections as it likes, and each client of its has as many as one address may have.
#[test]
fn no_client_takes_all_connections_through_a_proxy() {
    let (say, mut begun) = mpsc::unbounded_channel();
    let endless = move || {
        let say = say.clone();
        async move {
            let _ = say.send(());
            std::future::pending::<&'static str>().await
        }
    };
    let router = Router::new()
        .route("/small", get(|| async { "small" }))
        .route("/endless", get(endless));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopping) = watch::channel(false);
    let config = ServerConfig {
        connections: 64,
        per_address: 4,
        // longer than any answer is waited for
        headers: LONG * 2,
        grace: Duration::ZERO,
        ..patient()
    };
    let proxies = Proxies::new(vec!["127.0.0.1".parse().unwrap()]);
    let serve = server::serve_behind(proxies, listener, router, None, config, stopping);
    let serving = runtime.spawn(serve);

    // Before a request nobody knows whose they are. They are accepted in their order: all of them before the next ones.
    let silent: Vec<_> = (0..16)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect();
    let client = "203.0.113.1";
    let small = |forwarded| ask(address, "/small", forwarded);
    let endless: Vec<_> = (0..4).map(|_| ask(address, "/endless", client)).collect();
    for _ in &endless {
        runtime.block_on(begun.recv()).unwrap();
    }
    let refused = [(); 1].map(|()| {
        let mut stream = small(client);
        assert_eq!(status(&mut stream), Some(429));
        stream
    });
    assert!(is_hung_up_on(small(client)));
    assert!(is_hung_up_on(small("203.0.113.9, 203.0.113.1")));
    assert_eq!(status(&mut small("203.0.113.2")), Some(200));
    assert_eq!(status(&mut small("2001:db8::1")), Some(200));
    // places are given back, those of requests that have no answer too
    drop(endless);
    until(|| (status(&mut small(client)) == Some(200)).then_some(()));
    drop((silent, refused));
    stop.send_replace(true);
    runtime.block_on(serving).unwrap().unwrap();
}

/// Both listeners go by the setting.
#[test]
fn proxies_of_the_configuration_are_believed() {
    let served = Served::new();
    let folder = tempfile::tempdir().unwrap();
    let text = "[listen]\naddress = \"127.0.0.1:0\"\nhealth = \"127.0.0.1:0\"\nproxies = [\"127.0.0.0/8\"]\n\
                [interface]\nrequests_per_second = 1\n";
    let config = Config::parse("node.toml", text).unwrap();
    let serving = Serving::start(&served.node, &config, folder.path()).unwrap();
    for client in 1..=20 {
        let forwarded = format!("203.0.113.{client}");
        assert_eq!(time(serving.address(), &forwarded), Some(200));
    }
    assert!(are_one(serving.address(), |number| format!(
        "198.51.100.{number}, 203.0.113.21"
    )));
    // more than one address has of these
    let silent: Vec<_> = (0..WATCHING / 2)
        .map(|_| TcpStream::connect(serving.health()).unwrap())
        .collect();
    let mut live = ask(serving.health(), "/livez", "203.0.113.1");
    assert_eq!(status(&mut live), Some(200));
    drop(silent);
    serving.stop();
}
