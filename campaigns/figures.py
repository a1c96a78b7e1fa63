"""A person's own figures beyond their sums: week by week, the common goal of their section, and a ranking of who agreed to one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import ColumnElement, func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from badges.text import clean
from campaigns.models import (
    Campaign,
    Consent,
    Engagement,
    Kind,
    Participation,
    Purpose,
    Supporter,
    Tally,
    Territory,
)
from campaigns.segments import with_those_below
from campaigns.times import zone

WEEKS = 8  # that are drawn
LONGEST_STREAK = 52  # weeks that are looked back; who has more has "52 or more"
SMALLEST = 5  # people; in a smaller section a sum or a ranking would tell of one person
DRAWN = (Kind.opened, Kind.said_shared, Kind.visit)  # three figures, never one
ACTS = (
    Kind.opened,
    Kind.said_shared,
    Kind.copied,
    Kind.badge_made,
    Kind.recruited,
)  # of the person's own: they make a streak
GOALS = (Kind.said_shared, Kind.visit, Kind.badge_made, Kind.recruited)  # what a common goal may count
BEST = 3  # people who are named in a ranking, beside oneself
LONGEST_NAME = 20  # characters in a ranking


@dataclass(frozen=True, slots=True)
class Weeks:
    """The last weeks of a person, on the campaign's clock."""

    mondays: tuple[date, ...]  # the latest last
    counts: dict[Kind, tuple[int, ...]]  # of DRAWN, for each of these weeks
    streak: int  # weeks in a row with an act, up to this one, or up to the last while this one is young

    def __bool__(self) -> bool:
        """Whether there is anything to draw."""
        return any(map(any, self.counts.values()))


@dataclass(frozen=True, slots=True)
class Goal:
    """What the people of a territory, and of those below it, want to reach together."""

    territory: str
    kind: Kind
    wanted: int
    reached: int


@dataclass(frozen=True, slots=True)
class Ranked:
    """Somebody in a ranking; equal counts share a place."""

    place: int
    name: str
    visits: int
    oneself: bool


@dataclass(frozen=True, slots=True)
class Ranking:
    """The first, and oneself, among the people of `territory`; empty: of the campaign."""

    territory: str
    people: int
    shown: tuple[Ranked, ...]


async def weeks_of(session: AsyncSession, supporter_id: int, campaign: Campaign, now: datetime) -> Weeks:
    """Week by week what a person did in a campaign; weeks begin on Monday."""
    place = zone(campaign.timezone)
    today = now.astimezone(place).date()
    this = today - timedelta(days=today.weekday())
    first = this - timedelta(weeks=LONGEST_STREAK - 1)
    query = select(col(Engagement.kind), col(Engagement.at)).where(
        col(Engagement.supporter_id) == supporter_id,
        col(Engagement.campaign_id) == campaign.id,
        col(Engagement.kind).in_({*DRAWN, *ACTS}),
        col(Engagement.at) >= datetime.combine(first, time(), place),
    )
    mondays = tuple(this - timedelta(weeks=n) for n in reversed(range(WEEKS)))
    counts = {kind: dict.fromkeys(mondays, 0) for kind in DRAWN}
    active = set()
    for kind, at in await session.execute(query):
        day = at.astimezone(place).date()
        monday = day - timedelta(days=day.weekday())
        if kind in ACTS:
            active.add(monday)
        if kind in counts and monday in counts[kind]:
            counts[kind][monday] += 1
    week = this if this in active else this - timedelta(weeks=1)
    streak = 0
    while week in active:
        streak, week = streak + 1, week - timedelta(weeks=1)
    return Weeks(mondays, {kind: tuple(weeks.values()) for kind, weeks in counts.items()}, streak)


async def _upwards(session: AsyncSession, territory_id: int | None) -> list[Territory]:
    """A territory and those above it."""
    found: list[Territory] = []
    while territory_id is not None:
        territory = await session.get_one(Territory, territory_id)
        found.append(territory)
        territory_id = territory.parent_id
    return found


def people_in(campaign_id: int, territory_id: int | None, purposes: Sequence[Purpose]) -> list[ColumnElement[bool]]:
    """In SQL, of a Participation: of that territory or below it, still here, and agreeing to each of these purposes."""
    wanted = [col(Participation.campaign_id) == campaign_id, col(Participation.stopped_at).is_(None)]
    for purpose in purposes:
        yes = select(Consent.id).where(
            col(Consent.supporter_id) == col(Participation.supporter_id),
            col(Consent.campaign_id) == campaign_id,
            col(Consent.purpose) == purpose,
            col(Consent.withdrawn_at).is_(None),
        )
        wanted.append(yes.exists())
    if territory_id is not None:
        wanted.append(col(Participation.territory_id).in_(with_those_below(territory_id)))
    return wanted


async def goal_of(session: AsyncSession, place: Participation) -> Goal | None:
    """The common goal of the nearest territory, one's own or above it, that has one; None where too few people count."""
    above = await _upwards(session, place.territory_id)
    territory = next((each for each in above if each.goal is not None and each.goal_kind is not None), None)
    if territory is None or territory.goal is None or territory.goal_kind is None:
        return None
    people = people_in(place.campaign_id, territory.id, [Purpose.counting])
    counted = await session.scalar(select(func.count()).select_from(Participation).where(*people))
    if (counted or 0) < SMALLEST:
        return None
    query = (
        select(func.sum(col(Tally.count)))
        .join(Participation, col(Participation.supporter_id) == col(Tally.supporter_id))
        .where(col(Tally.campaign_id) == place.campaign_id, col(Tally.kind) == territory.goal_kind, *people)
    )
    return Goal(territory.name, territory.goal_kind, territory.goal, await session.scalar(query) or 0)


@dataclass(frozen=True, slots=True)
class Common:
    """What the people of a territory, and of those below it, did together. None where too few people would be told of."""

    people: int | None
    counted: int | None  # of those who agreed to be counted
    sums: dict[Kind, int]  # of these; empty with `counted` None


async def common_figures(session: AsyncSession, campaign_id: int, territory_id: int) -> Common:
    """The figures that a territory's referents see; never of fewer than five people."""
    everybody = people_in(campaign_id, territory_id, [])
    agreed = people_in(campaign_id, territory_id, [Purpose.counting])
    people, counted = [
        await session.scalar(select(func.count()).select_from(Participation).where(*wanted)) or 0
        for wanted in (everybody, agreed)
    ]
    if counted < SMALLEST:
        return Common(people if people >= SMALLEST else None, None, {})
    query = (
        select(col(Tally.kind), func.sum(col(Tally.count)))
        .join(Participation, col(Participation.supporter_id) == col(Tally.supporter_id))
        .where(col(Tally.campaign_id) == campaign_id, *agreed)
        .group_by(col(Tally.kind))
    )
    return Common(people, counted, {row[0]: row[1] for row in await session.execute(query)})


async def ranking_of(session: AsyncSession, place: Participation) -> Ranking | None:
    """Whose links were visited most, among who agreed to be counted and shown, in the smallest circle of five or more.

    None for who did not agree to it themselves, where there is no such circle, and while nobody was visited.
    """
    visits = func.coalesce(col(Tally.count), 0)
    circles = [(each.id, each.name) for each in await _upwards(session, place.territory_id)]
    for territory_id, name in [*circles, (None, "")]:
        query = (
            select(col(Supporter.id), col(Supporter.first_name), visits)
            .select_from(Participation)
            .join(Supporter, col(Supporter.id) == col(Participation.supporter_id))
            .outerjoin(
                Tally,
                (col(Tally.supporter_id) == col(Supporter.id))
                & (col(Tally.campaign_id) == place.campaign_id)
                & (col(Tally.kind) == Kind.visit),
            )
            .where(*people_in(place.campaign_id, territory_id, [Purpose.counting, Purpose.ranking]))
            .where(col(Supporter.gone_at).is_(None))
        )
        people = await session.scalar(select(func.count()).select_from(query.subquery())) or 0
        if people < SMALLEST:
            continue
        best = (await session.execute(query.order_by(visits.desc(), col(Supporter.id)).limit(BEST))).all()
        mine = (await session.execute(query.where(col(Supporter.id) == place.supporter_id))).one_or_none()
        if mine is None or best[0][2] == 0:
            return None
        better = await session.scalar(select(func.count()).select_from(query.where(visits > mine[2]).subquery())) or 0
        shown = [
            Ranked(1 + sum(row[2] > each[2] for row in best), short_name(each[1]), each[2], each[0] == mine[0])
            for each in best
        ]
        if not any(each.oneself for each in shown):
            shown.append(Ranked(1 + better, short_name(mine[1]), mine[2], True))
        return Ranking(name, people, tuple(shown))
    return None


def short_name(name: str) -> str:
    """The first name and, where there is more, an initial: what a ranking shows."""
    first, *more = clean(name).split() or ["–"]
    first = first if len(first) <= LONGEST_NAME else first[: LONGEST_NAME - 1] + "…"
    return f"{first} {more[0][0]}." if more else first
