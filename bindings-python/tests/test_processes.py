"""Threads, forks, signals, and the end of the interpreter: in processes of their own."""

from __future__ import annotations

import contextlib
import resource
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import gatepass
from gatepass import days
from support import Authority, name, with_package


def run(program: str, *arguments: object, limit: float = 60) -> str:
    """Runs a program of Python, and gives what it printed. It has to end by itself, and to complain of nothing."""
    command = [
        sys.executable,
        "-X",
        "dev",
        "-W",
        "error",
        "-c",
        textwrap.dedent(program),
        *map(str, arguments),
    ]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=limit, check=False, env=with_package()
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_other_threads_go_on_meanwhile(own_authority: Authority) -> None:
    """Signing in takes an argon2 hash of the server's: while it is waited for, the lock of Python is free."""
    counted = 0
    done = threading.Event()

    def count() -> None:
        nonlocal counted
        while not done.is_set():
            counted += 1
            time.sleep(0.0005)

    thread = threading.Thread(target=count)
    with own_authority.connect() as gp:
        thread.start()
        before = counted
        gp.tokens.create("t", "scim", expires=days(1))
        progressed = counted - before
        done.set()
    thread.join()
    assert progressed >= 5


def test_many_threads_share_one_handle(gp: gatepass.Gatepass) -> None:
    verifier = gp.verifier()
    guard = verifier.guard("scim")
    failed: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(5):
                new = gp.tokens.create(f"t{number}-{turn}", "scim", expires=days(1))
                verifier.wait_for(new.revision)
                for _ in range(200):
                    assert guard.require(f"Bearer {new.secret.reveal()}").name == new.token.name
                gp.tokens.revoke(new.token.name)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    assert len(list(gp.tokens.list(status="revoked"))) == 40


def test_a_million_checks_leak_nothing(gp: gatepass.Gatepass) -> None:
    new = gp.tokens.create("t", "rest", scopes=["orders:read"], expires=days(1))
    guard = gp.verifier().guard("rest", ["orders:read"])
    granted, denied = (
        f"Bearer {new.secret.reveal()}",
        f"Bearer {gatepass.testing.generate_secret('rest').reveal()}",
    )

    def checks(turns: int) -> int:
        for _ in range(turns):
            verdict = guard.check(granted)
            verdict.access.name  # type: ignore[union-attr]  # noqa: B018
            guard.check(denied, "192.0.2.1").reason  # type: ignore[union-attr]  # noqa: B018
            guard.require(granted)
            with contextlib.suppress(gatepass.AccessDenied):
                guard.require(denied)
        # The most that it ever had, in bytes on macOS and KiB elsewhere.
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit

    warm = checks(20_000)
    assert checks(250_000) - warm < 2 * 1024 * 1024


FORK = """
    import os, sys, gatepass, signal
    from gatepass import days

    def child(work):
        pid = os.fork()
        if pid == 0:
            signal.alarm(20)  # never hangs
            try:
                work()
            except BaseException as error:
                print(type(error).__name__, getattr(error, "code", ""), flush=True)
            sys.stdout.flush()
            os._exit(0)
        _, status = os.waitpid(pid, 0)
        print("ended", status, flush=True)

    folder, url, password = sys.argv[1:]
"""


def test_a_forked_child_is_told_at_once(tmp_path: Path, authority: Authority) -> None:
    program = (
        FORK
        + """
    gp = gatepass.open(folder + "/t.db")
    verifier = gp.verifier()
    guard = verifier.guard("rest")
    remote = gatepass.connect(url, username="admin", password=password)
    remote.myself()
    child(lambda: gp.tokens.get("t"))
    child(lambda: guard.check(None))
    child(lambda: verifier.state())
    child(lambda: remote.myself())
    child(lambda: gp.tokens.list())
    child(lambda: gatepass.open(folder + "/t.db"))
    child(lambda: gp.close())

    def anew():
        with gatepass.open(folder + "/other.db") as own:
            own.tokens.create("c", "rest", expires=days(1))
            print("made", own.tokens.get("c").name)
        with gatepass.connect(url, username="admin", password=password) as again:
            print("asked", again.myself().name)
    child(anew)

    # The parent goes on as before.
    new = gp.tokens.create("t", "rest", expires=days(1))
    verifier.wait_for(new.revision)
    assert guard.check_secret(new.secret)
    assert remote.myself().name == "admin"
    gp.close(); remote.close()
    child(lambda: gatepass.open(folder + "/t.db").close())
    """
    )
    told = run(program, tmp_path, authority.url, authority.password).splitlines()
    forked = ["ClosedError forked", "ended 0"]
    assert told == [*forked * 6, "ended 0", "made c", "asked admin", "ended 0", "ended 0"]


def test_a_forked_child_is_told_of_what_its_parent_reads(tmp_path: Path, sandbox: Authority) -> None:
    with sandbox.connect() as gp:
        secrets = [gp.tokens.create(name(), api, expires=days(1)).secret for api in ("rest", "scim")]
    program = (
        FORK
        + """
    rest = gatepass.RestClient(folder + "/adap", url)
    scim = gatepass.ScimClient(folder + "/scim2/v2", password)
    reading = iter(rest.search("ou=People,o=acme", page_size=50))
    next(reading)
    child(lambda: rest.bind())
    child(lambda: list(reading))
    child(lambda: list(scim.resources("Users").list()))
    child(lambda: rest.close())

    def anew():
        with gatepass.RestClient(folder + "/adap", url) as own:
            print(len(own.search("ou=People,o=acme", scope="one").all()))
    child(anew)
    print(1 + len(list(reading)), len(scim.resources("Users").list().all()))
    """
    )
    told = run(program, sandbox.url, *(secret.reveal() for secret in secrets)).splitlines()
    people = 300
    assert told[:7] == [*["ClosedError forked", "ended 0"] * 3, "ended 0"]
    assert told[7:] == [str(people), "ended 0", f"{people + 1} {people}"]


def test_a_program_that_ends_in_the_middle_of_a_search(sandbox: Authority) -> None:
    """It ends at once, whether or not it has closed what it opened."""
    with sandbox.connect() as gp:
        secret = gp.tokens.create(name(), "rest", expires=days(1)).secret
    program = """
    import sys, gatepass
    rest = gatepass.RestClient(sys.argv[1] + "/adap", sys.argv[2])
    reading = iter(rest.search("ou=People,o=acme", page_size=10))
    print(next(reading).dn)
    """
    assert run(program, sandbox.url, secret.reveal(), limit=20).endswith(",o=acme\n")


def test_multiprocessing_by_fork(tmp_path: Path, authority: Authority) -> None:
    program = (
        FORK
        + """
    import multiprocessing, warnings
    warnings.simplefilter("ignore", DeprecationWarning)  # Python's own, of forking a program that has threads
    gp = gatepass.open(folder + "/t.db")
    context = multiprocessing.get_context("fork")
    def work(name):
        with gatepass.connect(url, username="admin", password=password) as own:
            return own.myself().name
    with context.Pool(2) as pool:
        print(pool.map(work, ["a", "b"]))
    gp.close()
    """
    )
    assert run(program, tmp_path, authority.url, authority.password) == "['admin', 'admin']\n"


def test_the_interpreter_ends_in_peace(tmp_path: Path, authority: Authority) -> None:
    """With nothing closed: stores, followers, sessions, operations under way, daemon threads."""
    program = """
    import asyncio, sys, threading, gatepass
    from gatepass import days
    folder, url, password = sys.argv[1:]
    gp = gatepass.open(folder + "/t.db")
    verifier = gp.verifier()
    guard = verifier.guard("rest")
    remote = gatepass.connect(url, username="admin", password=password)
    replica = remote.verifier()
    threading.Thread(target=lambda: verifier.wait_for(10**9), daemon=True).start()
    threading.Thread(target=lambda: [guard.check(None) for _ in iter(int, 1)], daemon=True).start()
    async def leave():
        own = await gatepass.aio.open(folder + "/a.db")
        asyncio.ensure_future((await own.verifier()).wait_for(10**9))
        await asyncio.sleep(0)
    asyncio.run(leave())
    never_done = gp._handle.roles()
    print("end")
    """
    begun = time.monotonic()
    assert run(program, tmp_path, authority.url, authority.password) == "end\n"
    assert time.monotonic() - begun < 20


def test_ctrl_c_ends_what_is_waited_for(tmp_path: Path) -> None:
    program = """
    import sys, gatepass
    gp = gatepass.open(sys.argv[1])
    verifier = gp.verifier()
    print("waiting", flush=True)
    try:
        verifier.wait_for(10**9)
    except KeyboardInterrupt:
        print("interrupted")
    gp.tokens.create("t", "scim", expires=gatepass.days(1))
    gp.close()
    """
    command = [sys.executable, "-c", textwrap.dedent(program), str(tmp_path / "t.db")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=with_package()) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "waiting\n"
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == "interrupted\n"
        assert process.wait(10) == 0


def test_it_is_light_to_import() -> None:
    """No framework and no library is loaded for those who do not use it."""
    program = """
    import sys, gatepass
    wanted = {"httpx", "requests", "keyring", "starlette", "fastapi", "flask", "django", "pytest"}
    print(sorted(wanted & set(sys.modules)))
    """
    assert run(program) == "[]\n"


def test_stores_are_shared_by_processes(tmp_path: Path) -> None:
    with gatepass.open(tmp_path / "t.db") as gp, gp.verifier() as verifier:
        guard = verifier.guard("rest")
        program = """
        import sys, gatepass
        with gatepass.open(sys.argv[1]) as gp:
            new = gp.tokens.create("t", "rest", expires=gatepass.days(1))
            print(new.secret.reveal(), new.revision)
        """
        secret, revision = run(program, tmp_path / "t.db").split()
        verifier.wait_for(int(revision))
        assert guard.check_secret(secret)


def test_what_the_core_says_is_logged(tmp_path: Path) -> None:
    program = """
    import logging, sys, shutil, time, gatepass
    seen = []
    class Keep(logging.Handler):
        def emit(self, record):
            seen.append((record.name, record.levelname, record.getMessage(), record.gatepass))
    logging.getLogger("gatepass").addHandler(Keep())
    gp = gatepass.open(sys.argv[1] + "/t.db")
    verifier = gp.verifier()
    gp.close()
    shutil.rmtree(sys.argv[1])
    deadline = time.monotonic() + 10
    while not seen and time.monotonic() < deadline:
        time.sleep(0.01)
    name, level, message, fields = seen[0]
    print(name, level, dict(fields)["code"], "stale" in message)
    verifier.close()
    """
    folder = tmp_path / "store"
    folder.mkdir()
    assert run(program, folder) == "gatepass WARNING store_missing True\n"
