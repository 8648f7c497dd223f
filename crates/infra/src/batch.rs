//! What one transaction of the writer holds in memory: loaded under locks, changed by the rules,
//! written down at the end in as few statements as the database allows.

mod last_seen;
mod loading;
mod storing;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use diesel::prelude::*;
use messaging_domain::{
    ClientId, Conversation, ConversationId, ConversationView, Delivery, Error, Event, Fact,
    Message, Position, ProductId, Role, Seq, Timestamp, Told, UnreadTotals, UserId,
};

#[cfg(feature = "planted-bugs")]
use crate::planted::{self, Bug};
use crate::{
    columns::{DbTime, Version},
    connection::Conn,
    conversations::Latest,
    directory,
    failure::Halt,
    log::{self, Entry, Stream},
    messages::Digests,
    schema::blocks,
};
pub(crate) use last_seen::LastSeen;
pub(crate) use loading::Scope;
pub(crate) use storing::Before;

/// A message as it is in the database, or will be.
#[derive(Debug, Clone)]
pub(crate) struct Kept {
    pub(crate) message: Message,
    /// Of the content first sent, once the message has another.
    pub(crate) first_digest: Option<Vec<u8>>,
    change: Change,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    None,
    Updated,
    New,
}

/// What a batch brings to a person's stream. Where that stood before is not known until it is stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Growth {
    pub(crate) events: i64,
    pub(crate) unread: UnreadTotals,
}

/// What a client id was used for.
pub(crate) enum Sent<'a> {
    /// A message of a conversation that this batch holds.
    Here(&'a Kept),
    /// A message of another conversation.
    Elsewhere,
}

/// One transaction's state.
pub(crate) struct Batch<'c> {
    pub(crate) conn: &'c mut Conn,
    pub(crate) now: Timestamp,
    /// Whether what is loaded was locked; else what acts are decided on has to be found unchanged at the end.
    holds_locks: bool,
    conversations: BTreeMap<ConversationId, Conversation>,
    /// Those of their rows.
    versions: HashMap<ConversationId, Version>,
    new: BTreeSet<ConversationId>,
    /// Whether a side has put them into another inbox, too.
    changed: BTreeMap<ConversationId, bool>,
    /// People whose streams were there, and locked.
    known: BTreeSet<UserId>,
    /// What the acts so far have brought to people's streams.
    growth: BTreeMap<UserId, Growth>,
    /// People whose badges are told in answers.
    readers: BTreeSet<UserId>,
    /// Where the streams stand of those of them to whom nothing else is told.
    unmoved: Vec<(UserId, Stream)>,
    sent: HashMap<(UserId, ClientId), (ConversationId, Seq)>,
    messages: BTreeMap<(ConversationId, Seq), Kept>,
    blocking: HashSet<(UserId, UserId)>,
    /// Who of the pairs was erased.
    pub(crate) erased: HashSet<UserId>,
    /// What is told to each, in order.
    entries: HashMap<UserId, Vec<Entry>>,
    deliveries: Vec<Delivery>,
    pub(crate) digests: Digests,
}

impl Batch<'_> {
    /// A conversation as the acts before this one left it.
    pub(crate) fn conversation(&self, id: ConversationId) -> Result<&Conversation, Error> {
        self.conversations.get(&id).ok_or(Error::NotFound)
    }

    /// The conversation of a buyer with a seller about a product.
    pub(crate) fn find(
        &self,
        buyer: &UserId,
        seller: &UserId,
        product: Option<&ProductId>,
    ) -> Option<ConversationId> {
        self.conversations
            .values()
            .find(|c| {
                c.buyer.user == *buyer && c.seller.user == *seller && c.product.as_ref() == product
            })
            .map(|c| c.id)
    }

    /// All loaded conversations between two people.
    pub(crate) fn between(&self, a: &UserId, b: &UserId) -> Vec<ConversationId> {
        self.conversations
            .values()
            .filter(|c| c.role_of(a).is_some() && c.role_of(b).is_some())
            .map(|c| c.id)
            .collect()
    }

    /// Whether somebody blocks somebody.
    pub(crate) fn blocks(&self, by: &UserId, whom: &UserId) -> bool {
        self.blocking.contains(&(by.clone(), whom.clone()))
    }

    /// Whether the directory has somebody, of the people that the scope named.
    pub(crate) fn knows(&self, user: &UserId) -> bool {
        self.known.contains(user)
    }

    /// Sets or lifts a block between two people.
    pub(crate) fn set_block(
        &mut self,
        by: &UserId,
        whom: &UserId,
        blocking: bool,
    ) -> QueryResult<()> {
        let pair = (by.clone(), whom.clone());
        if blocking && self.blocking.insert(pair.clone()) {
            diesel::insert_into(blocks::table)
                .values((
                    blocks::blocker_id.eq(by.as_str().to_owned()),
                    blocks::blocked_id.eq(whom.as_str().to_owned()),
                    blocks::created_at.eq(DbTime(self.now)),
                ))
                .execute(self.conn)?;
        } else if !blocking && self.blocking.remove(&pair) {
            let row = (by.as_str().to_owned(), whom.as_str().to_owned());
            diesel::delete(blocks::table.find(row)).execute(self.conn)?;
        }
        Ok(())
    }

    /// To whom something is to be announced.
    pub(crate) fn told(&self) -> HashSet<UserId> {
        let users = self.deliveries.iter().map(|delivery| &delivery.user);
        users.cloned().collect()
    }

    /// What this sender has used this client id for.
    pub(crate) fn sent(&self, sender: &UserId, client_id: ClientId) -> Option<Sent<'_>> {
        let key = self.sent.get(&(sender.clone(), client_id))?;
        Some(self.messages.get(key).map_or(Sent::Elsewhere, Sent::Here))
    }

    /// A message that the scope named.
    pub(crate) fn message(
        &self,
        conversation: ConversationId,
        seq: Seq,
    ) -> Result<&Message, Error> {
        self.messages
            .get(&(conversation, seq))
            .map(|kept| &kept.message)
            .ok_or(Error::NotFound)
    }

    /// Takes in a new conversation.
    pub(crate) fn add(&mut self, conversation: Conversation, told: &[Told]) -> Result<(), Halt> {
        let id = conversation.id;
        self.new.insert(id);
        self.conversations.insert(id, conversation);
        self.tell(id, told)
    }

    /// Lets a rule change a conversation and tells who is to be told. A refusal changes nothing.
    pub(crate) fn change(
        &mut self,
        id: ConversationId,
        rule: impl FnOnce(&mut Conversation) -> Result<Vec<Told>, Error>,
    ) -> Result<(), Halt> {
        let told = self.decide(id, rule)?;
        self.tell(id, &told)
    }

    /// Lets a rule write a message, new or with another content, and tells who is to be told.
    /// A refusal changes nothing.
    pub(crate) fn write(
        &mut self,
        id: ConversationId,
        rule: impl FnOnce(&mut Conversation) -> Result<(Message, Vec<Told>), Error>,
    ) -> Result<Message, Halt> {
        let (message, told) = self.decide(id, rule)?;
        self.take_in(message.clone());
        self.tell(id, &told)?;
        Ok(message)
    }

    /// Lets a rule decide, and keeps both people's badges in step with what it changed.
    fn decide<T>(
        &mut self,
        id: ConversationId,
        rule: impl FnOnce(&mut Conversation) -> Result<T, Error>,
    ) -> Result<T, Halt> {
        let conversation = self.conversations.get_mut(&id).ok_or(Error::NotFound)?;
        let before = conversation.clone();
        let decided = rule(conversation)?;
        if *conversation != before {
            let is_moved = |role| conversation.side(role).archived != before.side(role).archived;
            *self.changed.entry(id).or_default() |= is_moved(Role::Buyer) || is_moved(Role::Seller);
        }
        for role in [Role::Buyer, Role::Seller] {
            let (before, side) = (before.side(role).badge(), conversation.side(role));
            let after = side.badge();
            if after != before {
                let unread = &mut self.growth.entry(side.user.clone()).or_default().unread;
                unread.messages += after - before;
                unread.conversations += i64::from(after > 0) - i64::from(before > 0);
            }
        }
        Ok(decided)
    }

    /// A message that is new, or has another content now.
    fn take_in(&mut self, message: Message) {
        let key = (message.conversation, message.seq);
        match self.messages.get_mut(&key) {
            Some(kept) if kept.message.revision != message.revision => {
                if kept.first_digest.is_none() {
                    kept.first_digest = Some(self.digests.make(&kept.message.content));
                }
                if kept.change == Change::None {
                    kept.change = Change::Updated;
                }
                kept.message = message;
            }
            Some(_) => {}
            None => {
                self.sent
                    .insert((message.sender.clone(), message.client_id), key);
                self.messages.insert(
                    key,
                    Kept {
                        message,
                        first_digest: None,
                        change: Change::New,
                    },
                );
            }
        }
    }

    /// Numbers the events of what happened, each person's from one, and makes what the receivers will see.
    fn tell(&mut self, id: ConversationId, told: &[Told]) -> Result<(), Halt> {
        for Told { fact, audience } in told {
            for role in [Role::Buyer, Role::Seller]
                .into_iter()
                .filter(|role| audience.includes(*role))
            {
                let conversation = self.conversation(id)?;
                let user = conversation.side(role).user.clone();
                let growth = self.growth.entry(user.clone()).or_default();
                #[cfg(feature = "planted-bugs")]
                if planted::strikes(Bug::PositionHole, 100) {
                    growth.events += 1;
                }
                growth.events += 1;
                let growth = *growth;
                self.entries.entry(user.clone()).or_default().push(Entry {
                    conversation: id,
                    fact: *fact,
                });
                let unread = log::unread(self.conversation(id)?, role, growth.unread.messages);
                let event = self.event(id, role, *fact)?;
                self.deliveries.push(Delivery {
                    user,
                    position: Position::new(growth.events),
                    event,
                    unread,
                });
            }
        }
        Ok(())
    }

    fn event(&mut self, id: ConversationId, role: Role, fact: Fact) -> Result<Event, Halt> {
        Ok(match fact {
            Fact::MessageCreated(seq) => {
                Event::MessageCreated(Arc::new(self.message(id, seq)?.clone()))
            }
            Fact::MessageUpdated(seq) => {
                Event::MessageUpdated(Arc::new(self.message(id, seq)?.clone()))
            }
            Fact::ConversationCreated => Event::ConversationCreated(Box::new(self.view(id, role)?)),
            Fact::ConversationUpdated => Event::ConversationUpdated(Box::new(self.view(id, role)?)),
            Fact::CursorMoved(whose) => log::cursor_moved(self.conversation(id)?, whose),
        })
    }

    /// A conversation as one side sees it, as the acts so far left it.
    pub(crate) fn view(
        &mut self,
        id: ConversationId,
        role: Role,
    ) -> Result<ConversationView, Halt> {
        let conversation = self.conversation(id)?.clone();
        if conversation.last_seq > Seq::ZERO {
            self.load_message((id, conversation.last_seq))?;
        }
        let message = self.messages.get(&(id, conversation.last_seq)).map(|kept| {
            let status = conversation.status_of(&kept.message.sender, kept.message.seq);
            Message {
                status,
                ..kept.message.clone()
            }
        });
        let counterpart = &conversation.side(role.other()).user;
        let users = directory::users(self.conn, [counterpart.clone()])?;
        let product = match &conversation.product {
            Some(id) => directory::product(self.conn, id)?,
            None => None,
        };
        Ok(Latest {
            conversation,
            message,
            product,
        }
        .view(role, &users))
    }

    /// What the acts so far have added to a person's badge.
    pub(crate) fn unread_growth(&self, user: &UserId) -> i64 {
        self.growth
            .get(user)
            .map_or(0, |growth| growth.unread.messages)
    }
}
