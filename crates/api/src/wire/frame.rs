//! The frames of the WebSocket, as they are on the wire.

pub mod client;
pub mod event;
pub mod reply;

use bytestring::ByteString;
use serde::{Deserialize, Serialize, ser::Error as _};
use utoipa::ToSchema;

pub use event::EventFrame;

/// The subprotocol that is negotiated at the upgrade.
pub const SUBPROTOCOL: &str = "messaging.v1";

/// The longest frame, and the longest message made of several, in bytes.
pub const MAX_FRAME: usize = 64 * 1024;

/// The longest `id` of a client's frame, in bytes.
pub const MAX_ID: usize = 64;

/// In so many bytes most frames fit: they are written without growing.
const USUAL: usize = 512;

/// Writes a frame.
///
/// # Errors
/// None that a frame of this service could bring about.
pub fn text_of(frame: &impl Serialize) -> serde_json::Result<ByteString> {
    let mut bytes = Vec::with_capacity(USUAL);
    serde_json::to_writer(&mut bytes, frame)?;
    let text = String::from_utf8(bytes).map_err(serde_json::Error::custom)?;
    Ok(text.into())
}

/// By which a client finds the reply to its frame.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum FrameId {
    /// A number.
    Number(i64),
    /// A text of 64 bytes at most.
    Text(String),
}
