"""A dependency for FastAPI, which shows up in the application's OpenAPI document.

bearer = Bearer(verifier, api="rest", realm="orders")

@app.get("/orders")
def orders(access: Annotated[Access, bearer.requires("orders:read")]) -> ...:
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from fastapi import HTTPException, Security
from fastapi.openapi.models import HTTPBearer as _Model
from fastapi.requests import HTTPConnection
from fastapi.security.base import SecurityBase

from . import _async, _sync
from ._gatepass import Access
from ._http import Gate, GuardLike
from ._words import ApiName
from .asgi import checked

__all__ = ["Bearer"]

Verifier: TypeAlias = _sync.Verifier | _async.Verifier | _sync.RemoteVerifier | _async.RemoteVerifier
VerifierLike: TypeAlias = Verifier | Callable[[], Verifier]
"""A verifier; or a function that gives one, asked once in each process, at its first request."""


class Bearer:
    """Bearer tokens for one API: `requires(scopes)` is what a route depends on.

    `realm` names what is protected. `trusted_proxies` are the networks of proxies whose `X-Forwarded-For` is believed; none
    unless they are named here. `scheme_name` and `description` are for the OpenAPI document.
    """

    def __init__(
        self,
        verifier: VerifierLike,
        api: ApiName,
        *,
        realm: str = "api",
        trusted_proxies: Iterable[str] = (),
        scheme_name: str = "Gatepass",
        description: str | None = None,
    ) -> None:
        self._verifier = verifier
        self._api: ApiName = api
        self._realm = realm
        self._trusted_proxies = tuple(trusted_proxies)
        self._scheme_name = scheme_name
        self._description = description

    def requires(self, *scopes: str) -> Any:
        """A dependency that gives the `Access`, or answers as RFC 6750 says.

        Where the verifier is there already, scopes that no token could have raise `InvalidInputError` at once.
        """
        gate = Gate(self._guard(scopes), self._realm, self._trusted_proxies)
        return Security(_Dependency(gate, self._scheme_name, self._description), scopes=list(scopes))

    def _guard(self, scopes: tuple[str, ...]) -> GuardLike:
        verifier, api = self._verifier, self._api
        if isinstance(verifier, Verifier):
            return verifier.guard(api, scopes)
        return lambda: verifier().guard(api, scopes)


class _Dependency(SecurityBase):
    """What FastAPI calls; its `model` and `scheme_name` go into the OpenAPI document."""

    def __init__(self, gate: Gate, scheme_name: str, description: str | None) -> None:
        self.model = _Model(bearerFormat="Gatepass", description=description)
        self.scheme_name = scheme_name
        self._gate = gate

    async def __call__(self, request: HTTPConnection) -> Access:
        outcome = await checked(self._gate, request.scope)
        if isinstance(outcome, Access):
            request.state.access = outcome
            return outcome
        detail = outcome.error or "unauthorized"
        raise HTTPException(outcome.status_code, detail, {**outcome.headers, "Cache-Control": "no-store"})
