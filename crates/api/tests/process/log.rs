//! What a peer cannot write into the log.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use crate::node::{Node, PATIENCE};

#[test]
fn heads_that_cannot_be_parsed_are_refused_and_are_no_errors_of_ours() {
    let node = Node::start(1_024, &[]);
    for head in [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n".to_vec(),
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n".to_vec(),
        b"POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n".to_vec(),
        [b"GET / HTTP/1.1\r\nx: ".as_slice(), &vec![b'x'; 200_000]].concat(),
    ] {
        let mut stream = TcpStream::connect(node.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        // It may close before it has heard all of it.
        let _ = stream.write_all(&head);
        let mut answer = [0; 12];
        if stream.read_exact(&mut answer).is_ok() {
            assert!(
                answer.starts_with(b"HTTP/1.1 4"),
                "{}",
                answer.escape_ascii()
            );
        }
        // Its end comes when all that is to be logged was.
        let _ = stream.read_to_end(&mut Vec::new());
    }
    assert_eq!(node.log(), "");
}
