//! A request of a mebibyte or less costs less than 64 MiB of memory, whatever it says that it is.

use std::io::Write as _;

use flate2::{Compression, write::GzEncoder};
use serde_json::json;
use tokio::{io::AsyncWriteExt as _, time::timeout};

use crate::{
    guest::{SERVER_KEY, hear},
    node::{Node, PATIENCE, person},
};

/// What a request may add, in bytes.
const MOST: u64 = 64 * 1_024 * 1_024;

const MIB: usize = 1_024 * 1_024;

/// A gibibyte of spaces, in members of a mebibyte each, as gzip allows.
fn gzip_bomb() -> Vec<u8> {
    let mut one = GzEncoder::new(Vec::new(), Compression::best());
    one.write_all(&vec![b' '; MIB]).unwrap();
    let one = one.finish().unwrap();
    let members = (MIB / one.len()).min(1_024);
    assert!(members > 500);
    one.repeat(members)
}

fn brotli_bomb() -> Vec<u8> {
    let mut bomb = Vec::new();
    let settings = brotli::enc::BrotliEncoderParams {
        quality: 5,
        ..Default::default()
    };
    brotli::BrotliCompress(
        &mut std::io::Cursor::new(vec![b' '; 256 * MIB]),
        &mut bomb,
        &settings,
    )
    .unwrap();
    assert!(bomb.len() < MIB / 4);
    bomb
}

/// Frames of blocks that each stand for 128 KiB of spaces (RFC 8878, section 3.1.1.2).
fn zstd_bomb() -> Vec<u8> {
    // Magic number; a frame of unknown length with a window of 128 KiB.
    let mut bomb = vec![0x28, 0xB5, 0x2F, 0xFD, 0x00, 0x38];
    let blocks = 8 * 1_024_u32;
    for block in 1..=blocks {
        let last = u32::from(block == blocks);
        let header = last | (1 << 1) | (0x2_0000 << 3);
        bomb.extend_from_slice(&header.to_le_bytes()[..3]);
        bomb.push(b' ');
    }
    bomb
}

/// What it is, the headers that say what it claims to be, and the bytes.
type Body = (&'static str, Vec<(&'static str, &'static str)>, Vec<u8>);

/// Bodies that are more than they seem, or seem more than they are.
fn bodies() -> Vec<Body> {
    let json = ("content-type", "application/json");
    let long =
        |fill: &str| format!("{{\"x\":\"{}\"}}", fill.repeat(MIB / fill.len() - 10)).into_bytes();
    vec![
        ("a long text", vec![json], long("x")),
        ("escapes", vec![json], long("\\u0041")),
        ("depth", vec![json], b"[".repeat(MIB)),
        (
            "depth within",
            vec![json],
            [&b"{\"x\":"[..], &b"[".repeat(60_000)].concat(),
        ),
        ("many fields", vec![json], {
            let fields: Vec<_> = (0..60_000 / 10).map(|n| format!("\"f{n}\":1")).collect();
            format!("{{{}}}", fields.join(",")).into_bytes()
        }),
        (
            "a form",
            vec![("content-type", "application/x-www-form-urlencoded")],
            b"a=b&".repeat(MIB / 4),
        ),
        (
            "parts",
            vec![("content-type", "multipart/form-data; boundary=x")],
            b"--x\r\n\r\n".repeat(MIB / 7),
        ),
        (
            "gzip",
            vec![json, ("content-encoding", "gzip")],
            gzip_bomb(),
        ),
        (
            "deflate",
            vec![json, ("content-encoding", "deflate")],
            gzip_bomb(),
        ),
        (
            "brotli",
            vec![json, ("content-encoding", "br")],
            brotli_bomb(),
        ),
        (
            "zstd",
            vec![json, ("content-encoding", "zstd")],
            zstd_bomb(),
        ),
        (
            "gzip in gzip",
            vec![json, ("content-encoding", "gzip, gzip")],
            gzip_bomb(),
        ),
    ]
}

#[actix_web::test]
async fn no_request_of_a_mebibyte_costs_64() {
    let node = Node::start(&[("MESSAGING_LOG", "warn")]);
    let (_, token) = person();
    node.ask(&token, "GET", "/api/auth/me", None).await;
    let bodies = bodies();
    for row in Node::routes()["http"].as_array().unwrap() {
        let (method, path) = (
            row["method"].as_str().unwrap(),
            row["path"].as_str().unwrap(),
        );
        let path = path
            .replace("{id}", "0190163d-8694-739b-aea5-966c26f8ad91")
            .replace("{seq}", "1");
        let key = if path.starts_with("/api/server") {
            SERVER_KEY
        } else {
            &token
        };
        for (what, headers, body) in &bodies {
            node.forget_peak();
            let before = node.peak();
            let mut request = node
                .request(method, &path)
                .bearer_auth(key)
                .body(body.clone());
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            // The service may close before it has heard all of it: then there is no answer to read.
            if let Ok(answer) = request.send().await {
                let status = answer.status().as_u16();
                assert!(status < 500, "{method} {path}: {status} for {what}");
            }
            let added = node.peak().saturating_sub(before);
            assert!(added < MOST, "{method} {path}: {what} added {added} bytes");
        }
        let query = "q=%F0%9F%92%A9&".repeat(2_000);
        let long = node
            .request(method, &format!("{path}?{query}"))
            .bearer_auth(key);
        if let Ok(answer) = long.send().await {
            assert!(answer.status().as_u16() < 500, "{method} {path}");
        }
    }
    node.assert_well(300 * 1_024 * 1_024).await;
}

/// A frame of text as it is on the wire; a mask of zeros leaves the payload as it is.
fn raw(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = u64::try_from(payload.len()).unwrap();
    let mut frame = vec![first, 0x80 | 0x7F];
    frame.extend(length.to_be_bytes());
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}

#[actix_web::test]
async fn no_mebibyte_of_frames_costs_64() {
    let node = Node::start(&[("MESSAGING_LOG", "warn")]);
    let ping = |inside: &str| {
        let room = 65_536 - 24 - inside.len();
        let half = inside.repeat(room / inside.len());
        format!("{{\"op\":\"ping\",\"x\":{half}").into_bytes()
    };
    for (what, frame) in [
        ("depth", raw(0x81, &ping("["))),
        ("escapes", raw(0x81, &ping("\"\\u0041\""))),
        ("a text in parts", raw(0x01, &[b' '; 4_096])),
        ("more than may be", raw(0x81, &vec![b' '; MIB])),
        ("what never comes", {
            let mut frame = vec![0x81, 0x80 | 0x7F];
            frame.extend((1_u64 << 62).to_be_bytes());
            frame.extend([0; 4]);
            frame
        }),
        (
            "parts of nothing",
            [raw(0x01, b"{"), raw(0x00, b"").repeat(60_000)].concat(),
        ),
        (
            "pings",
            [&[0x89, 0x80 | 0x7D, 0, 0, 0, 0][..], &[b'x'; 125]]
                .concat()
                .repeat(7_000),
        ),
        ("names", {
            let fields: Vec<_> = (0..5_000).map(|n| format!("\"f{n}\":1")).collect();
            raw(
                0x81,
                format!("{{\"op\":\"ping\",{}}}", fields.join(",")).as_bytes(),
            )
        }),
    ] {
        let (_, token) = person();
        let mut socket = node.session(&token).await;
        node.forget_peak();
        let before = node.peak();
        let times = (MIB / frame.len()).max(1);
        let frames = frame.repeat(times);
        let write = socket.get_mut().write_all(&frames);
        // The service may have closed in the middle of it.
        let _ = timeout(PATIENCE, write).await;
        drop(socket);
        // Whoever comes next is served after what was heard of this one.
        let mut next = node.session(&token).await;
        crate::guest::say(&mut next, &json!({ "op": "ping", "id": 1 }).to_string()).await;
        hear(&mut next).await.unwrap();
        let added = node.peak().saturating_sub(before);
        assert!(added < MOST, "{what} added {added} bytes");
    }
    node.assert_well(300 * 1_024 * 1_024).await;
}
