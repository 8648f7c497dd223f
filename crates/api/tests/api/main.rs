//! The service from outside, through its public doors only.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod accounts;
mod app;
mod authorisation;
mod contract;
mod conversations;
mod doors;
mod floods;
mod folding;
mod issuer;
mod marketplace;
mod messages;
mod metrics;
mod nodes;
mod pages;
mod races;
mod search;
mod sync;
mod ui;
mod ws;
