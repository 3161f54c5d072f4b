//! External token validators over HTTP.

use reqwest::Method;
use zeroize::Zeroizing;

use super::Client;
use super::answer::Codes;
use super::request::{Request, path_of};
use crate::service::Before;
use crate::wire::{EXTENSIONS, TestValidator, VALIDATORS, ValidatorDetails, ValidatorTest};
use crate::{ErrorKind, ExternalTokenValidator, Result};

/// What these statuses mean of validators, where a server says no more.
const CODES: Codes = &[(404, "validator_not_found"), (409, "validator_exists")];

impl Client {
    /// The server's, by name. Whether the vendor's list has more than names nobody says, so what has no API is asked for;
    /// what is of an API that this version does not know is none that it could use.
    pub(super) async fn all_validators(&self) -> Result<Vec<ExternalTokenValidator>> {
        let items: Vec<ValidatorDetails> =
            self.sender.send(Request::new(Method::GET, VALIDATORS)).await?.json()?;
        let mut validators = Vec::with_capacity(items.len());
        for item in items {
            let validator = if item.api_service.is_empty() {
                self.find_validator(&item.name).await
            } else {
                item.try_into()
            };
            match validator {
                Ok(validator) => validators.push(validator),
                // It was deleted meanwhile.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) if error.code() == "unknown_api" => {}
                Err(error) => return Err(error),
            }
        }
        validators.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(validators)
    }

    pub(super) async fn find_validator(&self, name: &str) -> Result<ExternalTokenValidator> {
        let path = path_of("name", VALIDATORS, name, "")?;
        let details: ValidatorDetails =
            self.sender.send(Request::new(Method::GET, path).codes(CODES)).await?.json()?;
        details.try_into()
    }

    pub(super) async fn send_validator(
        &self,
        validator: &ExternalTokenValidator,
        before: Before,
    ) -> Result<ExternalTokenValidator> {
        validator.check()?;
        let details = ValidatorDetails::from(validator);
        let details = if self.is_gatepass().await? { details } else { details.for_plain_server()? };
        let request = match before {
            Before::Absent => Request::new(Method::POST, VALIDATORS),
            Before::Present => Request::new(Method::PUT, path_of("name", VALIDATORS, &validator.name, "")?),
        };
        self.sender.send(request.codes(CODES).json(&details)?).await?;
        // What the server made of it: it may not know all that was sent.
        self.find_validator(&validator.name).await
    }

    pub(super) async fn try_validator(&self, name: &str, token: Option<&str>) -> Result<ValidatorTest> {
        self.need_gatepass("test").await?;
        let path = path_of("name", &format!("{EXTENSIONS}/validators"), name, "/test")?;
        let body = TestValidator { token: token.map(|token| Zeroizing::new(token.to_owned())) };
        let request = Request::new(Method::POST, path).codes(CODES).json(&body)?.hiding(token);
        self.sender.send(request.repeatable()).await?.json()
    }

    pub(super) async fn remove_validator(&self, name: &str) -> Result<()> {
        let path = path_of("name", VALIDATORS, name, "")?;
        self.sender.send(Request::new(Method::DELETE, path).codes(CODES).ends()).await.map(drop)
    }
}
