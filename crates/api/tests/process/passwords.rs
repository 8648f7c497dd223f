//! What hashing passwords costs the process.

use futures_util::future::join_all;
use serde_json::json;

use crate::node::Node;

/// What a request may add (bytes), however many there were.
const ADDS_AT_MOST: u64 = 64 * 1_024 * 1_024;

#[actix_web::test]
async fn logins_leave_no_memory_behind() {
    let node = Node::start(1_024, &[]);
    let account = json!({ "email": "ann@example.com", "password": "correct horse battery" });
    let mut with_name = account.clone();
    with_name["displayName"] = json!("Ann");
    let (status, made) = node
        .ask("", "POST", "/api/auth/register", Some(&with_name))
        .await;
    assert_eq!(status, 201, "{made}");
    let before = node.resident();
    // Each hash takes 19 MiB, on whichever thread is free.
    join_all((0..8).map(async |_| {
        for _ in 0..10 {
            let (status, login) = node
                .ask("", "POST", "/api/auth/login", Some(&account))
                .await;
            assert!(matches!(status, 200 | 503), "{login}");
        }
    }))
    .await;
    let after = node.resident();
    assert!(
        after < before + ADDS_AT_MOST,
        "{before} bytes, then {after} bytes"
    );
}
