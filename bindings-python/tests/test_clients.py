"""Secrets from and to elsewhere: httpx, requests, files, the environment, keyrings."""

from __future__ import annotations

import asyncio
import os
import stat
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import gatepass
import httpx
import httpx2
import keyring
import keyring.backend
import pytest
import requests
from gatepass import days
from support import Authority, name


class Service:
    """Accepts one secret; says who asked with which."""

    def __init__(self) -> None:
        self.good = "good"
        self.seen: list[str | None] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                sent = self.headers["Authorization"]
                service.seen.append(sent)
                status = 200 if sent == f"Bearer {service.good}" else 401
                if self.path.startswith("/elsewhere/"):
                    status = 307
                self.send_response(status)
                if status == 307:
                    self.send_header("Location", f"http://localhost:{self.path.rpartition('/')[2]}/")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    path = tmp_path / "token"
    path.write_text("old\n")
    return path


def test_httpx_and_requests_take_up_a_rotated_secret(service: Service, token_file: Path) -> None:
    auth = gatepass.auth(gatepass.file(token_file))
    with httpx.Client(auth=auth) as client, httpx2.Client(auth=auth) as newer, requests.Session() as session:
        service.good = "old"
        assert newer.post(service.url, content=b"x").status_code == 200
        assert client.post(service.url, content=b"x").status_code == 200
        assert session.post(service.url, data=b"x", auth=auth).status_code == 200
        token_file.write_text("newer\n")
        service.good, service.seen = "newer", []
        assert client.post(service.url, content=b"x").text == "x"
        assert newer.post(service.url, content=b"x").text == "x"
        assert session.post(service.url, data=b"x", auth=auth).text == "x"
        assert service.seen == ["Bearer newer"] * 3


def test_a_refused_secret_is_asked_for_again_once(service: Service) -> None:
    given = iter(["one", "two", "three", "three"])
    auth = gatepass.auth(lambda: next(given))
    service.good = "two"
    assert httpx.post(service.url, content=b"x", auth=auth).text == "x"
    assert service.seen == ["Bearer one", "Bearer two"]
    service.good, service.seen = "three", []
    again = requests.post(service.url, data=b"x", auth=auth, timeout=10)
    assert (again.status_code, again.text, len(again.history)) == (200, "x", 1)
    assert service.seen == ["Bearer two", "Bearer three"]
    service.good, service.seen = "none of them", []
    assert httpx.post(service.url, auth=auth).status_code == 401
    assert service.seen == ["Bearer three"]


async def test_httpx_with_asyncio(service: Service) -> None:
    given = iter(["one", "good"])

    async def credential() -> str:
        await asyncio.sleep(0)
        return next(given)

    async with httpx.AsyncClient(auth=gatepass.auth(credential)) as client:
        assert (await client.post(service.url, content=b"x")).text == "x"
    assert service.seen == ["Bearer one", "Bearer good"]


def test_a_redirect_elsewhere_takes_no_secret_along(service: Service) -> None:
    elsewhere = Service()
    url = f"{service.url}elsewhere/{elsewhere.server.server_port}"
    auth = gatepass.auth("good")
    httpx.post(url, auth=auth, follow_redirects=True)
    requests.post(url, auth=auth, timeout=10)
    assert elsewhere.seen == [None, None]
    elsewhere.server.shutdown()
    elsewhere.server.server_close()


def test_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    credential = gatepass.env("GATEPASS_TEST_TOKEN")
    with pytest.raises(gatepass.UnauthorizedError) as caught:
        credential.secret().wait()
    assert caught.value.code == "credential_missing"
    monkeypatch.setenv("GATEPASS_TEST_TOKEN", " abc \n")
    assert credential.secret().wait().reveal() == "abc"
    assert repr(credential) == "Credential(env GATEPASS_TEST_TOKEN)"


def test_a_function_that_fails(authority: Authority) -> None:
    def credential() -> str:
        raise LookupError("no such entry")

    with gatepass.connect(authority.url, credential=credential) as gp:
        with pytest.raises(gatepass.UnauthorizedError) as caught:
            gp.myself()
        assert caught.value.code == "credential_failed"
        assert isinstance(caught.value.__cause__, LookupError)
    with gatepass.connect(authority.url, credential=lambda: 7) as gp:
        with pytest.raises(gatepass.UnauthorizedError) as caught:
            gp.myself()
        assert isinstance(caught.value.__cause__, TypeError)


def test_a_client_takes_up_a_rotated_secret(authority: Authority, tmp_path: Path) -> None:
    called, path = name(), tmp_path / "token"
    with authority.connect() as admin:
        new = admin.tokens.create(called, "config", roles=["Directory Administrator"], expires=days(1))
        gatepass.to_file(path)(new.secret)
        with gatepass.connect(authority.url, credential=gatepass.file(path)) as own:
            assert own.myself().name == called
            own.tokens.rotate(called, deliver=gatepass.to_file(path))
            assert own.myself().name == called


def test_a_secret_file_is_its_owner_s_alone_and_whole(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("older, and readable to all")
    path.chmod(0o644)
    link = tmp_path / "link"
    link.symlink_to(path)
    secret = gatepass.testing.generate_secret("rest")
    gatepass.to_file(link)(secret)
    assert link.is_symlink()
    assert path.read_text() == secret.reveal() + "\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["token", "link"] or len(os.listdir(tmp_path)) == 2
    with pytest.raises(OSError, match="No such file"):
        gatepass.to_file(tmp_path / "nowhere" / "token")(secret)


class Memory(keyring.backend.KeyringBackend):
    priority = 1.0

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password


def test_a_keyring(monkeypatch: pytest.MonkeyPatch, gp: gatepass.Gatepass) -> None:
    keyring.set_keyring(Memory())
    credential = gatepass.keyring("radiantone", "sync")
    with pytest.raises(gatepass.UnauthorizedError) as caught:
        credential.secret().wait()
    assert isinstance(caught.value.__cause__, gatepass.UnauthorizedError)
    gp.tokens.create("sync", "rest", expires=days(1))
    new = gp.tokens.rotate("sync", deliver=gatepass.to_keyring("radiantone", "sync"))
    assert gatepass.keyring("radiantone", "sync").secret().wait() == new.secret
    monkeypatch.setitem(__import__("sys").modules, "keyring", None)
    with pytest.raises(gatepass.UnsupportedError, match="pip install keyring"):
        gatepass.keyring("radiantone", "sync")
