//! A session's place in the hub, which it leaves when it ends, however it ends.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use messaging_domain::{ConversationId, LoginId, Seat, SessionId, StreamHead, UserId};

use super::{hub::Hub, outbox::Outbox, rooms::MAX_ROOMS};

/// The session is in as many rooms as it may be.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooManyRooms;

/// A connection that the hub knows. Dropping it is leaving.
#[derive(Debug)]
pub(crate) struct Connection {
    hub: Hub,
    session: SessionId,
    outbox: Arc<Outbox>,
    user: OnceLock<UserId>,
    /// The rooms it is in, with whom it watches there. Shared by the session and the op that it
    /// does, so never contended.
    rooms: Mutex<HashMap<ConversationId, UserId>>,
}

impl Connection {
    pub(super) fn new(hub: Hub, session: SessionId, outbox: Arc<Outbox>) -> Self {
        Self {
            hub,
            session,
            outbox,
            user: OnceLock::new(),
            rooms: Mutex::default(),
        }
    }

    /// The hub that it is connected to.
    pub(crate) const fn hub(&self) -> &Hub {
        &self.hub
    }

    /// The session's id.
    pub(crate) const fn session(&self) -> SessionId {
        self.session
    }

    /// Where the frames for it wait.
    pub(crate) fn outbox(&self) -> Arc<Outbox> {
        Arc::clone(&self.outbox)
    }

    /// Says whose it is: from now on that user's events go to the outbox. The first word counts.
    pub(crate) fn identify(&self, user: &UserId, login: Option<LoginId>) {
        if self.user.set(user.clone()).is_ok() {
            self.hub.identify(self.session, &self.outbox, user, login);
        }
    }

    /// Says where the user's stream stands, as read since [`Self::identify`].
    pub(crate) fn begin(&self, head: StreamHead) {
        if let Some(user) = self.user.get() {
            self.hub.begin(user, head);
        }
    }

    /// Says that its token now belongs to this login.
    pub(crate) fn set_login(&self, login: Option<LoginId>) {
        if let Some(user) = self.user.get() {
            self.hub.set_login(self.session, user, login);
        }
    }

    /// Enters the room of a conversation. Nothing is heard there before [`Self::settle`]. Idempotent.
    ///
    /// # Errors
    /// [`TooManyRooms`].
    pub(crate) fn join(&self, seat: &Seat) -> Result<(), TooManyRooms> {
        let conversation = seat.conversation();
        let mut joined = self.rooms();
        if joined.len() >= MAX_ROOMS && !joined.contains_key(&conversation) {
            return Err(TooManyRooms);
        }
        joined.insert(conversation, seat.counterpart().clone());
        self.hub.watch(self.session, &self.outbox, seat);
        Ok(())
    }

    /// Leaves a room. Idempotent.
    pub(crate) fn leave(&self, conversation: ConversationId) {
        if let Some(whom) = self.rooms().remove(&conversation) {
            self.hub.unwatch(self.session, &whom, conversation);
        }
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<ConversationId, UserId>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says what was read about a block after entering a room, and learns whether the counterpart
    /// is to be shown as online.
    pub(crate) fn settle(&self, seat: &Seat, blocked: bool) -> Sight {
        let mut state = self.hub.state();
        let (whom, conversation) = (seat.counterpart(), seat.conversation());
        if state
            .rooms
            .settle(self.session, whom, conversation, blocked)
        {
            Sight::Hidden
        } else if state.is_online(whom) {
            Sight::Online
        } else {
            Sight::Offline
        }
    }

    /// Gives up the user's place and the rooms; the connection itself is still there. Idempotent.
    pub(crate) fn vacate(&self) {
        let joined = std::mem::take(&mut *self.rooms());
        for (conversation, whom) in joined {
            self.hub.unwatch(self.session, &whom, conversation);
        }
        if let Some(user) = self.user.get() {
            self.hub.leave(self.session, user);
        }
    }
}

/// What a watcher may know of the counterpart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sight {
    /// One of the two blocks the other.
    Hidden,
    /// Connected.
    Online,
    /// Not connected; when they last were may be told.
    Offline,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.vacate();
        self.hub.disconnect(self.session);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use messaging_domain::{
        Announcer as _, Delivery, Epoch, Event, Participants, Position, Seq, UnreadState,
    };

    use super::*;
    use crate::ws::{
        Timing,
        close::Close,
        hub::MAX_SESSIONS,
        outbox::{Class, Outgoing},
    };

    fn somebody(name: &str) -> UserId {
        UserId::restore(name)
    }

    fn connected(hub: &Hub, name: &str, login: Option<LoginId>) -> Connection {
        let connection = hub.connect().unwrap();
        connection.identify(&somebody(name), login);
        connection.begin(StreamHead {
            epoch: Epoch::restore(uuid::Uuid::nil()),
            position: Position::ZERO,
        });
        connection
    }

    /// The next thing in line: the text of a frame, or the code of a close.
    fn next(connection: &Connection) -> Option<Result<serde_json::Value, u16>> {
        Some(match connection.outbox.try_next()? {
            Outgoing::Frame(frame) => Ok(serde_json::from_str(&frame.text).unwrap()),
            Outgoing::Missed(position) => panic!("{position} missed"),
            Outgoing::Farewell(farewell) => Err(farewell.close.code()),
        })
    }

    fn moved(user: &str, position: i64) -> Delivery {
        Delivery {
            user: somebody(user),
            position: Position::new(position),
            event: Event::CursorMoved {
                conversation: ConversationId::new(),
                user: somebody(user),
                read_seq: Seq::new(1),
                delivered_seq: Seq::new(1),
            },
            unread: UnreadState { count: 0, total: 0 },
        }
    }

    fn seat(of: &str, opposite: &str) -> Seat {
        let participants = Participants {
            conversation: ConversationId::new(),
            buyer: somebody(of),
            seller: somebody(opposite),
        };
        participants.seat_of(&somebody(of)).unwrap()
    }

    #[test]
    fn what_happens_to_somebody_goes_to_all_their_sessions_and_to_nobody_else() {
        let hub = Hub::new(Timing::default());
        let ann = [connected(&hub, "ann", None), connected(&hub, "ann", None)];
        let bob = connected(&hub, "bob", None);
        let nobody = hub.connect().unwrap();
        hub.announce(vec![moved("ann", 1), moved("eve", 1), moved("ann", 2)]);
        for connection in &ann {
            for position in 1..=2 {
                assert_eq!(next(connection).unwrap().unwrap()["position"], position);
            }
            assert_eq!(next(connection), None);
        }
        assert_eq!((next(&bob), next(&nobody)), (None, None));
    }

    #[test]
    fn what_waits_and_what_finds_no_room_is_counted() {
        let hub = Hub::new(Timing::default());
        let _ann = connected(&hub, "ann", None);
        let _bob = connected(&hub, "bob", None);
        hub.announce((1..=300).map(|position| moved("ann", position)).collect());
        hub.announce(vec![moved("bob", 1)]);
        let load = hub.load();
        assert_eq!((load.sessions, load.users), (2, 2));
        assert_eq!((load.waiting, load.longest), (257, 256));
        assert_eq!(hub.counters().overflows.get(), 1);
    }

    #[test]
    fn a_frame_is_written_once_and_shared() {
        let hub = Hub::new(Timing::default());
        let ann = [connected(&hub, "ann", None), connected(&hub, "ann", None)];
        hub.announce(vec![moved("ann", 1)]);
        let texts = ann
            .each_ref()
            .map(|connection| match connection.outbox.try_next() {
                Some(Outgoing::Frame(frame)) => {
                    assert_eq!(frame.class, Class::Durable(Position::new(1)));
                    frame.text.as_ptr()
                }
                other => panic!("{other:?}"),
            });
        assert_eq!(texts[0], texts[1]);
    }

    #[test]
    fn one_session_too_many_ends_the_oldest() {
        let hub = Hub::new(Timing::default());
        let mut sessions: Vec<_> = (0..MAX_SESSIONS)
            .map(|_| connected(&hub, "ann", None))
            .collect();
        assert!(sessions.iter().all(|session| next(session).is_none()));
        sessions.push(connected(&hub, "ann", None));
        assert_eq!(next(&sessions[0]), Some(Err(Close::TooManySessions.code())));
        assert!(sessions[1..].iter().all(|session| next(session).is_none()));
        // The one that ended makes room for nobody: it has left already.
        sessions.remove(0);
        sessions.push(connected(&hub, "ann", None));
        assert_eq!(next(&sessions[0]), Some(Err(Close::TooManySessions.code())));
    }

    #[test]
    fn a_revoked_login_and_an_erased_person_end_their_sessions_and_no_others() {
        let hub = Hub::new(Timing::default());
        let (phone, desk) = (LoginId::new(), LoginId::new());
        let on_phone = connected(&hub, "ann", Some(phone));
        let at_desk = connected(&hub, "ann", Some(desk));
        let bob = connected(&hub, "bob", None);
        hub.close_login(&somebody("ann"), phone);
        assert_eq!((next(&on_phone), next(&at_desk)), (Some(Err(4011)), None));
        at_desk.set_login(Some(phone));
        hub.close_login(&somebody("ann"), phone);
        assert_eq!(next(&at_desk), Some(Err(4011)));
        hub.close_user(&somebody("bob"));
        assert_eq!(next(&bob), Some(Err(4011)));
    }

    #[test]
    fn who_leaves_leaves_nothing_behind() {
        let hub = Hub::new(Timing::default());
        let ann = connected(&hub, "ann", None);
        ann.join(&seat("ann", "bob")).unwrap();
        drop(ann);
        drop(hub.connect());
        let state = hub.state();
        assert!(state.connections.is_empty());
        assert!(state.is_online(&somebody("ann")), "nobody was told yet");
        assert!(state.rooms.all_watchers(&somebody("bob")).is_empty());
        drop(state);
        assert_eq!(hub.load().users, 0);
    }

    #[test]
    fn a_session_is_in_twenty_rooms_at_most_and_joining_again_is_nothing_new() {
        let hub = Hub::new(Timing::default());
        let ann = connected(&hub, "ann", None);
        let seats: Vec<_> = (0..=MAX_ROOMS).map(|_| seat("ann", "bob")).collect();
        for seat in &seats[..MAX_ROOMS] {
            assert_eq!(ann.join(seat), Ok(()));
        }
        assert_eq!(ann.join(&seats[0]), Ok(()));
        assert_eq!(ann.join(&seats[MAX_ROOMS]), Err(TooManyRooms));
        ann.leave(seats[3].conversation());
        assert_eq!(ann.join(&seats[MAX_ROOMS]), Ok(()));
    }

    #[test]
    fn typing_goes_to_the_counterparts_sessions_in_the_room_only() {
        let hub = Hub::new(Timing::default());
        let ann = connected(&hub, "ann", None);
        let (in_room, elsewhere) = (connected(&hub, "bob", None), connected(&hub, "bob", None));
        let anns = seat("ann", "bob");
        let participants = Participants {
            conversation: anns.conversation(),
            buyer: somebody("ann"),
            seller: somebody("bob"),
        };
        let bobs = participants.seat_of(&somebody("bob")).unwrap();
        for (connection, seat) in [(&ann, &anns), (&in_room, &bobs)] {
            connection.join(seat).unwrap();
            assert_eq!(connection.settle(seat, false), Sight::Online);
        }
        hub.typing(&anns, true);
        let event = next(&in_room).unwrap().unwrap();
        assert_eq!(event["event"], "typing");
        assert_eq!(event["data"]["userId"], "ann");
        assert_eq!(event["data"]["expiresInMs"], 7_000);
        assert_eq!(
            (next(&ann), next(&elsewhere), next(&in_room)),
            (None, None, None)
        );
    }

    #[actix_web::test]
    async fn a_drain_ends_everybody_within_the_window_and_lets_nobody_in() {
        let hub = Hub::new(Timing::default());
        let sessions: Vec<_> = (0..10).map(|_| hub.connect().unwrap()).collect();
        let window = Duration::from_millis(50);
        let draining = actix_web::rt::spawn({
            let hub = hub.clone();
            async move { hub.drain(window).await }
        });
        for session in sessions {
            let Outgoing::Farewell(farewell) = session.outbox.next().await else {
                panic!("not closed")
            };
            assert_eq!(farewell.close, Close::Restart);
            assert!(farewell.after.unwrap() <= window * 2);
            assert!(hub.connect().is_none());
        }
        tokio::time::timeout(Duration::from_secs(2), draining)
            .await
            .unwrap()
            .unwrap();
    }
}
