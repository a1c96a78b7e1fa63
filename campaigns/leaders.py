"""Team leaders: the two referents of a territory, how they come to it, what they see, and their messages to its people.

An organizer makes a place and hands its link to somebody; whoever opens it reads what a referent sees and does, and takes
the place or not. Nobody is looked up by name.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns import broadcasts
from campaigns.broadcasts import NOBODY, BroadcastRefused, preview, segment_of
from campaigns.models import (
    Audit,
    Broadcast,
    BroadcastState,
    Consent,
    Organizer,
    OrganizerRole,
    Participation,
    Purpose,
    Supporter,
    Territory,
    TerritoryLeader,
)
from campaigns.organizers import APPROVERS, WHOLE
from campaigns.rhythm import day_began, turn_of, usual_of
from campaigns.segments import Segment
from campaigns.words import mark

MOST = 2  # referents of a territory
OPEN = (BroadcastState.draft, BroadcastState.submitted)  # messages that nobody said yes to


class LeaderRefused(Exception):
    """That place cannot be made, or taken: `msgid` with `values` says why, to be translated."""

    def __init__(self, msgid: str, **values: object) -> None:
        super().__init__(msgid.format(**values))
        self.msgid, self.values = msgid, values


@dataclass(frozen=True, slots=True)
class Seat:
    """A referent's place with its territory; without `name` nobody has taken it yet."""

    leader: TerritoryLeader
    territory: Territory
    name: str | None = None


async def appoint(
    session: AsyncSession, territory: Territory, now: datetime, *, organizer_id: int | None = None, most_a_day: int = 1
) -> TerritoryLeader:
    """Make a place with a link to it; raises LeaderRefused where there are two already, taken or not."""
    query = select(func.count()).select_from(TerritoryLeader).where(col(TerritoryLeader.territory_id) == territory.id)
    if (await session.scalar(query) or 0) >= MOST:
        raise LeaderRefused(
            mark("{territory} has two places for referents, and both are given: take one back first."),
            territory=territory.name,
        )
    leader = TerritoryLeader(
        territory_id=territory.id, link_code=secrets.token_urlsafe(12), most_a_day=most_a_day, appointed_at=now
    )
    session.add(leader)
    _audit(session, territory, organizer_id, now, "referent appointed")
    await session.flush()
    return leader


def _audit(session: AsyncSession, territory: Territory, organizer_id: int | None, now: datetime, action: str) -> None:
    """Who gave and took places, but never to whom: these rows outlive the people."""
    session.add(
        Audit(
            campaign_id=territory.campaign_id,
            organizer_id=organizer_id,
            at=now,
            action=action,
            detail=f"territory {territory.id}",
        )
    )


async def seats(session: AsyncSession, campaign_id: int) -> list[Seat]:
    """A campaign's places, by their territories' names."""
    query = (
        select(TerritoryLeader, Territory, col(Supporter.first_name))
        .join(Territory, col(Territory.id) == col(TerritoryLeader.territory_id))
        .outerjoin(Supporter, col(Supporter.id) == col(TerritoryLeader.supporter_id))
        .where(col(Territory.campaign_id) == campaign_id)
        .order_by(col(Territory.name), col(TerritoryLeader.id))
    )
    return [Seat(*row) for row in await session.execute(query)]


async def invitation(session: AsyncSession, code: str) -> Seat | None:
    """The place whose link has this code; None once it is taken, or was taken back."""
    query = (
        select(TerritoryLeader, Territory)
        .join(Territory, col(Territory.id) == col(TerritoryLeader.territory_id))
        .where(col(TerritoryLeader.link_code) == code)
    )
    row = (await session.execute(query)).one_or_none()
    return Seat(*row) if row else None


async def accept(session: AsyncSession, code: str, supporter: Supporter, now: datetime) -> Seat | None:
    """Take a place by its code, which is void then. None for a code that is unknown; raises LeaderRefused.

    `session` must be a writing one: writers come one after the other, so that one code lets one person in.
    """
    seat = await invitation(session, code)
    if seat is None:
        return None
    if await seat_in(session, supporter.id, seat.territory.id) is not None:
        raise LeaderRefused(
            mark("You are a referent of {territory} already: this place is for somebody else."),
            territory=seat.territory.name,
        )
    leader = seat.leader
    leader.supporter_id, leader.link_code, leader.accepted_at = supporter.id, None, now
    _audit(session, seat.territory, None, now, "referent accepted")
    await session.flush()
    return Seat(leader, seat.territory, supporter.first_name)


async def dismiss(
    session: AsyncSession, campaign_id: int, leader_id: int, organizer_id: int | None, now: datetime
) -> Seat | None:
    """Take a place back, with the messages that wait for a yes; None where the campaign has no such place."""
    seat = next((each for each in await seats(session, campaign_id) if each.leader.id == leader_id), None)
    if seat is not None:
        await _take_back(session, seat.leader, seat.territory)
        _audit(session, seat.territory, organizer_id, now, "referent dismissed")
    return seat


async def leave(session: AsyncSession, supporter_id: int, campaign_id: int | None = None) -> None:
    """Whoever leaves a campaign, or all of them, gives their places back."""
    query = (
        select(TerritoryLeader, Territory)
        .join(Territory, col(Territory.id) == col(TerritoryLeader.territory_id))
        .where(col(TerritoryLeader.supporter_id) == supporter_id)
    )
    if campaign_id is not None:
        query = query.where(col(Territory.campaign_id) == campaign_id)
    for leader, territory in (await session.execute(query)).all():
        await _take_back(session, leader, territory)


async def _take_back(session: AsyncSession, leader: TerritoryLeader, territory: Territory) -> None:
    if leader.supporter_id is not None:
        await session.execute(
            update(Broadcast)
            .where(col(Broadcast.supporter_id) == leader.supporter_id, col(Broadcast.territory_id) == territory.id)
            .where(col(Broadcast.state).in_(OPEN))
            .values(state=BroadcastState.cancelled)
        )
    await session.delete(leader)
    await session.flush()


async def seats_of(session: AsyncSession, supporter_id: int) -> list[Seat]:
    """The places that a person holds, in the campaigns that they take part in."""
    query = (
        select(TerritoryLeader, Territory, col(Supporter.first_name))
        .join(Territory, col(Territory.id) == col(TerritoryLeader.territory_id))
        .join(Supporter, col(Supporter.id) == col(TerritoryLeader.supporter_id))
        .join(
            Participation,
            (col(Participation.supporter_id) == col(Supporter.id))
            & (col(Participation.campaign_id) == col(Territory.campaign_id)),
        )
        .where(col(Supporter.id) == supporter_id, col(Participation.stopped_at).is_(None))
        .order_by(col(Territory.campaign_id), col(Territory.name))
    )
    return [Seat(*row) for row in await session.execute(query)]


async def seat_in(session: AsyncSession, supporter_id: int, territory_id: int | None) -> Seat | None:
    """The place that a person holds in this very territory."""
    return next((each for each in await seats_of(session, supporter_id) if each.territory.id == territory_id), None)


async def referents(session: AsyncSession, territory_id: int | None) -> list[Supporter]:
    """Who leads a territory now."""
    query = (
        select(Supporter)
        .join(TerritoryLeader, col(TerritoryLeader.supporter_id) == col(Supporter.id))
        .where(col(TerritoryLeader.territory_id) == territory_id)
        .order_by(col(TerritoryLeader.id))
    )
    return list(await session.scalars(query))


async def asked_to_be_contacted(session: AsyncSession, territory: Territory) -> list[Supporter]:
    """Who chose this very territory and agreed to be contacted by its referents; by first name."""
    agreed = select(Consent.id).where(
        col(Consent.supporter_id) == col(Participation.supporter_id),
        col(Consent.campaign_id) == territory.campaign_id,
        col(Consent.purpose) == Purpose.team,
        col(Consent.withdrawn_at).is_(None),
    )
    query = (
        select(Supporter)
        .join(Participation, col(Participation.supporter_id) == col(Supporter.id))
        .where(col(Participation.territory_id) == territory.id, col(Participation.stopped_at).is_(None))
        .where(col(Supporter.gone_at).is_(None), agreed.exists())
        .order_by(col(Supporter.first_name), col(Supporter.id))
    )
    return list(await session.scalars(query))


def headed(seat: Seat, text: str) -> str:
    """The text as it is sent: it says which territory it comes from. Raises BroadcastRefused for an empty one."""
    if not text.strip():
        raise BroadcastRefused(mark("The message is empty: write what people shall read."))
    return f"📍 {seat.territory.name}\n\n{text.strip()}"


async def write(session: AsyncSession, seat: Seat, text: str, now: datetime) -> Broadcast:
    """A referent's draft to their territory; raises BroadcastRefused."""
    segment = Segment(seat.territory.campaign_id, seat.territory.id)
    return await broadcasts.add_broadcast(
        session, segment, headed(seat, text), now, supporter_id=seat.leader.supporter_id
    )


async def may_go_at_once(session: AsyncSession, seat: Seat, now: datetime) -> bool:
    """Whether the next message to the territory needs nobody else's yes: both referents' messages of today count."""
    usual = await usual_of(session, seat.territory.campaign_id)
    since = day_began(usual.zones.get(seat.territory.id, usual.zone), now)
    query = (
        select(func.count())
        .select_from(Broadcast)
        .where(col(Broadcast.territory_id) == seat.territory.id, col(Broadcast.organizer_id).is_(None))
        .where(col(Broadcast.started_at) >= since)
    )
    return (await session.scalar(query) or 0) < seat.leader.most_a_day


async def send(session: AsyncSession, seat: Seat, broadcast: Broadcast, now: datetime) -> bool:
    """Let a referent's draft go out, or have it wait for somebody else's yes; whether it goes out.

    Raises BroadcastRefused. `session` must be a writing one, so that of both referents one is within the limit.
    """
    if await may_go_at_once(session, seat, now):
        await broadcasts.approve(session, broadcast, None, now, by="within the territory's daily limit")
        await broadcasts.start(session, broadcast, None, now)
        return True
    await broadcasts.submit(session, broadcast, None, now)
    return False


async def give_second_yes(session: AsyncSession, broadcast: Broadcast, supporter_id: int, now: datetime) -> None:
    """The other referent's yes, after which the message goes out; raises BroadcastRefused."""
    await _other_referent(session, broadcast, supporter_id)
    if not (await preview(session, segment_of(broadcast), now)).people:
        raise BroadcastRefused(NOBODY)
    await broadcasts.approve(session, broadcast, None, now, by="by the other referent")
    await broadcasts.start(session, broadcast, None, now)


async def give_second_no(session: AsyncSession, broadcast: Broadcast, supporter_id: int, now: datetime) -> None:
    """The other referent's no: it is a draft again; raises BroadcastRefused."""
    await _other_referent(session, broadcast, supporter_id)
    await broadcasts.send_back(session, broadcast, None, now)


async def _other_referent(session: AsyncSession, broadcast: Broadcast, supporter_id: int) -> None:
    if broadcast.supporter_id is None or await seat_in(session, supporter_id, broadcast.territory_id) is None:
        raise BroadcastRefused(broadcasts.NOT_ALLOWED)
    if broadcast.supporter_id == supporter_id:
        raise BroadcastRefused(mark("This message is your own; somebody else must approve it."))


@dataclass(frozen=True, slots=True)
class Second:
    """Somebody who may say yes to a message: their Telegram account and language; and whether they rest now."""

    telegram_id: int
    language: str
    rests: bool = False  # a referent in their quiet hours: asked without a sound


async def seconds(session: AsyncSession, broadcast: Broadcast, now: datetime) -> Sequence[Second]:
    """Who else may say yes: the other referent, and the organizers who approve and linked an account.

    The author is never among them, whatever else they are.
    """
    author = await session.get(Supporter, broadcast.supporter_id or 0)
    writer = await session.get(Organizer, broadcast.organizer_id or 0)
    own = {author.telegram_id if author else None, writer.telegram_id if writer else None}
    found = []
    if author is not None:
        found = [
            Second(each.telegram_id, each.language, await _rests(session, each, broadcast.campaign_id, now))
            for each in await referents(session, broadcast.territory_id)
        ]
    query = (
        select(col(Organizer.telegram_id), func.coalesce(col(Supporter.language), col(Organizer.language)))
        .join(OrganizerRole, col(OrganizerRole.organizer_id) == col(Organizer.id))
        .outerjoin(Supporter, col(Supporter.telegram_id) == col(Organizer.telegram_id))
        .where(col(OrganizerRole.campaign_id) == broadcast.campaign_id, WHOLE)
        .where(col(OrganizerRole.role).in_(APPROVERS), col(Organizer.telegram_id).is_not(None))
        .order_by(col(Organizer.id))
    )
    found += [Second(account, language) for account, language in await session.execute(query) if account is not None]
    once = {each.telegram_id: each for each in reversed(found)}  # a referent may be an organizer, too
    return [each for each in found if each.telegram_id not in own and once[each.telegram_id] is each]


async def _rests(session: AsyncSession, person: Supporter, campaign_id: int, now: datetime) -> bool:
    query = select(Participation).where(
        col(Participation.supporter_id) == person.id, col(Participation.campaign_id) == campaign_id
    )
    place = await session.scalar(query)
    return place is not None and not turn_of((await usual_of(session, campaign_id)).rhythm(place), now, now).free
