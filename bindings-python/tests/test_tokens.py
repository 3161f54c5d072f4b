"""The life of a token, on a store and on a server alike."""

from __future__ import annotations

import time
from datetime import date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import gatepass
import pytest
from gatepass import days
from support import Authority, Vault, name


@pytest.fixture(params=["store", "server"])
def anywhere(request: pytest.FixtureRequest) -> gatepass.Gatepass:
    opened: gatepass.Gatepass = request.getfixturevalue("gp" if request.param == "store" else "remote")
    return opened


def test_a_token_s_life(anywhere: gatepass.Gatepass, vault: Vault) -> None:
    gp, called = anywhere, name()
    new = gp.tokens.create(
        called,
        api="rest",
        expires=days(90),
        scopes=["orders:read"],
        target_dn="uid=sync,ou=svc,o=acme",
        networks=["10.0.0.0/8"],
        description="for the night",
        metadata={"team": "a"},
    )
    token = new.token
    assert token == gp.tokens.get(called)
    assert (token.api, token.status) == (gatepass.Api.REST, "active")
    assert (token.scopes, token.networks) == (("orders:read",), ("10.0.0.0/8",))
    assert (token.description, token.metadata) == ("for the night", {"team": "a"})
    assert token.expires_on == token.created_on + timedelta(days=90)
    assert token.expires_on.tzinfo is timezone.utc
    assert new.secret.id == token.id

    def says(secret: gatepass.Secret, **options: Any) -> str:
        verdict = gp.tokens.check_secret(secret, "rest", ["orders:read"], **options)
        return "granted" if verdict.granted else str(verdict.reason)

    assert says(new.secret, peer="10.1.2.3") == "granted"
    # Introspection (RFC 7662) tells no more than that.
    assert says(new.secret, peer="192.0.2.1") in {"network_not_allowed", "unknown"}

    rotated = gp.tokens.rotate(called, grace=days(1), deliver=vault.put)
    assert vault.kept == [rotated.secret]
    assert rotated.secret != new.secret
    assert rotated.token.grace_until is not None
    assert says(rotated.secret, peer="10.1.2.3") == "granted"
    assert says(new.secret, peer="10.1.2.3") == "granted"
    with pytest.raises(gatepass.ConflictError) as caught:
        gp.tokens.rotate(called)
    assert caught.value.code == "rotation_in_grace"

    changed = gp.tokens.revoke(called)
    assert changed.token.status == "revoked"
    assert says(rotated.secret, peer="10.1.2.3") in {"revoked", "unknown"}
    assert gp.tokens.delete(called) > 0
    with pytest.raises(gatepass.NotFoundError) as missing:
        gp.tokens.get(called)
    assert missing.value.code == "token_not_found"
    assert not missing.value.retryable
    if gp.revision == 0:  # a server
        assert missing.value.status_code == 404
        assert missing.value.request_id
        assert missing.value.request_id in str(missing.value)


def test_lists_are_read_page_by_page(gp: gatepass.Gatepass) -> None:
    for number in range(1005):
        gp.tokens.create(f"t{number:04}", api="scim", expires=days(10 if number % 2 else 30))
    listed = gp.tokens.list()
    assert next(listed).name == "t0000"
    assert len(list(listed)) == 1004
    assert [token.name for token in gp.tokens.list(name_contains="100")] == [
        "t0100",
        *[f"t{n}" for n in range(1000, 1005)],
    ]
    soon = list(gp.tokens.list(expires_within=days(14)))
    assert len(soon) == 502
    assert soon == list(gp.tokens.list(expires_within=timedelta(days=14)))
    assert not list(gp.tokens.list(api="rest"))
    assert not list(gp.tokens.list(status=gatepass.Status.REVOKED))


def test_what_fails_to_be_delivered_is_dropped(anywhere: gatepass.Gatepass) -> None:
    gp, called = anywhere, name()
    new = gp.tokens.create(called, api="scim", expires=days(1))

    def lost(secret: gatepass.Secret) -> None:
        raise OSError("the vault is sealed")

    with pytest.raises(gatepass.UnavailableError) as caught:
        gp.tokens.rotate(called, deliver=lost)
    assert caught.value.code == "delivery_failed"
    assert isinstance(caught.value.__cause__, OSError)
    assert str(caught.value.__cause__) == "the vault is sealed"
    assert gp.tokens.check_secret(new.secret, "scim")


def test_an_interrupted_delivery_is_an_interruption(gp: gatepass.Gatepass) -> None:
    new = gp.tokens.create("t", api="scim", expires=days(1))

    def interrupted(secret: gatepass.Secret) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        gp.tokens.rotate("t", deliver=interrupted)
    assert gp.tokens.check_secret(new.secret, "scim")


def test_a_delivery_may_ask_the_same_store(gp: gatepass.Gatepass) -> None:
    gp.tokens.create("t", api="scim", expires=days(1))
    seen: list[gatepass.AccessToken] = []
    gp.tokens.rotate("t", deliver=lambda secret: seen.append(gp.tokens.get("t")))
    assert [token.name for token in seen] == ["t"]


def test_a_rotation_in_two_halves(gp: gatepass.Gatepass) -> None:
    old = gp.tokens.create("t", api="scim", expires=days(1))
    new = gp.tokens.begin_rotation("t", grace=3600)
    assert gp.tokens.check_secret(old.secret, "scim")
    settled = gp.tokens.settle("t", new.secret, delivered=True)
    assert settled.token.grace_until is not None
    with pytest.raises(gatepass.ConflictError) as caught:
        gp.tokens.settle("t", new.secret, delivered=True)
    assert caught.value.code == "changed_meanwhile"


def test_what_is_asked_once_is_done_once(anywhere: gatepass.Gatepass) -> None:
    called, key = name(), gatepass.IdempotencyKey()
    first = anywhere.tokens.create(called, "scim", expires=days(1), key=key)
    again = anywhere.tokens.create(called, "scim", expires=days(1), key=gatepass.IdempotencyKey(key.reveal()))
    assert again.secret == first.secret
    with pytest.raises(gatepass.ConflictError) as caught:
        anywhere.tokens.create(called, "scim", expires=days(2), key=key)
    assert caught.value.code == "idempotency_mismatch"
    assert key.reveal() not in repr(key)


def test_several_are_revoked_together_or_not_at_all(gp: gatepass.Gatepass) -> None:
    for called in ("a", "b"):
        gp.tokens.create(called, "scim", expires=days(1))
    with pytest.raises(gatepass.NotFoundError) as caught:
        gp.tokens.revoke_all(["a", "none"])
    assert caught.value.field == "names[1]"
    assert gp.tokens.get("a").status == "active"
    assert [changed.token.status for changed in gp.tokens.revoke_all(["a", "b"])] == ["revoked", "revoked"]


def test_a_leaked_secret_ends_its_token(gp: gatepass.Gatepass) -> None:
    new = gp.tokens.create("t", "scim", expires=days(1))
    assert gp.tokens.revoke_leaked(new.secret)
    assert not gp.tokens.revoke_leaked(new.secret.reveal())
    assert gp.tokens.get("t").status == "revoked"


def test_time_is_the_clock_s(gatepass_store: gatepass.Gatepass, gatepass_clock: Any) -> None:
    gp, clock = gatepass_store, gatepass_clock
    new = gp.tokens.create("t", "rest", expires=days(2), not_before=clock.now() + timedelta(hours=1))
    guard = gp.verifier().guard("rest")
    early = guard.check_secret(new.secret)
    assert isinstance(early, gatepass.Denied)
    assert early.reason == "not_yet_valid"
    clock.advance(3600)
    assert gp.tokens.check_secret(new.secret, "rest")
    clock.advance(days(2))
    assert gp.tokens.get("t").status == "expired"
    assert gp.tokens.purge(clock.now() + timedelta(seconds=1)) == 1


def test_expirations(gatepass_store: gatepass.Gatepass) -> None:
    gp = gatepass_store
    day = (datetime.now(timezone.utc) + timedelta(days=30)).date()
    in_paris = gp.tokens.create("paris", "scim", expires=gatepass.on(day, zone="Europe/Paris")).token
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("Europe/Paris")) + timedelta(days=1)
    assert in_paris.expires_on == midnight
    moment = datetime.now(ZoneInfo("America/New_York")) + timedelta(days=3)
    exact = gp.tokens.create("exact", "scim", expires=gatepass.at(moment)).token
    assert exact.expires_on is not None
    assert moment - timedelta(milliseconds=1) < exact.expires_on <= moment
    with pytest.raises(gatepass.InvalidInputError) as caught:
        gp.tokens.create("never", "scim", expires=gatepass.never)
    assert (caught.value.code, caught.value.field) == ("expiration_never", "expires")
    with pytest.raises(ValueError, match="naive") as naive:
        gatepass.at(datetime(2030, 1, 1))
    assert isinstance(naive.value, gatepass.InvalidInputError)
    with pytest.raises(TypeError, match=r"gatepass\.at"):
        gatepass.on(datetime(2030, 1, 1))
    with pytest.raises(TypeError, match=r"gatepass\.days"):
        gp.tokens.create("t", "scim", expires=90)  # type: ignore[arg-type]
    assert repr(days(3)) == "days(3)"
    assert days(3) == days(3) != days(4)
    assert len({days(3), days(3), gatepass.on(date(2030, 1, 1))}) == 2


def test_another_policy(tmp_path: Any) -> None:
    with gatepass.open(tmp_path / "t.db", max_days=float("inf"), allow_never=True, brand="acme") as gp:
        new = gp.tokens.create("t", "scim", expires=gatepass.never)
        assert new.token.expires_on is None
        assert new.secret.brand == "acme"
    with gatepass.open(tmp_path / "t.db", max_days=1) as gp:
        assert [token.name for token in gp.tokens.violations()] == ["t"]


def test_roles(anywhere: gatepass.Gatepass) -> None:
    gp, called = anywhere, name()
    role = gatepass.Role(
        called,
        areas={"settings": "EDIT", "access_tokens": "VIEW"},
        data_sources={"hr": "VIEW"},
        switches=["SCOPE_CONFIGURATION_EXPORT_ENABLED"],
        issue_rest=["ou=svc,o=acme"],
        issue_scopes=["orders:read"],
    )
    made = gp.roles.create(role)
    assert made == gp.roles.get(called)
    assert (made.level("settings"), made.level("access tokens"), made.data_source("hr")) == (
        "EDIT",
        "VIEW",
        "VIEW",
    )
    assert "SCOPE_SETTINGS_EDIT" in made.scopes
    assert made.issue_rest == ("ou=svc,o=acme",)
    wider = gp.roles.update(made.replace(areas={"dashboard": "VIEW"}))
    assert wider.level("settings") == "EDIT"
    assert wider.level("dashboard") == "VIEW"
    copy = gp.roles.clone(called, f"{called}-2")
    assert copy.areas == wider.areas
    new = gp.tokens.create(called, "config", roles=[called], expires=days(1))
    verdict = gp.tokens.check_secret(new.secret, "config", ["SCOPE_SETTINGS_EDIT"])
    assert verdict.granted
    assert verdict.access.allows("SCOPE_DASHBOARD_VIEW")
    with pytest.raises(gatepass.ConflictError) as caught:
        gp.roles.delete(called)
    assert caught.value.code == "role_in_use"
    gp.roles.delete(copy.name)
    with pytest.raises(TypeError, match="a role has no colour"):
        gatepass.Role("r", colour="red")  # type: ignore[call-arg]
    with pytest.raises(gatepass.InvalidInputError):
        gatepass.Role("r", areas={"nowhere": "EDIT"})


def test_users(anywhere: gatepass.Gatepass) -> None:
    gp, called = anywhere, name()
    made = gp.users.create(
        called,
        password="a few words will do",
        roles=["Read Only"],
        first_name="Jane",
        email="jane@example.com",
    )
    assert gp.users.get(called) == made
    assert (made.first_name, made.email, made.active) == ("Jane", "jane@example.com", True)
    changed = gp.users.update(called, first_name=None, active=False)
    assert (changed.first_name, changed.email, changed.active) == (None, "jane@example.com", False)
    gp.users.set_password(called, "a few words do well")
    assert called in [user.username for user in gp.users.list()]
    with pytest.raises(gatepass.InvalidInputError) as caught:
        gp.users.set_password(called, "short")
    assert caught.value.field == "password"
    gp.users.delete(called)


def test_the_audit_trail(anywhere: gatepass.Gatepass) -> None:
    called = name()
    anywhere.tokens.create(called, "scim", expires=days(1))
    (entry,) = anywhere.audit.list(action="token.", subject=called)
    assert (entry.action, entry.outcome) == ("token.create", gatepass.Outcome.DONE)
    assert not anywhere.audit.list(after=entry.number, subject=called, outcome="refused", limit=5)


def test_other_services(remote: gatepass.Gatepass) -> None:
    answer = remote.request("GET", "/authentication-service/access_tokens")
    assert (answer.status_code, type(answer.body)) == (200, list)
    me = remote.myself()
    assert (me.kind, me.name) == ("user", "admin")
    with pytest.raises(gatepass.InvalidInputError):
        remote.request("GET", "/../outside")


def test_who_may_not_is_told_so(authority: Authority, remote: gatepass.Gatepass) -> None:
    reader = remote.tokens.create(name(), "config", roles=["Read Only"], expires=days(1))
    with gatepass.connect(authority.url, credential=reader.secret) as lesser:
        with pytest.raises(gatepass.ForbiddenError) as caught:
            lesser.tokens.create(name(), "rest", expires=days(1))
        assert caught.value.status_code == 403
        remote.tokens.revoke(reader.token.name)
        with pytest.raises(gatepass.UnauthorizedError):
            lesser.tokens.get("x")


def test_what_a_store_cannot_do(gp: gatepass.Gatepass) -> None:
    for ask in (gp.myself, lambda: gp.request("GET", "/x")):
        with pytest.raises(gatepass.UnsupportedError) as caught:
            ask()
        assert caught.value.code == "needs_server"


def test_what_is_closed_says_so(tmp_path: Any) -> None:
    gp = gatepass.open(tmp_path / "t.db")
    verifier = gp.verifier()
    guard = verifier.guard("rest")
    with verifier:
        assert verifier.state().connected
    assert guard.check(None).answer().status_code == 401  # type: ignore[union-attr]
    with gp:
        pass
    gp.close()
    for ask in (gp.verifier, lambda: gp.tokens.get("t"), lambda: gp.tokens.list(), gp.roles.list):
        with pytest.raises(gatepass.ClosedError) as caught:
            ask()
        assert caught.value.code == "closed"
    assert gp.closed
    assert "closed" in repr(gp)


def test_a_store_that_is_not_there(tmp_path: Any) -> None:
    with pytest.raises(gatepass.StorageError) as caught:
        gatepass.open(tmp_path / "t.db", create=False)
    assert caught.value.code == "store_missing"
    with pytest.raises(gatepass.GatepassError):
        gatepass.open(tmp_path / "no" / "such" / "folder" / "t.db")


def test_a_replica_hears_of_everything(own_authority: Authority) -> None:
    with own_authority.connect() as gp, gp.verifier(max_staleness=5, usage_interval=0.2) as verifier:
        follow(gp, verifier)


def follow(remote: gatepass.Gatepass, replica: gatepass.Verifier) -> None:
    guard = replica.guard("rest", ["orders:read"])
    new = remote.tokens.create(name(), "rest", scopes=["orders:read"], expires=days(1))
    replica.wait_for(new.revision)
    assert guard.require(f"Bearer {new.secret.reveal()}").name == new.token.name
    for _ in range(100):
        if remote.tokens.get(new.token.name).last_used_on is not None:
            break
        time.sleep(0.05)
    used = remote.tokens.get(new.token.name)
    assert used.last_used_on is not None
    assert used.last_used_via == "user:admin"
    revoked = remote.tokens.revoke_everywhere([new.token.name], within=5)
    (changed,) = revoked.tokens
    assert revoked.everywhere
    assert {receipt.state for receipt in revoked.receipts} <= {"confirmed", "stale"}
    assert gatepass.ReceiptState.CONFIRMED in {receipt.state for receipt in revoked.receipts}
    assert {one.actor for one in remote.replicas.list()} >= {"user:admin"}
    assert remote.replicas.confirmed(changed.revision, within=1)
    with pytest.raises(gatepass.AccessDenied) as caught:
        guard.require(f"bearer {new.secret.reveal()}")
    assert (caught.value.reason, caught.value.code, caught.value.kind) == (
        "revoked",
        "revoked",
        "unauthorized",
    )
    assert caught.value.status_code == 401
    state = replica.state()
    assert state.connected
    assert not state.stale
    assert state.revision >= changed.revision
    assert state.tokens > 0
    assert state.age is not None


def test_a_replica_that_is_cut_off_denies(own_authority: Authority) -> None:
    with own_authority.connect() as gp, gp.verifier(max_staleness=0.5) as verifier:
        new = gp.tokens.create("t", "rest", expires=days(1))
        verifier.wait_for(new.revision)
        guard = verifier.guard("rest")
        assert guard.check_secret(new.secret)
        changes = verifier.changes()
        own_authority.process.kill()
        cut_off = time.monotonic()
        assert any(state.stale for state in changes)
        assert time.monotonic() - cut_off < 5
        verdict = guard.check_secret(new.secret)
        assert isinstance(verdict, gatepass.Denied)
        assert (verdict.reason, verdict.answer().status_code) == ("stale", 503)
        assert verdict.answer().headers["Retry-After"]
        with pytest.raises(gatepass.AccessDenied) as caught:
            guard.require(f"Bearer {new.secret.reveal()}")
        assert caught.value.retryable
        with pytest.raises(gatepass.UnavailableError):
            gp.verifier(deadline=0.3)
        late = gp.verifier(startup="background")
        assert late.state().stale
        late.close()


def test_a_server_is_asked_about_each_token(remote: gatepass.Gatepass, gp: gatepass.Gatepass) -> None:
    new = remote.tokens.create(name(), "rest", scopes=["orders:read"], target_dn="o=acme", expires=days(1))
    verifier = remote.remote_verifier(max_staleness=60, deadline=5)
    guard = verifier.guard("rest", ["orders:read"])
    for authorization in (f"Bearer {new.secret.reveal()}", [f"bearer {new.secret.reveal()}".encode()]):
        assert guard.require(authorization).target_dn == "o=acme"
    assert guard.check_secret(new.secret)
    with pytest.raises(gatepass.AccessDenied) as caught:
        guard.require(None)
    assert caught.value.reason == "missing"
    assert not guard.check("Bearer \udcff")
    assert guard.check(f"Bearer {new.secret}").hint is not None  # type: ignore[union-attr]
    assert (verifier.state().asked, verifier.state().cached) == (1, 2)
    assert (guard.api, guard.scopes) == ("rest", ("orders:read",))
    with pytest.raises(gatepass.UnsupportedError):
        gp.remote_verifier()


def test_nobody_can_tell(own_authority: Authority) -> None:
    with own_authority.connect() as gp:
        guard = gp.remote_verifier(deadline=2).guard("rest")
        own_authority.process.kill()
        for ask in (guard.check_secret, lambda secret: guard.require(f"Bearer {secret.reveal()}")):
            with pytest.raises((gatepass.UnavailableError, gatepass.TimedOutError)):
                ask(gatepass.testing.generate_secret("rest"))
