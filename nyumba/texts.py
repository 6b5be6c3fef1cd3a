"""What people may type into a field of text: which characters, and how the OpenAPI document says it.

Invariant: a pattern is safe against long texts that nearly fit, for msgspec may try it before it looks at the length.
"""

from msgspec import Meta

from nyumba.parameters import EXPECTED

LONGEST_ADDRESS = 500

_HOST = "[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?"
# Those that turn the direction of what follows are among them: they make a text look like another.
_CONTROLS = r"\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069"
# What has no look of its own: joiners, marks of direction, variation selectors, fillers.
_UNSEEN = (
    r"\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2060-\u206f\u2800\u3164"
    r"\ufe00-\ufe0f\ufeff\uffa0"
)
_ONE_LINE = rf"^(?=.*[^{_UNSEEN}])[^{_CONTROLS}]+$(?!\n)"
# The same without a look ahead, which not all readers of a schema understand.
_ONE_LINE_TO_PUBLISH = rf"^[^{_CONTROLS}]*[^{_UNSEEN}{_CONTROLS}][^{_CONTROLS}]*$"
_LINES = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]*$(?!\n)"


def one_line(longest: int, *, what: str = "text", or_null: bool = False) -> Meta:
    """Text that shows something, without control characters."""
    return Meta(
        max_length=longest,
        pattern=_ONE_LINE,
        extra={EXPECTED: f"{what} of 1 to {longest} characters on one line{', or null' if or_null else ''}"},
    )


def lines(longest: int) -> Meta:
    """Text of any number of lines, or null, without control characters."""
    return Meta(
        max_length=longest,
        pattern=_LINES,
        extra={EXPECTED: f"text of {longest:,} characters at most, without control characters, or null"},
    )


def web_address(*schemes: str) -> Meta:
    """An address of the web, or null: without spaces, double quotes, < or >."""
    begin = "|".join(schemes)
    return Meta(
        max_length=LONGEST_ADDRESS,
        pattern=rf"^({begin})://{_HOST}(:[0-9]{{1,5}})?([/?#][!#-;=?-\[\]_a-z~]*)?$(?!\n)",
        extra={
            EXPECTED: f"an address that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}, "
            f"of {LONGEST_ADDRESS} characters at most, or null"
        },
    )


def publish_pattern(pattern: str) -> str:
    """As JSON Schema has it, where `$` is the very end; for Python a line break may still follow."""
    return _ONE_LINE_TO_PUBLISH if pattern == _ONE_LINE else pattern.replace(r"$(?!\n)", "$")
