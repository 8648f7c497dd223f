//! Origins that are nearly the allowed one.

use futures_util::future::join_all;

use crate::node::Node;

const ALLOWED: &str = "https://shop.example";

const FOREIGN: &[&str] = &[
    "",
    " ",
    "null",
    "NULL",
    "*",
    "https://*",
    "https://*.example",
    "https://",
    "shop.example",
    "//shop.example",
    "http://shop.example",
    "ftp://shop.example",
    "ws://shop.example",
    "wss://shop.example",
    "file://",
    "file:///etc/passwd",
    "chrome-extension://shop.example",
    "moz-extension://shop.example",
    "data:text/html,https://shop.example",
    "javascript:https://shop.example",
    "about:blank",
    "blob:https://shop.example/0190163d-8694-739b-aea5-966c26f8ad91",
    "https://shop.example:80",
    "https://shop.example:443",
    "https://shop.example:8443",
    "https://shop.example:",
    "https://shop.example.",
    "https://shop.example/",
    "https://shop.example/path",
    "https://shop.example?",
    "https://shop.example#",
    "https://shop.example\\",
    "https://shop.example,https://evil.example",
    "https://evil.example,https://shop.example",
    "https://shop.example https://evil.example",
    "https://evil.example https://shop.example",
    "https://shop.example.evil.example",
    "https://shop.example-evil.example",
    "https://evilshop.example",
    "https://evil-shop.example",
    "https://sub.shop.example",
    "https://shopxexample",
    "https://shop.example@evil.example",
    "https://evil.example@shop.example",
    "https://user:password@shop.example",
    "https://shop.example%00.evil.example",
    "https://shop.example%2eevil.example",
    "https://shop.example;evil.example",
    "https://shop.exampl",
    "https://shop.examplee",
    "https://sh0p.example",
    "https://sh\u{43e}p.example",
    "https://shop\u{3002}example",
    "https://shop.example\u{200b}",
    "https://xn--shp-6cd.example",
    "https:/shop.example",
    "https:///shop.example",
    "https:shop.example",
    "https://localhost",
    "http://localhost",
    "http://127.0.0.1",
    "http://[::1]",
    "http://0",
    "https://192.0.2.1",
];

#[actix_web::test]
async fn an_origin_that_is_nearly_allowed_is_foreign_to_both_doors() {
    assert!(FOREIGN.len() >= 60);
    let node = Node::start(&[("MESSAGING_ALLOWED_ORIGINS", ALLOWED)]);
    let handshake = |origin: &str| {
        format!(
            "GET /api/messages/ws HTTP/1.1\r\nhost: {}\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\
             sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\norigin: {origin}\r\n\r\n",
            node.address
        )
    };
    let preflight = |origin: &str| {
        format!(
            "OPTIONS /api/messages/send HTTP/1.1\r\nhost: {}\r\naccess-control-request-method: POST\r\n\
             origin: {origin}\r\n\r\n",
            node.address
        )
    };
    let ask = async |request: String| {
        let answer = node.raw(request.as_bytes()).await;
        String::from_utf8_lossy(&answer).to_lowercase()
    };
    assert!(ask(handshake(ALLOWED)).await.starts_with("http/1.1 101"));
    let asked = ask(preflight(ALLOWED)).await;
    assert!(asked.contains("access-control-allow-origin: https://shop.example\r\n"));
    join_all(FOREIGN.iter().map(async |origin| {
        let answer = ask(handshake(origin)).await;
        assert!(answer.starts_with("http/1.1 403"), "{origin:?}: {answer}");
        let answer = ask(preflight(origin)).await;
        assert!(answer.starts_with("http/1.1"), "{origin:?}");
        assert!(
            !answer.contains("access-control-allow-"),
            "{origin:?}: {answer}"
        );
    }))
    .await;
}
