//! When it is time for what commits have left: they gather until nothing is written any more, or enough has come.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::{self, Thread},
    time::{Duration, Instant},
};

/// When to do it, after a commit.
#[derive(Debug)]
pub(super) struct Pace {
    /// Once there was no other for so long.
    quiet: Duration,
    /// After so long, however many there are.
    longest: Duration,
    /// Once so many acts were committed, or a little later.
    most_acts: u64,
    /// How many acts a commit has, on average, when there is no time to spare: it is left to the writer while they come.
    full: u64,
}

/// How it came to be time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// Nobody writes.
    Quiet,
    /// Enough has gathered, and more is being written.
    Busy,
}

/// A page that several commits have written is copied once; but the fewer there are to copy, the sooner it is done.
pub(super) const PAGES: Pace = Pace {
    quiet: Duration::from_millis(20),
    longest: Duration::from_millis(100),
    most_acts: 256,
    full: u64::MAX,
};

/// The more words are sorted in at once, the less each costs, down to a third for ten thousand messages of what it is for
/// one thousand; but a search reads all that are not sorted in. The writer does it when there are 8 MB of them.
pub(super) const WORDS: Pace = Pace {
    quiet: Duration::from_millis(250),
    longest: Duration::from_secs(8),
    most_acts: 8_192,
    full: 16,
};

impl Pace {
    /// Whether it is time, when so many acts have gathered in so long, and there were so many `before` a while ago.
    fn moment(&self, before: u64, acts: u64, so_long: Duration) -> Option<Moment> {
        if acts == before {
            return Some(Moment::Quiet);
        }
        let enough = acts >= self.most_acts || so_long >= self.longest;
        enough.then_some(Moment::Busy)
    }

    fn is_full(&self, acts: u64, commits: u64) -> bool {
        acts >= commits.saturating_mul(self.full)
    }
}

/// Tells the thread that there is something to do. It ends when nobody can tell it any more.
#[derive(Debug, Clone)]
pub(in crate::writer) struct Committed(Arc<Bell>);

#[derive(Debug)]
struct Bell {
    heard: Arc<Heard>,
    thread: Thread,
}

/// What the thread has to know. It is woken by the first commit alone; the others gather.
#[derive(Debug, Default)]
pub(super) struct Heard {
    told: AtomicBool,
    ended: AtomicBool,
    commits: AtomicU64,
    acts: AtomicU64,
}

impl Committed {
    /// For the thread that hears.
    pub(super) fn new(heard: Arc<Heard>, thread: Thread) -> Self {
        Self(Arc::new(Bell { heard, thread }))
    }

    pub(in crate::writer) fn tell(&self, acts: usize) {
        let Bell { heard, thread } = &*self.0;
        let acts = u64::try_from(acts).unwrap_or(u64::MAX);
        heard.acts.fetch_add(acts, Ordering::Relaxed);
        heard.commits.fetch_add(1, Ordering::Relaxed);
        if !heard.told.swap(true, Ordering::AcqRel) {
            thread.unpark();
        }
    }
}

impl Drop for Bell {
    fn drop(&mut self) {
        self.heard.ended.store(true, Ordering::Release);
        self.thread.unpark();
    }
}

impl Heard {
    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Waits for a commit. `false` at the end.
    pub(super) fn wait(&self) -> bool {
        while !self.told.load(Ordering::Acquire) {
            if self.has_ended() {
                return false;
            }
            thread::park();
        }
        true
    }

    /// Lets others come after a commit, until it is time; the next one after them is told again.
    pub(super) fn gather(&self, pace: &Pace) -> Moment {
        let mut begun = Instant::now();
        let mut before = self.acts.load(Ordering::Relaxed);
        let moment = loop {
            self.linger(pace.quiet);
            let [acts, commits] =
                [&self.acts, &self.commits].map(|count| count.load(Ordering::Relaxed));
            if self.has_ended() {
                break Moment::Quiet;
            }
            match pace.moment(before, acts, begun.elapsed()) {
                Some(Moment::Busy) if pace.is_full(acts, commits) => {
                    self.count_afresh();
                    (begun, before) = (Instant::now(), 0);
                }
                Some(moment) => break moment,
                None => before = acts,
            }
        };
        self.told.store(false, Ordering::Release);
        self.count_afresh();
        moment
    }

    fn count_afresh(&self) {
        for count in [&self.acts, &self.commits] {
            count.store(0, Ordering::Relaxed);
        }
    }

    /// Lets time pass, unless it is the end.
    fn linger(&self, for_so_long: Duration) {
        let begun = Instant::now();
        while !self.has_ended() {
            let rest = for_so_long.saturating_sub(begun.elapsed());
            if rest.is_zero() {
                break;
            }
            thread::park_timeout(rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_gather_until_no_other_comes_or_they_are_many_or_it_takes_long() {
        let soon = Pace {
            quiet: Duration::from_millis(1),
            longest: Duration::MAX,
            most_acts: u64::MAX,
            full: u64::MAX,
        };
        let many = Pace {
            most_acts: 1_000_000,
            ..soon
        };
        let long = Pace {
            longest: Duration::from_millis(2),
            ..soon
        };
        for (pace, go_on) in [(soon, false), (many, true), (long, true)] {
            let heard = Arc::default();
            let thread = thread::current();
            let committed = Committed::new(heard, thread);
            let others = committed.clone();
            committed.tell(1);
            let over = AtomicBool::new(false);
            thread::scope(|scope| {
                scope.spawn(|| {
                    while go_on && !over.load(Ordering::Relaxed) {
                        others.tell(1000);
                    }
                });
                let heard = &committed.0.heard;
                assert!(heard.wait());
                heard.gather(&pace);
                over.store(true, Ordering::Relaxed);
            });
        }
    }

    #[test]
    fn it_is_a_quiet_moment_when_nothing_has_come_and_a_busy_one_when_enough_has() {
        let [soon, late] = [7, 8].map(Duration::from_secs);
        for (before, acts, so_long, moment) in [
            (9_000, 9_000, late, Some(Moment::Quiet)),
            (8_000, 8_191, soon, None),
            (8_000, 8_192, soon, Some(Moment::Busy)),
            (1, 2, late, Some(Moment::Busy)),
        ] {
            assert_eq!(WORDS.moment(before, acts, so_long), moment, "{acts} acts");
        }
    }

    #[test]
    fn commits_are_full_by_their_acts_on_average_but_never_for_pages() {
        for (acts, commits, is_full) in
            [(1, 1, false), (30, 2, false), (32, 2, true), (71, 3, true)]
        {
            assert_eq!(WORDS.is_full(acts, commits), is_full, "{acts} in {commits}");
            assert!(!PAGES.is_full(acts, commits));
        }
    }
}
