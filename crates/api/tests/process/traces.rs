//! What a collector of traces is sent.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::{Child, Command},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest, common::v1::any_value, trace::v1::Span,
};
use prost::Message as _;

use crate::{message, node::Node};

/// A collector: takes what is sent to it, and passes on the bodies.
fn collector() -> (String, Receiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, receiver) = sync_channel(64);
    thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            let sender = sender.clone();
            thread::spawn(move || while take(&stream, &sender).is_some() {});
        }
    });
    (format!("http://{address}"), receiver)
}

/// Takes one request; nothing when the connection has ended.
fn take(mut stream: &TcpStream, sender: &SyncSender<Vec<u8>>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    if reader.fill_buf().ok()?.is_empty() {
        return None;
    }
    while reader.read_line(&mut head).ok()? > 2 {
        let line = head.lines().last()?.to_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
    assert!(head.starts_with("POST /v1/traces "), "{head}");
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    sender.send(body).ok()?;
    stream
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
        .ok()
}

fn attribute(span: &Span, key: &str) -> Option<String> {
    let found = span
        .attributes
        .iter()
        .find(|attribute| attribute.key == key)?;
    Some(match found.value.as_ref()?.value.as_ref()? {
        any_value::Value::StringValue(text) => text.clone(),
        any_value::Value::IntValue(number) => number.to_string(),
        other => panic!("{other:?}"),
    })
}

/// Brings a process down in good order.
fn terminate(process: &mut Child) {
    let pid = process.id().to_string();
    let killed = Command::new("kill").args(["-TERM", &pid]).status().unwrap();
    assert!(killed.success());
    assert!(process.wait().unwrap().success());
}

#[actix_web::test]
async fn a_send_is_traced_from_the_request_to_its_transaction_and_nothing_that_was_said() {
    let (endpoint, bodies) = collector();
    let mut node = Node::start(1_024, &[("MESSAGING_OTLP_ENDPOINT", endpoint.as_str())]);
    let (conversation, token) = node.conversation().await;
    let canary = "a canary that nobody may hear";
    let body = message(&conversation, canary);
    let path = "/api/messages/send";
    let (status, sent) = node.ask(&token, "POST", path, Some(&body)).await;
    assert_eq!(status, 201, "{sent}");
    // What was not sent yet is sent at the end.
    terminate(&mut node.process);
    let bodies: Vec<_> = bodies.try_iter().collect();
    let bytes = bodies.concat();
    for secret in [canary, &token, &conversation, "canary"] {
        let secret = secret.as_bytes();
        assert!(!bytes.windows(secret.len()).any(|found| found == secret));
    }
    let spans: Vec<_> = bodies
        .iter()
        .map(|body| ExportTraceServiceRequest::decode(body.as_slice()).unwrap())
        .flat_map(|request| request.resource_spans)
        .flat_map(|resource| resource.scope_spans)
        .flat_map(|scope| scope.spans)
        .collect();
    let find = |name: &str, key: &str, value: &str| {
        let mut all = spans.iter().filter(|span| span.name == name);
        all.find(|span| attribute(span, key).as_deref() == Some(value))
            .unwrap_or_else(|| panic!("no {name} with {key}={value}: {spans:#?}"))
    };
    let request = find("request", "route", "/api/messages/send");
    assert_eq!(attribute(request, "method").as_deref(), Some("POST"));
    assert_eq!(
        attribute(request, "http.response.status_code").as_deref(),
        Some("201")
    );
    let write = find("write", "act", "Draft");
    assert_eq!(write.trace_id, request.trace_id);
    assert_eq!(write.parent_span_id, request.span_id);
    let batch = attribute(write, "batch").unwrap();
    let commit = find("commit", "batch", &batch);
    assert!(commit.parent_span_id.is_empty());
    assert!(
        commit
            .links
            .iter()
            .any(|link| link.span_id == write.span_id)
    );
}
