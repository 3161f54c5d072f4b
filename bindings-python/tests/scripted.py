"""A server that answers as a test says, and tells what it was asked."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TOKEN = "gpr_8fK2mQ0aZx71_d9Jw0Qb3yVn5uTz1KcXe7Lg2Rh4Ms6p0ghEG1"


@dataclass(frozen=True)
class Asked:
    """What a client sent."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def line(self) -> str:
        return f"{self.method} {self.target}"

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """What is answered; where it is cut, less of the body than was said."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False

    @property
    def encoded(self) -> bytes:
        if isinstance(self.body, str):
            return self.body.encode()
        return b"" if self.body is None else json.dumps(self.body).encode()


class Scripted:
    """Serves, until it is closed, what `answer` says."""

    def __init__(self, path: str = "/adap") -> None:
        self.asked: list[Asked] = []
        self.answer: Callable[[Asked], Reply] = lambda asked: Reply({"httpStatus": 200})
        script = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except (ConnectionError, BrokenPipeError):
                    self.close_connection = True  # the client has gone, as some tests want

            def do(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                asked = Asked(self.command, self.path, headers, body)
                script.asked.append(asked)
                reply = script.answer(asked)
                sent = reply.encoded
                self.send_response(reply.status)
                for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                    self.send_header(name, value)
                if reply.status not in (204, 304):
                    self.send_header("Content-Length", str(len(sent) + (100 if reply.cut else 0)))
                self.end_headers()
                self.wfile.write(sent)
                self.close_connection = self.close_connection or reply.cut

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}{path}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def lines(self) -> list[str]:
        """What it was asked since this was last wanted to be known."""
        lines, self.asked = [asked.line for asked in self.asked], []
        return lines

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


def people(first: int, last: int) -> list[dict[str, Any]]:
    """Entries of these numbers."""
    return [
        {
            "dn": f"uid=u{n},o=x",
            "attributes": {"uid": [f"u{n}"], "mail": [f"u{n}@x.example", "more@x.example"]},
        }
        for n in range(first, last)
    ]


def paging(entries: int, size: int) -> Callable[[Asked], Reply]:
    """Pages as the vendor's server does: one cookie for the whole search, and the last page says `null`."""
    at = 0

    def answer(asked: Asked) -> Reply:
        nonlocal at
        if "pageSize=0" in asked.target:
            return Reply({"resources": [], "totalResults": -3, "count": 0, "cookie": "null"})
        if "cookie=" not in asked.target:
            at = 0
        page = people(at, min(at + size, entries))
        at += size
        cookie = "null" if at >= entries else "localhost=NTEy"
        return Reply({"resources": page, "totalResults": -2, "count": len(page), "cookie": cookie})

    return answer


def eventually(holds: Callable[[], bool]) -> None:
    """Within five seconds."""
    deadline = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)
