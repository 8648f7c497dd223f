//! What is said of a history in the end: one word, an exit code, a last line.

use std::io::Cursor;

use messaging_history::{
    Conclusion, Thresholds, Verdict,
    event::{Party, Phase},
    judge,
};

use crate::story::{Story, latest, message, page, send};

fn story() -> Story {
    let mut story = Story::new();
    let hello = message(1, "k1", "ann", "hello");
    story.done("ann", send("k1", "hello"), hello.clone());
    story.phase(Phase::Final);
    story.done("ben", latest(), page("ben", &[hello]));
    story
}

#[test]
fn a_valid_history_alone_exits_with_nothing() {
    let valid = story().judge(&Thresholds::none());
    assert_eq!(
        (valid.conclusion, valid.exit_code()),
        (Conclusion::Valid, 0)
    );
    assert!(
        valid.text().ends_with("passed, 0 failed\n"),
        "{}",
        valid.text()
    );
}

#[test]
fn too_little_proves_nothing() {
    let unknown = story().judge(&Thresholds::short());
    assert_eq!(unknown.conclusion, Conclusion::Unknown);
    assert_eq!(unknown.exit_code(), 1);
    assert!(!unknown.text().ends_with(", 0 failed\n"));
}

#[test]
fn a_torn_history_proves_nothing() {
    let mut text = story().text();
    text.truncate(text.len() - 40);
    let unknown = judge(Cursor::new(text), &Thresholds::none()).unwrap();
    assert_eq!(unknown.conclusion, Conclusion::Unknown);
    assert!(!unknown.flaws.is_empty());
}

#[test]
fn a_history_that_cannot_have_been_proves_nothing() {
    let mut twice = story();
    twice.close(7, Party::Client, None);
    let unknown = twice.judge(&Thresholds::none());
    assert_eq!(
        unknown.conclusion,
        Conclusion::Unknown,
        "{:?}",
        unknown.flaws
    );
    let lines: Vec<_> = story().text().lines().map(str::to_owned).collect();
    let without_one = [&lines[..2], &lines[3..]].concat().join("\n");
    let unknown = judge(Cursor::new(without_one), &Thresholds::none()).unwrap();
    assert_eq!(
        unknown.conclusion,
        Conclusion::Unknown,
        "{:?}",
        unknown.flaws
    );
}

#[test]
fn a_verdict_can_be_read_again() {
    let mut lost = story();
    lost.dump(vec![]);
    let verdict = lost.judge(&Thresholds::none());
    assert_eq!(
        (verdict.conclusion, verdict.exit_code()),
        (Conclusion::Invalid, 1)
    );
    let mut json = Vec::new();
    verdict.json(&mut json).unwrap();
    let again: Verdict = serde_json::from_slice(&json).unwrap();
    assert_eq!(again, verdict);
    assert!(again.violations.iter().all(|one| !one.slice.is_empty()));
}
