//! The page at `/`: what this is, how to try it, and where to read on.

/// The page's style sheet.
pub const STYLE: &str = include_str!("front_door/style.css");

/// The page, with the demo's accounts when there are any.
pub fn page(_demo: bool) -> String {
    String::new()
}
