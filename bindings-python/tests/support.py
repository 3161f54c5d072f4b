"""What the tests share: an authority in a process of its own, a vault, names."""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gatepass

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = Path(__file__).parent.parent / "examples"
PROGRAM = Path(os.environ.get("GATEPASS_PROGRAM", ROOT / "target" / "debug" / "gatepass"))


@dataclass(frozen=True)
class Authority:
    """A `gatepass serve` that runs."""

    url: str
    password: str
    process: subprocess.Popen[str]

    def connect(self, **options: Any) -> gatepass.Gatepass:
        return gatepass.connect(self.url, username="admin", password=self.password, **options)


def serve(folder: Path, *options: str) -> Iterator[Authority]:
    assert PROGRAM.exists(), f"{PROGRAM} is needed; this line makes it: cargo build -p gatepass-cli"
    password = secrets.token_urlsafe(24)
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [PROGRAM, "serve", "--store", folder / "tokens.db", "--listen", "127.0.0.1:0", *options],
            env={**os.environ, "GATEPASS_ADMIN_PASSWORD": password},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    assert process.stdout is not None
    try:
        url = process.stdout.readline().strip()
        assert url, (folder / "log").read_text()
        yield Authority(url, password, process)
    finally:
        process.terminate()
        process.stdout.close()
        process.wait(10)


def name() -> str:
    """A name that no other test has."""
    return f"t-{secrets.token_hex(6)}"


class Vault:
    """A place to deliver to."""

    def __init__(self) -> None:
        self.kept: list[gatepass.Secret] = []

    def put(self, secret: gatepass.Secret) -> None:
        self.kept.append(secret)


def with_package(**environment: str) -> dict[str, str]:
    """The environment of a program that finds the package wherever it is run."""
    return {**os.environ, "PYTHONPATH": str(Path(gatepass.__file__).parent.parent), **environment}
