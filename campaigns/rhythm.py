"""When a person may be written to unasked: quiet hours, so many messages a day, each at once or one digest, a pause.

`turn_of` is the one rule. Who rests gets a Handout that waits until `not_before`; then the rule is asked again, so that
whoever changes their mind only has to wake what waits for them.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Protocol

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.models import Broadcast, Campaign, Handout, HandoutState, Participation, Post, SignupMessage, Territory
from campaigns.times import zone

DAY = timedelta(days=1)
PAUSE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How one person wants to be written to in one campaign. Hours, 0 to 23, are those of the wall clock of `zone`."""

    zone: str
    quiet_from: int
    quiet_until: int  # the same as quiet_from: no quiet hours
    most_a_day: int | None = None  # messages; None: no limit
    digest_at: int | None = None  # the hour of the one digest; None: each message at once
    paused_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """Whether a person may be written to now. `until`: so long, if nothing changes; or so long they rest."""

    free: bool
    until: datetime


class Wishes(Protocol):
    """A Participation, or a row of its columns."""

    @property
    def territory_id(self) -> int | None: ...
    @property
    def quiet_from(self) -> int | None: ...
    @property
    def quiet_until(self) -> int | None: ...
    @property
    def most_a_day(self) -> int | None: ...
    @property
    def digest_at(self) -> int | None: ...
    @property
    def paused_until(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class Usual:
    """What holds in a campaign for who chose nothing, and which clock each territory goes by."""

    zone: str
    quiet_from: int
    quiet_until: int
    zones: dict[int, str]  # of the territories that go by another clock

    def rhythm(self, wishes: Wishes) -> Rhythm:
        """How this person wants it."""
        quiet = self.quiet_from, self.quiet_until
        if wishes.quiet_from is not None and wishes.quiet_until is not None:
            quiet = wishes.quiet_from, wishes.quiet_until
        return Rhythm(
            self.zones.get(wishes.territory_id or 0, self.zone),
            *quiet,
            wishes.most_a_day,
            wishes.digest_at,
            wishes.paused_until,
        )


async def usual_of(session: AsyncSession, campaign_id: int) -> Usual:
    """What is usual in a campaign; a territory without a zone of its own goes by that above it."""
    campaign = await session.get_one(Campaign, campaign_id)
    query = select(col(Territory.id), col(Territory.parent_id), col(Territory.timezone))
    rows = (await session.execute(query.where(col(Territory.campaign_id) == campaign_id))).all()
    above, own = {row[0]: row[1] for row in rows}, {row[0]: row[2] for row in rows}
    zones: dict[int, str] = {}
    for territory in own:
        at: int | None = territory
        while at is not None and not own.get(at):
            at = above.get(at)
        named = own[at] if at is not None else None
        if named is not None and named != campaign.timezone:
            zones[territory] = named
    return Usual(campaign.timezone, campaign.quiet_from, campaign.quiet_until, zones)


@lru_cache(4096)  # most people of a page want the same
def turn_of(rhythm: Rhythm, moment: datetime, now: datetime, sent_today: int = 0) -> Turn:
    """Whether what was due at `moment` may go to the person `now`, when they got `sent_today` messages already."""
    at = now if rhythm.paused_until is None else max(now, rhythm.paused_until)
    if rhythm.digest_at is not None:
        waits_since = moment if rhythm.paused_until is None else max(moment, rhythm.paused_until)
        at = max(at, _next(rhythm.digest_at, rhythm.zone, waits_since))
    elif rhythm.most_a_day is not None and sent_today >= rhythm.most_a_day:
        at = max(at, _next(0, rhythm.zone, now, behind=True))
    while is_quiet(rhythm, at):
        at = quiet_ends(rhythm, at)
    if at > now:
        return Turn(False, at)
    quiet = rhythm.quiet_from != rhythm.quiet_until
    return Turn(True, _next(rhythm.quiet_from, rhythm.zone, now, behind=True) if quiet else now + DAY)


def is_quiet(rhythm: Rhythm, at: datetime) -> bool:
    """Whether the moment lies in the person's quiet hours."""
    hour = at.astimezone(zone(rhythm.zone)).hour
    if rhythm.quiet_from <= rhythm.quiet_until:
        return rhythm.quiet_from <= hour < rhythm.quiet_until
    return hour >= rhythm.quiet_from or hour < rhythm.quiet_until


def quiet_ends(rhythm: Rhythm, at: datetime) -> datetime:
    """When the quiet hours end in which the moment lies."""
    return _next(rhythm.quiet_until, rhythm.zone, at, behind=True)


def quiet_began(rhythm: Rhythm, at: datetime) -> datetime:
    """When the quiet hours began in which the moment lies."""
    local = at.astimezone(zone(rhythm.zone))
    today = _at_hour(local, rhythm.quiet_from)
    return today if today <= at else _at_hour(local - DAY, rhythm.quiet_from)


def day_began(zone_name: str, now: datetime) -> datetime:
    """The midnight from which a person's messages of today are counted."""
    return _at_hour(now.astimezone(zone(zone_name)), 0)


def _next(hour: int, zone_name: str, since: datetime, *, behind: bool = False) -> datetime:
    """The first full hour of that number on the zone's clock, not before `since`, or behind it.

    On the autumn night the first of two; on the spring night, where the hour is missing, the moment behind the gap.
    """
    local = since.astimezone(zone(zone_name))
    for days in range(3):
        found = _at_hour(local + timedelta(days=days), hour)
        if found > since or (found == since and not behind):
            return found
    raise AssertionError("no clock leaves out an hour three days in a row")


def _at_hour(local: datetime, hour: int) -> datetime:
    return local.replace(hour=hour, minute=0, second=0, microsecond=0, fold=0).astimezone(UTC)


async def set_rhythm(
    session: AsyncSession, place: Participation, now: datetime, **wishes: int | datetime | None
) -> None:
    """Change what a person wants, by the names of Participation's columns; what waits for them is looked at again."""
    for name, value in wishes.items():
        setattr(place, name, value)
    of_campaign = [
        col(Handout.post_id).in_(select(Post.id).where(col(Post.campaign_id) == place.campaign_id)),
        col(Handout.broadcast_id).in_(select(Broadcast.id).where(col(Broadcast.campaign_id) == place.campaign_id)),
    ]
    await session.execute(
        update(Handout)
        .where(col(Handout.supporter_id) == place.supporter_id, col(Handout.state) == HandoutState.queued)
        .where(col(Handout.not_before) > now, of_campaign[0] | of_campaign[1])
        .values(not_before=now)
    )
    await session.execute(  # of whichever campaign: who need not be told yet is put off again
        update(SignupMessage)
        .where(col(SignupMessage.supporter_id) == place.supporter_id, col(SignupMessage.state) == HandoutState.queued)
        .values(not_before=now)
    )
