//! The conversation that decides: all that may happen in it, and who is told.

use crate::{
    content::Content,
    error::{Error, Fault},
    event::{Fact, Told},
    id::{ConversationId, ProductId, Revision, Seq, UserId},
    message::{EDIT_WINDOW, Message, Status},
    seat::{Advance, Cursor, Deletion, Draft, Edit, Opening, Participants, Role, SettingsChange},
    timestamp::Timestamp,
};

/// What a conversation keeps for each of its two participants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Side {
    /// Who sits here.
    pub user: UserId,
    /// Up to where they have read.
    pub read_seq: Seq,
    /// Up to where a device of theirs has the messages; never below `read_seq`.
    pub delivered_seq: Seq,
    /// The counterpart's messages after `read_seq` that are not deleted: always equal to a recount.
    pub unread: i64,
    /// Out of the inbox.
    pub archived: bool,
    /// Not counted in the badge.
    pub muted: bool,
    /// Wants no messages between the two.
    pub blocking: bool,
}

impl Side {
    /// The side of a user for whom nothing has happened yet.
    pub const fn fresh(user: UserId) -> Self {
        Self {
            user,
            read_seq: Seq::ZERO,
            delivered_seq: Seq::ZERO,
            unread: 0,
            archived: false,
            muted: false,
            blocking: false,
        }
    }

    /// What this conversation adds to the user's badge.
    pub const fn badge(&self) -> i64 {
        if self.archived || self.muted {
            0
        } else {
            self.unread
        }
    }
}

/// A conversation of a buyer with a seller about a product: the rules of all that may happen in it.
///
/// Its methods decide and change this value only. A store calls them while it holds the
/// conversation's lock, and writes down what they gave back in the same transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// What it is about.
    pub product: Option<ProductId>,
    /// Who asks.
    pub buyer: Side,
    /// Who offers.
    pub seller: Side,
    /// The newest message's place; zero when there is none.
    pub last_seq: Seq,
    /// When it was started or last written in: what the inbox is sorted by.
    pub last_activity_at: Timestamp,
    /// When it was started.
    pub created_at: Timestamp,
    /// One of the two is gone for good.
    pub closed: bool,
}

impl Conversation {
    /// Starts one. `blocks` says whether the buyer blocks the seller, and the seller the buyer.
    ///
    /// # Errors
    /// [`Error::Blocked`] when either does: a block is not evaded by asking about another product.
    pub fn open(
        opening: &Opening,
        id: ConversationId,
        (buyer_blocks, seller_blocks): (bool, bool),
        now: Timestamp,
    ) -> Result<(Self, Vec<Told>), Error> {
        if buyer_blocks || seller_blocks {
            return Err(Error::Blocked);
        }
        let conversation = Self {
            id,
            product: opening.product().cloned(),
            buyer: Side::fresh(opening.buyer().clone()),
            seller: Side::fresh(opening.seller().clone()),
            last_seq: Seq::ZERO,
            last_activity_at: now,
            created_at: now,
            closed: false,
        };
        Ok((conversation, vec![Told::both(Fact::ConversationCreated)]))
    }

    /// Its two people.
    pub fn participants(&self) -> Participants {
        Participants {
            conversation: self.id,
            buyer: self.buyer.user.clone(),
            seller: self.seller.user.clone(),
        }
    }

    /// One side.
    pub const fn side(&self, role: Role) -> &Side {
        match role {
            Role::Buyer => &self.buyer,
            Role::Seller => &self.seller,
        }
    }

    const fn side_mut(&mut self, role: Role) -> &mut Side {
        match role {
            Role::Buyer => &mut self.buyer,
            Role::Seller => &mut self.seller,
        }
    }

    /// The side that a user is on.
    pub fn role_of(&self, user: &UserId) -> Option<Role> {
        self.participants()
            .seat_of(user)
            .ok()
            .map(|seat| seat.role())
    }

    /// How far a message has come that `sender` wrote at `seq`, by the receiver's cursors.
    pub fn status_of(&self, sender: &UserId, seq: Seq) -> Status {
        let receiver = if *sender == self.buyer.user {
            &self.seller
        } else {
            &self.buyer
        };
        if receiver.read_seq >= seq {
            Status::Read
        } else if receiver.delivered_seq >= seq {
            Status::Delivered
        } else {
            Status::Sent
        }
    }

    /// Whether new words may pass between the two.
    fn admits_words(&self) -> Result<(), Error> {
        if self.closed {
            return Err(Error::ConversationClosed);
        }
        if self.buyer.blocking || self.seller.blocking {
            return Err(Error::Blocked);
        }
        Ok(())
    }

    /// Appends a message. It counts as unread for the receiver and comes out of their archive.
    /// Sending moves no cursor.
    ///
    /// A store first looks whether the client id was used before: a retry is answered whatever
    /// has happened since, and never comes here.
    ///
    /// # Errors
    /// [`Error::ConversationClosed`], [`Error::Blocked`].
    pub fn append(&mut self, draft: &Draft, now: Timestamp) -> Result<(Message, Vec<Told>), Error> {
        self.admits_words()?;
        let seq = self.last_seq.next();
        self.last_seq = seq;
        self.last_activity_at = now;
        let receiving = draft.seat().role().other();
        let receiver = self.side_mut(receiving);
        receiver.unread = receiver.unread.saturating_add(1);
        let mut told = vec![Told::both(Fact::MessageCreated(seq))];
        if receiver.archived {
            receiver.archived = false;
            told.push(Told::only(receiving, Fact::ConversationUpdated));
        }
        let message = Message {
            conversation: self.id,
            seq,
            revision: Revision::ZERO.next(),
            client_id: draft.client_id(),
            sender: draft.seat().user().clone(),
            content: draft.content().clone(),
            created_at: now,
            edited_at: None,
            deleted_at: None,
            status: Status::Sent,
        };
        Ok((message, told))
    }

    /// Gives one's own message another text, within [`EDIT_WINDOW`].
    ///
    /// # Errors
    /// [`Error::Forbidden`] for another's message; [`Error::StaleRevision`] when it has changed since
    /// or is deleted; [`Error::Invalid`] when it is of another kind; [`Error::EditWindowOver`]; and, since an edit says new words,
    /// [`Error::ConversationClosed`] and [`Error::Blocked`].
    pub fn edit(
        &self,
        edit: &Edit,
        current: &Message,
        now: Timestamp,
    ) -> Result<(Message, Vec<Told>), Error> {
        if current.sender != *edit.seat().user() {
            return Err(Error::Forbidden);
        }
        if current.is_deleted() || current.revision != edit.revision() {
            return Err(Error::StaleRevision);
        }
        if current.content.kind() != edit.content().kind() {
            return Err(Error::field(
                "content.kind",
                Fault::unsupported("an edit does not change a message's kind"),
            ));
        }
        if now.since(current.created_at) > EDIT_WINDOW {
            return Err(Error::EditWindowOver);
        }
        self.admits_words()?;
        let message = Message {
            revision: current.revision.next(),
            content: edit.content().clone(),
            edited_at: Some(now),
            status: self.status_of(&current.sender, current.seq),
            ..current.clone()
        };
        Ok((message, vec![Told::both(Fact::MessageUpdated(current.seq))]))
    }

    /// Takes the content out of one's own message, at any time. A message that is already deleted
    /// is given back as it is, with nothing to tell.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for another's message.
    pub fn delete(
        &mut self,
        deletion: &Deletion,
        current: &Message,
        now: Timestamp,
    ) -> Result<(Message, Vec<Told>), Error> {
        if current.sender != *deletion.seat().user() {
            return Err(Error::Forbidden);
        }
        let status = self.status_of(&current.sender, current.seq);
        if current.is_deleted() {
            return Ok((
                Message {
                    status,
                    ..current.clone()
                },
                Vec::new(),
            ));
        }
        let receiver = self.side_mut(deletion.seat().role().other());
        if current.seq > receiver.read_seq {
            receiver.unread = receiver.unread.saturating_sub(1).max(0);
        }
        let message = Message {
            revision: current.revision.next(),
            content: Content::Deleted,
            deleted_at: Some(now),
            status,
            ..current.clone()
        };
        Ok((message, vec![Told::both(Fact::MessageUpdated(current.seq))]))
    }

    /// Where a cursor would come to stand: never back, never past the newest message.
    /// `None` when it would not move.
    pub fn target(&self, advance: &Advance) -> Option<Seq> {
        let side = self.side(advance.seat().role());
        let target = advance.seq().min(self.last_seq);
        let present = match advance.cursor() {
            Cursor::Delivered => side.delivered_seq,
            Cursor::Read => side.read_seq,
        };
        (target > present).then_some(target)
    }

    /// Moves a cursor to its [`Self::target`]. For the read cursor, `unread_after` is the number of
    /// the counterpart's messages after the target that are not deleted.
    pub fn advance(&mut self, advance: &Advance, unread_after: i64) -> Vec<Told> {
        let Some(target) = self.target(advance) else {
            return Vec::new();
        };
        let role = advance.seat().role();
        let side = self.side_mut(role);
        side.delivered_seq = side.delivered_seq.max(target);
        if advance.cursor() == Cursor::Read {
            side.read_seq = target;
            side.unread = unread_after;
        }
        vec![Told::both(Fact::CursorMoved(role))]
    }

    /// Changes a participant's own settings of this conversation; a block is [`Self::block`]'s.
    pub fn configure(&mut self, change: &SettingsChange) -> Vec<Told> {
        let role = change.seat().role();
        let side = self.side_mut(role);
        let before = (side.archived, side.muted);
        side.archived = change.settings().archived.unwrap_or(side.archived);
        side.muted = change.settings().muted.unwrap_or(side.muted);
        if before == (side.archived, side.muted) {
            Vec::new()
        } else {
            vec![Told::only(role, Fact::ConversationUpdated)]
        }
    }

    /// Sets whether a participant blocks the other. A block is between two people: a store does
    /// this to every conversation that they share.
    pub fn block(&mut self, role: Role, blocking: bool) -> Vec<Told> {
        let side = self.side_mut(role);
        if side.blocking == blocking {
            return Vec::new();
        }
        side.blocking = blocking;
        vec![Told::both(Fact::ConversationUpdated)]
    }

    /// Closes it for good, because one of the two is gone.
    pub fn close(&mut self) -> Vec<Told> {
        if self.closed {
            return Vec::new();
        }
        self.closed = true;
        vec![Told::both(Fact::ConversationUpdated)]
    }
}
