//! The native part of the Python package `gatepass`: the core's façades, made Python's. No rule is in here; what is
//! idiom alone, such as context managers, dataclasses and middleware, is in the package's own Python.
#![expect(
    clippy::needless_pass_by_value,
    clippy::unnecessary_wraps,
    clippy::unused_self,
    reason = "Python's arguments come by value, its methods have a self, and its results may be exceptions"
)]

mod access;
mod asked;
mod callback;
mod changes;
mod clock;
mod connecting;
mod convert;
mod credential;
mod dn;
mod errors;
mod expiration;
mod filter;
mod guard;
mod handle;
mod life;
mod logging;
mod operation;
mod paged;
mod patch;
mod pure;
mod records;
mod remote;
mod rest;
mod role;
mod runtime;
mod scim;
mod scim_filter;
mod secret;
mod validators;

use pyo3::pymodule;

/// The native part of `gatepass`; what is public is exported there.
#[pymodule]
mod _gatepass {
    #[pymodule_export]
    use super::access::{PyAccess, PyDenied, PyGranted};
    #[pymodule_export]
    use super::asked::PyIdempotencyKey;
    #[pymodule_export]
    use super::changes::{PyBulkOperation, PyMod};
    #[pymodule_export]
    use super::clock::PyClock;
    #[pymodule_export]
    use super::credential::{PyCredential, env, file};
    #[pymodule_export]
    use super::dn::{dn_child, dn_is_within, dn_parent, dn_rdn};
    #[pymodule_export]
    use super::expiration::{PyExpiration, at_instant, days_from_now, through_day};
    #[pymodule_export]
    use super::filter::PyFilter;
    #[pymodule_export]
    use super::guard::{PyGuard, PyStateWatch, PyTrustedProxies, PyVerifier, answer};
    #[pymodule_export]
    use super::handle::{Handle, connect, open};
    #[pymodule_export]
    use super::operation::Operation;
    #[pymodule_export]
    use super::paged::Cursor;
    #[pymodule_export]
    use super::patch::PyPatchOp;
    #[pymodule_export]
    use super::pure::{PyIssuing, PySource, generate_secret};
    #[pymodule_export]
    use super::remote::{PyRemoteGuard, PyRemoteVerifier};
    #[pymodule_export]
    use super::rest::{RestHandle, SearchHandle};
    #[pymodule_export]
    use super::role::PyRole;
    #[pymodule_export]
    use super::runtime::{after_fork_in_child, shut_down};
    #[pymodule_export]
    use super::scim::{ListHandle, ResourcesHandle, ScimHandle};
    #[pymodule_export]
    use super::scim_filter::PyScimFilter;
    #[pymodule_export]
    use super::secret::{PySecret, scanner_rule};
    #[pymodule_export]
    use super::validators::{
        check_validator, external_verifier, external_verifier_of, validator_fields, validator_json,
        validator_of_json,
    };

    use pyo3::prelude::*;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("never", super::expiration::never())?;
        module
            .add("REASONS", gatepass::Reason::ALL.iter().map(|reason| reason.code()).collect::<Vec<_>>())?;
        module.add(
            "ALGORITHMS",
            gatepass::Algorithm::ALL.iter().map(|algorithm| algorithm.as_str()).collect::<Vec<_>>(),
        )?;
        module.add("VERSION", env!("CARGO_PKG_VERSION"))?;
        super::logging::begin();
        Ok(())
    }
}
