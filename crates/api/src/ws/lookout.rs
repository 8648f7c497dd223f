//! The net under all hints: what was heard of is read from the log, and what was not is looked for.

use std::{sync::Arc, time::Duration};

use messaging_domain::{
    Accounts, Conversations, Directory, Error, EventPage, LoginId, Position, Signal, To, UserId,
};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::{
    close::Close,
    counters::Counters,
    hub::{Hub, Person},
};

/// How many events are read at once.
const PAGE: usize = 200;

/// After which a read that failed is tried again.
const RETRY_AFTER: Duration = Duration::from_millis(250);

/// How long what is in doubt may still be committed, as a rule: a database gives up a statement after five seconds, but
/// one that has stood still begins to count when it goes on.
const IN_DOUBT: Duration = Duration::from_mins(1);

/// How long it takes at most until signals about somebody come for whom they were asked.
const ATTENTION_WITHIN: Duration = Duration::from_millis(300);

/// Until when something may be committed of which nobody has heard.
struct Doubt(Option<Instant>);

impl Doubt {
    const fn none() -> Self {
        Self(None)
    }

    fn since(moment: Instant) -> Self {
        Self(moment.checked_add(IN_DOUBT))
    }

    /// Whether a look at this moment cannot be the last.
    fn is_left(&self, now: Instant) -> bool {
        self.0.is_some_and(|end| now < end)
    }
}

impl Hub {
    /// Reads the log for people of whose stream more is known than was passed on. Runs as long as the
    /// service does; several may.
    pub async fn follow(self, log: Arc<impl Conversations>) {
        loop {
            match self.next_behind() {
                Some((user, since)) => self.read_on(&*log, &user, since).await,
                None => self.behind().notified().await,
            }
        }
    }

    fn next_behind(&self) -> Option<(UserId, Position)> {
        let mut state = self.state();
        while let Some(user) = state.behind.pop_front() {
            let Some(person) = state.users.get_mut(&user) else {
                continue;
            };
            match person.watermark.behind() {
                Some(since) => {
                    // Another task may see to the rest.
                    if !state.behind.is_empty() {
                        self.behind().notify_one();
                    }
                    return Some((user, since));
                }
                None => person.in_line = false,
            }
        }
        None
    }

    async fn read_on(&self, log: &impl Conversations, user: &UserId, since: Position) {
        let read = log.events(user, since, PAGE);
        match timeout(self.timing().read_within, read).await {
            Ok(Ok(page)) => self.pass_on_page(user, &page),
            Ok(Err(Error::Resync)) => self.skip(user),
            Ok(Err(error)) => {
                tracing::warn!(%error, "the log could not be read for somebody");
                sleep(RETRY_AFTER).await;
            }
            Err(_late) => tracing::warn!("the log could not be read in time for somebody"),
        }
        let mut state = self.state();
        if let Some(person) = state.users.get_mut(user) {
            person.in_line = false;
        }
        if state.line_up(user) {
            self.behind().notify_one();
        }
    }

    fn pass_on_page(&self, user: &UserId, page: &EventPage) {
        Counters::add(&self.counters().gaps_filled, 1);
        for delivery in &page.events {
            self.pass_on(delivery);
        }
        if page.events.is_empty()
            && let Some(person) = self.state().users.get_mut(user)
        {
            person.watermark.nothing_more();
        }
    }

    /// Looks for what was missed: every few seconds where there are other nodes, soon after somebody
    /// has come, and at once when there is doubt, until there is none. Runs as long as the service does.
    pub async fn keep_lookout<S: Conversations + Accounts + Directory>(self, store: Arc<S>) {
        let mut due = Instant::now() + self.timing().look_every;
        let mut doubt = Doubt::none();
        loop {
            let looks_on = self.relay().is_some() || doubt.is_left(Instant::now());
            tokio::select! {
                () = sleep_until(due), if looks_on => due = self.look_for_all(&*store).await,
                () = self.doubts().notified() => {
                    doubt = Doubt::since(Instant::now());
                    due = self.look_for_all(&*store).await;
                }
                () = self.came().notified() => {
                    sleep(ATTENTION_WITHIN).await;
                    self.look_for_new(&*store).await;
                }
            }
        }
    }

    /// Gives back when to look again.
    async fn look_for_all<S: Conversations + Accounts + Directory>(&self, store: &S) -> Instant {
        let (users, logins): (Vec<UserId>, Vec<LoginId>) = {
            let state = self.state();
            (
                state.users.keys().cloned().collect(),
                state.users.values().flat_map(Person::logins).collect(),
            )
        };
        let looked = async {
            self.look_for(store, users.clone()).await?;
            for user in store.erased_among(users).await? {
                self.close_user(&user);
            }
            let revoked = store.revoked_among(logins).await?;
            self.close_logins(&revoked);
            Ok::<_, Error>(())
        };
        match looked.await {
            Ok(()) => Instant::now() + self.timing().look_every,
            Err(error) => {
                tracing::warn!(%error, "what was missed could not be looked for");
                // Once more soon, in doubt or not.
                self.doubts().notify_one();
                sleep(RETRY_AFTER).await;
                Instant::now() + self.timing().look_every
            }
        }
    }

    async fn look_for_new(&self, store: &impl Conversations) {
        let (here, all): (Vec<UserId>, Vec<UserId>) = {
            let mut state = self.state();
            let came: Vec<UserId> = std::mem::take(&mut state.came).into_iter().collect();
            let here = came.iter().filter(|user| state.users.contains_key(user));
            (here.cloned().collect(), came)
        };
        for user in all {
            self.tell_nodes(To::Sessions(user), Signal::RollCall);
        }
        if let Err(error) = self.look_for(store, here).await {
            tracing::warn!(%error, "what newcomers missed could not be looked for");
            self.doubts().notify_one();
        }
    }

    /// Compares where streams stand with what was heard.
    async fn look_for(&self, store: &impl Conversations, users: Vec<UserId>) -> Result<(), Error> {
        if users.is_empty() {
            return Ok(());
        }
        let heads = store.heads(users).await?;
        let mut state = self.state();
        let before = state.epoch.replace(heads.epoch);
        if before.is_some_and(|before| before != heads.epoch) {
            drop(state);
            tracing::warn!("positions have started afresh: all sessions begin anew");
            self.close_all(Close::EpochChanged);
            return Ok(());
        }
        for (user, position) in heads.positions {
            if let Some(person) = state.users.get_mut(&user) {
                person.watermark.hears(position);
            }
            if state.line_up(&user) {
                self.behind().notify_one();
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubt_is_left_as_long_as_a_commit_may_come() {
        let now = Instant::now();
        let after = |seconds| now + Duration::from_secs(seconds);
        assert!(!Doubt::none().is_left(now));
        for (seconds, is_left) in [(0, true), (59, true), (60, false)] {
            assert_eq!(Doubt::since(now).is_left(after(seconds)), is_left);
        }
    }
}
