//! Orders: in, again, and refused.

use winterlane_ledger::{
    BatchNumber, ChainId, Nonce, RollupId, SignedOrder, SlotIndex, codec::CanonicalBytes as _,
    hash::domain_digest,
};

use super::{super::signed_order, *};
use crate::{OrderId, OrderState};

fn json_type() -> [(&'static str, String); 1] {
    [("content-type", "application/json".to_owned())]
}

fn bytes_type() -> [(&'static str, String); 1] {
    [("content-type", "application/octet-stream".to_owned())]
}

fn submit(served: &Served, order: &SignedOrder) -> Reply {
    served.send("POST", "/v1/orders", &bytes_type(), &order.to_bytes())
}

#[test]
fn an_order_in_either_form_is_one_order() {
    let mut served = Served::new();
    let order = served.payers[0].pay(1, 5, 0);
    let first: Value = submit(&served, &order).json().unwrap();
    assert_eq!(first["known"], false);
    assert_eq!(first["id"], OrderId::of(&order).to_string());
    // Sent again, and again as JSON: the same answer, and it counts once.
    for _ in 0..3 {
        let text = signed_order(&order).to_string();
        let again: Value = served
            .send("POST", "/v1/orders", &json_type(), text.as_bytes())
            .json()
            .unwrap();
        for member in ["id", "sequence", "batch"] {
            assert_eq!(again[member], first[member]);
        }
        assert_eq!(again["known"], true);
    }
    // The node counts after it answers, and before it seals what came after.
    let other = served.payers[1].pay(0, 5, 0);
    assert_eq!(submit(&served, &other).status, 202);
    let included = |state| matches!(state, Some(OrderState::Included { .. }));
    let state = || served.node.order_status(&OrderId::of(&other)).unwrap();
    crate::testing::until(|| included(state()).then_some(()));
    assert_eq!(served.node.status().unwrap().accepted, 2);
}

/// Replay protection: by the nonce, the domain and the expiry that are signed.
#[test]
fn orders_that_were_are_elsewhere_or_have_expired_are_refused() {
    let mut served = Served::new();
    let payer = served.payers[0].clone();
    let first = served.payers[0].pay(1, 5, 0);
    assert_eq!(submit(&served, &first).status, 202);
    // The node counts after it answers.
    crate::testing::until(|| (served.fingerprint().0 == 1).then_some(()));
    let before = served.fingerprint();
    // The nonce is used: the same payment signed anew with the next one-time key.
    let repeated = payer.key.sign(
        payer.transfer(1, 5, 0),
        &domain(),
        Nonce::ZERO,
        SlotIndex::Zero,
        1,
    );
    problem(&submit(&served, &repeated), "refused");
    // The domain is another rollup's.
    let elsewhere = payer.key.sign(
        payer.transfer(1, 5, 0),
        &domain_digest(ChainId::new(1), RollupId::new(18)),
        Nonce::new(1),
        SlotIndex::Zero,
        1,
    );
    problem(&submit(&served, &elsewhere), "refused");
    // It expires too soon.
    let mut hasty = served.payers[0].clone();
    hasty.valid_until = BatchNumber::ZERO;
    let order = hasty.pay(1, 5, 0);
    assert_eq!(
        problem(&submit(&served, &order), "refused")["field"],
        "order.valid_until"
    );
    let after = served.fingerprint();
    assert_eq!(before.0, after.0, "none was accepted");
    let honest = served.payers[0].pay(1, 5, 0);
    assert_eq!(
        submit(&served, &honest).status,
        202,
        "and nothing of the account was used up"
    );
}

#[test]
fn a_one_time_key_that_signs_twice_is_refused_and_told() {
    let mut served = Served::new();
    let payer = served.payers[0].clone();
    let first = served.payers[0].pay(1, 5, 0);
    assert_eq!(submit(&served, &first).status, 202);
    let second = payer.sign(payer.transfer(2, 6, 0));
    let told = problem(&submit(&served, &second), "one-time-key-reuse");
    assert_eq!(told["first"], OrderId::of(&first).to_string());
    let alerts = || served.json("/v1/alerts")["alerts"].to_string();
    crate::testing::until(|| alerts().contains("key_reuse").then_some(()));
}

#[test]
fn many_orders_are_taken_or_refused_each_for_itself() {
    let mut served = Served::new();
    let good: Vec<_> = (0..3).map(|_| served.payers[0].pay(1, 5, 0)).collect();
    let poor = served.payers[1].clone();
    let poor = poor.sign(poor.transfer(2, u128::MAX, 0));
    let orders = [&good[0], &poor, &good[1], &good[2]];
    let framed: Vec<u8> = orders
        .iter()
        .flat_map(|order| {
            let bytes = order.to_bytes();
            [
                u32::try_from(bytes.len()).unwrap().to_le_bytes().to_vec(),
                bytes,
            ]
            .concat()
        })
        .collect();
    let reply = served.send("POST", "/v1/orders/batch", &bytes_type(), &framed);
    let results: Value = reply.json().unwrap();
    let taken: Vec<_> = results["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| r.get("receipt").is_some())
        .collect();
    assert_eq!(taken, [true, false, true, true], "{results}");
    for end in [1, 3, framed.len() - 1] {
        problem(
            &served.send("POST", "/v1/orders/batch", &bytes_type(), &framed[..end]),
            "bad-field",
        );
    }
    problem(
        &served.send("POST", "/v1/orders/batch", &json_type(), b"{\"orders\":[]}"),
        "bad-field",
    );
    let many = [1_u8, 0, 0, 0, 7].repeat(513);
    problem(
        &served.send("POST", "/v1/orders/batch", &bytes_type(), &many),
        "bad-field",
    );
}

#[test]
fn events_tell_what_happens() {
    let mut served = Served::new();
    let address = served.address.strip_prefix("http://").unwrap().to_owned();
    let mut stream = std::net::TcpStream::connect(&address).unwrap();
    use std::io::{BufRead as _, BufReader, Write as _};
    write!(stream, "GET /v1/events HTTP/1.1\r\nhost: node\r\n\r\n").unwrap();
    let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
    assert!(lines.next().unwrap().contains("200"));
    assert!(
        lines.by_ref().any(|line| line == ": "),
        "the first heartbeat: the listener is subscribed"
    );
    let order = served.payers[0].pay(1, 5, 0);
    assert_eq!(submit(&served, &order).status, 202);
    assert!(lines.by_ref().any(|line| line == "event: accepted"));
    assert!(lines.by_ref().any(|line| line == "event: sealed"));
    let data = lines.next().unwrap();
    let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(
        (data["batch"].as_u64(), data["operations"].as_u64()),
        (Some(0), Some(1))
    );
    // The stream ends with the node, and does not hold it up.
    served.stop();
    for _ in lines {}
}

/// A stream lasts for as long as its listener likes, and no longer than its key.
#[test]
fn a_stream_of_events_ends_with_its_key() {
    use std::io::{BufRead as _, BufReader, Write as _};

    let served = Served::with(ApiConfig {
        open: crate::keys::Scopes::NONE,
        requests_per_second: 0,
        key_requests_per_second: 0,
        ..ApiConfig::default()
    });
    let reader = served.holder("reader", Role::Reader);
    let nonce = crate::keys::Nonce::from_bytes(crate::keys::random().unwrap());
    let signed = served.signature(&reader, "GET", "/v1/events", b"", nonce);
    let address = served.address.strip_prefix("http://").unwrap();
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    let mut request = String::from("GET /v1/events HTTP/1.1\r\nhost: node\r\n");
    for (name, value) in as_headers(&signed) {
        request += &format!("{name}: {value}\r\n");
    }
    write!(stream, "{request}\r\n").unwrap();
    let mut lines = BufReader::new(stream).lines().map(Result::unwrap);
    assert!(lines.next().unwrap().contains("200"));
    assert!(lines.by_ref().any(|line| line == ": "));
    served.runtime.block_on(served.node.pause()).unwrap();
    assert!(lines.by_ref().any(|line| line == "event: paused"));
    let _ = served
        .keys
        .revoke(served.ada.id, reader.id, "leaked")
        .unwrap();
    served.runtime.block_on(served.node.resume()).unwrap();
    // the last piece of the answer has no bytes
    let next = lines.find(|line| line == "event: resumed" || line == "0");
    assert_eq!(next.as_deref(), Some("0"), "told after the key was revoked");
}

#[test]
fn a_node_that_is_closed_to_strangers() {
    use crate::keys::Scopes;
    let mut served = Served::with(ApiConfig {
        open: Scopes::NONE,
        requests_per_second: 0,
        key_requests_per_second: 0,
        ..ApiConfig::default()
    });
    let order = served.payers[0].pay(1, 5, 0);
    problem(&submit(&served, &order), "credentials");
    problem(&served.get("/v1/accounts/0"), "credentials");
    assert_eq!(served.get("/v1/status").status, 200);
    assert_eq!(served.get("/").status, 200);
    let reader = served.holder("reader", Role::Reader);
    let desk = served.holder("desk", Role::Submitter);
    let body = signed_order(&order).to_string();
    problem(
        &served.signed(&reader, "POST", "/v1/orders", body.as_bytes()),
        "forbidden",
    );
    assert_eq!(
        served.signed(&reader, "GET", "/v1/accounts/0", b"").status,
        200
    );
    assert_eq!(
        served
            .signed(&desk, "POST", "/v1/orders", body.as_bytes())
            .status,
        202
    );
}

#[test]
fn a_caller_who_asks_too_often_is_told_when_to_come_back() {
    let served = Served::with(ApiConfig {
        requests_per_second: 1,
        ..ApiConfig::default()
    });
    assert_eq!(served.get("/v1/time").status, 200);
    // two within a second: at once, or whenever the machine is that fast
    let refused = crate::testing::until(|| {
        let reply = served.get("/v1/time");
        (reply.status != 200).then_some(reply)
    });
    let told = problem(&refused, "busy");
    assert_eq!(refused.status, 429);
    assert!(told["retry_after_ms"].as_u64().unwrap() <= 1000, "{told}");
}

/// A batch of more orders than a caller may send in a second passes, when the caller has sent nothing before.
#[test]
fn a_batch_of_more_orders_than_there_are_tokens_passes() {
    let mut served = Served::with(ApiConfig {
        requests_per_second: 3,
        ..ApiConfig::default()
    });
    let orders: Vec<_> = (0..8)
        .map(|_| signed_order(&served.payers[0].pay(1, 5, 0)))
        .collect();
    let body = serde_json::json!({ "orders": orders }).to_string();
    let reply = served.send("POST", "/v1/orders/batch", &json_type(), body.as_bytes());
    assert_eq!(reply.status, 200);
    let document: Value = reply.json().unwrap();
    let results = document["results"].as_array().unwrap();
    assert!(results.iter().all(|result| result["receipt"].is_object()));
}

#[test]
fn the_field_that_is_wrong_is_named_by_its_whole_path() {
    let served = Served::new();
    let order = signed_order(&served.payers[0].clone().pay(1, 5, 0));
    let post = |path: &str, body: &Value| {
        served.send("POST", path, &json_type(), body.to_string().as_bytes())
    };
    for (member, value, field) in [
        ("amount", Value::from(5), "order.amount"),
        ("fee", "01".into(), "order.fee"),
        ("to", (1_u64 << 32).into(), "order.to"),
        ("to", Value::Null, "order.to"),
        ("kind", "gift".into(), "order.kind"),
        ("recipient", "00".repeat(20).into(), "order.recipient"),
        ("colour", "red".into(), "order.colour"),
    ] {
        let mut bad = order.clone();
        bad["order"][member] = value;
        assert_eq!(
            problem(&post("/v1/orders", &bad), "bad-field")["field"],
            field
        );
        let many = serde_json::json!({ "orders": [order, bad] });
        let reply = post("/v1/orders/batch", &many);
        // A form that no reader can read refuses the whole list; a value that no order can have, its order alone.
        let document: Value = reply.json().unwrap();
        let told = if reply.status == 200 {
            &document["results"][1]["problem"]["field"]
        } else {
            &document["field"]
        };
        assert_eq!(*told, format!("orders[1].{field}"), "{document}");
    }
}
