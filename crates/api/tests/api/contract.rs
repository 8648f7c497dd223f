//! Answers are held against the contract: an operation gives only answers that it announces, and
//! each has the announced shape.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex},
};

use jsonschema::Validator;
use serde_json::{Value, json};

static CONTRACT: LazyLock<Value> =
    LazyLock::new(|| serde_json::to_value(messaging_api::openapi::document()).unwrap());

static VALIDATORS: LazyLock<Mutex<HashMap<String, &'static Validator>>> =
    LazyLock::new(Mutex::default);

/// Fails when an answer is not as the contract says. Addresses outside the contract may answer anything.
#[track_caller]
pub(crate) fn check(method: &str, path: &str, status: u16, body: &Value) {
    let Some(operation) = operation(method, path) else {
        return;
    };
    let name = format!("{method} {path}: {status}");
    let answer = &operation["responses"][status.to_string()];
    assert!(!answer.is_null(), "{name} is not in the contract: {body}");
    let schema = answer["content"]
        .as_object()
        .and_then(|kinds| kinds.values().next());
    let Some(schema) = schema
        .map(|kind| kind["schema"].clone())
        .filter(|_| !body.is_null())
    else {
        return;
    };
    let errors: Vec<_> = validator(&schema)
        .iter_errors(body)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{name} {body}: {errors:?}");
}

fn validator(schema: &Value) -> &'static Validator {
    let mut validators = VALIDATORS.lock().unwrap();
    validators.entry(schema.to_string()).or_insert_with(|| {
        let mut schema = schema.clone();
        schema["components"] = json!({ "schemas": CONTRACT["components"]["schemas"] });
        Box::leak(Box::new(jsonschema::validator_for(&schema).unwrap()))
    })
}

/// The operation of an address, whose pattern has `{…}` where any segment may stand.
fn operation(method: &str, path: &str) -> Option<&'static Value> {
    let path = path.split('?').next().unwrap();
    let segments: Vec<_> = path.split('/').collect();
    let matches = |pattern: &str| {
        let pattern: Vec<_> = pattern.split('/').collect();
        pattern.len() == segments.len()
            && pattern
                .iter()
                .zip(&segments)
                .all(|(a, b)| a.starts_with('{') || a == b)
    };
    let (_, item) = CONTRACT["paths"]
        .as_object()
        .unwrap()
        .iter()
        .find(|(pattern, _)| matches(pattern))?;
    item.get(method.to_lowercase())
}
