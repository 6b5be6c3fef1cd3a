"""Words that mean the same find the same, whichever of them a listing and a visitor use."""

import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient

from nyumba.search.synonyms import SYNONYMS
from tests.conftest import World

Api = AsyncTestClient[Litestar]


async def count(api: Api, text: str, **params: object) -> int:
    answer = await api.get("/api/v1/properties", params={"search": text, "interpret": "off", **params})
    assert answer.status_code == 200, answer.text
    total: int = answer.json()["total"]["value"]
    return total


@pytest.fixture
async def dictionary(world: World) -> World:
    """A listing for each synonym, which has no other word of its line."""
    for number, line in enumerate(SYNONYMS):
        for phrase in line.split(", "):
            await world.add_property(title=f"{phrase} x{number}")
    await world.reindex()
    return world


async def test_each_synonym_finds_the_others(dictionary: World, api: Api) -> None:
    found = {
        (line, phrase): await count(api, f"{phrase} x{number}")
        for number, line in enumerate(SYNONYMS)
        for phrase in line.split(", ")
    }
    assert found == {(line, phrase): len(line.split(", ")) for line, phrase in found}


async def test_accents_case_and_plurals_do_not_matter(dictionary: World, api: Api) -> None:
    assert await count(api, "NYÚMBA x0") == await count(api, "houses x0") == 3
    assert await count(api, "servants quarters x8") == 5


@pytest.mark.parametrize("text", ["ya in & nyumba - x0", "Nyumba, x0 !!", "near nyumba x0"])
async def test_little_words_and_marks_need_not_occur(dictionary: World, api: Api, text: str) -> None:
    assert await count(api, text) == 3


async def test_typing_mistakes_are_forgiven_but_not_in_codes_and_numbers(world: World, api: Api) -> None:
    await world.add_property(title="Jacaranda Heights EN20417 plot 5512")
    await world.reindex()
    assert [await count(api, text) for text in ("jacarnda", "jacarranda heights", "EN20417", "5512")] == [1, 1, 1, 1]
    assert [await count(api, text) for text in ("EN20471", "EN20418", "5521", "5513")] == [0, 0, 0, 0]
    assert await count(api, "jacarnda", typo="off") == 0


@pytest.mark.parametrize("text", ["spaciuos", "spacius", "gardns", "maisonete.", "(maisonete", "“spaciuos gardns”"])
async def test_typing_mistakes_are_forgiven_at_an_s_and_beside_a_mark(world: World, api: Api, text: str) -> None:
    await world.add_property(title="Spacious maisonette with a garden")
    await world.reindex()
    assert await count(api, text) == 1
