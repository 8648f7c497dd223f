//! All that can be seen of the service's state, to be compared with what it is later.

use std::collections::BTreeMap;

use serde_json::Value;

use super::cast::Cast;
use crate::app::{Person, TestApp};

/// Each answer that a witness got, by who asked and what for.
pub(super) struct Record(BTreeMap<(String, String), String>);

impl Record {
    /// Looks at everything with the eyes of each witness.
    pub(super) async fn take(app: &TestApp, cast: &Cast) -> Self {
        let seen = cast.witnesses.iter().map(|person| look(app, person));
        let seen = futures_util::future::join_all(seen).await;
        Self(seen.into_iter().flatten().collect())
    }

    /// Fails at the first difference.
    #[track_caller]
    pub(super) fn assert_same(&self, later: &Self, after: &str) {
        assert!(self.0.keys().eq(later.0.keys()), "after {after}");
        for (what, before) in &self.0 {
            assert_eq!(before, &later.0[what], "{what:?} has changed after {after}");
        }
    }
}

async fn look(app: &TestApp, person: &Person) -> Vec<((String, String), String)> {
    let inbox = get(app, person, "/api/messages/conversations?limit=100").await;
    let listed: Value = serde_json::from_str(&inbox).unwrap();
    let epoch = listed["epoch"].as_str().unwrap();
    let mut paths = vec![
        "/api/auth/me".to_owned(),
        "/api/messages/conversations?limit=100&archived=true".to_owned(),
        "/api/messages/unread".to_owned(),
        format!("/api/messages/sync?since=0&limit=1000&epoch={epoch}"),
    ];
    paths.extend(listed["items"].as_array().unwrap().iter().map(|one| {
        let id = one["id"].as_str().unwrap();
        format!("/api/messages/conversations/{id}?limit=200")
    }));
    let mut seen = vec![((person.id.clone(), "the inbox".to_owned()), inbox)];
    for path in paths {
        let text = get(app, person, &path).await;
        seen.push(((person.id.clone(), path), text));
    }
    seen
}

/// Not held against the contract: it is compared to the byte, and other tests see its shape.
async fn get(app: &TestApp, person: &Person, path: &str) -> String {
    let request = app.request("GET", path).bearer_auth(&person.token);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200, "{path}");
    answer.text().await.unwrap()
}
