//! Who may say what to whom: participants, seats, and the conversation that decides.
//!
//! A checked rule leaves a value behind. Only [`Participants::seat_of`] gives a [`Seat`]; only a seat
//! writes a [`Draft`], an [`Edit`] and the like; a [`Conversation`] and every store take nothing else.
//! So nobody can forget to ask whether the caller takes part.

use crate::{
    content::Content,
    directory::{Product, User},
    error::{Error, Fault},
    event::{Fact, Told},
    id::{ClientId, ConversationId, ProductId, Revision, Seq, UserId},
    message::{EDIT_WINDOW, Message, Status},
    timestamp::Timestamp,
};

/// One of the two sides of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Who asks about the product.
    Buyer,
    /// Who offers it.
    Seller,
}

impl Role {
    /// The other side.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Buyer => Self::Seller,
            Self::Seller => Self::Buyer,
        }
    }
}

/// The two people of a conversation. They never change, so this may be kept for as long as one likes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Participants {
    /// Which conversation.
    pub conversation: ConversationId,
    /// Who asks.
    pub buyer: UserId,
    /// Who offers.
    pub seller: UserId,
}

impl Participants {
    /// The seat of a user in this conversation.
    ///
    /// # Errors
    /// [`Error::NotFound`] for everybody else: an outsider is not told that the conversation exists.
    pub fn seat_of(&self, user: &UserId) -> Result<Seat, Error> {
        let (role, counterpart) = if *user == self.buyer {
            (Role::Buyer, &self.seller)
        } else if *user == self.seller {
            (Role::Seller, &self.buyer)
        } else {
            return Err(Error::NotFound);
        };
        Ok(Seat {
            conversation: self.conversation,
            role,
            user: user.clone(),
            counterpart: counterpart.clone(),
        })
    }
}

/// The proof that a user takes part in a conversation, and the only pen to write there with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seat {
    conversation: ConversationId,
    role: Role,
    user: UserId,
    counterpart: UserId,
}

impl Seat {
    /// The conversation it stands in.
    pub const fn conversation(&self) -> ConversationId {
        self.conversation
    }

    /// The side it stands on.
    pub const fn role(&self) -> Role {
        self.role
    }

    /// Who sits here.
    pub const fn user(&self) -> &UserId {
        &self.user
    }

    /// Who sits opposite.
    pub const fn counterpart(&self) -> &UserId {
        &self.counterpart
    }

    /// A message to be sent from here.
    ///
    /// # Errors
    /// [`Error::Invalid`] with `unsupported_content` for kinds that only the service writes.
    pub fn write(&self, client_id: ClientId, content: Content) -> Result<Draft, Error> {
        Ok(Draft {
            seat: self.clone(),
            client_id,
            content: written_by_people(content)?,
        })
    }

    /// A new text for one's own message, which the caller last saw at `revision`.
    ///
    /// # Errors
    /// [`Error::Invalid`] with `unsupported_content` for kinds that only the service writes.
    pub fn edit(&self, seq: Seq, revision: Revision, content: Content) -> Result<Edit, Error> {
        Ok(Edit {
            seat: self.clone(),
            seq,
            revision,
            content: written_by_people(content)?,
        })
    }

    /// The wish that one's own message be gone.
    pub fn delete(&self, seq: Seq) -> Deletion {
        Deletion {
            seat: self.clone(),
            seq,
        }
    }

    /// The word that this user has, or has read, everything up to `seq`.
    pub fn advance(&self, cursor: Cursor, seq: Seq) -> Advance {
        Advance {
            seat: self.clone(),
            cursor,
            seq,
        }
    }

    /// A change of this user's own settings.
    pub fn set(&self, settings: Settings) -> SettingsChange {
        SettingsChange {
            seat: self.clone(),
            settings,
        }
    }
}

fn written_by_people(content: Content) -> Result<Content, Error> {
    match content {
        Content::Text(_) => Ok(content),
        Content::System { .. } | Content::Deleted => Err(Error::field(
            "content.kind",
            Fault::unsupported("only the service itself writes this kind of content"),
        )),
    }
}

/// A message that a participant wants to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    seat: Seat,
    client_id: ClientId,
    content: Content,
}

impl Draft {
    /// Who sends, and where.
    pub const fn seat(&self) -> &Seat {
        &self.seat
    }

    /// By which a retry is known.
    pub const fn client_id(&self) -> ClientId {
        self.client_id
    }

    /// What is to be said.
    pub const fn content(&self) -> &Content {
        &self.content
    }
}

/// A new text for a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    seat: Seat,
    seq: Seq,
    revision: Revision,
    content: Content,
}

impl Edit {
    /// Who edits, and where.
    pub const fn seat(&self) -> &Seat {
        &self.seat
    }

    /// Which message.
    pub const fn seq(&self) -> Seq {
        self.seq
    }
}

/// The wish that a message be gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deletion {
    seat: Seat,
    seq: Seq,
}

impl Deletion {
    /// Who deletes, and where.
    pub const fn seat(&self) -> &Seat {
        &self.seat
    }

    /// Which message.
    pub const fn seq(&self) -> Seq {
        self.seq
    }
}

/// Which of a participant's two cursors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cursor {
    /// What a device of theirs has.
    Delivered,
    /// What they have read, which they then also have.
    Read,
}

/// The word that a cursor is at `seq`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advance {
    seat: Seat,
    cursor: Cursor,
    seq: Seq,
}

impl Advance {
    /// Whose cursor, and where.
    pub const fn seat(&self) -> &Seat {
        &self.seat
    }

    /// Which cursor.
    pub const fn cursor(&self) -> Cursor {
        self.cursor
    }
}

/// A participant's own settings; `None` leaves one as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Settings {
    /// Out of the inbox, until the next message of the counterpart.
    pub archived: Option<bool>,
    /// Not counted in the badge.
    pub muted: Option<bool>,
    /// No messages between the two people, in any conversation.
    pub blocked: Option<bool>,
}

/// A change of a participant's own settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsChange {
    seat: Seat,
    settings: Settings,
}

impl SettingsChange {
    /// Whose settings, and where.
    pub const fn seat(&self) -> &Seat {
        &self.seat
    }

    /// What they should be.
    pub const fn settings(&self) -> Settings {
        self.settings
    }
}

/// The wish of a buyer to talk to a seller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    buyer: UserId,
    seller: UserId,
    product: Option<ProductId>,
    first: Option<(ClientId, Content)>,
}

impl Opening {
    /// A conversation of `buyer` with `seller` about `product`, and perhaps its first message.
    ///
    /// # Errors
    /// [`Error::SelfConversation`] when the two are one person; [`Error::Invalid`] when the first
    /// message is of a kind that only the service writes.
    pub fn new(
        buyer: UserId,
        seller: UserId,
        product: Option<ProductId>,
        first: Option<(ClientId, Content)>,
    ) -> Result<Self, Error> {
        if buyer == seller {
            return Err(Error::SelfConversation);
        }
        let first = first
            .map(|(client_id, content)| {
                written_by_people(content).map(|content| (client_id, content))
            })
            .transpose()?;
        Ok(Self {
            buyer,
            seller,
            product,
            first,
        })
    }

    /// Who asks.
    pub const fn buyer(&self) -> &UserId {
        &self.buyer
    }

    /// Who is asked.
    pub const fn seller(&self) -> &UserId {
        &self.seller
    }

    /// About what.
    pub const fn product(&self) -> Option<&ProductId> {
        self.product.as_ref()
    }

    /// By which a retry of the first message is known.
    pub fn first_client_id(&self) -> Option<ClientId> {
        self.first.as_ref().map(|(client_id, _)| *client_id)
    }

    /// The first message, once the conversation is there.
    pub fn draft(&self, conversation: &Conversation) -> Option<Draft> {
        let (client_id, content) = self.first.clone()?;
        let seat = conversation.participants().seat_of(&self.buyer).ok()?;
        Some(Draft {
            seat,
            client_id,
            content,
        })
    }
}

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
            product: opening.product.clone(),
            buyer: Side::fresh(opening.buyer.clone()),
            seller: Side::fresh(opening.seller.clone()),
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
        self.participants().seat_of(user).ok().map(|seat| seat.role)
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
        let receiving = draft.seat.role.other();
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
            client_id: draft.client_id,
            sender: draft.seat.user.clone(),
            content: draft.content.clone(),
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
    /// or is deleted; [`Error::EditWindowOver`]; and, since an edit says new words,
    /// [`Error::ConversationClosed`] and [`Error::Blocked`].
    pub fn edit(
        &self,
        edit: &Edit,
        current: &Message,
        now: Timestamp,
    ) -> Result<(Message, Vec<Told>), Error> {
        if current.sender != edit.seat.user {
            return Err(Error::Forbidden);
        }
        if current.is_deleted() || current.revision != edit.revision {
            return Err(Error::StaleRevision);
        }
        if now.since(current.created_at) > EDIT_WINDOW {
            return Err(Error::EditWindowOver);
        }
        self.admits_words()?;
        let message = Message {
            revision: current.revision.next(),
            content: edit.content.clone(),
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
        if current.sender != deletion.seat.user {
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
        let receiver = self.side_mut(deletion.seat.role.other());
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
        let side = self.side(advance.seat.role);
        let target = advance.seq.min(self.last_seq);
        let present = match advance.cursor {
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
        let role = advance.seat.role;
        let side = self.side_mut(role);
        side.delivered_seq = side.delivered_seq.max(target);
        if advance.cursor == Cursor::Read {
            side.read_seq = target;
            side.unread = unread_after;
        }
        vec![Told::both(Fact::CursorMoved(role))]
    }

    /// Changes a participant's own settings of this conversation; a block is [`Self::block`]'s.
    pub fn configure(&mut self, change: &SettingsChange) -> Vec<Told> {
        let role = change.seat.role;
        let side = self.side_mut(role);
        let before = (side.archived, side.muted);
        side.archived = change.settings.archived.unwrap_or(side.archived);
        side.muted = change.settings.muted.unwrap_or(side.muted);
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

/// Who blocks, as one participant sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blocked {
    /// Nobody.
    No,
    /// The one who looks (whether or not the other does too).
    ByMe,
    /// The other one.
    ByCounterpart,
}

/// A conversation as one of its participants sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConversationView {
    /// Its id.
    pub id: ConversationId,
    /// What it is about.
    pub product: Option<Product>,
    /// The viewer's side.
    pub role: Role,
    /// The other person.
    pub counterpart: User,
    /// The newest message's place; zero when there is none.
    pub last_seq: Seq,
    /// The newest message.
    pub last_message: Option<Message>,
    /// When it was started or last written in.
    pub last_activity_at: Timestamp,
    /// When it was started.
    pub created_at: Timestamp,
    /// Up to where the viewer has read.
    pub read_seq: Seq,
    /// Up to where the viewer's devices have it.
    pub delivered_seq: Seq,
    /// Up to where the other has read.
    pub counterpart_read_seq: Seq,
    /// Up to where the other's devices have it.
    pub counterpart_delivered_seq: Seq,
    /// The counterpart's messages after `read_seq` that are not deleted.
    pub unread_count: i64,
    /// Out of the viewer's inbox.
    pub archived: bool,
    /// Not counted in the viewer's badge.
    pub muted: bool,
    /// Who blocks.
    pub blocked: Blocked,
    /// One of the two is gone for good.
    pub closed: bool,
}

impl ConversationView {
    /// What `role` sees of a conversation, with the directory's words about the others.
    pub fn of(
        conversation: &Conversation,
        role: Role,
        product: Option<Product>,
        counterpart: User,
        last_message: Option<Message>,
    ) -> Self {
        let (mine, theirs) = (conversation.side(role), conversation.side(role.other()));
        Self {
            id: conversation.id,
            product,
            role,
            counterpart,
            last_seq: conversation.last_seq,
            last_message,
            last_activity_at: conversation.last_activity_at,
            created_at: conversation.created_at,
            read_seq: mine.read_seq,
            delivered_seq: mine.delivered_seq,
            counterpart_read_seq: theirs.read_seq,
            counterpart_delivered_seq: theirs.delivered_seq,
            unread_count: mine.unread,
            archived: mine.archived,
            muted: mine.muted,
            blocked: match (mine.blocking, theirs.blocking) {
                (true, _) => Blocked::ByMe,
                (false, true) => Blocked::ByCounterpart,
                (false, false) => Blocked::No,
            },
            closed: conversation.closed,
        }
    }
}

/// The answer to an [`Opening`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// The conversation, as the buyer sees it.
    pub conversation: ConversationView,
    /// Whether it is new.
    pub created: bool,
    /// The first message, when there was to be one.
    pub message: Option<Message>,
}

/// The answer to a [`Draft`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The message: as just stored or, for a retry, as it is now.
    pub message: Message,
    /// Whether it had been stored before.
    pub duplicate: bool,
}

/// The answer to an [`Advance`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadState {
    /// Where the read cursor stands.
    pub read_seq: Seq,
    /// What is left unread in the conversation.
    pub unread_count: i64,
    /// What is left unread in all conversations that are neither archived nor muted.
    pub unread_total: i64,
}
