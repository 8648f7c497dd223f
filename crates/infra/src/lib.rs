#![doc = include_str!("../README.md")]
// In reading order: a connection, what rows hold, what is read, what is written, the store, the bus.

mod accounts;
mod acts;
mod batch;
mod bulk;
mod bus;
mod columns;
mod connection;
mod conversations;
mod cores;
mod database;
mod deadline;
mod directory;
mod failure;
#[cfg(test)]
#[path = "../tests/store/fresh.rs"]
mod fresh;
mod history;
mod inbox;
mod log;
mod mac;
mod maintenance;
mod measurements;
mod messages;
mod migrations;
#[cfg(test)]
mod transactions;
// The lint itself leaves tests out.
#[cfg(feature = "planted-bugs")]
pub mod planted;
#[cfg_attr(
    not(test),
    expect(clippy::wildcard_imports, reason = "Diesel's program writes them")
)]
mod schema;
mod search;
mod writer;

pub use bus::{Bus, BusKey, BusSettings, Endpoint, Traffic};
pub use connection::DatabaseUrl;
pub use cores::Cores;
pub use database::{Database, DatabaseSettings};
pub use deadline::one_request;
