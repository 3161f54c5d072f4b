//! The nodes of a cluster that a server may send a search to. A credential goes to nobody else.

use std::sync::Arc;

use url::Url;

use super::options::is_local;
use crate::{Error, Result};

/// Hosts, with a port or without.
#[derive(Debug, Clone, Default)]
pub(super) struct Nodes(Arc<Vec<String>>);

impl Nodes {
    pub(super) fn permit(&mut self, host: String) {
        Arc::make_mut(&mut self.0).push(host);
    }

    /// # Errors
    /// Invalid input, `node_malformed`, on `node`.
    pub(super) fn checked(&self) -> Result<Self> {
        let is_host = |host: &String| {
            let url = Url::parse(&format!("https://{host}"));
            url.is_ok_and(|url| {
                url.path() == "/" && url.query().is_none() && url.fragment().is_none() && is_bare(&url)
            })
        };
        if self.0.iter().all(is_host) {
            return Ok(self.clone());
        }
        let text = "expected a host, with a port or without: node2.example:8090";
        Err(Error::invalid("node", "node_malformed", text))
    }

    /// The node that `location` is on, as a base like `base`; none where no credential goes there. Of the location nothing
    /// else is used: what was asked is asked again there.
    pub(super) fn followed(&self, base: &Url, location: &str) -> Option<Url> {
        let location = base.join(location).ok()?;
        let scheme = base.scheme();
        let is_safe =
            location.scheme() == scheme && is_bare(&location) && (scheme == "https" || is_local(&location));
        let permitted = |host: &String| {
            let node = Url::parse(&format!("{scheme}://{host}")).ok();
            node.is_some_and(|mut node| {
                // Not by the URL, which forgets the port that goes with its scheme.
                let port =
                    host.rsplit_once(':').map(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
                if port != Some(true) {
                    node.set_port(base.port()).ok();
                }
                node.origin() == location.origin()
            })
        };
        if !is_safe || !(location.origin() == base.origin() || self.0.iter().any(permitted)) {
            return None;
        }
        let mut node = base.clone();
        node.set_host(location.host_str()).ok()?;
        node.set_port(location.port()).ok()?;
        Some(node)
    }
}

fn is_bare(url: &Url) -> bool {
    url.username().is_empty() && url.password().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn followed(base: &str, hosts: &[&str], location: &str) -> Option<String> {
        let mut nodes = Nodes::default();
        for host in hosts {
            nodes.permit((*host).to_owned());
        }
        let base = Url::parse(base).unwrap();
        nodes.checked().unwrap().followed(&base, location).map(|url| url.to_string())
    }

    #[test]
    fn only_nodes_that_are_named_are_followed_to() {
        const BASE: &str = "https://r1.example:8090/adap";
        const HOSTS: &[&str] = &["node2.example", "node3.example:9000", "[::2]", "node4.example:443"];
        for (location, expected) in [
            ("https://r1.example:8090/adap/o=x?cookie=c", "https://r1.example:8090/adap"),
            ("/adap/o=x", "https://r1.example:8090/adap"),
            ("https://NODE2.example:8090/elsewhere", "https://node2.example:8090/adap"),
            ("https://node3.example:9000/", "https://node3.example:9000/adap"),
            ("https://[::2]:8090/", "https://[::2]:8090/adap"),
            ("https://node4.example/", "https://node4.example/adap"),
        ] {
            assert_eq!(followed(BASE, HOSTS, location).as_deref(), Some(expected), "{location}");
        }
        for location in [
            "https://r1.example/adap",
            "https://r1.example:8091/adap",
            "http://r1.example:8090/adap",
            "http://node2.example:8090/adap",
            "https://node2.example/adap",
            "https://node3.example:8090/",
            "https://node4.example:8090/",
            "https://node2.example.evil:8090/",
            "https://evil.node2.example:8090/",
            "https://node2.example:8090@evil.example/",
            "https://user@node2.example:8090/",
            "//evil.example:8090/adap",
            "\\\\evil.example/x",
            "javascript:x",
            "https://",
        ] {
            assert_eq!(followed(BASE, HOSTS, location), None, "{location}");
        }
        assert_eq!(
            followed("http://127.0.0.1:1/adap", &["localhost:2", "r1.example:2"], "http://localhost:2/x")
                .as_deref(),
            Some("http://localhost:2/adap")
        );
        assert_eq!(followed("http://127.0.0.1:1/adap", &["r1.example:2"], "http://r1.example:2/x"), None);
    }

    #[test]
    fn a_node_is_a_host() {
        for host in ["", "a/b", "a?b", "user@a", "a b", "https://a", "a:x"] {
            let mut nodes = Nodes::default();
            nodes.permit(host.to_owned());
            assert_eq!(nodes.checked().unwrap_err().code(), "node_malformed", "{host:?}");
        }
    }
}
