//! The page at `/` of a service without the demo marketplace: that it is up, and where to read on.

/// The page's style sheet.
pub const STYLE: &str = concat!(
    include_str!("colours.css"),
    include_str!("front_door/style.css")
);

/// The page.
pub const PAGE: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
    <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
    <meta name=\"color-scheme\" content=\"light dark\"><title>Messaging</title>\
    <link rel=\"stylesheet\" href=\"/front.css\"></head><body><main><h1>Messaging</h1>\
    <p class=\"lead\">Messages between the buyers and sellers of a marketplace, over HTTP and WebSocket. \
    The service is up.</p><section><h2>Read on</h2><ul>\
    <li><a href=\"/docs\">Reference</a><span>every call, every frame, every code</span></li>\
    <li><a href=\"/openapi.json\">openapi.json</a><span>the contract of HTTP</span></li>\
    <li><a href=\"/asyncapi.json\">asyncapi.json</a><span>the contract of the WebSocket</span></li>\
    </ul></section></main></body></html>";
