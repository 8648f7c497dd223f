//! The WebSocket, through real sockets.

mod abuse;
mod endings;
mod events;
mod greeting;
mod rooms;
mod socket;
mod tokens;
