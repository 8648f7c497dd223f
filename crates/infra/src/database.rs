//! The store: one writer, many readers, on PostgreSQL or SQLite.
#![allow(unused, missing_docs, clippy::all, reason = "skeleton")]
use messaging_domain::page::*;
use messaging_domain::*;
use std::path::PathBuf;
use std::sync::Arc;

/// Which database, by its URL: `sqlite://PATH` or `postgres://…`; any other scheme is refused.
#[derive(Debug, Clone)]
pub struct DatabaseUrl(String);
impl DatabaseUrl {
    /// # Errors
    pub fn parse(url: &str) -> Result<Self, String> {
        Ok(Self(url.to_owned()))
    }
}

/// How to open a database.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    pub url: DatabaseUrl,
    /// Reading connections.
    pub readers: u32,
    /// Acts that may wait for the writer.
    pub queue: usize,
}

/// The store. Cheap to clone. Implements `Conversations`, `Directory` and `Accounts`.
#[derive(Debug, Clone)]
pub struct Database;

impl Database {
    /// Opens it, applies pending migrations, starts the writer. Blocking: call before the server starts or in spawn_blocking.
    /// # Errors
    pub fn open(
        settings: &DatabaseSettings,
        announcer: Arc<dyn Announcer>,
    ) -> Result<Self, Failure> {
        todo!()
    }
    /// Applies pending migrations and returns their names (`messaging migrate`).
    /// # Errors
    pub fn migrate(url: &DatabaseUrl) -> Result<Vec<String>, Failure> {
        todo!()
    }
    /// Whether a query can be answered now (for /readyz); within 2 s.
    pub async fn is_ready(&self) -> bool {
        todo!()
    }
    /// True when no user, conversation or product is stored (demo data is then seeded).
    pub async fn is_empty(&self) -> Result<bool, Error> {
        todo!()
    }
    /// Stops taking acts, finishes what is being written, and waits for the writer thread. Blocking.
    pub fn close(&self) {
        todo!()
    }
}

impl Conversations for Database {
    async fn participants(&self, conversation: ConversationId) -> Result<Participants, Error> {
        todo!()
    }
    async fn open(&self, opening: Opening) -> Result<Opened, Error> {
        todo!()
    }
    async fn append(&self, draft: Draft) -> Result<Appended, Error> {
        todo!()
    }
    async fn edit(&self, edit: Edit) -> Result<Message, Error> {
        todo!()
    }
    async fn delete(&self, deletion: Deletion) -> Result<Message, Error> {
        todo!()
    }
    async fn advance(&self, advance: Advance) -> Result<ReadState, Error> {
        todo!()
    }
    async fn configure(&self, change: SettingsChange) -> Result<ConversationView, Error> {
        todo!()
    }
    async fn view(&self, seat: &Seat) -> Result<ConversationView, Error> {
        todo!()
    }
    async fn inbox(&self, user: &UserId, query: InboxQuery) -> Result<InboxPage, Error> {
        todo!()
    }
    async fn window(
        &self,
        seat: &Seat,
        window: Window,
        limit: usize,
    ) -> Result<MessagePage, Error> {
        todo!()
    }
    async fn search(&self, user: &UserId, request: SearchRequest) -> Result<SearchPage, Error> {
        todo!()
    }
    async fn unread(&self, user: &UserId) -> Result<UnreadTotals, Error> {
        todo!()
    }
    async fn head(&self, user: &UserId) -> Result<StreamHead, Error> {
        todo!()
    }
    async fn events(
        &self,
        user: &UserId,
        since: Position,
        limit: usize,
    ) -> Result<EventPage, Error> {
        todo!()
    }
}
impl Directory for Database {
    async fn meet(&self, introduction: Introduction) -> Result<Option<User>, Error> {
        todo!()
    }
    async fn user(&self, id: &UserId) -> Result<Option<User>, Error> {
        todo!()
    }
    async fn put_user(&self, profile: Profile) -> Result<User, Error> {
        todo!()
    }
    async fn product(&self, id: &ProductId) -> Result<Option<Product>, Error> {
        todo!()
    }
    async fn put_product(&self, product: Product) -> Result<Product, Error> {
        todo!()
    }
    async fn erase(&self, id: &UserId, fate: MessagesFate) -> Result<(), Error> {
        todo!()
    }
    async fn note_seen(&self, id: &UserId, at: Timestamp) -> Result<(), Error> {
        todo!()
    }
    async fn last_seen(&self, id: &UserId) -> Result<Option<Timestamp>, Error> {
        todo!()
    }
}
impl Accounts for Database {
    async fn register(&self, account: NewAccount) -> Result<User, Error> {
        todo!()
    }
    async fn account(&self, email: &Email) -> Result<Option<Account>, Error> {
        todo!()
    }
    async fn rehash(&self, user: &UserId, password_hash: String) -> Result<(), Error> {
        todo!()
    }
    async fn begin_login(&self, login: LoginSession, token: NewRefreshToken) -> Result<(), Error> {
        todo!()
    }
    async fn rotate(
        &self,
        old: TokenDigest,
        new: NewRefreshToken,
        now: Timestamp,
    ) -> Result<Rotation, Error> {
        todo!()
    }
    async fn end_login(&self, token: TokenDigest) -> Result<Option<LoginSession>, Error> {
        todo!()
    }
    async fn is_live(&self, login: LoginId) -> Result<bool, Error> {
        todo!()
    }
}
