"""Says which tokens end soon, and whose they are: a table for people, or CSV for a spreadsheet.

python expiring_report.py --server https://radiantone.example:8443/api --token-file admin.token --within 30 --csv
"""

from __future__ import annotations

import argparse
import csv
import sys
from datetime import datetime, timezone
from pathlib import Path

import gatepass
from gatepass import days


def main() -> None:
    parser = argparse.ArgumentParser(description="Which tokens end soon?")
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument("--server", metavar="URL")
    where.add_argument("--store")
    parser.add_argument("--token-file", type=Path)
    parser.add_argument("--within", type=int, default=30, metavar="DAYS")
    parser.add_argument("--csv", action="store_true")
    asked = parser.parse_args()
    if asked.server:
        opened = gatepass.connect(asked.server, credential=gatepass.file(asked.token_file))
    else:
        opened = gatepass.open(asked.store, create=False)
    with opened as gp:
        soon = sorted(gp.tokens.list(expires_within=days(asked.within)), key=ends)
    rows = [
        (token.name, token.api, f"{ends(token):%Y-%m-%d}", left(token), token.created_by or "")
        for token in soon
    ]
    header = ("token", "api", "ends on", "days left", "made by")
    if asked.csv:
        csv.writer(sys.stdout).writerows([header, *rows])
    else:
        for name, api, end, remaining, maker in [header, *rows]:
            print(f"{name:<30} {api:<7} {end:<11} {remaining:>9}  {maker}")


def ends(token: gatepass.AccessToken) -> datetime:
    assert token.expires_on is not None  # it would else not have been listed
    return token.expires_on


def left(token: gatepass.AccessToken) -> int:
    return (ends(token) - datetime.now(timezone.utc)).days


if __name__ == "__main__":
    main()
