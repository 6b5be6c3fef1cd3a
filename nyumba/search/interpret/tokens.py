"""Typed text as tokens that know where they stand.

Invariant: a token is a slice of the text, and what lies between two tokens is white space: nothing is lost.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

Kind = Literal["word", "number", "fraction", "quoted", "mark"]

_TOKEN = re.compile(
    r"""
      (?P<quoted>"[^"]*")
    | (?P<fraction>[0-9]{1,2}/[0-9]{1,2}(?![0-9/]))
    | (?P<number>[0-9]+(?:[.,][0-9]+)*)
    | (?P<word>(?:sq)?m[2²](?!\w)|[^\W\d_](?:[^\W\d_]|[\u0300-\u036f])*(?:['\u2019](?:[^\W\d_]|[\u0300-\u036f])+)*)
    | (?P<mark>\S)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_APOSTROPHES = str.maketrans("", "", "'\u2019")


@dataclass(frozen=True, slots=True)
class Token:
    """A slice of the text. `word` is how it is compared; `glued`: no space divides it from the token before."""

    kind: Kind
    word: str
    start: int
    end: int
    glued: bool


def split_tokens(text: str) -> list[Token]:
    """All that is not white space, in order."""
    tokens: list[Token] = []
    end = -1
    for found in _TOKEN.finditer(text):
        kind: Kind = found.lastgroup  # type: ignore[assignment]  # the groups are the kinds
        word = fold_word(found.group()) if kind == "word" else found.group()
        tokens.append(Token(kind, word, found.start(), found.end(), found.start() == end))
        end = found.end()
    return tokens


def fold_word(word: str) -> str:
    """Without case, accents and apostrophes."""
    lowered = word.lower().translate(_APOSTROPHES)
    if lowered.isascii():
        return lowered
    return "".join(char for char in unicodedata.normalize("NFKD", lowered) if not unicodedata.combining(char))
