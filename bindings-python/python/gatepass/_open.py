"""Where tokens are: a store that is opened, a server that is connected to, or with providers alone."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

from . import _fork, _gatepass
from ._gatepass import Clock
from ._sync import Gatepass, Verifier
from ._validators import ExternalTokenValidator, KeyOptions, SubjectsLike, keys_of, subjects_of
from ._words import CredentialLike, Span


def open(
    location: str | os.PathLike[str],
    *,
    brand: str | None = None,
    max_days: float | None = None,
    allow_never: bool = False,
    create: bool = True,
    clock: Clock | None = None,
) -> Gatepass:
    """Opens a store: a SQLite file, which is made if there is none, or `postgres://user@host/database`.

    A token lives for 366 days at most, unless `max_days` says another number (`math.inf` for no limit), and does expire,
    unless `allow_never`. New secrets begin with `brand`, `gp` where none is given. `create=False` refuses a file that
    is not there. `clock` is for tests.

    Raises `StorageError` (`store_missing`, `store_corrupt`, …), `UnavailableError` where a server cannot be reached,
    `InvalidInputError` on `store`.

    >>> with gatepass.open(folder / "tokens.db") as gp:
    ...     new = gp.tokens.create("nightly-sync", api="rest", expires=gatepass.days(90))
    ...     new.token.name, new.secret.reveal()[:4]
    ('nightly-sync', 'gpr_')
    """
    location = os.fspath(location)
    _fork.check(location)
    opening = _gatepass.open(
        location, brand=brand, max_days=max_days, allow_never=allow_never, create=create, clock=clock
    )
    return Gatepass(_fork.opened(opening.wait(), location))


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
) -> Gatepass:
    """Connects to the Configuration API at this URL, `https://HOST:8443/api`: RadiantOne's, or Gatepass's own authority's.

    Give the `credential` of a `config` token: a secret, a function, `gatepass.env`, `gatepass.file`,
    `gatepass.keyring`; or a `username` and a `password`. Nothing is sent until something is asked. Several URLs are those of
    authorities of one store, of which any will do: when one does not answer, another is asked.

    An attempt takes `timeout` at most (30 s), connecting `connect_timeout` (10 s); what can safely be tried again is
    tried `attempts` times (4). The machine's trust store counts, and a `certificate_authority` of yours (PEM);
    `client_certificate` is a certificate and its key in one PEM. `HTTPS_PROXY` and `NO_PROXY` are honoured unless
    `proxy=False`. `product` names the calling program in the user agent, `backup-job/2.1`.

    Raises `InvalidInputError`: `url_malformed`, `url_insecure` (plain HTTP that leaves this machine),
    `certificate_malformed`.

    >>> gatepass.connect("https://radiantone.example:8443/api", credential=gatepass.env("R1_TOKEN"))
    <Gatepass https://radiantone.example:8443/api>
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
    return Gatepass(handle)


def external_verifier(
    validators: Iterable[ExternalTokenValidator],
    *,
    keys: KeyOptions | None = None,
    subjects: SubjectsLike | None = None,
    clock: Clock | None = None,
) -> Verifier:
    """A verifier that takes the tokens of OpenID providers alone, by these validators, for whoever has no store.

    Keys are fetched in the background, at once and from then on, until it is closed; a check before the first keys have come
    is denied as `keys_unavailable`, and `Guard.check_async` waits for them. `keys` says how they are fetched; `subjects`, a
    `RestClient` or a function, finds whom a token acts as where a validator's mapping is a search. `clock` is for tests.

    Raises `InvalidInputError`: what `ExternalTokenValidator.check` raises, and on `keys` where they are out of bounds.

    >>> sso = gatepass.ExternalTokenValidator(
    ...     "sso", "rest", discovery_url="https://sso.invalid/.well-known/openid-configuration"
    ... )
    >>> with gatepass.external_verifier([sso]) as verifier:
    ...     verifier.guard("rest", ["orders:read"])
    <Guard of rest, scopes [orders:read]>
    """
    index = _gatepass.external_verifier(
        validators, keys=keys_of(keys), subjects=subjects_of(subjects), clock=clock
    )
    return Verifier(index)
