"""Who of the comms team may do what in which campaign; looked up at each act, so that a role taken away ends at once."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from campaigns import installation
from campaigns.models import Campaign, Organizer, Role

WRITERS = frozenset({Role.editor, Role.approver, Role.admin})
APPROVERS = frozenset({Role.approver, Role.admin})


@dataclass(frozen=True, slots=True)
class Seat:
    """An organizer in one campaign where they may write."""

    organizer: Organizer
    campaign: Campaign
    role: Role

    @property
    def may_approve(self) -> bool:
        return self.role in APPROVERS


async def seats_of(session: AsyncSession, telegram_id: int) -> list[Seat]:
    """Where the organizer who linked this Telegram account may write; empty for everybody else."""
    organizer = await installation.organizer_of(session, telegram_id)
    if organizer is None:
        return []
    places = await installation.roles(session, organizer.id)
    return [Seat(organizer, campaign, role) for campaign, role in places if role in WRITERS]
