//! When positions start afresh, and when a session cannot be begun or brought up to date.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::socket::Socket;
use crate::app::{Person, TestApp, message, token};

/// A service whose database is in this folder.
async fn on(folder: &Path) -> TestApp {
    TestApp::start_with(|words| words.data_dir = Some(folder.to_str().unwrap().into())).await
}

fn file(folder: &Path) -> PathBuf {
    folder.join("messaging.sqlite3")
}

fn url(folder: &Path) -> String {
    format!("sqlite://{}", file(folder).display())
}

#[actix_web::test]
async fn a_new_epoch_ends_running_sessions_with_their_next_heartbeat() {
    let folder = tempfile::tempdir().unwrap();
    let app = TestApp::start_tuned(|words, timing| {
        words.data_dir = Some(folder.path().to_str().unwrap().into());
        timing.heartbeat_after = Duration::from_millis(100);
    })
    .await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let conversation = app.conversation(&ann, &bob).await;
    let (mut socket, welcome) = Socket::with_welcome(&app, &ann).await;
    // One that is never quiet hears no heartbeat, and is looked after all the same.
    let mut busy = Socket::of(&app, &bob).await;
    let said = TestApp::command(&url(folder.path()), &["new-epoch", "--restored"]).await;
    assert!(
        said.starts_with(welcome["epoch"].as_str().unwrap()),
        "{said}"
    );
    let closed = socket.closed().await;
    assert_eq!(closed.code, 4_204);
    assert_eq!(closed.bye.unwrap()["reconnect"], true);
    let code: u16 = loop {
        // It may be closed meanwhile; then the close frame is there to be read.
        let _ = busy.try_say(&json!({ "op": "ping", "id": 1 })).await;
        match busy.message().await {
            Some(Message::Close(frame)) => break frame.unwrap().code.into(),
            Some(_) => {}
            None => panic!("ended without a word"),
        }
    };
    assert_eq!(code, 4_204);
    // Where it stood is of no use any more, by either door.
    let since = json!({ "epoch": welcome["epoch"], "position": welcome["position"] });
    let (_socket, again, _) = Socket::resume(&app, &ann, &since).await;
    assert_eq!(
        (&again["resumed"], &again["reason"]),
        (&json!(false), &json!("epoch"))
    );
    assert_ne!(again["epoch"], welcome["epoch"]);
    let sync = format!(
        "/api/messages/sync?since=1&epoch={}",
        welcome["epoch"].as_str().unwrap()
    );
    app.get(&ann, &sync).await.refused(410, "resync", &[]);
    app.send(&bob, &conversation, "still here").await;
}

#[actix_web::test]
async fn a_new_epoch_wants_a_word_of_confirmation() {
    let command = tokio::process::Command::new(env!("CARGO_BIN_EXE_messaging"))
        .arg("new-epoch")
        .output();
    let refused = command.await.unwrap();
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--restored"));
}

/// What a person's clients have ever been told, by epoch and position.
#[derive(Default)]
struct Told(HashMap<(String, i64), Value>);

impl Told {
    /// Takes all that there is of a person's stream; fails when a position tells two things.
    async fn listen(&mut self, app: &TestApp, person: &Person) -> Value {
        let inbox = app
            .get(person, "/api/messages/conversations")
            .await
            .expect(200);
        let epoch = inbox["epoch"].as_str().unwrap();
        let sync = format!("/api/messages/sync?since=0&epoch={epoch}");
        let missed = app.get(person, &sync).await.expect(200);
        for event in missed["events"].as_array().unwrap() {
            let place = (epoch.to_owned(), event["position"].as_i64().unwrap());
            let client_id = event["data"]["message"]["clientId"].clone();
            let known = self.0.entry(place).or_insert_with(|| client_id.clone());
            assert_eq!(*known, client_id, "a position was used again");
        }
        json!({ "epoch": epoch, "position": missed["position"] })
    }
}

#[actix_web::test]
async fn after_a_restore_no_position_is_used_again_and_every_client_starts_afresh() {
    let folder = tempfile::tempdir().unwrap();
    let (data, copy) = (folder.path().join("data"), folder.path().join("copy"));
    let app = on(&data).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let conversation = app.conversation(&ann, &bob).await;
    app.send(&bob, &conversation, "kept").await;
    let mut told = Told::default();
    // Taken while the service runs, with a session open.
    let mut socket = Socket::of(&app, &ann).await;
    TestApp::command(&url(&data), &["backup", copy.to_str().unwrap()]).await;
    let lost = message(&conversation, "lost");
    app.post(&bob, "/api/messages/send", &lost)
        .await
        .expect(201);
    assert_eq!(
        socket.event("message.created").await["message"]["content"]["text"],
        "lost"
    );
    let before = told.listen(&app, &ann).await;
    app.stop().await;

    // As the manual says: stop, put the copy in place, draw an epoch, start.
    for end in ["", "-wal", "-shm"] {
        let gone = file(&data).with_file_name(format!("messaging.sqlite3{end}"));
        if gone.exists() {
            std::fs::remove_file(gone).unwrap();
        }
    }
    std::fs::copy(&copy, file(&data)).unwrap();
    TestApp::command(&url(&data), &["new-epoch", "--restored"]).await;
    let app = on(&data).await;
    let (_socket, welcome, _) = Socket::resume(&app, &ann, &before).await;
    assert_eq!(
        (&welcome["resumed"], &welcome["reason"]),
        (&json!(false), &json!("epoch"))
    );
    assert!(welcome["position"].as_i64() < before["position"].as_i64());
    // The numbers go on where the copy stood, in another epoch.
    app.send(&bob, &conversation, "new").await;
    let after = told.listen(&app, &ann).await;
    assert_eq!(after["position"], before["position"]);
    assert_ne!(after["epoch"], before["epoch"]);
    let page = format!("/api/messages/conversations/{conversation}");
    let page = app.get(&ann, &page).await.expect(200);
    let texts: Vec<_> = page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["content"]["text"].as_str().unwrap())
        .collect();
    assert_eq!(texts, ["kept", "new"]);
    // Whoever sends once more what was lost sends it anew.
    app.post(&bob, "/api/messages/send", &lost)
        .await
        .expect(201);
}

#[actix_web::test]
async fn a_session_whose_missed_events_cannot_be_read_ends_and_may_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let app = on(folder.path()).await;
    let (ann, bob) = (app.person("ann").await, app.person("bob").await);
    let conversation = app.conversation(&ann, &bob).await;
    for number in 0..230 {
        app.send(&bob, &conversation, &number.to_string()).await;
    }
    let (_other, welcome) = Socket::with_welcome(&app, &ann).await;
    // Nothing that the service does makes a hole. This one is behind the first page of the replay, when
    // the client was told already that it resumes.
    rusqlite::Connection::open(file(folder.path()))
        .unwrap()
        .execute(
            "DELETE FROM event_runs WHERE user_id = ?1 AND last_position = 224",
            [&ann.id],
        )
        .unwrap();
    let mut socket = Socket::open(&app).await;
    let since = json!({ "epoch": welcome["epoch"], "position": 1 });
    let welcome = socket.hello(&ann.token, &since).await;
    assert_eq!(welcome["resumed"], true);
    for position in 2..=208 {
        assert_eq!(socket.next().await["position"], position);
    }
    let closed = socket.closed().await;
    assert_eq!(closed.code, 4_203);
    assert_eq!(closed.bye.unwrap()["reconnect"], true);
}

#[actix_web::test]
async fn a_session_that_a_stuck_store_keeps_waiting_is_sent_away_to_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let app = TestApp::start_tuned(|words, timing| {
        words.data_dir = Some(folder.path().to_str().unwrap().into());
        timing.read_within = Duration::from_millis(300);
    })
    .await;
    let hello = json!({ "token": token("ann", "Ann"), "id": 1 });
    let rival = rusqlite::Connection::open(file(folder.path())).unwrap();
    rival.execute_batch("BEGIN IMMEDIATE").unwrap();
    // Somebody who was never here has to be written down first.
    let mut socket = Socket::open(&app).await;
    socket.tell("hello", hello.clone()).await;
    let closed = socket.closed().await;
    assert_eq!(closed.code, 4_101);
    assert_eq!(closed.bye.unwrap()["reconnect"], true);
    rival.execute_batch("ROLLBACK").unwrap();
    let mut socket = Socket::open(&app).await;
    socket.ok("hello", hello).await;
}

#[actix_web::test]
async fn a_session_that_the_store_fails_is_sent_away_to_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let app = on(folder.path()).await;
    let hello = json!({ "token": token("ann", "Ann"), "id": 1 });
    let file = rusqlite::Connection::open(file(folder.path())).unwrap();
    file.execute_batch(
        "CREATE TRIGGER broken BEFORE INSERT ON users BEGIN SELECT RAISE(ABORT, 'broken'); END",
    )
    .unwrap();
    let mut socket = Socket::open(&app).await;
    let problem = socket.refusal("hello", hello.clone()).await;
    assert_eq!(problem["code"], "overloaded");
    let closed = socket.closed().await;
    assert_eq!(closed.code, 4_101);
    assert_eq!(closed.bye.unwrap()["reconnect"], true);
    file.execute_batch("DROP TRIGGER broken").unwrap();
    let mut socket = Socket::open(&app).await;
    socket.ok("hello", hello).await;
}
