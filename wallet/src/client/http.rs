//! The questions over HTTP/1.1, with TLS where the address says so.

use std::{fmt, io::ErrorKind, path::Path, sync::Arc, time::Duration};

use serde::de::DeserializeOwned;
use ureq::{
    Agent,
    tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem},
};
use winterlane_ledger::{AccountId, SignedOrder, codec::CanonicalBytes as _, objects::from_json};
use winterlane_machine::address::{has_good_port, shown};

use super::{
    AccountAnswer, Acknowledged, Ask, ClientError, Fees, NodeStatus, OrderPlace, Proven, Refused,
};

/// The most bytes of an answer that a wallet asks for.
const ANSWER: u64 = 1 << 20;
/// The most bytes of a batch's proof or records.
const LARGE_ANSWER: u64 = 64 << 20;

/// How a client behaves.
#[derive(Clone, Copy, Debug)]
pub struct ClientConfig {
    /// How often a request is sent at most.
    pub attempts: u32,
    /// How long it waits between two attempts at most, whatever the node says.
    pub max_wait: Duration,
    /// How long one attempt may take.
    pub timeout: Duration,
}

impl Default for ClientConfig {
    /// 5 attempts, 10 seconds between two, 40 seconds for one.
    fn default() -> Self {
        Self {
            attempts: 5,
            max_wait: Duration::from_secs(10),
            timeout: Duration::from_secs(40),
        }
    }
}

/// A client of one node. It follows no redirection and uses no proxy of the environment.
pub struct NodeClient {
    agent: Agent,
    address: String,
    config: ClientConfig,
}

impl fmt::Debug for NodeClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NodeClient")
            .field("address", &self.address)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl NodeClient {
    /// A client of the node at `http://HOST:PORT` or `https://HOST:PORT`. With TLS the node's certificate must be one of
    /// the public authorities', or, if `certificate` names a file (PEM), lead to one of those in it and to no other.
    ///
    /// # Errors
    /// [`ClientError::Address`], [`ClientError::Certificate`].
    pub fn new(
        address: &str,
        certificate: Option<&Path>,
        config: ClientConfig,
    ) -> Result<Self, ClientError> {
        // Users and passwords are of no use to a node, and the text may be shown to others.
        let wrong = || ClientError::Address {
            address: shown(address),
        };
        let (scheme, authority) = address.split_once("://").ok_or_else(wrong)?;
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
        if !matches!(scheme, "http" | "https")
            || authority.is_empty()
            || !authority.bytes().all(plain)
            || !has_good_port(authority)
        {
            return Err(wrong());
        }
        let roots = match certificate {
            None => RootCerts::WebPki,
            Some(path) => RootCerts::Specific(Arc::new(certificates(path)?)),
        };
        let agent = Agent::config_builder()
            .timeout_global(Some(config.timeout))
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .user_agent("winterlane")
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .build()
            .new_agent();
        Ok(Self {
            agent,
            address: format!("{scheme}://{authority}"),
            config,
        })
    }

    /// Where the node is.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Asks for the JSON at a path.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        self.json(&self.exchange(path, None, ANSWER)?)
    }

    /// Asks for the bytes at a path: of a batch's proof, say. 64 MiB at most.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn bytes(&self, path: &str) -> Result<Vec<u8>, ClientError> {
        self.exchange(path, None, LARGE_ANSWER)
    }

    fn json<T: DeserializeOwned>(&self, body: &[u8]) -> Result<T, ClientError> {
        from_json(body).map_err(|error| ClientError::Answer {
            address: self.address.clone(),
            what: error.to_string(),
        })
    }

    /// One request, as often as it takes: a `POST` of `body` where there is one.
    fn exchange(
        &self,
        path: &str,
        body: Option<&[u8]>,
        limit: u64,
    ) -> Result<Vec<u8>, ClientError> {
        let mut wait = Duration::from_millis(50);
        let mut attempt = 1;
        loop {
            let error = match self.once(path, body, limit) {
                Ok((200..300, answer)) => return Ok(answer),
                Ok((status, answer)) => {
                    let document = serde_json::from_slice(&answer).unwrap_or_default();
                    let refused = Refused { status, document };
                    if !refused.passes() || refused.untaken() {
                        return Err(ClientError::Refused(refused));
                    }
                    wait = wait.max(refused.retry_after().unwrap_or(wait));
                    ClientError::Refused(refused)
                }
                // what rustls refuses comes as data that is none, and is refused the next time, too
                Err(ureq::Error::Io(error))
                    if error.kind() == ErrorKind::InvalidData
                        && self.address.starts_with("https") =>
                {
                    return Err(ClientError::Insecure {
                        address: self.address.clone(),
                        source: Box::new(error),
                    });
                }
                Err(error) => ClientError::NoAnswer {
                    address: self.address.clone(),
                    source: Box::new(error),
                },
            };
            if attempt >= self.config.attempts {
                return Err(error);
            }
            attempt += 1;
            std::thread::sleep(wait.min(self.config.max_wait));
            wait = wait.saturating_mul(2);
        }
    }

    fn once(
        &self,
        path: &str,
        body: Option<&[u8]>,
        limit: u64,
    ) -> Result<(u16, Vec<u8>), ureq::Error> {
        let url = format!("{}{path}", self.address);
        let mut answer = match body {
            None => self.agent.get(&url).call()?,
            Some(body) => self
                .agent
                .post(&url)
                .content_type("application/octet-stream")
                .send(body)?,
        };
        let status = answer.status().as_u16();
        let body = answer.body_mut().with_config().limit(limit).read_to_vec()?;
        Ok((status, body))
    }

    /// `None` where the node says that there is no such thing.
    fn found<T: DeserializeOwned>(&self, path: &str) -> Result<Option<T>, ClientError> {
        match self.get(path) {
            Ok(answer) => Ok(Some(answer)),
            Err(ClientError::Refused(refused)) if refused.kind() == "not-found" => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Ask for NodeClient {
    fn status(&self) -> Result<NodeStatus, ClientError> {
        self.get("/v1/status")
    }

    fn fees(&self) -> Result<Fees, ClientError> {
        self.get("/v1/fees")
    }

    fn account(&self, id: AccountId) -> Result<Option<AccountAnswer>, ClientError> {
        self.found(&format!("/v1/accounts/{id}"))
    }

    fn proof(&self, id: AccountId) -> Result<Proven, ClientError> {
        self.get(&format!("/v1/accounts/{id}/proof"))
    }

    fn submit(&self, order: &SignedOrder) -> Result<Acknowledged, ClientError> {
        let bytes = order.to_bytes();
        self.json(&self.exchange("/v1/orders", Some(&bytes), ANSWER)?)
    }

    fn order(&self, id: &str) -> Result<Option<OrderPlace>, ClientError> {
        // The name is the node's own word: it must not lead elsewhere.
        if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(ClientError::Answer {
                address: self.address.clone(),
                what: "the name of an order is not hexadecimal".to_owned(),
            });
        }
        self.found(&format!("/v1/orders/{id}"))
    }
}

/// The most bytes of a file with certificates: some hundred of them.
const MAX_CERTIFICATES: u64 = 1 << 20;

/// The certificates in a file.
fn certificates(path: &Path) -> Result<Vec<Certificate<'static>>, ClientError> {
    let wrong = |reason: String| ClientError::Certificate {
        path: path.display().to_string(),
        reason,
    };
    // Before it is opened: nothing waits for the other end of a pipe.
    let found = std::fs::metadata(path).map_err(|error| wrong(error.to_string()))?;
    if !found.is_file() || found.len() > MAX_CERTIFICATES {
        return Err(wrong(format!(
            "not a regular file of at most {MAX_CERTIFICATES} bytes, as certificates in PEM are"
        )));
    }
    let bytes = std::fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let mut found = Vec::new();
    for item in parse_pem(&bytes) {
        if let PemItem::Certificate(certificate) = item.map_err(|error| wrong(error.to_string()))? {
            found.push(certificate);
        }
    }
    if found.is_empty() {
        return Err(wrong("no certificate in PEM".to_owned()));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::TcpListener,
        sync::atomic::{AtomicU32, Ordering},
    };

    use super::*;

    /// Where every connection is answered with these words, whatever is asked; and how many there were.
    fn says(scheme: &str, words: &'static str) -> (String, Arc<AtomicU32>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("{scheme}://{}", listener.local_addr().unwrap());
        let asked = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                count.fetch_add(1, Ordering::SeqCst);
                let mut sink = [0; 4096];
                // the question first, and its end last: unread bytes would take the answer away
                if stream.read(&mut sink).is_ok_and(|read| read > 0) {
                    let _ = stream.write_all(words.as_bytes());
                }
                while stream.read(&mut sink).is_ok_and(|read| read > 0) {}
            }
        });
        (address, asked)
    }

    fn client(address: &str) -> NodeClient {
        let config = ClientConfig {
            attempts: 3,
            ..ClientConfig::default()
        };
        NodeClient::new(address, None, config).unwrap()
    }

    #[test]
    fn a_node_that_takes_nothing_is_asked_once() {
        let (address, asked) = says(
            "http",
            "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 52\r\n\r\n\
             {\"type\":\"/problems/unavailable\",\"taken\":     false }",
        );
        let error = client(&address).get::<serde_json::Value>("/").unwrap_err();
        let ClientError::Refused(refused) = &error else {
            panic!("{error}");
        };
        assert!(refused.untaken() && refused.passes(), "{error}");
        assert_eq!(asked.load(Ordering::SeqCst), 1);
        // one that does not say so is asked again
        let (address, asked) = says(
            "http",
            "HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Length: 33\r\n\r\n\
             {\"type\":\"/problems/unavailable\"} ",
        );
        let error = client(&address).get::<serde_json::Value>("/").unwrap_err();
        assert!(error.passes(), "{error}");
        assert_eq!(asked.load(Ordering::SeqCst), 3);
    }

    #[test]
    fn what_is_no_tls_is_told_at_once() {
        let (address, asked) = says("https", "HTTP/1.1 400 Bad Request\r\n\r\n");
        let error = client(&address).get::<serde_json::Value>("/").unwrap_err();
        assert!(matches!(error, ClientError::Insecure { .. }), "{error}");
        assert!(!error.passes());
        assert!(error.to_string().contains("--certificate"), "{error}");
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_file_that_holds_no_certificates_is_not_read() {
        let place = tempfile::tempdir().unwrap();
        let huge = place.path().join("huge.pem");
        std::fs::File::create(&huge)
            .unwrap()
            .set_len(1 << 40)
            .unwrap();
        for path in [&huge, place.path()] {
            let client = NodeClient::new("https://node", Some(path), ClientConfig::default());
            let error = client.err().unwrap();
            assert!(matches!(error, ClientError::Certificate { .. }), "{error}");
            assert!(
                error.to_string().contains("at most 1048576 bytes"),
                "{error}"
            );
        }
    }

    #[test]
    fn addresses_of_nodes_are_told_from_others() {
        let client = |address: &str| NodeClient::new(address, None, ClientConfig::default());
        for good in [
            "http://127.0.0.1:8650",
            "https://node.example",
            "http://[::1]:8650/",
        ] {
            assert!(client(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "127.0.0.1:8650",
            "ftp://node",
            "http://",
            "http://a/b",
            "http://u:p@node",
            "http://a?b",
            "http://a b",
        ] {
            assert!(
                matches!(client(bad), Err(ClientError::Address { .. })),
                "{bad}"
            );
        }
        for secret in [
            "https://me:hush@node",
            "https://hush@node:1",
            "https://me:hush",
            "https://me:hush:8650",
            "http://me:hush:8650/",
            "me:hush@node",
            "https://node/?token=hush",
        ] {
            let error = client(secret).err().unwrap();
            let said = format!("{error} {error:?}");
            assert!(!said.contains("hush"), "{said}");
        }
    }
}
