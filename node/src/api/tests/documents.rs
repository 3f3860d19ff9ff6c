//! The OpenAPI document says what is served, and what is served is what it says.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    super::{Kind, openapi, routes},
    *,
};

#[test]
fn every_route_is_served_and_every_reference_leads_somewhere() {
    let served = Served::new();
    let document = served.json("/openapi.json");
    assert_eq!(document, openapi::document());
    let mut names = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            assert!(
                names.insert(operation["operationId"].to_string()),
                "{operation}"
            );
            let method = method.to_uppercase();
            let path = path
                .replace("{order}", &"0".repeat(64))
                .replace("{key}", &"0".repeat(24))
                .replace("{proposal}", &"0".repeat(24))
                .replace("{nullifier}", &"0".repeat(64))
                .replace("{proof}", &"0".repeat(64))
                .replace("{account}", "0")
                .replace("{batch}", "0");
            if path == "/v1/events" {
                continue;
            }
            let reply = served.send(
                &method,
                &path,
                &[("content-type", "application/json".into())],
                b"",
            );
            let text = String::from_utf8_lossy(&reply.body);
            assert!(
                reply.status < 500 && reply.status != 405,
                "{method} {path}: {} {text}",
                reply.status
            );
            assert!(!text.contains("nothing is at"), "{method} {path}");
            // A route that changes something as an operator is closed to strangers.
            if path.starts_with("/v1/admin") {
                assert_eq!(reply.status, 401, "{method} {path}");
            }
        }
    }
    let listed = document["paths"]
        .as_object()
        .unwrap()
        .values()
        .map(|path| path.as_object().unwrap().len());
    assert_eq!(listed.sum::<usize>(), routes::table().len());
    walk(&document, &mut |value| {
        if let Some(reference) = value.get("$ref").and_then(Value::as_str) {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{reference}");
        }
    });
    let listed = &document["components"]["schemas"]["Problem"]["properties"]["type"]["enum"];
    let kinds: Vec<_> = Kind::ALL
        .iter()
        .map(|kind| json!(format!("/problems/{}", kind.slug())))
        .collect();
    assert_eq!(*listed, Value::Array(kinds));
}

#[test]
fn answers_fit_their_schemas() {
    let mut served = Served::new();
    let order = served.payers[0].pay(1, 5, 0);
    let body = super::super::signed_order(&order).to_string();
    let json_type = [("content-type", "application/json".to_owned())];
    let reply = served.send("POST", "/v1/orders", &json_type, body.as_bytes());
    assert_eq!(
        reply.status,
        202,
        "{}",
        String::from_utf8_lossy(&reply.body)
    );
    fits(&reply.json().unwrap(), "Receipt");
    let id = crate::OrderId::of(&order);
    let many = format!("{{\"orders\":[{body},{body}]}}");
    fits(
        &served
            .send("POST", "/v1/orders/batch", &json_type, many.as_bytes())
            .json()
            .unwrap(),
        "Results",
    );
    let sealed = || served.json(&format!("/v1/orders/{id}"))["state"] == "included";
    crate::testing::until(|| sealed().then_some(()));
    for (path, schema) in [
        (format!("/v1/orders/{id}"), "OrderState"),
        ("/v1/accounts/0".to_owned(), "Account"),
        ("/v1/accounts/0/proof".to_owned(), "AccountProof"),
        ("/v1/accounts/99/proof".to_owned(), "AccountProof"),
        ("/v1/accounts/0/pending".to_owned(), "PendingOrders"),
        ("/v1/accounts/1/history".to_owned(), "History"),
        ("/v1/batches".to_owned(), "Batches"),
        ("/v1/batches/0".to_owned(), "Batch"),
        ("/v1/status".to_owned(), "Status"),
        ("/v1/fees".to_owned(), "Fees"),
        ("/v1/time".to_owned(), "Time"),
        ("/v1/alerts".to_owned(), "Alerts"),
        ("/v1/private/notes".to_owned(), "Notes"),
        ("/v1/private/anchors".to_owned(), "Anchors"),
        (
            format!("/v1/private/nullifiers/{}", "0".repeat(64)),
            "NullifierState",
        ),
    ] {
        fits(&served.json(&path), schema);
    }
    let history = served.json("/v1/accounts/1/history");
    assert_eq!(history["entries"][0]["record"]["amount"], "5");
    for (path, schema) in [
        ("/v1/admin/self", "Identity"),
        ("/v1/admin/keys", "Keys"),
        ("/v1/admin/proposals", "Proposals"),
    ] {
        fits(
            &served.signed(&served.ada, "GET", path, b"").json().unwrap(),
            schema,
        );
    }
    let lost = served.get("/v1/batches/1000");
    fits(&problem(&lost, "not-found"), "Problem");
    // The checker of this test can fail.
    assert!(
        std::panic::catch_unwind(|| fits(&json!({ "unix_ms": "x", "window_seconds": 1 }), "Time"))
            .is_err()
    );
    assert!(std::panic::catch_unwind(|| fits(&json!({ "unix_ms": 1 }), "Time")).is_err());
}

#[test]
fn alert_rules_and_playbooks_exist() {
    let served = Served::new();
    // the figures of the disk are those of the first look at it
    crate::testing::until(|| served.node.status().unwrap().disk_free);
    let metrics = Transport::new(&served.health).unwrap();
    let text = served
        .runtime
        .block_on(metrics.send("GET", "/metrics", &[], b""))
        .unwrap()
        .body;
    let text = String::from_utf8(text.to_vec()).unwrap();
    let exported: BTreeSet<_> = text
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .collect();
    let rules = include_str!("../../../alerts.yml");
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut checked = 0;
    for line in rules.lines() {
        if let Some(expression) = line.trim().strip_prefix("expr: ") {
            let words =
                expression.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'));
            for metric in words.filter(|word| word.starts_with("winterlane_")) {
                assert!(
                    exported.contains(metric),
                    "{metric} is in no answer of /metrics: {exported:?}"
                );
                checked += 1;
            }
        }
        if let Some(playbook) = line.trim().strip_prefix("playbook: ") {
            assert!(root.join(playbook).exists(), "{playbook}");
        }
    }
    assert!(checked > 10, "{checked}");
}

#[test]
fn readiness_is_not_liveness() {
    let served = Served::new();
    let operator = served.holder("oper", Role::Operator);
    let ask = |path: &str| {
        let transport = Transport::new(&served.health).unwrap();
        served
            .runtime
            .block_on(transport.send("GET", path, &[], b""))
            .unwrap()
            .status
    };
    assert_eq!((ask("/livez"), ask("/readyz")), (200, 200));
    assert_eq!(
        served
            .signed(&operator, "POST", "/v1/admin/pause", b"")
            .status,
        200
    );
    assert_eq!((ask("/livez"), ask("/readyz")), (200, 503));
    assert_eq!(served.json("/v1/status")["ready"], false);
    assert_eq!(
        served
            .signed(&operator, "POST", "/v1/admin/resume", b"{}")
            .status,
        200
    );
    assert_eq!(ask("/readyz"), 200);
    // Health is not served to the world, nor the interface to the machines that watch.
    assert_eq!(served.get("/metrics").status, 404);
    assert_eq!(ask("/v1/status"), 404);
}

fn walk(value: &Value, visit: &mut impl FnMut(&Value)) {
    visit(value);
    match value {
        Value::Array(items) => items.iter().for_each(|item| walk(item, visit)),
        Value::Object(members) => members.values().for_each(|member| walk(member, visit)),
        _ => {}
    }
}

/// Checks an answer against a schema of the document, as far as the schemas here go.
#[track_caller]
fn fits(value: &Value, schema: &str) {
    let document = openapi::document();
    if let Err(wrong) = check(
        value,
        &document["components"]["schemas"][schema],
        &document,
        schema,
    ) {
        panic!("{wrong} in {value}");
    }
}

fn check(value: &Value, schema: &Value, document: &Value, at: &str) -> Result<(), String> {
    if let Some(reference) = schema["$ref"].as_str() {
        return check(
            value,
            document.pointer(&reference[1..]).unwrap(),
            document,
            at,
        );
    }
    for choice in ["oneOf", "anyOf"] {
        if let Some(options) = schema[choice].as_array() {
            let fits = options
                .iter()
                .any(|option| check(value, option, document, at).is_ok());
            return if fits {
                Ok(())
            } else {
                Err(format!("{at}: none of the choices"))
            };
        }
    }
    let listed = schema["enum"]
        .as_array()
        .is_none_or(|listed| listed.contains(value));
    let constant = schema.get("const").is_none_or(|constant| constant == value);
    let kind = match schema["type"].as_str() {
        Some("string") => value.is_string(),
        Some("integer") => value.is_u64() || value.is_i64(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some("null") => value.is_null(),
        Some("array") => value.is_array(),
        Some("object") => value.is_object(),
        _ => true,
    };
    if !listed || !constant || !kind {
        return Err(format!("{at}: {value} is not {schema}"));
    }
    for item in value.as_array().into_iter().flatten() {
        check(item, &schema["items"], document, &format!("{at}[]"))?;
    }
    let Some(members) = value.as_object() else {
        return Ok(());
    };
    for name in schema["required"].as_array().into_iter().flatten() {
        if !members.contains_key(name.as_str().unwrap()) {
            return Err(format!("{at}: {name} is missing"));
        }
    }
    for (name, member) in members {
        match schema["properties"].get(name) {
            Some(schema) => check(member, schema, document, &format!("{at}.{name}"))?,
            None if schema["additionalProperties"] == false => {
                return Err(format!("{at}: {name} is not in the schema"));
            }
            None => {}
        }
    }
    Ok(())
}
