#![doc = include_str!("../README.md")]

mod database;

pub use database::{Database, DatabaseSettings, DatabaseUrl};
