//! The resources at one endpoint.

use std::fmt;
use std::marker::PhantomData;

use reqwest::Method;
use reqwest::header::{HeaderName, HeaderValue, IF_MATCH, IF_NONE_MATCH};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::list::Listing;
use super::{CODES, Resource, ScimClient};
use crate::client::Request;
use crate::client::answer::Answer;
use crate::client::dialect::Dialect;
use crate::client::request::encoded;
use crate::wire::scim::PatchOp;
use crate::{Error, MAX_DN_LENGTH, Result};

/// The resources at one endpoint, read as `T`: see [`ScimClient::resources`]. Cheap to clone.
pub struct Resources<T = Resource> {
    scim: ScimClient,
    endpoint: String,
    attributes: Vec<(&'static str, String)>,
    /// What must be so for something to be done.
    condition: Option<String>,
    of: PhantomData<fn() -> T>,
}

impl Resources {
    pub(super) fn new(scim: ScimClient, endpoint: String) -> Self {
        Self { scim, endpoint, attributes: Vec::new(), condition: None, of: PhantomData }
    }
}

impl<T: DeserializeOwned + Send + 'static> Resources<T> {
    /// The same, read as this type.
    pub fn typed<U: DeserializeOwned + Send + 'static>(self) -> Resources<U> {
        let Self { scim, endpoint, attributes, condition, of: _ } = self;
        Resources { scim, endpoint, attributes, condition, of: PhantomData }
    }

    /// The same, with these attributes alone in what is answered, and those that always are.
    #[must_use]
    pub fn attributes<S: AsRef<str>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.attributes.push(("attributes", joined(names)));
        self
    }

    /// The same, without these attributes in what is answered.
    #[must_use]
    pub fn excluded_attributes<S: AsRef<str>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.attributes.push(("excludedAttributes", joined(names)));
        self
    }

    /// The same, where [`replace`](Self::replace), [`patch`](Self::patch) and [`delete`](Self::delete) do nothing unless
    /// the resource is of this version (RFC 7644 section 3.14). Otherwise they are a conflict, `version_mismatch`.
    #[must_use]
    pub fn if_match(mut self, version: impl Into<String>) -> Self {
        self.condition = Some(version.into());
        self
    }

    /// One resource.
    ///
    /// # Errors
    /// Not found, `resource_not_found`; invalid input, `id_malformed`; those of [`ScimClient`].
    pub async fn get(&self, id: &str) -> Result<T> {
        one(&self.send(Method::GET, Some(id), None, None::<&Value>).await?)
    }

    /// One resource, unless it is of this version still.
    ///
    /// # Errors
    /// Those of [`get`](Self::get).
    pub async fn get_unless(&self, id: &str, version: &str) -> Result<Option<T>> {
        let condition = Some((IF_NONE_MATCH, version));
        match self.send(Method::GET, Some(id), condition, None::<&Value>).await {
            Ok(answer) => one(&answer).map(Some),
            Err(error) if error.status() == Some(304) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Makes a resource, and gives it as the server made it.
    ///
    /// # Errors
    /// Conflict, `uniqueness`; `invalid_value`, `invalid_syntax`. Where the answer is lost (unavailable, timeout) it may have been
    /// made: it is not sent twice.
    pub async fn create(&self, resource: &(impl Serialize + ?Sized + Sync)) -> Result<T> {
        one(&self.send(Method::POST, None, None, Some(resource)).await?)
    }

    /// Puts this in the place of a resource: what it does not say is gone. Gives the resource as it is then.
    ///
    /// # Errors
    /// Not found, `resource_not_found`; `mutability`, `uniqueness`, `version_mismatch`.
    pub async fn replace(&self, id: &str, resource: &(impl Serialize + ?Sized + Sync)) -> Result<T> {
        one(&self.send(Method::PUT, Some(id), self.condition(), Some(resource)).await?)
    }

    /// Changes a resource: all of this is done, or nothing. Gives the resource as it is then, if the server says; none where it
    /// says no more than that it was done.
    ///
    /// # Errors
    /// Not found, `resource_not_found`; `no_target`, `invalid_path`, `mutability`, `uniqueness`, `version_mismatch`. Where the
    /// answer is lost it may have been done: it is not sent twice.
    pub async fn patch(&self, id: &str, patch: &PatchOp) -> Result<Option<T>> {
        let answer = self.send(Method::PATCH, Some(id), self.condition(), Some(patch)).await?;
        if answer.is_empty() { Ok(None) } else { one(&answer).map(Some) }
    }

    /// Deletes a resource.
    ///
    /// # Errors
    /// Not found, `resource_not_found`; `version_mismatch`.
    pub async fn delete(&self, id: &str) -> Result<()> {
        let answer = self.send(Method::DELETE, Some(id), self.condition(), None::<&Value>).await?;
        answer.settle(Dialect::Scim, CODES)
    }

    /// Those that fit what is then said; all, where nothing is.
    pub fn list(&self) -> Listing<T> {
        Listing::new(self.clone())
    }

    /// A page of a list.
    pub(super) async fn ask(&self, query: &[(&'static str, String)]) -> Result<Answer> {
        let query: Vec<_> = self.attributes.iter().chain(query).cloned().collect();
        self.scim
            .send(Method::GET, &self.path(None)?, |request| Ok(request.query(&query)), None::<&Value>)
            .await
    }

    async fn send<B: Serialize + ?Sized>(
        &self,
        method: Method,
        id: Option<&str>,
        condition: Option<(HeaderName, &str)>,
        body: Option<&B>,
    ) -> Result<Answer> {
        let condition = match condition {
            Some((name, version)) => Some((name, tag(version)?)),
            None => None,
        };
        let deletes = method == Method::DELETE;
        let query = if deletes { &[] } else { self.attributes.as_slice() };
        let with = |request: Request| {
            let request = request.query(query);
            let request = match &condition {
                Some((name, version)) => request.header(name.clone(), version.clone()),
                None => request,
            };
            Ok(match &condition {
                // The version that it has afterwards is another, so the second time it would be refused.
                Some((name, _)) if name == IF_MATCH => request.unrepeatable(),
                _ if deletes => request.ends(),
                _ => request,
            })
        };
        self.scim.send(method, &self.path(id)?, with, body).await
    }

    fn condition(&self) -> Option<(HeaderName, &str)> {
        self.condition.as_deref().map(|version| (IF_MATCH, version))
    }

    /// The endpoint, or one resource there. Its id may be a DN, and is one segment of the path whatever is in it.
    fn path(&self, id: Option<&str>) -> Result<String> {
        let endpoint: Vec<&str> = self.endpoint.split('/').filter(|segment| !segment.is_empty()).collect();
        if endpoint.is_empty() || !endpoint.iter().all(|segment| is_segment(segment)) {
            let text = "expected the name of an endpoint, such as Users";
            return Err(Error::invalid("endpoint", "endpoint_malformed", text));
        }
        if !id.is_none_or(is_segment) {
            let text =
                "an id has 1 to 5000 characters, none of them a control character, and is not `.` or `..`";
            return Err(Error::invalid("id", "id_malformed", text));
        }
        let segments = endpoint.into_iter().chain(id).map(|segment| encoded(segment).to_string());
        Ok(format!("/{}", segments.collect::<Vec<_>>().join("/")))
    }
}

/// A resource, which has its version in it also where the server says it in a header alone.
fn one<T: DeserializeOwned>(answer: &Answer) -> Result<T> {
    let Some(version) = answer.etag() else { return answer.json() };
    let mut resource: Map<String, Value> = answer.json()?;
    if let Value::Object(meta) = resource.entry("meta").or_insert_with(|| Map::new().into()) {
        meta.entry("version").or_insert_with(|| version.into());
    }
    T::deserialize(Value::Object(resource))
        .map_err(|_| answer.malformed("the server's answer is not of the form that was expected"))
}

/// What a server gets as it was written.
fn is_segment(text: &str) -> bool {
    !matches!(text, "" | "." | "..")
        && !text.chars().any(char::is_control)
        && text.chars().count() <= MAX_DN_LENGTH
}

fn joined<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    names.into_iter().map(|name| name.as_ref().to_owned()).collect::<Vec<_>>().join(",")
}

/// RFC 9110 section 8.8.3: a tag is quoted. One that came without its quotes is given them.
fn tag(version: &str) -> Result<HeaderValue> {
    let quoted =
        if version.contains('"') || version == "*" { version.to_owned() } else { format!("\"{version}\"") };
    HeaderValue::from_str(&quoted)
        .map_err(|_| Error::invalid("version", "version_malformed", "this cannot stand in a header"))
}

impl<T> Clone for Resources<T> {
    fn clone(&self) -> Self {
        Self {
            scim: self.scim.clone(),
            endpoint: self.endpoint.clone(),
            attributes: self.attributes.clone(),
            condition: self.condition.clone(),
            of: PhantomData,
        }
    }
}

impl<T> fmt::Debug for Resources<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resources").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}
