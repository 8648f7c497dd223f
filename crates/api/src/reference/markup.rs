//! Text as HTML.

/// Text with nothing in it that HTML would understand.
pub(crate) fn escape(text: &str) -> String {
    text.chars()
        .fold(String::with_capacity(text.len()), |mut escaped, c| {
            match c {
                '&' => escaped.push_str("&amp;"),
                '<' => escaped.push_str("&lt;"),
                '>' => escaped.push_str("&gt;"),
                '"' => escaped.push_str("&quot;"),
                '\'' => escaped.push_str("&#39;"),
                other => escaped.push(other),
            }
            escaped
        })
}

/// A doc comment as HTML: what stands between backticks is code.
pub(super) fn prose(text: &str) -> String {
    text.split('`')
        .enumerate()
        .fold(String::new(), |mut html, (number, part)| {
            if number % 2 == 0 {
                html.push_str(&escape(part));
            } else {
                html.push_str("<code>");
                html.push_str(&escape(part));
                html.push_str("</code>");
            }
            html
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        assert_eq!(
            prose("a < `b & <c>`"),
            "a &lt; <code>b &amp; &lt;c&gt;</code>"
        );
    }
}
