//! The long middle of a session: ops in, events out, one after the other and without a gap.

use std::{convert::Infallible, sync::Arc, time::Duration};

use messaging_domain::{Delivery, Epoch, Error, EventPage, Position, Timestamp, UserId};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tracing::{Instrument as _, debug_span};

use super::{
    close::{Close, Farewell},
    counters::Counters,
    inbound::Heard,
    ops::{self, Done},
    outbox::{Class, Frame, Outgoing},
    pace::{Pace, Verdict},
    session::{End, Session},
    underway::{Asked, Finished, Underway},
};
#[cfg(feature = "planted-bugs")]
use crate::planted::{self, Bug};
use crate::{
    auth::Visitor,
    one_request,
    problem::Refusal,
    wire::frame::{
        EventFrame,
        client::{Command, Head, Op},
        event::{EphemeralEvent, Place, TokenExpiring, milliseconds},
    },
};

/// How many missed events are read at once.
const PAGE: usize = 200;

/// The longest wait for anything: a token may be good for years, and clocks are set.
const LONGEST_NAP: Duration = Duration::from_hours(1);

/// A session whose user is known.
pub(super) struct Live {
    user: UserId,
    expires_at: Timestamp,
    /// The client was told that the token expires.
    warned: bool,
    epoch: Epoch,
    /// Of the last durable event that was sent.
    position: Position,
    /// `None` when limits are off.
    pace: Option<Pace>,
    last_heard: Instant,
    /// When the store was last asked where the stream stands.
    looked_at: Instant,
    /// While it has no room nothing is read: who asks faster than ops can be done has to wait.
    underway: Underway,
}

impl Live {
    /// A session of this visitor, whose client has everything up to `position`.
    pub(super) fn new(visitor: &Visitor, epoch: Epoch, position: Position, limited: bool) -> Self {
        Self {
            user: visitor.user.id.clone(),
            expires_at: visitor.expires_at,
            warned: false,
            epoch,
            position,
            pace: limited.then(|| Pace::new(std::time::Instant::now())),
            last_heard: Instant::now(),
            looked_at: Instant::now(),
            underway: Underway::default(),
        }
    }

    /// Of the last durable event that was sent.
    pub(super) const fn position(&self) -> Position {
        self.position
    }

    /// Goes on until something ends it.
    pub(super) async fn run(&mut self, session: &mut Session) -> Result<Infallible, End> {
        loop {
            let nap = sleep_until(self.next_due(session));
            let outbox = Arc::clone(&session.outbox);
            let has_room = self.underway.has_room();
            // What is done is done in a box that goes with it: most sessions wait, and hold no room for it.
            tokio::select! {
                next = outbox.next() => match next {
                    Outgoing::Frame(frame) => Box::pin(self.deliver(session, frame)).await?,
                    Outgoing::Missed(to) => Box::pin(self.fill_gap(session, to)).await?,
                    Outgoing::Farewell(farewell) => return Err(Box::pin(self.wind_up(session, farewell)).await),
                },
                done = self.underway.finished() => {
                    Box::pin(self.answer(session, done)).await?;
                    if let Some((asked, command)) = self.underway.take_next() {
                        self.perform(session, asked, command);
                    }
                }
                heard = session.inbound.next(), if has_room => Box::pin(self.hear(session, heard)).await?,
                () = nap => Box::pin(self.tick(session)).await?,
            }
        }
    }

    async fn hear(&mut self, session: &mut Session, heard: Heard) -> Result<(), End> {
        self.last_heard = Instant::now();
        let Heard::Text(text) = heard else {
            return match (&heard, self.verdict()) {
                (Heard::Ping(_), Verdict::Abuse) => Err(Close::RateAbuse.into()),
                (Heard::Ping(_), Verdict::Wait(_)) => Ok(()),
                _ => session.mind(heard).await,
            };
        };
        let at = Instant::now();
        let frame = Head::read(&text).or(Err(Close::ProtocolError))?;
        if frame.op == Some(Op::Hello) {
            return Err(Close::ProtocolError.into());
        }
        let command = match self.verdict() {
            Verdict::Go => frame.command(&text),
            Verdict::Wait(wait) => {
                session.service.limits.op_refused();
                Err(Refusal::RateLimited(wait).into())
            }
            Verdict::Abuse => return Err(Close::RateAbuse.into()),
        };
        let asked = Asked {
            op: frame.op,
            at,
            wants_reply: frame.wants_reply(),
            id: frame.id,
        };
        match command {
            Ok(command) => {
                self.perform(session, asked, command);
                Ok(())
            }
            Err(problem) => {
                self.underway.refuse(asked, problem);
                Ok(())
            }
        }
    }

    fn perform(&mut self, session: &Session, asked: Asked, command: Command) {
        let user = self.user.clone();
        self.underway.add(asked, command, |asked, command, placed| {
            let service = Arc::clone(&session.service);
            let connection = Arc::clone(&session.connection);
            let work = ops::perform(service, connection, user, command, placed);
            let work = one_request(work);
            Box::pin(work.instrument(debug_span!("op", op = asked.op.map(Op::as_str))))
        });
    }

    fn verdict(&mut self) -> Verdict {
        self.pace
            .as_mut()
            .map_or(Verdict::Go, |pace| pace.check(std::time::Instant::now()))
    }

    async fn answer(&mut self, session: &mut Session, done: Finished) -> Result<(), End> {
        // It was not listened to while the op was being done.
        self.last_heard = Instant::now();
        if let Ok(Done::Refreshed { expires_at, .. }) = &done.outcome {
            self.expires_at = *expires_at;
            self.warned = false;
        }
        let asked = done.asked;
        let status = done.outcome.as_ref().map_or_else(|no| no.status, |_| 200);
        let counters = session.connection.hub().counters();
        counters.did(asked.op, status, asked.at.elapsed());
        if asked.wants_reply {
            let id = asked.id.as_ref();
            session.sender.reply(id, done.outcome).await?;
        }
        Ok(())
    }

    /// Before a restart, the ops that are being done may come to their end, so that the client knows.
    async fn wind_up(&mut self, session: &mut Session, farewell: Farewell) -> End {
        let until = Instant::now() + session.connection.hub().timing().last_op_within;
        while farewell.close == Close::Restart
            && !self.underway.is_empty()
            && let Ok(done) = timeout_at(until, self.underway.finished()).await
        {
            if let Err(end) = self.answer(session, done).await {
                return end;
            }
        }
        End::Farewell(farewell)
    }

    /// Passes on a frame of the outbox: durable events each exactly once and in order.
    pub(super) async fn deliver(&mut self, session: &mut Session, frame: Frame) -> Result<(), End> {
        let Class::Durable(position) = frame.class else {
            return session.sender.text(frame.text).await;
        };
        if position > self.position.next() {
            let before = Position::new(position.get() - 1);
            #[cfg(feature = "planted-bugs")]
            if planted::is(Bug::EventLost) || planted::is(Bug::HeadBeforeRegister) {
                self.position = before;
            }
            Box::pin(self.fill_gap(session, before)).await?;
        }
        if position == self.position.next() {
            #[cfg(feature = "planted-bugs")]
            if planted::strikes(Bug::FrameTwice, 40) {
                session.sender.text(frame.text.clone()).await?;
            }
            session.sender.text(frame.text).await?;
            self.position = position;
        }
        Ok(())
    }

    /// Sends the events up to `to` from the store; `first` is their first page, if it was read.
    /// Gives back how many there were.
    pub(super) async fn replay(
        &mut self,
        session: &mut Session,
        to: Position,
        first: Option<EventPage>,
    ) -> Result<u64, End> {
        let mut sent = 0;
        let mut page = first;
        while self.position < to {
            let events = match page.take() {
                Some(page) => page.events,
                None => match session.missed(&self.user, self.position).await? {
                    Ok(page) => page.events,
                    Err(error) => {
                        tracing::warn!(%error, "missed events could not be read");
                        return Err(Close::ReplayFailed.into());
                    }
                },
            };
            if events.is_empty() {
                return Err(Close::ReplayFailed.into());
            }
            for event in &events {
                self.send(session, event).await?;
                sent += 1;
            }
        }
        Ok(sent)
    }

    async fn send(&mut self, session: &mut Session, event: &Delivery) -> Result<(), End> {
        if event.position != self.position.next() {
            tracing::error!(expected = %self.position.next(), found = %event.position, "the log has a gap");
            return Err(Close::ReplayFailed.into());
        }
        session.sender.event(&EventFrame::from(event)).await?;
        self.position = event.position;
        Ok(())
    }

    /// Sends what was missed up to `to` from the store, if anything was.
    pub(super) async fn fill_gap(
        &mut self,
        session: &mut Session,
        to: Position,
    ) -> Result<(), End> {
        if self.position < to {
            Counters::add(&session.connection.hub().counters().gaps_filled, 1);
            self.replay(session, to, None).await?;
            // It was not listened to meanwhile, and a long gap takes a slow peer a while.
            self.last_heard = Instant::now();
        }
        Ok(())
    }

    fn next_due(&self, session: &Session) -> Instant {
        let timing = session.connection.hub().timing();
        let now = Instant::now();
        let left = self.expires_at.since(Timestamp::now());
        let token = if self.warned {
            left
        } else {
            left.saturating_sub(timing.expiry_notice)
        };
        let quiet_since = session.sender.last_sent().min(self.looked_at);
        let heartbeat = quiet_since + timing.heartbeat_after;
        let mut due = heartbeat.min(now + token.min(LONGEST_NAP));
        if self.underway.is_empty() {
            due = due.min(self.last_heard + timing.idle_limit);
        }
        due
    }

    async fn tick(&mut self, session: &mut Session) -> Result<(), End> {
        let timing = *session.connection.hub().timing();
        if self.underway.is_empty() && self.last_heard.elapsed() >= timing.idle_limit {
            return Err(Close::HeartbeatLost.into());
        }
        let left = self.expires_at.since(Timestamp::now());
        if left.is_zero() {
            return Err(Close::TokenExpired.into());
        }
        if !self.warned && left <= timing.expiry_notice {
            self.warned = true;
            let in_ms = milliseconds(left);
            let expiring = EphemeralEvent::TokenExpiring(TokenExpiring { in_ms });
            session.sender.event(&expiring).await?;
        }
        let is_quiet = session.sender.last_sent().elapsed() >= timing.heartbeat_after;
        // However much is said: a session that is never quiet may have missed the last event of all,
        // and a new epoch.
        if is_quiet || self.looked_at.elapsed() >= timing.heartbeat_after {
            Box::pin(self.look(session)).await?;
        }
        if is_quiet {
            let position = self.position.get();
            let heartbeat = EphemeralEvent::Heartbeat(Place { position });
            session.sender.event(&heartbeat).await?;
        }
        Ok(())
    }

    /// Looks whether something was missed, as hints may be lost, or the epoch has changed.
    async fn look(&mut self, session: &mut Session) -> Result<(), End> {
        self.looked_at = Instant::now();
        let limit = session.connection.hub().timing().read_within;
        let read = session.service.messaging.head(&self.user);
        // A store that is away is no reason to end a session that has nothing to ask of it.
        if let Ok(Ok(head)) = timeout(limit, read).await {
            if head.epoch != self.epoch {
                return Err(Close::EpochChanged.into());
            }
            self.fill_gap(session, head.position).await?;
        }
        Ok(())
    }
}

impl Session {
    /// A page of the events after `since`.
    pub(super) async fn missed(
        &self,
        user: &UserId,
        since: Position,
    ) -> Result<Result<EventPage, Error>, End> {
        let limit = self.connection.hub().timing().read_within;
        let read = self.service.messaging.events(user, since, PAGE);
        self.within(limit, Close::ReplayFailed, read).await
    }
}
