"""/post: an organizer's messages become a post. They are gathered as they come, shown as one card, and submitted from it."""

from contextlib import suppress
from dataclasses import asdict, replace
from html import escape
from typing import Any

from telegram.error import BadRequest

from bot import seats
from bot.post_card import card, checked
from bot.post_draft import KEPT, NOW, SLOT, STEPS, WAIT_ALT, WAIT_MOMENT, WRITING, Draft, draft_of, keep
from bot.sent_pictures import NotForPosts, Piece, forget, piece_of
from bot.visit import Visit, button, number, patiently
from campaigns import installation
from campaigns.from_messages import read_moment
from campaigns.models import Post, PostState
from campaigns.organizers import Seat
from campaigns.posts import PostRefused, add_post
from campaigns.sentences import told
from campaigns.times import TimeProblem
from campaigns.words import Words

OFFERS = 5  # forwarded messages that may still become a post
LONGEST_ALT = 500  # characters of a description that are taken


async def begin(visit: Visit) -> None:
    """/post: a new draft, or the one in hand."""
    draft = draft_of(visit)
    seat = await seats.seat_in(visit, draft.campaign) if draft else await seats.choose(visit, "post:c")
    if draft is not None and seat is None:
        await _lost(visit)
    elif seat is not None:
        await _show(visit, draft or await _fresh(visit, seat), seat)


async def _fresh(visit: Visit, seat: Seat) -> Draft:
    """An empty draft for every channel, as the console's form begins."""
    async with visit.house.database.read() as session:
        channels = await installation.channels(session, seat.campaign.id)
    return Draft(seat.campaign.id, channels=tuple(channel.id for channel in channels))


async def _lost(visit: Visit) -> None:
    """The role was taken away meanwhile; the draft goes with it."""
    await keep(visit, "" if visit.step in STEPS else visit.step, None)
    await seats.refuse(visit)


async def _show(visit: Visit, draft: Draft, seat: Seat, step: str = WRITING, *, in_place: bool = False) -> None:
    """Show the card where it stands, or anew as the last message of the chat; there is only one."""
    text, keyboard = card(visit, await checked(visit, draft, seat))
    if in_place and draft.card:
        await keep(visit, step, draft)
        await visit.change_message(draft.card, text, keyboard)
        return
    await _remove(visit, draft.card)
    await keep(visit, step, replace(draft, card=0))  # what was sent is kept, whatever becomes of the card
    await keep(visit, step, replace(draft, card=await visit.say(text, keyboard)))


async def _remove(visit: Visit, message_id: int) -> None:
    """Take the card, or a question, from the chat, where a later one stands in its place."""
    if message_id:
        with suppress(BadRequest):  # too old to be deleted, or deleted by the person
            await patiently(lambda: visit.bot.delete_message(visit.chat.id, message_id))


async def take_message(visit: Visit) -> bool:
    """A text or a picture in the middle of this conversation; False where none is waited for."""
    draft, message = draft_of(visit), visit.message
    if visit.step not in STEPS or draft is None or message is None:
        return False
    seat = await seats.seat_in(visit, draft.campaign)
    if seat is None:
        await _lost(visit)
    elif visit.step == WAIT_MOMENT and visit.text:
        await _take_moment(visit, draft, seat)
    elif visit.step == WAIT_ALT and visit.text and draft.undescribed:
        await _describe(visit, draft.changed(replace(draft.undescribed, alt=visit.text[:LONGEST_ALT])), seat)
    else:
        try:
            piece = piece_of(visit, message)
        except NotForPosts as problem:
            await visit.say(escape(str(problem)))
            return True
        last = draft.pieces[-1] if draft.pieces else None
        goes_on = bool(piece.album and last and last.album == piece.album)
        others = tuple(each for each in draft.pieces if each.message != piece.message)  # Telegram may give one twice
        await _show(visit, replace(draft, pieces=(*others, piece)), seat, in_place=goes_on)
    return True


async def edited(visit: Visit) -> bool:
    """A message of the draft was edited; False where it is none of ours."""
    draft, message = draft_of(visit), visit.message
    if draft is None or message is None:
        return False
    old = next((piece for piece in draft.pieces if piece.message == message.message_id), None)
    seat = await seats.seat_in(visit, draft.campaign)
    if old is None or seat is None:
        return False
    with suppress(NotForPosts):
        draft = draft.changed(replace(piece_of(visit, message), alt=old.alt))
        if visit.step == WAIT_ALT:  # the question stands in the card's place; the card comes back behind it
            await keep(visit, WAIT_ALT, draft)
        else:
            await _show(visit, draft, seat, visit.step, in_place=True)
    return True


async def _take_moment(visit: Visit, draft: Draft, seat: Seat) -> None:
    try:
        moment = read_moment(visit.text, seat.campaign.timezone, visit.house.clock())
    except TimeProblem as problem:
        await visit.say(escape(told(visit.words, str(problem))))
        return
    await _show(visit, replace(draft, when=moment.isoformat()), seat)


async def tapped(visit: Visit) -> None:
    """post:ACTION:VALUE, on the card in hand; `c` and `take` begin a draft."""
    _, action, value = (*visit.tapped, "", "")[:3]
    if action in ("c", "take"):
        await _begin_in(visit, action, number(value))
        return
    draft = draft_of(visit)
    if draft is None or not _is_card(visit, draft):
        await visit.answer(visit.words("This draft is done, or goes on below. For a new one: /post"), alert=True)
        await visit.change_keyboard(None)
        return
    seat = await seats.seat_in(visit, draft.campaign)
    if seat is None:
        await _lost(visit)
        await visit.change_keyboard(None)
    elif action == "drop":
        await keep(visit, "", None)
        forget(visit, *draft.pieces)
        await visit.change_text("🗑 " + visit.words("Thrown away: nothing goes out."))
    elif action == "send":
        await _submit(visit, draft, seat)
    elif action == "alt":
        await _describe(visit, draft, seat)
    elif action == "bare":
        await _show(visit, replace(draft, described=True), seat)
    elif (action, value) == ("when", "at"):
        await _ask_moment(visit, draft, seat)
    else:
        await _show(visit, _changed(draft, action, value), seat, in_place=True)


def _is_card(visit: Visit, draft: Draft) -> bool:
    query = visit.update.callback_query
    return query is not None and query.message is not None and query.message.message_id == draft.card


def _changed(draft: Draft, action: str, value: str) -> Draft:
    if action == "kit":
        return replace(draft, share_kit=not draft.share_kit)
    if action == "when" and value in (NOW, SLOT, KEPT):
        return replace(draft, when=value)
    if action == "ch" and (channel := number(value)) is not None:
        kept = tuple(each for each in draft.channels if each != channel)
        return replace(draft, channels=kept if channel in draft.channels else (*draft.channels, channel))
    return draft


async def _ask_moment(visit: Visit, draft: Draft, seat: Seat) -> None:
    await keep(visit, WAIT_MOMENT, draft)
    zone = seat.campaign.timezone
    await visit.say(
        "🕐 " + visit.words("When? Such as: tomorrow 18:00, Saturday 10:30, 01/12/2026 08:30 ({zone}).", zone=zone)
    )


async def _describe(visit: Visit, draft: Draft, seat: Seat) -> None:
    """Ask what the next picture without a description shows; the card, when there is none."""
    piece, _ = draft.undescribed, visit.words
    if piece is None:
        await _show(visit, draft, seat)
        return
    nth = draft.pictures.index(piece) + 1
    text = _("What does picture {n} show? Describe it in a sentence, for those who cannot see it.", n=nth)
    question = await visit.say("👁 " + text, [[button(_("Leave it without"), "post:bare")]])
    await _remove(visit, draft.card)
    await keep(visit, WAIT_ALT, replace(draft, card=question))


async def _submit(visit: Visit, draft: Draft, seat: Seat) -> None:
    """By the rules of the console: scheduled, or submitted where somebody else must say yes."""
    if draft.undescribed and not draft.described:
        await _describe(visit, draft, seat)
        return
    at = await checked(visit, draft, seat)
    settings, now = visit.house.settings, visit.house.clock()
    # "At once" is now, and not the moment at which the pictures were still on their way.
    new = replace(at.post, publish_at=now) if draft.when == NOW else at.post
    try:
        async with visit.house.database.write() as session:
            post = await add_post(
                session, seat.campaign.id, new, media_dir=settings.media, now=now, author_id=seat.organizer.id
            )
            visit.step = ""
            visit.data.pop("post", None)
            await visit.remember_in(session)
    except PostRefused:
        visit.step, visit.data["post"] = WRITING, asdict(draft)
        await visit.answer(visit.words("It cannot go out like this: the card says what to mend."), alert=True)
        await _show(visit, draft, seat, in_place=True)
        return
    forget(visit, *draft.pieces)
    await visit.change_text(_done(visit.words, post, [channel.name for channel in at.post.channels]))


def _done(words: Words, post: Post, channels: list[str]) -> str:
    """What became of the draft."""
    title, where = escape(post.title), escape(", ".join(channels)) or words("supporters")
    if post.state is PostState.draft:
        return "📝 " + words("Kept as a draft: “{title}”.", title=title)
    when = words.moment(post.publish_at, post.timezone) if post.publish_at else ""
    if post.state is PostState.submitted:
        return "✋ " + words(
            "Submitted: “{title}”, for {moment}. I tell you what becomes of it.", title=title, moment=when
        )
    return "✅ " + words("Scheduled: “{title}”, {moment}, on {channels}.", title=title, moment=when, channels=where)


async def offer(visit: Visit) -> bool:
    """A message that an organizer forwards outside of a dialogue may become a post; False for everybody else."""
    message = visit.message
    if message is None or message.forward_origin is None:
        return False
    places = await seats.seats(visit)
    if not places:
        return False
    try:
        piece = piece_of(visit, message)
    except NotForPosts:
        return False
    offers: list[Any] = list(visit.data.get("forwarded", []))
    if offers and piece.album and offers[-1][1][-1]["album"] == piece.album:
        offers[-1][1].append(asdict(piece))  # the offer stands already
        await visit.remember(visit.step, forwarded=offers)
        return True
    _ = visit.words
    label = "📝 " + _("Make a post of it")
    rows = [
        [button(label if len(places) == 1 else f"{label} · {seat.campaign.name}", f"post:take:{seat.campaign.id}")]
        for seat in places
    ]
    sent = await visit.say(_("Shall this become a post of the campaign?"), rows)
    await visit.remember(visit.step, forwarded=[*offers, [sent, [asdict(piece)]]][-OFFERS:])
    return True


async def _begin_in(visit: Visit, action: str, campaign_id: int | None) -> None:
    """Begin a draft in the campaign that was chosen, of what was forwarded or of nothing yet."""
    seat = await seats.seat_in(visit, campaign_id)
    query = visit.update.callback_query
    if seat is None or query is None or query.message is None:
        await seats.refuse(visit)
        return
    pieces: tuple[Piece, ...] = ()
    if action == "take":
        offers = visit.data.get("forwarded", [])
        found = next((each[1] for each in offers if each[0] == query.message.message_id), None)
        if found is None:
            await visit.answer(visit.words("I no longer have this message: forward it once more."), alert=True)
            await visit.change_keyboard(None)
            return
        pieces = tuple(Piece(**piece) for piece in found)
        visit.data["forwarded"] = [each for each in offers if each[0] != query.message.message_id] or None
    await visit.change_keyboard(None)
    await _show(visit, replace(await _fresh(visit, seat), pieces=pieces), seat)
