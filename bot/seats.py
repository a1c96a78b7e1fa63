"""The organizer who writes: in which campaigns they may, asked anew at each message and each tap."""

from sqlalchemy.ext.asyncio import AsyncSession

from bot import about_me
from bot.visit import Visit, button
from campaigns.organizers import Seat, seats_of


async def seats(visit: Visit) -> list[Seat]:
    """Where the person may write as an organizer; empty for everybody else."""
    async with visit.house.database.read() as session:
        return await seats_in(session, visit)


async def seats_in(session: AsyncSession, visit: Visit) -> list[Seat]:
    """The same as a part of the caller's transaction."""
    return await seats_of(session, visit.user.id)


async def seat_in(visit: Visit, campaign_id: int | None) -> Seat | None:
    """The person's seat in one campaign; None where they have none, or none any more."""
    async with visit.house.database.read() as session:
        return await seat_of(session, visit, campaign_id)


async def seat_of(session: AsyncSession, visit: Visit, campaign_id: int | None) -> Seat | None:
    """The same as a part of the caller's transaction."""
    return next((seat for seat in await seats_in(session, visit) if seat.campaign.id == campaign_id), None)


async def choose(visit: Visit, prefix: str) -> Seat | None:
    """The only campaign where the person may write; else they are asked for it, by buttons `prefix`:CAMPAIGN.

    Who may write nowhere gets the answer to a command that does not exist.
    """
    found = await seats(visit)
    if len(found) == 1:
        return found[0]
    if found:
        rows = [[button(seat.campaign.name, f"{prefix}:{seat.campaign.id}")] for seat in found]
        await visit.say(visit.words("For which campaign?"), rows)
    else:
        await about_me.unknown(visit)
    return None


async def refuse(visit: Visit) -> None:
    """The role is gone, or the thing is another campaign's."""
    await visit.tell(visit.words("You may no longer write here. An admin of the campaign can change that."), sign="🔒 ")
