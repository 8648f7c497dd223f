//! What every test needs: an open store, a witness of what it announces, and people who act.

use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::{Arc, Condvar, Mutex},
    task::{Context, Poll, Waker},
    time::Duration,
};

use messaging_domain::{
    Announcer, Appended, ClientId, Content, ConversationId, Conversations, Cursor, Delivery,
    Directory, DisplayName, Draft, Error, InboxPage, InboxQuery, Message, Opened, Opening,
    Position, ProductId, Profile, Revision, Seat, Seq, Settings, Text, User, UserId,
};
use messaging_infra::{Database, DatabaseSettings, DatabaseUrl};

use crate::fresh::{Fresh, Kind, Raw};

/// How long a test waits for something that has to come.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// Takes part in a store as its announcer: writes down what is announced and can make the writer wait.
#[derive(Default)]
pub(crate) struct Witness {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    heard: Vec<Delivery>,
    erased: Vec<UserId>,
    /// Announcements wait while this is set.
    held: bool,
    waiting: bool,
    /// The next announcement panics.
    panics: bool,
    /// How often something may have been committed that was not announced.
    doubts: usize,
}

impl Announcer for Witness {
    fn announce(&self, deliveries: Vec<Delivery>) {
        let mut state = self.state.lock().unwrap();
        state.heard.extend(deliveries);
        if std::mem::take(&mut state.panics) {
            drop(state);
            panic!("an announcer that panics");
        }
        state.waiting = true;
        self.changed.notify_all();
        let (mut state, late) = self
            .changed
            .wait_timeout_while(state, DEADLINE, |state| state.held)
            .unwrap();
        assert!(!late.timed_out(), "nobody let the writer go on");
        state.waiting = false;
    }

    fn unsure(&self) {
        self.state.lock().unwrap().doubts += 1;
    }

    fn profile_changed(&self, _: &UserId) {}

    fn erased(&self, user: &UserId) {
        self.state.lock().unwrap().erased.push(user.clone());
    }
}

impl Witness {
    /// Who was said to be erased, in that order.
    pub(crate) fn erased_people(&self) -> Vec<UserId> {
        self.state.lock().unwrap().erased.clone()
    }

    /// Makes the writer wait at its next announcement: after that commit, before its answers.
    pub(crate) fn hold(&self) {
        self.state.lock().unwrap().held = true;
    }

    /// Waits for the writer to wait.
    pub(crate) fn until_held(&self) {
        let state = self.state.lock().unwrap();
        let (_state, late) = self
            .changed
            .wait_timeout_while(state, DEADLINE, |state| !state.waiting)
            .unwrap();
        assert!(!late.timed_out(), "the writer announced nothing");
    }

    /// Lets the writer go on.
    pub(crate) fn release(&self) {
        self.state.lock().unwrap().held = false;
        self.changed.notify_all();
    }

    /// The next announcement panics.
    pub(crate) fn panic_next(&self) {
        self.state.lock().unwrap().panics = true;
    }

    /// Whether something may have been committed that was not announced.
    pub(crate) fn was_unsure(&self) -> bool {
        self.state.lock().unwrap().doubts > 0
    }

    /// All that was announced so far.
    pub(crate) fn heard(&self) -> Vec<Delivery> {
        self.state.lock().unwrap().heard.clone()
    }

    /// What was announced to one person, which has to be 1, 2, 3 …
    pub(crate) fn heard_by(&self, user: &UserId) -> Vec<Delivery> {
        let heard: Vec<_> = self
            .heard()
            .into_iter()
            .filter(|delivery| delivery.user == *user)
            .collect();
        for (delivery, expected) in heard.iter().zip(1..) {
            assert_eq!(delivery.position, Position::new(expected), "of {user}");
        }
        heard
    }
}

/// A store of its own for a test.
pub(crate) struct Stage {
    pub(crate) store: Database,
    pub(crate) witness: Arc<Witness>,
    // Dropped last: the database goes when nobody uses it any more.
    pub(crate) fresh: Fresh,
}

/// A future that was begun: its act is in the writer's queue.
pub(crate) type Begun<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

/// Begins an act: polled once, it stands in the writer's queue, or is done already.
pub(crate) fn begin<T: Send + 'static>(
    act: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Begun<T> {
    let mut act: Begun<T> = Box::pin(act);
    match act.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Pending => act,
        Poll::Ready(answer) => Box::pin(std::future::ready(answer)),
    }
}

impl Stage {
    /// How tests open a store, unless they say otherwise.
    pub(crate) fn settings(fresh: &Fresh) -> DatabaseSettings {
        DatabaseSettings {
            url: DatabaseUrl::parse(&fresh.url).unwrap(),
            readers: 2,
            writer_cores: None,
            writers: 1,
            queue: 4_096,
            shared: false,
        }
    }

    pub(crate) fn new(fresh: Fresh) -> Self {
        let settings = Self::settings(&fresh);
        Self::with(fresh, &settings)
    }

    pub(crate) fn with(fresh: Fresh, settings: &DatabaseSettings) -> Self {
        let witness = Arc::new(Witness::default());
        let store = Database::open(settings, Arc::<Witness>::clone(&witness)).unwrap();
        Self {
            store,
            witness,
            fresh,
        }
    }

    /// Another node on the same database.
    pub(crate) fn another_node(&self) -> (Database, Arc<Witness>) {
        let witness = Arc::new(Witness::default());
        let store = Database::open(
            &Self::settings(&self.fresh),
            Arc::<Witness>::clone(&witness),
        )
        .unwrap();
        (store, witness)
    }

    pub(crate) fn is_postgres(&self) -> bool {
        self.fresh.kind == Kind::Postgres
    }

    pub(crate) fn raw(&self) -> Raw {
        self.fresh.raw()
    }

    /// Makes the acts of one person fail when their transaction is stored: where that person is told.
    pub(crate) fn poison(&self, user: &UserId) {
        self.raw().run(&if self.is_postgres() {
            format!(
                "ALTER TABLE streams ADD CONSTRAINT poison CHECK (user_id <> '{user}') NOT VALID"
            )
        } else {
            format!(
                "CREATE TRIGGER poison BEFORE UPDATE ON streams WHEN NEW.user_id = '{user}' \
                 BEGIN SELECT RAISE(ABORT, 'poison'); END"
            )
        });
    }

    /// Somebody whom the directory knows.
    pub(crate) async fn person(&self, id: &str) -> UserId {
        self.named(id, id).await.id
    }

    pub(crate) async fn named(&self, id: &str, name: &str) -> User {
        let profile = Profile {
            id: user(id),
            display_name: DisplayName::parse(name).unwrap(),
            avatar_url: None,
            locale: None,
        };
        self.store.put_user(profile).await.unwrap()
    }

    /// Two people, Ann and Bob.
    pub(crate) async fn ann_and_bob(&self) -> (UserId, UserId) {
        (self.person("ann").await, self.person("bob").await)
    }

    pub(crate) async fn open(
        &self,
        buyer: &UserId,
        seller: &UserId,
        product: Option<&str>,
    ) -> ConversationId {
        let opening = opening(buyer, seller, product, None);
        self.store.open(opening).await.unwrap().conversation.id
    }

    pub(crate) async fn seat(&self, conversation: ConversationId, user: &UserId) -> Seat {
        let participants = self.store.participants(conversation).await.unwrap();
        participants.seat_of(user).unwrap()
    }

    pub(crate) async fn draft(
        &self,
        conversation: ConversationId,
        user: &UserId,
        words: &str,
    ) -> Draft {
        let seat = self.seat(conversation, user).await;
        seat.write(ClientId::new(), text(words)).unwrap()
    }

    pub(crate) async fn send(
        &self,
        conversation: ConversationId,
        user: &UserId,
        words: &str,
    ) -> Message {
        let draft = self.draft(conversation, user, words).await;
        let Appended { message, duplicate } = self.store.append(draft).await.unwrap();
        assert!(!duplicate);
        message
    }

    pub(crate) async fn edit(
        &self,
        message: &Message,
        user: &UserId,
        words: &str,
    ) -> Result<Message, Error> {
        let seat = self.seat(message.conversation, user).await;
        let edit = seat
            .edit(message.seq, message.revision, text(words))
            .unwrap();
        self.store.edit(edit).await
    }

    pub(crate) async fn delete(&self, message: &Message, user: &UserId) -> Result<Message, Error> {
        let seat = self.seat(message.conversation, user).await;
        self.store.delete(seat.delete(message.seq)).await
    }

    pub(crate) async fn read(
        &self,
        conversation: ConversationId,
        user: &UserId,
        seq: i64,
    ) -> messaging_domain::ReadState {
        let seat = self.seat(conversation, user).await;
        let advance = seat.advance(Cursor::Read, Seq::new(seq));
        self.store.advance(advance).await.unwrap()
    }

    pub(crate) async fn set(
        &self,
        conversation: ConversationId,
        user: &UserId,
        settings: Settings,
    ) {
        let seat = self.seat(conversation, user).await;
        self.store.configure(seat.set(settings)).await.unwrap();
    }

    pub(crate) async fn inbox(&self, user: &UserId, archived: bool) -> InboxPage {
        let query = InboxQuery {
            archived,
            filter: None,
            after: None,
            limit: 100,
        };
        self.store.inbox(user, query).await.unwrap()
    }

    /// All messages of a conversation as they are now.
    pub(crate) async fn history(
        &self,
        conversation: ConversationId,
        user: &UserId,
    ) -> Vec<Message> {
        let seat = self.seat(conversation, user).await;
        let window = messaging_domain::Window::After(Seq::ZERO);
        let page = self.store.window(&seat, window, 10_000).await.unwrap();
        page.items
    }

    /// All events of a person that the log holds, which have to be 1, 2, 3 …
    pub(crate) async fn events(&self, user: &UserId) -> Vec<Delivery> {
        let page = self
            .store
            .events(user, Position::ZERO, 100_000)
            .await
            .unwrap();
        assert!(!page.more);
        for (event, expected) in page.events.iter().zip(1..) {
            assert_eq!(event.position, Position::new(expected), "of {user}");
        }
        let head = self.store.head(user).await.unwrap().position;
        assert_eq!(page.events.len(), usize::try_from(head.get()).unwrap());
        page.events
    }
}

pub(crate) fn user(id: &str) -> UserId {
    UserId::parse(id).unwrap()
}

pub(crate) fn text(words: &str) -> Content {
    Content::Text(Text::parse(words).unwrap())
}

pub(crate) fn opening(
    buyer: &UserId,
    seller: &UserId,
    product: Option<&str>,
    first: Option<(ClientId, &str)>,
) -> Opening {
    Opening::new(
        buyer.clone(),
        seller.clone(),
        product.map(|id| ProductId::parse(id).unwrap()),
        first.map(|(id, words)| (id, text(words))),
    )
    .unwrap()
}

/// The place of a message and how often it was changed.
pub(crate) fn place(seq: i64, revision: i64) -> (Seq, Revision) {
    (Seq::new(seq), Revision::new(revision))
}

/// What was opened, without the view.
pub(crate) fn outline(opened: &Opened) -> (ConversationId, bool) {
    (opened.conversation.id, opened.created)
}

/// The messages of each conversation have to be 1, 2, 3 …
pub(crate) fn assert_dense(messages: &[Message]) {
    let mut last: BTreeMap<ConversationId, Seq> = BTreeMap::new();
    for message in messages {
        let last = last.entry(message.conversation).or_default();
        *last = last.next();
        assert_eq!(message.seq, *last);
    }
}

/// The number that a query gives.
pub(crate) fn number(raw: &mut Raw, sql: &str) -> i64 {
    raw.texts(sql)[0].parse().unwrap()
}
