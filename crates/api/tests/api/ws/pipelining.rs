//! Ops that are sent without waiting for answers are done, and answered, in the order in which they came.

use serde_json::{Value, json};

use super::socket::Socket;
use crate::app::{TestApp, message, text};

/// Says all of these at once, numbered, and gives back their replies.
async fn at_once(socket: &mut Socket, ops: &[(&str, Value)]) -> Vec<Value> {
    for (id, (op, fields)) in ops.iter().enumerate() {
        let mut frame = fields.clone();
        frame["op"] = json!(op);
        frame["id"] = json!(id);
        socket.say(frame.to_string()).await;
    }
    let mut replies = Vec::new();
    while replies.len() < ops.len() {
        let frame = socket.receive().await;
        if frame.get("reply").is_some() {
            assert_eq!(frame["reply"], replies.len(), "{frame}");
            replies.push(frame);
        }
    }
    replies
}

fn send(conversation: &str, words: &str) -> (&'static str, Value) {
    ("message.send", message(conversation, words))
}

fn seqs(replies: &[Value]) -> Vec<i64> {
    let seq = |reply: &Value| reply["ok"]["message"]["seq"].as_i64();
    replies.iter().filter_map(seq).collect()
}

#[actix_web::test]
async fn messages_that_are_sent_at_once_keep_their_order() {
    for app in TestApp::on_each_database().await {
        let (ann, bob) = (app.person("ann").await, app.person("bob").await);
        let conversation = app.conversation(&ann, &bob).await;
        let mut sender = Socket::of(&app, &ann).await;
        let mut receiver = Socket::of(&app, &bob).await;
        let words: Vec<String> = (1..=100).map(|number| format!("{number}")).collect();
        let ops: Vec<_> = words
            .iter()
            .map(|words| send(&conversation, words))
            .collect();
        let replies = at_once(&mut sender, &ops).await;
        assert!(seqs(&replies).into_iter().eq(1..=100));
        for words in &words {
            let event = receiver.event("message.created").await;
            assert_eq!(event["message"]["content"], text(words));
        }
    }
}

#[actix_web::test]
async fn an_op_waits_for_the_messages_before_it_and_those_after_it_wait_for_the_op() {
    for app in TestApp::on_each_database().await {
        let (ann, bob) = (app.person("ann").await, app.person("bob").await);
        let eve = app.person("eve").await;
        let with_bob = app.conversation(&ann, &bob).await;
        let with_eve = app.conversation(&ann, &eve).await;
        let mut socket = Socket::of(&app, &ann).await;
        let edit = |seq: i64, words: &str| {
            let fields = json!({
                "conversationId": with_bob, "seq": seq, "revision": 1, "content": text(words),
            });
            ("message.edit", fields)
        };
        let ops = [
            send(&with_bob, "one"),
            send(&with_bob, "two"),
            // Only right once the second is stored.
            edit(2, "zwei"),
            send(&with_bob, "three"),
            // No message at all; what comes after it is one.
            send(&with_bob, ""),
            send(&with_bob, "four"),
            send(&with_eve, "elsewhere"),
            send(&with_bob, "five"),
            ("ping", json!({})),
            edit(5, "fünf"),
            ("nothing.known", json!({})),
            send(&with_bob, "six"),
        ];
        let replies = at_once(&mut socket, &ops).await;
        assert_eq!(seqs(&replies), [1, 2, 2, 3, 4, 1, 5, 5, 6], "{replies:#?}");
        assert_eq!(replies[4]["error"]["code"], "invalid");
        assert_eq!(replies[10]["error"]["code"], "unknown_op");
        assert!(replies[8]["ok"]["now"].is_string());
    }
}

#[actix_web::test]
async fn one_message_sent_twice_at_once_is_stored_once() {
    for app in TestApp::on_each_database().await {
        let (ann, bob) = (app.person("ann").await, app.person("bob").await);
        let conversation = app.conversation(&ann, &bob).await;
        let mut socket = Socket::of(&app, &ann).await;
        let once = send(&conversation, "once");
        let replies = at_once(&mut socket, &[once.clone(), once.clone(), once]).await;
        assert_eq!(seqs(&replies), [1, 1, 1]);
        let duplicates: Vec<_> = replies
            .iter()
            .map(|reply| reply["ok"]["duplicate"].clone())
            .collect();
        assert_eq!(duplicates, [json!(false), json!(true), json!(true)]);
    }
}
