//! The committed contracts are those of the code. Clients are generated from the files.

use std::{fs, path::Path};

use messaging_api::{asyncapi, openapi};

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
