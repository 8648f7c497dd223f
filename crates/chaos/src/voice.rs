//! What is said to people, on standard output.

/// Says a line. Whoever has stopped reading is not told.
#[macro_export]
macro_rules! say {
    ($($words:tt)*) => {
        $crate::voice::line(format_args!($($words)*))
    };
}

/// Writes a line.
pub(crate) fn line(words: std::fmt::Arguments<'_>) {
    use std::io::Write as _;
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{words}");
    let _ = out.flush();
}
