//! Somebody who can write to the bus: whatever they do, what people see is what is in the log.

use std::time::Duration;

use async_nats::{Client, HeaderMap, Message};
use futures_util::StreamExt as _;
use serde_json::json;

use super::{NEVER, Nats, Pair};
use crate::ws::socket::{SOON, Socket};

/// Everything that nodes tell each other, as somebody overhears it.
struct Enemy {
    client: Client,
    overheard: Vec<Message>,
}

impl Enemy {
    /// Listens while something happens.
    async fn listens<T>(nats: &Nats, to: impl Future<Output = T>) -> (Self, T) {
        let client = async_nats::connect(nats.url()).await.unwrap();
        let mut all = client.subscribe(">").await.unwrap();
        client.flush().await.unwrap();
        let done = to.await;
        client.publish("enemy.done", "".into()).await.unwrap();
        let mut overheard = Vec::new();
        while let Some(message) = tokio::time::timeout(SOON, all.next()).await.unwrap() {
            if message.subject.as_str() == "enemy.done" {
                break;
            }
            overheard.push(message);
        }
        (Self { client, overheard }, done)
    }

    async fn says(&self, subject: &str, payload: Vec<u8>) {
        self.client
            .publish(subject.to_owned(), payload.into())
            .await
            .unwrap();
    }

    /// Waits until NATS has passed on all that was said.
    async fn is_done(&self) {
        self.client.flush().await.unwrap();
        let mut echo = self.client.subscribe("enemy.echo").await.unwrap();
        self.says("enemy.echo", Vec::new()).await;
        tokio::time::timeout(SOON, echo.next()).await.unwrap();
    }
}

#[actix_web::test]
async fn nothing_that_is_said_on_the_bus_by_others_is_seen_by_anybody() {
    let Some(pair) = Pair::start_tuned(|timing| timing.look_every = NEVER).await else {
        return;
    };
    let (ann, bob, conversation) = pair.two_people().await;
    let mut annes = Socket::of(&pair.left, &ann).await;
    let (mut bobs, welcome) = Socket::with_welcome(&pair.right, &bob).await;
    let position = welcome["position"].as_i64().unwrap() + 1;
    // Found by looking, if the node does not hear of him yet; from then on it does.
    pair.left.send(&ann, &conversation, "are you there?").await;
    annes.event("message.created").await;
    bobs.event("message.created").await;
    let room = json!({ "conversationId": conversation });
    let (enemy, ()) = Enemy::listens(&pair.nats, async {
        annes.ok("room.join", room.clone()).await;
        bobs.ok("room.join", room).await;
        pair.left
            .send(&ann, &conversation, "a canary in a text")
            .await;
        for active in [true, false] {
            let fields = json!({ "conversationId": conversation, "active": active });
            annes.ok("typing", fields).await;
        }
        // The message has to be looked up first, so the others may overtake it; and a start of typing
        // may give way to its stop.
        let (mut heard, mut stopped) = (false, false);
        while !(heard && stopped) {
            let event = bobs.next().await;
            heard |= event["event"] == "message.created";
            stopped |= event["data"]["active"] == false;
        }
    })
    .await;
    annes.event("message.created").await;
    assert!(enemy.overheard.len() > 5, "{}", enemy.overheard.len());
    for message in &enemy.overheard {
        let text = String::from_utf8_lossy(&message.payload);
        assert!(!text.contains("canary"), "{text}");
        assert!(!message.subject.contains(&ann.id) && !message.subject.contains(&bob.id));
    }
    let positions = |payload: &[u8]| String::from_utf8_lossy(payload).contains("advanced");
    assert!(
        enemy
            .overheard
            .iter()
            .any(|message| positions(&message.payload))
    );

    for message in &enemy.overheard {
        let (subject, payload) = (message.subject.as_str(), message.payload.to_vec());
        // Again, twice; to somebody else; changed; cut short; oversize; no text at all.
        for _ in 0..2 {
            enemy.says(subject, payload.clone()).await;
        }
        for other in &enemy.overheard {
            enemy.says(other.subject.as_str(), payload.clone()).await;
        }
        let forged =
            String::from_utf8_lossy(&payload[48..]).replace("\"position\":", "\"position\":9");
        enemy
            .says(subject, [&payload[..48], forged.as_bytes()].concat())
            .await;
        for length in [0, 1, 16, 47, payload.len() - 1] {
            enemy.says(subject, payload[..length].to_vec()).await;
        }
        enemy.says(subject, vec![0xFF; 100_000]).await;
        let mut headers = HeaderMap::new();
        headers.insert("Status", "503");
        let sent =
            enemy
                .client
                .publish_with_headers(subject.to_owned(), headers, Vec::new().into());
        sent.await.unwrap();
        // Asked for an answer that would tell something.
        let answers = enemy.client.new_inbox();
        let asked = enemy
            .client
            .publish_with_reply(subject.to_owned(), answers, payload.into());
        asked.await.unwrap();
    }
    enemy.is_done().await;
    for socket in [&mut annes, &mut bobs] {
        socket.hears_nothing().await;
    }
    // All goes on as before.
    pair.left.send(&ann, &conversation, "still here").await;
    let event = bobs.next().await;
    assert_eq!(
        (&event["event"], &event["position"]),
        (&json!("message.created"), &json!(position + 2))
    );
    assert_eq!(annes.next().await["event"], "message.created");
}

#[actix_web::test]
async fn a_flood_on_the_bus_makes_nothing_wrong() {
    let Some(pair) = Pair::start().await else {
        return;
    };
    let (ann, bob, conversation) = pair.two_people().await;
    let (mut bobs, welcome) = Socket::with_welcome(&pair.right, &bob).await;
    let mut position = welcome["position"].as_i64().unwrap();
    let (enemy, ()) = Enemy::listens(&pair.nats, async {
        pair.left.send(&ann, &conversation, "overheard").await;
        bobs.event("message.created").await;
        position += 1;
    })
    .await;
    let flood = async {
        for round in 0..50 {
            for message in &enemy.overheard {
                for _ in 0..400 / enemy.overheard.len() {
                    enemy
                        .says(message.subject.as_str(), message.payload.to_vec())
                        .await;
                }
            }
            let _ = enemy.client.flush().await;
            if round % 10 == 0 {
                pair.left
                    .send(&ann, &conversation, &round.to_string())
                    .await;
            }
        }
    };
    flood.await;
    for expected in position + 1..=position + 5 {
        let event = tokio::time::timeout(Duration::from_secs(10), bobs.next())
            .await
            .unwrap();
        assert_eq!(event["position"], expected, "{event}");
    }
    bobs.hears_nothing().await;
}
