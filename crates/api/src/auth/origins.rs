//! Which web pages may talk to the service from a browser: one list, for CORS, the cookie and the
//! WebSocket alike.

use std::{collections::BTreeSet, net::SocketAddr, sync::Arc};

/// The allowed origins, compared as a whole: no patterns, no suffixes, never `null`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origins(Arc<BTreeSet<String>>);

impl Origins {
    /// Takes a comma-separated list of origins, as in `https://shop.example,http://localhost:3000`.
    ///
    /// # Errors
    /// The first entry that is no origin: `http` or `https`, a host, perhaps a port, and nothing else.
    pub fn parse(list: &str) -> Result<Self, String> {
        list.split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
            .map(parse_origin)
            .collect::<Result<_, _>>()
            .map(|origins| Self(Arc::new(origins)))
    }

    /// The service's own origins, once it is bound: by its address, and by the names of this machine
    /// when it listens there.
    pub fn own(bound: SocketAddr) -> Self {
        let port = bound.port();
        let mut origins = BTreeSet::from([format!("http://{bound}")]);
        if bound.ip().is_loopback() || bound.ip().is_unspecified() {
            for host in ["localhost", "127.0.0.1", "[::1]"] {
                origins.insert(format!("http://{host}:{port}"));
                if port == 80 {
                    origins.insert(format!("http://{host}"));
                }
            }
        }
        Self(Arc::new(origins))
    }

    /// Whether a page of this origin, the value of an `Origin` header, may talk to the service.
    pub fn allows(&self, origin: &str) -> bool {
        self.0.contains(&origin.to_ascii_lowercase())
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

fn parse_origin(entry: &str) -> Result<String, String> {
    let origin = entry.to_ascii_lowercase();
    let host = origin
        .strip_prefix("https://")
        .or_else(|| origin.strip_prefix("http://"))
        .unwrap_or_default();
    let well_formed = !host.is_empty()
        && host
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']' | '_'));
    if well_formed {
        Ok(origin)
    } else {
        Err(format!(
            "`{entry}` is no origin, as in https://shop.example"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_origin_matches() {
        let origins = Origins::parse("https://shop.example, http://localhost:3000").unwrap();
        for good in [
            "https://shop.example",
            "HTTPS://Shop.Example",
            "http://localhost:3000",
        ] {
            assert!(origins.allows(good), "{good}");
        }
        for bad in [
            "",
            "null",
            "http://shop.example",
            "https://shop.example.evil.example",
            "https://evilshop.example",
            "https://shop.example:8443",
            "https://shop.example.",
            "https://shop.example/",
            "https://sub.shop.example",
            "http://localhost",
            "http://localhost:30000",
        ] {
            assert!(!origins.allows(bad), "{bad}");
        }
    }

    #[test]
    fn patterns_and_paths_are_no_origins() {
        for bad in [
            "*",
            "null",
            "https://*.shop.example",
            "https://shop.example/",
            "shop.example",
            "https://",
            "ftp://a",
        ] {
            assert!(Origins::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_service_on_this_machine_is_known_by_its_names_with_the_real_port() {
        let origins = Origins::own("0.0.0.0:4711".parse().unwrap());
        for own in [
            "http://localhost:4711",
            "http://127.0.0.1:4711",
            "http://[::1]:4711",
        ] {
            assert!(origins.allows(own), "{own}");
        }
        assert!(!origins.allows("http://localhost:8080"));
    }
}
