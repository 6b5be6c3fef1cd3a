"""Known phrases, found in tokens though they are mistyped.

Invariant: a word that is known, or is everyday, is never taken for another one; numbers are never corrected at all.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, Generic, TypeVar

from nyumba.search.interpret.tokens import Token

T = TypeVar("T")

SHORTEST_FORGIVEN = 5
SHORTEST_FORGIVEN_TWICE = 9
LONGEST_FORGIVEN = 24

_HERE = ""  # the key of a node's own entry: no token has an empty word


class Phrases(Generic[T]):
    """A trie of phrases, each with what it stands for."""

    def __init__(self, entries: Iterable[tuple[str, T]], ordinary: Iterable[str]) -> None:
        """Phrases are folded, their words separated by a space. The first of two equal phrases counts."""
        self._root: dict[str, Any] = {}
        for phrase, entry in entries:
            node = self._root
            for word in phrase.split(" "):
                node = node.setdefault(word, {})
            node.setdefault(_HERE, entry)
        self.words = words = _collect_words(self._root)
        self.known = words | set(ordinary)
        self._by_deletion: dict[str, set[str]] = defaultdict(set)
        for word in words:
            if word.isalpha() and len(word) >= SHORTEST_FORGIVEN:
                for shorter in delete_letters(word, _limit(word)):
                    self._by_deletion[shorter].add(word)

    def spell(self, token: Token, *, forgive: bool) -> tuple[str, ...]:
        """What a token may be read as, best first: itself, or the known words that it is a mistyping of."""
        word = token.word
        if (
            not forgive
            or token.kind != "word"
            or word in self.known
            or not SHORTEST_FORGIVEN <= len(word) <= LONGEST_FORGIVEN
        ):
            return (word,)
        near = {word for shorter in delete_letters(word, _limit(word)) for word in self._by_deletion.get(shorter, ())}
        ranked = sorted((distance(word, other), other) for other in near if other[0] == word[0])
        return tuple(other for apart, other in ranked if apart <= min(_limit(word), _limit(other))) or (word,)

    def find(self, tokens: Sequence[Token], spelt: Sequence[tuple[str, ...]], start: int) -> tuple[int, T] | None:
        """The longest phrase that begins at this token, and the index after it. Hyphens within it do not matter."""
        best: tuple[int, T] | None = None
        nodes = [(self._root, start)]
        while nodes:
            node, at = nodes.pop()
            if _HERE in node and (best is None or at > best[0]):
                best = (at, node[_HERE])
            if at < len(tokens):
                if at > start and tokens[at].word == "-" and at + 1 < len(tokens):
                    at += 1
                nodes += [(node[word], at + 1) for word in reversed(spelt[at]) if word in node]
        return best


def distance(one: str, other: str) -> int:
    """Letters to insert, delete, change or swap with their neighbour (optimal string alignment)."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, char in enumerate(one, start=1):
        row = [i]
        for j, against in enumerate(other, start=1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (char != against))
            if i > 1 and j > 1 and char == other[j - 2] and one[i - 2] == against:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]


def _limit(word: str) -> int:
    return 2 if len(word) >= SHORTEST_FORGIVEN_TWICE else 1


def delete_letters(word: str, most: int) -> set[str]:
    """The word without up to so many of its letters."""
    found = {word}
    latest = found
    for _ in range(most):
        latest = {shorter[:i] + shorter[i + 1 :] for shorter in latest for i in range(len(shorter))}
        found |= latest
    return found


def _collect_words(node: dict[str, Any]) -> set[str]:
    words = {word for word in node if word != _HERE}
    return words.union(*(_collect_words(node[word]) for word in words))
