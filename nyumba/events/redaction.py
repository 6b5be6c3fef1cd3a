"""What people type, without what could say who they are.

Invariant: when in doubt it goes. A price that is taken for a telephone number is a small loss; the reverse is not.
"""

import re
import unicodedata

LONGEST = 200
EMAIL = "[email]"
PHONE = "[phone]"

_EMAIL = re.compile(r"[^\s,;<>()]+@[^\s,;<>()]+")
_GAP = r"[\s().\-/]*"
# Written internationally, or with the 0 or 254 of Kenya, or as the bare nine digits of a mobile number; or any ten.
_PHONES = re.compile(
    rf"\+\d(?:{_GAP}\d){{6,14}}"
    rf"|(?<!\d)(?:00|254|0)(?:{_GAP}\d){{8,13}}"
    rf"|(?<![\d.,])[17](?:{_GAP}\d){{8}}(?!\d)"
    r"|\d{10,}"
)


def redact(text: str) -> str:
    """Replace what looks like an e-mail address or a telephone number, and cut what is too long."""
    plain = unicodedata.normalize("NFKC", text)
    return _PHONES.sub(PHONE, _EMAIL.sub(EMAIL, plain))[:LONGEST]
