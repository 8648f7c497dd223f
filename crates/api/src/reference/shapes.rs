//! JSON schemas as HTML: what an object holds, and of which type each field is.

use std::fmt::Write as _;

use serde_json::Value;

use super::markup::{escape, prose};

/// The text at a place in a document, or nothing.
pub(super) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// A link to an object's description.
pub(super) fn link(name: &str) -> String {
    format!("<a href=\"#object-{0}\">{0}</a>", escape(name))
}

/// The schema that a reference points to.
fn referred(schema: &Value) -> Option<&str> {
    schema
        .get("$ref")?
        .as_str()?
        .strip_prefix("#/components/schemas/")
}

/// The frame that a reference points to.
fn referred_frame(schema: &Value) -> Option<&str> {
    let path = schema
        .get("$ref")?
        .as_str()?
        .strip_prefix("#/components/messages/")?;
    path.split('/').next()
}

/// A schema in a few words.
pub(super) fn type_of(schema: &Value) -> String {
    if let Some(name) = referred(schema) {
        return link(name);
    }
    if let Some(name) = referred_frame(schema) {
        return format!("<code>{}</code>", escape(name));
    }
    if let Some(constant) = schema.get("const") {
        return format!("<code>{}</code>", escape(&constant.to_string()));
    }
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        let values: Vec<_> = values
            .iter()
            .map(|value| format!("<code>{}</code>", escape(&value.to_string())))
            .collect();
        return values.join(", ");
    }
    for choice in ["oneOf", "anyOf"] {
        if let Some(schemas) = schema.get(choice).and_then(Value::as_array) {
            return schemas.iter().map(type_of).collect::<Vec<_>>().join(" or ");
        }
    }
    if let Some(items) = schema.get("items") {
        return format!("list of {}", type_of(items));
    }
    let kind = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds
            .iter()
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join(" or "),
        Some(Value::String(kind)) => kind.clone(),
        _ => "object".to_owned(),
    };
    let limit = |name: &str| schema.get(name).map(Value::to_string);
    let bounds = match (
        limit("minimum").or_else(|| limit("minLength")),
        limit("maximum").or_else(|| limit("maxLength")),
    ) {
        (Some(least), Some(most)) => format!(", {least} to {most}"),
        (Some(least), None) => format!(", {least} or more"),
        (None, Some(most)) => format!(", {most} at most"),
        (None, None) => String::new(),
    };
    let format = match text(schema, "/format") {
        "" | "int64" | "int32" => String::new(),
        format => format!(" ({})", escape(format)),
    };
    format!("{}{format}{bounds}", escape(&kind))
}

/// One field, or parameter.
pub(super) fn row(
    page: &mut String,
    name: &str,
    schema: &Value,
    description: &str,
    required: bool,
) {
    let _ = write!(
        page,
        "<dt><code>{}</code>{} <span class=\"type\">{}</span></dt><dd>{}</dd>",
        escape(name),
        if required {
            ""
        } else {
            "<span class=\"optional\">?</span>"
        },
        type_of(schema),
        prose(description),
    );
}

/// Everything about one named schema.
pub(super) fn object(page: &mut String, name: &str, schema: &Value) {
    let _ = write!(
        page,
        "<article id=\"object-{0}\"><h3>{0}</h3><p>{1}</p>",
        escape(name),
        prose(text(schema, "/description"))
    );
    fields(page, schema);
    page.push_str("</article>");
}

fn fields(page: &mut String, schema: &Value) {
    for parts in ["oneOf", "anyOf", "allOf"] {
        for part in schema
            .get(parts)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            if part.get("properties").is_some() {
                let _ = write!(page, "<p>{}</p>", prose(text(part, "/description")));
                fields(page, part);
            } else {
                let _ = write!(
                    page,
                    "<p>{} {}</p>",
                    type_of(part),
                    prose(text(part, "/description"))
                );
            }
        }
    }
    if schema.get("enum").is_some() || schema.get("const").is_some() {
        let _ = write!(page, "<p>{}</p>", type_of(schema));
    }
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return;
    };
    let required = schema.get("required").and_then(Value::as_array);
    page.push_str("<dl>");
    for (name, property) in properties {
        let is_required =
            required.is_some_and(|names| names.iter().any(|required| required == name));
        // A field that may be null carries its description inside the choice.
        let inner = property.pointer("/oneOf/0").unwrap_or(property);
        let description = Some(text(property, "/description")).filter(|words| !words.is_empty());
        row(
            page,
            name,
            property,
            description.unwrap_or_else(|| text(inner, "/description")),
            is_required,
        );
    }
    page.push_str("</dl>");
}

/// Links to all schemas that a frame is made of.
pub(super) fn mentioned(frame: &Value) -> String {
    let mut names = Vec::new();
    collect(frame, &mut names);
    names.retain(|name| name != "FrameId");
    match names.as_slice() {
        [] => String::new(),
        names => format!(
            "Holds {}.",
            names
                .iter()
                .map(|name| link(name))
                .collect::<Vec<_>>()
                .join(", ")
        ),
    }
}

fn collect(value: &Value, names: &mut Vec<String>) {
    if let Some(name) = referred(value) {
        names.push(name.to_owned());
    }
    match value {
        Value::Array(values) => values.iter().for_each(|value| collect(value, names)),
        Value::Object(values) => values.values().for_each(|value| collect(value, names)),
        _ => {}
    }
}
