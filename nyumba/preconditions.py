"""Entity tags and the conditions that clients set with them (RFC 9110, section 13).

Invariant: a condition that cannot be read is refused. To ignore it would let one edit undo another unseen.
"""

import base64
import hashlib
import re

import msgspec

from nyumba.errors import NyumbaError

_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_LIST = re.compile(rf"[ \t]*{_TAG}(?:[ \t]*,[ \t]*{_TAG})*[ \t]*")


class MalformedHeader(NyumbaError):
    """A header field that cannot be read."""

    status = 400
    code = "malformed-header"
    title = "Malformed header"


class PreconditionFailed(NyumbaError):
    """It is no longer what the client has seen."""

    status = 412
    code = "precondition-failed"
    title = "Precondition failed"


def make_tag(state: msgspec.Struct) -> str:
    """The entity tag of what a client sees: equal exactly when that is."""
    digest = hashlib.sha256(msgspec.json.encode(state)).digest()[:16]
    return f'"{base64.urlsafe_b64encode(digest).decode().rstrip("=")}"'


def check_match(if_match: str | None, tag: str) -> None:
    """Hold what there is against If-Match; None stands for no such field.

    Raises:
        MalformedHeader: it is neither `*` nor a list of tags.
        PreconditionFailed: the tag is not among them. Weak ones never match.
    """
    if if_match is None or if_match.strip() == "*":
        return
    if not _LIST.fullmatch(if_match):
        raise MalformedHeader('If-Match must be * or entity tags in quotes, as ETag gave them: "abc"')
    if tag not in re.findall(_TAG, if_match):
        raise PreconditionFailed("it has changed since you read it; read it again and repeat your change")


def is_known(if_none_match: str | None, tag: str) -> bool:
    """Whether the client has this state already, by If-None-Match. Weak tags match, too."""
    if if_none_match is None:
        return False
    known = [found.removeprefix("W/") for found in re.findall(_TAG, if_none_match)]
    return if_none_match.strip() == "*" or tag in known
