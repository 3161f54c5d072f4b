"""What type checkers make of the package: read by mypy and pyright, and run by nobody."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import date, datetime, timedelta, timezone
from typing import Literal

import gatepass
from gatepass import (
    Access,
    AccessToken,
    Api,
    Changed,
    Denied,
    Expiration,
    Granted,
    Guard,
    IssuedToken,
    Reason,
    Role,
    Secret,
    Status,
    User,
)
from typing_extensions import assert_type


def waiting(gp: gatepass.Gatepass, header: str | None) -> None:
    new = gp.tokens.create("t", api="rest", expires=gatepass.days(90), scopes=["a"], target_dn="o=acme")
    assert_type(new, IssuedToken)
    assert_type(new.secret, Secret)
    assert_type(new.secret.reveal(), str)
    assert_type(new.secret.api, Api | None)
    assert_type(new.token, AccessToken)
    assert_type(new.token.status, Status)
    assert_type(new.token.expires_on, datetime | None)
    assert_type(
        gp.tokens.list(expires_within=gatepass.days(14), status="active", api=Api.REST), Iterator[AccessToken]
    )
    assert_type(gp.tokens.rotate("t", grace=timedelta(days=1), deliver=lambda secret: None), IssuedToken)
    assert_type(gp.tokens.revoke("t"), Changed)
    assert_type(gp.tokens.check_secret(new.secret, "rest", peer="10.0.0.1"), Granted | Denied)
    guard = gp.verifier(max_staleness=5, usage_interval=None).guard(api="rest", scopes=["a"])
    assert_type(guard, Guard)
    assert_type(guard.require(header), Access)
    verdict = guard.check(header, peer="10.0.0.1")
    if verdict:
        assert_type(verdict, Granted)
        assert_type(verdict.access.target_dn, str | None)
    else:
        assert_type(verdict, Denied)
    if not verdict:
        assert_type(verdict.reason, Reason)
        assert_type(verdict.answer("orders").status_code, int)
    match verdict:
        case Granted(access):
            assert_type(access, Access)
        case Denied(reason):
            assert_type(reason, Reason)
    assert_type(gp.roles.create(Role("r", areas={"settings": "EDIT"})), Role)
    assert_type(gp.users.update("u", email=None), User)
    for state in gp.verifier().changes():
        assert_type(state, gatepass.VerifierState)


async def awaiting() -> None:
    async with gatepass.aio.connect(["https://a", "https://b"], credential=gatepass.file("token")) as gp:
        assert_type(gp, gatepass.aio.Gatepass)
        assert_type(await gp.tokens.create("t", api="rest", expires=gatepass.days(1)), IssuedToken)
        assert_type(gp.tokens.list(), AsyncIterator[AccessToken])
        assert_type((await gp.verifier()).guard("rest").check(None), Granted | Denied)
        assert_type(await gp.roles.list(), tuple[Role, ...])

        async def deliver(secret: Secret) -> None: ...

        assert_type(await gp.tokens.rotate("t", deliver=deliver), IssuedToken)
    assert_type(await gatepass.aio.open("tokens.db"), gatepass.aio.Gatepass)


def others() -> None:
    assert_type(gatepass.on(date(2030, 1, 1), zone="Europe/Paris"), Expiration)
    assert_type(gatepass.at(datetime.now(timezone.utc)), Expiration)
    assert_type(gatepass.never, Expiration)
    assert_type(gatepass.AccessDenied.kind, str)
    with gatepass.testing.store(clock=gatepass.testing.Clock(), max_days=1) as gp:
        assert_type(gp, gatepass.Gatepass)
    api: Literal["config", "scim", "rest"] = "rest"
    gatepass.testing.generate_secret(api)


def mistakes(gp: gatepass.Gatepass) -> None:
    gp.tokens.create("t", api="ldap")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    gp.tokens.create("t", api="rest", expires=90)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    gp.tokens.create("t", api="rest", colour="red")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    gatepass.at("2030-01-01")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    print(gp.verifier().guard("rest").check(None).access)  # type: ignore[union-attr]  # pyright: ignore[reportAttributeAccessIssue]
    gatepass.Secret(b"x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
