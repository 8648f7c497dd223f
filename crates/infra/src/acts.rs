//! Each act on conversations: what it is about, and how the rules decide it inside a transaction.

use std::collections::BTreeSet;

use messaging_domain::{
    Advance, Appended, Conversation, ConversationId, ConversationView, Cursor, Deletion, Draft,
    Edit, Error, Message, MessagesFate, Opened, Opening, ReadState, Role, SettingsChange, UserId,
};

#[cfg(feature = "planted-bugs")]
use crate::planted::{self, Bug};
use crate::{
    batch::{Batch, Before, Scope, Sent},
    failure::Halt,
};

#[cfg(feature = "planted-bugs")]
mod wrong;

/// Something to be done durably. It may be decided more than once: what a transaction that is lost was about is done
/// again, together or each act alone.
pub(crate) trait Act: Send + 'static {
    /// What the caller gets.
    type Answer: Send + 'static;

    /// Names what has to be locked and loaded.
    fn scope(&self, scope: &mut Scope);

    /// The one conversation that it is about. Acts on one are done in the order in which they came,
    /// others also at the same time.
    fn conversation(&self) -> Option<ConversationId> {
        None
    }

    /// Whether it may be decided on conversations that are not locked, if those are found unchanged when it is
    /// stored: then all that it says and writes follows from them. It writes messages and cursors alone, by the one
    /// statement that may commit by itself.
    const GOES_BY_CONVERSATIONS: bool = false;

    /// Decides. What is refused has changed nothing.
    fn decide(&self, batch: &mut Batch<'_>) -> Result<Self::Answer, Halt>;

    /// Completes an answer with where streams stood before the batch.
    fn complete(&self, _answer: &mut Self::Answer, _before: &Before) {}
}

impl Act for Opening {
    type Answer = Opened;

    fn scope(&self, scope: &mut Scope) {
        scope.pairs.insert(Scope::pair(self.buyer(), self.seller()));
        if let Some(client_id) = self.first_client_id() {
            scope.sent.insert((self.buyer().clone(), client_id));
        }
    }

    fn decide(&self, batch: &mut Batch<'_>) -> Result<Opened, Halt> {
        let found = batch.find(self.buyer(), self.seller(), self.product());
        let (id, created) = if let Some(id) = found {
            (id, false)
        } else {
            // A client id that was used before was used for another conversation than this new one.
            if self
                .first_client_id()
                .is_some_and(|id| batch.sent(self.buyer(), id).is_some())
            {
                return Err(Error::IdempotencyMismatch.into());
            }
            for person in [self.buyer(), self.seller()] {
                if !batch.knows(person) {
                    return Err(Error::UnknownSeller.into());
                }
                if batch.erased.contains(person) {
                    return Err(Error::ConversationClosed.into());
                }
            }
            let blocks = (
                batch.blocks(self.buyer(), self.seller()),
                batch.blocks(self.seller(), self.buyer()),
            );
            let (conversation, told) =
                Conversation::open(self, ConversationId::new(), blocks, batch.now)?;
            let id = conversation.id;
            batch.add(conversation, &told)?;
            (id, true)
        };
        let message = match self.draft(batch.conversation(id)?) {
            Some(draft) => Some(append(&draft, batch)?.message),
            None => None,
        };
        #[cfg(feature = "planted-bugs")]
        let created = created || planted::is(Bug::SaysNew);
        Ok(Opened {
            conversation: batch.view(id, Role::Buyer)?,
            created,
            message,
        })
    }
}

impl Act for Draft {
    type Answer = Appended;
    const GOES_BY_CONVERSATIONS: bool = true;

    fn scope(&self, scope: &mut Scope) {
        scope.conversations.insert(self.seat().conversation());
        scope
            .sent
            .insert((self.seat().user().clone(), self.client_id()));
    }

    fn conversation(&self) -> Option<ConversationId> {
        Some(self.seat().conversation())
    }

    fn decide(&self, batch: &mut Batch<'_>) -> Result<Appended, Halt> {
        append(self, batch)
    }
}

fn append(draft: &Draft, batch: &mut Batch<'_>) -> Result<Appended, Halt> {
    let seat = draft.seat();
    #[cfg(feature = "planted-bugs")]
    if planted::is(Bug::NoDedupe) && batch.sent(seat.user(), draft.client_id()).is_some() {
        return wrong::append_again(draft, batch);
    }
    match batch.sent(seat.user(), draft.client_id()) {
        Some(Sent::Here(kept)) if kept.message.conversation == seat.conversation() => {
            let same = match &kept.first_digest {
                Some(digest) => batch.digests.matches(digest, draft.content()),
                None => kept.message.content == *draft.content(),
            };
            if !same {
                return Err(Error::IdempotencyMismatch.into());
            }
            let message = kept.message.clone();
            #[cfg(feature = "planted-bugs")]
            let message = wrong::retold(message);
            let status = batch
                .conversation(seat.conversation())?
                .status_of(&message.sender, message.seq);
            return Ok(Appended {
                message: Message { status, ..message },
                duplicate: true,
            });
        }
        Some(_) => return Err(Error::IdempotencyMismatch.into()),
        None => {}
    }
    let now = batch.now;
    let message = batch.write(seat.conversation(), |conversation| {
        #[cfg(feature = "planted-bugs")]
        return wrong::append(conversation, draft, now);
        #[cfg(not(feature = "planted-bugs"))]
        conversation.append(draft, now)
    })?;
    Ok(Appended {
        message,
        duplicate: false,
    })
}

impl Act for Edit {
    type Answer = Message;

    fn scope(&self, scope: &mut Scope) {
        scope.message(self.seat().conversation(), self.seq());
    }

    fn conversation(&self) -> Option<ConversationId> {
        Some(self.seat().conversation())
    }

    fn decide(&self, batch: &mut Batch<'_>) -> Result<Message, Halt> {
        let (id, now) = (self.seat().conversation(), batch.now);
        let current = batch.message(id, self.seq())?.clone();
        batch.write(id, |conversation| conversation.edit(self, &current, now))
    }
}

impl Act for Deletion {
    type Answer = Message;

    fn scope(&self, scope: &mut Scope) {
        scope.message(self.seat().conversation(), self.seq());
    }

    fn conversation(&self) -> Option<ConversationId> {
        Some(self.seat().conversation())
    }

    fn decide(&self, batch: &mut Batch<'_>) -> Result<Message, Halt> {
        let (id, now) = (self.seat().conversation(), batch.now);
        let current = batch.message(id, self.seq())?.clone();
        batch.write(id, |conversation| {
            #[cfg(feature = "planted-bugs")]
            return wrong::delete(conversation, self, &current, now);
            #[cfg(not(feature = "planted-bugs"))]
            conversation.delete(self, &current, now)
        })
    }
}

impl Act for Advance {
    type Answer = ReadState;
    const GOES_BY_CONVERSATIONS: bool = true;

    fn scope(&self, scope: &mut Scope) {
        scope.conversations.insert(self.seat().conversation());
        scope.readers.insert(self.seat().user().clone());
    }

    fn conversation(&self) -> Option<ConversationId> {
        Some(self.seat().conversation())
    }

    fn decide(&self, batch: &mut Batch<'_>) -> Result<ReadState, Halt> {
        let (id, reader) = (self.seat().conversation(), self.seat().user());
        #[cfg(feature = "planted-bugs")]
        wrong::forget_mark(self, batch)?;
        let conversation = batch.conversation(id)?;
        if let Some(target) = conversation.target(self) {
            let unread_after = match self.cursor() {
                // A delivered cursor leaves the count alone; past the newest message nothing is left.
                Cursor::Delivered => 0,
                Cursor::Read if target == conversation.last_seq => 0,
                Cursor::Read => batch.count_unread(id, reader, target)?,
            };
            batch.change(id, |conversation| {
                Ok(conversation.advance(self, unread_after))
            })?;
        }
        let side = batch.conversation(id)?.side(self.seat().role());
        Ok(ReadState {
            read_seq: side.read_seq,
            unread_count: side.unread,
            unread_total: batch.unread_growth(reader),
        })
    }

    fn complete(&self, answer: &mut ReadState, before: &Before) {
        answer.unread_total += before.unread_total(self.seat().user());
    }
}

impl Act for SettingsChange {
    type Answer = ConversationView;

    fn scope(&self, scope: &mut Scope) {
        let seat = self.seat();
        scope.conversations.insert(seat.conversation());
        if self.settings().blocked.is_some() {
            scope
                .pairs
                .insert(Scope::pair(seat.user(), seat.counterpart()));
        }
    }

    fn conversation(&self) -> Option<ConversationId> {
        Some(self.seat().conversation())
    }

    fn decide(&self, batch: &mut Batch<'_>) -> Result<ConversationView, Halt> {
        let seat = self.seat();
        batch.change(seat.conversation(), |conversation| {
            let told = conversation.configure(self);
            #[cfg(feature = "planted-bugs")]
            let told = if planted::is(Bug::SettingsUntold) {
                Vec::new()
            } else {
                told
            };
            Ok(told)
        })?;
        if let Some(blocking) = self.settings().blocked {
            batch.set_block(seat.user(), seat.counterpart(), blocking)?;
            for id in batch.between(seat.user(), seat.counterpart()) {
                batch.change(id, |conversation| {
                    let role = conversation.role_of(seat.user()).ok_or(Error::NotFound)?;
                    Ok(conversation.block(role, blocking))
                })?;
            }
        }
        batch.view(seat.conversation(), seat.role())
    }
}

/// How many messages one [`Farewell`] deletes at most, so that no act waits for long.
const AT_ONCE: i64 = 64;

/// Closes a conversation because one of its people is erased, and deletes that person's messages
/// if they are to go, some at a time.
#[derive(Debug)]
pub(crate) struct Farewell {
    pub(crate) conversation: ConversationId,
    pub(crate) user: UserId,
    pub(crate) fate: MessagesFate,
}

impl Act for Farewell {
    /// Whether there are more to delete.
    type Answer = bool;

    fn scope(&self, scope: &mut Scope) {
        scope.conversations.insert(self.conversation);
    }

    fn conversation(&self) -> Option<ConversationId> {
        Some(self.conversation)
    }

    fn decide(&self, batch: &mut Batch<'_>) -> Result<bool, Halt> {
        let now = batch.now;
        let seat = batch
            .conversation(self.conversation)?
            .participants()
            .seat_of(&self.user)?;
        batch.change(self.conversation, |conversation| Ok(conversation.close()))?;
        let (doomed, more) = match self.fate {
            MessagesFate::Keep => (BTreeSet::new(), false),
            MessagesFate::Delete => {
                batch.load_messages_of(self.conversation, &self.user, AT_ONCE)?
            }
        };
        for seq in doomed {
            let current = batch.message(self.conversation, seq)?.clone();
            batch.write(self.conversation, |conversation| {
                conversation.delete(&seat.delete(seq), &current, now)
            })?;
        }
        Ok(more)
    }
}
