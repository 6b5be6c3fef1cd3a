"""What a typed query was probably meant to be, when it finds nothing as it stands.

Invariant: only a word that is neither known nor everyday is changed, and only into a known one. This is looser than
what interpretation forgives by itself, and so is only ever proposed.
"""

from collections import defaultdict
from functools import cache

from nyumba.search.interpret.phrases import delete_letters, distance
from nyumba.search.interpret.tokens import split_tokens
from nyumba.search.interpret.vocabulary import load_vocabulary
from nyumba.search.synonyms import SYNONYMS

SHORTEST, SHORTEST_TWICE, LONGEST = 4, 5, 24
MOST_WORDS = 32
NEGATING = ("un", "non", "in")


def correct(text: str) -> str | None:
    """The text with its unknown words put right; None when there is nothing to put right."""
    known = load_vocabulary().phrases.known
    pieces, end, changed = [], 0, 0
    for token in split_tokens(text)[:MOST_WORDS]:
        if token.kind != "word" or token.word in known or not SHORTEST <= len(token.word) <= LONGEST:
            continue
        better = _find_nearest(token.word)
        if better is not None:
            pieces += [text[end : token.start], better]
            end, changed = token.end, changed + 1
    return "".join([*pieces, text[end:]]) if changed else None


def _find_nearest(word: str) -> str | None:
    """The known word with the fewest letters changed; of two, the one that begins alike, and then lacks none typed.

    Never the opposite of what was typed: `furnished` for `unfurnished`.
    """
    candidates = {near for shorter in delete_letters(word, _limit(word)) for near in _by_deletion().get(shorter, ())}
    refused = {word, *(word.removeprefix(prefix) for prefix in NEGATING)}
    ranked = sorted(
        (distance(word, near), near[0] != word[0], not _is_within(word, near), near) for near in candidates - refused
    )
    if not ranked:
        return None
    apart, _, _, nearest = ranked[0]
    return nearest if apart <= min(_limit(word), _limit(nearest)) else None


def _is_within(word: str, near: str) -> bool:
    """Whether letters were only left out, as in `kilmni`: that happens more often than others being typed."""
    letters = iter(near)
    return all(letter in letters for letter in word)


def _limit(word: str) -> int:
    return 2 if len(word) >= SHORTEST_TWICE else 1


@cache
def _by_deletion() -> dict[str, set[str]]:
    listed = {word for line in SYNONYMS for word in line.replace(",", "").split()}
    found: dict[str, set[str]] = defaultdict(set)
    for word in load_vocabulary().phrases.words | listed:
        if word.isalpha() and len(word) >= SHORTEST:
            for shorter in delete_letters(word, _limit(word)):
                found[shorter].add(word)
    return found
