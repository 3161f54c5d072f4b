"""What the middleware of all frameworks shares: from a request to the access, or to the answer."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from . import _async, _gatepass, _sync
from ._errors import GatepassError
from ._gatepass import Access, Denied, Granted, Guard, TrustedProxies
from ._records import Answer
from ._words import HeaderLike

AnyGuard: TypeAlias = Guard | _sync.RemoteGuard | _async.RemoteGuard
GuardLike: TypeAlias = AnyGuard | Callable[[], AnyGuard]
"""A guard; or a function that makes one, called once in each process, at its first request."""

_log = logging.getLogger("gatepass")


class Gate:
    """A guard as a framework's requests come to it."""

    def __init__(self, guard: GuardLike, realm: str, trusted_proxies: Iterable[str]) -> None:
        if not (isinstance(guard, AnyGuard) or callable(guard)):
            raise TypeError(
                f"guard: expected a guard or a function that makes one, not {type(guard).__name__}"
            )
        self.realm = realm
        self._guard = guard
        self._proxies = TrustedProxies(trusted_proxies)
        self._made: tuple[int, AnyGuard] | None = None

    def check(self, authorization: HeaderLike, peer: str | None, forwarded: Sequence[str]) -> Access | Answer:
        """The access, or what to answer, for a request that a thread waits for."""
        guard, client = self._own(), self._proxies.client(peer, list(forwarded))
        if isinstance(guard, Guard):
            return self._said(guard.check(authorization, client))
        if isinstance(guard, _async.RemoteGuard):
            raise TypeError("a guard of gatepass.aio needs an event loop; this one comes of gatepass.connect")
        try:
            return self._said(guard.check(authorization, client))
        except GatepassError as error:
            return self._untold(error)

    async def check_async(
        self, authorization: HeaderLike, peer: str | None, forwarded: Sequence[str]
    ) -> Access | Answer:
        """The same for a request on an event loop, which no guard blocks."""
        guard, client = self._own(), self._proxies.client(peer, list(forwarded))
        if isinstance(guard, Guard):
            verdict = guard.check(authorization, client)
            if not verdict and verdict.reason == "keys_unavailable":
                verdict = await guard.check_async(authorization, client)
            return self._said(verdict)
        try:
            if isinstance(guard, _async.RemoteGuard):
                return self._said(await guard.check(authorization, client))
            return self._said(await guard._guard.check(authorization, client, False))
        except GatepassError as error:
            return self._untold(error)

    def _own(self) -> AnyGuard:
        """This process's: one that was made before a fork belongs to the parent."""
        guard = self._guard
        if isinstance(guard, AnyGuard):
            return guard
        process = os.getpid()
        if self._made is None or self._made[0] != process:
            self._made = (process, guard())
        return self._made[1]

    def _said(self, verdict: Granted | Denied) -> Access | Answer:
        """The precise reason goes to the log, and not outside."""
        if verdict:
            return verdict.access
        if verdict.hint is not None:
            _log.warning("denied: %s (%s)", verdict.reason, verdict.hint)
        elif verdict.reason == "superseded":
            _log.warning(
                "denied: %s, token %s: an old secret is still about", verdict.reason, verdict.token_id
            )
        else:
            _log.info("denied: %s, token %s", verdict.reason, verdict.token_id)
        return verdict.answer(self.realm)

    def _untold(self, error: GatepassError) -> Answer:
        """Nobody can tell whether the token is good."""
        if error.code == "forked":
            raise error
        _log.warning("nobody can tell whether a token is good: %s", error)
        return _gatepass.answer("stale", self.realm)
