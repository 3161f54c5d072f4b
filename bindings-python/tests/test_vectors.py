"""All files of `tests/vectors`: what every language is held to. See their README."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, get_args

import gatepass
import pytest
from gatepass import testing
from gatepass._gatepass import ALGORITHMS, REASONS, Issuing, Source
from gatepass._validators import AlgorithmName
from support import ROOT

VECTORS = ROOT / "tests" / "vectors"
JSON = dict[str, Any]


def cases(file: str) -> list[Any]:
    read = json.loads((VECTORS / file).read_text(encoding="utf-8"))
    assert read["about"]
    assert read["cases"]
    names = [case["name"] for case in read["cases"]]
    assert len(set(names)) == len(names)
    return [pytest.param(case, id=case["name"]) for case in read["cases"]]


def text(given: Any) -> str:
    """What stands for a text that is long or strange."""
    match given:
        case {"repeat": part, "times": times}:
            return str(part) * int(times)
        case {"join": parts}:
            return "".join(map(text, parts))
        case _:
            assert isinstance(given, str)
            return given


def expanded(given: Any) -> Any:
    """The same anywhere inside of what is expected."""
    match given:
        case {"repeat": _, "times": _} | {"join": _}:
            return text(given)
        case dict():
            return {key: expanded(value) for key, value in given.items()}
        case list():
            return [expanded(value) for value in given]
        case _:
            return given


def instant(written: str) -> datetime:
    """RFC 3339 with any precision; what is finer than a microsecond is dropped, as Python has nothing finer."""
    head, _, rest = written.replace("Z", "+00:00").partition(".")
    if not rest:
        return datetime.fromisoformat(head)
    digits = rest.split("+")[0].split("-")[0]
    return datetime.fromisoformat(f"{head}.{digits[:6].ljust(6, '0')}{rest[len(digits) :]}")


def written(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def outcome(do: Callable[[], Any]) -> JSON:
    try:
        return {"ok": do()}
    except gatepass.GatepassError as error:
        return {"error": {"kind": error.kind, "code": error.code, "field": error.field}}


def header(given: Any) -> Any:
    match given:
        case None:
            return None
        case list():
            return [header(value) for value in given]
        case {"hex": digits}:
            return bytes.fromhex(digits).decode("latin-1")
        case {"join": parts}:
            return "".join(map(header, parts))
        case _:
            return text(given)


def in_bytes(value: Any) -> Any:
    """The same header, as ASGI has it."""
    match value:
        case None:
            return None
        case list():
            return [in_bytes(one) for one in value]
        case str() if all(ord(letter) < 256 for letter in value):
            return value.encode("latin-1")
        case _:
            return value.encode()


def expiration(given: Any) -> gatepass.Expiration | None:
    match given:
        case None:
            return None
        case "never":
            return gatepass.never
        case {"days": count}:
            return gatepass.days(count)
        case {"on": day, "zone": str(zone)}:
            return gatepass.on(date.fromisoformat(day), zone)
        case {"on": day}:
            return gatepass.on(date.fromisoformat(day))
        case {"at": at}:
            return gatepass.at(instant(at))
    raise AssertionError(given)


def policy(given: JSON | None) -> JSON:
    if given is None:
        return {}
    limit = float("inf") if given.get("max_days") is None else given["max_days"]
    return {"max_days": limit, "allow_never": given.get("allow_never", False)}


@pytest.mark.parametrize("case", cases("secrets.json"))
def test_secret(case: JSON) -> None:
    given = text(case["text"])

    def read() -> JSON:
        secret = gatepass.Secret(given)
        return {
            "brand": secret.brand,
            "api": secret.api and str(secret.api),
            "id": secret.id,
            "digest": secret.digest,
            "redacted": str(secret),
            "revealed": secret.reveal(),
        }

    assert outcome(read) == expanded(case["secret"])
    guard = testing.verifier([]).guard("rest")
    verdict = guard.check_secret(given)
    assert not verdict
    assert verdict.reason == case["check"]


@pytest.mark.parametrize("case", cases("expiration.json"))
def test_expiration(case: JSON) -> None:
    issuing = Issuing(instant(case["now"]), **policy(case.get("policy")))
    found = outcome(lambda: written(issuing.resolve(expiration(case["expiration"]))))
    assert found == case["expected"]


@pytest.mark.parametrize("case", cases("headers.json"))
def test_header(case: JSON) -> None:
    guard = testing.verifier([]).guard("rest")
    sent = header(case["authorization"])
    for authorization in (sent, in_bytes(sent)):
        verdict = guard.check(authorization)
        assert not verdict
        assert verdict.reason == case["reason"]


@pytest.mark.parametrize("case", cases("answers.json"))
def test_answer(case: JSON) -> None:
    answer = gatepass._gatepass.answer(case["reason"], case["realm"], case["scope"])
    found = {
        "status": answer.status_code,
        "www_authenticate": answer.www_authenticate,
        "retry_after": answer.retry_after,
        "error": answer.error,
    }
    assert found == case["answer"]


def test_every_reason_is_a_member() -> None:
    assert [reason.value for reason in gatepass.Reason] == REASONS
    assert {case.values[0]["reason"] for case in cases("answers.json")} == set(REASONS)


@pytest.mark.parametrize("case", cases("roles.json"))
def test_role(case: JSON) -> None:
    match case:
        case {"held": held}:
            custom = json.dumps(held.get("custom", []))
            issuing = Issuing(instant("2026-03-01T09:00:00Z"), roles=custom)
            assert issuing.scopes(held["roles"]) == sorted(held["allows"])
        case {"round_trip": trip}:
            role = gatepass.Role.from_dict(trip["given"])
            assert list(role.scopes) == sorted(trip["allows"])
            assert role.to_dict() == trip["written"]
            assert gatepass.Role.from_dict(role.to_dict()) == role
        case {"refused": refused}:
            now, roles = instant("2026-03-01T09:00:00Z"), json.dumps([refused["given"]])
            assert outcome(lambda: Issuing(now, roles=roles)) == {"error": refused["error"]}
        case _:
            pytest.fail("neither held, round_trip nor refused")


@pytest.mark.parametrize("case", cases("issuing.json"))
def test_issuing(case: JSON) -> None:
    options = {"caller": json.dumps(case.get("caller")), "roles": json.dumps(case.get("custom", []))}
    options |= policy(case.get("policy"))

    def do() -> Any:
        now = instant(case["now"])
        match case:
            case {"create": asked}:
                asked = dict(asked)
                brand = asked.pop("brand", None)
                asked["expires"] = expiration(asked.get("expires"))
                if asked.get("not_before") is not None:
                    asked["not_before"] = instant(asked["not_before"])
                asked = {key: expanded(value) for key, value in asked.items() if value is not None}
                secret, record = Issuing(now, brand=brand, **options).create(**asked)
                return issued(secret, json.loads(record), brand or "gp", without_id=True)
            case {"rotate": asked}:
                secret, record = Issuing(now, **options).rotate(
                    json.dumps(asked["record"]),
                    grace=timedelta(milliseconds=asked["grace_ms"]),
                    force=asked["force"],
                    expires=expiration(asked["expires"]),
                )
                rotated = json.loads(record)
                assert rotated.pop("previousDigest") == asked["record"]["digest"]
                return issued(secret, rotated, "gp")
            case {"set_role": roles}:
                return Issuing(now, **options).may_set_role(
                    json.dumps(roles["before"]), json.dumps(roles["after"])
                )
            case {"set_user_roles": roles}:
                return Issuing(now, **options).may_set_roles(roles["before"], roles["after"])
            case {"set_password": roles}:
                return Issuing(now, **options).may_set_password(roles["roles"])
        raise AssertionError("nothing is done")

    assert outcome(do) == expanded(case["expected"])


def issued(secret: gatepass.Secret, record: JSON, brand: str, *, without_id: bool = False) -> JSON:
    """The token as it is shown, once the secret and the record are known to belong together."""
    assert secret.brand == brand
    assert secret.api is not None
    assert secret.api.value.upper() == record["apiType"]
    assert secret.id == record["id"]
    assert secret.digest == record.pop("digest")
    if without_id:
        del record["id"]
    return record


def every_check() -> list[Any]:
    return [pytest.param(case.values[0], id=case.id) for case in cases("checks.json")]


@pytest.mark.parametrize("case", every_check())
def test_checks(case: JSON) -> None:
    now, freshness = instant(case["now"]), case["freshness"]
    proof = freshness and freshness["proof"]
    clock = testing.Clock(now - timedelta(milliseconds=proof["wall_age_ms"]) if proof else now)
    source = Source(clock, freshness and timedelta(milliseconds=freshness["max_staleness_ms"]))
    assert source.load(json.dumps(case["records"]), json.dumps(case["custom"])) == len(case["records"])
    if proof:
        source.prove()
        clock.set(now)
        clock.advance_boot_time(timedelta(milliseconds=proof["boot_age_ms"]))
    scopes = [text(scope) for scope in case["guard"]["scopes"]]
    made = outcome(lambda: source.verifier.guard(case["guard"]["api"], scopes))
    assert made.get("error") == case["error"]
    names = [check["name"] for check in case["checks"]]
    assert len(set(names)) == len(names)
    failed = {check["name"]: said for check in case["checks"] if (said := ask(made["ok"], check, clock, now))}
    assert not failed


def ask(guard: gatepass.Guard, check: JSON, clock: testing.Clock, now: datetime) -> str | None:
    """What is wrong with what the guard says."""
    clock.set(instant(check["now"]) if check.get("now") else now)
    verdict = guard.check(header(check["authorization"]), check["peer"])
    if verdict.granted:
        found: Any = {
            "id": verdict.access.id,
            "name": verdict.access.name,
            "api": str(verdict.access.api),
            "roles": list(verdict.access.roles),
            "scopes": list(verdict.access.scopes),
            "target_dn": verdict.access.target_dn,
            "expires_on": written(verdict.access.expires_on),
            "allows": [scope for scope in check["granted"]["allows"] if verdict.access.allows(scope)],
            "refuses": [scope for scope in check["granted"]["refuses"] if not verdict.access.allows(scope)],
        }
        expected = check.get("granted")
    else:
        status = verdict.answer("orders").status_code
        found = {"reason": str(verdict.reason), "status": status, "id": verdict.token_id}
        expected = check.get("denied")
    return None if found == expected else f"found {found}, expected {expected}"


def every_token_of_another() -> list[Any]:
    """One test for each check, and one for each verifier that cannot be made."""
    found = []
    for case in cases("jwt.json"):
        name, given = case.id, case.values[0]
        found += [pytest.param(given, check, id=f"{name}-{check['name']}") for check in given["checks"]]
        if given["error"]:
            found.append(pytest.param(given, None, id=name))
    assert len(found) > 100
    return found


@pytest.mark.parametrize(("case", "check"), every_token_of_another())
def test_token_of_another_issuer(case: JSON, check: JSON | None) -> None:
    clock = testing.Clock(instant(case["now"]))
    validators = [gatepass.ExternalTokenValidator.from_dict(one) for one in case["validators"]]

    def make() -> gatepass.Verifier:
        return testing.external_verifier_of(validators, keys=case["keys"], clock=clock)

    made = outcome(make)
    assert made.get("error") == case["error"]
    if check is None:
        return
    guard = made["ok"].guard(case["guard"]["api"], [text(scope) for scope in case["guard"]["scopes"]])
    clock.set(instant(check.get("now") or case["now"]))
    sent = f"Bearer {text(check['token'])}"
    for _ in range(2):  # what is remembered of the first time must change nothing
        assert external(guard.check(sent), check) == expanded(
            {key: value for key, value in check.items() if key in {"granted", "denied"}}
        )
        assert external(guard.check_async(sent.encode()).wait(), check) == external(guard.check(sent), check)


def external(verdict: gatepass.Granted | gatepass.Denied, check: JSON) -> JSON:
    """What a verdict says, in the words of the vectors."""
    if not verdict:
        status = verdict.answer("orders").status_code
        return {"denied": {"reason": str(verdict.reason), "status": status, "id": verdict.token_id}}
    access, expected = verdict.access, check.get("granted", {"allows": [], "refuses": []})
    assert access.claims is access.claims
    return {
        "granted": {
            "name": access.name,
            "api": str(access.api),
            "subject": access.subject,
            "issuer": access.issuer,
            "scopes": list(access.scopes),
            "target_dn": access.target_dn,
            "expires_on": written(access.expires_on),
            "claims": access.claims,
            "allows": [scope for scope in expected["allows"] if access.allows(scope)],
            "refuses": [scope for scope in expected["refuses"] if not access.allows(scope)],
        }
    }


def test_every_algorithm_is_a_word() -> None:
    assert list(get_args(AlgorithmName)) == ALGORITHMS
