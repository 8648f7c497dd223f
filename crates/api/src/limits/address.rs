//! From where a request comes, as far as limits are concerned.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use actix_web::{HttpRequest, http::header};

/// An address to count by: a whole one of IPv4, the network (/64) of one of IPv6, where whoever has
/// one address has them all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Address(Option<IpAddr>);

impl Address {
    /// The address of a request: its peer's, or, behind `proxies` of one's own, that which the
    /// outermost of them wrote into `X-Forwarded-For`. What stands before it anybody can have written.
    pub fn of<'a>(
        peer: Option<IpAddr>,
        forwarded_for: impl Iterator<Item = &'a str>,
        proxies: usize,
    ) -> Self {
        let hops: Vec<_> = forwarded_for
            .flat_map(|header| header.split(','))
            .map(str::trim)
            .collect();
        let told = match hops.len().checked_sub(proxies) {
            _ if proxies == 0 => None,
            Some(at) => hops.get(at),
            None => hops.first(),
        };
        Self(told.and_then(|hop| parse(hop)).or(peer).map(network))
    }
}

/// The address of a request over HTTP, behind so many proxies of one's own.
pub fn address_of(request: &HttpRequest, proxies: usize) -> Address {
    let told = request.headers().get_all(header::X_FORWARDED_FOR);
    let told = told.filter_map(|value| value.to_str().ok());
    let peer = request.peer_addr().map(|peer| peer.ip());
    Address::of(peer, told, proxies)
}

fn parse(hop: &str) -> Option<IpAddr> {
    hop.parse()
        .ok()
        .or_else(|| hop.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(peer: &str, forwarded_for: &[&str], proxies: usize) -> String {
        let address = Address::of(
            Some(peer.parse().unwrap()),
            forwarded_for.iter().copied(),
            proxies,
        );
        address.0.unwrap().to_string()
    }

    #[test]
    fn a_header_is_believed_from_proxies_of_ones_own_only() {
        assert_eq!(of("192.0.2.1", &["198.51.100.7"], 0), "192.0.2.1");
        assert_eq!(
            of("10.0.0.1", &["203.0.113.9, 198.51.100.7"], 1),
            "198.51.100.7"
        );
        assert_eq!(
            of("10.0.0.1", &["203.0.113.9", "198.51.100.7:4711"], 1),
            "198.51.100.7"
        );
        assert_eq!(
            of("10.0.0.1", &["1.1.1.1, 198.51.100.7, 10.0.0.2"], 2),
            "198.51.100.7"
        );
        assert_eq!(of("10.0.0.1", &["198.51.100.7"], 2), "198.51.100.7");
        assert_eq!(of("10.0.0.1", &["nonsense"], 1), "10.0.0.1");
        assert_eq!(of("10.0.0.1", &[], 1), "10.0.0.1");
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one() {
        assert_eq!(of("2001:db8:1:2:3:4:5:6", &[], 0), "2001:db8:1:2::");
        assert_eq!(of("::ffff:192.0.2.1", &[], 0), "192.0.2.1");
    }
}
