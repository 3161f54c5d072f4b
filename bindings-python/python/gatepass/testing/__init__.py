"""What tests of programs that use Gatepass need: a store of their own, a clock that does as it is told.

pytest finds the fixtures `gatepass_clock` and `gatepass_store` by itself:

    def test_an_order_needs_a_token(gatepass_store, gatepass_clock):
        new = gatepass_store.tokens.create("t", api="rest", expires=gatepass.days(1))
        guard = gatepass_store.verifier().guard(api="rest")
        assert guard.check_secret(new.secret)
        gatepass_clock.advance(gatepass.days(1))
        assert guard.check_secret(new.secret).reason == "expired"
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .. import _gatepass
from .._gatepass import Clock, Handle, Issuing, Source, generate_secret
from .._open import open as _open
from .._sync import Gatepass, Verifier
from .._validators import ExternalTokenValidator
from .._words import Span

__all__ = ["Clock", "Issuing", "Source", "external_verifier_of", "generate_secret", "store", "verifier"]


@contextmanager
def store(*, clock: Clock | None = None, **options: Any) -> Generator[Gatepass]:
    """A store of its own, gone afterwards: in memory, where the system has a file system for that (`/dev/shm`).

    `options` are those of `gatepass.open`.

    >>> with gatepass.testing.store() as gp:
    ...     len(list(gp.tokens.list()))
    0
    """
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with (
        tempfile.TemporaryDirectory(prefix="gatepass-", dir=memory, ignore_cleanup_errors=True) as folder,
        _open(Path(folder) / "tokens.db", clock=clock, **options) as opened,
        _Store(opened._handle) as gatepass,
    ):
        yield gatepass


class _Store(Gatepass):
    """A store whose verifiers end with it: they would else complain that it is gone."""

    def __init__(self, handle: Handle) -> None:
        super().__init__(handle)
        self._verifiers: list[Verifier] = []

    def verifier(self, **options: Any) -> Verifier:
        made = super().verifier(**options)
        self._verifiers.append(made)
        return made

    def close(self) -> None:
        for made in self._verifiers:
            made.close()
        super().close()


def verifier(
    records: Iterable[Mapping[str, Any]],
    *,
    roles: Iterable[Mapping[str, Any]] = (),
    clock: Clock | None = None,
    max_staleness: Span | None = None,
) -> Verifier:
    """A verifier of just these records, as a store keeps them, with the default roles and these.

    >>> gatepass.testing.verifier([]).guard(api="rest").check_secret(gatepass.testing.generate_secret("rest"))
    Denied('unknown')
    """
    source = Source(Clock() if clock is None else clock, max_staleness)
    source.load(json.dumps(list(records)), json.dumps(list(roles)))
    source.prove()
    return Verifier(source.verifier)


def external_verifier_of(
    validators: Iterable[ExternalTokenValidator],
    *,
    keys: Mapping[str, Mapping[str, Any]],
    clock: Clock | None = None,
) -> Verifier:
    """A verifier of tokens of other issuers alone, with keys that are given: JWK Sets by the URL that a validator has for them.

    No network is asked. Raises `InvalidInputError`, as `ExternalTokenValidator.check` does; `ProtocolError` (`jwks_malformed`).

    >>> idp = gatepass.ExternalTokenValidator(
    ...     "idp", "rest", jwks_url="https://idp.example/jwks", expected_issuer="https://idp.example"
    ... )
    >>> verifier = gatepass.testing.external_verifier_of([idp], keys={"https://idp.example/jwks": {"keys": []}})
    >>> verifier.guard("rest").check_secret("eyJhbGciOiJub25lIn0.e30.AAAA")
    Denied('malformed')
    """
    sets = [(url, json.dumps(jwks)) for url, jwks in keys.items()]
    return Verifier(
        _gatepass.external_verifier_of(list(validators), sets, Clock() if clock is None else clock)
    )
