//! What goes over the wire, on both transports: shapes, and how they become domain values and back.
//!
//! Requests are parsed, not validated: a `parse` gives domain values or names every field that is
//! not acceptable. Answers are made `From` domain values, as their receiver sees them.

pub mod account;
pub mod conversation;
pub mod cursor;
pub mod faults;
pub mod frame;
pub mod json;
pub mod message;
pub mod page;
pub mod product;
pub mod query;
pub mod search;
pub mod sync;
pub mod user;
