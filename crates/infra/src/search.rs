//! Full-text search in either database's own index, over words that the domain has made.

use diesel::{
    dsl::sql,
    prelude::*,
    sql_types::{Bool, Text},
};
use messaging_domain::{SearchQuery, SearchRequest, UserId, search::person_term};

#[cfg(feature = "planted-bugs")]
use crate::planted::{self, Bug};
use crate::{
    columns::{DbTime, DbUuid},
    connection::Conn,
    messages::MessageRow,
    schema::messages,
};

/// The condition that a row of `messages` is one of a person's and has the words, in the database's words.
pub(crate) struct MessageMatch {
    pub(crate) before: &'static str,
    pub(crate) words: String,
    pub(crate) after: &'static str,
}

/// What no message has, not even as the beginning of a word: for a query of which nothing is left.
const NOTHING: &str = "__";

impl MessageMatch {
    pub(crate) fn new(conn: &Conn, user: &UserId, query: &SearchQuery) -> Self {
        let person = person_term(user);
        let terms = query.terms();
        #[cfg(feature = "planted-bugs")]
        let person = if planted::is(Bug::SearchFindsOthers) {
            terms.first().cloned().unwrap_or(person)
        } else {
            person
        };
        let (firsts, last) = match terms.split_last() {
            Some((last, firsts)) => (firsts, last.as_str()),
            None => (terms, NOTHING),
        };
        // Terms are letters, digits and underscores only, so quoting them is enough.
        match conn {
            Conn::Postgres(_) => Self {
                before: "messages.terms @@ ",
                words: std::iter::once(&person)
                    .chain(firsts)
                    .map(|term| format!("'{term}' & "))
                    .chain([format!("'{last}':*")])
                    .collect(),
                after: "::tsquery",
            },
            Conn::Sqlite(_) => Self {
                before: "messages.pk IN (SELECT rowid FROM message_terms WHERE message_terms MATCH ",
                words: std::iter::once(&person)
                    .chain(firsts)
                    .map(|term| format!("\"{term}\" AND "))
                    .chain([format!("\"{last}\" *")])
                    .collect(),
                after: ")",
            },
        }
    }
}

/// A pattern for `LIKE … ESCAPE '!'` that finds a phrase anywhere.
pub(crate) fn anywhere(phrase: &str) -> String {
    if phrase.is_empty() {
        // Nothing is left of a query of accents alone. No name or title holds a control character.
        return "\u{1}".to_owned();
    }
    let escaped = phrase
        .replace('!', "!!")
        .replace('%', "!%")
        .replace('_', "!_");
    format!("%{escaped}%")
}

/// A page of found messages, latest first, one more when there are more.
pub(crate) fn find(
    conn: &mut Conn,
    user: &UserId,
    request: &SearchRequest,
) -> QueryResult<Vec<MessageRow>> {
    let matching = MessageMatch::new(conn, user, &request.query);
    let mut page = messages::table
        .filter(
            sql::<Bool>(matching.before)
                .bind::<Text, _>(matching.words)
                .sql(matching.after),
        )
        .into_boxed();
    if let Some(conversation) = request.conversation {
        page = page.filter(messages::conversation_id.eq(DbUuid::from(conversation)));
    }
    if let Some(after) = request.after {
        let (at, conversation, seq) = (
            DbTime(after.created_at),
            DbUuid::from(after.conversation),
            after.seq.get(),
        );
        page = page.filter(messages::created_at.le(at)).filter(
            messages::created_at
                .lt(at)
                .or(messages::conversation_id
                    .lt(conversation)
                    .or(messages::conversation_id
                        .eq(conversation)
                        .and(messages::seq.lt(seq)))),
        );
    }
    page.order((
        messages::created_at.desc(),
        messages::conversation_id.desc(),
        messages::seq.desc(),
    ))
    .limit(
        i64::try_from(request.limit)
            .unwrap_or(i64::MAX)
            .saturating_add(1),
    )
    .select(MessageRow::as_select())
    .load(conn)
}
