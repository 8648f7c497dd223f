//! Bugs on purpose are in a binary only that was built for them: the feature `planted-bugs`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has to stop")]

use std::{fs, process::Command};

/// What every build with the feature holds, and no other.
const MARK: &[u8] = b"MESSAGING_PLANTED_BUG";

/// The binary under test.
const BINARY: &str = env!("CARGO_BIN_EXE_messaging");

fn is_marked() -> bool {
    let binary = fs::read(BINARY).unwrap();
    binary.windows(MARK.len()).any(|bytes| bytes == MARK)
}

#[cfg(not(feature = "planted-bugs"))]
#[test]
fn a_binary_that_was_not_built_for_it_holds_no_planted_bug() {
    assert!(!is_marked());
    let asked = Command::new(BINARY).arg("planted-bugs").output().unwrap();
    assert!(!asked.status.success());
}

#[cfg(feature = "planted-bugs")]
#[test]
fn a_binary_that_was_built_for_it_lists_its_planted_bugs() {
    assert!(is_marked());
    let asked = Command::new(BINARY).arg("planted-bugs").output().unwrap();
    assert!(asked.status.success());
    let names = String::from_utf8(asked.stdout).unwrap();
    assert!(names.lines().count() >= 16, "{names}");
}

#[cfg(feature = "planted-bugs")]
#[test]
fn a_bug_that_is_not_there_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let refused = Command::new(BINARY)
        .env("MESSAGING_PLANTED_BUG", "no-such-bug")
        .env("MESSAGING_DATA_DIR", folder.path())
        .env("MESSAGING_LISTEN", "127.0.0.1:0")
        .output()
        .unwrap();
    assert!(!refused.status.success());
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("there is no bug `no-such-bug`"), "{said}");
}
