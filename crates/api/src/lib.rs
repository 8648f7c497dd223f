#![doc = include_str!("../README.md")]
// In reading order: how it is put together, who may come in, what is said, the two doors, the papers.

pub mod cli;
pub mod config;
pub mod demo;
pub mod startup;
pub mod telemetry;

pub mod admission;
pub mod auth;
pub mod limits;
pub mod service;
pub mod socket;

pub mod problem;
pub mod wire;

pub mod http;
pub mod ws;

pub mod asyncapi;
pub mod front_door;
pub mod metrics;
pub mod openapi;
pub mod reference;
pub mod ui;

#[cfg(feature = "planted-bugs")]
pub(crate) use messaging_infra::planted;

pub(crate) use messaging_infra::one_request;

/// The store that this service runs on.
pub type Store = messaging_infra::Database;

/// The use-cases, over that store.
pub type Messaging = messaging_domain::Messaging<Store>;
