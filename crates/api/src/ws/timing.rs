//! How long the socket waits for what. The defaults are the contract; tests shorten them.

use std::time::Duration;

/// The deadlines of a connection and of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    /// For which a connection is kept on which nothing more is asked over HTTP.
    pub keep_alive: Duration,
    /// From the upgrade to `hello`.
    pub hello_within: Duration,
    /// From the last frame sent to a `heartbeat`.
    pub heartbeat_after: Duration,
    /// From the last frame heard, protocol pings and pongs included, to 4202.
    pub idle_limit: Duration,
    /// For one frame to be taken by the connection.
    pub write_within: Duration,
    /// The same, when more waits for the session than may: long enough for a burst to pass, since a
    /// commit may bring hundreds of events to one person at once.
    pub overflown_write_within: Duration,
    /// For a page of missed events to be read.
    pub read_within: Duration,
    /// For `bye`, the close frame and the peer's answer to it.
    pub farewell_within: Duration,
    /// For which connections and requests are still let in when the service goes down: those that were on their
    /// way then would be cut off without an answer.
    pub last_knocks: Duration,
    /// For the op that is being done when the service goes down: as long as a commit may take.
    pub last_op_within: Duration,
    /// From `token.expiring` to the expiry.
    pub expiry_notice: Duration,
    /// From the end of a person's last session to the word that they are offline.
    pub offline_after: Duration,
    /// Between two forwarded starts of typing.
    pub typing_every: Duration,
    /// How long receivers show that somebody is typing.
    pub typing_lasts: Duration,
    /// Between two looks for what was missed, where other nodes write too.
    pub look_every: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            keep_alive: Duration::from_secs(75),
            hello_within: Duration::from_secs(5),
            heartbeat_after: Duration::from_secs(25),
            idle_limit: Duration::from_secs(75),
            write_within: Duration::from_secs(10),
            overflown_write_within: Duration::from_millis(250),
            read_within: Duration::from_secs(10),
            farewell_within: Duration::from_secs(1),
            last_knocks: Duration::from_millis(300),
            last_op_within: Duration::from_secs(3),
            expiry_notice: Duration::from_mins(1),
            offline_after: Duration::from_secs(5),
            typing_every: Duration::from_secs(3),
            typing_lasts: Duration::from_secs(7),
            look_every: Duration::from_secs(4),
        }
    }
}
