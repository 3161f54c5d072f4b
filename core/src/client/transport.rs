//! What carries requests: whom TLS trusts, through which proxy they go, and that nobody sends them elsewhere.

use std::time::Duration;

use reqwest::header::HeaderValue;

use crate::{Error, ErrorKind, Result};

/// How requests are carried.
pub(crate) struct Transport<'a> {
    pub(crate) agent: HeaderValue,
    /// Certificates (PEM) that are trusted as well as the machine's.
    pub(crate) authorities: &'a [Vec<u8>],
    /// A certificate with its key (PEM) for a server that asks for one.
    pub(crate) identity: Option<&'a [u8]>,
    /// Whether they go through the proxy that the environment names.
    pub(crate) proxy: bool,
    /// Whether they are plain HTTP, which stays on this machine.
    pub(crate) plain: bool,
}

/// Gatepass with its version, after the program that it works for if that is named.
pub(crate) fn user_agent(product: Option<&str>) -> Result<HeaderValue> {
    let agent = concat!("gatepass/", env!("CARGO_PKG_VERSION"));
    let agent = product.map_or(agent.to_owned(), |product| format!("{product} {agent}"));
    HeaderValue::try_from(agent)
        .map_err(|_| Error::invalid("product", "product_malformed", "expected a name such as backup-job/2.1"))
}

impl Transport<'_> {
    /// What sends them, within the limits that the caller sets.
    pub(crate) fn build(
        self,
        limits: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
    ) -> Result<reqwest::Client> {
        let mut builder = reqwest::Client::builder()
            .user_agent(self.agent)
            // A credential goes to whom it was given, and to nobody that they name.
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .pool_idle_timeout(Duration::from_secs(30));
        let malformed = |field: &'static str| {
            move |error: reqwest::Error| {
                let text = "expected PEM";
                Error::invalid(field, "certificate_malformed", text).with_cause(error.without_url())
            }
        };
        for pem in self.authorities {
            let found =
                reqwest::Certificate::from_pem_bundle(pem).map_err(malformed("certificateAuthority"))?;
            if found.is_empty() {
                return Err(Error::invalid("certificateAuthority", "certificate_malformed", "expected PEM"));
            }
            builder = builder.tls_certs_merge(found);
        }
        if let Some(pem) = self.identity {
            let identity = reqwest::Identity::from_pem(pem);
            builder = builder.identity(identity.map_err(malformed("clientCertificate"))?);
        }
        if self.plain {
            // Plain HTTP stays on this machine, so it goes to no proxy, and trusts no certificates.
            builder = builder.no_proxy().tls_certs_only([]);
        } else if !self.proxy {
            builder = builder.no_proxy();
        }
        limits(builder).build().map_err(|error| {
            let given = match (self.identity, self.authorities) {
                (Some(_), _) => Some("clientCertificate"),
                (None, [_, ..]) => Some("certificateAuthority"),
                (None, []) => None,
            };
            let text =
                "TLS cannot be set up: there are no trusted certificates, or those given are not usable";
            let cause = error.without_url();
            match given {
                Some(field) => Error::invalid(field, "certificate_malformed", text).with_cause(cause),
                None => Error::new(ErrorKind::Internal, "client_setup", text).with_cause(cause),
            }
        })
    }
}
