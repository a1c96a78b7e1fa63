"""Interests: the themes of a campaign that people may choose from, so that they hear of them. Nobody guesses any."""

from collections.abc import Iterable

from sqlalchemy import delete, func, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.installation import AlreadyThere, NotFound
from campaigns.models import Broadcast, BroadcastState, ChosenInterest, Interest, Participation, Post, PostState

LONGEST = 40  # characters; it stands on a button
MOST = 12  # of one campaign; a longer list is not read on a phone


class InterestProblem(ValueError):
    """A theme that cannot be; the message says what to write instead."""


async def add_interest(session: AsyncSession, campaign_id: int, name: str) -> Interest:
    """Store a theme; raises InterestProblem, or AlreadyThere for a taken name."""
    name = " ".join(name.split())
    if not name:
        raise InterestProblem("the theme has no name: write one")
    if len(name) > LONGEST:
        raise InterestProblem(f"“{name}” has {len(name)} characters; at most {LONGEST}, it stands on a button")
    known = await interests_of(session, campaign_id)
    if any(each.name.casefold() == name.casefold() for each in known):
        raise AlreadyThere(f"the theme “{name}” exists already; choose another name")
    if len(known) >= MOST:
        raise InterestProblem(f"there are {MOST} themes already, and nobody reads a longer list; remove one first")
    interest = Interest(campaign_id=campaign_id, name=name)
    session.add(interest)
    await session.flush()
    return interest


async def find_interest(session: AsyncSession, campaign_id: int, name: str) -> Interest:
    """The theme of that name; NotFound lists those that exist."""
    known = await interests_of(session, campaign_id)
    for interest in known:
        if interest.name.casefold() == name.strip().casefold():
            return interest
    raise NotFound(f"theme “{name}” does not exist; choose one of {', '.join(i.name for i in known) or '(none yet)'}")


async def remove_interest(session: AsyncSession, interest: Interest) -> None:
    """Take a theme away, with the choices of it; raises InterestProblem while a message for it may still go out."""
    waits = select(Post.id).where(col(Post.kit_interest_id) == interest.id, col(Post.share_kit))
    if await session.scalar(
        waits.where(col(Post.handed_out_at).is_(None), col(Post.state) != PostState.cancelled).limit(1)
    ):
        raise InterestProblem(f"a share kit for who chose “{interest.name}” waits: change its recipients first")
    for_it = col(Broadcast.interest_id) == interest.id
    ended = col(Broadcast.state).in_((BroadcastState.done, BroadcastState.cancelled))
    if await session.scalar(select(Broadcast.id).where(for_it, ~ended).limit(1)):
        raise InterestProblem(f"a message to who chose “{interest.name}” is not over: cancel it, or wait for its end")
    await session.execute(update(Broadcast).where(for_it).values(interest_id=None))  # it reaches nobody any more
    await session.delete(interest)
    await session.flush()


async def interests_of(session: AsyncSession, campaign_id: int) -> list[Interest]:
    """The themes that people may choose from, in the order of their names."""
    query = select(Interest).where(col(Interest.campaign_id) == campaign_id).order_by(col(Interest.name))
    return list(await session.scalars(query))


async def chosen_by(session: AsyncSession, place: Participation) -> set[int]:
    """The themes that a person chose in a campaign."""
    query = select(ChosenInterest.interest_id).where(col(ChosenInterest.participation_id) == place.id)
    return set(await session.scalars(query))


async def counts(session: AsyncSession, campaign_id: int) -> dict[int, int]:
    """How many people chose each theme of a campaign."""
    query = (
        select(col(ChosenInterest.interest_id), func.count())
        .join(Interest, col(Interest.id) == col(ChosenInterest.interest_id))
        .where(col(Interest.campaign_id) == campaign_id)
        .group_by(col(ChosenInterest.interest_id))
    )
    return {row[0]: row[1] for row in await session.execute(query)}


async def choose_interests(session: AsyncSession, place: Participation, interest_ids: Iterable[int]) -> None:
    """Make these the interests of a person in a campaign; those of another campaign are left out."""
    await session.execute(delete(ChosenInterest).where(col(ChosenInterest.participation_id) == place.id))
    known = {interest.id for interest in await interests_of(session, place.campaign_id)}
    session.add_all(
        ChosenInterest(participation_id=place.id, interest_id=chosen) for chosen in sorted(known & set(interest_ids))
    )
