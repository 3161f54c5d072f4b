//! Resources, through RadiantOne's SCIM API or any other SCIM 2.0 server's. They come and go as JSON.

use std::num::NonZeroU64;
use std::sync::Arc;

use gatepass::{Error, Listing, PatchOp, Resources, Result as CoreResult, ScimClient};

use crate::filter::json_of;
use crate::open::data_options;
use crate::paged::{Json, Source, text};
use crate::rest::number;
use crate::runtime::run;
use crate::{ConnectData, CredentialHandle, Failure, PagesHandle, ScimFilterHandle};

#[derive(Debug, uniffi::Object)]
pub struct ScimHandle(ScimClient);

#[derive(Debug, uniffi::Object)]
pub struct ResourcesHandle(Resources<Json>);

#[derive(Debug, uniffi::Object)]
pub struct ListHandle(Listing<Json>);

/// Changes of a resource.
#[derive(uniffi::Object)]
pub struct PatchHandle(PatchOp);

#[derive(Debug, Clone, uniffi::Record)]
pub struct ListData {
    pub sort_by: Option<String>,
    pub sort_order: Option<String>,
    pub start_index: Option<i64>,
    pub page_size: Option<i32>,
}

#[uniffi::export]
impl ScimHandle {
    /// Certificates are read from the machine's files.
    #[uniffi::constructor]
    pub fn new(
        options: ConnectData,
        credential: Arc<CredentialHandle>,
        client_certificate: Option<Vec<u8>>,
    ) -> Result<Arc<Self>, Failure> {
        let (url, options) = data_options(options, credential, client_certificate)?;
        Ok(Arc::new(Self(options.scim(url)?)))
    }

    pub fn url(&self) -> String {
        self.0.url()
    }

    pub async fn resource_types(&self) -> Result<String, Failure> {
        let scim = self.0.clone();
        run(async move { Ok(text(&scim.resource_types().await?)) }).await
    }

    pub async fn schemas(&self) -> Result<String, Failure> {
        let scim = self.0.clone();
        run(async move { Ok(text(&scim.schemas().await?)) }).await
    }

    pub async fn service_provider_config(&self) -> Result<String, Failure> {
        let scim = self.0.clone();
        run(async move { Ok(text(&scim.service_provider_config().await?)) }).await
    }

    pub fn resources(&self, endpoint: String) -> Arc<ResourcesHandle> {
        Arc::new(ResourcesHandle(self.0.resources(endpoint).typed()))
    }
}

#[uniffi::export]
impl ResourcesHandle {
    pub fn if_match(&self, version: String) -> Arc<Self> {
        Arc::new(Self(self.0.clone().if_match(version)))
    }

    /// With these attributes alone in what is answered, or without these.
    pub fn selecting(&self, attributes: Vec<String>, excluded: Vec<String>) -> Arc<Self> {
        let mut resources = self.0.clone();
        if !attributes.is_empty() {
            resources = resources.attributes(attributes);
        }
        if !excluded.is_empty() {
            resources = resources.excluded_attributes(excluded);
        }
        Arc::new(Self(resources))
    }

    pub async fn get(&self, id: String) -> Result<String, Failure> {
        let resources = self.0.clone();
        run(async move { Ok(resources.get(&id).await?.get().to_owned()) }).await
    }

    /// None where it is of this version still.
    pub async fn get_unless(&self, id: String, version: String) -> Result<Option<String>, Failure> {
        let resources = self.0.clone();
        run(async move { Ok(resources.get_unless(&id, &version).await?.map(|json| json.get().to_owned())) })
            .await
    }

    pub async fn create(&self, resource: String) -> Result<String, Failure> {
        let (resources, resource) = (self.0.clone(), json_of("resource", &resource)?);
        run(async move { Ok(resources.create(&resource).await?.get().to_owned()) }).await
    }

    pub async fn replace(&self, id: String, resource: String) -> Result<String, Failure> {
        let (resources, resource) = (self.0.clone(), json_of("resource", &resource)?);
        run(async move { Ok(resources.replace(&id, &resource).await?.get().to_owned()) }).await
    }

    /// None where the server says no more than that it was done.
    pub async fn patch(&self, id: String, patch: Arc<PatchHandle>) -> Result<Option<String>, Failure> {
        let resources = self.0.clone();
        run(async move { Ok(resources.patch(&id, &patch.0).await?.map(|json| json.get().to_owned())) }).await
    }

    pub async fn delete(&self, id: String) -> Result<(), Failure> {
        let resources = self.0.clone();
        run(async move { resources.delete(&id).await }).await
    }

    pub fn list(
        &self,
        filter: Option<Arc<ScimFilterHandle>>,
        asked: ListData,
    ) -> Result<Arc<ListHandle>, Failure> {
        Ok(Arc::new(ListHandle(listing(self.0.list(), filter, asked)?)))
    }
}

fn listing(
    mut list: Listing<Json>,
    filter: Option<Arc<ScimFilterHandle>>,
    asked: ListData,
) -> CoreResult<Listing<Json>> {
    if let Some(filter) = filter {
        list = list.filter(filter.0.clone());
    }
    if let Some(path) = asked.sort_by {
        list = list.sort_by(path);
    }
    if let Some(order) = asked.sort_order {
        list = list.sort_order(order.parse()?);
    }
    if let Some(first) = asked.start_index {
        list = list.start_index(number("startIndex", first)?);
    }
    if let Some(size) = asked.page_size {
        let size = u64::try_from(size).ok().and_then(NonZeroU64::new);
        list = list.page_size(size.ok_or_else(|| {
            Error::invalid("pageSize", "page_size_malformed", "a page has a resource at least")
        })?);
    }
    Ok(list)
}

#[uniffi::export]
impl ListHandle {
    pub fn pages(&self) -> Arc<PagesHandle> {
        PagesHandle::new(Source::Resources(Box::new(self.0.clone().pages())))
    }

    pub async fn count(&self) -> Result<i64, Failure> {
        let list = self.0.clone();
        run(async move { Ok(i64::try_from(list.count().await?).unwrap_or(i64::MAX)) }).await
    }

    pub async fn first(&self) -> Result<Option<String>, Failure> {
        let list = self.0.clone();
        run(async move { Ok(list.first().await?.map(|json| json.get().to_owned())) }).await
    }
}

#[uniffi::export]
impl PatchHandle {
    #[uniffi::constructor]
    pub fn new() -> Arc<Self> {
        Arc::new(Self(PatchOp::new()))
    }

    /// A value as JSON.
    pub fn add(&self, path: String, value: String) -> Result<Arc<Self>, Failure> {
        Ok(Arc::new(Self(self.0.clone().add(path, json_of("value", &value)?))))
    }

    pub fn replace(&self, path: String, value: String) -> Result<Arc<Self>, Failure> {
        Ok(Arc::new(Self(self.0.clone().replace(path, json_of("value", &value)?))))
    }

    pub fn remove(&self, path: String) -> Arc<Self> {
        Arc::new(Self(self.0.clone().remove(path)))
    }

    pub fn add_all(&self, values: String) -> Result<Arc<Self>, Failure> {
        Ok(Arc::new(Self(self.0.clone().add_all(json_of("values", &values)?))))
    }

    pub fn replace_all(&self, values: String) -> Result<Arc<Self>, Failure> {
        Ok(Arc::new(Self(self.0.clone().replace_all(json_of("values", &values)?))))
    }

    pub fn size(&self) -> u32 {
        u32::try_from(self.0.operations.len()).unwrap_or(u32::MAX)
    }
}
