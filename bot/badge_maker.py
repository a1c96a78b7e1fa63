"""/badge: a photo, a frame, a name; then the badge to look at and its files. Which question comes next, and who answers.

The photo is never stored: the dialogue keeps Telegram's own reference to it, and forgets that when the badge is done.
"""

from dataclasses import replace
from html import escape

from telegram import Document, InlineKeyboardButton, PhotoSize, WebAppInfo

from bot import badge_look, badge_wishes, frame_carousel
from bot.badge_draft import WAIT_FRAME, WAIT_NAME, WAIT_PHOTO, Draft, draft_of, keep
from bot.badge_look import trouble_is_told
from bot.visit import Keyboard, Visit, button, number
from campaigns.models import Frame, Participation, Purpose

DOWNLOAD_LIMIT = 20_000_000  # bytes; what the Bot API lets a bot download
LONGEST_NAME = 80  # characters that are taken; the badge shortens what does not fit
LONGEST_LABEL = 40  # characters of a button


async def begin(visit: Visit) -> None:
    """/badge"""
    if visit.campaign is None:
        await visit.say(visit.words("First join the campaign: /start"))
        return
    if await visit.says_silence(visit.campaign):
        return
    _ = visit.words
    text = "📷 " + _("Send me your photo. As a file it keeps its full quality. It is not kept once the badge is made.")
    place = await visit.place()
    frame = await _remembered_frame(visit, place)
    if place is not None and frame is not None:
        name = escape(place.badge_name or _("No name"))
        text += "\n\n💾 " + _("As last time: {frame}, {name}.", frame=escape(frame.name), name=name)
    message_id = await visit.say(text, _ways(visit))
    await keep(visit, WAIT_PHOTO, Draft(visit.update.update_id, messages=(message_id,)))


def _ways(visit: Visit) -> Keyboard:
    """Other ways to a photo than to send one."""
    rows = [[button("👤 " + visit.words("Use my profile photo"), "badge:mine")]]
    site, campaign = visit.house.settings.site_url, visit.campaign
    if site.startswith("https://") and campaign is not None:  # Telegram opens no other address inside of itself
        address = WebAppInfo(f"{site}/c/{campaign.slug}/badge/app")
        rows.append([InlineKeyboardButton("🎨 " + visit.words("Open the badge maker"), web_app=address)])
    return rows


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
    album, draft = message.media_group_id or "", draft_of(visit)
    if album and draft is not None and draft.album == album:
        return  # Telegram sends each photo of an album by itself, and the first is in hand
    if album:
        await visit.say(visit.words("You sent several photos at once: I take the first."))
    await _with_photo(visit, sent, album)


async def _profile_photo(visit: Visit) -> None:
    found = await visit.bot.get_user_profile_photos(visit.user.id, limit=1)
    if not found.photos:
        await visit.remember(WAIT_PHOTO)
        await visit.say(
            "🔒 "
            + visit.words(
                "Your privacy settings hide your profile photo from me, or you have none. Send me a photo here instead: only this badge is made with it."
            )
        )
        return
    await _with_photo(visit, found.photos[0][-1])


async def _with_photo(visit: Visit, photo: PhotoSize | Document, album: str = "") -> None:
    """A badge of this photo, with the frame and the name of the one in hand, or else of the last one."""
    seen = photo if isinstance(photo, PhotoSize) else photo.thumbnail
    draft = draft_of(visit) or Draft(0)
    if not draft.frame and draft.name is None:
        place = await visit.place()
        frame = await _remembered_frame(visit, place)
        if place is not None and frame is not None:
            draft = replace(draft, frame=frame.id, name=place.badge_name)
    draft = replace(
        draft,
        began=visit.update.update_id,
        photo=photo.file_id,
        shape=round(seen.width / seen.height, 3) if seen and seen.height else 0.0,
        crop=None,
        sent=(),
        album=album,
    )
    await _go_on(visit, draft)


async def _remembered_frame(visit: Visit, place: Participation | None) -> Frame | None:
    if place is None or place.badge_frame is None:
        return None
    return next((each for each in await frame_carousel.frames_for(visit) if each.design == place.badge_frame), None)


async def _frame(visit: Visit, draft: Draft) -> Frame | None:
    """The frame that was chosen, if this campaign still offers it."""
    return next((each for each in await frame_carousel.frames_for(visit) if each.id == draft.frame), None)


async def _go_on(visit: Visit, draft: Draft) -> None:
    """Ask what is still to be known; then show the badge."""
    async with trouble_is_told(visit, draft):
        if not draft.photo:
            await keep(visit, WAIT_PHOTO, draft)
            await visit.say(visit.words("I am waiting for a photo. Send one, or /help to do something else."))
            return
        known = await frame_carousel.frames_for(visit)
        frame = known[0] if len(known) == 1 else next((each for each in known if each.id == draft.frame), None)
        if not known:
            await visit.say(visit.words("This campaign has no frame for badges yet. Come back soon!"))
        elif frame is None:
            await frame_carousel.ask(visit, draft, known)
        elif draft.name is None:
            await _ask_name(visit, replace(draft, frame=frame.id))
        else:
            await badge_look.show(visit, replace(draft, frame=frame.id), frame)


async def _ask_name(visit: Visit, draft: Draft) -> None:
    place = await visit.place()
    keyboard = [[button(visit.user.first_name[:LONGEST_LABEL], "badge:name:mine")]]
    if place is not None and place.badge_name not in (None, "", visit.user.first_name):
        keyboard.append([button(str(place.badge_name)[:LONGEST_LABEL], "badge:name:last")])
    keyboard.append([button(visit.words("No name"), "badge:name:none")])
    message_id = await visit.say("✍️ " + visit.words("Which name shall I write? Type it, or choose:"), keyboard)
    await keep(visit, WAIT_NAME, replace(draft, messages=(message_id,)))


async def take_text(visit: Visit) -> bool:
    """A text in the middle of this conversation; False where it is none of ours."""
    draft = draft_of(visit)
    if visit.step == WAIT_NAME and draft is not None and visit.campaign is not None:
        if not await visit.says_silence(visit.campaign):
            await _go_on(visit, replace(draft, name=visit.text[:LONGEST_NAME]))
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


async def tapped(visit: Visit) -> None:
    """badge:ACTION:VALUE…: consents are good for ever, the others as long as their badge is in hand."""
    _, action, *values = (*visit.tapped, "")
    draft = draft_of(visit)
    if action == "keep":
        frame = await _frame(visit, draft) if draft and visit.campaign else None
        await badge_wishes.remember_answered(visit, draft, frame, values)
    elif action == "down":
        await badge_wishes.withdraw(visit, Purpose.wall, values[0])
    elif action == "forget":
        await badge_wishes.withdraw(visit, Purpose.remembering, values[0])
    elif visit.campaign is None:
        await visit.answer(visit.words("First join the campaign: /start"), alert=True)
    elif action != "end" and await visit.says_silence(visit.campaign):
        return  # the buttons stay: they are good again when the vote is over
    elif action == "mine" and (draft is None or _in_hand(visit, draft)):
        await _profile_photo(visit)
        await _take_buttons_away(visit)
    elif draft is None or not draft.photo:
        await visit.answer(visit.words("This badge is done. Send a photo to make another one."), alert=True)
        await visit.change_keyboard(None)
    elif not _in_hand(visit, draft):
        await visit.answer(visit.words("This button is of an earlier step: go on with the last message below."))
        await visit.change_keyboard(None)
    else:
        await _tapped_in_hand(visit, draft, action, values)


def _in_hand(visit: Visit, draft: Draft) -> bool:
    query = visit.update.callback_query
    return query is not None and query.message is not None and query.message.message_id in draft.messages


async def _take_buttons_away(visit: Visit) -> None:
    """From the message that was tapped, once a later one asks; where something went wrong they may be tapped again."""
    draft = draft_of(visit)
    if draft is None or not _in_hand(visit, draft):
        await visit.change_keyboard(None)


async def _tapped_in_hand(visit: Visit, draft: Draft, action: str, values: list[str]) -> None:
    if action == "turn" and visit.step == WAIT_FRAME:
        async with trouble_is_told(visit, draft):
            await frame_carousel.turn(visit, values[0])
    elif action == "frame" and visit.step == WAIT_FRAME:
        await _go_on(visit, replace(draft, frame=number(values[0]) or 0))
        await _take_buttons_away(visit)
    elif action == "name" and visit.step == WAIT_NAME:
        await _go_on(visit, replace(draft, name=await _named(visit, values[0])))
        await _take_buttons_away(visit)
    elif action == "other" and values[0] in ("frame", "name"):
        await _go_on(visit, replace(draft, name=None) if values[0] == "name" else replace(draft, frame=0))
        await _take_buttons_away(visit)
    elif action == "edge":
        await visit.answer(visit.words("It goes no further this way."))
    elif action == "end":
        for message_id in draft.messages[:2]:  # the badge and its file; a badge on the wall may still be taken down
            await visit.take_buttons_from(message_id)
        await keep(visit, "", None)
        await visit.say(visit.words("Done: your photo is forgotten. Send another one whenever you like."))
    else:
        await _tapped_on_badge(visit, draft, action, values)


async def _named(visit: Visit, value: str) -> str:
    if value == "last":
        place = await visit.place()
        return (place.badge_name if place else None) or ""
    return visit.user.first_name if value == "mine" else ""


async def _tapped_on_badge(visit: Visit, draft: Draft, action: str, values: list[str]) -> None:
    frame = await _frame(visit, draft)
    if frame is None or draft.name is None:
        await _go_on(visit, draft)  # the campaign took the frame away meanwhile
        return
    async with trouble_is_told(visit, draft):
        if action == "crop":
            await badge_look.move(visit, draft, frame, values[:3])
        elif action == "file":
            first = not draft.sent
            sent = await badge_look.send_files(visit, draft, frame, values[0])
            if sent is not None and first:
                await badge_wishes.remember(visit, sent, frame)
        elif action == "wall" and values[0] == "yes":
            await badge_wishes.put_up(visit, draft, frame)
        elif action == "wall" and values[0] == "no":
            await badge_wishes.refuse_wall(visit)
        elif action == "wall":
            await badge_wishes.ask_wall(visit, draft)
