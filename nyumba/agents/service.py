"""Agents: finding them, and their profiles.

Invariant: locks are taken in the order user, properties, profile. So a sale takes them, whose trigger counts it in the
profile; a new name of the company makes another trigger write the properties. docs/decisions/0010 tells more.
"""

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, func, literal_column, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from nyumba.accounts.models import User
from nyumba.agents.errors import AgentNotFound, LicenseTaken, ProfileExists, ProfileNotFound
from nyumba.agents.models import AgentProfile
from nyumba.agents.schemas import AgentProfileWrite, AgentRead, AgentSearch
from nyumba.keyset import Query, convert_row, read_page
from nyumba.pagination import Page, Paging
from nyumba.properties.cards import IS_PUBLIC, list_cards
from nyumba.properties.models import Property
from nyumba.properties.schemas import ListingCard

IS_LISTED = User.is_active & (User.role == "agent")

_STANDING = (
    func.coalesce(AgentProfile.rating, literal_column("0")),  # as its index says it
    AgentProfile.review_count,
    AgentProfile.user_id,
)
_OF_USER = {"id": User.id, "name": User.full_name, "avatar": User.avatar}
_COLUMNS = [
    _OF_USER[name].label(name) if name in _OF_USER else getattr(AgentProfile, name)
    for name in AgentRead.__struct_fields__
]


async def list_agents(session: AsyncSession, search: AgentSearch, paging: Paging) -> Page[AgentRead]:
    """The agents that a search asks for: the best rated first, and of these the most reviewed."""
    query = _select_agents().where(*_filter(search))
    scope = ("agents", search.city, search.specialization, search.rating_min)
    rows, total, page = await read_page(session, query, _STANDING, paging, scope)
    return Page([convert_row(row, AgentRead) for row in rows], total, page)


async def get_agent(session: AsyncSession, agent_id: UUID) -> AgentRead:
    """One agent.

    Raises:
        AgentNotFound: there is none, or none that is listed.
    """
    found = (await session.execute(_select_agents().where(User.id == agent_id))).one_or_none()
    if found is None:
        raise AgentNotFound(f"there is no agent {agent_id}")
    return convert_row(found, AgentRead)


async def list_agent_properties(session: AsyncSession, agent_id: UUID, paging: Paging) -> Page[ListingCard]:
    """What an agent has on the market, newest first.

    Raises:
        AgentNotFound: there is none, or none that is listed.
    """
    await get_agent(session, agent_id)
    return await list_cards(session, (Property.user_id == agent_id) & IS_PUBLIC, paging, ("agent", agent_id))


async def create_profile(session: AsyncSession, agent_id: UUID, profile: AgentProfileWrite) -> AgentRead:
    """Publish an agent.

    Raises:
        ProfileExists: they are already.
        LicenseTaken: another agent has the license.
    """
    statement = insert(AgentProfile).values(user_id=agent_id, **_read_values(profile)).on_conflict_do_nothing()
    if await session.scalar(statement.returning(AgentProfile.id)) is None:
        if await session.scalar(select(AgentProfile.id).where(AgentProfile.user_id == agent_id)) is None:
            raise LicenseTaken
        raise ProfileExists("you have a profile already; change it with PUT")
    return await get_agent(session, agent_id)


async def update_profile(session: AsyncSession, agent_id: UUID, update: AgentProfileWrite) -> AgentRead:
    """Change what the update names.

    Raises:
        ProfileNotFound: the agent has none.
        LicenseTaken: another agent has the license.
    """
    values = _read_values(update)
    if "company_name" in values:
        await _lock_properties(session, agent_id, values["company_name"])
    mine = select(AgentProfile).where(AgentProfile.user_id == agent_id)
    # A new license needs the whole row, on which a review has a share until it is counted: no weaker lock first.
    profile: AgentProfile | None = await session.scalar(mine.with_for_update())
    if profile is None:
        raise ProfileNotFound("you have no profile yet; publish one with POST")
    for name, value in values.items():
        setattr(profile, name, value)
    try:
        await session.flush()
    except IntegrityError as error:  # of the constraints here, only that on the license can be broken by a good body
        raise LicenseTaken from error
    return await get_agent(session, agent_id)


async def _lock_properties(session: AsyncSession, agent_id: UUID, company_name: str | None) -> None:
    """Lock what a trigger will write, unless the name is the same.

    The user is locked in any case and alone: only behind that lock is it sure which name the profile has.
    """
    await session.execute(select(User.id).where(User.id == agent_id).with_for_update(key_share=True))
    renamed = AgentProfile.company_name.is_distinct_from(company_name)
    of_renamed = select(AgentProfile.user_id).where(AgentProfile.user_id == agent_id, renamed)
    properties = select(Property.id).where(Property.user_id.in_(of_renamed)).order_by(Property.id)
    await session.execute(properties.with_for_update(key_share=True))


def _select_agents() -> Query:
    return select(*_COLUMNS).select_from(AgentProfile).join(User, User.id == AgentProfile.user_id).where(IS_LISTED)


def _filter(search: AgentSearch) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if search.city is not None:
        there = func.lower(Property.city) == func.lower(search.city)
        conditions.append(
            select(Property.id).where(Property.user_id == AgentProfile.user_id, there, IS_PUBLIC).exists()
        )
    if search.specialization is not None:
        each = func.unnest(AgentProfile.specializations).column_valued("each")
        conditions.append(select(each).where(func.lower(each) == func.lower(search.specialization)).exists())
    if search.rating_min is not None:
        conditions.append(AgentProfile.rating >= search.rating_min)
    return conditions


def _read_values(profile: AgentProfileWrite) -> dict[str, Any]:
    """The columns that a body names."""
    values: dict[str, Any] = {
        name: value.strip() if isinstance(value, str) else value
        for name, value in msgspec.structs.asdict(profile).items()
        if value is not msgspec.UNSET
    }
    if values.get("license"):
        values["license"] = " ".join(values["license"].upper().split())
    if "specializations" in values:
        values["specializations"] = _drop_repeated(values["specializations"])
    return values


def _drop_repeated(texts: list[str]) -> list[str]:
    kept: dict[str, str] = {}
    for each in texts:
        kept.setdefault(each.strip().casefold(), each.strip())
    return list(kept.values())
