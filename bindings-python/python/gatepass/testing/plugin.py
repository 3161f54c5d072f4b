"""The fixtures that pytest finds by itself, once the package is installed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .._sync import Gatepass
from . import Clock, store


@pytest.fixture
def gatepass_clock() -> Clock:
    """A clock that shows the time at which the test began, until it is told otherwise."""
    return Clock()


@pytest.fixture
def gatepass_store(gatepass_clock: Clock) -> Iterator[Gatepass]:
    """A store of the test's own, by the clock of the test."""
    with store(clock=gatepass_clock) as gatepass:
        yield gatepass
