//! A directory's entries, through RadiantOne's REST API (ADAP).

use std::num::NonZeroU32;
use std::sync::Arc;

use gatepass::{
    Attributes, BulkMethod, BulkOperation, BulkResult, Error, Mod, RestClient, Result as CoreResult, Search,
};

use crate::data::TroubleData;
use crate::open::data_options;
use crate::paged::{Source, text};
use crate::runtime::run;
use crate::{ConnectData, CredentialHandle, Failure, FilterHandle, PagesHandle};

#[derive(Debug, uniffi::Object)]
pub struct RestHandle(RestClient);

impl RestHandle {
    pub(crate) fn client(&self) -> RestClient {
        self.0.clone()
    }
}

#[derive(Debug, Clone, uniffi::Record)]
pub struct SearchData {
    pub attributes: Vec<String>,
    pub scope: String,
    pub page_size: Option<i32>,
    /// All in one answer.
    pub unpaged: bool,
    pub size_limit: Option<i64>,
    pub start_index: Option<i64>,
    pub count: Option<i64>,
    pub context: bool,
    pub context_filter: Option<String>,
    pub return_mode: Option<String>,
    pub deref_aliases: Option<String>,
    pub cookie: Option<String>,
}

/// Of an attribute its name and its values. No `Debug`: a value may be a password.
#[derive(Clone, uniffi::Record)]
pub struct AttributeData {
    pub name: String,
    pub values: Vec<String>,
}

/// A change of one attribute.
#[derive(Clone, uniffi::Record)]
pub struct ModData {
    pub kind: ModKind,
    pub attribute: String,
    pub values: Vec<String>,
}

#[derive(Debug, Clone, Copy, uniffi::Enum)]
pub enum ModKind {
    Add,
    Replace,
    Delete,
}

#[derive(Clone, uniffi::Enum)]
pub enum OperationData {
    Add { dn: String, attributes: Vec<AttributeData> },
    Replace { dn: String, attributes: Vec<AttributeData> },
    Modify { dn: String, mods: Vec<ModData> },
    Delete { dn: String, tree: bool },
}

#[derive(Debug, Clone, uniffi::Record)]
pub struct BulkData {
    /// `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: String,
    pub dn: String,
    pub trouble: Option<TroubleData>,
}

#[uniffi::export]
impl RestHandle {
    /// Certificates are read from the machine's files.
    #[uniffi::constructor]
    pub fn new(
        options: ConnectData,
        credential: Arc<CredentialHandle>,
        client_certificate: Option<Vec<u8>>,
    ) -> Result<Arc<Self>, Failure> {
        let (url, options) = data_options(options, credential, client_certificate)?;
        Ok(Arc::new(Self(options.rest(url)?)))
    }

    pub fn url(&self) -> String {
        self.0.url()
    }

    pub fn acting_as(&self, dn: String) -> Result<Arc<Self>, Failure> {
        Ok(Arc::new(Self(self.0.acting_as(dn)?)))
    }

    pub async fn bind(&self) -> Result<(), Failure> {
        let rest = self.0.clone();
        run(async move { rest.bind().await }).await
    }

    pub fn pages(
        &self,
        base: String,
        filter: Option<Arc<FilterHandle>>,
        asked: SearchData,
    ) -> Result<Arc<PagesHandle>, Failure> {
        Ok(PagesHandle::new(Source::Entries(Box::new(self.search(base, filter, asked)?.pages()))))
    }

    /// As JSON.
    pub async fn first(
        &self,
        base: String,
        filter: Option<Arc<FilterHandle>>,
        asked: SearchData,
    ) -> Result<Option<String>, Failure> {
        let search = self.search(base, filter, asked)?;
        run(async move { Ok(search.first().await?.map(|entry| text(&entry))) }).await
    }

    /// As JSON.
    pub async fn get(&self, dn: String) -> Result<String, Failure> {
        let rest = self.0.clone();
        run(async move { Ok(text(&rest.get(dn).await?)) }).await
    }

    pub async fn root_contexts(&self) -> Result<Vec<String>, Failure> {
        let rest = self.0.clone();
        run(async move { rest.root_contexts().await }).await
    }

    pub async fn add(&self, dn: String, attributes: Vec<AttributeData>) -> Result<(), Failure> {
        let rest = self.0.clone();
        run(async move { rest.add(dn, attributes_of(attributes)).await }).await
    }

    pub async fn replace(&self, dn: String, attributes: Vec<AttributeData>) -> Result<(), Failure> {
        let rest = self.0.clone();
        run(async move { rest.replace(dn, attributes_of(attributes)).await }).await
    }

    pub async fn modify(&self, dn: String, mods: Vec<ModData>) -> Result<(), Failure> {
        let rest = self.0.clone();
        run(async move { rest.modify(dn, mods.into_iter().map(Into::into)).await }).await
    }

    pub async fn rename(&self, dn: String, new_rdn: String) -> Result<(), Failure> {
        let rest = self.0.clone();
        run(async move { rest.rename(dn, new_rdn).await }).await
    }

    pub async fn move_to(&self, dn: String, new_rdn: String, new_superior: String) -> Result<(), Failure> {
        let rest = self.0.clone();
        run(async move { rest.move_to(dn, new_rdn, new_superior).await }).await
    }

    pub async fn delete(&self, dn: String, tree: bool) -> Result<(), Failure> {
        let rest = self.0.clone();
        run(async move { if tree { rest.delete_tree(dn).await } else { rest.delete(dn).await } }).await
    }

    pub async fn bulk(&self, operations: Vec<OperationData>) -> Result<Vec<BulkData>, Failure> {
        let rest = self.0.clone();
        run(async move {
            let results = rest.bulk(operations.into_iter().map(Into::into)).await?;
            Ok(results.into_iter().map(Into::into).collect())
        })
        .await
    }
}

impl RestHandle {
    fn search(
        &self,
        base: String,
        filter: Option<Arc<FilterHandle>>,
        asked: SearchData,
    ) -> CoreResult<Search> {
        let mut search = self
            .0
            .search(base)
            .scope(asked.scope.parse()?)
            .attributes(asked.attributes)
            .context(asked.context);
        if let Some(filter) = filter {
            search = search.filter(filter.0.clone());
        }
        if asked.unpaged {
            search = search.unpaged();
        } else if let Some(size) = asked.page_size {
            let size = u32::try_from(size).ok().and_then(NonZeroU32::new);
            search = search.page_size(size.ok_or_else(|| {
                Error::invalid("pageSize", "page_size_malformed", "a page has an entry at least")
            })?);
        }
        if let Some(entries) = asked.size_limit {
            search = search.size_limit(number("sizeLimit", entries)?);
        }
        if let Some(first) = asked.start_index {
            search = search.start_index(number("startIndex", first)?);
        }
        if let Some(entries) = asked.count {
            search = search.count(number("count", entries)?);
        }
        if let Some(filter) = asked.context_filter {
            search = search.context_filter(filter);
        }
        if let Some(mode) = asked.return_mode {
            search = search.return_mode(mode.parse()?);
        }
        if let Some(which) = asked.deref_aliases {
            search = search.deref_aliases(which.parse()?);
        }
        if let Some(cookie) = asked.cookie {
            search = search.cookie(cookie);
        }
        Ok(search)
    }
}

pub(crate) fn number(field: &'static str, given: i64) -> CoreResult<u64> {
    u64::try_from(given).map_err(|_| Error::invalid(field, "number_negative", "expected a number from 0 on"))
}

fn attributes_of(given: Vec<AttributeData>) -> Attributes {
    given.into_iter().fold(Attributes::new(), |all, one| all.with(one.name, one.values))
}

impl From<ModData> for Mod {
    fn from(data: ModData) -> Self {
        let ModData { kind, attribute, values } = data;
        match kind {
            ModKind::Add => Self::add(attribute, values),
            ModKind::Replace => Self::replace(attribute, values),
            ModKind::Delete => Self::delete(attribute, values),
        }
    }
}

impl From<OperationData> for BulkOperation {
    fn from(data: OperationData) -> Self {
        match data {
            OperationData::Add { dn, attributes } => Self::add(dn, attributes_of(attributes)),
            OperationData::Replace { dn, attributes } => Self::replace(dn, attributes_of(attributes)),
            OperationData::Modify { dn, mods } => Self::modify(dn, mods.into_iter().map(Into::into)),
            OperationData::Delete { dn, tree: false } => Self::delete(dn),
            OperationData::Delete { dn, tree: true } => Self::delete_tree(dn),
        }
    }
}

impl From<BulkResult> for BulkData {
    fn from(result: BulkResult) -> Self {
        let method = match result.method {
            BulkMethod::Post => "POST",
            BulkMethod::Put => "PUT",
            BulkMethod::Patch => "PATCH",
            BulkMethod::Delete => "DELETE",
        };
        Self { method: method.to_owned(), dn: result.dn, trouble: result.outcome.err().map(Into::into) }
    }
}
