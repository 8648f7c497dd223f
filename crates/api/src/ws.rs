//! The WebSocket: one task for each socket, and a hub that passes on what happens.
//!
//! [`upgrade()`] turns a request into a socket, `session` is the task, `greeting` its beginning,
//! `live` its long middle and `farewell` its end. What others have for a session waits in its `outbox`.

mod close;
mod connection;
mod counters;
mod delivery;
mod drain;
#[cfg(feature = "conformance")]
mod echo;
mod farewell;
mod greeting;
mod hub;
mod inbound;
mod live;
mod lookout;
mod membership;
mod neighbours;
mod ops;
mod outbox;
mod pace;
mod presence;
mod resume;
mod rooms;
mod rosters;
mod sender;
mod session;
mod timing;
mod underway;
mod upgrade;
mod watermark;

#[cfg(feature = "conformance")]
pub use echo::echo;
pub use hub::Hub;
pub use timing::Timing;
pub(crate) use upgrade::__path_upgrade;
pub use upgrade::upgrade;
