//! Resources through RadiantOne's SCIM API, or any other SCIM 2.0 server's (RFC 7644), as the holder of a `scim` token.

mod filter;
mod list;
mod resource;
mod resources;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use self::filter::ScimFilter;
pub use self::list::{ListPages, Listing};
pub use self::resource::Resource;
pub use self::resources::Resources;
use crate::client::answer::{Answer, Codes};
use crate::client::dialect::Dialect;
use crate::client::options::Base;
use crate::client::request::secrets_in;
use crate::client::{ConnectOptions, Request, Sender};
use crate::wire::scim::{self, MEDIA_TYPE, ResourceType, Schema};
use crate::{Credential, Error, Result};

const BASE: Base = Base { path: "/scim2/v2", example: "expected a URL such as https://HOST:8090/scim2/v2" };
/// What these statuses mean of resources, where a server says no more.
const CODES: Codes =
    &[(404, "resource_not_found"), (409, "uniqueness"), (412, "version_mismatch"), (304, "not_modified")];
/// The media type before RadiantOne 8.1.4.
const OLDER_MEDIA_TYPE: &str = "application/json";

/// Resources, as seen by one `scim` token: RadiantOne's SCIM API, or any other SCIM 2.0 server's. Cheap to clone; all clones
/// share their connections, and what they know of the server.
///
/// ```no_run
/// # async fn example() -> gatepass::Result<()> {
/// use gatepass::{Credential, PatchOp, ScimClient, ScimFilter};
///
/// let scim = ScimClient::new("https://radiantone.example:8090/scim2/v2", Credential::env("SCIM_TOKEN"))?;
/// let users = scim.resources("Users");
/// let mut pages = users.list().filter(ScimFilter::starts_with("userName", "b")).pages();
/// while let Some(page) = pages.next().await {
///     for user in page?.resources {
///         println!("{} {:?}", user.id(), user.get("userName"));
///         users.patch(user.id(), &PatchOp::new().replace("active", false)).await?;
///     }
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Those of sending, and of everything that is asked here: unauthorized, `authentication_failed`, also where an older
/// server says it otherwise; forbidden; the reasons of RFC 7644 section 3.12 (`invalid_filter`, `uniqueness`, `mutability`,
/// `no_target`, …); protocol, `answer_malformed` and `redirected`.
#[derive(Debug, Clone)]
pub struct ScimClient {
    sender: Sender,
    /// Whether the server does not know SCIM's own media type.
    is_older: Arc<AtomicBool>,
}

impl ScimClient {
    /// The server at this URL, `https://HOST:8090/scim2/v2`, opened by this token. Nothing is sent until something is asked.
    ///
    /// # Errors
    /// Invalid input, on `url`: `url_malformed`, `url_insecure` (plain HTTP that leaves this machine).
    pub fn new(url: impl AsRef<str>, credential: impl Into<Credential>) -> Result<Self> {
        ConnectOptions::new(credential).scim(url)
    }

    /// The URL that is asked.
    pub fn url(&self) -> String {
        self.sender.base().to_string()
    }

    /// The resources at this endpoint: `Users`, `/Groups`, or what a resource type says. Of any form; to read them as a type of
    /// one's own there is [`Resources::typed`].
    pub fn resources(&self, endpoint: impl Into<String>) -> Resources {
        Resources::new(self.clone(), endpoint.into())
    }

    /// The kinds of resources that the server has.
    ///
    /// # Errors
    /// Not found, `resource_not_found`, where it does not say.
    pub async fn resource_types(&self) -> Result<Vec<ResourceType>> {
        match self.discover(scim::RESOURCE_TYPES).await {
            // The vendor writes it so.
            Err(error) if error.status() == Some(404) => self.discover(scim::RESOURCE_TYPES_OF_VENDOR).await,
            found => found,
        }
    }

    /// What resources may say.
    ///
    /// # Errors
    /// Not found, `resource_not_found`, where it does not say.
    pub async fn schemas(&self) -> Result<Vec<Schema>> {
        self.discover(scim::SCHEMAS).await
    }

    /// What the server can do (RFC 7643 section 5).
    ///
    /// # Errors
    /// Not found, `resource_not_found`, where it does not say.
    pub async fn service_provider_config(&self) -> Result<Value> {
        self.send(Method::GET, scim::SERVICE_PROVIDER, Ok, None::<&Value>).await?.json()
    }

    /// As a list response, or as a bare list.
    async fn discover<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>> {
        let answer = self.send(Method::GET, path, Ok, None::<&Value>).await?;
        match answer.json::<Value>()? {
            Value::Array(_) => answer.json(),
            _ => answer.json::<scim::ListResponse<T>>().map(|list| list.resources),
        }
    }

    /// Sends a request of SCIM's own media type, and of the older one where the server does not know it: then nothing was done.
    async fn send<B: Serialize + ?Sized>(
        &self,
        method: Method,
        path: &str,
        with: impl Fn(Request) -> Result<Request>,
        body: Option<&B>,
    ) -> Result<Answer> {
        let body = body.map(serde_json::to_value).transpose().map_err(|error| {
            let text = "the resource cannot be written as JSON";
            Error::invalid("resource", "resource_malformed", text).with_cause(error)
        })?;
        let request = |media| {
            let request =
                Request::new(method.clone(), path).dialect(Dialect::Scim).codes(CODES).accepts(media);
            let Some(body) = &body else { return with(request) };
            let hidden = secrets_in(body);
            let request = request.json_as(media, body)?;
            with(hidden.into_iter().fold(request, |request, secret| request.hiding(Some(secret))))
        };
        if !self.is_older.load(Ordering::Relaxed) {
            match self.sender.send(request(MEDIA_TYPE)?).await {
                Err(error) if matches!(error.status(), Some(406 | 415)) => {}
                answer => return answer,
            }
        }
        let answer = self.sender.send(request(OLDER_MEDIA_TYPE)?).await?;
        self.is_older.store(true, Ordering::Relaxed);
        Ok(answer)
    }
}

impl ConnectOptions {
    /// The SCIM server at this URL, in this way: see [`ScimClient::new`].
    ///
    /// # Errors
    /// Those of [`ScimClient::new`]; `certificate_malformed`; `token_required` for options that sign in.
    pub fn scim(self, url: impl AsRef<str>) -> Result<ScimClient> {
        Ok(ScimClient { sender: self.data_sender(url.as_ref(), &BASE)?, is_older: Arc::default() })
    }
}

const _: () = {
    const fn crosses_threads<T: Send + Sync + Clone + 'static>() {}
    const fn moves<T: Send + Sync + 'static>() {}
    crosses_threads::<ScimClient>();
    crosses_threads::<Resources>();
    crosses_threads::<Listing>();
    moves::<ListPages>();
};
