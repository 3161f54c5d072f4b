"""What the middleware of all frameworks shares: from a request to the access, or to the answer."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from ._gatepass import Access, Denied, Guard, TrustedProxies
from ._records import Answer

GuardLike: TypeAlias = Guard | Callable[[], Guard]
"""A guard; or a function that makes one, called once in each process, at its first request."""

_log = logging.getLogger("gatepass")


class Gate:
    """A guard as a framework's requests come to it."""

    def __init__(self, guard: GuardLike, realm: str, trusted_proxies: Iterable[str]) -> None:
        if not (isinstance(guard, Guard) or callable(guard)):
            raise TypeError(
                f"guard: expected a Guard or a function that makes one, not {type(guard).__name__}"
            )
        self.realm = realm
        self._guard = guard
        self._proxies = TrustedProxies(trusted_proxies)
        self._made: tuple[int, Guard] | None = None

    def check(
        self,
        authorization: str | bytes | list[str] | list[bytes] | None,
        peer: str | None,
        forwarded: Sequence[str],
    ) -> Access | Answer:
        """The access, or what to answer. The precise reason goes to the log, and not outside."""
        guard = self._guard if isinstance(self._guard, Guard) else self._own(self._guard)
        verdict = guard.check(authorization, self._proxies.client(peer, list(forwarded)))
        if verdict:
            return verdict.access
        self._note(verdict)
        return verdict.answer(self.realm)

    def _own(self, make: Callable[[], Guard]) -> Guard:
        """This process's: one that was made before a fork belongs to the parent."""
        process = os.getpid()
        if self._made is None or self._made[0] != process:
            self._made = (process, make())
        return self._made[1]

    @staticmethod
    def _note(denied: Denied) -> None:
        if denied.hint is not None:
            _log.warning("denied: %s (%s)", denied.reason, denied.hint)
        elif denied.reason == "superseded":
            _log.warning("denied: %s, token %s: an old secret is still about", denied.reason, denied.token_id)
        else:
            _log.info("denied: %s, token %s", denied.reason, denied.token_id)
