//! Strangers who say nothing, or too much, or take their time.

use super::*;

/// A connection on which this much is said, and an answer is waited for, but not for ever.
fn say(server: &Server, said: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.address()).unwrap();
    let patience = Some(Duration::from_secs(120));
    stream.set_read_timeout(patience).unwrap();
    stream.write_all(said.as_bytes()).unwrap();
    stream
}

/// Whoever sends too much hears so, however he sends it: at once, if that was announced, and without that his connection is
/// reset while he still sends.
#[test]
fn whoever_sends_too_much_hears_so() {
    let place = tempfile::tempdir().unwrap();
    durable::create(place.path(), &genesis()).unwrap();
    let durable = Durable::open(place.path(), verifier, still()).unwrap();
    let limits = Limits {
        body: Duration::from_secs(600),
        grace: Duration::from_millis(50),
        ..Limits::default()
    };
    let server = Server::start_with(durable, ([127, 0, 0, 1], 0).into(), limits).unwrap();
    let hears = |stream: &mut TcpStream| {
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 413");
    };
    // more than the buffers of sockets hold
    const MUCH: usize = 16 << 20;
    let announced = format!("POST /v1/calls HTTP/1.1\r\nhost: x\r\ncontent-length: {MUCH}\r\n\r\n");
    let chunked = "POST /v1/calls HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
    let bytes = vec![b'x'; 1 << 20];
    // nothing of it was sent yet
    hears(&mut say(&server, &announced));
    let mut stream = say(&server, &announced);
    for _ in 0..MUCH >> 20 {
        stream.write_all(&bytes).unwrap();
    }
    hears(&mut stream);
    let mut stream = say(&server, chunked);
    for _ in 0..MUCH >> 20 {
        stream.write_all(b"100000\r\n").unwrap();
        stream.write_all(&bytes).unwrap();
        stream.write_all(b"\r\n").unwrap();
    }
    stream.write_all(b"0\r\n\r\n").unwrap();
    hears(&mut stream);
    drop(stream);
    drop(server);
}

/// Whoever opens connections and says nothing is hung up on: the process may be a node's, whose files need descriptors, too.
#[test]
fn silent_strangers_are_hung_up_on() {
    let place = tempfile::tempdir().unwrap();
    durable::create(place.path(), &genesis()).unwrap();
    let durable = Durable::open(place.path(), verifier, still()).unwrap();
    let limits = Limits {
        connections: 8,
        head: Duration::from_millis(50),
        ..Limits::default()
    };
    let server = Server::start_with(durable, ([127, 0, 0, 1], 0).into(), limits).unwrap();
    let beginnings = ["", "G", "GET /v1/status HTTP/1.1\r\nhost: x\r\nx: "];
    // more than there may be at once
    let silent: Vec<_> = (0..30).map(|at| say(&server, beginnings[at % 3])).collect();
    for mut stream in silent {
        match stream.read_to_end(&mut Vec::new()) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
        }
    }
}

/// Whoever sends a call slowly holds up nobody else's: not the operator's, nor a stranger's, nor the end.
#[test]
fn slow_strangers_hold_up_nobody() {
    let place = tempfile::tempdir().unwrap();
    durable::create(place.path(), &genesis()).unwrap();
    let durable = Durable::open(place.path(), verifier, still()).unwrap();
    let limits = Limits {
        body: Duration::from_secs(86_400),
        grace: Duration::from_millis(50),
        ..Limits::default()
    };
    let server = Server::start_with(durable, ([127, 0, 0, 1], 0).into(), limits).unwrap();
    let beginning = "POST /v1/calls HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\nx";
    let slow: Vec<_> = (0..40).map(|_| say(&server, beginning)).collect();
    let address = format!("http://{}", server.address());
    let by = |secret| Client::new(&address, Some(Secret::from_bytes([secret; 32]))).unwrap();
    by(7).call(&deposit(Amount::new(1))).unwrap();
    assert!(by(8).call(&Call::Freeze).unwrap_err().is("nothing_due"));
    by(1).call(&Call::TakeOver { seen: 0 }).unwrap();
    drop(server);
    drop(slow);
}

/// A settlement that gives the same page again and again is not read for ever.
#[test]
fn pages_that_do_not_end_are_no_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let to = Party::NOBODY;
        let page = format!(r#"[{{"number":5,"to":"{to}","asset":1,"amount":"1"}}]"#);
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = BufReader::new(stream.try_clone().unwrap()).lines();
            while request.next().is_some_and(|line| !line.unwrap().is_empty()) {}
            let length = page.len();
            let answer = format!(
                "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{page}"
            );
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    let client = Client::new(&address, None).unwrap();
    assert_eq!(client.payments(0, 1).unwrap().len(), 1);
    let said = client.payments(0, usize::MAX).unwrap_err().to_string();
    assert!(said.contains("not in order"), "{said}");
}
