"""A decorator for the views of Flask. For a whole application there is `gatepass.wsgi.Protect`.

@app.get("/orders")
@protect(orders_read)
def orders():
    return load_orders(g.access.target_dn)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, ParamSpec

from flask import current_app, g, jsonify, request

from ._gatepass import Access
from ._http import Gate, GuardLike
from .wsgi import checked

__all__ = ["protect"]

P = ParamSpec("P")


def protect(
    guard: GuardLike, *, realm: str = "api", trusted_proxies: Iterable[str] = ()
) -> Callable[[Callable[P, Any]], Callable[P, Any]]:
    """Lets through to the view what `guard` grants, as `flask.g.access`, and answers the rest as RFC 6750 says."""
    gate = Gate(guard, realm, trusted_proxies)

    def protected(view: Callable[P, Any]) -> Callable[P, Any]:
        @wraps(view)
        def checked_view(*args: P.args, **kwargs: P.kwargs) -> Any:
            outcome = checked(gate, request.environ)
            if not isinstance(outcome, Access):
                headers = {**outcome.headers, "Cache-Control": "no-store"}
                return jsonify(outcome.body), outcome.status_code, headers
            g.access = outcome
            return current_app.ensure_sync(view)(*args, **kwargs)

        return checked_view

    return protected
