//! What becomes of a node that has no more file descriptors.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    time::{Duration, Instant},
};

use crate::node::{Node, PATIENCE};

impl Node {
    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// What a new connection is answered, or nothing within the time.
    fn asks(&self, path: &str, within: Duration) -> Option<String> {
        let mut stream = self.connect();
        stream.set_read_timeout(Some(within)).unwrap();
        ask(&mut stream, path)
    }
}

/// Asks on a connection that stays open, and gives what is answered at first.
fn ask(stream: &mut TcpStream, path: &str) -> Option<String> {
    write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").ok()?;
    let mut answer = [0; 2_048];
    let length = stream.read(&mut answer).ok().filter(|length| *length > 0)?;
    Some(String::from_utf8_lossy(&answer[..length]).into_owned())
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_node_without_file_descriptors_goes_on_and_takes_connections_again_when_it_has_some() {
    let node = Node::start(100, &[("MESSAGING_MAX_CONNECTIONS", "0")]);
    let mut early = node.connect();
    assert!(
        ask(&mut early, "/healthz")
            .unwrap()
            .starts_with("HTTP/1.1 200")
    );
    let crowd: Vec<_> = (0..150).map(|_| node.connect()).collect();
    // The kernel takes them, the process cannot.
    until("the descriptors are used up", || {
        node.asks("/healthz", Duration::from_millis(300)).is_none()
    });
    let answer = ask(&mut early, "/healthz").unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    drop(crowd);
    until("connections are taken again", || {
        node.asks("/readyz", Duration::from_secs(1))
            .is_some_and(|answer| answer.starts_with("HTTP/1.1 200"))
    });
}

#[test]
fn a_node_with_few_descriptors_tells_those_whom_it_cannot_serve_to_come_back() {
    // 20 connections, and 128 for all else.
    let node = Node::start(148, &[]);
    let mut crowd: Vec<_> = (0..20).map(|_| node.connect()).collect();
    for stream in &mut crowd {
        let answer = ask(stream, "/openapi.json").unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    let answer = node.asks("/openapi.json", PATIENCE).unwrap().to_lowercase();
    assert!(answer.starts_with("http/1.1 503"), "{answer}");
    assert!(answer.contains("retry-after: 1\r\n"), "{answer}");
    assert!(answer.contains("connection: close\r\n"), "{answer}");
    assert!(answer.contains("\"overloaded\""), "{answer}");
    let answer = node.asks("/healthz", PATIENCE).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    drop(crowd);
    until("there is room again", || {
        node.asks("/openapi.json", PATIENCE)
            .is_some_and(|answer| answer.starts_with("HTTP/1.1 200"))
    });
}
