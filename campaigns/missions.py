"""Missions: who sees them, who comes, and what people report of them.

The reports are what people say; nobody can check them, and their numbers are shown as such.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, delete, exists, func, or_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.consents import has_consent
from campaigns.engagement import Act, record
from campaigns.mission_reports import Report
from campaigns.models import (
    Kind,
    Mission,
    MissionKind,
    MissionSignup,
    Occasion,
    Participation,
    Purpose,
    Supporter,
    Territory,
)
from campaigns.plans import changeable, near, not_longer, room, to_come, worded
from campaigns.segments import with_those_below
from campaigns.signup_messages import tell
from campaigns.words import mark

KINDS = {  # a sign and a name for people
    MissionKind.doors: ("🚪", mark("Door to door")),
    MissionKind.leaflets: ("📄", mark("Leaflets")),
    MissionKind.meeting: ("🛋", mark("Living-room meeting")),
    MissionKind.rally: ("📣", mark("Rally")),
    MissionKind.other: ("📌", mark("Other")),
}
LISTED = 10  # missions in one message; a longer list is not read on a phone
STAYS = timedelta(days=1)  # that a mission stays in everybody's list after it began, for who came without signing up
REPORTABLE = timedelta(days=30)  # that it stays in the list of who signed up and has not reported


@dataclass(frozen=True, slots=True)
class NewMission:
    """What a mission is made of. `starts_at` is UTC, `timezone` the zone in which it was meant; no capacity: no limit."""

    title: str
    place: str
    starts_at: datetime
    timezone: str
    kind: MissionKind = MissionKind.other
    aim: str = ""
    capacity: int | None = None
    territory_id: int | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """A mission as one person sees it: how many come, and their own sign-up if they made one."""

    mission: Mission
    coming: int
    own: MissionSignup | None

    @property
    def full(self) -> bool:
        return self.mission.capacity is not None and self.coming >= self.mission.capacity

    @property
    def called_off(self) -> bool:
        return self.mission.called_off_at is not None

    def has_begun(self, now: datetime) -> bool:
        return self.mission.starts_at <= now


async def add_mission(session: AsyncSession, campaign_id: int, new: NewMission, now: datetime) -> Mission:
    """Store a mission; raises PlanProblem, or TimeProblem for an unknown zone."""
    mission = Mission(campaign_id=campaign_id, title="", place="", created_at=now)
    _write(mission, new, now)
    session.add(mission)
    await session.flush()
    return mission


def _write(mission: Mission, new: NewMission, now: datetime, coming: int = 0) -> None:
    mission.title, mission.place = worded("title", new.title), worded("place", new.place)
    mission.aim = not_longer("aim", new.aim)
    mission.capacity = room(new.capacity, coming)
    mission.starts_at, mission.timezone = to_come(new.starts_at, new.timezone, now), new.timezone
    mission.kind, mission.territory_id = new.kind, new.territory_id


def as_planned(mission: Mission) -> NewMission:
    """What it is made of now, to be changed."""
    return NewMission(
        mission.title,
        mission.place,
        mission.starts_at,
        mission.timezone,
        mission.kind,
        mission.aim,
        mission.capacity,
        mission.territory_id,
    )


async def find_mission(session: AsyncSession, campaign_id: int, mission_id: int) -> Mission | None:
    query = select(Mission).where(col(Mission.id) == mission_id, col(Mission.campaign_id) == campaign_id)
    return await session.scalar(query)


async def change_mission(session: AsyncSession, mission: Mission, new: NewMission, now: datetime) -> int:
    """Write what a mission is made of from now on; of another place or time, who signed up is told. Gives how many.

    Raises PlanProblem, or TimeProblem for an unknown zone; then the caller's transaction must not be kept.
    """
    changeable(mission, now)
    before = mission.place, mission.starts_at
    _write(mission, new, now, await _coming(session, mission.id))
    if (mission.place, mission.starts_at) == before:
        return 0
    return await _tell_all(session, mission, Occasion.moved, min(before[1], mission.starts_at), now)


async def call_off(session: AsyncSession, mission: Mission, now: datetime) -> int:
    """The mission does not take place: who signed up is told, and it leaves the lists. Gives how many; PlanProblem."""
    changeable(mission, now)
    mission.called_off_at = now
    return await _tell_all(session, mission, Occasion.called_off, mission.starts_at, now)


async def _tell_all(
    session: AsyncSession, mission: Mission, occasion: Occasion, needed_by: datetime, now: datetime
) -> int:
    query = select(MissionSignup).where(
        col(MissionSignup.mission_id) == mission.id, col(MissionSignup.supporter_id).is_not(None)
    )
    signups = (await session.scalars(query)).all()
    await tell(session, occasion, [(signup, needed_by) for signup in signups], now)
    return len(signups)


async def missions_for(session: AsyncSession, place: Participation, now: datetime) -> list[Mission]:
    """What a person finds in their list: what they may report on, then what comes next; by time."""
    mine = exists().where(
        col(MissionSignup.mission_id) == col(Mission.id), col(MissionSignup.supporter_id) == place.supporter_id
    )
    begins = col(Mission.starts_at)
    listed = or_(
        begins > now,
        and_(begins > now - STAYS, ~mine.where(col(MissionSignup.reported_at).is_not(None))),
        and_(begins > now - REPORTABLE, mine.where(col(MissionSignup.reported_at).is_(None))),
    )
    query = select(Mission).where(
        col(Mission.campaign_id) == place.campaign_id, or_(await near(session, col(Mission.territory_id), place), mine)
    )
    query = query.where(col(Mission.called_off_at).is_(None))
    return list(await session.scalars(query.where(listed).order_by(begins, col(Mission.id))))


async def signed_up(session: AsyncSession, place: Participation) -> set[int]:
    """The missions that a person said yes to, in whatever campaign."""
    query = select(MissionSignup.mission_id).where(col(MissionSignup.supporter_id) == place.supporter_id)
    return set(await session.scalars(query))


async def card_of(session: AsyncSession, place: Participation, mission_id: int) -> Card | None:
    """A mission of this person's campaign; None where it is not theirs to see and they did not sign up for it."""
    mine = col(MissionSignup.mission_id) == mission_id, col(MissionSignup.supporter_id) == place.supporter_id
    own = await session.scalar(select(MissionSignup).where(*mine))
    query = select(Mission).where(col(Mission.id) == mission_id, col(Mission.campaign_id) == place.campaign_id)
    mission = await session.scalar(query if own else query.where(await near(session, col(Mission.territory_id), place)))
    return None if mission is None else Card(mission, await _coming(session, mission_id), own)


async def _coming(session: AsyncSession, mission_id: int) -> int:
    query = select(func.count()).select_from(MissionSignup).where(col(MissionSignup.mission_id) == mission_id)
    return await session.scalar(query) or 0


async def come(session: AsyncSession, place: Participation, mission_id: int, now: datetime) -> Card | None:
    """Sign a person up, unless it began or is full; the card says what came of it. `session` must be a writing one.

    Writers come one after the other, so that two people cannot take the last place.
    """
    card = await card_of(session, place, mission_id)
    if card is None or card.own is not None or card.full or card.called_off or card.has_begun(now):
        return card
    session.add(MissionSignup(mission_id=mission_id, supporter_id=place.supporter_id, signed_up_at=now))
    await session.flush()
    return await card_of(session, place, mission_id)


async def come_not(session: AsyncSession, place: Participation, mission_id: int, now: datetime) -> Card | None:
    """Take a person's yes back, unless the mission began."""
    card = await card_of(session, place, mission_id)
    if card is None or card.own is None or card.has_begun(now):
        return card
    await session.delete(card.own)
    return Card(card.mission, card.coming - 1, None)


async def report(
    session: AsyncSession, place: Participation, mission_id: int, said: Report, now: datetime
) -> Card | None:
    """Write what a person reports of a mission that took place, in place of what they reported before.

    Who came without signing up reports all the same. Counted as a mission done once, for who agreed to be counted.
    """
    card = await card_of(session, place, mission_id)
    if card is None or card.called_off or not card.has_begun(now):
        return card
    own = card.own or MissionSignup(mission_id=mission_id, supporter_id=place.supporter_id, signed_up_at=now)
    own.reported_at, own.remark = now, said.remark
    own.doors, own.talks, own.leaflets = said.doors, said.talks, said.leaflets
    session.add(own)
    await session.flush()
    if await has_consent(session, place.supporter_id, place.campaign_id, Purpose.counting):
        once = f"{place.supporter_id}:{mission_id}:{Kind.mission_done}"
        await record(session, [Act(place.campaign_id, Kind.mission_done, now, place.supporter_id, once=once)])
    return Card(card.mission, await _coming(session, mission_id), own)


async def comes_no_more(session: AsyncSession, supporter_id: int, campaign_id: int, now: datetime) -> None:
    """Take back a person's yes to every mission of a campaign that has not begun."""
    to_come = select(Mission.id).where(col(Mission.campaign_id) == campaign_id, col(Mission.starts_at) > now)
    await session.execute(
        delete(MissionSignup).where(
            col(MissionSignup.supporter_id) == supporter_id, col(MissionSignup.mission_id).in_(to_come)
        )
    )


async def forget(session: AsyncSession, supporter_id: int, campaign_id: int | None = None) -> None:
    """Before a person is erased: their remarks and the yes that brought no report go, the numbers stay without them."""
    mine = col(MissionSignup.supporter_id) == supporter_id
    if campaign_id is not None:
        mine &= col(MissionSignup.mission_id).in_(select(Mission.id).where(col(Mission.campaign_id) == campaign_id))
    await session.execute(delete(MissionSignup).where(mine, col(MissionSignup.reported_at).is_(None)))
    await session.execute(update(MissionSignup).where(mine).values(remark=""))


@dataclass(frozen=True, slots=True)
class Attendance:
    """Who signed up for a mission, with their first name and territory where they are still here."""

    signup: MissionSignup
    name: str | None
    territory: str | None


@dataclass(frozen=True, slots=True)
class Overview:
    """A mission as organizers see it: everybody who signed up, in the order in which they did."""

    mission: Mission
    territory: str | None
    people: tuple[Attendance, ...]

    @property
    def reports(self) -> tuple[Attendance, ...]:
        return tuple(each for each in self.people if each.signup.reported_at is not None)

    def total(self, figure: str) -> int | None:
        """The sum of "doors", "talks" or "leaflets" over the reports; None where no report names it."""
        said = [n for each in self.reports if (n := getattr(each.signup, figure)) is not None]
        return sum(said) if said else None


async def count_of_missions(session: AsyncSession, campaign_id: int) -> int:
    query = select(func.count()).select_from(Mission).where(col(Mission.campaign_id) == campaign_id)
    return await session.scalar(query) or 0


async def overviews(
    session: AsyncSession, campaign_id: int, limit: int | None = None, *, territory_id: int | None = None
) -> list[Overview]:
    """A campaign's missions with who signed up; those with the latest beginning first, at most `limit` of them.

    With a territory: its own and those of the territories below it.
    """
    query = (
        select(Mission, col(Territory.name))
        .outerjoin(Territory, col(Territory.id) == col(Mission.territory_id))
        .where(col(Mission.campaign_id) == campaign_id)
        .order_by(col(Mission.starts_at).desc(), col(Mission.id).desc())
        .limit(limit)
    )
    if territory_id is not None:
        query = query.where(col(Mission.territory_id).in_(with_those_below(territory_id)))
    found = [(row[0], row[1]) for row in await session.execute(query)]
    people: dict[int, list[Attendance]] = {mission.id: [] for mission, _ in found}
    signed_up = (
        select(MissionSignup, col(Supporter.first_name), col(Territory.name))
        .outerjoin(Supporter, col(Supporter.id) == col(MissionSignup.supporter_id))
        .outerjoin(
            Participation,
            and_(col(Participation.supporter_id) == col(Supporter.id), col(Participation.campaign_id) == campaign_id),
        )
        .outerjoin(Territory, col(Territory.id) == col(Participation.territory_id))
        .where(col(MissionSignup.mission_id).in_(people))
        .order_by(col(MissionSignup.id))
    )
    for signup, name, territory in await session.execute(signed_up):
        people[signup.mission_id].append(Attendance(signup, name, territory))
    return [Overview(mission, territory, tuple(people[mission.id])) for mission, territory in found]
