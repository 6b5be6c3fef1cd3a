"""The API against its own OpenAPI document, as schemathesis reads it.

It finds the routes by itself. A new one fails here when it answers what the document does not say, takes what the
document forbids, refuses what it allows, or breaks. What may be refused all the same is in tests/fuzz/explained.py.
"""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest

from nyumba.accounts.families import start_family
from nyumba.accounts.tokens import TokenKeys
from nyumba.db import create_session_factory
from nyumba.settings import Settings
from tests.conftest import World
from tests.serving import make_environ, run_server

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "tests" / "fuzz" / "schemathesis.toml"
SCHEMATHESIS = str(Path(sys.executable).with_name("schemathesis"))
PROPERTIES = 30  # of each owner: some are removed in the course of a run
ROLES = ("anonymous", "buyer", "agent", "admin")


SHORT = """
[generation]
deterministic = true
max-examples = 3

[phases.stateful.generation]
deterministic = true
max-examples = 8

[[operations]] # they take what GET /properties takes
include-path = ["/api/v1/properties/search", "/api/v1/properties/map", "/api/v1/properties/export"]
phases.coverage.enabled = false
"""
LONG = """
[generation]
max-examples = 100

[phases.stateful.generation]
max-examples = 200
"""


@dataclass(frozen=True)
class Scene:
    """What there is to try things on: ids by dictionary, and the headers of somebody who is logged in."""

    dictionaries: dict[str, list[UUID]]
    headers: dict[str, str]

    def write_config(self, directory: Path, effort: str) -> Path:
        lists = "".join(
            f"\n[dictionaries.{name}]\nvalues = {json.dumps([str(one) for one in ids])}\n"
            for name, ids in self.dictionaries.items()
        )
        path = directory / "schemathesis.toml"
        path.write_text(CONFIG.read_text() + effort + lists)
        return path


async def set_scene(world: World, settings: Settings, role: str) -> Scene:
    """Listings of the one who tries and of somebody else, an agent with a profile, and an index of it all."""
    other = await world.add_user()
    person = await world.add_user(role="buyer" if role == "anonymous" else role)
    await world.sql("INSERT INTO agent_profiles (user_id) SELECT id FROM users WHERE role = 'agent'")
    place = {"city": "Nairobi", "latitude": -1.29, "longitude": 36.79}
    owners = [person, other] * PROPERTIES
    properties = [await world.add_property(owner, bedrooms=n % 5, **place) for n, owner in enumerate(owners)]
    add_images = "INSERT INTO property_images (property_id, url) SELECT id, '' FROM properties RETURNING id"
    images = [row[0] for row in await world.sql(add_images)]
    await world.reindex()
    async with create_session_factory(world.engine).begin() as session:
        pair = await start_family(session, TokenKeys(settings.secret_key), person)
    headers = {} if role == "anonymous" else {"Authorization": f"Bearer {pair.access_token}"}
    return Scene({"properties": properties, "images": images, "agents": [person, other]}, headers)


def check_conformance(scene: Scene, settings: Settings, directory: Path, effort: str, *options: str) -> None:
    command = [SCHEMATHESIS, "--config-file", str(scene.write_config(directory, effort)), "run", "--checks", "all"]
    for name, value in scene.headers.items():
        command += ["-H", f"{name}: {value}"]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}  # explained.py imports from tests
    with run_server(make_environ(settings, NYUMBA_RATE_LIMIT_FACTOR="10000")) as server:
        command += [*options, f"{server.url}/docs/openapi.json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, env=environ)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("role", ROLES)
async def test_every_route_does_as_the_document_says(
    world: World, settings: Settings, tmp_path: Path, role: str
) -> None:
    phases = "coverage,fuzzing,stateful" if role == "agent" else "fuzzing,stateful"
    scene = await set_scene(world, settings, role)
    check_conformance(scene, settings, tmp_path, SHORT, "--phases", phases)


@pytest.mark.fuzz
@pytest.mark.parametrize("role", ROLES)
async def test_every_route_does_as_the_document_says_at_length(
    world: World, settings: Settings, tmp_path: Path, role: str
) -> None:
    check_conformance(await set_scene(world, settings, role), settings, tmp_path, LONG)
