//! The contract of the WebSocket as an AsyncAPI 3.0 document, made from the types of its frames.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, schema::Schema},
};

use crate::{
    problem::Problem,
    wire::{
        conversation::{MoveCursor, ReadState},
        frame::{
            FrameId, SUBPROTOCOL,
            client::{Hello, MessageDelete, MessageEdit, Op, Room, SetTyping, TokenRefresh},
            event::{
                Bye, ConversationEvent, CursorMoved, MessageEvent, Place, Presence, TokenExpiring,
                Typing, UnreadState,
            },
            reply::{Changed, Joined, Nothing, Pong, Refreshed, Sent, Welcome},
        },
        message::SendMessage,
    },
};

const CHANNEL: &str = "socket";

/// The document, the same one each time.
pub fn document() -> Value {
    let mut parts = Parts::default();
    for op in Op::ALL {
        parts.op(*op);
    }
    parts.failure();
    parts.events();
    parts.document()
}

/// What the document is made of.
#[derive(Default)]
struct Parts {
    schemas: BTreeMap<String, Value>,
    messages: Map<String, Value>,
    operations: Map<String, Value>,
    from_client: Vec<Value>,
    from_service: Vec<Value>,
    events: Vec<Value>,
}

impl Parts {
    fn op(&mut self, op: Op) {
        let (fields, answer) = match op {
            Op::Hello => (self.schema::<Hello>(), self.schema::<Welcome>()),
            Op::MessageSend => (self.schema::<SendMessage>(), self.schema::<Sent>()),
            Op::MessageEdit => (self.schema::<MessageEdit>(), self.schema::<Changed>()),
            Op::MessageDelete => (self.schema::<MessageDelete>(), self.schema::<Changed>()),
            Op::ConversationRead => (self.schema::<MoveCursor>(), self.schema::<ReadState>()),
            Op::ConversationDelivered => (self.schema::<MoveCursor>(), self.schema::<Nothing>()),
            Op::RoomJoin => (self.schema::<Room>(), self.schema::<Joined>()),
            Op::RoomLeave => (self.schema::<Room>(), self.schema::<Nothing>()),
            Op::Typing => (self.schema::<SetTyping>(), self.schema::<Nothing>()),
            Op::TokenRefresh => (self.schema::<TokenRefresh>(), self.schema::<Refreshed>()),
            Op::Ping => (self.schema::<Nothing>(), self.schema::<Pong>()),
        };
        let name = op.as_str();
        let id = self.schema::<FrameId>();
        let request = json!({
            "allOf": [
                fields,
                {
                    "type": "object",
                    "required": ["op"],
                    "properties": { "op": { "const": name }, "id": id },
                },
            ],
        });
        let summary = match op {
            Op::Hello => {
                "Opens the session. The first frame, within 5 s; a token never travels in a URL."
            }
            Op::MessageSend => "Sends a message. Again with the same `clientId`: the same answer.",
            Op::MessageEdit => "Changes one's own text within 15 minutes.",
            Op::MessageDelete => "Deletes one's own message, at any time.",
            Op::ConversationRead => "Moves the read cursor; read implies delivered.",
            Op::ConversationDelivered => {
                "Moves the delivered cursor. Without `id` it gets no answer."
            }
            Op::RoomJoin => "Joins a conversation's room: typing and presence of the counterpart.",
            Op::RoomLeave => "Leaves it.",
            Op::Typing => "Says that the user writes, or stopped. Without `id` it gets no answer.",
            Op::TokenRefresh => "Goes on with another token of the same user.",
            Op::Ping => "Asks whether the service is there.",
        };
        // An event may have the same name: `typing` is both.
        let key = format!("{name}.op");
        self.message(&key, name, summary, &request);
        self.from_client.push(payload(&key));
        let reply = format!("{name}.ok");
        let ok = self.reply("ok", &answer);
        self.message(&reply, &reply, "The answer, when all went well.", &ok);
        self.from_service.push(payload(&reply));
        let operation = json!({
            "action": "receive",
            "summary": summary,
            "channel": channel(),
            "messages": [on_channel(&key)],
            "reply": { "channel": channel(), "messages": [on_channel(&reply), on_channel("error")] },
        });
        self.operations.insert(name.to_owned(), operation);
    }

    fn failure(&mut self) {
        let problem = self.schema::<Problem>();
        let error = self.reply("error", &problem);
        self.message(
            "error",
            "error",
            "The answer to an op that was refused, or failed.",
            &error,
        );
        self.from_service.push(payload("error"));
    }

    fn events(&mut self) {
        let durable = [
            (
                "message.created",
                self.schema::<MessageEvent>(),
                "A message was appended.",
            ),
            (
                "message.updated",
                self.schema::<MessageEvent>(),
                "A message was edited or deleted.",
            ),
            (
                "conversation.created",
                self.schema::<ConversationEvent>(),
                "A conversation was started.",
            ),
            (
                "conversation.updated",
                self.schema::<ConversationEvent>(),
                "One's own settings, a block or the conversation's end.",
            ),
            (
                "cursor.moved",
                self.schema::<CursorMoved>(),
                "A cursor of either person moved.",
            ),
        ];
        for (name, data, summary) in durable {
            let position = json!({
                "type": "integer", "format": "int64", "minimum": 1,
                "description": "Its place in the receiver's stream: 1, 2, 3 … without a gap.",
            });
            let unread = self.schema::<UnreadState>();
            self.event(
                name,
                summary,
                &data,
                &[("position", position), ("unread", unread)],
            );
        }
        let ephemeral = [
            (
                "typing",
                self.schema::<Typing>(),
                "The counterpart in a joined room writes, or stopped.",
            ),
            (
                "presence",
                self.schema::<Presence>(),
                "The counterpart in a joined room came or went.",
            ),
            (
                "heartbeat",
                self.schema::<Place>(),
                "Nothing else was said for 25 s.",
            ),
            (
                "live",
                self.schema::<Place>(),
                "Everything up to this position was sent.",
            ),
            (
                "token.expiring",
                self.schema::<TokenExpiring>(),
                "The token expires soon: send `token.refresh`.",
            ),
            (
                "bye",
                self.schema::<Bye>(),
                "The service is about to close this session.",
            ),
        ];
        for (name, data, summary) in ephemeral {
            self.event(name, summary, &data, &[]);
        }
        let operation = json!({
            "action": "send",
            "summary": "Tells what happens. Clients pass over events and fields that they do not know.",
            "channel": channel(),
            "messages": self.events,
        });
        self.operations.insert("events".to_owned(), operation);
    }

    /// An event with its data, and with what else stands beside the data.
    fn event(&mut self, name: &str, summary: &str, data: &Value, beside: &[(&str, Value)]) {
        let mut properties = Map::new();
        properties.insert("event".to_owned(), json!({ "const": name }));
        properties.insert("data".to_owned(), data.clone());
        for (field, schema) in beside {
            properties.insert((*field).to_owned(), schema.clone());
        }
        let required: Vec<_> = properties.keys().cloned().collect();
        let frame = json!({ "type": "object", "required": required, "properties": properties });
        self.message(name, name, summary, &frame);
        self.from_service.push(payload(name));
        self.events.push(on_channel(name));
    }

    fn reply(&mut self, outcome: &str, answer: &Value) -> Value {
        let id = self.schema::<FrameId>();
        let mut properties = Map::new();
        properties.insert(
            "reply".to_owned(),
            json!({ "oneOf": [id, { "type": "null" }] }),
        );
        properties.insert(outcome.to_owned(), answer.clone());
        json!({ "type": "object", "required": ["reply", outcome], "properties": properties })
    }

    fn message(&mut self, key: &str, name: &str, summary: &str, payload: &Value) {
        let message = json!({ "name": name, "summary": summary, "payload": payload });
        self.messages.insert(key.to_owned(), message);
    }

    /// A reference to a type's schema, which is put among the components with all that it needs.
    fn schema<T: ToSchema>(&mut self) -> Value {
        let mut found: Vec<(String, RefOr<Schema>)> = Vec::new();
        T::schemas(&mut found);
        let name = T::name().into_owned();
        let reference = json!({ "$ref": format!("#/components/schemas/{name}") });
        found.push((name, <T as PartialSchema>::schema()));
        for (name, schema) in found {
            self.schemas.insert(name, json!(schema));
        }
        reference
    }

    fn document(mut self) -> Value {
        let one_of = |payloads: &[Value], description: &str| json!({ "description": description, "anyOf": payloads });
        let from_client = one_of(&self.from_client, "Any frame of a client.");
        let from_service = one_of(&self.from_service, "Any frame of the service.");
        self.schemas.insert("ClientFrame".to_owned(), from_client);
        self.schemas.insert("ServerFrame".to_owned(), from_service);
        let on_channel: Map<_, _> = self
            .messages
            .keys()
            .map(|name| {
                (
                    name.clone(),
                    json!({ "$ref": format!("#/components/messages/{name}") }),
                )
            })
            .collect();
        json!({
            "asyncapi": "3.0.0",
            "info": {
                "title": "Messaging",
                "version": env!("CARGO_PKG_VERSION"),
                "description": "Messages between buyers and sellers, live. UTF-8 JSON text, one object a frame. The same objects and rules as over HTTP: see openapi.json.",
                "license": { "name": "MIT OR Apache-2.0" },
            },
            "defaultContentType": "application/json",
            "channels": {
                CHANNEL: {
                    "address": "/api/messages/ws",
                    "title": "The WebSocket",
                    "description": format!("Subprotocol `{SUBPROTOCOL}`."),
                    "messages": on_channel,
                    "bindings": { "ws": { "method": "GET", "bindingVersion": "0.1.0" } },
                },
            },
            "operations": self.operations,
            "components": { "messages": self.messages, "schemas": self.schemas },
        })
    }
}

fn channel() -> Value {
    json!({ "$ref": format!("#/channels/{CHANNEL}") })
}

fn on_channel(message: &str) -> Value {
    json!({ "$ref": format!("#/channels/{CHANNEL}/messages/{message}") })
}

fn payload(message: &str) -> Value {
    json!({ "$ref": format!("#/components/messages/{message}/payload") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::frame::event::{DurableEvent, EphemeralEvent};

    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                for (name, value) in fields {
                    match value {
                        Value::String(target) if name == "$ref" => found.push(target.clone()),
                        _ => references(value, found),
                    }
                }
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = document();
        let mut found = Vec::new();
        references(&document, &mut found);
        assert!(found.len() > 50);
        for target in found {
            assert!(document.pointer(&target[1..]).is_some(), "{target}");
        }
    }

    #[test]
    fn every_event_is_described() {
        let document = document();
        for events in [
            json!(DurableEvent::schema()),
            json!(EphemeralEvent::schema()),
        ] {
            for event in events["oneOf"].as_array().unwrap() {
                let name = event["properties"]["event"]["enum"][0].as_str().unwrap();
                assert!(
                    document["components"]["messages"].get(name).is_some(),
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn a_name_has_the_same_shape_in_both_contracts() {
        let (here, there) = (document(), json!(crate::openapi::document()));
        let there = &there["components"]["schemas"];
        let shared = here["components"]["schemas"].as_object().unwrap();
        let shared = shared.iter().filter(|(name, _)| there.get(name).is_some());
        assert!(shared.clone().count() > 10);
        for (name, schema) in shared {
            assert_eq!(*schema, there[name], "{name}");
        }
    }

    #[test]
    fn no_frame_takes_the_place_of_another_of_the_same_name() {
        let document = document();
        let fields_of = |key: &str| {
            let payload = &document["components"]["messages"][key]["payload"];
            payload.to_string()
        };
        assert!(fields_of("typing.op").contains("SetTyping"));
        assert!(fields_of("typing").contains("\"event\""));
        for op in Op::ALL {
            let constant = format!("{{\"const\":\"{}\"}}", op.as_str());
            assert!(fields_of(&format!("{}.op", op.as_str())).contains(&constant));
        }
    }

    #[test]
    fn the_document_is_the_same_each_time() {
        assert_eq!(document().to_string(), document().to_string());
    }

    #[test]
    fn a_frame_is_told_from_one_that_is_not_in_the_contract() {
        let mut schema = document();
        schema["$ref"] = json!("#/components/schemas/ServerFrame");
        let validator = jsonschema::validator_for(&schema).unwrap();
        for good in [
            json!({ "reply": 7, "ok": {} }),
            json!({ "reply": null, "ok": { "now": "2026-11-24T02:07:08.123456Z" } }),
            json!({ "event": "heartbeat", "data": { "position": 3 } }),
            json!({ "event": "bye", "data": { "code": 1012, "reconnect": true, "reason": "restart" } }),
        ] {
            assert!(validator.is_valid(&good), "{good}");
        }
        for bad in [
            json!({}),
            json!({ "reply": 1.5, "ok": {} }),
            json!({ "event": "heartbeat", "data": {} }),
            json!({ "event": "cursor.moved", "data": { "position": 3 } }),
        ] {
            assert!(!validator.is_valid(&bad), "{bad}");
        }
    }
}
