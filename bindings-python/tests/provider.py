"""A provider of tokens on loopback: a JWKS server, whose key can be changed and whose answers can be spoiled."""

from __future__ import annotations

import json
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

import gatepass
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

ISSUER = "https://idp.example"


class Provider:
    """Signs with its newest key, by ES256, and publishes the newest two."""

    def __init__(self) -> None:
        self.keys: list[tuple[str, ec.EllipticCurvePrivateKey]] = []
        self.fetches = 0
        self.status, self.body, self.pause = 200, None, 0.0
        self.gate = threading.Event()
        self.gate.set()
        self.rotate()
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.fetches += 1
                provider.gate.wait(20)
                body = provider.body if provider.body is not None else json.dumps(provider.jwks()).encode()
                self.send_response(provider.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with suppress(OSError):  # whoever asked has read enough
                    self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/jwks"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))

    status: int
    body: bytes | None
    """What is answered in the place of the keys."""

    def rotate(self) -> None:
        """Makes a key, which signs from now on."""
        self.keys.append((f"key-{len(self.keys)}", ec.generate_private_key(ec.SECP256R1())))

    def jwks(self) -> dict[str, Any]:
        return {
            "keys": [
                {**ECAlgorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid}
                for kid, key in self.keys[-2:]
            ]
        }

    def token(self, **claims: Any) -> str:
        """A token of these claims; those that are None are left out."""
        kid, key = self.keys[-1]
        now = int(time.time())
        usual = {
            "iss": ISSUER,
            "sub": "ada",
            "aud": "directory",
            "iat": now,
            "exp": now + 600,
            "scope": "orders:read",
        }
        said = {name: value for name, value in {**usual, **claims}.items() if value is not None}
        return jwt.encode(said, key, "ES256", {"kid": kid})

    def header(self, **claims: Any) -> str:
        return f"Bearer {self.token(**claims)}"

    def validator(self, name: str = "idp", **fields: Any) -> gatepass.ExternalTokenValidator:
        """One that accepts them."""
        usual = {"jwks_url": self.url, "expected_issuer": ISSUER, "expected_audience": "directory"}
        return gatepass.ExternalTokenValidator(name, fields.pop("api", "rest"), **{**usual, **fields})

    def __enter__(self) -> Provider:
        self.thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.gate.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
