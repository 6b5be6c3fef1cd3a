"""Typed words as a clause: which documents they match.

Invariant: typed text is only ever a value, never query syntax, and no more than MOST_WORDS of its words cost anything.
"""

import re
from typing import Any

from nyumba.search.document import TEXT_FIELDS
from nyumba.search.interpret.tokens import write_plainly
from nyumba.search.synonyms import LITTLE_PHRASES, LITTLE_WORDS, has_joint_synonym

MOST_WORDS = 32
BOOSTS = {"title": 3, "neighborhood.text": 2, "city.text": 2}
FUZZY_FIELDS = ("title", "neighborhood.text", "city.text", "address", "amenities.text", "features.text")
FUZZINESS = "AUTO:5,9"
FUZZY_WEIGHT = 0.2

_AROUND = re.compile(r'^[^\w"]+|[^\w"]+$')  # what is quoted stays so: it is not forgiven
_IS_NAME = re.compile(r"[^\W\d_]{5,}")


def split_words(text: str) -> list[str]:
    """The words that count, without marks around them: not those that only join others, nor what is marks alone."""
    plain = write_plainly(text)
    words = _split(LITTLE_PHRASES.sub(" ", plain))
    return [word for word in words if word.lower() not in LITTLE_WORDS] or _split(plain)


def _split(text: str) -> list[str]:
    words = [_AROUND.sub("", word) for word in text.split()[:MOST_WORDS]]
    return [word for word in words if any(map(str.isalnum, word))]


def build_text(text: str, *, forgive: bool) -> dict[str, Any]:
    """Every word must occur, in whichever of the text fields.

    With `forgive`, a word may be mistyped: of five to eight letters by one, longer ones by two, the first letter
    excepted. Codes and numbers are taken as they are.
    """
    words = split_words(text)
    whole = _match_exactly(" ".join(words))
    if not forgive or not any(map(_IS_NAME.fullmatch, words)):
        return whole
    forgiven = {
        "bool": {"must": [_forgive(word) if _IS_NAME.fullmatch(word) else _match_exactly(word) for word in words]}
    }
    return {"dis_max": {"queries": [whole, forgiven]}} if has_joint_synonym(words) else forgiven


def build_marks(text: str, *, forgive: bool) -> dict[str, Any]:
    """What to mark in what was found: any of the words, and what means the same.

    Elasticsearch marks nothing for `combined_fields` where a synonym is of several words.
    """
    words = split_words(text)
    whole = {"multi_match": {"query": " ".join(words), "type": "most_fields", "fields": list(TEXT_FIELDS)}}
    mistyped = [_find_mistyped(word) for word in words if forgive and _IS_NAME.fullmatch(word)]
    return {"bool": {"should": [whole, *mistyped]}}


def _match_exactly(text: str) -> dict[str, Any]:
    fields = [f"{name}^{BOOSTS[name]}" if name in BOOSTS else name for name in TEXT_FIELDS]
    return {"combined_fields": {"query": text, "fields": fields, "operator": "and"}}


def _forgive(word: str) -> dict[str, Any]:
    return {"dis_max": {"queries": [_match_exactly(word), _find_mistyped(word)]}}


def _find_mistyped(word: str) -> dict[str, Any]:
    """As its stem, and where it may be none, as it stands: `gardns` is near `garden`, `spaciuos` near `spacious`."""
    stem = {
        "multi_match": {
            "query": word,
            "fields": list(FUZZY_FIELDS),
            "fuzziness": FUZZINESS,
            "prefix_length": 1,
            "max_expansions": 20,
            "boost": FUZZY_WEIGHT,
        }
    }
    if not word.lower().endswith("s"):
        return stem
    return {"dis_max": {"queries": [stem, {"multi_match": stem["multi_match"] | {"analyzer": "plain"}}]}}
