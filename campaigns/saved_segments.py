"""Segments under a name, so that a message to the same people is not put together anew each time."""

from collections.abc import Sequence

from sqlalchemy import func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.models import Interest, Participation, SavedSegment, Supporter, Territory
from campaigns.segments import Segment, chosen, in_segment
from campaigns.words import LANGUAGES, mark

LONGEST = 60  # characters of a name
MOST = 100  # of one campaign


class SegmentRefused(Exception):
    """That segment cannot be kept: `msgid` with `values` says why, to be translated."""

    def __init__(self, msgid: str, **values: object) -> None:
        super().__init__(msgid.format(**values))
        self.msgid, self.values = msgid, values


async def count(session: AsyncSession, segment: Segment) -> int:
    """How many people are in it now: they agreed to be written to, and did not leave."""
    query = (
        select(func.count())
        .select_from(Participation)
        .join(Supporter, col(Supporter.id) == col(Participation.supporter_id))
        .where(*in_segment(segment))
    )
    return await session.scalar(query) or 0


async def counts(session: AsyncSession, campaign_id: int, segments: Sequence[Segment]) -> list[int]:
    """As `count`, of several segments of one campaign: its people are gone through once, however many they are."""
    each = [func.count().filter(*chosen(segment)) for segment in segments]
    query = (
        select(func.count(), *each)
        .select_from(Participation)
        .join(Supporter, col(Supporter.id) == col(Participation.supporter_id))
        .where(*in_segment(Segment(campaign_id)))
    )
    return list((await session.execute(query)).one())[1:]


async def segments_of(session: AsyncSession, campaign_id: int) -> Sequence[SavedSegment]:
    """By their names."""
    query = select(SavedSegment).where(col(SavedSegment.campaign_id) == campaign_id)
    return (await session.scalars(query.order_by(col(SavedSegment.name)))).all()


async def find_segment(session: AsyncSession, campaign_id: int, number: int) -> SavedSegment | None:
    return await session.scalar(
        select(SavedSegment).where(col(SavedSegment.id) == number, col(SavedSegment.campaign_id) == campaign_id)
    )


def segment_of(saved: SavedSegment) -> Segment:
    return Segment(saved.campaign_id, saved.territory_id, saved.language, saved.interest_id)


async def save(session: AsyncSession, name: str, segment: Segment) -> SavedSegment:
    """Keep a segment under a name that no other one has; raises SegmentRefused."""
    name = " ".join(name.split())
    if not name or len(name) > LONGEST or not name.isprintable():
        raise SegmentRefused(mark("A segment has a name of at most {longest} characters."), longest=LONGEST)
    known = await segments_of(session, segment.campaign_id)
    if any(each.name.casefold() == name.casefold() for each in known):
        raise SegmentRefused(mark("There is a segment “{name}” already: choose another name."), name=name)
    if len(known) >= MOST:
        raise SegmentRefused(mark("There are {most} segments already: take one away first."), most=MOST)
    await _check(session, segment)
    saved = SavedSegment(
        campaign_id=segment.campaign_id,
        name=name,
        territory_id=segment.territory_id,
        language=segment.language,
        interest_id=segment.interest_id,
    )
    session.add(saved)
    await session.flush()
    return saved


async def _check(session: AsyncSession, segment: Segment) -> None:
    """What it is made of exists, and is this campaign's own."""
    territory = await session.get(Territory, segment.territory_id or 0)
    theme = await session.get(Interest, segment.interest_id or 0)
    strange = segment.territory_id is not None and (territory is None or territory.campaign_id != segment.campaign_id)
    strange |= segment.interest_id is not None and (theme is None or theme.campaign_id != segment.campaign_id)
    if strange or (segment.language is not None and segment.language not in LANGUAGES):
        raise SegmentRefused(mark("This territory, theme or language is gone: choose once more."))


async def remove(session: AsyncSession, saved: SavedSegment) -> None:
    await session.delete(saved)
    await session.flush()
