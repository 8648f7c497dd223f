//! Events applied to an old snapshot give the next snapshot: in random scenarios, as an open session
//! hears them and as `/sync` tells them later. What one person saw is kept in `web/fixtures/folding`
//! for the clients' own tests.
//!
//! `WRITE_FIXTURES=1 cargo test -p messaging-api --test api an_old_snapshot` writes the files anew.

mod fixture;
pub(crate) mod picture;
mod scenario;

use std::collections::BTreeSet;

use proptest::{
    strategy::{Strategy as _, ValueTree as _},
    test_runner::TestRunner,
};

use self::{fixture::Fixture, picture::Picture, scenario::Theme};
use crate::app::TestApp;

/// Of each theme.
const SCENARIOS: usize = 4;

/// Folds what the fixture holds in every way that a client may, and compares.
fn assert_folds(fixture: &Fixture) {
    let (events, live) = (&fixture.events, &fixture.live);
    let half = live.len() / 2;
    let caught_up: Vec<_> = live[..half].iter().chain(&events[half..]).collect();
    let told_twice: Vec<_> = live.iter().chain(events).collect();
    for (way, frames) in [
        ("replayed", events.iter().collect()),
        ("live", live.iter().collect()),
        ("half of it live, then caught up", caught_up),
        ("live, and all of it again", told_twice),
    ] {
        let mut picture = Picture::of(&fixture.me, &fixture.before);
        for frame in frames {
            picture.apply(frame);
        }
        picture.assert_is(&fixture.after, &format!("{}: {way}", fixture.name));
    }
}

#[actix_web::test]
async fn an_old_snapshot_and_the_events_since_give_the_next_snapshot() {
    let app = TestApp::start().await;
    let mut runner = TestRunner::deterministic();
    for theme in Theme::ALL {
        for number in 0..SCENARIOS {
            let acts = theme.acts().new_tree(&mut runner).unwrap().current();
            let fixture = scenario::play(&app, theme.name(), &acts).await;
            assert_folds(&fixture);
            if number == 0 && fixture::shall_be_written() {
                fixture.write();
            }
        }
    }
}

#[test]
fn the_kept_fixtures_are_still_what_the_service_says() {
    let mut told = BTreeSet::new();
    for theme in Theme::ALL {
        let fixture = Fixture::read(theme.name());
        fixture.check();
        assert_folds(&fixture);
        assert_ne!(fixture.events, fixture.live, "{}", fixture.name);
        told.extend(fixture.live.iter().map(|frame| frame["event"].to_string()));
    }
    assert_eq!(told.len(), 5, "every durable event occurs: {told:?}");
}
