"""Resources of a SCIM server, for asyncio: `gatepass.aio.ScimClient`.

Made of `_scim.py` by `tools/twin.py`: change that one.
"""

from __future__ import annotations

import json as _json
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Any, Literal, overload

from . import _gatepass
from ._gatepass import PatchOp, ScimFilter
from ._paged_async import Paged
from ._words import CredentialLike, Resource, Span, read_resource


class ScimClient:
    """Resources, as seen by one `scim` token: RadiantOne's SCIM API, or any other SCIM 2.0 server's (RFC 7644).

    It is at this URL, `https://HOST:8090/scim2/v2`. Tasks may share it; close it, or use it in `async with`. Resources are dicts, as
    the server wrote them. Nothing is sent until something is asked.

    The `credential` and what is said besides are those of `gatepass.RestClient`.

    Raises `InvalidInputError`: `url_malformed`, `url_insecure` (plain HTTP that leaves this machine),
    `certificate_malformed`. Everything that is asked raises `UnauthorizedError` (`authentication_failed`), `ForbiddenError`, the
    reasons of RFC 7644 section 3.12 (`invalid_filter`, `uniqueness`, `mutability`, `no_target`, …), `ProtocolError`
    (`answer_malformed`, `redirected`).

    >>> scim = gatepass.ScimClient("https://radiantone.example:8090/scim2/v2", credential=gatepass.env("SCIM_TOKEN"))
    >>> scim.resources("Users")
    <Resources Users>
    """

    def __init__(
        self,
        url: str,
        credential: CredentialLike,
        *,
        timeout: Span | None = None,
        connect_timeout: Span | None = None,
        attempts: int | None = None,
        certificate_authority: str | bytes | None = None,
        client_certificate: str | bytes | None = None,
        proxy: bool = True,
        product: str | None = None,
    ) -> None:
        self._handle = _gatepass.ScimHandle(
            url,
            credential,
            timeout=timeout,
            connect_timeout=connect_timeout,
            attempts=attempts,
            certificate_authority=certificate_authority,
            client_certificate=client_certificate,
            proxy=proxy,
            product=product,
        )

    def resources(self, endpoint: str) -> Resources:
        """The resources at this endpoint: `Users`, `/Groups`, or what a resource type says."""
        return Resources(self._handle.resources(endpoint), endpoint)

    async def resource_types(self) -> list[Resource]:
        """The kinds of resources that the server has (RFC 7643 section 6): the `name` and `endpoint` of each, its `schema`.

        Raises `NotFoundError` (`resource_not_found`) where it does not say, as do the next two.
        """
        types: list[Resource] = _json.loads(await self._handle.resource_types())
        return types

    async def schemas(self) -> list[Resource]:
        """What resources may say (RFC 7643 section 7)."""
        schemas: list[Resource] = _json.loads(await self._handle.schemas())
        return schemas

    async def service_provider_config(self) -> Resource:
        """What the server can do (RFC 7643 section 5)."""
        return read_resource(await self._handle.service_provider_config())

    @property
    def url(self) -> str:
        """The URL that is asked."""
        return self._handle.url

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._handle.closed

    async def close(self) -> None:
        """Asks no more. What is asked afterwards raises `ClosedError`. Closing twice is no mistake."""
        await self._handle.close()

    async def __aenter__(self) -> ScimClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<ScimClient {self.url}{', closed' if self.closed else ''}>"


class Resources:
    """The resources at one endpoint: see `ScimClient.resources`. An id may be a DN.

    What is answered has the `attributes` alone that are named, and those that always are, or all but the `excluded_attributes`.
    """

    def __init__(self, handle: _gatepass.ResourcesHandle, endpoint: str) -> None:
        self._handle = handle
        self._endpoint = endpoint

    def if_match(self, version: str) -> Resources:
        """The same, where `replace`, `patch` and `delete` do nothing unless the resource is of this version.

        Otherwise they raise `ConflictError` (`version_mismatch`). The version is what the resource says, `["meta"]["version"]`.
        """
        return Resources(self._handle.if_match(version), self._endpoint)

    @overload
    async def get(
        self,
        id: str,
        *,
        unless: None = None,
        attributes: Iterable[str] = (),
        excluded_attributes: Iterable[str] = (),
    ) -> Resource: ...

    @overload
    async def get(
        self,
        id: str,
        *,
        unless: str,
        attributes: Iterable[str] = (),
        excluded_attributes: Iterable[str] = (),
    ) -> Resource | None: ...

    async def get(
        self,
        id: str,
        *,
        unless: str | None = None,
        attributes: Iterable[str] = (),
        excluded_attributes: Iterable[str] = (),
    ) -> Resource | None:
        """One resource; None where it is of the version `unless` still.

        Raises `NotFoundError` (`resource_not_found`); `InvalidInputError` (`id_malformed`).
        """
        of = self._handle.selecting(attributes, excluded_attributes)
        found = await of.get(id, unless)
        return None if found is None else read_resource(found)

    async def create(
        self,
        resource: Mapping[str, Any],
        *,
        attributes: Iterable[str] = (),
        excluded_attributes: Iterable[str] = (),
    ) -> Resource:
        """Makes a resource, and gives it as the server made it.

        Raises `ConflictError` (`uniqueness`); `InvalidInputError`: `invalid_value`, `invalid_syntax`. Where the answer is lost
        (`UnavailableError`, `TimedOutError`) it may have been made: it is not sent twice.
        """
        of = self._handle.selecting(attributes, excluded_attributes)
        return read_resource(await of.create(resource))

    async def replace(
        self,
        id: str,
        resource: Mapping[str, Any],
        *,
        attributes: Iterable[str] = (),
        excluded_attributes: Iterable[str] = (),
    ) -> Resource:
        """Puts this in the place of a resource: what it does not say is gone. Gives the resource as it is then.

        Raises `NotFoundError`; `mutability`, `uniqueness`, `version_mismatch`.
        """
        of = self._handle.selecting(attributes, excluded_attributes)
        return read_resource(await of.replace(id, resource))

    async def patch(
        self,
        id: str,
        patch: PatchOp,
        *,
        attributes: Iterable[str] = (),
        excluded_attributes: Iterable[str] = (),
    ) -> Resource | None:
        """Changes a resource: all of this is done, or nothing.

        Gives the resource as it is then; None where the server says no more than that it was done.

        Raises `NotFoundError`; `no_target`, `invalid_path`, `mutability`, `uniqueness`, `version_mismatch`. Where the answer is
        lost it may have been done: it is not sent twice.
        """
        of = self._handle.selecting(attributes, excluded_attributes)
        changed = await of.patch(id, patch)
        return None if changed is None else read_resource(changed)

    async def delete(self, id: str) -> None:
        """Deletes a resource. Raises `NotFoundError`; `ConflictError` (`version_mismatch`)."""
        await self._handle.delete(id)

    def list(
        self,
        *,
        filter: ScimFilter | str | None = None,
        sort_by: str | None = None,
        sort_order: Literal["ascending", "descending"] | None = None,
        start_index: int | None = None,
        page_size: int | None = None,
        attributes: Iterable[str] = (),
        excluded_attributes: Iterable[str] = (),
    ) -> Listing:
        """Those that fit; all, a page of 200 at a time, unless something else is said. A server may give less at a time.

        `filter` is a `ScimFilter`, or a str, which is taken as it is. From the one of number `start_index` on, counted from 1.

        Reading raises `InvalidInputError` (`invalid_filter`); `IncompleteResult` where there are more than the server gives;
        `ProtocolError` (`cursor_loops`) where it gives the same again.
        """
        of = self._handle.selecting(attributes, excluded_attributes)
        listed = of.list(
            filter=filter,
            sort_by=sort_by,
            sort_order=sort_order,
            start_index=start_index,
            page_size=page_size,
        )
        return Listing(listed, self._endpoint)

    def __repr__(self) -> str:
        return f"<Resources {self._endpoint}>"


class Listing(Paged[Resource]):
    """What is listed, as it is asked for: see `Resources.list`.

    Iterate over it for the resources. The next page comes while the caller is busy with one, so that a list of any length takes
    as much memory as two pages.
    """

    def __init__(self, listed: _gatepass.ListHandle, endpoint: str) -> None:
        super().__init__(listed.pages, _json.loads)
        self._listed = listed
        self._endpoint = endpoint

    async def count(self) -> int:
        """How many there are; none of them is sent."""
        return await self._listed.count()

    async def first(self) -> Resource | None:
        """The first, if there is one; no more than that is asked for."""
        found = await self._listed.first()
        return None if found is None else read_resource(found)

    def __repr__(self) -> str:
        return f"<Listing {self._endpoint}>"
