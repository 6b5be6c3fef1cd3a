"""Typed text as tokens that know where they stand.

Invariant: a token is a slice of the text, and what lies between two tokens is white space: nothing is lost.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

Kind = Literal["word", "number", "fraction", "quoted", "mark"]

# What phones and web pages put in: many apostrophes, characters of no width, digits as pictures and full-width ones.
_APOSTROPHE = "['\u2019`\u00b4\u2018\u02bc\u2032]"
_UNSEEN = "\u00ad\u200c\u200d\u2060\ufeff"
_SPACE = "\u200b"
_PICTURE = "\ufe0f\u20e3"
_DIGIT = f"[0-9\uff10-\uff19][{_PICTURE}]*"
_LETTER = rf"(?!{_APOSTROPHE})[^\W\d_]"
_LETTERS = rf"(?:{_LETTER}|[\u0300-\u036f{_UNSEEN}])"
_TOKEN = re.compile(
    rf"""
      (?P<quoted>"[^"]*")
    | (?:
          (?P<fraction>(?:{_DIGIT}){{1,2}}(?:/(?:{_DIGIT}){{1,2}})+(?![0-9\uff10-\uff19/]))
        | (?P<number>(?:{_DIGIT})+(?:[.,](?:{_DIGIT})+)*)
        | (?P<word>(?:sq)?m[2²](?!\w)|{_LETTER}{_LETTERS}*(?:{_APOSTROPHE}{_LETTERS}+)*)
      )[{_UNSEEN}{_SPACE}]*
    | (?P<mark>\S)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_WIDE = "\uff10\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19"
_FOLDED = str.maketrans(_WIDE, "0123456789", f"{_APOSTROPHE[1:-1]}{_UNSEEN}{_SPACE}{_PICTURE}")

_PLAIN = str.maketrans({**dict.fromkeys(_APOSTROPHE[1:-1], "'"), **dict.fromkeys(_UNSEEN + _PICTURE), _SPACE: " "})


@dataclass(frozen=True, slots=True)
class Token:
    """A slice of the text. `word` is how it is compared; `glued`: no space divides it from the token before.

    Characters that are not seen belong to the token before them, and are not in its `word`.
    """

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
        word = found.group() if kind in {"quoted", "mark"} else fold_word(found.group())
        tokens.append(Token(kind, word, found.start(), found.end(), found.start() == end))
        end = found.end() - found.group().endswith(_SPACE)
    return tokens


def fold_word(word: str) -> str:
    """Without case, accents, apostrophes and what is not seen."""
    lowered = word.lower().translate(_FOLDED)
    if lowered.isascii():
        return lowered
    return "".join(char for char in unicodedata.normalize("NFKD", lowered) if not unicodedata.combining(char))


def write_plainly(text: str) -> str:
    """With one kind of apostrophe, and without what is not seen."""
    return text.translate(_PLAIN)
