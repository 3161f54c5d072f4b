"""What is read in pages, for asyncio.

Made of `_paged.py` by `tools/twin.py`: change that one.
"""

from __future__ import annotations

from collections.abc import Callable, AsyncIterator
from contextlib import suppress
from typing import Generic, TypeVar

from ._errors import ClosedError
from ._gatepass import Cursor

T = TypeVar("T")


class Paged(Generic[T]):
    """Results that are read as they are asked for; the next page comes while the caller is busy with one.

    Iterate over it, as often as wanted: each time it is asked for anew. Whoever stops before the end has the server let go of
    the rest.
    """

    def __init__(self, begin: Callable[[], Cursor], read: Callable[[str], list[T]]) -> None:
        self._begin = begin
        self._read = read

    async def __aiter__(self) -> AsyncIterator[T]:
        cursor = self._begin()
        try:
            while (page := await cursor.next()) is not None:
                for one in self._read(page):
                    yield one
        except (
            GeneratorExit
        ):  # whoever wanted more is gone; after an error nobody waits for what is left to be done
            with suppress(ClosedError):  # nor in a child of the process that began
                await cursor.close()
            raise

    async def pages(self) -> AsyncIterator[list[T]]:
        """The same, a page at a time."""
        cursor = self._begin()
        try:
            while (page := await cursor.next()) is not None:
                yield self._read(page)
        except GeneratorExit:
            with suppress(ClosedError):
                await cursor.close()
            raise

    async def all(self) -> list[T]:
        """All, in memory at once."""
        found: list[T] = []
        cursor = self._begin()
        while (page := await cursor.next()) is not None:
            found += self._read(page)
        return found
