"""Gatepass for asyncio: the same as `gatepass.open`, `connect`, `RestClient` and `ScimClient`, with what takes time awaited.

    async with gatepass.aio.connect(url, credential=gatepass.file(path)) as gp:
        new = await gp.tokens.create("nightly-sync", api="rest", expires=gatepass.days(90))
        async for token in gp.tokens.list(expires_within=gatepass.days(14)):
            await gp.tokens.rotate(token.name, deliver=vault.put)

    async with gatepass.aio.RestClient(adap_url, credential=gatepass.env("ADAP_TOKEN")) as rest:
        async for entry in rest.search("ou=People,o=acme"):
            print(entry.dn, entry.first("mail"))

A coroutine function that gives a credential is awaited on the loop that asks; on one of its own, in a thread of its own, where
something goes on in the background: a replica, a page read ahead whose server refuses the secret that it gave before.

Cancelling a task ends what it asked for. Checks are the same and need no `await`: they take less than a microsecond. For a token
of another issuer whose keys are being fetched there is `await guard.check_async(header)`.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Sequence
from types import TracebackType
from typing import Any

from . import _fork, _gatepass
from ._async import (
    Audit,
    Gatepass,
    RemoteGuard,
    RemoteVerifier,
    Replicas,
    Roles,
    Tokens,
    Users,
    Validators,
    Verifier,
)
from ._gatepass import Clock
from ._rest_async import RestClient, Search
from ._scim_async import Listing, Resources, ScimClient
from ._validators import ExternalTokenValidator, KeyOptions, SubjectsLike, keys_of, subjects_of
from ._words import CredentialLike, Span

__all__ = [
    "Audit",
    "Gatepass",
    "Listing",
    "Opening",
    "RemoteGuard",
    "RemoteVerifier",
    "Replicas",
    "Resources",
    "RestClient",
    "Roles",
    "ScimClient",
    "Search",
    "Tokens",
    "Users",
    "Validators",
    "Verifier",
    "connect",
    "external_verifier",
    "open",
]


class Opening:
    """A Gatepass that is going to be there: `await` it, or use it in `async with`."""

    def __init__(
        self, opening: _gatepass.Operation[_gatepass.Handle] | _gatepass.Handle, location: str
    ) -> None:
        self._opening = opening
        self._location = location
        self._opened: Gatepass | None = None

    def __await__(self) -> Generator[Any, Any, Gatepass]:
        return self._open().__await__()

    async def _open(self) -> Gatepass:
        opening = self._opening
        handle = opening if isinstance(opening, _gatepass.Handle) else await opening
        return Gatepass(_fork.opened(handle, self._location))

    async def __aenter__(self) -> Gatepass:
        self._opened = await self._open()
        return self._opened

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._opened is not None:
            await self._opened.close()


def open(
    location: str | os.PathLike[str],
    *,
    brand: str | None = None,
    max_days: float | None = None,
    allow_never: bool = False,
    create: bool = True,
    clock: Clock | None = None,
) -> Opening:
    """Opens a store, as `gatepass.open` does: `async with` it, or `await` it."""
    location = os.fspath(location)
    _fork.check(location)
    opening = _gatepass.open(
        location, brand=brand, max_days=max_days, allow_never=allow_never, create=create, clock=clock
    )
    return Opening(opening, location)


def connect(
    url: str | Sequence[str],
    *,
    credential: CredentialLike | None = None,
    username: str | None = None,
    password: str | None = None,
    timeout: Span | None = None,
    connect_timeout: Span | None = None,
    attempts: int | None = None,
    certificate_authority: str | bytes | None = None,
    client_certificate: str | bytes | None = None,
    proxy: bool = True,
    product: str | None = None,
    max_days: float | None = None,
    allow_never: bool = False,
    clock: Clock | None = None,
) -> Opening:
    """Connects to a server, as `gatepass.connect` does: `async with` it, or `await` it.

    The `credential` may be a coroutine function here.
    """
    handle = _gatepass.connect(
        [url] if isinstance(url, str) else list(url),
        credential=credential,
        username=username,
        password=password,
        timeout=timeout,
        connect_timeout=connect_timeout,
        attempts=attempts,
        certificate_authority=certificate_authority,
        client_certificate=client_certificate,
        proxy=proxy,
        product=product,
        max_days=max_days,
        allow_never=allow_never,
        clock=clock,
    )
    return Opening(handle, handle.place)


def external_verifier(
    validators: Iterable[ExternalTokenValidator],
    *,
    keys: KeyOptions | None = None,
    subjects: SubjectsLike | None = None,
    clock: Clock | None = None,
) -> Verifier:
    """A verifier of tokens of OpenID providers alone, as `gatepass.external_verifier` gives it: `async with` it, or `close` it.

    A coroutine function that finds `subjects` is awaited on the loop that this is called on.
    """
    index = _gatepass.external_verifier(
        validators, keys=keys_of(keys), subjects=subjects_of(subjects), clock=clock
    )
    return Verifier(index)
