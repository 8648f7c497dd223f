//! What a client does, and how the contract carries it: as a request, or as a frame.

use messaging_history::Call;
use reqwest::Method;
use serde_json::{Map, Value, json};

/// Something to be done: what is recorded, and what is really asked.
#[derive(Debug, Clone)]
pub(crate) struct Act {
    /// As the history names it.
    pub(crate) recorded: Call,
    /// What goes over the wire; another than `recorded` for probes.
    pub(crate) asked: Call,
    /// Where a list goes on.
    pub(crate) cursor: Option<String>,
    /// Another token than one's own.
    pub(crate) token: Option<String>,
}

impl Act {
    /// An honest one.
    pub(crate) fn of(call: Call) -> Self {
        Self {
            recorded: call.clone(),
            asked: call,
            cursor: None,
            token: None,
        }
    }

    /// One that has to be refused.
    pub(crate) fn probe(call: Call, verb: &str, conversation: Option<&str>, expect: &str) -> Self {
        Self {
            recorded: Call::Probe {
                verb: verb.to_owned(),
                conversation: conversation.map(str::to_owned),
                expect: Some(expect.to_owned()),
            },
            asked: call,
            cursor: None,
            token: None,
        }
    }
}

/// A request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) body: Option<Value>,
}

fn content(text: &str) -> Value {
    json!({"kind": "text", "text": text})
}

fn object(fields: &[(&str, Option<Value>)]) -> Value {
    let mut object = Map::new();
    for (name, value) in fields {
        if let Some(value) = value {
            object.insert((*name).to_owned(), value.clone());
        }
    }
    Value::Object(object)
}

fn query(path: &str, fields: &[(&str, Option<String>)]) -> String {
    let given: Vec<String> = fields
        .iter()
        .filter_map(|(name, value)| Some(format!("{name}={}", encoded(value.as_ref()?))))
        .collect();
    if given.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{}", given.join("&"))
    }
}

/// Percent-encoded (RFC 3986 §2.1), all but the unreserved.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

const CONVERSATIONS: &str = "/api/messages/conversations";

/// How it is asked over HTTP, if it can be.
#[expect(clippy::too_many_lines, reason = "one arm a call: a table")]
pub(crate) fn request(call: &Call, cursor: Option<&str>) -> Option<Request> {
    let of =
        |method: Method, path: String, body: Option<Value>| Some(Request { method, path, body });
    let number = |value: &Option<u64>| value.map(|value| value.to_string());
    match call {
        Call::Send {
            conversation,
            client_id,
            text,
        } => of(
            Method::POST,
            "/api/messages/send".to_owned(),
            Some(
                json!({"conversationId": conversation, "clientId": client_id, "content": content(text)}),
            ),
        ),
        Call::Start {
            product,
            seller,
            client_id,
            text,
        } => of(
            Method::POST,
            CONVERSATIONS.to_owned(),
            Some(object(&[
                ("productId", product.as_ref().map(|id| json!(id))),
                ("sellerId", Some(json!(seller))),
                ("clientId", client_id.as_ref().map(|id| json!(id))),
                ("content", text.as_ref().map(|text| content(text))),
            ])),
        ),
        Call::Edit {
            conversation,
            seq,
            revision,
            text,
        } => of(
            Method::PATCH,
            format!("{CONVERSATIONS}/{conversation}/messages/{seq}"),
            Some(json!({"revision": revision, "content": content(text)})),
        ),
        Call::Delete { conversation, seq } => of(
            Method::DELETE,
            format!("{CONVERSATIONS}/{conversation}/messages/{seq}"),
            None,
        ),
        Call::Read { conversation, seq } => of(
            Method::POST,
            format!("{CONVERSATIONS}/{conversation}/read"),
            Some(json!({"seq": seq})),
        ),
        Call::Configure {
            conversation,
            archived,
            muted,
            blocked,
        } => of(
            Method::PATCH,
            format!("{CONVERSATIONS}/{conversation}"),
            Some(object(&[
                ("archived", archived.map(|on| json!(on))),
                ("muted", muted.map(|on| json!(on))),
                ("blocked", blocked.map(|on| json!(on))),
            ])),
        ),
        Call::Page {
            conversation,
            before_seq,
            after_seq,
            around_seq,
            limit,
        } => of(
            Method::GET,
            query(
                &format!("{CONVERSATIONS}/{conversation}"),
                &[
                    ("beforeSeq", number(before_seq)),
                    ("afterSeq", number(after_seq)),
                    ("aroundSeq", number(around_seq)),
                    ("limit", number(limit)),
                ],
            ),
            None,
        ),
        Call::Inbox {
            archived, q, limit, ..
        } => of(
            Method::GET,
            query(
                CONVERSATIONS,
                &[
                    ("archived", archived.then(|| "true".to_owned())),
                    ("q", q.clone()),
                    ("limit", number(limit)),
                    ("cursor", cursor.map(str::to_owned)),
                ],
            ),
            None,
        ),
        Call::Unread => of(Method::GET, "/api/messages/unread".to_owned(), None),
        Call::Sync {
            since,
            epoch,
            limit,
        } => of(
            Method::GET,
            query(
                "/api/messages/sync",
                &[
                    ("since", Some(since.to_string())),
                    ("epoch", Some(epoch.clone())),
                    ("limit", number(limit)),
                ],
            ),
            None,
        ),
        Call::Search { q, conversation } => of(
            Method::GET,
            query(
                "/api/messages/search",
                &[
                    ("q", Some(q.clone())),
                    ("conversationId", conversation.clone()),
                ],
            ),
            None,
        ),
        _ => None,
    }
}

/// How it is asked on a socket, if it can be; without its `id`.
pub(crate) fn frame(call: &Call) -> Option<Value> {
    let value = match call {
        Call::Send {
            conversation,
            client_id,
            text,
        } => {
            json!({"op": "message.send", "conversationId": conversation, "clientId": client_id, "content": content(text)})
        }
        Call::Edit {
            conversation,
            seq,
            revision,
            text,
        } => {
            json!({"op": "message.edit", "conversationId": conversation, "seq": seq, "revision": revision, "content": content(text)})
        }
        Call::Delete { conversation, seq } => {
            json!({"op": "message.delete", "conversationId": conversation, "seq": seq})
        }
        Call::Read { conversation, seq } => {
            json!({"op": "conversation.read", "conversationId": conversation, "seq": seq})
        }
        Call::Delivered { conversation, seq } => {
            json!({"op": "conversation.delivered", "conversationId": conversation, "seq": seq})
        }
        Call::Join { conversation } => json!({"op": "room.join", "conversationId": conversation}),
        Call::Leave { conversation } => json!({"op": "room.leave", "conversationId": conversation}),
        Call::Typing {
            conversation,
            active,
        } => json!({"op": "typing", "conversationId": conversation, "active": active}),
        Call::Ping => json!({"op": "ping"}),
        _ => return None,
    };
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_becomes_the_request_of_the_contract() {
        let page = Call::Page {
            conversation: "c".to_owned(),
            before_seq: Some(5),
            after_seq: None,
            around_seq: None,
            limit: Some(2),
        };
        let asked = request(&page, None).unwrap();
        assert_eq!(
            asked.path,
            "/api/messages/conversations/c?beforeSeq=5&limit=2"
        );
        let search = Call::Search {
            q: "a b&c".to_owned(),
            conversation: None,
        };
        let asked = request(&search, None).unwrap();
        assert_eq!(asked.path, "/api/messages/search?q=a%20b%26c");
        assert!(request(&Call::Ping, None).is_none());
    }

    #[test]
    fn what_is_left_out_is_left_out_of_the_body() {
        let start = Call::Start {
            product: None,
            seller: "s".to_owned(),
            client_id: None,
            text: None,
        };
        let asked = request(&start, None).unwrap();
        assert_eq!(asked.body, Some(json!({"sellerId": "s"})));
    }
}
