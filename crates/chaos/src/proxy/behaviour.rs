//! What an edge does to real connections.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    time::timeout,
};

use super::{CommitCut, Flow, Proxy, Speech};

const SOON: Duration = Duration::from_secs(5);

/// A message of PostgreSQL's protocol.
fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
    [&[kind][..], &length, body].concat()
}

/// Says back what it is told, and tells what it was told.
async fn echo() -> (SocketAddr, mpsc::Receiver<Vec<u8>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let (told, heard) = mpsc::channel(64);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let told = told.clone();
            tokio::spawn(async move {
                let mut bytes = [0; 4_096];
                while let Ok(read @ 1..) = stream.read(&mut bytes).await {
                    let _ = told.send(bytes[..read].to_vec()).await;
                    if stream.write_all(&bytes[..read]).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    (address, heard)
}

async fn edge(speech: Speech) -> (Proxy, TcpStream, mpsc::Receiver<Vec<u8>>) {
    let (server, heard) = echo().await;
    let proxy = Proxy::start(speech, Some(server)).await.unwrap();
    let client = TcpStream::connect(proxy.address()).await.unwrap();
    (proxy, client, heard)
}

async fn said_back(client: &mut TcpStream, words: &[u8]) {
    client.write_all(words).await.unwrap();
    let mut back = vec![0; words.len()];
    timeout(SOON, client.read_exact(&mut back))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(back, words);
}

/// Whether the connection ends with a reset, after whatever still comes.
async fn is_reset(client: &mut TcpStream) -> bool {
    let mut rest = Vec::new();
    timeout(SOON, client.read_to_end(&mut rest))
        .await
        .unwrap()
        .is_err()
}

#[tokio::test]
async fn a_healthy_edge_lets_everything_pass() {
    let (proxy, mut client, _heard) = edge(Speech::Plain).await;
    said_back(&mut client, b"hello").await;
    assert_eq!(proxy.counts().accepted, 1);
    assert_eq!(proxy.counts().reset, 0);
}

#[tokio::test]
async fn what_is_held_arrives_when_the_edge_heals() {
    let (proxy, mut client, mut heard) = edge(Speech::Plain).await;
    said_back(&mut client, b"one").await;
    heard.recv().await.unwrap();
    proxy.change(|plan| plan.up = Flow::Hold);
    client.write_all(b"two").await.unwrap();
    timeout(SOON, async {
        while proxy.counts().held == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    assert!(heard.try_recv().is_err(), "it passed a black hole");
    proxy.heal();
    assert_eq!(timeout(SOON, heard.recv()).await.unwrap().unwrap(), b"two");
}

#[tokio::test]
async fn a_reset_is_felt_and_new_connections_work() {
    let (proxy, mut client, _heard) = edge(Speech::Plain).await;
    said_back(&mut client, b"one").await;
    proxy.reset_all();
    assert!(is_reset(&mut client).await);
    let mut again = TcpStream::connect(proxy.address()).await.unwrap();
    said_back(&mut again, b"two").await;
}

#[tokio::test]
async fn a_half_open_connection_is_silent_while_new_ones_work_and_is_reset_in_the_end() {
    let (proxy, mut client, mut heard) = edge(Speech::Plain).await;
    said_back(&mut client, b"one").await;
    heard.recv().await.unwrap();
    proxy.leave_half_open();
    client.write_all(b"lost").await.unwrap();
    let mut other = TcpStream::connect(proxy.address()).await.unwrap();
    said_back(&mut other, b"new").await;
    assert_eq!(heard.recv().await.unwrap(), b"new");
    proxy.heal();
    assert!(is_reset(&mut client).await);
}

#[tokio::test]
async fn nobody_gets_in_through_an_edge_that_refuses() {
    let (proxy, mut client, _heard) = edge(Speech::Plain).await;
    said_back(&mut client, b"one").await;
    proxy.change(|plan| plan.refuse = true);
    // The reset may come before the connection is known to be there.
    if let Ok(mut refused) = TcpStream::connect(proxy.address()).await {
        assert!(is_reset(&mut refused).await);
    }
    assert_eq!(proxy.counts().refused, 1);
}

/// A client's start, a query, and a COMMIT.
async fn commit(client: &mut TcpStream, heard: &mut mpsc::Receiver<Vec<u8>>) {
    let startup = [&8_u32.to_be_bytes()[..], b"\0\x03\0\0"].concat();
    client.write_all(&startup).await.unwrap();
    assert_eq!(heard.recv().await.unwrap(), startup);
    client.write_all(&message(b'Q', b"COMMIT\0")).await.unwrap();
}

#[tokio::test]
async fn a_commit_that_is_cut_before_never_reaches_the_database() {
    let (proxy, mut client, mut heard) = edge(Speech::Postgres).await;
    proxy.cut_commits(CommitCut::Before, 1);
    commit(&mut client, &mut heard).await;
    assert!(is_reset(&mut client).await);
    assert!(heard.try_recv().is_err(), "the COMMIT arrived");
    assert_eq!(proxy.counts().commits_cut, 1);
}

#[tokio::test]
async fn a_commit_that_is_cut_after_reaches_the_database_and_its_answer_nobody() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let server = listener.local_addr().unwrap();
    let proxy = Proxy::start(Speech::Postgres, Some(server)).await.unwrap();
    proxy.cut_commits(CommitCut::After, 1);
    let mut client = TcpStream::connect(proxy.address()).await.unwrap();
    let (mut database, _) = listener.accept().await.unwrap();
    let startup = [&8_u32.to_be_bytes()[..], b"\0\x03\0\0"].concat();
    client.write_all(&startup).await.unwrap();
    let query = message(b'Q', b"COMMIT\0");
    client.write_all(&query).await.unwrap();
    let mut arrived = vec![0; startup.len() + query.len()];
    timeout(SOON, database.read_exact(&mut arrived))
        .await
        .unwrap()
        .unwrap();
    assert!(arrived.ends_with(&query));
    let answer = [message(b'C', b"COMMIT\0"), message(b'Z', b"I")].concat();
    database.write_all(&answer).await.unwrap();
    let mut rest = Vec::new();
    let read = timeout(SOON, client.read_to_end(&mut rest)).await.unwrap();
    assert!(read.is_err());
    assert!(rest.is_empty(), "the answer arrived");
    assert_eq!(proxy.counts().commits_cut, 1);
}
