//! Who may do what: every method of every address and every op, asked for by everybody, about what is
//! theirs, another's, nowhere and nonsense. The rows are those of `messaging routes`, so an address or
//! an op that is new fails here until `calls` says who may ask for it.

mod calls;
mod cast;
mod record;

use futures_util::future::join_all;
use messaging_api::{config::Words, http::Row, startup, wire::frame::client::Op};
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

use self::{
    calls::{Access, Call, Question, Target},
    cast::{Cast, Role, Standing},
    record::Record,
};
use crate::{
    app::{Answer, TestApp, uuid},
    ws::socket::Socket,
};

/// What is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Object {
    /// One's own conversation, and one's own message in it.
    Own,
    /// The counterpart's message in one's own conversation.
    Theirs,
    /// One's own conversation, at a place where no message is.
    Beyond,
    Foreign,
    Absent,
    Malformed,
}

impl Object {
    const ALL: [Self; 6] = [
        Self::Own,
        Self::Theirs,
        Self::Beyond,
        Self::Foreign,
        Self::Absent,
        Self::Malformed,
    ];

    fn of(target: Target) -> Vec<Self> {
        let about_a_message = |object: &Self| !matches!(object, Self::Theirs | Self::Beyond);
        match target {
            Target::Nothing => vec![Self::Own],
            Target::Conversation => Self::ALL.into_iter().filter(about_a_message).collect(),
            Target::Message => Self::ALL.to_vec(),
        }
    }
}

/// The status and the code that the rules give.
fn expected(call: &Call, role: &Role, object: Object) -> (u16, Option<&'static str>) {
    match (call.access, role.standing) {
        (Access::Anyone, _) | (Access::BackEnd, Standing::BackEnd) => (call.done, call.code),
        (Access::BackEnd, _) | (Access::Person, Standing::Nobody | Standing::BackEnd) => {
            (401, Some("unauthenticated"))
        }
        (Access::Person, Standing::Person | Standing::Barred) => match object {
            Object::Own if call.words && role.standing == Standing::Barred => {
                (403, Some("blocked"))
            }
            Object::Own => (call.done, call.code),
            Object::Theirs => (403, Some("forbidden")),
            _ => (404, Some("not_found")),
        },
    }
}

fn table() -> Vec<Row> {
    let words = Words {
        demo: Some("off".into()),
        ..Words::default()
    };
    startup::routes(&words.check().unwrap()).0
}

/// What can be told from an answer, apart from its moment and its id.
fn seen(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let mut headers: Vec<_> = answer
        .headers
        .iter()
        .filter(|(name, _)| !["date", "x-request-id"].contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    headers.sort();
    (answer.status, headers, answer.text.clone())
}

#[actix_web::test]
async fn every_address_lets_in_those_who_may_and_changes_nothing_for_others() {
    for app in TestApp::on_each_database().await {
        let cast = Cast::meet(&app).await;
        let before = Record::take(&app, &cast).await;
        let mut cells = 0;
        for row in table() {
            for call in calls::of_address(&row) {
                cells += refusals_of(&app, &cast, &row, &call).await;
            }
            let after = Record::take(&app, &cast).await;
            before.assert_same(&after, &format!("{row:?}"));
        }
        for row in table() {
            for call in calls::of_address(&row) {
                cells += successes_of(&app, &cast, &row, &call).await;
            }
        }
        assert!(cells > 900, "{cells} cells are far too few");
    }
}

/// All who have to be refused.
async fn refusals_of(app: &TestApp, cast: &Cast, row: &Row, call: &Call) -> usize {
    let (mut cells, mut not_there) = (0, None);
    for role in &cast.roles {
        for object in Object::of(call.target) {
            let (status, code) = expected(call, role, object);
            if status < 400 {
                continue;
            }
            let question = cast.question(role, object, call);
            let answer = app.answer(call.request(app, row, role, &question)).await;
            let what = format!("{row:?} by {} about {object:?}", role.name);
            check(&what, row, &answer, status, code);
            if status == 404 && call.access == Access::Person {
                let first = not_there.get_or_insert_with(|| seen(&answer));
                assert_eq!(seen(&answer), *first, "{what}: absence shows");
            }
            cells += 1;
        }
    }
    cells
}

async fn successes_of(app: &TestApp, cast: &Cast, row: &Row, call: &Call) -> usize {
    let mut cells = 0;
    for role in &cast.roles {
        let (status, code) = expected(call, role, Object::Own);
        if status >= 400 {
            continue;
        }
        let question = cast.fresh_question(app, role, call).await;
        let answer = app.answer(call.request(app, row, role, &question)).await;
        check(
            &format!("{row:?} by {}", role.name),
            row,
            &answer,
            status,
            code,
        );
        cells += 1;
    }
    cells
}

#[track_caller]
fn check(what: &str, row: &Row, answer: &Answer, status: u16, code: Option<&str>) {
    assert_eq!(answer.status, status, "{what}: {}", answer.text);
    if row.method != "HEAD" {
        assert_eq!(
            answer.body["code"].as_str(),
            code,
            "{what}: {}",
            answer.text
        );
    }
}

#[actix_web::test]
async fn every_op_lets_in_those_who_may_and_changes_nothing_for_others() {
    for app in TestApp::on_each_database().await {
        let cast = Cast::meet(&app).await;
        let absent = app
            .get(&cast.roles[0].person(), "/api/messages/conversations/x")
            .await;
        let not_there = format!("{{\"reply\":7,\"error\":{}}}", absent.text);
        let before = Record::take(&app, &cast).await;
        let mut sessions = Vec::new();
        for role in &cast.roles {
            if role.close.is_none() {
                sessions.push((role, Socket::of(&app, &role.person()).await));
            }
        }
        let roles = cast.roles.iter();
        let shut_out = roles.filter_map(|role| Some(shut_out(&app, role, role.close?)));
        join_all(shut_out).await;
        for op in Op::ALL {
            for (role, socket) in &mut sessions {
                refusals_of_op(&cast, *op, role, socket, &not_there).await;
            }
        }
        before.assert_same(&Record::take(&app, &cast).await, "the ops");
        for op in Op::ALL {
            let Some(call) = calls::of_op(*op) else {
                continue;
            };
            for (role, socket) in &mut sessions {
                if expected(&call, role, Object::Own).0 >= 400 {
                    continue;
                }
                let question = cast.fresh_question(&app, role, &call).await;
                let fields = (call.fields)(&question);
                socket.ok(op.as_str(), fields).await;
            }
        }
    }
}

async fn refusals_of_op(cast: &Cast, op: Op, role: &Role, socket: &mut Socket, not_there: &str) {
    let Some(call) = calls::of_op(op) else {
        return;
    };
    for object in Object::of(call.target) {
        let (status, code) = expected(&call, role, object);
        if status < 400 {
            continue;
        }
        let question = cast.question(role, object, &call);
        let mut fields = (call.fields)(&question);
        fields["op"] = op.as_str().into();
        fields["id"] = 7.into();
        socket.say(fields.to_string()).await;
        let text = reply(socket).await;
        let what = format!("{op:?} by {} about {object:?}: {text}", role.name);
        let frame: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(frame["error"]["code"].as_str(), code, "{what}");
        assert_eq!(frame["error"]["status"], status, "{what}");
        if status == 404 {
            assert_eq!(text, not_there, "{what}: not as over HTTP");
        }
    }
}

/// The next reply, as it stands on the wire.
async fn reply(socket: &mut Socket) -> String {
    loop {
        match socket.message().await.expect("an open socket") {
            Message::Text(text) if text.starts_with("{\"reply\"") => return text.to_string(),
            Message::Text(_) | Message::Ping(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// Whoever has no good token gets no further than hello, and no op before it does anything.
async fn shut_out(app: &TestApp, role: &Role, code: u16) {
    if let Some(token) = &role.token {
        let mut socket = Socket::open(app).await;
        let hello = serde_json::json!({ "op": "hello", "id": 1, "token": token });
        socket.say(hello.to_string()).await;
        assert_eq!(socket.closed().await.code, code, "hello by {}", role.name);
        return;
    }
    let asked = Op::ALL
        .iter()
        .filter_map(|op| Some((op, calls::of_op(*op)?)));
    let shut_out = asked.map(|(op, call)| async move {
        let mut socket = Socket::open(app).await;
        let question = Question::about(role.own.clone(), "1".to_owned());
        let mut fields = (call.fields)(&question);
        fields["op"] = op.as_str().into();
        socket.say(fields.to_string()).await;
        assert_eq!(socket.closed().await.code, code, "{op:?} by nobody");
    });
    join_all(shut_out).await;
}

#[actix_web::test]
async fn a_token_that_is_refused_makes_nobody() {
    let app = TestApp::start().await;
    let ann = app.person("ann").await;
    for (name, token) in cast::BAD_TOKENS {
        let ghost = uuid();
        let request = app
            .request("GET", "/api/auth/me")
            .bearer_auth(token(&ghost));
        app.answer(request)
            .await
            .refused(401, "unauthenticated", &[]);
        let body = serde_json::json!({ "sellerId": ghost });
        let answer = app.post(&ann, "/api/messages/conversations", &body).await;
        assert_eq!(answer.status, 404, "{name}");
        assert_eq!(answer.body["errors"][0]["field"], "sellerId", "{name}");
    }
}
