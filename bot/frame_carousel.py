"""The frames to choose from: one message, whose picture changes when it is turned."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from html import escape
from typing import TypeVar

from telegram import InlineKeyboardMarkup, InputMediaPhoto, Message
from telegram.constants import ParseMode
from telegram.error import BadRequest

import badges
from bot.badge_draft import WAIT_FRAME, Draft, keep
from bot.visit import Keyboard, Visit, button, number, patiently, unless_the_same
from campaigns import badge_frames
from campaigns.models import Campaign, Frame, Territory

T = TypeVar("T")

PREVIEW_SIDE = 480  # pixels
PREVIEWS_KEPT = 500  # references to uploaded previews, 80 bytes each


async def section_of(visit: Visit) -> Territory | None:
    """Where the person campaigns, as they told us."""
    place = await visit.place()
    if place is None or place.territory_id is None:
        return None
    async with visit.house.database.read() as session:
        return await session.get(Territory, place.territory_id)


async def frames_for(visit: Visit) -> list[Frame]:
    """What this person may choose from."""
    assert visit.campaign is not None  # noqa: S101 - who makes a badge has a campaign
    section = await section_of(visit)
    async with visit.house.database.read() as session:
        return await badge_frames.frames_for(session, visit.campaign.id, section.id if section else None)


def drawn(visit: Visit, campaign: Campaign, frame: Frame, section: Territory | None) -> badges.Frame:
    """The frame itself; drawing takes some tenths of a second the first time, so call it in a thread."""
    name, folder = section.name if section else "", visit.house.settings.frames
    return badge_frames.frame_of(campaign, frame.design, name, frames_dir=folder)


async def ask(visit: Visit, draft: Draft, known: list[Frame]) -> None:
    """Show the first frame; the next ones come by the arrows."""
    markup = InlineKeyboardMarkup(_buttons(visit, known, 0))
    caption = _caption(visit, known, 0)

    async def send(picture: str | bytes) -> Message:
        return await visit.bot.send_photo(
            visit.chat.id, picture, caption, parse_mode=ParseMode.HTML, reply_markup=markup
        )

    message = await _with_preview(visit, known[0], lambda picture: patiently(lambda: send(picture)))
    await keep(visit, WAIT_FRAME, replace(draft, messages=(message.message_id,)))


async def turn(visit: Visit, value: str) -> None:
    """Put the frame at this place in the message whose button was tapped."""
    known = await frames_for(visit)
    query, at = visit.update.callback_query, number(value) or 0
    if query is None or not known:
        return
    at %= len(known)
    markup = InlineKeyboardMarkup(_buttons(visit, known, at))

    async def change(picture: str | bytes) -> Message | bool | None:
        media = InputMediaPhoto(picture, _caption(visit, known, at), parse_mode=ParseMode.HTML)
        return await unless_the_same(lambda: query.edit_message_media(media, markup))

    await _with_preview(visit, known[at], change)


def _caption(visit: Visit, known: list[Frame], at: int) -> str:
    return "\n".join((visit.words("Which frame do you want?"), f"<b>{escape(known[at].name)}</b>"))


def _buttons(visit: Visit, known: list[Frame], at: int) -> Keyboard:
    last = len(known) - 1
    turns = [
        button("◀", f"badge:turn:{at - 1 if at else last}"),
        button(f"{at + 1}/{len(known)}", f"badge:turn:{at}"),
        button("▶", f"badge:turn:{at + 1 if at < last else 0}"),
    ]
    return [turns, [button("✅ " + visit.words("This one"), f"badge:frame:{known[at].id}")]]


def _key(visit: Visit, frame: Frame) -> tuple[object, ...]:
    """All that the preview depends on: the campaign may change its colours and words at any time."""
    owner = visit.campaign
    assert owner is not None  # noqa: S101 - the frame is the campaign's
    looks = owner.primary_colour, owner.secondary_colour, owner.text_colour, owner.name, owner.slogan, owner.hashtag
    return visit.bot.id, owner.id, frame.design, *looks, owner.sponsor_line, owner.notice_url


async def _with_preview(visit: Visit, frame: Frame, call: Callable[[str | bytes], Awaitable[T]]) -> T:
    """Send a frame's preview: by Telegram's reference where it was uploaded before, which makes turning quick."""
    previews, key = visit.house.previews, _key(visit, frame)
    if key in previews:
        try:
            return await call(previews[key])
        except BadRequest:
            del previews[key]  # Telegram no longer has it
    message = await call(await _preview(visit, frame))
    if isinstance(message, Message) and message.photo:
        if len(previews) >= PREVIEWS_KEPT:
            previews.clear()
        previews[key] = message.photo[-1].file_id
    return message


async def _preview(visit: Visit, frame: Frame) -> bytes:
    """The picture, without a section: one serves everybody."""
    campaign = visit.campaign
    assert campaign is not None  # noqa: S101 - the frame is the campaign's
    async with visit.house.renders:
        return await asyncio.to_thread(lambda: badges.preview(drawn(visit, campaign, frame, None), PREVIEW_SIDE))
