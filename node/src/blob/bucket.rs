//! A service that speaks S3, for tests: one bucket in memory, which can be full.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read, Write},
    net::TcpListener,
    sync::{Arc, Mutex},
};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// The service. It lives as long as the process.
pub(crate) struct Bucket {
    pub(crate) endpoint: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    objects: BTreeMap<String, Vec<u8>>,
    full: bool,
    refused: usize,
}

impl Bucket {
    /// Takes requests of the access key `key`.
    pub(crate) fn serve() -> Self {
        Self::serve_by(None)
    }

    /// The same with TLS.
    #[allow(dead_code, reason = "shared with the tests of workers")]
    pub(crate) fn serve_tls(config: Arc<ServerConfig>) -> Self {
        Self::serve_by(Some(config))
    }

    fn serve_by(tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let endpoint = format!("{scheme}://{}", listener.local_addr().unwrap());
        let state = Arc::<Mutex<State>>::default();
        let shared = state.clone();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let (state, tls) = (shared.clone(), tls.clone());
                std::thread::spawn(move || match tls {
                    None => while answer(&mut stream, &state).is_some() {},
                    Some(tls) => {
                        let connection = ServerConnection::new(tls).unwrap();
                        let mut stream = StreamOwned::new(connection, stream);
                        while answer(&mut stream, &state).is_some() {}
                    }
                });
            }
        });
        Self { endpoint, state }
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.state.lock().unwrap().objects.keys().cloned().collect()
    }

    /// Nothing is taken while it is full.
    pub(crate) fn fill(&self, full: bool) {
        self.state.lock().unwrap().full = full;
    }

    /// How much was not taken because it was full.
    #[allow(dead_code, reason = "shared with the tests of workers")]
    pub(crate) fn refused(&self) -> usize {
        self.state.lock().unwrap().refused
    }
}

fn answer(stream: &mut (impl Read + Write), state: &Mutex<State>) -> Option<()> {
    let mut reader = BufReader::new(&mut *stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let mut first = lines.first()?.split(' ');
    let (method, target) = (first.next()?, first.next()?);
    let (path, query) = target.split_once('?')?;
    let header = |wanted: &str| {
        lines.iter().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case(wanted).then_some(value.trim())
        })
    };
    if header("expect").is_some() {
        let stream = reader.get_mut();
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").ok()?;
    }
    let length = header("content-length").and_then(|length| length.parse::<usize>().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let (status, body) = state.lock().unwrap().act(method, path, query, body);
    let length = body.len();
    let head = format!("HTTP/1.1 {status} .\r\ncontent-length: {length}\r\n\r\n");
    stream.write_all(head.as_bytes()).ok()?;
    if method != "HEAD" {
        stream.write_all(&body).ok()?;
    }
    stream.flush().ok()?;
    Some(())
}

impl State {
    fn act(&mut self, method: &str, path: &str, query: &str, body: Vec<u8>) -> (u16, Vec<u8>) {
        let signed =
            query.contains("X-Amz-Signature=") && query.contains("X-Amz-Credential=key%2F");
        match (method, self.objects.get(path)) {
            _ if !signed => (403, b"<Code>AccessDenied</Code>".to_vec()),
            ("PUT", _) if self.full => {
                self.refused += 1;
                // as proxies do, it repeats what was asked for
                let page = format!("<Code>InsufficientStorage</Code> {query}");
                (507, page.into_bytes())
            }
            ("PUT", _) => {
                self.objects.insert(path.to_owned(), body);
                (200, Vec::new())
            }
            ("DELETE", _) => {
                self.objects.remove(path);
                (204, Vec::new())
            }
            ("GET", Some(bytes)) => (200, bytes.clone()),
            ("HEAD", Some(_)) => (200, Vec::new()),
            _ => (404, Vec::new()),
        }
    }
}
