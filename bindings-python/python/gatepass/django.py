"""A decorator for the views of Django, ordinary ones and async ones, under WSGI and ASGI.

    @protect(orders_read)
    def orders(request):
        return JsonResponse(load_orders(request.access.target_dn))

`protect(guard)` is a middleware too, for all views: put it into a module and that module's name into `MIDDLEWARE`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import wraps
from inspect import iscoroutinefunction
from typing import Any, TypeVar

from django.http import HttpRequest, JsonResponse
from django.utils.decorators import sync_and_async_middleware

from ._gatepass import Access
from ._http import Gate, GuardLike
from ._records import Answer
from .wsgi import sent

__all__ = ["protect"]

View = TypeVar("View", bound=Callable[..., Any])


def protect(
    guard: GuardLike, *, realm: str = "api", trusted_proxies: Iterable[str] = ()
) -> Callable[[View], View]:
    """Lets through to the view what `guard` grants, as `request.access`, and answers the rest as RFC 6750 says."""
    gate = Gate(guard, realm, trusted_proxies)

    # Under ASGI Django makes the same dictionary as under WSGI, and puts headers of one name together as servers do.
    def refusal(request: HttpRequest, outcome: Access | Answer) -> JsonResponse | None:
        if isinstance(outcome, Access):
            request.access = outcome  # type: ignore[attr-defined]
            return None
        return JsonResponse(
            outcome.body,
            status=outcome.status_code,
            headers={**outcome.headers, "Cache-Control": "no-store"},
        )

    def protected(view: Callable[..., Any]) -> Callable[..., Any]:
        if iscoroutinefunction(view):

            @wraps(view)
            async def checked_async(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
                outcome = await gate.check_async(*sent(request.META))
                return refusal(request, outcome) or await view(request, *args, **kwargs)

            return checked_async

        @wraps(view)
        def checked_view(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            return refusal(request, gate.check(*sent(request.META))) or view(request, *args, **kwargs)

        return checked_view

    return sync_and_async_middleware(protected)  # type: ignore[return-value]  # a view of the same kind
