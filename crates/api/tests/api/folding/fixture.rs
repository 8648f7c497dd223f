//! What one person saw: two snapshots, and what was told between them. A file of the web's tests.

use std::{fmt::Write as _, fs, path::PathBuf};

use serde_json::{Value, json};

use crate::{contract, ws::socket};

/// How to make the files anew.
const REMEDY: &str = "WRITE_FIXTURES=1 cargo test -p messaging-api --test api an_old_snapshot";

/// A scenario as one person saw it.
pub(super) struct Fixture {
    pub(super) name: String,
    /// Who saw it.
    pub(super) me: String,
    /// `{inbox, archive, threads: {id: …}}`, each as the service answered.
    pub(super) before: Value,
    /// As `/sync` told it afterwards, with the objects as they are then.
    pub(super) events: Vec<Value>,
    /// The same as an open session heard it.
    pub(super) live: Vec<Value>,
    /// Of the shape of `before`.
    pub(super) after: Value,
}

/// Whether whoever runs the test wants the files.
pub(super) fn shall_be_written() -> bool {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test has no settings of its own"
    )]
    std::env::var("WRITE_FIXTURES").is_ok_and(|value| value == "1")
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../web/fixtures/folding")
        .join(format!("{name}.json"))
}

impl Fixture {
    /// Writes the file: a line for each answer and each event, so that a difference can be read.
    pub(super) fn write(&self) {
        let mut text = format!(
            "{{\n\"name\": {},\n\"me\": {},\n",
            json!(self.name),
            json!(self.me)
        );
        let snapshot = |name: &str, snapshot: &Value| {
            let threads: Vec<_> = snapshot["threads"]
                .as_object()
                .unwrap()
                .iter()
                .map(|(id, thread)| format!("{}: {thread}", json!(id)))
                .collect();
            format!(
                "\"{name}\": {{\n\"inbox\": {},\n\"archive\": {},\n\"threads\": {{\n{}\n}}\n}}",
                snapshot["inbox"],
                snapshot["archive"],
                threads.join(",\n")
            )
        };
        let frames = |name: &str, frames: &[Value]| {
            let lines: Vec<_> = frames.iter().map(Value::to_string).collect();
            format!("\"{name}\": [\n{}\n]", lines.join(",\n"))
        };
        let parts = [
            snapshot("before", &self.before),
            frames("events", &self.events),
            frames("live", &self.live),
            snapshot("after", &self.after),
        ];
        writeln!(text, "{}\n}}", parts.join(",\n")).unwrap();
        let path = path(&self.name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Reads the file.
    pub(super) fn read(name: &str) -> Self {
        let path = path(name);
        let text = fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}\nremedy: {REMEDY}\n", path.display()));
        let mut file: Value = serde_json::from_str(&text).unwrap();
        let frames = |value: &Value| value.as_array().unwrap().clone();
        assert_eq!(file["name"], name);
        Self {
            name: name.to_owned(),
            me: file["me"].as_str().unwrap().to_owned(),
            events: frames(&file["events"]),
            live: frames(&file["live"]),
            before: file["before"].take(),
            after: file["after"].take(),
        }
    }

    /// Holds all that the service said against the contract of today.
    pub(super) fn check(&self) {
        for snapshot in [&self.before, &self.after] {
            for list in ["inbox", "archive"] {
                contract::check("GET", "/api/messages/conversations", 200, &snapshot[list]);
            }
            for (id, thread) in snapshot["threads"].as_object().unwrap() {
                let path = format!("/api/messages/conversations/{id}");
                contract::check("GET", &path, 200, thread);
            }
        }
        for frame in self.events.iter().chain(&self.live) {
            socket::check(frame);
        }
    }
}
