"""Words as the index compares them: without case, accents and spaces around them.

Invariant: for the Latin letters of living languages this is what the normalizer `folded` of the index does; a test asks
Elasticsearch letter by letter.
"""

import unicodedata

# What has no decomposition in Unicode, but one for Elasticsearch.
_LETTERS = str.maketrans(
    {
        "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "ł": "l", "ħ": "h", "ı": "i",
        "ŋ": "n", "ŧ": "t", "ĸ": "q", "ĳ": "ij", "ŀ": "l", "ŉ": "n", "ſ": "s", "’": "'", "‘": "'", "“": '"', "”": '"',
        "–": "-", "—": "-", "\xa0": " ",
    }
)  # fmt: skip


def fold(text: str) -> str:
    """Lower case, without accents and without spaces around it."""
    lowered = text.strip().lower()
    if lowered.isascii():
        return lowered
    decomposed = unicodedata.normalize("NFD", lowered.translate(_LETTERS))
    return "".join(char for char in decomposed if not unicodedata.combining(char))
