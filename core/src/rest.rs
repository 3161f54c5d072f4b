//! Entries of a directory, through RadiantOne's REST API (ADAP), as the holder of a `rest` token.

mod bulk;
mod page;
mod pages;
mod search;

use reqwest::Method;
use reqwest::header::{HeaderName, HeaderValue};
use serde::de::DeserializeOwned;

pub use self::bulk::BulkResult;
pub use self::page::Page;
pub use self::pages::Pages;
pub use self::search::Search;
use crate::client::answer::{Answer, Codes};
use crate::client::dialect::Dialect;
use crate::client::options::Base;
use crate::client::request::encoded;
use crate::client::{ConnectOptions, Request, Sender};
use crate::wire::adap::{self, Attributes, Entry, Mod, ModType, Params, Rename, Replace, SearchScope};
use crate::{Credential, Error, MAX_DN_LENGTH, Result, names_secret};

const BASE: Base = Base { path: "/adap", example: "expected a URL such as https://HOST:8090/adap" };
/// What these statuses mean of entries, where a server says no more.
const CODES: Codes = &[(404, "entry_not_found"), (409, "entry_exists")];

/// A directory, as seen by one `rest` token: RadiantOne's REST API (ADAP). Cheap to clone; all clones share their
/// connections.
///
/// ```no_run
/// # async fn example() -> gatepass::Result<()> {
/// use gatepass::{Credential, Filter, RestClient};
///
/// let rest = RestClient::new("https://radiantone.example:8090/adap", Credential::env("ADAP_TOKEN"))?;
/// let mut pages = rest.search("o=acme").filter(Filter::starts_with("cn", "Ad")).attributes(["cn", "mail"]).pages();
/// while let Some(page) = pages.next().await {
///     for entry in page?.entries()? {
///         println!("{} {:?}", entry.dn, entry.first("mail"));
///     }
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// Those of sending, and of everything that is asked here: unauthorized, `authentication_failed`, also where an older
/// server says it otherwise; forbidden; what LDAP's result codes mean (`entry_not_found`, `entry_exists`,
/// `object_class_violation`, …); invalid input, `dn_malformed` and `dn_too_long`; protocol, `answer_malformed` and
/// `redirected`.
#[derive(Debug, Clone)]
pub struct RestClient {
    sender: Sender,
    /// The user to act as.
    proxy: Option<HeaderValue>,
}

impl RestClient {
    /// The directory at this URL, `https://HOST:8090/adap`, opened by this token. Nothing is sent until something is asked.
    ///
    /// # Errors
    /// Invalid input, on `url`: `url_malformed`, `url_insecure` (plain HTTP that leaves this machine).
    pub fn new(url: impl AsRef<str>, credential: impl Into<Credential>) -> Result<Self> {
        ConnectOptions::new(credential).rest(url)
    }

    /// The same directory, as this user: the server does what that user may, if the token's own user may act as others
    /// (RadiantOne's proxy authorization). Connections are shared.
    ///
    /// # Errors
    /// Invalid input, `dn_malformed` and `dn_too_long`, on `proxy`.
    pub fn acting_as(&self, dn: impl AsRef<str>) -> Result<Self> {
        let dn = checked("proxy", dn.as_ref())?;
        // A header is ASCII, and RFC 4514 section 2.4 has a form for what is not.
        let ascii = dn.bytes().fold(String::new(), |text, byte| match byte {
            b' '..=b'~' => text + char::from(byte).encode_utf8(&mut [0; 4]),
            byte => text + &format!("\\{byte:02X}"),
        });
        let proxy = HeaderValue::from_str(&ascii).map_err(|_| dn_malformed("proxy"))?;
        Ok(Self { sender: self.sender.clone(), proxy: Some(proxy) })
    }

    /// The URL that is asked.
    pub fn url(&self) -> String {
        self.sender.base().to_string()
    }

    /// Whether the token is good: it is shown to the server, and nothing else is done.
    ///
    /// # Errors
    /// Unauthorized, `authentication_failed`, where it is not. Protocol, `answer_malformed`, where the server does not say that it
    /// is, but something else.
    pub async fn bind(&self) -> Result<()> {
        let request = self.request(Method::GET, "").query(&[("bind", "simpleBind")]);
        let answer = self.sender.send(request).await?;
        // Whatever else answers with 200 at this URL has not looked at the token.
        Self::read::<adap::Done>(&answer)?;
        answer.settle(Dialect::Adap, CODES)
    }

    /// A search at this entry and below it.
    pub fn search(&self, base: impl Into<String>) -> Search {
        Search::new(self.clone(), base.into())
    }

    /// One entry, with all of its attributes. [`Search::first`] reads some of them.
    ///
    /// # Errors
    /// Not found, `entry_not_found`.
    pub async fn get(&self, dn: impl Into<String>) -> Result<Entry> {
        let found = self.search(dn).scope(SearchScope::Base).first().await?;
        found.ok_or_else(|| {
            let text = "there is no such entry, or it may not be seen";
            Error::new(crate::ErrorKind::NotFound, "entry_not_found", text)
        })
    }

    /// The names of the entries that all others are below.
    pub async fn root_contexts(&self) -> Result<Vec<String>> {
        let request = self.request(Method::GET, adap::ROOT_DSE).query(&[("returnMode", "array")]);
        let answer: adap::SearchAnswer = Self::read(&self.sender.send(request).await?)?;
        let named = answer.resources.iter().find_map(|entry| entry.get("namingContexts").map(<[_]>::to_vec));
        Ok(named.unwrap_or_else(|| answer.resources.into_iter().map(|entry| entry.dn).collect()))
    }

    /// Adds an entry.
    ///
    /// # Errors
    /// Conflict, `entry_exists`; not found, `entry_not_found`, where there is nothing that it could be below. Where the answer is
    /// lost (unavailable, timeout) it may have been added: it is not sent twice.
    pub async fn add(&self, dn: impl Into<String>, attributes: impl Into<Attributes>) -> Result<()> {
        let entry = Entry::new(checked("dn", &dn.into())?, attributes);
        let request = self.request(Method::POST, "").json(&Params { params: &entry })?;
        self.done(hiding(request, secrets_of(&entry.attributes))).await
    }

    /// Puts these attributes in the place of all that an entry has.
    ///
    /// # Errors
    /// Not found, `entry_not_found`.
    pub async fn replace(&self, dn: impl AsRef<str>, attributes: impl Into<Attributes>) -> Result<()> {
        let replace = Replace { attributes: attributes.into() };
        let request = self.request(Method::PUT, path_of(dn.as_ref())?).json(&Params { params: &replace })?;
        self.done(hiding(request, secrets_of(&replace.attributes))).await
    }

    /// Changes an entry: all of this is done, or nothing.
    ///
    /// # Errors
    /// Not found, `entry_not_found`; conflict, `attribute_or_value_exists`, `no_such_attribute`. Where the answer is lost, and
    /// not all of it replaces, it may have been done: it is not sent twice.
    pub async fn modify(&self, dn: impl AsRef<str>, mods: impl IntoIterator<Item = Mod>) -> Result<()> {
        let modify = adap::Modify { mods: mods.into_iter().collect() };
        let request = self.request(Method::PATCH, path_of(dn.as_ref())?).json(&Params { params: &modify })?;
        let same = modify.mods.iter().all(|of| of.kind == ModType::Replace);
        let request = if same { request.repeatable() } else { request };
        self.done(hiding(request, secrets_of_mods(&modify.mods))).await
    }

    /// Gives an entry another name at its place: `rename("uid=alice,o=acme", "uid=lewis")`.
    ///
    /// # Errors
    /// Not found, `entry_not_found`; conflict, `entry_exists`. Where the answer is lost it may have been done: it is not sent
    /// twice.
    pub async fn rename(&self, dn: impl Into<String>, new_rdn: impl Into<String>) -> Result<()> {
        self.send_rename(dn.into(), new_rdn.into(), None).await
    }

    /// Puts an entry, with all below it, below another one, under this name.
    ///
    /// # Errors
    /// Those of [`rename`](Self::rename).
    pub async fn move_to(
        &self,
        dn: impl Into<String>,
        new_rdn: impl Into<String>,
        new_superior: impl Into<String>,
    ) -> Result<()> {
        self.send_rename(dn.into(), new_rdn.into(), Some(new_superior.into())).await
    }

    async fn send_rename(&self, dn: String, new_rdn: String, new_superior_dn: Option<String>) -> Result<()> {
        checked("dn", &dn)?;
        checked("newRdn", &new_rdn)?;
        if let Some(superior) = &new_superior_dn {
            checked("newSuperior", superior)?;
        }
        let rename = Rename { dn, new_rdn, new_superior_dn };
        self.done(self.request(Method::PATCH, "").json(&Params { params: &rename })?).await
    }

    /// Deletes an entry that has none below it.
    ///
    /// # Errors
    /// Not found, `entry_not_found`; conflict, `not_allowed_on_non_leaf`.
    pub async fn delete(&self, dn: impl AsRef<str>) -> Result<()> {
        self.done(self.request(Method::DELETE, path_of(dn.as_ref())?).ends()).await
    }

    /// Deletes an entry and all below it. A root naming context is not deleted.
    ///
    /// # Errors
    /// Not found, `entry_not_found`.
    pub async fn delete_tree(&self, dn: impl AsRef<str>) -> Result<()> {
        let request = self.request(Method::DELETE, path_of(dn.as_ref())?).query(&[("deletetree", "true")]);
        self.done(request.ends()).await
    }

    fn request(&self, method: Method, path: impl Into<String>) -> Request {
        let request = Request::new(method, path).dialect(Dialect::Adap).codes(CODES);
        match &self.proxy {
            Some(proxy) => request.header(HeaderName::from_static(adap::PROXY), proxy.clone()),
            None => request,
        }
    }

    async fn done(&self, request: Request) -> Result<()> {
        self.sender.send(request).await?.settle(Dialect::Adap, CODES)
    }

    /// An answer of this form, or the error that it is in spite of its status.
    fn read<T: DeserializeOwned>(answer: &Answer) -> Result<T> {
        answer.json().or_else(|malformed| answer.settle(Dialect::Adap, CODES).and(Err(malformed)))
    }
}

impl ConnectOptions {
    /// The directory at this URL, in this way: see [`RestClient::new`].
    ///
    /// # Errors
    /// Those of [`RestClient::new`]; `certificate_malformed`; `node_malformed`; `token_required` for options that sign in.
    pub fn rest(self, url: impl AsRef<str>) -> Result<RestClient> {
        Ok(RestClient { sender: self.data_sender(url.as_ref(), &BASE)?, proxy: None })
    }
}

/// A DN as one segment of a path.
fn path_of(dn: &str) -> Result<String> {
    Ok(format!("/{}", encoded(checked("dn", dn)?)))
}

/// What no server could take for a DN, or would not get as it was written. Whether it is well-formed is the server's to say, for
/// RadiantOne has names that RFC 4514 has not.
fn checked<'a>(field: &'static str, dn: &'a str) -> Result<&'a str> {
    if dn.chars().count() > MAX_DN_LENGTH {
        return Err(Error::invalid(field, "dn_too_long", "a DN has at most 5000 characters"));
    }
    if !dn.contains('=') || dn.chars().any(char::is_control) {
        return Err(dn_malformed(field));
    }
    Ok(dn)
}

fn dn_malformed(field: &'static str) -> Error {
    let hint = "expected a distinguished name (RFC 4514), such as uid=sync,ou=svc,o=acme";
    Error::invalid(field, "dn_malformed", hint)
}

fn secrets_of(attributes: &Attributes) -> Vec<&str> {
    let telling = attributes.iter().filter(|(name, _)| names_secret(name));
    telling.flat_map(|(_, values)| values).map(String::as_str).collect()
}

fn secrets_of_mods(mods: &[Mod]) -> Vec<&str> {
    let telling = mods.iter().filter(|of| names_secret(&of.attribute));
    telling.flat_map(|of| &of.values).map(String::as_str).collect()
}

fn hiding(request: Request, secrets: Vec<&str>) -> Request {
    secrets.into_iter().fold(request, |request, secret| request.hiding(Some(secret)))
}

const _: () = {
    const fn crosses_threads<T: Send + Sync + Clone + 'static>() {}
    const fn moves<T: Send + Sync + 'static>() {}
    crosses_threads::<RestClient>();
    crosses_threads::<Search>();
    moves::<Pages>();
    moves::<Page>();
};
