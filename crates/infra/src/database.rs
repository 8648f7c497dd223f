//! The store: one writer and a pool of readers, behind the domain's ports.

use std::{
    collections::HashSet,
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use diesel::prelude::*;
use messaging_domain::{
    Account, Accounts, Advance, Announcer, Appended, ConversationId, ConversationView,
    Conversations, Deletion, Directory, Draft, Edit, Email, Epoch, Error, EventPage, Failure,
    InboxCursor, InboxPage, InboxQuery, Introduction, LoginId, LoginSession, Message, MessagePage,
    MessagesFate, NewAccount, NewRefreshToken, Opened, Opening, Participants, Position, Product,
    ProductId, Profile, ReadState, Rotation, SearchCursor, SearchHit, SearchPage, SearchRequest,
    Seat, Seq, SettingsChange, StreamHead, Timestamp, TokenDigest, UnreadTotals, User, UserId,
    Window,
};
use moka::sync::Cache;

use crate::{
    accounts::{self, BeginLogin, EndLogin, Rehash, Rotate},
    acts::Farewell,
    connection::{self, Conn, DatabaseUrl, Purpose, Readers},
    conversations::{self, Latest, Words},
    directory::{self, Erasure, Known, Seen, UserCache},
    failure::{self, Halt},
    log,
    maintenance::Prune,
    migrations, search,
    writer::Writer,
};

/// How to open a database.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// Which one.
    pub url: DatabaseUrl,
    /// Reading connections.
    pub readers: u32,
    /// Acts that may wait for the writer; one more is refused as overload.
    pub queue: usize,
}

/// The store of messaging on SQLite or PostgreSQL. Cheap to clone.
///
/// Reads run on the blocking threads of the Tokio runtime they are called from.
#[derive(Clone)]
pub struct Database {
    readers: r2d2::Pool<Readers>,
    writer: Writer,
    epoch: Epoch,
    users: UserCache,
    participants: Cache<ConversationId, Participants>,
    logins: Cache<LoginId, bool>,
    /// Held while the database is open: a second node on one SQLite file is refused.
    _lock: Option<Arc<std::fs::File>>,
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database")
            .field("epoch", &self.epoch)
            .finish_non_exhaustive()
    }
}

impl Database {
    /// Opens a database, brings its tables up to date and starts the writer, which hands what
    /// happens to the announcer. Blocks for as long as that takes.
    ///
    /// # Errors
    /// A [`Failure`] that says what could not be done: reach the database, lock its file (another
    /// process has it), or migrate it.
    pub fn open(
        settings: &DatabaseSettings,
        announcer: Arc<dyn Announcer>,
    ) -> Result<Self, Failure> {
        let lock = lock_file(&settings.url)?.map(Arc::new);
        let mut conn = open_connection(&settings.url)?;
        migrations::run(&mut conn)?;
        let epoch = migrations::epoch(&mut conn)
            .map_err(|error| Failure::new("read the database's epoch", error))?;
        // Migrating has lifted the time limits of this connection.
        let conn = if matches!(conn, Conn::Postgres(_)) {
            open_connection(&settings.url)?
        } else {
            conn
        };
        let readers = r2d2::Pool::builder()
            .max_size(settings.readers.max(1))
            .min_idle(Some(1))
            .connection_timeout(Duration::from_millis(1_800))
            .test_on_check_out(true)
            .error_handler(Box::new(r2d2::NopErrorHandler))
            .build(Readers(settings.url.clone()))
            .map_err(|error| Failure::new("open the reading connections", error))?;
        Ok(Self {
            readers,
            writer: Writer::start(settings.url.clone(), conn, settings.queue, announcer)?,
            epoch,
            users: directory::cache(),
            participants: Cache::new(200_000),
            logins: Cache::builder()
                .max_capacity(100_000)
                .time_to_live(Duration::from_secs(5))
                .build(),
            _lock: lock,
        })
    }

    /// Brings a database's tables up to date and returns the names of the migrations applied.
    ///
    /// # Errors
    /// A [`Failure`] that says what could not be done.
    pub fn migrate(url: &DatabaseUrl) -> Result<Vec<String>, Failure> {
        let _lock = lock_file(url)?;
        let mut conn = open_connection(url)?;
        migrations::run(&mut conn)
    }

    /// Whether the database answers now.
    pub async fn is_ready(&self) -> bool {
        self.read("ask whether it is ready", |conn| {
            Ok(
                diesel::select(diesel::dsl::sql::<diesel::sql_types::Integer>("1"))
                    .get_result::<i32>(conn)?,
            )
        })
        .await
        .is_ok()
    }

    /// Whether nobody has put anything into it yet.
    ///
    /// # Errors
    /// Those of every port method.
    pub async fn is_empty(&self) -> Result<bool, Error> {
        self.read("look whether it is empty", |conn| {
            Ok(migrations::is_empty(conn)?)
        })
        .await
    }

    /// Forgets events that are older than `before` and logins that have expired, some at a time.
    /// Returns whether there is more to forget.
    ///
    /// # Errors
    /// Those of every port method.
    pub async fn prune(&self, before: Timestamp) -> Result<bool, Error> {
        let mut more = false;
        let mut after = String::new();
        while let Some(last) = self
            .writer
            .act(Prune {
                after: after.clone(),
                before,
            })
            .await?
        {
            more |= last.more;
            after = last.user;
        }
        Ok(more)
    }

    /// Takes no more acts, finishes those that are waiting, and stops the writer. Blocks meanwhile.
    pub fn close(&self) {
        self.writer.close();
    }

    /// The one way to change something.
    pub(crate) const fn writer(&self) -> &Writer {
        &self.writer
    }

    /// Runs queries on a reading connection, on the blocking threads. A connection that turns out
    /// to be dead is replaced and the queries are tried once more: reading twice does no harm.
    async fn read<T: Send + 'static>(
        &self,
        doing: &'static str,
        queries: impl Fn(&mut Conn) -> Result<T, Halt> + Send + 'static,
    ) -> Result<T, Error> {
        let pool = self.readers.clone();
        let away = move |cause: Box<dyn std::error::Error + Send + Sync>| {
            Error::Overloaded(Failure::new(doing, cause))
        };
        tokio::task::spawn_blocking(move || {
            let mut retried = false;
            loop {
                let mut link = pool.get().map_err(|error| away(error.into()))?;
                match queries(&mut link.conn) {
                    Ok(answer) => {
                        link.used_at = Instant::now();
                        return Ok(answer);
                    }
                    Err(Halt::Refused(refusal)) => return Err(refusal),
                    Err(Halt::Broken(error)) => {
                        link.broken = failure::is_connection_lost(&error);
                        if !link.broken || retried {
                            return Err(failure::before_commit(doing, error));
                        }
                        retried = true;
                    }
                }
            }
        })
        .await
        .unwrap_or_else(|error| Err(Error::Failed(Failure::new(doing, error))))
    }

    /// The directory's words about the others in some conversations: from the cache, or read.
    async fn words(&self, latest: &[Latest]) -> Result<Words, Error> {
        let mut words = Words::default();
        let mut unknown = HashSet::new();
        for conversation in latest.iter().map(|latest| &latest.conversation) {
            for id in [&conversation.buyer.user, &conversation.seller.user] {
                match self.users.get(id) {
                    Some(known) => drop(words.users.insert(id.clone(), known.user)),
                    None => drop(unknown.insert(id.clone())),
                }
            }
        }
        let product_ids: HashSet<ProductId> = latest
            .iter()
            .filter_map(|latest| latest.conversation.product.clone())
            .collect();
        if unknown.is_empty() && product_ids.is_empty() {
            return Ok(words);
        }
        let unknown: Vec<UserId> = unknown.into_iter().collect();
        let (people, products) = self
            .read("read the directory", move |conn| {
                Ok((
                    directory::known_of(conn, unknown.clone())?,
                    directory::products(conn, product_ids.iter().cloned())?,
                ))
            })
            .await?;
        for known in people {
            words
                .users
                .insert(known.user.id.clone(), known.user.clone());
            self.users.insert(known.user.id.clone(), known);
        }
        words.products = products;
        Ok(words)
    }

    async fn known(&self, id: &UserId) -> Result<Option<Known>, Error> {
        if let Some(known) = self.users.get(id) {
            return Ok(Some(known));
        }
        let asked = id.clone();
        let known = self
            .read("read a person", move |conn| {
                Ok(directory::known(conn, &asked)?)
            })
            .await?;
        if let Some(known) = &known {
            self.users.insert(id.clone(), known.clone());
        }
        Ok(known)
    }
}

fn open_connection(url: &DatabaseUrl) -> Result<Conn, Failure> {
    if let DatabaseUrl::Sqlite(path) = url
        && let Some(folder) = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::create_dir_all(folder)
            .map_err(|error| Failure::new("make the database's folder", error))?;
    }
    connection::connect(url, Purpose::Write).map_err(|error| {
        let words = error.to_string();
        if words.contains("SSL support is not compiled in") {
            return Failure::new(
                "connect to PostgreSQL",
                "this build speaks no TLS; build it with `--features postgres-tls`",
            );
        }
        Failure::new("open the database", words)
    })
}

/// Locks a SQLite database for this process: two would not see each other's events.
fn lock_file(url: &DatabaseUrl) -> Result<Option<std::fs::File>, Failure> {
    let DatabaseUrl::Sqlite(path) = url else {
        return Ok(None);
    };
    let doing = "lock the database's file";
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        std::fs::create_dir_all(folder).map_err(|error| Failure::new(doing, error))?;
    }
    let mut name = path.clone().into_os_string();
    name.push(".lock");
    let file = std::fs::File::create(name).map_err(|error| Failure::new(doing, error))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(std::fs::TryLockError::WouldBlock) => Err(Failure::new(
            doing,
            "another process serves this SQLite database; several nodes need PostgreSQL",
        )),
        Err(std::fs::TryLockError::Error(error)) => Err(Failure::new(doing, error)),
    }
}

impl Conversations for Database {
    async fn participants(&self, conversation: ConversationId) -> Result<Participants, Error> {
        if let Some(participants) = self.participants.get(&conversation) {
            return Ok(participants);
        }
        let found = self
            .read("find a conversation", move |conn| {
                Ok(conversations::participants(conn, conversation)?)
            })
            .await?
            .ok_or(Error::NotFound)?;
        self.participants.insert(conversation, found.clone());
        Ok(found)
    }

    async fn open(&self, opening: Opening) -> Result<Opened, Error> {
        self.writer.act(opening).await
    }

    async fn append(&self, draft: Draft) -> Result<Appended, Error> {
        self.writer.act(draft).await
    }

    async fn edit(&self, edit: Edit) -> Result<Message, Error> {
        self.writer.act(edit).await
    }

    async fn delete(&self, deletion: Deletion) -> Result<Message, Error> {
        self.writer.act(deletion).await
    }

    async fn advance(&self, advance: Advance) -> Result<ReadState, Error> {
        self.writer.act(advance).await
    }

    async fn configure(&self, change: SettingsChange) -> Result<ConversationView, Error> {
        self.writer.act(change).await
    }

    async fn view(&self, seat: &Seat) -> Result<ConversationView, Error> {
        let id = seat.conversation();
        let latest = self
            .read("read a conversation", move |conn| {
                Ok(conversations::latest_one(conn, id)?)
            })
            .await?
            .ok_or(Error::NotFound)?;
        let words = self.words(std::slice::from_ref(&latest)).await?;
        Ok(latest.view(seat.role(), &words))
    }

    async fn inbox(&self, user: &UserId, query: InboxQuery) -> Result<InboxPage, Error> {
        let (asked, limit) = (user.clone(), query.limit);
        let (stream, mut page) = self
            .read("read an inbox", move |conn| {
                // The head first: events after it may then be applied to these rows.
                let stream = log::stream(conn, &asked)?;
                Ok((stream, conversations::inbox(conn, &asked, &query)?))
            })
            .await?;
        let more = page.len() > limit;
        page.truncate(limit);
        let next = page.last().filter(|_| more).map(|(_, last)| InboxCursor {
            last_activity_at: last.conversation.last_activity_at,
            id: last.conversation.id,
        });
        let (roles, latest): (Vec<_>, Vec<_>) = page.into_iter().unzip();
        let words = self.words(&latest).await?;
        let items = latest
            .into_iter()
            .zip(roles)
            .map(|(latest, role)| latest.view(role, &words))
            .collect();
        Ok(InboxPage {
            items,
            next,
            unread: stream.unread,
            head: StreamHead {
                epoch: self.epoch,
                position: stream.head,
            },
        })
    }

    async fn window(
        &self,
        seat: &Seat,
        window: Window,
        limit: usize,
    ) -> Result<MessagePage, Error> {
        let id = seat.conversation();
        let (latest, items) = self
            .read("read messages", move |conn| {
                Ok(conversations::window(conn, id, window, limit)?)
            })
            .await?
            .ok_or(Error::NotFound)?;
        let (from, to) = window.range(limit, latest.conversation.last_seq);
        let last = latest.conversation.last_seq;
        let words = self.words(std::slice::from_ref(&latest)).await?;
        Ok(MessagePage {
            conversation: latest.view(seat.role(), &words),
            items,
            has_before: from > Seq::ZERO.next() && last > Seq::ZERO,
            has_after: to < last,
        })
    }

    async fn search(&self, user: &UserId, request: SearchRequest) -> Result<SearchPage, Error> {
        let (asked, wanted) = (user.clone(), request.clone());
        let mut found = self
            .read("search", move |conn| {
                let rows = search::find(conn, &asked, &wanted)?;
                let ids: HashSet<ConversationId> =
                    rows.iter().map(|row| row.key().0.into()).collect();
                let latest = conversations::latest(conn, &ids.into_iter().collect::<Vec<_>>())?;
                Ok((rows, latest))
            })
            .await?;
        let more = found.0.len() > request.limit;
        found.0.truncate(request.limit);
        let (rows, latest) = found;
        let words = self.words(&latest).await?;
        let items: Vec<SearchHit> = rows
            .into_iter()
            .filter_map(|row| {
                let id = ConversationId::from(row.key().0);
                let latest = latest.iter().find(|latest| latest.conversation.id == id)?;
                let role = latest.conversation.role_of(user)?;
                let message = row.into_message(&latest.conversation);
                let highlights = request.query.highlights(message.content.searchable());
                Some(SearchHit {
                    message,
                    conversation: latest.clone().view(role, &words),
                    highlights,
                })
            })
            .collect();
        let next = items.last().filter(|_| more).map(|last| SearchCursor {
            created_at: last.message.created_at,
            conversation: last.message.conversation,
            seq: last.message.seq,
        });
        Ok(SearchPage { items, next })
    }

    async fn unread(&self, user: &UserId) -> Result<UnreadTotals, Error> {
        let user = user.clone();
        let stream = self
            .read("count what is unread", move |conn| {
                Ok(log::stream(conn, &user)?)
            })
            .await?;
        Ok(stream.unread)
    }

    async fn head(&self, user: &UserId) -> Result<StreamHead, Error> {
        let user = user.clone();
        let stream = self
            .read("read a stream's head", move |conn| {
                Ok(log::stream(conn, &user)?)
            })
            .await?;
        Ok(StreamHead {
            epoch: self.epoch,
            position: stream.head,
        })
    }

    async fn events(
        &self,
        user: &UserId,
        since: Position,
        limit: usize,
    ) -> Result<EventPage, Error> {
        let asked = user.clone();
        let run = self
            .read("read events", move |conn| {
                log::read(conn, &asked, since, limit)
            })
            .await?;
        let words = self.words(run.latest()).await?;
        let more = run.more;
        Ok(EventPage {
            events: run.deliveries(user, &words),
            more,
        })
    }
}

impl Directory for Database {
    async fn meet(&self, introduction: Introduction) -> Result<Option<User>, Error> {
        let (id, issued_at) = (introduction.id.clone(), introduction.issued_at);
        let known = match self.known(&id).await? {
            Some(known) if known.user.erased_at.is_none() || !known.admits_token_of(issued_at) => {
                known
            }
            _ => {
                let known = self.writer.act(introduction).await?;
                self.users.insert(id, known.clone());
                known
            }
        };
        Ok(known.admits_token_of(issued_at).then_some(known.user))
    }

    async fn user(&self, id: &UserId) -> Result<Option<User>, Error> {
        Ok(self.known(id).await?.map(|known| known.user))
    }

    async fn put_user(&self, profile: Profile) -> Result<User, Error> {
        let known = self.writer.act(profile).await?;
        self.users.insert(known.user.id.clone(), known.clone());
        Ok(known.user)
    }

    async fn product(&self, id: &ProductId) -> Result<Option<Product>, Error> {
        let id = id.clone();
        self.read("read a product", move |conn| {
            Ok(directory::products(conn, [id.clone()])?.remove(&id))
        })
        .await
    }

    async fn put_product(&self, product: Product) -> Result<Product, Error> {
        self.writer.act(product).await
    }

    async fn erase(&self, id: &UserId, fate: MessagesFate) -> Result<(), Error> {
        let found = self.writer.act(Erasure(id.clone())).await?;
        self.users.invalidate(id);
        self.logins.invalidate_all();
        if !found {
            return Err(Error::NotFound);
        }
        let user = id.clone();
        let all = self
            .read("list a person's conversations", move |conn| {
                Ok(conversations::all_of(conn, &user)?)
            })
            .await?;
        for conversation in all {
            self.writer
                .act(Farewell {
                    conversation,
                    user: id.clone(),
                    fate,
                })
                .await?;
        }
        Ok(())
    }

    async fn note_seen(&self, id: &UserId, at: Timestamp) -> Result<(), Error> {
        self.writer.act(Seen(id.clone(), at)).await
    }

    async fn last_seen(&self, id: &UserId) -> Result<Option<Timestamp>, Error> {
        let id = id.clone();
        self.read("read when somebody was last seen", move |conn| {
            Ok(directory::last_seen(conn, &id)?)
        })
        .await
    }
}

impl Accounts for Database {
    async fn register(&self, account: NewAccount) -> Result<User, Error> {
        self.writer.act(account).await
    }

    async fn account(&self, email: &Email) -> Result<Option<Account>, Error> {
        let email = email.clone();
        self.read("read an account", move |conn| {
            Ok(accounts::account(conn, &email)?)
        })
        .await
    }

    async fn rehash(&self, user: &UserId, password_hash: String) -> Result<(), Error> {
        self.writer.act(Rehash(user.clone(), password_hash)).await
    }

    async fn begin_login(&self, login: LoginSession, token: NewRefreshToken) -> Result<(), Error> {
        self.writer.act(BeginLogin(login, token)).await
    }

    async fn rotate(
        &self,
        old: TokenDigest,
        new: NewRefreshToken,
        now: Timestamp,
    ) -> Result<Rotation, Error> {
        let rotation = self.writer.act(Rotate { old, new, now }).await?;
        if let Rotation::Reused(login) = &rotation {
            self.logins.insert(login.id, false);
        }
        Ok(rotation)
    }

    async fn end_login(&self, token: TokenDigest) -> Result<Option<LoginSession>, Error> {
        let ended = self.writer.act(EndLogin(token)).await?;
        if let Some(login) = &ended {
            self.logins.insert(login.id, false);
        }
        Ok(ended)
    }

    async fn is_live(&self, login: LoginId) -> Result<bool, Error> {
        if let Some(live) = self.logins.get(&login) {
            return Ok(live);
        }
        let live = self
            .read("read a login", move |conn| {
                Ok(accounts::is_live(conn, login)?)
            })
            .await?;
        self.logins.insert(login, live);
        Ok(live)
    }
}
