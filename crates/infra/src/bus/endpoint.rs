//! Where NATS is, and what a node needs to be let in.

use std::{fmt, path::PathBuf};

use async_nats::ServerAddr;

/// How to reach NATS.
#[derive(Clone)]
pub struct BusSettings {
    /// The servers of one cluster, with user and password where they want any.
    pub endpoint: Endpoint,
    /// A file with a user's JWT and seed, as NATS makes it.
    pub credentials_file: Option<PathBuf>,
    /// A file with the certificates of who may vouch for the servers, besides the system's.
    pub ca_file: Option<PathBuf>,
    /// Whether a connection without TLS is refused.
    pub tls: bool,
}

impl BusSettings {
    pub(super) fn servers(&self) -> Vec<ServerAddr> {
        self.endpoint.0.clone()
    }
}

impl fmt::Debug for BusSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BusSettings")
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}

/// The addresses of one or more NATS servers. It may hold a password, so it is never printed.
#[derive(Clone)]
pub struct Endpoint(Vec<ServerAddr>);

impl Endpoint {
    /// Takes URLs separated by commas: `nats://`, or `tls://` to insist on TLS, with user and
    /// password, or a token, before an `@`.
    ///
    /// # Errors
    /// What is wrong, and the remedy.
    pub fn parse(urls: &str) -> Result<Self, String> {
        let remedy = || "give `nats://HOST:4222` or `tls://USER:PASSWORD@HOST:4222`".to_owned();
        let servers: Vec<ServerAddr> = urls
            .split(',')
            .map(|url| {
                let url = url.trim();
                if !url.starts_with("nats://") && !url.starts_with("tls://") {
                    return Err(remedy());
                }
                url.parse::<ServerAddr>()
                    .ok()
                    .filter(|server| !server.host().is_empty())
                    .ok_or_else(remedy)
            })
            .collect::<Result<_, _>>()?;
        Ok(Self(servers))
    }

    /// Whether all servers are on this machine, where nobody listens in.
    pub fn is_local(&self) -> bool {
        self.0.iter().all(|server| {
            let host = server.host().trim_matches(['[', ']']);
            host == "localhost"
                || host
                    .parse::<std::net::IpAddr>()
                    .is_ok_and(|address| address.is_loopback())
        })
    }

    /// Whether every address insists on TLS.
    pub fn has_tls(&self) -> bool {
        self.0.iter().all(ServerAddr::tls_required)
    }

    /// Whether every address names a user or a token.
    pub fn has_credentials(&self) -> bool {
        self.0.iter().all(|server| server.username().is_some())
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Endpoint(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_knows_whether_others_can_listen_in() {
        let local =
            Endpoint::parse("nats://127.0.0.1:4222, nats://localhost,nats://[::1]:1").unwrap();
        assert!(local.is_local() && !local.has_tls() && !local.has_credentials());
        let remote = Endpoint::parse("tls://me:secret@nats.example:4222").unwrap();
        assert!(!remote.is_local() && remote.has_tls() && remote.has_credentials());
        assert!(
            !Endpoint::parse("nats://127.0.0.1,nats://10.0.0.1")
                .unwrap()
                .is_local()
        );
        assert!(!format!("{remote:?}").contains("secret"));
    }

    #[test]
    fn what_is_no_address_of_nats_is_refused_with_the_remedy() {
        for bad in [
            "",
            "localhost:4222",
            "http://localhost",
            "nats://",
            "nats://a,",
            "nats://a:x",
        ] {
            assert!(Endpoint::parse(bad).is_err(), "{bad}");
        }
    }
}
