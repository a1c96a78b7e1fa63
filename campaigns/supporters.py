"""People who said yes: joining a campaign, consents, leaving, erasure. Nothing is stored of who did not say yes."""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Text, cast, delete, or_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from campaigns import consents, events, leaders, missions, own_data, wall
from campaigns.consents import has_consent
from campaigns.engagement import Act, record
from campaigns.models import (
    Broadcast,
    Campaign,
    ChatMenu,
    Dialogue,
    Engagement,
    Handout,
    HandoutState,
    Kind,
    Organizer,
    Participation,
    Post,
    Purpose,
    Supporter,
)

STRANGERS = timedelta(days=1)
PHOTOS = timedelta(hours=1)  # that the bot may still ask Telegram for a photo, after the last tap on its badge
# What a dialogue keeps of something that nobody went on with, by its name there: how long after the last message.
LEFT_OPEN = {"badge": PHOTOS, "forwarded": timedelta(days=1), "live": timedelta(days=1), "post": timedelta(days=7)}
ASKED_AT_JOINING = frozenset({Purpose.contact, Purpose.counting})


@dataclass(frozen=True, slots=True)
class Joining:
    """A person's yes to a campaign, as they gave it in the chat."""

    campaign_id: int
    telegram_id: int
    first_name: str
    language: str
    purposes: frozenset[Purpose]
    at: datetime
    territory_id: int | None = None
    invite_code: str | None = None


async def find_supporter(session: AsyncSession, telegram_id: int) -> Supporter | None:
    return await session.scalar(select(Supporter).where(col(Supporter.telegram_id) == telegram_id))


async def participation(session: AsyncSession, supporter_id: int, campaign_id: int) -> Participation | None:
    return await session.scalar(
        select(Participation).where(
            col(Participation.supporter_id) == supporter_id, col(Participation.campaign_id) == campaign_id
        )
    )


async def campaigns_of(session: AsyncSession, supporter_id: int) -> list[Campaign]:
    """The campaigns that a person joined and did not stop."""
    query = (
        select(Campaign)
        .join(Participation, col(Participation.campaign_id) == col(Campaign.id))
        .where(col(Participation.supporter_id) == supporter_id, col(Participation.stopped_at).is_(None))
        .order_by(col(Campaign.id))
    )
    return list(await session.scalars(query))


async def join(session: AsyncSession, joining: Joining) -> tuple[Supporter, Participation]:
    """Write the person, their place in the campaign and each consent; who invited them is counted once."""
    supporter = await find_supporter(session, joining.telegram_id)
    if supporter is None:
        supporter = Supporter(telegram_id=joining.telegram_id, first_name=joining.first_name, created_at=joining.at)
        session.add(supporter)
    supporter.first_name, supporter.language, supporter.gone_at = joining.first_name, joining.language, None
    await session.flush()
    place = await participation(session, supporter.id, joining.campaign_id)
    if place is None:
        place = Participation(
            supporter_id=supporter.id,
            campaign_id=joining.campaign_id,
            invite_code=secrets.token_urlsafe(9),
            joined_at=joining.at,
        )
        session.add(place)
        await _count_recruit(session, joining, supporter.id)
    place.stopped_at = None
    if joining.territory_id is not None:
        place.territory_id = joining.territory_id
    among = ASKED_AT_JOINING | joining.purposes
    await set_consents(session, supporter, joining.campaign_id, joining.purposes, joining.at, among=among)
    return supporter, place


async def _count_recruit(session: AsyncSession, joining: Joining, newcomer_id: int) -> None:
    if joining.invite_code is None:
        return
    inviter = await session.scalar(
        select(Participation).where(
            col(Participation.invite_code) == joining.invite_code, col(Participation.campaign_id) == joining.campaign_id
        )
    )
    if inviter is None or inviter.supporter_id == newcomer_id:
        return
    if await has_consent(session, inviter.supporter_id, joining.campaign_id, Purpose.counting):
        await record(session, [Act(joining.campaign_id, Kind.recruited, joining.at, inviter.supporter_id)])


async def set_consents(
    session: AsyncSession,
    supporter: Supporter,
    campaign_id: int,
    purposes: Iterable[Purpose],
    now: datetime,
    *,
    among: Iterable[Purpose] = Purpose,
) -> None:
    """Of the purposes that were asked about, make these the ones a person says yes to; the others are withdrawn.

    What rests on a consent goes with it: the remembered name and frame, the badge on the support wall.
    """
    taken_back = await consents.record(session, supporter, campaign_id, purposes, now, among=among)
    if Purpose.remembering in taken_back:
        place = await participation(session, supporter.id, campaign_id)
        if place is not None:
            place.badge_name = place.badge_frame = None
    if Purpose.wall in taken_back:
        await wall.take_down_of(session, supporter.id, campaign_id)


async def remember_badge(session: AsyncSession, supporter_id: int, campaign_id: int, name: str, design: str) -> None:
    """Keep name and frame of the last badge for the next one; who calls has seen the consent to that."""
    place = await participation(session, supporter_id, campaign_id)
    if place is not None:
        place.badge_name, place.badge_frame = name, design


async def stop(session: AsyncSession, supporter: Supporter, campaign_id: int, now: datetime) -> None:
    """No message of this campaign any more: every consent is withdrawn, what waits to be sent is skipped.

    Nor are they awaited at a mission or an event any more, or a referent of anything.
    """
    place = await participation(session, supporter.id, campaign_id)
    if place is not None:
        place.stopped_at = now
    await set_consents(session, supporter, campaign_id, (), now)
    await missions.comes_no_more(session, supporter.id, campaign_id, now)
    await events.comes_no_more(session, supporter.id, now, campaign_id)
    await leaders.leave(session, supporter.id, campaign_id)


async def forget_strangers(session: AsyncSession, now: datetime) -> None:
    """Who pressed START and never answered leaves no trace either: their dialogue goes after a day.

    An organizer is no stranger: a post that they began waits for them.
    """
    organizers = select(Organizer.telegram_id).where(col(Organizer.telegram_id).is_not(None))
    known = select(Supporter.telegram_id).union(organizers)
    await session.execute(
        delete(Dialogue).where(col(Dialogue.updated_at) < now - STRANGERS, col(Dialogue.chat_id).not_in(known))
    )


async def forget_photos(session: AsyncSession, now: datetime) -> None:
    """A badge or a post that nobody went on with is over: the dialogue forgets it, and Telegram's reference to its photo."""
    for name, after in LEFT_OPEN.items():
        left = select(Dialogue).where(
            col(Dialogue.updated_at) < now - after, cast(col(Dialogue.data), Text).contains(f'"{name}"')
        )
        for dialogue in (await session.scalars(left)).all():
            dialogue.data = {key: value for key, value in dialogue.data.items() if key != name}
            if dialogue.step.startswith(name):
                dialogue.step = ""
            if not dialogue.data and await find_supporter(session, dialogue.chat_id) is None:
                await session.delete(dialogue)


async def mark_gone(session: AsyncSession, telegram_id: int, now: datetime) -> None:
    """Telegram says that the person blocked the bot or left: nobody writes to them until they come back by themselves."""
    await session.execute(update(Supporter).where(col(Supporter.telegram_id) == telegram_id).values(gone_at=now))


async def forget(session: AsyncSession, supporter: Supporter, now: datetime) -> None:
    """Erase a person at once. Their acts stay as bare counts, their links still lead on, and nothing names them."""
    await leaders.leave(session, supporter.id)
    await session.execute(delete(ChatMenu).where(col(ChatMenu.chat_id) == supporter.telegram_id))
    await session.execute(delete(Dialogue).where(col(Dialogue.chat_id) == supporter.telegram_id))
    # `once` holds the person's number; without it the row is an act of nobody.
    await session.execute(update(Engagement).where(col(Engagement.supporter_id) == supporter.id).values(once=None))
    await session.execute(
        update(Handout)
        .where(col(Handout.supporter_id) == supporter.id, col(Handout.state) == HandoutState.queued)
        .values(state=HandoutState.skipped)
    )
    await missions.forget(session, supporter.id)
    await events.comes_no_more(session, supporter.id, now)  # their seats are free; where they were, the count stays
    await session.execute(delete(Supporter).where(col(Supporter.id) == supporter.id))


async def forget_in(session: AsyncSession, supporter: Supporter, campaign_id: int, now: datetime) -> None:
    """Erase a person from one campaign; whoever is in no other one is erased altogether.

    What goes and what stays as a bare count is what `forget` does, by the tables' own ON DELETE.
    """
    elsewhere = select(Participation.id).where(
        col(Participation.supporter_id) == supporter.id, col(Participation.campaign_id) != campaign_id
    )
    if await session.scalar(elsewhere.limit(1)) is None:
        await forget(session, supporter, now)
        return
    await stop(session, supporter, campaign_id, now)
    here = col(Engagement.supporter_id) == supporter.id, col(Engagement.campaign_id) == campaign_id
    await session.execute(update(Engagement).where(*here).values(once=None))
    await missions.forget(session, supporter.id, campaign_id)
    posts = select(Post.id).where(col(Post.campaign_id) == campaign_id)
    broadcasts = select(Broadcast.id).where(col(Broadcast.campaign_id) == campaign_id)
    await session.execute(
        update(Handout)
        .where(col(Handout.supporter_id) == supporter.id, col(Handout.state) == HandoutState.queued)
        .where(or_(col(Handout.post_id).in_(posts), col(Handout.broadcast_id).in_(broadcasts)))
        .values(state=HandoutState.skipped)
    )
    await session.execute(
        delete(Dialogue).where(col(Dialogue.chat_id) == supporter.telegram_id, col(Dialogue.campaign_id) == campaign_id)
    )
    await own_data.unlink(session, supporter.id, campaign_id)
