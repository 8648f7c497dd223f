//! The binary, as an operator runs it: when its machine has no more to give, and when it is watched.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod descriptors;
mod node;
mod overload;
mod passwords;
mod traces;
