//! What clients saw of the service while things broke, line by line, and what can be concluded from it.
//!
//! Knows the wire contract and none of the server's code.

pub mod call;
pub mod event;
pub mod file;
pub mod header;
pub mod outcome;

pub use call::Call;
pub use event::{Entry, Record};
pub use file::{ReadError, Writer, read};
pub use header::{Header, Limits};
