//! The OpenAPI document: paths from the table of routes, schemas from a file beside this one.

use std::sync::OnceLock;

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use serde_json::{Map, Value, json};

use super::{
    call::Call,
    problem::Problem,
    routes::{self, Permission, Route},
};

const SCHEMAS: &str = include_str!("schemas.json");

pub(super) async fn serve(_: Call) -> Result<Response, Problem> {
    static TEXT: OnceLock<String> = OnceLock::new();
    let text = TEXT.get_or_init(|| document().to_string());
    let kind = HeaderValue::from_static("application/json");
    Ok(([(header::CONTENT_TYPE, kind)], text.as_str()).into_response())
}

/// The document.
pub(super) fn document() -> Value {
    let mut paths = Map::new();
    for route in routes::table() {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.method.name().to_lowercase()] = operation(route);
    }
    // A test parses the file.
    let schemas: Value = serde_json::from_str(SCHEMAS).unwrap_or_default();
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Winterlane node",
            "version": env!("CARGO_PKG_VERSION"),
            "license": { "name": "MIT OR Apache-2.0" },
            "description": "A payment rollup. Amounts are decimal strings, digests and signatures hexadecimal, times \
                milliseconds since 1970. Every refusal is a problem document (RFC 9457) and has changed nothing.",
        },
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "bearer": { "type": "http", "scheme": "bearer", "description": "Reads only." },
                "signature": {
                    "type": "apiKey", "in": "header", "name": "Signature",
                    "description": "HTTP message signature (RFC 9421) by an Ed25519 key over @method, @path, @query and \
                        content-digest, with created, nonce, keyid, alg and tag. Needs Content-Digest and Signature-Input.",
                },
            },
        },
    })
}

fn operation(route: &Route) -> Value {
    let (body, answer) = route.schemas;
    let (who, security) = match route.permission {
        Permission::Open => ("everyone".to_owned(), json!([])),
        Permission::AnyKey { write: false } => (
            "any key".to_owned(),
            json!([{ "bearer": [] }, { "signature": [] }]),
        ),
        Permission::AnyKey { write: true } => (
            "a key for itself, or the scope `keys`".to_owned(),
            json!([{ "signature": [] }]),
        ),
        Permission::Scope { scope, write } => {
            let open = "; everyone, where the configuration says so";
            let opened = matches!(scope, crate::keys::Scope::Read | crate::keys::Scope::Submit);
            let who = format!("the scope `{scope}`{}", if opened { open } else { "" });
            let mut security = vec![json!({ "signature": [] })];
            if !write {
                security.push(json!({ "bearer": [] }));
            }
            if opened {
                security.push(json!({}));
            }
            (who, Value::Array(security))
        }
    };
    let mut operation = json!({
        "operationId": name(route),
        "summary": route.summary,
        "description": format!("For: {who}."),
        "security": security,
        "parameters": parameters(route),
        "responses": {
            "2XX": { "description": "Done.", "content": content(answer) },
            "default": {
                "description": "A problem.",
                "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } },
            },
        },
    });
    if !body.is_empty() {
        let mut content = content(body);
        if body.starts_with("SignedOrder") {
            content["application/octet-stream"] =
                json!({ "schema": { "type": "string", "format": "binary" } });
        }
        operation["requestBody"] = json!({ "required": body != "Empty", "content": content });
    }
    operation
}

/// `POST /v1/orders/batch` is `post_orders_batch`.
fn name(route: &Route) -> String {
    let path = route.path.trim_start_matches("/v1").replace(['{', '}'], "");
    let path = path.trim_matches('/').replace(['/', '-', '.'], "_");
    let path = if path.is_empty() {
        "page".to_owned()
    } else {
        path
    };
    format!("{}_{path}", route.method.name().to_lowercase())
}

fn parameters(route: &Route) -> Value {
    let in_path = route
        .path
        .split('/')
        .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let mut parameters: Vec<_> = in_path
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect();
    parameters.extend(
        route
            .query
            .iter()
            .map(|name| json!({ "name": name, "in": "query", "schema": { "type": "string" } })),
    );
    Value::Array(parameters)
}

/// A media type as itself; a schema as JSON of it.
fn content(schema: &str) -> Value {
    let mut content = Map::new();
    if schema.contains('/') {
        content.insert(schema.to_owned(), json!({ "schema": { "type": "string" } }));
    } else {
        let reference = format!("#/components/schemas/{schema}");
        content.insert(
            "application/json".to_owned(),
            json!({ "schema": { "$ref": reference } }),
        );
    }
    Value::Object(content)
}
