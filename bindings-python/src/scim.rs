//! Resources, through RadiantOne's SCIM API or any other SCIM 2.0 server's. They come and go as JSON.

use std::num::NonZeroU64;
use std::sync::Arc;

use gatepass::{Credential, Listing, Resources, ScimClient};
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde_json::value::RawValue;

use crate::asked::Keywords;
use crate::connecting;
use crate::convert::{self, json, json_object, none, optional_json};
use crate::credential::PyCredential;
use crate::errors::Raise as _;
use crate::life::Life;
use crate::operation::Operation;
use crate::paged::{Cursor, Source};
use crate::patch::PyPatchOp;
use crate::scim_filter::PyScimFilter;

/// A resource, as its server wrote it.
type Json = Box<RawValue>;

/// What a `ScimClient` has in its hands.
#[pyclass(frozen, module = "gatepass._gatepass")]
pub(crate) struct ScimHandle {
    scim: ScimClient,
    credential: Credential,
    life: Arc<Life>,
}

impl ScimHandle {}

#[pymethods]
impl ScimHandle {
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
        asked.finish()?;
        // Reading the machine's certificates takes its time.
        let scim = py.detach(|| options.scim(url)).raise(py)?;
        Ok(Self { scim, credential, life: Life::of("ScimClient") })
    }

    #[getter]
    fn url(&self) -> String {
        self.scim.url()
    }

    #[getter]
    fn closed(&self) -> bool {
        self.life.is_closed()
    }

    fn close(&self) -> Operation {
        self.life.end();
        Operation::new(std::future::ready(Ok(())), none)
    }

    fn resource_types(&self, py: Python<'_>) -> PyResult<Operation> {
        self.life.ask(py, &self.scim, |scim| async move { scim.resource_types().await }, json)
    }

    fn schemas(&self, py: Python<'_>) -> PyResult<Operation> {
        self.life.ask(py, &self.scim, |scim| async move { scim.schemas().await }, json)
    }

    fn service_provider_config(&self, py: Python<'_>) -> PyResult<Operation> {
        self.life.ask(py, &self.scim, |scim| async move { scim.service_provider_config().await }, json)
    }

    fn resources(&self, endpoint: String) -> ResourcesHandle {
        let resources = self.scim.resources(endpoint).typed();
        ResourcesHandle { resources, credential: self.credential.clone(), life: Arc::clone(&self.life) }
    }
}

/// The resources at one endpoint.
#[pyclass(frozen, module = "gatepass._gatepass")]
pub(crate) struct ResourcesHandle {
    resources: Resources<Json>,
    credential: Credential,
    life: Arc<Life>,
}

impl ResourcesHandle {
    fn of(&self, resources: Resources<Json>) -> Self {
        Self { resources, credential: self.credential.clone(), life: Arc::clone(&self.life) }
    }
}

#[pymethods]
impl ResourcesHandle {
    fn if_match(&self, version: &str) -> Self {
        self.of(self.resources.clone().if_match(version))
    }

    /// With these attributes alone in what is answered, or without these.
    fn selecting(
        &self,
        attributes: &Bound<'_, PyAny>,
        excluded_attributes: &Bound<'_, PyAny>,
    ) -> PyResult<Self> {
        let mut resources = self.resources.clone();
        let names = convert::texts("attributes", Some(attributes))?;
        if !names.is_empty() {
            resources = resources.attributes(names);
        }
        let names = convert::texts("excluded_attributes", Some(excluded_attributes))?;
        if !names.is_empty() {
            resources = resources.excluded_attributes(names);
        }
        Ok(self.of(resources))
    }

    /// A resource; None where it is of this version still.
    fn get(&self, py: Python<'_>, id: String, unless: Option<String>) -> PyResult<Operation> {
        let work = |resources: Resources<Json>| async move {
            match unless {
                None => resources.get(&id).await.map(Some),
                Some(version) => resources.get_unless(&id, &version).await,
            }
        };
        self.life.ask(py, &self.resources, work, optional_json)
    }

    fn create(&self, py: Python<'_>, resource: &Bound<'_, PyAny>) -> PyResult<Operation> {
        let resource = json_object("resource", resource)?;
        self.life.ask(py, &self.resources, |resources| async move { resources.create(&resource).await }, json)
    }

    fn replace(&self, py: Python<'_>, id: String, resource: &Bound<'_, PyAny>) -> PyResult<Operation> {
        let resource = json_object("resource", resource)?;
        self.life.ask(
            py,
            &self.resources,
            |resources| async move { resources.replace(&id, &resource).await },
            json,
        )
    }

    /// A resource; None where the server says no more than that it was done.
    fn patch(&self, py: Python<'_>, id: String, patch: &PyPatchOp) -> PyResult<Operation> {
        let patch = patch.inner().clone();
        self.life.ask(
            py,
            &self.resources,
            |resources| async move { resources.patch(&id, &patch).await },
            optional_json,
        )
    }

    fn delete(&self, py: Python<'_>, id: String) -> PyResult<Operation> {
        self.life.ask(py, &self.resources, |resources| async move { resources.delete(&id).await }, none)
    }

    #[pyo3(signature = (**asked))]
    fn list(&self, py: Python<'_>, asked: Option<Bound<'_, PyDict>>) -> PyResult<ListHandle> {
        self.life.check().raise(py)?;
        let asked = Keywords::new(py, asked)?;
        let list = with_options(self.resources.list(), &asked)?;
        asked.finish()?;
        Ok(ListHandle { list, credential: self.credential.clone(), life: Arc::clone(&self.life) })
    }
}

fn with_options(mut list: Listing<Json>, asked: &Keywords<'_>) -> PyResult<Listing<Json>> {
    if let Some(filter) = asked.any("filter")? {
        list = list.filter(PyScimFilter::of(&filter)?);
    }
    if let Some(path) = asked.text("sort_by")? {
        list = list.sort_by(path);
    }
    if let Some(order) = asked.parsed("sort_order")? {
        list = list.sort_order(order);
    }
    if let Some(number) = asked.number("start_index")? {
        list = list.start_index(number);
    }
    if let Some(size) = asked.page_size()? {
        list = list.page_size(NonZeroU64::from(size));
    }
    Ok(list)
}

/// A list that is put together.
#[pyclass(frozen, module = "gatepass._gatepass")]
pub(crate) struct ListHandle {
    list: Listing<Json>,
    credential: Credential,
    life: Arc<Life>,
}

#[pymethods]
impl ListHandle {
    fn pages(&self, py: Python<'_>) -> PyResult<Cursor> {
        self.life.check().raise(py)?;
        let source = Source::Resources(Box::new(self.list.clone().pages()));
        Ok(Cursor::new(source, self.credential.clone(), Arc::clone(&self.life)))
    }

    fn count(&self, py: Python<'_>) -> PyResult<Operation> {
        let show = |py: Python<'_>, count: u64| Ok(count.into_pyobject(py)?.into_any().unbind());
        self.life.ask(py, &self.list, |list| async move { list.count().await }, show)
    }

    /// The first resource, or None.
    fn first(&self, py: Python<'_>) -> PyResult<Operation> {
        self.life.ask(py, &self.list, |list| async move { list.first().await }, optional_json)
    }
}
