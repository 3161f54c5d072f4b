"""`help(gatepass)` reads well: everything that is public is described, and nothing else is there."""

from __future__ import annotations

import inspect
import pydoc
from typing import Any

import gatepass
import gatepass.asgi
import gatepass.django
import gatepass.fastapi
import gatepass.flask
import gatepass.wsgi
import pytest

MODULES = [
    gatepass,
    gatepass.aio,
    gatepass.testing,
    gatepass.asgi,
    gatepass.wsgi,
    gatepass.fastapi,
    gatepass.flask,
    gatepass.django,
]


def public() -> list[Any]:
    named = [(module.__name__, name, getattr(module, name)) for module in MODULES for name in module.__all__]
    return [pytest.param(value, id=f"{module}.{name}") for module, name, value in named]


@pytest.mark.parametrize("thing", public())
def test_what_is_public_is_described(thing: Any) -> None:
    if isinstance(thing, (str, gatepass.Expiration)):
        return
    assert inspect.getdoc(thing), thing
    if not inspect.isclass(thing):
        return
    for name, member in vars(thing).items():
        described = callable(member) or isinstance(member, (property, staticmethod, classmethod))
        described = described or inspect.isgetsetdescriptor(member)
        if described and not name.startswith("_"):
            assert inspect.getdoc(getattr(thing, name)), f"{thing.__name__}.{name}"


def test_names_are_those_that_tracebacks_print() -> None:
    for name in gatepass.__all__:
        thing = getattr(gatepass, name)
        if inspect.isclass(thing) and issubclass(thing, BaseException):
            assert (thing.__module__, thing.__qualname__) == ("gatepass", name)
            assert issubclass(thing, gatepass.GatepassError) or thing is gatepass.Cause


def test_help_shows_the_way() -> None:
    page = pydoc.plain(pydoc.render_doc(gatepass))
    for word in ("gp.tokens.create", "class Gatepass", "class Secret", "AccessDenied", "days(count, /)"):
        assert word in page
    assert "authorization, peer=None)" in pydoc.plain(pydoc.render_doc(gatepass.Guard))


def test_every_kind_has_a_class_of_its_own() -> None:
    from gatepass._errors import KINDS

    assert len(KINDS) == 13
    assert len(set(KINDS.values())) == 13
    assert {error.__name__ for error in KINDS.values()} <= set(gatepass.__all__)
    assert issubclass(gatepass.InvalidInputError, ValueError)
    assert issubclass(gatepass.TimedOutError, TimeoutError)
