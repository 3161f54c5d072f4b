"""The data clients against a real server: `gatepass serve --sandbox`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import gatepass
import pytest
from gatepass import BulkOperation, Dn, Filter, Mod, PatchOp, ScimFilter, days
from support import Authority, name

PEOPLE = 300
BASE = Dn("o=acme")
UNIT = BASE.child("ou", "People")


def token(sandbox: Authority, api: str, **asked: object) -> gatepass.Secret:
    with sandbox.connect() as gp:
        return gp.tokens.create(name(), api, expires=days(1), **asked).secret  # type: ignore[arg-type]


@pytest.fixture
def rest(sandbox: Authority) -> Iterator[gatepass.RestClient]:
    with gatepass.RestClient(f"{sandbox.url}/adap", token(sandbox, "rest")) as client:
        yield client


@pytest.fixture
def scim(sandbox: Authority) -> Iterator[gatepass.ScimClient]:
    with gatepass.ScimClient(f"{sandbox.url}/scim2/v2", token(sandbox, "scim")) as client:
        yield client


def test_everybody_is_found(rest: gatepass.RestClient) -> None:
    rest.bind()
    assert rest.root_contexts() == (BASE,)
    people = rest.search(UNIT, scope="one", attributes=["uid"], page_size=128)
    assert len({entry.dn for entry in people}) == PEOPLE
    assert [len(page) for page in people.pages()] == [128, 128, 44]
    assert len(rest.search(UNIT, scope="one", page_size=None).all()) == PEOPLE
    assert len(rest.search(UNIT, size_limit=7).all()) == 7
    for entry in people:
        assert entry.first("UID")
        break
    some = rest.search(UNIT, filter=Filter.starts_with("cn", "Žofrik") & ~Filter.equals("title", "Librarian"))
    assert 0 < len(some.all()) < PEOPLE
    assert all(entry["cn"][0].startswith("Žofrik") for entry in some)


async def test_everybody_is_found_with_asyncio(sandbox: Authority) -> None:
    secret = token(sandbox, "rest")
    async with gatepass.aio.RestClient(f"{sandbox.url}/adap", secret) as rest:
        assert len([entry async for entry in rest.search(UNIT, scope="one", page_size=50)]) == PEOPLE
        async for _ in rest.search(UNIT, page_size=50):
            break
    async with gatepass.aio.ScimClient(f"{sandbox.url}/scim2/v2", token(sandbox, "scim")) as scim:
        people = scim.resources("Users").list()
        assert await people.count() == PEOPLE
        assert len({user["id"] async for user in people}) == PEOPLE


def test_an_entry_s_life(rest: gatepass.RestClient) -> None:
    dn = UNIT.child("cn", f'O\'Hara, "P" #{name()}')
    attributes = {"objectClass": ["top", "person"], "sn": "O'Hara"}
    rest.add(dn, attributes)
    with pytest.raises(gatepass.ConflictError) as caught:
        rest.add(dn, attributes)
    assert caught.value.code == "entry_exists"
    rest.modify(dn, [Mod.add("mail", ["a@x.example", "b@x.example"]), Mod.replace("sn", "Ohara")])
    entry = rest.get(dn)
    assert (entry["MAIL"], entry.first("sn")) == (["a@x.example", "b@x.example"], "Ohara")
    rest.replace(dn, attributes)
    assert "mail" not in rest.get(dn).attributes
    renamed = UNIT.child("cn", name())
    assert renamed.rdn is not None
    rest.rename(dn, renamed.rdn)
    unit = BASE.child("ou", name())
    rest.add(unit, {"objectClass": ["top", "organizationalUnit"]})
    rest.move(renamed, renamed.rdn, unit)
    moved = f"{renamed.rdn},{unit}"
    assert rest.get(moved).first("sn") == "O'Hara"
    with pytest.raises(gatepass.ConflictError) as caught:
        rest.delete(unit)
    assert caught.value.code == "not_allowed_on_non_leaf"
    rest.delete(unit, tree=True)
    with pytest.raises(gatepass.NotFoundError):
        rest.get(moved)


def test_bulk(rest: gatepass.RestClient) -> None:
    unit = BASE.child("ou", name())
    names = [unit.child("cn", f"p{number}") for number in range(1000)]
    results = rest.bulk(
        [
            BulkOperation.add(unit, {"objectClass": ["top", "organizationalUnit"]}),
            *(BulkOperation.add(dn, {"objectClass": ["top", "person"], "sn": "x"}) for dn in names),
            BulkOperation.modify(names[0], [Mod.replace("sn", "y")]),
            BulkOperation.delete(unit.child("cn", "nobody")),
        ]
    )
    assert [result.dn for result in results if not result] == [unit.child("cn", "nobody")]
    assert isinstance(results[-1].error, gatepass.NotFoundError)
    assert rest.get(names[0]).first("sn") == "y"
    assert all(rest.bulk([BulkOperation.delete(unit, tree=True)]))


def test_a_user_is_acted_as(sandbox: Authority, rest: gatepass.RestClient) -> None:
    own, other = (entry.dn for entry in rest.search(UNIT, scope="one", start_index=5, count=2))
    acting = rest.acting_as(own)
    acting.modify(own, [Mod.replace("description", "mine")])
    with pytest.raises(gatepass.ForbiddenError):
        acting.modify(other, [Mod.replace("description", "mine")])
    with gatepass.RestClient(f"{sandbox.url}/adap", token(sandbox, "rest", target_dn=own)) as client:
        client.modify(own, [Mod.delete("description")])
        with pytest.raises(gatepass.ForbiddenError):
            client.delete(other)


def test_a_resource_s_life(scim: gatepass.ScimClient) -> None:
    assert {"User", "Group"} <= {kind["name"] for kind in scim.resource_types()}
    assert any(schema["id"].endswith(":core:2.0:User") for schema in scim.schemas())
    assert scim.service_provider_config()["patch"]["supported"] is True
    users, called = scim.resources("Users"), name()
    user = users.create({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": called})
    id, version = user["id"], user["meta"]["version"]
    assert users.get(id, unless=version) is None
    with pytest.raises(gatepass.ConflictError) as caught:
        users.create({"schemas": user["schemas"], "userName": called})
    assert caught.value.code == "uniqueness"
    changed = users.if_match(version).patch(
        id, PatchOp().replace("displayName", "B").add("emails", [{"value": "b@x.example", "type": "work"}])
    )
    assert changed is None or changed["displayName"] == "B"
    with pytest.raises(gatepass.ConflictError) as caught:
        users.if_match(version).delete(id)
    assert caught.value.code == "version_mismatch"
    work = ScimFilter.one_of("emails", ScimFilter.eq("value", "b@x.example"))
    found = users.list(filter=work & ScimFilter.eq("userName", called), attributes=["userName"]).first()
    assert found is not None
    assert found["id"] == id
    assert "emails" not in found
    replaced = users.replace(id, {"schemas": user["schemas"], "userName": called})
    assert "displayName" not in replaced
    users.delete(id)
    with pytest.raises(gatepass.NotFoundError):
        users.get(id)


def test_everybody_is_listed(scim: gatepass.ScimClient) -> None:
    people = scim.resources("Users").list(sort_by="userName", sort_order="descending", page_size=70)
    assert people.count() == PEOPLE
    names = [user["userName"] for user in people]
    assert len(set(names)) == PEOPLE
    assert len(scim.resources("Users").list(start_index=PEOPLE - 4).all()) == 5
    with pytest.raises(gatepass.InvalidInputError) as caught:
        scim.resources("Users").list(filter="userName").all()
    assert caught.value.code == "invalid_filter"


def test_each_token_opens_its_own_api_alone(sandbox: Authority) -> None:
    with sandbox.connect() as gp:
        config = gp.tokens.create(name(), "config", roles=["Read Only"], expires=days(1)).secret
    secrets = {"config": config, "scim": token(sandbox, "scim"), "rest": token(sandbox, "rest")}
    for api, secret in secrets.items():
        with (
            gatepass.connect(sandbox.url, credential=secret) as gp,
            gatepass.ScimClient(f"{sandbox.url}/scim2/v2", secret) as scim,
            gatepass.RestClient(f"{sandbox.url}/adap", secret) as rest,
        ):
            uses: dict[str, Callable[[], object]] = {
                "config": gp.myself,
                "scim": scim.resources("Users").list().count,
                "rest": rest.bind,
            }
            for other, use in uses.items():
                if other == api:
                    use()
                    continue
                with pytest.raises(gatepass.UnauthorizedError):
                    use()
