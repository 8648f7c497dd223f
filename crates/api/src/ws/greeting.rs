//! The beginning of a session: hello, who it is, and the events that were missed.

use messaging_domain::{Error, EventPage, Position, StreamHead, UserId};
use tokio::time::{Instant, sleep_until};

use super::{
    close::Close,
    counters::Counters,
    hub::MAX_SESSIONS,
    inbound::Heard,
    live::Live,
    ops,
    outbox::Outgoing,
    pace::{OPS_BURST, OPS_PER_SECOND},
    resume::{MAX_MISSED, Resume, decide},
    rooms::MAX_ROOMS,
    session::{End, Session},
};
#[cfg(feature = "planted-bugs")]
use crate::planted::{self, Bug};
use crate::{
    auth::{Denied, Visitor},
    limits::{SEND_BURST, SEND_EVERY},
    problem::{Problem, Refusal},
    wire::{
        frame::{
            FrameId, MAX_FRAME,
            client::{Command, Greeting, Head, Op},
            event::{EphemeralEvent, Place, milliseconds},
            reply::{Limits, NotResumed, Welcome},
        },
        user::User,
    },
};

/// A session that was welcomed and is not up to date yet.
struct Begun {
    live: Live,
    not_resumed: Option<NotResumed>,
    /// Where the stream stood.
    head: Position,
    /// The first of the missed events, if there are any.
    missed: Option<EventPage>,
}

impl Session {
    /// Waits for a good hello and brings the client up to date.
    pub(super) async fn greet(&mut self) -> Result<Live, End> {
        let begun = self.begin().await;
        let counters = self.connection.hub().counters();
        match &begun {
            Ok(begun) => counters.welcomed(begun.not_resumed),
            Err(end) => counters.not_welcomed(end),
        }
        let begun = begun?;
        self.greeting = None;
        self.catch_up(begun).await
    }

    /// Everything up to the welcome.
    async fn begin(&mut self) -> Result<Begun, End> {
        let (id, greeting) = self.hello().await?;
        let visitor = self.admit(id.as_ref(), &greeting.token).await?;
        // A new session has a pace of its own; so it counts itself as a request.
        if self.service.limits.check_request(&visitor.user.id).is_err() {
            return Err(Close::RateAbuse.into());
        }
        // From here on, what happens waits in the outbox; so whatever the head does not count yet
        // cannot be missed.
        self.connection.identify(&visitor.user.id, visitor.login);
        let limit = self.connection.hub().timing().read_within;
        let rechecked = ops::recheck(&self.service, &self.connection, &visitor);
        if let Err(error) = self.within(limit, Close::Overloaded, rechecked).await? {
            return Err(self.fail(id.as_ref(), error).await);
        }
        self.welcome_in(id.as_ref(), &greeting, visitor).await
    }

    async fn hello(&mut self) -> Result<(Option<FrameId>, Greeting), End> {
        let deadline = sleep_until(Instant::now() + self.connection.hub().timing().hello_within);
        tokio::pin!(deadline);
        loop {
            let next = tokio::select! {
                next = self.inbound.next() => next,
                farewell = self.outbox.ended() => return Err(End::Farewell(farewell)),
                () = &mut deadline => return Err(Close::NoHello.into()),
            };
            let Heard::Text(text) = next else {
                self.mind(next).await?;
                continue;
            };
            let head = Head::read(&text).or(Err(Close::ProtocolError))?;
            if head.op != Some(Op::Hello) {
                return Err(Close::ProtocolError.into());
            }
            match head.command(&text) {
                Ok(Command::Hello(greeting)) => return Ok((head.id, greeting)),
                Ok(_) => return Err(Close::ProtocolError.into()),
                Err(problem) => self.refuse(head.id.as_ref(), problem).await?,
            }
        }
    }

    async fn admit(&mut self, id: Option<&FrameId>, token: &str) -> Result<Visitor, End> {
        let limit = self.connection.hub().timing().read_within;
        let admitted = self.service.gatekeeper.admit(token);
        match self.within(limit, Close::Overloaded, admitted).await? {
            Ok(visitor) => Ok(visitor),
            Err(Denied::Bad) => {
                let counted = self.service.limits.check_bad_token(self.address);
                Err(counted
                    .map_or(Close::RateAbuse, |()| Close::BadToken)
                    .into())
            }
            Err(Denied::Expired) => Err(Close::TokenExpired.into()),
            Err(Denied::Unavailable(error)) => Err(self.fail(id, error).await),
        }
    }

    async fn welcome_in(
        &mut self,
        id: Option<&FrameId>,
        greeting: &Greeting,
        visitor: Visitor,
    ) -> Result<Begun, End> {
        let user = &visitor.user.id;
        let limit = self.connection.hub().timing().read_within;
        let read = self.service.messaging.head(user);
        let head = match self.within(limit, Close::Overloaded, read).await? {
            Ok(head) => head,
            Err(error) => return Err(self.fail(id, error).await),
        };
        self.connection.begin(head);
        let (resume, missed) = self.first_missed(user, head, greeting).await?;
        let reason = match resume {
            Resume::After(_) => None,
            Resume::Afresh(reason) => Some(reason),
        };
        let welcome = self.welcome(&visitor, head, reason);
        self.sender.reply(id, Ok::<_, Problem>(welcome)).await?;
        let start = match resume {
            Resume::After(since) => since,
            Resume::Afresh(_) => head.position,
        };
        let enforced = self.service.limits.are_enforced();
        Ok(Begun {
            live: Live::new(&visitor, head.epoch, start, enforced),
            not_resumed: reason,
            head: head.position,
            missed,
        })
    }

    /// Sends what was missed, and what came meanwhile.
    async fn catch_up(&mut self, begun: Begun) -> Result<Live, End> {
        let mut live = begun.live;
        let replayed = live.replay(self, begun.head, begun.missed).await?;
        Counters::add(&self.connection.hub().counters().replayed, replayed);
        // What came in the meantime; what comes from now on, the loop takes.
        while let Some(next) = self.outbox.try_next() {
            #[cfg(feature = "planted-bugs")]
            if planted::is(Bug::HeadBeforeRegister) && matches!(next, Outgoing::Frame(_)) {
                continue;
            }
            match next {
                Outgoing::Frame(frame) => live.deliver(self, frame).await?,
                Outgoing::Missed(to) => live.fill_gap(self, to).await?,
                Outgoing::Farewell(farewell) => return Err(End::Farewell(farewell)),
            }
        }
        let position = live.position().get();
        self.sender
            .event(&EphemeralEvent::Live(Place { position }))
            .await?;
        Ok(live)
    }

    /// Decides, and reads the first of the missed events: only when they are there is it certain
    /// that the session is resumed.
    async fn first_missed(
        &mut self,
        user: &UserId,
        head: StreamHead,
        greeting: &Greeting,
    ) -> Result<(Resume, Option<EventPage>), End> {
        let resume = decide(head, greeting.since);
        #[cfg(feature = "planted-bugs")]
        let resume = match resume {
            Resume::After(since) if since < head.position && planted::is(Bug::ReplayOffByOne) => {
                Resume::After(since.next())
            }
            resume => resume,
        };
        let since = match resume {
            Resume::After(since) if since < head.position => since,
            Resume::After(_) | Resume::Afresh(_) => return Ok((resume, None)),
        };
        match self.missed(user, since).await? {
            Ok(page) => Ok((resume, Some(page))),
            Err(Error::Resync) => Ok((Resume::Afresh(NotResumed::TooFar), None)),
            Err(error) => {
                tracing::warn!(%error, "missed events could not be read");
                Err(Close::ReplayFailed.into())
            }
        }
    }

    fn welcome(&self, visitor: &Visitor, head: StreamHead, reason: Option<NotResumed>) -> Welcome {
        let timing = self.connection.hub().timing();
        Welcome {
            session_id: self.connection.session().to_string(),
            user: User::from(&visitor.user),
            epoch: head.epoch.to_string(),
            position: head.position.get(),
            resumed: reason.is_none(),
            reason,
            heartbeat_ms: milliseconds(timing.heartbeat_after),
            token_expires_at: visitor.expires_at.to_string(),
            limits: Limits {
                frame_bytes: MAX_FRAME,
                text_characters: messaging_domain::content::MAX_TEXT,
                rooms: MAX_ROOMS,
                sessions: MAX_SESSIONS,
                resume_events: MAX_MISSED,
                ops_per_second: OPS_PER_SECOND,
                ops_burst: OPS_BURST,
                sends_burst: SEND_BURST,
                send_every_ms: milliseconds(SEND_EVERY),
                typing_every_ms: milliseconds(timing.typing_every),
                idle_ms: milliseconds(timing.idle_limit),
                edit_window_ms: milliseconds(messaging_domain::EDIT_WINDOW),
            },
        }
    }

    /// Says that the service cannot open a session now. A store that failed leaves nothing in doubt that
    /// the client has asked for, so it may come back as from one that is away.
    async fn fail(&mut self, id: Option<&FrameId>, error: Error) -> End {
        let passes = matches!(error, Error::Overloaded(_) | Error::Failed(_));
        // It is logged for what it is.
        let problem = Problem::from(error);
        let (problem, close) = if passes {
            (Refusal::Overloaded.into(), Close::Overloaded)
        } else {
            (problem, Close::Internal)
        };
        match self.refuse(id, problem).await {
            Ok(()) => close.into(),
            Err(end) => end,
        }
    }

    async fn refuse(&mut self, id: Option<&FrameId>, problem: Problem) -> Result<(), End> {
        self.sender.reply(id, Err::<(), _>(problem)).await
    }
}
