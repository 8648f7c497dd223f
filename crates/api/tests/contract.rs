//! The committed contracts are those of the code. Clients are generated from the files.

use std::{fs, path::Path};

use messaging_api::{
    asyncapi,
    config::Words,
    openapi, startup,
    wire::frame::client::{Head, Op},
};

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
fn a_body_that_may_be_left_out_is_never_null() {
    let document = serde_json::to_value(openapi::document()).unwrap();
    let mut bodies = 0;
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            let content = operation["requestBody"]["content"].as_object();
            for kind in content.into_iter().flat_map(serde_json::Map::values) {
                let mut schema = kind["schema"].clone();
                schema["components"] = document["components"].clone();
                assert!(!jsonschema::is_valid(&schema, &serde_json::Value::Null));
                bodies += 1;
            }
        }
    }
    assert!(bodies > 10);
}

#[test]
fn an_address_of_the_directory_is_allowed_by_the_contract_when_it_is_by_the_rules() {
    let document = serde_json::to_value(openapi::document()).unwrap();
    let words = [
        "https://shop.example/a?b#c",
        "HTTP://x",
        "/",
        "/pictures/1.svg",
        "/a//b",
        "http://é",
        "",
        "x",
        "http://",
        "https://",
        "//host",
        "/\\host",
        "/a b",
        "http://a\tb",
        "http://a\u{7f}",
        "/\u{0}",
        " /",
        "javascript:alert(1)",
        "ftp://x",
        "/a\n",
        "https://a\u{a0}b",
    ];
    for field in [
        "PutUser/properties/avatarUrl",
        "PutProduct/properties/imageUrl",
        "PutProduct/properties/url",
    ] {
        let schema = document
            .pointer(&format!("/components/schemas/{field}"))
            .unwrap();
        let validator = jsonschema::validator_for(schema).unwrap();
        for word in words {
            let allowed = messaging_domain::directory::parse_url(word).is_ok();
            assert_eq!(
                validator.is_valid(&word.into()),
                allowed,
                "{field}: {word:?}"
            );
        }
    }
}

#[test]
fn a_place_that_no_message_has_is_allowed_by_the_contract_as_by_the_service() {
    let document = asyncapi::document();
    for (op, object) in [
        ("message.edit", "MessageEdit"),
        ("message.delete", "MessageDelete"),
    ] {
        let least = &document["components"]["schemas"][object]["properties"]["seq"]["minimum"];
        let least = least.as_i64().unwrap();
        for (seq, allowed) in [(least, true), (least - 1, false)] {
            let text = serde_json::json!({
                "id": 1, "op": op, "conversationId": "0190a5b0-0000-7000-8000-000000000000",
                "seq": seq, "revision": 1, "content": { "kind": "text", "text": "hello" },
            });
            let text = text.to_string();
            let command = Head::read(&text).unwrap().command(&text);
            assert_eq!(command.is_ok(), allowed, "{text}");
        }
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
