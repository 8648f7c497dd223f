//! Who may say what to whom: participants, seats, and what is written from a seat.
//!
//! A checked rule leaves a value behind. Only [`Participants::seat_of`] gives a [`Seat`]; only a seat
//! writes a [`Draft`], an [`Edit`] and the like; a [`Conversation`] and every store take nothing else.
//! So nobody can forget to ask whether the caller takes part.

use crate::{
    content::Content,
    conversation::Conversation,
    error::{Error, Fault},
    id::{ClientId, ConversationId, ProductId, Revision, Seq, UserId},
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

    /// What the caller last saw of it.
    pub const fn revision(&self) -> Revision {
        self.revision
    }

    /// What it should say.
    pub const fn content(&self) -> &Content {
        &self.content
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

    /// Up to where.
    pub const fn seq(&self) -> Seq {
        self.seq
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
