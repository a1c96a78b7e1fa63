"""The badge to look at, with buttons that move the photo; then its files in full quality."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from html import escape

from telegram import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputFile,
    InputMediaDocument,
    InputMediaPhoto,
    Message,
)
from telegram.constants import ChatAction, ParseMode
from telegram.error import BadRequest

import badges
from badges import FORMATS, BadgeError, Crop, NameRefused, Output, PhotoRefused, render_badge, render_badges
from bot.badge_draft import (
    WAIT_FRAME,
    WAIT_LOOK,
    WAIT_NAME,
    WAIT_PHOTO,
    Draft,
    as_data,
    from_data,
    keep,
    moved,
    within,
)
from bot.frame_carousel import drawn, section_of
from bot.visit import Keyboard, Visit, button, patiently, unless_the_same
from campaigns import share_kits
from campaigns.badge_frames import badge_sentence
from campaigns.models import Frame, Kind
from campaigns.words import mark

LOOK = Output("square", "JPEG")
OTHER_FORMATS = {
    "story": ("📱", mark("Story")),
    "cover": ("🖼", mark("Facebook cover")),
    "banner": ("🏞", mark("X banner")),
    "profile": ("👤", mark("Profile picture")),
}


class PhotoGone(Exception):
    """Telegram no longer has the photo."""


@asynccontextmanager
async def trouble_is_told(visit: Visit, draft: Draft) -> AsyncIterator[None]:
    """A photo, a name or a frame that cannot be used: a sentence says why, and the dialogue goes back to that question."""
    try:
        yield
    except PhotoGone:
        await keep(visit, WAIT_PHOTO, replace(draft, photo="", crop=None))
        await visit.say(visit.words("Telegram no longer has this photo. Send it again."))
    except BadgeError as error:
        await visit.say("⚠️ " + escape(badge_sentence(visit.words, error)))
        if isinstance(error, PhotoRefused):
            await keep(visit, WAIT_PHOTO, replace(draft, photo="", crop=None))
        elif isinstance(error, NameRefused):
            await keep(visit, WAIT_NAME, replace(draft, name=None))
        else:  # the campaign's to mend
            await keep(visit, WAIT_FRAME, replace(draft, frame=0))


async def render(visit: Visit, draft: Draft, drawing: badges.Frame, outputs: Sequence[Output]) -> list[bytes]:
    """The badge in these formats, of one decode; raises PhotoGone and BadgeError."""
    photo = await _photo(visit, draft)
    with visit.house.counts.badge("bot"):
        async with visit.house.renders:
            return await asyncio.to_thread(render_badges, photo, drawing, draft.name or "", outputs, crop=draft.shown)


async def _photo(visit: Visit, draft: Draft) -> bytes:
    try:
        file = await visit.bot.get_file(draft.photo)
        return bytes(await file.download_as_bytearray())
    except BadRequest:
        raise PhotoGone from None


def _looked_at(photo: bytes, draft: Draft, drawing: badges.Frame) -> tuple[Draft, bytes]:
    """The badge to look at, and the draft that knows where it stands; a face is looked for where nobody moved it."""
    name = draft.name or ""
    if draft.crop is None:
        found = badges.automatic_crop(photo, drawing, name, format=LOOK.format)
        draft = replace(draft, found=within(draft.shape, (found.x, found.y, found.zoom)))
    return draft, render_badge(photo, drawing, name, format=LOOK.format, kind=LOOK.kind, crop=Crop(*draft.place))


async def draw(visit: Visit, frame: Frame) -> badges.Frame:
    """The frame with the person's section; raises FrameRefused."""
    campaign, section = visit.campaign, await section_of(visit)
    assert campaign is not None  # noqa: S101 - the frame is the campaign's
    async with visit.house.renders:
        return await asyncio.to_thread(drawn, visit, campaign, frame, section)


async def show(visit: Visit, draft: Draft, frame: Frame) -> None:
    """Send the badge to look at."""
    await visit.bot.send_chat_action(visit.chat.id, ChatAction.UPLOAD_PHOTO)
    drawing, photo = await draw(visit, frame), await _photo(visit, draft)
    with visit.house.counts.badge("bot"):
        async with visit.house.renders:
            draft, picture = await asyncio.to_thread(_looked_at, photo, draft, drawing)
    await _count(visit, draft, Kind.badge_made)
    name = escape(visit.user.first_name)
    text = "🎉 " + visit.words("Your badge, {name}! Put it on your profiles.", name=name)
    text += "\n" + visit.words("Bring the photo nearer or move it with the buttons, then take the file.")
    markup = InlineKeyboardMarkup(_buttons(visit, draft))

    async def send() -> Message:
        return await visit.bot.send_photo(visit.chat.id, picture, text, parse_mode=ParseMode.HTML, reply_markup=markup)

    message = await patiently(send)
    await keep(visit, WAIT_LOOK, replace(draft, messages=(message.message_id,), sent=()))


async def move(visit: Visit, draft: Draft, frame: Frame, parts: list[str]) -> None:
    """Show another part of the photo, in the message whose button was tapped."""
    crop, query = from_data(parts), visit.update.callback_query
    if crop is None or crop == draft.place or query is None or not isinstance(query.message, Message):
        return  # a second tap asks for what is there already
    draft = replace(draft, crop=crop, sent=())  # none of its files is out
    [picture] = await render(visit, draft, await draw(visit, frame), [LOOK])
    media = InputMediaPhoto(picture, query.message.caption_html, parse_mode=ParseMode.HTML)
    markup = InlineKeyboardMarkup(_buttons(visit, draft))
    await unless_the_same(lambda: query.edit_message_media(media, markup))
    await keep(visit, WAIT_LOOK, draft)


def _buttons(visit: Visit, draft: Draft) -> Keyboard:
    def to(label: str, direction: str) -> InlineKeyboardButton:
        target = moved(draft, direction)
        return button(label, "badge:edge" if target == draft.place else f"badge:crop:{as_data(target)}")

    _ = visit.words
    return [
        [to("➖", "out"), to("➕", "in")],
        [to("◀", "left"), to("▲", "up"), to("▼", "down"), to("▶", "right")],
        [button("✅ " + _("OK: send me the file"), "badge:file:square")],
        [button("🖼 " + _("Other frame"), "badge:other:frame"), button("✍️ " + _("Other name"), "badge:other:name")],
    ]


async def send_files(visit: Visit, draft: Draft, frame: Frame, wanted: str) -> Draft | None:
    """Send one format as a file, or "all" that are not out yet; None where there is nothing to send.

    A format goes out once while the badge stays as it is, however often its button is tapped.
    """
    drawing = await draw(visit, frame)
    missing = [name for name in drawing.formats if name in FORMATS and name not in draft.sent]
    names = missing if wanted == "all" else [name for name in missing if name == wanted]
    if not names:
        await visit.answer(visit.words("You have it already: look above."))
        return None
    await visit.bot.send_chat_action(visit.chat.id, ChatAction.UPLOAD_DOCUMENT)
    files = await render(visit, draft, drawing, [Output(name, "PNG") for name in names])
    # What may follow stands under the file; an album has no buttons, and those of the earlier file stay good.
    keyboard = _next_steps(visit, drawing, takes_part=await visit.takes_part())
    messages = await _send(visit, names, files, keyboard if names == ["square"] else None)
    await _count(visit, draft, Kind.badge_downloaded)
    if names == ["square"]:
        draft = replace(draft, messages=(draft.messages[0], messages[-1].message_id))
    draft = replace(draft, sent=(*draft.sent, *names))
    await keep(visit, WAIT_LOOK, draft)
    return draft


async def _send(visit: Visit, names: list[str], files: list[bytes], keyboard: Keyboard | None) -> tuple[Message, ...]:
    """Telegram recompresses what is sent as a photo and may take a picture's file for one: these stay files."""
    assert visit.campaign is not None  # noqa: S101 - the badge is the campaign's
    slug = visit.campaign.slug
    named = [f"badge-{slug}{'' if name == 'square' else f'-{name}'}.png" for name in names]
    notes = [_note(visit, name) for name in names]
    if len(files) > 1:
        album = [
            InputMediaDocument(file, caption=note, filename=filename, disable_content_type_detection=True)
            for file, note, filename in zip(files, notes, named, strict=True)
        ]
        return await patiently(lambda: visit.bot.send_media_group(visit.chat.id, album))
    markup = InlineKeyboardMarkup(keyboard) if keyboard else None

    async def send_one() -> Message:
        file = InputFile(files[0], named[0])
        return await visit.bot.send_document(
            visit.chat.id, file, caption=notes[0], disable_content_type_detection=True, reply_markup=markup
        )

    return (await patiently(send_one),)


def _note(visit: Visit, name: str) -> str:
    if name == "square":
        return visit.words("The same in full quality: {side} × {side} pixels.", side=FORMATS[name].width)
    sign, label = OTHER_FORMATS[name]
    return f"{sign} {visit.words(label)} · {FORMATS[name].width} × {FORMATS[name].height}"


def _next_steps(visit: Visit, drawing: badges.Frame, *, takes_part: bool) -> Keyboard:
    _ = visit.words
    others = [
        button(f"{sign} {_(label)}", f"badge:file:{name}")
        for name, (sign, label) in OTHER_FORMATS.items()
        if name in drawing.formats
    ]
    rows = [others[i : i + 2] for i in range(0, len(others), 2)]
    if len(others) > 1:
        rows.append([button("🗂 " + _("All of these formats"), "badge:file:all")])
    if takes_part:
        rows.append([button("🧱 " + _("Put it on the support wall"), "badge:wall")])
    return [*rows, [button("✔ " + _("Done: forget my photo"), "badge:end")]]


async def _count(visit: Visit, draft: Draft, kind: Kind) -> None:
    """Once for a badge, however often it is moved, taken, or its update comes again."""
    assert visit.campaign is not None  # noqa: S101 - the badge is the campaign's
    async with visit.house.database.write() as session:
        key = f"{visit.bot.id}:{draft.began}:{kind}"
        await share_kits.count_badge(session, visit.campaign, visit.supporter, kind, visit.house.clock(), key=key)
