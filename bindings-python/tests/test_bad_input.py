"""Whatever is given: a clear exception each, never a crash."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import gatepass
import pytest
from gatepass import days

NOT_TEXT = [None, b"bytes", 7, 1.5, object(), ["list"], bytearray(b"x"), memoryview(b"x")]
HUGE = "x" * 10_000_000
SURROGATE = "a\udcffb"


@pytest.fixture
def guard(gp: gatepass.Gatepass) -> gatepass.Guard:
    return gp.verifier().guard("rest")


def takes_text(gp: gatepass.Gatepass) -> dict[str, Callable[[Any], object]]:
    guard = gp.verifier().guard("rest")
    return {
        "name": lambda value: gp.tokens.create(value, "scim", expires=days(1)),
        "get": lambda value: gp.tokens.get(value),
        "revoke": lambda value: gp.tokens.revoke(value),
        "rotate": lambda value: gp.tokens.rotate(value),
        "api": lambda value: gp.tokens.create("t", value, expires=days(1)),
        "guard": lambda value: gp.verifier().guard(value),
        "role": lambda value: gp.roles.get(value),
        "user": lambda value: gp.users.get(value),
        "username": lambda value: gp.users.create(value),
        "secret": lambda value: gatepass.Secret(value),
        "env": lambda value: gatepass.env(value),
        "scanner_rule": lambda value: gatepass.scanner_rule(value),
        "zone": lambda value: gp.tokens.create(
            "t", "scim", expires=gatepass.on(datetime(2030, 1, 1).date(), value)
        ),
        "check_secret": lambda value: guard.check_secret(value),
        "names": lambda value: gp.tokens.revoke_all([value]),
        "area": lambda value: gatepass.Role("r").level(value),
        "password": lambda value: gp.users.set_password("nobody", value),
        "request": lambda value: gatepass.connect("https://localhost", credential="x").request(value, "/"),
    }


@pytest.mark.parametrize("value", NOT_TEXT, ids=repr)
def test_what_is_no_text_is_a_type_error(gp: gatepass.Gatepass, value: Any) -> None:
    for what, call in takes_text(gp).items():
        if value is None and what in {"password"}:
            continue  # left out, which is no mistake
        with pytest.raises(TypeError):
            call(value)
            pytest.fail(f"{what} took {value!r}")


@pytest.mark.parametrize(
    "value", [HUGE, SURROGATE, "", "\0", "..", "a/b", "\n", "💥"], ids=lambda text: ascii(text[:8])
)
def test_strange_texts_are_values_of_their_own(gp: gatepass.Gatepass, value: str) -> None:
    for what, call in takes_text(gp).items():
        if what == "env":
            continue  # nothing is read yet
        # Some of these are names like any other; none is repeated at length.
        try:
            call(value)
        except (gatepass.GatepassError, UnicodeEncodeError) as error:
            assert len(str(error)) < 1000, what


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic eA==",
        "Bearer " + HUGE,
        "Bearer " + SURROGATE,
        SURROGATE,
        "Bearer \0",
        "Bearer é",
    ],
    ids=lambda text: ascii(text[:12]),
)
def test_a_strange_header_is_denied(guard: gatepass.Guard, header: str) -> None:
    for sent in (header, header.encode("utf-8", "surrogatepass"), [header], (header,)):
        assert not guard.check(sent)
        with pytest.raises(gatepass.AccessDenied):
            guard.require(sent)


def test_several_headers_are_invalid(guard: gatepass.Guard) -> None:
    verdict = guard.check(["Bearer a", "Bearer b"])
    assert isinstance(verdict, gatepass.Denied)
    assert verdict.reason == "invalid_header"
    missing = guard.check([])
    assert isinstance(missing, gatepass.Denied)
    assert missing.reason == "missing"


@pytest.mark.parametrize(
    "value", [7, 1.5, object(), {"a": "b"}, bytearray(b"x"), memoryview(b"x"), [7], [None]], ids=repr
)
def test_what_is_no_header_is_a_type_error(guard: gatepass.Guard, value: Any) -> None:
    for call in (guard.check, guard.require):
        with pytest.raises(TypeError):
            call(value)


@pytest.mark.parametrize("value", ["nowhere", "300.1.1.1", "", SURROGATE, 7, b"10.0.0.1"], ids=ascii)
def test_a_peer_is_an_address(guard: gatepass.Guard, value: Any) -> None:
    with pytest.raises(ValueError):
        guard.check(None, value)


def test_lengths_of_time(gp: gatepass.Gatepass) -> None:
    gp.tokens.create("t", "scim", expires=days(1))
    for wrong in (timedelta(-1), -1, float("nan"), float("inf"), float("-inf")):
        with pytest.raises(gatepass.InvalidInputError):
            gp.tokens.rotate("t", grace=wrong)
    for not_even in ("1", True, gatepass.never, object(), [1]):
        with pytest.raises(TypeError):
            gp.tokens.rotate("t", grace=not_even)  # type: ignore[arg-type]
    for count in (-1, 2**32, 2**70):
        with pytest.raises((gatepass.InvalidInputError, OverflowError)):
            days(count)
    with pytest.raises(TypeError):
        days("1")  # type: ignore[arg-type]


def test_instants(gp: gatepass.Gatepass) -> None:
    with pytest.raises(gatepass.InvalidInputError) as caught:
        gp.tokens.create("t", "scim", expires=days(1), not_before=datetime(2030, 1, 1))
    assert (caught.value.code, caught.value.field) == ("naive_datetime", "not_before")
    edge = datetime.max.replace(tzinfo=timezone(timedelta(hours=-1)))
    with pytest.raises(gatepass.InvalidInputError):
        gatepass.at(edge)
    for wrong in (None, "2030-01-01", 0, datetime(2030, 1, 1).date()):
        with pytest.raises(TypeError):
            gatepass.at(wrong)  # type: ignore[arg-type]

    class Strange(datetime):
        def utcoffset(self) -> Any:
            raise RuntimeError("no idea")

    with pytest.raises(RuntimeError, match="no idea"):
        gatepass.at(Strange(2030, 1, 1, tzinfo=timezone.utc))


def test_one_text_is_no_list_of_texts(gp: gatepass.Gatepass) -> None:
    for call in (
        lambda: gp.tokens.create("t", "rest", scopes="orders:read", expires=days(1)),
        lambda: gp.verifier().guard("rest", "orders:read"),
        lambda: gp.tokens.revoke_all("t"),
    ):
        with pytest.raises(TypeError, match="a list of str"):
            call()


def test_unknown_arguments(gp: gatepass.Gatepass, tmp_path: Any) -> None:
    with pytest.raises(TypeError):
        gp.tokens.create("t", "scim", color="red")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="unexpected argument: color"):
        gp._handle.create_token("t", "scim", color="red")
    with pytest.raises(TypeError):
        gp.tokens.rotate("t", deliver="vault")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        gatepass.open(tmp_path / "x.db", clock="noon")  # type: ignore[arg-type]
    with pytest.raises(gatepass.InvalidInputError):
        gatepass.connect("https://localhost")
    with pytest.raises(gatepass.InvalidInputError):
        gatepass.connect("https://localhost", credential="a", username="b", password="c")
    for wrong in ("http://example.com", "ftp://localhost", "nonsense", ""):
        with pytest.raises(gatepass.InvalidInputError) as caught:
            gatepass.connect(wrong, credential="x")
        assert caught.value.field == "url"
    with pytest.raises(gatepass.InvalidInputError):
        gatepass.connect("https://localhost", credential="x", certificate_authority="not PEM")


def test_scopes_that_can_never_be_met(gp: gatepass.Gatepass) -> None:
    for api, scopes in (("config", ["orders:read"]), ("rest", ["SCOPE_SETTINGS_EDIT"]), ("rest", ["a b"])):
        with pytest.raises(gatepass.InvalidInputError):
            gp.verifier().guard(api, scopes)  # type: ignore[arg-type]


def test_nothing_native_is_made_by_hand() -> None:
    for sealed in (gatepass.Access, gatepass.Granted, gatepass.Denied, gatepass.Guard, gatepass.Operation):
        with pytest.raises(TypeError):
            sealed()
        with pytest.raises(TypeError):
            type("Sub", (sealed,), {})
    denied = gatepass.testing.verifier([]).guard("rest").check(None)
    for read_only in (denied, gatepass.Secret("a"), days(1)):
        with pytest.raises(AttributeError):
            setattr(read_only, "anything", 1)  # noqa: B010


def test_verdicts_are_values(gp: gatepass.Gatepass) -> None:
    new = gp.tokens.create("t", "rest", scopes=["a", "b"], expires=days(1))
    guard = gp.verifier().guard("rest", ["a"])
    first, second = guard.check_secret(new.secret), guard.check(f"Bearer {new.secret.reveal()}")
    assert first == second
    assert hash(first) == hash(second)
    match first:
        case gatepass.Granted(access):
            assert access.scopes == ("a", "b")
            assert access == second.access  # type: ignore[union-attr]
            assert access is first.access
            assert access.allows("b")
            assert not access.allows("c")
        case _:
            pytest.fail("denied")
    match guard.check(None):
        case gatepass.Denied(reason=gatepass.Reason.MISSING) as denied:
            assert repr(denied) == "Denied('missing')"
            assert denied == guard.check(None)
            assert denied != first
        case _:
            pytest.fail("granted")
    assert "t" in repr(first)


def test_a_handle_that_goes_while_others_use_it(tmp_path: Any) -> None:
    gp = gatepass.open(tmp_path / "t.db")
    failed: list[BaseException] = []

    def work() -> None:
        try:
            while True:
                gp.tokens.create(f"t{threading.get_ident()}", "scim", expires=days(1))
                gp.tokens.delete(f"t{threading.get_ident()}")
        except gatepass.ClosedError:
            pass
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    gp.close()
    for thread in threads:
        thread.join(20)
    assert not failed
