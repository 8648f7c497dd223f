//! What both doors share: the use-cases, and all that is asked before one is called.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use secrecy::{ExposeSecret as _, SecretString};
use subtle::ConstantTimeEq as _;

use crate::{
    Messaging, Store,
    admission::Admission,
    auth::{Gatekeeper, Origins, Revocations, login::Logins},
    limits::Limits,
    metrics::Requests,
};

/// The service, as its doors see it. One for each node, shared by all workers.
pub struct Service {
    /// The use-cases.
    pub messaging: Messaging,
    /// The directory of people and products, for what a marketplace's back end says.
    pub store: Arc<Store>,
    /// Who lets people in.
    pub gatekeeper: Gatekeeper,
    /// Local accounts.
    pub logins: Logins,
    /// Whom to tell when somebody is erased.
    pub revocations: Arc<dyn Revocations>,
    /// Who finds a place.
    pub admission: Arc<Admission>,
    /// How much one person, or one address, may ask.
    pub limits: Limits,
    /// Which pages may talk to the service.
    pub origins: Origins,
    /// How many proxies in front are one's own.
    pub trusted_proxies: usize,
    /// Lets a marketplace's back end in; without one the server-side calls are closed.
    pub server_key: Option<ServerKey>,
    /// Whether the WebSocket is open, or clients have to poll.
    pub websocket: bool,
    /// Whether the demo marketplace is at `/`.
    pub demo: bool,
    /// How long answers take.
    pub requests: Requests,
    /// Set when the node begins to go down.
    pub draining: AtomicBool,
    /// How many requests are being answered.
    pub in_flight: AtomicUsize,
}

impl Service {
    /// Whether new work should come here.
    pub async fn is_ready(&self) -> bool {
        !self.draining.load(Ordering::Acquire) && self.store.is_ready().await
    }
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Service")
            .field("origins", &self.origins)
            .finish_non_exhaustive()
    }
}

/// The key of a marketplace's back end.
#[derive(Debug, Clone)]
pub struct ServerKey(SecretString);

impl ServerKey {
    /// This key.
    pub const fn new(key: SecretString) -> Self {
        Self(key)
    }

    /// Whether this is the key, in a time that does not tell how much of it is right.
    pub fn is(&self, key: &str) -> bool {
        self.0
            .expose_secret()
            .as_bytes()
            .ct_eq(key.as_bytes())
            .into()
    }
}
