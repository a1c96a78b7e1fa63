"""/badge: a photo, a frame, a name; then the badge to look at, and the file in full quality.

The photo is never stored: the dialogue keeps Telegram's own reference to it, and forgets that when the badge is done.
"""

import asyncio
import io
from html import escape

from telegram import InlineKeyboardMarkup, InputFile, Message
from telegram.constants import ChatAction, ParseMode
from telegram.error import BadRequest

from badges import DESIGNS, SIDE, BadgeError, PhotoRefused, preview, render_badge
from bot.visit import Keyboard, Visit, button, patiently
from campaigns import installation, share_kits
from campaigns.badge_frames import badge_sentence, frame_of
from campaigns.models import Campaign, Frame, Kind

DOWNLOAD_LIMIT = 20_000_000  # bytes; what the Bot API lets a bot download
PREVIEW_SIDE = 360  # pixels
LONGEST_NAME = 80  # characters that are taken; the badge shortens what does not fit

WAIT_PHOTO, WAIT_FRAME, WAIT_NAME = "badge: photo", "badge: frame", "badge: name"


async def begin(visit: Visit) -> None:
    """/badge"""
    if visit.campaign is None:
        await visit.say(visit.words("First join the campaign: /start"))
        return
    if await visit.says_silence(visit.campaign):
        return
    await visit.remember(WAIT_PHOTO, photo=None, design=None)
    await visit.say(
        "📷 "
        + visit.words("Send me your photo. As a file it keeps its full quality. It is not kept once the badge is made.")
    )


async def take_photo(visit: Visit) -> None:
    """A photo, sent as a photo or as a file; with or without /badge before it."""
    message = visit.message
    if visit.campaign is None or message is None:
        await visit.say(visit.words("First join the campaign: /start"))
        return
    sent = message.photo[-1] if message.photo else message.document
    if sent is None or await visit.says_silence(visit.campaign):
        return
    if message.document and not (message.document.mime_type or "image/").startswith("image/"):
        await not_a_photo(visit)
        return
    if (sent.file_size or 0) > DOWNLOAD_LIMIT:
        await visit.say(
            visit.words("This file is too heavy for Telegram: at most {limit} MB. Send it as a photo.", limit=20)
        )
        return
    await visit.remember(WAIT_FRAME, photo=sent.file_id)
    async with visit.house.database.read() as session:
        choices = list(await installation.frames(session, visit.campaign.id))
    if len(choices) == 1:
        await _ask_name(visit, choices[0].design)
        return
    async with visit.house.renders:
        sheet = await asyncio.to_thread(_sheet, visit.campaign, choices)
    markup = InlineKeyboardMarkup(_frame_buttons(visit, choices))
    text = visit.words("Which frame do you want?")
    await patiently(lambda: visit.bot.send_photo(visit.chat.id, sheet, text, reply_markup=markup))


def _frame_buttons(visit: Visit, choices: list[Frame]) -> Keyboard:
    return [[button(frame.name, f"badge:frame:{frame.design}") for frame in choices]]


def _sheet(campaign: Campaign, choices: list[Frame]) -> bytes:
    """The frames side by side, as one picture."""
    from PIL import Image

    gap = PREVIEW_SIDE // 18
    sheet = Image.new("RGB", (len(choices) * (PREVIEW_SIDE + gap) + gap, PREVIEW_SIDE + 2 * gap), "white")
    for i, choice in enumerate(choices):
        with Image.open(io.BytesIO(preview(frame_of(campaign, choice.design), PREVIEW_SIDE))) as one:
            sheet.paste(one.convert("RGB"), (gap + i * (PREVIEW_SIDE + gap), gap))
    out = io.BytesIO()
    sheet.save(out, "PNG")
    return out.getvalue()


async def tapped(visit: Visit) -> None:
    _, action, value = (*visit.tapped, "", "")[:3]
    if "photo" not in visit.data or visit.campaign is None:
        await visit.answer(visit.words("This badge is done. Send a photo to make another one."), alert=True)
        await visit.change_keyboard(None)
        return
    if action == "frame" and value in DESIGNS:
        await visit.change_keyboard(None)
        await _ask_name(visit, value)
    elif action == "name" and visit.step == WAIT_NAME:
        await visit.change_keyboard(None)
        await _make(visit, visit.user.first_name if value == "mine" else "")


async def _ask_name(visit: Visit, design: str) -> None:
    await visit.remember(WAIT_NAME, design=design)
    keyboard = [
        [button(visit.user.first_name[:40], "badge:name:mine")],
        [button(visit.words("No name"), "badge:name:none")],
    ]
    await visit.say("✍️ " + visit.words("Which name shall I write? Type it, or choose:"), keyboard)


async def take_text(visit: Visit) -> bool:
    """A text in the middle of this conversation; False where it is none of ours."""
    if visit.step == WAIT_NAME:
        await _make(visit, visit.text[:LONGEST_NAME])
    elif visit.step == WAIT_PHOTO:
        await visit.say(visit.words("I am waiting for a photo. Send one, or /help to do something else."))
    elif visit.step == WAIT_FRAME:
        await visit.say(visit.words("Choose a frame with the buttons above, or send another photo."))
    else:
        return False
    return True


async def not_a_photo(visit: Visit) -> None:
    """A sticker, a video, a voice message …"""
    if visit.step == WAIT_PHOTO:
        await visit.say(visit.words("This is not a photo. Send a picture from your gallery, or take one now."))
    else:
        await visit.say(visit.words("I cannot do anything with this. Send a photo to make a badge, or /help."))


async def _make(visit: Visit, name: str) -> None:
    campaign, design = visit.campaign, str(visit.data.get("design"))
    if campaign is None or await visit.says_silence(campaign):
        return
    await visit.bot.send_chat_action(visit.chat.id, ChatAction.UPLOAD_PHOTO)
    try:
        photo = await _download(visit)
        frame = frame_of(campaign, design)
        async with visit.house.renders:
            look = await asyncio.to_thread(render_badge, photo, frame, name, kind="JPEG")
            full = await asyncio.to_thread(render_badge, photo, frame, name, kind="PNG")
    except BadgeError as error:
        await visit.say("⚠️ " + escape(badge_sentence(visit.words, error)))
        if isinstance(error, PhotoRefused):
            await visit.remember(WAIT_PHOTO, photo=None)
        return
    except BadRequest:
        await visit.remember(WAIT_PHOTO, photo=None)
        await visit.say(visit.words("Telegram no longer has this photo. Send it again."))
        return
    await _hand_over(visit, campaign, look, full)


async def _download(visit: Visit) -> bytes:
    file = await visit.bot.get_file(visit.data["photo"])
    return bytes(await file.download_as_bytearray())


async def _hand_over(visit: Visit, campaign: Campaign, look: bytes, full: bytes) -> None:
    """Telegram recompresses what is sent as a photo, so the badge goes out twice: to look at, and as a file to post."""
    _ = visit.words
    caption = "🎉 " + _("Your badge, {name}! Put it on your profiles.", name=escape(visit.user.first_name))
    await patiently(lambda: visit.bot.send_photo(visit.chat.id, look, caption, parse_mode=ParseMode.HTML))
    file = InputFile(full, f"badge-{campaign.slug}.png")
    note = _("The same in full quality: {side} × {side} pixels.", side=SIDE)

    async def send_file() -> Message:
        return await visit.bot.send_document(visit.chat.id, file, caption=note, disable_content_type_detection=True)

    await _count(visit, campaign, Kind.badge_made)
    await patiently(send_file)
    await _count(visit, campaign, Kind.badge_downloaded)
    await visit.remember("", photo=None, design=None)


async def _count(visit: Visit, campaign: Campaign, kind: Kind) -> None:
    async with visit.house.database.write() as session:
        await share_kits.count_badge(
            session, campaign, visit.supporter, kind, visit.house.clock(), key=visit.once(kind)
        )
