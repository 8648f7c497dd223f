//! The WebSocket, through real sockets.

mod abuse;
mod endings;
mod epochs;
mod events;
mod greeting;
mod pipelining;
mod rooms;
pub(crate) mod socket;
mod tokens;
