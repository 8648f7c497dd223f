//! What happens on one node is heard on the other, and when the bus is away, a little later.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Cable, NEVER, Pair};
use crate::{
    app::{Person, TestApp},
    ws::socket::Socket,
};

fn room(conversation: &str) -> Value {
    json!({ "conversationId": conversation })
}

/// The next events, which have to carry on from a position.
async fn follow(socket: &mut Socket, position: i64, count: i64) -> Vec<Value> {
    let mut events = Vec::new();
    for expected in position + 1..=position + count {
        let event = socket.next().await;
        assert_eq!(event["position"], expected, "{event}");
        events.push(event);
    }
    events
}

/// One joins a room whose other person is connected to another node. That is seen as soon as that node
/// has said so: in the answer, or a moment later, where a busy node is slow to say it.
async fn joins_and_sees(socket: &mut Socket, conversation: &str, whom: &Person) {
    let joined = socket.ok("room.join", room(conversation)).await;
    if joined["presence"]["online"] == false {
        let event = socket.event("presence").await;
        assert_eq!(
            (&event["userId"], &event["online"]),
            (&json!(whom.id), &json!(true))
        );
    }
}

/// One hears the other write, once in a while, and stop.
async fn hears_writing(reader: &mut Socket, writer: &mut Socket, who: &Person, conversation: &str) {
    // What waits to be told is replaced by what is true since, so each is heard before the next is said.
    for (said, heard) in [(&[true, true][..], true), (&[false], false)] {
        for active in said {
            let fields = json!({ "conversationId": conversation, "active": active });
            writer.ok("typing", fields).await;
        }
        let event = reader.event("typing").await;
        assert_eq!(
            (&event["userId"], &event["active"]),
            (&json!(who.id), &json!(heard))
        );
    }
}

#[actix_web::test]
async fn what_is_said_on_one_node_is_heard_on_the_other_at_once() {
    let Some(pair) = Pair::start_tuned(|timing| timing.look_every = NEVER).await else {
        return;
    };
    let (ann, bob, conversation) = pair.two_people().await;
    let (mut here, mut there) = (
        Socket::of(&pair.left, &ann).await,
        Socket::of(&pair.right, &bob).await,
    );
    for n in 0..20 {
        let words = format!("number {n}");
        pair.left.send(&ann, &conversation, &words).await;
        for socket in [&mut here, &mut there] {
            let data = socket.event("message.created").await;
            assert_eq!(data["message"]["content"]["text"], words);
        }
        there
            .ok(
                "conversation.read",
                json!({ "conversationId": conversation, "seq": n + 1 }),
            )
            .await;
        for socket in [&mut here, &mut there] {
            assert_eq!(socket.event("cursor.moved").await["readSeq"], n + 1);
        }
    }
}

#[actix_web::test]
async fn two_nodes_that_write_at_once_are_heard_in_one_order_everywhere() {
    let Some(pair) = Pair::start_tuned(|timing| timing.look_every = NEVER).await else {
        return;
    };
    let (ann, bob, conversation) = pair.two_people().await;
    let mut sockets = Vec::new();
    for node in [&pair.left, &pair.right] {
        for person in [&ann, &bob] {
            sockets.push(Socket::with_welcome(node, person).await);
        }
    }
    let write = async |node: &TestApp, person: &Person| {
        for n in 0..50 {
            node.send(person, &conversation, &n.to_string()).await;
        }
    };
    futures_util::future::join(write(&pair.left, &ann), write(&pair.right, &bob)).await;
    let mut heard = Vec::new();
    for (socket, welcome) in &mut sockets {
        let events = follow(socket, welcome["position"].as_i64().unwrap(), 100).await;
        let messages: Vec<_> = events
            .iter()
            .map(|event| event["data"]["message"].clone())
            .collect();
        let seqs: Vec<_> = messages
            .iter()
            .map(|message| message["seq"].as_i64().unwrap())
            .collect();
        assert_eq!(seqs, (1..=100).collect::<Vec<_>>());
        heard.push(messages);
    }
    assert!(heard.iter().all(|messages| *messages == heard[0]));
}

#[actix_web::test]
async fn a_session_goes_on_at_the_other_node_where_it_ended_at_this_one() {
    let Some(pair) = Pair::start().await else {
        return;
    };
    let (ann, bob, conversation) = pair.two_people().await;
    let (mut socket, welcome) = Socket::with_welcome(&pair.left, &bob).await;
    pair.left.send(&ann, &conversation, "before").await;
    let position = welcome["position"].as_i64().unwrap();
    follow(&mut socket, position, 1).await;
    drop(socket);
    for n in 0..5 {
        pair.left.send(&ann, &conversation, &n.to_string()).await;
    }
    let since = json!({ "epoch": welcome["epoch"], "position": position + 1 });
    let (_, resumed, events) = Socket::resume(&pair.right, &bob, &since).await;
    assert_eq!(resumed["resumed"], true);
    let positions: Vec<_> = events[..5]
        .iter()
        .map(|event| event["position"].as_i64().unwrap())
        .collect();
    assert_eq!(positions, (position + 2..=position + 6).collect::<Vec<_>>());
}

#[actix_web::test]
async fn who_is_there_and_who_writes_is_known_on_every_node() {
    let grace = Duration::from_millis(300);
    let Some(pair) = Pair::start_tuned(|timing| timing.offline_after = grace).await else {
        return;
    };
    let (ann, bob, conversation) = pair.two_people().await;
    let mut watcher = Socket::of(&pair.left, &ann).await;
    let joined = watcher.ok("room.join", room(&conversation)).await;
    assert_eq!(joined["presence"]["online"], false);
    // He comes, on the other node.
    let mut other = Socket::of(&pair.right, &bob).await;
    assert_eq!(watcher.event("presence").await["online"], true);
    // She was there before.
    joins_and_sees(&mut other, &conversation, &ann).await;
    // Each hears the other write, once in a while.
    hears_writing(&mut watcher, &mut other, &bob, &conversation).await;
    hears_writing(&mut other, &mut watcher, &ann, &conversation).await;
    // A second session, on this node, and the first one goes: nobody notices.
    let carol = pair.left.person("carol").await;
    let with_carol = pair.left.conversation(&ann, &carol).await;
    let carols = Socket::of(&pair.right, &carol).await;
    watcher.event("conversation.created").await;
    joins_and_sees(&mut watcher, &with_carol, &carol).await;
    let second = Socket::of(&pair.left, &bob).await;
    drop(other);
    // She goes after him: when that is told, his time is over, too.
    drop(carols);
    let event = watcher.event("presence").await;
    assert_eq!(
        (&event["userId"], &event["online"]),
        (&json!(carol.id), &json!(false))
    );
    watcher.hears_nothing().await;
    drop(second);
    let event = watcher.event("presence").await;
    assert_eq!(event["online"], false);
    assert!(event["lastSeenAt"].is_string());
}

#[actix_web::test]
async fn sessions_on_all_nodes_count() {
    let Some(pair) = Pair::start().await else {
        return;
    };
    let ann = pair.left.person("ann").await;
    let mut sockets = Vec::new();
    for n in 0..10 {
        let node = if n % 2 == 0 { &pair.left } else { &pair.right };
        sockets.push(Socket::of(node, &ann).await);
    }
    for socket in &mut sockets[..2] {
        assert_eq!(socket.closed().await.code, 4_014);
    }
    for socket in &mut sockets[2..] {
        socket.hears_nothing().await;
    }
}

#[actix_web::test]
async fn a_logout_and_an_erasure_end_sessions_on_every_node_even_when_the_bus_is_away() {
    for cut in [false, true] {
        let Some(pair) = Pair::start().await else {
            return;
        };
        let account = json!({
            "email": format!("{}@example.org", crate::app::uuid()),
            "password": "a long enough password",
            "displayName": "Ann",
        });
        let request = pair
            .left
            .request("POST", "/api/auth/register")
            .json(&account);
        let session = pair.left.answer(request).await.expect(201);
        let ann = Person {
            id: session["user"]["id"].as_str().unwrap().to_owned(),
            token: session["accessToken"].as_str().unwrap().to_owned(),
        };
        let bob = pair.left.person("bob").await;
        let mut logged_in = Socket::of(&pair.right, &ann).await;
        let mut erased = Socket::of(&pair.right, &bob).await;
        if cut {
            pair.cable.cut();
        }
        let refresh = json!({ "refreshToken": session["refreshToken"] });
        pair.left
            .post(&ann, "/api/auth/logout", &refresh)
            .await
            .expect(204);
        let erasure = pair
            .left
            .request("DELETE", &format!("/api/server/users/{}", bob.id));
        pair.left
            .answer(erasure.bearer_auth(crate::app::SERVER_KEY))
            .await
            .expect(204);
        assert_eq!(logged_in.closed().await.code, 4_011);
        assert_eq!(erased.closed().await.code, 4_011);
        if !cut {
            for person in [&ann, &bob] {
                pair.right.get(person, "/api/auth/me").await.expect(401);
            }
        }
    }
}

#[actix_web::test]
async fn a_new_name_is_known_on_every_node() {
    let Some(pair) = Pair::start().await else {
        return;
    };
    let (ann, bob, conversation) = pair.two_people().await;
    let path = format!("/api/messages/conversations/{conversation}");
    let seen = pair.right.get(&ann, &path).await.expect(200);
    assert_eq!(seen["conversation"]["counterpart"]["displayName"], "bob");
    let profile = json!({ "displayName": "Robert" });
    pair.left
        .put(&format!("/api/server/users/{}", bob.id), &profile)
        .await
        .expect(200);
    let renamed = async {
        loop {
            let seen = pair.right.get(&ann, &path).await.expect(200);
            if seen["conversation"]["counterpart"]["displayName"] == "Robert" {
                return;
            }
        }
    };
    // Sooner than what is cached grows old.
    tokio::time::timeout(Duration::from_secs(3), renamed)
        .await
        .unwrap();
}

#[actix_web::test]
async fn what_the_bus_has_lost_is_found_in_the_log() {
    let Some(pair) = Pair::start().await else {
        return;
    };
    let (ann, bob, conversation) = pair.two_people().await;
    let (mut socket, welcome) = Socket::with_welcome(&pair.right, &bob).await;
    let position = welcome["position"].as_i64().unwrap();
    pair.cable.cut();
    for n in 0..300 {
        pair.left.send(&ann, &conversation, &n.to_string()).await;
    }
    follow(&mut socket, position, 300).await;
    pair.cable.mend();
    pair.left.send(&ann, &conversation, "back").await;
    follow(&mut socket, position + 300, 1).await;
}

#[actix_web::test]
async fn a_node_that_finds_no_bus_serves_and_joins_later() {
    let Some(pair) = Pair::apart(|_| {}, Cable::cut).await else {
        return;
    };
    let (ann, bob, conversation) = pair.two_people().await;
    let (mut socket, welcome) = Socket::with_welcome(&pair.right, &bob).await;
    pair.left
        .send(&ann, &conversation, "nobody hears me at once")
        .await;
    follow(&mut socket, welcome["position"].as_i64().unwrap(), 1).await;
    pair.cable.mend();
    pair.hear_each_other().await;
}

#[actix_web::test]
async fn a_bus_that_dies_and_comes_back_is_joined_again() {
    let Some(mut pair) = Pair::start().await else {
        return;
    };
    let (ann, bob, conversation) = pair.two_people().await;
    let (mut socket, welcome) = Socket::with_welcome(&pair.right, &bob).await;
    let position = welcome["position"].as_i64().unwrap();
    for n in 0..3 {
        pair.nats
            .restart_after(async {
                let words = n.to_string();
                pair.left.send(&ann, &conversation, &words).await;
                follow(&mut socket, position + n, 1).await;
            })
            .await;
    }
    pair.hear_each_other().await;
}
