"""Middleware for WSGI applications: Flask, Django, Bottle, and any other.

    app.wsgi_app = Protect(app.wsgi_app, guard)

The access is `environ["gatepass.access"]`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from ._gatepass import Access
from ._http import Gate, GuardLike
from ._records import Answer

__all__ = ["Protect"]

Environ = dict[str, Any]
App = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


class Protect:
    """Lets through to `app` what `guard` grants, and answers the rest as RFC 6750 says.

    `realm` names what is protected. `trusted_proxies` are the networks of proxies whose `X-Forwarded-For` is believed; none
    unless they are named here.
    """

    def __init__(
        self, app: App, guard: GuardLike, *, realm: str = "api", trusted_proxies: Iterable[str] = ()
    ) -> None:
        self.app = app
        self._gate = Gate(guard, realm, trusted_proxies)

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        outcome = checked(self._gate, environ)
        if isinstance(outcome, Access):
            environ["gatepass.access"] = outcome
            return self.app(environ, start_response)
        body = json.dumps(outcome.body).encode()
        headers = [*outcome.headers.items(), ("Content-Type", "application/json")]
        headers += [("Content-Length", str(len(body))), ("Cache-Control", "no-store")]
        status = HTTPStatus(outcome.status_code)
        start_response(f"{status.value} {status.phrase}", headers)
        return [body]


def checked(gate: Gate, environ: Environ) -> Access | Answer:
    """What the guard says of a request."""
    return gate.check(*sent(environ))


def sent(environ: Environ) -> tuple[str | None, str | None, list[str]]:
    """What was sent, and from where. Its server has put several headers of one name together with commas."""
    forwarded = environ.get("HTTP_X_FORWARDED_FOR")
    return (
        environ.get("HTTP_AUTHORIZATION"),
        environ.get("REMOTE_ADDR"),
        [] if forwarded is None else [forwarded],
    )
