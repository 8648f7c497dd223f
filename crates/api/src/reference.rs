//! The reference at `/docs`: one page made from both contracts, readable without a script.

mod markup;
mod shapes;

use std::{fmt::Write as _, sync::LazyLock};

use serde_json::Value;

use crate::{asyncapi, openapi, problem::Code};
pub(crate) use markup::escape;
use markup::prose;
use shapes::{link, text, type_of};

/// The page's style sheet.
pub const STYLE: &str = concat!(
    include_str!("colours.css"),
    include_str!("reference/style.css")
);

/// The page; the same one each time.
pub fn page() -> &'static str {
    static PAGE: LazyLock<String> = LazyLock::new(write);
    &PAGE
}

fn write() -> String {
    let http = serde_json::to_value(openapi::document()).unwrap_or_default();
    let socket = asyncapi::document();
    let mut page = String::new();
    // Writing to a string cannot fail.
    let _ = write!(
        page,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>Messaging: reference</title>\
         <link rel=\"stylesheet\" href=\"/docs.css\"></head><body><header><h1>Messaging</h1><p>{}</p>\
         <p>Made from <a href=\"/openapi.json\">openapi.json</a> and <a href=\"/asyncapi.json\">asyncapi.json</a>, \
         which are made from the code.</p></header>",
        prose(text(&http, "/info/description")),
    );
    let _ = write!(
        page,
        "<div class=\"columns\">{}<main>",
        contents(&http, &socket)
    );
    calls(&mut page, &http);
    frames(&mut page, &socket);
    codes(&mut page);
    let mut schemas = Vec::new();
    for document in [&http, &socket] {
        let found = document
            .pointer("/components/schemas")
            .and_then(Value::as_object);
        for (name, schema) in found.into_iter().flatten() {
            if !schemas.iter().any(|(known, _)| *known == name) {
                schemas.push((name, schema));
            }
        }
    }
    schemas.sort_by_key(|(name, _)| *name);
    page.push_str("<section id=\"objects\"><h2>Objects</h2>");
    for (name, schema) in schemas {
        shapes::object(&mut page, name, schema);
    }
    page.push_str("</section></main></div></body></html>");
    page
}

/// A method, a path, and what the contract says about them.
type Operation<'a> = (String, &'a str, &'a Value);

/// Every operation of the HTTP contract: its method, path and description, grouped by tag.
fn operations(http: &Value) -> Vec<(&str, Vec<Operation<'_>>)> {
    let tags = http
        .get("tags")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    let mut groups: Vec<_> = tags.map(|tag| (text(tag, "/name"), Vec::new())).collect();
    let paths = http
        .get("paths")
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    for (path, item) in paths {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let tag = text(operation, "/tags/0");
            if let Some((_, group)) = groups.iter_mut().find(|(name, _)| *name == tag) {
                group.push((method.to_uppercase(), path.as_str(), operation));
            }
        }
    }
    groups
}

fn contents(http: &Value, socket: &Value) -> String {
    let mut list =
        String::from("<nav aria-label=\"Contents\"><details open><summary>Contents</summary>");
    for (tag, operations) in operations(http) {
        let _ = write!(list, "<h2>{}</h2><ul>", escape(tag));
        for (method, path, operation) in operations {
            let id = escape(text(operation, "/operationId"));
            let _ = write!(
                list,
                "<li><a href=\"#call-{id}\"><b>{method}</b> {}</a></li>",
                escape(path)
            );
        }
        list.push_str("</ul>");
    }
    list.push_str("<h2>WebSocket</h2><ul>");
    for (key, message) in frames_of(socket) {
        let _ = write!(
            list,
            "<li><a href=\"#frame-{}\">{}{}</a></li>",
            escape(key),
            escape(text(message, "/name")),
            kind(key),
        );
    }
    list.push_str(
        "</ul><h2>More</h2><ul><li><a href=\"#codes\">Problems</a></li><li><a href=\"#objects\">Objects</a></li></ul>\
         </details></nav>",
    );
    list
}

fn calls(page: &mut String, http: &Value) {
    for (tag, operations) in operations(http) {
        let _ = write!(page, "<section><h2>{}</h2>", escape(tag));
        let tags = http
            .get("tags")
            .and_then(Value::as_array)
            .into_iter()
            .flatten();
        for tag in tags.filter(|known| text(known, "/name") == tag) {
            let _ = write!(page, "<p>{}</p>", prose(text(tag, "/description")));
        }
        for (method, path, operation) in operations {
            call(page, &method, path, operation);
        }
        page.push_str("</section>");
    }
}

fn call(page: &mut String, method: &str, path: &str, operation: &Value) {
    let _ = write!(
        page,
        "<article id=\"call-{}\"><h3><b>{method}</b> <code>{}</code></h3><p>{} {}</p>",
        escape(text(operation, "/operationId")),
        escape(path),
        prose(text(operation, "/summary")),
        prose(text(operation, "/description")),
    );
    page.push_str(match operation.pointer("/security/0").and_then(Value::as_object).and_then(|kind| kind.keys().next()) {
        Some(kind) if kind == "serverKey" => "<p class=\"note\">Wants <code>Authorization: Bearer</code> with the server key.</p>",
        Some(_) => "<p class=\"note\">Wants <code>Authorization: Bearer</code> with an access token.</p>",
        None => "",
    });
    let parameters = operation.get("parameters").and_then(Value::as_array);
    if let Some(parameters) = parameters {
        page.push_str("<h4>Parameters</h4><dl>");
        for parameter in parameters {
            let required = parameter
                .get("required")
                .and_then(Value::as_bool)
                .unwrap_or(false);
            let schema = parameter.get("schema").unwrap_or(&Value::Null);
            shapes::row(
                page,
                text(parameter, "/name"),
                schema,
                text(parameter, "/description"),
                required,
            );
        }
        page.push_str("</dl>");
    }
    if let Some(body) = operation.pointer("/requestBody/content/application~1json/schema") {
        let _ = write!(page, "<h4>Body</h4><p>{}</p>", type_of(body));
    }
    page.push_str("<h4>Answers</h4><dl>");
    for (status, answer) in operation
        .get("responses")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let body = answer
            .pointer("/content/application~1json/schema")
            .map(type_of)
            .unwrap_or_default();
        let words = prose(text(answer, "/description"));
        let _ = write!(
            page,
            "<dt><code>{}</code> {body}</dt><dd>{words}</dd>",
            escape(status)
        );
    }
    page.push_str("</dl></article>");
}

/// The frames that have something to say on their own: not the answers to ops.
fn frames_of(socket: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let messages = socket
        .pointer("/components/messages")
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    messages
        .map(|(key, message)| (key.as_str(), message))
        .filter(|(key, _)| key.strip_suffix(".ok").is_none())
}

/// What sort of frame it is, for an op and an event may have the same name.
fn kind(key: &str) -> &'static str {
    match key {
        "error" => "",
        _ if key.strip_suffix(".op").is_some() => " <small>op</small>",
        _ => " <small>event</small>",
    }
}

fn frames(page: &mut String, socket: &Value) {
    let _ = write!(
        page,
        "<section id=\"websocket\"><h2>WebSocket</h2><p>{}</p>",
        prose(text(socket, "/info/description"))
    );
    for (key, message) in frames_of(socket) {
        let name = text(message, "/name");
        let _ = write!(
            page,
            "<article id=\"frame-{}\"><h3><code>{}</code>{}</h3><p>{}</p><p class=\"note\">{}",
            escape(key),
            escape(name),
            kind(key),
            prose(text(message, "/summary")),
            shapes::mentioned(message),
        );
        if let Some(answer) = socket.pointer(&format!(
            "/components/messages/{name}.ok/payload/properties/ok"
        )) {
            let _ = write!(page, " Answered with {}.", type_of(answer));
        }
        page.push_str("</p></article>");
    }
    page.push_str("</section>");
}

fn codes(page: &mut String) {
    page.push_str("<section id=\"codes\"><h2>Problems</h2><p>A refusal is a ");
    let _ = write!(
        page,
        "{} on either transport. Act on its <code>code</code>:</p><dl>",
        link("Problem")
    );
    for code in Code::ALL {
        let name = code.as_str();
        let _ = write!(
            page,
            "<dt id=\"problem-{name}\"><code>{name}</code></dt><dd>{}.</dd>",
            escape(code.title())
        );
    }
    page.push_str("</dl></section>");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_explains_every_call_every_frame_and_every_code() {
        let page = page();
        for anchor in [
            "call-sendMessage",
            "call-sync",
            "frame-message.send.op",
            "frame-bye",
            "object-Conversation",
        ] {
            assert!(page.contains(&format!("id=\"{anchor}\"")), "{anchor}");
        }
        for code in Code::ALL {
            assert!(page.contains(&format!("id=\"problem-{}\"", code.as_str())));
        }
    }

    #[test]
    fn no_link_within_the_reference_leads_nowhere() {
        let page = page();
        for (_, rest) in page
            .match_indices("href=\"#")
            .map(|(at, found)| page.split_at(at + found.len()))
        {
            let target = rest.split('"').next().unwrap();
            assert!(page.contains(&format!("id=\"{target}\"")), "#{target}");
        }
    }

    #[test]
    fn the_reference_needs_no_script() {
        assert!(
            !page().contains("<script")
                && !page().contains("style=")
                && !page().contains(" onclick")
        );
    }
}
