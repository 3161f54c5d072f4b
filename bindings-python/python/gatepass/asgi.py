"""Middleware for ASGI applications: Starlette, FastAPI, Litestar, Quart, and any other.

    app = Starlette(
        routes=[
            Route("/orders", orders, middleware=[Middleware(Protect, guard=orders_read)]),  # scopes of a route
        ],
        middleware=[Middleware(Protect, guard=anybody)],  # or of all
    )

The access is `scope["gatepass.access"]`, and `request.state.access` in Starlette's words.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from ._gatepass import Access
from ._http import Gate, GuardLike
from ._records import Answer

__all__ = ["Protect"]

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class Protect:
    """Lets through to `app` what `guard` grants, and answers the rest as RFC 6750 says.

    `realm` names what is protected. `trusted_proxies` are the networks of proxies whose `X-Forwarded-For` is believed; none
    unless they are named here. WebSockets are refused before they are accepted.
    """

    def __init__(
        self, app: App, guard: GuardLike, *, realm: str = "api", trusted_proxies: Iterable[str] = ()
    ) -> None:
        self.app = app
        self._gate = Gate(guard, realm, trusted_proxies)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        outcome = await checked(self._gate, scope)
        if isinstance(outcome, Access):
            scope["gatepass.access"] = outcome
            scope.setdefault("state", {})["access"] = outcome
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            await _refuse(outcome, send)
        elif "websocket.http.response" in scope.get("extensions", {}):
            await _refuse(outcome, send, "websocket.http.response")
        else:
            # Before it is accepted, a server answers 403 to this; there are no other words for it.
            await receive()
            await send({"type": "websocket.close", "code": 1008})


async def checked(gate: Gate, scope: Scope) -> Access | Answer:
    """What the guard says of a request."""
    headers: list[tuple[bytes, bytes]] = scope["headers"]
    sent = [value for name, value in headers if name == b"authorization"]
    forwarded = [value.decode("latin-1") for name, value in headers if name == b"x-forwarded-for"]
    client = scope.get("client")
    return await gate.check_async(sent or None, client[0] if client else None, forwarded)


async def _refuse(answer: Answer, send: Send, kind: str = "http.response") -> None:
    body = json.dumps(answer.body).encode()
    headers = [(name.lower().encode(), value.encode()) for name, value in answer.headers.items()]
    headers += [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    headers.append((b"cache-control", b"no-store"))
    await send({"type": f"{kind}.start", "status": answer.status_code, "headers": headers})
    await send({"type": f"{kind}.body", "body": body})
