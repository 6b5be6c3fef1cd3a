"""What agents and their reviews look like over HTTP.

Invariant: what is here is public. An agent's e-mail address and telephone number are not, and of a client only a first
name and an initial are shown.
"""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, Struct, UnsetType

from nyumba.pagination import PageParameters
from nyumba.parameters import EXPECTED
from nyumba.texts import lines, one_line, web_address

MOST_SPECIALIZATIONS = 20

CompanyName = Annotated[str, one_line(200, or_null=True)]
License = Annotated[
    str,
    Meta(
        max_length=64,
        pattern=r"^[A-Za-z0-9]([A-Za-z0-9 ./-]*[A-Za-z0-9])?$(?!\n)",
        description="kept in capital letters and with single spaces",
        extra={EXPECTED: "1 to 64 letters and digits, with spaces, dots, slashes and hyphens between them, or null"},
    ),
]
Specialization = Annotated[str, one_line(60)]
Specializations = Annotated[
    list[Specialization],
    Meta(
        max_length=MOST_SPECIALIZATIONS,
        description="a repeated one counts once",
        extra={EXPECTED: f"a list of at most {MOST_SPECIALIZATIONS} texts of 1 to 60 characters on one line"},
    ),
]
Bio = Annotated[str, lines(2000)]
WebAddress = Annotated[str, web_address("https", "http")]
Rating = Annotated[int, Meta(ge=1, le=5)]
Comment = Annotated[str, lines(2000)]
Wanted = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=100,
        pattern=r"^[^\x00]*$",
        description="letter case does not matter",
        extra={EXPECTED: "text of 1 to 100 characters"},
    ),
]


class AgentSearch(PageParameters, frozen=True, kw_only=True):
    """The parameters of the list of agents; all filters hold at once."""

    city: Annotated[Wanted | None, Meta(description="has a property on the market there")] = None
    specialization: Wanted | None = None
    rating_min: Annotated[
        Annotated[float, Meta(ge=1, le=5)] | None, Meta(description="least average rating; leaves out the unrated")
    ] = None


class AgentProfileWrite(Struct, frozen=True, kw_only=True):
    """What an agent says of themselves. Left out means null in a new profile, and unchanged in a change."""

    company_name: CompanyName | UnsetType | None = UNSET
    license: License | UnsetType | None = UNSET
    specializations: Specializations | UnsetType = UNSET
    bio: Bio | UnsetType | None = UNSET
    website: WebAddress | UnsetType | None = UNSET
    facebook: WebAddress | UnsetType | None = UNSET
    twitter: WebAddress | UnsetType | None = UNSET
    linkedin: WebAddress | UnsetType | None = UNSET


class AgentRead(Struct, frozen=True, kw_only=True):
    """An agent, by their user id: `user_id` of a property is the `id` of its agent. Unrated is null."""

    id: UUID
    name: str
    avatar: str | None
    company_name: str | None
    license: str | None
    specializations: list[str]
    rating: float | None
    review_count: int
    properties_sold: int
    bio: str | None
    website: str | None
    facebook: str | None
    twitter: str | None
    linkedin: str | None
    created_at: datetime


class ReviewCreate(Struct, frozen=True, kw_only=True):
    """What a client thinks of an agent."""

    rating: Rating
    comment: Comment | None = None


class ReviewUpdate(Struct, frozen=True, kw_only=True):
    """Another opinion. What is left out stays as it is; null removes the comment."""

    rating: Rating | UnsetType = UNSET
    comment: Comment | UnsetType | None = UNSET


class ReviewRead(Struct, frozen=True, kw_only=True):
    """What a client thinks of an agent. `reviewer` is their first name and an initial."""

    id: UUID
    reviewer: str
    rating: int
    comment: str | None
    created_at: datetime
    updated_at: datetime
