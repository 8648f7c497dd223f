//! What clients saw of the service while things broke, line by line, and what can be concluded from it.
//!
//! Knows the wire contract and none of the server's code.

pub mod call;
pub mod event;
pub mod file;
pub mod header;
pub mod invariant;
pub mod judge;
pub mod outcome;
pub mod shrink;
pub mod thresholds;
pub mod times;
pub mod verdict;

pub use call::Call;
pub use event::{Entry, Record};
pub use file::{ReadError, Writer, read};
pub use header::{Header, Limits};
pub use invariant::Invariant;
pub use judge::judge;
pub use thresholds::Thresholds;
pub use times::{Times, Timing};
pub use verdict::{Conclusion, Verdict};
