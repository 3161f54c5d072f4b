"""Measures checks against what Python itself has, tokens of other issuers against PyJWT and joserfc, requests and the data
clients against httpx: writes target/bench/python.json.

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
import uuid
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gatepass
import httpx
import joserfc.jwk
import joserfc.jws
import joserfc.jwt
import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from gatepass import days

ROOT = Path(__file__).parent.parent.parent
TOKENS = 10_000
ROUNDS = 15
REQUESTS = 1_000
JWTS = 500
ISSUER = "https://idp.example"
JWKS = f"{ISSUER}/jwks"


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


def signed(algorithm: str, key: Any, issued_on: int) -> list[str]:
    """Tokens of the usual length, each another one."""
    said = {
        "iss": ISSUER,
        "aud": ["directory", "https://api.acme.example"],
        "iat": issued_on,
        "exp": issued_on + 86_400,
        "azp": "0oa1b2c3d4e5f6g7h8i9",
        "scope": "openid profile email orders:read orders:list",
        "realm_access": {"roles": ["offline_access", "uma_authorization", "default-roles-acme"]},
        "name": "Ada Lovelace",
        "email": "ada.lovelace@acme.example",
    }
    return [
        jwt.encode({**said, "sub": str(uuid.uuid4()), "jti": str(uuid.uuid4())}, key, algorithm, {"kid": "k"})
        for _ in range(JWTS)
    ]


def external() -> list[dict[str, Any]]:
    """Tokens of other issuers, each checked once: signature, issuer, audience, times; and again, where it is remembered."""
    made: dict[str, tuple[Any, Callable[[str], Any]]] = {
        "RS256": (rsa.generate_private_key(65537, 2048), joserfc.jwk.RSAKey.import_key),
        "ES256": (ec.generate_private_key(ec.SECP256R1()), joserfc.jwk.ECKey.import_key),
        "EdDSA": (ed25519.Ed25519PrivateKey.generate(), joserfc.jwk.OKPKey.import_key),
    }
    warnings.filterwarnings(
        "ignore", "EdDSA is deprecated"
    )  # joserfc would have it called Ed25519, as few do
    rows = []
    for algorithm, bar in {"RS256": 3.0, "ES256": 2.0, "EdDSA": 3.0}.items():
        private, import_key = made[algorithm]
        public = private.public_key()
        tokens = signed(algorithm, private, int(time.time()))
        headers = [f"Bearer {token}" for token in tokens]
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        key = import_key(pem)
        jwks = {"keys": [{**key.as_dict(private=False), "kid": "k"}]}
        validator = gatepass.ExternalTokenValidator(
            "idp", "rest", jwks_url=JWKS, expected_issuer=ISSUER, expected_audience="directory"
        )
        claims = joserfc.jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": ISSUER}, aud={"essential": True, "value": "directory"}
        )
        registry = joserfc.jws.JWSRegistry(algorithms=[algorithm])

        def new_guard(
            validator: gatepass.ExternalTokenValidator = validator, jwks: dict[str, Any] = jwks
        ) -> gatepass.Guard:
            verifier = gatepass.testing.external_verifier_of([validator], keys={JWKS: jwks})
            return verifier.guard("rest", ["orders:read"])

        def uncached(
            new_guard: Callable[[], gatepass.Guard] = new_guard, headers: list[str] = headers
        ) -> None:
            check = new_guard().check  # one that remembers none of them
            for header in headers:
                assert check(header)

        def pyjwt(tokens: list[str] = tokens, public: Any = public, algorithm: str = algorithm) -> None:
            decode = jwt.decode
            for token in tokens:
                decode(token, public, [algorithm], audience="directory", issuer=ISSUER)

        def other(
            tokens: list[str] = tokens, key: Any = key, claims: Any = claims, registry: Any = registry
        ) -> None:
            decode, validate = joserfc.jwt.decode, claims.validate
            for token in tokens:
                validate(decode(token, key, registry=registry).claims)

        guard = new_guard()

        def cached(check: Callable[[str], object] = guard.check, headers: list[str] = headers) -> None:
            for header in headers:
                assert check(header)

        own, again, *peers = (1e9 * taken / JWTS for taken in alternately(uncached, cached, pyjwt, other))
        peer, name = min(zip(peers, ("PyJWT", "joserfc"), strict=True))
        rows.append(row(f"python JWT {algorithm}, uncached", "ns", own, name, peer, bar))
        rows.append(row(f"python JWT {algorithm}, cached", "ns", again, "uncached", own, 20.0))
    return rows


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
        rows = checks(Path(folder)) + external() + requests(Path(folder)) + data()
    place = ROOT / "target" / "bench" / "python.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps(rows, indent=1) + "\n")
    for one in rows:
        print(
            f"{one['name']}: {one['value']:.4g} {one['unit']}, {one['peer']} {one['peer_value']:.4g}: {one['ratio']:.2f}"
        )


if __name__ == "__main__":
    main()
