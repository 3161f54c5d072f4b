"""Gives each token that ends soon a new secret, and delivers it: to be run every night.

    python nightly_rotation.py --server https://radiantone.example:8443/api --token-file admin.token --to /run/secrets
    python nightly_rotation.py --store tokens.db --to /run/secrets --go

Without `--go` it only says what it would do. It can be run again after a crash at any point: a token that was rotated does
not end soon any more, and a secret that had not arrived is dropped when the next one is made.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable
from pathlib import Path

import gatepass
from gatepass import Secret, days


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Rotate the tokens that end soon.")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--server", metavar="URL", help="a RadiantOne, or an authority")
    where.add_argument("--store", help="a SQLite file, or postgres://…")
    parser.add_argument(
        "--token-file", type=Path, help="the secret of the `config` token to ask the server with"
    )
    parser.add_argument(
        "--within", type=int, default=14, metavar="DAYS", help="what ends within so many days (14)"
    )
    parser.add_argument("--days", type=int, default=90, help="how long the tokens live from now on (90)")
    parser.add_argument(
        "--grace", type=int, default=1, metavar="DAYS", help="how long the old secrets stay good (1)"
    )
    to = parser.add_mutually_exclusive_group(required=True)
    to.add_argument(
        "--to", type=Path, metavar="FOLDER", help="a folder for files that only their owner can read"
    )
    to.add_argument("--keyring", metavar="SERVICE", help="the system's keyring, under this service")
    parser.add_argument("--go", action="store_true", help="do it; else it is only said what would be done")
    asked = parser.parse_args()
    if asked.server and not asked.token_file:
        parser.error("--server needs a --token-file")
    return asked


def main() -> int:
    asked = arguments()
    if asked.server:
        opened = gatepass.connect(asked.server, credential=gatepass.file(asked.token_file))
    else:
        opened = gatepass.open(asked.store, create=False)
    with opened as gp:
        soon = list(gp.tokens.list(expires_within=days(asked.within)))
        if not soon:
            print(f"nothing ends within {asked.within} days")
        elif not asked.go:
            for token in soon:
                print(f"would rotate {token.name}, which ends on {token.expires_on:%Y-%m-%d %H:%M} UTC")
            print("nothing was done; --go does it")
        return rotate(gp, soon, asked) if asked.go else 0


def rotate(gp: gatepass.Gatepass, soon: list[gatepass.AccessToken], asked: argparse.Namespace) -> int:
    failed = 0
    for number, token in enumerate(soon):
        progress(number, len(soon), token.name)
        try:
            # The old secret is good until the new one has arrived, and for the grace after that.
            gp.tokens.rotate(
                token.name,
                expires=days(asked.days),
                grace=days(asked.grace),
                deliver=delivery(token.name, asked),
                force=True,
            )
        except gatepass.GatepassError as error:
            failed += 1
            print(
                f"\n{token.name}: {error}",
                *([f"({error.__cause__})"] if error.__cause__ else []),
                file=sys.stderr,
            )
    progress(len(soon), len(soon), "done")
    if soon:
        print(f"\nrotated {len(soon) - failed} of {len(soon)} tokens")
    return 1 if failed else 0


def delivery(name: str, asked: argparse.Namespace) -> Callable[[Secret], None]:
    if asked.keyring:
        return gatepass.to_keyring(asked.keyring, name)
    # A token may be called anything, a file may not.
    return gatepass.to_file(asked.to / re.sub(r"[^\w.@~-]", "_", name))


def progress(done: int, of: int, what: str) -> None:
    if sys.stderr.isatty() and of:
        bar = "#" * (30 * done // of)
        print(f"\r[{bar:<30}] {done}/{of} {what:<40.40}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
