//! The store: a writer and a pool of readers, behind the domain's ports.

mod accounts;
mod conversations;
mod directory;
mod heads;
mod reading;
mod upkeep;

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::Arc,
    time::Duration,
};

use diesel::prelude::*;
use messaging_domain::{
    Announcer, ConversationId, Error, Failure, LoginId, Participants, Timestamp, User, UserId,
};
use moka::sync::Cache;
use prometheus_client::registry::Registry;

use heads::HeadQuestions;
use reading::Reading;

use crate::{
    bus::BusKey,
    connection::{self, Conn, DatabaseUrl, Purpose},
    conversations::Latest,
    cores::Cores,
    directory::{Known, UserCache},
    failure::Halt,
    history::{BeginSeeding, FinishSeeding},
    maintenance::{ForgetEvents, ForgetLogins},
    measurements::Measurements,
    migrations,
    writer::Writer,
};

/// How to open a database.
#[derive(Debug, Clone)]
pub struct DatabaseSettings {
    /// Which one.
    pub url: DatabaseUrl,
    /// Reading connections.
    pub readers: u32,
    /// Writing connections to PostgreSQL, each for its share of the conversations. SQLite has one.
    pub writers: u32,
    /// Where those who write run, if not wherever the kernel puts them.
    pub writer_cores: Option<Cores>,
    /// Acts that may wait for the writer; one more is refused as overload.
    pub queue: usize,
    /// Whether other nodes are on this database, too. Then SQLite is refused, and what is cached about
    /// people is old sooner, for word of a change may get lost.
    pub shared: bool,
}

/// The store of messaging on SQLite or PostgreSQL. Cheap to clone.
///
/// Reads run on the blocking threads of the Tokio runtime they are called from.
#[derive(Clone)]
pub struct Database {
    reading: Reading,
    writer: Writer,
    announcer: Arc<dyn Announcer>,
    users: UserCache,
    participants: Cache<ConversationId, Participants>,
    logins: Cache<LoginId, bool>,
    measurements: Measurements,
    queue: usize,
    head_questions: HeadQuestions,
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database").finish_non_exhaustive()
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
        if settings.shared && matches!(settings.url, DatabaseUrl::Sqlite(_)) {
            return Err(Failure::new(
                "open the database",
                "several nodes need PostgreSQL: a SQLite database serves one",
            ));
        }
        let lock = lock_file(&settings.url)?;
        let mut conn = open_connection(&settings.url)?;
        migrations::run(&mut conn)?;
        let digests = migrations::epoch(&mut conn)
            .and_then(|_| migrations::digests(&mut conn))
            .map_err(|error| Failure::new("give the database an epoch", error))?;
        let writers = match conn {
            // Migrating has lifted the time limits of this connection.
            Conn::Postgres(_) => (0..settings.writers.max(1))
                .map(|_| open_connection(&settings.url))
                .collect::<Result<_, _>>()?,
            Conn::Sqlite(_) => vec![conn],
        };
        let measurements = Measurements::default();
        let reading = Reading::open(settings.url.clone(), settings.readers, measurements.clone())?;
        Ok(Self {
            reading,
            writer: Writer::start(
                settings,
                writers,
                Arc::clone(&announcer),
                digests,
                measurements.clone(),
                lock,
            )?,
            announcer,
            users: crate::directory::cache(settings.shared),
            participants: Cache::new(200_000),
            logins: Cache::builder()
                .max_capacity(100_000)
                .time_to_live(Duration::from_secs(5))
                .build(),
            measurements,
            queue: settings.queue,
            head_questions: HeadQuestions::default(),
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

    /// The key for [`crate::Bus::connect`], which all nodes on this database share.
    ///
    /// # Errors
    /// Those of every port method.
    pub async fn bus_key(&self) -> Result<BusKey, Error> {
        self.read("read the bus key", |conn| Ok(migrations::bus_key(conn)?))
            .await
    }

    /// Forgets what is cached about a person: another node has changed or erased them.
    pub fn forget_user(&self, user: &UserId) {
        self.users.invalidate(user);
    }

    /// Forgets whether a login is live: another node has revoked it.
    pub fn forget_login(&self, login: LoginId) {
        self.logins.invalidate(&login);
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

    /// Asks whether demo data is to be put in: when nobody has put anything into the database yet, or
    /// when an earlier seeding was interrupted. Until [`Self::finish_seeding`] the answer stays yes.
    ///
    /// # Errors
    /// Those of every port method.
    pub async fn begin_seeding(&self) -> Result<bool, Error> {
        self.writer.act(BeginSeeding).await
    }

    /// Says that the demo data is all there.
    ///
    /// # Errors
    /// Those of every port method.
    pub async fn finish_seeding(&self) -> Result<(), Error> {
        self.writer.act(FinishSeeding).await
    }

    /// Forgets events that are older than `before` and logins that have expired, some at a time.
    /// Returns whether there is more to forget.
    ///
    /// # Errors
    /// Those of every port method.
    pub async fn prune(&self, before: Timestamp) -> Result<bool, Error> {
        self.writer.act(ForgetLogins).await?;
        let mut more = false;
        let mut after = String::new();
        loop {
            // Looked for by a reader: the writer is asked only for people who have something old.
            let last = after.clone();
            let next = self
                .read("look for old events", move |conn| {
                    Ok(crate::log::with_old_events(conn, &last, before)?)
                })
                .await?;
            let Some(user) = next else {
                return Ok(more);
            };
            more |= self
                .writer
                .act(ForgetEvents {
                    user: user.clone(),
                    before,
                })
                .await?;
            after = user;
        }
    }

    /// Takes no more acts, finishes those that are waiting, and stops the writer; another process may have a
    /// SQLite database then. Blocks meanwhile.
    pub fn close(&self) {
        self.writer.close();
    }

    /// Names what the store counts and measures: its queue, transactions, readers and caches. They
    /// cost an atomic or two each, whether somebody asks for them or not.
    pub fn expose(&self, registry: &mut Registry) {
        self.measurements
            .expose(registry, self.reading.pool().clone(), self.queue);
    }

    /// The one way to change something.
    pub(crate) const fn writer(&self) -> &Writer {
        &self.writer
    }

    /// Runs queries on a reading connection.
    async fn read<T: Send + 'static>(
        &self,
        doing: &'static str,
        queries: impl Fn(&mut Conn) -> Result<T, Halt> + Send + 'static,
    ) -> Result<T, Error> {
        self.reading.read(doing, queries).await
    }

    /// Who takes part in some conversations, as the directory says: from the cache, or read.
    fn users_of<'a>(
        &self,
        conn: &mut Conn,
        latest: impl IntoIterator<Item = &'a Latest>,
    ) -> QueryResult<HashMap<UserId, User>> {
        let (mut users, mut unknown) = (HashMap::new(), HashSet::new());
        for Latest { conversation, .. } in latest {
            for id in [&conversation.buyer.user, &conversation.seller.user] {
                if users.contains_key(id) || unknown.contains(id) {
                    continue;
                }
                match self.measurements.users.count(self.users.get(id)) {
                    Some(known) => drop(users.insert(id.clone(), known.user)),
                    None => drop(unknown.insert(id.clone())),
                }
            }
        }
        let unknown: Vec<UserId> = unknown.into_iter().collect();
        for known in crate::directory::known_of(conn, &unknown)? {
            users.insert(known.user.id.clone(), known.user.clone());
            // What an act has put there meanwhile is newer than what was read.
            self.users.entry(known.user.id.clone()).or_insert(known);
        }
        Ok(users)
    }

    async fn known(&self, id: &UserId) -> Result<Option<Known>, Error> {
        if let Some(known) = self.measurements.users.count(self.users.get(id)) {
            return Ok(Some(known));
        }
        let asked = id.clone();
        let known = self
            .read("read a person", move |conn| {
                Ok(crate::directory::known(conn, &asked)?)
            })
            .await?;
        // What an act has put there meanwhile is newer than what was read.
        Ok(known.map(|known| self.users.entry(id.clone()).or_insert(known).into_value()))
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
