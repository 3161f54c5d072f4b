"""A directory through REST (ADAP): what is sent, and what is made of what comes back."""

from __future__ import annotations

import asyncio
import gc
import logging
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any, Literal

import gatepass
import pytest
from gatepass import BulkOperation, Filter, Mod
from scripted import TOKEN, Asked, Reply, Scripted, eventually, paging, people

ENDED = "GET /adap/o%3Dx?pageSize=0&cookie=localhost%3DNTEy"


@pytest.fixture
def server() -> Iterator[Scripted]:
    made = Scripted()
    yield made
    made.close()


@pytest.fixture
def rest(server: Scripted) -> Iterator[gatepass.RestClient]:
    with gatepass.RestClient(server.url, TOKEN, attempts=1) as client:
        yield client


def test_each_operation_is_what_the_vendor_documents(server: Scripted, rest: gatepass.RestClient) -> None:
    dn = "cn=a/b?c#d%e+é,ou=x\\, y,o=z"
    rest.bind()
    rest.add(dn, {"objectClass": ["top", "person"], "cn": "a"})
    rest.replace(dn, {"cn": ("b",)})
    rest.modify(
        dn, [Mod.add("a", "1"), Mod.replace("b", ["2", "3"]), Mod.delete("c", {"4"}), Mod.delete("d")]
    )
    rest.rename("uid=alice,o=z", "uid=lewis")
    rest.move("uid=alice,o=z", "uid=alice", "ou=y,o=z")
    rest.delete(dn)
    rest.delete("ou=y,o=z", tree=True)
    asked = list(server.asked)
    path = "/adap/cn%3Da%2Fb%3Fc%23d%25e%2B%C3%A9%2Cou%3Dx%5C%2C%20y%2Co%3Dz"
    assert server.lines() == [
        "GET /adap?bind=simpleBind",
        "POST /adap",
        f"PUT {path}",
        f"PATCH {path}",
        "PATCH /adap",
        "PATCH /adap",
        f"DELETE {path}",
        "DELETE /adap/ou%3Dy%2Co%3Dz?deletetree=true",
    ]
    assert {one.headers["authorization"] for one in asked} == {f"Bearer {TOKEN}"}
    assert [one.json["params"] for one in asked if one.body] == [
        {"dn": dn, "attributes": {"objectClass": ["top", "person"], "cn": ["a"]}},
        {"attributes": {"cn": ["b"]}},
        {
            "mods": [
                {"attribute": "a", "type": "ADD", "values": ["1"]},
                {"attribute": "b", "type": "REPLACE", "values": ["2", "3"]},
                {"attribute": "c", "type": "DELETE", "values": ["4"]},
                {"attribute": "d", "type": "DELETE", "values": []},
            ]
        },
        {"DN": "uid=alice,o=z", "newRDN": "uid=lewis"},
        {"DN": "uid=alice,o=z", "newRDN": "uid=alice", "newSuperiorDN": "ou=y,o=z"},
    ]


async def test_the_same_with_asyncio(server: Scripted) -> None:
    async with gatepass.aio.RestClient(server.url, TOKEN) as rest:
        await rest.bind()
        await rest.add("cn=a,o=x", {"cn": "a"})
        await rest.replace("cn=a,o=x", {"cn": "b"})
        await rest.modify("cn=a,o=x", [Mod.delete("d")])
        await rest.rename("cn=a,o=x", "cn=b")
        await rest.move("cn=a,o=x", "cn=a", "o=y")
        await rest.delete("cn=a,o=x", tree=True)
        assert " ".join(line.split()[0] for line in server.lines()) == "GET POST PUT PATCH PATCH PATCH DELETE"
        server.answer = lambda asked: Reply({"resources": people(1, 2), "totalResults": 1})
        assert (await rest.get("uid=u1,o=x")).first("UID") == "u1"
        first = await rest.search("o=x").first()
        assert first is not None
        assert first.dn == "uid=u1,o=x"
        assert await rest.root_contexts() == ("uid=u1,o=x",)
        assert (await rest.acting_as("uid=a,o=x").get("uid=u1,o=x")).dn == "uid=u1,o=x"
        assert server.asked[-1].headers["proxy"] == "uid=a,o=x"


def test_a_search_gives_everything(server: Scripted, rest: gatepass.RestClient) -> None:
    server.answer = paging(25, 10)
    search = rest.search("o=x", page_size=10)
    assert not server.asked
    assert [entry.dn for entry in search] == [f"uid=u{n},o=x" for n in range(25)]
    asked = "GET /adap/o%3Dx?scope=sub&sizeLimit=0&pageSize=10"
    rest_of_it = f"{asked}&cookie=localhost%3DNTEy&returnMode=array"
    assert server.lines() == [f"{asked}&returnMode=array", rest_of_it, rest_of_it]
    assert [page[0].first("uid") for page in search.pages()] == ["u0", "u10", "u20"]
    assert len(search.all()) == 25


def test_a_search_is_one_page_ahead_and_no_more(server: Scripted, rest: gatepass.RestClient) -> None:
    server.answer = paging(1000, 10)
    pages = rest.search("o=x").pages()
    next(pages)
    eventually(lambda: len(server.asked) == 2)
    time.sleep(0.1)
    assert len(server.asked) == 2
    next(pages)
    eventually(lambda: len(server.asked) == 3)


def test_every_parameter_of_a_search_is_sent(server: Scripted, rest: gatepass.RestClient) -> None:
    server.answer = lambda asked: Reply({"resources": [], "totalResults": 0})
    everything: list[Callable[[], gatepass.Search]] = [
        lambda: rest.search(
            "o=x",
            filter=Filter.equals("cn", "a&b"),
            attributes=["cn", "mail"],
            scope="one",
            size_limit=7,
            start_index=2,
            count=3,
            context=True,
            context_filter="/ou=A*",
            return_mode="ldapschema",
            deref_aliases="always",
        ),
        lambda: rest.search("o=x", filter="cn=a*", page_size=None, scope="base"),
        lambda: rest.search("o=x", cookie="c d", page_size=5),
    ]
    for search in everything:
        assert search().all() == []
    assert server.lines() == [
        "GET /adap/o%3Dx?filter=%28cn%3Da%26b%29&attributes=cn%2Cmail&scope=one&startIndex=2&count=3&sizeLimit=7"
        "&context=true&contextFilter=%2Fou%3DA%2A&returnMode=ldapschema&derefAliases=3",
        "GET /adap/o%3Dx?filter=%28cn%3Da%2A%29&scope=base&sizeLimit=0&returnMode=array",
        "GET /adap/o%3Dx?scope=sub&sizeLimit=0&pageSize=5&cookie=c%20d&returnMode=array",
    ]


def test_whoever_stops_early_ends_the_search_on_the_server(
    server: Scripted, rest: gatepass.RestClient
) -> None:
    server.answer = paging(1000, 10)
    for entry in rest.search("o=x"):
        assert entry.dn
        break
    assert server.lines()[-1] == ENDED  # by the time that the loop is left
    for _ in rest.search("o=x").pages():
        break
    assert server.lines()[-1] == ENDED
    with pytest.raises(ZeroDivisionError):
        for _ in rest.search("o=x"):
            1 / 0  # noqa: B018
    gc.collect()
    eventually(lambda: server.asked[-1].line == ENDED)
    server.lines()
    server.answer = paging(20, 10)
    assert len(list(rest.search("o=x"))) == 20
    assert len(server.lines()) == 2


async def test_so_does_a_task_that_stops_or_is_cancelled(server: Scripted) -> None:
    server.answer = paging(1000, 10)
    async with gatepass.aio.RestClient(server.url, TOKEN) as rest:

        async def stops() -> None:
            async for _ in rest.search("o=x"):
                break

        async def goes_on() -> None:
            async for _ in rest.search("o=x"):
                await asyncio.sleep(0.01)

        await stops()
        for _ in range(500):
            if server.asked[-1].line == ENDED:
                break
            await asyncio.sleep(0.01)
        assert server.lines()[-1] == ENDED
        task = asyncio.create_task(goes_on())
        await asyncio.sleep(0.2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        for _ in range(500):
            if server.asked[-1].line == ENDED:
                break
            await asyncio.sleep(0.01)
        assert server.lines()[-1] == ENDED


async def test_nobody_waits_for_a_page_that_is_given_up(server: Scripted) -> None:
    pages = paging(1000, 10)

    def answer(asked: Asked) -> Reply:
        if "cookie=" in asked.target and "pageSize=0" not in asked.target:
            time.sleep(3)
        return pages(asked)

    server.answer = answer
    async with gatepass.aio.RestClient(server.url, TOKEN) as rest:
        begun = time.monotonic()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(_count(rest.search("o=x")), 0.3)
        assert time.monotonic() - begun < 2
        eventually(lambda: server.asked[-1].line == ENDED)


async def test_asyncio_reads_pages_while_it_does_other_things(server: Scripted) -> None:
    server.answer = paging(2500, 500)
    async with gatepass.aio.RestClient(server.url, TOKEN) as rest:
        search = rest.search("o=x")
        found, pages, everything = await asyncio.gather(
            _count(search), _pages(search), rest.search("o=x", page_size=None).all()
        )
        assert found >= 500  # three searches at once, of a server that knows but one
        assert pages >= 1
        assert everything
        server.answer = paging(25, 10)
        assert await _count(search) == 25


async def _count(search: gatepass.aio.Search) -> int:
    return len([entry async for entry in search])


async def _pages(search: gatepass.aio.Search) -> int:
    return len([page async for page in search.pages()])


def test_a_result_that_was_cut_says_how_far_it_goes(server: Scripted, rest: gatepass.RestClient) -> None:
    server.answer = lambda asked: Reply(
        {"resources": people(0, 3), "totalResults": -3, "count": 3, "cookie": "more"}
    )
    found = []
    with pytest.raises(gatepass.IncompleteResult) as caught:
        for entry in rest.search("o=x"):
            found.append(entry.dn)
    assert len(found) == 3
    assert (caught.value.code, caught.value.count, caught.value.cookie) == ("incomplete_result", 3, "more")
    assert isinstance(caught.value, gatepass.ProtocolError)
    # Who asked for so many only gets no error.
    assert len(rest.search("o=x", size_limit=3).all()) == 3


def test_entries(server: Scripted, rest: gatepass.RestClient) -> None:
    raw = {"dn": "cn=a,o=x", "attributes": {"CN": "a", "mail": ["m", "n"], "n": 7, "none": []}}
    server.answer = lambda asked: Reply({"resources": [raw], "totalResults": 1})
    entry = rest.get("cn=a,o=x")
    assert entry.dn == "cn=a,o=x"
    assert entry.attributes == {"CN": ["a"], "mail": ["m", "n"], "n": ["7"], "none": []}
    assert entry["cn"] == entry.attributes["Cn"] == ["a"]
    assert (entry.first("MAIL"), entry.first("none"), entry.first("nowhere")) == ("m", None, None)
    assert "MAIL" in entry.attributes
    assert "nowhere" not in entry.attributes
    assert not entry.attributes.__contains__(7)
    assert list(entry.attributes) == ["CN", "mail", "n", "none"]
    assert entry.attributes.get("nowhere") is None
    with pytest.raises(KeyError, match="nowhere"):
        entry["nowhere"]
    assert entry == gatepass.Entry("cn=a,o=x", dict(entry.attributes))
    assert entry != gatepass.Entry("cn=a,o=x")
    assert entry != "cn=a,o=x"
    server.answer = lambda asked: Reply({"resources": [], "totalResults": 0})
    with pytest.raises(gatepass.NotFoundError) as caught:
        rest.get("cn=a,o=x")
    assert caught.value.code == "entry_not_found"
    assert rest.search("cn=a,o=x").first() is None


def test_root_contexts(server: Scripted, rest: gatepass.RestClient) -> None:
    names = {"dn": "", "attributes": {"namingContexts": ["o=x", "dc=y"]}}
    server.answer = lambda asked: Reply({"resources": [names], "totalResults": 1})
    assert rest.root_contexts() == ("o=x", "dc=y")


def test_bulk_tells_of_each_operation(server: Scripted, rest: gatepass.RestClient) -> None:
    operations = [
        BulkOperation.add("cn=a,o=x", {"cn": "a", "userPassword": "hunter2"}),
        BulkOperation.replace("cn=b,o=x", {"cn": ["b"]}),
        BulkOperation.modify("cn=c,o=x", [Mod.add("mail", "m")]),
        BulkOperation.delete("cn=d,o=x"),
        BulkOperation.delete("ou=e,o=x", tree=True),
    ]
    codes: list[dict[str, Any]] = [
        {"code": "409", "ldapCode": 68, "description": "there is hunter2"},
        {"code": "200"},
        {"code": 200},
        {"code": "404"},
        {"code": "403"},
    ]

    def answer(asked: Asked) -> Reply:
        sent = asked.json["Operations"]
        answered = [
            {"method": one["method"], "dn": one["dn"], "status": code}
            for one, code in zip(sent, codes, strict=True)
        ]
        return Reply({"Operations": answered})

    server.answer = answer
    results = rest.bulk(operations)
    assert [bool(result) for result in results] == [False, True, True, False, False]
    assert [(result.method, result.dn) for result in results] == [
        (operation.method, operation.dn) for operation in operations
    ]
    assert [type(result.error) for result in results] == [
        gatepass.ConflictError,
        type(None),
        type(None),
        gatepass.NotFoundError,
        gatepass.ForbiddenError,
    ]
    assert results[0].error is not None
    assert results[0].error.code == "entry_exists"
    assert "hunter2" not in f"{results[0].error} {results} {operations}"
    assert server.lines() == ["POST /adap/bulk"]
    assert rest.bulk([]) == []
    assert server.lines() == []


def test_ten_thousand_operations_go_in_one_call(server: Scripted, rest: gatepass.RestClient) -> None:
    server.answer = lambda asked: Reply(
        {
            "Operations": [
                {"method": one["method"], "dn": one["dn"], "status": {"code": "200"}}
                for one in asked.json["Operations"]
            ]
        }
    )
    results = rest.bulk(BulkOperation.delete(f"uid=u{n},o=x") for n in range(10_000))
    assert all(results)
    assert [result.dn for result in results] == [f"uid=u{n},o=x" for n in range(10_000)]
    assert len(server.lines()) == 1


def test_a_user_is_acted_as(server: Scripted, rest: gatepass.RestClient) -> None:
    server.answer = lambda asked: Reply({"resources": people(1, 2), "totalResults": 1})
    other = rest.acting_as("cn=Žofie,o=x")
    other.get("uid=u1,o=x")
    assert server.asked[-1].headers["proxy"] == "cn=\\C5\\BDofie,o=x"
    rest.get("uid=u1,o=x")
    assert "proxy" not in server.asked[-1].headers
    with pytest.raises(gatepass.InvalidInputError) as caught:
        rest.acting_as("nobody")
    assert caught.value.code == "dn_malformed"
    other.close()
    assert other.closed
    assert not rest.closed
    other = rest.acting_as("cn=a,o=x")
    rest.close()
    with pytest.raises(gatepass.ClosedError):
        other.bind()


def test_after_it_was_closed(server: Scripted) -> None:
    server.answer = paging(1000, 10)
    rest = gatepass.RestClient(server.url, TOKEN)
    search = rest.search("o=x")
    under_way = iter(search)
    next(under_way)
    rest.close()
    rest.close()
    assert rest.closed
    assert repr(rest) == f"<RestClient {server.url}, closed>"
    with pytest.raises(gatepass.ClosedError, match="this RestClient was closed"):
        list(under_way)
    eventually(lambda: server.asked[-1].line == ENDED)
    for call in (
        rest.bind,
        lambda: rest.get("o=x"),
        lambda: rest.search("o=x"),
        lambda: list(search),
        search.first,
        lambda: rest.bulk([]),
        lambda: rest.acting_as("cn=a,o=x"),
    ):
        with pytest.raises(gatepass.ClosedError):
            call()


def test_filters() -> None:
    def both(one: Filter | str, other: Filter | str) -> list[str]:
        return [str(one), str(other)]

    assert str(Filter.equals("cn", "a*(b)\\\0")) == r"(cn=a\2a\28b\29\5c\00)"
    assert str(Filter.equals("guid", b"\xff\x00a")) == r"(guid=\ff\00a)"
    assert both(Filter.at_least("n", 1), Filter.at_most("n", "2")) == ["(n>=1)", "(n<=2)"]
    assert both(Filter.approximately("n", "1"), Filter.present("n")) == ["(n~=1)", "(n=*)"]
    assert both(Filter.starts_with("n", "1"), Filter.ends_with("n", "*")) == ["(n=1*)", r"(n=*\2a)"]
    assert str(Filter.contains("n", "1")) == "(n=*1*)"
    assert str(Filter.substring("o", begin="univ", between=["of", "mich"])) == "(o=univ*of*mich*)"
    assert str(Filter.matches("f", "1.2.840.113556.1.4.803", "2")) == "(f:1.2.840.113556.1.4.803:=2)"
    one, other = Filter.present("a"), Filter.present("b")
    assert str(one & ~other | "c=1") == "(|(&(a=*)(!(b=*)))(c=1))"
    assert str("c=1" & one) == "(&(c=1)(a=*))"
    assert str("c=1" | one) == "(|(c=1)(a=*))"
    assert str(Filter.all([one, "c=1"])) == "(&(a=*)(c=1))"
    assert both(Filter.any([]), Filter.all(())) == ["(|)", "(&)"]
    assert Filter.raw("a=*") == one
    assert hash(Filter.raw("(a=*)")) == hash(one)
    assert repr(one) == 'Filter("(a=*)")'
    for wrong in (1.5, True, None, ["a"]):
        with pytest.raises(TypeError):
            Filter.equals("cn", wrong)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            one & wrong  # type: ignore[operator]
    with pytest.raises(TypeError):
        Filter.all("ab")


def test_no_name_of_an_attribute_breaks_out(rest: gatepass.RestClient) -> None:
    for name in ("cn=*)(uid", "", "a b"):
        with pytest.raises(gatepass.InvalidInputError) as caught:
            rest.search("o=x", filter=~Filter.equals(name, "x")).all()
        assert (caught.value.code, caught.value.field) == ("filter_malformed", "filter")


BAD: dict[str, tuple[Callable[[Scripted], Callable[[Asked], Reply]], type[gatepass.GatepassError]]] = {
    "ends mid-body": (
        lambda server: lambda asked: Reply({"resources": people(0, 9)}, cut=True),
        gatepass.UnavailableError,
    ),
    "sends HTML": (
        lambda server: lambda asked: Reply(f"<html>{TOKEN}</html>", headers={"Content-Type": "text/html"}),
        gatepass.ProtocolError,
    ),
    "sends HTML as an error": (
        lambda server: lambda asked: Reply(f"<html>{TOKEN}</html>", status=502),
        gatepass.UnavailableError,
    ),
    "loops its cursor": (
        lambda server: (
            lambda asked: Reply({"resources": people(0, 2), "totalResults": -2, "count": 2, "cookie": "c"})
        ),
        gatepass.ProtocolError,
    ),
    "echoes the token": (
        lambda server: (
            lambda asked: Reply(
                {"httpStatus": 400, "errorCode": 49, "description": f"Invalid token {TOKEN}"}, status=400
            )
        ),
        gatepass.UnauthorizedError,
    ),
    "puts the token into its cookie": (
        lambda server: lambda asked: Reply({"resources": people(0, 2), "totalResults": -2, "cookie": TOKEN}),
        gatepass.ProtocolError,
    ),
    "redirects elsewhere": (
        lambda server: lambda asked: Reply(status=302, headers={"Location": "http://127.0.0.1:1/adap/o=x"}),
        gatepass.ProtocolError,
    ),
    "sends to another host with the token in it": (
        lambda server: (
            lambda asked: Reply(status=302, headers={"Location": f"https://evil.example/?t={TOKEN}"})
        ),
        gatepass.ProtocolError,
    ),
    "sends another form": (
        lambda server: lambda asked: Reply({"resources": "none"}),
        gatepass.ProtocolError,
    ),
    "sends nothing": (lambda server: lambda asked: Reply(), gatepass.ProtocolError),
    "sends a list": (lambda server: lambda asked: Reply([TOKEN]), gatepass.ProtocolError),
}


@pytest.mark.parametrize("way", BAD)
@pytest.mark.parametrize("kind", ["sync", "aio"])
async def test_a_server_that_behaves_badly(
    server: Scripted, caplog: pytest.LogCaptureFixture, way: str, kind: Literal["sync", "aio"]
) -> None:
    caplog.set_level(logging.DEBUG)
    bad, expected = BAD[way]
    server.answer = bad(server)
    with pytest.raises(expected) as caught:
        if kind == "sync":
            with gatepass.RestClient(server.url, TOKEN, attempts=1) as rest:
                await asyncio.to_thread(rest.search("o=x").all)
        else:
            async with gatepass.aio.RestClient(server.url, TOKEN, attempts=1) as other:
                async for _ in other.search("o=x"):
                    pass
    assert caught.value.code
    told = "".join(traceback.format_exception(caught.value)) + caplog.text
    for secret in (TOKEN, TOKEN[20:]):
        assert secret not in told


def test_a_node_of_a_cluster_is_followed_to_where_it_may_be(server: Scripted) -> None:
    node = Scripted()
    node.answer = lambda asked: Reply({"resources": people(0, 2), "totalResults": 2})
    location = f"http://localhost:{node.port}/adap/o=x"
    server.answer = lambda asked: Reply(status=302, headers={"Location": location})
    with gatepass.RestClient(server.url, TOKEN, nodes=[f"localhost:{node.port}"]) as rest:
        assert len(rest.search("o=x").all()) == 2
        assert node.asked[0].headers["authorization"] == f"Bearer {TOKEN}"
    with (
        gatepass.RestClient(server.url, TOKEN) as rest,
        pytest.raises(gatepass.ProtocolError) as caught,
    ):
        rest.search("o=x").all()
    assert caught.value.code == "redirected"
    node.close()
    with pytest.raises(gatepass.InvalidInputError) as malformed:
        gatepass.RestClient(server.url, TOKEN, nodes=["http://a"])
    assert malformed.value.code == "node_malformed"


def test_the_credential_is_asked_for_where_the_caller_is(server: Scripted) -> None:
    server.answer = paging(30, 10)
    threads = []

    def credential() -> str:
        threads.append(threading.current_thread())
        return TOKEN

    with gatepass.RestClient(server.url, credential) as rest:
        assert len(rest.search("o=x").all()) == 30
        assert rest.search("o=x").first() is not None
        rest.get("o=x")
    assert threads == [threading.current_thread()]


async def test_so_it_is_with_asyncio(server: Scripted) -> None:
    server.answer = paging(30, 10)
    loops = []

    async def credential() -> str:
        loops.append(asyncio.get_running_loop())
        return TOKEN

    async with gatepass.aio.RestClient(server.url, credential) as rest:
        assert len(await rest.search("o=x").all()) == 30
    assert loops == [asyncio.get_running_loop()]


def test_a_refused_credential_is_asked_for_again_in_the_middle_of_a_search(server: Scripted) -> None:
    pages = paging(30, 10)

    def answer(asked: Asked) -> Reply:
        good = "newer" if "cookie=" in asked.target else TOKEN
        if asked.headers["authorization"] != f"Bearer {good}":
            return Reply({"httpStatus": 401, "description": "expired"}, status=401)
        return pages(asked)

    server.answer = answer
    given = iter([TOKEN, "newer", "newer"])
    with gatepass.RestClient(server.url, lambda: next(given)) as rest:
        assert len(rest.search("o=x").all()) == 30


def test_a_credential_that_cannot_be_had(server: Scripted) -> None:
    def credential() -> str:
        raise LookupError("no such entry")

    with gatepass.RestClient(server.url, credential) as rest:
        for call in (rest.bind, rest.search("o=x").all, lambda: rest.get("o=x")):
            with pytest.raises(gatepass.UnauthorizedError) as caught:
                call()
            assert isinstance(caught.value.__cause__, LookupError)
    assert not server.asked


def test_what_is_asked_wrongly(server: Scripted, rest: gatepass.RestClient) -> None:
    wrong: list[Callable[[], object]] = [
        lambda: gatepass.RestClient(server.url, 7),  # type: ignore[arg-type]
        lambda: gatepass.RestClient(7, TOKEN),  # type: ignore[arg-type]
        lambda: gatepass.RestClient(server.url, TOKEN, nodes="a.example"),
        lambda: gatepass.RestClient(server.url, TOKEN, color="red"),  # type: ignore[call-arg]
        lambda: rest.search(7),  # type: ignore[arg-type]
        lambda: rest.search("o=x", filter=7),  # type: ignore[arg-type]
        lambda: rest.search("o=x", attributes="cn"),
        lambda: rest.search("o=x", attributes=[7]),  # type: ignore[list-item]
        lambda: rest.search("o=x", page_size="ten"),  # type: ignore[arg-type]
        lambda: rest.search("o=x", page_size=-1),
        lambda: rest.search("o=x", size_limit=1.5),  # type: ignore[arg-type]
        lambda: rest.search("o=x", context="yes"),  # type: ignore[arg-type]
        lambda: rest.search("o=x", color="red"),  # type: ignore[call-arg]
        lambda: rest.get(None),  # type: ignore[arg-type]
        lambda: rest.add("cn=a,o=x", "cn=a"),  # type: ignore[arg-type]
        lambda: rest.add("cn=a,o=x", {"cn": 7}),  # type: ignore[dict-item]
        lambda: rest.add("cn=a,o=x", {"cn": [b"a"]}),  # type: ignore[list-item]
        lambda: rest.add("cn=a,o=x", {7: "a"}),  # type: ignore[dict-item]
        lambda: rest.modify("cn=a,o=x", Mod.delete("cn")),  # type: ignore[arg-type]
        lambda: rest.modify("cn=a,o=x", [("cn", "a")]),  # type: ignore[list-item]
        lambda: rest.delete("cn=a,o=x", tree="yes"),  # type: ignore[arg-type]
        lambda: rest.bulk(7),  # type: ignore[arg-type]
        lambda: rest.bulk([Mod.delete("cn")]),  # type: ignore[list-item]
        lambda: Mod.add("cn", 7),  # type: ignore[arg-type]
        lambda: Mod.add("cn"),  # type: ignore[call-arg]
        lambda: BulkOperation.add("cn=a,o=x", None),  # type: ignore[arg-type]
    ]
    for number, call in enumerate(wrong):
        with pytest.raises(TypeError):
            call()
            pytest.fail(f"number {number} was taken")
    invalid: list[tuple[Callable[[], object], str]] = [
        (lambda: gatepass.RestClient("http://example.com", TOKEN), "url_insecure"),
        (lambda: gatepass.RestClient("nonsense", TOKEN), "url_malformed"),
        (lambda: rest.search("o=x", page_size=0), "page_size_zero"),
        (lambda: rest.search("o=x", scope="children"), "search_scope_unknown"),  # type: ignore[arg-type]
        (lambda: rest.search("o=x", return_mode="xml"), "return_mode_unknown"),  # type: ignore[arg-type]
        (lambda: rest.search("o=x", deref_aliases="maybe"), "deref_aliases_unknown"),  # type: ignore[arg-type]
        (lambda: rest.get("nobody"), "dn_malformed"),
        (lambda: rest.delete("cn=\n,o=x"), "dn_malformed"),
        (lambda: rest.rename("cn=a,o=x", "b"), "dn_malformed"),
        (lambda: rest.bulk([BulkOperation.delete("nobody")]), "dn_malformed"),
        (lambda: rest.delete("cn=" + "x" * 6000), "dn_too_long"),
    ]
    for call, code in invalid:
        with pytest.raises(gatepass.InvalidInputError) as caught:
            call()
        assert caught.value.code == code
        assert caught.value.field
    assert not server.asked


def test_nothing_shows_a_secret(server: Scripted, rest: gatepass.RestClient) -> None:
    shown = [
        rest,
        rest.search("o=x"),
        Mod.replace("userPassword", "hunter2"),
        BulkOperation.add("cn=a,o=x", {"userPassword": "hunter2"}),
        gatepass.Entry("cn=a,o=x", {"userPassword": ["hunter2"]}),
        gatepass.Entry("cn=a,o=x", {"userPassword": ["hunter2"]}).attributes,
    ]
    text = f"{shown} {[str(one) for one in shown]}"
    assert "hunter2" not in text
    assert TOKEN not in text
    server.answer = lambda asked: Reply(
        {"httpStatus": 400, "ldapCode": 19, "description": "hunter2 is too short"}, status=400
    )
    with pytest.raises(gatepass.InvalidInputError) as caught:
        rest.modify("cn=a,o=x", [Mod.replace("userPassword", "hunter2")])
    assert caught.value.code == "constraint_violation"
    assert "hunter2" not in str(caught.value)


def test_changes_are_values() -> None:
    one = Mod.add("mail", ["a", "b"])
    assert (one.attribute, one.kind, one.values) == ("mail", "ADD", ("a", "b"))
    assert one == Mod.add("mail", ("a", "b"))
    assert one != Mod.delete("mail", ["a", "b"])
    assert BulkOperation.delete("cn=a,o=x") != BulkOperation.delete("cn=a,o=x", tree=True)
    assert BulkOperation.modify("cn=a,o=x", [one]) == BulkOperation.modify("cn=a,o=x", [one])


def test_a_server_that_takes_too_long(server: Scripted) -> None:
    def answer(asked: Asked) -> Reply:
        time.sleep(0.5)
        return Reply({"httpStatus": 200})

    server.answer = answer
    with (
        gatepass.RestClient(server.url, TOKEN, timeout=0.05, attempts=1) as rest,
        pytest.raises(gatepass.TimedOutError),
    ):
        rest.bind()
