"""A campaign's silence windows as rows: derived from its polling days and from windows made by hand.

The rows are written out for each territory and for the campaign's own channels, so that "may this go out now?" is one
look-up at the moment of sending. Whoever changes polling days, windows or territories calls `rebuild`.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Exists, delete
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns.models import Campaign, PollingDay, SilenceWindow, Territory
from campaigns.silence import Place, PollingRound, Window, check_round, window_at, windows


async def add_polling_day(
    session: AsyncSession,
    campaign: Campaign,
    day: date,
    now: datetime,
    *,
    territory_id: int | None = None,
    label: str = "",
    saturday: bool = True,
) -> None:
    """Write a round of a vote and the silence around it; raises silence.SilenceProblem."""
    check_round(
        PollingRound(day, territory_id, label, saturday), now, await _places(session, campaign), campaign.timezone
    )
    session.add(PollingDay(campaign_id=campaign.id, territory_id=territory_id, day=day, label=label, saturday=saturday))
    await session.flush()
    await rebuild(session, campaign)


async def add_window(
    session: AsyncSession,
    campaign: Campaign,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    territory_id: int | None = None,
) -> None:
    """Write a window by hand; raises silence.SilenceProblem."""
    Window(starts_at, ends_at, territory_id, reason, campaign.timezone)  # refuses what cannot be
    row = SilenceWindow(
        campaign_id=campaign.id,
        territory_id=territory_id,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason,
        by_hand=True,
    )
    session.add(row)
    await session.flush()
    await rebuild(session, campaign)


async def remove_polling_day(session: AsyncSession, campaign: Campaign, day: date, territory_id: int | None) -> bool:
    """Take back a round of a vote with its windows; whether there was one."""
    gone = await session.execute(
        delete(PollingDay)
        .where(col(PollingDay.campaign_id) == campaign.id, col(PollingDay.day) == day)
        .where(col(PollingDay.territory_id).is_not_distinct_from(territory_id))
        .returning(col(PollingDay.id))
    )
    found = bool(gone.all())
    await rebuild(session, campaign)
    return found


async def remove_window(
    session: AsyncSession, campaign: Campaign, starts_at: datetime, territory_id: int | None
) -> bool:
    """Take back what was added by hand; whether there was one."""
    gone = await session.execute(
        delete(SilenceWindow)
        .where(col(SilenceWindow.campaign_id) == campaign.id, col(SilenceWindow.by_hand))
        .where(col(SilenceWindow.starts_at) == starts_at)
        .where(col(SilenceWindow.territory_id).is_not_distinct_from(territory_id))
        .returning(col(SilenceWindow.id))
    )
    found = bool(gone.all())
    await rebuild(session, campaign)
    return found


async def rebuild(session: AsyncSession, campaign: Campaign) -> None:
    """Derive the rows anew; those made by hand are kept."""
    await session.execute(
        delete(SilenceWindow).where(
            col(SilenceWindow.campaign_id) == campaign.id, col(SilenceWindow.by_hand).is_(False)
        )
    )
    places = await _places(session, campaign)
    days = await session.scalars(select(PollingDay).where(col(PollingDay.campaign_id) == campaign.id))
    rounds = [PollingRound(row.day, row.territory_id, row.label, row.saturday) for row in days]
    by_hand = await session.scalars(select(SilenceWindow).where(col(SilenceWindow.campaign_id) == campaign.id))
    extra = [Window(row.starts_at, row.ends_at, row.territory_id, row.reason, campaign.timezone) for row in by_hand]
    for window in windows(rounds, places, extra, campaign.timezone):
        for territory_id in (None, *(place.id for place in places)):
            itself = window in extra and window.territory_id == territory_id
            if not itself and window_at((window,), window.starts_at, territory_id, places):
                session.add(
                    SilenceWindow(
                        campaign_id=campaign.id,
                        territory_id=territory_id,
                        starts_at=window.starts_at,
                        ends_at=window.ends_at,
                        reason=window.reason,
                    )
                )
    await session.flush()


async def _places(session: AsyncSession, campaign: Campaign) -> Sequence[Place]:
    rows = await session.scalars(select(Territory).where(col(Territory.campaign_id) == campaign.id))
    return [Place(row.id, row.parent_id, row.name, row.timezone) for row in rows]


def is_silent(campaign_id: Any, territory_id: Any, now: Any) -> Exists:
    """In SQL: whether the campaign (a column) is silent at `now` for the territory (a column that may be NULL)."""
    return (
        select(SilenceWindow.id)
        .where(
            col(SilenceWindow.campaign_id) == campaign_id,
            col(SilenceWindow.territory_id).is_not_distinct_from(territory_id),
        )
        .where(col(SilenceWindow.starts_at) <= now, col(SilenceWindow.ends_at) > now)
        .exists()
    )


async def window_of(
    session: AsyncSession, campaign_id: int, territory_id: int | None, at: datetime
) -> SilenceWindow | None:
    """The window that keeps this territory silent at that moment; of several, the last to end."""
    return await session.scalar(
        select(SilenceWindow)
        .where(
            col(SilenceWindow.campaign_id) == campaign_id,
            col(SilenceWindow.territory_id).is_not_distinct_from(territory_id),
        )
        .where(col(SilenceWindow.starts_at) <= at, col(SilenceWindow.ends_at) > at)
        .order_by(col(SilenceWindow.ends_at).desc())
        .limit(1)
    )


async def any_silence(session: AsyncSession, campaign_id: int, at: datetime) -> bool:
    """Whether anybody in the campaign is kept silent at that moment."""
    query = select(SilenceWindow.id).where(col(SilenceWindow.campaign_id) == campaign_id)
    within = query.where(col(SilenceWindow.starts_at) <= at, col(SilenceWindow.ends_at) > at)
    return await session.scalar(within.limit(1)) is not None


async def first_free(session: AsyncSession, campaign_id: int, territory_id: int | None, at: datetime) -> datetime:
    """The first moment, not before `at`, at which this territory may speak; windows that touch are one silence."""
    while window := await window_of(session, campaign_id, territory_id, at):
        at = window.ends_at
    return at


async def windows_of(session: AsyncSession, campaign_id: int) -> Sequence[SilenceWindow]:
    """Every row, in the order of time."""
    query = select(SilenceWindow).where(col(SilenceWindow.campaign_id) == campaign_id)
    return (await session.scalars(query.order_by(col(SilenceWindow.starts_at), col(SilenceWindow.territory_id)))).all()
