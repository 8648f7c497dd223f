//! Texts, names and ids that look like others, look like nothing, or are none.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    guest::{SERVER_KEY, hear},
    node::{Node, person},
};

/// What is sent, and what has to come back everywhere: the same, but for the ends and the line ends.
const TEXTS: &[(&str, &str)] = &[
    ("caf\u{e9}", "caf\u{e9}"),
    ("cafe\u{301}", "cafe\u{301}"),
    ("\u{212b} \u{c5} A\u{30a}", "\u{212b} \u{c5} A\u{30a}"),
    ("\u{202e}desrever\u{202c}", "\u{202e}desrever\u{202c}"),
    ("\u{2067}isolated\u{2069}", "\u{2067}isolated\u{2069}"),
    (
        "a\u{200b}b\u{200d}c\u{2060}d",
        "a\u{200b}b\u{200d}c\u{2060}d",
    ),
    ("\u{feff}byte order", "\u{feff}byte order"),
    ("\u{200b}", "\u{200b}"),
    (
        "Z\u{335}\u{358}\u{351}\u{36b}algo",
        "Z\u{335}\u{358}\u{351}\u{36b}algo",
    ),
    (
        "\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467}",
        "\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467}",
    ),
    (
        "\u{1f1eb}\u{1f1f7} \u{1f44d}\u{1f3ff}",
        "\u{1f1eb}\u{1f1f7} \u{1f44d}\u{1f3ff}",
    ),
    ("\u{65e5}\u{672c}\u{8a9e}", "\u{65e5}\u{672c}\u{8a9e}"),
    (
        "\u{645}\u{631}\u{62d}\u{628}\u{627}",
        "\u{645}\u{631}\u{62d}\u{628}\u{627}",
    ),
    ("\u{fdfa}\u{fdfa}", "\u{fdfa}\u{fdfa}"),
    ("\u{10ffff}\u{fffe}\u{fffd}", "\u{10ffff}\u{fffe}\u{fffd}"),
    ("\u{e0001}\u{e0041}", "\u{e0001}\u{e0041}"),
    (
        "\u{130} \u{131} \u{df} \u{fb01}",
        "\u{130} \u{131} \u{df} \u{fb01}",
    ),
    ("\u{2028}two\u{2029}lines\u{2028}", "two\u{2029}lines"),
    ("  both ends \u{3000}\u{a0}", "both ends"),
    ("a\r\nb\nc\td", "a\nb\nc\td"),
    ("' OR 1=1 --", "' OR 1=1 --"),
    ("%_\\*\"", "%_\\*\""),
    (
        "<img src=x onerror=alert(1)>",
        "<img src=x onerror=alert(1)>",
    ),
    ("{{7*7}} ${7*7} %{7}", "{{7*7}} ${7*7} %{7}"),
    ("=cmd|' /C calc'!A0", "=cmd|' /C calc'!A0"),
];

/// What nobody can say, as it stands in JSON.
const UNSAYABLE: &[(&str, u16)] = &[
    (r#""a\u0000b""#, 422),
    (r#""a\u0001b""#, 422),
    (r#""a\u001bb""#, 422),
    (r#""a\u007fb""#, 422),
    (r#""a\u0085b""#, 422),
    (r#""a\rb""#, 422),
    (r#""a\u000bb""#, 422),
    (r#""""#, 422),
    (r#"" \t\n\u3000\u2028""#, 422),
    (r#""\ud800""#, 400),
    (r#""\udc00\ud800""#, 400),
    (r#""\ud83d \udca9""#, 400),
];

async fn begin(node: &Node) -> ((String, String), (String, String), String) {
    let (ann, bob) = (person(), person());
    node.ask(&bob.1, "GET", "/api/auth/me", None).await;
    let body = json!({ "sellerId": bob.0 });
    let path = "/api/messages/conversations";
    let (_, started) = node.ask(&ann.1, "POST", path, Some(&body)).await;
    let id = started["conversation"]["id"].as_str().unwrap().to_owned();
    (ann, bob, id)
}

fn message(conversation: &str, text: &str) -> Value {
    json!({
        "conversationId": conversation, "clientId": Uuid::new_v4().to_string(),
        "content": { "kind": "text", "text": text },
    })
}

#[actix_web::test]
async fn a_text_is_the_same_wherever_it_is_seen() {
    for node in Node::on_each_database() {
        let (ann, bob, conversation) = begin(&node).await;
        let mut socket = node.session(&bob.1).await;
        for (sent, kept) in TEXTS {
            let body = message(&conversation, sent);
            let (status, stored) = node
                .ask(&ann.1, "POST", "/api/messages/send", Some(&body))
                .await;
            assert_eq!((status, &stored["content"]["text"]), (201, &json!(kept)));
            let event = hear(&mut socket).await.unwrap();
            assert_eq!(event["data"]["message"]["content"], stored["content"]);
            // Sent again in what is stored, it is the same message.
            let again = json!({ "conversationId": body["conversationId"], "clientId": body["clientId"], "content": stored["content"] });
            let (status, same) = node
                .ask(&ann.1, "POST", "/api/messages/send", Some(&again))
                .await;
            assert_eq!(
                (status, same["seq"].clone()),
                (200, stored["seq"].clone()),
                "{sent:?}"
            );
        }
        let path = format!("/api/messages/conversations/{conversation}?limit=200");
        let (_, page) = node.ask(&bob.1, "GET", &path, None).await;
        let texts: Vec<_> = page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["content"]["text"].as_str().unwrap())
            .collect();
        let kept: Vec<_> = TEXTS.iter().map(|(_, kept)| *kept).collect();
        assert_eq!(texts, kept);
        // Both forms are found by either.
        for word in ["caf%C3%A9", "cafe%CC%81", "CAFE"] {
            let path = format!("/api/messages/search?q={word}");
            let (_, found) = node.ask(&ann.1, "GET", &path, None).await;
            assert_eq!(found["items"].as_array().unwrap().len(), 2, "{word}");
        }
    }
}

#[actix_web::test]
async fn what_is_no_text_is_refused_alike_on_each_database() {
    for node in Node::on_each_database() {
        let (ann, _, conversation) = begin(&node).await;
        for (text, status) in UNSAYABLE {
            let body = message(&conversation, "TEXT")
                .to_string()
                .replace("\"TEXT\"", text);
            let request = node
                .request("POST", "/api/messages/send")
                .bearer_auth(&ann.1);
            let request = request
                .header("content-type", "application/json")
                .body(body);
            assert_eq!(request.send().await.unwrap().status(), *status, "{text}");
        }
        // Bytes that are no UTF-8 at all.
        for bytes in [
            &b"{\"x\":\"\xff\"}"[..],
            b"\xef\xbb\xbf{}",
            b"{\"\xed\xa0\x80\":1}",
            b"\xff\xfe{\0}\0",
        ] {
            let request = node
                .request("POST", "/api/messages/send")
                .bearer_auth(&ann.1);
            let request = request
                .header("content-type", "application/json")
                .body(bytes.to_vec());
            let status = request.send().await.unwrap().status();
            assert!(
                [400, 422].contains(&status.as_u16()),
                "{}",
                bytes.escape_ascii()
            );
        }
        let longest = "\u{1f4a9}".repeat(4_000);
        let (status, _) = node
            .ask(
                &ann.1,
                "POST",
                "/api/messages/send",
                Some(&message(&conversation, &longest)),
            )
            .await;
        assert_eq!(status, 201);
        let longer = format!("{longest}x");
        let (status, _) = node
            .ask(
                &ann.1,
                "POST",
                "/api/messages/send",
                Some(&message(&conversation, &longer)),
            )
            .await;
        assert_eq!(status, 422);
    }
}

#[actix_web::test]
async fn ids_that_look_alike_are_two_and_invisible_ones_are_none() {
    for node in Node::on_each_database() {
        let salt = Uuid::new_v4();
        let (composed, decomposed) = (format!("caf%C3%A9-{salt}"), format!("cafe%CC%81-{salt}"));
        for (id, name) in [(&composed, "One"), (&decomposed, "Two")] {
            let body = json!({ "displayName": name });
            let path = format!("/api/server/users/{id}");
            let (status, user) = node.ask(SERVER_KEY, "PUT", &path, Some(&body)).await;
            assert_eq!((status, &user["displayName"]), (200, &json!(name)));
        }
        let (_, one) = node
            .ask(
                SERVER_KEY,
                "PUT",
                &format!("/api/server/users/{composed}"),
                Some(&json!({ "displayName": "One" })),
            )
            .await;
        assert_eq!(one["id"], format!("caf\u{e9}-{salt}"));
        for id in [
            "%E2%80%8B",
            "a%E2%80%AEb",
            "a%C2%ADb",
            "%EF%BB%BFann",
            "%00",
            "a%20b",
            "a%0Ab",
            "%FF",
            "%ED%A0%80",
        ] {
            let path = format!("/api/server/users/{id}-{salt}");
            let body = json!({ "displayName": "Nobody" });
            let (status, _) = node.ask(SERVER_KEY, "PUT", &path, Some(&body)).await;
            assert_eq!(status, 422, "{id}");
        }
        for name in [
            "",
            "\u{202e}nnA",
            "\u{2066}Ann",
            "A\nB",
            "\u{200b}\u{feff}",
            "A\u{0}B",
            "\u{2029}",
        ] {
            let path = format!("/api/server/users/{salt}");
            let body = json!({ "displayName": name });
            let (status, _) = node.ask(SERVER_KEY, "PUT", &path, Some(&body)).await;
            assert_eq!(status, 422, "{name:?}");
        }
    }
}
