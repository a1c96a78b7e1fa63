"""Acts whose months are over go; what they add up to stays.

Every sum that is shown holds them long before: tallies in their own transactions, counts by hour and day within seconds
(campaigns.rollups), what may count once in CountedOnce. The one figure that is asked of the acts beyond a year, which wording
of a post brought visits, is settled first. So letting go adds nothing up: each step looks at what the sums hold already, and
a step that is killed, or done twice, changes no figure.
"""

from datetime import UTC, datetime

from sqlalchemy import delete, func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns import act_months, wording_results
from campaigns.models import Campaign, Engagement, RollupMark

POSTS, ACTS = 20, 2_000  # in one transaction: tenths of a second


def kept_since(now: datetime, months: int) -> datetime:
    """The first moment of which acts are kept, that of a month of UTC: `months` whole ones beside the one that goes on.

    Not fewer than 13: a person's own figures look back 52 weeks, the comparison of wordings a year.
    """
    this = now.astimezone(UTC)
    number = this.year * 12 + this.month - 1 - months
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)


async def step(session: AsyncSession, before: datetime, now: datetime) -> bool:
    """Do a part of it, in the caller's transaction; whether there may be more.

    1. Settle the wordings of posts that were made before then: an act is never older than its post.
    2. Drop whole months (PostgreSQL).
    3. Delete acts that the counts by hour hold, of whatever month.
    """
    if await wording_results.settle(session, before, now, POSTS):
        return True
    mark = await session.get_one(RollupMark, 1)
    for month in await act_months.there(session):
        if act_months.starts(month) < before and await act_months.drop(session, month, mark.engagement_id):
            return True
    gone = await _delete(session, before, mark)
    return gone == ACTS


async def _delete(session: AsyncSession, before: datetime, mark: RollupMark) -> int:
    old = (
        select(Engagement.id)
        .where(col(Engagement.campaign_id).in_(select(Campaign.id)))  # so that the index of campaign and moment serves
        .where(col(Engagement.at) < before, col(Engagement.id) <= mark.engagement_id)
        .limit(ACTS)
    )
    numbers = (await session.scalars(old)).all()
    if numbers:
        await session.execute(
            delete(Engagement).where(col(Engagement.id).in_(numbers), col(Engagement.at) < before),
            execution_options={"synchronize_session": False},
        )
        # SQLite gives the numbers of the last rows once more when those rows are gone.
        last = await session.scalar(select(func.max(col(Engagement.id))))
        mark.engagement_id = min(mark.engagement_id, last or 0)
    return len(numbers)
