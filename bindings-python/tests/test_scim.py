"""Resources through SCIM: what is sent, and what is made of what comes back."""

from __future__ import annotations

import asyncio
import logging
import threading
import traceback
from collections.abc import Callable, Iterator
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

import gatepass
import pytest
from gatepass import PatchOp, ScimFilter
from scripted import TOKEN, Asked, Reply, Scripted, eventually

PATCH_OP = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
MEDIA = "application/scim+json"
DN = "uid=a/b?c#d%e+é,o=x"
PATH = "/scim2/v2/Users/uid%3Da%2Fb%3Fc%23d%25e%2B%C3%A9%2Co%3Dx"


@pytest.fixture
def server() -> Iterator[Scripted]:
    made = Scripted("/scim2/v2")
    yield made
    made.close()


@pytest.fixture
def scim(server: Scripted) -> Iterator[gatepass.ScimClient]:
    with gatepass.ScimClient(server.url, TOKEN, attempts=1) as client:
        yield client


def users(first: int, last: int) -> list[dict[str, Any]]:
    return [
        {"id": f"uid=u{n},o=x", "userName": f"u{n}", "meta": {"version": f'W/"{n}"'}}
        for n in range(first, last)
    ]


def listing(total: int, most: int) -> Callable[[Asked], Reply]:
    """A server that gives `most` at a time, whatever it is asked for."""

    def answer(asked: Asked) -> Reply:
        query = {name: values[0] for name, values in parse_qs(urlsplit(asked.target).query).items()}
        start, count = int(query["startIndex"]), min(int(query["count"]), most)
        page = users(start, min(start + count, total + 1))
        return Reply(
            {"totalResults": total, "startIndex": start, "itemsPerPage": len(page), "Resources": page}
        )

    return answer


def test_each_operation_is_what_rfc_7644_says(server: Scripted, scim: gatepass.ScimClient) -> None:
    user = {"id": DN, "userName": "b", "n": 1.5, "meta": {"version": 'W/"1"'}}
    server.answer = lambda asked: Reply(user)
    people = scim.resources("Users")
    assert people.get(DN) == user
    assert people.get(DN, attributes=["userName", "emails"]) == user
    assert people.get(DN, excluded_attributes=("emails",)) == user
    assert people.create({"userName": "b", "name": {"familyName": "Ž"}}) == user
    assert people.replace(DN, {"userName": "b"}) == user
    patch = (
        PatchOp()
        .replace("active", False)
        .add("emails", [{"value": "b@x.example"}])
        .remove("nickName")
        .add_all({"title": None})
        .replace_all({"title": "x"})
    )
    assert len(patch) == 5
    assert people.patch(DN, patch) == user
    assert people.if_match('W/"1"').patch(DN, PatchOp().remove("x")) == user
    people.if_match("1").delete(DN)
    people.delete(DN)
    asked = list(server.asked)
    assert server.lines() == [
        f"GET {PATH}",
        f"GET {PATH}?attributes=userName%2Cemails",
        f"GET {PATH}?excludedAttributes=emails",
        "POST /scim2/v2/Users",
        f"PUT {PATH}",
        f"PATCH {PATH}",
        f"PATCH {PATH}",
        f"DELETE {PATH}",
        f"DELETE {PATH}",
    ]
    assert {one.headers["authorization"] for one in asked} == {f"Bearer {TOKEN}"}
    assert {one.headers["content-type"] for one in asked if one.body} == {MEDIA}
    assert [one.headers.get("if-match") for one in asked[-3:]] == ['W/"1"', '"1"', None]
    assert asked[3].json == {"userName": "b", "name": {"familyName": "Ž"}}
    assert asked[5].json == {
        "schemas": [PATCH_OP],
        "Operations": [
            {"op": "replace", "path": "active", "value": False},
            {"op": "add", "path": "emails", "value": [{"value": "b@x.example"}]},
            {"op": "remove", "path": "nickName"},
            {"op": "add", "value": {"title": None}},
            {"op": "replace", "value": {"title": "x"}},
        ],
    }
    people.create({}, attributes=["id"])
    people.replace("a", {}, attributes=["id"])
    people.patch("a", patch, excluded_attributes=["members"])
    assert server.lines() == [
        "POST /scim2/v2/Users?attributes=id",
        "PUT /scim2/v2/Users/a?attributes=id",
        "PATCH /scim2/v2/Users/a?excludedAttributes=members",
    ]
    server.answer = lambda asked: Reply(status=204)
    assert people.patch(DN, patch) is None
    people.delete(DN)
    # The version that a header alone says is in the resource all the same.
    server.answer = lambda asked: Reply({"id": "a"}, headers={"ETag": 'W/"7"'})
    assert people.get("a") == {"id": "a", "meta": {"version": 'W/"7"'}}
    server.answer = lambda asked: Reply(status=304)
    assert people.get("a", unless='W/"7"') is None
    assert server.asked[-1].headers["if-none-match"] == 'W/"7"'


async def test_the_same_with_asyncio(server: Scripted) -> None:
    async with gatepass.aio.ScimClient(server.url, TOKEN) as scim:
        server.answer = listing(25, 10)
        people = scim.resources("Users")
        listed = people.list()
        assert [user["userName"] async for user in listed] == [f"u{n}" for n in range(1, 26)]
        assert [len(page) async for page in listed.pages()] == [10, 10, 5]
        assert len(await listed.all()) == 25
        assert await listed.count() == 25
        first = await listed.first()
        assert first is not None
        assert first["id"] == "uid=u1,o=x"
        server.answer = lambda asked: Reply({"id": "a"})
        assert await people.get("a") == {"id": "a"}
        assert await people.get("a", unless="1") == {"id": "a"}
        assert await people.create({"userName": "a"}) == {"id": "a"}
        assert await people.replace("a", {"userName": "a"}) == {"id": "a"}
        assert await people.if_match("1").patch("a", PatchOp().remove("x")) == {"id": "a"}
        await people.delete("a")
        server.answer = lambda asked: Reply([{"name": "User", "endpoint": "/Users", "schema": "s"}])
        assert (await scim.resource_types())[0]["endpoint"] == "/Users"
        assert (await scim.schemas())[0]["name"] == "User"
        server.answer = lambda asked: Reply({"patch": {"supported": True}})
        assert await scim.service_provider_config() == {"patch": {"supported": True}}


def test_a_list_gives_everything(server: Scripted, scim: gatepass.ScimClient) -> None:
    server.answer = listing(25, 10)
    listed = scim.resources("/Users").list()
    assert not server.asked
    assert [user["userName"] for user in listed] == [f"u{n}" for n in range(1, 26)]
    assert server.lines() == [f"GET /scim2/v2/Users?startIndex={start}&count=200" for start in (1, 11, 21)]
    assert [len(page) for page in listed.pages()] == [10, 10, 5]
    assert len(listed.all()) == 25
    server.lines()
    assert listed.count() == 25
    assert server.lines() == ["GET /scim2/v2/Users?startIndex=1&count=0"]
    first = listed.first()
    assert first is not None
    assert first["userName"] == "u1"
    assert server.lines() == ["GET /scim2/v2/Users?startIndex=1&count=1"]
    server.answer = listing(0, 10)
    assert listed.all() == []
    assert listed.first() is None


def test_every_parameter_of_a_list_is_sent(server: Scripted, scim: gatepass.ScimClient) -> None:
    server.answer = listing(0, 10)
    people = scim.resources("Users")
    people.list(
        filter=ScimFilter.eq("userName", 'b"&j'),
        sort_by="userName",
        sort_order="descending",
        start_index=3,
        page_size=7,
        attributes=["userName", "emails"],
    ).all()
    people.list(filter="a pr", excluded_attributes=["emails"]).all()
    sent = [parse_qs(urlsplit(asked.target).query) for asked in server.asked]
    assert sent == [
        {
            "filter": ['userName eq "b\\"&j"'],
            "sortBy": ["userName"],
            "sortOrder": ["descending"],
            "startIndex": ["3"],
            "count": ["7"],
            "attributes": ["userName,emails"],
        },
        {"filter": ["a pr"], "startIndex": ["1"], "count": ["200"], "excludedAttributes": ["emails"]},
    ]


def test_a_list_is_one_page_ahead_and_no_more(server: Scripted, scim: gatepass.ScimClient) -> None:
    server.answer = listing(1000, 10)
    for user in scim.resources("Users").list():
        assert user["userName"] == "u1"
        eventually(lambda: len(server.asked) == 2)
        break
    assert len(server.lines()) == 2


def test_what_the_server_says_of_itself(server: Scripted, scim: gatepass.ScimClient) -> None:
    kinds = [{"name": "User", "endpoint": "/Users", "schema": "urn:a"}]

    def answer(asked: Asked) -> Reply:
        if asked.target.endswith("/ResourceTypes"):
            return Reply({"status": "404"}, status=404)  # the vendor writes it otherwise
        return Reply({"totalResults": 1, "Resources": kinds})

    server.answer = answer
    assert [(kind["name"], kind["endpoint"], kind["schema"]) for kind in scim.resource_types()] == [
        ("User", "/Users", "urn:a")
    ]
    server.answer = lambda asked: Reply(
        {"Resources": [{"id": "urn:a", "name": "A", "attributes": [{"name": "x", "type": "string"}]}]}
    )
    (schema,) = scim.schemas()
    assert (schema["id"], schema["attributes"][0]["name"]) == ("urn:a", "x")
    server.answer = lambda asked: Reply({"patch": {"supported": True}})
    assert scim.service_provider_config()["patch"] == {"supported": True}
    server.answer = lambda asked: Reply(status=404)
    with pytest.raises(gatepass.NotFoundError):
        scim.resource_types()


def test_an_older_server_is_spoken_to_as_it_wants(server: Scripted, scim: gatepass.ScimClient) -> None:
    server.answer = lambda asked: Reply(
        {"id": "a"}, status=415 if asked.headers.get("content-type") == MEDIA else 200
    )
    assert scim.resources("Users").create({"userName": "a"}) == {"id": "a"}
    assert [asked.headers["content-type"] for asked in server.asked] == [MEDIA, "application/json"]


def test_each_refusal_is_an_error_of_its_kind(server: Scripted, scim: gatepass.ScimClient) -> None:
    people = scim.resources("Users")
    for status, scim_type, expected, code in (
        (400, "invalidFilter", gatepass.InvalidInputError, "invalid_filter"),
        (409, "uniqueness", gatepass.ConflictError, "uniqueness"),
        (404, None, gatepass.NotFoundError, "resource_not_found"),
        (412, None, gatepass.ConflictError, "version_mismatch"),
        (401, None, gatepass.UnauthorizedError, "authentication_failed"),
    ):
        body = {"status": str(status), "scimType": scim_type, "detail": "because"}
        server.answer = lambda asked, body=body, status=status: Reply(body, status=status)  # type: ignore[misc]
        with pytest.raises(expected) as caught:
            people.if_match("1").replace("a", {})
        assert (caught.value.code, caught.value.status_code) == (code, status)


def test_a_result_that_was_cut_says_how_far_it_goes(server: Scripted, scim: gatepass.ScimClient) -> None:
    def answer(asked: Asked) -> Reply:
        first = "startIndex=1&" in asked.target
        return Reply({"totalResults": 9, "Resources": users(1, 4) if first else []})

    server.answer = answer
    found = []
    with pytest.raises(gatepass.IncompleteResult) as caught:
        for user in scim.resources("Users").list():
            found.append(user)
    assert len(found) == caught.value.count == 3
    assert caught.value.cookie is None


BAD: dict[str, tuple[Callable[[Asked], Reply], type[gatepass.GatepassError]]] = {
    "ends mid-body": (
        lambda asked: Reply({"totalResults": 9, "Resources": users(1, 9)}, cut=True),
        gatepass.UnavailableError,
    ),
    "sends HTML": (
        lambda asked: Reply(f"<html>{TOKEN}</html>", headers={"Content-Type": "text/html"}),
        gatepass.ProtocolError,
    ),
    "gives the same again": (
        lambda asked: Reply({"totalResults": 9, "Resources": users(1, 3)}),
        gatepass.ProtocolError,
    ),
    "gives others than were asked for": (
        lambda asked: Reply({"totalResults": 9, "startIndex": 5, "Resources": users(1, 3)}),
        gatepass.ProtocolError,
    ),
    "echoes the token": (
        lambda asked: Reply({"status": "400", "detail": f"bad token {TOKEN}"}, status=400),
        gatepass.GatepassError,
    ),
    "redirects elsewhere": (
        lambda asked: Reply(status=302, headers={"Location": f"https://evil.example/?t={TOKEN}"}),
        gatepass.ProtocolError,
    ),
    "sends another form": (lambda asked: Reply({"Resources": {"a": TOKEN}}), gatepass.ProtocolError),
    "sends nothing": (lambda asked: Reply(), gatepass.ProtocolError),
}


@pytest.mark.parametrize("way", BAD)
@pytest.mark.parametrize("kind", ["sync", "aio"])
async def test_a_server_that_behaves_badly(
    server: Scripted, caplog: pytest.LogCaptureFixture, way: str, kind: Literal["sync", "aio"]
) -> None:
    caplog.set_level(logging.DEBUG)
    server.answer, expected = BAD[way]
    with pytest.raises(expected) as caught:
        if kind == "sync":
            with gatepass.ScimClient(server.url, TOKEN, attempts=1) as scim:
                await asyncio.to_thread(scim.resources("Users").list().all)
        else:
            async with gatepass.aio.ScimClient(server.url, TOKEN, attempts=1) as other:
                async for _ in other.resources("Users").list():
                    pass
    assert caught.value.code
    told = "".join(traceback.format_exception(caught.value)) + caplog.text
    for secret in (TOKEN, TOKEN[20:]):
        assert secret not in told


def test_filters() -> None:
    assert str(ScimFilter.eq("userName", 'b"j')) == 'userName eq "b\\"j"'
    assert str(ScimFilter.ne("a", None) & ScimFilter.gt("n", 1)) == "a ne null and n gt 1"
    assert str(ScimFilter.ge("n", 1.5) | ScimFilter.lt("n", True)) == "n ge 1.5 or n lt true"
    assert str(ScimFilter.le("n", "ž")) == 'n le "ž"'
    assert str(ScimFilter.contains("a", "b")) == 'a co "b"'
    assert str(~ScimFilter.starts_with("a", "b")) == 'not (a sw "b")'
    assert str(ScimFilter.ends_with("a", "b") & "c pr") == 'a ew "b" and (c pr)'
    assert str("c pr" | ScimFilter.present("a")) == "(c pr) or a pr"
    one = ScimFilter.one_of("emails", ScimFilter.eq("type", "work"))
    assert str(one) == 'emails[type eq "work"]'
    assert one == ScimFilter.one_of("emails", 'type eq "work"')
    assert len({one, ScimFilter.one_of("emails", 'type eq "work"')}) == 1
    assert repr(ScimFilter.raw("a pr")) == 'ScimFilter("a pr")'
    for wrong in ([1], {"a": 1}, b"a", object()):
        with pytest.raises(TypeError):
            ScimFilter.eq("a", wrong)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            one & wrong  # type: ignore[operator]
    with pytest.raises(ValueError):
        ScimFilter.eq("a", float("nan"))


def test_what_is_asked_wrongly(server: Scripted, scim: gatepass.ScimClient) -> None:
    people = scim.resources("Users")
    nested: list[Any] = []
    for _ in range(200):
        nested = [nested]
    wrong: list[Callable[[], object]] = [
        lambda: gatepass.ScimClient(server.url, 7),  # type: ignore[arg-type]
        lambda: gatepass.ScimClient(server.url, TOKEN, nodes=["a"]),  # type: ignore[call-arg]
        lambda: scim.resources(7),  # type: ignore[arg-type]
        lambda: people.get(7),  # type: ignore[call-overload]
        lambda: people.get("a", attributes="userName"),
        lambda: people.create([]),  # type: ignore[arg-type]
        lambda: people.create({"a": object()}),
        lambda: people.create({b"a": 1}),  # type: ignore[dict-item]
        lambda: people.patch("a", {"Operations": []}),  # type: ignore[arg-type]
        lambda: people.list(filter=7),  # type: ignore[arg-type]
        lambda: people.list(page_size="ten"),  # type: ignore[arg-type]
        lambda: people.list(color="red"),  # type: ignore[call-arg]
        lambda: PatchOp().add("a"),  # type: ignore[call-arg]
        lambda: PatchOp().add("a", {1, 2}),
        lambda: PatchOp().add_all("a"),  # type: ignore[arg-type]
    ]
    for number, call in enumerate(wrong):
        with pytest.raises(TypeError):
            call()
            pytest.fail(f"number {number} was taken")
    invalid: list[tuple[Callable[[], object], str]] = [
        (lambda: gatepass.ScimClient("http://example.com", TOKEN), "url_insecure"),
        (lambda: people.get(""), "id_malformed"),
        (lambda: people.get(".."), "id_malformed"),
        (lambda: people.if_match("a\nb").delete("a"), "version_malformed"),
        (lambda: scim.resources("../x").list().all(), "endpoint_malformed"),
        (lambda: people.list(page_size=0), "page_size_zero"),
        (lambda: people.list(sort_order="up"), "sort_order_unknown"),  # type: ignore[arg-type]
        (lambda: people.create({"a": nested}), "json_malformed"),
    ]
    for call, code in invalid:
        with pytest.raises(gatepass.InvalidInputError) as caught:
            call()
        assert caught.value.code == code
        assert caught.value.field
    for no_json in (float("nan"), "a\udcffb"):
        with pytest.raises(ValueError):
            people.create({"a": no_json})
    assert not server.asked


def test_after_it_was_closed(server: Scripted) -> None:
    scim = gatepass.ScimClient(server.url, TOKEN)
    people = scim.resources("Users")
    listed = people.list()
    scim.close()
    scim.close()
    assert scim.closed
    assert repr(scim) == f"<ScimClient {server.url}, closed>"
    for call in (
        scim.schemas,
        lambda: people.get("a"),
        lambda: scim.resources("Users").get("a"),
        lambda: people.list(),
        lambda: list(listed),
        listed.count,
        listed.first,
    ):
        with pytest.raises(gatepass.ClosedError, match="this ScimClient was closed"):
            call()
    assert not server.asked


def test_nothing_shows_a_secret(server: Scripted, scim: gatepass.ScimClient) -> None:
    patch = PatchOp().replace("password", "hunter2")
    assert repr(patch) == "<PatchOp of 1 changes>"
    assert TOKEN not in f"{scim} {scim.resources('Users')} {scim.resources('Users').list()}"
    server.answer = lambda asked: Reply(
        {"status": "400", "scimType": "invalidValue", "detail": "hunter2 is too short"}, status=400
    )
    calls: list[Callable[[], object]] = [
        lambda: scim.resources("Users").patch("a", patch),
        lambda: scim.resources("Users").create({"userName": "a", "password": "hunter2"}),
    ]
    for call in calls:
        with pytest.raises(gatepass.InvalidInputError) as caught:
            call()
        assert caught.value.code == "invalid_value"
        assert "hunter2" not in str(caught.value)


def test_the_credential_is_asked_for_where_the_caller_is(server: Scripted) -> None:
    server.answer = listing(30, 10)
    threads = []

    def credential() -> str:
        threads.append(threading.current_thread())
        return TOKEN

    with gatepass.ScimClient(server.url, credential) as scim:
        assert len(scim.resources("Users").list().all()) == 30
    assert threads == [threading.current_thread()]
