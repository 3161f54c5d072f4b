"""What type checkers make of the package: read by mypy and pyright, and run by nobody."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import date, datetime, timedelta, timezone
from typing import Any, Literal

import gatepass
from gatepass import (
    Access,
    AccessToken,
    Api,
    BulkOperation,
    Changed,
    Denied,
    Entry,
    Expiration,
    ExternalTokenValidator,
    Filter,
    Granted,
    Guard,
    IssuedToken,
    KeyHealth,
    KeyOptions,
    Mod,
    PatchOp,
    Reason,
    Role,
    ScimFilter,
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


def data(rest: gatepass.RestClient, scim: gatepass.ScimClient) -> None:
    wanted = Filter.equals("cn", "a") & "mail=*" | ~Filter.any([Filter.present("b"), "c=*"])
    assert_type(wanted, Filter)
    found = rest.search("o=acme", filter=wanted, attributes=["cn"], scope="one", page_size=None)
    assert_type(found, gatepass.Search)
    for entry in found:
        assert_type(entry, Entry)
        assert_type(entry.first("mail"), str | None)
        assert_type(entry.attributes["mail"], list[str])
    assert_type(found.pages(), Iterator[list[Entry]])
    assert_type(found.all(), list[Entry])
    assert_type(found.first(), Entry | None)
    rest.add("cn=a", {"cn": "a", "mail": ["b", "c"]})
    rest.replace(gatepass.Dn("o=acme").child("cn", "a"), entry_of(rest).attributes)
    rest.modify("cn=a", [Mod.add("cn", "b"), Mod.delete("mail")])
    for result in rest.bulk([BulkOperation.delete("cn=a", tree=True)]):
        assert_type(result.error, gatepass.GatepassError | None)
    assert_type(rest.acting_as("cn=a"), gatepass.RestClient)
    users = scim.resources("Users")
    assert_type(users.get("a"), dict[str, Any])
    assert_type(users.get("a", unless="1"), dict[str, Any] | None)
    assert_type(users.list(filter=ScimFilter.eq("active", True) | "b pr").count(), int)
    for user in users.list(sort_order="ascending"):
        assert_type(user, dict[str, Any])
    assert_type(users.if_match("1").patch("a", PatchOp().remove("b")), dict[str, Any] | None)


def entry_of(rest: gatepass.RestClient) -> Entry:
    try:
        return rest.get("cn=a")
    except gatepass.IncompleteResult as cut:
        assert_type(cut.count, int)
        assert_type(cut.cookie, str | None)
        raise


async def awaited_data() -> None:
    async with gatepass.aio.RestClient("https://a", gatepass.env("A"), nodes=["b"]) as rest:
        assert_type(rest, gatepass.aio.RestClient)
        async for entry in rest.search("o=acme"):
            assert_type(entry, Entry)
        assert_type(rest.search("o=acme").pages(), AsyncIterator[list[Entry]])
        assert_type(await rest.search("o=acme").first(), Entry | None)
        assert_type(await rest.bulk([]), list[gatepass.BulkResult])
    async with gatepass.aio.ScimClient("https://a", credential="x") as scim:
        async for user in scim.resources("Users").list():
            assert_type(user, dict[str, Any])
        assert_type(await scim.resources("Users").get("a"), dict[str, Any])
        assert_type(await scim.resources("Users").get("a", unless="1"), dict[str, Any] | None)


def others() -> None:
    assert_type(gatepass.on(date(2030, 1, 1), zone="Europe/Paris"), Expiration)
    assert_type(gatepass.at(datetime.now(timezone.utc)), Expiration)
    assert_type(gatepass.never, Expiration)
    assert_type(gatepass.AccessDenied.kind, str)
    with gatepass.testing.store(clock=gatepass.testing.Clock(), max_days=1) as gp:
        assert_type(gp, gatepass.Gatepass)
    api: Literal["config", "scim", "rest"] = "rest"
    gatepass.testing.generate_secret(api)


def mistakes(gp: gatepass.Gatepass, rest: gatepass.RestClient, scim: gatepass.ScimClient) -> None:
    rest.search("o=acme", scope="children")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    rest.search("o=acme", filter=7)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    rest.modify("cn=a", [BulkOperation.delete("cn=a")])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    Filter.equals("cn", 1.5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    scim.resources("Users").patch("a", {"active": False})  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    print(rest.search("o=acme").first().dn)  # type: ignore[union-attr]  # pyright: ignore[reportOptionalMemberAccess]
    gp.tokens.create("t", api="ldap")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    gp.tokens.create("t", api="rest", expires=90)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    gp.tokens.create("t", api="rest", colour="red")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    gatepass.at("2030-01-01")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    print(gp.verifier().guard("rest").check(None).access)  # type: ignore[union-attr]  # pyright: ignore[reportAttributeAccessIssue]
    gatepass.Secret(b"x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def external(gp: gatepass.Gatepass, rest: gatepass.RestClient, header: str | None) -> None:
    made = ExternalTokenValidator(
        "idp", api="rest", clock_skew=30, algorithms=["ES256"], expected_scopes=["a"]
    )
    assert_type(made.clock_skew, timedelta)
    assert_type(made.expected_scopes, tuple[str, ...])
    assert_type(gp.validators.create(made), ExternalTokenValidator)
    assert_type(gp.validators.list(), tuple[ExternalTokenValidator, ...])
    verifier = gatepass.external_verifier([made], keys=KeyOptions(timeout=1), subjects=rest)
    assert_type(verifier.key_health(), tuple[KeyHealth, ...])
    guard = gp.verifier(keys=KeyOptions(), subjects=lambda base, scope, filter: [base]).guard("rest")
    assert_type(await guard.check_async(header), Granted | Denied)
    access = await guard.require_async(header)
    assert_type(access, Access)
    assert_type(guard.check_async(header).wait(), Granted | Denied)
    assert_type(access.subject, str | None)
    assert_type(access.claims, dict[str, Any] | None)
    async with gatepass.aio.external_verifier([made]) as own:
        assert_type(own, gatepass.aio.Verifier)
