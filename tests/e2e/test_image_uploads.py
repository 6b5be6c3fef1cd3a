"""Images through a running server: what hostile files cost it, and how a picture comes to be found by search."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import psutil
import pytest
from PIL import Image

from nyumba.accounts.families import start_family
from nyumba.accounts.tokens import TokenKeys
from nyumba.db import create_session_factory
from nyumba.images.objects import name_objects
from nyumba.images.uploads import MOST_BYTES
from nyumba.settings import Settings
from tests.conftest import World
from tests.pictures import (
    encode,
    make_animation,
    make_bomb,
    make_jpeg,
    make_png_header,
    make_text_bomb,
    make_webp_header,
)
from tests.serving import Server, make_environ, run_server

TIMEOUT_S = 120
MOST_GROWTH_BYTES = 150 * 2**20


@pytest.fixture
def environ(settings: Settings) -> dict[str, str]:
    return make_environ(settings)


@dataclass(frozen=True)
class Visit:
    """A running `nyumba serve` and an owner who talks to it."""

    process: psutil.Process
    client: httpx.AsyncClient
    property_id: UUID
    images: str

    async def upload(self, *files: bytes) -> httpx.Response:
        return await self.client.post(self.images, files=[("files", ("a.jpg", content)) for content in files])


@pytest.fixture
def serving(environ: dict[str, str]) -> Iterator[Server]:
    with run_server(environ) as server:
        yield server


@pytest.fixture
async def server(serving: Server, world: World, settings: Settings) -> AsyncIterator[Visit]:
    user_id = await world.add_user(role="seller")
    async with create_session_factory(world.engine).begin() as session:
        pair = await start_family(session, TokenKeys(settings.secret_key), user_id)
    property_id = await world.add_property(user_id, title="Maisonette")
    headers = {"Authorization": f"Bearer {pair.access_token}"}
    async with httpx.AsyncClient(base_url=serving.url, headers=headers, timeout=TIMEOUT_S) as client:
        yield Visit(
            psutil.Process(serving.process.pid), client, property_id, f"/api/v1/properties/{property_id}/images"
        )


async def test_hostile_files_leave_the_server_small(server: Visit) -> None:
    """Several at a time, and honest pictures of the largest size among them."""
    files = [
        make_bomb(30_000, 30_000),
        make_bomb(10_000, 10_000),
        make_text_bomb(),
        make_png_header(2**31 - 1, 2**31 - 1),
        make_webp_header(16_383, 16_383),
        make_animation("PNG"),
        make_animation("WEBP"),
        b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>",
        encode(Image.new("RGB", (5000, 5000)), "WEBP", lossless=True)[:-20],
        bytes(MOST_BYTES),
    ]
    large = encode(Image.new("RGBA", (5000, 5000)), "WEBP", lossless=True)
    assert (await server.upload(make_jpeg(2000, 2000))).status_code == 201
    resting = server.process.memory_info().rss
    requests = [server.upload(*files) for _ in range(4)] + [server.upload(large) for _ in range(2)]
    answers = await asyncio.gather(*requests)
    assert [answer.status_code for answer in answers] == [400] * 4 + [201] * 2
    assert [len(answer.json()["errors"]) for answer in answers[:4]] == [len(files)] * 4
    assert read_high_water(server.process.pid) - resting < MOST_GROWTH_BYTES
    assert server.process.children() == [], "no decoding process is left"
    assert (await server.client.get("/health/live")).status_code == 200


def read_high_water(pid: int) -> int:
    """The most memory that a process has had resident since it began, in bytes: the kernel misses no moment."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.findall(r"^VmHWM:\s+(\d+) kB$", status, flags=re.MULTILINE)[0]) * 1024


async def test_added_image_shows_up_in_search_as_a_card(server: Visit, world: World, environ: dict[str, str]) -> None:
    async def find_image() -> str | None:
        run_program(environ, "indexer", "run", "--once")
        answer = await server.client.get("/api/v1/properties", params={"search": "maisonette"})
        [item] = answer.json()["items"]
        url: str | None = item["image_url"]
        return url

    await world.reindex()
    assert await find_image() is None
    answer = await server.upload(make_jpeg(900, 600), make_jpeg(700, 700))
    first, second = answer.json()["images"]
    assert await find_image() == first["card_url"]
    await server.client.put(f"{server.images}/{second['id']}/primary")
    assert await find_image() == second["card_url"]
    assert (await server.client.get(second["card_url"])).status_code == 200
    await server.client.delete(f"{server.images}/{second['id']}")
    assert await find_image() == first["card_url"]
    await server.client.delete(f"{server.images}/{first['id']}")
    assert await find_image() is None


def run_program(environ: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *words]
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=TIMEOUT_S)


def test_orphans_are_listed_and_removed(settings: Settings, environ: dict[str, str]) -> None:
    folder = settings.state_dir / "images"
    folder.mkdir()
    names = name_objects(uuid4())
    for name in names:
        make_old_file(folder / name)
    done = run_program(environ, "nyumba", "images", "orphans")
    assert (done.returncode, sorted(done.stdout.split())) == (1, sorted(names)), done.stderr
    done = run_program(environ, "nyumba", "images", "orphans", "--delete")
    assert (done.returncode, done.stderr) == (0, "2 orphans removed\n")
    done = run_program(environ, "nyumba", "images", "orphans")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "0 orphans found\n")


def make_old_file(path: Path) -> None:
    path.touch()
    os.utime(path, (1_700_000_000, 1_700_000_000))
