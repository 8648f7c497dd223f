//! Joining this node with the others: what they tell goes to the hub, and to the caches of the store.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use messaging_domain::{Neighbour, NodeId, SessionStamp, Signal, To, UserId};
use messaging_infra::{Bus, BusSettings, Endpoint, Traffic};
use secrecy::ExposeSecret as _;
use tokio::task::JoinHandle;

use crate::{
    Store,
    config::{Nats, Settings},
    ws::Hub,
};

/// What joins this node with others.
#[derive(Default)]
pub(super) struct Joined {
    /// The tasks that do it.
    pub(super) tasks: Vec<JoinHandle<()>>,
    /// What is counted meanwhile.
    pub(super) traffic: Traffic,
}

/// Joins the other nodes, if the settings name any way to them.
///
/// # Errors
/// When the way is not safe, or its files cannot be read. A NATS that is away is no error.
pub(super) async fn join(
    settings: &Settings,
    hub: &Hub,
    store: &Arc<Store>,
) -> anyhow::Result<Joined> {
    let Some(nats) = &settings.nats else {
        return Ok(Joined::default());
    };
    let key = store.bus_key().await?;
    let node = Arc::new(Node {
        hub: hub.clone(),
        store: Arc::clone(store),
    });
    let (bus, tasks) = Bus::connect(&protected(nats)?, &key, node).await?;
    let traffic = bus.traffic().clone();
    hub.join(Arc::new(bus));
    Ok(Joined { tasks, traffic })
}

/// Signals hold no texts and cannot be forged, but who is connected to whom is nobody's business, and
/// a bus that everybody may write to is one that anybody may flood.
fn protected(nats: &Nats) -> anyhow::Result<BusSettings> {
    let endpoint = Endpoint::parse(nats.urls.expose_secret())
        .map_err(|remedy| anyhow::anyhow!("MESSAGING_NATS_URL: {remedy}"))?;
    let has_credentials = nats.credentials_file.is_some() || endpoint.has_credentials();
    let is_protected = endpoint.has_tls() && has_credentials;
    if !(endpoint.is_local() || nats.unprotected || is_protected) {
        bail!(
            "MESSAGING_NATS_URL: NATS is on another machine, so give `tls://USER:PASSWORD@HOST:4222`, or \
             `tls://HOST:4222` with MESSAGING_NATS_CREDENTIALS_FILE; on a network of your own that nobody \
             else is on, MESSAGING_NATS_UNPROTECTED=on goes without"
        );
    }
    for file in [&nats.credentials_file, &nats.ca_file]
        .into_iter()
        .flatten()
    {
        std::fs::metadata(file).with_context(|| format!("read {}", file.display()))?;
    }
    Ok(BusSettings {
        tls: endpoint.has_tls(),
        endpoint,
        credentials_file: nats.credentials_file.clone(),
        ca_file: nats.ca_file.clone(),
    })
}

/// This node, as the others speak to it.
struct Node {
    hub: Hub,
    store: Arc<Store>,
}

impl Neighbour for Node {
    fn heard(&self, from: NodeId, to: &To, signal: Signal) {
        // Before the hub hears: whoever is sent away must not get in again by an old word.
        match &signal {
            Signal::Erased(user) | Signal::ProfileChanged(user) => self.store.forget_user(user),
            Signal::LoginRevoked(login) => self.store.forget_login(*login),
            _ => {}
        }
        self.hub.heard(from, to, signal);
    }

    fn roster(&self, user: &UserId) -> Vec<SessionStamp> {
        self.hub.roster(user)
    }

    fn lost(&self, node: NodeId) {
        self.hub.lost(node);
    }

    fn missed_signals(&self) {
        self.hub.missed_signals();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nats_on_another_machine_needs_tls_and_credentials() {
        let allowed = |urls: &str, credentials: Option<&str>, unprotected| {
            let nats = Nats {
                urls: urls.to_owned().into(),
                credentials_file: credentials.map(Into::into),
                ca_file: None,
                unprotected,
            };
            protected(&nats).is_ok()
        };
        assert!(allowed("nats://127.0.0.1:4222", None, false));
        assert!(allowed("tls://me:secret@nats.example", None, false));
        assert!(allowed("tls://nats.example", Some("Cargo.toml"), false));
        assert!(allowed("nats://nats.example", None, true));
        for refused in [
            "nats://nats.example",
            "tls://nats.example",
            "nats://me:secret@nats.example",
        ] {
            assert!(!allowed(refused, None, false), "{refused}");
        }
        assert!(!allowed("tls://nats.example", Some("no/such/file"), false));
    }
}
