//! A directory's entries, through RadiantOne's REST API (ADAP).

use std::sync::Arc;

use async_trait::async_trait;
use gatepass::{
    BulkResult, ConnectOptions, Credential, RestClient, Result, Search, SubjectResolver, SubjectSearch,
};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};

use crate::asked::Keywords;
use crate::changes::{attributes_of, method, mods_of, operations_of};
use crate::connecting;
use crate::convert::{json, none, optional_json};
use crate::credential::PyCredential;
use crate::errors::{self, Raise as _};
use crate::filter::PyFilter;
use crate::life::Life;
use crate::operation::Operation;
use crate::paged::{Cursor, Source};

/// What a `RestClient` has in its hands.
#[pyclass(frozen, module = "gatepass._gatepass")]
pub(crate) struct RestHandle {
    rest: RestClient,
    credential: Credential,
    life: Arc<Life>,
}

impl RestHandle {
    /// What finds the entries that tokens of other issuers act as, until this is closed.
    pub(crate) fn subjects(&self) -> Result<Arc<dyn SubjectResolver>> {
        self.life.check()?;
        Ok(Arc::new(Subjects { rest: self.rest.clone(), life: Arc::clone(&self.life) }))
    }
}

#[derive(Debug)]
struct Subjects {
    rest: RestClient,
    life: Arc<Life>,
}

#[async_trait]
impl SubjectResolver for Subjects {
    async fn find(&self, search: &SubjectSearch) -> Result<Vec<String>> {
        self.life.check()?;
        self.rest.find(search).await
    }
}

#[pymethods]
impl RestHandle {
    #[new]
    #[pyo3(signature = (url, credential, **options))]
    fn py_new(
        py: Python<'_>,
        url: String,
        credential: &Bound<'_, PyAny>,
        options: Option<Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let asked = Keywords::new(py, options)?;
        let credential = PyCredential::of(credential)?;
        let options = connecting::with_token(&asked, credential.clone())?;
        let options = asked.texts("nodes")?.into_iter().fold(options, ConnectOptions::node);
        asked.finish()?;
        // Reading the machine's certificates takes its time.
        let rest = py.detach(|| options.rest(url)).raise(py)?;
        Ok(Self { rest, credential, life: Life::of("RestClient") })
    }

    #[getter]
    fn url(&self) -> String {
        self.rest.url()
    }

    #[getter]
    fn closed(&self) -> bool {
        self.life.is_closed()
    }

    fn close(&self) -> Operation {
        self.life.end();
        Operation::new(std::future::ready(Ok(())), none)
    }

    fn acting_as(&self, py: Python<'_>, dn: &str) -> PyResult<Self> {
        self.life.check().raise(py)?;
        let rest = self.rest.acting_as(dn).raise(py)?;
        Ok(Self { rest, credential: self.credential.clone(), life: self.life.part() })
    }

    fn bind(&self, py: Python<'_>) -> PyResult<Operation> {
        self.life.ask(py, &self.rest, |rest| async move { rest.bind().await }, none)
    }

    #[pyo3(signature = (base, **asked))]
    fn search(&self, py: Python<'_>, base: &str, asked: Option<Bound<'_, PyDict>>) -> PyResult<SearchHandle> {
        self.life.check().raise(py)?;
        let asked = Keywords::new(py, asked)?;
        let search = with_options(self.rest.search(base), &asked)?;
        asked.finish()?;
        let (credential, life) = (self.credential.clone(), Arc::clone(&self.life));
        Ok(SearchHandle { search, credential, life })
    }

    /// An entry, as JSON.
    fn get(&self, py: Python<'_>, dn: String) -> PyResult<Operation> {
        let credential = self.credential.clone();
        let work = |rest: RestClient| async move {
            credential.secret().await?; // as a Cursor does
            rest.get(dn).await
        };
        self.life.ask(py, &self.rest, work, json)
    }

    fn root_contexts(&self, py: Python<'_>) -> PyResult<Operation> {
        let show = |py: Python<'_>, names: Vec<String>| Ok(PyTuple::new(py, names)?.into_any().unbind());
        self.life.ask(py, &self.rest, |rest| async move { rest.root_contexts().await }, show)
    }

    fn add(&self, py: Python<'_>, dn: String, attributes: &Bound<'_, PyAny>) -> PyResult<Operation> {
        let attributes = attributes_of(attributes)?;
        self.life.ask(py, &self.rest, |rest| async move { rest.add(dn, attributes).await }, none)
    }

    fn replace(&self, py: Python<'_>, dn: String, attributes: &Bound<'_, PyAny>) -> PyResult<Operation> {
        let attributes = attributes_of(attributes)?;
        self.life.ask(py, &self.rest, |rest| async move { rest.replace(dn, attributes).await }, none)
    }

    fn modify(&self, py: Python<'_>, dn: String, mods: &Bound<'_, PyAny>) -> PyResult<Operation> {
        let mods = mods_of(mods)?;
        self.life.ask(py, &self.rest, |rest| async move { rest.modify(dn, mods).await }, none)
    }

    fn rename(&self, py: Python<'_>, dn: String, new_rdn: String) -> PyResult<Operation> {
        self.life.ask(py, &self.rest, |rest| async move { rest.rename(dn, new_rdn).await }, none)
    }

    fn move_to(
        &self,
        py: Python<'_>,
        dn: String,
        new_rdn: String,
        new_superior: String,
    ) -> PyResult<Operation> {
        self.life.ask(
            py,
            &self.rest,
            |rest| async move { rest.move_to(dn, new_rdn, new_superior).await },
            none,
        )
    }

    fn delete(&self, py: Python<'_>, dn: String, tree: bool) -> PyResult<Operation> {
        let work = move |rest: RestClient| async move {
            if tree { rest.delete_tree(dn).await } else { rest.delete(dn).await }
        };
        self.life.ask(py, &self.rest, work, none)
    }

    /// Of each operation its method, its entry, and the error that it ended with, if it did.
    fn bulk(&self, py: Python<'_>, operations: &Bound<'_, PyAny>) -> PyResult<Operation> {
        let operations = operations_of(operations)?;
        self.life.ask(py, &self.rest, |rest| async move { rest.bulk(operations).await }, results)
    }
}

fn results(py: Python<'_>, results: Vec<BulkResult>) -> PyResult<Py<PyAny>> {
    let results = results.into_iter().map(|result| {
        let error = result.outcome.err().map(|error| errors::raised(py, &error).into_value(py));
        (method(result.method), result.dn, error)
    });
    Ok(PyList::new(py, results.collect::<Vec<_>>())?.into_any().unbind())
}

fn with_options(mut search: Search, asked: &Keywords<'_>) -> PyResult<Search> {
    if let Some(filter) = asked.any("filter")? {
        search = search.filter(PyFilter::of(&filter)?);
    }
    search = search.attributes(asked.texts("attributes")?);
    if let Some(scope) = asked.parsed("scope")? {
        search = search.scope(scope);
    }
    if asked.is_none("page_size")? {
        search = search.unpaged();
    }
    if let Some(entries) = asked.page_size()? {
        search = search.page_size(entries);
    }
    if let Some(entries) = asked.number("size_limit")? {
        search = search.size_limit(entries);
    }
    if let Some(number) = asked.number("start_index")? {
        search = search.start_index(number);
    }
    if let Some(entries) = asked.number("count")? {
        search = search.count(entries);
    }
    if let Some(wanted) = asked.flag("context")? {
        search = search.context(wanted);
    }
    if let Some(filter) = asked.text("context_filter")? {
        search = search.context_filter(filter);
    }
    if let Some(mode) = asked.parsed("return_mode")? {
        search = search.return_mode(mode);
    }
    if let Some(which) = asked.parsed("deref_aliases")? {
        search = search.deref_aliases(which);
    }
    if let Some(cookie) = asked.text("cookie")? {
        search = search.cookie(cookie);
    }
    Ok(search)
}

/// A search that is put together.
#[pyclass(frozen, module = "gatepass._gatepass")]
pub(crate) struct SearchHandle {
    search: Search,
    credential: Credential,
    life: Arc<Life>,
}

#[pymethods]
impl SearchHandle {
    fn pages(&self, py: Python<'_>) -> PyResult<Cursor> {
        self.life.check().raise(py)?;
        let source = Source::Entries(Box::new(self.search.clone().pages()));
        Ok(Cursor::new(source, self.credential.clone(), Arc::clone(&self.life)))
    }

    /// The first entry, as JSON, or None.
    fn first(&self, py: Python<'_>) -> PyResult<Operation> {
        let credential = self.credential.clone();
        let first = |search: Search| async move {
            credential.secret().await?; // as a Cursor does
            search.first().await
        };
        self.life.ask(py, &self.search, first, optional_json)
    }
}
