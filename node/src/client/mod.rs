//! A client of a node's interface, which hides nonces, clocks, retries and changes of keys.
//!
//! - *Nonces and time*: each attempt is signed anew. If the node says that the clocks differ, the client signs by the node's
//!   clock from then on, within [`ClientConfig::max_skew`]: else whoever sits between could have requests signed for
//!   next year.
//! - *Retries*: what a busy node did not take (429, 503) is sent again after the time that it says. What got no answer is sent again
//!   only if that is harmless: reads, and orders, which have the same answer however often they come. A command without an answer is
//!   [`ClientError::Unknown`]: look before you repeat it. A node that takes no orders at all, since it is paused or its disk is full,
//!   says so ([`Refused::untaken`]): that is told at once, and whoever wants to wait for it does so where people see it.
//! - *Changes of keys*: the client may hold several keys, say the new one and the old one during a rotation. It uses the first that the
//!   node accepts, and remembers which.

mod error;
mod private;
mod transport;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicUsize, Ordering},
    },
    time::Duration,
};

pub use error::{ClientError, Refused};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::RwLock;
pub(crate) use transport::{Reply, Transport};
use winterlane_ledger::{
    AccountId, AccountProof, BatchNumber, Root, SignedOrder, codec::CanonicalBytes as _,
};

use crate::{
    OrderId,
    clock::{Clock, SystemClock},
    keys::{BearerToken, Environment, KeyId, Message, Nonce, PrivateKey, random, sign},
};

/// How a client behaves.
#[derive(Clone, Copy, Debug)]
pub struct ClientConfig {
    /// How often a request is sent at most.
    pub attempts: u32,
    /// How long a client waits between two attempts at most, whatever the node says.
    pub max_wait: Duration,
    /// How long one attempt may take.
    pub timeout: Duration,
    /// How far the node's clock may be from ours for its word to be taken.
    pub max_skew: Duration,
}

impl Default for ClientConfig {
    /// 6 attempts, 10 seconds between two, 40 seconds for one, 10 minutes of skew.
    fn default() -> Self {
        Self {
            attempts: 6,
            max_wait: Duration::from_secs(10),
            timeout: Duration::from_secs(40),
            max_skew: Duration::from_secs(600),
        }
    }
}

/// A private key with the name that the node gave it.
#[derive(Clone, Debug)]
pub struct HeldKey {
    /// The name.
    pub id: KeyId,
    /// The private key.
    pub key: PrivateKey,
}

/// The credentials of a client.
#[derive(Clone, Debug)]
enum Credentials {
    Nothing,
    Bearer(BearerToken),
    Keys(Vec<HeldKey>),
}

/// A client of one node.
#[derive(Debug)]
pub struct Client {
    transport: Transport,
    credentials: RwLock<Credentials>,
    /// Which of the keys was accepted last.
    preferred: AtomicUsize,
    environment: Environment,
    clock: Arc<dyn Clock>,
    /// Milliseconds that the node's clock is ahead.
    ahead: AtomicI64,
    config: ClientConfig,
}

/// The node's acknowledgement of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Acknowledged {
    /// Its number in the node's log.
    pub sequence: u64,
    /// The batch that takes it.
    pub batch: BatchNumber,
    /// Whether the node had it before, by an attempt whose answer was lost.
    pub known: bool,
}

impl Client {
    /// A client of the node at `address` (`http://HOST:PORT`, or `https://HOST:PORT` with a certificate of a public authority),
    /// which has this environment.
    ///
    /// # Errors
    /// [`ClientError::Address`].
    pub fn new(address: &str, environment: Environment) -> Result<Self, ClientError> {
        Ok(Self {
            transport: Transport::new(address)?,
            credentials: RwLock::new(Credentials::Nothing),
            preferred: AtomicUsize::new(0),
            environment,
            clock: Arc::new(SystemClock),
            ahead: AtomicI64::new(0),
            config: ClientConfig::default(),
        })
    }

    /// A client of the node at `address` (`https://HOST:PORT`), whose certificate must lead to one of those in `roots` (PEM).
    ///
    /// # Errors
    /// [`ClientError::Address`], [`ClientError::Certificate`].
    pub fn trusting(
        address: &str,
        environment: Environment,
        roots: &[u8],
    ) -> Result<Self, ClientError> {
        Ok(Self {
            transport: Transport::trusting(address, Some(roots))?,
            ..Self::new(address, environment)?
        })
    }

    /// With keys, the one to try first first.
    #[must_use]
    pub fn with_keys(mut self, keys: Vec<HeldKey>) -> Self {
        // without keys a client asks as anybody may
        self.credentials = RwLock::new(if keys.is_empty() {
            Credentials::Nothing
        } else {
            Credentials::Keys(keys)
        });
        self
    }

    /// With a bearer secret, for reading.
    #[must_use]
    pub fn with_token(mut self, token: BearerToken) -> Self {
        self.credentials = RwLock::new(Credentials::Bearer(token));
        self
    }

    /// With another clock than the system's.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// With other limits.
    #[must_use]
    pub const fn with_config(mut self, config: ClientConfig) -> Self {
        self.config = config;
        self
    }

    /// Submits an order, as often as it takes: the node takes it once.
    ///
    /// # Errors
    /// [`ClientError::Refused`] when the node refuses it; others when no attempt got an answer.
    pub async fn submit(&self, order: &SignedOrder) -> Result<Acknowledged, ClientError> {
        let bytes = order.to_bytes();
        let reply = self
            .exchange(
                "POST",
                "/v1/orders",
                "application/octet-stream",
                &bytes,
                true,
            )
            .await?;
        reply.json()
    }

    /// Where an order is, as the node's `GET /v1/orders/{id}` says.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub async fn order(&self, id: &OrderId) -> Result<Value, ClientError> {
        self.get(&format!("/v1/orders/{id}")).await
    }

    /// An account with a proof that was verified here: the node need not be trusted, but for the root, which the
    /// caller compares with one that is settled.
    ///
    /// # Errors
    /// [`ClientError::Answer`] when the proof does not lead to the root that the node names.
    pub async fn account_proof(&self, id: AccountId) -> Result<(AccountProof, Root), ClientError> {
        #[derive(Deserialize)]
        struct Proven {
            root: Root,
            canonical: String,
        }
        let path = format!("/v1/accounts/{id}/proof");
        let proven: Proven = self.exchange("GET", &path, "", b"", true).await?.json()?;
        let bytes = proven.canonical.as_bytes().chunks(2).map(|pair| {
            core::str::from_utf8(pair)
                .ok()
                .and_then(|pair| u8::from_str_radix(pair, 16).ok())
        });
        let wrong = |what: &str| ClientError::Answer {
            what: what.to_owned(),
        };
        let bytes = bytes
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| wrong("the proof is not hexadecimal"))?;
        let proof = AccountProof::from_bytes(&bytes).map_err(|error| wrong(&error.to_string()))?;
        if proof.id != id {
            return Err(wrong("the proof is about another account"));
        }
        proof
            .verify(&proven.root)
            .map_err(|error| wrong(&error.to_string()))?;
        Ok((proof, proven.root))
    }

    /// Asks for the JSON at a path.
    ///
    /// # Errors
    /// [`ClientError`].
    pub async fn get(&self, path: &str) -> Result<Value, ClientError> {
        self.exchange("GET", path, "", b"", true).await?.json()
    }

    /// Gives an operator's command.
    ///
    /// # Errors
    /// [`ClientError`]; [`ClientError::Unknown`] when it was sent and nothing came back.
    pub async fn command(&self, path: &str, body: &Value) -> Result<Value, ClientError> {
        let body = body.to_string();
        self.exchange("POST", path, "application/json", body.as_bytes(), false)
            .await?
            .json()
    }

    /// Replaces the client's key: a new one is written to `file`, registered by the old one, and used from now on. If the
    /// node does not accept it, the rotation is taken back. The old key is kept for the window.
    ///
    /// # Errors
    /// [`ClientError`]; the client goes on with the old key then.
    pub async fn rotate(&self, file: &Path, overlap: Duration) -> Result<KeyId, ClientError> {
        let current = self.current().await.ok_or(ClientError::NoKey)?;
        let own = self.get("/v1/admin/self").await?;
        let client = own["client"].as_str().unwrap_or_default().parse()?;
        let key = PrivateKey::random()?;
        // On the disk before the node knows of it: a key that is lost cannot take over.
        key.save(file)?;
        let proof = key.prove_possession(&client, &self.environment);
        let verifier = json!({ "type": "ed25519", "public": key.public().to_string(), "proof": proof.to_string() });
        let body = json!({ "verifier": verifier, "overlap_seconds": overlap.as_secs() });
        let path = format!("/v1/admin/keys/{}", current.id);
        let answer = self.command(&format!("{path}/rotate"), &body).await?;
        let id: KeyId = answer["key"]["id"].as_str().unwrap_or_default().parse()?;
        let old = self
            .set_keys(vec![HeldKey { id, key }, current.clone()])
            .await;
        match self.get("/v1/admin/self").await {
            Ok(answer) if answer["id"] == json!(id.to_string()) => Ok(id),
            other => {
                *self.credentials.write().await = old;
                self.preferred.store(0, Ordering::Relaxed);
                self.command(&format!("{path}/roll-back"), &json!({}))
                    .await?;
                Err(other.err().unwrap_or(ClientError::Answer {
                    what: "the new key was not used".to_owned(),
                }))
            }
        }
    }

    /// The key that was accepted last.
    pub async fn current(&self) -> Option<HeldKey> {
        match &*self.credentials.read().await {
            Credentials::Keys(keys) => keys.get(self.preferred.load(Ordering::Relaxed)).cloned(),
            _ => None,
        }
    }

    async fn set_keys(&self, keys: Vec<HeldKey>) -> Credentials {
        let mut credentials = self.credentials.write().await;
        self.preferred.store(0, Ordering::Relaxed);
        core::mem::replace(&mut credentials, Credentials::Keys(keys))
    }

    /// One request, as often as it takes. `repeatable`: sending it twice does nothing twice.
    async fn exchange(
        &self,
        method: &str,
        path: &str,
        kind: &str,
        body: &[u8],
        repeatable: bool,
    ) -> Result<Reply, ClientError> {
        let mut corrected = false;
        let mut others = 0;
        let mut wait = Duration::from_millis(50);
        let mut attempt = 1;
        loop {
            let headers = self.headers(method, path, kind, body).await?;
            let sent = self.transport.send(method, path, &headers, body);
            let error = match tokio::time::timeout(self.config.timeout, sent).await {
                Ok(Ok(reply)) if reply.status < 300 => return Ok(reply),
                Ok(Ok(reply)) => {
                    let refused = reply.refused();
                    match refused.kind() {
                        "clock-skew" if !corrected && self.correct(&refused) => {
                            corrected = true;
                            continue;
                        }
                        // A nonce that came twice: a proxy repeated the request. Another nonce, where that is harmless.
                        "replay" if repeatable => {}
                        "key-ended" | "credentials" if self.switch(&mut others).await => continue,
                        "busy" | "unavailable" | "slow" if !refused.untaken() => {
                            let told = refused.retry_after().unwrap_or(wait);
                            wait = wait.max(told);
                        }
                        _ => return Err(ClientError::Refused(refused)),
                    }
                    ClientError::Refused(refused)
                }
                Ok(Err(error)) => error,
                Err(_) => ClientError::Unknown,
            };
            let taken = matches!(error, ClientError::Unknown);
            if (taken && !repeatable) || attempt >= self.config.attempts {
                return Err(error);
            }
            attempt += 1;
            // Up to half as long again, so that clients do not come back together.
            let jitter = u32::from(random::<1>()?[0]);
            let pause = wait.min(self.config.max_wait);
            tokio::time::sleep(pause + pause * jitter / 512).await;
            wait = wait.saturating_mul(2);
        }
    }

    async fn headers(
        &self,
        method: &str,
        path: &str,
        kind: &str,
        body: &[u8],
    ) -> Result<Vec<(&'static str, String)>, ClientError> {
        let mut headers = Vec::new();
        if !kind.is_empty() {
            headers.push(("content-type", kind.to_owned()));
        }
        match &*self.credentials.read().await {
            Credentials::Nothing => {}
            Credentials::Bearer(token) => {
                headers.push(("authorization", format!("Bearer {}", *token.reveal())));
            }
            Credentials::Keys(keys) => {
                let held = keys
                    .get(self.preferred.load(Ordering::Relaxed))
                    .ok_or(ClientError::NoKey)?;
                let (path, query) = path.split_once('?').unwrap_or((path, ""));
                let message = Message {
                    method,
                    path,
                    query,
                    body,
                };
                let now = self.clock.now().millis();
                let created = now.saturating_add_signed(self.ahead.load(Ordering::Relaxed)) / 1000;
                let nonce = Nonce::from_bytes(random()?);
                let signed = sign(
                    &message,
                    &held.key,
                    held.id,
                    &self.environment,
                    created,
                    nonce,
                );
                headers.push(("content-digest", signed.content_digest));
                headers.push(("signature-input", signed.signature_input));
                headers.push(("signature", signed.signature));
            }
        }
        Ok(headers)
    }

    /// Takes the node's word for the time, if it is not too far from ours.
    fn correct(&self, refused: &Refused) -> bool {
        let Some(node) = refused.document["server_time"].as_u64() else {
            return false;
        };
        let node = i64::try_from(node.saturating_mul(1000)).unwrap_or(i64::MAX);
        let ours = i64::try_from(self.clock.now().millis()).unwrap_or(i64::MAX);
        let ahead = node.saturating_sub(ours);
        let near = ahead.unsigned_abs()
            <= u64::try_from(self.config.max_skew.as_millis()).unwrap_or(u64::MAX);
        if near {
            self.ahead.store(ahead, Ordering::Relaxed);
        }
        near
    }

    /// Turns to the next key; false once each was tried.
    async fn switch(&self, others: &mut usize) -> bool {
        let credentials = self.credentials.read().await;
        let Credentials::Keys(keys) = &*credentials else {
            return false;
        };
        *others += 1;
        if *others >= keys.len() {
            return false;
        }
        let next = (self.preferred.load(Ordering::Relaxed) + 1) % keys.len();
        self.preferred.store(next, Ordering::Relaxed);
        true
    }
}
