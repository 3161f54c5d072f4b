//! The certificate, and taking over another one while connections go on.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwap;
use gatepass::{Error, ErrorKind, Result};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::TlsFiles;

/// The certificate in use.
pub(crate) struct Tls {
    files: TlsFiles,
    config: ArcSwap<ServerConfig>,
}

/// What tells whether files have changed.
type Stamp = [Option<(SystemTime, u64)>; 2];

impl Tls {
    /// Reads certificate and key.
    ///
    /// # Errors
    /// Invalid input on `tls`: `tls_unreadable`, `tls_malformed`.
    pub(crate) fn load(files: TlsFiles) -> Result<Arc<Self>> {
        let config = ArcSwap::new(read(&files)?);
        Ok(Arc::new(Self { files, config }))
    }

    /// What makes TLS of the next connection.
    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.config.load_full())
    }

    /// Takes over what is in the files now. Where that is no certificate with its key, the one in use stays.
    fn reload(&self) {
        match read(&self.files) {
            Ok(config) => {
                self.config.store(config);
                tracing::info!("the certificate was read again");
            }
            Err(error) => {
                tracing::error!(%error, "the certificate could not be read again; the one before stays in use");
            }
        }
    }

    /// Looks after the files, until it is dropped.
    pub(crate) async fn watch(self: Arc<Self>) {
        let mut hangup = Hangup::new();
        let mut known = self.stamp();
        loop {
            let asked = tokio::select! {
                () = tokio::time::sleep(self.files.look_every) => false,
                () = hangup.next() => true,
            };
            let stamp = self.stamp();
            if asked || stamp != known {
                self.reload();
                known = stamp;
            }
        }
    }

    fn stamp(&self) -> Stamp {
        [&self.files.certificate, &self.files.key].map(|path| {
            let about = fs::metadata(path).ok()?;
            Some((about.modified().ok()?, about.len()))
        })
    }
}

/// SIGHUP, where there is such a thing.
struct Hangup {
    #[cfg(unix)]
    signal: Option<tokio::signal::unix::Signal>,
}

impl Hangup {
    fn new() -> Self {
        Self {
            #[cfg(unix)]
            signal: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup()).ok(),
        }
    }

    async fn next(&mut self) {
        #[cfg(unix)]
        if let Some(signal) = &mut self.signal {
            signal.recv().await;
            return;
        }
        std::future::pending::<()>().await;
    }
}

fn read(files: &TlsFiles) -> Result<Arc<ServerConfig>> {
    let unreadable = |path: &Path, error: rustls::pki_types::pem::Error| {
        let text = format!("{}: {error}", path.display());
        Error::new(ErrorKind::InvalidInput, "tls_unreadable", text).with_field("tls")
    };
    let chain = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| unreadable(&files.certificate, error))?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| unreadable(&files.key, error))?;
    let malformed = |error: rustls::Error| {
        let text = "not a certificate chain with its key";
        Error::invalid("tls", "tls_malformed", text).with_cause(error)
    };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(malformed)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(malformed)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
