//! What people do in a race, and how it is told from another order what came of it.

use serde_json::{Value, json};

use super::world::World;
use crate::app::{Answer, Person, SERVER_KEY, text};

/// Something that somebody does in the conversation of a world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    Send,
    /// With the `clientId` of `Send` and other words.
    SendOther,
    SendMore,
    Reply,
    EditOnce,
    EditAnew,
    Delete,
    ReadFirst,
    ReadLast,
    SellerReads,
    SellerReceives,
    Archive,
    Mute,
    Block,
    Unblock,
    BlockBack,
    Open,
    OpenWithWords,
    Refresh,
    LogOut,
    Rename,
    Describe,
    Erase,
    EraseWords,
}

impl Verb {
    pub(super) const ALL: &[Self] = &[
        Self::Send,
        Self::SendOther,
        Self::SendMore,
        Self::Reply,
        Self::EditOnce,
        Self::EditAnew,
        Self::Delete,
        Self::ReadFirst,
        Self::ReadLast,
        Self::SellerReads,
        Self::SellerReceives,
        Self::Archive,
        Self::Mute,
        Self::Block,
        Self::Unblock,
        Self::BlockBack,
        Self::Open,
        Self::OpenWithWords,
        Self::Refresh,
        Self::LogOut,
        Self::Rename,
        Self::Describe,
        Self::Erase,
        Self::EraseWords,
    ];

    /// Does it.
    pub(super) async fn act(self, world: &World<'_>) -> Value {
        let (app, buyer, seller) = (world.app, &world.buyer, &world.seller);
        let set = |setting: &'static str, to: bool| {
            let mut body = json!({});
            body[setting] = to.into();
            body
        };
        let answer = match self {
            Self::Send => self.send(world, buyer, 0, "is it still there?").await,
            Self::SendOther => self.send(world, buyer, 0, "what does it cost?").await,
            Self::SendMore => self.send(world, buyer, 1, "and where is it?").await,
            Self::Reply => self.send(world, seller, 2, "it is").await,
            Self::EditOnce => self.edit(world, "once").await,
            Self::EditAnew => self.edit(world, "anew").await,
            Self::Delete => app.delete(buyer, &world.path("/messages/1")).await,
            Self::ReadFirst => self.read(world, buyer, 1).await,
            Self::ReadLast => self.read(world, buyer, 2).await,
            Self::SellerReads => self.read(world, seller, 1).await,
            Self::SellerReceives => return world.receive(1).await,
            Self::Archive => self.configure(world, buyer, set("archived", true)).await,
            Self::Mute => self.configure(world, buyer, set("muted", true)).await,
            Self::Block => self.configure(world, seller, set("blocked", true)).await,
            Self::Unblock => self.configure(world, seller, set("blocked", false)).await,
            Self::BlockBack => self.configure(world, buyer, set("blocked", true)).await,
            Self::Open => self.open(world, json!({})).await,
            Self::OpenWithWords => {
                let words = json!({ "clientId": world.client_ids[3], "content": text("hello") });
                self.open(world, words).await
            }
            Self::Refresh => app.post(buyer, "/api/auth/refresh", &world.refresh).await,
            // Not with the token of the login that ends: it would have to be good both times.
            Self::LogOut => {
                app.post(&world.onlooker, "/api/auth/logout", &world.refresh)
                    .await
            }
            Self::Rename => {
                let path = format!("/api/server/users/{}", seller.id);
                app.put(&path, &json!({ "displayName": "Another name" }))
                    .await
            }
            Self::Describe => {
                let path = format!("/api/server/products/{}", world.product);
                let body = json!({ "sellerId": seller.id, "title": "A bicycle" });
                app.put(&path, &body).await
            }
            Self::Erase => self.erase(world, "").await,
            Self::EraseWords => self.erase(world, "?messages=delete").await,
        };
        told(&answer)
    }

    async fn send(self, world: &World<'_>, person: &Person, id: usize, words: &str) -> Answer {
        let body = json!({
            "conversationId": world.conversation, "clientId": world.client_ids[id],
            "content": text(words),
        });
        world.app.post(person, "/api/messages/send", &body).await
    }

    async fn edit(self, world: &World<'_>, words: &str) -> Answer {
        let body = json!({ "revision": 1, "content": text(words) });
        let path = world.path("/messages/1");
        world.app.patch(&world.buyer, &path, &body).await
    }

    async fn read(self, world: &World<'_>, person: &Person, seq: i64) -> Answer {
        let path = world.path("/read");
        world.app.post(person, &path, &json!({ "seq": seq })).await
    }

    async fn configure(self, world: &World<'_>, person: &Person, settings: Value) -> Answer {
        world.app.patch(person, &world.path(""), &settings).await
    }

    async fn open(self, world: &World<'_>, mut body: Value) -> Answer {
        body["sellerId"] = json!(world.seller.id);
        body["productId"] = json!(world.product);
        let path = "/api/messages/conversations";
        world.app.post(&world.buyer, path, &body).await
    }

    async fn erase(self, world: &World<'_>, fate: &str) -> Answer {
        let path = format!("/api/server/users/{}{fate}", world.buyer.id);
        let request = world.app.request("DELETE", &path);
        world.app.answer(request.bearer_auth(SERVER_KEY)).await
    }
}

/// What an answer tells of the order in which things happened. An object in it may be younger than
/// what was done: so it is compared in the state that is left, and here only what was decided.
fn told(answer: &Answer) -> Value {
    let body = &answer.body;
    let message = if body["message"].is_object() {
        &body["message"]
    } else {
        body
    };
    // Who is erased between the look at the token and the act is refused all the same, by another word.
    let erased = matches!(
        body["code"].as_str(),
        Some("unauthenticated" | "conversation_closed")
    );
    let (status, code) = if erased {
        (json!("refused"), json!("gone"))
    } else {
        (json!(answer.status), body["code"].clone())
    };
    json!({
        "status": status, "code": code,
        "seq": message["seq"], "revision": message["revision"], "readSeq": body["readSeq"],
    })
}
