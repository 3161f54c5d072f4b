"""The examples, run as their users run them."""

from __future__ import annotations

import csv
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import gatepass
import httpx
import pytest
from gatepass import days
from support import EXAMPLES, PROGRAM, ROOT, Authority, name, with_package


def run(example: str, *arguments: object, code: int = 0, told: str | None = None, **environment: str) -> str:
    command = [sys.executable, str(EXAMPLES / example), *map(str, arguments)]
    env = with_package(**environment)
    done = subprocess.run(
        command, input=told, capture_output=True, text=True, timeout=60, env=env, check=False
    )
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def test_quickstart(authority: Authority) -> None:
    assert run("quickstart.py").endswith("quickstart ok\n")
    told = run("quickstart.py", authority.url, GATEPASS_ADMIN_PASSWORD=authority.password)
    assert told.endswith("quickstart ok\n")
    assert "superseded" in told


def test_quickstart_with_a_sandbox() -> None:
    told = run("quickstart.py", "--sandbox", GATEPASS_PROGRAM=str(PROGRAM))
    assert told.endswith("quickstart ok\n")
    for api in ("config", "scim", "rest"):
        assert told.count(f" by the {api} token: 401") == 2
        assert told.count(f"opened   {api} by the {api} token") == 1


def test_export_people(sandbox: Authority) -> None:
    with sandbox.connect() as gp:
        token = gp.tokens.create(name(), "rest", expires=days(1)).secret.reveal()
    asked = ["export_people.py", f"{sandbox.url}/adap", "ou=People,o=acme"]
    rows = list(csv.DictReader(run(*asked, ADAP_TOKEN=token).splitlines()))
    assert len(rows) == 300
    assert all(row["mail"].endswith("@example.com") for row in rows)
    fewer = list(csv.DictReader(run(*asked, "--department", "Finance", ADAP_TOKEN=token).splitlines()))
    assert 0 < len(fewer) < 300
    assert "authentication_failed" in run(*asked, code=1, ADAP_TOKEN="wrong")


def test_deactivate_leavers(sandbox: Authority) -> None:
    called = name()
    with sandbox.connect() as gp:
        token = gp.tokens.create(name(), "scim", expires=days(1)).secret
    with gatepass.ScimClient(f"{sandbox.url}/scim2/v2", token) as scim:
        users = scim.resources("Users")
        id = users.create(
            {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": called, "active": True}
        )["id"]
        asked = ["deactivate_leavers.py", f"{sandbox.url}/scim2/v2"]
        secret = token.reveal()
        assert f"{called}: would be" in run(*asked, told=f"{called}\n\n", SCIM_TOKEN=secret)
        assert users.get(id)["active"] is True
        told = run(*asked, "--go", told=f"{called}\nnobody-of-this-name\n", code=1, SCIM_TOKEN=secret)
        assert f"{called}: deactivated\nnobody-of-this-name: there is nobody" in told
        assert users.get(id)["active"] is False
        assert "inactive already" in run(*asked, "--go", told=called, SCIM_TOKEN=secret)
        users.delete(id)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "tokens.db"
    with gatepass.open(path) as gp:
        for called in ("soon/1", "soon 2"):
            gp.tokens.create(called, "rest", expires=days(7))
        gp.tokens.create("later", "rest", expires=days(60))
    return path


def test_nightly_rotation(store: Path, tmp_path: Path) -> None:
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    asked = ["--store", store, "--to", secrets]
    dry = run("nightly_rotation.py", *asked)
    assert "would rotate soon/1" in dry
    assert "later" not in dry
    assert not list(secrets.iterdir())
    told = run("nightly_rotation.py", *asked, "--go")
    assert "rotated 2 of 2 tokens" in told
    files = sorted(secrets.iterdir())
    assert [path.name for path in files] == ["soon_1", "soon_2"]
    with gatepass.open(store) as gp:
        for path in files:
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert path.read_text().strip() not in told
            assert gp.tokens.check_secret(path.read_text().strip(), "rest")
        assert not list(gp.tokens.list(expires_within=days(14)))
    assert "nothing ends" in run("nightly_rotation.py", *asked, "--go")


def test_nightly_rotation_after_a_crash(store: Path, tmp_path: Path) -> None:
    """The run before was killed after a secret was made and before it had arrived."""
    with gatepass.open(store) as gp:
        lost = gp.tokens.begin_rotation("soon/1", grace=days(1))
    assert "rotated 2 of 2" in run("nightly_rotation.py", "--store", store, "--to", tmp_path, "--go")
    with gatepass.open(store) as gp:
        assert not gp.tokens.check_secret(lost.secret, "rest")
        assert gp.tokens.check_secret((tmp_path / "soon_1").read_text().strip(), "rest")


def test_nightly_rotation_that_cannot_deliver(store: Path, tmp_path: Path) -> None:
    told = run("nightly_rotation.py", "--store", store, "--to", tmp_path / "nowhere", "--go", code=1)
    assert "rotated 0 of 2" in told
    assert "No such file" in told
    with gatepass.open(store) as gp:
        assert len(list(gp.tokens.list(expires_within=days(14)))) == 2


def test_nightly_rotation_on_a_server(authority: Authority, tmp_path: Path) -> None:
    called = name()
    with authority.connect() as gp:
        admin = gp.tokens.create(name(), "config", roles=["Directory Administrator"], expires=days(100))
        gatepass.to_file(tmp_path / "admin")(admin.secret)
        gp.tokens.create(called, "scim", expires=days(7))
        asked = ["--server", authority.url, "--token-file", tmp_path / "admin", "--to", tmp_path]
        run("nightly_rotation.py", *asked, "--go")
        assert gp.tokens.check_secret((tmp_path / called).read_text().strip(), "scim")


def test_expiring_report(store: Path) -> None:
    told = run("expiring_report.py", "--store", store)
    assert "soon/1" in told
    assert "later" not in told
    rows = list(
        csv.DictReader(run("expiring_report.py", "--store", store, "--csv", "--within", 90).splitlines())
    )
    assert [row["token"] for row in rows[2:]] == ["later"]
    assert rows[0]["days left"] == "6"


@contextmanager
def serving(*command: object, **environment: str) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    words = [sys.executable, "-m", *map(str, command), "--port", str(port)]
    env = with_package(**environment)
    with subprocess.Popen(words, cwd=EXAMPLES, env=env, stderr=subprocess.PIPE, text=True) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            for _ in range(200):
                assert process.poll() is None, process.stderr and process.stderr.read()
                try:
                    httpx.get(url)
                    break
                except httpx.TransportError:
                    time.sleep(0.05)
            yield url
        finally:
            process.terminate()
            process.communicate(timeout=20)


def test_fastapi_app(authority: Authority) -> None:
    """It checks by a replica of the authority."""
    with authority.connect() as gp:
        gateway = gp.tokens.create(name(), "config", roles=["Directory Administrator"], expires=days(1))
        called = name()
        client = gp.tokens.create(called, "rest", scopes=["orders:read"], target_dn="o=acme", expires=days(1))
        environment = {"GATEPASS_SERVER": authority.url, "GATEPASS_TOKEN": gateway.secret.reveal()}
        with serving("uvicorn", "fastapi_app:app", "--log-level", "warning", **environment) as url:
            auth = gatepass.auth(client.secret)
            assert httpx.get(f"{url}/orders", auth=auth).json() == {"orders_of": "o=acme"}
            assert httpx.post(f"{url}/orders", auth=auth).status_code == 403
            assert httpx.get(f"{url}/orders").status_code == 401
            assert httpx.get(f"{url}/ready").json() == {"ready": True}
            assert "Gatepass" in httpx.get(f"{url}/openapi.json").json()["components"]["securitySchemes"]
            gp.tokens.revoke(called)
            deadline = time.monotonic() + 5
            while httpx.get(f"{url}/orders", auth=auth).status_code != 401:
                assert time.monotonic() < deadline


def test_flask_app(store: Path) -> None:
    with gatepass.open(store) as gp:
        client = gp.tokens.create(
            "client", "rest", scopes=["orders:read"], target_dn="o=acme", expires=days(1)
        )
        with serving("flask", "--app", "flask_app", "run", GATEPASS_STORE=str(store)) as url:
            auth = gatepass.auth(client.secret)
            assert httpx.get(f"{url}/orders", auth=auth).json() == {"orders_of": "o=acme"}
            assert httpx.get(f"{url}/people", auth=auth).status_code == 401


def test_the_readme_s_first_lines(tmp_path: Path) -> None:
    """What the page on PyPI shows is what works."""
    page = (ROOT / "bindings-python" / "README.md").read_text()
    blocks = [block.split("```")[0] for block in page.split("```python\n")[1:]]
    assert len(blocks) >= 3
    for block in blocks:
        compile(block, "README.md", "exec")
    program = f"import os\nos.chdir({str(tmp_path)!r})\n" + blocks[0]
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, env=with_package()
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "access denied: missing\nnightly-sync\n"


def test_the_fixtures_of_pytest(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(
        "import gatepass\n"
        "def test_it(gatepass_store, gatepass_clock):\n"
        "    new = gatepass_store.tokens.create('t', 'rest', expires=gatepass.days(1))\n"
        "    guard = gatepass_store.verifier().guard('rest')\n"
        "    assert guard.check_secret(new.secret)\n"
        "    gatepass_clock.advance(gatepass.days(1))\n"
        "    assert guard.check_secret(new.secret).reason in {'expired', 'stale'}\n"
        "    assert gatepass_store.tokens.get('t').status == 'expired'\n"
    )
    command = [sys.executable, "-m", "pytest", "-p", "gatepass.testing.plugin", "-q", "."]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, check=False, env=with_package()
    )
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout
