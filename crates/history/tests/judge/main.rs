//! Who checks the checker: golden histories, random clean ones, and planted bugs.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on has to stop"
)]

mod golden;
mod model;
mod story;
mod verdict;
