"""The API folds words as the index does."""

from nyumba.search.folding import fold
from tests.conftest import World

RANGES = ("!~", "¡ſ", "Ǎǜ", "Șț", "Ḁẙ", "Ạỹ", "‘”")
LETTERS = [chr(code) for first, last in RANGES for code in range(ord(first), ord(last) + 1)]


async def test_every_latin_letter_is_folded_alike(world: World) -> None:
    await world.reindex()
    answer = await world.elastic.indices.analyze(index=world.alias, normalizer="folded", text=LETTERS)
    folded = {letter: token["token"] for letter, token in zip(LETTERS, answer["tokens"], strict=True)}
    assert {letter: fold(letter) for letter in LETTERS if letter.isalpha()} == {
        letter: token for letter, token in folded.items() if letter.isalpha()
    }
