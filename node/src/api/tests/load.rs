//! Rotation under load, and the client that hides it.

use std::sync::atomic::{AtomicUsize, Ordering};

use winterlane_ledger::{AccountId, Amount};

use super::*;
use crate::{client::ClientError, keys::Scopes, testing::until};

fn closed() -> ApiConfig {
    ApiConfig {
        open: Scopes::NONE,
        requests_per_second: 0,
        key_requests_per_second: 0,
        ..ApiConfig::default()
    }
}

/// Four tasks send signed orders over HTTP while the key is rotated twice by the client itself. Every order is taken, once.
#[test]
fn rotation_under_load_drops_no_request() {
    let mut served = Served::with(closed());
    let desk = served.holder("desk", Role::Submitter);
    let client = Arc::new(served.client(&[&desk]));
    let orders: Vec<Vec<_>> = served
        .payers
        .iter_mut()
        .map(|payer| (0..48).map(|_| payer.pay(0, 1, 0)).collect())
        .collect();
    let ids: Vec<_> = orders.iter().flatten().map(crate::OrderId::of).collect();
    let sent = Arc::new(AtomicUsize::new(0));
    let total: usize = orders.iter().map(Vec::len).sum();
    let folder = tempfile::tempdir().unwrap();
    let mut known = 0;
    served.runtime.block_on(async {
        let tasks: Vec<_> = orders
            .into_iter()
            .map(|orders| {
                let (client, sent) = (Arc::clone(&client), Arc::clone(&sent));
                tokio::spawn(async move {
                    let mut known = 0;
                    for order in orders {
                        known += usize::from(client.submit(&order).await.unwrap().known);
                        sent.fetch_add(1, Ordering::Relaxed);
                    }
                    known
                })
            })
            .collect();
        for (number, at) in [(1, total / 4), (2, total / 2)] {
            while sent.load(Ordering::Relaxed) < at {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            let file = folder.path().join(format!("desk-{number}.key"));
            client
                .rotate(&file, Duration::from_secs(3600))
                .await
                .unwrap();
        }
        for task in tasks {
            known += task.await.unwrap();
        }
    });
    // Each order is with the node, and the node has taken no more than were sent. (It counts after it answers.)
    for id in &ids {
        assert!(
            served.node.order_status(id).unwrap().is_some(),
            "{id} was acknowledged and is lost"
        );
    }
    let accepted = || usize::try_from(served.node.status().unwrap().accepted).unwrap();
    until(|| (accepted() >= total).then_some(()));
    println!(
        "orders sent: {total}, acknowledged: {}, rotations: 2, refused: 0",
        sent.load(Ordering::Relaxed)
    );
    assert_eq!(
        (sent.load(Ordering::Relaxed), accepted(), known),
        (total, total, 0)
    );
    let state = served.keys.state();
    let versions = state
        .keys
        .values()
        .filter(|key| key.client.as_str() == "desk")
        .map(|key| key.version);
    assert_eq!(versions.max(), Some(3));
}

#[test]
fn a_client_with_a_wrong_clock_signs_by_the_nodes() {
    let served = Served::with(closed());
    let desk = served.holder("desk", Role::Submitter);
    for (seconds, near) in [(0, true), (300, true), (3600, false)] {
        let wrong =
            crate::clock::ManualClock::new(served.keys.now().after(Duration::from_secs(seconds)));
        let client = served.client(&[&desk]).with_clock(Arc::new(wrong));
        let result = served.runtime.block_on(client.get("/v1/batches"));
        match result {
            Ok(_) => assert!(near, "{seconds}"),
            Err(ClientError::Refused(refused)) => {
                assert!(!near && refused.kind() == "clock-skew", "{refused}");
            }
            Err(other) => panic!("{other}"),
        }
    }
}

#[test]
fn a_client_turns_to_its_other_key_when_one_ends() {
    let served = Served::with(closed());
    let (old, new) = (
        served.holder("desk", Role::Submitter),
        served.holder("desk", Role::Submitter),
    );
    let client = served.client(&[&old, &new]);
    let get = || {
        served
            .runtime
            .block_on(client.get("/v1/admin/self"))
            .map(|own| own["id"].as_str().unwrap().to_owned())
    };
    assert_eq!(get().unwrap(), old.id.to_string());
    let _ = served.keys.revoke(served.ada.id, old.id, "leaked").unwrap();
    assert_eq!(get().unwrap(), new.id.to_string());
    let _ = served
        .keys
        .revoke(served.ada.id, new.id, "leaked too")
        .unwrap();
    assert!(matches!(get(), Err(ClientError::Refused(refused)) if refused.kind() == "key-ended"));
}

#[test]
fn a_client_waits_as_it_is_told_and_gives_up_in_the_end() {
    let served = Served::new();
    let operator = served.holder("oper", Role::Operator);
    let mut payer = served.payers[0].clone();
    let order = payer.pay(1, 5, 0);
    assert_eq!(
        served
            .signed(&operator, "POST", "/v1/admin/pause", b"")
            .status,
        200
    );
    let config = ClientConfig {
        attempts: 3,
        max_wait: Duration::from_millis(20),
        ..ClientConfig::default()
    };
    let client = served.client(&[&operator]).with_config(config);
    // Signed by a key without the scope: the refusal comes before the pause.
    let refused = served.runtime.block_on(client.submit(&order));
    assert!(matches!(refused, Err(ClientError::Refused(refused)) if refused.kind() == "forbidden"));
    let anyone = Client::new(&served.address, "test".parse().unwrap())
        .unwrap()
        .with_config(config);
    let paused = served.runtime.block_on(anyone.submit(&order));
    // that it is paused is an answer, and says what became of the order
    assert!(
        matches!(&paused, Err(ClientError::Refused(refused))
            if refused.kind() == "unavailable" && refused.untaken()),
        "{paused:?}"
    );
    assert!(
        paused
            .unwrap_err()
            .to_string()
            .contains("paused by its operator")
    );
    served.runtime.block_on(served.node.resume()).unwrap();
    let taken = served.runtime.block_on(anyone.submit(&order));
    assert!(!taken.unwrap().known);
    assert!(Client::new("ftp://x", "test".parse().unwrap()).is_err());
}

/// What a node has no time for is sent again; that it takes nothing now is told at once, however many attempts are left.
#[test]
fn a_client_asks_a_busy_node_again_and_not_one_that_takes_nothing() {
    use axum::{Router, http::StatusCode, routing::post};
    let served = Served::new();
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let node = Router::new().route(
        "/v1/orders",
        post(async move || {
            let unavailable = r#"{"type":"/problems/unavailable","retry_after_ms":1"#;
            match count.fetch_add(1, Ordering::Relaxed) {
                0 | 1 => (StatusCode::SERVICE_UNAVAILABLE, format!("{unavailable}}}")),
                2 => (
                    StatusCode::SERVICE_UNAVAILABLE,
                    format!("{unavailable},\"taken\":false}}"),
                ),
                _ => (
                    StatusCode::ACCEPTED,
                    r#"{"sequence":7,"batch":0,"known":false}"#.to_owned(),
                ),
            }
        }),
    );
    let order = served.payers[0].clone().pay(1, 5, 0);
    served.runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (stop, stopping) = watch::channel(false);
        let server = tokio::spawn(server::serve(listener, node, None, patient(), stopping));
        let config = ClientConfig {
            attempts: 100,
            max_wait: Duration::from_millis(5),
            ..ClientConfig::default()
        };
        let client = Client::new(&address, "test".parse().unwrap()).unwrap();
        let client = client.with_config(config);
        let untaken = client.submit(&order).await;
        assert!(
            matches!(&untaken, Err(ClientError::Refused(refused)) if refused.untaken()),
            "{untaken:?}"
        );
        assert_eq!(asked.load(Ordering::Relaxed), 3);
        assert_eq!(client.submit(&order).await.unwrap().sequence, 7);
        assert_eq!(asked.load(Ordering::Relaxed), 4);
        drop(client);
        stop.send_replace(true);
        server.await.unwrap().unwrap();
    });
}

#[test]
fn a_clients_proof_is_verified_by_the_client() {
    let served = Served::new();
    let client = Client::new(&served.address, "test".parse().unwrap()).unwrap();
    let (proof, root) = served
        .runtime
        .block_on(client.account_proof(AccountId::new(2)))
        .unwrap();
    assert_eq!(proof.account.unwrap().balance, Amount::new(1 << 90));
    assert_eq!(root, served.node.status().unwrap().root);
    let (proof, _) = served
        .runtime
        .block_on(client.account_proof(AccountId::new(77)))
        .unwrap();
    assert_eq!(proof.account, None);
}

/// The first two deliveries are refused; the receiver verifies what it gets.
#[test]
fn webhooks_are_signed_and_sent_until_they_are_taken() {
    use axum::{Router, extract::Request, http::StatusCode, routing::post};
    use tokio::sync::mpsc;
    let served = Served::new();
    let signer = Arc::new(crate::keys::PrivateKey::random().unwrap());
    let (sender, mut received) = mpsc::unbounded_channel();
    let (public, now) = (signer.public(), served.keys.now().seconds());
    let tries = Arc::new(AtomicUsize::new(0));
    let receiver = Router::new().route(
        "/hook",
        post(move |request: Request| {
            let (sender, tries) = (sender.clone(), Arc::clone(&tries));
            async move {
                let (head, body) = request.into_parts();
                let body = axum::body::to_bytes(body, 1 << 16).await.unwrap();
                let header = |name: &str| head.headers[name].to_str().unwrap();
                let presented = crate::keys::Presented::Signed {
                    content_digest: header("content-digest"),
                    signature_input: header("signature-input"),
                    signature: header("signature"),
                };
                let message = Message {
                    method: "POST",
                    path: "/hook",
                    query: "",
                    body: &body,
                };
                let environment = "test".parse().unwrap();
                let verified =
                    crate::webhook::verify(&message, &presented, &public, &environment, now, 30);
                let other = Message {
                    body: b"{}",
                    ..message
                };
                assert!(
                    verified
                        && !crate::webhook::verify(
                            &other,
                            &presented,
                            &public,
                            &environment,
                            now,
                            30
                        )
                );
                if tries.fetch_add(1, Ordering::Relaxed) < 2 {
                    return StatusCode::INTERNAL_SERVER_ERROR;
                }
                sender
                    .send(serde_json::from_slice::<Value>(&body).unwrap())
                    .unwrap();
                StatusCode::NO_CONTENT
            }
        }),
    );
    let told = served.runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/hook", listener.local_addr().unwrap());
        let (stop, stopping) = watch::channel(false);
        let server = tokio::spawn(server::serve(
            listener,
            receiver,
            None,
            patient(),
            stopping.clone(),
        ));
        let hook = crate::webhook::Webhook::new(&address, true).unwrap();
        let hook = tokio::spawn(hook.run(&served.node, Arc::clone(&served.keys), signer, stopping));
        served.node.pause().await.unwrap();
        served.node.resume().await.unwrap();
        let told = [
            received.recv().await.unwrap(),
            received.recv().await.unwrap(),
        ];
        stop.send_replace(true);
        hook.await.unwrap();
        server.await.unwrap().unwrap();
        told
    });
    let said: Vec<_> = told
        .iter()
        .map(|told| {
            (
                told["number"].as_u64().unwrap(),
                told["event"]["event"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(said, [(0, "paused"), (1, "resumed")]);
    assert_eq!(
        told[1]["audit"]["link"],
        served.keys.head().link.to_string()
    );
}
