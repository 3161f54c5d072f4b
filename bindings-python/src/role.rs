//! Roles: named sets of permissions.

use std::collections::{BTreeMap, BTreeSet};

use gatepass::{Area, Dn, Level, Permissions, Role, RoleBook, Scope, TokenRights};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping, PyTuple};

use crate::convert;
use crate::errors::Raise as _;

/// A named set of permissions: a level (`NONE`, `VIEW`, `EDIT`) in each area, and what stands alone.
///
/// `areas` and `data_sources` are mappings of a name to a level; `switches` names scopes that stand alone
/// (`SCOPE_CONFIGURATION_EXPORT_ENABLED`); `verify`, `issue_scim`, `issue_rest` (subtrees) and `issue_scopes` are rights
/// over tokens, an extension of Gatepass. What a newer server adds to a role is kept, and sent back as it came.
#[pyclass(frozen, eq, module = "gatepass", name = "Role")]
#[derive(PartialEq)]
pub(crate) struct PyRole(Role);

impl PyRole {
    pub(crate) fn new(role: Role) -> Self {
        Self(role)
    }

    pub(crate) fn inner(&self) -> &Role {
        &self.0
    }
}

/// What a role is to permit; what is left out stays as it was.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Asked<'py> {
    areas: Option<Bound<'py, PyMapping>>,
    data_sources: Option<Bound<'py, PyMapping>>,
    switches: Option<Bound<'py, PyAny>>,
    classic_panel: Option<Bound<'py, PyAny>>,
    verify: Option<Bound<'py, PyAny>>,
    issue_scim: Option<bool>,
    issue_rest: Option<Bound<'py, PyAny>>,
    issue_scopes: Option<Bound<'py, PyAny>>,
    entry_dn: Option<String>,
}

impl Asked<'_> {
    fn laid_over(self, py: Python<'_>, mut role: Role) -> PyResult<Role> {
        let mut permissions = std::mem::take(&mut role.permissions);
        for (name, level) in levels(self.areas.as_ref())? {
            permissions = permissions.with(area(&name).raise(py)?, level);
        }
        for (name, level) in levels(self.data_sources.as_ref())? {
            permissions = permissions.with_data_source(name, level);
        }
        for name in convert::texts("switches", self.switches.as_ref())? {
            permissions = permissions.with_switch(name.parse::<Scope>().raise(py)?);
        }
        if let Some(panel) = self.classic_panel {
            // True opens the panel; a DN opens it as that user.
            let assume = if panel.is_instance_of::<pyo3::types::PyBool>() {
                if !panel.is_truthy()? {
                    return Err(convert::wrong_type("classic_panel", "True or a DN", &panel));
                }
                None
            } else {
                Some(panel.extract()?)
            };
            permissions = permissions.with_classic_panel(assume);
        }
        let mut rights = permissions.token_rights().clone();
        if let Some(verify) = &self.verify {
            let names = convert::texts("verify", Some(verify))?;
            rights.verify =
                names.iter().map(|name| name.parse()).collect::<gatepass::Result<_>>().raise(py)?;
        }
        rights.issue_scim = self.issue_scim.unwrap_or(rights.issue_scim);
        if let Some(subtrees) = &self.issue_rest {
            let subtrees = convert::texts("issue_rest", Some(subtrees))?;
            let parsed =
                subtrees.iter().map(|dn| Dn::parse("issueRest", dn)).collect::<gatepass::Result<_>>();
            rights.issue_rest = parsed.raise(py)?;
        }
        if let Some(scopes) = &self.issue_scopes {
            rights.issue_scopes = convert::texts("issue_scopes", Some(scopes))?.into_iter().collect();
        }
        if rights != *permissions.token_rights() {
            permissions = permissions.with_token_rights(rights);
        }
        role.permissions = permissions;
        role.entry_dn = self.entry_dn.or(role.entry_dn);
        role.check().raise(py)?;
        Ok(role)
    }
}

fn asked<'py>(py: Python<'py>, fields: Option<Bound<'py, PyDict>>) -> PyResult<Asked<'py>> {
    const KNOWN: [&str; 9] = [
        "areas",
        "data_sources",
        "switches",
        "classic_panel",
        "verify",
        "issue_scim",
        "issue_rest",
        "issue_scopes",
        "entry_dn",
    ];
    let all = PyDict::new(py);
    for name in KNOWN {
        all.set_item(name, py.None())?;
    }
    if let Some(fields) = fields {
        for (name, value) in &fields {
            if !all.contains(&name)? {
                let text = format!("a role has no {}; it has {}", name.str()?, KNOWN.join(", "));
                return Err(pyo3::exceptions::PyTypeError::new_err(text));
            }
            all.set_item(name, value)?;
        }
    }
    all.extract()
}

fn levels(given: Option<&Bound<'_, PyMapping>>) -> PyResult<Vec<(String, Level)>> {
    let Some(given) = given else { return Ok(Vec::new()) };
    let items: Vec<(String, String)> = given.items()?.extract()?;
    let levels = items.into_iter().map(|(name, level)| Ok((name, level.parse::<Level>()?)));
    levels.collect::<gatepass::Result<_>>().raise(given.py())
}

/// Its name, with underscores in the place of spaces too.
fn area(name: &str) -> gatepass::Result<Area> {
    name.replace('_', "-").parse()
}

#[pymethods]
impl PyRole {
    #[new]
    #[pyo3(signature = (name, **permissions))]
    fn py_new(py: Python<'_>, name: String, permissions: Option<Bound<'_, PyDict>>) -> PyResult<Self> {
        asked(py, permissions)?.laid_over(py, Role::new(name, Permissions::none())).map(Self)
    }

    /// The same role with these permissions changed, and all others as they were.
    #[pyo3(signature = (**permissions))]
    fn replace(&self, py: Python<'_>, permissions: Option<Bound<'_, PyDict>>) -> PyResult<Self> {
        asked(py, permissions)?.laid_over(py, self.0.clone()).map(Self)
    }

    /// A custom role of this name that permits what this one does.
    fn cloned_as(&self, name: String) -> Self {
        Self(self.0.cloned_as(name))
    }

    /// A role from the vendor's `RoleDetails`, a dict.
    #[staticmethod]
    fn from_dict(py: Python<'_>, details: &Bound<'_, PyAny>) -> PyResult<Self> {
        let text: String = py.import("json")?.call_method1("dumps", (details,))?.extract()?;
        read(&text).raise(py).map(Self)
    }

    /// The vendor's `RoleDetails`, with what a newer server added.
    fn to_dict(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let text = serde_json::to_string(&self.0).unwrap_or_default();
        Ok(py.import("json")?.call_method1("loads", (text,))?.unbind())
    }

    /// The name, by which tokens and users hold it.
    #[getter]
    fn name(&self) -> &str {
        &self.0.name
    }

    /// The group entry that stands for it in the directory.
    #[getter]
    fn entry_dn(&self) -> Option<&str> {
        self.0.entry_dn.as_deref()
    }

    /// Whether it is one of the five that come with the product and cannot be changed.
    #[getter]
    fn default(&self) -> bool {
        self.0.default_role
    }

    /// The level in each area where there is one: `{"settings": "EDIT"}`.
    #[getter]
    fn areas(&self) -> BTreeMap<&'static str, &'static str> {
        let level = |area| (Area::as_str(area), self.0.permissions.level(area));
        let held = Area::all().map(level).filter(|(_, level)| *level != Level::None);
        held.map(|(area, level)| (area, level.as_str())).collect()
    }

    /// The level held in one area: `NONE`, `VIEW` or `EDIT`.
    fn level(&self, py: Python<'_>, area: &str) -> PyResult<&'static str> {
        Ok(self.0.permissions.level(self::area(area).raise(py)?).as_str())
    }

    /// The level held in one data source.
    fn data_source(&self, name: &str) -> &'static str {
        self.0.permissions.data_source(name).as_str()
    }

    /// All of the vendor's scopes that follow, sorted.
    #[getter]
    fn scopes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, scopes(&self.0.permissions))
    }

    /// The APIs whose tokens may be followed and introspected.
    #[getter]
    fn verify<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.rights().verify.iter().map(|api| api.as_str()))
    }

    /// Whether SCIM tokens may be issued.
    #[getter]
    fn issue_scim(&self) -> bool {
        self.rights().issue_scim
    }

    /// The subtrees below which REST tokens may act.
    #[getter]
    fn issue_rest<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, self.rights().issue_rest.iter().map(Dn::as_str))
    }

    /// The application scopes that tokens may be given; `*` for any.
    #[getter]
    fn issue_scopes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, &self.rights().issue_scopes)
    }

    fn __hash__(&self) -> u64 {
        use std::hash::{DefaultHasher, Hash as _, Hasher as _};
        let mut hasher = DefaultHasher::new();
        self.0.name.hash(&mut hasher);
        hasher.finish()
    }

    fn __repr__(&self) -> String {
        format!("Role({:?}, areas={:?})", self.0.name, self.areas())
    }
}

impl PyRole {
    fn rights(&self) -> &TokenRights {
        self.0.permissions.token_rights()
    }
}

/// A role as it stands in JSON.
pub(crate) fn read(text: &str) -> gatepass::Result<Role> {
    serde_json::from_str(text).map_err(|_| malformed())
}

/// Without serde's own text, which quotes what it has read.
fn malformed() -> gatepass::Error {
    gatepass::Error::invalid("role", "role_malformed", "not a role as the vendor writes one")
}

/// The default roles and those in this JSON list.
pub(crate) fn book(text: &str) -> gatepass::Result<RoleBook> {
    RoleBook::with(serde_json::from_str::<Vec<Role>>(text).map_err(|_| malformed())?)
}

/// The names of all scopes that follow from these permissions, sorted.
pub(crate) fn scopes(permissions: &Permissions) -> BTreeSet<String> {
    permissions.scopes().iter().map(|scope| scope.to_string()).collect()
}

pub(crate) fn shown(py: Python<'_>, role: Role) -> PyResult<Py<PyAny>> {
    Ok(Py::new(py, PyRole::new(role))?.into_any())
}

pub(crate) fn all_shown(py: Python<'_>, book: RoleBook) -> PyResult<Py<PyAny>> {
    let all: Vec<_> =
        book.iter().map(|role| Py::new(py, PyRole::new(role.clone()))).collect::<PyResult<_>>()?;
    Ok(PyTuple::new(py, all)?.into_any().unbind())
}
