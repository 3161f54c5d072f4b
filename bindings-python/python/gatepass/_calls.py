"""The few lines of asyncio that the native part asks for."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Sequence
from typing import Any


async def call(function: Callable[..., Any], arguments: Sequence[Any]) -> Any:
    """Calls a function of the caller's on the event loop, a coroutine function too."""
    value = function(*arguments)
    return await value if inspect.isawaitable(value) else value


def call_in_background(function: Callable[..., Any], arguments: Sequence[Any]) -> Any:
    """The same, where no event loop waits for it."""
    value = function(*arguments)
    return asyncio.run(_wait_for(value)) if inspect.isawaitable(value) else value


async def _wait_for(awaitable: Any) -> Any:
    return await awaitable


def own_loop(function: Callable[..., Any]) -> asyncio.AbstractEventLoop | None:
    """The loop that runs here, for a coroutine function."""
    if not (inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(type(function).__call__)):
        return None
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def discarded_awaitable(value: Any) -> bool:
    """Whether this has to be awaited, and nobody will: it is closed, so that Python does not warn of it too."""
    if not inspect.isawaitable(value):
        return False
    if inspect.iscoroutine(value):
        value.close()
    return True
