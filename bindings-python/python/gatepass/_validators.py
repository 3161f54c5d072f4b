"""External token validators: whose tokens an API takes beside its own, and how their keys are fetched."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from . import _gatepass
from ._records import Api, _Record
from ._words import ApiName, Span

if TYPE_CHECKING:
    from . import _rest, _rest_async

AlgorithmName: TypeAlias = Literal[
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"
]
"""A signature algorithm (RFC 7518 section 3.1, RFC 8037)."""
SubjectsLike: TypeAlias = "_rest.RestClient | _rest_async.RestClient | Callable[[str, str, str], Iterable[str] | Awaitable[Iterable[str]]]"
"""Who finds the entry that a token acts as: a `RestClient`; or a function, or coroutine function, that takes the base, the
scope (`base`, `one`, `sub`) and the filter of a search, and gives the names of the entries that it finds. A token acts as one
entry: where there are none or two, it is denied. What the function raises denies it as `keys_unavailable`. It is called in the
background, in a thread of its own; a coroutine function on the loop that it was given on, if there was one."""


@dataclass(frozen=True, slots=True, init=False, repr=False)
class ExternalTokenValidator(_Record):
    """Accepts the tokens (JWTs) of an OpenID provider for one API, beside its access tokens.

    It is RadiantOne's External Token Validator, and what that one lacks: the issuer, which algorithms, what kind of token, and how
    old one may be. `dataclasses.replace` gives a changed one.

    >>> sso = gatepass.ExternalTokenValidator(
    ...     "acme-sso",
    ...     "rest",
    ...     discovery_url="https://sso.acme.example/.well-known/openid-configuration",
    ...     expected_audience="directory",
    ...     expected_scopes=["directory:read"],
    ...     claims_mapping=["uid=${sub},ou=People,o=acme"],
    ... )
    >>> gp.validators.create(sso).clock_skew
    datetime.timedelta(seconds=30)
    """

    name: str
    """1 to 100 letters, digits, spaces, `_` and `-`; unique over both APIs."""
    api: Api
    """The API that its tokens open: `rest` or `scim`."""
    enabled: bool
    """Whether it is consulted."""
    provider: str | None
    """What the provider is, for people: `Okta`, `Keycloak`. No meaning here."""
    discovery_url: str | None
    """Where the provider describes itself (OpenID Connect Discovery 1.0). The keys' place is read there unless `jwks_url` gives
    it, and the issuer is what comes before `/.well-known/openid-configuration` unless `expected_issuer` says otherwise. `https`,
    or `http` on loopback."""
    jwks_url: str | None
    """Where the provider's keys are (a JWK Set, RFC 7517 section 5). `https`, or `http` on loopback."""
    expected_issuer: str | None
    """The issuer, compared as it is written (RFC 7519 section 4.1.1)."""
    any_issuer: bool
    """Takes tokens of whatever issuer, as long as the keys check them: what RadiantOne itself does. Of a provider with several
    tenants one set of keys signs for all of them, so this lets in those of every other tenant."""
    expected_audience: str | None
    """Of a token's audiences (RFC 7519 section 4.1.3) one has to be this; None for not looking."""
    scope_claim: str | None
    """The claim that has the scopes, as one text or as a list: `scope` where None; Okta's is `scp`."""
    expected_scopes: tuple[str, ...]
    """Scopes that a token has to have, all of them."""
    clock_skew: timedelta
    """How far the provider's clock may be from this one: whole seconds, an hour at the most; 30 s when not said."""
    algorithms: tuple[AlgorithmName, ...]
    """The algorithms that a token may be signed with; all of them when empty. A key checks by its own in any case."""
    token_type: str | None
    """The `typ` that a token's header has to have, `at+jwt` (RFC 9068) for instance, so that no other kind of token passes for an
    access token (RFC 8725 section 3.11). Where None it may be absent, `JWT` or `at+jwt`."""
    max_age: timedelta | None
    """How long after it was issued a token is taken, whatever its `exp`, in whole seconds; it needs an `iat` then."""
    claims_mapping: tuple[str, ...]
    """Whom a token acts as: expressions of which the first that finds somebody decides. A DN, `uid=${sub},ou=People,o=acme`, or a
    search, `ou=People,o=acme??sub?(mail=${email})`, in which `${…}` is a claim. Without one a token acts as nobody."""

    def __init__(
        self,
        name: str,
        api: ApiName,
        *,
        enabled: bool = True,
        provider: str | None = None,
        discovery_url: str | None = None,
        jwks_url: str | None = None,
        expected_issuer: str | None = None,
        any_issuer: bool = False,
        expected_audience: str | None = None,
        scope_claim: str | None = None,
        expected_scopes: Iterable[str] = (),
        clock_skew: Span | None = None,
        algorithms: Iterable[AlgorithmName] = (),
        token_type: str | None = None,
        max_age: Span | None = None,
        claims_mapping: Iterable[str] = (),
    ) -> None:
        said = _gatepass.validator_fields(
            name=name,
            api=api,
            enabled=enabled,
            provider=provider,
            discovery_url=discovery_url,
            jwks_url=jwks_url,
            expected_issuer=expected_issuer,
            any_issuer=any_issuer,
            expected_audience=expected_audience,
            scope_claim=scope_claim,
            expected_scopes=expected_scopes,
            clock_skew=clock_skew,
            algorithms=algorithms,
            token_type=token_type,
            max_age=max_age,
            claims_mapping=claims_mapping,
        )
        for field, value in said.items():
            object.__setattr__(self, field, value)

    def check(self) -> None:
        """Raises `InvalidInputError`, which names the `field`, on what could not work, or would let in too much.

        What a plain RadiantOne has may expect no issuer, and so be refused here.
        """
        _gatepass.check_validator(self)

    @staticmethod
    def from_dict(details: Mapping[str, Any]) -> ExternalTokenValidator:
        """Reads Gatepass's own JSON: `expectedAudience`, `clockSkewSeconds`, `"api": "REST"`, …."""
        return ExternalTokenValidator(**_gatepass.validator_of_json(json.dumps(dict(details))))

    def to_dict(self) -> dict[str, Any]:
        """Gatepass's own JSON; what is not said is left out."""
        written: dict[str, Any] = json.loads(_gatepass.validator_json(self))
        return written


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class KeyOptions(_Record):
    """How the keys of providers are fetched, and for how long they serve. Lengths of time are `timedelta`s or seconds.

    A provider is asked by one request at a time, and no sooner than `cooldown` after the request before began, whatever came of
    it and however many tokens ask for keys that nobody has.
    """

    refresh_after: Span | None = None
    """Keys are fetched again when they are this old, or sooner where the provider's `Cache-Control: max-age` says so. From the
    cooldown up to 24 h; 5 min where None."""
    refresh_ahead: Span | None = None
    """Fetching begins this long before, so that no check has to wait. Less than `refresh_after`; 30 s where None."""
    cooldown: Span | None = None
    """The least time between two attempts, from the beginning of one to that of the next. 100 ms to 1 h; 10 s where None."""
    stale_if_error: Span | None = None
    """How long keys serve after the beginning of the attempt that fetched them, where no other one succeeds. After it tokens are
    denied as `keys_unavailable`. From `refresh_after` up to 7 days; 1 h where None."""
    timeout: Span | None = None
    """How long one attempt may take in all, discovery included. 100 ms to 1 min; 5 s where None."""
    max_size: int | None = None
    """The greatest size of a document, in bytes. 1 KiB to 16 MiB; 512 KiB where None."""
    unknown_kids: int | None = None
    """Of so many keys at a time it is remembered that a provider does not have them. 1 to 65 536; 1024 where None."""
    certificate_authority: str | bytes | None = None
    """Certificates (PEM) that are trusted as well as the machine's."""


def keys_of(options: object) -> dict[str, Any] | None:
    """What is said of keys, by name."""
    if options is None:
        return None
    if not isinstance(options, KeyOptions):
        raise TypeError(f"keys: expected a gatepass.KeyOptions, not {type(options).__name__}")
    return {field.name: getattr(options, field.name) for field in fields(options)}


def subjects_of(subjects: SubjectsLike | None) -> Any:
    """What a client has in its hands; a function as it is."""
    return getattr(subjects, "_handle", subjects)
