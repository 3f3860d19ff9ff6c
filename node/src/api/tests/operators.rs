//! Operators' requests over HTTP.

use serde_json::json;

use super::*;
use crate::keys::{Environment, PrivateKey};

#[test]
fn each_route_is_closed_to_every_role_without_its_scope() {
    let served = Served::new();
    let roles = [
        ("reader", Role::Reader),
        ("desk", Role::Submitter),
        ("oper", Role::Operator),
        ("audit", Role::Auditor),
        ("machine", Role::Worker),
    ];
    let mut holders: Vec<_> = roles
        .iter()
        .map(|(client, role)| (*role, served.holder(client, *role)))
        .collect();
    holders.push((Role::Keymaster, served.ada.clone()));
    let mut refused = 0;
    for route in super::super::routes::table() {
        let super::super::routes::Permission::Scope { scope, .. } = route.permission else {
            continue;
        };
        if route.path == "/v1/events" {
            continue;
        }
        let path = route
            .path
            .replace("{key}", &"0".repeat(24))
            .replace("{proposal}", &"0".repeat(24))
            .replace("{order}", &"0".repeat(64))
            .replace("{account}", "0")
            .replace("{batch}", "0");
        for (role, holder) in &holders {
            let reply = served.signed(holder, route.method.name(), &path, b"");
            if role.scopes().contains(scope) {
                assert_ne!(reply.status, 403, "{role:?} {path}");
            } else {
                assert_eq!(
                    problem(&reply, "forbidden")["scope"],
                    scope.name(),
                    "{role:?} {path}"
                );
                refused += 1;
            }
        }
    }
    assert!(refused > 50, "{refused}");
}

#[test]
fn a_request_counts_once_and_as_it_was_signed() {
    let served = Served::new();
    let operator = served.holder("oper", Role::Operator);
    let nonce = Nonce::from_bytes([7; 16]);
    let headers = as_headers(&served.signature(&operator, "POST", "/v1/admin/pause", b"{}", nonce));
    assert_eq!(
        served
            .send("POST", "/v1/admin/pause", &headers, b"{}")
            .status,
        200
    );
    assert_eq!(
        served
            .signed(&operator, "POST", "/v1/admin/resume", b"{}")
            .status,
        200
    );
    let told = problem(
        &served.send("POST", "/v1/admin/pause", &headers, b"{}"),
        "replay",
    );
    assert_eq!(told["key"], operator.id.to_string());
    assert!(!served.node.status().unwrap().paused);
    // The same signature over another path, query, body or method.
    for (method, path, body) in [
        ("POST", "/v1/admin/seal", &b"{}"[..]),
        ("POST", "/v1/admin/pause?x=1", b"{}"),
        ("POST", "/v1/admin/pause", b"{ }"),
        ("GET", "/v1/admin/self", b""),
    ] {
        problem(&served.send(method, path, &headers, body), "credentials");
    }
}

#[test]
fn a_skewed_clock_is_told_the_time() {
    let served = Served::new();
    let operator = served.holder("oper", Role::Operator);
    let headers =
        as_headers(&served.signature(&operator, "POST", "/v1/admin/pause", b"", nonce(1)));
    served.world.clock.advance(Duration::from_secs(31));
    let told = problem(
        &served.send("POST", "/v1/admin/pause", &headers, b""),
        "clock-skew",
    );
    let now = served.keys.now().seconds();
    assert_eq!(
        (told["server_time"].as_u64(), told["your_time"].as_u64()),
        (Some(now), Some(now - 31))
    );
    assert_eq!(
        served.json("/v1/time")["unix_ms"],
        served.keys.now().millis()
    );
}

fn nonce(n: u8) -> Nonce {
    Nonce::from_bytes([n; 16])
}

#[test]
fn keys_are_made_approved_and_ended_over_http() {
    let served = Served::new();
    let environment: Environment = "test".parse().unwrap();
    let verifier = |client: &str| {
        let key = PrivateKey::random().unwrap();
        let proof = key.prove_possession(&client.parse().unwrap(), &environment);
        json!({ "type": "ed25519", "public": key.public().to_string(), "proof": proof.to_string() })
    };
    let post = |holder: &Holder, path: &str, body: Value| -> (u16, Value) {
        let reply = served.signed(holder, "POST", path, body.to_string().as_bytes());
        (reply.status, reply.json().unwrap())
    };
    let new = json!({ "client": "carl", "role": "keymaster", "verifier": verifier("carl") });
    let (status, answer) = post(&served.ada, "/v1/admin/keys", new);
    assert_eq!(status, 202, "{answer}");
    let proposal = answer["proposal"]["id"].as_str().unwrap().to_owned();
    let approve = format!("/v1/admin/proposals/{proposal}/approve");
    assert_eq!(post(&served.ada, &approve, json!({})).0, 403);
    let (status, answer) = post(&served.bert, &approve, json!({}));
    assert_eq!(
        (status, &answer["key"]["client"]),
        (200, &json!("carl")),
        "{answer}"
    );
    assert_eq!(post(&served.bert, &approve, json!({})).0, 404);

    let bearer = json!({ "client": "wall", "role": "reader", "verifier": { "type": "bearer" } });
    let (status, answer) = post(&served.ada, "/v1/admin/keys", bearer);
    assert_eq!(status, 200, "{answer}");
    let headers = [(
        "authorization",
        format!("Bearer {}", answer["secret"].as_str().unwrap()),
    )];
    assert_eq!(served.send("GET", "/v1/batches", &headers, b"").status, 200);
    let id = answer["key"]["id"].as_str().unwrap();
    let (status, answer) = post(
        &served.ada,
        &format!("/v1/admin/keys/{id}/revoke"),
        json!({ "reason": "shown on a slide" }),
    );
    assert_eq!(
        (status, &answer["key"]["phase"]),
        (200, &json!("revoked")),
        "{answer}"
    );
    let told = problem(
        &served.send("GET", "/v1/batches", &headers, b""),
        "key-ended",
    );
    assert_eq!(told["reason"], "revoked");

    // A bad field is named.
    for (body, field) in [
        (
            json!({ "client": "Carl", "role": "reader", "verifier": { "type": "bearer" } }),
            "client",
        ),
        (
            json!({ "client": "carl", "role": "root", "verifier": { "type": "bearer" } }),
            "role",
        ),
        (
            json!({ "client": "carl", "verifier": { "type": "bearer" } }),
            "scopes",
        ),
        (
            json!({ "client": "carl", "role": "reader", "verifier": { "type": "bearer" }, "lifetime_seconds": -1 }),
            "lifetime_seconds",
        ),
        (
            json!({ "client": "carl", "scopes": ["read", "read"], "verifier": { "type": "bearer" } }),
            "scopes",
        ),
        (
            json!({ "client": "carl", "role": "submitter", "verifier": { "type": "bearer" } }),
            "scopes",
        ),
        // a list is no object, and each type has its members
        (
            json!({ "client": "carl", "role": "reader", "verifier": ["bearer"] }),
            "verifier",
        ),
        (
            json!({ "client": "carl", "role": "reader", "verifier": { "type": "bearer", "public": "0".repeat(64) } }),
            "verifier.public",
        ),
        (
            json!({ "client": "carl", "role": "reader", "verifier": { "type": "bearer", "proof": null } }),
            "verifier.proof",
        ),
        (
            json!({ "client": "carl", "role": "reader", "verifier": { "type": "ed25519", "proof": "0".repeat(128) } }),
            "verifier.public",
        ),
    ] {
        let reply = served.signed(
            &served.ada,
            "POST",
            "/v1/admin/keys",
            body.to_string().as_bytes(),
        );
        assert_eq!(problem(&reply, "bad-field")["field"], field, "{body}");
    }
    // The log over HTTP is the file.
    let auditor = served.holder("audit", Role::Auditor);
    let lines = served
        .signed(&auditor, "GET", "/v1/admin/audit?from=0&limit=10000", b"")
        .body;
    assert_eq!(
        lines,
        std::fs::read(served.world.folder.path().join("audit.log")).unwrap()
    );
}

#[test]
fn acts_of_operators_are_in_the_log_before_they_are_done() {
    let served = Served::new();
    let operator = served.holder("oper", Role::Operator);
    let before = served.keys.head().length;
    problem(
        &served.signed(&operator, "POST", "/v1/admin/jobs/9/requeue", b""),
        "not-found",
    );
    let lines = String::from_utf8(served.keys.audit_lines(before, 10).unwrap()).unwrap();
    assert!(
        lines.contains("\"act\":\"requeue 9\"") && lines.contains(&operator.id.to_string()),
        "{lines}"
    );
}

/// What a proxy or a thief could make of a signed request: none of it is the request that was signed.
#[test]
fn a_request_has_one_reading() {
    let served = Served::new();
    let operator = served.holder("oper", Role::Operator);
    let path = "/v1/admin/pause";
    let signature = served.signature(&operator, "POST", path, b"{}", nonce(9));
    let headers = as_headers(&signature);
    let before = served.fingerprint();
    let refused = |method: &str, path: &str, headers: &[(&'static str, String)], body: &[u8]| {
        let reply = served.send(method, path, headers, body);
        assert!(
            (400..500).contains(&reply.status),
            "{method} {path} {headers:?}: {}",
            reply.status
        );
        assert!(
            !served.node.status().unwrap().paused,
            "{method} {path} {headers:?}"
        );
    };
    // Another spelling of the path or the query, another route, another method.
    for other in [
        "/v1/admin/pause/",
        "/v1/admin//pause",
        "/v1/admin/./pause",
        "/v1/admin/%70ause",
        "/V1/admin/pause",
        "/v1/admin/pause?a=b",
        "/v1/admin/pause?a",
        "/v1/admin/pause?&",
        "/v1/admin/pause;a",
        "/v1/admin/seal",
    ] {
        refused("POST", other, &headers, b"{}");
    }
    for method in ["GET", "PUT", "post", "HEAD"] {
        refused(method, path, &headers, b"{}");
    }
    // Another body under the same digest, and under its own.
    refused("POST", path, &headers, b"{ }");
    let mut own = headers.clone();
    own[1].1 = crate::keys::content_digest(b"{ }");
    refused("POST", path, &own, b"{ }");
    // A header twice, the same or another one, in either order.
    for place in 1..headers.len() {
        for value in [headers[place].1.clone(), "x".to_owned(), String::new()] {
            for at in [place, place + 1] {
                let mut twice = headers.clone();
                twice.insert(at, (headers[place].0, value.clone()));
                refused("POST", path, &twice, b"{}");
            }
        }
        // Two values in one.
        let mut joined = headers.clone();
        joined[place].1 = format!("{0}, {0}", headers[place].1);
        refused("POST", path, &joined, b"{}");
        let mut missing = headers.clone();
        missing.remove(place);
        refused("POST", path, &missing, b"{}");
    }
    let (accepted, root, pending, _) = served.fingerprint();
    assert_eq!((accepted, root, pending), (before.0, before.1, before.2));
    // None of that used the request up.
    let reply = served.send("POST", path, &headers, b"{}");
    assert_eq!(
        reply.status,
        200,
        "{}",
        String::from_utf8_lossy(&reply.body)
    );
    problem(&served.send("POST", path, &headers, b"{}"), "replay");
}
