//! How much one person, or one address, may ask of the service in a while.

mod address;
mod bucket;

use std::{
    hash::Hash,
    time::{Duration, Instant},
};

use messaging_domain::{Email, UserId};
use prometheus_client::{
    metrics::{counter::Counter, family::Family},
    registry::Registry,
};

pub use address::{Address, address_of};
use bucket::Buckets;

use crate::problem::{Problem, Refusal};

/// How many messages a person may send at once after a pause.
pub const SEND_BURST: u32 = 120;

/// How much later a person may send one more.
pub const SEND_EVERY: Duration = Duration::from_millis(250);

/// Their names, as they are counted.
const LIMITS: [&str; 8] = [
    "requests",
    "sends",
    "openings",
    "settings",
    "registrations",
    "logins",
    "bad_tokens",
    "ops",
];

/// All limits. They are this node's own: with several nodes each has its own.
#[derive(Debug)]
pub struct Limits {
    enforced: bool,
    /// 600 at once, 50 a second.
    requests: Buckets<UserId>,
    /// 120 at once, 4 a second.
    sends: Buckets<UserId>,
    /// 100 at once, one in 10 s.
    openings: Buckets<UserId>,
    /// 30 at once, one in 2 s.
    settings: Buckets<UserId>,
    /// 300 at once, one a second.
    registrations: Buckets<Address>,
    /// 10 at once, one in 5 s.
    failures: Buckets<(Option<Email>, Address)>,
    /// 100 at once, one a second.
    failures_of_address: Buckets<Address>,
    /// 1,000 at once, 20 a second.
    bad_tokens: Buckets<Address>,
    refusals: Family<Label, Counter>,
}

/// A limit by its name: one of the words in this file.
type Label = [(&'static str, &'static str); 1];

impl Limits {
    /// The limits, enforced or not.
    pub fn new(enforced: bool) -> Self {
        let refusals = Family::<Label, Counter>::default();
        for limit in LIMITS {
            // There from the start: a series that appears with its first event has no rise.
            drop(refusals.get_or_create(&[("limit", limit)]));
        }
        Self {
            enforced,
            requests: Buckets::new(600, Duration::from_millis(20)),
            sends: Buckets::new(SEND_BURST, SEND_EVERY),
            openings: Buckets::new(100, Duration::from_secs(10)),
            settings: Buckets::new(30, Duration::from_secs(2)),
            registrations: Buckets::new(300, Duration::from_secs(1)),
            failures: Buckets::new(10, Duration::from_secs(5)),
            failures_of_address: Buckets::new(100, Duration::from_secs(1)),
            bad_tokens: Buckets::new(1_000, Duration::from_millis(50)),
            refusals,
        }
    }

    /// Names what the limits count.
    pub fn expose(&self, registry: &mut Registry) {
        registry.register(
            "rate_limit_refusals",
            "What was refused because somebody asked too often, by limit",
            self.refusals.clone(),
        );
    }

    /// Counts an op that was over its session's pace.
    pub fn op_refused(&self) {
        self.refused("ops");
    }

    fn refused(&self, limit: &'static str) {
        self.refusals.get_or_create(&[("limit", limit)]).inc();
    }

    /// Whether they are enforced, or off for a load test.
    pub const fn are_enforced(&self) -> bool {
        self.enforced
    }

    /// Counts a request of a person over HTTP, or a hello: a session of the WebSocket then has a pace
    /// of its own.
    ///
    /// # Errors
    /// `rate_limited`, with the time to wait.
    pub fn check_request(&self, user: &UserId) -> Result<(), Problem> {
        self.check("requests", &self.requests, user)
    }

    /// Counts a message that a person sends or edits.
    ///
    /// # Errors
    /// `rate_limited`, with the time to wait.
    pub fn check_send(&self, user: &UserId) -> Result<(), Problem> {
        self.check("sends", &self.sends, user)
    }

    /// Counts a conversation that a person starts.
    ///
    /// # Errors
    /// `rate_limited`, with the time to wait.
    pub fn check_opening(&self, user: &UserId) -> Result<(), Problem> {
        self.check("openings", &self.openings, user)
    }

    /// The conversation was there already, so it does not count.
    pub fn found_opening(&self, user: &UserId) {
        self.openings.give_back(user);
    }

    /// Counts a change of a person's own settings of a conversation: a block is told to both people
    /// in each conversation of theirs.
    ///
    /// # Errors
    /// `rate_limited`, with the time to wait.
    pub fn check_settings(&self, user: &UserId) -> Result<(), Problem> {
        self.check("settings", &self.settings, user)
    }

    /// Counts an account that is made from an address.
    ///
    /// # Errors
    /// `rate_limited`, with the time to wait.
    pub fn check_registration(&self, address: Address) -> Result<(), Problem> {
        self.check("registrations", &self.registrations, &address)
    }

    /// Counts a token, or a key, that was no good. Whoever shows a good one is let in whatever others
    /// at the same address do.
    ///
    /// # Errors
    /// `rate_limited`, with the time to wait, when there were too many from this address.
    pub fn check_bad_token(&self, address: Address) -> Result<(), Problem> {
        self.check("bad_tokens", &self.bad_tokens, &address)
    }

    /// A token that was counted as a bad one before it was looked at has turned out good.
    pub fn forgive_token(&self, address: Address) {
        self.bad_tokens.give_back(&address);
    }

    /// Counts an attempt to log in as a failure, until [`Attempt::succeeded`] says otherwise: so
    /// that of many attempts at the same time none goes uncounted.
    ///
    /// # Errors
    /// `rate_limited`, with the time to wait.
    pub fn check_login(
        &self,
        email: Option<&Email>,
        address: Address,
    ) -> Result<Attempt<'_>, Problem> {
        let account = (email.cloned(), address);
        self.check("logins", &self.failures, &account)?;
        let attempt = Attempt {
            limits: self,
            account,
        };
        if let Err(problem) = self.check("logins", &self.failures_of_address, &address) {
            self.failures.give_back(&attempt.account);
            return Err(problem);
        }
        Ok(attempt)
    }

    fn check<K: Hash + Eq + Clone>(
        &self,
        limit: &'static str,
        buckets: &Buckets<K>,
        key: &K,
    ) -> Result<(), Problem> {
        if !self.enforced {
            return Ok(());
        }
        buckets.take(key, Instant::now()).map_err(|wait| {
            self.refused(limit);
            Refusal::RateLimited(wait).into()
        })
    }
}

/// An attempt to log in, counted as a failure so far.
#[derive(Debug)]
#[must_use = "an attempt counts as a failure until it has succeeded"]
pub struct Attempt<'a> {
    limits: &'a Limits,
    account: (Option<Email>, Address),
}

impl Attempt<'_> {
    /// It was no failure of the person who tried.
    pub fn succeeded(self) {
        self.limits.failures.give_back(&self.account);
        self.limits.failures_of_address.give_back(&self.account.1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address() -> Address {
        Address::of(Some("192.0.2.1".parse().unwrap()), std::iter::empty(), 0)
    }

    #[test]
    fn only_failures_to_log_in_are_counted() {
        let limits = Limits::new(true);
        let ann = Email::parse("ann@example.org").ok();
        for _ in 0..1_000 {
            limits
                .check_login(ann.as_ref(), address())
                .unwrap()
                .succeeded();
        }
        for _ in 0..10 {
            let _failed = limits.check_login(ann.as_ref(), address()).unwrap();
        }
        let problem = limits.check_login(ann.as_ref(), address()).unwrap_err();
        assert_eq!((problem.status, problem.code), (429, "rate_limited"));
        assert!(
            problem
                .retry_after_ms
                .is_some_and(|ms| (1..=5_000).contains(&ms))
        );
        let bob = Email::parse("bob@example.org").ok();
        let _other = limits.check_login(bob.as_ref(), address()).unwrap();
    }

    #[test]
    fn a_person_may_send_a_burst_and_then_has_to_wait() {
        let limits = Limits::new(true);
        let ann = UserId::parse("ann").unwrap();
        assert!((0..120).all(|_| limits.check_send(&ann).is_ok()));
        assert!(limits.check_send(&ann).is_err());
        assert!(limits.check_send(&UserId::parse("bob").unwrap()).is_ok());
    }

    #[test]
    fn settings_are_changed_less_often_than_words_are_sent() {
        let limits = Limits::new(true);
        let ann = UserId::parse("ann").unwrap();
        assert!((0..30).all(|_| limits.check_settings(&ann).is_ok()));
        let problem = limits.check_settings(&ann).unwrap_err();
        assert!(
            problem
                .retry_after_ms
                .is_some_and(|ms| (1..=2_000).contains(&ms))
        );
        assert!(limits.check_send(&ann).is_ok());
    }

    #[test]
    fn bad_tokens_are_counted_by_address() {
        let limits = Limits::new(true);
        assert!((0..1_000).all(|_| limits.check_bad_token(address()).is_ok()));
        let problem = limits.check_bad_token(address()).unwrap_err();
        assert_eq!((problem.status, problem.code), (429, "rate_limited"));
        let other = Address::of(Some("192.0.2.2".parse().unwrap()), std::iter::empty(), 0);
        assert!(limits.check_bad_token(other).is_ok());
    }

    #[test]
    fn limits_can_be_switched_off() {
        let limits = Limits::new(false);
        let ann = UserId::parse("ann").unwrap();
        assert!((0..10_000).all(|_| limits.check_send(&ann).is_ok()));
    }
}
