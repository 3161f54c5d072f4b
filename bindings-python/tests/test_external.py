"""Tokens of OpenID providers: whose are taken, how their keys come, whom they act as."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import gatepass
import pytest
from gatepass import ExternalTokenValidator, KeyOptions, days
from provider import ISSUER, Provider
from support import Authority, name, with_package

FAST = KeyOptions(cooldown=0.1, timeout=5)


@contextmanager
def guarding(provider: Provider, **options: Any) -> Iterator[gatepass.Guard]:
    fields = options.pop("fields", {})
    with gatepass.external_verifier([provider.validator(**fields)], keys=FAST, **options) as verifier:
        yield verifier.guard("rest", ["orders:read"])


def until(told: Callable[[], Any], seconds: float = 10) -> Any:
    """What is told, once it is true."""
    end = time.monotonic() + seconds
    while not (said := told()):
        assert time.monotonic() < end, f"still {said!r}"
        time.sleep(0.01)
    return said


def reason(verdict: gatepass.Granted | gatepass.Denied) -> str | None:
    return None if verdict else str(verdict.reason)


def test_a_token_is_told_of(provider: Provider) -> None:
    mapping = {"claims_mapping": ["uid=${sub},ou=People,o=acme"]}
    with guarding(provider, fields=mapping) as guard:
        access = guard.require_async(provider.header(email="ada@acme.example", n=[1, {"a": None}])).wait()
    assert (access.name, access.api, access.subject, access.issuer) == ("idp", "rest", "ada", ISSUER)
    assert access.target_dn == "uid=ada,ou=People,o=acme"
    assert access.scopes == ("orders:read",)
    assert access.roles == ()
    assert access.claims is not None
    assert access.claims["email"] == "ada@acme.example"
    assert access.claims["n"] == [1, {"a": None}]
    assert access.claims is access.claims


def test_a_hostile_claim_stays_a_value(provider: Provider) -> None:
    with guarding(provider, fields={"claims_mapping": ["uid=${sub},ou=People,o=acme"]}) as guard:
        access = guard.require_async(provider.header(sub="a,ou=Admins+cn=x\\")).wait()
    assert access.target_dn is not None
    assert gatepass.Dn(access.target_dn).parent == "ou=People,o=acme"


def test_an_access_token_has_no_claims(gatepass_store: gatepass.Gatepass) -> None:
    new = gatepass_store.tokens.create("t", "rest", expires=days(1))
    access = gatepass_store.verifier().guard("rest").require(f"Bearer {new.secret.reveal()}")
    assert (access.subject, access.issuer, access.claims) == (None, None, None)


def test_both_kinds_pass_one_guard(gatepass_store: gatepass.Gatepass, provider: Provider) -> None:
    new = gatepass_store.tokens.create("t", "rest", scopes=["orders:read"], expires=days(1))
    gatepass_store.validators.create(provider.validator(clock_skew=5))
    guard = gatepass_store.verifier(keys=FAST).guard("rest", ["orders:read"])
    assert guard.require(f"Bearer {new.secret.reveal()}").name == "t"
    assert guard.require_async(provider.header()).wait().name == "idp"
    assert guard.require(provider.header()).name == "idp"
    assert reason(guard.check(provider.header(scope="other"))) == "insufficient_scope"
    assert reason(guard.check(provider.header(aud="other"))) == "wrong_audience"
    assert reason(guard.check(provider.header(iss="https://other.example"))) == "untrusted_issuer"
    assert reason(guard.check(provider.header(exp=int(time.time()) - 60))) == "expired"


@pytest.mark.parametrize("place", ["store", "server"])
def test_validators_are_kept(place: str, gp: gatepass.Gatepass, request: pytest.FixtureRequest) -> None:
    own = gp if place == "store" else request.getfixturevalue("remote")
    validators, called = own.validators, name()
    full = ExternalTokenValidator(
        called,
        "scim",
        enabled=False,
        provider="Keycloak",
        discovery_url="https://sso.acme.example/.well-known/openid-configuration",
        jwks_url="https://sso.acme.example/keys",
        expected_issuer="https://sso.acme.example/",
        expected_audience="directory",
        scope_claim="scp",
        expected_scopes=["a", "b"],
        clock_skew=timedelta(minutes=1),
        algorithms=["ES256", "EdDSA"],
        token_type="at+jwt",
        max_age=days(1),
        claims_mapping=["uid=${sub},o=acme", "o=acme??sub?(mail=${email})"],
    )
    assert validators.create(full) == full
    assert validators.get(called) == full
    assert full in validators.list()
    with pytest.raises(gatepass.ConflictError) as conflict:
        validators.create(full)
    assert (conflict.value.code, conflict.value.field) == ("validator_exists", "name")
    less = ExternalTokenValidator(called, "rest", jwks_url="https://a.example/keys", any_issuer=True)
    assert validators.update(less) == less
    assert validators.get(called) == less
    validators.delete(called)
    for ask in (validators.get, validators.delete):
        with pytest.raises(gatepass.NotFoundError) as missing:
            ask(called)
        assert missing.value.code == "validator_not_found"
    with pytest.raises(gatepass.NotFoundError):
        validators.update(less)
    for refused, code, field in [
        (
            ExternalTokenValidator("x", "rest", jwks_url="https://a.example/k"),
            "issuer_required",
            "expectedIssuer",
        ),
        (dataclasses.replace(full, name="a/b"), "validator_name_malformed", "name"),
        (
            dataclasses.replace(full, clock_skew=timedelta(seconds=0.5)),
            "clock_skew_out_of_range",
            "clockSkew",
        ),
        (dataclasses.replace(full, clock_skew=timedelta(days=1)), "clock_skew_out_of_range", "clockSkew"),
        (dataclasses.replace(full, jwks_url="http://a.example/k"), "url_insecure", "jwksUrl"),
    ]:
        for do in (validators.create, ExternalTokenValidator.check):
            with pytest.raises(gatepass.InvalidInputError) as error:
                do(refused)
            assert (error.value.code, error.value.field) == (code, field)


async def test_validators_are_kept_for_asyncio(authority: Authority) -> None:
    called = name()
    one = ExternalTokenValidator(called, "rest", jwks_url="https://a.example/keys", expected_issuer="a")
    async with gatepass.aio.connect(authority.url, username="admin", password=authority.password) as gp:
        assert await gp.validators.create(one) == one
        assert await gp.validators.get(called) == one
        assert one in await gp.validators.list()
        other = dataclasses.replace(one, enabled=False)
        assert await gp.validators.update(other) == other
        await gp.validators.delete(called)
        with pytest.raises(gatepass.NotFoundError):
            await gp.validators.get(called)


def test_a_validator_reads_as_it_was_written() -> None:
    one = ExternalTokenValidator(
        "idp",
        "rest",
        jwks_url="https://a.example/keys",
        expected_issuer="a",
        max_age=60,
        algorithms=["RS256"],
    )
    assert one.max_age == timedelta(minutes=1)
    assert one.clock_skew == timedelta(seconds=30)
    assert one.api is gatepass.Api.REST
    assert one.to_dict() == {
        "name": "idp",
        "api": "REST",
        "enabled": True,
        "jwksUrl": "https://a.example/keys",
        "expectedIssuer": "a",
        "clockSkewSeconds": 30,
        "algorithms": ["RS256"],
        "maxAgeSeconds": 60,
    }
    assert ExternalTokenValidator.from_dict(one.to_dict()) == one
    assert hash(ExternalTokenValidator.from_dict(one.to_dict())) == hash(one)
    assert (
        eval(
            repr(one), {"ExternalTokenValidator": ExternalTokenValidator, "datetime": __import__("datetime")}
        )
        == one
    )
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.name = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"name": 1}, TypeError),
        ({"api": 1}, TypeError),
        ({"api": "other"}, gatepass.InvalidInputError),
        ({"enabled": "yes"}, TypeError),
        ({"expected_scopes": "orders:read"}, TypeError),
        ({"expected_scopes": [1]}, TypeError),
        ({"algorithms": ["none"]}, gatepass.InvalidInputError),
        ({"algorithms": ["HS256"]}, gatepass.InvalidInputError),
        ({"clock_skew": -1}, gatepass.InvalidInputError),
        ({"clock_skew": "30"}, TypeError),
        ({"max_age": float("nan")}, gatepass.InvalidInputError),
        ({"claims_mapping": 3}, TypeError),
        ({"jwks_url": b"https://a.example"}, TypeError),
        ({"other": 1}, TypeError),
    ],
)
def test_a_validator_of_wrong_types(fields: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        ExternalTokenValidator(**{"name": "x", "api": "rest", **fields})


@pytest.mark.parametrize(
    "details", [{}, {"name": "x", "api": "REST", "clockSkewSeconds": "1"}, {"name": "x", "api": 1}]
)
def test_json_that_is_no_validator(details: dict[str, Any]) -> None:
    with pytest.raises(gatepass.InvalidInputError) as refused:
        ExternalTokenValidator.from_dict(details)
    assert refused.value.code == "json_malformed"


def test_what_is_no_validator_is_a_mistake(gp: gatepass.Gatepass) -> None:
    for given in (None, "idp", {"name": "x"}):
        with pytest.raises(TypeError, match="ExternalTokenValidator"):
            gp.validators.create(given)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            gatepass.external_verifier([given])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="KeyOptions"):
        gatepass.external_verifier([], keys={"timeout": 1})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="subjects"):
        gatepass.external_verifier([], subjects="o=acme")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="subjects"):
        gp.verifier(subjects=4)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"refresh_after": 1}, "refreshAfter"),
        ({"refresh_ahead": 300}, "refreshAhead"),
        ({"cooldown": 0}, "cooldown"),
        ({"stale_if_error": 1}, "staleIfError"),
        ({"timeout": timedelta(hours=1)}, "timeout"),
        ({"max_size": 1}, "maxSize"),
        ({"unknown_kids": 0}, "unknownKids"),
    ],
)
def test_key_options_out_of_bounds(options: dict[str, Any], field: str, gp: gatepass.Gatepass) -> None:
    keys = KeyOptions(**options)
    with pytest.raises(gatepass.InvalidInputError) as refused:
        gatepass.external_verifier([], keys=keys)
    assert refused.value.field == field
    with pytest.raises(gatepass.InvalidInputError) as refused:
        gp.verifier(keys=keys)
    assert refused.value.field == field


def test_key_options_of_wrong_types() -> None:
    for options in ({"max_size": -1}, {"max_size": "1"}, {"timeout": "5"}, {"certificate_authority": 1}):
        with pytest.raises(TypeError):
            gatepass.external_verifier([], keys=KeyOptions(**options))
    with pytest.raises(gatepass.InvalidInputError) as refused:
        gatepass.external_verifier([], keys=KeyOptions(certificate_authority="no certificate"))
    assert refused.value.code == "certificate_malformed"


def test_a_new_key_is_found(provider: Provider) -> None:
    with guarding(provider) as guard:
        assert guard.check_async(provider.header()).wait()
        provider.rotate()
        time.sleep(0.11)  # the cooldown
        rotated = provider.header()
        assert reason(guard.check(rotated)) == "keys_unavailable"
        assert guard.check_async(rotated).wait()
        assert guard.check(rotated)
        assert provider.fetches == 2


def test_a_provider_that_is_down(provider: Provider) -> None:
    provider.status = 500
    with gatepass.external_verifier(
        [provider.validator()], keys=KeyOptions(cooldown=0.1, timeout=0.5)
    ) as verifier:
        guard = verifier.guard("rest")
        begun = time.monotonic()
        denied = guard.check_async(provider.header()).wait()
        assert 0.3 < time.monotonic() - begun < 5
        assert not denied
        assert denied.reason == "keys_unavailable"
        answer = denied.answer()
        assert (answer.status_code, answer.www_authenticate) == (503, None)
        assert answer.retry_after is not None
        (health,) = verifier.key_health()
        assert (health.validator, health.url, health.keys) == ("idp", provider.url, 0)
        assert health.unavailable
        assert health.failures >= 1
        assert health.fetched_on is None
        assert health.tried_on is not None
        assert isinstance(health.trouble, gatepass.GatepassError)
        assert verifier.validator_faults() == {}
        provider.status = 200
        assert until(lambda: guard.check(provider.header()))
        (health,) = verifier.key_health()
        assert (health.keys, health.failures, health.trouble, health.unavailable) == (1, 0, None, False)
        assert health.fetched_on is not None


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"<html><body>Sign in</body></html>", "jwks_malformed"),
        (b" " * (600 << 10), "keys_too_large"),
        (b"", "jwks_malformed"),
        (b'{"keys": 1}', "jwks_malformed"),
        (b"[" * 100_000, "jwks_malformed"),
    ],
)
def test_a_provider_that_answers_nonsense(provider: Provider, body: bytes, code: str) -> None:
    provider.body = body
    keys = KeyOptions(cooldown=0.1, timeout=0.5)
    with gatepass.external_verifier([provider.validator()], keys=keys) as verifier:
        assert reason(verifier.guard("rest").check_async(provider.header()).wait()) == "keys_unavailable"
        (health,) = verifier.key_health()
        assert health.trouble is not None
        assert health.trouble.code == code


def test_hostile_tokens(provider: Provider) -> None:
    with guarding(provider) as guard:
        assert guard.check_async(provider.header()).wait()
        good = provider.token()
        for sent in (
            good + "A" * (1 << 20),
            "e" * (1 << 20),
            "eyJ" + "." * 100_000,
            f"{good}.",
            f"{good}\0",
            good[:-8] + "AAAAAAAA",
            good.replace(".", ".."),
            "..",
        ):
            for verdict in (
                guard.check(f"Bearer {sent}"),
                guard.check(f"Bearer {sent}".encode()),
                guard.check_async(f"Bearer {sent}").wait(),
                guard.check_secret(sent),
            ):
                assert reason(verdict) in {"malformed", "invalid_header", "bad_signature"}
        assert reason(guard.check_async(None).wait()) == "missing"
        assert reason(guard.check_async([f"Bearer {good}", f"Bearer {good}"]).wait()) == "invalid_header"
        for wrong in (1, {}, [1], object()):
            for ask in (guard.check_async, guard.require_async):
                with pytest.raises(TypeError):
                    ask(wrong)  # type: ignore[arg-type]
        with pytest.raises(gatepass.InvalidInputError):
            guard.check_async(provider.header(), peer="here")
        with pytest.raises(gatepass.AccessDenied) as denied:
            guard.require_async("Bearer x.y.z").wait()
        assert denied.value.denied.reason == "malformed"
        assert guard.check(f"Bearer {good}")


def test_after_it_was_closed(provider: Provider) -> None:
    verifier = gatepass.external_verifier([provider.validator()], keys=FAST)
    guard = verifier.guard("rest")
    header = provider.header()
    assert guard.check_async(header).wait()
    verifier.close()
    verifier.close()
    for verdict in (
        guard.check(header),
        guard.check_async(header).wait(),
        verifier.guard("rest").check(header),
    ):
        assert not verdict
        assert verdict.reason == "stale"
        assert verdict.answer().status_code == 503
    assert verifier.state().stale
    assert verifier.key_health() == ()
    fetched = provider.fetches
    time.sleep(0.3)
    assert provider.fetches == fetched


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without fork")
def test_after_a_fork(provider: Provider) -> None:
    with guarding(provider) as guard:
        assert guard.check_async(provider.header()).wait()
        child = os.fork()
        if child == 0:
            said = 1
            try:
                guard.check_async(provider.header())
            except gatepass.ClosedError as error:
                said = 0 if error.code == "forked" else 2
            finally:
                os._exit(said)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_server_s_validators_are_followed(authority: Authority, provider: Provider) -> None:
    called = name()
    with authority.connect() as gp, gp.verifier(keys=FAST) as verifier:
        guard = verifier.guard("rest", ["orders:read"])
        header = provider.header()
        assert reason(guard.check(header)) == "malformed"
        gp.validators.create(provider.validator(called))
        assert until(lambda: guard.check(header)).access.name == called
        assert [health.validator for health in verifier.key_health()] == [called]
        gp.validators.update(provider.validator(called, expected_audience="other"))
        assert until(lambda: reason(guard.check(header))) == "wrong_audience"
        gp.validators.delete(called)
        until(lambda: reason(guard.check(header)) == "malformed")


async def test_for_asyncio(provider: Provider) -> None:
    async with gatepass.aio.external_verifier([provider.validator()], keys=FAST) as verifier:
        guard = verifier.guard("rest", ["orders:read"])
        header = provider.header()
        verdicts = await asyncio.gather(*(guard.check_async(header) for _ in range(20)))
        assert all(verdicts)
        assert provider.fetches == 1
        assert (await guard.require_async(header)).subject == "ada"
        with pytest.raises(gatepass.AccessDenied):
            await guard.require_async(provider.header(scope=""))
        (health,) = verifier.key_health()
        assert health.fetches == 1
    assert reason(await guard.check_async(header)) == "stale"


def test_what_is_known_is_told_without_a_loop(provider: Provider) -> None:
    with guarding(provider) as guard:
        header = provider.header()
        assert guard.check_async(header).wait()

        async def ask() -> gatepass.Granted | gatepass.Denied:
            return await guard.check_async(header)

        asking = ask()
        with pytest.raises(StopIteration) as told:
            asking.send(None)
        assert told.value.value
        used = guard.check_async(header)
        assert used.wait()
        with pytest.raises(gatepass.InvalidInputError) as again:
            used.wait()
        assert again.value.code == "operation_used"


async def test_waiting_is_cancelled(provider: Provider) -> None:
    provider.gate.clear()
    async with gatepass.aio.external_verifier([provider.validator()], keys=FAST) as verifier:
        guard = verifier.guard("rest")
        begun = time.monotonic()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(guard.check_async(provider.header()), 0.1)
        assert time.monotonic() - begun < 2
        provider.gate.set()
        assert await guard.check_async(provider.header())


SEARCH: dict[str, Any] = {"claims_mapping": ["ou=People,o=acme??one?(mail=${email})"]}


def test_a_function_finds_subjects(provider: Provider) -> None:
    asked: list[tuple[str, str, str]] = []

    def find(base: str, scope: str, filter: str) -> list[str]:
        asked.append((base, scope, filter))
        assert threading.current_thread() is not threading.main_thread()
        return ["uid=ada,ou=People,o=acme"]

    with guarding(provider, fields=SEARCH, subjects=find) as guard:
        access = guard.require_async(provider.header(email="a*)(uid=*")).wait()
        assert access.target_dn == "uid=ada,ou=People,o=acme"
        assert asked == [("ou=People,o=acme", "one", r"(mail=a\2a\29\28uid=\2a)")]
        assert reason(guard.check(provider.header())) == "unknown"  # without the claim it is nobody's


def takes_nothing() -> list[str]:
    return []


def fails(*_: str) -> list[str]:
    raise RuntimeError("the directory is down")


@pytest.mark.parametrize(
    ("find", "expected"),
    [
        (fails, "keys_unavailable"),
        (lambda *_: ["uid=a,o=acme", "uid=b,o=acme"], "unknown"),
        (lambda *_: [], "unknown"),
        (lambda *_: "uid=a,o=acme", "keys_unavailable"),
        (lambda *_: [1], "keys_unavailable"),
        (lambda *_: None, "keys_unavailable"),
        (takes_nothing, "keys_unavailable"),
        (None, "keys_unavailable"),
    ],
)
def test_subjects_that_are_not_one(provider: Provider, find: Any, expected: str) -> None:
    keys = KeyOptions(cooldown=0.1, timeout=1)
    with gatepass.external_verifier([provider.validator(**SEARCH)], keys=keys, subjects=find) as verifier:
        guard = verifier.guard("rest")
        assert reason(guard.check_async(provider.header(email="ada@acme.example")).wait()) == expected


async def test_a_coroutine_finds_subjects_on_its_loop(provider: Provider) -> None:
    loops = []

    async def find(base: str, scope: str, filter: str) -> list[str]:
        loops.append(asyncio.get_running_loop())
        await asyncio.sleep(0.01)
        return ["uid=ada,o=acme"]

    validators = [provider.validator(**SEARCH)]
    async with gatepass.aio.external_verifier(validators, keys=FAST, subjects=find) as verifier:
        access = await verifier.guard("rest").require_async(provider.header(email="ada@acme.example"))
    assert access.target_dn == "uid=ada,o=acme"
    assert loops == [asyncio.get_running_loop()]


def test_a_coroutine_without_a_loop_has_one_of_its_own(provider: Provider) -> None:
    async def find(base: str, scope: str, filter: str) -> list[str]:
        await asyncio.sleep(0.01)
        return ["uid=ada,o=acme"]

    with guarding(provider, fields=SEARCH, subjects=find) as guard:
        assert guard.require_async(provider.header(email="a")).wait().target_dn == "uid=ada,o=acme"


def test_a_directory_finds_subjects(sandbox: Authority, provider: Provider) -> None:
    with sandbox.connect() as gp:
        secret = gp.tokens.create(name(), "rest", expires=days(1)).secret
    with gatepass.RestClient(f"{sandbox.url}/adap", secret) as rest:
        found = rest.search(
            "ou=People,o=acme", filter=gatepass.Filter.present("mail"), attributes=["mail"]
        ).all()
        entry = found[0]
        with guarding(provider, fields=SEARCH, subjects=rest) as guard:
            access = guard.require_async(provider.header(email=entry.first("mail"))).wait()
            assert access.target_dn == entry.dn
            assert reason(guard.check_async(provider.header(email="nobody@acme.example")).wait()) == "unknown"
    with pytest.raises(gatepass.ClosedError):
        gatepass.external_verifier([], subjects=rest)


def test_a_log_handler_may_ask_a_verifier() -> None:
    """It is called with the lock of Python, which checks have too: whatever the core locks, it has let go of."""
    program = textwrap.dedent(
        """
        import logging, threading
        import gatepass

        made, told = threading.Event(), threading.Event()

        class Asking(logging.Handler):
            def emit(self, record):
                if "cannot be fetched" in record.getMessage():
                    made.wait(20)
                    (health,) = verifier.key_health()
                    print(health.failures, health.trouble.code)
                    told.set()

        logging.getLogger("gatepass").addHandler(Asking())
        logging.getLogger("gatepass").setLevel("WARNING")
        nowhere = gatepass.ExternalTokenValidator(
            "idp", "rest", jwks_url="http://127.0.0.1:1/jwks", expected_issuer="https://idp.example"
        )
        verifier = gatepass.external_verifier([nowhere])
        made.set()
        assert told.wait(20)
        """
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        env=with_package(),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert ran.stdout.split() == ["1", "keys_unreachable"]
