//! Strange bytes: each is refused by name, nothing changes, and the node answers the next.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use serde_json::json;
use winterlane_ledger::codec::CanonicalBytes as _;

use super::{super::signed_order, *};

/// Posts that a stranger or a holder of a key may try, each with bodies that are nearly right.
fn bodies(served: &mut Served) -> Vec<Vec<u8>> {
    let order = served.payers[0].clone().pay(1, 5, 0);
    let good = signed_order(&order).to_string();
    let mut bodies: Vec<Vec<u8>> = [
        "",
        "{",
        "}",
        "[]",
        "null",
        "0",
        "\"\"",
        "{}",
        "{\"order\":1}",
        "{\"orders\":[1]}",
        "{\"orders\":{}}",
        "{\"client\":\"\\u0000\"}",
        "{\"reason\":\"\\ud800\"}",
        "{\"a\":1,\"a\":1}",
        "\u{feff}{}",
        "{} {}",
        "{\"order\":{\"kind\":\"x\"}}",
        "{\"orders\":[{\"order\":{\"kind\":\"transfer\",\"from\":1e400}}]}",
        "NaN",
        "{\"nonce\":-0}",
        "{\"nonce\":1e9999999}",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec();
    // Nested deeper than any parser's stack.
    for open in ["[", "{\"a\":", "{\"order\":", "{\"orders\":["] {
        bodies.push(open.repeat(4000).into_bytes());
        bodies.push(format!("{{\"order\":{}", open.repeat(300)).into_bytes());
    }
    for (from, to) in [
        ("\"amount\":\"5\"", "\"amount\":5"),
        ("\"amount\":\"5\"", "\"amount\":\"-5\""),
        ("\"amount\":\"5\"", "\"amount\":\"05\""),
        ("\"amount\":\"5\"", "\"amount\":\"5e0\""),
        (
            "\"amount\":\"5\"",
            "\"amount\":\"340282366920938463463374607431768211456\"",
        ),
        ("\"slot\":0", "\"slot\":2"),
        ("\"slot\":0", "\"slot\":0,\"slot\":0"),
        ("\"slot\":0", "\"slot\":0,\"extra\":0"),
        ("\"to\":1", "\"to\":4294967296"),
        ("\"nonce\":0", "\"nonce\":0.0"),
        ("\"nonce\":0", "\"nonce\":null"),
        ("\"signature\":\"", "\"signature\":\"0"),
        ("\"signature\":\"", "\"signature\":\"AA"),
    ] {
        assert!(good.contains(from), "{from}");
        bodies.push(good.replacen(from, to, 1).into_bytes());
    }
    bodies.push(
        [
            &good.as_bytes()[..40],
            &[0xff, 0xfe],
            &good.as_bytes()[40..],
        ]
        .concat(),
    );
    bodies
}

/// serde reads a list as the members in their order; for the node an order has one spelling.
#[test]
fn a_list_is_no_order() {
    let served = Served::new();
    let mut payer = served.payers[0].clone();
    let good = signed_order(&payer.pay(1, 5, 0));
    let order = &good["order"];
    let mut listed = good.clone();
    listed["order"] = json!([
        "transfer",
        order["fee"],
        order["valid_until"],
        order["from"],
        null,
        order["to"],
        order["amount"],
        null,
        null,
        null,
        null
    ]);
    let post = |path: &str, body: &Value| {
        let headers = [("content-type", "application/json".to_owned())];
        served.send("POST", path, &headers, body.to_string().as_bytes())
    };
    let as_list = json!([[order, good["nonce"], good["slot"], good["signature"]]]);
    for (path, body, field) in [
        ("/v1/orders", listed.clone(), "order"),
        (
            "/v1/orders/batch",
            json!({ "orders": [listed] }),
            "orders[0].order",
        ),
        (
            "/v1/orders/batch",
            json!({ "orders": as_list }),
            "orders[0]",
        ),
    ] {
        let reply = post(path, &body);
        assert_eq!(problem(&reply, "bad-field")["field"], field, "{body}");
    }
    assert_eq!(post("/v1/orders", &good).status, 202);
}

#[test]
fn strange_bodies_change_nothing_and_are_never_the_nodes_fault() {
    let mut served = Served::new();
    let bodies = bodies(&mut served);
    let before = served.fingerprint();
    let mut tried = 0;
    for kind in [
        "application/json",
        "application/octet-stream",
        "text/plain",
        "",
    ] {
        for path in ["/v1/orders", "/v1/orders/batch"] {
            for body in &bodies {
                let headers: Vec<_> = (!kind.is_empty())
                    .then(|| ("content-type", kind.to_owned()))
                    .into_iter()
                    .collect();
                let reply = served.send("POST", path, &headers, body);
                let shown = String::from_utf8_lossy(&reply.body);
                // A list of which each order is refused for itself is an answer.
                let each =
                    path.ends_with("batch") && reply.status == 200 && !shown.contains("receipt");
                assert!(
                    each || (400..500).contains(&reply.status),
                    "{path} {}: {shown}",
                    reply.status
                );
                if !each {
                    let document: Value = reply.json().unwrap();
                    assert!(
                        document["type"].as_str().unwrap().starts_with("/problems/"),
                        "{document}"
                    );
                }
                tried += 1;
            }
        }
    }
    for route in super::super::routes::table()
        .iter()
        .filter(|route| route.path.starts_with("/v1/admin"))
    {
        let path = route
            .path
            .replace("{key}", &served.ada.id.to_string())
            .replace(['{', '}'], "");
        for body in bodies
            .iter()
            .filter(|body| !body.is_empty() && *body != b"{}")
        {
            let reply = served.signed(&served.ada, route.method.name(), &path, body);
            assert!(
                (400..500).contains(&reply.status),
                "{path}: {}",
                reply.status
            );
            tried += 1;
        }
    }
    println!("strange requests: {tried}, answered with 5xx: 0");
    let after = served.fingerprint();
    assert_eq!(
        (before.0, &before.1, before.2),
        (after.0, &after.1, after.2)
    );
    assert_eq!(served.json("/v1/status")["ready"], true);
}

#[test]
fn no_flipped_bit_of_an_order_is_accepted() {
    let served = Served::new();
    let order = served.payers[0].clone().pay(1, 5, 0);
    let good = order.to_bytes();
    let before = served.fingerprint();
    let kind = [("content-type", "application/octet-stream".to_owned())];
    // Every bit of what is signed, and some of the signature's.
    let bits = (0..good.len() * 8).filter(|bit| *bit < 8 * 40 || bit % 397 == 0);
    for bit in bits {
        let mut bytes = good.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let reply = served.send("POST", "/v1/orders", &kind, &bytes);
        assert!(
            (400..500).contains(&reply.status),
            "bit {bit}: {}",
            reply.status
        );
    }
    let json = [("content-type", "application/json".to_owned())];
    let text = signed_order(&order).to_string();
    for bit in (0..text.len() * 8).filter(|bit| *bit < 8 * 160 || bit % 797 == 0) {
        let mut bytes = text.clone().into_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let reply = served.send("POST", "/v1/orders", &json, &bytes);
        assert!(
            (400..500).contains(&reply.status),
            "bit {bit}: {}",
            String::from_utf8_lossy(&bytes[..160])
        );
    }
    let after = served.fingerprint();
    assert_eq!((before.0, before.1, before.2), (after.0, after.1, after.2));
    assert_eq!(served.send("POST", "/v1/orders", &kind, &good).status, 202);
}

#[test]
fn no_flipped_bit_of_a_signed_request_is_accepted() {
    let served = Served::new();
    let operator = served.holder("oper", Role::Operator);
    let headers = as_headers(&served.signature(
        &operator,
        "POST",
        "/v1/admin/pause",
        b"{}",
        Nonce::from_bytes([1; 16]),
    ));
    for place in 1..headers.len() {
        for bit in 0..headers[place].1.len() * 8 {
            let mut bytes = headers[place].1.clone().into_bytes();
            bytes[bit / 8] ^= 1 << (bit % 8);
            let Ok(text) = String::from_utf8(bytes) else {
                continue;
            };
            if text.bytes().any(|byte| byte.is_ascii_control()) || text.trim() != text {
                continue;
            }
            let mut bad = headers.clone();
            bad[place].1 = text;
            let reply = served.send("POST", "/v1/admin/pause", &bad, b"{}");
            assert!(matches!(reply.status, 401), "{bad:?}: {}", reply.status);
        }
    }
    assert!(!served.node.status().unwrap().paused);
    assert_eq!(
        served
            .send("POST", "/v1/admin/pause", &headers, b"{}")
            .status,
        200
    );
}

#[test]
fn large_bodies_and_bad_addresses_are_refused() {
    let served = Served::new();
    let address = served.address.strip_prefix("http://").unwrap();
    // Refused by what is announced, before a byte of it has come; and by what comes, when nothing is announced.
    let announced = |path: &str, length: usize| {
        let mut stream = TcpStream::connect(address).unwrap();
        let head = "host: a\r\ncontent-type: application/json\r\nconnection: close";
        write!(
            stream,
            "POST {path} HTTP/1.1\r\n{head}\r\ncontent-length: {length}\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    for (path, length) in [
        ("/v1/orders", 33 << 10),
        ("/v1/orders/batch", (16 << 20) + 1),
        ("/v1/orders", 1 << 40),
    ] {
        let answer = announced(path, length);
        assert!(
            answer.starts_with("HTTP/1.1 413") && answer.contains("/problems/too-large"),
            "{answer}"
        );
    }
    let mut stream = TcpStream::connect(address).unwrap();
    let head = "host: a\r\ncontent-type: application/json\r\ntransfer-encoding: chunked";
    write!(stream, "POST /v1/orders HTTP/1.1\r\n{head}\r\n\r\n").unwrap();
    for _ in 0..9 {
        // The other end may have hung up already: after 32 KiB it has answered.
        let _ = write!(stream, "1000\r\n{}\r\n", " ".repeat(4096));
    }
    let mut line = [0; 12];
    stream.read_exact(&mut line).unwrap();
    assert_eq!(&line, b"HTTP/1.1 413");
    problem(&served.send("GET", "/v1/status", &[], b"x"), "too-large");
    for path in [
        "/v1/accounts/4294967296",
        "/v1/accounts/-1",
        "/v1/accounts/00",
        "/v1/accounts/01",
        "/v1/accounts/000000000000000000000001",
        "/v1/accounts/+1",
        "/v1/accounts/%31",
        "/v1/accounts/%31/proof",
        "/v1/batches/00000000000000000000000",
        "/v1/batches/%30",
        "/v1/batches/00000000000000000000000/records",
        "/v1/accounts/1%00",
        "/v1/accounts/%ff",
        "/v1/orders/zz",
        "/v1/batches/18446744073709551616",
        "/v2",
        "/v1/accounts//proof",
        "/..%2f..%2fetc/passwd",
    ] {
        problem(&served.get(path), "not-found");
    }
    for path in [
        "/v1/batches?limit=0",
        "/v1/batches?limit=101",
        "/v1/batches?limit=1&limit=2",
        "/v1/batches?x=1",
        "/v1/accounts/0/history?before=1",
        "/v1/accounts/0/history?before=a.b",
        "/v1/batches?before=-1",
        "/v1/batches?before=+1",
        "/v1/batches?before=01",
        "/v1/batches?before=1.0",
        "/v1/batches?before=%201",
        "/v1/batches?before=",
        "/v1/batches?before=1&before=1",
        "/v1/accounts/0/history?before=+1.0",
        "/v1/accounts/0/history?before=1.-0",
        "/v1/accounts/0/history?before=1.0.0",
        "/v1/private/notes?from=+1",
        "/v1/private/anchors?limit=+1",
    ] {
        problem(&served.get(path), "bad-field");
    }
    let body = problem(&served.get("/v1/batches?limit=2&before=+1"), "bad-field");
    assert_eq!(body["field"], "before");
    let reply = served.send("DELETE", "/v1/orders", &[], b"");
    problem(&reply, "method");
}

/// What is no HTTP at all, through a socket.
#[test]
fn bytes_that_are_no_request_end_their_connection_alone() {
    let served = Served::new();
    let address = served.address.strip_prefix("http://").unwrap();
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for round in 0..200 {
        let mut bytes: Vec<u8> = (0..64 + round * 7)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state.to_le_bytes()[3]
            })
            .collect();
        if round % 3 == 0 {
            bytes = [b"POST /v1/orders HTTP/1.1\r\nhost: a\r\ncontent-length: 99999999999999999999\r\n\r\n", &bytes[..]].concat();
        }
        if round % 5 == 0 {
            bytes = [b"GET / HTTP/1.1\r\n".to_vec(), vec![b'a'; 70_000]].concat();
        }
        let mut stream = TcpStream::connect(address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(300)))
            .unwrap();
        // The other end may have hung up already.
        let _ = stream.write_all(&bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let line = String::from_utf8_lossy(&answer[..answer.len().min(16)]).into_owned();
        assert!(
            answer.is_empty() || line.starts_with("HTTP/1.1 4"),
            "{line}"
        );
    }
    // Two sets of credentials, and one header twice.
    let twice = "GET /v1/status HTTP/1.1\r\nhost: a\r\n\r\n";
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(twice.as_bytes()).unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    for headers in [
        "authorization: Bearer x\r\nauthorization: Bearer y\r\n",
        "authorization: Bearer x\r\nsignature: a\r\nsignature-input: b\r\n",
        "signature: a\r\n",
        "signature-input: a\r\n",
        "signature: a\r\nsignature-input: b\r\n",
        "authorization: Basic x\r\n",
    ] {
        let mut stream = TcpStream::connect(address).unwrap();
        write!(
            stream,
            "GET /v1/batches HTTP/1.1\r\nhost: a\r\nconnection: close\r\n{headers}\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 401"), "{headers}{answer}");
    }
}
