"""Entries of a directory, and what became of operations on them."""

from __future__ import annotations

import json as _json
from collections.abc import Iterator, Mapping
from typing import Literal

from ._errors import GatepassError


class Attributes(Mapping[str, list[str]]):
    """Attributes by name, each a list of its values. Names are as they were written, and are found in any case.

    >>> attributes = gatepass.Attributes({"cn": ["Ada"], "mail": ["ada@acme.example", "al@acme.example"]})
    >>> attributes["CN"], "Mail" in attributes, attributes.get("phone")
    (['Ada'], True, None)
    """

    __module__ = "gatepass"
    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, list[str]] | None = None) -> None:
        self._values: Mapping[str, list[str]] = {} if values is None else values

    def __getitem__(self, name: str) -> list[str]:
        return self._values[_as_written(self._values, name)]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and _as_written(self._values, name) in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    # A value may be a password.
    def __repr__(self) -> str:
        return f"<Attributes {', '.join(self)}>"


class Entry:
    """An entry of a directory: its name, and its attributes.

    >>> entry = gatepass.Entry("uid=ada,o=acme", {"cn": ["Ada"], "mail": ["ada@acme.example", "al@acme.example"]})
    >>> entry.first("mail"), entry["CN"], entry.first("phone")
    ('ada@acme.example', ['Ada'], None)
    """

    __module__ = "gatepass"
    __slots__ = ("_values", "dn")

    dn: str
    """Its name."""

    def __init__(self, dn: str, attributes: Mapping[str, list[str]] | None = None) -> None:
        self.dn = dn
        self._values: Mapping[str, list[str]] = {} if attributes is None else attributes

    @property
    def attributes(self) -> Attributes:
        """What is said of it."""
        return Attributes(self._values)

    def first(self, name: str) -> str | None:
        """The first value of an attribute, in any case of its name; None where it has none."""
        values = self._values.get(name)
        if values is None:
            values = self._values.get(_as_written(self._values, name))
        return values[0] if values else None

    def __getitem__(self, name: str) -> list[str]:
        return self._values[_as_written(self._values, name)]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Entry):
            return NotImplemented
        return self.dn == other.dn and self.attributes == other.attributes

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<Entry {self.dn}: {', '.join(self._values)}>"


def _as_written(values: Mapping[str, list[str]], name: str) -> str:
    """The name that this is in another case; itself where there is none such."""
    if name in values:
        return name
    wanted = name.lower()
    return next((written for written in values if written.lower() == wanted), name)


class BulkResult:
    """What became of one of many operations. It is true where the operation was done.

    >>> gone = gatepass.BulkResult("DELETE", "uid=ada,o=acme", gatepass.NotFoundError("no such entry"))
    >>> bool(gone), gone.dn
    (False, 'uid=ada,o=acme')
    """

    __module__ = "gatepass"
    __slots__ = ("dn", "error", "method")

    def __init__(
        self, method: Literal["POST", "PUT", "PATCH", "DELETE"], dn: str, error: GatepassError | None
    ) -> None:
        self.method = method
        """Which it was: `POST` adds, `PUT` replaces, `PATCH` modifies, `DELETE` deletes."""
        self.dn = dn
        """Its entry."""
        self.error = error
        """Why it was not done; None where it was."""

    def __bool__(self) -> bool:
        return self.error is None

    def __repr__(self) -> str:
        return f"<BulkResult {self.method} {self.dn}: {'done' if self.error is None else self.error.code}>"


def entry(text: str) -> Entry:
    """An entry of its JSON."""
    raw = _json.loads(text)
    return Entry(raw["dn"], raw["attributes"])


def entries(text: str) -> list[Entry]:
    """Entries of the JSON of a page."""
    return [Entry(raw["dn"], raw["attributes"]) for raw in _json.loads(text)]
