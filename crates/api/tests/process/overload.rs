//! Twice as much as a node can do: refused politely, in bounded memory, and over when it is over.
//!
//! `OVERLOAD_SECONDS=60 cargo test --release -p messaging-api --test process overload -- --nocapture`
//! does it for a minute and prints the figures.

use std::{
    cell::RefCell,
    collections::{BTreeSet, VecDeque},
    pin::pin,
    time::Duration,
};

use futures_util::{
    StreamExt as _,
    future::{Either, join_all, select},
    stream::FuturesUnordered,
};
use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
    time::{Instant, sleep_until},
};

use crate::{message, node::Node};

/// Conversations, each of two people, to which sends are dealt in turn.
const CONVERSATIONS: usize = 64;

/// Acts that may wait for the writer: fewer than there can be connections to bring them. A build without
/// optimisation is slow long before its writer is, so that more would never wait.
const QUEUE: usize = if cfg!(debug_assertions) { 4 } else { 256 };

/// Sends under way at most, so that the client stays within 1,024 file descriptors.
const UNDER_WAY: usize = 800;

/// A conversation, and the token of one who takes part.
type Place = (String, String);

/// A send, and what became of it.
struct Sent {
    place: usize,
    client_id: String,
    accepted: bool,
    /// Since it was due.
    took: Duration,
    /// Since it was sent, for which a busy client may be late.
    answered: Duration,
}

/// A client that costs little beside the node: connections that are kept, and used in turn.
struct Crowd<'a> {
    node: &'a Node,
    places: &'a [Place],
    idle: RefCell<VecDeque<BufReader<TcpStream>>>,
}

impl<'a> Crowd<'a> {
    fn at(node: &'a Node, places: &'a [Place]) -> Self {
        let idle = RefCell::default();
        Self { node, places, idle }
    }

    /// Sends one message; fails unless it is accepted, or refused in the contract's words.
    async fn send(&self, nth: usize, due: Instant) -> Sent {
        let begun = Instant::now();
        let place = nth % self.places.len();
        let (conversation, token) = &self.places[place];
        let message = message(conversation, "hello");
        let (status, head, body) = self.post("/api/messages/send", token, &message).await;
        match status {
            201 => {}
            503 => {
                assert_eq!(body["code"], "overloaded");
                assert!(body["retryAfterMs"].as_u64() > Some(0), "{body}");
                assert!(head.contains("\r\nretry-after: "), "{head}");
            }
            _ => panic!("{head}{body}"),
        }
        Sent {
            place,
            client_id: message["clientId"].as_str().unwrap().to_owned(),
            accepted: status == 201,
            took: due.elapsed(),
            answered: begun.elapsed(),
        }
    }

    /// The status, the head in small letters, and the body.
    async fn post(&self, path: &str, token: &str, body: &Value) -> (u16, String, Value) {
        let idle = self.idle.borrow_mut().pop_front();
        let mut stream = match idle {
            Some(stream) => stream,
            None => BufReader::new(TcpStream::connect(self.node.address).await.unwrap()),
        };
        let body = body.to_string();
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            let read = stream.read_line(&mut head).await.unwrap();
            assert!(read > 0, "no answer: {head}");
        }
        head.make_ascii_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let (_, length) = head.split_once("\r\ncontent-length: ").unwrap();
        let (length, _) = length.split_once('\r').unwrap();
        let mut body = vec![0; length.parse().unwrap()];
        stream.read_exact(&mut body).await.unwrap();
        if !head.contains("\r\nconnection: close") {
            self.idle.borrow_mut().push_back(stream);
        }
        (
            status,
            head,
            serde_json::from_slice(&body).unwrap_or_default(),
        )
    }

    /// What the node answers when people send one message after the other.
    async fn closed_loop(&self, lasts: Duration) -> Vec<Sent> {
        let until = Instant::now() + lasts;
        let sends = (0..self.places.len()).map(async |nth| {
            let mut sent = Vec::new();
            while Instant::now() < until {
                sent.push(self.send(nth, Instant::now()).await);
            }
            sent
        });
        join_all(sends).await.into_iter().flatten().collect()
    }

    /// So many sends a second for a while, each when it is due and whatever became of those before; and
    /// how many there could not be, because too many were under way.
    async fn open_loop(&self, rate: f64, lasts: Duration) -> (Vec<Sent>, usize) {
        let begun = Instant::now();
        let (mut under_way, mut sent, mut left_out) = (FuturesUnordered::new(), Vec::new(), 0);
        for nth in 0.. {
            let due = begun + Duration::from_secs_f64(f64::from(nth) / rate);
            if due >= begun + lasts {
                break;
            }
            let mut now = pin!(sleep_until(due));
            while !under_way.is_empty()
                && let Either::Left((one, _)) = select(under_way.next(), now.as_mut()).await
            {
                sent.extend(one);
            }
            now.await;
            if under_way.len() < UNDER_WAY {
                under_way.push(self.send(usize::try_from(nth).unwrap(), due));
            } else {
                left_out += 1;
            }
        }
        sent.extend(under_way.collect::<Vec<_>>().await);
        (sent, left_out)
    }
}

/// What is stored of a conversation: the `clientId`s, in the order of their numbers.
async fn stored(node: &Node, (conversation, token): &Place) -> Vec<String> {
    let mut stored = Vec::new();
    loop {
        let after = stored.len();
        let path = format!("/api/messages/conversations/{conversation}?afterSeq={after}&limit=200");
        let (status, page) = node.ask(token, "GET", &path, None).await;
        assert_eq!(status, 200, "{page}");
        for message in page["items"].as_array().unwrap() {
            assert_eq!(message["seq"], stored.len() + 1);
            stored.push(message["clientId"].as_str().unwrap().to_owned());
        }
        if page["hasAfter"] == false {
            return stored;
        }
    }
}

fn mebibytes(bytes: u64) -> u64 {
    bytes / (1_024 * 1_024)
}

#[actix_web::test]
#[expect(
    clippy::print_stdout,
    reason = "the figures are what somebody who asks for a minute of it wants to see"
)]
async fn twice_as_much_as_can_be_done_is_refused_politely_and_leaves_no_trace() {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test has no settings of its own"
    )]
    let wanted = std::env::var("OVERLOAD_SECONDS").ok();
    let lasts = Duration::from_secs(wanted.map_or(6, |wanted| wanted.parse().unwrap()));
    let queue = QUEUE.to_string();
    let node = Node::start(4_096, &[("MESSAGING_WRITE_QUEUE", &queue)]);
    let mut places = Vec::new();
    for _ in 0..CONVERSATIONS {
        places.push(node.conversation().await);
    }
    let crowd = Crowd::at(&node, &places);
    // Long enough for its caches to fill, so that memory is compared with that of a node at work.
    let probe = lasts / 3;
    let mut sent = crowd.closed_loop(probe).await;
    let saturation = f64::from(u32::try_from(sent.len()).unwrap()) / probe.as_secs_f64();
    let before = node.resident();

    let (rush, left_out) = crowd.open_loop(2.0 * saturation, lasts).await;
    // The last one is answered, and there is a place for the next one.
    let next = Crowd::at(&node, &places).send(0, Instant::now()).await;
    assert!(next.accepted, "it is not over");
    let after = node.resident();

    let mut took: Vec<_> = rush.iter().filter(|sent| sent.accepted).collect();
    took.sort_by_key(|sent| sent.took);
    let p99 = took[took.len() * 99 / 100].took;
    took.sort_by_key(|sent| sent.answered);
    let answered = took[took.len() * 99 / 100].answered;
    let refused = rush.len() - took.len();
    println!(
        "{lasts:?} at twice {saturation:.0}/s: {} accepted (p99 {p99:?}, {answered:?} since it was sent), {refused} refused, {left_out} left \
         out; resident {} MiB before, {} MiB after; the next send took {:?}",
        took.len(),
        mebibytes(before),
        mebibytes(after),
        next.took,
    );
    assert_eq!(node.log(), "");
    assert!(refused > 0, "that was not too much");
    // Half as much again is the goal of a release build; an allocator may keep a little more.
    assert!(after < 2 * before + 64 * 1_024 * 1_024);

    // What was accepted is there once, and nothing that was refused.
    sent.extend(rush);
    sent.push(next);
    for (nth, place) in places.iter().enumerate() {
        let stored = stored(&node, place).await;
        let all = stored.len();
        let accepted = sent
            .iter()
            .filter(|sent| sent.accepted && sent.place == nth);
        let accepted: BTreeSet<_> = accepted.map(|sent| sent.client_id.as_str()).collect();
        assert_eq!(accepted, stored.iter().map(String::as_str).collect());
        assert_eq!(accepted.len(), all);
    }
}
