"""What is read in pages, for code that waits.

`_paged_async.py` is made of this file, by `tools/twin.py`: each `….wait()` becomes an `await`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
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

    def __iter__(self) -> Iterator[T]:
        cursor = self._begin()
        try:
            while (page := cursor.next().wait()) is not None:
                yield from self._read(page)
        except (
            GeneratorExit
        ):  # whoever wanted more is gone; after an error nobody waits for what is left to be done
            with suppress(ClosedError):  # nor in a child of the process that began
                cursor.close().wait()
            raise

    def pages(self) -> Iterator[list[T]]:
        """The same, a page at a time."""
        cursor = self._begin()
        try:
            while (page := cursor.next().wait()) is not None:
                yield self._read(page)
        except GeneratorExit:
            with suppress(ClosedError):
                cursor.close().wait()
            raise

    def all(self) -> list[T]:
        """All, in memory at once."""
        found: list[T] = []
        cursor = self._begin()
        while (page := cursor.next().wait()) is not None:
            found += self._read(page)
        return found
