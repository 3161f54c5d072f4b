"""A secret is shown by nothing but `reveal()`."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import traceback
from dataclasses import asdict

import gatepass
import pytest
from gatepass import days

TEXT = "gpr_8fK2mQ0aZx71_d9Jw0Qb3yVn5uTz1KcXe7Lg2Rh4Ms6p0ghEG1"
TAIL = TEXT[10:]


def test_what_prints_it_shows_little(gp: gatepass.Gatepass, caplog: pytest.LogCaptureFixture) -> None:
    secret = gatepass.Secret(TEXT)
    new = gp.tokens.create("t", "scim", expires=days(1))
    logging.getLogger("app").warning("secret %s, %r, %s", secret, secret, {"secret": secret})
    shown = [
        str(secret),
        repr(secret),
        f"{secret}",
        f"{secret!r:>40}",
        f"{secret:>40}",
        f"{secret} {secret!r}",
    ]
    shown += [
        format(secret),
        repr([secret]),
        repr(new),
        str(new),
        caplog.text,
        repr(gatepass.Credential(secret)),
    ]
    shown += [repr(gatepass.auth(secret)), repr(asdict(new)), repr(vars(gp))]
    try:
        raise RuntimeError(secret)
    except RuntimeError as error:
        captured = traceback.TracebackException.from_exception(error, capture_locals=True)
        shown.append("".join(captured.format()))
    for text in shown:
        assert TAIL not in text
        assert new.secret.reveal()[10:] not in text
    assert str(secret) == "gpr_8fK2…"
    assert repr(secret) == "Secret('gpr_8fK2…')"
    assert f"{secret:>12}" == "   gpr_8fK2…"
    assert secret.reveal() == TEXT


def test_what_writes_it_down_refuses() -> None:
    secret = gatepass.Secret(TEXT)
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match=r"reveal\(\)"):
            pickle.dumps(secret, protocol)
    with pytest.raises(TypeError):
        json.dumps(secret)
    with pytest.raises(TypeError):
        "".join([secret])  # type: ignore[list-item]
    assert not hasattr(secret, "__dict__")
    assert copy.deepcopy(secret) is secret
    assert copy.copy(secret) is secret


def test_equal_secrets_are_equal() -> None:
    one, other = gatepass.Secret(TEXT), gatepass.Secret("Secret-Token:" + TEXT)
    assert one == other
    assert hash(one) == hash(other)
    assert one != TEXT
    assert one != gatepass.testing.generate_secret("rest")
    assert gatepass.Secret(one) == one
    assert (one.id, one.api, one.brand) == ("8fK2mQ0aZx71", gatepass.Api.REST, "gp")
    assert one.digest.startswith("a6765f8abf3cada5")


def test_a_redacted_secret_that_is_sent_is_told_from_a_wrong_one(gp: gatepass.Gatepass) -> None:
    secret = gp.tokens.create("t", "rest", expires=days(1)).secret
    with pytest.raises(gatepass.InvalidInputError, match=r"reveal\(\)") as caught:
        gatepass.connect("https://localhost", credential=str(secret))
    assert caught.value.code == "secret_redacted"
    for ask in (gatepass.auth, gatepass.Secret, gp.tokens.revoke_leaked):
        with pytest.raises(gatepass.InvalidInputError, match=r"reveal\(\)"):
            ask(f"{secret}")
    guard = gp.verifier().guard("rest")
    header = f"Bearer {secret}"
    for sent in (header, header.encode(), header.encode().decode("latin-1")):
        verdict = guard.check(sent)
        assert isinstance(verdict, gatepass.Denied)
        assert verdict.hint is not None
        assert "reveal()" in verdict.hint
        assert "reveal" not in str(verdict.answer())
    with pytest.raises(gatepass.AccessDenied, match=r"reveal\(\)"):
        guard.require(header)
    denied = guard.check_secret(TEXT)
    assert isinstance(denied, gatepass.Denied)
    assert denied.hint is None


def test_errors_hold_no_secret(gp: gatepass.Gatepass) -> None:
    for wrong in (TEXT + "x" * 9000, TEXT + " ", TEXT + "\udcff", "\udcff" + TEXT, TEXT + "é"):
        with pytest.raises(gatepass.InvalidInputError) as caught:
            gatepass.Secret(wrong)
        told = "".join(traceback.format_exception(caught.value))
        assert caught.value.code == "secret_malformed"
        assert TAIL not in told.replace(f'gatepass.Secret("{wrong}")', "")
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None


def test_scanners_find_it() -> None:
    import re

    assert re.search(gatepass.scanner_rule(), f"TOKEN={TEXT}\n")
    assert re.search(gatepass.scanner_rule("acme"), "acmer_" + TEXT[4:])
    with pytest.raises(gatepass.InvalidInputError):
        gatepass.scanner_rule("1")
