"""What clients say of agents: one review for each client and agent.

Triggers keep the agent's `rating` and `review_count` equal to the reviews, in the same transaction.
"""

from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from nyumba.accounts.errors import Forbidden
from nyumba.accounts.models import User
from nyumba.agents.errors import AgentNotFound, ReviewExists, ReviewNotFound
from nyumba.agents.models import AgentProfile, AgentReview
from nyumba.agents.schemas import ReviewCreate, ReviewRead, ReviewUpdate
from nyumba.agents.service import IS_LISTED, get_agent
from nyumba.keyset import read_page
from nyumba.pagination import Page, Paging


async def add_review(session: AsyncSession, agent_id: UUID, client: User, review: ReviewCreate) -> ReviewRead:
    """Say what a client thinks of an agent.

    Raises:
        Forbidden: agents have no say in their own rating.
        AgentNotFound: there is none, or none that is listed.
        ReviewExists: the client has reviewed this agent.
    """
    if agent_id == client.id:
        raise Forbidden("agents cannot review themselves")
    await _hold_agent(session, agent_id)
    values = {"agent_id": agent_id, "client_id": client.id, "rating": review.rating, "comment": review.comment}
    statement = insert(AgentReview).values(values).on_conflict_do_nothing().returning(AgentReview)
    added = await session.scalar(statement)
    if added is None:
        raise ReviewExists("you have reviewed this agent; change it with PUT to reviews/mine")
    return _to_read(added, client.full_name)


async def update_review(session: AsyncSession, agent_id: UUID, client: User, update: ReviewUpdate) -> ReviewRead:
    """Change what the update names.

    Raises:
        ReviewNotFound: the client has not reviewed this agent.
    """
    mine = select(AgentReview).where(AgentReview.agent_id == agent_id, AgentReview.client_id == client.id)
    review: AgentReview | None = await session.scalar(mine.with_for_update(key_share=True))
    if review is None:
        raise ReviewNotFound("you have not reviewed this agent")
    for name, value in msgspec.structs.asdict(update).items():
        if value is not msgspec.UNSET:
            setattr(review, name, value)
    await session.flush()
    await session.refresh(review)  # a trigger keeps updated_at
    return _to_read(review, client.full_name)


async def remove_review(session: AsyncSession, agent_id: UUID, client_id: UUID) -> None:
    """Take a review back.

    Raises:
        ReviewNotFound: the client has not reviewed this agent.
    """
    mine = delete(AgentReview).where(AgentReview.agent_id == agent_id, AgentReview.client_id == client_id)
    if await session.scalar(mine.returning(AgentReview.id)) is None:
        raise ReviewNotFound("you have not reviewed this agent")


async def list_reviews(session: AsyncSession, agent_id: UUID, paging: Paging) -> Page[ReviewRead]:
    """What is said of an agent, newest first.

    Raises:
        AgentNotFound: there is none, or none that is listed.
    """
    await get_agent(session, agent_id)
    query = (
        select(AgentReview, User.full_name)
        .join(User, User.id == AgentReview.client_id)
        .where(AgentReview.agent_id == agent_id)
    )
    keys = (AgentReview.created_at, AgentReview.id)
    rows, total, page = await read_page(session, query, keys, paging, ("reviews", agent_id))
    return Page([_to_read(row.AgentReview, row.full_name) for row in rows], total, page)


def shorten_name(full_name: str) -> str:
    """First name and initial: `Wanjiku Kamau` is `Wanjiku K.`"""
    first, *others = full_name.split() or [""]
    return f"{first} {others[-1][0]}." if others else first


async def _hold_agent(session: AsyncSession, agent_id: UUID) -> None:
    """Make sure that an agent is there until the transaction ends."""
    listed = select(AgentProfile.id).join(User, User.id == AgentProfile.user_id)
    listed = listed.where(AgentProfile.user_id == agent_id, IS_LISTED)
    if await session.scalar(listed.with_for_update(read=True, key_share=True, of=AgentProfile)) is None:
        raise AgentNotFound(f"there is no agent {agent_id}")


def _to_read(review: AgentReview, full_name: str) -> ReviewRead:
    values: dict[str, Any] = {
        name: getattr(review, name) for name in ReviewRead.__struct_fields__ if name != "reviewer"
    }
    return ReviewRead(**values, reviewer=shorten_name(full_name))
