//! The table of routes.

use core::pin::Pin;
use std::sync::OnceLock;

use axum::response::Response;

use super::{
    accounts, admin, batches, call::Call, dashboard, events, node_routes, openapi, orders, private,
    problem::Problem,
};
use crate::keys::Scope;

impl Route {
    /// Whether the answer may have megabytes, and is anybody's to ask for.
    pub(super) fn answers_much(&self) -> bool {
        matches!(self.schemas.1, "application/octet-stream" | "Notes")
    }
}

/// The methods that are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    /// Changes nothing.
    Get,
    /// May change something.
    Post,
}

impl Method {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Permission {
    /// Everyone; credentials are not looked at.
    Open,
    /// Every live key; what it may do depends on what it asks for.
    AnyKey {
        /// Whether the request must be signed.
        write: bool,
    },
    /// Keys with the scope, and everyone if the configuration opens the scope.
    Scope {
        /// The scope.
        scope: Scope,
        /// Whether the request must be signed.
        write: bool,
    },
}

type Answer = Pin<Box<dyn Future<Output = Result<Response, Problem>> + Send>>;

/// One route.
pub(super) struct Route {
    pub(super) method: Method,
    /// In axum's form, which is OpenAPI's too.
    pub(super) path: &'static str,
    pub(super) permission: Permission,
    /// The most bytes of the body; 0 for none.
    pub(super) body: usize,
    /// The parameters of the query.
    pub(super) query: &'static [&'static str],
    /// What it does, in a sentence.
    pub(super) summary: &'static str,
    /// The schema of the body, if it has one, and of the answer: names in the OpenAPI document, or a media type.
    pub(super) schemas: (&'static str, &'static str),
    pub(super) handler: fn(Call) -> Answer,
}

const READ: Permission = Permission::Scope {
    scope: Scope::Read,
    write: false,
};
const SUBMIT: Permission = Permission::Scope {
    scope: Scope::Submit,
    write: true,
};
const OPERATE: Permission = Permission::Scope {
    scope: Scope::Operate,
    write: true,
};
const KEYS: Permission = Permission::Scope {
    scope: Scope::Keys,
    write: true,
};
const KEYS_READ: Permission = Permission::Scope {
    scope: Scope::Keys,
    write: false,
};
const AUDIT: Permission = Permission::Scope {
    scope: Scope::Audit,
    write: false,
};
const SELF: Permission = Permission::AnyKey { write: true };

/// The largest order: a signature of about 9 KiB, twice that in hexadecimal.
const ORDER: usize = 32 << 10;
/// The largest batch of orders.
const ORDERS: usize = 16 << 20;
/// The largest operation of the pool: a proof of some 150 KiB, twice that in hexadecimal.
const PRIVATE: usize = 1 << 20;
/// The largest command.
const COMMAND: usize = 8 << 10;

macro_rules! route {
    ($method:ident $path:literal $permission:expr, $body:expr, [$($query:literal),*], $handler:path, $schemas:expr, $summary:literal) => {
        Route {
            method: Method::$method,
            path: $path,
            permission: $permission,
            body: $body,
            query: &[$($query),*],
            summary: $summary,
            schemas: $schemas,
            handler: |call| Box::pin($handler(call)),
        }
    };
}

/// Every route.
pub(super) fn table() -> &'static [Route] {
    static TABLE: OnceLock<Vec<Route>> = OnceLock::new();
    TABLE.get_or_init(|| {
        vec![
            route!(Post "/v1/orders" SUBMIT, ORDER, [], orders::submit, ("SignedOrder", "Receipt"),
                "Submits a signed order. The same order again has the same answer."),
            route!(Post "/v1/orders/batch" SUBMIT, ORDERS, [], orders::submit_many, ("SignedOrders", "Results"),
                "Submits many signed orders, each taken or refused for itself."),
            route!(Get "/v1/orders/{order}" READ, 0, [], orders::state, ("", "OrderState"),
                "Where an order is."),
            route!(Get "/v1/accounts/{account}" READ, 0, [], accounts::view, ("", "Account"),
                "An account: after the last sealed batch, and after what is pending."),
            route!(Get "/v1/accounts/{account}/proof" READ, 0, [], accounts::proof, ("", "AccountProof"),
                "An account with the Merkle path that proves it, as JSON or canonical bytes."),
            route!(Get "/v1/accounts/{account}/pending" READ, 0, [], accounts::pending, ("", "PendingOrders"),
                "The account's own orders that are not sealed yet."),
            route!(Get "/v1/accounts/{account}/history" READ, 0, ["before", "limit"], accounts::history, ("", "History"),
                "Sealed operations that concern the account, newest first; before=BATCH.POSITION goes on. Counts as a request for each batch."),
            route!(Get "/v1/batches" READ, 0, ["before", "limit"], batches::list, ("", "Batches"),
                "Sealed batches, newest first. Ten of `limit` count as a request."),
            route!(Get "/v1/batches/{batch}" READ, 0, [], batches::view, ("", "Batch"),
                "A sealed batch."),
            route!(Get "/v1/batches/{batch}/records" READ, 0, [], batches::records, ("", "application/octet-stream"),
                "The published bytes of a batch."),
            route!(Get "/v1/batches/{batch}/proof" READ, 0, [], batches::proof, ("", "application/octet-stream"),
                "The proof of a batch, in winterfell's encoding."),
            route!(Get "/v1/batches/{batch}/pool" READ, 0, [], private::operations, ("", "application/octet-stream"),
                "The published bytes of what a batch did to the shielded pool."),
            route!(Post "/v1/private/shield" SUBMIT, PRIVATE, [], private::shield, ("Shielding", "Receipt"),
                "Submits a withdrawal with the note that it pays for, which enters the pool of the same batch."),
            route!(Post "/v1/private/transfer" SUBMIT, PRIVATE, [], private::transfer, ("PrivateOperation", "Receipt"),
                "Submits a private transfer. The same bytes again have the same answer."),
            route!(Post "/v1/private/withdraw" SUBMIT, PRIVATE, [], private::withdraw, ("PrivateOperation", "Receipt"),
                "Submits a private withdrawal. An account is paid in the same batch."),
            route!(Get "/v1/private/notes" READ, 0, ["from", "limit"], private::notes, ("", "Notes"),
                "Notes of the pool from a position on, for wallets to scan, as JSON or bytes."),
            route!(Get "/v1/private/anchors" READ, 0, ["limit"], private::anchors, ("", "Anchors"),
                "The newest roots of the note tree, against which operations may be proven."),
            route!(Get "/v1/private/nullifiers/{nullifier}" READ, 0, [], private::nullifier, ("", "NullifierState"),
                "Whether a note was spent, and by which operation: of nullifiers that are published. A wallet follows the operations instead: who asks for its own tells whose it is."),
            route!(Get "/v1/private/proofs/{proof}" READ, 0, [], private::proof, ("", "application/octet-stream"),
                "The proof of a private operation of a sealed batch, by the digest in its published bytes."),
            route!(Get "/v1/events" READ, 0, [], events::stream, ("", "text/event-stream"),
                "What happens from now on, as server-sent events."),
            route!(Get "/v1/status" Permission::Open, 0, [], node_routes::status, ("", "Status"),
                "How the node is, and the head of its audit log."),
            route!(Get "/v1/fees" Permission::Open, 0, [], node_routes::fees, ("", "Fees"),
                "What an order must pay, and how long it must be valid."),
            route!(Get "/v1/time" Permission::Open, 0, [], node_routes::time, ("", "Time"),
                "The node's clock, for those who sign requests."),
            route!(Get "/v1/alerts" READ, 0, [], node_routes::alerts, ("", "Alerts"),
                "The last alarms since the node was started."),
            route!(Get "/v1/admin/self" Permission::AnyKey { write: false }, 0, [], admin::own, ("", "Identity"),
                "The key that calls."),
            route!(Get "/v1/admin/keys" KEYS_READ, 0, [], admin::list, ("", "Keys"),
                "Every key, with its phase and its last use."),
            route!(Post "/v1/admin/keys" KEYS, COMMAND, [], admin::create, ("NewKey", "Outcome"),
                "Makes a key; one with the scope keys is proposed."),
            route!(Get "/v1/admin/keys/{key}" KEYS_READ, 0, [], admin::show, ("", "Key"),
                "A key."),
            route!(Post "/v1/admin/keys/{key}/rotate" SELF, COMMAND, [], admin::rotate, ("Rotation", "Outcome"),
                "Replaces a key; both are accepted for a while. A key may rotate itself."),
            route!(Post "/v1/admin/keys/{key}/roll-back" SELF, COMMAND, [], admin::roll_back, ("Empty", "Outcome"),
                "Takes a rotation back inside its window."),
            route!(Post "/v1/admin/keys/{key}/revoke" SELF, COMMAND, [], admin::revoke, ("Reason", "Outcome"),
                "Ends a key at once. A key may end itself."),
            route!(Post "/v1/admin/revoke-everything" KEYS, COMMAND, [], admin::revoke_everything, ("Reason", "Outcome"),
                "Proposes to end every key."),
            route!(Get "/v1/admin/proposals" KEYS_READ, 0, [], admin::proposals, ("", "Proposals"),
                "What waits for a second person."),
            route!(Post "/v1/admin/proposals/{proposal}/approve" KEYS, COMMAND, [], admin::approve, ("Empty", "Outcome"),
                "Approves another client's proposal, which is carried out."),
            route!(Post "/v1/admin/proposals/{proposal}/withdraw" KEYS, COMMAND, [], admin::withdraw, ("Empty", "Done"),
                "Takes a proposal back, or refuses it."),
            route!(Get "/v1/admin/audit" AUDIT, 0, ["from", "limit"], admin::audit, ("", "text/plain"),
                "Lines of the audit log as they are in its file."),
            route!(Post "/v1/admin/pause" OPERATE, COMMAND, [], node_routes::pause, ("Empty", "Done"),
                "Takes no more orders until resumed."),
            route!(Post "/v1/admin/resume" OPERATE, COMMAND, [], node_routes::resume, ("Empty", "Done"),
                "Takes orders again."),
            route!(Post "/v1/admin/seal" OPERATE, COMMAND, [], node_routes::seal, ("Empty", "Sealed"),
                "Closes the open batch as it is."),
            route!(Post "/v1/admin/jobs/{batch}/requeue" OPERATE, COMMAND, [], node_routes::requeue, ("Empty", "Done"),
                "Proves a held batch as if it had never failed."),
            route!(Post "/v1/admin/reload-certificate" OPERATE, COMMAND, [], node_routes::reload_certificate, ("Empty", "Done"),
                "Reads the certificate of the interface and its key again, for connections to come."),
            route!(Get "/openapi.json" Permission::Open, 0, [], openapi::serve, ("", "Document"),
                "This interface as an OpenAPI document."),
            route!(Get "/" Permission::Open, 0, [], dashboard::page, ("", "text/html"),
                "A page for people."),
            route!(Get "/dashboard.css" Permission::Open, 0, [], dashboard::style, ("", "text/css"),
                "The page's style."),
            route!(Get "/dashboard.js" Permission::Open, 0, [], dashboard::script, ("", "text/javascript"),
                "The page's script."),
        ]
    })
}

/// Whether a path is one of a route's.
pub(super) fn matches(pattern: &str, path: &str) -> bool {
    let (mut pattern, mut path) = (pattern.split('/'), path.split('/'));
    loop {
        match (pattern.next(), path.next()) {
            (None, None) => return true,
            (Some(wanted), Some(found)) if wanted == found || wanted.starts_with('{') => {}
            _ => return false,
        }
    }
}
