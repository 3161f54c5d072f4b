//! How a server is connected to, from keyword arguments: the same ones for each of its APIs.

use gatepass::{ConnectOptions, Credential, Error, Password};
use pyo3::prelude::*;

use crate::asked::Keywords;
use crate::convert;
use crate::credential::PyCredential;
use crate::errors::Raise as _;

/// Who asks: a credential, or a user who signs in.
pub(crate) fn source(asked: &Keywords<'_>) -> PyResult<ConnectOptions> {
    let (credential, username) = (asked.any("credential")?, asked.text("username")?);
    match (credential, username, asked.text("password")?) {
        (Some(credential), None, None) => Ok(ConnectOptions::new(PyCredential::of(&credential)?)),
        (None, Some(username), Some(password)) => {
            Ok(ConnectOptions::login(username, Password::new(password)))
        }
        _ => {
            let text = "give either a credential, or a username and a password";
            Err(Error::invalid("credential", "credential_missing", text)).raise(asked.py())
        }
    }
}

/// The way to an API that takes tokens alone, with this one.
pub(crate) fn with_token(asked: &Keywords<'_>, credential: Credential) -> PyResult<ConnectOptions> {
    options(asked, ConnectOptions::new(credential))
}

/// What is said besides.
pub(crate) fn options(asked: &Keywords<'_>, mut options: ConnectOptions) -> PyResult<ConnectOptions> {
    if let Some(limit) = asked.span("timeout")? {
        options = options.timeout(limit);
    }
    if let Some(limit) = asked.span("connect_timeout")? {
        options = options.connect_timeout(limit);
    }
    if let Some(attempts) = asked.number("attempts")? {
        options = options.attempts(attempts);
    }
    if let Some(pem) = pems(asked, "certificate_authority")? {
        options = options.certificate_authority(pem);
    }
    if let Some(pem) = pems(asked, "client_certificate")? {
        options = options.client_certificate(pem);
    }
    if asked.flag("proxy")? == Some(false) {
        options = options.no_proxy();
    }
    if let Some(product) = asked.text("product")? {
        options = options.product(product);
    }
    Ok(options)
}

/// PEM, as text or bytes.
pub(crate) fn pems(asked: &Keywords<'_>, name: &str) -> PyResult<Option<Vec<u8>>> {
    let pem = |given: Bound<'_, PyAny>| match given.extract::<String>() {
        Ok(text) => Ok(text.into_bytes()),
        Err(_) => {
            given.extract::<Vec<u8>>().map_err(|_| convert::wrong_type(name, "PEM, as str or bytes", &given))
        }
    };
    asked.any(name)?.map(pem).transpose()
}
