//! Asking a node that runs on this machine whether it lives or is ready: for containers, which have no other client.

use std::{
    io::{Read as _, Write as _},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    time::Duration,
};

use clap::ValueEnum;

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Question {
    /// Whether it answers and its storage has not failed.
    Live,
    /// Whether it takes orders.
    Ready,
}

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Asks the health listener at that address. Its words; why not otherwise.
pub(crate) fn probe(mut address: SocketAddr, question: Question) -> Result<String, String> {
    // One that listens everywhere is asked on this machine.
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    let path = match question {
        Question::Live => "/livez",
        Question::Ready => "/readyz",
    };
    let ask = || {
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n"
        )?;
        let mut answer = String::new();
        stream.take(4096).read_to_string(&mut answer)?;
        Ok(answer)
    };
    let answer = ask().map_err(|error: std::io::Error| format!("{address}: {error}"))?;
    let said = answer
        .split("\r\n\r\n")
        .nth(1)
        .unwrap_or_default()
        .trim()
        .to_owned();
    if answer.starts_with("HTTP/1.1 200 ") {
        Ok(said)
    } else if said.is_empty() {
        Err(format!("{address}: no answer of a node"))
    } else {
        Err(said)
    }
}
