"""Measures checks against what Python itself has, and requests and the data clients against httpx: writes target/bench/python.json.

Run by `cargo xtask bench python`, with the wheel that is shipped.
"""

from __future__ import annotations

import gc
import hashlib
import hmac
import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gatepass
import httpx
from gatepass import days

ROOT = Path(__file__).parent.parent.parent
TOKENS = 10_000
ROUNDS = 15
REQUESTS = 1_000


def alternately(*contenders: Callable[[], object]) -> list[float]:
    """The median of many rounds for each, in seconds; in turns, so that what disturbs one disturbs the other."""
    times: list[list[float]] = [[] for _ in contenders]
    for contender in contenders:
        contender()
    gc.disable()
    for _ in range(ROUNDS):
        for contender, taken in zip(contenders, times, strict=True):
            begun = time.perf_counter()
            contender()
            taken.append(time.perf_counter() - begun)
    gc.enable()
    return [statistics.median(taken) for taken in times]


def row(
    name: str, unit: str, value: float, peer: str, peer_value: float, least: float | None
) -> dict[str, Any]:
    ratio = peer_value / value
    bar = None if least is None else f">= {least:g}"
    ok = least is None or ratio >= least
    return {
        "name": name,
        "unit": unit,
        "value": value,
        "peer": peer,
        "peer_value": peer_value,
        "ratio": ratio,
        "bar": bar,
        "ok": ok,
    }


def checks(folder: Path) -> list[dict[str, Any]]:
    """A token in ten thousand, in an order that no cache knows."""
    now = "2026-01-01T00:00:00Z"
    made = [gatepass.testing.generate_secret("rest") for _ in range(TOKENS)]
    records = [
        {
            "id": secret.id,
            "name": f"token-{number:018}",
            "apiType": "REST",
            "createdOn": now,
            "digest": secret.digest,
            "scopes": ["orders:read"],
            **({"targetDn": f"uid=t{number},ou=svc,o=acme"} if number % 10 < 3 else {}),
        }
        for number, secret in enumerate(made)
    ]
    guard = gatepass.testing.verifier(records).guard("rest", ["orders:read"])
    tokens = [secret.reveal() for secret in made]
    secrets.SystemRandom().shuffle(tokens)
    headers = [f"Bearer {token}" for token in tokens]
    known = {secret.id: bytes.fromhex(secret.digest) for secret in made}
    sha256, same = hashlib.sha256, hmac.compare_digest

    def by_hand() -> None:
        """The least that a program of Python's own does with a token, which it has taken out of the header already."""
        for token in tokens:
            digest = known.get(token[4:16])
            assert digest is not None
            assert same(sha256(token.encode()).digest(), digest)

    def check() -> None:
        guard_check = guard.check
        for header in headers:
            assert guard_check(header)

    def require() -> None:
        guard_require = guard.require
        for header in headers:
            guard_require(header)

    def use() -> None:
        guard_require = guard.require
        for header in headers:
            guard_require(header).target_dn  # noqa: B018

    own, requires, uses, peer = (1e9 * taken / TOKENS for taken in alternately(check, require, use, by_hand))
    hand = "sha256 + compare_digest + dict get"
    return [
        row("python check", "ns", own, hand, peer, 2.5),
        row("python require", "ns", requires, hand, peer, None),
        row("python require, and its target_dn", "ns", uses, hand, peer, None),
    ]


def requests(folder: Path) -> list[dict[str, Any]]:
    """A thousand times one token, from the same server, one after another, and with asyncio 20 at once."""
    program = os.environ.get("GATEPASS_PROGRAM", ROOT / "target" / "dist" / "gatepass")
    password = secrets.token_urlsafe(24)
    command = [program, "serve", "--store", folder / "tokens.db", "--listen", "127.0.0.1:0"]
    environment = {**os.environ, "GATEPASS_ADMIN_PASSWORD": password, "GATEPASS_LOG": "warn"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            url = server.stdout.readline().strip()
            with gatepass.connect(url, username="admin", password=password) as admin:
                new = admin.tokens.create("t", "config", roles=["Directory Administrator"], expires=days(1))
            with (
                gatepass.connect(url, credential=new.secret) as gp,
                httpx.Client(headers={"Authorization": f"Bearer {new.secret.reveal()}"}) as client,
            ):

                def own() -> None:
                    for _ in range(REQUESTS):
                        assert gp.tokens.get("t").name == "t"

                def peer() -> None:
                    for _ in range(REQUESTS):
                        answer = client.get(f"{url}/api/authentication-service/access_tokens/t")
                        assert answer.raise_for_status().json()["name"] == "t"

                taken = alternately(own, peer)
        finally:
            server.terminate()
    mine, theirs = (1e6 * seconds / REQUESTS for seconds in taken)
    return [row("python tokens.get, 1 000 calls", "µs", mine, "httpx", theirs, 1.0)]


def data() -> list[dict[str, Any]]:
    """What the data clients read and write, against httpx."""
    command = [sys.executable, "-I", str(Path(__file__).parent / "bench_data.py")]
    measured: list[dict[str, Any]] = json.loads(
        subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    )
    return measured


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        rows = checks(Path(folder)) + requests(Path(folder)) + data()
    place = ROOT / "target" / "bench" / "python.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps(rows, indent=1) + "\n")
    for one in rows:
        print(
            f"{one['name']}: {one['value']:.4g} {one['unit']}, {one['peer']} {one['peer_value']:.4g}: {one['ratio']:.2f}"
        )


if __name__ == "__main__":
    main()
