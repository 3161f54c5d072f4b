"""Measures the data clients against httpx, in processes of their own: run by `tools/bench.py`, prints rows.

A small server with answers made beforehand, so that the clients are what is measured.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gatepass
import httpx

ENTRIES, FEWER, PAGE = 500_000, 50_000, 1_000
OPERATIONS = 10_000
ROUNDS = 3
TOKEN = "gpr_8fK2mQ0aZx71_d9Jw0Qb3yVn5uTz1KcXe7Lg2Rh4Ms6p0ghEG1"
SEARCH = {"scope": "sub", "sizeLimit": "0", "pageSize": str(PAGE), "returnMode": "array"}


# The server


def person(name: str) -> dict[str, list[str]]:
    return {
        "objectClass": ["top", "person", "organizationalPerson", "inetOrgPerson"],
        "uid": [name],
        "cn": [f"Person of the name {name}"],
        "sn": [name],
        "mail": [f"{name}@acme.example", f"{name}@people.acme.example"],
        "telephoneNumber": ["+44 20 7946 0958"],
        "employeeType": ["contractor"],
    }


def user(name: str) -> dict[str, Any]:
    return {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "id": f"uid={name},ou=People,o=acme",
        "userName": name,
        "name": {"familyName": name, "givenName": "Person"},
        "emails": [{"value": f"{name}@acme.example", "type": "work", "primary": True}],
        "active": True,
        "meta": {"resourceType": "User", "version": f'W/"{name}"'},
    }


def text(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


class Canned:
    """Answers whose first entry alone differs from page to page: a client takes the same page twice for a mistake."""

    def __init__(self) -> None:
        names = [f"u{number:07}" for number in range(PAGE)]
        self.entries = b",".join(
            text({"dn": f"uid={name},ou=People,o=acme", "attributes": person(name)}) for name in names[1:]
        )
        self.users = b",".join(text(user(name)) for name in names[1:])
        self.done = text(
            {
                "Operations": [
                    {"method": "PATCH", "dn": f"uid=u{number:07},ou=People,o=acme", "status": {"code": "200"}}
                    for number in range(OPERATIONS)
                ]
            }
        )

    def answer(self, target: bytes) -> list[bytes]:
        if target.startswith(b"/adap/bulk"):
            return [self.done]
        total = FEWER if b"fewer" in target else ENTRIES
        if target.startswith(b"/scim2"):
            start = int(re.search(rb"startIndex=(\d+)", target)[1])  # type: ignore[index]
            first = text(user(f"first{start}"))
            head = b'{"totalResults":%d,"startIndex":%d,"itemsPerPage":%d,"Resources":[' % (
                total,
                start,
                PAGE,
            )
            return [head, first, b",", self.users, b"]}"]
        cookie = re.search(rb"cookie=c(\d+)", target)
        number = int(cookie[1]) if cookie else 0
        name = f"first{number}"
        first = text({"dn": f"uid={name},ou=People,o=acme", "attributes": person(name)})
        end = b"null" if (number + 1) * PAGE >= total else b"c%d" % (number + 1)
        tail = b'],"totalResults":-2,"count":%d,"cookie":"%s"}' % (PAGE, end)
        return [b'{"resources":[', first, b",", self.entries, tail]


def serve() -> None:
    canned = Canned()
    listener = socket.create_server(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)

    def talk(client: socket.socket) -> None:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        read = b""
        while True:
            while b"\r\n\r\n" not in read:
                more = client.recv(1 << 16)
                if not more:
                    return
                read += more
            head, _, read = read.partition(b"\r\n\r\n")
            length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
            left = (int(length[1]) if length else 0) - len(read)
            while left > 0:
                left -= len(client.recv(1 << 20))
            read = b""
            body = canned.answer(head.split(b" ", 2)[1])
            size = sum(map(len, body))
            client.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % size
            )
            client.sendall(b"".join(body))

    while True:
        threading.Thread(target=talk, args=(listener.accept()[0],), daemon=True).start()


# The clients: each gives how many it has seen


def peer() -> httpx.Client:
    return httpx.Client(headers={"Authorization": f"Bearer {TOKEN}"})


def rest(url: str, base: str) -> int:
    found = 0
    with gatepass.RestClient(f"{url}/adap", TOKEN) as client:
        for entry in client.search(base, page_size=PAGE):
            if entry.dn and entry.first("mail"):
                found += 1
    return found


def rest_by_httpx(url: str, base: str) -> int:
    found, params = 0, dict(SEARCH)
    with peer() as client:
        while True:
            answer = client.get(f"{url}/adap/{base}", params=params).raise_for_status().json()
            for entry in answer["resources"]:
                if entry["dn"] and entry["attributes"]["mail"][0]:
                    found += 1
            if answer["cookie"] == "null":
                return found
            params["cookie"] = answer["cookie"]


async def rest_aio(url: str, base: str) -> int:
    found = 0
    async with gatepass.aio.RestClient(f"{url}/adap", TOKEN) as client:
        async for entry in client.search(base, page_size=PAGE):
            if entry.dn and entry.first("mail"):
                found += 1
    return found


async def rest_aio_by_httpx(url: str, base: str) -> int:
    found, params = 0, dict(SEARCH)
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {TOKEN}"}) as client:
        while True:
            answer = (await client.get(f"{url}/adap/{base}", params=params)).raise_for_status().json()
            for entry in answer["resources"]:
                if entry["dn"] and entry["attributes"]["mail"][0]:
                    found += 1
            if answer["cookie"] == "null":
                return found
            params["cookie"] = answer["cookie"]


def scim(url: str, base: str) -> int:
    found = 0
    with gatepass.ScimClient(f"{url}/scim2/v2", TOKEN) as client:
        for one in client.resources("Users").list(page_size=PAGE):
            if one["id"] and one["emails"][0]["value"]:
                found += 1
    return found


def scim_by_httpx(url: str, base: str) -> int:
    found, start, total = 0, 1, 1
    with peer() as client:
        while start <= total:
            params = {"startIndex": str(start), "count": str(PAGE)}
            answer = client.get(f"{url}/scim2/v2/Users", params=params).raise_for_status().json()
            for one in answer["Resources"]:
                if one["id"] and one["emails"][0]["value"]:
                    found += 1
            total, start = answer["totalResults"], start + len(answer["Resources"])
    return found


def bulk(url: str, base: str) -> int:
    changes = [gatepass.Mod.replace("employeeType", "employee")]
    with gatepass.RestClient(f"{url}/adap", TOKEN) as client:
        done = client.bulk(
            gatepass.BulkOperation.modify(f"uid=u{number:07},ou=People,o=acme", changes)
            for number in range(OPERATIONS)
        )
        return sum(map(bool, done))


def bulk_by_httpx(url: str, base: str) -> int:
    changes = {"mods": [{"attribute": "employeeType", "type": "REPLACE", "values": ["employee"]}]}
    operations = [
        {"method": "PATCH", "dn": f"uid=u{number:07},ou=People,o=acme", "params": changes}
        for number in range(OPERATIONS)
    ]
    with peer() as client:
        answer = client.post(f"{url}/adap/bulk", json={"Operations": operations}).raise_for_status().json()
        return sum(one["status"]["code"] == "200" for one in answer["Operations"])


CLIENTS: dict[str, Callable[[str, str], int]] = {
    "rest": rest,
    "rest by httpx": rest_by_httpx,
    "rest, asyncio": lambda url, base: asyncio.run(rest_aio(url, base)),
    "rest, asyncio by httpx": lambda url, base: asyncio.run(rest_aio_by_httpx(url, base)),
    "scim": scim,
    "scim by httpx": scim_by_httpx,
    "bulk": bulk,
    "bulk by httpx": bulk_by_httpx,
}


def run(which: str, url: str, base: str) -> None:
    """One client in this process: how long it took, and how much memory there ever was."""
    begun = time.perf_counter()
    found = CLIENTS[which](url, base)
    seconds = time.perf_counter() - begun
    status = Path("/proc/self/status").read_text()  # `ru_maxrss` begins with what the parent had
    peak = int(status.split("VmHWM:")[1].split()[0]) / 1024
    print(json.dumps([found, seconds, peak]))


def measured(which: str, url: str, base: str, expected: int) -> tuple[float, float]:
    command = [sys.executable, "-I", __file__, "run", which, url, base]
    found, seconds, peak = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    assert found == expected, f"{which} found {found}"
    return seconds, peak


def row(
    name: str, unit: str, value: float, peer: str, peer_value: float, least: float | None
) -> dict[str, Any]:
    ratio = peer_value / value
    bar = None if least is None else f">= {least:g}"
    ok = least is None or ratio >= least
    measures = {"name": name, "unit": unit, "value": value, "peer": peer, "peer_value": peer_value}
    return {**measures, "ratio": ratio, "bar": bar, "ok": ok}


def rows(url: str) -> list[dict[str, Any]]:
    made = []
    for which, what, expected, least in (
        ("rest", f"{ENTRIES // 1000} k entries", ENTRIES, 1.0),
        ("rest, asyncio", f"{ENTRIES // 1000} k entries", ENTRIES, 1.0),
        ("scim", f"{ENTRIES // 1000} k resources", ENTRIES, 1.0),
        ("bulk", f"{OPERATIONS // 1000} k operations in one call", OPERATIONS, None),
    ):
        own, theirs = [], []
        for _ in range(ROUNDS):
            own.append(measured(which, url, "o=acme", expected))
            theirs.append(measured(f"{which} by httpx", url, "o=acme", expected))
        (seconds, peak), (their_seconds, their_peak) = (
            map(statistics.median, zip(*of, strict=True)) for of in (own, theirs)
        )
        made.append(row(f"python {which}, {what}", "s", seconds, "httpx", their_seconds, least))
        made.append(row(f"python {which}, {what}: peak memory", "MiB", peak, "httpx", their_peak, None))
        if which == "rest":
            _, fewer = measured(which, url, "o=fewer", FEWER)
            name = f"python {which}, {what}: peak memory, bounded"
            made.append(row(name, "MiB", peak, f"of {FEWER // 1000} k entries", fewer, 0.8))
    return made


def main() -> None:
    with subprocess.Popen(
        [sys.executable, "-I", __file__, "serve"], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        try:
            print(json.dumps(rows(server.stdout.readline().strip())))
        finally:
            server.terminate()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["serve"]:
            serve()
        case ["run", which, url, base]:
            run(which, url, base)
        case _:
            main()
