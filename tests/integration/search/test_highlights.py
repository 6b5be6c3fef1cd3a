"""Highlights can be put into a page as they are: what an owner wrote cannot become an element of it."""

import re
from itertools import chain

from litestar import Litestar
from litestar.testing import AsyncTestClient

from tests.conftest import World
from tests.integration.search.conftest import SEARCH

Api = AsyncTestClient[Litestar]

NASTY = [
    "<script>alert('windmill')</script>",
    '<img src=x onerror="windmill()">',
    "<mark>windmill</mark> </mark><b>",
    "&lt;b&gt; windmill &amp; &#x3C;i>",
    "windmill\" onmouseover='x'",
    "<!-- windmill --> ]]> <![CDATA[",
    "\u202e windmill \u202c 🏠<svg/onload=x>",
]


async def test_mark_is_the_only_element(world: World, api: Api) -> None:
    for text in NASTY:
        property_id = await world.add_property(title=text, description=f"{text} and {text}", address=text, city=text)
        await world.sql("INSERT INTO amenities (property_id, name) VALUES (:id, :text)", id=property_id, text=text)
    await world.reindex()
    for typed in ("windmill", "windmil"):
        items = (await api.get(SEARCH, params={"search": typed, "highlight": "true"})).json()["items"]
        assert len(items) == len(NASTY)
        for item in items:
            assert {"title", "address", "city", "amenities"} <= item["highlights"].keys()
            for fragment in chain(*item["highlights"].values()):
                assert "<mark>windmill" in fragment
                rest = re.sub(r"</?mark>", "", fragment)
                assert not set(rest) & set("<>\"'"), rest
                assert re.fullmatch(r"(?:[^&]|&(?:amp|lt|gt|quot|#x27|#x2F|#39);)*", rest), rest


async def test_mistyped_and_inflected_words_are_marked(world: World, api: Api) -> None:
    await world.add_property(title="Quiet gardens", description="A garden. " * 998 + "The windmill.")
    await world.reindex()
    params = {"search": "gardn windmill", "highlight": "true", "interpret": "off"}
    item = (await api.get(SEARCH, params=params)).json()["items"][0]
    assert item["highlights"]["title"] == ["Quiet <mark>gardens</mark>"]


async def test_words_with_a_synonym_of_several_words_are_marked(world: World, api: Api) -> None:
    await world.add_property(title="Flat with a DSQ in Buru Buru")
    await world.reindex()
    for typed, marked in (("dsq", "DSQ"), ("servant quarters", "DSQ"), ("buruburu", "Buru</mark> <mark>Buru")):
        params = {"search": typed, "highlight": "true", "interpret": "off"}
        item = (await api.get(SEARCH, params=params)).json()["items"][0]
        assert f"<mark>{marked}</mark>" in item["highlights"]["title"][0]


async def test_nothing_is_marked_unless_asked_for(world: World, api: Api) -> None:
    await world.add_property(title="Windmill")
    await world.reindex()
    for params in ({"search": "windmill"}, {"highlight": "true"}):
        assert (await api.get(SEARCH, params=params)).json()["items"][0]["highlights"] == {}
