"""The API folds words as the index does, and one word typed in several ways is one word."""

from unicodedata import normalize

import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient

from nyumba.search.folding import fold
from tests.conftest import World
from tests.integration.search.conftest import SEARCH

RANGES = ("!~", "¡ſ", "Ǎǜ", "Șț", "Ḁẙ", "Ạỹ", "‘”")
LETTERS = [chr(code) for first, last in RANGES for code in range(ord(first), ord(last) + 1)]


async def test_every_latin_letter_is_folded_alike(world: World) -> None:
    await world.reindex()
    answer = await world.elastic.indices.analyze(index=world.alias, normalizer="folded", text=LETTERS)
    folded = {letter: token["token"] for letter, token in zip(LETTERS, answer["tokens"], strict=True)}
    assert {letter: fold(letter) for letter in LETTERS if letter.isalpha()} == {
        letter: token for letter, token in folded.items() if letter.isalpha()
    }


@pytest.mark.parametrize("written", ["NFC", "NFD"])
@pytest.mark.parametrize(
    "asked", ["Mũthaiga", normalize("NFD", "Mũthaiga"), "muthaiga", "MUTHAIGA", " Mũthaiga ", "Mũthaiga\xa0"]
)
async def test_accent_may_be_a_character_of_its_own(
    world: World, api: AsyncTestClient[Litestar], written: str, asked: str
) -> None:
    name = normalize(written, "Mũthaiga")
    await world.add_property(title=f"{name} ridge", neighborhood=name, city=name)
    await world.add_property(title="Another", neighborhood="Karen", city="Nairobi")
    await world.reindex()
    for params in (
        {"search": asked, "interpret": "off", "typo": "off"},
        {"neighborhood": asked},
        {"city": asked},
        {"place": asked},
    ):
        answer = (await api.get(SEARCH, params={**params, "facets": "city", "highlight": "true"})).json()
        assert [item["city"] for item in answer["items"]] == [name], params
        selected = [bucket["value"] for bucket in answer["facets"]["city"]["buckets"] if bucket["selected"]]
        assert selected == ([name] if "city" in params else [])
        if "search" in params:
            assert answer["items"][0]["highlights"]["title"] == [f"<mark>{name}</mark> ridge"]
    suggested = (await api.get(f"{SEARCH}/suggest", params={"q": asked})).json()
    assert [place["params"]["city"] for place in suggested["places"]] == [[name], [name]]
