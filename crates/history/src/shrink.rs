//! Makes a failing schedule small: fewer fault windows, then fewer conversations, then less time.
//!
//! Delta debugging (`ddmin`) after Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing
//! Input", 2002.

/// What a run can do without.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan<W, C> {
    /// The windows in which something is broken.
    pub windows: Vec<W>,
    /// The conversations that are written in.
    pub conversations: Vec<C>,
    /// How long the load lasts, in seconds.
    pub seconds: u64,
}

/// The smallest plan that was found to fail still; the given one when it does not fail at all. `fails`
/// runs a plan, and should say so only when it is sure (see [`repeatedly`]).
pub fn shrink<W: Clone, C: Clone>(
    plan: &Plan<W, C>,
    mut fails: impl FnMut(&Plan<W, C>) -> bool,
) -> Plan<W, C> {
    let mut least = plan.clone();
    if !fails(&least) {
        return least;
    }
    least.windows = ddmin(&least.windows, |windows| {
        fails(&Plan {
            windows: windows.to_vec(),
            ..least.clone()
        })
    });
    least.conversations = ddmin(&least.conversations, |conversations| {
        fails(&Plan {
            conversations: conversations.to_vec(),
            ..least.clone()
        })
    });
    least.seconds = shortest(least.seconds, |seconds| {
        fails(&Plan {
            seconds,
            ..least.clone()
        })
    });
    least
}

/// A part of `items` that fails, and does not when any one item is taken out. All of `items` must fail;
/// nothing at all is tried first.
pub fn ddmin<T: Clone>(items: &[T], mut fails: impl FnMut(&[T]) -> bool) -> Vec<T> {
    if items.is_empty() || fails(&[]) {
        return Vec::new();
    }
    let mut least = items.to_vec();
    let mut parts = 2;
    while least.len() >= 2 {
        let size = least.len().div_ceil(parts);
        let chunks: Vec<&[T]> = least.chunks(size).collect();
        let without = |skipped: usize| -> Vec<T> {
            let kept = chunks.iter().enumerate().filter(|(at, _)| *at != skipped);
            kept.flat_map(|(_, chunk)| chunk.iter().cloned()).collect()
        };
        let part = chunks.iter().find(|chunk| fails(chunk));
        if let Some(part) = part {
            least = part.to_vec();
            parts = 2;
            continue;
        }
        // Of two parts each is what the other leaves.
        let rest = (0..chunks.len())
            .filter(|_| chunks.len() > 2)
            .map(without)
            .find(|rest| fails(rest));
        if let Some(rest) = rest {
            least = rest;
            parts = parts.saturating_sub(1).max(2);
        } else if size > 1 {
            parts = (parts * 2).min(least.len());
        } else {
            break;
        }
    }
    least
}

/// The least number up to `most` that fails, when everything above a failing one fails too; `most` must.
pub fn shortest(most: u64, mut fails: impl FnMut(u64) -> bool) -> u64 {
    let (mut passes, mut least) = (0, most);
    while passes + 1 < least {
        let middle = passes + (least - passes) / 2;
        if fails(middle) {
            least = middle;
        } else {
            passes = middle;
        }
    }
    least
}

/// Whether `attempt` fails `needed` times in `tries`; stops as soon as that is settled.
pub fn repeatedly(tries: u32, needed: u32, mut attempt: impl FnMut() -> bool) -> bool {
    let mut failed = 0;
    for left in (0..tries).rev() {
        failed += u32::from(attempt());
        if failed >= needed || failed + left < needed {
            break;
        }
    }
    failed >= needed
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn just_what_is_needed_is_left(
            many in 1..60_usize,
            needed in prop::collection::btree_set(0..60_usize, 0..5),
        ) {
            let items: Vec<_> = (0..many).collect();
            let needed: Vec<_> = needed.into_iter().filter(|item| *item < many).collect();
            let least = ddmin(&items, |part| needed.iter().all(|item| part.contains(item)));
            prop_assert_eq!(least, needed);
        }

        #[test]
        fn no_item_that_is_left_can_go(many in 1..40_usize, modulus in 1..7_usize) {
            // Fails with three items of one remainder, whichever.
            let fails = |part: &[usize]| {
                (0..modulus).any(|of| part.iter().filter(|item| **item % modulus == of).count() > 2)
            };
            let items: Vec<_> = (0..many).collect();
            if fails(&items) {
                let least = ddmin(&items, fails);
                prop_assert!(fails(&least));
                for at in 0..least.len() {
                    let mut fewer = least.clone();
                    fewer.remove(at);
                    prop_assert!(!fails(&fewer), "{:?} without {}", least, at);
                }
            }
        }

        #[test]
        fn the_shortest_time_is_found(most in 1..10_000_u64, needed in 1..10_000_u64) {
            prop_assume!(needed <= most);
            prop_assert_eq!(shortest(most, |seconds| seconds >= needed), needed);
        }
    }

    #[test]
    fn a_plan_keeps_the_window_the_conversation_and_the_time_that_it_fails_with() {
        let plan = Plan {
            windows: vec!["kill", "pause", "drain", "cut"],
            conversations: (0..20).collect(),
            seconds: 90,
        };
        let mut runs = 0;
        let least = shrink(&plan, |plan| {
            runs += 1;
            plan.windows.contains(&"drain") && plan.conversations.contains(&13) && plan.seconds > 7
        });
        assert_eq!(least.windows, ["drain"]);
        assert_eq!(least.conversations, [13]);
        assert_eq!(least.seconds, 8);
        assert!(runs < 40, "{runs}");
    }

    #[test]
    fn what_does_not_fail_is_given_back_after_one_run() {
        let plan = Plan {
            windows: vec![1, 2],
            conversations: vec![1],
            seconds: 5,
        };
        let mut runs = 0;
        let least = shrink(&plan, |_| {
            runs += 1;
            false
        });
        assert_eq!((least, runs), (plan, 1));
    }

    #[test]
    fn two_of_five_are_enough_and_no_run_is_wasted() {
        for (fails, expected, expected_runs) in [
            ([true, true, false, false, false], true, 2),
            ([false, false, false, false, true], false, 4),
            ([false, true, false, true, false], true, 4),
        ] {
            let mut runs = 0;
            let result = repeatedly(5, 2, || {
                runs += 1;
                fails[runs - 1]
            });
            assert_eq!((result, runs), (expected, expected_runs), "{fails:?}");
        }
    }
}
