"""Results as the files that people take away: the report, and the workbook with all tables."""

import asyncio
from collections.abc import Mapping
from datetime import datetime

from sqlmodel import col, select

from campaigns import overviews, report, result_files
from campaigns.database import Database
from campaigns.file_requests import FileRefused, Made, Report
from campaigns.media_stores import MediaHome
from campaigns.models import Campaign, FileRequest, Media
from campaigns.overviews import Overview, overview_of, sheets_of
from campaigns.periods import Period, period_of
from campaigns.times import Clock, TimeProblem
from campaigns.words import Words


def wanted_of(period: Period, words: Words) -> dict[str, str]:
    """What a request keeps, so that whoever makes the file knows what is meant."""
    days = {"period": period.name} if period.name else {"from": f"{period.first}", "until": f"{period.last}"}
    return days | {"language": words.language}


class ResultFiles:
    """Makes them; each method is a maker of schedules/file_making.py."""

    def __init__(self, database: Database, clock: Clock, media: MediaHome) -> None:
        self._database, self._clock, self._media = database, clock, media

    async def report(self, asked: FileRequest, tell: Report) -> Made:
        """As a PDF. The figures take longest in a large campaign, the pictures in one that writes much."""
        now = self._clock()
        seen, words = await self._seen(asked, now, overviews.POSTS)
        await tell(1, 3)
        first = [each.post.id for each in seen.posts[: report.PICTURES]]
        async with self._database.read() as session:
            query = select(Media).where(col(Media.post_id).in_(first)).order_by(col(Media.position))
            media = (await session.scalars(query)).all()
        pictures = await asyncio.to_thread(report.first_pictures, self._media, media)
        await tell(2, 3)
        made = words("read on {moment}", moment=words.moment(now, seen.campaign.timezone, "d MMMM yyyy, HH:mm"))
        return Made(await asyncio.to_thread(report.draw_report, seen, words, pictures, made), _name(seen, "pdf"))

    async def workbook(self, asked: FileRequest, tell: Report) -> Made:
        """As an .xlsx."""
        seen, words = await self._seen(asked, self._clock(), overviews.IN_A_FILE)
        await tell(1, 2)
        made = await asyncio.to_thread(lambda: result_files.as_workbook(sheets_of(seen, words), seen.campaign.name))
        return Made(made, _name(seen, "xlsx"))

    async def _seen(self, asked: FileRequest, now: datetime, posts: int) -> tuple[Overview, Words]:
        async with self._database.read() as session:
            campaign = await session.get_one(Campaign, asked.campaign_id)
            period = _period(campaign, asked.asked_at, asked.wanted)
            seen = await overview_of(session, campaign, period, now, posts=posts)
        return seen, Words(asked.wanted["language"], campaign.inclusive)


def _period(campaign: Campaign, asked_at: datetime, wanted: Mapping[str, str]) -> Period:
    """The days as they were when it was asked for, however late it is made."""
    try:
        return period_of(campaign, asked_at, wanted.get("period", ""), wanted.get("from", ""), wanted.get("until", ""))
    except TimeProblem as problem:
        raise FileRefused(str(problem)) from None


def _name(seen: Overview, ending: str) -> str:
    return f"{seen.campaign.slug}-{seen.period.first.isoformat()}-{seen.period.last.isoformat()}.{ending}"
