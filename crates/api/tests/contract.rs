//! The committed contracts are those of the code. Clients are generated from the files.

use std::{fs, path::Path};

use messaging_api::{asyncapi, config::Words, openapi, startup, wire::frame::client::Op};

#[track_caller]
fn assert_committed(name: &str, command: &str, written: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(name);
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == written,
        "\n{name} is not what the code says.\nremedy: cargo run -q -p messaging-api -- {command} > {name}\n"
    );
}

#[test]
fn openapi_json_is_what_the_code_says() {
    let written = openapi::written(&openapi::document());
    assert_committed("openapi.json", "openapi", &written);
}

#[test]
fn asyncapi_json_is_what_the_code_says() {
    let written = openapi::written(&asyncapi::document());
    assert_committed("asyncapi.json", "asyncapi", &written);
}

#[test]
fn the_contract_allows_the_names_that_the_rules_allow() {
    let document = serde_json::to_value(openapi::document()).unwrap();
    for object in ["Register", "PutUser"] {
        let at = format!("/components/schemas/{object}/properties/displayName/maxLength");
        let longest = document.pointer(&at).and_then(serde_json::Value::as_u64);
        assert_eq!(
            longest,
            u64::try_from(messaging_domain::account::MAX_DISPLAY_NAME).ok(),
            "{object}"
        );
    }
}

#[test]
fn every_address_and_op_is_in_a_contract() {
    let http = serde_json::to_value(openapi::document()).unwrap();
    let settings = Words::default().check().unwrap();
    let rows = startup::routes(&settings).0;
    assert!(rows.len() > 30);
    for row in rows {
        // Pages are for people; HEAD is GET without the body.
        if row.method == "HEAD" || !(row.path.starts_with("/api/") || row.path.ends_with('z')) {
            continue;
        }
        let operation = &http["paths"][row.path][row.method.to_lowercase()];
        assert!(operation.is_object(), "{row:?} is not in the contract");
    }
    let socket = asyncapi::document();
    for op in Op::ALL {
        let operation = &socket["operations"][op.as_str()];
        assert!(operation.is_object(), "{op:?} is not in the contract");
    }
}

#[cfg(not(feature = "conformance"))]
#[test]
fn nothing_is_echoed_but_where_that_is_asked_for() {
    let settings = Words::default().check().unwrap();
    let rows = startup::routes(&settings).0;
    assert!(!rows.iter().any(|row| row.path.contains("conformance")));
}
