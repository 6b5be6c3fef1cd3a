"""A text as the rules look at it: its tokens, and the known phrase that begins at each.

Invariant: every rule asks here what stands at a token, so that all of them agree on its spelling.
"""

from dataclasses import dataclass, field

from nyumba.search.interpret.tokens import Token, split_tokens
from nyumba.search.interpret.vocabulary import Meaning, Vocabulary

_UNASKED = (-1, Meaning())
NOTHING = Meaning()


@dataclass(slots=True)
class Reading:
    """The text, token by token."""

    text: str
    vocabulary: Vocabulary
    forgive: bool
    tokens: list[Token] = field(init=False)
    _spelt: list[tuple[str, ...]] = field(init=False)
    _found: list[tuple[int, Meaning]] = field(init=False)

    def __post_init__(self) -> None:
        """Look at each word once."""
        phrases = self.vocabulary.phrases
        self.tokens = split_tokens(self.text)
        self._spelt = [phrases.spell(token, forgive=self.forgive) for token in self.tokens]
        self._found = [_UNASKED] * len(self.tokens)

    def __len__(self) -> int:
        return len(self.tokens)

    def find(self, at: int) -> tuple[int, Meaning]:
        """The index after the longest phrase that begins here, and what it can mean; outside of the text, nothing."""
        if not 0 <= at < len(self.tokens):
            return at, NOTHING
        if self._found[at] is _UNASKED:
            found = self.vocabulary.phrases.find(self.tokens, self._spelt, at)
            self._found[at] = found or (at, NOTHING)
        return self._found[at]

    def word(self, at: int) -> str:
        """The token as it is compared, its spelling put right; empty outside of the text."""
        return self._spelt[at][0] if 0 <= at < len(self.tokens) else ""

    def is_mistyped(self, at: int) -> bool:
        """Whether the token was put right."""
        return self._spelt[at] != (self.tokens[at].word,)

    def is_number(self, at: int) -> bool:
        """Whether digits stand here."""
        return 0 <= at < len(self.tokens) and self.tokens[at].kind in {"number", "fraction"}

    def is_glued(self, at: int) -> bool:
        """Whether this token follows the one before without a space."""
        return 0 <= at < len(self.tokens) and self.tokens[at].glued

    def slice(self, start: int, end: int) -> str:
        """What was typed there."""
        return self.text[self.tokens[start].start : self.tokens[end - 1].end]
