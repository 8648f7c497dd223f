//! Golden histories: for each invariant one that breaks it and nothing else, and one that only just does
//! not. They are files for people to read; `WRITE_GOLDEN=1 cargo test -p messaging-history` makes them anew.

mod content;
mod looks;
mod service;
mod streams;

use std::{collections::BTreeSet, fs, io::Cursor, path::PathBuf};

use messaging_history::{Conclusion, Invariant, Thresholds, Verdict, event::Phase, judge};

use crate::story::Story;

/// A history and what has to be found in it.
struct Golden {
    name: &'static str,
    breaks: Option<Invariant>,
    story: Story,
}

/// One that breaks an invariant.
fn broken(name: &'static str, invariant: Invariant, tell: impl FnOnce(&mut Story)) -> Golden {
    golden(name, Some(invariant), tell)
}

/// One that breaks none.
fn legal(name: &'static str, tell: impl FnOnce(&mut Story)) -> Golden {
    golden(name, None, tell)
}

fn golden(name: &'static str, breaks: Option<Invariant>, tell: impl FnOnce(&mut Story)) -> Golden {
    let mut story = Story::new();
    tell(&mut story);
    Golden {
        name,
        breaks,
        story,
    }
}

/// Puts the rest into the final phase.
fn rest(story: &mut Story) {
    story.phase(Phase::Final);
}

fn all() -> Vec<Golden> {
    [
        content::histories(),
        looks::histories(),
        streams::histories(),
        service::histories(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(format!("{name}.jsonl"))
}

fn flagged(verdict: &Verdict) -> BTreeSet<Invariant> {
    let found = verdict.findings.iter();
    found
        .filter(|finding| finding.violations > 0)
        .map(|finding| finding.invariant)
        .collect()
}

#[test]
fn each_golden_history_breaks_just_what_it_says() {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test has no settings of its own"
    )]
    let write = std::env::var("WRITE_GOLDEN").is_ok_and(|value| value == "1");
    let (mut broken, mut legal, mut wrong) = (BTreeSet::new(), 0, Vec::new());
    for golden in all() {
        let (name, file) = (golden.name, path(golden.name));
        if write {
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(&file, golden.story.text()).unwrap();
        }
        let text = fs::read_to_string(&file)
            .unwrap_or_else(|error| panic!("{}: {error}; WRITE_GOLDEN=1", file.display()));
        assert_eq!(text, golden.story.text(), "{name} is stale: WRITE_GOLDEN=1");
        let verdict = judge(Cursor::new(text), &Thresholds::none()).unwrap();
        let expected: BTreeSet<_> = golden.breaks.into_iter().collect();
        let found = flagged(&verdict);
        if found != expected {
            wrong.push(format!("{name}: {found:?}\n{}", verdict.text()));
            continue;
        }
        let conclusion = if expected.is_empty() {
            legal += 1;
            Conclusion::Valid
        } else {
            Conclusion::Invalid
        };
        assert_eq!(
            verdict.conclusion,
            conclusion,
            "{name}:\n{}",
            verdict.text()
        );
        for violation in &verdict.violations {
            assert!(!violation.slice.is_empty(), "{name}: {}", violation.what);
        }
        broken.extend(expected);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(broken, Invariant::ALL.into_iter().collect());
    assert!(legal >= Invariant::ALL.len(), "{legal}");
}
