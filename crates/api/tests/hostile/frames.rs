//! Sessions that speak the grammar and make mistakes in it: ops in any order, with fields that are
//! missing, of other types, out of range or of somebody else.
//!
//! `HOSTILE_FRAMES=1000000 cargo test -p messaging-api --test hostile frames` sends so many.

use futures_util::future::join_all;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    count,
    guest::{Socket, hear, say},
    mutation::{self, Chance},
    node::{Node, person},
};

/// Sessions that speak at the same time.
const SESSIONS: usize = 8;

/// Frames that are sent before an answer is waited for.
const AT_ONCE: usize = 40;

/// Values that no field wants.
fn nonsense(chance: &mut Chance) -> Value {
    let long = |chance: &mut Chance| "x".repeat(chance.below(5_000));
    match chance.below(20) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(-1),
        3 => json!(0),
        4 => json!(1.5),
        5 => json!(i64::MAX),
        6 => json!(u64::MAX),
        7 => json!(1e300),
        8 => json!(""),
        9 => json!("\u{0}"),
        10 => json!("\u{202e}\u{feff}"),
        11 => json!(long(chance)),
        12 => json!([]),
        13 => json!({}),
        14 => json!({ "kind": "system", "code": "x", "params": {} }),
        15 => json!({ "kind": "deleted" }),
        16 => json!({ "kind": "text" }),
        17 => json!({ "kind": "text", "text": long(chance) }),
        18 => json!(["text", "hello"]),
        _ => (0..chance.below(100)).fold(json!(1), |inner, _| json!([inner])),
    }
}

/// A frame that would be good if its conversation were the caller's.
fn frame(chance: &mut Chance, conversations: &[String]) -> Value {
    let ops = Node::OPS;
    let op = *chance.of(ops);
    let id = chance.of(conversations);
    let mut frame = json!({
        "op": op, "id": chance.below(1_000), "conversationId": id,
        "seq": chance.below(30), "revision": 1 + chance.below(3), "active": chance.once_in(2),
        "clientId": Uuid::from_u64_pair(7, u64::try_from(chance.below(5_000)).unwrap()).to_string(),
        "content": { "kind": "text", "text": "words words" }, "token": "a.b.c",
    });
    for _ in 0..chance.below(3) {
        let fields = frame.as_object_mut().unwrap();
        let names: Vec<_> = fields
            .keys()
            .filter(|name| *name != "op")
            .cloned()
            .collect();
        let name = chance.of(&names).clone();
        match chance.below(3) {
            0 => {
                fields.remove(&name);
            }
            1 => {
                fields.insert(name, nonsense(chance));
            }
            _ => {
                fields.insert(format!("{name}x"), nonsense(chance));
            }
        }
    }
    frame
}

impl Node {
    /// All ops but the one that has to be first, and one that is none.
    const OPS: &[&str] = &[
        "message.send",
        "message.edit",
        "message.delete",
        "conversation.read",
        "conversation.delivered",
        "room.join",
        "room.leave",
        "typing",
        "token.refresh",
        "ping",
        "message.sned",
    ];
}

/// Waits until all that was said is answered; whether the session still lives.
async fn settle(socket: &mut Socket, mark: &str) -> bool {
    let ping = json!({ "op": "ping", "id": mark }).to_string();
    if !say(socket, &ping).await {
        return false;
    }
    while let Some(frame) = hear(socket).await {
        let error = &frame["error"];
        assert!(
            error["status"].as_u64() < Some(500) && error["code"] != "internal",
            "{frame}"
        );
        if frame["event"] == "bye" {
            let code = frame["data"]["code"].as_u64().unwrap();
            assert!((4_000..4_100).contains(&code), "{frame}");
        }
        if frame["reply"] == mark {
            return true;
        }
    }
    false
}

async fn torment(node: &Node, seed: u64, frames: usize, conversations: &[String], token: &str) {
    let mut chance = Chance::new(seed);
    let mut socket = node.session(token).await;
    let mut said = 0;
    while said < frames {
        let mut lives = true;
        for _ in 0..AT_ONCE {
            let mut text = frame(&mut chance, conversations).to_string();
            if chance.once_in(200) {
                let mut bytes = text.into_bytes();
                mutation::edit(&mut chance, &mut bytes, &["{\"op\":\"hello\"}"]);
                text = String::from_utf8_lossy(&bytes).into_owned();
            }
            lives = lives && say(&mut socket, &text).await;
            said += 1;
        }
        if !settle(&mut socket, &format!("mark {said}")).await {
            socket = node.session(token).await;
        }
    }
}

#[actix_web::test]
async fn no_frame_breaks_the_service() {
    // It would fail if an op were new.
    let ops = Node::routes()["webSocket"].as_array().unwrap().len();
    assert_eq!(ops, Node::OPS.len());

    let node = Node::start(&[("MESSAGING_LOG", "warn")]);
    let people: Vec<_> = (0..SESSIONS).map(|_| person()).collect();
    let mut conversations = vec![
        "x".to_owned(),
        Uuid::now_v7().to_string(),
        String::new(),
        "0190163D-8694-739B-AEA5-966C26F8AD91".to_owned(),
    ];
    for (at, (_, token)) in people.iter().enumerate() {
        node.ask(token, "GET", "/api/auth/me", None).await;
        let seller = &people[(at + SESSIONS - 1) % SESSIONS];
        node.ask(&seller.1, "GET", "/api/auth/me", None).await;
        let body = json!({ "sellerId": seller.0 });
        let path = "/api/messages/conversations";
        let (_, started) = node.ask(token, "POST", path, Some(&body)).await;
        let id = started["conversation"]["id"].as_str().unwrap();
        conversations.extend([id.to_owned(), id.to_owned()]);
    }
    let frames = count("HOSTILE_FRAMES", 16_000) / SESSIONS;
    let seed = u64::try_from(count("HOSTILE_SEED", 1)).unwrap();
    let all = people
        .iter()
        .zip(seed..)
        .map(|((_, token), seed)| torment(&node, seed, frames, &conversations, token));
    join_all(all).await;
    node.assert_well(250 * 1_024 * 1_024).await;
}
