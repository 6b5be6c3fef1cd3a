"""Taking events in.

Invariant: an event counts only if this service gave out its query_id and its property is on the market; what is
refused is counted in the answer, not an error: clients send what their pages remember, which may be old.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from nyumba.accounts.models import User
from nyumba.events.query_ids import QueryIds
from nyumba.events.recorder import Recorder
from nyumba.events.schemas import EventBatch, EventsAccepted
from nyumba.events.streams import build_event_record
from nyumba.properties.cards import IS_PUBLIC
from nyumba.properties.models import Property
from nyumba.trending.service import note_contacts
from nyumba.views.service import Visitors, recognize_visitor


@dataclass(frozen=True, slots=True)
class Intake:
    """What the application gives for taking events in."""

    recorder: Recorder
    query_ids: QueryIds
    visitors: Visitors


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends events, for telling visitors apart within the day. Nothing of it is kept."""

    viewer: User | None
    device: str


async def accept_events(session: AsyncSession, intake: Intake, sender: Sender, batch: EventBatch) -> EventsAccepted:
    """Record what can be believed of a batch. Getting in touch also counts for what is trending."""
    owners = await _find_owners(session, {event.event_attributes.object.object_id for event in batch.events})
    accepted = [
        event
        for event in batch.events
        if event.event_attributes.object.object_id in owners and intake.query_ids.is_known(event.query_id)
    ]
    contacted = set()
    for event in accepted:
        object_id, position = event.event_attributes.object.object_id, event.event_attributes.position
        ordinal = position.ordinal if position else None
        intake.recorder.note(build_event_record(event.query_id, event.action_name, object_id, ordinal))
        if event.action_name == "contact":
            contacted.add(object_id)
    if contacted:
        theirs = {owners[object_id] for object_id in contacted}
        visitor = await recognize_visitor(session, intake.visitors, sender.viewer, sender.device, theirs)
        others = {object_id for object_id in contacted if owners[object_id] not in visitor.owners}
        await note_contacts(session, others, visitor.name)
    return EventsAccepted(len(accepted), len(batch.events) - len(accepted))


async def _find_owners(session: AsyncSession, ids: Iterable[UUID]) -> dict[UUID, UUID]:
    """The owners of those properties that are on the market."""
    statement = select(Property.id, Property.user_id).where(Property.id.in_(list(ids)), IS_PUBLIC)
    return {row.id: row.user_id for row in await session.execute(statement)}
