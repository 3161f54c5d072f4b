"""The main job, in a minute: tokens are issued, used, checked, rotated and revoked, and one of a provider is
taken, on a new store or through a server.

python quickstart.py                      # on a store of its own
python quickstart.py http://127.0.0.1:8443    # through this authority, as admin, with GATEPASS_ADMIN_PASSWORD
python quickstart.py --sandbox            # through an authority of its own with a sandbox, where each token opens its own API

The program `gatepass` is looked for on the path, or named by GATEPASS_PROGRAM.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

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


def tokens_of_a_provider(gp: gatepass.Gatepass) -> None:
    """A JWT opens the same API for as long as there is a validator for it."""
    print("— a token of an OpenID provider")
    known = json.loads(Path(__file__).with_name("provider.json").read_text(encoding="utf-8"))
    header = f"Bearer {known['token']}"
    with serving(json.dumps(known["jwks"]).encode()) as url, gp.verifier() as verifier:
        guard = verifier.guard(api="rest", scopes=["orders:read"])
        gp.validators.create(
            gatepass.ExternalTokenValidator(
                "python-idp",
                "rest",
                jwks_url=url,
                expected_issuer=known["issuer"],
                expected_audience="directory",
                claims_mapping=["uid=${sub},ou=People,o=acme"],
            )
        )
        until(lambda: guard.check(header))  # its keys are on their way
        access = guard.require(header)
        print(f"granted  {access.subject} of {access.issuer}, as {access.target_dn}")
        gp.validators.delete("python-idp")
        until(lambda: not guard.check(header))
        print("denied   after its validator was deleted")


def until(ready: Callable[[], object]) -> None:
    end = time.monotonic() + 10
    while not ready():
        assert time.monotonic() < end
        time.sleep(0.01)


@contextmanager
def serving(jwks: bytes) -> Generator[str]:
    """The keys of a provider."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(jwks)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/jwks"
        server.shutdown()


def three_apis(gp: gatepass.Gatepass, url: str) -> None:
    """Each token at its own API, and refused at the two others."""
    print("— a token for each API, at the sandbox")
    issued = {
        "config": gp.tokens.create("python-config", "config", roles=["Read Only"], expires=days(1)),
        "scim": gp.tokens.create("python-scim", "scim", expires=days(1)),
        "rest": gp.tokens.create("python-rest", "rest", expires=days(1)),
    }

    def use(api: str, secret: gatepass.Secret) -> str:
        if api == "config":
            with gatepass.connect(url, credential=secret) as config:
                return f"is {config.myself().name}"
        if api == "scim":
            with gatepass.ScimClient(f"{url}/scim2/v2", secret) as scim:
                found = scim.resources("Users").list(
                    filter=gatepass.ScimFilter.present("emails"), page_size=50
                )
                return f"lists {sum(1 for _ in found)} users with mail"
        with gatepass.RestClient(f"{url}/adap", secret) as rest:
            people = rest.search(
                "ou=People,o=acme", filter=gatepass.Filter.present("mail"), attributes=["mail"]
            )
            return f"finds {len(people.all())} people with mail"

    for name, new in issued.items():
        for api in issued:
            try:
                print(f"opened   {api} by the {name} token, which {use(api, new.secret)}")
                assert api == name
            except gatepass.UnauthorizedError as error:
                print(f"refused  {api} by the {name} token: {error.status_code}")
                assert api != name
        gp.tokens.delete(new.token.name)


@contextmanager
def sandbox() -> Generator[str]:
    """An authority on a new store, with a directory of invented people."""
    program = os.environ.get("GATEPASS_PROGRAM", "gatepass")
    with tempfile.TemporaryDirectory() as folder:
        store = os.path.join(folder, "tokens.db")
        command = [program, "serve", "--store", store, "--listen", "127.0.0.1:0", "--sandbox"]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as server:
            try:
                assert server.stdout is not None
                yield server.stdout.readline().strip()
            finally:
                server.terminate()


def main() -> None:
    if "--sandbox" in sys.argv:
        os.environ.setdefault("GATEPASS_ADMIN_PASSWORD", secrets.token_urlsafe(24))
        with sandbox() as url, connected(url) as gp:
            tour(gp)
            tokens_of_a_provider(gp)
            three_apis(gp, url)
    elif len(sys.argv) > 1:
        with connected(sys.argv[1]) as gp:
            tour(gp)
            tokens_of_a_provider(gp)
    else:
        with gatepass.testing.store() as gp:
            tour(gp)
            tokens_of_a_provider(gp)
    print("quickstart ok")


def connected(url: str) -> gatepass.Gatepass:
    return gatepass.connect(url, username="admin", password=os.environ["GATEPASS_ADMIN_PASSWORD"])


if __name__ == "__main__":
    main()
