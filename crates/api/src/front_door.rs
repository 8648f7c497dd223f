//! The page at `/`: what this is, how to try it, and where to read on.

use std::fmt::Write as _;

use crate::{demo, reference::escape};

/// The page's style sheet.
pub const STYLE: &str = include_str!("front_door/style.css");

/// The page, with the demo's accounts when there are any.
pub fn page(demo: bool) -> String {
    let accounts = if demo { accounts() } else { String::new() };
    format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>Messaging</title>\
         <link rel=\"stylesheet\" href=\"/front.css\"></head><body><main><h1>Messaging</h1>\
         <p class=\"lead\">Messages between the buyers and sellers of a marketplace, over HTTP and WebSocket. \
         The service is up.</p>{accounts}<section><h2>Read on</h2><ul class=\"links\">\
         <li><a href=\"/docs\">Reference</a><span>every call, every frame, every code</span></li>\
         <li><a href=\"/openapi.json\">openapi.json</a><span>the contract of HTTP</span></li>\
         <li><a href=\"/asyncapi.json\">asyncapi.json</a><span>the contract of the WebSocket</span></li>\
         </ul></section></main></body></html>"
    )
}

fn accounts() -> String {
    let mut cards = String::new();
    for person in demo::people().unwrap_or_default() {
        // Writing to a string cannot fail.
        let _ = write!(
            cards,
            "<li><b>{}</b><span>{}</span><code>{}</code></li>",
            escape(&person.name),
            escape(&person.about),
            escape(&person.email),
        );
    }
    let password = escape(demo::PASSWORD);
    format!(
        "<section><h2>Try it as somebody</h2><p>The demo marketplace is on. All of these log in with the \
         password <code>{password}</code>:</p><ul class=\"people\">{cards}</ul><pre><code>\
         curl -H 'Content-Type: application/json' \\\n  -d '{{\"email\": \"camille@demo.example\", \
         \"password\": \"{password}\"}}' \\\n  localhost:8080/api/auth/login</code></pre></section>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_accounts_are_named_only_when_the_demo_is_on() {
        assert!(page(true).contains("camille@demo.example") && page(true).contains(demo::PASSWORD));
        assert!(!page(false).contains("demo.example") && !page(false).contains(demo::PASSWORD));
    }
}
