//! The judge against a model server: clean histories are valid, however unlucky; a planted bug is found
//! whenever it shows.

mod bug;
mod rng;
mod run;
mod world;

use messaging_history::{Conclusion, Thresholds};
use proptest::prelude::*;

use self::{bug::Bug, run::Run};

/// Histories of each bug.
const SEEDS: u64 = 8;

/// Of a history of the model: something has to have happened in it.
fn thresholds() -> Thresholds {
    Thresholds {
        dump: true,
        pictures: 3,
        ..Thresholds::none()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_clean_history_is_valid(seed: u64, steps in 50..800_usize) {
        let run = Run::play(seed, None, steps);
        let verdict = run.story.judge(&thresholds());
        prop_assert_eq!(verdict.conclusion, Conclusion::Valid, "{}", verdict.text());
    }
}

#[test]
fn the_model_does_what_it_is_there_for() {
    let run = Run::play(7, None, 3_000);
    assert_eq!(run.world.shown, 0);
    assert!(run.story.len() > 1_000);
    let counts = run.story.judge(&thresholds()).counts;
    assert!(counts.accepted > 100, "{counts:?}");
    assert!(counts.unknown > 20, "{counts:?}");
    assert!(counts.resumes > 20, "{counts:?}");
    assert!(counts.moves > 5, "{counts:?}");
}

#[test]
fn a_planted_bug_is_found_in_every_history_that_shows_it() {
    for bug in Bug::ALL {
        let mut showed = 0;
        for seed in 0..SEEDS {
            let run = Run::play(seed, Some(bug), 500);
            if run.world.shown == 0 {
                continue;
            }
            showed += 1;
            let verdict = run.story.judge(&thresholds());
            let found = verdict.conclusion == Conclusion::Invalid;
            assert!(found, "{bug:?}, seed {seed}:\n{}", verdict.text());
        }
        assert!(showed >= 1, "{bug:?} did not show in any history");
    }
}
