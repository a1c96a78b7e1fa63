"""What nearly every update reads and writes. Many updates are in hand at once: they share queries, and commits.

Everything is read after it was asked for, so nobody sees what was true before their own last step.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns import installation
from campaigns.batches import BatchReader, BatchWriter
from campaigns.database import Database
from campaigns.dialects import insert
from campaigns.models import Campaign, Dialogue, Participation, SilenceWindow, Supporter

TABLE: Any = Dialogue.__table__  # type: ignore[attr-defined]

Person = tuple[int, int]  # the user's number on Telegram and the chat's
Place = tuple[int, int]  # a supporter and a campaign
Moment = tuple[int, int | None, datetime]  # a campaign, a territory, now


@dataclass(frozen=True, slots=True)
class Known:
    """What is stored of who wrote."""

    supporter: Supporter | None
    dialogue: Dialogue | None
    campaign: Campaign | None  # which the dialogue is about, else the first that they joined, else the only one


@dataclass(frozen=True, slots=True)
class Note:
    """Where a dialogue stands; without `kept`, its row goes."""

    chat_id: int
    campaign_id: int | None
    step: str
    data: dict[str, Any]
    at: datetime
    kept: bool = True


class Rows:
    """`await rows.known.read((user, chat))` and so on, from as many tasks as there are updates in hand."""

    def __init__(self, database: Database) -> None:
        self.known: BatchReader[Person, Known] = BatchReader(database, _known)
        self.places: BatchReader[Place, Participation] = BatchReader(database, _places)
        self.windows: BatchReader[Moment, SilenceWindow] = BatchReader(database, _windows)
        self.notes: BatchWriter[Note] = BatchWriter(database, note)


async def _known(session: AsyncSession, keys: Sequence[Person]) -> dict[Person, Known]:
    users, chats = {user for user, _ in keys}, {chat for _, chat in keys}
    people = await session.scalars(select(Supporter).where(col(Supporter.telegram_id).in_(users)))
    supporters = {person.telegram_id: person for person in people}
    talks = await session.scalars(select(Dialogue).where(col(Dialogue.chat_id).in_(chats)))
    dialogues = {talk.chat_id: talk for talk in talks}
    campaigns = {campaign.id: campaign for campaign in await installation.campaigns(session)}
    only = next(iter(campaigns.values())) if len(campaigns) == 1 else None
    found: dict[Person, Known] = {}
    undecided: list[Person] = []
    for user, chat in keys:
        talk = dialogues.get(chat)
        campaign = campaigns.get(talk.campaign_id or 0) if talk is not None else None
        found[user, chat] = Known(supporters.get(user), talk, campaign or only)
        if found[user, chat].campaign is None and user in supporters:
            undecided.append((user, chat))
    joined = await _first_joined(session, [supporters[user].id for user, _ in undecided])
    for user, chat in undecided:
        campaign = campaigns.get(joined.get(supporters[user].id, 0))
        found[user, chat] = Known(supporters[user], dialogues.get(chat), campaign)
    return found


async def _first_joined(session: AsyncSession, supporter_ids: Sequence[int]) -> dict[int, int]:
    """The first campaign that each takes part in."""
    if not supporter_ids:
        return {}
    query = (
        select(col(Participation.supporter_id), func.min(col(Participation.campaign_id)))
        .where(col(Participation.supporter_id).in_(supporter_ids), col(Participation.stopped_at).is_(None))
        .group_by(col(Participation.supporter_id))
    )
    return {row[0]: row[1] for row in await session.execute(query)}


async def _places(session: AsyncSession, keys: Sequence[Place]) -> dict[Place, Participation]:
    query = select(Participation).where(col(Participation.supporter_id).in_({supporter for supporter, _ in keys}))
    return {(place.supporter_id, place.campaign_id): place for place in await session.scalars(query)}


async def _windows(session: AsyncSession, keys: Sequence[Moment]) -> dict[Moment, SilenceWindow]:
    """As campaigns.silence_windows.window_of: of several windows the last to end."""
    moments = [at for _, _, at in keys]
    query = (
        select(SilenceWindow)
        .where(col(SilenceWindow.campaign_id).in_({campaign for campaign, _, _ in keys}))
        .where(col(SilenceWindow.starts_at) <= max(moments), col(SilenceWindow.ends_at) > min(moments))
        .order_by(col(SilenceWindow.ends_at))
    )
    rows = (await session.scalars(query)).all()
    return {
        (campaign, territory, at): row
        for campaign, territory, at in keys
        for row in rows
        if (row.campaign_id, row.territory_id) == (campaign, territory) and row.starts_at <= at < row.ends_at
    }


async def note(session: AsyncSession, notes: Sequence[Note]) -> list[None]:
    """Write where dialogues stand."""
    kept = [
        {"chat_id": n.chat_id, "campaign_id": n.campaign_id, "step": n.step, "data": n.data, "updated_at": n.at}
        for n in notes
        if n.kept
    ]
    gone = [n.chat_id for n in notes if not n.kept]
    if gone:
        await session.execute(delete(Dialogue).where(col(Dialogue.chat_id).in_(gone)))
    if kept:
        statement = insert(TABLE)
        new = {name: statement.excluded[name] for name in ("campaign_id", "step", "data", "updated_at")}
        await (await session.connection()).execute(
            statement.on_conflict_do_update(index_elements=["chat_id"], set_=new), kept
        )
    return [None] * len(notes)
