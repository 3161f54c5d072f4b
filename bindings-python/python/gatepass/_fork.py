"""What a fork leaves behind: SQLite must not open a file again that its parent process had open.

SQLite keeps in memory which locks the process has on a file, and a child inherits that memory but not the locks
(https://www.sqlite.org/howtocorrupt.html#_carrying_an_open_database_across_a_fork_). So the child is told.
"""

from __future__ import annotations

import atexit
import os
import weakref

from . import _gatepass
from ._errors import ClosedError
from ._gatepass import Handle

_open: weakref.WeakKeyDictionary[Handle, str] = weakref.WeakKeyDictionary()
_inherited: set[str] = set()


def opened(handle: Handle, location: str) -> Handle:
    """Remembers that this process has the store open, for as long as the handle is there."""
    if "://" not in location:
        _open[handle] = os.path.realpath(location)
    return handle


def closed(handle: Handle) -> None:
    """Forgets it."""
    _open.pop(handle, None)


def check(location: str) -> None:
    """Refuses what the parent had open when it forked."""
    if _inherited and os.path.realpath(location) in _inherited:
        raise ClosedError(
            "this store was open when the process forked, and SQLite cannot open it again in the child; "
            "open it after forking only, or use the start method `spawn`",
            code="forked",
        )


def _after_fork_in_child() -> None:
    _inherited.update(_open.values())
    _gatepass.after_fork_in_child()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
atexit.register(_gatepass.shut_down)
