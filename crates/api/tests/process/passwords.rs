//! What hashing passwords costs the process.

use std::thread;

use serde_json::json;

use crate::node::Node;

/// What a request may add (KiB), however many there were.
const ADDS_AT_MOST: u64 = 64 * 1_024;

#[test]
fn logins_leave_no_memory_behind() {
    let node = Node::start(1_024, &[("MESSAGING_RATE_LIMITS", "off")]);
    let account = json!({
        "email": "ann@example.com", "password": "correct horse battery", "displayName": "Ann",
    });
    let made = node.call("POST", "/api/auth/register", "", &account);
    assert_eq!(made.status, 201, "{}", made.body);
    let before = node.resident_kib();
    // Each hash takes 19 MiB, on whichever thread is free.
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..10 {
                    let login = node.call("POST", "/api/auth/login", "", &account);
                    assert!(matches!(login.status, 200 | 503), "{}", login.body);
                }
            });
        }
    });
    let after = node.resident_kib();
    assert!(
        after < before + ADDS_AT_MOST,
        "{before} KiB, then {after} KiB"
    );
}
