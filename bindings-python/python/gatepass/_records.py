"""What is read: frozen records, compared by value, with the words of the design."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from ._errors import GatepassError
from ._gatepass import Secret


class _Text(str, Enum):
    """An enum whose members are the texts that they stand for."""

    def __str__(self) -> str:
        return str(self.value)

    def __format__(self, spec: str) -> str:
        return str(self.value).__format__(spec)


class Api(_Text):
    """What a token opens. One token, one API.

    >>> Api.REST == "rest"
    True
    """

    CONFIG = "config"
    """Managing RadiantOne."""
    SCIM = "scim"
    """Its data, by SCIM 2.0."""
    REST = "rest"
    """Its data, by REST."""


class Status(_Text):
    """What a token was good for when it was read."""

    ACTIVE = "active"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    REVOKED = "revoked"


class Outcome(_Text):
    """How something in the audit trail ended."""

    DONE = "done"
    REFUSED = "refused"


class Reason(_Text):
    """The precise reason of a denial: for logs, metrics and alarms, never for the outside."""

    MISSING = "missing"
    """No credential was sent."""
    INVALID_HEADER = "invalid_header"
    """The header is not one well-formed `Bearer` credential, or there are two."""
    MALFORMED = "malformed"
    """Not of our form: length, alphabet or layout."""
    CHECKSUM_MISMATCH = "checksum_mismatch"
    """Of our form with a wrong checksum: a typing error, or made up."""
    STALE = "stale"
    """The verifier has not heard from its source for too long, and does not guess."""
    UNKNOWN = "unknown"
    """No token has this id."""
    WRONG_SECRET = "wrong_secret"
    """The id is known; the secret is not its."""
    SUPERSEDED = "superseded"
    """A secret from before the last rotation, after its grace. Worth an alarm."""
    REVOKED = "revoked"
    """The token was revoked."""
    NOT_YET_VALID = "not_yet_valid"
    """The token's not-before instant is still to come."""
    EXPIRED = "expired"
    """The token's time is over."""
    WRONG_API = "wrong_api"
    """The token is for another API."""
    NETWORK_NOT_ALLOWED = "network_not_allowed"
    """The peer is in none of the token's networks, or not known."""
    INSUFFICIENT_SCOPE = "insufficient_scope"
    """The token is good and does not permit this."""
    BAD_SIGNATURE = "bad_signature"
    """A JWT whose signature does not verify."""
    UNTRUSTED_ISSUER = "untrusted_issuer"
    """A JWT from an issuer that no validator accepts."""
    WRONG_AUDIENCE = "wrong_audience"
    """A JWT for another audience."""
    KEYS_UNAVAILABLE = "keys_unavailable"
    """The keys for a JWT are not at hand now."""


class _Record:
    """Shows what there is to show: fields without a value are left out."""

    __slots__ = ()

    def __repr__(self) -> str:
        shown = ((item.name, getattr(self, item.name)) for item in fields(self))  # type: ignore[arg-type]
        words = [f"{name}={_shown(value)}" for name, value in shown if value not in (None, (), {})]
        return f"{type(self).__name__}({', '.join(words)})"


def _shown(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat(timespec="milliseconds")
    return repr(str(value)) if isinstance(value, Enum) else repr(value)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AccessToken(_Record):
    """A token as it is shown: everything but its secret. All times are aware, in UTC."""

    name: str
    """Its name, unique among tokens."""
    api: Api
    """The API that it opens."""
    status: Status
    """What it was good for when it was read."""
    id: str | None = None
    """The public part of its secret; None for a token that another product issued."""
    roles: tuple[str, ...] = ()
    """The roles that say what it permits; `config` only."""
    scopes: tuple[str, ...] = ()
    """Application scopes; `scim` and `rest` only."""
    target_dn: str | None = None
    """The entry that it acts as; `rest` only."""
    networks: tuple[str, ...] = ()
    """The networks that it may be used from, in CIDR form; empty for anywhere."""
    description: str | None = None
    """What it is for, in the words of whoever made it."""
    metadata: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)
    """Labels."""
    created_on: datetime
    """When it was made; the year 1 where a server does not say."""
    created_by: str | None = None
    """Who made it."""
    not_before: datetime | None = None
    """From when on it is good; None for from the start."""
    expires_on: datetime | None = None
    """The first instant at which it is no longer good; None for never."""
    rotated_on: datetime | None = None
    """When its secret was last changed."""
    grace_until: datetime | None = None
    """Until when the secret before the last rotation is good."""
    revoked_on: datetime | None = None
    """When it was revoked."""
    last_used_on: datetime | None = None
    """When it was last used, as far as those who check it have reported."""
    last_used_from: str | None = None
    """From which address."""
    last_used_via: str | None = None
    """Who reported it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedToken:
    """A token that was made or rotated: the secret, which is here and nowhere else, and what is kept.

    >>> match gp.tokens.create("ci", api="scim", expires=gatepass.days(1)):
    ...     case gatepass.IssuedToken(secret=secret, token=token):
    ...         token.name
    'ci'
    """

    secret: Secret
    """The secret: shown once."""
    token: AccessToken
    """The token."""
    revision: int = 0
    """The number of this change: a verifier that has reached it knows the secret."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A token that was changed."""

    token: AccessToken
    """The token."""
    revision: int = 0
    """The number of this change: a verifier that has reached it knows of it."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class User(_Record):
    """A person who signs in to manage tokens."""

    username: str
    """The name to sign in with."""
    active: bool
    """Whether the user may sign in."""
    created_on: datetime
    """When the user was added."""
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    roles: tuple[str, ...] = ()
    """The roles that say what the user may do."""
    password_on: datetime | None = None
    """When the password was last set; None where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AuditEntry(_Record):
    """An entry of the audit trail."""

    number: int
    """Its place among all entries, from 1 on."""
    happened: datetime
    """When it happened."""
    action: str
    """What was done: `token.create`, `role.update`, …."""
    actor: str
    """Who did it: `user:alice`, `token:nightly-sync`, `owner:root`."""
    outcome: Outcome
    """How it ended."""
    subject: str | None = None
    """What it was done to, by its name."""
    code: str | None = None
    """Why it was refused."""
    peer: str | None = None
    """The address that the request came from."""
    request_id: str | None = None
    """The request's id."""
    details: str | None = None
    """What else there is to say."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Myself(_Record):
    """Who asks, as the server sees it."""

    kind: str
    """`user` or `token`."""
    name: str
    """The user's name, or the token's."""
    roles: tuple[str, ...] = ()
    """The roles that are held."""
    scopes: tuple[str, ...] = ()
    """The scopes that follow."""
    expires_on: datetime | None = None
    """When the token, or the session, ends."""
    token: AccessToken | None = None
    """The token, where it is one."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Replica(_Record):
    """A replica, as an authority knows it."""

    id: str
    """Made by the replica when it starts, by chance."""
    actor: str
    """Whose credential it uses: `token:gateway`, `user:alice`."""
    revision: int
    """The last change that it said to have."""
    confirmed_on: datetime
    """When it first said so, by the clock of the authority that it said it to."""
    seen_on: datetime
    """When it last asked, or up to some seconds before that."""
    max_staleness: timedelta
    """After so long without an answer it denies everything."""
    peer: str | None = None
    """Where it is."""


class ReceiptState(_Text):
    """What a replica has said of a change."""

    CONFIRMED = "confirmed"
    """It has it."""
    STALE = "stale"
    """It was not heard of for so long that it denies everything, and asks before it accepts anything again."""
    PENDING = "pending"
    """It may still accept what the change has ended."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Receipt(_Record):
    """What a replica has said of a change."""

    replica: Replica
    """The replica."""
    state: ReceiptState
    """What it has said."""
    confirmed_on: datetime | None = None
    """When it said that it has the change, or a later one."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Revoked(_Record):
    """Tokens that were revoked, and which replicas have said that they know."""

    tokens: tuple[Changed, ...]
    """The tokens."""
    revision: int
    """The number of the last of these changes."""
    everywhere: bool
    """Whether no replica accepts these tokens any more."""
    receipts: tuple[Receipt, ...] = ()
    """What each replica has said."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class VerifierState(_Record):
    """How a verifier is doing."""

    stale: bool
    """Whether the last news is so old that every check is denied."""
    connected: bool
    """Whether whom it follows answered, the last time that it was asked."""
    tokens: int
    """How many tokens are in the index."""
    revision: int = 0
    """The number of the last change that is in the index; 0 where it follows nothing."""
    age: timedelta | None = None
    """How long ago everything was known to be in the index; None before the first proof."""
    place: str = ""
    """Whom it follows: a store or a server, without a password."""
    trouble: GatepassError | None = field(default=None, compare=False)
    """Why it is not connected, if it was tried."""
    credential_expires_on: datetime | None = None
    """When the credential ends by which it follows, where it is known: it has to be rotated before."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class KeyHealth(_Record):
    """How the keys of a validator's provider are doing: for readiness probes, metrics and logs."""

    validator: str
    """The validator's name."""
    url: str
    """Where the keys come from, as the validator says."""
    keys: int
    """How many can be used."""
    unusable: int
    """How many were passed over: of an unknown kind, too short, for encryption."""
    fetches: int
    """How often they were asked for, since the start."""
    failures: int
    """How often in turn they could not be fetched, since the last success."""
    unavailable: bool
    """Whether there is nothing that may be used: every token of this provider is denied as `keys_unavailable`."""
    fetched_on: datetime | None = None
    """When they were last fetched; None before the first time."""
    tried_on: datetime | None = None
    """When they were last asked for, with success or without."""
    trouble: GatepassError | None = field(default=None, compare=False)
    """Why they could not be fetched the last time, if so. What was fetched before is used for a while."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteState:
    """What a remote verifier did since it was made, and does now: for metrics."""

    asked: int
    """Questions that were sent."""
    failed: int
    """Those of them that brought no answer, or that nobody waited for any more."""
    joined: int
    """Checks that waited for the question of another."""
    cached: int
    """Checks that were answered by what was kept."""
    kept: int
    """Answers that are kept now, too old ones among them."""
    under_way: int
    """Secrets that are being asked about now, or wait to be."""


@dataclass(frozen=True, slots=True)
class ServiceAnswer:
    """What another service of the Configuration API answered."""

    status_code: int
    """The HTTP status: 200 to 299."""
    body: Any
    """What the JSON of the body says; None where it is empty, a str where it is no JSON."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Answer(_Record):
    """What a resource server answers to a request that it refuses (RFC 6750 section 3)."""

    status_code: int
    """The HTTP status: 400, 401, 403 or 503."""
    www_authenticate: str | None = None
    """The `WWW-Authenticate` header, where the answer has one."""
    retry_after: int | None = None
    """The `Retry-After` header in seconds, where the answer has one."""
    error: str | None = None
    """The error code of RFC 6750 section 3.1, for the body; None where no credential was sent."""

    @property
    def headers(self) -> dict[str, str]:
        """The headers that go with the status."""
        named = {"WWW-Authenticate": self.www_authenticate, "Retry-After": self.retry_after}
        return {name: str(value) for name, value in named.items() if value is not None}

    @property
    def body(self) -> dict[str, str]:
        """An object for a JSON body; empty where no credential was sent."""
        return {"error": self.error} if self.error else {}
