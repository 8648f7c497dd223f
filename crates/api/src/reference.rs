//! The reference at `/docs`: a page made from both contracts.

/// The page's style sheet.
pub const STYLE: &str = include_str!("reference/style.css");

/// The page.
pub fn page() -> String {
    String::new()
}
