"""Entries of a directory, for code that waits: `gatepass.RestClient`.

`_rest_async.py` is made of this file, by `tools/twin.py`: each `….wait()` becomes an `await`.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import EllipsisType, TracebackType
from typing import Literal

from . import _gatepass
from ._entries import BulkResult, Entry, entries, entry
from ._gatepass import BulkOperation, Filter, Mod
from ._paged import Paged
from ._words import AttributesLike, CredentialLike, Span, given


class RestClient:
    """A directory, as seen by one `rest` token: RadiantOne's REST API (ADAP). Threads may share it; close it, or use it in `with`.

    It is at this URL, `https://HOST:8090/adap`. The `credential` is a secret, a function, `gatepass.env`, `gatepass.file` or
    `gatepass.keyring`. Nothing is sent until something is asked.

    An attempt takes `timeout` at most (30 s), connecting `connect_timeout` (10 s); what can safely be tried again is
    tried `attempts` times (4). The machine's trust store counts, and a `certificate_authority` of yours (PEM);
    `client_certificate` is a certificate and its key in one PEM. `HTTPS_PROXY` and `NO_PROXY` are honoured unless
    `proxy=False`. `product` names the calling program in the user agent, `backup-job/2.1`. `nodes` are the hosts of a cluster,
    `node2.example` or `node2.example:8091`, that a search may be sent on to: elsewhere no credential goes.

    Raises `InvalidInputError`: `url_malformed`, `url_insecure` (plain HTTP that leaves this machine),
    `certificate_malformed`, `node_malformed`. Everything that is asked raises `UnauthorizedError` (`authentication_failed`),
    `ForbiddenError`, what LDAP's result codes mean (`NotFoundError`, `entry_not_found`; `ConflictError`, `entry_exists`; …),
    `InvalidInputError` (`dn_malformed`), `ProtocolError` (`answer_malformed`, `redirected`).

    >>> rest = gatepass.RestClient("https://radiantone.example:8090/adap", credential=gatepass.env("ADAP_TOKEN"))
    >>> rest
    <RestClient https://radiantone.example:8090/adap>
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
        nodes: Iterable[str] = (),
    ) -> None:
        self._handle = _gatepass.RestHandle(
            url,
            credential,
            timeout=timeout,
            connect_timeout=connect_timeout,
            attempts=attempts,
            certificate_authority=certificate_authority,
            client_certificate=client_certificate,
            proxy=proxy,
            product=product,
            nodes=nodes,
        )

    def acting_as(self, dn: str) -> RestClient:
        """The same directory, as this user: the server does what that user may, if the token's own user may act as others.

        Connections are shared, and it is closed with this one. Raises `InvalidInputError` on `proxy`.
        """
        other = object.__new__(RestClient)
        other._handle = self._handle.acting_as(dn)
        return other

    def bind(self) -> None:
        """Whether the token is good: it is shown to the server, and nothing else is done. Raises `UnauthorizedError`."""
        self._handle.bind().wait()

    def search(
        self,
        base: str,
        *,
        filter: Filter | str | None = None,
        attributes: Iterable[str] = (),
        scope: Literal["base", "one", "sub"] = "sub",
        page_size: int | EllipsisType | None = ...,
        size_limit: int | None = None,
        start_index: int | None = None,
        count: int | None = None,
        context: bool = False,
        context_filter: str | None = None,
        return_mode: Literal["array", "ldapschema"] | None = None,
        deref_aliases: Literal["never", "searching", "finding", "always"] | None = None,
        cookie: str | None = None,
    ) -> Search:
        """A search at this entry and below it: for everything, a page of 1000 entries at a time, unless something else is said.

        `filter` is a `Filter`, or a str, which is taken as it is. `attributes` are those that are wanted, all where none are
        named. `scope` is how far to look: the `base` alone, `one` step below it, or the base and all below it (`sub`).
        `page_size=None` asks for all in one answer, for a server on which paging is off.

        In one answer too: at the most `size_limit` entries; `count` entries from the one of number `start_index` on, counted from
        1; with `context`, the entries that an entry is below; by `context_filter`, a filter for each step on the way down,
        `/ou=A*/uid=Aug*`.

        `return_mode` is how the server writes values; they are read as lists either way. `deref_aliases` says whether alias
        entries are followed. `cookie` goes on with a search that was begun elsewhere.

        Reading raises `IncompleteResult` after all that came, where the server has cut the result; `InvalidInputError`
        (`filter_malformed`); `ProtocolError` (`cursor_loops`).

        >>> rest.search("o=acme", filter=gatepass.Filter.starts_with("cn", "Ad"), attributes=["cn", "mail"])
        <Search o=acme>
        """
        options = given(page_size=page_size)
        search = self._handle.search(
            base,
            filter=filter,
            attributes=attributes,
            scope=scope,
            size_limit=size_limit,
            start_index=start_index,
            count=count,
            context=context,
            context_filter=context_filter,
            return_mode=return_mode,
            deref_aliases=deref_aliases,
            cookie=cookie,
            **options,
        )
        return Search(search, base)

    def get(self, dn: str) -> Entry:
        """One entry, with all of its attributes. Raises `NotFoundError` (`entry_not_found`)."""
        return entry(self._handle.get(dn).wait())

    def root_contexts(self) -> tuple[str, ...]:
        """The names of the entries that all others are below."""
        return self._handle.root_contexts().wait()

    def add(self, dn: str, attributes: AttributesLike) -> None:
        """Adds an entry. An attribute has one value, a str, or several.

        Raises `ConflictError` (`entry_exists`); `NotFoundError` where there is nothing that it could be below. Where the answer is
        lost (`UnavailableError`, `TimedOutError`) it may have been added: it is not sent twice.
        """
        self._handle.add(dn, attributes).wait()

    def replace(self, dn: str, attributes: AttributesLike) -> None:
        """Puts these attributes in the place of all that an entry has. Raises `NotFoundError`."""
        self._handle.replace(dn, attributes).wait()

    def modify(self, dn: str, mods: Iterable[Mod]) -> None:
        """Changes an entry: all of this is done, or nothing.

        `rest.modify(dn, [Mod.replace("mail", "ada@acme.example"), Mod.delete("phone")])`.

        Raises `NotFoundError`; `ConflictError`: `attribute_or_value_exists`, `no_such_attribute`. Where the answer is lost, and
        not all of it replaces, it may have been done: it is not sent twice.
        """
        self._handle.modify(dn, mods).wait()

    def rename(self, dn: str, new_rdn: str) -> None:
        """Gives an entry another name at its place: `rename("uid=alice,o=acme", "uid=lewis")`.

        Raises `NotFoundError`; `ConflictError` (`entry_exists`). Where the answer is lost it may have been done: it is not sent
        twice.
        """
        self._handle.rename(dn, new_rdn).wait()

    def move(self, dn: str, new_rdn: str, new_superior: str) -> None:
        """Puts an entry, with all below it, below another one, under this name. Raises what `rename` does."""
        self._handle.move_to(dn, new_rdn, new_superior).wait()

    def delete(self, dn: str, *, tree: bool = False) -> None:
        """Deletes an entry; with `tree`, all below it too.

        Raises `NotFoundError`; without `tree` `ConflictError` (`not_allowed_on_non_leaf`).
        """
        self._handle.delete(dn, tree).wait()

    def bulk(self, operations: Iterable[BulkOperation]) -> list[BulkResult]:
        """Does many operations in one request, in this order. The results have the operations' order.

        One that fails keeps no other from being done, and tells of it in its own result. Ten thousand may be sent at once: a server
        may take longer than `timeout` for them.

        Raises what is wrong with the request as a whole. Where the answer is lost some or all may have been done: it is not sent
        twice.
        """
        return [BulkResult(*result) for result in self._handle.bulk(operations).wait()]

    @property
    def url(self) -> str:
        """The URL that is asked."""
        return self._handle.url

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._handle.closed

    def close(self) -> None:
        """Asks no more. What is asked afterwards raises `ClosedError`. Closing twice is no mistake."""
        self._handle.close().wait()

    def __enter__(self) -> RestClient:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<RestClient {self.url}{', closed' if self.closed else ''}>"


class Search(Paged[Entry]):
    """What a search finds, as it is asked for: see `RestClient.search`.

    Iterate over it for the entries. The next page comes while the caller is busy with one, so that a search of any length takes
    as much memory as two pages. Whoever stops before the end ends the search on the server too.
    """

    def __init__(self, search: _gatepass.SearchHandle, base: str) -> None:
        super().__init__(search.pages, entries)
        self._search = search
        self._base = base

    def first(self) -> Entry | None:
        """The first entry, if one is found; no more than that is asked for."""
        found = self._search.first().wait()
        return None if found is None else entry(found)

    def __repr__(self) -> str:
        return f"<Search {self._base}>"
