//! Conversations as a lane has last seen them, so that what concerns them is decided without asking for them.

use std::collections::HashMap;

use diesel::{
    prelude::*,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::BigInt,
    sqlite::Sqlite,
};
use messaging_domain::{Conversation, ConversationId};

use crate::{columns::Version, connection::Conn};

/// How many are kept at most, of less than a kilobyte each.
const MOST: usize = 10_000;

/// Conversations as their rows were after this lane's last commits. On PostgreSQL they may have changed since,
/// which their versions tell when something is stored; on SQLite only if another process has written.
#[derive(Debug, Default)]
pub(crate) struct LastSeen {
    /// Whether anything is kept: nothing if other nodes write to the same conversations all the time.
    keeps: bool,
    conversations: HashMap<ConversationId, (Conversation, Version)>,
    /// SQLite's number for what others than this connection have committed.
    others: i64,
}

impl LastSeen {
    /// `is_shared`: whether several nodes write to the database.
    pub(crate) fn new(is_shared: bool) -> Self {
        Self {
            keeps: !is_shared,
            ..Self::default()
        }
    }

    pub(super) fn get(&self, id: ConversationId) -> Option<&(Conversation, Version)> {
        self.conversations.get(&id)
    }

    /// Forgets all if another process has written to a SQLite database; within a transaction, so that none does
    /// until its end.
    pub(super) fn look_for_others(&mut self, conn: &mut Conn) -> QueryResult<()> {
        if let Conn::Sqlite(conn) = conn {
            let others = DataVersion.get_result::<i64>(conn)?;
            if std::mem::replace(&mut self.others, others) != others {
                self.forget();
            }
        }
        Ok(())
    }

    /// Keeps how a commit has left conversations.
    pub(crate) fn note(&mut self, left: Vec<(Conversation, Version)>) {
        if !self.keeps {
            return;
        }
        if self.conversations.len().saturating_add(left.len()) > MOST {
            self.forget();
        }
        let left = left.into_iter();
        self.conversations
            .extend(left.map(|(conversation, version)| (conversation.id, (conversation, version))));
    }

    /// Forgets all: it may not be so.
    pub(crate) fn forget(&mut self) {
        self.conversations.clear();
    }
}

#[derive(QueryId)]
struct DataVersion;

impl Query for DataVersion {
    type SqlType = BigInt;
}

impl RunQueryDsl<SqliteConnection> for DataVersion {}

impl QueryFragment<Sqlite> for DataVersion {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql("PRAGMA data_version");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use messaging_domain::{Opening, Timestamp, UserId};

    use super::*;

    fn conversations(many: usize) -> Vec<(Conversation, Version)> {
        let people = ["ann", "bob"].map(|id| UserId::parse(id).unwrap());
        let [ann, bob] = people;
        let opening = Opening::new(ann, bob, None, None).unwrap();
        (0..many)
            .map(|_| {
                let id = ConversationId::new();
                let opened = Conversation::open(&opening, id, (false, false), Timestamp::now());
                (opened.unwrap().0, Version::default())
            })
            .collect()
    }

    #[test]
    fn what_was_left_is_seen_by_one_node_and_not_by_one_of_several() {
        for is_shared in [false, true] {
            let mut last_seen = LastSeen::new(is_shared);
            let left = conversations(1);
            let id = left[0].0.id;
            last_seen.note(left.clone());
            assert_eq!(last_seen.get(id), left.first().filter(|_| !is_shared));
        }
    }

    #[test]
    fn no_more_are_kept_than_there_is_room_for() {
        let mut last_seen = LastSeen::new(false);
        last_seen.note(conversations(MOST));
        let left = conversations(1);
        last_seen.note(left.clone());
        assert_eq!(last_seen.get(left[0].0.id), left.first());
        assert_eq!(last_seen.conversations.len(), 1);
    }
}
