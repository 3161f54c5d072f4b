//! Where a request comes from, and the networks a token is bound to.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::{Error, Result};

/// The greatest number of networks a token can be bound to.
pub const MAX_NETWORKS: usize = 64;

/// Reads a network in CIDR form, `10.0.0.0/8`, or a single address, and clears its host bits. Numbers with leading
/// zeros are refused, for some programs read them as octal.
pub fn parse_network(text: &str) -> Result<IpNet> {
    let (addr, length) = text.split_once('/').map_or((text, None), |(addr, length)| (addr, Some(length)));
    let network = addr.parse::<IpAddr>().ok().and_then(|addr| match length {
        None => Some(IpNet::from(addr)),
        Some(length) => length
            .parse()
            .ok()
            .filter(|n: &u8| n.to_string() == length)
            .and_then(|n| IpNet::new(addr, n).ok()),
    });
    network.as_ref().map(canonical_network).ok_or_else(|| {
        Error::invalid("networks", "network_malformed", "expected CIDR, such as 10.0.0.0/8 or 2001:db8::/32")
    })
}

/// Without host bits, and `::ffff:10.0.0.0/104` as the IPv4 network that it is.
pub(crate) fn canonical_network(network: &IpNet) -> IpNet {
    let trimmed = network.trunc();
    match trimmed {
        IpNet::V6(v6) => v6
            .addr()
            .to_ipv4_mapped()
            .zip(v6.prefix_len().checked_sub(96))
            .and_then(|(addr, length)| IpNet::new(addr.into(), length).ok())
            .unwrap_or(trimmed),
        IpNet::V4(_) => trimmed,
    }
}

/// Whether a token bound to these networks may be used from this peer: bound to none, from anywhere; else
/// the peer must be known and in one of them. `::ffff:a.b.c.d` is the IPv4 address that it holds.
pub(crate) fn permits(networks: &[IpNet], peer: Option<IpAddr>) -> bool {
    let peer = peer.map(|peer| peer.to_canonical());
    networks.is_empty() || peer.is_some_and(|peer| networks.iter().any(|network| network.contains(&peer)))
}

/// Whether being bound to `inner` is at least as narrow as being bound to `outer`.
pub(crate) fn narrows(inner: &[IpNet], outer: &[IpNet]) -> bool {
    outer.is_empty()
        || !inner.is_empty() && inner.iter().all(|network| outer.iter().any(|wide| wide.contains(network)))
}

/// The proxies whose word on the client's address is taken; none by default.
#[derive(Debug, Clone, Default)]
pub struct TrustedProxies(Vec<IpNet>);

impl TrustedProxies {
    /// Trusts the proxies in these networks.
    pub fn new(networks: impl IntoIterator<Item = IpNet>) -> Self {
        Self(networks.into_iter().map(|network| canonical_network(&network)).collect())
    }

    /// The client's address: the peer's own, unless the peer is a trusted proxy; then the last address in
    /// `X-Forwarded-For` that no trusted proxy has, read from its end, for its start is the client's to
    /// write. None where a trusted proxy wrote something that is no address.
    pub fn client<'a>(
        &self,
        peer: IpAddr,
        forwarded_for: impl DoubleEndedIterator<Item = &'a str>,
    ) -> Option<IpAddr> {
        let trusted = |addr: IpAddr| self.0.iter().any(|network| network.contains(&addr));
        let mut client = peer.to_canonical();
        for hop in forwarded_for.rev().flat_map(|value| value.rsplit(',')) {
            if !trusted(client) {
                break;
            }
            client = forwarded_address(hop.trim())?;
        }
        Some(client)
    }
}

/// An address as proxies write it: bare, with a port, or in brackets.
fn forwarded_address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse()
        .or_else(|_| text.parse::<std::net::SocketAddr>().map(|addr| addr.ip()))
        .ok()
        .map(|addr: IpAddr| addr.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(trusted: &[&str], peer: &str, forwarded_for: &[&str]) -> Option<String> {
        let trusted = TrustedProxies::new(trusted.iter().map(|text| parse_network(text).unwrap()));
        trusted.client(peer.parse().unwrap(), forwarded_for.iter().copied()).map(|addr| addr.to_string())
    }

    #[test]
    fn forwarded_headers_count_only_from_trusted_proxies() {
        let is = |text: &str| Some(text.to_owned());
        assert_eq!(client(&[], "203.0.113.9", &["198.51.100.7"]), is("203.0.113.9"));
        assert_eq!(client(&["10.0.0.0/8"], "203.0.113.9", &["198.51.100.7"]), is("203.0.113.9"));
        assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &["198.51.100.7"]), is("198.51.100.7"));
        assert_eq!(client(&["10.0.0.0/8"], "::ffff:10.0.0.1", &["198.51.100.7:4711"]), is("198.51.100.7"));
        assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &["[2001:db8::7]:4711"]), is("2001:db8::7"));
        assert_eq!(client(&["10.0.0.0/8"], "10.0.0.1", &[]), is("10.0.0.1"));
    }

    #[test]
    fn what_the_client_wrote_itself_is_not_believed() {
        let nets = ["10.0.0.0/8"];
        assert_eq!(
            client(&nets, "10.0.0.1", &["10.9.9.9, 198.51.100.7, 10.0.0.2"]),
            Some("198.51.100.7".into())
        );
        assert_eq!(client(&nets, "10.0.0.1", &["10.9.9.9", "198.51.100.7"]), Some("198.51.100.7".into()));
        assert_eq!(client(&nets, "10.0.0.1", &["198.51.100.7, nonsense"]), None);
        assert_eq!(client(&nets, "10.0.0.1", &[""]), None);
    }

    #[test]
    fn a_mapped_network_is_the_one_that_it_maps() {
        assert_eq!(parse_network("::ffff:10.1.2.3/104").unwrap().to_string(), "10.0.0.0/8");
        assert_eq!(parse_network("10.1.2.3").unwrap().to_string(), "10.1.2.3/32");
        for text in
            ["10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/+8", "010.0.0.0/8", "2001:db8::/032", "10.0.0.0/", ""]
        {
            assert_eq!(parse_network(text).unwrap_err().code(), "network_malformed", "{text}");
        }
    }
}
