"""asyncio: the same, awaited; cancelled where it is."""

from __future__ import annotations

import asyncio
import inspect
from pathlib import Path
from typing import Any

import gatepass
import pytest
from gatepass import _async, _sync, aio, days
from support import Authority, Vault, name


async def test_a_token_s_life(tmp_path: Path, vault: Vault) -> None:
    async with aio.open(tmp_path / "t.db") as gp:
        new = await gp.tokens.create("t", "rest", scopes=["orders:read"], expires=days(90))
        verifier = await gp.verifier()
        guard = verifier.guard("rest", ["orders:read"])
        assert guard.check(f"Bearer {new.secret.reveal()}")
        assert [token.name async for token in gp.tokens.list(expires_within=days(100))] == ["t"]

        async def deliver(secret: gatepass.Secret) -> None:
            await asyncio.sleep(0.01)
            vault.put(secret)

        rotated = await gp.tokens.rotate("t", deliver=deliver)
        await gp.tokens.rotate("t", deliver=vault.put, force=True)
        assert vault.kept[0] == rotated.secret
        await verifier.wait_for((await gp.tokens.revoke("t")).revision)
        assert not guard.check_secret(rotated.secret)
        with pytest.raises(gatepass.NotFoundError):
            await gp.tokens.get("none")
    with pytest.raises(gatepass.ClosedError):
        await gp.tokens.get("t")


async def test_a_delivery_that_fails(tmp_path: Path) -> None:
    async with aio.open(tmp_path / "t.db") as gp:
        new = await gp.tokens.create("t", "rest", expires=days(1))

        async def deliver(secret: gatepass.Secret) -> None:
            raise OSError("sealed")

        with pytest.raises(gatepass.UnavailableError) as caught:
            await gp.tokens.rotate("t", deliver=deliver)
        assert isinstance(caught.value.__cause__, OSError)
        assert await gp.tokens.check_secret(new.secret, "rest")


async def test_a_server(authority: Authority) -> None:
    asked = []

    async def credential() -> gatepass.Secret:
        await asyncio.sleep(0)
        asked.append(True)
        return secret

    called = name()
    connecting = aio.connect(authority.url, username="admin", password=authority.password)
    gp = await connecting
    secret = (
        await gp.tokens.create(called, "config", roles=["Directory Administrator"], expires=days(1))
    ).secret
    async with aio.connect(authority.url, credential=credential) as own:
        me = await own.myself()
        assert (me.kind, me.name, asked) == ("token", called, [True])
        async with await own.verifier() as verifier:
            guard = verifier.guard("config")
            assert guard.check_secret(secret)
            changes = verifier.changes()
            new = await gp.tokens.create(name(), "scim", expires=days(1))
            async for state in changes:
                if state.revision >= new.revision:
                    break
    await gp.close()


async def test_many_at_once(tmp_path: Path) -> None:
    async with aio.open(tmp_path / "t.db") as gp:
        made = await asyncio.gather(*(gp.tokens.create(f"t{n}", "scim", expires=days(1)) for n in range(50)))
        assert len({new.secret for new in made}) == 50


async def test_cancelling_ends_what_was_asked(tmp_path: Path) -> None:
    async with aio.open(tmp_path / "t.db") as gp:
        new = await gp.tokens.create("t", "scim", expires=days(1))
        begun, ended = asyncio.Event(), asyncio.Event()

        async def deliver(secret: gatepass.Secret) -> None:
            begun.set()
            try:
                await asyncio.sleep(60)
            finally:
                ended.set()

        task = asyncio.create_task(gp.tokens.rotate("t", deliver=deliver))
        await asyncio.wait_for(begun.wait(), 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        # The delivery itself is cancelled too: nobody waits for it any more.
        await asyncio.wait_for(ended.wait(), 5)
        assert await gp.tokens.check_secret(new.secret, "scim")
        verifier = await gp.verifier()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(verifier.wait_for(10**9), 0.05)
        # The same store goes on.
        assert (await gp.tokens.rotate("t")).token.name == "t"


async def test_the_loop_goes_on_meanwhile(own_authority: Authority) -> None:
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.001)
            ticks += 1

    async with aio.connect(own_authority.url, username="admin", password=own_authority.password) as gp:
        ticking = asyncio.create_task(tick())
        await gp.tokens.create("t", "scim", expires=days(1))  # signing in takes an argon2 hash
        ticking.cancel()
    assert ticks >= 5


async def test_sync_calls_work_under_a_running_loop(tmp_path: Path, authority: Authority) -> None:
    """As in Jupyter, where a loop always runs."""
    with gatepass.open(tmp_path / "t.db") as gp:
        gp.tokens.create("t", "scim", expires=days(1))
        assert [token.name for token in gp.tokens.list()] == ["t"]
    with authority.connect() as remote:
        assert remote.myself().name == "admin"


def test_an_operation_is_done_once(gp: gatepass.Gatepass) -> None:
    operation = gp._handle.roles()
    assert operation.wait()
    with pytest.raises(gatepass.InvalidInputError) as caught:
        operation.wait()
    assert caught.value.code == "operation_used"

    async def outside() -> Any:
        return await gp._handle.roles()

    assert asyncio.run(outside())
    with pytest.raises(RuntimeError, match="no running event loop"):
        gp._handle.roles().__await__()


def test_a_loop_that_is_gone_is_no_trouble(tmp_path: Path) -> None:
    """What was asked in one `asyncio.run` does not disturb the next."""

    async def begin() -> aio.Gatepass:
        gp = await aio.open(tmp_path / "t.db")
        never_awaited = asyncio.ensure_future(gp.verifier())
        await asyncio.sleep(0)
        assert not never_awaited.done()
        return gp

    async def go_on(gp: aio.Gatepass) -> None:
        await gp.tokens.create("t", "scim", expires=days(1))
        await gp.close()

    gp = asyncio.run(begin())
    asyncio.run(go_on(gp))


def test_a_coroutine_function_needs_asyncio(gp: gatepass.Gatepass) -> None:
    gp.tokens.create("t", "scim", expires=days(1))

    async def deliver(secret: gatepass.Secret) -> None:
        pass

    with pytest.raises(gatepass.UnavailableError) as caught:
        gp.tokens.rotate("t", deliver=deliver)
    assert isinstance(caught.value.__cause__, TypeError)
    assert "gatepass.aio" in str(caught.value.__cause__)


@pytest.mark.parametrize(
    "class_name",
    [
        "Gatepass",
        "Tokens",
        "Roles",
        "Users",
        "Audit",
        "RemoteGuard",
        "RemoteVerifier",
        "Replicas",
        "Verifier",
    ],
)
def test_both_have_the_same_methods(class_name: str) -> None:
    def methods(module: Any) -> dict[str, list[str]]:
        public = inspect.getmembers(getattr(module, class_name), inspect.isfunction)
        return {key: list(inspect.signature(value).parameters) for key, value in public if key[0] != "_"}

    assert methods(_async) == methods(_sync)
    for twin in ("open", "connect"):
        assert (
            inspect.signature(getattr(aio, twin)).parameters
            == inspect.signature(getattr(gatepass, twin)).parameters
        )
