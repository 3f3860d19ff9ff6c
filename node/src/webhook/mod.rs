//! Webhooks: the node tells others what happened, in requests that are signed as those of operators are.
//!
//! Each request is a `POST` of one JSON document with the event, a number that counts up, and the head of the audit log, so
//! that every receiver is a witness of the log. It carries `Content-Digest`, `Signature-Input` and `Signature` of the
//! node's own Ed25519 key in the form of [`crate::keys`]; [`verify`] checks them.
//!
//! *At least once*: what is not answered with 2xx is sent again, later and later, ten times. Events that wait are in memory:
//! a restart loses them, and the number shows the gap. The store has everything that events say.

use std::{collections::VecDeque, fmt, sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::sync::{
    broadcast::{self, error::RecvError},
    watch,
};
use winterlane_machine::address::shown;

use crate::{
    Event, Node,
    api::server::stopped,
    client::{ClientError, Transport},
    keys::{
        self, Environment, KeyId, Keys, Message, Nonce, Presented, PrivateKey, PublicKey, random,
        sign,
    },
};

/// Who is told, and of what.
pub struct Webhook {
    transport: Transport,
    path: String,
    /// Only alarms and what operators do; else batches too.
    alarms_only: bool,
}

impl fmt::Debug for Webhook {
    /// Without the path, which may be all that keeps strangers from the receiver.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhook")
            .field("transport", &self.transport)
            .field("alarms_only", &self.alarms_only)
            .finish_non_exhaustive()
    }
}

/// Events that wait for one receiver before the oldest are dropped.
const WAITING: usize = 1024;
/// How often an event is sent.
const ATTEMPTS: u32 = 10;

impl Webhook {
    /// A receiver at `http://HOST:PORT/PATH`, or `https://` with a certificate of a public authority.
    ///
    /// # Errors
    /// [`ClientError::Address`].
    pub fn new(address: &str, alarms_only: bool) -> Result<Self, ClientError> {
        let (scheme, rest) = address.split_once("://").unwrap_or(("http", address));
        let at = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at(at);
        let transport = Transport::new(&format!("{scheme}://{authority}"))?;
        let path = if path.is_empty() { "/" } else { path }.to_owned();
        if path.contains(['?', '#', ' ']) || !path.is_ascii() {
            return Err(ClientError::Address {
                address: shown(address),
            });
        }
        Ok(Self {
            transport,
            path,
            alarms_only,
        })
    }

    /// Tells the receiver what happens from this call on, until the node stops.
    pub fn run(
        self,
        node: &Node,
        keys: Arc<Keys>,
        signer: Arc<PrivateKey>,
        stopping: watch::Receiver<bool>,
    ) -> impl Future<Output = ()> + Send + 'static + use<> {
        // now, and not when somebody first waits for it: what happens between the two is told too
        let events = node.subscribe();
        self.tell_all(events, keys, signer, stopping)
    }

    async fn tell_all(
        self,
        mut events: broadcast::Receiver<Event>,
        keys: Arc<Keys>,
        signer: Arc<PrivateKey>,
        mut stopping: watch::Receiver<bool>,
    ) {
        let mut waiting: VecDeque<Value> = VecDeque::new();
        let (mut number, mut failures) = (0_u64, 0_u32);
        let mut next = tokio::time::Instant::now();
        loop {
            tokio::select! {
                event = events.recv() => {
                    let event = match event {
                        Ok(event) if self.tells(&event) => serde_json::to_value(&event).unwrap_or_default(),
                        Ok(_) => continue,
                        Err(RecvError::Lagged(missed)) => json!({ "event": "missed", "events": missed }),
                        Err(RecvError::Closed) => break,
                    };
                    if waiting.len() == WAITING {
                        waiting.pop_front();
                    }
                    let environment = keys.environment().as_str();
                    let time = keys.now().millis();
                    waiting.push_back(json!({
                        "number": number, "time": time, "environment": environment,
                        "event": event, "audit": serde_json::to_value(keys.head()).unwrap_or_default(),
                    }));
                    number += 1;
                }
                () = tokio::time::sleep_until(next), if !waiting.is_empty() => {
                    let body = waiting.front().map(Value::to_string).unwrap_or_default();
                    if self.tell(&keys, &signer, body.as_bytes()).await {
                        waiting.pop_front();
                        failures = 0;
                    } else {
                        failures += 1;
                        if failures >= ATTEMPTS {
                            waiting.pop_front();
                            failures = 0;
                        }
                        let pause = Duration::from_millis(250) * 2_u32.pow(failures);
                        next = tokio::time::Instant::now() + pause;
                    }
                }
                () = stopped(&mut stopping) => break,
            }
        }
    }

    const fn tells(&self, event: &Event) -> bool {
        match event {
            Event::Accepted { .. } => false,
            Event::Sealed { .. } | Event::Proven { .. } | Event::Published { .. } => {
                !self.alarms_only
            }
            _ => true,
        }
    }

    async fn tell(&self, keys: &Keys, signer: &PrivateKey, body: &[u8]) -> bool {
        let Ok(nonce) = random() else { return false };
        let message = Message {
            method: "POST",
            path: &self.path,
            query: "",
            body,
        };
        let created = keys.now().seconds();
        let nonce = Nonce::from_bytes(nonce);
        let signed = sign(
            &message,
            signer,
            signer_id(&signer.public()),
            keys.environment(),
            created,
            nonce,
        );
        let headers = [
            ("content-type", "application/json".to_owned()),
            ("content-digest", signed.content_digest),
            ("signature-input", signed.signature_input),
            ("signature", signed.signature),
        ];
        let sent = self.transport.send("POST", &self.path, &headers, body);
        // a path is often all that keeps strangers from a receiver: it stands in no log
        match tokio::time::timeout(Duration::from_secs(10), sent).await {
            Ok(Ok(reply)) if (200..300).contains(&reply.status) => true,
            Ok(Ok(reply)) => {
                tracing::warn!(
                    status = reply.status,
                    at = self.transport.authority(),
                    "a webhook was not accepted"
                );
                false
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, at = self.transport.authority(), "a webhook was not delivered");
                false
            }
            Err(_) => {
                tracing::warn!(at = self.transport.authority(), "a webhook got no answer");
                false
            }
        }
    }
}

/// The name of the node's own key in its signatures: the first 12 bytes of the public half.
#[must_use]
pub fn signer_id(public: &PublicKey) -> KeyId {
    let mut bytes = [0; 12];
    bytes.copy_from_slice(&public.as_bytes()[..12]);
    KeyId::from_bytes(bytes)
}

/// Whether a request is one of the node with this public key, made within `window` seconds of `now` (in seconds). A receiver also
/// remembers the numbers that it has seen: an event may come twice.
#[must_use]
pub fn verify(
    message: &Message<'_>,
    presented: &Presented<'_>,
    public: &PublicKey,
    environment: &Environment,
    now: u64,
    window: u64,
) -> bool {
    keys::verify_signed(message, presented, public, environment)
        .is_some_and(|(id, created)| id == signer_id(public) && created.abs_diff(now) <= window)
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Mutex, PoisonError},
    };

    use super::*;
    use crate::keys::tests::World;

    /// What a log was told.
    #[derive(Clone, Default)]
    struct Told(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Told {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            told.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Receivers are told apart by a path that nobody can guess. Who reads the node's log must not be able to tell them things.
    #[test]
    fn a_receivers_path_stands_in_no_log() {
        let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let at = nobody.local_addr().unwrap();
        drop(nobody);
        let webhook = Webhook::new(&format!("http://{at}/hook/hush"), true).unwrap();
        assert!(!format!("{webhook:?}").contains("hush"));
        let world = World::new();
        let signer = PrivateKey::from_seed(&[7; 32]);
        let told = Told::default();
        let log = {
            let told = told.clone();
            tracing_subscriber::fmt()
                .with_writer(move || told.clone())
                .finish()
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let taken = tracing::subscriber::with_default(log, || {
            runtime.block_on(webhook.tell(world.keys(), &signer, b"{}"))
        });
        let told = told.0.lock().unwrap_or_else(PoisonError::into_inner);
        let told = String::from_utf8_lossy(&told);
        assert!(!taken && told.contains(&at.to_string()), "{told}");
        assert!(!told.contains("hush"), "{told}");
    }
}
