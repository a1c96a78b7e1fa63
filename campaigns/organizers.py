"""Who of the comms team may do what in which campaign; looked up at each act, so that a role taken away ends at once.

A role reaches over a whole campaign, or over one territory and those below it. `Reach` is what a role of a territory
reaches; None stands for the whole campaign.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns import installation
from campaigns.models import Campaign, Organizer, OrganizerRole, Role, Territory

WRITERS = frozenset({Role.editor, Role.approver, Role.admin})
APPROVERS = frozenset({Role.approver, Role.admin})
Reach = frozenset[int] | None
WHOLE = col(OrganizerRole.territory_id).is_(None)  # a role of the whole campaign; the bot speaks with no other


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
    """Where the organizer who linked this Telegram account may write for the whole campaign; empty for everybody else.

    The bot speaks for a whole campaign: who has a role in one territory alone writes in the console.
    """
    organizer = await installation.organizer_of(session, telegram_id)
    if organizer is None:
        return []
    places = await installation.roles(session, organizer.id)
    return [
        Seat(organizer, campaign, held.role)
        for campaign, held in places
        if held.role in WRITERS and held.territory_id is None
    ]


async def reach_of(session: AsyncSession, held: OrganizerRole) -> Reach:
    """The territories that a role reaches: its own and those below it; None: the whole campaign."""
    if held.territory_id is None:
        return None
    below = select(col(Territory.id)).where(col(Territory.id) == held.territory_id).cte("below", recursive=True)
    below = below.union(select(col(Territory.id)).where(col(Territory.parent_id) == below.c.id))
    return frozenset((await session.scalars(select(below.c.id))).all())


def reaches(reach: Reach, territory_id: int | None) -> bool:
    """Whether what belongs to a territory, or to the whole campaign, lies within a role's reach."""
    return reach is None or territory_id in reach


def within(reach: Reach, territory: Any) -> ColumnElement[bool]:
    """The same as a condition of a query on a column."""
    return true() if reach is None else territory.in_(reach)
