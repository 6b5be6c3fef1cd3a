"""What accounts look like over HTTP.

Invariant: a body offers only what its sender may set. `role` can be chosen once, and never `admin`; whether someone is
verified or active is in no body at all.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from nyumba.accounts.emails import NOT_AN_ADDRESS, normalise_email
from nyumba.accounts.passwords import LONGEST_PASSWORD, find_fault
from nyumba.errors import FieldError
from nyumba.parameters import EXPECTED, Ruled
from nyumba.settings import LEAST_PASSWORD_LENGTH
from nyumba.texts import one_line, web_address

LONGEST_EMAIL = 320

EmailText = Annotated[
    str,
    Meta(
        max_length=LONGEST_EMAIL,
        description="letter case does not matter",
        extra={EXPECTED: "an e-mail address, such as wanjiku@example.com"},
        extra_json_schema={"format": "email"},
    ),
]
PasswordText = Annotated[
    str,
    Meta(
        max_length=LONGEST_PASSWORD,
        extra={EXPECTED: f"text of {LONGEST_PASSWORD} characters at most"},
    ),
]
NewPassword = Annotated[
    PasswordText,
    Meta(
        description="not one of the common ones, nor a part of the address; an operator may ask for more characters",
        extra_json_schema={"minLength": LEAST_PASSWORD_LENGTH},
    ),
]
TokenText = Annotated[str, Meta(max_length=2000, extra={EXPECTED: "the token that you were given"})]
FullName = Annotated[str, one_line(200, what="a name")]
Phone = Annotated[
    str,
    Meta(
        max_length=32,
        pattern=r"^\+?[0-9][0-9 ()-]{5,}[0-9]$(?!\n)",
        extra={EXPECTED: "a telephone number, such as +254 712 345 678, or null"},
    ),
]
AvatarUrl = Annotated[str, web_address("https")]


class Registration(Ruled, frozen=True, kw_only=True):
    """A new account."""

    email: EmailText
    password: NewPassword
    full_name: FullName
    role: Literal["buyer", "seller", "agent"] = "buyer"

    @classmethod
    def find_faults(cls, values: Mapping[str, Any]) -> list[FieldError]:
        """What no operator allows; one who asks for longer passwords says so once all this is mended."""
        email = normalise_email(values["email"]) if "email" in values else ""
        errors = [NOT_AN_ADDRESS] if email is None else []
        if "password" in values and (fault := find_fault(values["password"], email or "", LEAST_PASSWORD_LENGTH)):
            errors.append(FieldError(fault, pointer="/password"))
        return errors


class Login(Struct, frozen=True, kw_only=True):
    """Who, and what only they know."""

    email: EmailText
    password: PasswordText


class RefreshToken(Struct, frozen=True, kw_only=True):
    """The refresh token of the last answer."""

    refresh_token: TokenText


class EmailVerification(Struct, frozen=True, kw_only=True):
    """The token of the link in the message."""

    token: TokenText


class ForgottenPassword(Struct, frozen=True, kw_only=True):
    """Whose password."""

    email: EmailText


class PasswordReset(Struct, frozen=True, kw_only=True):
    """The token of the link in the message, and the new password."""

    token: TokenText
    password: NewPassword


class PasswordChange(Struct, frozen=True, kw_only=True):
    """The password as it is and as it shall be."""

    current_password: PasswordText
    password: NewPassword


class ProfileUpdate(Struct, frozen=True, kw_only=True):
    """What a user may say of themselves. What is left out stays as it is; null empties it."""

    full_name: FullName | UnsetType = UNSET
    phone: Phone | UnsetType | None = UNSET
    avatar: AvatarUrl | UnsetType | None = UNSET


class TokenPair(Struct, frozen=True, kw_only=True):
    """The access token goes into `Authorization: Bearer`; `expires_in` says for how many seconds."""

    access_token: str
    refresh_token: str
    expires_in: int
    token_type: Literal["bearer"] = "bearer"  # noqa: S105  (the kind of a token, not one)


class Notice(Struct, frozen=True):
    """A sentence for the person who asked."""

    detail: str


class UserRead(Struct, frozen=True, kw_only=True):
    """An account, as its owner sees it."""

    id: UUID
    email: str
    full_name: str
    phone: str | None
    avatar: str | None
    role: Literal["buyer", "seller", "agent", "admin"]
    is_verified: bool
    created_at: datetime
    updated_at: datetime
