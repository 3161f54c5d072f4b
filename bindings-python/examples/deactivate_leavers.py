"""Deactivates the users whose names come in, a line each, by SCIM; says what it would do, unless it is told to.

SCIM_TOKEN=… python deactivate_leavers.py https://radiantone.example:8090/scim2/v2 --go < leavers.txt
"""

from __future__ import annotations

import argparse
import sys

import gatepass
from gatepass import PatchOp, ScimFilter


def main() -> None:
    parser = argparse.ArgumentParser(description="Who has left?")
    parser.add_argument("url")
    parser.add_argument("--go", action="store_true", help="do it")
    asked = parser.parse_args()
    failed = 0
    with gatepass.ScimClient(asked.url, gatepass.env("SCIM_TOKEN")) as scim:
        users = scim.resources("Users")
        for name in filter(None, map(str.strip, sys.stdin)):
            user = users.list(filter=ScimFilter.eq("userName", name)).first()
            if user is None:
                print(f"{name}: there is nobody of this name")
                failed += 1
            elif not user.get("active", True):
                print(f"{name}: is inactive already")
            elif not asked.go:
                print(f"{name}: would be deactivated")
            else:
                # Somebody else may change the user meanwhile: then nothing is done, and it is said.
                version = user.get("meta", {}).get("version")
                unchanged = users.if_match(version) if version else users
                try:
                    unchanged.patch(user["id"], PatchOp().replace("active", False))
                    print(f"{name}: deactivated")
                except gatepass.GatepassError as error:
                    print(f"{name}: {error}")
                    failed += 1
    sys.exit(min(failed, 1))


if __name__ == "__main__":
    main()
