//! One caller takes as much as it gets, and everybody else is served nevertheless.

use core::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll, Waker},
};
use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use axum::{
    body::{Body, Bytes},
    http::{Request, StatusCode},
    response::Response,
};
use http_body::Frame;
use tower_service::Service as _;
use winterlane_ledger::{AccountId, codec::CanonicalBytes as _};

use super::{
    super::{call::ClientAddress, server::WATCHING},
    *,
};
use crate::{
    config::Config,
    serve::Serving,
    testing::{private_transfer, until, wait},
};

/// What the interface answers to an address, which is told by its last number: a machine has no second one for a test.
fn answer(
    served: &Served,
    last: u8,
    mut request: Request<Body>,
) -> impl Future<Output = Result<Response, Infallible>> + use<> {
    let address = [192, 0, 2, last].into();
    request.extensions_mut().insert(ClientAddress(address));
    served.api.router().call(request)
}

fn get(served: &Served, last: u8, path: &str) -> Response {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let answered = served.runtime.block_on(answer(served, last, request));
    answered.unwrap()
}

/// The most that a batch of orders may have, in pieces, and no end of it.
struct Unfinished {
    pieces: usize,
}

static PIECE: [u8; 1 << 20] = [b'x'; 1 << 20];

impl http_body::Body for Unfinished {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(left) = self.pieces.checked_sub(1) else {
            return Poll::Pending;
        };
        self.pieces = left;
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(&PIECE)))))
    }
}

/// Bodies come before credentials, so that anybody can send them slowly: an address has a part of their room.
#[test]
fn bodies_of_one_address_leave_room_for_those_of_others() {
    let mut served = Served::new();
    let mut held = Vec::new();
    {
        let _clock = served.runtime.enter();
        let mut context = Context::from_waker(Waker::noop());
        // Each is looked at once, so that no limit of time ends it.
        let refused = loop {
            let body = Body::new(Unfinished { pieces: 16 });
            let request = Request::post("/v1/orders/batch").body(body).unwrap();
            let mut sent = Box::pin(answer(&served, 1, request));
            match sent.as_mut().poll(&mut context) {
                Poll::Pending => held.push(sent),
                Poll::Ready(answered) => break answered.unwrap(),
            }
        };
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    }
    let bytes = [("content-type", "application/octet-stream".to_owned())];
    let order = served.payers[0].pay(1, 5, 0).to_bytes();
    let taken = served.send("POST", "/v1/orders", &bytes, &order);
    assert_eq!(taken.status, 202, "kept out by {} bodies", held.len());
    assert_eq!(held.len(), 4, "a quarter of 256 MiB, by 16");
}

/// A stream of events lasts for as long as its listener likes: an address has a part of them, and so has a key.
#[test]
fn listeners_at_one_address_leave_places_for_others() {
    let served = Served::with(ApiConfig {
        listeners: 8,
        requests_per_second: 0,
        key_requests_per_second: 0,
        ..ApiConfig::default()
    });
    let listen = |last| get(&served, last, "/v1/events");
    let hold = |last| {
        let mut held = Vec::new();
        loop {
            let stream = listen(last);
            if stream.status() != StatusCode::OK {
                assert_eq!(stream.status(), StatusCode::TOO_MANY_REQUESTS);
                return held;
            }
            held.push(stream);
        }
    };
    let held = hold(1);
    assert_eq!(listen(2).status(), StatusCode::OK);
    assert_eq!(held.len(), 2, "a quarter of 8");
    // Who has a key is not one of those at its address.
    let reader = served.holder("reader", Role::Reader);
    let with_key = || {
        let nonce = Nonce::from_bytes(crate::keys::random().unwrap());
        let signed = served.signature(&reader, "GET", "/v1/events", b"", nonce);
        let mut request = Request::get("/v1/events");
        for (name, value) in as_headers(&signed) {
            request = request.header(name, value);
        }
        let request = request.body(Body::empty()).unwrap();
        let answered = served.runtime.block_on(answer(&served, 1, request));
        answered.unwrap()
    };
    let keys: Vec<_> = (0..2).map(|_| with_key()).collect();
    assert!(keys.iter().all(|stream| stream.status() == StatusCode::OK));
    assert_eq!(with_key().status(), StatusCode::TOO_MANY_REQUESTS);
    drop(held);
    assert_eq!(hold(1).len(), 2);
}

/// What a page costs the node, it counts: one of an account's history is read from batches, each of which is decoded as a whole;
/// one of notes is as many as there are, however many were asked for.
#[test]
fn a_page_counts_as_what_it_is_made_of() {
    let mut served = Served::with(ApiConfig {
        requests_per_second: 2,
        ..ApiConfig::default()
    });
    for to in [3, 1] {
        let order = served.payers[0].pay(to, 5, 0);
        let id = wait(served.node.submit(order)).unwrap().id;
        until(|| {
            let state = served.node.order_status(&id).unwrap();
            matches!(state, Some(crate::OrderState::Included { .. })).then_some(())
        });
    }
    let places = |account| {
        let history = served.node.history(AccountId::new(account), None, 100);
        history.unwrap().len()
    };
    assert_eq!((places(0), places(3)), (2, 1));
    let root = served.node.anchors(1).unwrap().anchors[0].1;
    for number in 0..129 {
        let transfer = private_transfer([2 * number, 2 * number + 1], root);
        wait(served.node.submit_private(transfer)).unwrap();
    }
    until(|| (served.node.notes(0, 1).unwrap().count == 258).then_some(()));
    // Each address may ask twice at once, and once more every half second.
    let mut addresses = 0..253;
    let status = |last, path: &str| get(&served, last, path).status();
    let mut are_two = |path| {
        addresses.by_ref().take(100).any(|last| {
            assert_eq!(status(last, path), StatusCode::OK, "{path}");
            status(last, "/v1/time") == StatusCode::TOO_MANY_REQUESTS
        })
    };
    for path in [
        "/v1/accounts/0/history",
        "/v1/batches?limit=11",
        "/v1/private/notes?limit=257",
    ] {
        assert!(are_two(path), "{path}");
    }
    // A page of one batch is one request, and so are ten batches, and 256 notes.
    for (last, path) in [
        (253, "/v1/private/notes?from=2&limit=4096"),
        (254, "/v1/accounts/3/history"),
        (255, "/v1/batches?limit=10"),
    ] {
        assert_eq!(status(last, path), StatusCode::OK, "{path}");
        assert_eq!(status(last, "/v1/time"), StatusCode::OK, "{path}");
    }
}

/// Whether there is an answer on a connection.
fn answers(stream: &mut TcpStream) -> bool {
    // The other end may have hung up already.
    let _ = write!(stream, "GET /livez HTTP/1.1\r\nhost: a\r\n\r\n");
    let mut line = [0; 12];
    stream.read_exact(&mut line).is_ok() && &line == b"HTTP/1.1 200"
}

/// Who watches a node has few connections, and one address that opens them and says nothing has a part of these alone.
#[test]
fn one_address_does_not_take_health_as_a_whole() {
    let served = Served::new();
    let folder = tempfile::tempdir().unwrap();
    let text = "[listen]\naddress = \"127.0.0.1:0\"\nhealth = \"127.0.0.1:0\"\n";
    let config = Config::parse("node.toml", text).unwrap();
    let serving = Serving::start(&served.node, &config, folder.path()).unwrap();
    let connect = || TcpStream::connect(serving.health()).unwrap();
    let mut silent = Vec::new();
    // They are accepted in their order, so that this is one more; a machine that stands still may end some before it.
    let refused = (0..16).any(|_| {
        silent.clear();
        silent.extend((0..WATCHING / 4).map(|_| connect()));
        !answers(&mut connect())
    });
    assert!(refused);
    #[cfg(target_os = "linux")]
    {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(([127, 0, 0, 2], 0).into()).unwrap();
        let stream = served.runtime.block_on(socket.connect(serving.health()));
        let mut other = stream.unwrap().into_std().unwrap();
        other.set_nonblocking(false).unwrap();
        assert!(answers(&mut other));
    }
    drop(silent);
    until(|| answers(&mut connect()).then_some(()));
    serving.stop();
}
