//! What is read, as the package's dataclasses (`gatepass/_records.py`).

use std::time::Duration;

use gatepass::wire;
use gatepass::{
    AccessToken, Answer, Api, AuditEntry, Changed, IssuedToken, KeyHealth, Receipt, ReceiptState,
    RemoteState, Revoked, ServiceAnswer, Timestamp, TokenPage, TokenValidators, User, VerifierState,
};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple};

use crate::convert::{datetime, optional_datetime};
use crate::errors;
use crate::secret::PySecret;

/// A value, and when it was read: what a token is good for depends on it.
pub(crate) struct Read<T>(pub(crate) T, pub(crate) Timestamp);

type Shown = PyResult<Py<PyAny>>;

/// A dataclass of the package, made of these fields.
macro_rules! record {
    ($py:expr, $class:literal, { $($field:ident: $value:expr),* $(,)? }) => {{
        let fields = PyDict::new($py);
        $(fields.set_item(pyo3::intern!($py, stringify!($field)), $value)?;)*
        Ok(class($py, $class)?.call((), Some(&fields))?.unbind())
    }};
}

fn class<'py>(py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyAny>> {
    static MODULE: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let module = MODULE.get_or_try_init(py, || py.import("gatepass._records").map(Bound::unbind))?;
    module.bind(py).getattr(name)
}

/// The member of this value of one of the package's enums. A value that a newer server knows stays a text.
pub(crate) fn member(py: Python<'_>, name: &str, value: &str) -> Shown {
    match class(py, name)?.call1((value,)) {
        Ok(member) => Ok(member.unbind()),
        Err(_) => Ok(value.into_pyobject(py)?.into_any().unbind()),
    }
}

pub(crate) fn api(py: Python<'_>, api: Api) -> Shown {
    member(py, "Api", api.as_str())
}

pub(crate) fn token(py: Python<'_>, token: &AccessToken, now: Timestamp) -> Shown {
    record!(py, "AccessToken", {
        id: token.id.map(|id| id.to_string()),
        name: &token.name,
        api: api(py, token.api)?,
        status: member(py, "Status", token.status(now).as_str())?,
        roles: PyTuple::new(py, &token.roles)?,
        scopes: PyTuple::new(py, &token.scopes)?,
        target_dn: token.target_dn.as_deref(),
        networks: PyTuple::new(py, token.networks.iter().map(ToString::to_string))?,
        description: token.description.as_deref(),
        metadata: &token.metadata,
        created_on: datetime(py, token.created_on)?,
        created_by: token.created_by.as_deref(),
        not_before: optional_datetime(py, token.not_before)?,
        expires_on: optional_datetime(py, token.expires_on)?,
        rotated_on: optional_datetime(py, token.rotated_on)?,
        grace_until: optional_datetime(py, token.grace_until)?,
        revoked_on: optional_datetime(py, token.revoked_on)?,
        last_used_on: optional_datetime(py, token.last_used_on)?,
        last_used_from: token.last_used_from.as_deref(),
        last_used_via: token.last_used_via.as_deref(),
    })
}

pub(crate) fn read_token(py: Python<'_>, Read(one, now): Read<AccessToken>) -> Shown {
    token(py, &one, now)
}

pub(crate) fn tokens(py: Python<'_>, Read(all, now): Read<Vec<AccessToken>>) -> Shown {
    let all: Vec<_> = all.iter().map(|one| token(py, one, now)).collect::<PyResult<_>>()?;
    Ok(PyTuple::new(py, all)?.into_any().unbind())
}

/// A page: its tokens, and what to ask with for the next.
pub(crate) fn page(py: Python<'_>, Read(page, now): Read<TokenPage>) -> Shown {
    let tokens = tokens(py, Read(page.tokens, now))?;
    Ok((tokens, page.next).into_pyobject(py)?.into_any().unbind())
}

pub(crate) fn issued(py: Python<'_>, Read(issued, now): Read<IssuedToken>) -> Shown {
    record!(py, "IssuedToken", {
        secret: Py::new(py, PySecret::new(issued.secret))?,
        token: token(py, &issued.token, now)?,
        revision: issued.revision,
    })
}

pub(crate) fn changed(py: Python<'_>, Read(changed, now): Read<Changed>) -> Shown {
    record!(py, "Changed", { token: token(py, &changed.token, now)?, revision: changed.revision })
}

pub(crate) fn all_changed(py: Python<'_>, Read(all, now): Read<Vec<Changed>>) -> Shown {
    let all: Vec<_> = all.into_iter().map(|one| changed(py, Read(one, now))).collect::<PyResult<_>>()?;
    Ok(PyTuple::new(py, all)?.into_any().unbind())
}

pub(crate) fn user(py: Python<'_>, user: User) -> Shown {
    record!(py, "User", {
        username: user.username,
        first_name: user.first_name,
        last_name: user.last_name,
        email: user.email,
        active: user.active,
        roles: PyTuple::new(py, user.roles)?,
        created_on: datetime(py, user.created_on)?,
        password_on: optional_datetime(py, user.password_on)?,
    })
}

pub(crate) fn users(py: Python<'_>, all: Vec<User>) -> Shown {
    let all: Vec<_> = all.into_iter().map(|one| user(py, one)).collect::<PyResult<_>>()?;
    Ok(PyTuple::new(py, all)?.into_any().unbind())
}

pub(crate) fn entries(py: Python<'_>, all: Vec<AuditEntry>) -> Shown {
    let all: Vec<_> = all.into_iter().map(|one| entry(py, one)).collect::<PyResult<_>>()?;
    Ok(PyTuple::new(py, all)?.into_any().unbind())
}

fn entry(py: Python<'_>, entry: AuditEntry) -> Shown {
    record!(py, "AuditEntry", {
        number: entry.number,
        happened: datetime(py, entry.happened)?,
        action: entry.action,
        actor: entry.actor,
        subject: entry.subject,
        outcome: member(py, "Outcome", entry.outcome.as_str())?,
        code: entry.code,
        peer: entry.peer.map(|peer| peer.to_string()),
        request_id: entry.request_id,
        details: entry.details,
    })
}

pub(crate) fn myself(py: Python<'_>, Read(me, now): Read<wire::Myself>) -> Shown {
    record!(py, "Myself", {
        kind: me.kind,
        name: me.name,
        roles: PyTuple::new(py, me.roles)?,
        scopes: PyTuple::new(py, me.scopes)?,
        expires_on: optional_datetime(py, me.expires_on)?,
        token: me.token.map(|one| token(py, &one, now)).transpose()?,
    })
}

/// What another service answered; its body as JSON, which Python reads itself.
pub(crate) fn service_answer(py: Python<'_>, answer: ServiceAnswer) -> Shown {
    Ok((answer.status, answer.body.to_string()).into_pyobject(py)?.into_any().unbind())
}

fn replica(py: Python<'_>, replica: wire::Replica) -> Shown {
    record!(py, "Replica", {
        id: replica.id,
        actor: replica.actor,
        peer: replica.peer,
        revision: replica.revision,
        confirmed_on: datetime(py, replica.confirmed_on)?,
        seen_on: datetime(py, replica.seen_on)?,
        max_staleness: Duration::from_millis(replica.max_staleness_millis),
    })
}

pub(crate) fn replicas(py: Python<'_>, list: wire::ReplicaList) -> Shown {
    let all: Vec<_> = list.replicas.into_iter().map(|one| replica(py, one)).collect::<PyResult<_>>()?;
    Ok(PyTuple::new(py, all)?.into_any().unbind())
}

fn receipt(py: Python<'_>, receipt: Receipt) -> Shown {
    let (state, on) = match receipt.state {
        ReceiptState::Confirmed { on } => ("confirmed", Some(on)),
        ReceiptState::Stale => ("stale", None),
        _ => ("pending", None),
    };
    record!(py, "Receipt", {
        replica: replica(py, receipt.replica)?,
        state: member(py, "ReceiptState", state)?,
        confirmed_on: optional_datetime(py, on)?,
    })
}

pub(crate) fn receipts(py: Python<'_>, all: Vec<Receipt>) -> Shown {
    let all: Vec<_> = all.into_iter().map(|one| receipt(py, one)).collect::<PyResult<_>>()?;
    Ok(PyTuple::new(py, all)?.into_any().unbind())
}

pub(crate) fn revoked(py: Python<'_>, Read(revoked, now): Read<Revoked>) -> Shown {
    let everywhere = revoked.is_everywhere();
    record!(py, "Revoked", {
        tokens: all_changed(py, Read(revoked.tokens, now))?,
        revision: revoked.revision,
        receipts: receipts(py, revoked.receipts)?,
        everywhere: everywhere,
    })
}

pub(crate) fn verifier_state(py: Python<'_>, state: VerifierState) -> Shown {
    record!(py, "VerifierState", {
        revision: state.revision,
        age: state.age,
        stale: state.stale,
        connected: state.connected,
        tokens: state.tokens,
        place: state.place,
        trouble: state.trouble.map(|trouble| errors::raised(py, &trouble).into_value(py)),
        credential_expires_on: optional_datetime(py, state.credential_expires_on)?,
    })
}

pub(crate) fn key_health(py: Python<'_>, validators: &TokenValidators) -> Shown {
    let of_one = |(validator, health): (String, KeyHealth)| -> Shown {
        record!(py, "KeyHealth", {
            validator: validator,
            url: health.url,
            keys: health.keys,
            unusable: health.unusable,
            fetched_on: optional_datetime(py, health.fetched_on)?,
            tried_on: optional_datetime(py, health.tried_on)?,
            failures: health.failures,
            fetches: health.fetches,
            trouble: health.trouble.map(|trouble| errors::raised(py, &trouble).into_value(py)),
            unavailable: health.unavailable,
        })
    };
    let all: Vec<_> = validators.health().into_iter().map(of_one).collect::<PyResult<_>>()?;
    Ok(PyTuple::new(py, all)?.into_any().unbind())
}

pub(crate) fn remote_state(py: Python<'_>, state: RemoteState) -> Shown {
    record!(py, "RemoteState", {
        asked: state.asked,
        failed: state.failed,
        joined: state.joined,
        cached: state.cached,
        kept: state.kept,
        under_way: state.under_way,
    })
}

pub(crate) fn answer(py: Python<'_>, answer: Answer) -> Shown {
    record!(py, "Answer", {
        status_code: answer.status,
        www_authenticate: answer.www_authenticate,
        retry_after: answer.retry_after,
        error: answer.error,
    })
}
