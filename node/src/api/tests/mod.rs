//! The interface as strangers and operators meet it: over TCP, on ports that the system chooses.

mod crowded;
mod documents;
mod hostile;
mod load;
mod operators;
mod orders;
mod page;
mod private;
mod proxied;
mod slow;
mod tls;

use std::{sync::Arc, time::Duration};

use serde_json::Value;
use tempfile::TempDir;
use tokio::{net::TcpListener, runtime::Runtime, sync::watch, task::JoinHandle};

use super::{Api, ApiConfig, health, install_metrics, server};
use crate::{
    Genesis, Limits, Node, NodeOptions, Running,
    client::{Client, ClientConfig, HeldKey, Reply, Transport},
    keys::{
        Keys, Message, Nonce, Role, SignatureHeaders, sign,
        tests::{Holder, World},
    },
    run::{Stand, start},
    testing::{Payer, Word, domain},
};

/// A node that is served.
pub(super) struct Served {
    pub(super) runtime: Runtime,
    pub(super) world: World,
    pub(super) keys: Arc<Keys>,
    pub(super) node: Node,
    pub(super) payers: Vec<Payer>,
    pub(super) address: String,
    pub(super) health: String,
    pub(super) ada: Holder,
    pub(super) bert: Holder,
    pub(super) api: Arc<Api>,
    stop: watch::Sender<bool>,
    running: Option<Running>,
    tasks: Vec<JoinHandle<()>>,
    _folder: TempDir,
}

/// Limits of time that no machine exceeds, whatever it does besides: they are no test's subject, but where it sets its own.
pub(super) const LONG: Duration = Duration::from_secs(600);

/// The limits of a listener, with [`LONG`] ones of time.
pub(super) fn patient() -> server::ServerConfig {
    server::ServerConfig {
        stall: LONG,
        headers: LONG,
        ..server::ServerConfig::default()
    }
}

impl Served {
    pub(super) fn new() -> Self {
        Self::with(ApiConfig {
            requests_per_second: 0,
            key_requests_per_second: 0,
            ..ApiConfig::default()
        })
    }

    pub(super) fn with(config: ApiConfig) -> Self {
        let config = ApiConfig {
            timeout: LONG,
            ..config
        };
        let mut world = World::new();
        let [ada, bert] = world.keymasters();
        let keys = Arc::new(world.keys.take().unwrap());
        let folder = tempfile::tempdir().unwrap();
        let payers: Vec<_> = (0..4).map(|number| Payer::new(number, 6)).collect();
        let accounts = payers
            .iter()
            .map(|payer| (payer.id, payer.account(1 << 90)))
            .collect();
        let genesis = Genesis {
            accounts,
            ..Genesis::empty(domain())
        };
        let limits = Limits {
            slots: 8,
            max_age: Duration::from_millis(50),
            ..Limits::default()
        };
        let options = NodeOptions {
            limits,
            max_unproven: 1000,
            disk_reserve: 0,
            ..NodeOptions::new(folder.path(), genesis)
        };
        let stand = Stand {
            judge: Some(Arc::new(Word)),
            ..Stand::default()
        };
        let (node, running) = start(options, stand).unwrap();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let (stop, stopping) = watch::channel(false);
        let api = Api::new(node.clone(), Arc::clone(&keys), config, stopping.clone());
        let mut tasks = Vec::new();
        let mut listen = |router| {
            let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
            let address = format!("http://{}", listener.local_addr().unwrap());
            let serve = server::serve(listener, router, None, patient(), stopping.clone());
            tasks.push(runtime.spawn(async move { serve.await.unwrap() }));
            address
        };
        let address = listen(api.router());
        let health = listen(health::router(&api, install_metrics()));
        tasks.push(runtime.spawn(Arc::clone(&api).housekeeping()));
        Self {
            runtime,
            world,
            keys,
            node,
            payers,
            address,
            health,
            ada,
            bert,
            api,
            stop,
            running: Some(running),
            tasks,
            _folder: folder,
        }
    }

    /// A key for a client, made without the interface.
    pub(super) fn holder(&self, client: &str, role: Role) -> Holder {
        let key = crate::keys::PrivateKey::random().unwrap();
        let client = client.parse().unwrap();
        let proof = key.prove_possession(&client, self.keys.environment());
        let verifier = crate::keys::NewVerifier::Ed25519 {
            public: key.public(),
            proof,
        };
        let lifetime = Duration::from_secs(360_000);
        let new = crate::keys::NewKey {
            client,
            scopes: role.scopes(),
            verifier,
            lifetime,
        };
        let id = crate::keys::tests::made(self.keys.create(self.ada.id, new)).id;
        Holder { id, key }
    }

    pub(super) fn client(&self, holders: &[&Holder]) -> Client {
        let keys = holders
            .iter()
            .map(|holder| HeldKey {
                id: holder.id,
                key: holder.key.clone(),
            })
            .collect();
        let environment = self.keys.environment().clone();
        Client::new(&self.address, environment)
            .unwrap()
            .with_keys(keys)
            .with_clock(Arc::new(self.world.clock.clone()))
            .with_config(ClientConfig {
                timeout: LONG,
                ..ClientConfig::default()
            })
    }

    /// One request with these headers and nothing added.
    pub(super) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&'static str, String)],
        body: &[u8],
    ) -> Reply {
        let transport = Transport::new(&self.address).unwrap();
        self.runtime
            .block_on(transport.send(method, path, headers, body))
            .unwrap()
    }

    pub(super) fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], b"")
    }

    pub(super) fn json(&self, path: &str) -> Value {
        let reply = self.get(path);
        assert_eq!(
            reply.status,
            200,
            "{path}: {}",
            String::from_utf8_lossy(&reply.body)
        );
        reply.json().unwrap()
    }

    /// A signed request with a fresh nonce, of now.
    pub(super) fn signed(&self, holder: &Holder, method: &str, path: &str, body: &[u8]) -> Reply {
        let nonce = Nonce::from_bytes(crate::keys::random().unwrap());
        let headers = self.signature(holder, method, path, body, nonce);
        self.send(method, path, &as_headers(&headers), body)
    }

    pub(super) fn signature(
        &self,
        holder: &Holder,
        method: &str,
        path: &str,
        body: &[u8],
        nonce: Nonce,
    ) -> SignatureHeaders {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let message = Message {
            method,
            path,
            query,
            body,
        };
        let created = self.keys.now().seconds();
        sign(
            &message,
            &holder.key,
            holder.id,
            self.keys.environment(),
            created,
            nonce,
        )
    }

    /// What must not change when a request is refused.
    pub(super) fn fingerprint(&self) -> (u64, String, u64, u64) {
        let status = self.node.status().unwrap();
        (
            status.accepted,
            status.root.to_string(),
            status.pending,
            self.keys.head().length,
        )
    }

    /// The order that the process ends in: no more requests, then the node.
    pub(super) fn stop(&mut self) {
        self.stop.send_replace(true);
        for task in self.tasks.drain(..) {
            self.runtime.block_on(task).unwrap();
        }
        if let Some(running) = self.running.take() {
            running.stop();
            running.wait().unwrap();
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.stop();
        }
    }
}

pub(super) fn as_headers(headers: &SignatureHeaders) -> Vec<(&'static str, String)> {
    vec![
        ("content-type", "application/json".to_owned()),
        ("content-digest", headers.content_digest.clone()),
        ("signature-input", headers.signature_input.clone()),
        ("signature", headers.signature.clone()),
    ]
}

/// The problem that an answer is, of that kind.
#[track_caller]
pub(super) fn problem(reply: &Reply, kind: &str) -> Value {
    let text = String::from_utf8_lossy(&reply.body);
    let document: Value =
        serde_json::from_slice(&reply.body).unwrap_or_else(|_| panic!("{}: {text}", reply.status));
    assert_eq!(document["type"], format!("/problems/{kind}"), "{text}");
    assert_eq!(document["status"], reply.status, "{text}");
    document
}
