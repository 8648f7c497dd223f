//! The frames of the WebSocket, as they are on the wire.

pub mod client;
pub mod event;
pub mod reply;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use event::EventFrame;

/// The subprotocol that is negotiated at the upgrade.
pub const SUBPROTOCOL: &str = "messaging.v1";

/// The longest frame, and the longest message made of several, in bytes.
pub const MAX_FRAME: usize = 64 * 1024;

/// The longest `id` of a client's frame, in bytes.
pub const MAX_ID: usize = 64;

/// By which a client finds the reply to its frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum FrameId {
    /// A number.
    Number(i64),
    /// A text of 64 bytes at most.
    Text(String),
}
