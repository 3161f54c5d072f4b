"""The middleware, with the real frameworks: what RFC 6750 says, and nothing of the reason."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
import wsgiref.simple_server
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import django.conf
import django.core.asgi
import django.core.wsgi
import django.http
import django.urls
import fastapi
import fastapi.testclient
import flask
import gatepass
import gatepass.asgi
import gatepass.django
import gatepass.fastapi
import gatepass.flask
import gatepass.wsgi
import httpx
import pytest
import starlette.applications
import starlette.middleware
import starlette.requests
import starlette.responses
import starlette.routing
import starlette.testclient
import starlette.websockets
from gatepass import days
from gatepass._http import AnyGuard
from provider import Provider
from support import Authority, name, with_package

Get = Callable[..., Any]


@pytest.fixture
def secret(gatepass_store: gatepass.Gatepass) -> str:
    new = gatepass_store.tokens.create(
        "sync",
        "rest",
        scopes=["orders:read"],
        target_dn="uid=sync,o=acme",
        networks=["192.0.2.0/24"],
        expires=days(1),
    )
    return new.secret.reveal()


@pytest.fixture
def verifier(gatepass_store: gatepass.Gatepass, secret: str) -> gatepass.Verifier:
    return gatepass_store.verifier()


def wsgi_client(app: Any) -> Get:
    def get(path: str, headers: Any = None, peer: str = "192.0.2.1") -> httpx.Response:
        with httpx.Client(
            transport=httpx.WSGITransport(app, remote_addr=peer), base_url="http://test"
        ) as client:
            return client.get(path, headers=headers)

    return get


def asgi_client(app: Any) -> Get:
    def get(path: str, headers: Any = None, peer: str = "192.0.2.1") -> Any:
        return starlette.testclient.TestClient(app, client=(peer, 4711)).get(path, headers=headers)

    return get


#: What Django finds by the name in its settings.
protected_by_middleware: Any = None


def starlette_app(read: AnyGuard, write: AnyGuard) -> Get:
    async def show(request: starlette.requests.Request) -> starlette.responses.Response:
        assert request.scope["gatepass.access"] is request.state.access
        return starlette.responses.JSONResponse({"dn": request.state.access.target_dn})

    def protected(guard: AnyGuard) -> starlette.middleware.Middleware:
        return starlette.middleware.Middleware(
            gatepass.asgi.Protect, guard=guard, realm="orders", trusted_proxies=["10.0.0.0/8"]
        )

    routes = [
        starlette.routing.Route("/read", show, middleware=[protected(read)]),
        starlette.routing.Route("/write", show, middleware=[protected(write)]),
    ]
    return asgi_client(starlette.applications.Starlette(routes=routes))


def fastapi_app(verifier: gatepass.fastapi.Verifier) -> fastapi.FastAPI:
    app = fastapi.FastAPI()
    bearer = gatepass.fastapi.Bearer(verifier, "rest", realm="orders", trusted_proxies=["10.0.0.0/8"])

    @app.get("/read")
    def read(access: gatepass.Access = bearer.requires("orders:read")) -> dict[str, str | None]:  # noqa: B008
        return {"dn": access.target_dn}

    @app.get("/write", dependencies=[bearer.requires("orders:write")])
    async def write() -> None:
        pass

    return app


def flask_app(read: gatepass.Guard, write: gatepass.Guard) -> Get:
    app = flask.Flask("test")

    @app.get("/read")
    @gatepass.flask.protect(read, realm="orders", trusted_proxies=["10.0.0.0/8"])
    def show() -> dict[str, str | None]:
        return {"dn": flask.g.access.target_dn}

    @app.get("/write")
    @gatepass.flask.protect(write, realm="orders")
    async def write_some() -> dict[str, str]:
        return {}

    return wsgi_client(app)


def plain_wsgi_app(read: AnyGuard, write: AnyGuard) -> Get:
    def show(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps({"dn": environ["gatepass.access"].target_dn}).encode()]

    protected = {
        "/read": gatepass.wsgi.Protect(show, read, realm="orders", trusted_proxies=["10.0.0.0/8"]),
        "/write": gatepass.wsgi.Protect(show, write, realm="orders"),
    }
    return wsgi_client(lambda environ, start: protected[environ["PATH_INFO"]](environ, start))


def django_app(read: gatepass.Guard, write: gatepass.Guard, *, asgi: bool, middleware: bool = False) -> Get:
    global protected_by_middleware
    protect_read = gatepass.django.protect(read, realm="orders", trusted_proxies=["10.0.0.0/8"])
    protected_by_middleware = protect_read

    def show(request: Any) -> django.http.HttpResponse:
        return django.http.JsonResponse({"dn": request.access.target_dn})

    async def show_async(request: Any) -> django.http.HttpResponse:
        return show(request)

    urls = [
        django.urls.path("read", protect_read(show)),
        django.urls.path("async/read", protect_read(show_async)),
        django.urls.path("write", gatepass.django.protect(write, realm="orders")(show)),
        django.urls.path("free", show),
    ]
    if not django.conf.settings.configured:
        django.conf.settings.configure(ALLOWED_HOSTS=["*"], SECRET_KEY="x", USE_TZ=True)
    django.conf.settings.ROOT_URLCONF = type("Urls", (), {"urlpatterns": urls})
    django.conf.settings.MIDDLEWARE = [f"{__name__}.protected_by_middleware"] if middleware else []
    django.urls.clear_url_caches()
    made = django.core.asgi.get_asgi_application() if asgi else django.core.wsgi.get_wsgi_application()
    return asgi_client(made) if asgi else wsgi_client(made)


FRAMEWORKS = ["starlette", "fastapi", "flask", "wsgi", "django", "django asgi"]


@pytest.fixture(params=FRAMEWORKS)
def get(request: pytest.FixtureRequest, verifier: gatepass.Verifier) -> Get:
    read, write = verifier.guard("rest", ["orders:read"]), verifier.guard("rest", ["orders:write"])
    match request.param:
        case "starlette":
            return starlette_app(read, write)
        case "fastapi":
            return asgi_client(fastapi_app(verifier))
        case "flask":
            return flask_app(read, write)
        case "wsgi":
            return plain_wsgi_app(read, write)
        case other:
            return django_app(read, write, asgi=other == "django asgi")


def test_who_has_a_token_gets_in(get: Get, secret: str) -> None:
    answer = get("/read", {"Authorization": f"Bearer {secret}"})
    assert (answer.status_code, answer.json()) == (200, {"dn": "uid=sync,o=acme"})
    assert get("/read", {"authorization": f"bEARER {secret}"}).status_code == 200


def test_who_has_none_is_told_what_rfc_6750_says(get: Get, secret: str) -> None:
    missing = get("/read")
    assert missing.status_code == 401
    assert missing.headers["WWW-Authenticate"] == 'Bearer realm="orders"'
    assert missing.headers["Cache-Control"] == "no-store"
    basic = get("/read", {"Authorization": "Basic eDp5"})
    assert basic.headers["WWW-Authenticate"] == missing.headers["WWW-Authenticate"]
    malformed = get("/read", {"Authorization": "Bearer a b"})
    assert malformed.status_code == 400
    assert 'error="invalid_request"' in malformed.headers["WWW-Authenticate"]
    wrong = [
        get("/read", {"Authorization": f"Bearer {sent}"})
        for sent in ("nonsense", secret[:-1] + "!", secret[:-3] + "abc")
    ]
    wrong += [get("/read", {"Authorization": f"Bearer {gatepass.testing.generate_secret('rest').reveal()}"})]
    assert {answer.status_code for answer in wrong[:1] + wrong[2:]} == {401}
    assert len({answer.headers["WWW-Authenticate"] for answer in wrong[:1] + wrong[2:]}) == 1
    assert len({answer.text for answer in wrong[:1] + wrong[2:]}) == 1
    few = get("/write", {"Authorization": f"Bearer {secret}"})
    assert few.status_code == 403
    assert 'error="insufficient_scope"' in few.headers["WWW-Authenticate"]
    assert 'scope="orders:write"' in few.headers["WWW-Authenticate"]
    assert "insufficient_scope" in few.text


def test_networks_and_proxies(get: Get, secret: str) -> None:
    header = {"Authorization": f"Bearer {secret}"}
    assert get("/read", header, peer="203.0.113.9").status_code == 401
    forwarded = {**header, "X-Forwarded-For": "192.0.2.7"}
    assert get("/read", forwarded, peer="203.0.113.9").status_code == 401
    assert get("/read", forwarded, peer="10.0.0.1").status_code == 200
    assert (
        get("/read", {**header, "X-Forwarded-For": "192.0.2.7, 203.0.113.9"}, peer="10.0.0.1").status_code
        == 401
    )
    assert get("/read", header, peer="unix socket").status_code == 401


def test_what_was_revoked_is_refused(
    get: Get, secret: str, gatepass_store: gatepass.Gatepass, verifier: gatepass.Verifier
) -> None:
    assert get("/read", {"Authorization": f"Bearer {secret}"}).status_code == 200
    verifier.wait_for(gatepass_store.tokens.revoke("sync").revision)
    assert get("/read", {"Authorization": f"Bearer {secret}"}).status_code == 401


def test_nobody_is_let_in_without_news(
    get: Get, secret: str, gatepass_clock: Any, verifier: gatepass.Verifier
) -> None:
    verifier.close()
    answer = get("/read", {"Authorization": f"Bearer {secret}"})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert "WWW-Authenticate" not in answer.headers


def test_both_kinds_of_token_pass(
    request: pytest.FixtureRequest,
    get: Get,
    secret: str,
    gatepass_store: gatepass.Gatepass,
    verifier: gatepass.Verifier,
    provider: Provider,
) -> None:
    """While keys are being fetched, what has an event loop waits for them, and what has none says so."""
    framework = request.node.callspec.params["get"]
    path = "/async/read" if framework == "django asgi" else "/read"
    external = {"Authorization": provider.header()}
    provider.gate.clear()
    gatepass_store.validators.create(provider.validator(claims_mapping=["uid=${sub},o=acme"]))
    verifier.wait_for(gatepass_store.revision)
    assert get(path, {"Authorization": f"Bearer {secret}"}).json() == {"dn": "uid=sync,o=acme"}
    if framework in {"starlette", "fastapi", "django asgi"}:
        threading.Timer(0.3, provider.gate.set).start()
        answer = get(path, external)
    else:
        waiting = get(path, external)
        assert (waiting.status_code, "Retry-After" in waiting.headers) == (503, True)
        assert "WWW-Authenticate" not in waiting.headers
        provider.gate.set()
        end = time.monotonic() + 10
        while (answer := get(path, external)).status_code == 503 and time.monotonic() < end:
            time.sleep(0.02)
    assert (answer.status_code, answer.json()) == (200, {"dn": "uid=ada,o=acme"})
    refused = get(path, {"Authorization": provider.header(aud="other")})
    assert refused.status_code == 401
    assert 'error="invalid_token"' in refused.headers["WWW-Authenticate"]
    assert "audience" not in refused.headers["WWW-Authenticate"] + refused.text
    assert get(path, {"Authorization": f"Bearer {secret}"}).status_code == 200


def test_two_headers_are_no_header(verifier: gatepass.Verifier, secret: str) -> None:
    headers = [("Authorization", f"Bearer {secret}")] * 2
    for get in (
        starlette_app(verifier.guard("rest"), verifier.guard("rest")),
        asgi_client(fastapi_app(verifier)),
    ):
        assert get("/read", headers).status_code == 400


def test_async_views_and_middleware_of_django(verifier: gatepass.Verifier, secret: str) -> None:
    read = verifier.guard("rest", ["orders:read"])
    header = {"Authorization": f"Bearer {secret}"}
    for asgi in (True, False):
        get = django_app(read, read, asgi=asgi)
        assert get("/async/read", header).json() == {"dn": "uid=sync,o=acme"}
        assert get("/async/read").status_code == 401
        get = django_app(read, read, asgi=asgi, middleware=True)
        assert get("/free", header).json() == {"dn": "uid=sync,o=acme"}
        assert get("/free").status_code == 401


def test_openapi_shows_what_is_needed(verifier: gatepass.Verifier) -> None:
    document = fastapi_app(verifier).openapi()
    scheme = document["components"]["securitySchemes"]["Gatepass"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    assert document["paths"]["/read"]["get"]["security"] == [{"Gatepass": ["orders:read"]}]
    assert document["paths"]["/write"]["get"]["security"] == [{"Gatepass": ["orders:write"]}]
    with pytest.raises(gatepass.InvalidInputError):
        gatepass.fastapi.Bearer(verifier, "rest").requires("not a scope")


@pytest.mark.parametrize("kind", ["starlette", "fastapi", "fastapi aio", "wsgi"])
def test_a_server_that_is_asked_about_each_token(own_authority: Authority, kind: str) -> None:
    with own_authority.connect() as gp:
        new = gp.tokens.create("t", "rest", target_dn="o=acme", scopes=["orders:read"], expires=days(1))
        remote = gp.remote_verifier()
        read = remote.guard("rest", ["orders:read"])
        aio = gatepass._async.RemoteVerifier(remote._index)
        match kind:
            case "starlette":
                get = starlette_app(read, read)
            case "wsgi":
                get = plain_wsgi_app(read, read)
            case _:
                get = asgi_client(fastapi_app(remote if kind == "fastapi" else aio))
        header = {"Authorization": f"Bearer {new.secret.reveal()}"}
        assert get("/read", header).json() == {"dn": "o=acme"}
        assert get("/read").status_code == 401
        gp.tokens.revoke("t")
        assert get("/read", header).status_code == 401
        own_authority.process.kill()
        answer = get("/read", header)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")


def test_websockets(verifier: gatepass.Verifier, secret: str) -> None:
    async def greet(socket: starlette.websockets.WebSocket) -> None:
        await socket.accept()
        await socket.send_text(socket.state.access.name)
        await socket.close()

    route = starlette.routing.WebSocketRoute("/", greet)
    app = gatepass.asgi.Protect(starlette.applications.Starlette(routes=[route]), verifier.guard("rest"))
    client = starlette.testclient.TestClient(app, client=("192.0.2.1", 1))
    with client.websocket_connect("/", headers={"Authorization": f"Bearer {secret}"}) as socket:
        assert socket.receive_text() == "sync"
    with (
        pytest.raises(starlette.testclient.WebSocketDenialResponse) as refused,
        client.websocket_connect("/"),
    ):
        pass
    assert refused.value.status_code == 401
    assert refused.value.headers["WWW-Authenticate"] == 'Bearer realm="api"'


def test_denials_are_logged_and_redacted_secrets_named(
    verifier: gatepass.Verifier, secret: str, caplog: pytest.LogCaptureFixture
) -> None:
    app = gatepass.wsgi.Protect(lambda environ, start_response: [], verifier.guard("rest"))
    redacted = f"Bearer {gatepass.Secret(secret)}".encode().decode("latin-1")  # as servers have it
    caplog.set_level("INFO", "gatepass")
    app({"HTTP_AUTHORIZATION": redacted}, lambda *_: None)
    app({"HTTP_AUTHORIZATION": f"Bearer {secret}", "REMOTE_ADDR": "203.0.113.9"}, lambda *_: None)
    assert "reveal()" in caplog.text
    assert "network_not_allowed" in caplog.text
    assert secret not in caplog.text


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(url: str, header: dict[str, str], process: subprocess.Popen[Any]) -> httpx.Response:
    for _ in range(200):
        assert process.poll() is None
        try:
            return httpx.get(url, headers=header)
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError("it does not answer")


PRELOADED = """
    import os, gatepass
    from gatepass.wsgi import Protect

    gp = gatepass.connect(os.environ["URL"], username="admin", password=os.environ["PASSWORD"])
    gp.myself()  # before forking
    early = gp.verifier().guard("rest") if os.environ.get("EARLY") else None

    def guard():
        own = gatepass.connect(os.environ["URL"], username="admin", password=os.environ["PASSWORD"])
        return own.verifier().guard("rest")

    def hello(environ, start_response):
        start_response("200 OK", [])
        return [environ["gatepass.access"].name.encode()]

    app = Protect(hello, early or guard)
"""


@pytest.mark.parametrize("early", [True, False], ids=["made before forking", "made in each process"])
def test_gunicorn_preload(authority: Authority, tmp_path: Path, early: bool) -> None:
    (tmp_path / "preloaded.py").write_text(textwrap.dedent(PRELOADED))
    with authority.connect() as gp:
        new = gp.tokens.create(name(), "rest", expires=days(1))
    port = free_port()
    environment = {
        **with_package(),
        "URL": authority.url,
        "PASSWORD": authority.password,
        "EARLY": "1" if early else "",
    }
    command = [
        sys.executable,
        "-m",
        "gunicorn",
        "--preload",
        "--workers=2",
        f"--bind=127.0.0.1:{port}",
        "preloaded:app",
    ]
    with (
        (tmp_path / "log").open("w") as log,
        subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=log) as process,
    ):
        try:
            header = {"Authorization": f"Bearer {new.secret.reveal()}"}
            answer = answers(f"http://127.0.0.1:{port}/", header, process)
            if early:
                assert answer.status_code == 500
                assert "before os.fork()" in (tmp_path / "log").read_text()
            else:
                assert (answer.status_code, answer.text) == (200, new.token.name)
                assert httpx.get(f"http://127.0.0.1:{port}/").status_code == 401
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


@pytest.fixture
def wsgi_server() -> Iterator[Callable[[Any], str]]:
    servers: list[wsgiref.simple_server.WSGIServer] = []

    class Quiet(wsgiref.simple_server.WSGIRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    def serve(app: Any) -> str:
        server = wsgiref.simple_server.make_server("127.0.0.1", 0, app, handler_class=Quiet)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def test_a_real_wsgi_server(gatepass_store: gatepass.Gatepass, wsgi_server: Callable[[Any], str]) -> None:
    new = gatepass_store.tokens.create("local", "rest", networks=["127.0.0.1"], expires=days(1))

    def hello(environ: Any, start_response: Any) -> list[bytes]:
        start_response("200 OK", [])
        return [b"hello"]

    url = wsgi_server(gatepass.wsgi.Protect(hello, gatepass_store.verifier().guard("rest")))
    assert httpx.get(url, auth=gatepass.auth(new.secret)).text == "hello"
    assert httpx.get(url).status_code == 401
    bad = b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \xff\xfe\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as connection:
        connection.sendall(bad)
        assert connection.recv(100).startswith(b"HTTP/1.0 400 ")
