//! The doors that a back end has to provide: a store of conversations, a directory of people and
//! products, accounts, and somebody who announces.
//!
//! One method is one atomic act: a transaction never leaves it. Implementers are bound by what each
//! method says of its guarantee, order, idempotency and errors. Every method may also fail with
//! [`Error::Overloaded`] (certainly nothing was stored) or [`Error::Failed`] (not known).

use std::future::Future;

use crate::{
    account::{Account, LoginSession, NewAccount, NewRefreshToken, Rotation, TokenDigest},
    account::{DisplayName, Email},
    directory::{MessagesFate, Product, Profile, User},
    error::Error,
    event::Delivery,
    id::{ConversationId, LoginId, Position, ProductId, UserId},
    message::Message,
    page::{
        EventPage, InboxPage, InboxQuery, MessagePage, SearchPage, SearchRequest, StreamHead,
        StreamHeads, UnreadTotals, Window,
    },
    seat::{Advance, Deletion, Draft, Edit, Opening, Participants, Seat, SettingsChange},
    timestamp::Timestamp,
    view::{Appended, ConversationView, Opened, ReadState},
};

/// The conversations, their messages, and each person's stream of events.
///
/// **Guarantee.** An act that is answered is durable. Its events are written in the same
/// transaction, one for each person that [`crate::event::Told`] names, numbered 1, 2, 3 … without a
/// gap in that person's stream, and handed to the [`Announcer`] after the commit.
///
/// **Order.** Acts on one conversation happen one after the other; each sees all that were answered
/// before it began. Rules are checked inside the transaction, by [`crate::Conversation`].
pub trait Conversations: Send + Sync + 'static {
    /// The two people of a conversation; they never change, so answers may be cached.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such conversation.
    fn participants(
        &self,
        conversation: ConversationId,
    ) -> impl Future<Output = Result<Participants, Error>> + Send;

    /// Starts a conversation or finds it, and sends its first message if there is one, all or nothing.
    /// Idempotent: buyer, seller and product name one conversation, a client id one message.
    ///
    /// # Errors
    /// [`Error::UnknownSeller`], [`Error::Blocked`], [`Error::ConversationClosed`],
    /// [`Error::IdempotencyMismatch`].
    fn open(&self, opening: Opening) -> impl Future<Output = Result<Opened, Error>> + Send;

    /// Appends a message. Idempotent by the sender and the client id: the same content in the same
    /// conversation is answered with the stored message and tells nobody anything. Of the messages of
    /// one conversation, the one whose future was polled first comes first.
    ///
    /// # Errors
    /// [`Error::IdempotencyMismatch`] when the client id was used for anything else (compared with
    /// the content first sent); [`Error::Blocked`], [`Error::ConversationClosed`].
    fn append(&self, draft: Draft) -> impl Future<Output = Result<Appended, Error>> + Send;

    /// Changes a message's text.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such message, and those of [`crate::Conversation::edit`].
    fn edit(&self, edit: Edit) -> impl Future<Output = Result<Message, Error>> + Send;

    /// Takes a message's content out, also out of the search. Idempotent.
    ///
    /// # Errors
    /// [`Error::NotFound`] when there is no such message; [`Error::Forbidden`].
    fn delete(&self, deletion: Deletion) -> impl Future<Output = Result<Message, Error>> + Send;

    /// Moves a cursor forward. Idempotent; one that would not move tells nobody anything.
    ///
    /// # Errors
    /// None of its own.
    fn advance(&self, advance: Advance) -> impl Future<Output = Result<ReadState, Error>> + Send;

    /// Changes a participant's own settings; a block is set in every conversation of the two people.
    ///
    /// # Errors
    /// None of its own.
    fn configure(
        &self,
        change: SettingsChange,
    ) -> impl Future<Output = Result<ConversationView, Error>> + Send;

    /// The conversation as the seat's holder sees it.
    ///
    /// # Errors
    /// None of its own.
    fn view(&self, seat: &Seat) -> impl Future<Output = Result<ConversationView, Error>> + Send;

    /// A page of a person's conversations, latest activity first. The head is read no later than the rows.
    ///
    /// # Errors
    /// None of its own.
    fn inbox(
        &self,
        user: &UserId,
        query: InboxQuery,
    ) -> impl Future<Output = Result<InboxPage, Error>> + Send;

    /// At most `limit` messages of a conversation, in rising order.
    ///
    /// # Errors
    /// None of its own.
    fn window(
        &self,
        seat: &Seat,
        window: Window,
        limit: usize,
    ) -> impl Future<Output = Result<MessagePage, Error>> + Send;

    /// A page of messages of a person's conversations that match, latest first. Deleted ones never do.
    ///
    /// # Errors
    /// None of its own.
    fn search(
        &self,
        user: &UserId,
        request: SearchRequest,
    ) -> impl Future<Output = Result<SearchPage, Error>> + Send;

    /// What a person has not read: exact, equal to a recount.
    ///
    /// # Errors
    /// None of its own.
    fn unread(&self, user: &UserId) -> impl Future<Output = Result<UnreadTotals, Error>> + Send;

    /// Where a person's stream stands.
    ///
    /// # Errors
    /// None of its own.
    fn head(&self, user: &UserId) -> impl Future<Output = Result<StreamHead, Error>> + Send;

    /// Where the streams of many people stand; nothing about those who have none.
    ///
    /// # Errors
    /// None of its own.
    fn heads(&self, users: Vec<UserId>) -> impl Future<Output = Result<StreamHeads, Error>> + Send;

    /// At most `limit` events after `since`, in order and without a gap, each with its object as it
    /// is now.
    ///
    /// # Errors
    /// [`Error::Resync`] when the log no longer holds the one after `since`, or `since` is ahead of
    /// the head.
    fn events(
        &self,
        user: &UserId,
        since: Position,
        limit: usize,
    ) -> impl Future<Output = Result<EventPage, Error>> + Send;
}

/// A person who shows a token, as the token describes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Introduction {
    /// The marketplace's id.
    pub id: UserId,
    /// What to call them, if it says so.
    pub display_name: Option<DisplayName>,
    /// Where a picture is, if it says so.
    pub avatar_url: Option<String>,
    /// When the token was issued.
    pub issued_at: Timestamp,
}

/// The marketplace's people and products.
pub trait Directory: Send + Sync + 'static {
    /// The person whom a valid token names, made at first sight. `None` when the token is from
    /// before that person was erased.
    ///
    /// # Errors
    /// None of its own.
    fn meet(
        &self,
        introduction: Introduction,
    ) -> impl Future<Output = Result<Option<User>, Error>> + Send;

    /// A person, erased ones too. May be as old as a cache keeps it: a minute at most.
    ///
    /// # Errors
    /// None of its own.
    fn user(&self, id: &UserId) -> impl Future<Output = Result<Option<User>, Error>> + Send;

    /// Writes down what the marketplace says about a person. Idempotent.
    ///
    /// # Errors
    /// None of its own.
    fn put_user(&self, profile: Profile) -> impl Future<Output = Result<User, Error>> + Send;

    /// A product that the marketplace has described.
    ///
    /// # Errors
    /// None of its own.
    fn product(
        &self,
        id: &ProductId,
    ) -> impl Future<Output = Result<Option<Product>, Error>> + Send;

    /// Writes down what the marketplace says about a product. Idempotent.
    ///
    /// # Errors
    /// None of its own.
    fn put_product(&self, product: Product) -> impl Future<Output = Result<Product, Error>> + Send;

    /// Erases a person: profile, account, logins, and their connections by [`Announcer::erased`]; then
    /// their conversations are closed, and their messages stay or go. Idempotent, and safe to repeat
    /// when it was interrupted.
    ///
    /// # Errors
    /// [`Error::NotFound`] when nobody has this id.
    fn erase(
        &self,
        id: &UserId,
        fate: MessagesFate,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Those of these people who were erased; read from the store, past any cache.
    ///
    /// # Errors
    /// None of its own.
    fn erased_among(
        &self,
        users: Vec<UserId>,
    ) -> impl Future<Output = Result<Vec<UserId>, Error>> + Send;

    /// Notes when a person was last connected.
    ///
    /// # Errors
    /// None of its own.
    fn note_seen(
        &self,
        id: &UserId,
        at: Timestamp,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// When a person was last connected, if ever noted.
    ///
    /// # Errors
    /// None of its own.
    fn last_seen(
        &self,
        id: &UserId,
    ) -> impl Future<Output = Result<Option<Timestamp>, Error>> + Send;
}

/// Local accounts and their logins. Tokens are kept as digests only.
pub trait Accounts: Send + Sync + 'static {
    /// Makes an account and its person.
    ///
    /// # Errors
    /// [`Error::EmailTaken`].
    fn register(&self, account: NewAccount) -> impl Future<Output = Result<User, Error>> + Send;

    /// The account of an address.
    ///
    /// # Errors
    /// None of its own.
    fn account(&self, email: &Email)
    -> impl Future<Output = Result<Option<Account>, Error>> + Send;

    /// Replaces a password's hash with one of today's strength.
    ///
    /// # Errors
    /// None of its own.
    fn rehash(
        &self,
        user: &UserId,
        password_hash: String,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Begins a login with its first refresh token.
    ///
    /// # Errors
    /// [`Error::NotFound`] when the person has no account (any more).
    fn begin_login(
        &self,
        login: LoginSession,
        token: NewRefreshToken,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Trades a refresh token for the next one. Of several at the same time exactly one wins; the
    /// others count as reuse, which revokes the family.
    ///
    /// # Errors
    /// None of its own: refusals are [`Rotation`]s.
    fn rotate(
        &self,
        old: TokenDigest,
        new: NewRefreshToken,
        now: Timestamp,
    ) -> impl Future<Output = Result<Rotation, Error>> + Send;

    /// Revokes the family of a refresh token; `None` when the token is not known. Idempotent.
    ///
    /// # Errors
    /// None of its own.
    fn end_login(
        &self,
        token: TokenDigest,
    ) -> impl Future<Output = Result<Option<LoginSession>, Error>> + Send;

    /// Whether a login has not been revoked. May be as old as a cache keeps it: 5 seconds at most.
    ///
    /// # Errors
    /// None of its own.
    fn is_live(&self, login: LoginId) -> impl Future<Output = Result<bool, Error>> + Send;

    /// Those of these logins that were revoked or never were; read from the store, past any cache.
    ///
    /// # Errors
    /// None of its own.
    fn revoked_among(
        &self,
        logins: Vec<LoginId>,
    ) -> impl Future<Output = Result<Vec<LoginId>, Error>> + Send;
}

/// Somebody who passes events on to the people who are connected.
///
/// **Guarantee.** None: what is announced is a hint, the log in the store is the truth.
/// **Order.** A store announces after each commit, to each person in the order of positions; what comes late all the
/// same is known by its position.
/// An implementation returns at once and never waits for a receiver.
pub trait Announcer: Send + Sync + 'static {
    /// Passes on what one commit brought, in the order of each person's positions.
    fn announce(&self, deliveries: Vec<Delivery>);

    /// Says that something may have been committed that was not announced: the answer to a commit
    /// was lost. Whoever may be concerned is to be looked for in the log.
    fn unsure(&self);

    /// Says that a person was erased: whoever is connected as them is to be sent away.
    fn erased(&self, user: &UserId);

    /// Says that the directory has other words about a person: whoever keeps the old ones is to forget them.
    fn profile_changed(&self, user: &UserId);
}
