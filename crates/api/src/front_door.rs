//! The page at `/`: what this is, how to try it, and where to read on.

use std::fmt::Write as _;

use crate::{demo, reference::escape};

/// The page's style sheet.
pub const STYLE: &str = concat!(
    include_str!("colours.css"),
    include_str!("front_door/style.css")
);

/// The page, with the demo's accounts when there are any, for somebody who came to this host.
pub fn page(demo: bool, host: Option<&str>) -> String {
    let accounts = if demo { accounts(host) } else { String::new() };
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

fn accounts(host: Option<&str>) -> String {
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
    let host = escape(host.filter(|host| is_plain(host)).unwrap_or("HOST:PORT"));
    format!(
        "<section><h2>Try it as somebody</h2><p>The demo marketplace is on. All of these log in with the \
         password <code>{password}</code>:</p><ul class=\"people\">{cards}</ul><pre><code>\
         curl -H 'Content-Type: application/json' \\\n  -d '{{\"email\": \"camille@demo.example\", \
         \"password\": \"{password}\"}}' \\\n  '{host}/api/auth/login'</code></pre></section>"
    )
}

/// Whether a `Host` header names a host, perhaps with a port, and holds nothing that a page or a
/// shell would understand.
fn is_plain(host: &str) -> bool {
    (1..=255).contains(&host.len())
        && host
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_accounts_are_named_only_when_the_demo_is_on() {
        let page = |demo| page(demo, None);
        assert!(page(true).contains("camille@demo.example") && page(true).contains(demo::PASSWORD));
        assert!(!page(false).contains("demo.example") && !page(false).contains(demo::PASSWORD));
    }

    #[test]
    fn the_example_goes_to_where_the_reader_came() {
        let shows = |host, call: &str| page(true, host).contains(call);
        for host in ["chat.example", "127.0.0.1:9000", "[::1]:9000"] {
            let call = format!("'{host}/api/auth/login'");
            assert!(shows(Some(host), &call), "{host}");
        }
        let none = "'HOST:PORT/api/auth/login'";
        for host in [
            "", "<b>", "a'b", "a b", "a/b", "$(a)", "a;b", "é", "\"", "&amp;",
        ] {
            assert!(shows(Some(host), none), "{host}");
        }
        assert!(shows(None, none));
    }
}
