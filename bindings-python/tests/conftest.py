"""A store, and an authority, for each test that asks for one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import gatepass
import pytest
from provider import Provider
from support import Authority, Vault, serve


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    yield from serve(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    """One with a directory in which there are 300 people."""
    yield from serve(tmp_path_factory.mktemp("sandbox"), "--sandbox", "--sandbox-people", "300")


@pytest.fixture
def own_authority(tmp_path: Path) -> Iterator[Authority]:
    """One that a test may stop or kill."""
    yield from serve(tmp_path)


@pytest.fixture
def gp(tmp_path: Path) -> Iterator[gatepass.Gatepass]:
    with gatepass.open(tmp_path / "tokens.db") as opened:
        yield opened


@pytest.fixture
def remote(authority: Authority) -> Iterator[gatepass.Gatepass]:
    with authority.connect() as connected:
        yield connected


@pytest.fixture
def vault() -> Vault:
    return Vault()


@pytest.fixture
def provider() -> Iterator[Provider]:
    """A provider of tokens on loopback."""
    with Provider() as running:
        yield running
