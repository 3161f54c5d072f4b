"""The words that arguments are made of, and what becomes of some of them."""

from __future__ import annotations

import json as _json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Literal, TypeAlias

from ._gatepass import Credential, Expiration, Secret
from ._records import Api, ServiceAnswer, Status

ApiName: TypeAlias = Api | Literal["config", "scim", "rest"]
"""An API, or its name."""
StatusName: TypeAlias = Status | Literal["active", "not_yet_valid", "expired", "revoked"]
"""A status, or its name."""
Span: TypeAlias = Expiration | timedelta | float
"""A length of time: `days(14)`, a timedelta, or seconds."""
Peer: TypeAlias = str | IPv4Address | IPv6Address
"""An address of a client."""
HeaderLike: TypeAlias = str | bytes | list[str] | list[bytes] | tuple[str, ...] | tuple[bytes, ...] | None
"""The values of a header as they came."""
CredentialLike: TypeAlias = Credential | Secret | str | Callable[[], Any]
"""A secret, or whatever gives one."""

AttributesLike: TypeAlias = Mapping[str, str | Iterable[str]]
"""Attributes by name, each with one value or several."""

Resource: TypeAlias = dict[str, Any]
"""A resource of SCIM, as its server wrote it."""


def given(**fields: object) -> dict[str, Any]:
    """Those that were given at all: `...` stands for what was not."""
    return {name: value for name, value in fields.items() if value is not ...}


def pairs(query: Mapping[str, str] | Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The parameters of a query, one after another."""
    return list(query.items() if isinstance(query, Mapping) else query)


def body(json: Any) -> str | None:
    """A body as it is sent."""
    return None if json is None else _json.dumps(json)


def service_answer(answer: tuple[int, str]) -> ServiceAnswer:
    """An answer as it came."""
    status_code, text = answer
    return ServiceAnswer(status_code, _json.loads(text))


def read_resource(text: str) -> Resource:
    """A resource of its JSON."""
    made: Resource = _json.loads(text)
    return made
