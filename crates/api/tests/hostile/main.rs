//! Hostile inputs: at each decoder, and from outside at the binary itself.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod canaries;
mod corpora;
mod decoders;
mod frames;
mod guest;
mod memory;
mod mutation;
#[path = "../binary/node.rs"]
mod node;
mod requests;

/// How many inputs a test tries: so many, or as the variable says.
fn count(variable: &str, otherwise: usize) -> usize {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test has no settings of its own"
    )]
    let wanted = std::env::var(variable).ok();
    wanted.map_or(otherwise, |wanted| wanted.parse().unwrap())
}
