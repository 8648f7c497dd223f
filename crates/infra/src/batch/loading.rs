//! What a batch is about, and how all of it is locked and loaded at once.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use diesel::prelude::*;
use messaging_domain::{ClientId, Conversation, ConversationId, Seq, Timestamp, UserId};

use super::{Batch, Change, Kept, LastSeen};
use crate::{
    bulk,
    columns::{DbUuid, Version},
    connection::Conn,
    messages::{Digests, MessageRow},
    schema::{blocks, conversations, messages as messages_table, users},
};

/// What the acts of a batch are about, so that all of it can be locked and loaded at once.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    /// Conversations to be changed.
    pub(crate) conversations: BTreeSet<ConversationId>,
    /// Pairs of people between whom conversations are started or blocked.
    pub(crate) pairs: BTreeSet<(UserId, UserId)>,
    /// People whose rows in the directory are changed, or asked for.
    pub(crate) people: BTreeSet<UserId>,
    /// People whose badges are told in answers.
    pub(crate) readers: BTreeSet<UserId>,
    /// Messages that may have been sent before.
    pub(crate) sent: BTreeSet<(UserId, ClientId)>,
    /// Messages to be changed.
    pub(crate) messages: BTreeSet<(ConversationId, Seq)>,
}

impl Scope {
    /// Names a message to be changed, and with it its conversation.
    pub(crate) fn message(&mut self, conversation: ConversationId, seq: Seq) {
        self.conversations.insert(conversation);
        self.messages.insert((conversation, seq));
    }

    /// A pair in one order, whoever acts.
    pub(crate) fn pair(a: &UserId, b: &UserId) -> (UserId, UserId) {
        if a < b {
            (a.clone(), b.clone())
        } else {
            (b.clone(), a.clone())
        }
    }
}

impl<'c> Batch<'c> {
    /// Locks and loads what the scope names. Conversations are locked before streams, each in
    /// order, so that two transactions never wait for each other. Streams that the scope does not name
    /// are locked when they grow; but if it names one, all are locked here, so that the order holds.
    pub(crate) fn load(
        conn: &'c mut Conn,
        scope: &Scope,
        now: Timestamp,
        digests: &Digests,
    ) -> QueryResult<Self> {
        let mut batch = Self::empty(conn, scope, now, digests);
        batch.holds_locks = true;
        let mut ids = scope.conversations.clone();
        let mut people = scope.people.clone();
        let locks_people = !people.is_empty() || !scope.pairs.is_empty();
        for (a, b) in &scope.pairs {
            bulk::lock_pair(batch.conn, a, b)?;
            ids.extend(conversations_of_pair(batch.conn, a, b)?);
            batch.blocking.extend(blocks_of_pair(batch.conn, a, b)?);
            people.extend([a.clone(), b.clone()]);
        }
        for (conversation, version) in bulk::load_conversations(batch.conn, &ids, true)? {
            if locks_people {
                people.extend([
                    conversation.buyer.user.clone(),
                    conversation.seller.user.clone(),
                ]);
            }
            batch.hold(conversation, version);
        }
        batch.known = bulk::lock_streams(batch.conn, &people)?;
        // Under the locks, too: who erases somebody locks that person's stream.
        batch.erased = erased(batch.conn, &scope.pairs)?;
        // Under the locks, so that of two nodes that append the same message one sees the other's.
        for (sender, client_id, conversation, seq) in bulk::find_sent(batch.conn, &scope.sent)? {
            let key = (conversation.into(), Seq::new(seq));
            batch
                .sent
                .insert((UserId::restore(&sender), client_id.into()), key);
            batch.load_message(key)?;
        }
        for key in &scope.messages {
            batch.load_message(*key)?;
        }
        Ok(batch)
    }

    /// Takes the conversations that the scope names as they were last seen, and reads the others, without
    /// locks. What was sent before is not looked up: the database refuses to store it twice.
    pub(crate) fn recall(
        conn: &'c mut Conn,
        scope: &Scope,
        now: Timestamp,
        digests: &Digests,
        last_seen: &mut LastSeen,
    ) -> QueryResult<Self> {
        last_seen.look_for_others(conn)?;
        let mut batch = Self::empty(conn, scope, now, digests);
        let mut unseen = BTreeSet::new();
        for id in &scope.conversations {
            match last_seen.get(*id) {
                Some((conversation, version)) => batch.hold(conversation.clone(), *version),
                None => _ = unseen.insert(*id),
            }
        }
        for (conversation, version) in bulk::load_conversations(batch.conn, &unseen, false)? {
            batch.hold(conversation, version);
        }
        Ok(batch)
    }

    fn empty(conn: &'c mut Conn, scope: &Scope, now: Timestamp, digests: &Digests) -> Self {
        Self {
            conn,
            now,
            holds_locks: false,
            conversations: BTreeMap::new(),
            versions: HashMap::new(),
            new: BTreeSet::new(),
            changed: BTreeMap::new(),
            known: BTreeSet::new(),
            growth: BTreeMap::new(),
            readers: scope.readers.clone(),
            unmoved: Vec::new(),
            sent: HashMap::new(),
            messages: BTreeMap::new(),
            blocking: HashSet::new(),
            erased: HashSet::new(),
            entries: HashMap::new(),
            deliveries: Vec::new(),
            digests: digests.clone(),
        }
    }

    fn hold(&mut self, conversation: Conversation, version: Version) {
        self.versions.insert(conversation.id, version);
        self.conversations.insert(conversation.id, conversation);
    }

    fn keep(&mut self, key: (ConversationId, Seq), mut row: MessageRow) {
        if let Some(conversation) = self.conversations.get(&key.0) {
            let first_digest = row.first_digest.take();
            let message = row.into_message(conversation);
            self.messages.insert(
                key,
                Kept {
                    message,
                    first_digest,
                    change: Change::None,
                },
            );
        }
    }

    /// Loads a message unless it is here already.
    pub(super) fn load_message(&mut self, key: (ConversationId, Seq)) -> QueryResult<()> {
        if !self.messages.contains_key(&key) {
            let row = messages_table::table
                .find((DbUuid::from(key.0), key.1.get()))
                .select(MessageRow::as_select())
                .get_result(self.conn)
                .optional()?;
            if let Some(row) = row {
                self.keep(key, row);
            }
        }
        Ok(())
    }

    /// Loads messages of a person in a conversation that are not deleted, the first `limit` and
    /// those of this batch; and says whether there are more.
    pub(crate) fn load_messages_of(
        &mut self,
        id: ConversationId,
        sender: &UserId,
        limit: i64,
    ) -> QueryResult<(BTreeSet<Seq>, bool)> {
        let rows = messages_table::table
            .filter(messages_table::conversation_id.eq(DbUuid::from(id)))
            .filter(messages_table::sender_id.eq(sender.as_str().to_owned()))
            .filter(messages_table::deleted_at.is_null())
            .order(messages_table::seq.asc())
            .limit(limit)
            .select(MessageRow::as_select())
            .load(self.conn)?;
        let more = i64::try_from(rows.len()).unwrap_or(i64::MAX) >= limit;
        let mut seqs: BTreeSet<Seq> = rows.iter().map(MessageRow::seq).collect();
        for row in rows {
            let key = (id, row.seq());
            // What this batch has changed is newer than the row.
            if !self.messages.contains_key(&key) {
                self.keep(key, row);
            }
        }
        seqs.extend(
            self.messages
                .range((id, Seq::ZERO)..=(id, Seq::new(i64::MAX)))
                .filter(|(_, kept)| kept.change == Change::New && kept.message.sender == *sender)
                .map(|((_, seq), _)| *seq),
        );
        Ok((seqs, more))
    }

    /// How many messages of the counterpart are unread after `seq`.
    pub(crate) fn count_unread(
        &mut self,
        conversation: ConversationId,
        reader: &UserId,
        seq: Seq,
    ) -> QueryResult<i64> {
        let stored: i64 = messages_table::table
            .filter(messages_table::conversation_id.eq(DbUuid::from(conversation)))
            .filter(messages_table::seq.gt(seq.get()))
            .filter(messages_table::sender_id.ne(reader.as_str().to_owned()))
            .filter(messages_table::deleted_at.is_null())
            .count()
            .get_result(self.conn)?;
        // What this batch has changed is not in the table yet.
        let pending: i64 = self
            .messages
            .range((conversation, seq.next())..=(conversation, Seq::new(i64::MAX)))
            .filter(|(_, kept)| kept.message.sender != *reader)
            .map(|(_, kept)| match kept.change {
                Change::New => i64::from(!kept.message.is_deleted()),
                Change::Updated => -i64::from(kept.message.is_deleted()),
                Change::None => 0,
            })
            .sum();
        Ok(stored.saturating_add(pending))
    }
}

fn conversations_of_pair(
    conn: &mut Conn,
    a: &UserId,
    b: &UserId,
) -> QueryResult<Vec<ConversationId>> {
    let mut ids = Vec::new();
    for (buyer, seller) in [(a, b), (b, a)] {
        let rows = conversations::table
            .filter(conversations::buyer_id.eq(buyer.as_str().to_owned()))
            .filter(conversations::seller_id.eq(seller.as_str().to_owned()))
            .select(conversations::id)
            .load::<DbUuid>(conn)?;
        ids.extend(rows.into_iter().map(ConversationId::from));
    }
    Ok(ids)
}

fn blocks_of_pair(conn: &mut Conn, a: &UserId, b: &UserId) -> QueryResult<Vec<(UserId, UserId)>> {
    let pair = [a.as_str().to_owned(), b.as_str().to_owned()];
    let rows = blocks::table
        .filter(blocks::blocker_id.eq_any(pair.clone()))
        .filter(blocks::blocked_id.eq_any(pair))
        .select((blocks::blocker_id, blocks::blocked_id))
        .load::<(String, String)>(conn)?;
    Ok(rows
        .into_iter()
        .map(|(blocker, blocked)| (UserId::restore(&blocker), UserId::restore(&blocked)))
        .collect())
}

/// Who of these people was erased.
fn erased(conn: &mut Conn, pairs: &BTreeSet<(UserId, UserId)>) -> QueryResult<HashSet<UserId>> {
    if pairs.is_empty() {
        return Ok(HashSet::new());
    }
    let people: BTreeSet<&UserId> = pairs.iter().flat_map(|(a, b)| [a, b]).collect();
    let people: Vec<String> = people.iter().map(|id| id.as_str().to_owned()).collect();
    let rows = users::table
        .filter(users::id.eq_any(people))
        .filter(users::erased_at.is_not_null())
        .select(users::id)
        .load::<String>(conn)?;
    Ok(rows.iter().map(|id| UserId::restore(id)).collect())
}
