"""The main job, in a minute: tokens are issued, used, checked, rotated and revoked, on a new store or through a server.

python quickstart.py                      # on a store of its own
python quickstart.py http://127.0.0.1:8443    # through this authority, as admin, with GATEPASS_ADMIN_PASSWORD
"""

from __future__ import annotations

import os
import sys
import time

import gatepass
from gatepass import Granted, days


def tour(gp: gatepass.Gatepass) -> None:
    print(f"— one token, on {gp.place}")
    new = gp.tokens.create(
        "python-sync",
        api="rest",
        scopes=["orders:read"],
        target_dn="uid=sync,ou=svc,o=acme",
        expires=days(90),
    )
    print(f"issued   {new.token.name} {new.secret}, until {new.token.expires_on:%Y-%m-%d}")

    print("— checked, in this process")
    with gp.verifier() as verifier:
        guard = verifier.guard(api="rest", scopes=["orders:read"])

        def check(what: str, secret: gatepass.Secret, expected: str) -> None:
            match guard.check(f"Bearer {secret.reveal()}"):
                case Granted(access):
                    said = "granted"
                    print(f"granted  {what}, as {access.target_dn}")
                case denied:
                    said = str(denied.reason)
                    print(f"denied   {what}: {said}, to the outside {denied.answer().status_code}")
            assert said == expected, f"expected {expected}"

        verifier.wait_for(new.revision)
        check("the secret", new.secret, "granted")
        check("somebody else's", gatepass.testing.generate_secret("rest"), "unknown")

        print("— rotated, with a second of grace")
        vault: list[gatepass.Secret] = []
        rotated = gp.tokens.rotate("python-sync", grace=1, deliver=vault.append)
        verifier.wait_for(rotated.revision)
        check("the new secret", vault[0], "granted")
        check("the old one, in its grace", new.secret, "granted")
        time.sleep(1.1)
        check("the old one, afterwards", new.secret, "superseded")

        print("— revoked")
        verifier.wait_for(gp.tokens.revoke("python-sync").revision)
        check("the new secret", vault[0], "revoked")
        gp.tokens.delete("python-sync")


def main() -> None:
    if len(sys.argv) > 1:
        password = os.environ["GATEPASS_ADMIN_PASSWORD"]
        with gatepass.connect(sys.argv[1], username="admin", password=password) as gp:
            tour(gp)
    else:
        with gatepass.testing.store() as gp:
            tour(gp)
    print("quickstart ok")


if __name__ == "__main__":
    main()
