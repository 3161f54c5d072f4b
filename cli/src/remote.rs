//! The server that commands work on, and with which credential.

use std::path::{Path, PathBuf};

use gatepass::{ConnectOptions, Credential, Error, Password, Result};

use crate::input;

/// One's own token.
const TOKEN: &str = "GATEPASS_TOKEN";
/// The password of whom one signs in as.
const PASSWORD: &str = "GATEPASS_PASSWORD";

/// How the server is reached, as far as the arguments say.
#[derive(Debug)]
pub(crate) struct Remote {
    pub(crate) token_file: Option<PathBuf>,
    pub(crate) login: Option<String>,
    pub(crate) ca_file: Option<PathBuf>,
}

impl Remote {
    /// Whether the arguments say with which credential.
    pub(crate) fn is_asked_for(&self) -> bool {
        self.token_file.is_some() || self.login.is_some()
    }

    /// With one's own credential: what the arguments say, else the environment, else what is typed.
    ///
    /// # Errors
    /// `credential_twice`; `credential_required` and `password_required` where nobody is there to be asked.
    pub(crate) fn options(&self) -> Result<ConnectOptions> {
        match (&self.token_file, &self.login) {
            (Some(_), Some(_)) => {
                let text = "say --token-file or --login, not both";
                Err(Error::invalid("credential", "credential_twice", text))
            }
            (Some(path), None) => self.trusting(ConnectOptions::new(Credential::file(path))),
            (None, Some(name)) => self.login_as(name),
            (None, None) if is_set(TOKEN) => self.trusting(ConnectOptions::new(Credential::env(TOKEN))),
            (None, None) => {
                let text =
                    "say who asks: a token in GATEPASS_TOKEN or a --token-file, or a user to --login as";
                let token =
                    input::hidden("Token: ", || Error::invalid("credential", "credential_required", text))?;
                self.trusting(ConnectOptions::new(gatepass::Secret::new(token.trim())?))
            }
        }
    }

    /// With a token for an API that has no signing in: what the arguments say, else this variable, else what is typed.
    ///
    /// # Errors
    /// `token_required`, where a user is said; `credential_required` where nobody is there to be asked.
    pub(crate) fn token(&self, variable: &str) -> Result<ConnectOptions> {
        if self.login.is_some() {
            let text = "this API is opened by a token of its own, and not by signing in";
            return Err(Error::invalid("login", "token_required", text));
        }
        let credential = match &self.token_file {
            Some(path) => Credential::file(path),
            None if is_set(variable) => Credential::env(variable),
            None => {
                let text = format!("say who asks: a token in {variable} or a --token-file");
                let missing = || Error::invalid("credential", "credential_required", text);
                gatepass::Secret::new(input::hidden("Token: ", missing)?.trim())?.into()
            }
        };
        self.trusting(ConnectOptions::new(credential))
    }

    /// As this user, whose password is in the environment, or typed.
    pub(crate) fn login_as(&self, name: &str) -> Result<ConnectOptions> {
        let password = match std::env::var(PASSWORD) {
            Ok(text) if !text.is_empty() => Password::new(text),
            _ => {
                let text = "there is no terminal to ask on; the password goes into GATEPASS_PASSWORD";
                let missing = || Error::invalid("password", "password_required", text);
                Password::new(input::hidden("Password: ", missing)?.as_str())
            }
        };
        self.trusting(ConnectOptions::login(name, password))
    }

    fn trusting(&self, options: ConnectOptions) -> Result<ConnectOptions> {
        let options = options.product(concat!("gatepass-cli/", env!("CARGO_PKG_VERSION")));
        Ok(match &self.ca_file {
            Some(path) => options.certificate_authority(read(path)?),
            None => options,
        })
    }
}

fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| !value.is_empty())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| {
        let text = format!("{}: {error}", path.display());
        Error::invalid("caFile", "file_failed", text).with_cause(error)
    })
}
