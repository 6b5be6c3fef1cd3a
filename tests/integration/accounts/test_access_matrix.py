"""docs/access.md against the router: every route is in its table, and every cell of the table is true."""

import re
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from httpx import Response
from litestar.connection import ASGIConnection
from litestar.routes import HTTPRoute

from nyumba.accounts.errors import Forbidden
from nyumba.accounts.guards import require_role
from nyumba.accounts.models import ROLES
from nyumba.app import create_app
from nyumba.images.folder import FolderStorage
from nyumba.images.objects import name_objects
from nyumba.settings import Settings
from tests.conftest import World
from tests.integration.accounts.conftest import Accounts, Person

DOCUMENT = Path(__file__).parents[3] / "docs" / "access.md"
PEOPLE = ("anonymous", *ROLES, "owner", "deactivated")
STRANGERS = [name for name in PEOPLE if name not in {"owner", "admin"}]
REFUSALS = {401, 403, 404}
FORGETTING = {"DELETE /api/v1/properties/{property_id}/save"}  # answers 204, whatever there is to forget
# Bodies are read before anything is looked up: an empty one would tell nothing of these.
BODIES: dict[str, dict[str, object]] = {
    "PUT /api/v1/properties/{property_id}/images/order": {"image_ids": []},
    "POST /api/v1/agents/{agent_id}/reviews": {"rating": 5},
}


def read_table() -> dict[str, dict[str, str]]:
    """Who gets what, by request."""
    rows = re.findall(r"^\| `([A-Z]+ /[^`]*)` \|(.*)\|$", DOCUMENT.read_text(), flags=re.MULTILINE)
    return {request: dict(zip(PEOPLE, (c.strip() for c in cells.split("|")), strict=True)) for request, cells in rows}


def list_requests(settings: Settings) -> set[str]:
    """All that the router knows, but for the documentation's own pages."""
    requests = set()
    for route in create_app(settings).routes:
        if isinstance(route, HTTPRoute) and not route.path.startswith("/docs"):
            path = re.sub(r"\{(\w+):\w+\}", r"{\1}", route.path)
            requests |= {f"{method} {path}" for method in route.methods - {"OPTIONS", "HEAD"}}
    return requests


async def log_everyone_in(accounts: Accounts) -> dict[str, Person]:
    """All but the one who is nobody."""
    people = {role: await accounts.add_logged_in(role) for role in ROLES}
    people |= {"owner": await accounts.add_logged_in("agent"), "deactivated": await accounts.add_logged_in()}
    await accounts.sql("UPDATE users SET is_active = false WHERE id = :id", id=people["deactivated"].id)
    return people


async def add_reviews(world: World, agent_id: UUID) -> None:
    """Everybody has reviewed this agent, and so has a review to change."""
    await world.sql("INSERT INTO agent_profiles (user_id) VALUES (:id)", id=agent_id)
    await world.sql(
        "INSERT INTO agent_reviews (agent_id, client_id, rating) SELECT :id, id, 5 FROM users WHERE id <> :id",
        id=agent_id,
    )


async def add_property(settings: Settings, world: World, owner_id: UUID, **values: object) -> dict[str, object]:
    """One with an image, and what requests call all that."""
    property_id, image_id = await world.add_property(owner_id, **values), uuid4()
    name, _ = name_objects(image_id)
    await FolderStorage(settings.state_dir / "images").put(name, b"")
    await world.sql(
        "INSERT INTO property_images (id, property_id, url) VALUES (:id, :property_id, '')",
        id=image_id,
        property_id=property_id,
    )
    ids = {"property_id": property_id, "image_id": image_id, "name": name}
    return ids | {"agent_id": owner_id, "user_id": owner_id}


async def send(accounts: Accounts, request: str, person: Person | None, ids: Mapping[str, object]) -> Response:
    method, path = request.split(" ")
    body = BODIES.get(request, {}) if method in {"POST", "PUT", "PATCH"} else None
    headers = person.headers if person else {}
    response = await accounts.api.request(method, path.format(**ids), headers=headers, json=body)
    assert response.status_code < 429, f"{request}: {response.text}"
    return response


def test_every_route_is_in_the_table(settings: Settings) -> None:
    assert list_requests(settings) == set(read_table())


async def test_every_cell_is_true(accounts: Accounts, world: World, settings: Settings) -> None:
    """Each person finds a property of the owner as it was made."""
    people = await log_everyone_in(accounts)
    owner_id = people["owner"].id
    ids = {name: await add_property(settings, world, owner_id) for name in PEOPLE}
    await world.reindex()
    await add_reviews(world, owner_id)
    found: dict[str, dict[str, str]] = {}
    for request in read_table():
        statuses = {name: (await send(accounts, request, people.get(name), ids[name])).status_code for name in PEOPLE}
        found[request] = {name: str(code) if code in REFUSALS else "yes" for name, code in statuses.items()}
    assert found == read_table()


@pytest.mark.parametrize("status", ["draft", "sold", "let", "withdrawn", "expired"])
async def test_private_property_cannot_be_told_from_a_missing_one(
    accounts: Accounts, world: World, settings: Settings, status: str
) -> None:
    people = await log_everyone_in(accounts)
    private = await add_property(settings, world, people["owner"].id, status=status)
    missing = private | {"property_id": uuid4(), "image_id": uuid4()}
    await world.reindex()
    for request in (request for request in read_table() if "{property_id}" in request):
        for name in STRANGERS:
            answers = [await send(accounts, request, people.get(name), ids) for ids in (private, missing)]
            seen = [
                (answer.status_code, answer.text.replace(str(ids["property_id"]), "…"), sorted(answer.headers))
                for answer, ids in zip(answers, (private, missing), strict=True)
            ]
            assert seen[0] == seen[1], f"{request} as {name}"
            assert answers[0].status_code in REFUSALS or request in FORGETTING, f"{request} as {name}"


@pytest.mark.parametrize("allowed", [("admin",), ("seller", "agent"), ROLES])
async def test_guard_lets_its_roles_pass_and_no_others(accounts: Accounts, allowed: tuple[str, ...]) -> None:
    guard = require_role(*allowed)
    app = accounts.api._transport.app  # type: ignore[attr-defined]
    for role in ROLES:
        person = await accounts.add_logged_in(role)
        header = (b"authorization", person.headers["Authorization"].encode())
        connection = ASGIConnection({"type": "http", "headers": [header], "litestar_app": app, "app": app})
        if role in allowed:
            await guard(connection, None)  # type: ignore[arg-type]
            assert connection.user.id == person.id
        else:
            with pytest.raises(Forbidden):
                await guard(connection, None)  # type: ignore[arg-type]


@pytest.mark.parametrize("roles", [(), ("owner",), ("admin", "Admin")])
def test_guard_of_a_role_that_is_none_is_a_bug(roles: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="no such roles"):
        require_role(*roles)
