//! Tests that need a transaction in their hands: here acts that meet in one batch.

mod plans;
mod preparing;
mod runs;

use diesel::connection::SimpleConnection as _;
use messaging_domain::{
    ClientId, Content, ConversationId, InboxCursor, InboxQuery, Opening, SearchQuery, Seat,
    Text as Words, Timestamp, UserId,
};

use crate::{
    acts::{Act, Farewell},
    batch::{Batch, LastSeen, Scope},
    connection::{self, Conn, DatabaseUrl, Purpose},
    conversations, directory,
    failure::Halt,
    fresh::{Fresh, Kind},
    messages::Digests,
    migrations,
};

fn user(id: &str) -> UserId {
    UserId::parse(id).unwrap()
}

fn words(words: &str) -> Content {
    Content::Text(Words::parse(words).unwrap())
}

/// A database with its tables, Ann and Bob.
fn prepared(kind: Kind) -> Option<(Fresh, Conn)> {
    let fresh = Fresh::new(kind)?;
    let url = DatabaseUrl::parse(&fresh.url).unwrap();
    let mut conn = connection::connect(&url, Purpose::Write).unwrap();
    migrations::run(&mut conn).unwrap();
    migrations::epoch(&mut conn).unwrap();
    for id in ["ann", "bob"] {
        directory::insert_user(&mut conn, &user(id), id, None, Timestamp::now()).unwrap();
    }
    Some((fresh, conn))
}

/// The same on each database that is there.
fn prepared_on_both() -> impl Iterator<Item = (Fresh, Conn)> {
    [Kind::Sqlite, Kind::Postgres]
        .into_iter()
        .filter_map(prepared)
}

/// Does acts in one transaction, as the writer does.
fn together<T>(
    conn: &mut Conn,
    scopes: &[&dyn Fn(&mut Scope)],
    decide: impl FnOnce(&mut Batch<'_>) -> Result<T, Halt>,
) -> T {
    conn.batch_execute("BEGIN").unwrap();
    let mut scope = Scope::default();
    for name in scopes {
        name(&mut scope);
    }
    let (now, digests) = (Timestamp::now(), Digests::new(&[]));
    let mut batch = Batch::load(conn, &scope, now, &digests).unwrap();
    let answer = decide(&mut batch).unwrap();
    batch.look_at_readers().unwrap();
    batch.store().unwrap();
    conn.batch_execute("COMMIT").unwrap();
    answer
}

/// Does an act without locks, as the writer does: on PostgreSQL by the one statement that stores it.
fn recalling<A: Act>(conn: &mut Conn, last_seen: &mut LastSeen, act: &A) -> A::Answer {
    let by_itself = matches!(conn, Conn::Postgres(_));
    if !by_itself {
        conn.batch_execute("BEGIN").unwrap();
    }
    let mut scope = Scope::default();
    act.scope(&mut scope);
    let (now, digests) = (Timestamp::now(), Digests::new(&[]));
    let mut batch = Batch::recall(conn, &scope, now, &digests, last_seen).unwrap();
    let answer = act.decide(&mut batch).unwrap();
    batch.look_at_readers().unwrap();
    last_seen.note(batch.store().unwrap().left);
    if !by_itself {
        conn.batch_execute("COMMIT").unwrap();
    }
    answer
}

fn alone<A: Act>(conn: &mut Conn, act: &A) -> A::Answer {
    together(conn, &[&|scope| act.scope(scope)], |batch| {
        act.decide(batch)
    })
}

fn open(conn: &mut Conn) -> Seat {
    let opening = Opening::new(user("ann"), user("bob"), None, None).unwrap();
    let id = alone(conn, &opening).conversation.id;
    seat(conn, id, "ann")
}

fn seat(conn: &mut Conn, id: ConversationId, person: &str) -> Seat {
    let participants = conversations::participants(conn, id).unwrap().unwrap();
    participants.seat_of(&user(person)).unwrap()
}

#[test]
fn a_message_sent_in_the_same_batch_as_its_authors_erasure_is_deleted_too() {
    for (fresh, mut conn) in prepared_on_both() {
        let ann = open(&mut conn);
        let first = ann.write(ClientId::new(), words("first")).unwrap();
        alone(&mut conn, &first);
        let second = ann.write(ClientId::new(), words("second")).unwrap();
        let farewell = Farewell {
            conversation: ann.conversation(),
            user: user("ann"),
            fate: messaging_domain::MessagesFate::Delete,
        };
        let more = together(
            &mut conn,
            &[&|scope| second.scope(scope), &|scope| farewell.scope(scope)],
            |batch| {
                second.decide(batch)?;
                farewell.decide(batch)
            },
        );
        assert!(!more);
        let bodies = fresh.raw().texts("SELECT body AS value FROM messages");
        assert_eq!(bodies, ["", ""]);
    }
}

fn asking(after: Option<InboxCursor>, filter: Option<SearchQuery>) -> InboxQuery {
    InboxQuery {
        archived: false,
        filter,
        after,
        limit: 20,
    }
}

/// Something that reads.
type Run<'a> = &'a dyn Fn(&mut Conn);
