//! The binary, as an operator runs it: when its machine has no more to give, and when it is watched.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod cores;
mod descriptors;
mod log;
mod memory;
#[path = "../binary/node.rs"]
mod node;
mod overload;
mod passwords;
mod traces;

use std::process::Command;

use node::{Node, person};
use serde_json::{Value, json};
use uuid::Uuid;

impl Node {
    /// Starts it with so many file descriptors and these settings.
    fn start(descriptors: usize, settings: &[(&str, &str)]) -> Self {
        let mut shell = Command::new("/bin/sh");
        let line = format!("ulimit -n {descriptors}; exec {}", Self::BINARY);
        let settings: Vec<_> = [("MESSAGING_LOG", "error")]
            .iter()
            .chain(settings)
            .copied()
            .collect();
        Self::run(shell.args(["-c", &line]), &settings)
    }

    /// A conversation between two people, and the token of the first.
    async fn conversation(&self) -> (String, String) {
        let [ann, bob] = [person(), person()];
        let (status, me) = self.ask(&bob.1, "GET", "/api/auth/me", None).await;
        assert_eq!(status, 200, "{me}");
        let with = json!({ "sellerId": bob.0, "productId": "bike" });
        let path = "/api/messages/conversations";
        let (status, started) = self.ask(&ann.1, "POST", path, Some(&with)).await;
        assert_eq!(status, 201, "{started}");
        let id = started["conversation"]["id"].as_str().unwrap();
        (id.to_owned(), ann.1)
    }
}

/// The request for a text message.
fn message(conversation: &str, text: &str) -> Value {
    json!({
        "conversationId": conversation,
        "clientId": Uuid::new_v4().to_string(),
        "content": { "kind": "text", "text": text },
    })
}
